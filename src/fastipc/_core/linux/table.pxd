# Tables of rows: one address reservation per machine, divided among them; rows never move, a free row is reused.
#
# Row 0 is never given out. `table_alloc` gives one row, zeroed, `live` set; `table_alloc_run` gives 2**order rows
# in a row, for things of varying length (descriptor tables, pipe rings). Whoever frees a run leaves its rows zeroed.
# An allocation that fails returns 0; `alloc_errno` then is the errno to report.


cdef extern from *:
    """
    #define likely_(x) __builtin_expect(!!(x), 1)
    #define unlikely_(x) __builtin_expect(!!(x), 0)
    /* The empty asm keeps a function that does nothing but prefetch from being taken for one without effect. */
    #define prefetch_(p) do { __builtin_prefetch(p); __asm__ volatile(""); } while (0)
    /* Two words in one store: a copy reads two at a time, and would wait until two stores have left the processor. */
    typedef unsigned long long pair_ __attribute__((vector_size(16), aligned(8), may_alias));
    #define set_pair_(at, a, b) (*(pair_ *)(at) = (pair_){(a), (b)})
    """
    bint likely "likely_"(bint) nogil
    bint unlikely "unlikely_"(bint) nogil
    void prefetch "prefetch_"(const void *) nogil
    void set_pair "set_pair_"(void *at, unsigned long long, unsigned long long) nogil
    int ctzll "__builtin_ctzll"(unsigned long long) nogil
    int clzll "__builtin_clzll"(unsigned long long) nogil


cdef enum:
    GROWN = 1 << 15  # rows after which a table is worth large pages of the host

cdef int tables_reserve(kernel_t *k, uint64_t memory) noexcept nogil  # 0, or -ENOMEM
cdef void tables_release(kernel_t *k) noexcept nogil
cdef uint32_t table_fresh(table_t *t) noexcept nogil  # a row that was never used, or 0
cdef bint inject_fails(kernel_t *k, int which) noexcept nogil
cdef uint32_t table_alloc_run(kernel_t *k, int which, int order) noexcept nogil
cdef void table_free_run(kernel_t *k, int which, uint32_t first, int order) noexcept nogil
cdef bint table_check(kernel_t *k, int which) noexcept nogil


cdef inline uint32_t table_reuse(kernel_t *k, int which, size_t size) noexcept nogil:
    # The next free row, as it was left. Precondition: there is one, and no injection is armed.
    cdef table_t *t = &k.table[which]
    cdef uint32_t i = t.free[0]
    t.free[0] = (<uint32_t *>(t.base + i * size))[1]
    t.nlive += 1
    return i


cdef inline uint32_t table_alloc_unset(kernel_t *k, int which, size_t size) noexcept nogil:
    # For whoever sets all of the row, `live` and `link` too.
    cdef table_t *t = &k.table[which]
    cdef uint32_t i
    if unlikely(k.inject_any) and inject_fails(k, which):
        return 0
    i = t.free[0]
    if i:
        t.free[0] = (<uint32_t *>(t.base + i * size))[1]
    else:
        i = table_fresh(t)
        if unlikely(i == 0):
            return 0
    t.nlive += 1
    return i


cdef inline uint32_t table_alloc_head(kernel_t *k, int which, size_t size, size_t head) noexcept nogil:
    # A row of which whoever frees it leaves all but the first `head` bytes zeroed.
    cdef uint32_t i = table_alloc_unset(k, which, size)
    cdef uint32_t *row = <uint32_t *>(k.table[which].base + i * size)
    if likely(i):
        memset(row, 0, head)
        row[0] = 1
    return i


cdef inline uint32_t table_alloc(kernel_t *k, int which, size_t size) noexcept nogil:
    # `size` is the row's sizeof, known to the compiler, so that the clearing is a few stores.
    return table_alloc_head(k, which, size, size)


cdef inline void table_free(kernel_t *k, int which, uint32_t i, size_t size) noexcept nogil:
    cdef table_t *t = &k.table[which]
    cdef uint32_t *row = <uint32_t *>(t.base + i * size)
    row[0] = 0
    row[1] = t.free[0]
    t.free[0] = i
    t.nlive -= 1


cdef inline void table_take(kernel_t *k, int which, uint32_t i, size_t size) noexcept nogil:
    # Row `i` of a table whose rows have the numbers of tasks: nothing can fail. Precondition: it is free, thus zeroed.
    cdef table_t *t = &k.table[which]
    t.nlive += 1
    if unlikely(t.high <= i):
        t.high = i + 1
    (<uint32_t *>(t.base + i * size))[0] = 1


cdef inline void table_give(kernel_t *k, int which, uint32_t i, size_t size) noexcept nogil:
    memset(k.table[which].base + i * size, 0, size)
    k.table[which].nlive -= 1


cdef inline int run_order(uint32_t n) noexcept nogil:
    # The order of the shortest run of `n` rows or more.
    return 0 if n <= 1 else 64 - clzll(n - 1)


cdef inline int alloc_errno(kernel_t *k, int errno) noexcept nogil:
    # errno of an allocation that has just failed: what `inject` asked for, else the call's own.
    cdef int e = k.failed_errno
    k.failed_errno = 0
    return e if e else errno


# Rows by index. The caller vouches that the row is live.
cdef inline task_t *task_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <task_t *>k.table[T_TASK].base + i

cdef inline uint32_t task_index(kernel_t *k, task_t *t) noexcept nogil:
    return t.row  # not divided out: many calls want it

cdef inline signal_t *signal_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <signal_t *>k.table[T_SIGNAL].base + i

cdef inline sighand_t *sighand_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <sighand_t *>k.table[T_SIGHAND].base + i

cdef inline rlimit_t *rlimit_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <rlimit_t *>k.table[T_RLIMIT].base + i

cdef inline user_t *user_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <user_t *>k.table[T_USER].base + i

cdef inline files_t *files_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <files_t *>k.table[T_FILES].base + i

cdef inline fd_t *fd_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <fd_t *>k.table[T_FD].base + i

cdef inline fdbits_t *fdbits_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <fdbits_t *>k.table[T_FDBITS].base + i

cdef inline file_t *file_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <file_t *>k.table[T_FILE].base + i

cdef inline uint32_t file_index(kernel_t *k, file_t *f) noexcept nogil:
    return <uint32_t>(f - <file_t *>k.table[T_FILE].base)

cdef inline inode_t *inode_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <inode_t *>k.table[T_INODE].base + i

cdef inline pipe_t *pipe_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <pipe_t *>k.table[T_PIPE].base + i

cdef inline uint32_t pipe_index(kernel_t *k, pipe_t *p) noexcept nogil:
    return <uint32_t>(p - <pipe_t *>k.table[T_PIPE].base)

cdef inline pipe_buffer_t *pipe_buffer_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <pipe_buffer_t *>k.table[T_PIPE_BUFFER].base + i

cdef inline page_t *page_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <page_t *>k.table[T_PAGE].base + i

cdef inline timer_t *timer_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <timer_t *>k.table[T_TIMER].base + i

cdef inline k_itimer_t *k_itimer_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <k_itimer_t *>k.table[T_K_ITIMER].base + i

cdef inline itimer_t *itimer_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <itimer_t *>k.table[T_ITIMER].base + i

cdef inline poll_entry_t *poll_entry_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <poll_entry_t *>k.table[T_POLL_ENTRY].base + i

cdef inline pollfd_t *pollfd_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <pollfd_t *>k.table[T_POLLFD].base + i

cdef inline pidmap_t *pid_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <pidmap_t *>k.table[T_PID].base + i

cdef inline fdbits_t *pidbits_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <fdbits_t *>k.table[T_PIDBITS].base + i

cdef inline pid_namespace_t *pid_ns_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <pid_namespace_t *>k.table[T_PID_NAMESPACE].base + i

cdef inline upid_t *upid_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <upid_t *>k.table[T_UPID].base + i

cdef inline pid_upid_t *pid_upid_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <pid_upid_t *>k.table[T_PID_UPID].base + i

cdef inline user_namespace_t *user_ns_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <user_namespace_t *>k.table[T_USER_NAMESPACE].base + i

cdef inline cred_t *cred_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <cred_t *>k.table[T_CRED].base + i

cdef inline group_info_t *group_info_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <group_info_t *>k.table[T_GROUP_INFO].base + i

cdef inline group_t *group_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <group_t *>k.table[T_GROUP].base + i

cdef inline xa_node_t *xa_node_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <xa_node_t *>k.table[T_XA_NODE].base + i

cdef inline dentry_t *dentry_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <dentry_t *>k.table[T_DENTRY].base + i

cdef inline name_t *name_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <name_t *>k.table[T_NAME].base + i

cdef inline dhash_t *dhash_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <dhash_t *>k.table[T_DHASH].base + i

cdef inline super_block_t *super_block_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <super_block_t *>k.table[T_SUPER].base + i

cdef inline mount_t *mount_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <mount_t *>k.table[T_MOUNT].base + i

cdef inline fs_t *fs_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <fs_t *>k.table[T_FS].base + i

cdef inline journal_t *journal_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <journal_t *>k.table[T_JOURNAL].base + i

cdef inline journal_head_t *journal_head_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <journal_head_t *>k.table[T_JOURNAL_HEAD].base + i

cdef inline mm_t *mm_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <mm_t *>k.table[T_MM].base + i

cdef inline uint32_t mm_index(kernel_t *k, mm_t *mm) noexcept nogil:
    return <uint32_t>(mm - <mm_t *>k.table[T_MM].base)

cdef inline vm_area_t *vma_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <vm_area_t *>k.table[T_VMA].base + i

cdef inline ipc_namespace_t *ipc_ns_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <ipc_namespace_t *>k.table[T_IPC_NAMESPACE].base + i

cdef inline ipc_ids_t *ipc_ids_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <ipc_ids_t *>k.table[T_IPC_IDS].base + i

cdef inline kht_t *kht_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <kht_t *>k.table[T_KHT].base + i

cdef inline sysv_t *sysv_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <sysv_t *>k.table[T_SYSV].base + i

cdef inline shmid_kernel_t *shm_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <shmid_kernel_t *>k.table[T_SHM].base + i

cdef inline sem_array_t *sem_array_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <sem_array_t *>k.table[T_SEM_ARRAY].base + i

cdef inline sem_t *sem_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <sem_t *>k.table[T_SEM].base + i

cdef inline sem_queue_t *sem_queue_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <sem_queue_t *>k.table[T_SEM_QUEUE].base + i

cdef inline sem_undo_t *sem_undo_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <sem_undo_t *>k.table[T_SEM_UNDO].base + i

cdef inline sem_undo_list_t *sem_undo_list_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <sem_undo_list_t *>k.table[T_SEM_UNDO_LIST].base + i

cdef inline semadj_t *semadj_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <semadj_t *>k.table[T_SEMADJ].base + i

cdef inline sembufs_t *sembufs_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <sembufs_t *>k.table[T_SEMBUF].base + i

cdef inline msg_queue_t *msg_queue_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <msg_queue_t *>k.table[T_MSG_QUEUE].base + i

cdef inline msg_msg_t *msg_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <msg_msg_t *>k.table[T_MSG].base + i

cdef inline msg_receiver_t *msg_receiver_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <msg_receiver_t *>k.table[T_MSG_RECEIVER].base + i

cdef inline msg_sender_t *msg_sender_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <msg_sender_t *>k.table[T_MSG_SENDER].base + i

cdef inline k_sigaction_t *sigaction_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <k_sigaction_t *>k.table[T_SIGACTION].base + i

cdef inline sigqueue_t *sigqueue_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <sigqueue_t *>k.table[T_SIGQUEUE].base + i

cdef inline handler_t *handler_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <handler_t *>k.table[T_HANDLER].base + i

cdef inline sigframe_t *sigframe_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <sigframe_t *>k.table[T_SIGFRAME].base + i

cdef inline thread_t *thread_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <thread_t *>k.table[T_THREAD].base + i

cdef inline fown_t *fown_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <fown_t *>k.table[T_FOWN].base + i

cdef inline fasync_t *fasync_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <fasync_t *>k.table[T_FASYNC].base + i

cdef inline pipe_fasync_t *pipe_fasync_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <pipe_fasync_t *>k.table[T_PIPE_FASYNC].base + i

cdef inline signalfd_ctx_t *signalfd_row(kernel_t *k, uint32_t i) noexcept nogil:
    return <signalfd_ctx_t *>k.table[T_SIGNALFD].base + i
