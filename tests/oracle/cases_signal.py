"""Signals: actions, sending, queues, masks, delivery, restart, stops. Handlers record what they are told."""

from .abi import (
    CLD_CONTINUED,
    INT_MAX,
    INT_MIN,
    P_ALL,
    POLLIN,
    RLIMIT_SIGPENDING,
    SA_NOCLDSTOP,
    SA_NOCLDWAIT,
    SA_NODEFER,
    SA_RESETHAND,
    SA_RESTART,
    SI_QUEUE,
    SI_TKILL,
    SI_USER,
    SIG_BLOCK,
    SIG_DFL,
    SIG_IGN,
    SIG_SETMASK,
    SIG_UNBLOCK,
    SIGCHLD,
    SIGCONT,
    SIGKILL,
    SIGPIPE,
    SIGSTOP,
    SIGTERM,
    SIGTSTP,
    SIGTTIN,
    SIGURG,
    SIGUSR1,
    SIGUSR2,
    WCONTINUED,
    WEXITED,
    WNOHANG,
    WNOWAIT,
    WSTOPPED,
    WUNTRACED,
)
from .machine import DIED, Machine

ALL = range(1, 65)
RT = 40


# ------------------------------------------------------------------------------------------------ actions
def r5_an_action_reads_back(m: Machine) -> None:
    """R5, R9: handler, mask and flags read back as set; unknown flags are cleared, KILL and STOP are in no mask."""
    a = m.spawn()
    assert a.sigaction(SIGUSR1) == (SIG_DFL, [], "0x0")
    assert a.sigaction(SIGUSR1, "handler", [SIGUSR2, RT], SA_RESTART) == (SIG_DFL, [], "0x0")
    assert a.sigaction(SIGUSR1) == ("handler", [SIGUSR2, RT], "0x10000004")
    a.sigaction(SIGUSR1, SIG_IGN, ALL, SA_NODEFER)
    assert a.sigaction(SIGUSR1) == (SIG_IGN, [n for n in ALL if n not in (SIGKILL, SIGSTOP)], "0x40000000")
    a.sigaction(SIGUSR1, "handler", [], 0xFFFFFFFF)
    a.sigaction(SIGUSR1)
    a.sigaction(SIGUSR1, SIG_DFL, [], 0xFFFFFFFF)
    a.sigaction(SIGUSR1)


def r9_errors_of_sigaction(m: Machine) -> None:
    """Limits 4.5, rt_sigaction: signal 0, above 64, KILL and STOP with an action are EINVAL; asking for KILL works."""
    a = m.spawn()
    for sig in (0, -1, 65, INT_MIN, INT_MAX):
        assert a.sigaction(sig) == "EINVAL"
        assert a.sigaction(sig, SIG_IGN) == "EINVAL"
    for sig in (SIGKILL, SIGSTOP):
        assert a.sigaction(sig) == (SIG_DFL, [], "0x0")
        assert a.sigaction(sig, SIG_IGN) == "EINVAL"
        assert a.sigaction(sig, SIG_DFL) == "EINVAL"
        assert a.sigaction(sig, "handler") == "EINVAL"


def r4_actions_are_copied_by_fork_and_shared_by_threads(m: Machine) -> None:
    """R4: a child has a copy, a thread shares; execve resets handlers and keeps what is ignored."""
    a = m.spawn()
    a.sigaction(SIGUSR1, "handler", [RT], SA_RESTART)
    a.sigaction(SIGUSR2, SIG_IGN)
    b, c = a.fork(), a.thread()
    c.sigaction(SIGTERM, "handler")
    assert a.sigaction(SIGTERM)[0] == "handler"
    assert b.sigaction(SIGTERM)[0] == SIG_DFL
    assert b.sigaction(SIGUSR1) == ("handler", [RT], "0x10000004")
    b.sigaction(SIGUSR1, SIG_IGN)
    assert a.sigaction(SIGUSR1)[0] == "handler"
    c.exit()
    a.execve()
    assert a.sigaction(SIGUSR1) == (SIG_DFL, [], "0x0")
    assert a.sigaction(SIGUSR2)[0] == SIG_IGN
    assert a.sigaction(SIGTERM)[0] == SIG_DFL


# ------------------------------------------------------------------------------------------------ handlers
def h8_a_handler_runs_with_its_signal_blocked(m: Machine) -> None:
    """H8: in a handler the mask is the old one, sa_mask and the signal; SA_NODEFER leaves the signal out."""
    a = m.spawn()
    b = a.fork()
    a.sigprocmask(SIG_BLOCK, [SIGURG])
    a.sigaction(SIGUSR1, "handler", [SIGUSR2])
    a.sigaction(SIGUSR2, "handler", [], SA_NODEFER)
    a.kill(a, SIGUSR1)
    a.kill(a, SIGUSR2)
    b.kill(a, SIGUSR1)
    assert a.sigprocmask(SIG_BLOCK) == [SIGURG]


def h8_resethand_is_default_inside_the_handler(m: Machine) -> None:
    """Limits 4.3, SA_RESETHAND: the action is the default one inside, its flags stay."""
    a = m.spawn()
    b = a.fork()
    b.sigaction(SIGUSR1, "handler", [], SA_RESETHAND)
    b.kill(b, SIGUSR1)
    b.sigaction(SIGUSR1)
    assert a.kill(b, SIGUSR1) is None
    assert a.wait4() == (b.name, SIGUSR1)


def order_of_signals_unblocked_at_once(m: Machine) -> None:
    """Limits 4.1: handlers of signals unblocked at once run highest first, with a full mask lowest first."""
    for mask in ([], ALL):
        a = m.spawn()
        for sig in (SIGUSR1, SIGUSR2, SIGTERM, RT, 11, 4):
            a.sigaction(sig, "handler", mask)
        a.sigprocmask(SIG_BLOCK, ALL)
        for sig in (RT, SIGTERM, 11, SIGUSR1, 4, SIGUSR2):
            a.kill(a, sig)
        a.sigprocmask(SIG_SETMASK, [])
        assert a.sigpending() == []


def order_private_before_shared(m: Machine) -> None:
    """Limits 4.1: what was sent to the thread is taken before what was sent to the process."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, ALL)
    for sig in (1, 34):
        a.kill(a, sig)
    for sig in (12, 34, 40):
        a.tkill(a, sig)
    assert [a.sigtimedwait(ALL, 0)[0] for _ in range(5)] == [12, 34, 40, 1, 34]
    assert a.sigtimedwait(ALL, 0) == "EAGAIN"


# ------------------------------------------------------------------------------------------------ queues
def s7_standard_signals_are_pending_once(m: Machine) -> None:
    """S7: a second standard signal is dropped, and the first info is kept."""
    a = m.spawn()
    b = a.fork()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1])
    b.sigqueue(a, SIGUSR1, 5)
    a.kill(a, SIGUSR1)
    assert a.sigpending() == [SIGUSR1]
    assert a.sigtimedwait([SIGUSR1], 0) == (SIGUSR1, SI_QUEUE, b.name, 5)
    assert a.sigpending() == []


def s8_realtime_signals_queue_in_order(m: Machine) -> None:
    """S8: real-time signals are queued one by one with their values, the lowest number first."""
    a = m.spawn()
    b = a.fork()
    a.sigprocmask(SIG_BLOCK, ALL)
    for i, sig in enumerate((RT, 34, RT, 64, 34, RT)):
        b.sigqueue(a, sig, i)
    assert a.sigpending() == [34, RT, 64]
    taken = [a.sigtimedwait(ALL, 0) for _ in range(6)]
    assert [(t[0], t[3]) for t in taken] == [(34, 1), (34, 4), (RT, 0), (RT, 2), (RT, 5), (64, 3)]


def s8_handlers_of_queued_signals(m: Machine) -> None:
    """S8: each queued signal runs the handler once, in order."""
    a = m.spawn()
    a.sigaction(RT, "handler")
    a.sigprocmask(SIG_BLOCK, [RT])
    for i in range(4):
        a.sigqueue(a, RT, 10 + i)
    a.sigprocmask(SIG_UNBLOCK, [RT])


def limit_of_queued_signals(m: Machine) -> None:
    """Limits 4.2: EAGAIN of sigqueue and tgkill of a real-time signal; kill loses the info; standard ones are kept."""
    a = m.spawn(uid=1500)
    a.sigprocmask(SIG_BLOCK, ALL)
    a.setrlimit(RLIMIT_SIGPENDING, (2, 2))
    assert a.sigqueue(a, RT, 1) is None
    assert a.sigqueue(a, RT, 2) is None
    assert a.sigqueue(a, RT, 3) == "EAGAIN"
    assert a.tkill(a, RT) == "EAGAIN"
    assert a.tgkill(a, a, 41) == "EAGAIN"
    assert a.kill(a, 50) is None
    assert a.kill(a, SIGUSR1) is None
    assert a.sigqueue(a, SIGUSR2, 7) is None
    assert a.kill(a, RT) is None
    assert a.sigpending() == [SIGUSR1, SIGUSR2, RT, 50]
    for _ in range(6):
        a.sigtimedwait(ALL, 0)


def pending_sets_and_fork(m: Machine) -> None:
    """Limits 4.3: a child begins with nothing pending and the mask of its parent."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1, RT])
    a.kill(a, SIGUSR1)
    b = a.fork()
    assert b.sigpending() == []
    assert b.sigprocmask(SIG_BLOCK) == [SIGUSR1, RT]
    assert a.sigpending() == [SIGUSR1]


def ignored_signals(m: Machine) -> None:
    """Limits 4.3: ignored and not blocked is dropped, blocked it is kept; SIG_IGN flushes; default ignore is kept."""
    a = m.spawn()
    a.sigaction(SIGUSR1, SIG_IGN)
    a.kill(a, SIGUSR1)
    a.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGUSR2, SIGCHLD, SIGURG])
    assert a.sigpending() == []
    for sig in (SIGUSR1, SIGUSR2, SIGCHLD, SIGURG):
        a.kill(a, sig)
    assert a.sigpending() == [SIGUSR1, SIGUSR2, SIGCHLD, SIGURG]
    a.sigaction(SIGUSR2, SIG_IGN)
    assert a.sigpending() == [SIGUSR1, SIGCHLD, SIGURG]
    a.sigaction(SIGURG, SIG_DFL)
    assert a.sigpending() == [SIGUSR1, SIGCHLD]
    a.sigprocmask(SIG_SETMASK, [])
    assert a.sigpending() == []


# ------------------------------------------------------------------------------------------------ sending
def s1_forms_of_kill(m: Machine) -> None:
    """S1: a process, the own group, another group."""
    a = m.spawn()
    b, c = a.fork(), a.fork()
    d = m.spawn()
    for t in (a, b, c, d):
        t.sigaction(SIGUSR1, "handler")
    c.setpgid(0, 0)
    b.kill(a, SIGUSR1)
    b.kill(0, SIGUSR1)
    b.kill(-c, SIGUSR1)
    b.kill(d, SIGUSR1)


def s4_permission(m: Machine) -> None:
    """S4: the sender's real or effective user is the target's real or saved one; SIGCONT within the session."""
    a = m.spawn(uid=1000)
    b = m.spawn(uid=1001)
    c = m.spawn(uid=1000)
    root = m.spawn()
    for sig in (0, SIGUSR1, SIGCONT, SIGKILL):
        assert b.kill(a, sig) == "EPERM"
    assert c.kill(a, 0) is None
    assert root.kill(a, 0) is None
    d = root.fork()
    d.setuid(1002)
    assert d.kill(root, SIGUSR1) == "EPERM"
    assert d.kill(root, SIGCONT) is None
    assert d.kill(a, 65) == "EINVAL"
    assert d.kill(root, -1) == "EINVAL"


def errors_of_kill(m: Machine) -> None:
    """Limits 4.5, kill: ESRCH > EINVAL > EPERM; a zombie counts as existing."""
    a = m.spawn(uid=1000)
    b = a.fork()
    other = m.spawn(uid=1001)
    for sig in (0, 65, -1, SIGUSR1):
        assert a.kill(INT_MIN, sig) == "ESRCH"
        assert a.kill(INT_MAX, sig) == "ESRCH"
        assert a.kill(-INT_MAX, sig) == "ESRCH"
    assert a.kill(other, 65) == "EINVAL"
    assert a.kill(other, 1) == "EPERM"
    b.exit()
    assert a.kill(b, 0) is None
    assert a.kill(b, SIGKILL) is None
    a.wait4()
    assert a.kill(b, 0) == "ESRCH"


def errors_of_tkill(m: Machine) -> None:
    """Limits 4.5, tkill and tgkill: EINVAL of ids > ESRCH > EINVAL of the signal > EPERM."""
    a = m.spawn(uid=1000)
    b = a.thread()
    c = a.fork()
    other = m.spawn(uid=1001)
    for pid in (0, -1, INT_MIN):
        assert a.tkill(pid, 65) == "EINVAL"
        assert a.tgkill(pid, b, 65) == "EINVAL"
        assert a.tgkill(a, pid, 65) == "EINVAL"
    assert a.tkill(INT_MAX, 65) == "ESRCH"
    assert a.tgkill(a, c, 65) == "ESRCH"
    assert a.tgkill(a, c, 0) == "ESRCH"
    assert a.tgkill(b, b, 0) == "ESRCH"
    assert a.tkill(other, 65) == "EINVAL"
    assert a.tkill(other, 1) == "EPERM"
    assert a.tgkill(a, b, 0) is None


def s3_codes_of_sigqueueinfo(m: Machine) -> None:
    """S3, limits 4.5: codes of the kernel are refused with EPERM for others; EPERM > ESRCH > EINVAL."""
    a = m.spawn()
    b = a.fork()
    for t in (a, b):
        t.sigaction(RT, "handler")
    for code in (SI_USER, 1, SI_TKILL):
        assert a.sigqueueinfo(b, RT, code, 1) == "EPERM"
        assert a.sigqueueinfo(INT_MAX, RT, code, 1) == "EPERM"
    assert a.sigqueueinfo(INT_MAX, 65, SI_QUEUE, 1) == "ESRCH"
    assert a.sigqueueinfo(b, 65, SI_QUEUE, 1) == "EINVAL"
    a.sigqueueinfo(b, RT, SI_QUEUE, 77)
    a.sigqueueinfo(a, RT, SI_TKILL, 78)
    a.sigqueueinfo(a, RT, SI_USER, 79)
    a.sigqueueinfo(b, RT, -100, -5)
    assert a.tgsigqueueinfo(0, b, RT, SI_QUEUE, 1) == "EINVAL"
    assert a.tgsigqueueinfo(a, b, RT, SI_QUEUE, 1) == "ESRCH"
    a.tgsigqueueinfo(b, b, RT, SI_QUEUE, 99)


def s6_shared_and_private(m: Machine) -> None:
    """S6: kill is pending for the process, tkill for one thread."""
    a = m.spawn()
    b = a.thread()
    for t in (a, b):
        t.sigprocmask(SIG_BLOCK, ALL)
    a.kill(a, SIGUSR1)
    a.tkill(b, SIGUSR2)
    assert a.sigpending() == [SIGUSR1]
    assert b.sigpending() == [SIGUSR1, SIGUSR2]
    assert b.sigtimedwait([SIGUSR1], 0)[0] == SIGUSR1
    assert a.sigpending() == []


def s12_which_thread_takes_it(m: Machine) -> None:
    """S12: the main thread first; a blocked main thread is passed over; nobody willing: it stays pending."""
    a = m.spawn()
    b, c = a.thread(), a.thread()
    d = a.fork()
    a.sigaction(SIGUSR1, "handler")
    d.kill(a, SIGUSR1)
    a.sigprocmask(SIG_BLOCK, [SIGUSR1])
    d.kill(a, SIGUSR1)
    d.kill(a, SIGUSR1)
    d.kill(c, SIGUSR1)
    b.sigprocmask(SIG_BLOCK, [SIGUSR1])
    d.kill(a, SIGUSR1)
    c.sigprocmask(SIG_BLOCK, [SIGUSR1])
    d.kill(a, SIGUSR1)
    assert a.sigpending() == [SIGUSR1]
    b.sigprocmask(SIG_UNBLOCK, [SIGUSR1])


def fatal_signals_take_all_threads(m: Machine) -> None:
    """S13: a deadly signal to one thread ends the process; its status is that of the first one sent."""
    a = m.spawn()
    b = a.fork()
    c = b.thread()
    r, _ = a.pipe()
    c.sigprocmask(SIG_BLOCK, ALL)
    a.tkill(c, SIGTERM)
    assert b.sigpending() == []
    a.kill(b, SIGTERM)
    assert a.wait4() == (b.name, SIGTERM)


# ------------------------------------------------------------------------------------------------ restart
def h5_read_with_and_without_restart(m: Machine) -> None:
    """Limits 4.4: a read of a pipe is EINTR after a handler, and is made again with SA_RESTART."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    a.sigaction(SIGUSR1, "handler")
    a.sigaction(SIGUSR2, "handler", [], SA_RESTART)
    call = a.submit("read", r, 10)
    b.kill(a, SIGUSR1)
    assert call.value == "EINTR"
    call = a.submit("read", r, 10)
    b.kill(a, SIGUSR2)
    assert not call.done()
    b.kill(a, SIGUSR2)
    b.write(w, b"abc")
    assert call.value == b"abc"


def h5_write_with_and_without_restart(m: Machine) -> None:
    """Limits 4.4: so is a write that has moved nothing; one that has moved something gives its count."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    a.sigaction(SIGUSR1, "handler")
    a.sigaction(SIGUSR2, "handler", [], SA_RESTART)
    a.write(w, b"x" * 65536)
    call = a.submit("write", w, b"y" * 100)
    b.kill(a, SIGUSR1)
    assert call.value == "EINTR"
    call = a.submit("write", w, b"y" * 100)
    b.kill(a, SIGUSR2)
    assert not call.done()
    b.read(r, 65536)
    assert call.value == 100
    call = a.submit("write", w, b"z" * 100000)
    b.kill(a, SIGUSR2)
    assert call.done()


def h5_wait4_restarts(m: Machine) -> None:
    """Limits 4.4: wait4 and waitid are made again with SA_RESTART."""
    a = m.spawn()
    b = a.fork()
    c = a.fork()
    a.sigaction(SIGUSR1, "handler")
    a.sigaction(SIGUSR2, "handler", [], SA_RESTART)
    call = a.submit("wait4")
    b.kill(a, SIGUSR2)
    assert not call.done()
    b.kill(a, SIGUSR1)
    assert call.value == "EINTR"
    call = a.submit("waitid", P_ALL, 0, WEXITED)
    b.kill(a, SIGUSR2)
    c.exit(3)
    assert call.done()


def h4_poll_and_nanosleep_never_restart(m: Machine) -> None:
    """Limits 4.4: poll, select and nanosleep are EINTR after any handler."""
    a = m.spawn()
    r, _ = a.pipe()
    b = a.fork()
    a.sigaction(SIGUSR2, "handler", [], SA_RESTART)
    for name, args in (("poll", ([(r, POLLIN)], -1)), ("select", ([r], [], [])), ("nanosleep", (1000,))):
        call = a.submit(name, *args)
        b.kill(a, SIGUSR2)
        assert call.value == "EINTR"


def h3_stop_and_continue_without_a_handler(m: Machine) -> None:
    """Limits 4.4: after stop and continue reads, polls, sleeps, waits and pauses go on; sigtimedwait is EINTR."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    for name, args in (
        ("read", (r, 10)),
        ("poll", ([(r, POLLIN)], -1)),
        ("select", ([r], [], [])),
        ("nanosleep", (1000,)),
        ("pause", ()),
        ("sigsuspend", ([],)),
        ("sigtimedwait", ([RT], 1000)),
    ):
        c = a.fork()
        call = c.submit(name, *args)
        b.kill(c, SIGSTOP)
        assert not call.done()
        assert a.wait4(c, WUNTRACED) == (c.name, 0x137F)
        b.kill(c, SIGCONT)
        assert call.done() == (name == "sigtimedwait")
        a.wait4(c, WCONTINUED)
        b.kill(c, SIGKILL)
        a.wait4(c)
    del w


def restart_looks_the_descriptor_up_again(m: Machine) -> None:
    """H3: what is made again has the same arguments: a descriptor that was closed meanwhile is EBADF."""
    a = m.spawn()
    r, _ = a.pipe()
    b = a.clone(0x400 | SIGCHLD)
    a.sigaction(SIGUSR2, "handler", [], SA_RESTART)
    call = a.submit("read", r, 10)
    b.close(r)
    b.kill(a, SIGUSR2)
    assert call.value == "EBADF"


# ------------------------------------------------------------------------------------------------ waiting
def h10_sigsuspend_gives_the_mask_back(m: Machine) -> None:
    """H10: the handler runs with the mask of sigsuspend, and after it the old one is back."""
    a = m.spawn()
    b = a.fork()
    a.sigaction(SIGUSR1, "handler")
    a.sigaction(SIGUSR2, "handler")
    a.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGURG])
    call = a.submit("sigsuspend", [SIGUSR2])
    b.kill(a, SIGUSR2)
    assert not call.done()
    b.kill(a, SIGUSR1)
    assert call.value == "EINTR"
    assert a.sigprocmask(SIG_BLOCK) == [SIGUSR1, SIGURG]
    a.kill(a, SIGUSR1)
    assert a.sigsuspend([]) == "EINTR"
    assert a.sigprocmask(SIG_BLOCK) == [SIGUSR1, SIGURG]


def pause_ends_with_a_handler_only(m: Machine) -> None:
    """pause sleeps through ignored signals and is EINTR after a handler."""
    a = m.spawn()
    b = a.fork()
    a.sigaction(SIGUSR1, "handler", [], SA_RESTART)
    a.sigaction(SIGUSR2, SIG_IGN)
    call = a.submit("pause")
    b.kill(a, SIGUSR2)
    b.kill(a, SIGURG)
    assert not call.done()
    b.kill(a, SIGUSR1)
    assert call.value == "EINTR"


def sigtimedwait_takes_what_comes(m: Machine) -> None:
    """sigtimedwait: a signal that comes, EAGAIN when the time is over, EINTR after a handler of another one."""
    a = m.spawn()
    b = a.fork()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1, RT])
    a.sigaction(SIGUSR2, "handler", [], SA_RESTART)
    call = a.submit("sigtimedwait", [SIGUSR1, RT])
    b.sigqueue(a, RT, 9)
    assert call.value == (RT, SI_QUEUE, b.name, 9)
    assert a.sigtimedwait([RT], 0) == "EAGAIN"
    assert a.submit("sigtimedwait", [RT], 0.05).result() == "EAGAIN"
    call = a.submit("sigtimedwait", [RT])
    b.kill(a, SIGUSR2)
    assert call.value == "EINTR"
    call = a.submit("sigtimedwait", [RT])
    b.kill(a, SIGUSR1)
    assert not call.done()
    b.kill(a, RT)
    assert call.done()
    assert a.sigpending() == [SIGUSR1]


def sigtimedwait_on_what_is_not_blocked(m: Machine) -> None:
    """Limits 10.3: a deadly default kills, a handled signal goes to the waiter, an ignored one never arrives."""
    a = m.spawn()
    b, c = a.fork(), a.fork()
    b.sigaction(SIGUSR1, "handler")
    b.sigaction(SIGURG, SIG_IGN)
    call = b.submit("sigtimedwait", [SIGUSR1, SIGURG])
    a.kill(b, SIGURG)
    assert not call.done()
    a.kill(b, SIGUSR1)
    assert call.value == (SIGUSR1, SI_USER, a.name, 0)
    assert b.sigprocmask(SIG_BLOCK) == []
    call = c.submit("sigtimedwait", [SIGUSR2])
    a.kill(c, SIGUSR2)
    assert call.value is DIED
    assert a.wait4(c) == (c.name, SIGUSR2)


def errors_of_sigprocmask(m: Machine) -> None:
    """Limits 4.5, rt_sigprocmask: a wrong `how` is EINVAL, but is not looked at without a set."""
    a = m.spawn()
    assert a.sigprocmask(99) == []
    assert a.sigprocmask(-1) == []
    assert a.sigprocmask(99, []) == "EINVAL"
    assert a.sigprocmask(SIG_SETMASK, ALL) == []
    assert a.sigprocmask(SIG_SETMASK, []) == [n for n in ALL if n not in (SIGKILL, SIGSTOP)]


# ------------------------------------------------------------------------------------------------ stop and continue
def stops_and_their_waits(m: Machine) -> None:
    """A stopped child is told once to WUNTRACED, a continued one to WCONTINUED; WNOWAIT leaves it to be told again."""
    a = m.spawn()
    b = a.fork()
    r, _ = a.pipe()
    assert a.wait4(b, WUNTRACED | WNOHANG) == (0, 0)
    a.kill(b, SIGSTOP)
    assert a.wait4(b, WNOHANG) == (0, 0)
    assert a.waitid(P_ALL, 0, WSTOPPED | WNOWAIT | WNOHANG) is not None
    assert a.wait4(b, WUNTRACED) == (b.name, 0x137F)
    assert a.wait4(b, WUNTRACED | WNOHANG) == (0, 0)
    a.kill(b, SIGCONT)
    info = a.waitid(P_ALL, 0, 8 | WNOWAIT)
    assert info[1] == CLD_CONTINUED
    assert a.wait4(b, WCONTINUED) == (b.name, 0xFFFF)
    assert a.wait4(b, WCONTINUED | WNOHANG) == (0, 0)
    a.kill(b, SIGSTOP)
    a.kill(b, SIGKILL)
    assert a.wait4(b, WUNTRACED) == (b.name, SIGKILL)


def sigchld_of_stops(m: Machine) -> None:
    """The parent gets SIGCHLD with a CLD_ code for each change; SA_NOCLDSTOP leaves stops out."""
    for flags in (0, SA_NOCLDSTOP):
        a = m.spawn()
        a.sigaction(SIGCHLD, "handler", [], flags)
        b, c = a.fork(), a.fork()
        a.kill(b, SIGSTOP)
        a.kill(b, SIGCONT)
        a.kill(b, SIGTERM)
        c.exit(7)
        a.wait4()
        a.wait4()


def stop_and_continue_cancel_each_other(m: Machine) -> None:
    """Limits 4.3: SIGCONT clears pending stops, and a stop a pending SIGCONT."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGTSTP, SIGTTIN, SIGCONT])
    a.kill(a, SIGTSTP)
    a.kill(a, SIGTTIN)
    assert a.sigpending() == [SIGTSTP, SIGTTIN]
    a.kill(a, SIGCONT)
    assert a.sigpending() == [SIGCONT]
    a.kill(a, SIGTSTP)
    assert a.sigpending() == [SIGTSTP]


def orphaned_groups_do_not_stop(m: Machine) -> None:
    """Limits 10.6: TSTP and TTIN are discarded in an orphaned group, SIGSTOP is not; a group with a parent stops."""
    a = m.spawn()
    r, _ = a.pipe()
    call = a.submit("read", r, 1)
    b = m.spawn()
    b.kill(a, SIGTSTP)
    assert not call.done()
    c = b.fork()
    c.setpgid(0, 0)
    c.submit("pause")
    b.kill(c, SIGTSTP)
    assert b.wait4(c, WUNTRACED | WNOHANG) == (c.name, 0x147F)


def stopped_group_is_hung_up_when_nobody_can_continue_it(m: Machine) -> None:
    """A process whose first thread has ended counts as stopped with its other threads."""
    a = m.spawn()
    b = a.thread()
    a.exit(3)
    c = b.fork()
    c.kill(a, SIGSTOP)
    d = c.fork()
    c.setpgid(0, c)
    assert c.kill(c, 40) == DIED
    for t in (b, d):
        assert t.getpid() == DIED


def handled_sigcont_runs_after_the_stop(m: Machine) -> None:
    """SIGCONT continues even if it is blocked or ignored; its handler runs when the task goes on."""
    a = m.spawn()
    b, c = a.fork(), a.fork()
    b.sigaction(SIGCONT, "handler")
    c.sigprocmask(SIG_BLOCK, [SIGCONT])
    for t in (b, c):
        a.kill(t, SIGSTOP)
        assert a.wait4(t, WUNTRACED) == (t.name, 0x137F)
        a.kill(t, SIGCONT)
        assert a.wait4(t, WCONTINUED) == (t.name, 0xFFFF)
    assert c.sigpending() == [SIGCONT]


def signals_to_a_stopped_task_wait(m: Machine) -> None:
    """What is sent to a stopped task is delivered when it is continued; SIGKILL at once."""
    a = m.spawn()
    b = a.fork()
    b.sigaction(SIGUSR1, "handler")
    a.kill(b, SIGSTOP)
    a.wait4(b, WUNTRACED)
    a.kill(b, SIGUSR1)
    a.kill(b, SIGCONT)
    a.kill(b, SIGSTOP)
    a.kill(b, SIGTERM)
    assert a.wait4(b, WNOHANG) == (0, 0)
    a.kill(b, SIGCONT)
    assert a.wait4(b) == (b.name, SIGTERM)


# ------------------------------------------------------------------------------------------------ sources
def nocldwait_reaps_at_once(m: Machine) -> None:
    """SA_NOCLDWAIT leaves no zombie and still sends SIGCHLD; with SIG_IGN none is sent."""
    for handler in ("handler", SIG_IGN, SIG_DFL):
        a = m.spawn()
        a.sigaction(SIGCHLD, handler, [], SA_NOCLDWAIT)
        b = a.fork()
        b.exit(4)
        assert a.wait4() == "ECHILD"


def sigpipe_can_be_handled(m: Machine) -> None:
    """SIGPIPE comes from a write without readers, as if the task had sent it to itself; the write is EPIPE."""
    a = m.spawn()
    r, w = a.pipe()
    a.sigaction(SIGPIPE, "handler")
    a.close(r)
    assert a.write(w, b"x") == "EPIPE"
    a.sigprocmask(SIG_BLOCK, [SIGPIPE])
    assert a.write(w, b"x") == "EPIPE"
    assert a.sigpending() == [SIGPIPE]
    assert a.sigtimedwait([SIGPIPE], 0) == (SIGPIPE, SI_USER, a.name, 0)


# ------------------------------------------------------------------------------------------------ System V sleepers
def _sleepers(m: Machine) -> tuple:  # type: ignore[type-arg]
    """Somebody who acts, and one asleep in semop, in msgrcv and in msgsnd each; the set, an empty queue, a full one."""
    a, b, c, d = (m.spawn() for _ in range(4))
    semid, empty, full = a.semget(0, 1, 0o600), a.msgget(0, 0o600), a.msgget(0, 0o600)
    _asleep(a, b, c, d, semid, empty, full)
    return a, b, c, d, semid, empty, full


def _asleep(a, b, c, d, semid, empty, full) -> None:  # type: ignore[no-untyped-def]
    for _ in range(2):
        a.msgsnd(full, 1, b"x" * 8000)
    b.submit("semop", semid, [(0, -1)])
    c.submit("msgrcv", empty, 10, 7)
    d.submit("msgsnd", full, 1, b"y" * 1000)


def stops_of_system_v_sleepers(m: Machine) -> None:
    """Stopped and continued, a semop is EINTR, and messages are waited for again, with room or a message meanwhile."""
    a, b, c, d, semid, empty, full = _sleepers(m)
    for sig in (SIGSTOP, SIGCONT):
        for p in (b, c, d):
            a.kill(p, sig)
    a.msgsnd(empty, 7, b"hi")
    for _ in range(3):
        a.msgrcv(full, 9000, 0)
    c.submit("msgrcv", empty, 10, 7)
    a.kill(c, SIGSTOP)
    a.msgsnd(empty, 7, b"both")
    a.kill(c, SIGCONT)
    b.submit("semop", semid, [(0, -1)])
    a.kill(b, SIGSTOP)
    a.semop(semid, [(0, 1)])
    a.kill(b, SIGCONT)


def handlers_of_system_v_sleepers(m: Machine) -> None:
    """A handler makes all three EINTR, with SA_RESTART too; then each goes on with what it can have by now."""
    a, b, c, d = (m.spawn() for _ in range(4))
    semid, empty, full = a.semget(0, 1, 0o600), a.msgget(0, 0o600), a.msgget(0, 0o600)
    for flags in (0, SA_RESTART):
        for p in (b, c, d):
            p.sigaction(SIGUSR1, "handler", [], flags)
        _asleep(a, b, c, d, semid, empty, full)
        for p in (b, c, d):
            a.kill(p, SIGUSR1)
        for p in (b, c, d):
            p.sigprocmask(SIG_BLOCK, [SIGUSR1])
            a.kill(p, SIGUSR1)
        a.msgsnd(empty, 7, b"hi")
        assert c.msgrcv(empty, 10, 7) == (7, b"hi")
        for p in (b, c, d):
            p.sigprocmask(SIG_UNBLOCK, [SIGUSR1])
        for _ in range(2):
            a.msgrcv(full, 9000, 0)


def deaths_of_system_v_sleepers(m: Machine) -> None:
    """Who is killed asleep leaves its queue: the message and the unit go to nobody."""
    a, b, c, d, semid, empty, full = _sleepers(m)
    a.kill(c, SIGKILL)
    a.msgsnd(empty, 7, b"late")
    a.kill(b, SIGTERM)
    a.semop(semid, [(0, 1)])
    a.kill(d, SIGKILL)
    a.msgrcv(full, 9000, 0)
    assert a.msgrcv(empty, 10, 0) == (7, b"late")
    assert a.semctl(semid, 0, 12) == 1


def a_handler_then_death(m: Machine) -> None:
    """Continued, a process runs a handler that holds a deadly signal back, then dies of it: kill has long returned."""
    a, b = m.spawn(), m.spawn()
    a.sigaction(34, "handler", [40])
    a.thread()
    b.kill(a, SIGSTOP)
    b.sigqueue(a, 40, 4)
    b.kill(a, 34)
    assert b.kill(a, SIGCONT) is None
    assert b.kill(b, 0) is None


def who_goes_on_first(m: Machine) -> None:
    """Continued, the threads of a process go on from the first one, whoever was named: it takes what has come."""
    a, c = m.spawn(), m.spawn()
    b = a.thread()
    b.sigaction(40, "handler", [40])
    c.kill(b, SIGSTOP)
    c.kill(a, 40)
    assert c.kill(b, SIGCONT) is None
    c.kill(b, SIGSTOP)
    c.kill(b, 40)
    assert c.tkill(b, SIGCONT) is None


def infos_without_a_number(m: Machine) -> None:
    """What an info holds goes by the number that is sent, not by its own: the value of a SIGCHLD is its status."""
    a = m.spawn()
    for sig in (SIGCHLD, SIGUSR1, 34):
        a.sigaction(sig, "handler")
        for code in (1, 3, -1, -60):
            a.sigqueueinfo(a, sig, code, 24)
