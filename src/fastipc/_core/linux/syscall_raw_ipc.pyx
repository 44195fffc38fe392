"""Raw calls on System V objects."""


cdef int64_t raw_shmget(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_shmget, raw_int(a[0]), <int64_t>a[1], raw_int(a[2]), 0)
    return do_shmget(k, t, <int32_t>a[0], a[1], <int32_t>a[2])


cdef int64_t raw_shmat(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_shmat, raw_int(a[0]), <int64_t>a[1], raw_int(a[2]), 0)
    return do_shmat(k, t, <int32_t>a[0], a[1], <int32_t>a[2])


cdef int64_t raw_shmdt(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_shmdt, <int64_t>a[0], 0, 0, 0)
    return do_shmdt(k, t, a[0])


cdef int64_t raw_shmctl(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    # What is to be set is fetched before anything is looked at, what is told is stored last.
    cdef shmctl_t buf
    cdef int32_t shmid = <int32_t>a[0], cmd = <int32_t>a[1]
    cdef int64_t size = <int64_t>shmctl_size(cmd), ret
    call_begin_args(t, NR_shmctl, shmid, cmd, 0, 0)
    if cmd == IPC_SET:
        if shmid >= 0 and get_user(k, t, &buf, a[2], size):
            return -EFAULT
        return do_shmctl(k, t, shmid, cmd, &buf)
    ret = do_shmctl(k, t, shmid, cmd, &buf)
    return -EFAULT if ret >= 0 and size and put_user(k, t, a[2], &buf, size) else ret


cdef void raw_ipc_init() noexcept nogil:
    raw_calls[NR_shmget] = raw_shmget
    raw_calls[NR_shmat] = raw_shmat
    raw_calls[NR_shmdt] = raw_shmdt
    raw_calls[NR_shmctl] = raw_shmctl
