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
