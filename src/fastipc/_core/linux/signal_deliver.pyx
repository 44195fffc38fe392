"""Delivery: default actions, stops, handlers, and what becomes of the call that a signal came in.

Source: kernel/signal.c (get_signal, do_signal_stop, signal_delivered), arch/x86/kernel/signal.c (handle_signal,
arch_do_signal_or_restart), kernel/entry/common.c.
"""


# ------------------------------------------------------------------------------------------ stopping
cdef void start_group_stop(kernel_t *k, task_t *t, int sig) noexcept nogil:
    # All threads that have not stopped yet are told.
    cdef signal_t *s = signal_row(k, t.signal)
    cdef task_t *p = task_row(k, t.group_leader)
    if not (s.flags & SIGNAL_STOP_STOPPED):
        s.group_exit_code = sig
    s.group_stop_count = 0
    while True:
        if not (p.flags & PF_EXITING) and p.state != TASK_STOPPED:
            p.flags |= JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME
            s.group_stop_count += 1
            if p != t:
                signal_wake_up(k, p, False)
        p = task_row(k, p.thread_next)
        if p.row == t.group_leader:
            return


cdef int64_t do_signal_stop(kernel_t *k, task_t *t, int sig) noexcept nogil:
    # -ESLEEP: the task has stopped.
    if not (t.flags & JOBCTL_STOP_PENDING):
        start_group_stop(k, t, sig)
    t.state = TASK_STOPPED
    if task_participate_group_stop(k, t):
        do_notify_parent_cldstop(k, t, CLD_STOPPED)
    return -ESLEEP


# ------------------------------------------------------------------------------------------ taking
cdef inline void tell_parent(kernel_t *k, task_t *t) noexcept nogil:
    cdef signal_t *s = signal_row(k, t.signal)
    cdef int why = CLD_CONTINUED if s.flags & SIGNAL_CLD_CONTINUED else CLD_STOPPED
    s.flags &= ~<uint32_t>(SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED)
    do_notify_parent_cldstop(k, t, why)


cdef inline bint dumps_core(kernel_t *k, task_t *t, int sig) noexcept nogil:
    return sig_kernel_coredump(sig) and rlimit(k, t, RLIMIT_CORE) != 0


cdef int64_t default_action(kernel_t *k, task_t *t, int sig) noexcept nogil:
    # 0: nothing comes of it; -ESLEEP, -EKILLED.
    if sig_kernel_ignore(sig):
        return 0
    if signal_row(k, t.signal).flags & SIGNAL_UNKILLABLE and not sig_kernel_only(sig):
        return 0
    if sig_kernel_stop(sig):
        if sig != SIGSTOP and is_current_pgrp_orphaned(k, t):
            return 0
        return do_signal_stop(k, t, sig)
    do_group_exit(k, t, sig | 0x80 if dumps_core(k, t, sig) else sig)
    return -EKILLED


cdef int64_t get_signal(kernel_t *k, task_t *t, kernel_siginfo_t *info, k_sigaction_t *act) noexcept nogil:
    # The number of a signal that has a handler, 0 if nothing is left to take, -ESLEEP, -EKILLED.
    cdef signal_t *s = signal_row(k, t.signal)
    cdef int64_t ret
    cdef int sig
    while True:
        if unlikely(s.flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED)):
            tell_parent(k, t)
        if unlikely(s.flags & SIGNAL_GROUP_EXIT):
            do_group_exit(k, t, s.group_exit_code)
            return -EKILLED
        if unlikely(t.flags & JOBCTL_STOP_PENDING):
            return do_signal_stop(k, t, 0)
        sig = dequeue_signal(k, t, t.blocked, info)
        if sig == 0:
            return 0
        if sig_ign(k, t, sig):
            continue
        if not sig_dfl(k, t, sig):
            act[0] = action_row(k, t, sig)[0]
            if act.flags & <uint32_t>SA_ONESHOT:
                get_handler(k, act.code)  # until the frame holds it
                set_default(k, t, sig)
            return sig
        ret = default_action(k, t, sig)
        if ret:
            return ret


# ------------------------------------------------------------------------------------------ the interrupted call
cdef inline void call_told(kernel_t *k, task_t *t) noexcept nogil:
    # The call is over for good: counted and traced. What it leaves in the task's memory is left now.
    cdef call_t *c = &t.call
    if c.flags & CALL_TOLD:
        return
    c.flags |= CALL_TOLD
    call_account(k, t, c.nr, c.args[0], c.ret)
    if unlikely(k.tracing):
        trace_push(k, t, c.ret)


cdef inline void interrupted(kernel_t *k, task_t *t, uint32_t sa_flags) noexcept nogil:
    # A handler is to run: the call is made again after it, or has failed.
    cdef call_t *c = &t.call
    cdef bint again = False
    if c.nr < 0 or not (c.flags & CALL_OVER) or c.flags & CALL_TOLD:
        return
    if c.ret <= -ERESTARTSYS:
        again = c.ret == -ERESTARTNOINTR or (c.ret == -ERESTARTSYS and sa_flags & SA_RESTART)
        if again:
            c.flags = c.flags & ~<int>CALL_OVER | CALL_RESTART
            return
        c.ret = -EINTR
        if c.flags & CALL_USER:
            c.ret = user_call_end(k, t, -EINTR)
    call_told(k, t)


cdef inline uint64_t blocked_by(const k_sigaction_t *act, int sig) noexcept nogil:
    # What an action blocks while its handler runs.
    return act.mask | <uint64_t>(act.flags & SA_NODEFER == 0) << (sig - 1)


cdef void handle_signal(
    kernel_t *k, task_t *t, const kernel_siginfo_t *info, const k_sigaction_t *act
) noexcept nogil:
    cdef thread_t *thread = task_thread(k, t)
    cdef bint faulted = siginfo_layout(info.si_signo, info.si_code) == SIL_FAULT
    cdef int sig = info.si_signo
    cdef uint32_t i
    interrupted(k, t, act.flags)
    if t.call.nr >= 0:
        regs_of_call(&thread.regs, &t.call)
    if unlikely(thread.vdso == 0):
        thread.vdso = 1
        map_vdso(k, t)
    i = table_alloc_unset(k, T_SIGFRAME, sizeof(sigframe_t))
    if i:
        sigframe_row(k, i).info = info[0]
    else:
        alloc_errno(k, 0)
    if i == 0 or setup_rt_frame(k, t, thread, i, sigframe_row(k, i), act, sig, thread.regs.ip,
                                sigmask_to_save(t, thread), faulted, False) < 0:
        force_sigsegv(k, t, sig)
    else:
        keep_call(&sigframe_row(k, i).call, &t.call)
        t.flags &= ~<int>TIF_RESTORE_SIGMASK
        set_current_blocked(k, t, t.blocked | blocked_by(act, sig))
        if thread.sas_ss_flags & <uint32_t>SS_AUTODISARM:
            sas_ss_reset(thread)
        if act.code == 0:  # there is no code at this address
            force_sig_fault(k, t, SIGSEGV, SEGV_MAPERR, act.handler)
    if act.flags & <uint32_t>SA_ONESHOT:
        put_handler(k, act.code)


# ------------------------------------------------------------------------------------------ to oneself
cdef inline bint handles_at_once(
    kernel_t *k, task_t *t, int64_t sig, thread_t *thread, sighand_t *h, const k_sigaction_t *act
) noexcept nogil:
    # Whether a signal that this process, of one thread, sends itself is the only one pending, told to nobody else, and
    # has a handler that runs next, of a usual action and not the first of all. Precondition: no namespaces.
    cdef signal_t *s = signal_row(k, t.signal)
    return (1 <= sig < KERNEL_SIGRTMIN
            and sigismember(h.caught & ~(t.blocked | <uint64_t>SIG_KERNEL_JOB_MASK), <int>sig)
            and (t.pending | s.shared_pending | s.timers | h.signalfd_wqh.first
                 | s.flags & ~<uint32_t>SIGNAL_UNKILLABLE) == 0
            and not (t.flags & (TIF_SIGPENDING | TIF_RESTORE_SIGMASK | TASK_BREAK | JOBCTL_STOP_PENDING | PF_EXITING))
            and thread_group_empty(t) and act.code != 0 and thread.vdso != 0
            and not (act.flags & <uint32_t>SA_ONESHOT | thread.sas_ss_flags & <uint32_t>SS_AUTODISARM))


cdef inline bint handle_at_once(
    kernel_t *k, task_t *t, thread_t *thread, int64_t pid, int64_t sig, sigframe_t **frame
) noexcept nogil:
    # The short way from kill to the handler. `frame`: NULL if there was no room for one. False, with nothing done: this
    # is another case. Preconditions: `pid` is the caller's own, nothing is traced.
    cdef sighand_t *h = sighand_row(k, t.sighand)
    cdef const k_sigaction_t *act = sigaction_row(k, h.action + <uint32_t>(sig - 1))
    cdef uint64_t blocked = t.blocked
    cdef uint32_t i
    if (unlikely(k.namespaces | k.inject_any or k.table[T_SIGQUEUE].free[0] == 0 or k.table[T_SIGFRAME].free[0] == 0)
            or not handles_at_once(k, t, sig, thread, h, act)):
        return False
    i = table_reuse(k, T_SIGFRAME, sizeof(sigframe_t))
    frame[0] = sigframe_row(k, i)
    info_of_kill(&frame[0].info, <int>sig, sender(t.tgid, current_cred(k, t).uid))
    k.counters.signals += 1
    call_count(k, t, NR_kill, pid, 0)
    if unlikely(setup_rt_frame(k, t, thread, i, frame[0], act, <int>sig, place_behind(thread.regs.ip), blocked, False,
                               True) < 0):
        frame[0] = NULL
        kill_is_over(&t.call, pid, sig)
        force_sigsegv(k, t, <int>sig)
        return True
    t.blocked = blocked | blocked_by(act, <int>sig)
    return True


cdef bint kill_self_one(kernel_t *k, task_t *t, int64_t pid, int64_t sig) noexcept nogil:
    cdef sigframe_t *f
    return not k.tracing and handle_at_once(k, t, thread_row(k, t.row), pid, sig, &f)


# ------------------------------------------------------------------------------------------ the way back
cdef int64_t exit_to_user_mode(kernel_t *k, task_t *t) noexcept nogil:
    cdef kernel_siginfo_t info
    cdef k_sigaction_t act
    cdef call_t *c = &t.call
    cdef int64_t sig
    while True:
        while t.flags & TIF_SIGPENDING:
            sig = get_signal(k, t, &info, &act)
            if sig == -ESLEEP and t.kind == KIND_HAND and (c.nr < 0 or not (c.flags & CALL_SLEPT)):
                queue_hand(k, t)  # its user code is outside, and is to make no more calls
                break
            if sig < 0:
                return sig
            if sig:
                handle_signal(k, t, &info, &act)
        if c.nr >= 0 and c.flags & CALL_OVER and c.ret <= -ERESTARTSYS:  # no handler has run
            c.flags = c.flags & ~<int>CALL_OVER | CALL_RESTART
        if not (t.flags & TIF_RESTORE_SIGMASK):
            break
        t.flags &= ~<int>TIF_RESTORE_SIGMASK
        set_current_blocked(k, t, thread_row(k, t.row).saved_sigmask)
    if c.nr >= 0 and c.flags & CALL_OVER:
        call_told(k, t)
    if handler_waits(k, t):
        return -EHANDLER
    if c.nr < 0:
        return 0
    if c.flags & CALL_RESTART:
        return -EAGAINCALL
    c.nr = -1
    return c.ret


cdef int64_t exit_work(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # The end of a call in which something is to be done on the way back. One that is broken off from outside ends as by
    # a signal that has no handler.
    if ret <= -ERESTARTSYS and t.flags & TASK_BREAK:
        ret = -EINTR
        if t.call.flags & CALL_USER:
            ret = user_call_end(k, t, ret)
    t.call.ret = ret
    t.call.flags |= CALL_OVER
    return exit_to_user_mode(k, t)
