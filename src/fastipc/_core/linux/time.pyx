"""nanosleep and deadlines. Source: kernel/time/hrtimer.c (hrtimer_nanosleep)."""


cdef int64_t deadline_after(kernel_t *k, int64_t ns) noexcept nogil:
    # ktime_add_safe: a time too far away is the end of time.
    return k.now + ns if ns <= <int64_t>KTIME_MAX - k.now else <int64_t>KTIME_MAX


cdef int64_t do_nanosleep(kernel_t *k, task_t *t, int64_t ns) noexcept nogil:
    if ns < 0:
        return -EINVAL
    if ns == 0:
        return 0
    t.call.deadline = deadline_after(k, ns)
    t.call.flags |= CALL_TIMEOUT
    t.state = TASK_INTERRUPTIBLE
    timer_start(k, task_index(k, t), t.call.deadline)
    return -ESLEEP


cdef int64_t nanosleep_resume(kernel_t *k, task_t *t) noexcept nogil:
    if t.call.flags & CALL_EXPIRED:
        return 0
    if signal_pending(t):
        timer_cancel(k, task_index(k, t), t)
        finish_wait(k, t)
        return -ERESTART_RESTARTBLOCK
    t.state = TASK_INTERRUPTIBLE
    return -ESLEEP


cdef int64_t nanosleep_restart(kernel_t *k, task_t *t) noexcept nogil:
    # hrtimer_nanosleep_restart: until the time at which it was to end.
    if t.call.deadline <= k.now:
        return 0
    t.state = TASK_INTERRUPTIBLE
    timer_start(k, t.row, t.call.deadline)
    return -ESLEEP
