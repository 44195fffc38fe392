"""Signals sent by the machine, SIG_IGN and the default actions.

Source: kernel/signal.c (send_signal_locked, complete_signal, get_signal, do_sigaction). A signal whose action is to be
ignored is dropped when it is sent. Missing: handlers, masks, queued information, stop and continue.
"""


cdef extern from *:
    int ctzll "__builtin_ctzll"(unsigned long long) nogil


cdef inline uint64_t ignored_by_default() noexcept nogil:
    return sigmask(SIGCHLD) | sigmask(SIGCONT) | sigmask(SIGURG) | sigmask(SIGWINCH)


cdef inline uint64_t ignored_set(kernel_t *k, task_t *t) noexcept nogil:
    if signal_row(k, t.signal).flags & SIGNAL_UNKILLABLE:  # init has no default action
        return ~<uint64_t>0
    return sighand_row(k, t.sighand).ignored | ignored_by_default()


cdef inline void signal_wake_up(kernel_t *k, task_t *t) noexcept nogil:
    t.flags |= TIF_SIGPENDING
    try_to_wake_up(k, task_index(k, t), TASK_INTERRUPTIBLE)


cdef void send_sig(kernel_t *k, task_t *t, int sig) noexcept nogil:
    if t.flags & PF_EXITING or sigmask(sig) & ignored_set(k, t) & ~t.blocked:
        return
    k.counters.signals += 1
    t.pending |= sigmask(sig)
    signal_wake_up(k, t)


cdef void send_sig_process(kernel_t *k, task_t *t, int sig) noexcept nogil:
    # Without handlers and masks any thread that has not ended can take it: the first one does.
    cdef task_t *leader = task_row(k, t.group_leader)
    cdef task_t *taker = leader
    while taker.flags & PF_EXITING:
        taker = task_row(k, taker.thread_next)
        if taker == leader:
            return
    send_sig(k, taker, sig)


cdef void kill_pgrp(kernel_t *k, int32_t pgrp, int sig) noexcept nogil:
    cdef uint32_t i = pid_leader(k, pgrp, PIDTYPE_PGID)
    while i:
        send_sig_process(k, task_row(k, i), sig)
        i = task_row(k, i).pid_next[PIDTYPE_PGID]


cdef int64_t do_signal(kernel_t *k, task_t *t) noexcept nogil:
    # get_signal: deliver what is pending on the way back to user code.
    cdef int sig
    while t.pending & ~t.blocked:
        sig = 1 + ctzll(t.pending & ~t.blocked)
        t.pending &= ~sigmask(sig)
        if sigmask(sig) & ignored_set(k, t):
            continue
        do_group_exit(k, t, sig)
        return -EKILLED
    t.flags &= ~<int>TIF_SIGPENDING
    return 0


cdef void flush_ignored(kernel_t *k, uint32_t sighand) noexcept nogil:
    # What was pending and is ignored from now on is gone, in every thread that shares the actions.
    cdef uint32_t i
    cdef task_t *t
    for i in range(1, k.table[T_TASK].high):
        t = task_row(k, i)
        if t.live and t.sighand == sighand:
            t.pending &= ~ignored_set(k, t)


cdef int64_t do_sigaction(kernel_t *k, task_t *t, int64_t sig, int64_t handler) noexcept nogil:
    cdef sighand_t *actions = sighand_row(k, t.sighand)
    cdef int64_t old
    if sig < 1 or sig > 64 or sig == SIGKILL or sig == SIGSTOP:
        return -EINVAL
    old = SIG_IGN if actions.ignored & sigmask(<int>sig) else SIG_DFL
    if handler == SIG_IGN:
        actions.ignored |= sigmask(<int>sig)
        flush_ignored(k, t.sighand)
    else:
        actions.ignored &= ~sigmask(<int>sig)
    return old
