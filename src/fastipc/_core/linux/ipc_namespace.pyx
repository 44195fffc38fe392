"""IPC namespaces: their beginning, their limits, their end, and which one a task is in.

Source: ipc/namespace.c, kernel/nsproxy.c. Missing: setns, /proc/PID/ns, a limit on how many there are.

Invariants: `count` of a namespace is the number of its tasks, of open files of its segments and of inodes of /proc that
tell of it; the first one's is 1. A row of `sysv` is live exactly while its task has TASK_SYSV.
"""


cdef void ipc_ns_defaults(ipc_namespace_t *ns) noexcept nogil:
    # sem_init_ns, msg_init_ns, shm_init_ns. SHMMAX and SHMALL: no limit, but such that 2**24 can be added.
    ns.count = 1
    ns.sem_ctls[0] = 32000
    ns.sem_ctls[1] = 1024000000
    ns.sem_ctls[2] = 500
    ns.sem_ctls[3] = 32000
    ns.msg_ctlmax = 8192
    ns.msg_ctlmnb = 16384
    ns.msg_ctlmni = 32000
    ns.shm_ctlmax = ns.shm_ctlall = ~<uint64_t>0 - (1 << 24)
    ns.shm_ctlmni = 4096


cdef int[3] IPC_TABLES = [T_SEM_ARRAY, T_MSG_QUEUE, T_SHM]


cdef uint32_t create_ipc_ns(kernel_t *k, uint32_t user_ns) noexcept nogil:
    cdef uint32_t i = table_alloc(k, T_IPC_NAMESPACE, sizeof(ipc_namespace_t)), ids
    cdef ipc_namespace_t *ns = ipc_ns_row(k, i)
    cdef int kind
    if i == 0:
        return 0
    ipc_ns_defaults(ns)
    ns.user_ns = get_user_ns(k, user_ns)
    for kind in range(3):
        ids = ipc_init_ids(k, i, IPC_TABLES[kind])
        if ids == 0:
            ns_free_rows(k, i)
            return 0
        ns.ids[kind] = ids
    return i


cdef void ns_free_rows(kernel_t *k, uint32_t i) noexcept nogil:
    cdef int kind
    for kind in range(3):
        if ipc_ns_row(k, i).ids[kind]:
            ipc_free_ids(k, ipc_ns_row(k, i).ids[kind])
    put_user_ns(k, ipc_ns_row(k, i).user_ns)
    table_free(k, T_IPC_NAMESPACE, i, sizeof(ipc_namespace_t))


cdef void free_ipcs(
    kernel_t *k, uint32_t i, void (*end)(kernel_t *k, uint32_t row) noexcept nogil
) noexcept nogil:
    cdef ipc_ids_t *ids = ipc_ids_row(k, i)
    cdef uint64_t index = 0
    cdef uint32_t row = xa_find(k, ids.idr, &index, ~<uint64_t>0)
    while row:
        end(k, row)
        index += 1
        row = xa_find(k, ids.idr, &index, ~<uint64_t>0)


cdef void free_ipc_ns(kernel_t *k, uint32_t ns) noexcept nogil:
    # Nothing is attached any more, and nobody sleeps in a call on its objects: they refer to the namespace.
    sem_exit_ns(k, ns)
    msg_exit_ns(k, ns)
    shm_exit_ns(k, ns)
    ns_free_rows(k, ns)


# ------------------------------------------------------------------------------------------ tasks
cdef sysv_t *task_sysv(kernel_t *k, task_t *t) noexcept nogil:
    # The row of a task, made if it has none: nothing can fail, its place is the task's own.
    cdef sysv_t *s = sysv_row(k, t.row)
    cdef table_t *table = &k.table[T_SYSV]
    if not (t.flags & TASK_SYSV):
        t.flags |= TASK_SYSV
        table.nlive += 1
        table.high = max(table.high, t.row + 1)
        s.live = 1
        s.ipc_ns = k.init_ipc_ns
    return s


cdef int64_t copy_ipcs(kernel_t *k, task_t *t, task_t *c, uint64_t flags, uint32_t user_ns) noexcept nogil:
    # copy_namespaces, for a task that has nothing of System V yet: who may, and the namespace of IPC.
    cdef uint32_t ns = current_ipc_ns(k, t)
    if flags & (CLONE_NEWIPC | CLONE_NEWPID) and not ns_capable(k, t, user_ns, CAP_SYS_ADMIN):
        return -EPERM
    if flags & CLONE_NEWIPC:
        if flags & CLONE_SYSVSEM:  # undoing would reach into the other namespace
            return -EINVAL
        ns = create_ipc_ns(k, user_ns)
        if ns == 0:
            return -alloc_errno(k, ENOMEM)
    elif ns == k.init_ipc_ns:
        return 0
    else:
        get_ipc_ns(k, ns)
    task_sysv(k, c).ipc_ns = ns
    return 0


cdef void unshare_ipcs(kernel_t *k, task_t *t, uint32_t ns) noexcept nogil:
    # The segments that it made in the old one are orphans there.
    cdef sysv_t *s = task_sysv(k, t)
    cdef uint32_t old = s.ipc_ns
    exit_sem(k, t)
    exit_shm(k, t)
    s.ipc_ns = ns
    put_ipc_ns(k, old)


cdef void exit_sysv(kernel_t *k, task_t *t) noexcept nogil:
    # exit_sem, exit_shm, exit_task_namespaces: the row goes. Precondition: TASK_SYSV; its memory is unmapped.
    cdef sysv_t *s = sysv_row(k, t.row)
    cdef uint32_t ns, pid_ns = s.pid_ns_for_children
    exit_sem(k, t)
    exit_shm(k, t)
    ns = s.ipc_ns
    memset(s, 0, sizeof(sysv_t))
    k.table[T_SYSV].nlive -= 1
    t.flags &= ~<int>TASK_SYSV
    put_ipc_ns(k, ns)
    put_pid_ns(k, pid_ns)


# ------------------------------------------------------------------------------------------ checks
cdef void count_ipc_ns(kernel_t *k) noexcept nogil:
    # References, counted in `link`, which no live row uses.
    cdef uint32_t i
    for i in range(1, k.table[T_SYSV].high):
        if sysv_row(k, i).live:
            ipc_ns_row(k, sysv_row(k, i).ipc_ns).link += 1
    for i in range(1, k.table[T_FILE].high):
        if file_row(k, i).live and file_row(k, i).f_op == SHM_FOPS:
            ipc_ns_row(k, file_row(k, i).f_version).link += 1
    for i in range(1, k.table[T_INODE].high):
        if inode_row(k, i).live and inode_row(k, i).i_op == PROC_FILE and inode_row(k, i).i_fd:
            ipc_ns_row(k, inode_row(k, i).i_fd).link += 1


cdef bint sysv_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, live = 0
    cdef bint right = True, flagged
    for i in range(1, k.table[T_SYSV].high):
        flagged = task_row(k, i).live != 0 and task_row(k, i).flags & TASK_SYSV != 0
        right = right and (sysv_row(k, i).live != 0) == flagged
        live += sysv_row(k, i).live
    return check(k, right and live == k.table[T_SYSV].nlive, b"ipc: row of a task that has none")


cdef bint ipc_namespace_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i
    cdef ipc_namespace_t *ns
    cdef bint right = True
    count_ipc_ns(k)
    for i in range(1, k.table[T_IPC_NAMESPACE].high):
        ns = ipc_ns_row(k, i)
        if ns.live:
            right = right and ns.count == (1 if i == k.init_ipc_ns else ns.link)
            ns.link = 0
    return check(k, right, b"ipc: users of a namespace miscounted") and sysv_check(k) and ipc_check(k)
