"""System calls on System V objects, as compiled programs make them."""


cdef inline int64_t associated(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # What a hook says of an object that was found by its key.
    if likely(ret < 0 or not k.hooks & HOOK_IPC_ASSOCIATE or t.call.out0 == 0):
        return ret
    t.call.ret = ret
    return coroutine_hook(k, t)


cdef int64_t sys_shmget(kernel_t *k, task_t *t, int64_t key, int64_t size, int64_t shmflg) noexcept nogil:
    syscall_enter3(k, t, NR_shmget, key, size, shmflg)
    return syscall_exit(k, t, associated(k, t, do_shmget(k, t, <int32_t>key, <uint64_t>size, <int32_t>shmflg)))


cdef int64_t sys_shmctl(kernel_t *k, task_t *t, int64_t shmid, int64_t cmd, int64_t buf) noexcept nogil:
    # `buf`: shmctl_size bytes of host memory, or 0
    syscall_enter3(k, t, NR_shmctl, shmid, cmd, 0)
    return syscall_exit(k, t, do_shmctl(k, t, fd_arg(shmid), fd_arg(cmd), <void *>buf))


cdef int64_t sys_shmat(kernel_t *k, task_t *t, int64_t shmid, int64_t shmaddr, int64_t shmflg) noexcept nogil:
    syscall_enter3(k, t, NR_shmat, shmid, shmaddr, shmflg)
    return syscall_exit(k, t, do_shmat(k, t, fd_arg(shmid), <uint64_t>shmaddr, <int32_t>shmflg))


cdef int64_t sys_shmdt(kernel_t *k, task_t *t, int64_t shmaddr) noexcept nogil:
    syscall_enter(k, t, NR_shmdt, shmaddr)
    return syscall_exit(k, t, do_shmdt(k, t, <uint64_t>shmaddr))


cdef int64_t sys_shmctl_size(kernel_t *k, task_t *t, int64_t cmd) noexcept nogil:
    # No system call: bytes that a command reads or fills.
    return <int64_t>shmctl_size(cmd)


# ------------------------------------------------------------------------------------------ semaphores
cdef int64_t sys_semget(kernel_t *k, task_t *t, int64_t key, int64_t nsems, int64_t semflg) noexcept nogil:
    cdef int64_t ret
    syscall_enter3(k, t, NR_semget, key, nsems, semflg)
    ret = do_semget(k, t, <int32_t>key, fd_arg(nsems), <int32_t>semflg)
    if unlikely(ret >= 0 and k.hooks & HOOK_IPC_ASSOCIATE and t.call.out0):
        t.call.ret = ret
        ret = coroutine_hook(k, t)
    return syscall_exit(k, t, ret)


cdef int64_t sys_semop(kernel_t *k, task_t *t, int64_t semid, int64_t sops, int64_t size) noexcept nogil:
    # `size` in bytes.
    cdef int how = SEMOP_NOTHING
    if express(k, t) and likely(size == <int64_t>sizeof(sembuf_t)):
        how = semop_one(k, t, ipc_found(k, current_ids(k, t, IPC_SEM_IDS), semid), <const sembuf_t *>sops, True)
    if how == SEMOP_WAITS:
        call_begin(t, NR_semop)
        t.call.args[0] = semid
        t.call.args[1] = 1
        t.call.args[2] = -1
        return coroutine_wait_semop(k, t)
    if unlikely(how == SEMOP_NOTHING):
        return semop_slow(k, t, semid, sops, size)
    call_account(k, t, NR_semop, semid, 0)
    return semop_look(k, t, <const sembuf_t *>sops) if unlikely(how == SEMOP_LOOK) else 0


cdef int64_t semop_slow(kernel_t *k, task_t *t, int64_t semid, int64_t sops, int64_t size) noexcept nogil:
    cdef uint32_t ids = current_ids(k, t, IPC_SEM_IDS)
    if ipc_found(k, ids, semid) == 0 and ipc_find(k, ids, fd_arg(semid)) > 0:  # once more, now that it is known
        return sys_semop(k, t, semid, sops, size)
    express_over(k)
    syscall_enter3(k, t, NR_semop, semid, size // <int64_t>sizeof(sembuf_t), -1)
    return syscall_exit(k, t, do_semtimedop(k, t, fd_arg(semid), <const sembuf_t *>sops,
                                            <uint32_t>(size // <int64_t>sizeof(sembuf_t)), False, -1))


cdef int64_t sys_semtimedop(
    kernel_t *k, task_t *t, int64_t semid, int64_t sops, int64_t size, int64_t ns
) noexcept nogil:
    syscall_enter3(k, t, NR_semtimedop, semid, size // <int64_t>sizeof(sembuf_t), ns)
    return syscall_exit(k, t, do_semtimedop(k, t, fd_arg(semid), <const sembuf_t *>sops,
                                            <uint32_t>(size // <int64_t>sizeof(sembuf_t)), True, ns))


cdef int64_t sys_semop_user(kernel_t *k, task_t *t, int64_t semid, int64_t sops, int64_t size) noexcept nogil:
    syscall_enter3(k, t, NR_semop, semid, size // <int64_t>sizeof(sembuf_t), -1)
    return syscall_exit(k, t, do_semop_user(k, t, fd_arg(semid), <uint64_t>sops,
                                            <uint64_t>size // sizeof(sembuf_t), False, -1))


cdef int64_t sys_semctl(kernel_t *k, task_t *t, int64_t semid, int64_t semnum, int64_t cmd, int64_t val) noexcept nogil:
    # Commands without memory.
    syscall_enter3(k, t, NR_semctl, semid, semnum, cmd)
    return syscall_exit(k, t, do_semctl(k, t, fd_arg(semid), fd_arg(semnum), fd_arg(cmd),
                                        <int32_t>val if -1 <= val <= 0x7fffffff else -1, NULL))


cdef int64_t sys_semctl_buf(
    kernel_t *k, task_t *t, int64_t semid, int64_t semnum, int64_t cmd, int64_t buf, int64_t size
) noexcept nogil:
    # Commands with host memory. Of GETALL and SETALL `size` is how many values there is room for.
    cdef int64_t n
    syscall_enter3(k, t, NR_semctl, semid, semnum, cmd)
    if cmd != GETALL and cmd != SETALL:
        return syscall_exit(k, t, do_semctl(k, t, fd_arg(semid), fd_arg(semnum), fd_arg(cmd), 0, <void *>buf))
    n = semctl_nsems(k, t, fd_arg(semid), <int32_t>cmd)
    if n < 0 or size < n:
        return syscall_exit(k, t, n if n < 0 else -EFAULT)
    if cmd == SETALL:
        return syscall_exit(k, t, sem_setall(k, t, fd_arg(semid), <const uint16_t *>buf))
    return syscall_exit(k, t, sem_getall(k, t, fd_arg(semid), <uint16_t *>buf))


cdef int64_t sys_semctl_size(kernel_t *k, task_t *t, int64_t cmd) noexcept nogil:
    # No system call: bytes that a command reads or fills.
    return <int64_t>semctl_size(cmd)


# ------------------------------------------------------------------------------------------ message queues
cdef int64_t sys_msgget(kernel_t *k, task_t *t, int64_t key, int64_t msgflg) noexcept nogil:
    cdef int64_t ret
    syscall_enter3(k, t, NR_msgget, key, msgflg, msgflg)
    ret = do_msgget(k, t, <int32_t>key, <int32_t>msgflg)
    if unlikely(ret >= 0 and k.hooks & HOOK_IPC_ASSOCIATE and t.call.out0):
        t.call.ret = ret
        ret = coroutine_hook(k, t)
    return syscall_exit(k, t, ret)


cdef int64_t sys_msgsnd(
    kernel_t *k, task_t *t, int64_t msqid, int64_t mtype, int64_t buf, int64_t n, int64_t msgflg
) noexcept nogil:
    if express(k, t) and msgsnd_one(k, t, msqid, mtype, <const char *>buf, n):
        call_account(k, t, NR_msgsnd, fd_arg(msqid), 0)
        return 0
    return msgsnd_slow(k, t, msqid, mtype, buf, n, msgflg)


cdef int64_t msgsnd_slow(
    kernel_t *k, task_t *t, int64_t msqid, int64_t mtype, int64_t buf, int64_t n, int64_t msgflg
) noexcept nogil:
    express_over(k)
    syscall_enter3(k, t, NR_msgsnd, fd_arg(msqid), mtype, n)
    t.call.args[3] = msgflg
    iov_iter_host(k, t, <void *>buf, n)
    return syscall_exit(k, t, do_msgsnd(k, t, fd_arg(msqid), mtype, n, <int32_t>msgflg))


cdef int64_t sys_msgsnd_user(
    kernel_t *k, task_t *t, int64_t msqid, int64_t mtype, int64_t buf, int64_t n, int64_t msgflg
) noexcept nogil:
    syscall_enter3(k, t, NR_msgsnd, fd_arg(msqid), mtype, n)
    t.call.args[3] = msgflg
    iov_iter_user(k, t, <uint64_t>buf, <uint64_t>n)
    return syscall_exit(k, t, do_msgsnd(k, t, fd_arg(msqid), mtype, n, <int32_t>msgflg))


cdef int64_t sys_msgrcv_into(
    kernel_t *k, task_t *t, int64_t msqid, int64_t buf, int64_t n, int64_t mtype, int64_t msgflg
) noexcept nogil:
    # The type is in call.done.
    cdef int64_t ret = -1
    if express(k, t):
        ret = msgrcv_one(k, t, msqid, <char *>buf, n, mtype, msgflg)
    if ret >= 0:
        call_account(k, t, NR_msgrcv, fd_arg(msqid), ret)
        return ret
    if unlikely(ret != -2):
        return msgrcv_slow(k, t, msqid, buf, n, mtype, msgflg)
    msgrcv_begin(k, t, msqid, buf, n, mtype, msgflg)
    return coroutine_wait_event(k, t)


cdef inline void msgrcv_begin(
    kernel_t *k, task_t *t, int64_t msqid, int64_t buf, int64_t n, int64_t mtype, int64_t msgflg
) noexcept nogil:
    call_begin_args(t, NR_msgrcv, fd_arg(msqid), 0, n, mtype)
    t.call.args[4] = msgflg
    iov_iter_host(k, t, <void *>buf, n)


cdef int64_t msgrcv_slow(
    kernel_t *k, task_t *t, int64_t msqid, int64_t buf, int64_t n, int64_t mtype, int64_t msgflg
) noexcept nogil:
    express_over(k)
    check_stack(k)
    msgrcv_begin(k, t, msqid, buf, n, mtype, msgflg)
    return syscall_exit(k, t, do_msgrcv(k, t, fd_arg(msqid), n, mtype, <int32_t>msgflg))


cdef int64_t sys_msgrcv_into_user(
    kernel_t *k, task_t *t, int64_t msqid, int64_t buf, int64_t n, int64_t mtype, int64_t msgflg
) noexcept nogil:
    syscall_enter3(k, t, NR_msgrcv, fd_arg(msqid), 0, n)
    t.call.args[3] = mtype
    t.call.args[4] = msgflg
    iov_iter_user(k, t, <uint64_t>buf, <uint64_t>n)
    return syscall_exit(k, t, do_msgrcv(k, t, fd_arg(msqid), n, mtype, <int32_t>msgflg))


cdef int64_t sys_msgctl(kernel_t *k, task_t *t, int64_t msqid, int64_t cmd, int64_t buf) noexcept nogil:
    # `buf`: msgctl_size bytes of host memory, or 0
    syscall_enter3(k, t, NR_msgctl, msqid, cmd, 0)
    return syscall_exit(k, t, do_msgctl(k, t, fd_arg(msqid), fd_arg(cmd), <void *>buf))


cdef int64_t sys_msgctl_size(kernel_t *k, task_t *t, int64_t cmd) noexcept nogil:
    # No system call: bytes that a command reads or fills.
    return <int64_t>msgctl_size(cmd)
