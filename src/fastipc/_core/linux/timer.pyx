"""The timer wheel. Source: kernel/time/hrtimer.c (hrtimer_start, hrtimer_cancel, hrtimer_wakeup), kernel/time/timer.c
(calc_wheel_index, enqueue_timer, detach_timer, __collect_expired_timers). Unlike Linux's, it never rounds a time.
"""


cdef extern from *:
    int ctzll "__builtin_ctzll"(unsigned long long) nogil
    int clzll "__builtin_clzll"(unsigned long long) nogil

cdef enum:
    SOON = 2 * LVL_SIZE  # slots below are so near that what their timers need is fetched ahead
    UNKNOWN = -1  # timer_slot.expires of a slot that lost its earliest timer


# ------------------------------------------------------------------------------------------ slots
cdef inline uint32_t calc_wheel_index(kernel_t *k, int64_t expires) noexcept nogil:
    cdef uint32_t level = <uint32_t>(63 - clzll(<uint64_t>(expires ^ k.timer_clk) | 1)) // LVL_BITS
    return level * LVL_SIZE + <uint32_t>(expires >> (level * LVL_BITS) & (LVL_SIZE - 1))


cdef inline void mark_pending(kernel_t *k, uint32_t slot) noexcept nogil:
    k.timer_pending[slot // 64] |= <uint64_t>1 << (slot & 63)
    k.timer_words |= <uint32_t>1 << (slot // 64)


cdef inline void mark_empty(kernel_t *k, uint32_t slot) noexcept nogil:
    k.timer_pending[slot // 64] &= ~(<uint64_t>1 << (slot & 63))
    if k.timer_pending[slot // 64] == 0:
        k.timer_words &= ~(<uint32_t>1 << (slot // 64))


cdef inline uint32_t first_slot(kernel_t *k) noexcept nogil:
    # Where the next timer is. Precondition: there is one.
    cdef uint32_t word = <uint32_t>ctzll(k.timer_words)
    return word * 64 + <uint32_t>ctzll(k.timer_pending[word])


cdef int64_t find_earliest(kernel_t *k, timer_slot_t *s) noexcept nogil:
    cdef uint32_t i = s.first
    s.expires = timer_at(k, i).expires
    while i:
        s.expires = min(s.expires, timer_at(k, i).expires)
        i = timer_at(k, i).link
    return s.expires


cdef inline int64_t slot_expires(kernel_t *k, uint32_t slot) noexcept nogil:
    # Time of the earliest timer of a slot that is not empty.
    cdef timer_slot_t *s = &k.timer_slot[slot]
    return s.expires if likely(s.expires != UNKNOWN) else find_earliest(k, s)


cdef inline uint32_t enqueue_timer(kernel_t *k, uint32_t i, timer_t *timer) noexcept nogil:
    # At the tail of its slot; which one that is.
    cdef uint32_t slot = calc_wheel_index(k, timer.expires)
    cdef timer_slot_t *s = &k.timer_slot[slot]
    cdef uint32_t before
    timer.link = 0
    timer.prev = s.last
    if s.last:
        timer_at(k, s.last).link = i
        s.expires = min(s.expires, timer.expires)  # UNKNOWN stays
        before = timer_at(k, timer_at(k, timer_at(k, s.last).prev).prev).prev
        if before:
            timer_at(k, before).ahead = i
    else:
        s.first = i
        s.expires = timer.expires
        mark_pending(k, slot)
    s.last = i
    return slot


cdef inline void detach_timer(kernel_t *k, timer_t *timer) noexcept nogil:
    # Off its list, wherever it is.
    cdef uint32_t slot = calc_wheel_index(k, timer.expires)
    cdef timer_slot_t *s = &k.timer_slot[slot]
    if timer.prev:
        timer_at(k, timer.prev).link = timer.link
    else:
        s.first = timer.link
    if timer.link:
        timer_at(k, timer.link).prev = timer.prev
    else:
        s.last = timer.prev
    if s.first == 0:
        memset(s, 0, sizeof(timer_slot_t))
        mark_empty(k, slot)
    elif timer.expires == s.expires:
        s.expires = UNKNOWN


# ------------------------------------------------------------------------------------------ timers
cdef inline void arm_timer(kernel_t *k, uint32_t i, timer_t *timer, int64_t expires) noexcept nogil:
    timer.live = 1
    timer.task = i
    timer.expires = expires
    timer.seq = <uint32_t>k.timer_seq
    k.timer_seq += 1
    enqueue_timer(k, i, timer)


cdef void timer_start(kernel_t *k, uint32_t task, int64_t expires) noexcept nogil:
    cdef table_t *table = &k.table[T_TIMER]
    if nr_timers(k) == 0:
        k.timer_clk = k.now
    table.nlive += 1
    if unlikely(task >= table.high):
        table.high = task + 1
    task_row(k, task).timer = task
    arm_timer(k, task, timer_row(k, task), expires)


cdef void alarm_start(kernel_t *k, uint32_t i, int64_t expires) noexcept nogil:
    if nr_timers(k) == 0:
        k.timer_clk = k.now
    k.nr_alarms += 1
    arm_timer(k, i, timer_at(k, i), expires)


cdef inline void forget_timer(kernel_t *k, uint32_t i, timer_t *timer) noexcept nogil:
    memset(timer, 0, sizeof(timer_t))
    if unlikely(is_alarm(i)):
        k.nr_alarms -= 1
        return
    task_row(k, i).timer = 0
    k.table[T_TIMER].nlive -= 1


cdef void timer_remove(kernel_t *k, uint32_t task) noexcept nogil:
    detach_timer(k, timer_row(k, task))
    forget_timer(k, task, timer_row(k, task))


cdef void alarm_cancel(kernel_t *k, uint32_t i) noexcept nogil:
    cdef timer_t *timer = timer_at(k, i)
    if timer.live:
        detach_timer(k, timer)
        forget_timer(k, i, timer)


cdef int64_t timer_next(kernel_t *k) noexcept nogil:
    return slot_expires(k, first_slot(k))


cdef inline void fetch_ahead(kernel_t *k, uint32_t i) noexcept nogil:
    # What a timer needs to go off lies anywhere in memory.
    prefetch(timer_at(k, i))
    if likely(not is_alarm(i)):
        prefetch(task_row(k, i))
        prefetch(&task_row(k, i).call)


cdef inline void expire_timers(kernel_t *k, uint32_t i) noexcept nogil:
    # All of a list go off: the sleepers find CALL_EXPIRED in their records.
    cdef uint32_t next
    while True:
        next = timer_at(k, i).link
        if unlikely(next):
            fetch_ahead(k, timer_at(k, i).ahead)
        forget_timer(k, i, timer_at(k, i))
        if likely(not is_alarm(i)):
            task_row(k, i).call.flags |= CALL_EXPIRED
            try_to_wake_up(k, i, TASK_NORMAL)
        else:
            alarm_expired(k, i)
        if next == 0:
            return
        i = next


cdef void cascade(kernel_t *k, uint32_t i) noexcept nogil:
    # The timers of a list move to lower levels, in order.
    cdef uint32_t next
    cdef timer_t *timer
    while i:
        timer = timer_at(k, i)
        next = timer.link
        prefetch(timer_at(k, timer.ahead))
        timer.ahead = 0
        if enqueue_timer(k, i, timer) < SOON:
            fetch_ahead(k, i)
        i = next


cdef void run_timers(kernel_t *k) noexcept nogil:
    # Let all that are due go off, earliest first.
    cdef uint32_t slot, first
    cdef int64_t expires
    cdef bint alone
    while k.timer_words:
        slot = first_slot(k)
        expires = slot_expires(k, slot)
        if expires > k.now:
            return
        k.timer_clk = expires
        first = k.timer_slot[slot].first
        alone = first == k.timer_slot[slot].last
        memset(&k.timer_slot[slot], 0, sizeof(timer_slot_t))
        mark_empty(k, slot)
        if likely(alone or slot < LVL_SIZE):  # all of one time
            expire_timers(k, first)
        else:
            cascade(k, first)


# ------------------------------------------------------------------------------------------ checks
cdef bint slot_check(kernel_t *k, uint32_t slot, uint32_t *found) noexcept nogil:
    cdef timer_slot_t *s = &k.timer_slot[slot]
    cdef uint32_t i = s.first, prev = 0
    cdef int64_t earliest = 0
    cdef timer_t *timer
    while i:
        timer = timer_at(k, i)
        if not (check(k, timer.live and timer.task == i, b"timer: not its number")
                and check(k, is_alarm(i) or task_row(k, i).live and task_row(k, i).timer == i,
                          b"timer: task does not know its timer")
                and check(k, timer.expires >= k.timer_clk and calc_wheel_index(k, timer.expires) == slot,
                          b"timer: wrong slot")
                and check(k, timer.prev == prev, b"timer: broken back link")
                and check(k, prev == 0 or <int32_t>(timer.seq - timer_at(k, prev).seq) > 0,
                          b"timer: not in order of arming")):
            return False
        earliest = min(earliest, timer.expires) if prev else timer.expires
        prev = i
        i = timer.link
        found[0] += 1
    return (check(k, s.last == prev, b"timer: wrong last timer of a slot")
            and check(k, s.expires == earliest or (s.expires == UNKNOWN and prev != 0), b"timer: wrong time of a slot")
            and check(k, (k.timer_pending[slot // 64] >> (slot & 63) & 1) == (prev != 0), b"timer: bit map is wrong"))


cdef bint timer_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, found = 0, live = 0, armed = 0
    for i in range(<uint32_t>(LVL_DEPTH * LVL_SIZE)):
        if not (slot_check(k, i, &found)
                and check(k, (k.timer_words >> (i // 64) & 1) == (k.timer_pending[i // 64] != 0),
                          b"timer: wrong words")):
            return False
    for i in range(1, k.table[T_TIMER].high):
        live += timer_row(k, i).live != 0
    for i in range(1, k.table[T_TASK].high):
        armed += task_row(k, i).live != 0 and task_row(k, i).timer != 0
    return (check(k, k.timer_clk <= k.now, b"timer: the wheel is ahead of the clock")
            and check(k, found == nr_timers(k) and live + k.nr_alarms == found and armed == live,
                      b"timer: timers miscounted"))
