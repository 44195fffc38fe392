# Process ids. Source: kernel/pid.c.


cdef int32_t alloc_pid(kernel_t *k, uint32_t task) noexcept nogil  # or -EAGAIN
cdef void free_pid(kernel_t *k, int32_t pid) noexcept nogil
cdef bint pid_check(kernel_t *k) noexcept nogil


cdef inline uint32_t find_task(kernel_t *k, int64_t pid) noexcept nogil:
    # The task of a pid, or 0.
    if pid <= 0 or pid >= k.table[T_PID].high:
        return 0
    return pid_row(k, <uint32_t>pid).task
