# Interval timers and alarm. Source: kernel/time/itimer.c.
#
# ITIMER_REAL stands still while its SIGALRM is pending, and goes on when any SIGALRM of the process is taken.
# ITIMER_VIRTUAL and ITIMER_PROF measure time of the processor, of which calls take none: they keep what they are set
# to, and never go off.


cdef int64_t do_setitimer(
    kernel_t *k, task_t *t, int64_t which, const itimer_ns_t *new, itimer_ns_t *old
) noexcept nogil  # `new`: not negative
cdef int64_t do_getitimer(kernel_t *k, task_t *t, int64_t which, itimer_ns_t *value) noexcept nogil
cdef int64_t alarm_setitimer(kernel_t *k, task_t *t, uint32_t seconds) noexcept nogil  # the seconds that were left
cdef void it_real_fn(kernel_t *k, uint32_t own) noexcept nogil
cdef void posixtimer_rearm_itimer(kernel_t *k, uint32_t own) noexcept nogil
