# Timers: a binary heap by (time, order of arming) in the `timer` table. Source: kernel/time/hrtimer.c.
# A task has at most one, for the call it sleeps in; `task.timer` is its place in the heap.


cdef void timer_start(kernel_t *k, uint32_t task, int64_t expires) noexcept nogil
cdef void timer_remove(kernel_t *k, uint32_t task) noexcept nogil
cdef void run_timers(kernel_t *k) noexcept nogil
cdef bint timer_check(kernel_t *k) noexcept nogil


cdef inline void timer_cancel(kernel_t *k, uint32_t task, task_t *t) noexcept nogil:
    if t.timer:
        timer_remove(k, task)
