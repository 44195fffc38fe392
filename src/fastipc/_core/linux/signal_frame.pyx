"""The frame of a handler: set up when a signal is delivered, read back when the handler returns.

Source: arch/x86/kernel/signal_64.c (get_sigframe, x64_setup_rt_frame, rt_sigreturn), kernel/signal.c (do_sigaltstack).
The frame in the task's memory is what counts; the row beside it (sigframe_t) knows which function of the host runs, and
keeps the record of the call that the signal came in. Programs of the machine have no code at addresses: a context is
where it was interrupted, behind its call, or it is broken. They have no floating-point unit either: a frame says that
it has not been used, and the state that a handler gives it is looked at as the processor would, and forgotten.
"""


# ------------------------------------------------------------------------------------------ registers
cdef thread_t *task_thread(kernel_t *k, task_t *t) noexcept nogil:
    cdef thread_t *thread = thread_row(k, t.row)
    cdef table_t *table = &k.table[T_THREAD]
    if not (t.flags & TASK_THREAD):
        t.flags |= TASK_THREAD
        table.nlive += 1
        table.high = max(table.high, t.row + 1)
        memset(thread, 0, sizeof(thread_t))
        thread.live = 1
        start_thread(&thread.regs)
    return thread


cdef void start_thread(pt_regs_t *regs) noexcept nogil:
    # Those of a program that has just begun.
    memset(regs, 0, sizeof(pt_regs_t))
    regs.ip = HANDLER_BASE + 2
    regs.sp = STACK_TOP - 256
    regs.flags = EFLAGS


cdef void exit_thread(kernel_t *k, task_t *t) noexcept nogil:
    if t.flags & TASK_THREAD:
        t.flags &= ~<int>TASK_THREAD
        memset(thread_row(k, t.row), 0, sizeof(thread_t))
        k.table[T_THREAD].nlive -= 1


cdef void copy_thread(kernel_t *k, task_t *t, task_t *c, bint shares_vm) noexcept nogil:
    # The alternate stack goes with the memory: who shares that gets none. The child begins its program.
    cdef thread_t *thread
    if not (t.flags & TASK_THREAD) or shares_vm or thread_row(k, t.row).sas_ss_size == 0:
        return
    thread = task_thread(k, c)
    thread.sas_ss_sp = thread_row(k, t.row).sas_ss_sp
    thread.sas_ss_size = thread_row(k, t.row).sas_ss_size
    thread.sas_ss_flags = thread_row(k, t.row).sas_ss_flags


cdef inline uint64_t place_of(uint64_t ip) noexcept nogil:
    # The call that a program is in or behind.
    return ip & ~<uint64_t>(HANDLER_SIZE - 1)


cdef inline uint64_t place_behind(uint64_t ip) noexcept nogil:
    return place_of(ip) + 2


cdef inline void regs_behind_call(
    pt_regs_t *regs, int64_t ret, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e
) noexcept nogil:
    cdef uint64_t ip = place_behind(regs.ip)
    set_pair(&regs.r8, <uint64_t>e, regs.r9)
    set_pair(&regs.r10, <uint64_t>d, regs.flags)  # r11
    set_pair(&regs.di, <uint64_t>a, <uint64_t>b)
    set_pair(&regs.dx, <uint64_t>c, <uint64_t>ret)
    set_pair(&regs.cx, ip, regs.sp)
    set_pair(&regs.ip, ip, regs.flags)


cdef inline void regs_behind_kill(
    pt_regs_t *to, const pt_regs_t *regs, uint64_t ip, uint64_t pid, uint64_t sig
) noexcept nogil:
    # As behind a kill that has succeeded, in the frame alone.
    cdef uint64_t flags = regs.flags
    set_pair(&to.r8, 0, regs.r9)
    set_pair(&to.r10, 0, flags)
    memcpy(&to.r12, &regs.r12, 4 * sizeof(regs.r12))
    set_pair(&to.di, pid, sig)
    memcpy(&to.bp, &regs.bp, 2 * sizeof(regs.bp))
    set_pair(&to.dx, 0, 0)
    set_pair(&to.cx, ip, regs.sp)
    set_pair(&to.ip, ip, flags)


cdef void regs_of_call(pt_regs_t *regs, const call_t *c) noexcept nogil:
    # As they are behind a system call, or before one that is to be made again.
    regs_behind_call(regs, c.ret, c.args[0], c.args[1], c.args[2], c.args[3], c.args[4])
    if c.flags & CALL_RESTART:
        regs.ax = <uint64_t>c.nr
        regs.ip -= 2


cdef void user_regs(kernel_t *k, task_t *t, pt_regs_t *regs) noexcept nogil:
    if t.flags & TASK_THREAD:
        regs[0] = thread_row(k, t.row).regs
    else:
        start_thread(regs)
    if t.call.nr >= 0:
        regs_of_call(regs, &t.call)
    elif not (t.flags & TASK_THREAD):
        regs.ax = <uint64_t>t.call.ret


# ------------------------------------------------------------------------------------------ the alternate stack
cdef inline bint on_stack_range(thread_t *thread, uint64_t sp) noexcept nogil:
    return sp > thread.sas_ss_sp and sp - thread.sas_ss_sp <= thread.sas_ss_size


cdef inline bint on_sig_stack(thread_t *thread, uint64_t sp) noexcept nogil:
    # Who gives it up while a handler runs is never on it.
    return not (thread.sas_ss_flags & <uint32_t>SS_AUTODISARM) and on_stack_range(thread, sp)


cdef inline int32_t sas_ss_flags(thread_t *thread, uint64_t sp) noexcept nogil:
    if thread.sas_ss_size == 0:
        return SS_DISABLE
    return SS_ONSTACK if on_sig_stack(thread, sp) else 0


cdef inline void sas_ss_reset(thread_t *thread) noexcept nogil:
    thread.sas_ss_sp = thread.sas_ss_size = 0
    thread.sas_ss_flags = SS_DISABLE


cdef inline void get_altstack(thread_t *thread, stack_t *ss, uint32_t kept) noexcept nogil:
    # `kept`: SS_AUTODISARM, if it is set.
    if likely(thread.sas_ss_size == 0):
        set_pair(&ss.ss_sp, 0, SS_DISABLE | kept)
        ss.ss_size = 0
    else:
        set_pair(&ss.ss_sp, thread.sas_ss_sp, <uint32_t>sas_ss_flags(thread, thread.regs.sp) | kept)
        ss.ss_size = thread.sas_ss_size


cdef int64_t do_sigaltstack(kernel_t *k, task_t *t, const stack_t *ss, stack_t *old) noexcept nogil:
    # Either may be NULL.
    cdef thread_t *thread = task_thread(k, t)
    cdef uint64_t sp, size
    cdef int32_t mode
    if old != NULL:
        get_altstack(thread, old, thread.sas_ss_flags & <uint32_t>SS_AUTODISARM)
    if ss == NULL:
        return 0
    if on_sig_stack(thread, thread.regs.sp):
        return -EPERM
    mode = <int32_t>(<uint32_t>ss.ss_flags & ~<uint32_t>SS_AUTODISARM)
    if mode != SS_DISABLE and mode != SS_ONSTACK and mode != 0:
        return -EINVAL
    sp = ss.ss_sp
    size = ss.ss_size
    if mode == SS_DISABLE:
        sp = size = 0
    elif size < MINSIGSTKSZ:
        return -ENOMEM
    thread.sas_ss_sp = sp
    thread.sas_ss_size = size
    thread.sas_ss_flags = <uint32_t>ss.ss_flags
    return 0


# ------------------------------------------------------------------------------------------ setting up
cdef inline uint64_t frame_below(uint64_t sp) noexcept nogil:
    return (sp - sizeof(rt_sigframe_t) & ~<uint64_t>15) - 8


cdef inline uint64_t get_sigframe(thread_t *thread, uint32_t flags) noexcept nogil:
    # Where the frame goes; 0: the alternate stack has no room left for it.
    if likely(thread.sas_ss_size == 0):
        return frame_below(thread.regs.sp - RED_ZONE)
    return frame_beside_altstack(thread, flags)


cdef uint64_t frame_beside_altstack(thread_t *thread, uint32_t flags) noexcept nogil:
    # Where it goes if there is such a stack: on it or not.
    cdef uint64_t sp = thread.regs.sp - RED_ZONE
    cdef bint nested = on_sig_stack(thread, sp), entering = False
    if flags & SA_ONSTACK and sas_ss_flags(thread, sp) == 0:
        sp = thread.sas_ss_sp + thread.sas_ss_size
        entering = True
    sp = frame_below(sp)
    return 0 if (nested or entering) and not on_stack_range(thread, sp) else sp


cdef inline void setup_sigcontext(
    sigcontext_t *sc, const pt_regs_t *regs, uint64_t ip, uint64_t mask, const sigframe_t *row, bint by_kill
) noexcept nogil:
    if by_kill:
        regs_behind_kill(&sc.regs, regs, ip, <uint32_t>info_pid(&row.info), <uint32_t>row.info.si_signo)
    else:
        memcpy(&sc.regs, regs, sizeof(pt_regs_t))
    set_pair(&sc.segments, <uint64_t>USER_SEGMENTS, 0)  # err
    set_pair(&sc.trapno, 0, mask)  # oldmask
    set_pair(&sc.cr2, 0, 0)  # fpstate
    memset(sc.reserved, 0, sizeof(sc.reserved))


cdef inline uint64_t sigmask_to_save(task_t *t, thread_t *thread) noexcept nogil:
    return thread.saved_sigmask if unlikely(t.flags & TIF_RESTORE_SIGMASK) else t.blocked


cdef inline void fill_frame(
    thread_t *thread, rt_sigframe_t *f, const sigframe_t *row, const k_sigaction_t *act, uint64_t ip,
    uint64_t mask, bint faulted, bint by_kill
) noexcept nogil:
    f.pretcode = act.restorer
    set_pair(&f.uc_flags, UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS, 0)  # uc_link
    get_altstack(thread, &f.uc_stack, 0 if by_kill else thread.sas_ss_flags & <uint32_t>SS_AUTODISARM)
    setup_sigcontext(&f.uc_mcontext, &thread.regs, ip, mask, row, by_kill)
    f.uc_sigmask = mask
    if faulted:
        f.uc_mcontext.cr2 = row.info.fields[0]
        f.uc_mcontext.trapno = 14
    memcpy(&f.info, &row.info, sizeof(kernel_siginfo_t))
    memset(f.info_rest, 0, sizeof(f.info_rest))


cdef inline int put_frame(
    kernel_t *k, task_t *t, thread_t *thread, uint64_t sp, const sigframe_t *row, const k_sigaction_t *act,
    uint64_t ip, uint64_t mask, bint faulted, bint by_kill
) noexcept nogil:
    # Mostly it lies in one page, and is made in place.
    cdef int fault
    cdef char *at
    if unlikely(not in_one_page(sp, sizeof(rt_sigframe_t))):
        return put_frame_copy(k, t, thread, sp, row, act, ip, mask, faulted, by_kill)
    at = translate(k, t, sp, True, &fault)
    if unlikely(at == NULL):
        return -EFAULT
    fill_frame(thread, <rt_sigframe_t *>at, row, act, ip, mask, faulted, by_kill)
    return 0


cdef int put_frame_copy(
    kernel_t *k, task_t *t, thread_t *thread, uint64_t sp, const sigframe_t *row, const k_sigaction_t *act,
    uint64_t ip, uint64_t mask, bint faulted, bint by_kill
) noexcept nogil:
    cdef rt_sigframe_t frame
    fill_frame(thread, &frame, row, act, ip, mask, faulted, by_kill)
    return put_user(k, t, sp, &frame, sizeof(frame))


cdef inline void start_handler(
    pt_regs_t *regs, uint64_t ip, uint64_t sp, const k_sigaction_t *act, int sig, bint by_kill
) noexcept nogil:
    # Those with which it begins: the rest is as in its frame.
    cdef uint64_t flags = regs.flags
    set_pair(&regs.di, <uint64_t>sig, sp + FRAME_INFO)  # si
    set_pair(&regs.dx, sp + FRAME_UC, 0)  # ax
    if by_kill:
        set_pair(&regs.r8, 0, regs.r9)
        set_pair(&regs.r10, 0, flags)
        set_pair(&regs.cx, ip, sp)
        set_pair(&regs.ip, act.handler, flags)
    else:
        set_pair(&regs.sp, sp, act.handler)  # ip


cdef inline int setup_rt_frame(
    kernel_t *k, task_t *t, thread_t *thread, uint32_t i, sigframe_t *f, const k_sigaction_t *act, int sig,
    uint64_t ip, uint64_t mask, bint faulted, bint by_kill
) noexcept nogil:
    # From the registers of the program to those with which the handler begins; `ip`: where the program goes on, with
    # `mask`. `i`, `f`: a row with the info, in which the caller is to keep the record of the interrupted call; it is
    # free again if the frame fails. `by_kill`: that call is a kill to oneself that is over, and has neither registers
    # nor record, and no stack is to be given up. Precondition: the vdso is mapped.
    cdef uint64_t sp = get_sigframe(thread, act.flags)
    cdef uint32_t code = act.code
    if unlikely(sp == 0 or not (act.flags & SA_RESTORER)
                or put_frame(k, t, thread, sp, f, act, ip, mask, faulted, by_kill) < 0):
        table_free(k, T_SIGFRAME, i, sizeof(sigframe_t))
        return -EFAULT
    set_pair(f, 1, t.sigframe | <uint64_t>code << 32)  # live, below, handler
    set_pair(&f.signo, <uint32_t>sig | <uint64_t>by_kill << 48, sp)  # not started, by_kill
    set_pair(&f.ip, ip, mask)  # blocked
    t.sigframe = i
    get_handler(k, code)
    start_handler(&thread.regs, ip, sp, act, sig, by_kill)
    return 0


cdef inline void kill_is_over(call_t *c, int64_t pid, int64_t sig) noexcept nogil:
    # The record of a kill that has succeeded, and been told.
    set_pair(c, NR_kill | <uint64_t>(CALL_OVER | CALL_TOLD) << 32, 0)
    set_pair(&c.iter, 0, 0)
    set_pair(&c.iter.offset, 0, 0)
    set_pair(&c.ret, 0, 0)
    set_pair(&c.args[0], <uint64_t>pid, <uint64_t>sig)
    set_pair(&c.args[2], 0, 0)
    set_pair(&c.args[4], 0, 0)
    set_pair(&c.out0, 0, 0)


cdef inline void keep_call(call_t *to, call_t *c) noexcept nogil:
    # What the call holds goes with its record.
    memcpy(to, c, sizeof(call_t))
    c.nr = -1
    c.file = c.poll = c.pollfds = c.nfds = 0


cdef inline void restore_call(call_t *to, const sigframe_t *f) noexcept nogil:
    if f.by_kill:
        kill_is_over(to, info_pid(&f.info), f.signo)
    else:
        memcpy(to, &f.call, sizeof(call_t))


cdef void keep_kills(kernel_t *k) noexcept nogil:
    cdef sigframe_t *f
    cdef uint32_t i
    for i in range(1, k.table[T_SIGFRAME].high):
        f = sigframe_row(k, i)
        if f.live and f.by_kill:
            restore_call(&f.call, f)
            f.by_kill = 0


# ------------------------------------------------------------------------------------------ taking down
cdef inline void take_down(kernel_t *k, task_t *t, uint32_t i, sigframe_t *f) noexcept nogil:
    # The frame on top.
    t.sigframe = f.below
    put_handler(k, f.handler)
    table_free(k, T_SIGFRAME, i, sizeof(sigframe_t))


cdef inline void pop_frame(kernel_t *k, task_t *t) noexcept nogil:
    # The record of the interrupted call is the task's again.
    cdef uint32_t i = t.sigframe
    restore_call(&t.call, sigframe_row(k, i))
    take_down(k, t, i, sigframe_row(k, i))


cdef void drop_frames(kernel_t *k, task_t *t) noexcept nogil:
    # The task ends, or begins another program.
    cdef call_t call = t.call
    while t.sigframe:
        pop_frame(k, t)
        pollfds_free(k, t.call.pollfds, t.call.nfds)
    t.call = call


cdef void siglongjmp(kernel_t *k, task_t *t) noexcept nogil:
    # An exception leaves the handler on top, and with it the frames that were waiting below for their turn.
    cdef uint64_t blocked = t.blocked
    while t.sigframe:
        blocked = sigframe_row(k, t.sigframe).blocked
        thread_row(k, t.row).regs.ip = sigframe_row(k, t.sigframe).ip
        pop_frame(k, t)
        if not handler_waits(k, t):
            break
    thread_row(k, t.row).regs.sp = sigframe_row(k, t.sigframe).sp if t.sigframe else <uint64_t>(STACK_TOP - 256)
    set_current_blocked(k, t, blocked)


cdef int restore_fpstate(kernel_t *k, task_t *t, uint64_t at) noexcept nogil:
    # fpu__restore_sig: what fxrstor does not take breaks the frame.
    cdef uint8_t[512] state
    cdef uint32_t mxcsr
    if at == 0:
        return 0
    if at & 15 or get_user(k, t, state, at, FXSAVE_SIZE):
        return -EFAULT
    memcpy(&mxcsr, &state[FXSAVE_MXCSR], sizeof(mxcsr))
    return -EFAULT if mxcsr & <uint32_t>MXCSR_RESERVED else 0


cdef inline bint segments_ok(uint64_t s) noexcept nogil:
    # No program of 64 bits can run in others.
    return (s | <uint64_t>SEGMENTS_RPL) & <uint64_t>SEGMENTS_MASK == <uint64_t>USER_SEGMENTS


cdef inline int restore_from(kernel_t *k, task_t *t, thread_t *thread, const rt_sigframe_t *f) noexcept nogil:
    # 0, 1 if another than the usual restorer is to be looked at, or -EFAULT: a broken frame.
    set_current_blocked(k, t, f.uc_sigmask)
    memcpy(&thread.regs, &f.uc_mcontext.regs, sizeof(pt_regs_t))
    if unlikely(f.uc_mcontext.fpstate | thread.sas_ss_size | f.uc_stack.ss_size
                | f.uc_mcontext.segments ^ <uint64_t>USER_SEGMENTS | f.pretcode ^ <uint64_t>VDSO_RESTORE):
        return restore_more(k, t, f)
    return 0


cdef int restore_copy(kernel_t *k, task_t *t, thread_t *thread, uint64_t sp) noexcept nogil:
    cdef rt_sigframe_t frame
    return -EFAULT if get_user(k, t, &frame, sp, FRAME_INFO) else restore_from(k, t, thread, &frame)


cdef inline int restore_frame(kernel_t *k, task_t *t, thread_t *thread, uint64_t sp) noexcept nogil:
    cdef int fault
    cdef char *at
    if unlikely(not in_one_page(sp, FRAME_INFO)):
        return restore_copy(k, t, thread, sp)
    at = translate(k, t, sp, False, &fault)
    return restore_from(k, t, thread, <rt_sigframe_t *>at) if likely(at != NULL) else -EFAULT


cdef int restore_more(kernel_t *k, task_t *t, const rt_sigframe_t *f) noexcept nogil:
    # What most frames do not have.
    cdef stack_t stack = f.uc_stack
    cdef int other = f.pretcode != <uint64_t>VDSO_RESTORE
    if not segments_ok(f.uc_mcontext.segments) or restore_fpstate(k, t, f.uc_mcontext.fpstate) < 0:
        return -EFAULT
    if stack.ss_size or thread_row(k, t.row).sas_ss_size:  # what it says of the past is of no account, nor are errors
        do_sigaltstack(k, t, &stack, NULL)
    return other


cdef inline int64_t sigreturn(kernel_t *k, task_t *t, thread_t *thread, sigframe_t *f, bint over) noexcept nogil:
    # Mostly the frame is whole, the interrupted call is over, and nothing else is to be done on the way back. `over`:
    # it is, and nobody wants its record.
    cdef uint32_t i = t.sigframe
    cdef int ret = restore_frame(k, t, thread, f.sp)
    cdef int64_t ax = <int64_t>thread.regs.ax
    call_count(k, t, NR_rt_sigreturn, 0, ax)
    if (unlikely(ret != 0 or thread.regs.ip != place_behind(f.ip))
            or unlikely(t.flags & (TIF_SIGPENDING | TIF_RESTORE_SIGMASK) or ax <= -ERESTARTSYS)
            or not (over or f.by_kill or likely(f.call.nr >= 0))
            or unlikely(f.below != 0 and not sigframe_row(k, f.below).started)):
        return sigreturn_slow(k, t, ret)
    if not over:
        restore_call(&t.call, f)
        t.call.nr = -1
        t.call.ret = ax
    take_down(k, t, i, f)
    return ax


cdef int64_t rt_sigreturn(kernel_t *k, task_t *t) noexcept nogil:
    # The handler on top has returned: to the restorer, whose call this is.
    return sigreturn(k, t, thread_row(k, t.row), sigframe_row(k, t.sigframe), False)


cdef int64_t sigreturn_slow(kernel_t *k, task_t *t, int err) noexcept nogil:
    # The frame has been read back; `err`: see `restore_from`.
    cdef thread_t *thread = thread_row(k, t.row)
    cdef uint64_t ip = sigframe_row(k, t.sigframe).ip, pretcode = 0
    if err > 0:
        get_user(k, t, &pretcode, sigframe_row(k, t.sigframe).sp, sizeof(pretcode))
        err = 0
    pop_frame(k, t)
    if pretcode and not is_restorer(k, t, pretcode):
        thread.regs.ip = pretcode
        err = -EFAULT
    if t.call.nr >= 0 and thread.regs.ip == place_of(ip):
        t.call.flags = t.call.flags & ~<int>CALL_OVER | CALL_RESTART
    elif t.call.nr >= 0 and thread.regs.ip == place_behind(ip):
        t.call.flags = t.call.flags & ~<int>CALL_RESTART | CALL_OVER | CALL_TOLD
        t.call.ret = <int64_t>thread.regs.ax
    elif thread.regs.ip != ip or t.call.nr >= 0:
        force_sig_fault(k, t, SIGSEGV, SEGV_MAPERR, thread.regs.ip)
        return exit_to_user_mode(k, t)
    if err:
        force_sigsegv(k, t, 0)
    return exit_to_user_mode(k, t)
