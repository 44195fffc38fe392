# Signals: actions, what is queued, sending. Source: kernel/signal.c, include/linux/sched/signal.h.
#
# Every process that has changed no action yet uses the one row `kernel.init_sighand`; `sighand_own` gives it its own at
# the first change, so that fork copies nothing for it. A row has the two sets "ignored" and "caught"; flags, masks and
# addresses are in a run of 64 k_sigaction rows, which it has only if some action is more than SIG_IGN.
#
# What is pending is a set of numbers and a list of infos: one head for each number that has any, in ascending order,
# and behind it the others of its number in the order of sending. So a signal is queued and taken in at most 64 steps,
# however many are queued.


cdef sighand_t *sighand_own(kernel_t *k, task_t *t) noexcept nogil  # NULL: see alloc_errno
cdef uint32_t copy_sighand(kernel_t *k, task_t *t, uint64_t flags) noexcept nogil  # counted, 0: see alloc_errno
cdef void put_sighand(kernel_t *k, uint32_t sighand) noexcept nogil
cdef void flush_signal_handlers(kernel_t *k, uint32_t sighand) noexcept nogil
cdef int64_t set_action(kernel_t *k, task_t *t, int sig, const k_sigaction_t *act) noexcept nogil
cdef void get_action(kernel_t *k, task_t *t, int sig, k_sigaction_t *act) noexcept nogil

cdef void flush_sigqueue(kernel_t *k, uint32_t *list) noexcept nogil
cdef void flush_sigqueue_mask(kernel_t *k, uint64_t mask, uint64_t *pending, uint32_t *list) noexcept nogil
cdef int dequeue_signal(kernel_t *k, task_t *t, uint64_t blocked, kernel_siginfo_t *info) noexcept nogil
cdef bint recalc_sigpending(kernel_t *k, task_t *t) noexcept nogil  # whether TIF_SIGPENDING is set
cdef void change_blocked(kernel_t *k, task_t *t, uint64_t set) noexcept nogil
cdef void retarget_shared_pending(kernel_t *k, task_t *t, uint64_t which) noexcept nogil

cdef void signal_wake_up(kernel_t *k, task_t *t, bint fatal) noexcept nogil
cdef void queue_hand(kernel_t *k, task_t *t) noexcept nogil
cdef uint32_t next_hand(kernel_t *k) noexcept nogil  # takes the first off the list kernel.hand_first; 0: it is empty
cdef void forget_hand(kernel_t *k, task_t *t) noexcept nogil  # off the list
cdef int64_t send_signal(
    kernel_t *k, int sig, const kernel_siginfo_t *info, task_t *t, bint group, bint force
) noexcept nogil  # 0 or -EAGAIN
cdef int64_t send_signal_from(
    kernel_t *k, task_t *t, int sig, kernel_siginfo_t *info, task_t *p, bint group
) noexcept nogil  # as the receiver's namespaces have the sender, which `info` then has too
cdef void send_sig(kernel_t *k, task_t *t, int sig) noexcept nogil  # to itself, as kill would
cdef void send_sig_priv(kernel_t *k, task_t *t, int sig, bint group) noexcept nogil  # from the kernel
cdef void kill_pgrp(kernel_t *k, int32_t pgrp, int sig) noexcept nogil  # to all members of a process group
cdef void force_sig_info(kernel_t *k, task_t *t, kernel_siginfo_t *info, bint fatal) noexcept nogil
cdef void force_sig_fault(kernel_t *k, task_t *t, int sig, int code, uint64_t addr) noexcept nogil
cdef void force_sigsegv(kernel_t *k, task_t *t, int sig) noexcept nogil
cdef void do_notify_parent_cldstop(kernel_t *k, task_t *t, int why) noexcept nogil
cdef bint task_participate_group_stop(kernel_t *k, task_t *t) noexcept nogil
cdef void exit_signals(kernel_t *k, task_t *t) noexcept nogil
cdef bint signal_check(kernel_t *k) noexcept nogil

cdef inline uint64_t real_blocked(kernel_t *k, task_t *t) noexcept nogil:
    return thread_row(k, t.row).real_blocked if unlikely(t.flags & TASK_THREAD) else 0


cdef inline bint nothing_pending(kernel_t *k, task_t *t) noexcept nogil:
    # Whether there is nothing that TIF_SIGPENDING could tell of, whatever is blocked.
    cdef signal_t *s = signal_row(k, t.signal)
    return (t.pending | s.shared_pending == 0 and not (t.flags & (TIF_SIGPENDING | JOBCTL_STOP_PENDING))
            and not (s.flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED)))


cdef inline void set_current_blocked(kernel_t *k, task_t *t, uint64_t set) noexcept nogil:
    if likely(nothing_pending(k, t)):
        t.blocked = set & ~<uint64_t>SIG_KERNEL_ONLY_MASK
    else:
        change_blocked(k, t, set & ~<uint64_t>SIG_KERNEL_ONLY_MASK)


cdef enum:
    SA_IMPLICIT = SA_UNSUPPORTED  # in a row only: the restorer is the library's, and its flag was not asked for
    UAPI_SA_FLAGS = (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND
                     | SA_EXPOSE_TAGBITS | SA_RESTORER)


cdef inline bint signal_pending(task_t *t) noexcept nogil:
    return t.flags & (TIF_SIGPENDING | TASK_BREAK) != 0


cdef inline k_sigaction_t *action_row(kernel_t *k, task_t *t, int sig) noexcept nogil:
    # Precondition: its process has such rows.
    return sigaction_row(k, sighand_row(k, t.sighand).action + <uint32_t>(sig - 1))


cdef inline uint32_t action_flags(kernel_t *k, task_t *t, int sig) noexcept nogil:
    return action_row(k, t, sig).flags if sighand_row(k, t.sighand).action else 0


cdef inline bint sig_ign(kernel_t *k, task_t *t, int sig) noexcept nogil:
    return sigismember(sighand_row(k, t.sighand).ignored, sig)


cdef inline bint sig_dfl(kernel_t *k, task_t *t, int sig) noexcept nogil:
    cdef sighand_t *s = sighand_row(k, t.sighand)
    return not sigismember(s.ignored | s.caught, sig)


cdef inline bint thread_group_empty(task_t *t) noexcept nogil:
    return t.thread_next == t.row


# The fields of the union of a siginfo, by what a signal uses.
cdef inline void info_init(kernel_siginfo_t *info, int sig, int code) noexcept nogil:
    info.si_signo = sig
    info.si_code = code
    info.si_errno = info.pad = 0
    info.fields[0] = info.fields[1] = info.fields[2] = info.fields[3] = 0


cdef inline uint64_t sender(int32_t pid, uint32_t uid) noexcept nogil:
    return <uint32_t>pid | <uint64_t>uid << 32


cdef inline void info_sender(kernel_siginfo_t *info, int32_t pid, uint32_t uid) noexcept nogil:
    info.fields[0] = sender(pid, uid)


cdef inline void info_of_kill(kernel_siginfo_t *info, int sig, uint64_t who) noexcept nogil:
    # As info_init and info_sender.
    set_pair(info, <uint32_t>sig, SI_USER)
    set_pair(info.fields, who, 0)
    set_pair(&info.fields[2], 0, 0)


cdef inline int32_t info_pid(const kernel_siginfo_t *info) noexcept nogil:
    return <int32_t>info.fields[0]


cdef inline uint32_t info_uid(const kernel_siginfo_t *info) noexcept nogil:
    return <uint32_t>(info.fields[0] >> 32)


cdef enum:  # siginfo_layout: what the union of a siginfo holds
    SIL_KILL = 0  # pid, uid
    SIL_TIMER = 1  # timer, overrun, value
    SIL_POLL = 2  # band, fd
    SIL_FAULT = 3  # addr
    SIL_CHLD = 4  # pid, uid, status, utime, stime
    SIL_RT = 5  # pid, uid, value
    SIL_SYS = 6


cdef inline int siginfo_layout(int sig, int code) noexcept nogil:
    if SI_USER < code < SI_KERNEL:
        if sig == SIGCHLD:
            return SIL_CHLD
        if sig == SIGPOLL:
            return SIL_POLL
        if sig == SIGSYS:
            return SIL_SYS
        if 1 <= sig <= NSIG_LAST and sigmask(sig) & <uint64_t>SYNCHRONOUS_MASK:
            return SIL_FAULT
        return SIL_POLL if code <= 6 else SIL_KILL
    if code == SI_TIMER:
        return SIL_TIMER
    if code == SI_SIGIO:
        return SIL_POLL
    return SIL_RT if code < 0 else SIL_KILL
