"""Signals in every kind of task: handlers, masks, frames, restart, stops. What Linux does is in the oracle's cases."""

import contextlib
import struct

import numpy as np
import pytest

import fastipc
from fastipc import (
    EAGAIN,
    EINTR,
    EINVAL,
    EPERM,
    ESRCH,
    SA_NODEFER,
    SA_ONSTACK,
    SA_RESETHAND,
    SA_RESTART,
    SIG_BLOCK,
    SIG_DFL,
    SIG_IGN,
    SIG_SETMASK,
    SIG_UNBLOCK,
    SIGALRM,
    SIGBUS,
    SIGCHLD,
    SIGCONT,
    SIGKILL,
    SIGSEGV,
    SIGSTOP,
    SIGTERM,
    SIGUSR1,
    SIGUSR2,
    SS_DISABLE,
    SS_ONSTACK,
    WUNTRACED,
    Deadlock,
    SigInfo,
    SigSet,
    StackT,
    TaskExited,
)

RT = 40
FRAME, UC, INFO, SIZE = 0, 8, 312, 440


# ------------------------------------------------------------------------------------------ sets and records
def test_a_set_is_made_of_numbers_or_of_a_mask():
    s = SigSet([SIGUSR1, RT])
    assert s.mask == 1 << (SIGUSR1 - 1) | 1 << (RT - 1)
    assert s == SigSet(s.mask) == {SIGUSR1, RT}
    assert list(s) == [SIGUSR1, RT] and SIGUSR1 in s and SIGUSR2 not in s and len(s) == 2
    assert s | [SIGUSR2] == {SIGUSR1, SIGUSR2, RT} and s - [RT] == {SIGUSR1} and s & [RT] == {RT}
    with pytest.raises(OSError, check=lambda e: e.errno == EINVAL):
        SigSet([65])
    with pytest.raises(TypeError):
        SigSet(1.5)


def test_the_same_mask_gives_the_same_frozenset(k):
    t = k.spawn()
    t.sigprocmask(SIG_SETMASK, [SIGUSR1])
    assert t.sigprocmask(SIG_BLOCK) is t.sigprocmask(SIG_BLOCK) == frozenset({SIGUSR1})


def test_wrong_sets_and_handlers_are_refused(k):
    t = k.spawn()
    assert t.sys_sigprocmask(SIG_SETMASK, [65]) == -EINVAL
    assert t.sys_sigprocmask(SIG_SETMASK, [0]) == -EINVAL
    with pytest.raises(TypeError, match="set"):
        t.sigprocmask(SIG_SETMASK, 1.5)
    with pytest.raises(TypeError, match="handler"):
        t.sigaction(SIGUSR1, "no")
    assert t.sys_sigaction(99, SIG_IGN) == -EINVAL
    assert t.sigprocmask(SIG_BLOCK) == frozenset()


def test_the_old_action_is_the_object_that_was_given(k):
    t = k.spawn()

    def handler(t, signo, info):
        pass

    old = t.sigaction(SIGUSR1, handler, mask=[SIGUSR2], flags=SA_RESTART)
    assert (old.sa_handler, old.sa_mask, old.sa_flags) == (SIG_DFL, frozenset(), 0)
    old = t.sigaction(SIGUSR1)
    assert old.sa_handler is handler and old.sa_mask == {SIGUSR2} and old.sa_flags == SA_RESTART
    assert t.sigaction(SIGUSR1, SIG_IGN).sa_handler is handler
    assert t.sigaction(SIGUSR1, SIG_DFL).sa_handler == SIG_IGN
    k.verify()
    assert len(k.table("handler", live=True)) == 0


def test_default_actions_cost_no_row(k):
    p = k.spawn()
    before = len(k.table("sighand", live=True))
    children = [p.fork() for _ in range(10)]
    assert len(k.table("sighand", live=True)) == before == 1
    children[0].sigaction(SIGUSR1, SIG_IGN)
    assert len(k.table("sighand", live=True)) == 2
    children[0].exit()
    p.wait4(children[0])
    assert len(k.table("sighand", live=True)) == 1


# ------------------------------------------------------------------------------------------ handlers
def runs(kind):
    """A program that notes what its handler is told and what its calls give."""

    def program(t, out):
        def handler(t, signo, info):
            out.append((signo, info.si_code, info.si_value))

        yield t.sigaction(SIGUSR1, handler)
        yield t.sigaction(RT, handler, flags=SA_RESTART)
        yield t.kill(t, SIGUSR1)
        yield t.sigqueue(t, RT, 7)
        out.append("then")
        try:
            yield t.nanosleep(10)
        except InterruptedError:
            out.append("interrupted")
        ret = yield t.sys_pause()
        out.append(ret)

    return kind(program)


def test_handlers_run_in_programs(k, kind):
    out = []
    p = k.spawn(runs(kind), out)

    def sender(t, p):
        yield t.nanosleep(1)
        yield t.kill(p, RT)
        yield t.nanosleep(1)
        yield t.kill(p, SIGUSR1)

    k.spawn(kind(sender), p)
    k.run()
    assert out == [(SIGUSR1, 0, 0), (RT, -1, 7), "then", (RT, 0, 0), "interrupted", (SIGUSR1, 0, 0), -EINTR]


def test_a_read_goes_on_after_the_handler(k, kind):
    out = []

    def reader(t, r):
        yield t.sigaction(SIGUSR1, lambda t, s, i: out.append(s), flags=SA_RESTART)
        return (yield t.read(r, 1000))

    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(kind(reader), r)
    k.run(until=1)
    p.kill(a, SIGUSR1)
    k.run(until=2)
    assert out == [SIGUSR1] and a.state == "sleeping"
    p.write(w, b"hello")
    k.run()
    assert a.result == b"hello"


def test_a_handler_may_sleep(k, kind):
    out = []

    def program(t, r):
        def handler(t, signo, info):
            out.append(t.read(r, 10))

        yield t.sigaction(SIGUSR1, handler)
        yield t.kill(t, SIGUSR1)
        out.append("after")

    p = k.spawn()
    r, w = p.pipe()
    p.fork(kind(program), r)
    k.run(deadlock="return")
    assert out == []
    p.write(w, b"now")
    k.run()
    assert out == [b"now", "after"]


def test_a_generator_can_be_a_handler(k, kind):
    out = []

    def program(t, r):
        def handler(t, signo, info):
            data = yield t.read(r, 10)
            out.append(data)
            yield t.getpid()
            out.append("end")

        yield t.sigaction(SIGUSR1, handler)
        yield t.kill(t, SIGUSR1)
        out.append("after")

    p = k.spawn()
    r, w = p.pipe()
    p.fork(kind(program), r)
    k.run(deadlock="return")
    p.write(w, b"now")
    k.run()
    assert out == [b"now", "end", "after"]


def test_handlers_nest(k, kind):
    out = []

    def program(t):
        def inner(t, signo, info):
            out.append(("inner", sorted(t.sigprocmask(SIG_BLOCK))))

        def outer(t, signo, info):
            out.append("outer")
            t.kill(t, SIGUSR2)
            out.append("outer again")

        yield t.sigaction(SIGUSR1, outer)
        yield t.sigaction(SIGUSR2, inner)
        yield t.kill(t, SIGUSR1)
        out.append(sorted((yield t.sigprocmask(SIG_BLOCK))))

    k.spawn(kind(program))
    k.run()
    assert out == ["outer", ("inner", [SIGUSR1, SIGUSR2]), "outer again", []]


def test_an_error_of_a_handler_comes_out_of_the_run(k, kind):
    def program(t):
        def handler(t, signo, info):
            raise KeyError("lost")

        yield t.sigaction(SIGUSR1, handler)
        yield t.kill(t, SIGUSR1)

    p = k.spawn(kind(program))
    with pytest.raises(KeyError) as caught:
        k.run()
    notes = " ".join(caught.value.__notes__)
    assert f"signal {SIGUSR1} of task {p.pid}" in notes
    assert p.exit_status == 0x0100
    k.verify()


@pytest.mark.parametrize("how", ["exit", "execve", "kill"])
def test_a_handler_may_end_its_task(k, kind, how):
    p = k.spawn()

    def program(t):
        def handler(t, signo, info):
            if how == "exit":
                t.exit_group(3)
            elif how == "kill":
                t.kill(t, SIGKILL)
            else:
                t.execve(lambda t: t.exit(3))

        yield t.sigaction(SIGUSR1, handler)
        yield t.kill(t, SIGUSR1)
        raise AssertionError

    c = p.fork(kind(program))
    k.run()
    assert p.wait4() == (c.pid, SIGKILL if how == "kill" else 0x300)
    k.verify()


def test_a_task_that_sleeps_in_its_handler_can_be_killed(k, kind):
    p = k.spawn()
    r, w = p.pipe()

    def program(t):
        yield t.sigaction(SIGUSR1, lambda t, s, i: t.read(r, 1))
        yield t.kill(t, SIGUSR1)

    c = p.fork(kind(program))
    k.run(deadlock="return")
    p.kill(c, SIGTERM)
    k.run()
    assert p.wait4() == (c.pid, SIGTERM)
    k.verify()


# ------------------------------------------------------------------------------------------ by hand
def test_an_idle_task_takes_its_signals_before_the_call_that_sent_them_returns(k):
    a = k.spawn()
    b = a.fork()
    out = []
    a.sigaction(SIGUSR1, lambda t, signo, info: out.append((t.pid, info.si_pid)))
    b.kill(a, SIGUSR1)
    assert out == [(a.pid, b.pid)]
    b.kill(a, SIGTERM)
    assert a.state in ("zombie", "dead")
    with pytest.raises(TaskExited):
        a.getpid()


def test_a_program_sends_to_a_task_by_hand(k, kind):
    a = k.spawn()
    out = []
    a.sigaction(SIGUSR1, lambda t, signo, info: out.append("handler"))

    def program(t):
        yield t.kill(a, SIGUSR1)
        out.append("after")
        yield t.getpid()

    a.fork(kind(program))
    k.run()
    assert out[0] == "handler"


def test_an_error_in_a_handler_by_hand_undoes_the_frame(k):
    a = k.spawn()

    def handler(t, signo, info):
        raise KeyError("lost")

    a.sigaction(SIGUSR1, handler)
    sp = a.regs.rsp
    with pytest.raises(KeyError):
        a.kill(a, SIGUSR1)
    assert a.sigprocmask(SIG_BLOCK) == frozenset()
    assert a.regs.rsp == sp
    k.verify()
    a.kill(a, 0)


def test_a_submitted_call_is_interrupted(k):
    a = k.spawn()
    r, w = a.pipe()
    b = a.fork()
    out = []
    a.sigaction(SIGUSR1, lambda t, signo, info: out.append(t.getpid()))
    c = a.submit("read", r, 5)
    k.run()
    b.kill(a, SIGUSR1)
    k.run()
    assert out == [a.pid]
    with pytest.raises(InterruptedError):
        c.result()


def test_stopping_by_hand(k):
    a = k.spawn()
    b = a.fork()
    a.kill(b, SIGSTOP)
    assert b.state == "stopped"
    assert a.wait4(b, WUNTRACED) == (b.pid, SIGSTOP << 8 | 0x7F)
    a.kill(b, SIGCONT)
    assert b.state == "running"
    assert b.getpid() == b.pid


def test_calls_on_a_stopped_task_wait_for_sigcont(k):
    a = k.spawn()
    b = a.fork()
    b.kill(b, SIGSTOP)
    assert b.state == "stopped"
    with pytest.raises(Deadlock, match="stopped"):
        b.getpid()
    c = b.submit("getppid")
    k.run()
    assert not c.done()
    a.kill(b, SIGCONT)
    assert c.done() and c.result() == a.pid
    assert b.getpid() == b.pid


def test_stopped_programs_are_a_deadlock_that_says_so(k, kind):
    def program(t):
        yield t.kill(t, SIGSTOP)
        yield t.getpid()

    p = k.spawn(kind(program))
    with pytest.raises(Deadlock, match="SIGCONT"):
        k.run()
    assert p.state == "stopped"
    k.spawn().kill(p, SIGCONT)
    k.run()
    assert p.exit_status == 0


# ------------------------------------------------------------------------------------------ the frame
def test_the_frame_is_in_the_tasks_memory(k):
    t = k.spawn()
    seen = {}

    def handler(t, signo, info):
        regs = t.regs
        frame = t.load(regs.rsp, SIZE)
        seen["pretcode"], flags, link = struct.unpack_from("QQQ", frame)
        seen["code"] = t.load(seen["pretcode"], 9)
        seen["mask"] = struct.unpack_from("Q", frame, 304)[0]
        seen["info"] = struct.unpack_from("iii", frame, INFO)
        seen["regs"] = (regs.rdi, regs.rsi - regs.rsp, regs.rdx - regs.rsp, regs.rax)
        seen["aligned"] = regs.rsp % 16
        seen["saved"] = dict(zip(("ax", "cx", "sp", "ip"), struct.unpack_from("4Q", frame, UC + 40 + 104), strict=True))

    t.sigprocmask(SIG_BLOCK, [SIGUSR2])
    t.sigaction(SIGUSR1, handler)
    before = t.regs
    t.kill(t, SIGUSR1)
    assert seen["code"] == bytes.fromhex("48c7c00f0000000f05")  # mov $15, %rax; syscall
    assert seen["mask"] == 1 << (SIGUSR2 - 1)
    assert seen["info"] == (SIGUSR1, 0, 0)
    assert seen["regs"] == (SIGUSR1, INFO, UC, 0)
    assert seen["aligned"] == 8
    assert seen["saved"]["sp"] == before.rsp and seen["saved"]["ax"] == 0
    assert t.regs.rsp == before.rsp


def test_edits_of_the_saved_context_take_effect(k):
    t = k.spawn()

    def handler(t, signo, info):
        sp = t.regs.rsp
        t.store(sp + 304, struct.pack("Q", 1 << (RT - 1)))  # uc_sigmask
        t.store(sp + UC + 40 + 104, struct.pack("Q", 77))  # rax

    t.sigaction(SIGUSR1, handler)
    assert t.sys_kill(t, SIGUSR1) == 77
    assert t.sigprocmask(SIG_BLOCK) == {RT}


@pytest.mark.parametrize("at", [FRAME, UC + 40 + 128, UC + 40 + 144])
def test_a_broken_frame_is_sigsegv(k, at):
    """The return address, the saved rip, the segments."""
    p = k.spawn()
    t = p.fork()
    t.sigaction(SIGUSR1, lambda t, s, i: t.store(t.regs.rsp + at, b"\xff" * 8))
    with pytest.raises(TaskExited):
        t.kill(t, SIGUSR1)
    assert p.wait4() == (t.pid, SIGSEGV)
    k.verify()


@pytest.mark.parametrize(
    ("at", "mxcsr", "broken"),
    [(0, 0, 0), (0x1000, 0, 0), (0x1010, 0x1F80, 0), (0x1008, 0, 1), (0x1000, 1 << 16, 1), (0x1F00, 0, 1), (8, 0, 1)]
    + [(2**64 - 16, 0, 1)],
)
def test_the_state_of_the_floating_point_unit(k, at, mxcsr, broken):
    """A frame has none; one that a handler points to must be what fxrstor takes."""
    p = k.spawn()
    t = p.fork()
    area = t.mmap(8192, 3, fastipc.MAP_PRIVATE | fastipc.MAP_ANONYMOUS)
    t.munmap(area + 4096, 4096)
    where = area - 0x1000 + at if 0x1000 <= at < 0x2000 else at
    seen = []

    def handler(t, signo, info):
        frame = t.regs.rsp
        seen.append(struct.unpack("Q", t.load(frame + UC + 40 + 184, 8))[0])
        t.store(frame + UC + 40 + 184, struct.pack("Q", where))
        if mxcsr:
            t.store(where + 24, struct.pack("I", mxcsr))

    t.sigaction(SIGUSR1, handler)
    with contextlib.suppress(TaskExited):
        p.kill(t, SIGUSR1)
    assert seen == [0]
    assert t.state == ("zombie" if broken else "running")
    k.verify()


def test_no_stack_left_is_sigsegv(k):
    p = k.spawn()
    t = p.fork()
    t.setrlimit(fastipc.RLIMIT_STACK, (0x22000, 0x22000))
    depth = []

    def handler(t, signo, info):
        depth.append(t.regs.rsp)
        if len(depth) < 400:
            t.kill(t, SIGUSR1)

    t.sigaction(SIGUSR1, handler, flags=SA_NODEFER)
    with pytest.raises((TaskExited, RecursionError)):
        t.kill(t, SIGUSR1)
    assert len(depth) < 400
    k.verify()


def test_the_alternate_stack(k):
    t = k.spawn()
    base = t.mmap(8192, fastipc.PROT_READ | fastipc.PROT_WRITE, fastipc.MAP_PRIVATE | fastipc.MAP_ANONYMOUS)
    assert t.sigaltstack() == StackT(ss_sp=0, ss_flags=SS_DISABLE, ss_size=0)
    assert t.sys_sigaltstack((base, 5, 8192)) == -EINVAL
    assert t.sys_sigaltstack((base, 0, 2047)) == -fastipc.ENOMEM
    t.sigaltstack((base, 0, 8192))
    seen = []

    def handler(t, signo, info):
        seen.append(base < t.regs.rsp < base + 8192)
        seen.append(t.sigaltstack().ss_flags)
        seen.append(t.sys_sigaltstack((base, 0, 4096)))

    t.sigaction(SIGUSR1, handler, flags=SA_ONSTACK)
    t.kill(t, SIGUSR1)
    assert seen == [True, SS_ONSTACK, -EPERM]
    assert t.sigaltstack() == StackT(ss_sp=base, ss_flags=0, ss_size=8192)


def test_a_fault_can_be_handled_and_the_access_is_tried_again(k):
    t = k.spawn()
    page = t.mmap(4096, fastipc.PROT_NONE, fastipc.MAP_PRIVATE | fastipc.MAP_ANONYMOUS)
    seen = []

    def handler(t, signo, info):
        seen.append((signo, info.si_addr))
        t.mprotect(page, 4096, fastipc.PROT_READ | fastipc.PROT_WRITE)

    t.sigaction(SIGSEGV, handler)
    t.store(page + 8, b"abc")
    assert t.load(page + 8, 3) == b"abc"
    assert seen == [(SIGSEGV, page + 8)]
    t.sigprocmask(SIG_BLOCK, [SIGSEGV])
    with pytest.raises(TaskExited):
        t.load(0, 1)


# ------------------------------------------------------------------------------------------ sending
def test_errnos(k):
    a = k.spawn(uid=1000)
    b = k.spawn(uid=1001)
    assert a.sys_kill(b, SIGUSR1) == -EPERM
    assert a.sys_kill(99999, 0) == -ESRCH
    assert a.sys_kill(b, 65) == -EINVAL
    assert a.sys_kill(2**40, 0) == -ESRCH
    assert a.sys_kill(a, 2**40) == -EINVAL
    assert a.sys_tkill(0, 0) == -EINVAL
    assert a.sys_rt_sigqueueinfo(b, RT, SigInfo(si_code=0)) == -EPERM
    assert a.sys_sigtimedwait([RT], None, 0) == -EAGAIN
    assert a.sys_sigtimedwait([RT], None, -1) == -EINVAL
    k.verify()


def test_init_is_immune(k):
    t = k.spawn()
    for sig in (SIGKILL, SIGTERM, SIGSTOP, RT):
        t.kill(1, sig)
    assert k.init.state == "sleeping"


def test_kill_minus_one_reaches_all_but_init_and_the_sender(k):
    t = k.spawn()
    others = [k.spawn() for _ in range(3)]
    t.kill(-1, SIGTERM)
    assert [o.state for o in others] == ["dead"] * 3 and t.state == "running"


def test_ten_thousand_queued_signals_are_taken_in_order(k):
    t = k.spawn()
    t.sigprocmask(SIG_BLOCK, range(1, 65))
    t.setrlimit(fastipc.RLIMIT_SIGPENDING, (100_000, 100_000))
    for i in range(10_000):
        t.sigqueue(t, 34 + i % 31, i)
    k.verify()
    everything = SigSet(range(1, 65))
    taken = [t.sigtimedwait(everything, 0) for _ in range(10_000)]
    assert [(i.si_signo, i.si_value) for i in taken] == sorted((34 + i % 31, i) for i in range(10_000))
    assert t.sigpending() == frozenset()


def test_a_killed_process_gives_its_queue_back(k, rows):
    before = rows(k)
    p = k.spawn()
    t = p.fork()
    t.sigprocmask(SIG_BLOCK, range(1, 65))
    for i in range(20):
        p.sigqueue(t, RT, i)
        p.tkill(t, 41)
    t.sigaction(SIGUSR1, lambda t, s, i: None)
    p.kill(t, SIGKILL)
    p.wait4()
    p.exit()
    k.verify()
    assert rows(k) == before


def test_system_v_signal(k):
    t = k.spawn()
    p = k.spawn()
    c = p.fork()
    out = []

    def handler(t, signo, info):
        out.append(sorted(t.sigprocmask(SIG_BLOCK)))

    assert c.signal(SIGUSR1, handler) == SIG_DFL
    assert c.signal(SIGUSR1, handler) is handler
    t.kill(c, SIGUSR1)
    assert out == [[]]
    t.kill(c, SIGUSR1)
    assert p.wait4() == (c.pid, SIGUSR1)


def test_resethand_and_trace(k):
    lines = []
    k.trace(lines.append)
    p = k.spawn()
    t = p.fork()
    t.sigaction(SIGUSR1, lambda t, s, i: None, flags=SA_RESETHAND)
    t.kill(t, SIGUSR1)
    assert t.sigaction(SIGUSR1).sa_handler == SIG_DFL
    assert any(f"kill({t.pid}, {SIGUSR1}) = 0" in line for line in lines)
    k.verify()


def test_the_signal_of_a_stack_of_children(k):
    p = k.spawn()
    seen = []
    p.sigaction(SIGCHLD, lambda t, s, i: seen.append((i.si_code, i.si_pid, i.si_status)))
    c = p.fork()
    c.exit(7)
    assert seen == [(fastipc.CLD_EXITED, c.pid, 7)]
    d = p.fork()
    p.kill(d, SIGTERM)
    assert seen[1:] == [(fastipc.CLD_KILLED, d.pid, SIGTERM)]


# ------------------------------------------------------------------------------------------ compiled programs
@fastipc.compiled
def note(t, signo, info):
    t.write(1, np.full(1, signo, np.uint8))


@fastipc.compiled
def interrupted(t, flags):
    t.sigaction(SIGUSR1, note, 0, flags)
    t.kill(t.getpid(), SIGUSR1)
    buf = np.zeros(8, np.uint8)
    return t.sys_readinto(2, buf)


@pytest.mark.parametrize("flags", [0, SA_RESTART])
def test_compiled_handlers(k, flags):
    p = k.spawn()
    p.pipe()
    r, w = p.pipe()
    a = p.fork(interrupted, flags)
    k.run(until=1)
    p.kill(a, SIGUSR1)
    k.run(until=2)
    p.write(w, b"abc")
    k.run()
    assert a.result == (3 if flags else -EINTR)
    assert p.read(0, 10) == bytes([SIGUSR1] * 2)
    k.verify()


@fastipc.compiled
def waiter(t, set, n):
    info = np.zeros(1, fastipc.SIGINFO)
    total = 0
    t.sigprocmask(SIG_BLOCK, set)
    for _ in range(n):
        t.sys_sigwaitinfo(set, info)
        total += info[0].si_value
    return total


@fastipc.compiled
def queuer(t, pid, n):
    t.nanosleep(0.001)
    for i in range(n):
        t.sigqueue(pid, 40, i)


def test_compiled_queues(k):
    a = k.spawn(waiter, SigSet([RT]), 100)
    k.spawn(queuer, a, 100)
    k.run()
    assert a.result == sum(range(100))


def test_a_python_handler_in_a_compiled_program(k):
    p = k.spawn()
    p.pipe()
    r, w = p.pipe()
    out = []

    def handler(t, signo, info):
        out.append(signo)
        t.nanosleep(0.5)
        out.append(k.now)

    p.sigaction(SIGUSR2, handler)
    a = p.fork(interrupted, 0)
    k.run(until=1)
    p.kill(a, SIGUSR2)
    k.run()
    assert out == [SIGUSR2, 1.5]
    assert a.result == -EINTR


def test_constants():
    assert (SIGALRM, SIGBUS, SIG_UNBLOCK) == (14, 7, 1)


@pytest.mark.parametrize("exits", [True, False])
def test_who_sends_a_signal_is_not_told_of_the_end_in_the_handler(k, exits):
    a, sender = k.spawn(), k.spawn()
    told = []

    def handler(t, signo, info):
        told.append(signo)
        if exits:
            t.exit_group(3)

    a.sigaction(34, handler, [40])
    sender.kill(a, SIGSTOP)
    if not exits:
        sender.sigqueue(a, 40, 4)
    sender.kill(a, 34)
    assert sender.kill(a, SIGCONT) is None
    assert (told, a.exit_status, sender.state) == ([34], 0x300 if exits else 40, "running")
    k.verify()


def test_a_frame_in_two_pages(k):
    """Its registers and its mask come back, those that the handler has set too."""
    t = k.spawn()
    base = t.mmap(8192, fastipc.PROT_READ | fastipc.PROT_WRITE, fastipc.MAP_PRIVATE | fastipc.MAP_ANONYMOUS)
    t.sigaltstack((base, 0, 4096 + 200))
    seen = []

    def handler(t, signo, info):
        frame = t.regs.rsp
        seen.append((frame < base + 4096 < frame + 440, t.load(frame + 312, 4), t.regs.rdi, info.si_pid == t.pid))
        t.store(frame + 304, struct.pack("Q", 1 << SIGUSR2 - 1))  # uc_sigmask

    t.sigaction(SIGUSR1, handler, flags=SA_ONSTACK)
    for _ in range(3):
        before = t.regs.rsp, t.regs.rip
        t.kill(t, SIGUSR1)
        assert (t.regs.rsp, t.regs.rip) == before
        assert t.sigprocmask(SIG_SETMASK, SigSet()) == {SIGUSR2}
    assert seen == [(True, struct.pack("I", SIGUSR1), SIGUSR1, True)] * 3


def test_a_handler_made_later_does_not_stand_where_an_action_has_found_none(k):
    t = k.spawn()
    t.sigaction(SIGUSR1, 0x400000 + 16 * 2)
    for sig in (SIGTERM, SIGALRM, SIGUSR2):
        t.sigaction(sig, lambda t, signo, info: None)
        k.verify()
    with pytest.raises(fastipc.TaskExited):
        t.kill(t, SIGUSR1)
    assert t.exit_status & 0x7F == SIGSEGV
    k.verify()
