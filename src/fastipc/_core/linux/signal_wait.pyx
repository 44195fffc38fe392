"""Waiting for a signal, and the short way of one to a process that does. Source: kernel/signal.c (do_sigtimedwait).

The record of sigtimedwait: the set in args[0], then what was taken: the union of the info in args[1] to args[4], its
code in out0, its errno in out1.
"""


cdef inline int64_t taken(task_t *t, int sig, const kernel_siginfo_t *info) noexcept nogil:
    memcpy(&t.call.args[1], info.fields, sizeof(info.fields))
    t.call.out0 = info.si_code
    t.call.out1 = info.si_errno
    return sig


cdef void sigtimedwait_info(task_t *t, kernel_siginfo_t *info) noexcept nogil:
    info_init(info, <int>t.call.ret, t.call.out0)
    info.si_errno = t.call.out1
    memcpy(info.fields, &t.call.args[1], sizeof(info.fields))


cdef int64_t do_sigtimedwait(kernel_t *k, task_t *t, uint64_t which, int64_t ns) noexcept nogil:
    # The number; `ns` < 0: no limit. While it sleeps, what it waits for is not blocked.
    cdef uint64_t others = ~(which & ~<uint64_t>SIG_KERNEL_ONLY_MASK)
    cdef kernel_siginfo_t info
    cdef int sig = 0
    if ns < 0 and sigtimedwait_sleep(k, t, which):
        return -ESLEEP
    if (t.pending | signal_row(k, t.signal).shared_pending) & ~others:
        sig = dequeue_signal(k, t, others, &info)
    else:
        recalc_sigpending(k, t)
    if sig:
        return taken(t, sig, &info)
    if ns == 0:
        return -EAGAIN
    task_thread(k, t).real_blocked = t.blocked
    t.blocked &= others
    recalc_sigpending(k, t)
    if ns > 0:
        t.call.deadline = deadline_after(k, ns)
        t.call.flags |= CALL_TIMEOUT
        timer_start(k, t.row, t.call.deadline)
    return sigtimedwait_resume(k, t)


cdef int64_t sigtimedwait_resume(kernel_t *k, task_t *t) noexcept nogil:
    cdef uint64_t others = ~(<uint64_t>t.call.args[0] & ~<uint64_t>SIG_KERNEL_ONLY_MASK), blocked = real_blocked(k, t)
    cdef bint expired = t.call.flags & CALL_EXPIRED != 0
    cdef kernel_siginfo_t info
    cdef int sig
    if not expired and not signal_pending(t):
        t.state = TASK_INTERRUPTIBLE
        return -ESLEEP
    timer_cancel(k, t.row, t)
    t.state = TASK_RUNNING
    thread_row(k, t.row).real_blocked = 0
    set_current_blocked(k, t, blocked)
    sig = dequeue_signal(k, t, others, &info)  # which looks what is pending now
    if sig:
        return taken(t, sig, &info)
    return -EAGAIN if expired else -EINTR


# ------------------------------------------------------------------------------------------ the short way
cdef inline bint waits_for(kernel_t *k, task_t *p, int64_t sig) noexcept nogil:
    # Whether a task sleeps in sigtimedwait until it is sent this signal, which then does nothing but wake it: it was
    # blocked before, so that neither its action nor its default counts.
    return (likely(p.call.nr == NR_rt_sigtimedwait) and p.state == TASK_INTERRUPTIBLE and 1 <= sig <= NSIG_LAST
            and sigmask(sig) & ~<uint64_t>SIG_KERNEL_JOB_MASK & <uint64_t>p.call.args[0] & real_blocked(k, p)
            and not (p.flags & (TIF_SIGPENDING | PF_EXITING | JOBCTL_STOP_PENDING)))


cdef inline bint kill_waiter(kernel_t *k, task_t *t, task_t *p, int64_t sig) noexcept nogil:
    # The short way from kill to who waits for the signal and has none queued. False, with nothing done: this is another
    # case. Precondition: `t` may send it signals, unless that has to be asked of namespaces.
    cdef signal_t *s = signal_row(k, p.signal)
    cdef uint32_t of = current_cred(k, p).user, i
    cdef user_t *user = user_row(k, of)
    cdef uint64_t me = sender(t.tgid, current_cred(k, t).uid)
    cdef sigqueue_t *q
    if (unlikely(not waits_for(k, p, sig) or k.table[T_SIGQUEUE].free[0] == 0)
            or unlikely(k.namespaces | k.inject_any | s.pending_list | sighand_row(k, p.sighand).signalfd_wqh.first
                        | s.flags & SIGNAL_GROUP_EXIT)
            or unlikely(user.sigpending >= rlimit(k, p, RLIMIT_SIGPENDING))):
        return False
    i = table_reuse(k, T_SIGQUEUE, sizeof(sigqueue_t))
    q = sigqueue_row(k, i)
    set_pair(q, 1, <uint64_t>i << 32)  # live, last
    set_pair(&q.next_signal, <uint64_t>of << 32, 0)  # user
    info_of_kill(&q.info, <int>sig, me)
    get_uid(k, of)
    user.sigpending += 1
    s.pending_list = i
    s.shared_pending |= sigmask(sig)
    k.counters.signals += 1
    p.flags |= TIF_SIGPENDING
    ttwu_do_wakeup(k, p)
    return True


cdef inline bint sigtimedwait_sleep(kernel_t *k, task_t *t, uint64_t which) noexcept nogil:
    # Begins to sleep, if nothing is pending that would prevent it, and the row for what was blocked is there.
    cdef signal_t *s = signal_row(k, t.signal)
    cdef uint64_t blocked = t.blocked & ~(which & ~<uint64_t>SIG_KERNEL_ONLY_MASK)
    if ((t.pending | s.shared_pending) & ~blocked or unlikely(not (t.flags & TASK_THREAD))
            or unlikely(signal_pending(t) or t.flags & JOBCTL_STOP_PENDING)
            or unlikely(s.flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED))):
        return False
    thread_row(k, t.row).real_blocked = t.blocked
    t.blocked = blocked
    t.state = TASK_INTERRUPTIBLE
    return True


cdef inline int64_t sigtimedwait_resume_one(kernel_t *k, task_t *t) noexcept nogil:
    # The commonest end of the sleep: one signal has come, and nothing else is pending. -1: sigtimedwait_resume looks.
    cdef signal_t *s = signal_row(k, t.signal)
    cdef uint32_t i = s.pending_list
    cdef sigqueue_t *q = sigqueue_row(k, i)
    cdef user_t *user = user_row(k, q.user)
    cdef uint64_t blocked = thread_row(k, t.row).real_blocked
    cdef int64_t sig = q.info.si_signo
    if (unlikely(i == 0 or s.shared_pending != sigmask(sig))
            or unlikely(t.pending | q.next | q.flags | s.flags | s.timers | t.call.flags | user.ns)
            or unlikely(not sigismember(<uint64_t>t.call.args[0] & blocked, <int>sig) or user.count == 1)
            or unlikely(t.flags & (TASK_BREAK | JOBCTL_STOP_PENDING))
            or unlikely(not thread_group_empty(t))):
        return -1
    s.shared_pending = 0
    s.pending_list = 0
    thread_row(k, t.row).real_blocked = 0
    t.blocked = blocked
    t.flags &= ~<int>TIF_SIGPENDING
    taken(t, <int>sig, &q.info)
    user.sigpending -= 1
    user.count -= 1
    table_free(k, T_SIGQUEUE, i, sizeof(sigqueue_t))
    return sig
