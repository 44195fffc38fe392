"""poll and select: every readiness state of a pipe, timeouts, sleeping and waking."""

import numpy as np
import pytest

import fastipc
from fastipc import (
    EBADF,
    EINVAL,
    O_NONBLOCK,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLNVAL,
    POLLOUT,
    POLLPRI,
    POLLRDNORM,
    POLLWRNORM,
    RLIMIT_NOFILE,
)

ALL = POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLWRNORM
READ, WRITE = POLLIN | POLLRDNORM, POLLOUT | POLLWRNORM


def state(t, fd):
    ready = t.poll([(fd, ALL)], 0)
    assert len(ready) <= 1
    return dict(ready).get(fd, 0)


# ------------------------------------------------------------------------------------------ readiness
def test_the_read_end(k):
    p = k.spawn()
    r, w = p.pipe()
    assert state(p, r) == 0
    p.write(w, b"x")
    assert state(p, r) == READ
    p.close(w)
    assert state(p, r) == READ | POLLHUP
    p.read(r, 1)
    assert state(p, r) == POLLHUP


def test_the_write_end(k, fill):
    p = k.spawn()
    r, w = p.pipe()
    assert state(p, w) == WRITE
    p.write(w, b"x")
    assert state(p, w) == WRITE
    p.close(r)
    assert state(p, w) == WRITE | POLLERR
    r, w = p.pipe()
    fill(p, w)
    assert state(p, w) == 0
    p.close(r)
    assert state(p, w) == POLLERR


def test_hup_err_and_nval_need_not_be_asked_for(k):
    p = k.spawn()
    r, w = p.pipe()
    r2, w2 = p.pipe()
    p.close(w)
    p.close(r2)
    assert p.poll([(r, 0), (w2, 0), (99, 0)], -1) == [(r, POLLHUP), (w2, POLLERR), (99, POLLNVAL)]


def test_negative_descriptors_are_skipped(k):
    p = k.spawn()
    assert p.poll([(-1, POLLIN), (-5, POLLIN)], 0) == []
    assert p.poll([], 0) == []


def test_only_what_was_asked_for_comes_back(k):
    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"x")
    assert p.poll([(r, POLLIN)], 0) == [(r, POLLIN)]
    assert p.poll([(r, POLLRDNORM)], 0) == [(r, POLLRDNORM)]
    assert p.poll([(r, POLLOUT), (w, POLLIN)], 0) == []
    assert p.poll([(r, POLLIN), (r, POLLIN), (w, POLLOUT)], 0) == [(r, POLLIN), (r, POLLIN), (w, POLLOUT)]


def test_the_form_that_fills_a_prepared_array(k):
    p = k.spawn()
    r, w = p.pipe()
    fds = np.zeros(3, fastipc.POLLFD)
    fds["fd"] = r, w, 50
    fds["events"] = POLLIN, POLLOUT, POLLIN
    assert p.sys_poll(fds, 0) == 2
    assert fds["revents"].tolist() == [0, POLLOUT, POLLNVAL]
    p.write(w, b"x")
    assert p.sys_poll(fds, 0) == 3
    assert fds["revents"].tolist() == [POLLIN, POLLOUT, POLLNVAL]


def test_more_descriptors_than_the_limit(k, errno_of):
    p = k.spawn()
    p.setrlimit(RLIMIT_NOFILE, (4, 4))
    assert p.poll([(-1, 0)] * 4, 0) == []
    assert errno_of(p.poll, [(-1, 0)] * 5, 0) == EINVAL


# ------------------------------------------------------------------------------------------ time
def test_a_timeout_of_zero_does_not_sleep(k):
    p = k.spawn()
    r, _ = p.pipe()
    assert p.poll([(r, POLLIN)], 0) == []
    assert k.now == 0


def test_a_timeout_moves_the_clock(k):
    p = k.spawn()
    r, _ = p.pipe()
    assert p.poll([(r, POLLIN)], 1500) == []
    assert k.now == 1.5
    assert p.poll([], 500) == []
    assert k.now == 2
    assert p.select([r], [], [], 0.25) == ([], [], [])
    assert k.now == 2.25


def test_a_timeout_in_a_program(k, kind):
    def program(t, r):
        first = yield t.poll([(r, POLLIN)], 100)
        second = yield t.poll([(r, POLLIN)], 100_000)
        return first, second, t.kernel.now

    def writer(t, w):
        yield t.nanosleep(3)
        yield t.write(w, b"x")

    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(kind(program), r)
    p.fork(kind(writer), w)
    k.run()
    assert a.result == ([], [(r, POLLIN)], 3)
    assert k.now == 3  # the timer of the poll that was woken is gone


@pytest.mark.parametrize("timeout", [-1, -1000])
def test_a_negative_timeout_is_for_ever(k, timeout):
    p = k.spawn()
    r, _ = p.pipe()
    with pytest.raises(fastipc.Deadlock):
        p.poll([(r, POLLIN)], timeout)


# ------------------------------------------------------------------------------------------ sleeping and waking
def test_poll_wakes_when_data_comes_when_room_comes_and_when_the_other_side_goes(k, fill):
    p = k.spawn()
    r, w = p.pipe()
    q = p.fork()

    def sleeping(fd, events):
        call = q.submit("poll", [(fd, events)])
        k.run()
        assert not call.done()
        return call

    call = sleeping(r, POLLIN)
    p.write(w, b"x")
    assert call.result() == [(r, POLLIN)]
    p.read(r, 1)
    fill(p, w)
    call = sleeping(w, POLLOUT)
    p.read(r, 100)
    k.run()
    assert not call.done()
    p.read(r, 3996)
    assert call.result() == [(w, POLLOUT)]
    p.read(r, 65536)
    q.close(w)
    call = sleeping(r, POLLIN)
    p.close(w)
    assert call.result() == [(r, POLLHUP)]


def test_poll_on_many_pipes_is_woken_by_any(k, rows, kind):
    def program(t, ends):
        seen = []
        while len(seen) < len(ends):
            for fd, events in (yield t.poll([(r, POLLIN) for r, _ in ends])):
                assert events == POLLIN
                seen.append((yield t.read(fd, 1)))
        return seen

    p = k.spawn()
    ends = [p.pipe() for _ in range(20)]
    a = p.fork(kind(program), ends)
    for i in (7, 19, 0, 3):
        k.run(deadlock="return")
        assert rows(k)["poll_entry"] == 20
        p.write(ends[i][1], bytes([i]))
    k.run(deadlock="return")
    for i in range(20):
        if i not in (7, 19, 0, 3):
            p.write(ends[i][1], bytes([i]))
    k.run()
    assert sorted(a.result) == [bytes([i]) for i in range(20)]
    assert a.result[:4] == [bytes([i]) for i in (7, 19, 0, 3)]
    assert rows(k)["poll_entry"] == 0


def test_all_pollers_of_a_pipe_wake_and_who_finds_nothing_sleeps_again(k, kind):
    def program(t, r):
        yield t.poll([(r, POLLIN)])
        return (yield t.sys_read(r, bytearray(1)))

    p = k.spawn()
    r, w = p.pipe2(O_NONBLOCK)
    tasks = [p.fork(kind(program), r) for _ in range(3)]
    for _ in tasks:
        k.run(deadlock="return")
        before = k.counters["wakeups"]
        p.write(w, b"x")
        assert k.counters["wakeups"] - before == sum(t.state == "runnable" for t in tasks)
    k.run()
    assert [t.result for t in tasks] == [1, 1, 1]


def test_a_poll_may_outlive_its_descriptor(k):
    p = k.spawn()
    r, w = p.pipe()
    t = p.thread()
    call = t.submit("poll", [(r, POLLIN)])
    k.run()
    p.close(r)  # the call holds the file
    k.run()
    k.verify()
    p.close(w)
    k.run()
    assert call.done()


def test_the_same_descriptor_twice(k):
    p = k.spawn()
    r, w = p.pipe()
    q = p.fork()
    call = q.submit("poll", [(r, POLLIN), (r, POLLRDNORM), (-1, POLLIN)])
    k.run()
    p.write(w, b"x")
    assert call.result() == [(r, POLLIN), (r, POLLRDNORM)]


# ------------------------------------------------------------------------------------------ select
def test_select_sets(k, fill):
    p = k.spawn()
    r, w = p.pipe()
    assert p.select([r], [w], [], 0) == ([], [w], [])
    p.write(w, b"x")
    assert p.select([r], [w], [r, w], 0) == ([r], [w], [])
    assert p.select([w], [r], [], 0) == ([], [], [])
    p.read(r, 1)
    q = p.fork()
    q.close(r)
    p.close(r)
    assert q.select([], [w], [w], 0) == ([], [w], [])  # no reader: in the write set
    r2, w2 = p.pipe()
    p.close(w2)
    assert p.select([r2], [], [r2], 0) == ([r2], [], [])  # hung up: in the read set


def test_select_counts_descriptors_once_a_set(k):
    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"x")
    sets = [np.zeros(128, np.uint8) for _ in range(3)]
    sets[0][0] = 1 << r | 1 << w
    sets[1][0] = 1 << w
    sets[2][0] = 1 << r
    assert p.sys_select(2, *sets, 0) == 2
    assert [int(s[0]) for s in sets] == [1 << r, 1 << w, 0]
    assert p.sys_select(0, None, None, None, 0) == 0


def test_select_errors(k, errno_of):
    p = k.spawn()
    p.pipe()
    assert errno_of(p.select, [9], [], [], 0) == EBADF
    assert errno_of(p.select, [0], [], [], -1) == EINVAL
    assert p.sys_select(-1, None, None, None, 0) == -EINVAL


def test_a_sleeping_select_is_woken(k, kind):
    def program(t, r):
        return (yield t.select([r], [], []))

    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(kind(program), r)
    k.run(deadlock="return")
    p.write(w, b"x")
    k.run()
    assert a.result == ([r], [], [])


def test_without_rows_a_call_is_an_enomem_in_its_own_verb(k):
    a = k.spawn()
    r, _ = a.pipe()
    rows, bits = np.zeros(1, fastipc.POLLFD), np.zeros(128, np.uint8)
    bits[0] = 1 << r
    for call in (lambda: a.sys_poll(rows, 0), lambda: a.sys_select(r + 1, bits, None, None, 0)):
        k.inject("row", 1)
        assert call() == -fastipc.ENOMEM
        assert a.errno == fastipc.ENOMEM
    for call in (lambda: a.poll([(r, 1)], 0), lambda: a.select([r], [], [], 0)):
        k.inject("row", 1)
        with pytest.raises(OSError) as caught:
            call()
        assert caught.value.errno == fastipc.ENOMEM
    assert k.counters["calls"]["select"] == k.counters["calls"]["poll"] == 2


def test_large_runs_of_rows_are_split_when_there_is_nothing_else(k):
    """Polls of halving sizes use up the table; what they gave back serves small polls afterwards."""
    a = k.spawn()
    r, w = a.pipe()
    rows = np.zeros(1 << 21, fastipc.POLLFD)
    rows["fd"] = -1
    for order in range(21, 4, -1):
        assert a.sys_poll(rows[: 1 << order], 0) == (0 if 1 << order <= 1024 else -fastipc.EINVAL)
        k.verify()
    calls = [a.fork().submit("poll", [(r, fastipc.POLLIN)] * 3) for _ in range(100)]
    k.run(until=0)
    k.verify()
    assert not any(call.done() for call in calls)
    a.write(w, b"x")
    assert [call.result() for call in calls] == [[(r, fastipc.POLLIN)] * 3] * 100


# ------------------------------------------------------------------------------------------ arguments that run code
class Ends:
    """A number, or a sequence of one item, that ends the caller when it is looked at."""

    def __init__(self, end, item):
        self.end, self.item = end, item

    def __index__(self):
        self.end()
        return self.item

    def __float__(self):
        self.end()
        return float(self.item)

    def __iter__(self):
        yield self.item
        self.end()
        yield self.item


@pytest.mark.parametrize("how", ["close", "exit"])
@pytest.mark.parametrize(
    "call",
    [
        lambda t, r, ends: t.poll(ends((r, 1)), 0),
        lambda t, r, ends: t.poll([(r, 1), (ends(r), 1)], 0),
        lambda t, r, ends: t.poll([(r, ends(1))], ends(0)),
        lambda t, r, ends: t.ppoll(ends((r, 1)), 0),
        lambda t, r, ends: t.ppoll([(ends(r), 1)], ends(0), ends(1)),
        lambda t, r, ends: t.sys_ppoll(np.zeros(1, fastipc.POLLFD), 0, [ends(1)]),
        lambda t, r, ends: t.select(ends(r), [], [], 0),
        lambda t, r, ends: t.select([r], [ends(r)], [], ends(0)),
        lambda t, r, ends: t.pselect([r], [], ends(r), 0, ends(1)),
        lambda t, r, ends: t.sys_select(ends(1), None, None, None, ends(0)),
        lambda t, r, ends: t.sys_pselect(1, None, None, None, ends(0), ends(1)),
        lambda t, r, ends: t.readv(r, ends(bytearray(1))),
        lambda t, r, ends: t.writev(r, ends(b"1")),
    ],
)
def test_arguments_may_end_the_caller(call, how):
    k = fastipc.Kernel()
    t = k.spawn()
    r, _ = t.pipe()
    end = k.close if how == "close" else lambda: t.exit(0)
    with pytest.raises((fastipc.KernelClosed, fastipc.TaskExited)):
        call(t, r, lambda item: Ends(end, item))
    if how == "exit":
        k.verify()
    k.close()


def test_select_of_what_can_be_looked_at_once(k):
    t = k.spawn()
    r, w = t.pipe()
    t.write(w, b"x")
    assert t.select(iter([r]), (fd for fd in [w]), (), 0) == ([r], [w], [])
    asked, other = [r, r], t.fork()
    t.read(r, 1)
    call = t.submit("select", asked, [], [])
    k.run()
    asked += [w] * 100
    other.write(w, b"x")
    assert call.result() == ([r, r], [], [])
