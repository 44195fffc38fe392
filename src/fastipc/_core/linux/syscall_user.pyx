"""Raw calls and calls with addresses in the task's memory, as compiled programs make them."""


cdef int64_t sys_syscall(
    kernel_t *k, task_t *t, int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f
) noexcept nogil:
    cdef uint64_t[6] registers = [a, b, c, d, e, f]
    cdef int64_t ret
    if nr == NR_exit:
        return sys_exit(k, t, <int32_t>a)
    if nr == NR_exit_group:
        return sys_exit_group(k, t, <int32_t>a)
    if nr == NR_sched_yield:
        return sys_sched_yield(k, t)
    check_stack(k)
    ret = syscall_raw(k, t, <int32_t>nr, registers)
    if nr == NR_mknod or nr == NR_mknodat:
        ret = hooked(k, t, ret)
    elif nr == NR_shmget:
        ret = associated(k, t, ret)
    ret = syscall_exit(k, t, ret)
    return t.call.out0 if nr == NR_fcntl and <uint32_t>b == F_GETOWN and ret == 0 else ret


cdef int64_t sys_read_user(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n) noexcept nogil:
    return sys_syscall(k, t, NR_read, fd_arg(fd), buf, n, 0, 0, 0)


cdef int64_t sys_write_user(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n) noexcept nogil:
    return sys_syscall(k, t, NR_write, fd_arg(fd), buf, n, 0, 0, 0)


cdef int64_t sys_pread_user(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n, int64_t off) noexcept nogil:
    return sys_syscall(k, t, NR_pread64, fd_arg(fd), buf, n, off, 0, 0)


cdef int64_t sys_pwrite_user(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n, int64_t off) noexcept nogil:
    return sys_syscall(k, t, NR_pwrite64, fd_arg(fd), buf, n, off, 0, 0)


cdef inline int64_t vector_user(
    kernel_t *k, task_t *t, int32_t nr, int64_t fd, int64_t iov, int64_t n
) noexcept nogil:
    # The vector is the host's, what it names is in the task's memory.
    cdef int64_t ret
    syscall_enter(k, t, nr, fd_arg(fd))
    t.call.args[1] = 0
    t.call.args[2] = n
    ret = do_segments_user(k, t, fd_arg(fd), nr == NR_writev, n, <const uint64_t *>iov, NULL)
    return syscall_exit(k, t, ret if ret <= -ERESTARTSYS else user_call_end(k, t, ret))


cdef int64_t sys_readv_user(kernel_t *k, task_t *t, int64_t fd, int64_t iov, int64_t n) noexcept nogil:
    return vector_user(k, t, NR_readv, fd, iov, n)


cdef int64_t sys_writev_user(kernel_t *k, task_t *t, int64_t fd, int64_t iov, int64_t n) noexcept nogil:
    return vector_user(k, t, NR_writev, fd, iov, n)
