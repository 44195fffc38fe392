"""Actions of signals, and what is pending. Source: kernel/signal.c (do_sigaction, flush_sigqueue, collect_signal,
dequeue_signal, retarget_shared_pending, __set_task_blocked), kernel/fork.c (copy_sighand).

Invariants: `count` of a sighand is the number of tasks that point here, and one more of `init_sighand`; a number that
is in the list of infos is in the set; each info is charged to a user.
"""


# ------------------------------------------------------------------------------------------ actions
cdef uint32_t new_sighand(kernel_t *k, sighand_t *source) noexcept nogil:
    # A copy, or 0.
    cdef uint32_t i = table_alloc(k, T_SIGHAND, sizeof(sighand_t)), j
    cdef sighand_t *s = sighand_row(k, i)
    if i == 0:
        return 0
    s.count = 1
    s.ignored = source.ignored
    s.caught = source.caught
    if source.action:
        s.action = table_alloc_run(k, T_SIGACTION, 6)
        if s.action == 0:
            table_free(k, T_SIGHAND, i, sizeof(sighand_t))
            return 0
        memcpy(sigaction_row(k, s.action), sigaction_row(k, source.action), 64 * sizeof(k_sigaction_t))
        for j in range(64):
            get_handler(k, sigaction_row(k, s.action + j).code)
    return i


cdef void free_actions(kernel_t *k, sighand_t *s) noexcept nogil:
    cdef uint32_t j
    if s.action == 0:
        return
    for j in range(64):
        put_handler(k, sigaction_row(k, s.action + j).code)
    memset(sigaction_row(k, s.action), 0, 64 * sizeof(k_sigaction_t))
    table_free_run(k, T_SIGACTION, s.action, 6)
    s.action = 0


cdef void put_sighand(kernel_t *k, uint32_t i) noexcept nogil:
    cdef sighand_t *s = sighand_row(k, i)
    s.count -= 1
    if unlikely(s.count == 0):
        free_actions(k, s)
        table_free(k, T_SIGHAND, i, sizeof(sighand_t))


cdef sighand_t *sighand_own(kernel_t *k, task_t *t) noexcept nogil:
    # All threads of the process change over together.
    cdef uint32_t i, first = t.row
    if t.sighand != k.init_sighand:
        return sighand_row(k, t.sighand)
    i = new_sighand(k, sighand_row(k, k.init_sighand))
    if i == 0:
        return NULL
    while True:
        if t.sighand == k.init_sighand:
            t.sighand = i
            sighand_row(k, i).count += 1
            sighand_row(k, k.init_sighand).count -= 1
        if t.thread_next == first:
            break
        t = task_row(k, t.thread_next)
    sighand_row(k, i).count -= 1
    return sighand_row(k, i)


cdef uint32_t copy_sighand(kernel_t *k, task_t *t, uint64_t flags) noexcept nogil:
    # Who shares actions with another process must have some: the default ones are no one's.
    if unlikely(t.sighand == k.init_sighand and flags & (CLONE_SIGHAND | CLONE_THREAD) == CLONE_SIGHAND
                and sighand_own(k, t) == NULL):
        return 0
    if unlikely(t.sighand != k.init_sighand and not (flags & CLONE_SIGHAND)):
        return new_sighand(k, sighand_row(k, t.sighand))
    sighand_row(k, t.sighand).count += 1
    return t.sighand


cdef void flush_signal_handlers(kernel_t *k, uint32_t sighand) noexcept nogil:
    # At execve: what is ignored stays so, everything else is as at first, flags and masks too.
    cdef sighand_t *s = sighand_row(k, sighand)
    free_actions(k, s)
    s.caught = 0


cdef void get_action(kernel_t *k, task_t *t, int sig, k_sigaction_t *act) noexcept nogil:
    cdef sighand_t *s = sighand_row(k, t.sighand)
    memset(act, 0, sizeof(k_sigaction_t))
    if s.action:
        act[0] = sigaction_row(k, s.action + <uint32_t>(sig - 1))[0]
    if sigismember(s.ignored, sig):
        act.handler = SIG_IGN
    elif not sigismember(s.caught, sig):
        act.handler = SIG_DFL


cdef int need_rows(kernel_t *k, sighand_t *s, const k_sigaction_t *act) noexcept nogil:
    # Rows for what the two sets cannot say. 0, or -ENOMEM.
    if s.action or (act.handler <= SIG_IGN and act.flags == 0 and act.mask == 0 and act.restorer == 0):
        return 0
    s.action = table_alloc_run(k, T_SIGACTION, 6)
    return 0 if s.action else -alloc_errno(k, ENOMEM)


cdef int64_t set_action(kernel_t *k, task_t *t, int sig, const k_sigaction_t *act) noexcept nogil:
    # The second half of do_sigaction. 0, or -ENOMEM, which Linux does not know.
    cdef sighand_t *s
    cdef k_sigaction_t *row
    cdef uint32_t code
    cdef bint was_ignored = sig_ign(k, t, sig)
    if t.sighand == k.init_sighand and act.handler == SIG_DFL and act.flags == 0 and act.mask == 0:
        s = sighand_row(k, t.sighand)
    else:
        s = sighand_own(k, t)
    if s == NULL:
        return -alloc_errno(k, ENOMEM)
    if need_rows(k, s, act) < 0:
        return -ENOMEM
    if s.action:
        row = sigaction_row(k, s.action + <uint32_t>(sig - 1))
        code = row.code
        if code == 0 or act.handler != row.handler:
            code = handler_of(k, act.handler)
            get_handler(k, code)
            put_handler(k, row.code)
        row[0] = act[0]
        row.live = 1
        row.code = code
        row.mask = act.mask & ~<uint64_t>SIG_KERNEL_ONLY_MASK
    if s != sighand_row(k, k.init_sighand):
        s.ignored &= ~sigmask(sig)
        s.caught &= ~sigmask(sig)
        if act.handler == SIG_IGN:
            s.ignored |= sigmask(sig)
        elif act.handler != SIG_DFL:
            s.caught |= sigmask(sig)
    if act.handler == SIG_IGN or (act.handler == SIG_DFL and sig_kernel_ignore(sig)):
        flush_everywhere(k, t, sigmask(sig))
    elif was_ignored and signal_row(k, t.signal).timers:
        posixtimer_sig_unignore(k, t, sig)
    return 0


# ------------------------------------------------------------------------------------------ lists of infos
cdef inline void free_sigqueue(kernel_t *k, uint32_t i) noexcept nogil:
    # Precondition: it is on no list.
    cdef uint32_t user = sigqueue_row(k, i).user
    charge_sigpending(k, user, -1)
    free_uid(k, user)
    table_free(k, T_SIGQUEUE, i, sizeof(sigqueue_t))


cdef void enqueue_sigqueue(kernel_t *k, uint32_t *list, uint32_t i) noexcept nogil:
    # Behind the last of its number. Precondition: its links are 0.
    cdef int sig = sigqueue_row(k, i).info.si_signo
    cdef uint32_t *at = list
    cdef sigqueue_t *head
    while at[0] and sigqueue_row(k, at[0]).info.si_signo < sig:
        at = &sigqueue_row(k, at[0]).next_signal
    if at[0] == 0 or sigqueue_row(k, at[0]).info.si_signo > sig:
        sigqueue_row(k, i).last = i
        sigqueue_row(k, i).next_signal = at[0]
        at[0] = i
        return
    head = sigqueue_row(k, at[0])
    sigqueue_row(k, head.last).next = i
    head.last = i


cdef uint32_t collect_signal(kernel_t *k, int sig, uint64_t *pending, uint32_t *list) noexcept nogil:
    # Take the oldest info of a number, 0 if none was kept; the number stays pending if there are more.
    cdef uint32_t *at = list
    cdef uint32_t i, next
    while at[0] and sigqueue_row(k, at[0]).info.si_signo < sig:
        at = &sigqueue_row(k, at[0]).next_signal
    i = at[0]
    if i == 0 or sigqueue_row(k, i).info.si_signo != sig:
        sigdelset(pending, sig)
        return 0
    next = sigqueue_row(k, i).next
    if next:
        sigqueue_row(k, next).last = sigqueue_row(k, i).last
        sigqueue_row(k, next).next_signal = sigqueue_row(k, i).next_signal
        at[0] = next
    else:
        at[0] = sigqueue_row(k, i).next_signal
        sigdelset(pending, sig)
    return i


cdef void flush_sigqueue_mask(kernel_t *k, uint64_t mask, uint64_t *pending, uint32_t *list) noexcept nogil:
    cdef int sig
    cdef uint32_t i
    mask &= pending[0]
    while mask:
        sig = 1 + ctz_set(mask)
        i = collect_signal(k, sig, pending, list)
        if i and sigqueue_row(k, i).flags & SIGQUEUE_PREALLOC:
            posixtimer_sig_ignore(k, i)
        elif i:
            free_sigqueue(k, i)
        mask &= pending[0]


cdef void flush_sigqueue(kernel_t *k, uint32_t *list) noexcept nogil:
    cdef uint64_t all = ~<uint64_t>0
    flush_sigqueue_mask(k, all, &all, list)


cdef void flush_everywhere(kernel_t *k, task_t *t, uint64_t mask) noexcept nogil:
    # Of a process and each of its threads.
    cdef task_t *p = t
    flush_sigqueue_mask(k, mask, &signal_row(k, t.signal).shared_pending, &signal_row(k, t.signal).pending_list)
    while True:
        if p.pending & mask:
            flush_sigqueue_mask(k, mask, &p.pending, &p.pending_list)
        p = task_row(k, p.thread_next)
        if p == t:
            return


# ------------------------------------------------------------------------------------------ taking
cdef inline bint dequeue_from(
    kernel_t *k, uint64_t *pending, uint32_t *list, uint64_t blocked, kernel_siginfo_t *info, uint32_t *timer_sigq
) noexcept nogil:
    # `timer_sigq`: row of the info if that is a timer's own, else 0.
    cdef int sig = next_signal(pending[0], blocked)
    cdef uint32_t i
    timer_sigq[0] = 0
    if sig == 0:
        return False
    i = collect_signal(k, sig, pending, list)
    if i:
        info[0] = sigqueue_row(k, i).info
        if unlikely(sigqueue_row(k, i).flags & SIGQUEUE_PREALLOC):
            timer_sigq[0] = i
        else:
            free_sigqueue(k, i)
    else:  # there was no room for more than the number
        info_init(info, sig, SI_USER)
    return True


cdef int dequeue_signal(kernel_t *k, task_t *t, uint64_t blocked, kernel_siginfo_t *info) noexcept nogil:
    # The next signal that is not blocked, of the thread before those of its process; 0 if there is none.
    cdef signal_t *s = signal_row(k, t.signal)
    cdef uint32_t timer_sigq
    cdef bint found
    while True:
        found = False
        if t.pending & ~blocked:
            found = dequeue_from(k, &t.pending, &t.pending_list, blocked, info, &timer_sigq)
        if not found:
            found = dequeue_from(k, &s.shared_pending, &s.pending_list, blocked, info, &timer_sigq)
            if unlikely(s.timers) and found and info.si_signo == SIGALRM:
                posixtimer_rearm_itimer(k, s.timers)
        recalc_sigpending(k, t)
        if not found:
            return 0
        if likely(timer_sigq == 0) or posixtimer_deliver_signal(k, timer_sigq, info):
            return info.si_signo


cdef bint recalc_sigpending(kernel_t *k, task_t *t) noexcept nogil:
    cdef uint64_t pending = t.pending | signal_row(k, t.signal).shared_pending
    if pending & ~t.blocked or t.flags & JOBCTL_STOP_PENDING or signal_row(k, t.signal).flags & (
            SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED):
        t.flags |= TIF_SIGPENDING
        return True
    t.flags &= ~<int>TIF_SIGPENDING
    return False


cdef void retarget_shared_pending(kernel_t *k, task_t *t, uint64_t which) noexcept nogil:
    # What this thread will not take any more, another one may: it is told.
    cdef uint64_t retarget = signal_row(k, t.signal).shared_pending & which
    cdef task_t *p = task_row(k, t.group_leader)
    while retarget:
        if p != t and not (p.flags & PF_EXITING) and retarget & ~p.blocked:
            retarget &= p.blocked
            if not (p.flags & TIF_SIGPENDING):
                signal_wake_up(k, p, False)
        p = task_row(k, p.thread_next)
        if p.row == t.group_leader:
            return


cdef void change_blocked(kernel_t *k, task_t *t, uint64_t set) noexcept nogil:
    # set_current_blocked, where it may make a difference to what is pending.
    if set == t.blocked:
        return
    if t.flags & TIF_SIGPENDING and not thread_group_empty(t):
        retarget_shared_pending(k, t, set & ~t.blocked)
    t.blocked = set
    recalc_sigpending(k, t)


# ------------------------------------------------------------------------------------------ the end of a task
cdef void exit_signals(kernel_t *k, task_t *t) noexcept nogil:
    # Precondition: PF_EXITING, so that nothing is sent to it. It counts no longer among those that are to stop.
    cdef bint last
    if t.flags & JOBCTL_STOP_PENDING:
        last = task_participate_group_stop(k, t)
        if last and not (signal_row(k, t.signal).flags & SIGNAL_GROUP_EXIT):
            do_notify_parent_cldstop(k, t, CLD_STOPPED)
    if not thread_group_empty(t) and signal_row(k, t.signal).shared_pending:
        retarget_shared_pending(k, t, ~t.blocked)
    flush_sigqueue_mask(k, t.pending, &t.pending, &t.pending_list)
    t.pending = 0
    t.flags &= ~<int>(TIF_SIGPENDING | TIF_RESTORE_SIGMASK | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME)


# ------------------------------------------------------------------------------------------ checks
cdef bint pending_check(kernel_t *k, uint64_t pending, uint32_t list, uint32_t *found) noexcept nogil:
    cdef uint32_t i = list, j, last
    cdef int before = 0
    while i:
        j = last = i
        while j:
            found[0] += 1
            if not check(k, (sigqueue_row(k, j).flags & SIGQUEUE_PREALLOC != 0)
                         == (sigqueue_row(k, j).flags & SIGQUEUE_QUEUED != 0),
                         b"signal: a timer does not know that its signal is pending"):
                return False
            if not check(k, sigqueue_row(k, j).live and sigqueue_row(k, j).info.si_signo
                         == sigqueue_row(k, i).info.si_signo, b"signal: queue of another number"):
                return False
            last = j
            j = sigqueue_row(k, j).next
        if not (check(k, sigqueue_row(k, i).last == last, b"signal: wrong last info")
                and check(k, sigqueue_row(k, i).info.si_signo > before, b"signal: queues out of order")
                and check(k, sigismember(pending, sigqueue_row(k, i).info.si_signo),
                          b"signal: queued but not pending")):
            return False
        before = sigqueue_row(k, i).info.si_signo
        i = sigqueue_row(k, i).next_signal
    return True


cdef bint frames_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, at, frames = 0, handlers = 0, threads = 0
    cdef task_t *t
    for i in range(1, k.table[T_TASK].high):
        t = task_row(k, i)
        if not t.live:
            continue
        threads += t.flags & TASK_THREAD != 0
        at = t.sigframe
        while at:
            if not check(k, sigframe_row(k, at).live != 0, b"signal: frame that is no more"):
                return False
            frames += 1
            handlers += sigframe_row(k, at).handler != 0
            at = sigframe_row(k, at).below
    for i in range(1, k.table[T_SIGACTION].high):
        if sigaction_row(k, i).live:
            handlers += sigaction_row(k, i).code != 0
    for i in range(1, k.table[T_HANDLER].high):
        handlers -= handler_row(k, i).count if handler_row(k, i).live else 0
    return (check(k, frames == k.table[T_SIGFRAME].nlive, b"signal: frames lost")
            and check(k, threads == k.table[T_THREAD].nlive, b"signal: registers of nobody")
            and check(k, handlers == 0, b"signal: handlers miscounted"))


cdef bint signal_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, found = idle_sigqueues(k)
    cdef task_t *t
    for i in range(1, k.table[T_SIGNAL].high):
        if signal_row(k, i).live and not pending_check(k, signal_row(k, i).shared_pending,
                                                       signal_row(k, i).pending_list, &found):
            return False
    for i in range(1, k.table[T_TASK].high):
        t = task_row(k, i)
        if not t.live or t.state == EXIT_DEAD:
            continue
        if not pending_check(k, t.pending, t.pending_list, &found):
            return False
        if not check(k, t.flags & TIF_SIGPENDING != 0 or t.flags & PF_EXITING != 0
                     or not (t.pending | signal_row(k, t.signal).shared_pending) & ~t.blocked
                     or t.state == TASK_STOPPED or not thread_group_empty(t),
                     b"signal: pending, and the task does not know"):
            return False
    return (check(k, found == k.table[T_SIGQUEUE].nlive, b"signal: infos lost")
            and frames_check(k))
