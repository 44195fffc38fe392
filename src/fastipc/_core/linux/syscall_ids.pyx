"""System calls on groups, sessions, ids and capabilities, as compiled programs make them."""


cdef inline void syscall_enter3(kernel_t *k, task_t *t, int32_t nr, int64_t a, int64_t b, int64_t c) noexcept nogil:
    syscall_enter(k, t, nr, a)
    t.call.args[1] = b
    t.call.args[2] = c


cdef int64_t sys_getpgid(kernel_t *k, task_t *t, int64_t pid) noexcept nogil:
    syscall_enter(k, t, NR_getpgid, pid)
    return syscall_exit(k, t, do_getpgid(k, t, pid))


cdef int64_t sys_setpgid(kernel_t *k, task_t *t, int64_t pid, int64_t pgid) noexcept nogil:
    syscall_enter3(k, t, NR_setpgid, pid, pgid, 0)
    return syscall_exit(k, t, do_setpgid(k, t, pid, pgid))


cdef int64_t sys_getsid(kernel_t *k, task_t *t, int64_t pid) noexcept nogil:
    syscall_enter(k, t, NR_getsid, pid)
    return syscall_exit(k, t, do_getsid(k, t, pid))


cdef int64_t sys_setsid(kernel_t *k, task_t *t) noexcept nogil:
    syscall_enter(k, t, NR_setsid, 0)
    return syscall_exit(k, t, do_setsid(k, t))


cdef int64_t sys_setuid(kernel_t *k, task_t *t, int64_t uid) noexcept nogil:
    syscall_enter3(k, t, NR_setuid, uid, 0, 0)
    return syscall_exit(k, t, do_setuid(k, t, <uint32_t>uid))


cdef int64_t sys_setgid(kernel_t *k, task_t *t, int64_t gid) noexcept nogil:
    syscall_enter3(k, t, NR_setgid, gid, 0, 0)
    return syscall_exit(k, t, do_setgid(k, t, <uint32_t>gid))


cdef int64_t sys_setreuid(kernel_t *k, task_t *t, int64_t ruid, int64_t euid) noexcept nogil:
    syscall_enter3(k, t, NR_setreuid, ruid, euid, 0)
    return syscall_exit(k, t, do_setreuid(k, t, <uint32_t>ruid, <uint32_t>euid))


cdef int64_t sys_setregid(kernel_t *k, task_t *t, int64_t rgid, int64_t egid) noexcept nogil:
    syscall_enter3(k, t, NR_setregid, rgid, egid, 0)
    return syscall_exit(k, t, do_setregid(k, t, <uint32_t>rgid, <uint32_t>egid))


cdef int64_t sys_setresuid(kernel_t *k, task_t *t, int64_t ruid, int64_t euid, int64_t suid) noexcept nogil:
    syscall_enter3(k, t, NR_setresuid, ruid, euid, suid)
    return syscall_exit(k, t, do_setresuid(k, t, <uint32_t>ruid, <uint32_t>euid, <uint32_t>suid))


cdef int64_t sys_setresgid(kernel_t *k, task_t *t, int64_t rgid, int64_t egid, int64_t sgid) noexcept nogil:
    syscall_enter3(k, t, NR_setresgid, rgid, egid, sgid)
    return syscall_exit(k, t, do_setresgid(k, t, <uint32_t>rgid, <uint32_t>egid, <uint32_t>sgid))


cdef int64_t sys_setfsuid(kernel_t *k, task_t *t, int64_t uid) noexcept nogil:
    syscall_enter3(k, t, NR_setfsuid, uid, 0, 0)
    return syscall_exit(k, t, do_setfsuid(k, t, <uint32_t>uid))


cdef int64_t sys_setfsgid(kernel_t *k, task_t *t, int64_t gid) noexcept nogil:
    syscall_enter3(k, t, NR_setfsgid, gid, 0, 0)
    return syscall_exit(k, t, do_setfsgid(k, t, <uint32_t>gid))


cdef int64_t sys_getgroups(kernel_t *k, task_t *t, int64_t list, int64_t size) noexcept nogil:
    # `size` in bytes, of both
    syscall_enter(k, t, NR_getgroups, size // 4)
    return syscall_exit(k, t, do_getgroups(k, t, size // 4, <uint32_t *>list))


cdef int64_t sys_setgroups(kernel_t *k, task_t *t, int64_t list, int64_t size) noexcept nogil:
    syscall_enter(k, t, NR_setgroups, size // 4)
    return syscall_exit(k, t, do_setgroups(k, t, size // 4, <const uint32_t *>list))


cdef int64_t sys_capget(kernel_t *k, task_t *t, int64_t sets) noexcept nogil:
    syscall_enter(k, t, NR_capget, 0)
    do_capget(k, t, <uint64_t *>sets)
    return syscall_exit(k, t, 0)


cdef int64_t sys_capset(kernel_t *k, task_t *t, int64_t sets) noexcept nogil:
    syscall_enter(k, t, NR_capset, 0)
    return syscall_exit(k, t, do_capset(k, t, <const uint64_t *>sets))


cdef int64_t sys_prctl(
    kernel_t *k, task_t *t, int64_t option, int64_t arg2, int64_t arg3, int64_t arg4, int64_t arg5
) noexcept nogil:
    syscall_enter3(k, t, NR_prctl, option, arg2, arg3)
    return syscall_exit(k, t, do_prctl(k, t, option, arg2, arg3, arg4, arg5))
