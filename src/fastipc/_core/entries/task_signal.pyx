"""System calls on signals."""


# ------------------------------------------------------------------------------------------ handlers
cdef uint64_t handler_argument(TaskCore task, object handler) except? 2:
    # The address of a handler. 2 is nobody's.
    cdef Machine machine
    if isinstance(handler, int) and not isinstance(handler, bool):
        return <uint64_t>as_int(handler, "handler")
    if not callable(handler):
        raise TypeError(f"handler must be SIG_DFL, SIG_IGN or callable, not {type(handler).__name__}")
    machine = <Machine>task.arena.machine
    return machine.handler_address(handler)


cdef object handler_object(TaskCore task, uint64_t address):
    # The object that was given for it.
    # Also if no action names it any more, which may just have become so.
    cdef uint64_t row = (address - HANDLER_BASE) // HANDLER_SIZE
    if HANDLER_BASE < address and address & (HANDLER_SIZE - 1) == 0 and row < task.k.table[T_HANDLER].high:
        found = (<Machine>task.arena.machine).handler_at(<uint32_t>row)
        return address if found is None else found
    return address


cdef class SignalCalls(MsgCalls):
    # -------------------------------------------------------------------------------------- actions
    def sigaction(self, sig, handler=None, mask=(), flags=0):
        """Set the action of a signal; the old one, a `SigAction`. Without a handler it only asks.

        ``handler``: SIG_DFL, SIG_IGN or ``f(t, signo, info)``. Source: sigaction(2). Errors: EINVAL.
        """
        return self.sigaction_done(self.sigaction_(sig, handler, mask, flags))

    def sys_sigaction(self, sig, handler=None, mask=(), flags=0):
        """As `sigaction`; 0 or -errno."""
        return self.complete_raw(self.sigaction_(sig, handler, mask, flags))

    cdef int64_t sigaction_(self, object sig, object handler, object mask, object flags) except? -1:
        cdef int64_t s = as_int(sig, "sig"), f = as_int(flags, "flags"), ret
        cdef bint bad
        cdef uint64_t set = as_sigset(mask, "mask", &bad), address
        self.enter()
        address = SIG_DFL if handler is None else handler_argument(self, handler)
        if bad:
            call_begin_args(self.t, NR_rt_sigaction, s, 0, f, 0)
            ret = -EINVAL
        else:
            ret = call_sigaction(self.k, self.t, s, handler is not None, address, set, <uint32_t>f)
        handler_unused(self.k, address)
        return ret

    cdef object sigaction_done(self, int64_t ret):
        cdef SigAction old
        cdef uint64_t address = <uint64_t>self.t.call.args[1]
        cdef object handler = handler_object(self, address) if ret == 0 else None
        self.complete(ret)
        old = SigAction.__new__(SigAction)
        old.sa_handler = handler
        old.sa_flags = <uint32_t>self.t.call.args[2]
        old.sa_mask = set_of_mask(<uint64_t>self.t.call.args[3])
        return old

    def signal(self, sig, handler):
        """The call of the C library in System V's manner; the old handler.

        The handler runs once, nothing is blocked in it, and calls are not made again. Source: sysv_signal(3).
        Errors: EINVAL.
        """
        cdef int64_t ret = self.signal_(sig, handler)
        cdef object old = handler_object(self, <uint64_t>self.t.call.args[1]) if ret == 0 else None
        self.complete(ret)
        return old

    def sys_signal(self, sig, handler):
        """As `signal`; the address of the old handler, or -errno."""
        cdef int64_t ret = self.signal_(sig, handler), old = self.t.call.args[1]
        ret = self.complete_raw(ret)
        return ret if ret < 0 else old

    cdef int64_t signal_(self, object sig, object handler) except? -1:
        cdef int64_t s = as_int(sig, "sig"), ret
        cdef uint64_t address
        self.enter()
        address = handler_argument(self, handler)
        ret = call_sysv_signal(self.k, self.t, s, address)
        handler_unused(self.k, address)
        return ret

    # -------------------------------------------------------------------------------------- sending
    def kill(self, pid, sig):
        """Send a signal to a process, a group (``pid`` 0: the own, < -1: ``-pid``), or to everybody (-1).

        Signal 0 only asks. Source: kill(2), kernel/signal.c. Errors: EINVAL, EPERM, ESRCH.
        """
        cdef int64_t p = as_pid(self, pid, "pid"), s = as_int(sig, "sig")
        self.enter()
        if p == self.t.tgid and kill_self_one(self.k, self.t, p, s):
            self.completed(kill_self_ready(self.k, self.t))
        else:
            self.complete(call_kill(self.k, self.t, p, s))

    def sys_kill(self, pid, sig):
        """As `kill`; 0 or -errno."""
        return self.complete_raw(self.kill_(pid, sig))

    cdef int64_t kill_(self, object pid, object sig) except? -1:
        cdef int64_t p = as_pid(self, pid, "pid"), s = as_int(sig, "sig")
        self.enter()
        return call_kill(self.k, self.t, p, s)

    def tkill(self, tid, sig):
        """Send a signal to one thread. Source: tkill(2). Errors: EAGAIN, EINVAL, EPERM, ESRCH."""
        self.complete(self.tkill_(tid, sig))

    def sys_tkill(self, tid, sig):
        """As `tkill`; 0 or -errno."""
        return self.complete_raw(self.tkill_(tid, sig))

    cdef int64_t tkill_(self, object tid, object sig) except? -1:
        cdef int64_t p = as_pid(self, tid, "tid"), s = as_int(sig, "sig")
        self.enter()
        return call_tkill(self.k, self.t, p, s)

    def tgkill(self, tgid, tid, sig):
        """Send a signal to one thread of a process. Source: tgkill(2). Errors: EAGAIN, EINVAL, EPERM, ESRCH."""
        self.complete(self.tgkill_(tgid, tid, sig))

    def sys_tgkill(self, tgid, tid, sig):
        """As `tgkill`; 0 or -errno."""
        return self.complete_raw(self.tgkill_(tgid, tid, sig))

    cdef int64_t tgkill_(self, object tgid, object tid, object sig) except? -1:
        cdef int64_t g = as_pid(self, tgid, "tgid"), p = as_pid(self, tid, "tid"), s = as_int(sig, "sig")
        self.enter()
        return call_tgkill(self.k, self.t, g, p, s)

    def sigqueue(self, pid, sig, value):
        """Send a signal with an integer to a process. Source: sigqueue(3). Errors: EAGAIN, EINVAL, EPERM, ESRCH."""
        self.complete(self.sigqueue_(pid, sig, value))

    def sys_sigqueue(self, pid, sig, value):
        """As `sigqueue`; 0 or -errno."""
        return self.complete_raw(self.sigqueue_(pid, sig, value))

    cdef int64_t sigqueue_(self, object pid, object sig, object value) except? -1:
        cdef int64_t p = as_pid(self, pid, "pid"), s = as_int(sig, "sig"), v = as_int(value, "value")
        self.enter()
        return call_sigqueue(self.k, self.t, p, s, <uint64_t>v)

    def rt_sigqueueinfo(self, pid, sig, info):
        """Send a signal with a `SigInfo`, or a row of SIGINFO. Source: rt_sigqueueinfo(2). Errors: as `sigqueue`."""
        self.complete(self.sigqueueinfo_(NR_rt_sigqueueinfo, 0, pid, sig, info))

    def sys_rt_sigqueueinfo(self, pid, sig, info):
        """As `rt_sigqueueinfo`; 0 or -errno."""
        return self.complete_raw(self.sigqueueinfo_(NR_rt_sigqueueinfo, 0, pid, sig, info))

    def rt_tgsigqueueinfo(self, tgid, tid, sig, info):
        """As `rt_sigqueueinfo`, to one thread. Source: rt_tgsigqueueinfo(2)."""
        self.complete(self.sigqueueinfo_(NR_rt_tgsigqueueinfo, tgid, tid, sig, info))

    def sys_rt_tgsigqueueinfo(self, tgid, tid, sig, info):
        """As `rt_tgsigqueueinfo`; 0 or -errno."""
        return self.complete_raw(self.sigqueueinfo_(NR_rt_tgsigqueueinfo, tgid, tid, sig, info))

    cdef int64_t sigqueueinfo_(self, int nr, object tgid, object pid, object sig, object info) except? -1:
        cdef int64_t g = as_pid(self, tgid, "tgid"), p = as_pid(self, pid, "pid" if nr == NR_rt_sigqueueinfo else "tid")
        cdef int64_t s = as_int(sig, "sig")
        cdef kernel_siginfo_t known
        cdef Py_buffer view
        if isinstance(info, SigInfo):
            siginfo_into(info, <int>s, &known)
        else:
            get_buffer(info, &view, "info")
            n = view.len
            if n >= <Py_ssize_t>sizeof(siginfo_t):
                info_from_host(<const siginfo_t *>view.buf, <int>s, &known)
            release(&view)
            if n < <Py_ssize_t>sizeof(siginfo_t):
                raise ValueError("info must be a SigInfo or one row of SIGINFO")
        self.enter()
        return call_sigqueueinfo(self.k, self.t, nr, g, p, s, &known)

    # -------------------------------------------------------------------------------------- masks
    cdef object set_done(self, int64_t ret):
        cdef uint64_t mask = <uint64_t>self.t.call.args[3]
        self.complete(ret)
        return set_of_mask(mask)

    def sigprocmask(self, how, set=None):
        """Block signals; the set that was blocked before, a frozenset.

        ``how``: SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK; not looked at without a set. Source: sigprocmask(2).
        Errors: EINVAL.
        """
        return self.set_done(self.sigprocmask_(how, set))

    def sys_sigprocmask(self, how, set=None, old=None):
        """As `sigprocmask`, the old mask into ``old`` (uint64 x 1, or None); 0 or -errno."""
        cdef int64_t ret = self.sigprocmask_(how, set)
        cdef uint64_t mask = <uint64_t>self.t.call.args[3]
        if ret == 0 and old is not None:
            put_mask(old, mask, "old")
        return self.complete_raw(ret)

    cdef int64_t sigprocmask_(self, object how, object set) except? -1:
        cdef int64_t h = as_int(how, "how")
        cdef bint bad = False
        cdef uint64_t mask = 0
        if set is not None:
            mask = (<SigSet>set).mask if type(set) is SigSet else as_sigset(set, "set", &bad)
        self.enter()
        if bad:
            call_begin_args(self.t, NR_rt_sigprocmask, h, 0, 0, 0)
            return -EINVAL
        return call_sigprocmask(self.k, self.t, h, set is not None, mask)

    def sigpending(self):
        """The signals that are pending and blocked, a frozenset. Source: sigpending(2)."""
        self.enter()
        return self.set_done(call_sigpending(self.k, self.t))

    def sys_sigpending(self, set):
        """As `sigpending`, into ``set`` (uint64 x 1); 0."""
        self.enter()
        put_mask(set, do_sigpending(self.k, self.t), "set")
        return self.complete_raw(call_sigpending(self.k, self.t))

    # -------------------------------------------------------------------------------------- waiting
    cdef object suspend(self, int64_t ret, bint raw):
        self.t.call.res = RES_INT | RES_RAW if raw else RES_NONE
        if ret == -ESLEEP:
            return self.sleep(None)
        if raw:
            return self.complete_raw(ret)
        self.complete(ret)

    def sigsuspend(self, set):
        """Wait for a handler to run, with another mask meanwhile; always EINTR. Source: sigsuspend(2)."""
        return self.suspend(self.sigsuspend_(set), False)

    def sys_sigsuspend(self, set):
        """As `sigsuspend`; -EINTR."""
        return self.suspend(self.sigsuspend_(set), True)

    cdef int64_t sigsuspend_(self, object set) except? -1:
        cdef bint bad
        cdef uint64_t mask = as_sigset(set, "set", &bad)
        self.enter()
        if bad:
            call_begin_args(self.t, NR_rt_sigsuspend, 0, 0, 0, 0)
            return -EINVAL
        return call_sigsuspend(self.k, self.t, mask)

    def pause(self):
        """Wait for a handler to run; always EINTR. Source: pause(2)."""
        self.enter()
        return self.suspend(call_pause(self.k, self.t), False)

    def sys_pause(self):
        """As `pause`; -EINTR."""
        self.enter()
        return self.suspend(call_pause(self.k, self.t), True)

    def sigtimedwait(self, set, timeout=None):
        """Take a signal of a set, or wait for one: its `SigInfo`. ``timeout`` in seconds, None: no limit.

        Source: sigtimedwait(2). Errors: EAGAIN (time over), EINTR, EINVAL.
        """
        return self.sigtimedwait_done(self.sigtimedwait_(set, timeout), None, False)

    def sys_sigtimedwait(self, set, info=None, timeout=None):
        """As `sigtimedwait`, the info into ``info`` (a row of SIGINFO, or None); the number or -errno."""
        info_room(info)
        return self.sigtimedwait_done(self.sigtimedwait_(set, timeout), info, True)

    def sigwaitinfo(self, set):
        """As `sigtimedwait` without a limit. Source: sigwaitinfo(2)."""
        return self.sigtimedwait_done(self.sigtimedwait_(set, None), None, False)

    def sys_sigwaitinfo(self, set, info=None):
        """As `sys_sigtimedwait` without a limit."""
        info_room(info)
        return self.sigtimedwait_done(self.sigtimedwait_(set, None), info, True)

    cdef int64_t sigtimedwait_(self, object set, object timeout) except? -1:
        cdef bint bad = False
        cdef uint64_t mask = (<SigSet>set).mask if type(set) is SigSet else as_sigset(set, "set", &bad)
        cdef int64_t ns = -1
        if timeout is not None:
            ns = seconds_to_ns(timeout, "timeout")
            bad = bad or ns < 0
        self.enter()
        if bad:
            call_begin_args(self.t, NR_rt_sigtimedwait, <int64_t>mask, ns, 0, 0)
            return -EINVAL
        return call_sigtimedwait(self.k, self.t, mask, ns)

    cdef object sigtimedwait_done(self, int64_t ret, object info, bint raw):
        cdef kernel_siginfo_t taken
        info_init(&taken, 0, 0)
        self.t.call.res = RES_SIGTAKEN | RES_RAW if raw else RES_SIGTAKEN
        if ret == -ESLEEP:
            return self.sleep(info)
        if ret > 0:
            self.t.call.ret = ret
            sigtimedwait_info(self.t, &taken)
            if info is not None:
                put_info(self, info)
        if raw:
            return self.complete_raw(ret)
        self.complete(ret)
        return siginfo_of(&taken)

    # -------------------------------------------------------------------------------------- signalfd
    def signalfd(self, fd, set, flags=0):
        """A descriptor from which signals of a set are read, each a row of SIGNALFD_SIGINFO; ``fd`` -1: a new one, else
        that one's set is changed.

        It tells of what is pending for whoever reads. ``flags``: SFD_CLOEXEC, SFD_NONBLOCK. Source: signalfd(2).
        Errors: EBADF, EINVAL, EMFILE, ENFILE, ENOMEM.
        """
        return self.complete(self.signalfd_(fd, set, flags))

    def sys_signalfd(self, fd, set, flags=0):
        """As `signalfd`; >= 0 or -errno."""
        return self.complete_raw(self.signalfd_(fd, set, flags))

    cdef int64_t signalfd_(self, object fd, object set, object flags) except? -1:
        cdef bint bad
        cdef int64_t number = as_int(fd, "fd"), f = as_int(flags, "flags")
        cdef uint64_t mask = as_sigset(set, "set", &bad)
        self.enter()
        if bad:
            call_begin_args(self.t, NR_signalfd4, number, 0, f, 0)
            return -EINVAL
        return call_signalfd4(self.k, self.t, number, mask, f)

    # -------------------------------------------------------------------------------------- the alternate stack
    def sigaltstack(self, stack=None):
        """Set the stack of handlers with SA_ONSTACK, a `StackT` or ``(sp, flags, size)``; the old one, a `StackT`.

        Source: sigaltstack(2). Errors: EINVAL, ENOMEM, EPERM.
        """
        cdef stack_t old
        cdef StackT made
        self.complete(self.sigaltstack_(stack, &old))
        made = StackT.__new__(StackT)
        made.ss_sp = old.ss_sp
        made.ss_flags = <uint32_t>old.ss_flags if old.ss_flags < 0 else old.ss_flags
        made.ss_size = old.ss_size
        return made

    def sys_sigaltstack(self, stack=None, old=None):
        """As `sigaltstack`, the old one into ``old`` (24 bytes: address, flags, size; or None); 0 or -errno."""
        cdef stack_t before
        cdef Py_buffer view
        cdef int64_t ret = self.sigaltstack_(stack, &before)
        if old is not None and ret == 0:
            get_writable(old, &view, "old")
            n = view.len
            if n >= 24:
                memcpy(view.buf, &before, sizeof(before))
            release(&view)
            if n < 24:
                raise ValueError("old must have room for 24 bytes")
        return self.complete_raw(ret)

    cdef int64_t sigaltstack_(self, object stack, stack_t *old) except? -1:
        cdef stack_t new
        if stack is not None:
            sp, flags, size = stack
            new.ss_sp = <uint64_t>as_int(sp, "ss_sp")
            new.ss_flags = <int32_t>as_int(flags, "ss_flags")
            new.ss_size = <uint64_t>as_int(size, "ss_size")
        self.enter()
        return call_sigaltstack(self.k, self.t, NULL if stack is None else &new, old)

    # -------------------------------------------------------------------------------------- no system call
    @property
    def regs(self):
        """Regs: The simulated registers of the program: ``rip``, ``rsp``, ``rax``, ``rdi``, ...; ``ip``, ``sp``."""
        cdef pt_regs_t regs
        if self.frozen:
            memset(&regs, 0, sizeof(regs))
            return Regs(regs, 0, 0, 0)
        user_regs(self.k, self.t, &regs)
        return Regs(regs, self.t.call.nr, USER_CS, USER_DS)


class Regs:
    """The registers of a program at a moment, by their names of x86-64; ``ip``, ``sp`` and ``ax`` for short."""

    def __init__(self, values, orig_rax, cs, ss):
        for name, value in values.items():
            if len(name) == 2 and name not in ("r8", "r9"):
                setattr(self, name, value)
                name = "r" + name
            setattr(self, "eflags" if name == "flags" else name, value)
        self.orig_rax, self.cs, self.ss = orig_rax, cs, ss

    def __repr__(self):
        return f"Regs(rip={self.rip:#x}, rsp={self.rsp:#x}, rax={self.rax:#x})"


cdef int put_mask(object to, uint64_t mask, str name) except -1:
    cdef Py_buffer view
    get_writable(to, &view, name)
    n = view.len
    if n >= 8:
        (<uint64_t *>view.buf)[0] = mask
    release(&view)
    if n < 8:
        raise ValueError(f"{name} must have room for a 64-bit integer")
    return 0


cdef int info_room(object info) except -1:
    # Before the call, which takes the signal away.
    cdef Py_buffer view
    if info is None:
        return 0
    get_writable(info, &view, "info")
    n = view.len
    release(&view)
    if n < <Py_ssize_t>sizeof(siginfo_t):
        raise ValueError("info must have room for one row of SIGINFO")
    return 0


cdef int put_info(TaskCore task, object info) except -1:
    cdef Py_buffer view
    get_writable(info, &view, "info")
    put_sigtimedwait(task.t, <siginfo_t *>view.buf)
    release(&view)
    return 0
