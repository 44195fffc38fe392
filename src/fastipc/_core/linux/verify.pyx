"""The walk over all tables that `Kernel.verify` makes. Each mechanism checks its own invariants."""


cdef int[12] TABLES_OF_ROWS = [T_TASK, T_SIGNAL, T_SIGHAND, T_FILES, T_FILE, T_INODE, T_PIPE, T_USER, T_RLIMIT,
                               T_POLL_ENTRY, T_CRED, T_GROUP_INFO]


cdef bint verify(kernel_t *k) noexcept nogil:
    cdef int i
    for i in range(12):
        if not table_check(k, TABLES_OF_ROWS[i]):
            return False
    return (k.panic == NULL and page_alloc_check(k) and pid_check(k) and process_check(k) and cred_check(k)
            and file_check(k) and pipe_check(k) and wait_check(k) and poll_check(k) and timer_check(k)
            and sched_check(k))
