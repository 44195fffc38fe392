"""The reservation, its division among the tables, and runs of rows.

Stands for the slab allocator (mm/slub.c) as far as anyone can see it. Invariants: rows at or above `high` have never
been touched and read as zero; `nlive` counts the rows (or, for runs, the runs) given out.
"""


cdef extern from "<sys/mman.h>" nogil:
    void *mmap(void *addr, size_t length, int prot, int flags, int fd, long offset)
    int munmap(void *addr, size_t length)
    int madvise(void *addr, size_t length, int advice)
    int HOST_PROT_READ "PROT_READ"
    int HOST_PROT_WRITE "PROT_WRITE"
    int HOST_PRIVATE "(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)"
    void *MAP_FAILED

cdef extern from *:
    """
    #ifndef MADV_HUGEPAGE
    #define MADV_HUGEPAGE -1
    #endif
    """
    int MADV_HUGEPAGE

cdef enum:
    HOST_PAGE = 4096
    LARGE_PAGE = 2 << 20
    MANY_TASKS = 1 << 17  # from here on the tables are worth large pages of the host
    LEAST_SCALE = 6  # the tables are halved at most so often when the host refuses

cdef struct plan_t:
    uint32_t rowsize[63]
    uint64_t rows[63]
    uint64_t runq
    uint64_t memory


cdef void plan_rows(plan_t *plan, kernel_t *k, uint64_t memory, int scale) noexcept nogil:
    # How many rows each table can ever hold. Address space is cheap, so these are generous; the limits that a
    # program can meet (pid_max, file_max, pages) are checked elsewhere.
    cdef uint64_t tasks = <uint64_t>k.pid_max + 1
    cdef uint64_t objects = max(<uint64_t>1 << 20, 4 * tasks) >> scale
    cdef int i
    for i in range(N_TABLES):
        plan.rows[i] = tasks
    plan.rows[T_FD] = 16 * objects
    plan.rows[T_FDBITS] = objects
    plan.rows[T_FILE] = 2 * objects
    plan.rows[T_INODE] = 2 * objects
    plan.rows[T_PIPE] = objects
    plan.rows[T_PIPE_BUFFER] = 16 * objects
    plan.rows[T_PAGE] = memory // HOST_PAGE + 1
    plan.rows[T_POLL_ENTRY] = 4 * objects
    plan.rows[T_POLLFD] = 4 * objects
    plan.rows[T_PIDBITS] = tasks // 64 + 2
    plan.rows[T_CRED] = 2 * tasks  # one that each task has, one that it prepares
    plan.rows[T_GROUP] = 4 * objects
    plan.rows[T_XA_NODE] = plan.rows[T_PAGE] // 8 + 1024
    plan.rows[T_DENTRY] = plan.rows[T_DHASH] = 2 * objects
    plan.rows[T_NAME] = 4 * objects
    plan.rows[T_SUPER] = plan.rows[T_MOUNT] = plan.rows[T_JOURNAL] = 64
    plan.rows[T_JOURNAL_HEAD] = 64
    plan.rows[T_VMA] = 4 * objects
    plan.rows[T_IPC_IDS] = 3 * tasks
    plan.rows[T_SHM] = objects
    plan.rows[T_KHT] = 4 * objects
    plan.rows[T_SEM_ARRAY] = plan.rows[T_MSG_QUEUE] = plan.rows[T_SEM_UNDO] = objects
    plan.rows[T_SEM] = plan.rows[T_SEMADJ] = 8 * objects
    plan.rows[T_SEMBUF] = 4 * objects
    plan.rows[T_MSG] = 4 * objects
    plan.rows[T_SIGACTION] = 64 * objects
    plan.rows[T_SIGQUEUE] = 4 * objects
    plan.rows[T_SIGFRAME] = 4 * objects
    plan.rows[T_HANDLER] = objects
    plan.rows[T_UPID] = 4 * tasks
    plan.rows[T_K_ITIMER] = 4 * objects
    plan.rows[T_FOWN] = plan.rows[T_FASYNC] = 2 * objects
    plan.rows[T_PIPE_FASYNC] = plan.rows[T_SIGNALFD] = objects
    plan.rowsize[T_TASK] = sizeof(task_t)
    plan.rowsize[T_SIGNAL] = sizeof(signal_t)
    plan.rowsize[T_SIGHAND] = sizeof(sighand_t)
    plan.rowsize[T_FILES] = sizeof(files_t)
    plan.rowsize[T_FD] = sizeof(fd_t)
    plan.rowsize[T_FDBITS] = sizeof(fdbits_t)
    plan.rowsize[T_FILE] = sizeof(file_t)
    plan.rowsize[T_INODE] = sizeof(inode_t)
    plan.rowsize[T_PIPE] = sizeof(pipe_t)
    plan.rowsize[T_PIPE_BUFFER] = sizeof(pipe_buffer_t)
    plan.rowsize[T_PAGE] = sizeof(page_t)
    plan.rowsize[T_USER] = sizeof(user_t)
    plan.rowsize[T_RLIMIT] = sizeof(rlimit_t)
    plan.rowsize[T_TIMER] = sizeof(timer_t)
    plan.rowsize[T_POLL_ENTRY] = sizeof(poll_entry_t)
    plan.rowsize[T_POLLFD] = sizeof(pollfd_t)
    plan.rowsize[T_PID] = sizeof(pidmap_t)
    plan.rowsize[T_PIDBITS] = sizeof(fdbits_t)
    plan.rowsize[T_CRED] = sizeof(cred_t)
    plan.rowsize[T_GROUP_INFO] = sizeof(group_info_t)
    plan.rowsize[T_GROUP] = sizeof(group_t)
    plan.rowsize[T_XA_NODE] = sizeof(xa_node_t)
    plan.rowsize[T_DENTRY] = sizeof(dentry_t)
    plan.rowsize[T_NAME] = sizeof(name_t)
    plan.rowsize[T_DHASH] = sizeof(dhash_t)
    plan.rowsize[T_SUPER] = sizeof(super_block_t)
    plan.rowsize[T_MOUNT] = sizeof(mount_t)
    plan.rowsize[T_FS] = sizeof(fs_t)
    plan.rowsize[T_JOURNAL] = sizeof(journal_t)
    plan.rowsize[T_JOURNAL_HEAD] = sizeof(journal_head_t)
    plan.rowsize[T_MM] = sizeof(mm_t)
    plan.rowsize[T_VMA] = sizeof(vm_area_t)
    plan.rowsize[T_IPC_NAMESPACE] = sizeof(ipc_namespace_t)
    plan.rowsize[T_IPC_IDS] = sizeof(ipc_ids_t)
    plan.rowsize[T_SHM] = sizeof(shmid_kernel_t)
    plan.rowsize[T_SYSV] = sizeof(sysv_t)
    plan.rowsize[T_KHT] = sizeof(kht_t)
    plan.rowsize[T_SEM_ARRAY] = sizeof(sem_array_t)
    plan.rowsize[T_SEM] = sizeof(sem_t)
    plan.rowsize[T_SEM_QUEUE] = sizeof(sem_queue_t)
    plan.rowsize[T_SEM_UNDO] = sizeof(sem_undo_t)
    plan.rowsize[T_SEM_UNDO_LIST] = sizeof(sem_undo_list_t)
    plan.rowsize[T_SEMADJ] = sizeof(semadj_t)
    plan.rowsize[T_SEMBUF] = sizeof(sembufs_t)
    plan.rowsize[T_MSG_QUEUE] = sizeof(msg_queue_t)
    plan.rowsize[T_MSG] = sizeof(msg_msg_t)
    plan.rowsize[T_MSG_RECEIVER] = sizeof(msg_receiver_t)
    plan.rowsize[T_MSG_SENDER] = sizeof(msg_sender_t)
    plan.rowsize[T_SIGACTION] = sizeof(k_sigaction_t)
    plan.rowsize[T_SIGQUEUE] = sizeof(sigqueue_t)
    plan.rowsize[T_HANDLER] = sizeof(handler_t)
    plan.rowsize[T_SIGFRAME] = sizeof(sigframe_t)
    plan.rowsize[T_THREAD] = sizeof(thread_t)
    plan.rowsize[T_PID_NAMESPACE] = sizeof(pid_namespace_t)
    plan.rowsize[T_UPID] = sizeof(upid_t)
    plan.rowsize[T_PID_UPID] = sizeof(pid_upid_t)
    plan.rowsize[T_USER_NAMESPACE] = sizeof(user_namespace_t)
    plan.rowsize[T_K_ITIMER] = sizeof(k_itimer_t)
    plan.rowsize[T_ITIMER] = sizeof(itimer_t)
    plan.rowsize[T_FOWN] = sizeof(fown_t)
    plan.rowsize[T_FASYNC] = sizeof(fasync_t)
    plan.rowsize[T_PIPE_FASYNC] = sizeof(pipe_fasync_t)
    plan.rowsize[T_SIGNALFD] = sizeof(signalfd_ctx_t)
    plan.runq = 64
    while plan.runq < 2 * tasks:
        plan.runq *= 2
    plan.memory = memory


cdef inline uint64_t whole_pages(uint64_t n) noexcept nogil:
    return (n + HOST_PAGE - 1) // HOST_PAGE * HOST_PAGE


cdef uint64_t plan_size(plan_t *plan) noexcept nogil:
    cdef uint64_t total = whole_pages(plan.memory) + whole_pages(plan.runq * sizeof(uint32_t))
    cdef int i
    total += whole_pages(plan.rows[T_TASK] * sizeof(host_t)) + whole_pages(plan.rows[T_HANDLER] * sizeof(void *))
    for i in range(N_TABLES):
        total += whole_pages(plan.rows[i] * plan.rowsize[i])
    return total


cdef void divide(kernel_t *k, plan_t *plan) noexcept nogil:
    cdef char *at = k.reservation
    cdef table_t *t
    cdef int i
    for i in range(N_TABLES):
        t = &k.table[i]
        t.base = at
        t.rowsize = plan.rowsize[i]
        t.limit = <uint32_t>min(plan.rows[i], <uint64_t>0x7fffffff)
        t.high = 1
        at += whole_pages(plan.rows[i] * plan.rowsize[i])
    k.runq = <uint32_t *>at
    k.runq_mask = <uint32_t>(plan.runq - 1)
    at += whole_pages(plan.runq * sizeof(uint32_t))
    k.host = <host_t *>at
    at += whole_pages(plan.rows[T_TASK] * sizeof(host_t))
    k.handlers = <void **>at
    at += whole_pages(plan.rows[T_HANDLER] * sizeof(void *))
    k.frames = at


cdef int tables_reserve(kernel_t *k, uint64_t memory) noexcept nogil:
    # `k.pid_max` is set. A host that refuses the generous division is asked for a smaller one.
    cdef plan_t plan
    cdef void *p
    cdef int scale
    for scale in range(LEAST_SCALE):
        plan_rows(&plan, k, memory, scale)
        k.reserved = plan_size(&plan)
        p = mmap(NULL, k.reserved, HOST_PROT_READ | HOST_PROT_WRITE, HOST_PRIVATE, -1, 0)
        if p != MAP_FAILED:
            k.reservation = <char *>p
            if k.pid_max >= MANY_TASKS and MADV_HUGEPAGE >= 0:
                madvise(p, k.reserved - whole_pages(plan.memory), MADV_HUGEPAGE)
            divide(k, &plan)
            return 0
    k.reserved = 0
    return -ENOMEM


cdef void table_grown(table_t *t, uint32_t first) noexcept nogil:
    # The next rows of a large table get large pages of the host where it has them: they have not been touched yet.
    cdef size_t start = (<size_t>t.base + <size_t>first * t.rowsize + LARGE_PAGE - 1) // LARGE_PAGE * LARGE_PAGE
    cdef size_t end = <size_t>t.base + <size_t>min(first + GROWN, t.limit) * t.rowsize + LARGE_PAGE - 1
    end = min(end // LARGE_PAGE * LARGE_PAGE, (<size_t>t.base + <size_t>t.limit * t.rowsize) // LARGE_PAGE * LARGE_PAGE)
    if MADV_HUGEPAGE >= 0 and end > start:
        madvise(<void *>start, end - start, MADV_HUGEPAGE)


cdef uint32_t table_fresh(table_t *t) noexcept nogil:
    cdef uint32_t i = t.high
    if i >= t.limit:
        return 0
    t.high += 1
    if unlikely(i & (GROWN - 1) == 0):
        table_grown(t, i)
    return i


cdef void tables_release(kernel_t *k) noexcept nogil:
    if k.reserved:
        munmap(k.reservation, k.reserved)
    k.reservation = NULL
    k.reserved = 0


cdef bint inject_fails(kernel_t *k, int which) noexcept nogil:
    # Counts this allocation against what `Kernel.inject` armed; true when its turn has come.
    cdef table_t *t = &k.table[which]
    cdef bint fails = False
    if t.inject:
        t.inject -= 1
        fails = t.inject == 0
    if k.inject_row:
        k.inject_row -= 1
        fails = fails or k.inject_row == 0
    if fails:
        k.failed_errno = k.inject_errno
    return fails


cdef uint32_t split_run(table_t *t, int order) noexcept nogil:
    # A run of `order` from the upper half of a larger free one.
    cdef int o = order + 1
    cdef uint32_t first, half
    while o < RUN_ORDERS and t.free[o] == 0:
        o += 1
    if o >= RUN_ORDERS:
        return 0
    first = t.free[o]
    t.free[o] = (<uint32_t *>(t.base + <size_t>first * t.rowsize))[1]
    (<uint32_t *>(t.base + <size_t>first * t.rowsize))[1] = 0
    while o > order:
        o -= 1
        half = first + (<uint32_t>1 << o)
        (<uint32_t *>(t.base + <size_t>half * t.rowsize))[1] = t.free[o]
        t.free[o] = half
    return first


cdef uint32_t table_alloc_run(kernel_t *k, int which, int order) noexcept nogil:
    cdef table_t *t = &k.table[which]
    cdef uint32_t first, rows = <uint32_t>1 << order
    cdef uint32_t *row
    if unlikely(k.inject_any) and inject_fails(k, which):
        return 0
    if order >= RUN_ORDERS:
        return 0
    first = t.free[order]
    if first:
        row = <uint32_t *>(t.base + <size_t>first * t.rowsize)
        t.free[order] = row[1]
        row[1] = 0
    elif t.limit - t.high >= rows:
        first = t.high
        t.high += rows
    else:
        first = split_run(t, order)
        if first == 0:
            return 0
    t.nlive += 1
    return first


cdef void table_free_run(kernel_t *k, int which, uint32_t first, int order) noexcept nogil:
    cdef table_t *t = &k.table[which]
    (<uint32_t *>(t.base + <size_t>first * t.rowsize))[1] = t.free[order]
    t.free[order] = first
    t.nlive -= 1


cdef bint table_check(kernel_t *k, int which) noexcept nogil:
    # Free list and live rows together are all rows below `high`. Not for tables of runs.
    cdef table_t *t = &k.table[which]
    cdef uint32_t i, live = 0, free = 0
    for i in range(1, t.high):
        live += (<uint32_t *>(t.base + <size_t>i * t.rowsize))[0] != 0
    i = t.free[0]
    while i and free < t.high:
        if not check(k, (<uint32_t *>(t.base + <size_t>i * t.rowsize))[0] == 0, b"table: free row is live"):
            return False
        free += 1
        i = (<uint32_t *>(t.base + <size_t>i * t.rowsize))[1]
    return (check(k, live == t.nlive, b"table: live rows miscounted")
            and check(k, live + free + 1 == t.high, b"table: rows lost"))
