# Process groups, sessions, and ids of users and groups. Source: kernel/sys.c.


cdef int64_t do_getpgid(kernel_t *k, task_t *t, int64_t pid) noexcept nogil
cdef int64_t do_setpgid(kernel_t *k, task_t *t, int64_t pid, int64_t pgid) noexcept nogil
cdef int64_t do_getsid(kernel_t *k, task_t *t, int64_t pid) noexcept nogil
cdef int64_t do_setsid(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t do_setuid(kernel_t *k, task_t *t, uint32_t uid) noexcept nogil
cdef int64_t do_setgid(kernel_t *k, task_t *t, uint32_t gid) noexcept nogil
cdef int64_t do_setreuid(kernel_t *k, task_t *t, uint32_t ruid, uint32_t euid) noexcept nogil
cdef int64_t do_setregid(kernel_t *k, task_t *t, uint32_t rgid, uint32_t egid) noexcept nogil
cdef int64_t do_setresuid(kernel_t *k, task_t *t, uint32_t ruid, uint32_t euid, uint32_t suid) noexcept nogil
cdef int64_t do_setresgid(kernel_t *k, task_t *t, uint32_t rgid, uint32_t egid, uint32_t sgid) noexcept nogil
cdef int64_t do_setfsuid(kernel_t *k, task_t *t, uint32_t uid) noexcept nogil  # the old one
cdef int64_t do_setfsgid(kernel_t *k, task_t *t, uint32_t gid) noexcept nogil  # the old one
cdef int64_t do_getgroups(kernel_t *k, task_t *t, int64_t size, uint32_t *list) noexcept nogil  # how many
cdef int64_t do_setgroups(kernel_t *k, task_t *t, int64_t size, const uint32_t *list) noexcept nogil
cdef int64_t do_prctl(
    kernel_t *k, task_t *t, int64_t option, int64_t arg2, int64_t arg3, int64_t arg4, int64_t arg5
) noexcept nogil
