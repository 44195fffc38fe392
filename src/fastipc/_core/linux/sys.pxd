# Process groups, sessions, and ids of users and groups. Source: kernel/sys.c.


cdef int64_t do_getpgid(kernel_t *k, task_t *t, int64_t pid) noexcept nogil
cdef int64_t do_setpgid(kernel_t *k, task_t *t, int64_t pid, int64_t pgid) noexcept nogil
cdef int64_t do_getsid(kernel_t *k, task_t *t, int64_t pid) noexcept nogil
cdef int64_t do_setsid(kernel_t *k, task_t *t) noexcept nogil
