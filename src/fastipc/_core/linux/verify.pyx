"""The walk over all tables that `Kernel.verify` makes. Each mechanism checks its own invariants."""


cdef int[38] TABLES_OF_ROWS = [T_TASK, T_SIGNAL, T_SIGHAND, T_FILES, T_FILE, T_INODE, T_PIPE, T_USER, T_RLIMIT,
                               T_POLL_ENTRY, T_CRED, T_GROUP_INFO, T_XA_NODE, T_DENTRY, T_SUPER,
                               T_MOUNT, T_FS, T_JOURNAL, T_MM, T_VMA, T_IPC_NAMESPACE, T_IPC_IDS, T_SHM,
                               T_SEM_ARRAY, T_SEM_UNDO, T_SEM_UNDO_LIST, T_MSG_QUEUE,
                               T_SIGQUEUE, T_HANDLER, T_SIGFRAME, T_PID_NAMESPACE, T_UPID, T_USER_NAMESPACE,
                               T_K_ITIMER, T_ITIMER, T_FOWN, T_FASYNC, T_SIGNALFD]


cdef bint verify(kernel_t *k) noexcept nogil:
    cdef int i
    for i in range(38):
        if not table_check(k, TABLES_OF_ROWS[i]):
            return False
    return (k.panic == NULL and page_alloc_check(k) and pid_check(k) and process_check(k) and cred_check(k)
            and pid_namespace_check(k) and user_namespace_check(k) and user_check(k)
            and fasync_check(k) and signalfd_check(k) and file_check(k) and pipe_check(k)
            and wait_check(k) and poll_check(k) and timer_check(k) and sched_check(k) and dcache_check(k)
            and walked_check(k) and namespace_check(k) and inode_check(k) and journal_check(k) and mm_check(k)
            and ipc_namespace_check(k) and shm_check(k) and shm_attach_check(k) and sem_check(k) and msg_check(k)
            and signal_check(k) and posix_timers_check(k))


cdef void do_initcalls() noexcept nogil:
    # What is registered once a process: file systems, operations, names in /proc.
    file_systems_init()
    read_write_init()
    pipe_init()
    filemap_init()
    char_dev_init()
    signalfd_init()
    sysctl_init()
    proc_init()
    path_call_init()
    memory_init()
    shmem_init()
    syscall_raw_init()
    shm_init()
    shm_attach_init()
    sem_init()
    msg_init()
