"""Calls on signals: how they are recorded, as compiled programs make them, and raw. Source: kernel/signal.c."""


cdef enum:
    SIGSET_SIZE = 8


# ------------------------------------------------------------------------------------------ recorded
cdef int64_t call_sigaction(
    kernel_t *k, task_t *t, int64_t sig, bint sets, uint64_t handler, uint64_t mask, uint32_t flags
) noexcept nogil:
    # The restorer is the library's, as __libc_sigaction gives it.
    cdef k_sigaction_t act, old
    cdef int64_t err
    call_begin_args(t, NR_rt_sigaction, sig, <int64_t>handler, flags, <int64_t>mask)
    memset(&act, 0, sizeof(act))
    act.handler = handler
    act.mask = mask
    act.flags = flags & ~<uint32_t>SA_IMPLICIT
    if handler > SIG_IGN or flags & SA_RESTORER:
        act.flags |= SA_RESTORER | (0 if flags & SA_RESTORER else SA_IMPLICIT)
        act.restorer = VDSO_RESTORE
    err = do_sigaction(k, t, sig, &act if sets else NULL, &old)
    if err == 0:
        t.call.args[1] = <int64_t>old.handler
        t.call.args[2] = old.flags & ~<uint32_t>(SA_IMPLICIT | (SA_RESTORER if old.flags & SA_IMPLICIT else 0))
        t.call.args[3] = <int64_t>old.mask
    return err


cdef int64_t call_sysv_signal(kernel_t *k, task_t *t, int64_t sig, uint64_t handler) noexcept nogil:
    # 0, the old address in args[1]; or -errno.
    cdef int64_t old
    call_begin_args(t, NR_rt_sigaction, sig, <int64_t>handler, 0, 0)
    old = do_sysv_signal(k, t, sig, handler)
    if old >= 0:
        t.call.args[1] = old
    return min(old, <int64_t>0)


cdef int64_t call_sigprocmask(kernel_t *k, task_t *t, int64_t how, bint sets, uint64_t set) noexcept nogil:
    call_begin(t, NR_rt_sigprocmask)
    t.call.args[0] = how
    t.call.args[1] = <int64_t>set
    t.call.args[2] = 0
    return do_sigprocmask(k, t, how, &set if sets else NULL, <uint64_t *>&t.call.args[3])


cdef int64_t call_sigpending(kernel_t *k, task_t *t) noexcept nogil:
    call_begin_args(t, NR_rt_sigpending, 0, 0, 0, <int64_t>do_sigpending(k, t))
    return 0


# A pid or a signal that is no C int is none that there could be.
cdef inline int32_t pid_arg(int64_t pid) noexcept nogil:
    return <int32_t>pid if <int32_t>pid == pid else <int32_t>INT_MIN


cdef inline int32_t sig_arg(int64_t sig) noexcept nogil:
    return <int32_t>sig if <int32_t>sig == sig else -1


cdef inline void kill_begin(task_t *t, int64_t pid, int64_t sig) noexcept nogil:
    # The short way to a handler keeps such a record, with nothing in it of the call before.
    memset(&t.call, 0, sizeof(call_t))
    t.call.nr = NR_kill
    t.call.args[0] = pid
    t.call.args[1] = sig


cdef int64_t call_kill(kernel_t *k, task_t *t, int64_t pid, int64_t sig) noexcept nogil:
    kill_begin(t, pid, sig)
    return do_kill(k, t, pid_arg(pid), sig_arg(sig))


cdef int64_t call_tkill(kernel_t *k, task_t *t, int64_t tid, int64_t sig) noexcept nogil:
    call_begin_args(t, NR_tkill, tid, sig, 0, 0)
    return do_tkill(k, t, 0, pid_arg(tid), sig_arg(sig))


cdef int64_t call_tgkill(kernel_t *k, task_t *t, int64_t tgid, int64_t tid, int64_t sig) noexcept nogil:
    call_begin_args(t, NR_tgkill, tgid, tid, sig, 0)
    if pid_arg(tgid) <= 0:
        return -EINVAL
    return do_tkill(k, t, pid_arg(tgid), pid_arg(tid), sig_arg(sig))


cdef int64_t call_sigqueueinfo(
    kernel_t *k, task_t *t, int32_t nr, int64_t tgid, int64_t pid, int64_t sig, const kernel_siginfo_t *info
) noexcept nogil:
    cdef kernel_siginfo_t copy = info[0]
    if nr == NR_rt_sigqueueinfo:
        call_begin_args(t, nr, pid, sig, 0, 0)
        return do_sigqueueinfo(k, t, 0, pid_arg(pid), sig_arg(sig), &copy)
    call_begin_args(t, nr, tgid, pid, sig, 0)
    if pid_arg(tgid) <= 0:
        return -EINVAL
    return do_sigqueueinfo(k, t, pid_arg(tgid), pid_arg(pid), sig_arg(sig), &copy)


cdef int64_t call_sigqueue(kernel_t *k, task_t *t, int64_t pid, int64_t sig, uint64_t value) noexcept nogil:
    # sigqueue of the C library.
    cdef kernel_siginfo_t info
    info_init(&info, sig_arg(sig), SI_QUEUE)
    info_sender(&info, pid_vnr(k, t, t.tgid), uid_to_user(k, t, current_cred(k, t).uid))
    info.fields[1] = value
    return call_sigqueueinfo(k, t, NR_rt_sigqueueinfo, 0, pid, sig, &info)


cdef int64_t call_sigsuspend(kernel_t *k, task_t *t, uint64_t set) noexcept nogil:
    call_begin_args(t, NR_rt_sigsuspend, <int64_t>set, 0, 0, 0)
    return do_sigsuspend(k, t, set)


cdef int64_t call_pause(kernel_t *k, task_t *t) noexcept nogil:
    call_begin_args(t, NR_pause, 0, 0, 0, 0)
    return do_pause(k, t)


cdef inline void sigtimedwait_begin(task_t *t, int64_t set, int64_t ns) noexcept nogil:
    call_begin(t, NR_rt_sigtimedwait)
    t.call.args[0] = set
    t.call.args[1] = ns


cdef int64_t call_sigtimedwait(kernel_t *k, task_t *t, uint64_t set, int64_t ns) noexcept nogil:
    sigtimedwait_begin(t, <int64_t>set, ns)
    return do_sigtimedwait(k, t, set, ns)


cdef int64_t call_signalfd4(kernel_t *k, task_t *t, int64_t fd, uint64_t set, int64_t flags) noexcept nogil:
    call_begin_args(t, NR_signalfd4, fd, <int64_t>set, flags, 0)
    return do_signalfd4(k, t, <int32_t>fd if <int32_t>fd == fd else -2, set, <int32_t>flags)


cdef int64_t call_sigaltstack(kernel_t *k, task_t *t, const stack_t *ss, stack_t *old) noexcept nogil:
    call_begin_args(t, NR_sigaltstack, 0, 0, 0, 0)
    return do_sigaltstack(k, t, ss, old)


# ------------------------------------------------------------------------------------------ rows of SIGINFO
cdef inline void info_to_host(const kernel_siginfo_t *info, siginfo_t *to) noexcept nogil:
    # A row of the host has a place for each field that C has in the union; what does not apply is 0.
    cdef bint plain = likely(info.si_code == SI_USER)
    memcpy(to, info, 4 * sizeof(int32_t))  # signo, error, code
    set_pair(&to.pid, info.fields[0] if plain else 0, 0)  # pid, uid, status
    memset(&to.utime, 0, sizeof(siginfo_t) - 32)
    if not plain:
        union_to_host(info, to)


cdef void union_to_host(const kernel_siginfo_t *info, siginfo_t *to) noexcept nogil:
    cdef int layout = siginfo_layout(info.si_signo, info.si_code)
    if layout == SIL_FAULT:
        to.addr = info.fields[0]
    elif layout == SIL_POLL:
        to.band = <int64_t>info.fields[0]
        to.fd = <int32_t>info.fields[1]
    elif layout == SIL_TIMER:
        to.timerid = <int32_t>info.fields[0]
        to.overrun = <int32_t>(info.fields[0] >> 32)
        to.value = <int64_t>info.fields[1]
    else:
        to.pid = info_pid(info)
        to.uid = info_uid(info)
        if layout == SIL_RT:
            to.value = <int64_t>info.fields[1]
        elif layout == SIL_CHLD:
            to.status = <int32_t>info.fields[1]


cdef void info_from_host(const siginfo_t *info, int sig, kernel_siginfo_t *to) noexcept nogil:
    # What a call that sends `sig` is told of it; the row's own number does not count. A status lies where a value does.
    cdef int layout = siginfo_layout(sig, info.code)
    info_init(to, sig, info.code)
    to.si_errno = info.error
    if layout == SIL_FAULT:
        to.fields[0] = info.addr
    elif layout == SIL_POLL:
        to.fields[0] = <uint64_t>info.band
        to.fields[1] = <uint32_t>info.fd
    elif layout == SIL_TIMER:
        to.fields[0] = <uint32_t>info.timerid | <uint64_t>info.overrun << 32
        to.fields[1] = <uint64_t>info.value
    else:
        info_sender(to, info.pid, info.uid)
        to.fields[1] = <uint32_t>info.status if layout == SIL_CHLD and info.status else <uint64_t>info.value


cdef void put_sigtimedwait(task_t *t, siginfo_t *info) noexcept nogil:
    cdef kernel_siginfo_t taken
    sigtimedwait_info(t, &taken)
    info_to_host(&taken, info)


# ------------------------------------------------------------------------------------------ of compiled programs
cdef int64_t sys_handler(kernel_t *k, task_t *t, int64_t entry, int64_t layout) noexcept nogil:
    # No system call: the address at which a compiled handler stands, made at its first use. `layout`: native_handler_t
    # with the record behind it, which stays where it is.
    cdef native_handler_t *native = <native_handler_t *>layout
    cdef uint32_t i
    if native.entry == NULL:
        native.entry = <entry_t>entry
    for i in range(1, k.table[T_HANDLER].high):
        if handler_row(k, i).live and k.handlers[i] == native:
            return <int64_t>handler_address(i)
    i = table_alloc(k, T_HANDLER, sizeof(handler_t))
    if i == 0:
        return 0
    k.handlers[i] = native
    return <int64_t>handler_address(i)


cdef int64_t sys_sigaction(
    kernel_t *k, task_t *t, int64_t sig, int64_t sets, int64_t handler, int64_t mask, int64_t flags
) noexcept nogil:
    cdef int64_t ret
    check_stack(k)
    ret = call_sigaction(k, t, sig, sets != 0, <uint64_t>handler, <uint64_t>mask, <uint32_t>flags)
    handler_unused(k, <uint64_t>handler)
    return syscall_exit(k, t, ret)


cdef int64_t sys_signal(kernel_t *k, task_t *t, int64_t sig, int64_t handler) noexcept nogil:
    cdef int64_t ret
    check_stack(k)
    ret = call_sysv_signal(k, t, sig, <uint64_t>handler)
    handler_unused(k, <uint64_t>handler)
    ret = syscall_exit(k, t, ret)
    return ret if ret < 0 else t.call.args[1]


cdef int64_t sys_sigprocmask(kernel_t *k, task_t *t, int64_t how, int64_t sets, int64_t set) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_sigprocmask(k, t, how, sets != 0, <uint64_t>set))


cdef int64_t sys_sigpending(kernel_t *k, task_t *t) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_sigpending(k, t))


cdef int64_t sys_kill(kernel_t *k, task_t *t, int64_t pid, int64_t sig) noexcept nogil:
    return kill_self(k, t, pid, sig) if pid == t.tgid else kill_other(k, t, pid, sig)


cdef int64_t kill_other(kernel_t *k, task_t *t, int64_t pid, int64_t sig) noexcept nogil:
    cdef task_t *p = task_row(k, find_task(k, pid))
    if express(k, t) and likely(t.cred == p.cred and kill_waiter(k, t, p, sig)):
        call_account(k, t, NR_kill, pid, 0)
        return 0
    return kill_slow(k, t, pid, sig)


cdef int64_t kill_slow(kernel_t *k, task_t *t, int64_t pid, int64_t sig) noexcept nogil:
    express_over(k)
    check_stack(k)
    return syscall_exit(k, t, call_kill(k, t, pid, sig))


cdef int64_t kill_self(kernel_t *k, task_t *t, int64_t pid, int64_t sig) noexcept nogil:
    # The handler runs before the call is over.
    cdef thread_t *thread = thread_row(k, t.row)
    cdef native_handler_t *native
    cdef sigframe_t *f
    cdef int64_t ret
    if not express(k, t) or not handle_at_once(k, t, thread, pid, sig, &f):
        return kill_slow(k, t, pid, sig)
    if unlikely(f == NULL):
        return syscall_exit_work(k, t, exit_to_user_mode(k, t))
    native = <native_handler_t *>k.handlers[f.handler]
    if unlikely(native == NULL):
        return syscall_exit_work(k, t, -EHANDLER)
    f.started = 1
    run_native_handler(k, t, native, f)
    ret = sigreturn(k, t, thread, f, True)
    return syscall_exit_work(k, t, ret) if unlikely(exit_code(ret)) else ret


cdef int64_t sys_tkill(kernel_t *k, task_t *t, int64_t tid, int64_t sig) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_tkill(k, t, tid, sig))


cdef int64_t sys_tgkill(kernel_t *k, task_t *t, int64_t tgid, int64_t tid, int64_t sig) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_tgkill(k, t, tgid, tid, sig))


cdef int64_t sys_sigqueue(kernel_t *k, task_t *t, int64_t pid, int64_t sig, int64_t value) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_sigqueue(k, t, pid, sig, <uint64_t>value))


cdef int64_t sys_rt_sigqueueinfo(kernel_t *k, task_t *t, int64_t pid, int64_t sig, int64_t info) noexcept nogil:
    cdef kernel_siginfo_t known
    check_stack(k)
    info_from_host(<const siginfo_t *>info, <int>sig, &known)
    return syscall_exit(k, t, call_sigqueueinfo(k, t, NR_rt_sigqueueinfo, 0, pid, sig, &known))


cdef int64_t sys_rt_tgsigqueueinfo(
    kernel_t *k, task_t *t, int64_t tgid, int64_t tid, int64_t sig, int64_t info
) noexcept nogil:
    cdef kernel_siginfo_t known
    check_stack(k)
    info_from_host(<const siginfo_t *>info, <int>sig, &known)
    return syscall_exit(k, t, call_sigqueueinfo(k, t, NR_rt_tgsigqueueinfo, tgid, tid, sig, &known))


cdef int64_t sys_sigsuspend(kernel_t *k, task_t *t, int64_t set) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_sigsuspend(k, t, <uint64_t>set))


cdef int64_t sys_pause(kernel_t *k, task_t *t) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_pause(k, t))


cdef int64_t sys_sigtimedwait(kernel_t *k, task_t *t, int64_t set, int64_t info, int64_t ns) noexcept nogil:
    # `info`: a siginfo_t, or 0. `ns` is -1 for no limit, and less if it was negative.
    if unlikely(info != 0):
        return sigtimedwait_told(k, t, set, info, ns)
    if likely(express(k, t) and ns == -1 and sigtimedwait_sleep(k, t, <uint64_t>set)):
        sigtimedwait_begin(t, set, ns)
        return coroutine_wait_signal(k, t)
    return sigtimedwait_slow(k, t, set, ns)


cdef int64_t sigtimedwait_told(kernel_t *k, task_t *t, int64_t set, int64_t info, int64_t ns) noexcept nogil:
    cdef int64_t ret = sys_sigtimedwait(k, t, set, 0, ns)
    if ret > 0:
        put_sigtimedwait(t, <siginfo_t *>info)
    return ret


cdef int64_t sigtimedwait_slow(kernel_t *k, task_t *t, int64_t set, int64_t ns) noexcept nogil:
    express_over(k)
    check_stack(k)
    if ns < -1:
        call_begin_args(t, NR_rt_sigtimedwait, set, ns, 0, 0)
        return syscall_exit(k, t, -EINVAL)
    return syscall_exit(k, t, call_sigtimedwait(k, t, <uint64_t>set, ns))


cdef int64_t sys_sigaltstack(kernel_t *k, task_t *t, int64_t ss, int64_t old) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_sigaltstack(k, t, <const stack_t *>ss, <stack_t *>old))


# ------------------------------------------------------------------------------------------ raw
cdef int64_t raw_rt_sigaction(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    # struct kernel_sigaction: handler, flags, restorer, mask.
    cdef uint64_t[4] words
    cdef k_sigaction_t act, old
    cdef int64_t err
    memset(&act, 0, sizeof(act))
    memset(words, 0, sizeof(words))
    call_begin_args(t, NR_rt_sigaction, raw_int(a[0]), 0, 0, 0)
    if a[3] != SIGSET_SIZE:
        return -EINVAL
    if a[1] and get_user(k, t, words, a[1], sizeof(words)):
        return -EFAULT
    t.call.args[1] = <int64_t>words[0]
    act.handler = words[0]
    act.flags = <uint32_t>words[1] & ~<uint32_t>SA_IMPLICIT
    act.restorer = words[2]
    act.mask = words[3]
    err = do_sigaction(k, t, raw_int(a[0]), &act if a[1] else NULL, &old)
    if err or a[2] == 0:
        return err
    words[0] = old.handler
    words[1] = old.flags & ~<uint32_t>SA_IMPLICIT
    words[2] = old.restorer
    words[3] = old.mask
    return put_user(k, t, a[2], words, sizeof(words))


cdef int64_t raw_rt_sigprocmask(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef uint64_t set = 0
    cdef int64_t err
    call_begin_args(t, NR_rt_sigprocmask, raw_int(a[0]), 0, 0, 0)
    if a[3] != SIGSET_SIZE:
        return -EINVAL
    if a[1] and get_user(k, t, &set, a[1], SIGSET_SIZE):
        return -EFAULT
    t.call.args[1] = <int64_t>set
    err = do_sigprocmask(k, t, raw_int(a[0]), &set if a[1] else NULL, <uint64_t *>&t.call.args[3])
    if err or a[2] == 0:
        return err
    return put_user(k, t, a[2], &t.call.args[3], SIGSET_SIZE)


cdef int64_t raw_rt_sigpending(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_sigpending(k, t)
    if a[1] > SIGSET_SIZE:
        return -EINVAL
    return put_user(k, t, a[0], &t.call.args[3], <int64_t>a[1])


cdef int64_t raw_rt_sigsuspend(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef uint64_t set = 0
    call_begin_args(t, NR_rt_sigsuspend, 0, 0, 0, 0)
    if a[1] != SIGSET_SIZE:
        return -EINVAL
    if get_user(k, t, &set, a[0], SIGSET_SIZE):
        return -EFAULT
    return call_sigsuspend(k, t, set)


cdef int64_t raw_pause(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_pause(k, t)


cdef int64_t raw_kill(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_kill(k, t, raw_int(a[0]), raw_int(a[1]))


cdef int64_t raw_tkill(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_tkill(k, t, raw_int(a[0]), raw_int(a[1]))


cdef int64_t raw_tgkill(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_tgkill(k, t, raw_int(a[0]), raw_int(a[1]), raw_int(a[2]))


cdef int64_t raw_rt_sigqueueinfo(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef kernel_siginfo_t info
    call_begin_args(t, NR_rt_sigqueueinfo, raw_int(a[0]), raw_int(a[1]), 0, 0)
    if get_user(k, t, &info, a[2], sizeof(info)):
        return -EFAULT
    return call_sigqueueinfo(k, t, NR_rt_sigqueueinfo, 0, raw_int(a[0]), raw_int(a[1]), &info)


cdef int64_t raw_rt_tgsigqueueinfo(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef kernel_siginfo_t info
    call_begin_args(t, NR_rt_tgsigqueueinfo, raw_int(a[0]), raw_int(a[1]), raw_int(a[2]), 0)
    if get_user(k, t, &info, a[3], sizeof(info)):
        return -EFAULT
    return call_sigqueueinfo(k, t, NR_rt_tgsigqueueinfo, raw_int(a[0]), raw_int(a[1]), raw_int(a[2]), &info)


cdef int64_t raw_rt_sigtimedwait(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef uint64_t set = 0
    cdef int64_t[2] time
    cdef int64_t ns = -1
    call_begin_args(t, NR_rt_sigtimedwait, 0, 0, 0, 0)
    if a[3] != SIGSET_SIZE:
        return -EINVAL
    if get_user(k, t, &set, a[0], SIGSET_SIZE) or (a[2] and get_user(k, t, time, a[2], 16)):
        return -EFAULT
    if a[2]:
        ns = time_to_ns(time[0], time[1])
        if ns < 0:
            return -EINVAL
    call_begin(t, NR_rt_sigtimedwait)
    user_result(t, a[1])
    t.call.args[0] = <int64_t>set
    return do_sigtimedwait(k, t, set, ns)


cdef int64_t sigtimedwait_end(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    cdef char[128] info
    if ret <= 0 or t.call.iter.offset == 0:
        return ret
    t.call.ret = ret
    memset(info, 0, sizeof(info))
    sigtimedwait_info(t, <kernel_siginfo_t *>info)
    return ret if put_user(k, t, <uint64_t>t.call.iter.offset, info, sizeof(info)) == 0 else -EFAULT


cdef int64_t raw_sigaltstack(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef stack_t new, old
    cdef int64_t err
    call_begin_args(t, NR_sigaltstack, 0, 0, 0, 0)
    if a[0] and get_user(k, t, &new, a[0], sizeof(new)):
        return -EFAULT
    err = do_sigaltstack(k, t, &new if a[0] else NULL, &old)
    return err if err or a[1] == 0 else put_user(k, t, a[1], &old, sizeof(old))


cdef int64_t raw_signalfd4(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef uint64_t set = 0
    call_begin_args(t, NR_signalfd4, raw_int(a[0]), 0, raw_int(a[3]), 0)
    if a[2] != SIGSET_SIZE:
        return -EINVAL
    if get_user(k, t, &set, a[1], SIGSET_SIZE):
        return -EFAULT
    return call_signalfd4(k, t, raw_int(a[0]), set, raw_int(a[3]))


cdef int64_t raw_signalfd(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef uint64_t[4] as_signalfd4 = [a[0], a[1], a[2], 0]
    return raw_signalfd4(k, t, as_signalfd4)


cdef int64_t raw_rt_sigreturn(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    # Not from a handler's end: the frame that it finds on the stack is none.
    call_begin_args(t, NR_rt_sigreturn, 0, 0, 0, 0)
    force_sigsegv(k, t, 0)
    return 0


cdef void raw_signals_init() noexcept nogil:
    raw_calls[NR_rt_sigaction] = raw_rt_sigaction
    raw_calls[NR_rt_sigprocmask] = raw_rt_sigprocmask
    raw_calls[NR_rt_sigpending] = raw_rt_sigpending
    raw_calls[NR_rt_sigsuspend] = raw_rt_sigsuspend
    raw_calls[NR_rt_sigtimedwait] = raw_rt_sigtimedwait
    raw_calls[NR_rt_sigqueueinfo] = raw_rt_sigqueueinfo
    raw_calls[NR_rt_tgsigqueueinfo] = raw_rt_tgsigqueueinfo
    raw_calls[NR_rt_sigreturn] = raw_rt_sigreturn
    raw_calls[NR_sigaltstack] = raw_sigaltstack
    raw_calls[NR_pause] = raw_pause
    raw_calls[NR_signalfd] = raw_signalfd
    raw_calls[NR_signalfd4] = raw_signalfd4
    raw_calls[NR_kill] = raw_kill
    raw_calls[NR_tkill] = raw_tkill
    raw_calls[NR_tgkill] = raw_tgkill
