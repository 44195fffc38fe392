"""FIFOs as only this machine shows them: who waits for whom, submitted opens, programs of every kind, what is left."""

import itertools
from concurrent.futures import CancelledError

import numpy as np
import pytest

import fastipc
from fastipc import (
    EBADF,
    ENOMEM,
    ENXIO,
    F_SETPIPE_SZ,
    O_NONBLOCK,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    Deadlock,
    TaskExited,
    compiled,
)

MODES = {O_RDONLY: "writer", O_WRONLY: "reader"}


@pytest.fixture
def t(k):
    t = k.spawn(name="t")
    t.mkfifo("/tmp/p")
    return t


def pipes(k):
    return [tuple(int(row[f]) for f in ("readers", "writers", "files")) for row in k.table("pipe", live=True)]


# ------------------------------------------------------------------------------------------ who waits for what
@pytest.mark.parametrize("mode", MODES)
def test_an_open_that_sleeps_says_what_for(k, t, mode):
    c = t.submit("open", "/tmp/p", mode)
    k.run()
    assert t.waiting == ("open", f"a {MODES[mode]} of FIFO /tmp/p")
    assert t.state == "sleeping"
    t2 = k.spawn()
    t2.rename("/tmp/p", "/tmp/q")
    assert t.waiting[1].endswith("/tmp/q")
    c.cancel()
    assert t.waiting is None


def test_openat_says_it_too(k, t):
    d = t.open("/tmp", O_RDONLY)
    c = t.submit("openat", d, "p", O_RDONLY)
    k.run()
    assert t.waiting == ("openat", "a writer of FIFO /tmp/p")
    c.cancel()


def test_the_report_of_a_deadlock_names_the_fifo(k, t, kind):
    def program(t, mode):
        yield t.open("/tmp/p", mode)

    a = k.spawn(kind(program), O_RDONLY, name="a")
    b = k.spawn(kind(program), O_RDONLY, name="b", daemon=True)
    with pytest.raises(Deadlock) as caught:
        k.run()
    blocked = {w.pid: (w.name, w.call, w.waits_for, w.daemon) for w in caught.value.report.blocked}
    assert blocked == {
        a.pid: ("a", "open", "a writer of FIFO /tmp/p", False),
        b.pid: ("b", "open", "a writer of FIFO /tmp/p", True),
    }
    assert f"task {a.pid} (a) in open: waits for a writer of FIFO /tmp/p" in str(caught.value)
    assert "a writer of FIFO /tmp/p" in str(caught.value.report)
    t.open("/tmp/p", O_WRONLY)
    k.run()
    assert a.exit_status == b.exit_status == 0


def test_a_read_and_a_write_name_their_fifo(k, t, fill):
    fd = t.open("/tmp/p", O_RDWR)
    u = t.fork()
    c = u.submit("read", fd, 5)
    k.run()
    assert u.waiting == ("read", "/tmp/p (read end, fd 0)")
    c.cancel()
    fill(t, fd)
    c = u.submit("write", fd, b"x")
    k.run()
    assert u.waiting == ("write", "/tmp/p (write end, fd 0)")
    c.cancel()
    assert t.sys_poll(np.zeros(0, fastipc.POLLFD), 0) == 0


def test_a_fifo_whose_path_is_too_long_to_tell(k, t):
    t.chdir("/tmp")
    for _ in range(20):
        t.mkdir("d" * 255)
        t.chdir("d" * 255)
    t.mkfifo("deep")
    c = t.submit("open", "deep", O_RDONLY)
    k.run()
    assert t.waiting == ("open", "a writer of FIFO deep")
    assert k.run(deadlock="return").blocked[0].waits_for == "a writer of FIFO deep"
    c.cancel()


# ------------------------------------------------------------------------------------------ submitted opens
@pytest.mark.parametrize("mode", MODES)
def test_a_cancelled_open_gives_its_counts_back(k, t, picture, mode):
    before = picture(k)
    c = t.submit("open", "/tmp/p", mode)
    k.run()
    assert pipes(k) == [(1, 0, 1) if mode == O_RDONLY else (0, 1, 1)]
    with pytest.raises(fastipc.FastIPCError, match="the submitted open of .* is still in progress"):
        t.getpid()
    c.cancel()
    with pytest.raises(CancelledError):
        c.result()
    assert pipes(k) == []
    assert len(k.table("file", live=True)) == 0
    after = picture(k)
    assert {name for name in ("inode", "dentry", "pipe", "file", "page") if after[name] != before[name]} == set()
    other = k.spawn()
    assert other.sys_open("/tmp/p", O_WRONLY | O_NONBLOCK) == -ENXIO
    assert t.open("/tmp/p", O_RDWR) == 0


def test_a_cancelled_open_leaves_the_others_asleep(k, t):
    others = [k.spawn() for _ in range(3)]
    calls = [u.submit("open", "/tmp/p", O_RDONLY) for u in others]
    k.run()
    calls[1].cancel()
    assert pipes(k) == [(2, 0, 2)]
    w = t.open("/tmp/p", O_WRONLY)
    k.run()
    assert [calls[0].result(), calls[2].result()] == [0, 0]
    t.write(w, b"ab")
    assert (others[0].read(0, 1), others[2].read(0, 1)) == (b"a", b"b")


def test_an_open_by_hand_that_can_never_return_is_a_deadlock(k, t):
    with pytest.raises(Deadlock, match="a writer of FIFO /tmp/p"):
        t.open("/tmp/p", O_RDONLY)
    assert pipes(k) == []
    assert t.open("/tmp/p", O_RDWR) == 0


def test_an_open_by_hand_runs_the_machine_until_its_partner_comes(k, t, kind):
    def later(t):
        yield t.nanosleep(3)
        fd = yield t.open("/tmp/p", O_WRONLY)
        yield t.write(fd, b"late")

    k.spawn(kind(later))
    fd = t.open("/tmp/p", O_RDONLY)
    assert k.now == 3
    assert t.read(fd, 10) == b"late"


def test_both_partners_submitted(k, t):
    u = k.spawn()
    a, b = t.submit("open", "/tmp/p", O_RDONLY), u.submit("open", "/tmp/p", O_WRONLY)
    k.run()
    assert (a.result(), b.result()) == (0, 0)
    u.write(0, b"x")
    assert t.read(0, 5) == b"x"


def test_a_sleeper_is_let_go_though_its_partner_has_left_again(k, t):
    u = k.spawn()
    c = t.submit("open", "/tmp/p", O_RDONLY)
    k.run(until=k.now)
    u.close(u.open("/tmp/p", O_WRONLY | O_NONBLOCK))
    assert not c.done()
    assert c.result() == 0
    assert t.read(0, 1) == b""


# ------------------------------------------------------------------------------------------ programs of every kind
def reader(t, path):
    fd = yield t.open(path, O_RDONLY)
    total = 0
    while data := (yield t.read(fd, 100)):
        total += sum(data)
    yield t.close(fd)
    return total


def writer(t, path):
    fd = yield t.open(path, O_WRONLY)
    for n in range(10):
        yield t.write(fd, bytes([n]) * 500)
    yield t.close(fd)
    return 5000


@compiled
def compiled_reader(t, path):
    fd = t.open(path, O_RDONLY)
    buf = t.array(100, np.uint8)
    total = 0
    while True:
        n = t.readinto(fd, buf)
        if n == 0:
            break
        for i in range(n):
            total += buf[i]
    t.close(fd)
    return total


@compiled
def compiled_writer(t, path):
    fd = t.open(path, O_WRONLY)
    buf = t.array(500, np.uint8)
    for n in range(10):
        buf[:] = n
        t.write(fd, buf)
    t.close(fd)
    return 5000


def run_by_hand(f, t, *args):
    frame, value = f(t, *args), None
    try:
        while True:
            value = frame.send(value)
    except StopIteration as stop:
        return stop.value


def plain_reader(t, path):
    return run_by_hand(reader, t, path)


def plain_writer(t, path):
    return run_by_hand(writer, t, path)


def array(path):
    return np.frombuffer(path.encode() + b"\0", np.uint8)


PAIRS = list(itertools.product((reader, plain_reader, compiled_reader), (writer, plain_writer, compiled_writer)))


@pytest.mark.parametrize("first", ["reader", "writer"])
@pytest.mark.parametrize(("get", "put"), PAIRS)
def test_programs_of_all_kinds_meet(k, t, get, put, first):
    programs = (get, put) if first == "reader" else (put, get)
    tasks = [k.spawn(program, array("/tmp/p")) for program in programs]
    k.run()
    assert {int(u.result) for u in tasks} == {5000, 500 * 45}
    assert pipes(k) == []


def test_every_mix_at_once(k, t):
    tasks = []
    for n, (get, put) in enumerate(PAIRS):
        t.mkfifo(f"/tmp/{n}")
        tasks += [k.spawn(put, array(f"/tmp/{n}")), k.spawn(get, array(f"/tmp/{n}"))]
    k.run()
    assert {int(u.result) for u in tasks[1::2]} == {500 * 45}


@compiled
def meet_in_the_other_verb(t, path, mode):
    fd = t.sys_open(path, mode, 0)
    again = t.sys_openat(-100, path, mode | O_NONBLOCK, 0)
    return fd, again


def test_compiled_opens_in_the_other_verb(k, t):
    r, w = (k.spawn(meet_in_the_other_verb, array("/tmp/p"), mode) for mode in (O_RDONLY, O_WRONLY))
    k.run()
    assert tuple(map(int, r.result)) == tuple(map(int, w.result)) == (0, 1)


# ------------------------------------------------------------------------------------------ death in open
def sleeper(t):
    yield t.open("/tmp/p", O_RDONLY)


@compiled
def compiled_sleeper(t):
    t.open("/tmp/p", O_RDONLY)


def plain_sleeper(t):
    t.open("/tmp/p", O_RDONLY)


@pytest.mark.parametrize("act", ["exit_group", "execve"])
@pytest.mark.parametrize("program", [sleeper, plain_sleeper, compiled_sleeper, None])
def test_a_thread_that_ends_in_its_open_leaves_nothing(k, t, program, act):
    p = k.spawn()
    thread = p.thread(program, daemon=True) if program else p.thread()
    call = None if program else thread.submit("open", "/tmp/p", O_RDONLY)
    k.run()
    assert pipes(k) == [(1, 0, 1)]
    assert p.sys_close(0) == -EBADF
    getattr(p, act)()
    k.run()
    assert thread.exit_status is not None
    assert pipes(k) == []
    if call is not None:
        with pytest.raises(TaskExited):
            call.result()
    assert t.sys_open("/tmp/p", O_WRONLY | O_NONBLOCK) == -ENXIO
    if act == "execve":
        assert p.open("/tmp/p", O_RDWR) == 0


# ------------------------------------------------------------------------------------------ traces
def test_a_trace_shows_an_open_when_it_is_done(k, t, kind):
    def program(t):
        yield t.open("/tmp/p", O_RDONLY)

    lines = []
    k.trace(lines)
    a = k.spawn(kind(program), name="a")
    k.run(until=2, deadlock="return")
    assert lines == []
    t.open("/tmp/p", O_WRONLY)
    k.run()
    k.trace(None)
    assert lines[:2] == [
        f'2.000000000 {t.pid} open("/tmp/p", 0x1, 0777) = 0',
        f'2.000000000 {a.pid} open("/tmp/p", 0x0, 0777) = 0',
    ]


def test_counters_count_an_open_once(k, t):
    c = t.submit("open", "/tmp/p", O_RDONLY)
    k.run()
    assert k.counters["calls"].get("open", 0) == 0
    k.spawn().open("/tmp/p", O_WRONLY)
    c.result()
    assert k.counters["calls"]["open"] == 2


# ------------------------------------------------------------------------------------------ many, and nothing left
def test_a_thousand_fifos(make_kernel):
    k = make_kernel()
    t = k.spawn()
    t.setrlimit(fastipc.RLIMIT_NOFILE, (4096, 4096))
    free = k.counters["pages_alloc"] - k.counters["pages_free"]
    for n in range(1000):
        t.mkfifo(f"/tmp/{n}")
    assert len(k.table("pipe", live=True)) == 0  # made by the first open
    fds = [t.open(f"/tmp/{n}", O_RDWR) for n in range(1000)]
    for n, fd in enumerate(fds):
        t.write(fd, n.to_bytes(2, "big") * 2000)
    assert len(k.table("pipe", live=True)) == 1000
    assert k.counters["pages_alloc"] - k.counters["pages_free"] == free + 1000
    k.verify()
    for n, fd in enumerate(fds):
        assert t.read(fd, 4000) == n.to_bytes(2, "big") * 2000
        t.write(fd, b"lost" * 1000)
        t.close(fd)
        t.unlink(f"/tmp/{n}")
    assert len(k.table("pipe", live=True)) == 0
    assert k.counters["pages_alloc"] - k.counters["pages_free"] == free


def test_a_thousand_pairs_of_programs(k, t, kind):
    def one(t, n, mode):
        fd = yield t.open(f"/tmp/{n % 100}", mode)
        return (yield t.write(fd, b"x")) if mode == O_WRONLY else len((yield t.read(fd, 1)))

    for n in range(100):
        t.mkfifo(f"/tmp/{n}")
    tasks = [k.spawn(kind(one), n, mode) for mode in (O_RDONLY, O_WRONLY) for n in range(500)]
    k.run(deadlock="return")
    assert sum(u.result == 1 for u in tasks) == 1000


def test_a_users_slots_come_back(k, t):
    u = k.spawn(uid=1000)
    t.chmod("/tmp/p", 0o666)
    fd = u.open("/tmp/p", O_RDWR)
    users = k.table("user")
    row = int(np.flatnonzero((users["uid"] == 1000) & (users["live"] != 0))[0])
    assert users["pipe_bufs"][row] == 16
    u.fcntl(fd, F_SETPIPE_SZ, 4096)
    assert users["pipe_bufs"][row] == 1
    other = t.open("/tmp/p", O_RDONLY)
    u.close(fd)
    assert users["pipe_bufs"][row] == 1  # whoever made it
    t.close(other)
    assert users["pipe_bufs"][row] == 0


def test_limits_of_pipes_hold_for_fifos(k, t, errno_of):
    k.limits.pipe_user_pages_hard = 17
    t.chmod("/tmp/p", 0o666)
    u = k.spawn(uid=1000)
    u.pipe()
    assert errno_of(u.open, "/tmp/p", O_RDWR) == ENOMEM
    assert len(k.table("file", live=True)) == 2
    assert t.open("/tmp/p", O_RDWR) == 0


# ------------------------------------------------------------------------------------------ poll
def test_polling_a_fifo(k, t):
    r = t.open("/tmp/p", O_RDONLY | O_NONBLOCK)
    every = POLLIN | POLLOUT
    assert t.poll([(r, every)], 0) == []  # no hang-up before a writer came
    w = t.open("/tmp/p", O_WRONLY)
    assert t.poll([(r, every), (w, every)], 0) == [(w, POLLOUT)]
    t.write(w, b"x")
    assert t.poll([(r, every)], 0) == [(r, POLLIN)]
    t.close(w)
    assert t.poll([(r, every)], 0) == [(r, POLLIN | POLLHUP)]
    assert t.read(r, 5) == b"x"
    assert t.poll([(r, every)], 0) == [(r, POLLHUP)]
    late = t.open("/tmp/p", O_RDONLY | O_NONBLOCK)
    assert t.poll([(r, every), (late, every)], 0) == [(r, POLLHUP)]
    w = t.open("/tmp/p", O_WRONLY)
    t.close(r)
    t.close(late)
    assert t.poll([(w, every)], 0) == [(w, POLLOUT | POLLERR)]


def test_a_poll_sleeps_until_a_writer_of_the_fifo_comes_and_goes(k, t, kind):
    def watcher(t):
        fd = yield t.open("/tmp/p", O_RDONLY | O_NONBLOCK)
        first = yield t.poll([(fd, POLLIN)])
        data = yield t.read(fd, 10)
        return first, data, (yield t.poll([(fd, POLLIN)]))

    a = k.spawn(kind(watcher))
    k.run(deadlock="return")
    assert a.waiting == ("poll", "fds 0")
    w = t.open("/tmp/p", O_WRONLY)
    k.run(deadlock="return")
    t.write(w, b"news")
    k.run(deadlock="return")
    t.close(w)
    k.run()
    assert a.result == ([(0, POLLIN)], b"news", [(0, POLLHUP)])
