# Sleeping for a time. Source: kernel/time/hrtimer.c.


cdef int64_t do_nanosleep(kernel_t *k, task_t *t, int64_t ns) noexcept nogil
cdef int64_t nanosleep_restart(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t nanosleep_resume(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t deadline_after(kernel_t *k, int64_t ns) noexcept nogil
