"""Sending: what is dropped, what is queued, who is to take it, who wakes.

Source: kernel/signal.c (prepare_signal, __send_signal_locked, complete_signal, signal_wake_up_state, force_sig_info,
do_notify_parent_cldstop, task_participate_group_stop).
"""


# ------------------------------------------------------------------------------------------ waking
cdef void signal_wake_up(kernel_t *k, task_t *t, bint fatal) noexcept nogil:
    # Only what kills wakes who has stopped. A task that is driven by hand and in no call is in user code.
    t.flags |= TIF_SIGPENDING
    try_to_wake_up(k, t.row, TASK_INTERRUPTIBLE | TASK_STOPPED if fatal else TASK_INTERRUPTIBLE)
    if unlikely(t.kind == KIND_HAND and t.call.nr < 0):
        queue_hand(k, t)


cdef void queue_hand(kernel_t *k, task_t *t) noexcept nogil:
    # What is sent to it is delivered before the call that sends it returns.
    if t.flags & TASK_HAND_QUEUED:
        return
    t.flags |= TASK_HAND_QUEUED
    task_thread(k, t).hand_next = 0
    if k.hand_last:
        thread_row(k, k.hand_last).hand_next = t.row
    else:
        k.hand_first = t.row
    k.hand_last = t.row
    k.attention |= ATT_HAND


cdef uint32_t next_hand(kernel_t *k) noexcept nogil:
    cdef uint32_t task = k.hand_first
    if task == 0:
        k.attention &= ~<uint32_t>ATT_HAND
        return 0
    k.hand_first = thread_row(k, task).hand_next
    if k.hand_first == 0:
        k.hand_last = 0
    task_row(k, task).flags &= ~<int>TASK_HAND_QUEUED
    return task


cdef void forget_hand(kernel_t *k, task_t *t) noexcept nogil:
    cdef uint32_t *at = &k.hand_first
    cdef uint32_t last = 0
    if not (t.flags & TASK_HAND_QUEUED):
        return
    t.flags &= ~<int>TASK_HAND_QUEUED
    while at[0] != t.row:
        last = at[0]
        at = &thread_row(k, at[0]).hand_next
    at[0] = thread_row(k, t.row).hand_next
    if k.hand_last == t.row:
        k.hand_last = last


# ------------------------------------------------------------------------------------------ what is dropped
cdef bint sig_ignored(kernel_t *k, task_t *t, int sig, bint force) noexcept nogil:
    # A blocked signal is never dropped: its action may be another one when it is taken.
    if sigismember(t.blocked | real_blocked(k, t), sig):
        return False
    if (signal_row(k, t.signal).flags & SIGNAL_UNKILLABLE and sig_dfl(k, t, sig)
            and not (force and sig_kernel_only(sig))):
        return True
    return sig_ign(k, t, sig) or (sig_kernel_ignore(sig) and sig_dfl(k, t, sig))


cdef void continue_process(kernel_t *k, task_t *p) noexcept nogil:
    # SIGCONT continues whatever becomes of the signal itself. The first thread that goes on tells the parent.
    cdef signal_t *s = signal_row(k, p.signal)
    cdef task_t *t = task_row(k, p.group_leader)
    cdef uint32_t why = 0
    flush_everywhere(k, p, SIG_KERNEL_STOP_MASK)
    while True:
        t.flags &= ~<int>(JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME)
        if t.state == TASK_STOPPED:
            try_to_wake_up(k, t.row, TASK_STOPPED)
            t.flags |= TIF_SIGPENDING  # to look for what has come meanwhile
            if t.kind == KIND_HAND and t.call.nr < 0:
                queue_hand(k, t)
        t = task_row(k, t.thread_next)
        if t.row == p.group_leader:
            break
    if s.flags & SIGNAL_STOP_STOPPED:
        why = SIGNAL_CLD_CONTINUED
    elif s.group_stop_count:
        why = SIGNAL_CLD_STOPPED
    if why:
        s.flags = s.flags & ~<uint32_t>(SIGNAL_STOP_STOPPED | SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED) | (
            why | SIGNAL_STOP_CONTINUED)
        s.group_stop_count = 0
        s.group_exit_code = 0


cdef bint prepare_signal(kernel_t *k, task_t *p, int sig, bint force) noexcept nogil:
    # False if the signal is dropped. Stop signals and SIGCONT cancel each other in any case.
    if signal_row(k, p.signal).flags & SIGNAL_GROUP_EXIT:
        return False
    if sig_kernel_stop(sig):
        flush_everywhere(k, p, sigmask(SIGCONT))
    elif sig == SIGCONT:
        continue_process(k, p)
    return not sig_ignored(k, p, sig, force)


# ------------------------------------------------------------------------------------------ who takes it
cdef inline bint wants_signal(kernel_t *k, task_t *t, int sig) noexcept nogil:
    if sigismember(t.blocked, sig) or t.flags & PF_EXITING:
        return False
    if sig == SIGKILL:
        return True
    if t.state == TASK_STOPPED:
        return False
    return t.row == k.current or not (t.flags & TIF_SIGPENDING)


cdef inline bint sig_fatal(kernel_t *k, task_t *t, int sig) noexcept nogil:
    return not (sigmask(sig) & <uint64_t>(SIG_KERNEL_IGNORE_MASK | SIG_KERNEL_STOP_MASK)) and sig_dfl(k, t, sig)


cdef void kill_process(kernel_t *k, task_t *p, int sig) noexcept nogil:
    # The process dies of this signal, whatever is sent to it from now on: each of its threads wakes and finds SIGKILL.
    cdef signal_t *s = signal_row(k, p.signal)
    cdef task_t *t = task_row(k, p.group_leader)
    s.flags = s.flags & ~<uint32_t>(SIGNAL_STOP_STOPPED | SIGNAL_STOP_CONTINUED) | SIGNAL_GROUP_EXIT
    s.group_exit_code = sig
    s.group_stop_count = 0
    while True:
        t.flags &= ~<int>(JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME)
        if not (t.flags & PF_EXITING):
            t.pending |= sigmask(SIGKILL)
            signal_wake_up(k, t, True)
        t = task_row(k, t.thread_next)
        if t.row == p.group_leader:
            return


cdef void complete_signal(kernel_t *k, int sig, task_t *p, bint group) noexcept nogil:
    # The thread that it was sent to, the main one for a process, has the first choice; then they take turns.
    cdef signal_t *s = signal_row(k, p.signal)
    cdef task_t *t
    if wants_signal(k, p, sig):
        t = p
    elif not group or thread_group_empty(p):
        return
    else:
        if s.curr_target == 0:
            s.curr_target = p.group_leader
        t = task_row(k, s.curr_target)
        while not wants_signal(k, t, sig):
            t = task_row(k, t.thread_next)
            if t.row == s.curr_target:
                return
        s.curr_target = t.row
    # What an init blocks in one thread only was not dropped: whoever takes it drops it.
    if (sig_fatal(k, p, sig) and not (s.flags & SIGNAL_GROUP_EXIT) and not sigismember(real_blocked(k, t), sig)
            and not sig_kernel_coredump(sig) and (sig == SIGKILL or not (s.flags & SIGNAL_UNKILLABLE))):
        kill_process(k, p, sig)
        return
    signal_wake_up(k, t, sig == SIGKILL)


# ------------------------------------------------------------------------------------------ queueing
cdef inline uint32_t sigqueue_alloc(kernel_t *k, task_t *t, bint override_rlimit) noexcept nogil:
    # Room for an info, charged to the receiver's real user; 0 if the limit or the machine has none.
    cdef uint32_t user = current_cred(k, t).user, i
    if not override_rlimit and (user_row(k, user).sigpending >= rlimit(k, t, RLIMIT_SIGPENDING)
                                or over_limit(k, user, UCOUNT_RLIMIT_SIGPENDING, 1)):
        return 0
    i = table_alloc(k, T_SIGQUEUE, sizeof(sigqueue_t))
    if i == 0:
        alloc_errno(k, 0)
        return 0
    get_uid(k, user)
    charge_sigpending(k, user, 1)
    sigqueue_row(k, i).user = user
    return i


cdef int64_t send_signal(
    kernel_t *k, int sig, const kernel_siginfo_t *info, task_t *t, bint group, bint force
) noexcept nogil:
    # Precondition: the task has not been released. `force`: also to init, from where it must obey.
    cdef signal_t *s = signal_row(k, t.signal)
    cdef uint64_t *pending = &s.shared_pending if group else &t.pending
    cdef uint32_t *list = &s.pending_list if group else &t.pending_list
    cdef uint32_t i = 0
    if not prepare_signal(k, t, sig, force):
        return 0
    if sig < KERNEL_SIGRTMIN and sigismember(pending[0], sig):  # legacy_queue: the first one is kept
        return 0
    if sig != SIGKILL:
        i = sigqueue_alloc(k, t, sig < KERNEL_SIGRTMIN and info.si_code >= 0)
        if i == 0 and sig >= KERNEL_SIGRTMIN and info.si_code != SI_USER and info.si_code != SI_KERNEL:
            return -EAGAIN
    if i:
        sigqueue_row(k, i).info = info[0]
        sigqueue_row(k, i).info.si_signo = sig
        enqueue_sigqueue(k, list, i)
    k.counters.signals += 1
    signalfd_notify(k, t)
    sigaddset(pending, sig)
    complete_signal(k, sig, t, group)
    return 0


cdef bint tell_namespaces(kernel_t *k, task_t *t, int sig, kernel_siginfo_t *info, task_t *p) noexcept nogil:
    # The sender, as whoever receives the signal sees it. True: it comes from an ancestor's namespace, or the kernel's.
    cdef int layout = siginfo_layout(sig, info.si_code)
    cdef uint32_t mine = current_user_ns(k, t), its = current_user_ns(k, p)
    if layout != SIL_KILL and layout != SIL_CHLD and layout != SIL_RT:
        return False
    if mine != its:
        info_sender(info, info_pid(info), from_kuid_munged(k, its, make_kuid(k, mine, info_uid(info))))
    if pid_nr_ns(k, t.pid, task_active_pid_ns(k, p)):
        return info.si_code == SI_KERNEL
    info_sender(info, 0, info_uid(info))
    return True


cdef int64_t send_signal_from(
    kernel_t *k, task_t *t, int sig, kernel_siginfo_t *info, task_t *p, bint group
) noexcept nogil:
    cdef bint force = unlikely(k.namespaces != 0) and tell_namespaces(k, t, sig, info, p)
    return send_signal(k, sig, info, p, group, force)


cdef void send_sig(kernel_t *k, task_t *t, int sig) noexcept nogil:
    # send_sig(sig, current, 0): SEND_SIG_NOINFO.
    cdef kernel_siginfo_t info
    if t.flags & PF_EXITING:
        return
    info_init(&info, sig, SI_USER)
    info_sender(&info, pid_vnr(k, t, t.tgid), uid_to_user(k, t, current_cred(k, t).uid))
    send_signal(k, sig, &info, t, False, False)


cdef void send_sig_priv(kernel_t *k, task_t *t, int sig, bint group) noexcept nogil:
    cdef kernel_siginfo_t info
    info_init(&info, sig, SI_KERNEL)
    send_signal(k, sig, &info, t, group, True)


cdef void kill_pgrp(kernel_t *k, int32_t pgrp, int sig) noexcept nogil:
    cdef uint32_t i = pid_leader(k, pgrp, PIDTYPE_PGID)
    while i:
        send_sig_priv(k, task_row(k, i), sig, True)
        i = task_row(k, i).pid_next[PIDTYPE_PGID]


# ------------------------------------------------------------------------------------------ forced upon a task
cdef void set_default(kernel_t *k, task_t *t, int sig) noexcept nogil:
    # The action is the default one again. Nothing can fail: a process without rows of its own is at the default.
    cdef sighand_t *s = sighand_row(k, t.sighand)
    if sigismember(s.caught, sig):
        put_handler(k, action_row(k, t, sig).code)
        action_row(k, t, sig).code = 0
        action_row(k, t, sig).handler = SIG_DFL
    s.caught &= ~sigmask(sig)
    s.ignored &= ~sigmask(sig)


cdef void force_sig_info(kernel_t *k, task_t *t, kernel_siginfo_t *info, bint fatal) noexcept nogil:
    # What a task has brought upon itself: blocked or ignored it kills, and `fatal` it kills in any case.
    cdef int sig = info.si_signo
    if fatal or sigismember(t.blocked, sig) or sig_ign(k, t, sig):
        set_default(k, t, sig)
        sigdelset(&t.blocked, sig)
    if sig_dfl(k, t, sig):
        signal_row(k, t.signal).flags &= ~<uint32_t>SIGNAL_UNKILLABLE
    send_signal(k, sig, info, t, False, True)
    recalc_sigpending(k, t)


cdef void force_sig_fault(kernel_t *k, task_t *t, int sig, int code, uint64_t addr) noexcept nogil:
    cdef kernel_siginfo_t info
    task_thread(k, t).fault = addr & ((<uint64_t>1 << 48) - 1) | <uint64_t>sig << 48 | <uint64_t>code << 56
    info_init(&info, sig, code)
    info.fields[0] = addr
    force_sig_info(k, t, &info, False)


cdef void force_sigsegv(kernel_t *k, task_t *t, int sig) noexcept nogil:
    # The frame for a handler of `sig` could not be set up: if that was SIGSEGV's own, there is no other way out.
    cdef kernel_siginfo_t info
    info_init(&info, SIGSEGV, SI_KERNEL)
    force_sig_info(k, t, &info, sig == SIGSEGV)


# ------------------------------------------------------------------------------------------ stop and continue
cdef bint task_participate_group_stop(kernel_t *k, task_t *t) noexcept nogil:
    # Whether it was the last that had to stop.
    cdef signal_t *s = signal_row(k, t.signal)
    cdef bint consume = t.flags & JOBCTL_STOP_CONSUME != 0
    t.flags &= ~<int>(JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME)
    if not consume:
        return False
    if s.group_stop_count:
        s.group_stop_count -= 1
    if s.group_stop_count or s.flags & SIGNAL_STOP_STOPPED:
        return False
    s.flags = s.flags & ~<uint32_t>(SIGNAL_STOP_CONTINUED | SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED
                                    ) | SIGNAL_STOP_STOPPED
    return True


cdef void do_notify_parent_cldstop(kernel_t *k, task_t *t, int why) noexcept nogil:
    # SIGCHLD, unless the parent ignores it or does not want to hear of stops; who waits wakes in any case.
    cdef task_t *leader = task_row(k, t.group_leader)
    cdef task_t *parent = task_row(k, leader.real_parent)
    cdef kernel_siginfo_t info
    if leader.real_parent == 0:
        return
    info_init(&info, SIGCHLD, why)
    info_sender(&info, pid_vnr(k, parent, leader.pid), uid_to_user(k, parent, current_cred(k, leader).uid))
    info.fields[1] = SIGCONT if why == CLD_CONTINUED else signal_row(k, t.signal).group_exit_code & 0x7f
    if not sig_ign(k, parent, SIGCHLD) and not (action_flags(k, parent, SIGCHLD) & SA_NOCLDSTOP):
        send_signal_from(k, leader, SIGCHLD, &info, parent, True)
    wake_up_parent(k, leader)
