"""poll and select: every readiness row, timeouts, sleepers that are woken, bad arguments."""

from .abi import (
    F_SETFL,
    F_SETPIPE_SZ,
    INT_MIN,
    O_DIRECT,
    O_NONBLOCK,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLNVAL,
    POLLOUT,
    POLLPRI,
    POLLRDBAND,
    POLLRDHUP,
    POLLRDNORM,
    POLLWRBAND,
    POLLWRNORM,
    SIG_IGN,
    SIGPIPE,
)  # fmt: skip
from .machine import DIED, Machine, Task

ALL = POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP
IN, OUT = POLLIN | POLLRDNORM, POLLOUT | POLLWRNORM


def _both(t: Task, r: int, w: int) -> tuple[int, int]:
    ready = dict(t.poll([(r, ALL), (w, ALL)], 0))
    t.poll([(r, POLLIN), (w, POLLOUT)], 0)
    t.poll([(r, 0), (w, 0)], 0)
    t.select([r, w], [r, w], [r, w], 0)
    return ready.get(r, 0), ready.get(w, 0)


# ------------------------------------------------------------------------------------------------ the rows of 2.2
def row_fresh(m: Machine) -> None:
    """Limits 2.2: fresh and empty: nothing on the read end, OUT and WRNORM on the write end."""
    a = m.spawn()
    assert _both(a, *a.pipe()) == (0, OUT)


def row_data(m: Machine) -> None:
    """Limits 2.2: data: IN and RDNORM on the read end."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, b"x")
    assert _both(a, r, w) == (IN, OUT)


def row_full(m: Machine) -> None:
    """Limits 2.2: full: nothing on the write end."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, b"x" * 65536)
    assert _both(a, r, w) == (IN, 0)


def row_writers_gone_data_left(m: Machine) -> None:
    """Limits 2.2: writers gone, data left: IN, RDNORM and HUP."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, b"x")
    a.close(w)
    assert dict(a.poll([(r, ALL)], 0)) == {r: IN | POLLHUP}
    assert a.poll([(r, POLLIN)], 0) == [(r, POLLIN | POLLHUP)]
    assert a.poll([(r, 0)], 0) == [(r, POLLHUP)]


def row_writers_gone_no_data(m: Machine) -> None:
    """Limits 2.2: writers gone, no data: HUP."""
    a = m.spawn()
    r, w = a.pipe()
    a.close(w)
    assert a.poll([(r, ALL)], 0) == [(r, POLLHUP)]
    assert a.poll([(r, 0)], 0) == [(r, POLLHUP)]


def row_readers_gone_room(m: Machine) -> None:
    """Limits 2.2: readers gone, room: OUT, WRNORM and ERR."""
    a = m.spawn()
    r, w = a.pipe()
    a.close(r)
    assert a.poll([(w, ALL)], 0) == [(w, OUT | POLLERR)]
    assert a.poll([(w, 0)], 0) == [(w, POLLERR)]


def row_readers_gone_full(m: Machine) -> None:
    """Limits 2.2: readers gone, full: ERR."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, b"x" * 65536)
    a.close(r)
    assert a.poll([(w, ALL)], 0) == [(w, POLLERR)]


def row_closed_number(m: Machine) -> None:
    """Limits 2.2: a closed number gives NVAL, whatever was asked; a negative one is passed over."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.poll([(7, ALL), (8, 0), (-1, ALL), (-7, POLLIN), (w, POLLOUT)], 0) == [
        (7, POLLNVAL), (8, POLLNVAL), (w, POLLOUT)]  # fmt: skip
    a.close(r)
    assert a.poll([(r, POLLIN)], 0) == [(r, POLLNVAL)]
    assert a.poll([(5000, POLLIN), (2**31 - 1, POLLIN)], 0) == [(5000, POLLNVAL), (2**31 - 1, POLLNVAL)]


def select_rows(m: Machine) -> None:
    """Limits 2.2: a hung-up read end is readable, a write end without readers writable, the third set stays empty."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.select([r], [w], [r, w], 0) == ([], [w], [])
    a.write(w, b"x")
    assert a.select([r], [w], [r, w], 0) == ([r], [w], [])
    a.read(r, 1)
    a.close(w)
    assert a.select([r], [], [r], 0) == ([r], [], [])
    r2, w2 = a.pipe()
    a.write(w2, b"x" * 65536)
    assert a.select([r2], [w2], [w2], 0) == ([r2], [], [])
    a.close(r2)
    assert a.select([w2], [w2], [w2], 0) == ([w2], [w2], [])


def wrong_ends(m: Machine) -> None:
    """The read end is never writable, the write end never readable."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, b"x")
    assert a.poll([(r, POLLOUT), (w, POLLIN)], 0) == []
    assert a.select([w], [r], [], 0) == ([], [], [])


def packets_and_merges(m: Machine) -> None:
    """Readiness counts slots: sixteen packets fill the pipe, a byte read of one frees its slot."""
    a = m.spawn()
    r, w = a.pipe2(O_DIRECT | O_NONBLOCK)
    for _ in range(16):
        a.write(w, b"xyz")
    assert _both(a, r, w) == (IN, 0)
    a.read(r, 1)
    assert _both(a, r, w) == (IN, OUT)


def same_descriptor_twice(m: Machine) -> None:
    """An entry of the list stands for itself."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, b"x")
    assert a.poll([(r, POLLIN), (r, POLLRDNORM), (r, POLLOUT), (r, IN)], 0) == [
        (r, POLLIN), (r, POLLRDNORM), (r, IN)]  # fmt: skip


# ------------------------------------------------------------------------------------------------ time
def poll_timeouts(m: Machine) -> None:
    """A timeout of 0 looks once; a positive one ends by itself with nothing."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.poll([(r, POLLIN)], 0) == []
    assert a.poll([], 0) == []
    poll = a.submit("poll", [(r, POLLIN)], 30)
    assert not poll.done()
    assert poll.result() == []
    poll = a.submit("poll", [], 20)
    assert not poll.done()
    assert poll.result() == []


def select_timeouts(m: Machine) -> None:
    """The same of select; all three sets come back empty."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.select([r], [], [], 0) == ([], [], [])
    select = a.submit("select", [r], [], [w], 0.03)
    assert not select.done()
    assert select.result() == ([], [], [])
    select = a.submit("select", [], [], [], 0.02)
    assert not select.done()
    assert select.result() == ([], [], [])


def poll_without_end(m: Machine) -> None:
    """A negative timeout of poll waits for ever, whatever its value."""
    a = m.spawn()
    r, w = a.pipe()
    b, c = a.fork(), a.fork()
    one, two = b.submit("poll", [(r, POLLIN)], -1), c.submit("poll", [(r, POLLIN)], INT_MIN)
    assert not one.done() and not two.done()
    a.write(w, b"x")
    assert one.result() == two.result() == [(r, POLLIN)]


def woken_before_the_timeout(m: Machine) -> None:
    """A sleeping poll with a timeout is woken by data, and nothing happens later."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    poll = b.submit("poll", [(r, POLLIN)], 60000)
    select = a.thread().submit("select", [r], [], [], 60)
    assert not poll.done() and not select.done()
    a.write(w, b"x")
    assert poll.result() == [(r, POLLIN)]
    assert select.result() == ([r], [], [])


# ------------------------------------------------------------------------------------------------ sleepers
def poll_is_woken_by_data(m: Machine) -> None:
    """A sleeping poll of several descriptors reports the one that became ready."""
    a = m.spawn()
    pipes = [a.pipe() for _ in range(4)]
    b = a.fork()
    poll = b.submit("poll", [(r, POLLIN) for r, _ in pipes], -1)
    assert not poll.done()
    a.write(pipes[2][1], b"x")
    assert poll.result() == [(pipes[2][0], POLLIN)]


def poll_is_woken_by_room(m: Machine) -> None:
    """A sleeping poll for POLLOUT wakes when a slot is freed, not before."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, b"x" * 65536)
    b = a.fork()
    poll = b.submit("poll", [(w, POLLOUT)], -1)
    a.read(r, 4000)
    assert not poll.done()
    a.read(r, 96)
    assert poll.result() == [(w, POLLOUT)]


def poll_is_woken_by_resizing(m: Machine) -> None:
    """Growing a full pipe makes it writable."""
    a = m.spawn()
    r, w = a.pipe()
    a.fcntl(w, F_SETPIPE_SZ, 4096)
    a.write(w, b"x" * 4096)
    b = a.fork()
    poll = b.submit("poll", [(w, POLLOUT)], -1)
    assert not poll.done()
    a.fcntl(w, F_SETPIPE_SZ, 8192)
    assert poll.result() == [(w, POLLOUT)]


def poll_is_woken_by_hang_up(m: Machine) -> None:
    """Closing the last writer wakes a poll of the read end, also one that asked for nothing."""
    a = m.spawn()
    r, w = a.pipe()
    b, c = a.fork(), a.fork()
    b.close(w)
    c.close(w)
    one, two = b.submit("poll", [(r, POLLIN)], -1), c.submit("poll", [(r, 0)], -1)
    a.close(w)
    assert one.result() == two.result() == [(r, POLLHUP)]


def poll_is_woken_by_error(m: Machine) -> None:
    """Closing the last reader wakes a poll of the write end."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, b"x" * 65536)
    b, c = a.fork(), a.fork()
    b.close(r)
    c.close(r)
    one, two = b.submit("poll", [(w, POLLOUT)], -1), c.submit("poll", [(w, 0)], -1)
    assert not one.done() and not two.done()
    a.close(r)
    assert one.result() == two.result() == [(w, POLLERR)]


def poll_sleeps_on_if_it_was_not_meant(m: Machine) -> None:
    """An event of the other kind wakes nobody: data for one that waits for a priority event."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    poll = b.submit("poll", [(r, POLLPRI)], -1)
    a.write(w, b"x")
    assert not poll.done()
    c = a.fork()
    two = c.submit("poll", [(w, POLLIN)], -1)
    a.read(r, 1)
    assert not two.done()
    b2 = a.fork()
    b2.close(r)
    assert not poll.done() and not two.done()


def poll_that_lost_the_race_sleeps_on(m: Machine) -> None:
    """Data that another reader took first does not end a poll that sleeps."""
    a = m.spawn()
    r, w = a.pipe()
    b, c = a.fork(), a.fork()
    read = b.submit("read", r, 10)
    poll = c.submit("poll", [(r, POLLIN)], -1)
    a.write(w, b"x")
    assert read.result() == b"x"
    if not poll.done():
        a.write(w, b"y")
    assert poll.result() == [(r, POLLIN)]


def several_pollers_are_all_woken(m: Machine) -> None:
    """Pollers are not exclusive: all are woken by one byte."""
    a = m.spawn()
    r, w = a.pipe()
    tasks = [a.fork() for _ in range(4)]
    polls = [t.submit("poll", [(r, POLLIN)], -1) for t in tasks[:2]]
    polls += [t.submit("select", [r], [], [], None) for t in tasks[2:]]
    a.write(w, b"x")
    assert [p.result() for p in polls] == [[(r, POLLIN)]] * 2 + [([r], [], [])] * 2


def pollers_and_readers_on_one_pipe(m: Machine) -> None:
    """A reader that waits behind pollers gets its byte; those who only looked took nothing."""
    a = m.spawn()
    r, w = a.pipe()
    b, c, d = a.fork(), a.fork(), a.fork()
    one = b.submit("poll", [(r, POLLIN)], -1)
    two = c.submit("read", r, 1)
    three = d.submit("poll", [(r, POLLIN)], -1)
    a.write(w, b"xy")
    assert two.result() == b"x"
    assert one.result() == three.result() == [(r, POLLIN)]
    assert a.read(r, 10) == b"y"


def select_is_woken(m: Machine) -> None:
    """A sleeping select reports what became ready in each of its sets."""
    a = m.spawn()
    r, w = a.pipe()
    r2, w2 = a.pipe()
    a.write(w2, b"x" * 65536)
    b, c = a.fork(), a.fork()
    one = b.submit("select", [r, r2], [], [r], 60)
    assert one.result() == ([r2], [], [])
    two = c.submit("select", [r], [w2], [r2], None)
    assert not two.done()
    a.read(r2, 5000)
    assert two.result() == ([], [w2], [])
    three = c.submit("select", [r], [], [], None)
    assert not three.done()
    a.close(w)
    b.close(w)
    c_done = three.done()
    a.exit_group(0)
    assert not c_done and not three.done()


def descriptor_closed_under_a_poll(m: Machine) -> None:
    """A thread that polls a number goes on with the file, though another closes the number."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.thread()
    c = a.fork()
    poll = b.submit("poll", [(r, POLLIN)], -1)
    assert a.close(r) is None
    assert not poll.done()
    c.write(w, b"x")
    assert poll.result() == [(r, POLLNVAL)]


def file_held_by_a_sleeping_read(m: Machine) -> None:
    """A sleeping read keeps its file: the last reader counts until it returns."""
    a = m.spawn()
    a.signal(SIGPIPE, SIG_IGN)
    r, w = a.pipe()
    b = a.thread()
    read = b.submit("read", r, 10)
    a.close(r)
    assert a.write(w, b"x") == 1
    assert read.result() == b"x"
    assert a.write(w, b"x") == "EPIPE"


def file_held_by_a_sleeping_write(m: Machine) -> None:
    """A sleeping write keeps its file: no end of file until it has returned."""
    a = m.spawn()
    r, w = a.pipe()
    a.fcntl(w, F_SETPIPE_SZ, 4096)
    b = a.thread()
    write = b.submit("write", w, b"x" * 10000)
    a.close(w)
    assert a.read(r, 4096) == b"x" * 4096
    assert a.read(r, 4096) == b"x" * 4096
    assert write.result() == 10000
    assert a.read(r, 4096) == b"x" * 1808
    assert a.read(r, 4096) == b""


def poll_and_death(m: Machine) -> None:
    """A process that dies in the middle of a poll leaves nothing on the queues."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    c = b.thread()
    poll = c.submit("poll", [(r, POLLIN), (w, POLLPRI)], -1)
    b.exit_group(1)
    assert poll.result() == DIED
    a.write(w, b"x")
    assert a.read(r, 1) == b"x"
    assert a.wait4() == (b.name, 256)


# ------------------------------------------------------------------------------------------------ bad arguments
def poll_more_than_the_limit(m: Machine) -> None:
    """poll: EINVAL if there are more entries than RLIMIT_NOFILE."""
    a = m.spawn(uid=1000)
    r, w = a.pipe()
    a.setrlimit(7, (4, 4096))
    assert a.poll([(w, POLLOUT)] * 4, 0) == [(w, POLLOUT)] * 4
    assert a.poll([(w, POLLOUT)] * 5, 0) == "EINVAL"


def poll_many(m: Machine) -> None:
    """poll of a thousand entries, one ready."""
    a = m.spawn()
    r, w = a.pipe()
    r2, w2 = a.pipe()
    a.write(w2, b"x")
    assert a.poll([(r, POLLIN)] * 700 + [(r2, POLLIN)] + [(r, POLLIN)] * 300, 0) == [(r2, POLLIN)]


def select_bad_descriptor(m: Machine) -> None:
    """select: EBADF if a number in a set is not open."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.select([r, 9], [], [], 0) == "EBADF"
    assert a.select([], [63], [], 0) == "EBADF"
    assert a.select([], [], [2], None) == "EBADF"


def select_beyond_the_table(m: Machine) -> None:
    """select: numbers beyond the size of the table (64, then powers of two) are not looked at."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.select([64], [500], [1023], 0) == ([], [], [])
    a.dup2(r, 64)
    assert a.select([65], [], [], 0) == "EBADF"
    assert a.select([], [127], [], 0) == "EBADF"
    assert a.select([], [128], [], 0) == ([], [], [])
    a.dup2(r, 300)
    assert a.select([], [], [511], 0) == "EBADF"
    assert a.select([], [], [512], 0) == ([], [], [])
    a.close(300)
    assert a.select([], [], [511], 0) == "EBADF"
    b = a.fork()
    assert b.select([], [], [127], 0) == "EBADF"
    assert b.select([], [], [128], 0) == ([], [], [])
    a.close(64)
    b = a.fork()
    assert b.select([], [], [63], 0) == "EBADF"
    assert b.select([], [], [64], 0) == ([], [], [])


def select_nfds(m: Machine) -> None:
    """select: EINVAL for a negative count; numbers at or over the count are not looked at."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.select_nfds(-1, [], [], [], 0.0) == "EINVAL"
    assert a.select_nfds(INT_MIN, [r], [], [], 0.0) == "EINVAL"
    assert a.select_nfds(0, [r], [w], [], 0.0) == ([], [], [])
    assert a.select_nfds(1, [r], [w], [], 0.0) == ([], [], [])
    assert a.select_nfds(2, [r], [w], [9], 0.0) == ([], [w], [])


def select_negative_time(m: Machine) -> None:
    """select: EINVAL for a negative time, even with a bad count or a bad number."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.select([r], [], [], -1.0) == "EINVAL"
    assert a.select([9], [], [], -1.0) == "EINVAL"


def nonblocking_is_not_readiness(m: Machine) -> None:
    """O_NONBLOCK has no influence on poll: it sleeps all the same."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    b = a.fork()
    poll = b.submit("poll", [(r, POLLIN)], -1)
    assert not poll.done()
    a.fcntl(w, F_SETFL, 0)
    assert not poll.done()
    a.write(w, b"x")
    assert poll.result() == [(r, POLLIN)]


def number_closed_under_a_select(m: Machine) -> None:
    """select: a number that another thread closes meanwhile is ready in every set that it is in."""
    a = m.spawn()
    r, w = a.pipe()
    r2, w2 = a.pipe()
    a.write(w2, b"x" * 65536)
    b, c = a.thread(), a.fork()
    select = b.submit("select", [r, r2 + 2], [w2], [r, w2], None)
    assert select.value == "EBADF"
    select = b.submit("select", [r], [w2], [r, w2, w], None)
    assert not select.done()
    a.close(w2)
    assert not select.done()
    a.close(w)
    assert not select.done()
    c.write(w, b"x")
    assert select.result() == ([r], [w2], [w, w2])


def resizing_lets_pollers_look_again(m: Machine) -> None:
    """F_SETPIPE_SZ wakes those who wait for room even if it made none: they look again and find a closed number."""
    a = m.spawn()
    r, w = a.pipe()
    b, c = a.thread(), a.thread()
    for sleeper, size in ((b, 65536), (c, 4096)):
        number = a.fcntl(w, 0, 20)
        poll = sleeper.submit("poll", [(number, POLLPRI)], -1)
        a.close(number)
        assert not poll.done()
        a.fcntl(r, F_SETPIPE_SZ, size)
        assert poll.result() == [(number, POLLNVAL)]


def select_after_execve(m: Machine) -> None:
    """execve keeps the table and its size; it copies one shared with a process, not one shared with threads."""
    a = m.spawn()
    r, w = a.pipe()
    a.dup3(w, 146, 0o2000000)
    b = a.fork()
    b.execve()
    assert b.select([], [], [146], 0) == "EBADF"
    a.execve()
    assert a.fcntl(146, 1) == "EBADF"
    a.thread()
    a.execve()
    assert a.select([], [], [146], 0) == "EBADF"
    a.dup3(w, 600, 0o2000000)
    c = a.clone(0x411)
    c.execve()
    assert c.select([], [], [600], 0) == "EBADF"
    assert c.select([], [], [1023], 0) == "EBADF"
    d = a.clone(0x411)
    a.close(600)
    d.execve()
    assert d.select([], [], [600], 0) == ([], [], [])
    assert a.select([], [], [600], 0) == "EBADF"
