"""Interval timers. Source: kernel/time/itimer.c (do_getitimer, do_setitimer, set_cpu_itimer, alarm_setitimer,
it_real_fn), kernel/time/posix-timers.c (posixtimer_rearm_itimer).
"""


cdef inline void itimer_start(kernel_t *k, uint32_t row, int64_t expires) noexcept nogil:
    itimer_row(k, row).it_real_expires = expires
    alarm_start(k, row | <uint32_t>TIMER_REAL, expires)


cdef int64_t do_getitimer(kernel_t *k, task_t *t, int64_t which, itimer_ns_t *value) noexcept nogil:
    cdef uint32_t row = signal_row(k, t.signal).timers
    cdef itimer_t *own = itimer_row(k, row)
    value.value = value.interval = 0
    if not ITIMER_REAL <= which <= ITIMER_PROF:
        return -EINVAL
    if row == 0:
        return 0
    if which == ITIMER_REAL:
        value.value = own.it_real_expires - k.now if own.real_timer.live else 0
        value.interval = own.it_real_incr
    else:
        value.value = own.it_expires[which - 1]
        value.interval = own.it_incr[which - 1]
    return 0


cdef int64_t do_setitimer(
    kernel_t *k, task_t *t, int64_t which, const itimer_ns_t *new, itimer_ns_t *old
) noexcept nogil:
    # -ENOMEM: what Linux has in every process could not be had.
    cdef int64_t err = do_getitimer(k, t, which, old)
    cdef uint32_t row = signal_row(k, t.signal).timers
    cdef itimer_t *own
    if err or row == 0 and new.value == 0 and (which == ITIMER_REAL or new.interval == 0):
        return err
    row = timers_of(k, t)
    if row == 0:
        return -alloc_errno(k, ENOMEM)
    own = itimer_row(k, row)
    if which == ITIMER_REAL:
        alarm_cancel(k, row | <uint32_t>TIMER_REAL)
        own.it_real_incr = new.interval if new.value else 0
        if new.value:
            itimer_start(k, row, deadline_after(k, new.value))
    else:
        own.it_expires[which - 1] = <int64_t>(<uint64_t>new.value + TICK_NSEC) if new.value else 0
        own.it_incr[which - 1] = new.interval
    return 0


cdef int64_t alarm_setitimer(kernel_t *k, task_t *t, uint32_t seconds) noexcept nogil:
    # Half a second and more is one, and what is left is never told as 0. An unsigned int, whatever was left.
    cdef itimer_ns_t new, old
    cdef int64_t err, left
    new.value = <int64_t>seconds * NSEC_PER_SEC
    new.interval = 0
    err = do_setitimer(k, t, ITIMER_REAL, &new, &old)
    if err:
        return err
    left = old.value // NSEC_PER_SEC
    if (left == 0 and old.value) or old.value % NSEC_PER_SEC >= NSEC_PER_SEC // 2:
        left += 1
    return <uint32_t>left


cdef void it_real_fn(kernel_t *k, uint32_t own) noexcept nogil:
    cdef uint32_t leader = group_leader_of(k, itimer_row(k, own).tgid)
    if leader:
        send_sig_priv(k, task_row(k, leader), SIGALRM, True)


cdef void posixtimer_rearm_itimer(kernel_t *k, uint32_t own) noexcept nogil:
    # A SIGALRM of the process is taken.
    cdef itimer_t *timer = itimer_row(k, own)
    if timer.real_timer.live == 0 and timer.it_real_incr:
        hrtimer_forward(&timer.it_real_expires, k.now, timer.it_real_incr)
        itimer_start(k, own, timer.it_real_expires)
