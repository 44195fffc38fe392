"""The timer heap. Source: kernel/time/hrtimer.c (hrtimer_start, hrtimer_cancel, hrtimer_wakeup)."""


cdef inline bint earlier(timer_t *a, timer_t *b) noexcept nogil:
    return a.expires < b.expires or (a.expires == b.expires and a.seq < b.seq)


cdef inline void put(kernel_t *k, uint32_t place, timer_t *timer) noexcept nogil:
    timer_row(k, place)[0] = timer[0]
    task_row(k, timer.task).timer = place


cdef void sift_up(kernel_t *k, uint32_t place, timer_t timer) noexcept nogil:
    while place > 1 and earlier(&timer, timer_row(k, place // 2)):
        put(k, place, timer_row(k, place // 2))
        place //= 2
    put(k, place, &timer)


cdef void sift_down(kernel_t *k, uint32_t place, timer_t timer) noexcept nogil:
    cdef uint32_t child = 2 * place
    while child <= k.nr_timers:
        if child < k.nr_timers and earlier(timer_row(k, child + 1), timer_row(k, child)):
            child += 1
        if not earlier(timer_row(k, child), &timer):
            break
        put(k, place, timer_row(k, child))
        place = child
        child = 2 * place
    put(k, place, &timer)


cdef void timer_start(kernel_t *k, uint32_t task, int64_t expires) noexcept nogil:
    cdef timer_t timer
    cdef table_t *table = &k.table[T_TIMER]
    timer.live = 1
    timer.task = task
    timer.expires = expires
    timer.seq = k.timer_seq
    k.timer_seq += 1
    k.nr_timers += 1
    table.nlive = k.nr_timers
    table.high = max(table.high, k.nr_timers + 1)
    sift_up(k, k.nr_timers, timer)


cdef void timer_remove(kernel_t *k, uint32_t task) noexcept nogil:
    cdef uint32_t place = task_row(k, task).timer
    cdef timer_t last = timer_row(k, k.nr_timers)[0]
    timer_row(k, k.nr_timers).live = 0
    k.nr_timers -= 1
    k.table[T_TIMER].nlive = k.nr_timers
    task_row(k, task).timer = 0
    if place > k.nr_timers:
        return
    if place > 1 and earlier(&last, timer_row(k, place // 2)):
        sift_up(k, place, last)
    else:
        sift_down(k, place, last)


cdef void run_timers(kernel_t *k) noexcept nogil:
    # Fire all that are due: the sleeper finds CALL_EXPIRED in its record.
    cdef uint32_t task
    while k.nr_timers and timer_row(k, 1).expires <= k.now:
        task = timer_row(k, 1).task
        timer_remove(k, task)
        task_row(k, task).call.flags |= CALL_EXPIRED
        try_to_wake_up(k, task, TASK_NORMAL)


cdef bint timer_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i
    for i in range(1, k.nr_timers + 1):
        if not (check(k, task_row(k, timer_row(k, i).task).timer == i, b"timer: task does not know its timer")
                and check(k, i == 1 or not earlier(timer_row(k, i), timer_row(k, i // 2)),
                          b"timer: heap out of order")):
            return False
    for i in range(1, k.table[T_TASK].high):
        if task_row(k, i).live and not check(k, task_row(k, i).timer <= k.nr_timers,
                                             b"timer: task has a timer that is gone"):
            return False
    return True
