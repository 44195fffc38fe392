# Timers: a wheel with exact times. Source: kernel/time/hrtimer.c, and the wheel of kernel/time/timer.c.
#
# A task has at most one timer for the call it sleeps in, whose row has the task's own number. Timers that send signals
# are part of the rows of k_itimer and itimer; see TIMER_TABLE. A pending timer is on the list of one slot of one
# level. The level is the highest digit, of LVL_BITS, in which its time differs from `timer_clk`, the time of the last
# one that went off; the slot is that digit. As no timer is earlier than that, the next one is in the first slot of the
# lowest level in use. When its turn comes, the others of the slot move to lower levels: each timer moves at most
# LVL_DEPTH times, whatever their number. Those of one time are always on one list, and every list is in the order of
# arming.


cdef enum:
    KTIME_MAX = 0x7fffffffffffffff


cdef void timer_start(kernel_t *k, uint32_t task, int64_t expires) noexcept nogil  # not before now
cdef void timer_remove(kernel_t *k, uint32_t task) noexcept nogil
cdef void alarm_start(kernel_t *k, uint32_t i, int64_t expires) noexcept nogil  # a timer that sends a signal; after now
cdef void alarm_cancel(kernel_t *k, uint32_t i) noexcept nogil
cdef int64_t timer_next(kernel_t *k) noexcept nogil  # time of the next one; precondition: there is one
cdef void run_timers(kernel_t *k) noexcept nogil
cdef bint timer_check(kernel_t *k) noexcept nogil


cdef inline bint advance_clock(kernel_t *k) noexcept nogil:
    # Nothing can run: go on to the next timer, if this run may go so far. One without a limit goes no further than
    # there is something to come for.
    if nr_timers(k) == 0 or timer_next(k) > k.clock_limit:
        return False
    if unlikely(k.nr_alarms == nr_timers(k) and k.clock_limit == KTIME_MAX) and not alarms_can_wake(k):
        return False
    k.now = max(k.now, timer_next(k))
    run_timers(k)
    return True


cdef inline void timer_cancel(kernel_t *k, uint32_t task, task_t *t) noexcept nogil:
    if t.timer:
        timer_remove(k, task)


cdef inline uint32_t nr_timers(kernel_t *k) noexcept nogil:
    return k.table[T_TIMER].nlive + k.nr_alarms


cdef inline bint is_alarm(uint32_t i) noexcept nogil:
    return <int32_t>i < 0


cdef inline timer_t *timer_at(kernel_t *k, uint32_t i) noexcept nogil:
    # By its number.
    if likely(not is_alarm(i)):
        return timer_row(k, i)
    if i & <uint32_t>TIMER_TABLE == <uint32_t>TIMER_POSIX:
        return &k_itimer_row(k, i & ~<uint32_t>TIMER_TABLE).timer
    return &itimer_row(k, i & ~<uint32_t>TIMER_TABLE).real_timer
