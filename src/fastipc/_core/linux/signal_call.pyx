"""System calls on signals: actions, sending and who may, masks, waiting for a handler. Source: kernel/signal.c."""


cdef int64_t do_sigaction(
    kernel_t *k, task_t *t, int64_t sig, const k_sigaction_t *act, k_sigaction_t *old
) noexcept nogil:
    # `act`, `old` may be NULL; flags as they come. 0 or -errno.
    cdef k_sigaction_t new
    cdef int64_t err = sigaction_checks(sig, act != NULL)
    if err:
        return err
    if old != NULL:
        get_action(k, t, <int>sig, old)
    if act == NULL:
        return 0
    new = act[0]
    new.flags &= UAPI_SA_FLAGS | SA_IMPLICIT
    return set_action(k, t, <int>sig, &new)


cdef int64_t do_sysv_signal(kernel_t *k, task_t *t, int64_t sig, uint64_t handler) noexcept nogil:
    # __sysv_signal of the C library: once, nothing blocked, nothing restarted.
    cdef k_sigaction_t act, old
    cdef int64_t err
    memset(&act, 0, sizeof(act))
    act.handler = handler
    if handler > SIG_IGN:
        act.flags = <uint32_t>SA_ONESHOT | SA_NOMASK | SA_RESTORER | SA_IMPLICIT
        act.restorer = VDSO_RESTORE
    err = do_sigaction(k, t, sig, &act, &old)
    return err if err < 0 else <int64_t>old.handler


# ------------------------------------------------------------------------------------------ who may send
cdef bint kill_ok_by_cred(kernel_t *k, task_t *t, task_t *p) noexcept nogil:
    cdef cred_t *cred = current_cred(k, t)
    cdef cred_t *other = current_cred(k, p)
    return (cred.euid == other.suid or cred.euid == other.uid or cred.uid == other.suid or cred.uid == other.uid
            or ns_capable(k, t, other.user_ns, CAP_KILL))


cdef int64_t check_kill_permission(kernel_t *k, task_t *t, task_t *p, int32_t sig) noexcept nogil:
    if not valid_signal(sig):
        return -EINVAL
    if p.group_leader == t.group_leader or kill_ok_by_cred(k, t, p):
        return 0
    if sig == SIGCONT and task_session(k, p) == task_session(k, t):
        return 0
    return -EPERM


cdef int64_t group_send_sig_info(
    kernel_t *k, task_t *t, task_t *p, int32_t sig, kernel_siginfo_t *info, bint group
) noexcept nogil:
    # Of a sender in user code. Signal 0 only asks.
    cdef int64_t err = check_kill_permission(k, t, p, sig)
    if err or sig == 0 or p.signal == 0:
        return err
    return send_signal_from(k, t, sig, info, p, group)


# ------------------------------------------------------------------------------------------ kill
cdef int64_t kill_group(kernel_t *k, task_t *t, int32_t pgrp, int32_t sig, kernel_siginfo_t *info) noexcept nogil:
    # Success with one is success; else the last failure, or ESRCH of an empty group.
    cdef uint32_t i = pid_leader(k, pgrp, PIDTYPE_PGID), next
    cdef int64_t ret = -ESRCH, err
    while i:
        next = task_row(k, i).pid_next[PIDTYPE_PGID]
        err = group_send_sig_info(k, t, task_row(k, i), sig, info, True)
        if ret:
            ret = err
        i = next
    return ret


cdef int64_t kill_everybody(kernel_t *k, task_t *t, int32_t sig, kernel_siginfo_t *info) noexcept nogil:
    # All that the caller sees but its init and its own process.
    cdef uint32_t pid
    cdef task_t *p
    cdef int64_t ret = 0, err, count = 0
    for pid in range(2, k.table[T_PID].high):
        p = task_row(k, pid_row(k, pid).task)
        if pid_row(k, pid).task == 0 or p.group_leader != p.row or p.group_leader == t.group_leader:
            continue
        if pid_vnr(k, t, <int32_t>pid) <= 1:
            continue
        err = group_send_sig_info(k, t, p, sig, info, True)
        count += 1
        if err != -EPERM:
            ret = err
    return ret if count else -ESRCH


cdef int64_t do_kill(kernel_t *k, task_t *t, int32_t pid, int32_t sig) noexcept nogil:
    cdef kernel_siginfo_t info
    cdef uint32_t i
    cdef task_t *p = task_row(k, find_task(k, pid))
    if waits_for(k, p, sig) and (t.cred == p.cred or kill_ok_by_cred(k, t, p)) and kill_waiter(k, t, p, sig):
        return 0
    info_init(&info, sig, SI_USER)
    info_sender(&info, pid_vnr(k, t, t.tgid), uid_to_user(k, t, current_cred(k, t).uid))
    if pid > 0:
        i = find_task_by_vpid(k, t, pid)
        return group_send_sig_info(k, t, task_row(k, i), sig, &info, True) if i else -ESRCH
    if pid == INT_MIN:
        return -ESRCH
    if pid == -1:
        return kill_everybody(k, t, sig, &info)
    return kill_group(k, t, <int32_t>find_vpid(k, t, -pid) if pid else task_pgrp(k, t), sig, &info)


# ------------------------------------------------------------------------------------------ one thread
cdef int64_t do_send_specific(
    kernel_t *k, task_t *t, int32_t tgid, int32_t pid, int32_t sig, kernel_siginfo_t *info
) noexcept nogil:
    # To a thread; `tgid` <= 0: of whatever process.
    cdef uint32_t i = find_task_by_vpid(k, t, pid)
    if i == 0 or (tgid > 0 and pid_vnr(k, t, task_row(k, i).tgid) != tgid):
        return -ESRCH
    return group_send_sig_info(k, t, task_row(k, i), sig, info, False)


cdef int64_t do_tkill(kernel_t *k, task_t *t, int32_t tgid, int32_t pid, int32_t sig) noexcept nogil:
    # `tgid` 0: tkill.
    cdef kernel_siginfo_t info
    if pid <= 0 or tgid < 0:
        return -EINVAL
    info_init(&info, sig, SI_TKILL)
    info_sender(&info, pid_vnr(k, t, t.tgid), uid_to_user(k, t, current_cred(k, t).uid))
    return do_send_specific(k, t, tgid, pid, sig, &info)


cdef int64_t do_sigqueueinfo(
    kernel_t *k, task_t *t, int32_t tgid, int32_t pid, int32_t sig, kernel_siginfo_t *info
) noexcept nogil:
    # rt_sigqueueinfo if `tgid` is 0, else rt_tgsigqueueinfo. Only to oneself may one pretend to be the kernel.
    cdef uint32_t i
    info.si_signo = sig
    if tgid and (pid <= 0 or tgid < 0):
        return -EINVAL
    if (info.si_code >= 0 or info.si_code == SI_TKILL) and pid_vnr(k, t, t.pid) != pid:
        return -EPERM
    if tgid:
        return do_send_specific(k, t, tgid, pid, sig, info)
    i = find_task_by_vpid(k, t, pid)
    return group_send_sig_info(k, t, task_row(k, i), sig, info, True) if i else -ESRCH


# ------------------------------------------------------------------------------------------ masks
cdef int64_t do_sigprocmask(kernel_t *k, task_t *t, int64_t how, const uint64_t *set, uint64_t *old) noexcept nogil:
    # `how` is not looked at without a set.
    old[0] = t.blocked
    if set == NULL:
        return 0
    if how == SIG_BLOCK:
        set_current_blocked(k, t, t.blocked | set[0])
    elif how == SIG_UNBLOCK:
        set_current_blocked(k, t, t.blocked & ~set[0])
    elif how == SIG_SETMASK:
        set_current_blocked(k, t, set[0])
    else:
        return -EINVAL
    return 0


cdef uint64_t do_sigpending(kernel_t *k, task_t *t) noexcept nogil:
    return (t.pending | signal_row(k, t.signal).shared_pending) & t.blocked


# ------------------------------------------------------------------------------------------ waiting for a handler
cdef int64_t do_sigsuspend(kernel_t *k, task_t *t, uint64_t set) noexcept nogil:
    task_thread(k, t).saved_sigmask = t.blocked
    set_current_blocked(k, t, set)
    return sigsuspend_resume(k, t)


cdef int64_t sigsuspend_resume(kernel_t *k, task_t *t) noexcept nogil:
    cdef int64_t ret = do_pause(k, t)
    if ret != -ESLEEP:
        t.flags |= TIF_RESTORE_SIGMASK
    return ret


cdef int64_t do_pause(kernel_t *k, task_t *t) noexcept nogil:
    if signal_pending(t):
        t.state = TASK_RUNNING
        return -ERESTARTNOHAND
    t.state = TASK_INTERRUPTIBLE
    return -ESLEEP
