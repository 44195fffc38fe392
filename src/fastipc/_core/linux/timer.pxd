# Timers: a wheel with exact times. Source: kernel/time/hrtimer.c, and the wheel of kernel/time/timer.c.
#
# A task has at most one timer, for the call it sleeps in; its row has the task's own number. A pending timer is on the
# list of one slot of one level. The level is the highest digit, of LVL_BITS, in which its time differs from
# `timer_clk`, the time of the last one that went off; the slot is that digit. As no timer is earlier than that, the
# next one is in the first slot of the lowest level in use. When its turn comes, the others of the slot move to lower
# levels: each timer moves at most LVL_DEPTH times, whatever their number. Those of one time are always on one list,
# and every list is in the order of arming.


cdef enum:
    KTIME_MAX = 0x7fffffffffffffff


cdef void timer_start(kernel_t *k, uint32_t task, int64_t expires) noexcept nogil  # not before now
cdef void timer_remove(kernel_t *k, uint32_t task) noexcept nogil
cdef int64_t timer_next(kernel_t *k) noexcept nogil  # time of the next one; precondition: there is one
cdef void run_timers(kernel_t *k) noexcept nogil
cdef bint timer_check(kernel_t *k) noexcept nogil


cdef inline bint advance_clock(kernel_t *k) noexcept nogil:
    # Nothing can run: go on to the next timer, if this run may go so far.
    if nr_timers(k) == 0 or timer_next(k) > k.clock_limit:
        return False
    k.now = max(k.now, timer_next(k))
    run_timers(k)
    return True


cdef inline void timer_cancel(kernel_t *k, uint32_t task, task_t *t) noexcept nogil:
    if t.timer:
        timer_remove(k, task)


cdef inline uint32_t nr_timers(kernel_t *k) noexcept nogil:
    return k.table[T_TIMER].nlive
