"""O_ASYNC, owners of files, and SIGIO in every kind of program."""

import struct

import numpy as np
import pytest

import fastipc
from fastipc import (
    EBADF,
    EFAULT,
    EINVAL,
    ESRCH,
    F_GETOWN,
    F_GETOWN_EX,
    F_GETSIG,
    F_OWNER_PGRP,
    F_OWNER_PID,
    F_OWNER_TID,
    F_SETFL,
    F_SETOWN,
    F_SETOWN_EX,
    F_SETSIG,
    FIOASYNC,
    MAP_ANONYMOUS,
    MAP_PRIVATE,
    O_ASYNC,
    O_NONBLOCK,
    O_RDWR,
    SIG_BLOCK,
    SIGIO,
    UserBuffer,
)

RT = 40


def watch(t, fd, sig=0):
    """Make a task the owner of its end."""
    t.fcntl(fd, F_SETFL, O_ASYNC)
    t.fcntl(fd, F_SETOWN, t)
    t.fcntl(fd, F_SETSIG, sig)


def test_programs_are_told_of_news(k, kind):
    seen = []

    def reader(t, r):
        def handler(t, signo, info):
            seen.append((signo, info.si_code, info.si_band, info.si_fd))

        yield t.sigaction(RT, handler, (), fastipc.SA_RESTART)
        yield t.fcntl(r, F_SETOWN, t)
        yield t.fcntl(r, F_SETSIG, RT)
        yield t.fcntl(r, F_SETFL, O_ASYNC)
        for _ in range(3):  # two of which are interrupted
            yield t.sys_nanosleep(3)
        return (yield t.read(r, 100))

    def writer(t, w):
        for _ in range(2):
            yield t.nanosleep(1)
            yield t.write(w, b"x")

    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(kind(reader), r)
    p.fork(kind(writer), w)
    k.run()
    assert seen == [(RT, fastipc.POLL_IN, 65, r)] * 2
    assert a.result == b"xx"


@fastipc.compiled
def note(t, signo, info):
    t.write(5, np.full(1, info[0].si_fd, np.uint8))


@fastipc.compiled
def owner(t, r):
    t.sigaction(RT, note)
    pair = np.zeros(2, np.int32)
    pair[0], pair[1] = F_OWNER_PID, t.getpid()
    t.fcntl(r, F_SETOWN_EX, pair)
    t.fcntl(r, F_SETSIG, RT)
    t.fcntl(r, F_SETFL, O_ASYNC)
    pair[0] = F_OWNER_PGRP
    other = t.sys_fcntl(r, F_SETOWN_EX, pair)
    t.fcntl(r, F_SETOWN, t.getpid())
    pair[1] = 0
    t.fcntl(r, F_GETOWN_EX, pair)
    t.sys_nanosleep(10)
    t.fcntl(r, F_SETOWN, -t.getpgid())
    return pair[0], pair[1], other, t.fcntl(r, F_GETOWN), t.sys_fcntl(r, F_GETOWN), t.syscall("fcntl", r, F_GETOWN)


def test_compiled_programs(k):
    p = k.spawn()
    r, w = p.pipe()
    p.pipe()
    p.pipe()
    a = p.fork(owner, r)
    k.run(until=1)
    p.write(w, b"x")
    k.run()
    assert p.read(4, 10) == bytes([r])
    assert a.result == (F_OWNER_PID, a.pid, 0, -p.pid, -p.pid, -p.pid)


def test_raw_calls(k):
    t = k.spawn()
    r, w = t.pipe()
    m = t.mmap(4096, 3, MAP_PRIVATE | MAP_ANONYMOUS)
    for cmd in (F_SETOWN_EX, F_GETOWN_EX):
        assert t.syscall("fcntl", r, cmd, 8) == -EFAULT
        assert t.syscall("fcntl", 77, cmd, 8) == -EBADF
    t.store(m, struct.pack("ii", 3, 1))
    assert t.syscall("fcntl", r, F_SETOWN_EX, m) == -EINVAL
    t.store(m, struct.pack("ii", F_OWNER_TID, 99))
    assert t.syscall("fcntl", r, F_SETOWN_EX, m) == -ESRCH
    t.store(m, struct.pack("ii", F_OWNER_PGRP, t.pid))
    assert t.syscall("fcntl", r, F_SETOWN_EX, m) == 0
    assert t.syscall("fcntl", r, F_GETOWN) == -t.pid
    assert t.errno == 0
    assert t.syscall("fcntl", r, F_GETOWN_EX, m + 64) == 0
    assert t.load(m + 64, 8) == t.load(m, 8)
    t.store(m, struct.pack("i", 1))
    assert t.syscall("ioctl", r, FIOASYNC, m) == 0
    assert t.fcntl(r, fastipc.F_GETFL) == O_ASYNC
    assert t.syscall("ioctl", r, FIOASYNC, 8) == -EFAULT


def test_both_verbs(k):
    t = k.spawn()
    r, _ = t.pipe()
    assert t.fcntl(r, F_SETOWN_EX, (F_OWNER_PID, t)) == 0
    assert t.fcntl(r, F_GETOWN_EX) == (F_OWNER_PID, t.pid)
    assert t.fcntl(r, F_GETOWN) == t.sys_fcntl(r, F_GETOWN) == t.pid
    assert t.fcntl(r, F_SETOWN, -t.pid) == 0
    assert t.fcntl(r, F_GETOWN) == t.sys_fcntl(r, F_GETOWN) == -t.pid
    pair = np.zeros(2, np.int32)
    assert t.sys_fcntl(r, F_GETOWN_EX, pair) == 0
    assert pair.tolist() == [F_OWNER_PGRP, t.pid]
    assert t.sys_fcntl(r, F_SETOWN_EX, np.array([F_OWNER_TID, t.pid], np.int32)) == 0
    assert t.sys_fcntl(r, F_SETOWN_EX, (F_OWNER_TID, 99)) == -ESRCH
    assert t.fcntl(r, F_GETOWN_EX) == (F_OWNER_TID, t.pid)
    assert t.sys_fcntl(77, F_GETOWN_EX, pair) == t.sys_fcntl(77, F_GETOWN) == -EBADF
    m = t.mmap(4096, 3, MAP_PRIVATE | MAP_ANONYMOUS)
    assert t.sys_fcntl(r, F_GETOWN_EX, UserBuffer(m, 8)) == 0
    assert t.load(m, 8) == struct.pack("ii", F_OWNER_TID, t.pid)
    with pytest.raises(TypeError, match="pair"):
        t.fcntl(r, F_SETOWN_EX, 5)
    with pytest.raises(TypeError, match="type"):
        t.fcntl(r, F_SETOWN_EX, ("x", 5))
    with pytest.raises(ValueError, match="arg"):
        t.sys_fcntl(r, F_GETOWN_EX, bytearray(4))
    with pytest.raises(ValueError, match="arg"):
        t.sys_fcntl(r, F_SETOWN_EX, bytearray(4))
    with pytest.raises(OSError, check=lambda e: e.errno == EBADF):
        t.fcntl(77, F_GETOWN)


def test_a_number_that_is_given_again_is_another_owner(make_kernel):
    k = make_kernel(limits={"pid_max": 310})
    a = k.spawn()
    r, w = a.pipe()
    while (b := a.fork()).pid < 300:
        b.exit_group()
        a.wait4()
    number = b.pid
    a.sigprocmask(SIG_BLOCK, [SIGIO])
    watch(a, r)
    a.fcntl(r, F_SETOWN, b)
    b.exit_group()
    a.wait4()
    while (c := a.fork()).pid != number:
        c.exit_group()
        a.wait4()
    assert a.fcntl(r, F_GETOWN) == 0
    a.write(w, b"x")
    assert c.state == "running"


def test_open_with_o_async(k):
    """The flag of open does nothing, and cannot be taken away."""
    t = k.spawn()
    t.sigprocmask(SIG_BLOCK, [SIGIO])
    t.mkfifo("/f")
    fd = t.open("/f", O_RDWR | O_ASYNC | O_NONBLOCK)
    t.fcntl(fd, F_SETOWN, t)
    for flags in (O_ASYNC, 0, O_ASYNC):
        t.fcntl(fd, F_SETFL, flags | O_NONBLOCK)
        t.write(fd, b"x")
    assert t.fcntl(fd, fastipc.F_GETFL) & O_ASYNC
    assert t.sigpending() == set()
    t.close(fd)
    fd = t.open("/f", O_RDWR)
    watch(t, fd)
    t.write(fd, b"x")
    assert t.sigpending() == {SIGIO}


def test_what_has_no_news_ignores_o_async(k):
    t = k.spawn()
    fd = t.open("/r", fastipc.O_CREAT | O_RDWR)
    before = t.fcntl(fd, fastipc.F_GETFL)
    assert t.fcntl(fd, F_SETFL, O_ASYNC) == 0
    assert t.fcntl(fd, fastipc.F_GETFL) == before
    assert t.sys_ioctl(fd, FIOASYNC, 1) == -fastipc.ENOTTY
    t.fcntl(fd, F_SETOWN, t)
    assert t.fcntl(fd, F_GETOWN) == t.pid
    path = t.open("/r", fastipc.O_PATH)
    assert t.sys_fcntl(path, F_GETOWN) == t.sys_fcntl(path, F_SETSIG, 1) == -EBADF


def test_the_newest_is_told_first(k):
    """Two open files of one read end: both owners, the one that asked last first."""
    order = []
    t = k.spawn()
    r, w = t.pipe()
    s = t.open(f"/proc/self/fd/{r}", 0)
    for fd, sig in ((r, 41), (s, 40)):
        t.sigaction(sig, lambda t, signo, info: order.append(info.si_fd))
        watch(t, fd, 42)
    t.sigaction(42, lambda t, signo, info: order.append(info.si_fd))
    t.write(w, b"x")
    assert order == [s, r]
    t.close(s)
    t.write(w, b"x")
    assert order == [s, r, r]


def test_owners_go_with_their_file(k, rows):
    t = k.spawn()
    t.sigprocmask(SIG_BLOCK, [RT])
    t.pipe()
    t.close(0)
    t.close(1)
    before = rows(k)
    for _ in range(3):
        r, w = t.pipe()
        for fd in (r, w):
            watch(t, fd, RT)
        k.verify()
        t.fork().exit_group()
        t.wait4()
        t.close(r)
        t.close(w)
        assert t.sigtimedwait([RT], 0).si_signo == RT
        assert rows(k) == before
    assert t.sigpending() == set()


def test_a_sleeping_reader_and_its_owner(k, kind):
    """Who watches a pipe does not keep the long way from waking its sleepers in order."""

    def reader(t, r):
        return (yield t.read(r, 1))

    p = k.spawn()
    p.sigprocmask(SIG_BLOCK, [SIGIO])
    r, w = p.pipe()
    watch(p, r)
    a, b = p.fork(kind(reader), r), p.fork(kind(reader), r)
    k.run(until=1)
    p.write(w, b"1")
    p.write(w, b"2")
    k.run()
    assert (a.result, b.result) == (b"1", b"2")
    assert p.sigpending() == {SIGIO}
    assert p.poll([(r, fastipc.POLLIN)], 0) == []


def test_signal_of_a_file_is_checked(k):
    t = k.spawn()
    r, _ = t.pipe()
    for sig in (-1, 65, 2**31):
        assert t.sys_fcntl(r, F_SETSIG, sig) == -EINVAL
    assert t.sys_fcntl(r, F_SETSIG, 64) == 0
    assert t.fcntl(r, F_GETSIG) == 64


@pytest.mark.parametrize("cmd", [F_SETOWN, F_SETSIG])
def test_an_owner_that_cannot_be_had(k, cmd):
    t = k.spawn()
    r, _ = t.pipe()
    for errno in (None, fastipc.EIO):
        k.inject("fown", 1, errno)
        assert t.sys_fcntl(r, cmd, 1) == -(errno or fastipc.ENOMEM)
        assert t.fcntl(r, F_GETOWN) == 0
    assert t.sys_fcntl(r, cmd, 1) == 0
