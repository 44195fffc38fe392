"""The n-th allocation of every kind fails, for every n: clean errors, a valid machine, no leak."""

import errno

import numpy as np
import pytest

import fastipc
from fastipc import F_DUPFD, F_SETPIPE_SZ, O_CLOEXEC, O_DIRECT, O_NONBLOCK, SIG_IGN, SIGCHLD, SIGPIPE, Deadlock

KINDS = ("page", "row", "task", "signal", "sighand", "files", "fd", "file", "inode", "pipe", "pipe_buffer", "user")
KINDS += ("fown", "fasync", "signalfd_ctx", "poll_entry", "rlimit", "cred", "group_info", "group")
ALLOWED = {errno.ENOMEM, errno.ENFILE, errno.EMFILE, errno.EAGAIN, errno.ENOSPC}


class Short(Exception):
    """A transfer that stopped half-way because there was no page for the rest."""


def whole(n, want):
    if n != want:
        raise Short(n)


def by_hand(k):
    """Every call, hand-driven."""
    a = k.spawn(name="a", uid=1000, groups=[7, 8, 9])
    r, w = a.pipe()
    x, y = a.pipe2(O_CLOEXEC | O_NONBLOCK)
    a.write(w, b"short")
    whole(a.write(w, b"l" * 10_000), 10_000)
    a.read(r, 20_000)
    whole(a.writev(y, [b"a" * 5000, b"b" * 5000]), 10_000)
    a.readv(x, [bytearray(3000), bytearray(9000)])
    a.fcntl(w, F_SETPIPE_SZ, 262144)
    a.fcntl(w, F_SETPIPE_SZ, 4096)
    a.fcntl(w, fastipc.F_SETFL, O_DIRECT)
    a.write(w, b"packet")
    a.dup(r)
    a.dup2(r, 200)
    a.dup3(w, 700, O_CLOEXEC)
    a.fcntl(r, F_DUPFD, 100)
    a.fcntl(r, fastipc.F_SETFL, fastipc.O_ASYNC)
    a.fcntl(r, fastipc.F_SETOWN, a)
    a.fcntl(w, fastipc.F_SETSIG, 40)
    a.fcntl(r, fastipc.F_SETFL, 0)
    signals = a.signalfd(-1, [fastipc.SIGUSR1])
    a.pselect([signals], [], [], 0.001, [fastipc.SIGUSR1])
    a.ppoll([(signals, fastipc.POLLIN), (r, fastipc.POLLPRI)], 0.001, [])
    a.setrlimit(fastipc.RLIMIT_NOFILE, (1000, 2000))
    a.signal(SIGPIPE, SIG_IGN)
    s = k.spawn(groups=[5])
    s.setgroups([1, 2, 3])
    s.setresgid(1, 2, 3)
    s.prctl(fastipc.PR_SET_KEEPCAPS, 1)
    s.setresuid(7, 8, 9)
    s.capset(["CAP_KILL"])
    s.execve()
    s.exit_group(0)
    b = a.fork()
    b.setrlimit(fastipc.RLIMIT_NOFILE, (900, 900))
    b.signal(SIGPIPE, fastipc.SIG_DFL)
    t = b.thread()
    t.dup(r)
    c = b.clone(fastipc.CLONE_FILES | SIGCHLD)
    c.execve()
    d = a.clone(SIGCHLD | fastipc.CLONE_VM | fastipc.CLONE_SIGHAND)
    call = d.submit("poll", [(x, fastipc.POLLIN), (w, fastipc.POLLPRI)], 1000)
    k.run()
    assert call.result() == []
    call = d.submit("select", [x], [], [], 5)
    k.run(until=k.now + 1)
    a.write(y, b"x")
    call.result()
    d.nanosleep(1)
    reading = d.submit("read", x, 10)
    reading.result()
    c.exit_group(1)
    d.exit_group(2)
    assert a.wait4(d) == (d.pid, 0x0200)
    b.exit_group(0)
    a.wait4()


def by_programs(k):
    """Forks, threads and long writes inside programs of both kinds."""

    def child(t, r, w):
        whole((yield t.write(w, b"y" * 30_000)), 30_000)

    def plain(t, r, w):
        t.poll([(r, fastipc.POLLIN)], 50)
        whole(t.write(w, b"z" * 30_000), 30_000)
        t.thread(child, r, w)
        t.nanosleep(1)

    def parent(t):
        r, w = yield t.pipe()
        yield t.fork(child, r, w)
        yield t.fork(plain, r, w)
        yield t.close(w)
        total = 0
        while data := (yield t.read(r, 7000)):
            total += len(data)
        yield t.wait4()
        yield t.wait4()
        yield t.execve(last, total)

    def last(t, total):
        r, w = yield t.pipe()
        yield t.write(w, b"end")
        return total

    a = k.spawn(parent)
    k.run()
    assert a.result == 90_000


@pytest.mark.parametrize("scenario", [by_hand, by_programs])
@pytest.mark.parametrize("kind", KINDS)
def test_fail_every_allocation_once(make_kernel, books, scenario, kind):
    failures = passed = 0
    for n in range(1, 2000):
        k = make_kernel()
        k.inject(kind, n)
        try:
            scenario(k)
            passed += 1
        except OSError as e:
            assert e.errno in ALLOWED
            failures, passed = failures + 1, 0
        except (Short, Deadlock):  # Deadlock: a program that others wait for ended early
            failures, passed = failures + 1, 0
        k.inject(kind, 0)
        books.close(k)
        books.kernels.clear()
        if passed == 3:
            break
    else:
        pytest.fail("still failing")
    used = {
        "cred",
        "group_info",
        "group",
        "poll_entry",
        "rlimit",
        "page",
        "row",
        "task",
        "signal",
        "sighand",
        "files",
        "file",
        "inode",
        "pipe",
        "pipe_buffer",
    }
    if kind in used and scenario is by_hand:
        assert failures > 0


def test_only_the_nth_fails(k):
    p = k.spawn()
    p.pipe()
    k.inject("pipe", 3)
    assert p.pipe() == (2, 3)
    assert p.pipe() == (4, 5)
    with pytest.raises(OSError):
        p.pipe()
    assert p.pipe() == (6, 7)


def test_a_failed_call_changes_nothing(k, picture):
    p = k.spawn()
    p.pipe()
    for kind in ("file", "inode", "pipe", "pipe_buffer", "row"):
        before = picture(k)
        for n in range(1, 10):
            k.inject(kind, n)
            if p.sys_pipe2(np.zeros(2, np.int32), 0) == 0:
                break
            assert picture(k) == before, (kind, n)
        k.inject(kind, 0)
        assert n > 1
        p.close(3)
        p.close(2)


def test_a_failed_fork_changes_nothing(k, picture):
    p = k.spawn()
    p.pipe()
    before = picture(k)
    n = 0
    while True:
        n += 1
        k.inject("row", n)
        pid = p.sys_fork()
        if pid > 0:
            break
        assert -pid in ALLOWED
        assert picture(k) == before
        k.verify()
    k.inject("row", 0)
    assert n > 3


def test_the_errno_can_be_chosen(k):
    p = k.spawn()
    r, w = p.pipe()
    k.inject("page", 1, fastipc.EIO)
    with pytest.raises(OSError) as caught:
        p.write(w, b"x" * 100)
    assert caught.value.errno == fastipc.EIO
    k.inject("page", 2, fastipc.EIO)
    assert p.write(w, b"x" * 8000) == 4096  # short
    assert p.read(r, 10_000) == b"x" * 4096


def test_zero_disarms(k):
    p = k.spawn()
    k.inject("row", 1)
    k.inject("row", 0)
    p.pipe()
