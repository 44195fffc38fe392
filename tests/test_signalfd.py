"""signalfd in every kind of program."""

import struct

import numpy as np
import pytest

import fastipc
from fastipc import (
    CLOCK_MONOTONIC,
    EAGAIN,
    EBADF,
    EFAULT,
    EINTR,
    EINVAL,
    ITIMER_REAL,
    MAP_ANONYMOUS,
    MAP_PRIVATE,
    POLLIN,
    SFD_CLOEXEC,
    SFD_NONBLOCK,
    SIG_BLOCK,
    SIGALRM,
    SIGNALFD_SIGINFO,
    SIGSEGV,
    SIGUSR1,
    SIGUSR2,
    Deadlock,
    SigSet,
    UserBuffer,
)

RT = 40


def records(data):
    """What was read, as an array."""
    return np.frombuffer(data, SIGNALFD_SIGINFO)


def test_the_record_is_that_of_c():
    offsets = {name: SIGNALFD_SIGINFO.fields[name][1] for name in SIGNALFD_SIGINFO.names}
    assert SIGNALFD_SIGINFO.itemsize == 128
    assert offsets == offsets | {
        "ssi_signo": 0, "ssi_errno": 4, "ssi_code": 8, "ssi_pid": 12, "ssi_uid": 16, "ssi_fd": 20, "ssi_tid": 24,
        "ssi_band": 28, "ssi_overrun": 32, "ssi_trapno": 36, "ssi_status": 40, "ssi_int": 44, "ssi_ptr": 48,
        "ssi_utime": 56, "ssi_stime": 64, "ssi_addr": 72, "ssi_addr_lsb": 80, "ssi_syscall": 84, "ssi_call_addr": 88,
        "ssi_arch": 96,
    }  # fmt: skip


def test_programs_read_signals(k, kind):
    def program(t):
        yield t.sigprocmask(SIG_BLOCK, [SIGUSR1, RT])
        fd = yield t.signalfd(-1, [SIGUSR1, RT], SFD_CLOEXEC)
        first = yield t.read(fd, 128)
        yield t.nanosleep(1)
        ready = yield t.poll([(fd, POLLIN)])
        long = yield t.read(fd, 1000)
        buf = np.zeros(3, SIGNALFD_SIGINFO)
        n = yield t.sys_read(fd, buf)
        return first, ready == [(fd, POLLIN)], long, n, buf

    def sender(t, pid):
        for value in range(3):
            yield t.sigqueue(pid, RT, value)
        yield t.nanosleep(2)
        yield t.kill(pid, SIGUSR1)

    a = k.spawn(kind(program))
    k.run(until=1)
    b = k.spawn(kind(sender), a)
    k.run()
    first, ready, long, n, buf = a.result
    assert records(first)["ssi_int"].tolist() == [0]
    assert ready and records(long)["ssi_int"].tolist() == [1, 2]
    assert n == 128 and buf["ssi_signo"].tolist() == [SIGUSR1, 0, 0] and buf["ssi_pid"][0] == b.pid


@fastipc.compiled
def taker(t, set, n):
    t.sigprocmask(SIG_BLOCK, set)
    fd = t.signalfd(-1, set)
    rows = np.zeros(4, SIGNALFD_SIGINFO)
    watched = np.zeros(1, fastipc.POLLFD)
    watched[0].fd, watched[0].events = fd, POLLIN
    total = 0
    while n > 0:
        t.ppoll(watched)
        got = t.readinto(fd, rows) // 128
        for i in range(got):
            total += rows[i].ssi_int
        n -= got
    other = t.sys_signalfd(fd, 0, 1)
    t.signalfd(fd, 0, SFD_NONBLOCK)
    t.close(fd)
    return total, other, t.sys_signalfd(fd, 0)


@fastipc.compiled
def giver(t, pid, n):
    t.nanosleep(0.001)
    for i in range(n):
        t.sigqueue(pid, 40, i)


def test_compiled_programs(k):
    a = k.spawn(taker, SigSet([RT]), 100)
    k.spawn(giver, a, 100)
    k.run()
    assert a.result == (sum(range(100)), -EINVAL, -EBADF)


def test_raw_calls(k):
    t = k.spawn()
    m = t.mmap(4096, 3, MAP_PRIVATE | MAP_ANONYMOUS)
    t.store(m, struct.pack("Q", 1 << (SIGUSR1 - 1)))
    assert t.syscall("signalfd4", -1, m, 4, 1) == -EINVAL
    assert t.syscall("signalfd4", -1, 8, 8, 1) == -EFAULT
    assert t.syscall("signalfd4", 77, m, 8, 1) == -EINVAL
    assert t.syscall("signalfd4", 77, m, 8, 0) == -EBADF
    assert t.syscall("signalfd", -1, m, 8) == 0
    assert t.syscall("signalfd4", 0xFFFFFFFF, m, 8, SFD_NONBLOCK) == 1
    t.sigprocmask(SIG_BLOCK, [SIGUSR1])
    t.kill(t, SIGUSR1)
    assert t.syscall("read", 1, m + 1024, 4096 - 1024) == 128
    assert struct.unpack("I", t.load(m + 1024, 4)) == (SIGUSR1,)
    assert t.syscall("read", 1, m + 1024, 128) == -EAGAIN


def test_what_cannot_be_stored_is_lost(k):
    """Of two records the first is there and the second has nowhere to go: both are taken."""
    t = k.spawn()
    m = t.mmap(8192, 3, MAP_PRIVATE | MAP_ANONYMOUS)
    t.munmap(m + 4096, 4096)
    t.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGUSR2])
    fd = t.signalfd(-1, [SIGUSR1, SIGUSR2], SFD_NONBLOCK)
    t.kill(t, SIGUSR1)
    t.kill(t, SIGUSR2)
    assert t.readinto(fd, UserBuffer(m + 4096 - 128, 256)) == 128
    assert t.sys_read(fd, bytearray(128)) == -EAGAIN


def test_a_fault_tells_its_address(k):
    """A fault that was sent by hand, blocked."""
    t = k.spawn()
    t.sigprocmask(SIG_BLOCK, [SIGSEGV])
    fd = t.signalfd(-1, [SIGSEGV], SFD_NONBLOCK)
    t.rt_sigqueueinfo(t, SIGSEGV, fastipc.SigInfo(si_signo=SIGSEGV, si_code=fastipc.SEGV_MAPERR, si_addr=0x1234))
    row = records(t.read(fd, 128))[0]
    assert (row["ssi_signo"], row["ssi_code"], row["ssi_addr"]) == (SIGSEGV, fastipc.SEGV_MAPERR, 0x1234)


def test_a_read_that_nobody_ends(k, rows):
    t = k.spawn(name="alone")
    fd = t.signalfd(-1, [SIGUSR1])
    with pytest.raises(Deadlock):  # makes the row of its actions
        t.read(fd, 128)
    before = rows(k)
    with pytest.raises(Deadlock, match=r"alone.*read.*anon_inode:\[signalfd\]"):
        t.read(fd, 128)
    with pytest.raises(Deadlock):
        t.poll([(fd, POLLIN)])
    call = t.submit("read", fd, 128)
    assert call.cancel()
    assert rows(k) == before


def test_an_interrupted_read(k, kind):
    """EINTR without SA_RESTART; with it the read goes on."""

    def program(t, flags):
        yield t.sigprocmask(SIG_BLOCK, [SIGUSR2])
        yield t.sigaction(SIGUSR1, lambda t, s, i: None, (), flags)
        fd = yield t.signalfd(-1, [SIGUSR2])
        buf = np.zeros(1, SIGNALFD_SIGINFO)
        return (yield t.sys_read(fd, buf))

    a, b = (k.spawn(kind(program), flags) for flags in (0, fastipc.SA_RESTART))
    c = k.spawn()
    k.run(until=1)
    for t in (a, b):
        c.kill(t, SIGUSR1)
    k.run(until=2)
    assert (a.result, b.state) == (-EINTR, "sleeping")
    c.kill(b, SIGUSR2)
    k.run()
    assert b.result == 128


def test_only_its_own_process_wakes(k, kind):
    """Signals of others do not give a sleeping reader a turn."""

    def reader(t):
        yield t.sigprocmask(SIG_BLOCK, [SIGUSR1])
        fd = yield t.signalfd(-1, [SIGUSR1])
        yield t.read(fd, 128)

    tasks = [k.spawn(kind(reader)) for _ in range(10)]
    k.run(until=1)
    sender = k.spawn()
    before = k.counters["wakeups"]
    sender.kill(tasks[3], SIGUSR1)
    assert k.counters["wakeups"] == before + 1
    for t in tasks:
        sender.sys_kill(t, SIGUSR1)
    k.run()


def test_exec_closes_and_keeps(k):
    a = k.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1])
    a.signalfd(-1, [SIGUSR1], SFD_CLOEXEC | SFD_NONBLOCK)
    a.signalfd(-1, [SIGUSR1], SFD_NONBLOCK)
    a.kill(a, SIGUSR1)
    a.execve()
    assert a.sys_read(0, bytearray(128)) == -EBADF
    assert records(a.read(1, 128))["ssi_signo"] == SIGUSR1


def test_its_link_in_proc(k):
    a = k.spawn()
    fd = a.signalfd(-1, [SIGUSR1])
    path = f"/proc/{a.pid}/fd/{fd}"
    assert a.readlink(path) == "anon_inode:[signalfd]"
    assert a.stat(path) == a.fstat(fd)
    assert a.fstat(fd).st_mode == 0o600
    assert a.lstat(path).st_mode == 0o120700
    assert a.sys_open(path, 0) == -fastipc.ENXIO
    assert a.sys_chmod(path, 0o644) == -fastipc.EOPNOTSUPP
    b = a.open(path, fastipc.O_PATH)
    assert a.sys_read(b, bytearray(128)) == -EBADF
    a.close(fd)
    assert a.fstat(b).st_mode == 0o600


@pytest.mark.parametrize(
    ("args", "match"),
    [((1.5, [1]), "fd"), ((-1, 1.5), "set"), ((-1, ["x"]), "set"), ((-1, [1], "x"), "flags"), ((2**70, [1]), "fd")],
)
def test_wrong_arguments(k, args, match):
    t = k.spawn()
    with pytest.raises((TypeError, ValueError), match=match):
        t.signalfd(*args)
    assert t.sys_signalfd(-1, [65]) == -EINVAL
    assert t.sys_signalfd(-1 - 2**32, [1]) == -EBADF


def test_status_counts_what_is_queued(k):
    a = k.spawn(uid=1000)
    a.sigprocmask(SIG_BLOCK, [RT, SIGUSR1])
    a.setrlimit(fastipc.RLIMIT_SIGPENDING, (10, 20))
    for _ in range(3):
        a.sigqueue(a, RT, 1)
    a.tkill(a, SIGUSR1)
    lines = dict(line.split(":\t") for line in k.read_proc(f"/proc/{a.pid}/status").splitlines())
    assert lines["SigQ"] == "4/10"
    assert lines["SigPnd"] == f"{1 << (SIGUSR1 - 1):016x}"
    assert lines["ShdPnd"] == f"{1 << (RT - 1):016x}"
    assert list(lines)[list(lines).index("SigQ") - 1 :][:7] == [
        "Threads", "SigQ", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"]  # fmt: skip


def test_an_open_call_goes_into_the_trace(k):
    lines = []
    a = k.spawn()
    k.trace(lines.append)
    a.signalfd(-1, [SIGUSR1], SFD_NONBLOCK)
    a.ppoll([], 0)
    a.pselect([], [], [], 0)
    assert [line.split(" ", 2)[2] for line in lines] == [
        "signalfd4(-1, 0x200, 0x800) = 0", "ppoll(0) = 0", "pselect6() = 0"]  # fmt: skip


# ---------------------------------------------------------------------------------------------- timers
def test_timers_wake_readers(k, kind):
    def program(t):
        yield t.sigprocmask(SIG_BLOCK, [SIGALRM, RT])
        fd = yield t.signalfd(-1, [SIGALRM, RT])
        timer = yield t.timer_create(CLOCK_MONOTONIC, RT, 77)
        yield t.timer_settime(timer, 1, 0.25)
        yield t.setitimer(ITIMER_REAL, 3)
        first = yield t.read(fd, 1000)
        yield t.nanosleep(1)
        ready = yield t.ppoll([(fd, POLLIN)], None, [SIGALRM, RT])
        second = yield t.read(fd, 1000)
        yield t.timer_delete(timer)
        third = yield t.read(fd, 1000)
        return first, ready == [(fd, POLLIN)], second, third

    p = k.spawn(kind(program))
    k.run()
    first, ready, second, third = (records(x) if isinstance(x, bytes) else x for x in p.result)
    told = [[int(r[f"ssi_{name}"]) for name in ("signo", "tid", "int", "overrun")] for r in (*first, *second)]
    assert told == [[RT, 0, 77, 0], [RT, 0, 77, 3]]
    assert ready
    assert third["ssi_signo"].tolist() == [SIGALRM]
    assert k.now == 3
    assert len(k.table("signalfd_ctx", live=True)) == len(k.table("k_itimer", live=True)) == 0


def test_timers_wake_compiled_readers(k):
    @fastipc.compiled
    def program(t, out):
        t.sigprocmask(SIG_BLOCK, 1 << 39)
        fd = t.signalfd(-1, 1 << 39)
        timer = t.timer_create(CLOCK_MONOTONIC, RT, 77)
        t.timer_settime(timer, 1, 0.25)
        for i in range(2):
            t.readinto(fd, out[128 * i : 128 * (i + 1)])
            t.nanosleep(1)

    out = np.zeros(256, np.uint8)
    k.spawn(program, out)
    k.run()
    rows = out.view(SIGNALFD_SIGINFO)
    assert rows["ssi_int"].tolist() == [77, 77]
    assert rows["ssi_overrun"].tolist() == [0, 3]
    assert k.now == 3


def test_a_timer_that_nobody_reads_does_not_keep_the_machine_up(k):
    t = k.spawn()
    t.sigprocmask(SIG_BLOCK, [RT])
    fd = t.signalfd(-1, [RT])
    t.timer_settime(t.timer_create(CLOCK_MONOTONIC, RT, 5), 1)
    call = t.submit("read", fd, 128)
    k.run()
    assert (k.now, call.done()) == (1, True)
    assert records(call.result())["ssi_int"].tolist() == [5]
    k.run()
    assert k.now == 1
