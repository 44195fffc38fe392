# New tasks. Source: kernel/fork.c, fs/exec.c.


cdef int64_t copy_process(kernel_t *k, task_t *t, uint64_t flags, int32_t exit_signal, uint8_t kind) noexcept nogil
cdef int64_t spawn_process(
    kernel_t *k, uint32_t parent, uint32_t uid, uint32_t gid, const uint32_t *groups, uint32_t ngroups, uint8_t kind
) noexcept nogil
cdef int64_t begin_new_exec(kernel_t *k, task_t *t) noexcept nogil
cdef bint unsafe_exec(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t do_unshare(kernel_t *k, task_t *t, uint64_t flags) noexcept nogil
cdef void wake_up_new_task(kernel_t *k, uint32_t task) noexcept nogil
cdef int64_t do_getrlimit(kernel_t *k, task_t *t, int64_t resource, uint64_t *pair) noexcept nogil
cdef int64_t do_setrlimit(kernel_t *k, task_t *t, int64_t resource, const uint64_t *pair) noexcept nogil
cdef int64_t boot(kernel_t *k) noexcept nogil
cdef bint process_check(kernel_t *k) noexcept nogil


cdef inline uint64_t rlimit(kernel_t *k, task_t *t, int resource) noexcept nogil:
    return rlimit_row(k, signal_row(k, t.signal).rlimit).cur[resource]
