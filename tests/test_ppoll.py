"""ppoll and pselect in every kind of program, and what raw calls leave in memory."""

import struct

import numpy as np
import pytest

import fastipc
from fastipc import (
    EBADF,
    EFAULT,
    EINTR,
    EINVAL,
    MAP_ANONYMOUS,
    MAP_PRIVATE,
    POLLIN,
    POLLOUT,
    PROT_READ,
    SIG_BLOCK,
    SIG_IGN,
    SIG_SETMASK,
    SIGUSR1,
    SIGUSR2,
    Deadlock,
    SigSet,
    UserBuffer,
)

NS = 1_000_000_000


def quiet(t, signo, info):
    """A handler that does nothing."""


# ------------------------------------------------------------------------------------------ programs
def test_the_mask_holds_for_the_wait(k, kind):
    seen = []

    def handler(t, signo, info):
        seen.append(sorted(t.sigprocmask(SIG_BLOCK)))

    def program(t, name):
        yield t.sigprocmask(SIG_SETMASK, [SIGUSR1])
        yield t.sigaction(SIGUSR1, handler)
        try:
            if name == "ppoll":
                yield t.ppoll([(0, POLLIN)], None, {SIGUSR2})
            else:
                yield t.pselect([0], [], [], None, {SIGUSR2})
        except InterruptedError:
            return sorted((yield t.sigprocmask(SIG_BLOCK)))

    p = k.spawn()
    p.pipe()
    tasks = [p.fork(kind(program), name) for name in ("ppoll", "pselect")]
    k.run(until=1)
    for t in tasks:
        p.kill(t, SIGUSR1)
    k.run()
    assert [t.result for t in tasks] == [[SIGUSR1]] * 2
    assert seen == [[SIGUSR1, SIGUSR2]] * 2


def test_nanoseconds(k, kind):
    def program(t):
        yield t.ppoll([], 1e-9)
        yield t.pselect([], [], [], 2e-9)
        assert (yield t.sys_ppoll(np.zeros(0, fastipc.POLLFD), 3e-9)) == 0
        assert (yield t.sys_pselect(0, None, None, None, 4e-9)) == 0

    k.spawn(kind(program))
    k.run()
    assert k.now_ns == 10


def test_results(k):
    t = k.spawn()
    r, w = t.pipe()
    t.write(w, b"x")
    assert t.ppoll([(r, POLLIN), (w, POLLIN)]) == [(r, POLLIN)]
    assert t.pselect([r], [w], [r]) == ([r], [w], [])
    rows = np.array([(r, POLLIN, 0), (w, POLLOUT, 0)], fastipc.POLLFD)
    assert t.sys_ppoll(rows, 1.5, SigSet([SIGUSR1])) == 2
    assert rows["revents"].tolist() == [POLLIN, POLLOUT]
    sets = [bytearray(128) for _ in range(3)]
    sets[0][0] = sets[1][0] = 3
    assert t.sys_pselect(2, *sets, 0, []) == 2
    assert (sets[0][0], sets[1][0]) == (1 << r, 1 << w)
    m = t.mmap(4096, 3, MAP_PRIVATE | MAP_ANONYMOUS)
    t.store(m, rows.tobytes())
    assert t.sys_ppoll(UserBuffer(m, 16), None, []) == 2
    assert t.sys_ppoll(UserBuffer(8, 16), None, []) == -EFAULT
    assert t.sys_ppoll(UserBuffer(m, 16), -1, [SIGUSR1]) == -EINVAL
    assert t.sys_ppoll(rows, 0, [65]) == t.sys_pselect(2, *sets, 0, [0]) == -EINVAL
    assert t.sys_pselect(-1, *sets, 0, [SIGUSR1]) == -EINVAL
    assert t.sigprocmask(SIG_BLOCK) == set()


@pytest.mark.parametrize(
    ("name", "args", "match"),
    [
        ("ppoll", ([], "x"), "timeout"),
        ("ppoll", ([], 1, 1.5), "sigmask"),
        ("ppoll", ("x",), "fds"),
        ("pselect", ([], [], [], None, 1.5), "sigmask"),
        ("pselect", (1, [], []), "r must"),
        ("sys_ppoll", (bytearray(7),), "fds"),
        ("sys_pselect", (1, bytearray(3), None, None), "r must"),
    ],
)
def test_wrong_arguments(k, name, args, match):
    t = k.spawn()
    with pytest.raises((TypeError, ValueError), match=match):
        getattr(t, name)(*args)


def test_a_wait_that_nobody_ends_gives_the_mask_back(k, rows):
    t = k.spawn(name="alone")
    r, _ = t.pipe()
    t.sigprocmask(SIG_SETMASK, [SIGUSR1])
    before = rows(k)
    for name, args in (("ppoll", ([(r, POLLIN)], None, [])), ("pselect", ([r], [], [], None, []))):
        with pytest.raises(Deadlock, match=f"alone.*{name}.*fds {r}"):
            getattr(t, name)(*args)
        assert t.sigprocmask(SIG_BLOCK) == {SIGUSR1}
        call = t.submit(name, *args)
        assert call.cancel()
        assert t.sigprocmask(SIG_BLOCK) == {SIGUSR1}
    assert rows(k) == before


def test_a_signal_that_is_ignored_leaves_the_time_running(k):
    a, b = k.spawn(), k.spawn()
    a.sigaction(SIGUSR1, SIG_IGN)
    a.sigprocmask(SIG_SETMASK, [SIGUSR1])
    call = a.submit("ppoll", [], 3, [])
    k.run(until=1)
    b.kill(a, SIGUSR1)
    b.kill(a, fastipc.SIGSTOP)
    k.run(until=2)
    b.kill(a, fastipc.SIGCONT)
    assert call.result() == []
    assert k.now == 3
    assert a.sigprocmask(SIG_BLOCK) == {SIGUSR1}


def test_a_select_that_is_interrupted_at_once_keeps_its_time(k):
    """By a signal that is ignored, which has come before."""
    a, b = k.spawn(), k.spawn()
    for sig in (fastipc.SIGURG, fastipc.SIGCHLD):
        a.sigprocmask(SIG_SETMASK, [sig])
        b.kill(a, sig)
        assert a.pselect([], [], [], 1, []) == ([], [], [])
    assert k.now == 2


@pytest.mark.parametrize("verb", ["ppoll", "sys_ppoll"])
def test_programs_that_are_interrupted_at_once(k, kind, verb):
    """By what was pending: ignored, so that the call is made again and finds data later; then with a handler."""

    def program(t, r):
        yield t.sigprocmask(SIG_SETMASK, [fastipc.SIGURG, SIGUSR1])
        yield t.kill(t.pid, fastipc.SIGURG)
        rows = np.array([(r, POLLIN, 0)], fastipc.POLLFD)
        ready = yield getattr(t, verb)([(r, POLLIN)] if verb == "ppoll" else rows, None, [])
        yield t.sigaction(SIGUSR1, quiet)
        yield t.kill(t.pid, SIGUSR1)
        yield t.read(r, 1)
        try:
            last = yield getattr(t, verb)([(r, POLLIN)] if verb == "ppoll" else rows, None, [])
        except InterruptedError:
            last = -EINTR
        return ready if verb == "ppoll" else (ready, int(rows["revents"][0])), last

    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(kind(program), r)
    k.run(until=1)
    assert a.state == "sleeping"
    p.write(w, b"x")
    k.run()
    assert a.result == ([(r, POLLIN)] if verb == "ppoll" else (1, POLLIN), -EINTR)


# ------------------------------------------------------------------------------------------ compiled
@fastipc.compiled
def noted(t, signo, info):
    t.write(1, np.full(1, signo, np.uint8))


@fastipc.compiled
def waits(t, r, mask):
    t.sigaction(SIGUSR1, noted)
    t.sigprocmask(SIG_SETMASK, mask)
    rows = np.zeros(1, fastipc.POLLFD)
    rows[0].fd, rows[0].events = r, POLLIN
    a = t.sys_ppoll(rows, None, 0)
    b = t.sys_ppoll(rows, 0.25, mask)
    c = t.ppoll(rows, 0)
    read = np.zeros(128, np.uint8)
    read[0] = 1 << r
    d = t.sys_pselect(r + 1, read, None, None, None, 0)
    e = t.pselect((r,), (), (), 0.5, mask)
    f = t.sys_pselect(0, None, None, None, -1)
    return a, b, c, d, len(e[0]), f, t.sigprocmask(SIG_BLOCK)


def test_compiled_programs(k):
    p = k.spawn()
    p.pipe()
    r, _ = p.pipe()
    mask = int(SigSet([SIGUSR1]))
    a = p.fork(waits, r, mask)
    k.run(until=1)
    p.kill(a, SIGUSR1)
    k.run(until=2)
    p.kill(a, SIGUSR1)
    k.run()
    assert a.result == (-EINTR, 0, 0, -EINTR, 0, -EINVAL, mask)
    assert p.read(0, 10) == bytes([SIGUSR1] * 2)
    assert k.now == 2.5


# ------------------------------------------------------------------------------------------ raw
class Raw:
    """A task with a page of memory, and where things are in it."""

    def __init__(self, k):
        self.t = k.spawn()
        self.r, self.w = self.t.pipe()
        m = self.m = self.t.mmap(8192, 3, MAP_PRIVATE | MAP_ANONYMOUS)
        self.fds, self.time, self.mask, self.pack, self.set = m + 4096, m + 64, m + 128, m + 192, m + 5000
        self.t.store(self.fds, struct.pack("ihh", self.r, POLLIN, 0))
        self.t.store(self.mask, struct.pack("Q", 0))
        self.t.store(self.pack, struct.pack("QQ", self.mask, 8))
        self.t.store(self.set, struct.pack("Q", 1 << self.r))
        self.give(5, 0)

    def give(self, sec, nsec):
        """Set the time."""
        self.t.store(self.time, struct.pack("qq", sec, nsec))

    @property
    def left(self):
        """What is there of it, in ns."""
        sec, nsec = struct.unpack("qq", self.t.load(self.time, 16))
        return sec * NS + nsec

    def call(self, name, mask=True):
        """The registers of a call."""
        if name == "ppoll":
            return "syscall", name, self.fds, 1, self.time, self.mask if mask else 0, 8
        return "syscall", name, self.r + 1, self.set, 0, 0, self.time, self.pack if mask else 0


@pytest.fixture
def raw(k):
    return Raw(k)


@pytest.mark.parametrize("name", ["ppoll", "pselect6"])
def test_the_time_that_is_left(k, raw, name):
    t = raw.t
    raw.give(2, 123_456_789)
    call = t.submit(*raw.call(name))
    k.run(until_ns=NS + 7)
    t2 = k.spawn()
    t2.write(t2.open(f"/proc/{t.pid}/fd/{raw.w}", 1), b"x")
    assert call.result() == 1
    assert raw.left == NS + 123_456_782
    t.read(raw.r, 1)
    assert t.syscall(*raw.call(name)[1:]) == 0
    assert raw.left == 0
    raw.give(0, 0)
    assert t.syscall(*raw.call(name)[1:]) == 0


@pytest.mark.parametrize("name", ["ppoll", "pselect6"])
def test_interrupted_with_the_time_that_is_left(k, raw, name):
    t, b = raw.t, k.spawn()
    seen = []
    t.sigaction(SIGUSR1, lambda t, s, i: seen.append(raw.left), (), fastipc.SA_RESTART)
    t.sigprocmask(SIG_SETMASK, [SIGUSR1])
    call = t.submit(*raw.call(name))
    k.run(until=2)
    b.kill(t, SIGUSR1)
    k.run(until=2)
    assert call.result() == -EINTR
    assert (seen, raw.left) == ([3 * NS], 3 * NS)
    assert t.sigprocmask(SIG_BLOCK) == {SIGUSR1}


@pytest.mark.parametrize("name", ["ppoll", "pselect6"])
def test_made_again_with_the_time_that_is_left(k, raw, name):
    """Unless that cannot be stored: then it is not made again."""
    t, b = raw.t, k.spawn()
    call = t.submit(*raw.call(name))
    k.run(until=1)
    b.kill(t, fastipc.SIGSTOP)
    k.run(until=2)
    b.kill(t, fastipc.SIGCONT)
    assert call.result() == 0
    assert (k.now, raw.left) == (5, 0)
    raw.give(5, 0)
    t.mprotect(raw.m, 4096, PROT_READ)
    call = t.submit(*raw.call(name))
    k.run(until=6)
    b.kill(t, fastipc.SIGSTOP)
    k.run(until=7)
    b.kill(t, fastipc.SIGCONT)
    assert call.result() == -EINTR
    assert (k.now, raw.left) == (7, 5 * NS)
    assert t.sigprocmask(SIG_BLOCK) == set()


@pytest.mark.parametrize("name", ["poll", "ppoll"])
def test_interrupted_without_a_place_for_the_answers(k, raw, name):
    """Rows that cannot be written any more: EFAULT, with the old mask."""
    t, b = raw.t, k.spawn()
    t.sigprocmask(SIG_SETMASK, [SIGUSR2])
    call = t.submit(*(raw.call(name) if name == "ppoll" else ("syscall", name, raw.fds, 1, 5000)))
    k.run(until=1)
    b.kill(t, fastipc.SIGSTOP)
    k.run(until=1)
    b.kill(t, fastipc.SIGCONT)
    assert call.result() == 0
    t.mprotect(raw.m + 4096, 4096, PROT_READ)
    call = t.submit(*(raw.call(name) if name == "ppoll" else ("syscall", name, raw.fds, 1, 5000)))
    k.run(until=6)
    b.kill(t, fastipc.SIGSTOP)
    k.run(until=6)
    b.kill(t, fastipc.SIGCONT)
    assert call.result() == -EFAULT
    assert t.sigprocmask(SIG_BLOCK) == {SIGUSR2}


def test_errors_of_ppoll(raw):
    """The time, then the mask's size, its address, the rows; only then has the time been told."""
    t = raw.t
    big = t.getrlimit(fastipc.RLIMIT_NOFILE)[0] + 1
    for nfds, time, mask, size, err in (
        (big, 8, 8, 4, EFAULT),
        (big, raw.time, 8, 4, EINVAL),
        (big, raw.time, 8, 8, EFAULT),
        (1, 8, 0, 0, EFAULT),
    ):
        assert t.syscall("ppoll", 8, nfds, time, mask, size) == -err
        assert raw.left == 5 * NS
    assert t.syscall("ppoll", 8, big, raw.time, raw.mask, 8) == -EINVAL
    assert t.syscall("ppoll", 8, 1, raw.time, raw.mask, 8) == -EFAULT
    for sec, nsec in ((-1, 0), (0, -1), (0, NS)):
        raw.give(sec, nsec)
        assert t.syscall("ppoll", 8, big, raw.time, 8, 4) == -EINVAL
    raw.give(0, 0)
    assert t.syscall("ppoll", raw.fds, 1, raw.time, 0, 99) == 0


def test_errors_of_pselect(raw):
    """The pair behind the last pointer, the time, the mask, then what select finds."""
    t = raw.t
    assert t.syscall("pselect6", -1, 8, 8, 8, 8, 8) == -EFAULT
    t.store(raw.pack, struct.pack("QQ", 8, 4))
    assert t.syscall("pselect6", -1, 8, 8, 8, 8, raw.pack) == -EFAULT
    raw.give(0, NS)
    assert t.syscall("pselect6", -1, 8, 8, 8, raw.time, raw.pack) == -EINVAL
    raw.give(5, 0)
    assert t.syscall("pselect6", -1, 8, 8, 8, raw.time, raw.pack) == -EINVAL
    t.store(raw.pack, struct.pack("QQ", 8, 8))
    assert t.syscall("pselect6", 1, 8, 8, 8, raw.time, raw.pack) == -EFAULT
    t.store(raw.pack, struct.pack("QQ", 0, 4))
    assert t.syscall("pselect6", -1, 8, 8, 8, raw.time, raw.pack) == -EINVAL
    assert t.syscall("pselect6", 1, 8, 8, 8, raw.time, raw.pack) == -EFAULT
    t.store(raw.set, struct.pack("Q", 1 << 50))
    assert t.syscall("pselect6", 64, raw.set, 0, 0, raw.time, raw.pack) == -EBADF
    assert raw.left == 5 * NS
    assert t.sigprocmask(SIG_BLOCK) == set()


def test_a_submitted_raw_wait_that_is_made_again(raw):
    """What was pending is ignored: the call sleeps in its second run, and tells its result then."""
    t = raw.t
    t.sigprocmask(SIG_BLOCK, [fastipc.SIGURG])
    t.kill(t, fastipc.SIGURG)
    t.store(raw.mask, struct.pack("Q", 0))
    call = t.submit("syscall", "ppoll", raw.fds, 1, raw.time, raw.mask, 8)
    assert call.result() == 0
    assert t.sigprocmask(SIG_BLOCK) == {fastipc.SIGURG}
