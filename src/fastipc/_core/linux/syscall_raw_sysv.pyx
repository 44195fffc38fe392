"""Raw calls on semaphores and message queues: registers, and what is in the program's memory, in Linux's order."""


cdef enum:
    SEMOPM_FAST = 64
    SEMMSL_FAST = 256


# ------------------------------------------------------------------------------------------ semaphores
cdef int64_t do_semop_user(
    kernel_t *k, task_t *t, int32_t semid, uint64_t addr, uint64_t nsops, bint timed, int64_t timeout_ns
) noexcept nogil:
    # do_semtimedop of ipc/sem.c: the operations are in the task's memory.
    cdef sembuf_t fast_sops[SEMOPM_FAST]
    cdef sembuf_t *sops = fast_sops
    cdef int64_t ret = -EFAULT
    if nsops > <uint64_t><uint32_t>ipc_ns_row(k, current_ipc_ns(k, t)).sem_ctls[2]:
        return -E2BIG
    if nsops < 1:
        return -EINVAL
    if nsops > SEMOPM_FAST:
        sops = <sembuf_t *>malloc(nsops * sizeof(sembuf_t))
        if sops == NULL:
            return -ENOMEM
    if get_user(k, t, sops, addr, <int64_t>(nsops * sizeof(sembuf_t))) == 0:
        ret = do_semtimedop(k, t, semid, sops, <uint32_t>nsops, timed, timeout_ns)
    if sops != fast_sops:
        free(sops)
    return ret


cdef int64_t raw_semget(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_semget, raw_int(a[0]), raw_int(a[1]), raw_int(a[2]), 0)
    return do_semget(k, t, <int32_t>a[0], <int32_t>a[1], <int32_t>a[2])


cdef int64_t raw_semop(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_semop, raw_int(a[0]), <uint32_t>a[2], -1, 0)
    return do_semop_user(k, t, <int32_t>a[0], a[1], <uint32_t>a[2], False, -1)


cdef int64_t raw_semtimedop(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    # A time that is none is an error of its own, but a later one.
    cdef int64_t[2] time
    cdef int64_t ns = -1
    call_begin_args(t, NR_semtimedop if a[3] else NR_semop, raw_int(a[0]), <uint32_t>a[2], -1, 0)
    if a[3]:
        if get_user(k, t, time, a[3], 16):
            return -EFAULT
        ns = time_to_ns(time[0], time[1])
        t.call.args[2] = ns
    return do_semop_user(k, t, <int32_t>a[0], a[1], <uint32_t>a[2], a[3] != 0, ns)


cdef int64_t semctl_all_user(kernel_t *k, task_t *t, int32_t semid, int32_t cmd, uint64_t addr) noexcept nogil:
    # GETALL and SETALL.
    cdef uint16_t fast_sem_io[SEMMSL_FAST]
    cdef uint16_t *sem_io = fast_sem_io
    cdef int64_t n = semctl_nsems(k, t, semid, cmd), ret = 0
    if n < 0:
        return n
    if n > SEMMSL_FAST:
        sem_io = <uint16_t *>malloc(<size_t>n * sizeof(uint16_t))
        if sem_io == NULL:
            return -ENOMEM
    if cmd == GETALL:
        sem_getall(k, t, semid, sem_io)
        ret = put_user(k, t, addr, sem_io, 2 * n)
    elif get_user(k, t, sem_io, addr, 2 * n):
        ret = -EFAULT
    else:
        ret = sem_setall(k, t, semid, sem_io)
    if sem_io != fast_sem_io:
        free(sem_io)
    return ret


cdef int64_t raw_semctl(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef semctl_t buf
    cdef int32_t semid = <int32_t>a[0], cmd = <int32_t>a[2]
    cdef int64_t ret, n = <int64_t>semctl_size(cmd)
    call_begin_args(t, NR_semctl, semid, raw_int(a[1]), cmd, <int64_t>a[3])
    if cmd == GETALL or cmd == SETALL:
        return semctl_all_user(k, t, semid, cmd, a[3])
    if semid >= 0 and cmd == IPC_SET and get_user(k, t, &buf, a[3], n):
        return -EFAULT
    ret = do_semctl(k, t, semid, <int32_t>a[1], cmd, <int32_t>a[3], &buf)
    if ret >= 0 and n and cmd != IPC_SET and put_user(k, t, a[3], &buf, n):
        return -EFAULT
    return ret


# ------------------------------------------------------------------------------------------ message queues
cdef int64_t raw_msgget(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_msgget, raw_int(a[0]), raw_int(a[1]), raw_int(a[1]), 0)
    return do_msgget(k, t, <int32_t>a[0], <int32_t>a[1])


cdef int64_t raw_msgsnd(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    # A struct msgbuf: the type is looked at before all else.
    cdef int64_t mtype = 0
    call_begin_args(t, NR_msgsnd, raw_int(a[0]), 0, <int64_t>a[2], raw_int(a[3]))
    if get_user(k, t, &mtype, a[1], 8):
        return -EFAULT
    t.call.args[1] = mtype
    iov_iter_user(k, t, a[1] + 8, a[2])
    return do_msgsnd(k, t, <int32_t>a[0], mtype, <int64_t>a[2], <int32_t>a[3])


cdef int64_t prepare_copy(kernel_t *k, task_t *t, uint64_t addr, int64_t bufsz) noexcept nogil:
    # MSG_COPY begins by reading where the copy is to go: 0 or -EFAULT.
    cdef char[4096] page
    cdef int64_t left = min(bufsz, <int64_t>ipc_ns_row(k, current_ipc_ns(k, t)).msg_ctlmax), part
    while left > 0:
        part = min(left, <int64_t>sizeof(page))
        if get_user(k, t, page, addr, part):
            return -EFAULT
        addr += <uint64_t>part
        left -= part
    return 0


cdef int64_t raw_msgrcv(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef int64_t bufsz = <int64_t>a[2]
    cdef int32_t msgflg = <int32_t>a[4]
    call_begin_args(t, NR_msgrcv, raw_int(a[0]), 0, bufsz, <int64_t>a[3])
    t.call.args[4] = msgflg
    if (msgflg & MSG_COPY and not msgflg & MSG_EXCEPT and msgflg & IPC_NOWAIT and bufsz >= 0 and <int32_t>a[0] >= 0
            and prepare_copy(k, t, a[1], bufsz)):
        return -EFAULT
    iov_iter_user(k, t, a[1] + 8, a[2])
    t.call.iter.seg = 1  # with the type in front
    return do_msgrcv(k, t, <int32_t>a[0], bufsz, <int64_t>a[3], msgflg)


cdef int64_t raw_msgctl(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef msgctl_t buf
    cdef int32_t msqid = <int32_t>a[0], cmd = <int32_t>a[1]
    cdef int64_t ret, n = <int64_t>msgctl_size(cmd)
    call_begin_args(t, NR_msgctl, msqid, cmd, <int64_t>a[2], 0)
    if msqid >= 0 and cmd == IPC_SET and get_user(k, t, &buf, a[2], n):
        return -EFAULT
    ret = do_msgctl(k, t, msqid, cmd, &buf)
    if ret >= 0 and n and cmd != IPC_SET and put_user(k, t, a[2], &buf, n):
        return -EFAULT
    return ret


cdef void raw_sysv_init() noexcept nogil:
    raw_calls[NR_semget] = raw_semget
    raw_calls[NR_semop] = raw_semop
    raw_calls[NR_semtimedop] = raw_semtimedop
    raw_calls[NR_semctl] = raw_semctl
    raw_calls[NR_msgget] = raw_msgget
    raw_calls[NR_msgsnd] = raw_msgsnd
    raw_calls[NR_msgrcv] = raw_msgrcv
    raw_calls[NR_msgctl] = raw_msgctl
