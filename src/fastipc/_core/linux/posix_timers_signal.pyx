"""What the signals of timers are: sent, ignored, taken; and whether it is worth waiting for one.

Source: kernel/signal.c (posixtimer_send_sigqueue, posixtimer_sig_ignore, posixtimer_sig_unignore),
kernel/time/posix-timers.c (posix_timer_fn, posixtimer_deliver_signal).
"""


# ------------------------------------------------------------------------------------------ sending
cdef task_t *posixtimer_get_target(kernel_t *k, k_itimer_t *timer, task_t *t) noexcept nogil:
    # NULL: the thread has ended. A process' signal goes to the caller first, if one of its threads makes a call.
    cdef uint32_t i
    if timer.it_sigev_notify == SIGEV_THREAD_ID:
        return task_row(k, timer.it_task) if timer.it_task else NULL
    if t != NULL:
        return t
    i = group_leader_of(k, owner_of(k, timer).tgid)
    return task_row(k, i) if i else NULL


cdef void queue_timer_signal(kernel_t *k, k_itimer_t *timer, task_t *target) noexcept nogil:
    cdef sigqueue_t *q = sigqueue_row(k, timer.sigq)
    cdef signal_t *s = signal_row(k, target.signal)
    cdef bint group = timer.it_sigev_notify != SIGEV_THREAD_ID
    q.flags |= SIGQUEUE_QUEUED
    q.next = q.last = q.next_signal = 0
    enqueue_sigqueue(k, &s.pending_list if group else &target.pending_list, timer.sigq)
    k.counters.signals += 1
    signalfd_notify(k, target)
    sigaddset(&s.shared_pending if group else &target.pending, q.info.si_signo)
    complete_signal(k, q.info.si_signo, target, group)


cdef void keep_ignored(kernel_t *k, uint32_t i) noexcept nogil:
    cdef k_itimer_t *timer = k_itimer_row(k, i)
    cdef itimer_t *own = owner_of(k, timer)
    if timer.ignored:
        return
    timer.ignored = 1
    timer.ignored_next = own.ignored_posix_timers
    own.ignored_posix_timers = i


cdef void forget_ignored(kernel_t *k, uint32_t i) noexcept nogil:
    cdef k_itimer_t *timer = k_itimer_row(k, i)
    cdef uint32_t *at = &owner_of(k, timer).ignored_posix_timers
    while at[0] != i:
        at = &k_itimer_row(k, at[0]).ignored_next
    at[0] = timer.ignored_next
    timer.ignored = 0
    timer.ignored_next = 0


cdef void posixtimer_send_sigqueue(kernel_t *k, uint32_t i, task_t *t) noexcept nogil:
    cdef k_itimer_t *timer = k_itimer_row(k, i)
    cdef sigqueue_t *q = sigqueue_row(k, timer.sigq)
    cdef task_t *target = posixtimer_get_target(k, timer, t)
    if target == NULL:
        return
    timer.it_sigqueue_seq = timer.it_signal_seq
    timer.it_sig_periodic = timer.it_status == POSIX_TIMER_REQUEUE_PENDING
    if not prepare_signal(k, target, q.info.si_signo, False):
        if timer.it_sig_periodic and not (q.flags & SIGQUEUE_QUEUED):
            keep_ignored(k, i)
        elif timer.ignored:
            forget_ignored(k, i)
        return
    if q.flags & SIGQUEUE_QUEUED:
        return
    if timer.ignored:
        forget_ignored(k, i)
    queue_timer_signal(k, timer, target)


cdef void posix_timer_fn(kernel_t *k, uint32_t i, task_t *t) noexcept nogil:
    # The time has come, in a call of `t`, or in none if that is NULL.
    cdef k_itimer_t *timer = k_itimer_row(k, i)
    timer.it_status = POSIX_TIMER_REQUEUE_PENDING if timer.it_interval else POSIX_TIMER_DISARMED
    posixtimer_send_sigqueue(k, i, t)


cdef void alarm_expired(kernel_t *k, uint32_t i) noexcept nogil:
    # A timer of the wheel, by its number, that sends a signal.
    if i & <uint32_t>TIMER_TABLE == <uint32_t>TIMER_POSIX:
        posix_timer_fn(k, i & ~<uint32_t>TIMER_TABLE, NULL)
    else:
        it_real_fn(k, i & ~<uint32_t>TIMER_TABLE)


# ------------------------------------------------------------------------------------------ taking
cdef bint posixtimer_deliver_signal(kernel_t *k, uint32_t sigq, kernel_siginfo_t *info) noexcept nogil:
    # A timer's signal is taken: it goes on. False: the signal is void.
    cdef uint32_t i = sigqueue_row(k, sigq).timer
    cdef k_itimer_t *timer = k_itimer_row(k, i)
    sigqueue_row(k, sigq).flags &= ~<uint32_t>SIGQUEUE_QUEUED
    if i == 0:
        free_sigqueue(k, sigq)
        return False
    if timer.it_signal_seq != timer.it_sigqueue_seq:
        return False
    if timer.it_interval == 0 or timer.it_status != POSIX_TIMER_REQUEUE_PENDING:
        return True
    timer.it_overrun += hrtimer_forward(&timer.it_expires, clock_now(k, timer.it_clock), timer.it_interval)
    alarm_start(k, i | <uint32_t>TIMER_POSIX, timer.it_expires)
    timer.it_status = POSIX_TIMER_ARMED
    timer.it_overrun_last = timer.it_overrun
    timer.it_overrun = -1
    timer.it_signal_seq += 1
    info.fields[0] = <uint32_t>timer.it_id | <uint64_t>min(timer.it_overrun_last, <int64_t>INT_MAX) << 32
    return True


cdef void posixtimer_sig_ignore(kernel_t *k, uint32_t sigq) noexcept nogil:
    # A timer's signal was pending, and is not any more because it is ignored.
    cdef uint32_t i = sigqueue_row(k, sigq).timer
    sigqueue_row(k, sigq).flags &= ~<uint32_t>SIGQUEUE_QUEUED
    if i == 0:
        free_sigqueue(k, sigq)
    elif k_itimer_row(k, i).it_sig_periodic:
        keep_ignored(k, i)


cdef void flush_timers_of(kernel_t *k, uint64_t *pending, uint32_t *list) noexcept nogil:
    # A number that has other infos too stays pending.
    cdef uint64_t all = ~<uint64_t>0, gone = 0, left = 0
    cdef uint32_t i, kept = 0
    cdef sigqueue_t *q
    while list[0]:
        i = collect_signal(k, sigqueue_row(k, list[0]).info.si_signo, &all, list)
        q = sigqueue_row(k, i)
        if q.info.si_code == SI_TIMER:
            gone |= sigmask(q.info.si_signo)
            free_sigqueue(k, i)
        else:
            left |= sigmask(q.info.si_signo)
            q.next = q.last = q.next_signal = 0
            enqueue_sigqueue(k, &kept, i)
    list[0] = kept
    pending[0] = pending[0] & ~gone | left


cdef void flush_itimer_signals(kernel_t *k, task_t *t) noexcept nogil:
    # At execve: what timers have sent is pending no more. Precondition: the POSIX timers of the process are gone.
    cdef signal_t *s = signal_row(k, t.signal)
    flush_timers_of(k, &t.pending, &t.pending_list)
    flush_timers_of(k, &s.shared_pending, &s.pending_list)
    recalc_sigpending(k, t)


cdef void posixtimer_sig_unignore(kernel_t *k, task_t *t, int sig) noexcept nogil:
    # A signal is no longer ignored: those of timers are pending now, whose signal was ignored last first.
    cdef uint32_t i = itimer_row(k, signal_row(k, t.signal).timers).ignored_posix_timers, next
    cdef k_itimer_t *timer
    cdef task_t *target
    while i:
        timer = k_itimer_row(k, i)
        next = timer.ignored_next
        if sigqueue_row(k, timer.sigq).info.si_signo == sig:
            forget_ignored(k, i)
            target = posixtimer_get_target(k, timer, t)
            if target != NULL:
                queue_timer_signal(k, timer, target)
        i = next


# ------------------------------------------------------------------------------------------ whether to wait for it
cdef bint somebody_sleeps(kernel_t *k) noexcept nogil:
    cdef uint32_t i
    for i in range(1, k.table[T_TASK].high):
        if task_row(k, i).live and task_row(k, i).flags & TASK_ASLEEP:
            return True
    return False


cdef bint runs_or_waits(kernel_t *k, uint32_t leader) noexcept nogil:
    # Whether a thread of a process is a program, or makes a call.
    cdef uint32_t i = leader
    while True:
        if not (task_row(k, i).flags & PF_EXITING) and (
                task_row(k, i).kind != KIND_HAND or task_row(k, i).call.nr >= 0):
            return True
        i = task_row(k, i).thread_next
        if i == leader:
            return False


cdef bint alarm_can_wake(kernel_t *k, uint32_t i, bint others) noexcept nogil:
    # Whether a timer's signal, by its number, is worth waiting for. Where all threads are driven by hand and in no call
    # it may be for somebody else, `others`, who sleeps; but not if it comes again and again.
    cdef bint posix = i & <uint32_t>TIMER_TABLE == <uint32_t>TIMER_POSIX
    cdef k_itimer_t *timer = k_itimer_row(k, i & ~<uint32_t>TIMER_TABLE if posix else 0)
    cdef itimer_t *own = owner_of(k, timer) if posix else itimer_row(k, i & ~<uint32_t>TIMER_TABLE)
    cdef uint32_t leader = group_leader_of(k, own.tgid)
    cdef int64_t interval = timer.it_interval if posix else own.it_real_incr
    cdef int sig = sigqueue_row(k, timer.sigq).info.si_signo if posix else SIGALRM
    if leader == 0:
        return False
    return runs_or_waits(k, leader) or (others and (interval == 0 or sig_fatal(k, task_row(k, leader), sig)))


cdef bint alarms_can_wake(kernel_t *k) noexcept nogil:
    # Mostly the next one can. Precondition: some timer that sends a signal is pending, and no other.
    cdef uint32_t i
    cdef bint others
    if alarm_can_wake(k, k.timer_slot[first_slot(k)].first, False):
        return True
    others = somebody_sleeps(k)
    for i in range(1, k.table[T_ITIMER].high):
        if itimer_row(k, i).real_timer.live and alarm_can_wake(k, i | <uint32_t>TIMER_REAL, others):
            return True
    for i in range(1, k.table[T_K_ITIMER].high):
        if k_itimer_row(k, i).timer.live and alarm_can_wake(k, i | <uint32_t>TIMER_POSIX, others):
            return True
    return False
