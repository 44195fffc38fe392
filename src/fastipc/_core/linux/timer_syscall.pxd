# The system calls on timers, as all kinds of program make them.
#
# What setitimer and timer_settime tell of before is in the record when they are over, the value in args[4], the
# interval in `done`; of getitimer and timer_gettime the same. Times are ns.

cdef int64_t call_alarm(kernel_t *k, task_t *t, int64_t seconds) noexcept nogil
cdef int64_t call_setitimer(kernel_t *k, task_t *t, int64_t which, int64_t value, int64_t interval) noexcept nogil
cdef int64_t call_getitimer(kernel_t *k, task_t *t, int64_t which) noexcept nogil
cdef int64_t call_timer_create(
    kernel_t *k, task_t *t, int64_t clock, int64_t sig, int64_t value, int64_t notify, int64_t tid
) noexcept nogil
cdef int64_t call_timer_settime(
    kernel_t *k, task_t *t, int64_t id, int64_t value, int64_t interval, int64_t flags
) noexcept nogil
cdef int64_t call_timer_gettime(kernel_t *k, task_t *t, int64_t id) noexcept nogil
cdef int64_t call_timer_getoverrun(kernel_t *k, task_t *t, int64_t id) noexcept nogil
cdef int64_t call_timer_delete(kernel_t *k, task_t *t, int64_t id) noexcept nogil

cdef void put_itimerval(const itimer_ns_t *setting, itimerval_t *to) noexcept nogil
cdef void put_itimerspec(const itimer_ns_t *setting, itimerspec_t *to) noexcept nogil
cdef void raw_timers_init() noexcept nogil

cdef int64_t sys_alarm(kernel_t *k, task_t *t, int64_t seconds) noexcept nogil
cdef int64_t sys_setitimer(
    kernel_t *k, task_t *t, int64_t which, int64_t value, int64_t interval, int64_t old
) noexcept nogil
cdef int64_t sys_getitimer(kernel_t *k, task_t *t, int64_t which, int64_t value) noexcept nogil
cdef int64_t sys_timer_create(
    kernel_t *k, task_t *t, int64_t clock, int64_t sig, int64_t value, int64_t notify, int64_t tid
) noexcept nogil
cdef int64_t sys_timer_settime(
    kernel_t *k, task_t *t, int64_t id, int64_t value, int64_t interval, int64_t flags, int64_t old
) noexcept nogil
cdef int64_t sys_timer_gettime(kernel_t *k, task_t *t, int64_t id, int64_t value) noexcept nogil
cdef int64_t sys_timer_getoverrun(kernel_t *k, task_t *t, int64_t id) noexcept nogil
cdef int64_t sys_timer_delete(kernel_t *k, task_t *t, int64_t id) noexcept nogil


cdef inline void told_setting(const task_t *t, itimer_ns_t *setting) noexcept nogil:
    setting.value = t.call.args[4]
    setting.interval = t.call.done
