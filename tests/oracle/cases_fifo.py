"""FIFOs: who waits for whom in open, what hangs up, what is kept, what is lost; limits section 3, features F1-F12."""

from collections.abc import Callable
from typing import Any

from .abi import (
    F_DUPFD,
    F_GETFD,
    F_GETFL,
    F_GETPIPE_SZ,
    F_SETFL,
    F_SETPIPE_SZ,
    FD_CLOEXEC,
    FIONREAD,
    O_APPEND,
    O_CLOEXEC,
    O_CREAT,
    O_DIRECT,
    O_DIRECTORY,
    O_EXCL,
    O_LARGEFILE,
    O_NOFOLLOW,
    O_NONBLOCK,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_TRUNC,
    O_WRONLY,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    POLLRDNORM,
    POLLWRNORM,
    RLIMIT_NOFILE,
    S_IFIFO,
    SA_RESTART,
    SEEK_CUR,
    SEEK_SET,
    SIG_IGN,
    SIGPIPE,
    SIGUSR1,
    SIGUSR2,
)  # fmt: skip
from .machine import ASLEEP, DIED, Machine, Pending, Task, data

READ, WRITE, BOTH = O_RDONLY | O_NONBLOCK, O_WRONLY | O_NONBLOCK, O_RDWR | O_NONBLOCK
IN, OUT = POLLIN | POLLRDNORM, POLLOUT | POLLWRNORM
PLACES = ("/", "/tmp/", "/dev/", "/dev/shm/")
TICK = 0.012  # seconds in which the clock of inodes surely moves
P = "/tmp/p"


def _asleep(t: Task, flags: int, path: str = P) -> Pending:
    """Start an open that sleeps."""
    call = t.submit("open", path, flags)
    assert call.value is ASLEEP
    return call


def _start(m: Machine, n: int, uid: int = 0) -> list[Task]:
    """Make a FIFO and tasks of separate processes."""
    tasks = [m.spawn(uid) for _ in range(n)]
    assert tasks[0].mkfifo(P, 0o666) is None
    return tasks


def _ready(t: Task, fd: int) -> int:
    return dict(t.poll([(fd, 0x23FF)], 0)).get(fd, 0)


def _moved(t: Task, act: Callable[[], Any], path: str = P) -> str:
    t.times(path)
    t.sleep(TICK)
    act()
    t.sleep(TICK)
    return t.times(path)


# ------------------------------------------------------------------------------------------------ the node
def node(m: Machine) -> None:
    """F1: mkfifo makes a node of type FIFO under the umask, owned by the caller, with no device and no size."""
    a, b = m.spawn(), m.spawn(uid=1000, gid=1001)
    for place in ("/tmp/", "/dev/shm/"):
        assert a.mkfifo(place + "a") is None and b.mkfifo(place + "b", 0o7666) is None
        st = a.stat(place + "a")
        assert (st["mode"], st["nlink"], st["uid"], st["gid"]) == (S_IFIFO | 0o644, 1, 0, 0)
        assert st["rdev"] == st["size"] == 0
        st = a.stat(place + "b")
        assert (st["mode"], st["uid"], st["gid"]) == (S_IFIFO | 0o7644, 1000, 1001)
        assert a.mknod(place + "c", S_IFIFO | 0o600, 0x1234) is None
        assert a.stat(place + "c")["rdev"] == 0


def node_errors(m: Machine) -> None:
    """Limits 3, F3: an existing name is EEXIST, of any kind; a missing directory ENOENT."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mkfifo(P)
    a.symlink("nope", "/tmp/s")
    for path in (P, "/tmp/s", "/tmp", "/dev/null", "/", "/tmp/."):
        assert a.mkfifo(path) == a.mknod(path, S_IFIFO | 0o644) == "EEXIST"
    assert a.mkfifo("/nope/p") == a.mkfifo("/nope/") == a.mkfifo("") == "ENOENT"
    assert a.mkfifo(P + "/x") == a.mkfifo("/dev/null/x") == "ENOTDIR"
    assert a.mkfifo("/tmp/" + "n" * 256) == "ENAMETOOLONG"
    assert b.mkfifo("/p") == "EACCES"
    assert b.mkfifo("/tmp") == "EEXIST"


def node_is_the_descriptor(m: Machine) -> None:
    """fstat of every open is stat of the node; data in it is no size."""
    (a,) = _start(m, 1)
    fd, r = a.open(P, O_RDWR), a.open(P, READ)
    a.write(fd, b"abc")
    assert a.fstat(fd) == a.fstat(r) == a.stat(P)
    assert a.stat(P)["size"] == 0
    a.fchmod(r, 0o600)
    a.fchown(fd, 5, 6)
    st = a.stat(P)
    assert (st["mode"], st["uid"], st["gid"]) == (S_IFIFO | 0o600, 5, 6)
    a.unlink(P)
    assert a.fstat(fd)["nlink"] == 0


def everywhere(m: Machine) -> None:
    """A FIFO works on every file system; two of the same name in different directories are two."""
    a = m.spawn()
    fds = []
    for place in PLACES:
        assert a.mkfifo(place + "p") is None
        fds.append((a.open(place + "p", BOTH), place.encode()))
    for fd, name in fds:
        a.write(fd, name)
    assert [a.read(fd, 99) for fd, _ in fds] == [name for _, name in fds]


# ------------------------------------------------------------------------------------------------ open without sleep
def nonblocking_writer(m: Machine) -> None:
    """Limits 3: write-only, O_NONBLOCK: ENXIO without a reader; a reader of any kind will do, also one asleep."""
    a, b = _start(m, 2)
    assert a.open(P, WRITE) == "ENXIO"
    r = a.open(P, READ)
    w = a.open(P, WRITE)
    assert (r, w) == (0, 1)
    a.close(r)
    assert a.open(P, WRITE) == "ENXIO"
    a.close(w)
    rw = a.open(P, BOTH)
    assert b.open(P, WRITE) == 0
    a.close(rw)
    b.close(0)
    reader = _asleep(a, O_RDONLY)
    assert b.open(P, WRITE) == 0
    assert reader.result() == 0


def nonblocking_reader(m: Machine) -> None:
    """Limits 3: read-only, O_NONBLOCK: opens at once; reads are empty until there is a writer, then EAGAIN."""
    (a,) = _start(m, 1)
    r = a.open(P, READ)
    assert a.read(r, 5) == b""
    w = a.open(P, O_WRONLY)
    assert a.read(r, 5) == "EAGAIN"
    a.write(w, b"abc")
    assert a.read(r, 5) == b"abc"
    assert a.read(r, 5) == "EAGAIN"
    a.close(w)
    assert a.read(r, 5) == b""


def both_ways(m: Machine) -> None:
    """Limits 3, F10: read-write never blocks, with or without O_NONBLOCK; it is its own reader and writer."""
    (a,) = _start(m, 1)
    for flags in (O_RDWR, BOTH):
        fd = a.open(P, flags)
        assert a.write(fd, b"abc") == 3
        assert a.read(fd, 9) == b"abc"
        assert a.fcntl(fd, F_GETFL) == flags | O_LARGEFILE
        a.close(fd)
    fd = a.open(P, BOTH)
    assert a.read(fd, 1) == "EAGAIN"
    a.fcntl(fd, F_SETFL, 0)
    read = a.thread().submit("read", fd, 3)
    assert not read.done()
    a.write(fd, b"xyz")
    assert read.result() == b"xyz"


def mode_three(m: Machine) -> None:
    """Limits 3: access mode 3: EINVAL; EACCES > EINVAL; it leaves nothing behind."""
    a, b = _start(m, 2)
    c = m.spawn(uid=1000)
    for flags in (3, 3 | O_NONBLOCK):
        assert a.open(P, flags) == "EINVAL"
        a.chmod(P, 0o622)
        assert c.open(P, flags) == "EACCES"
        a.chmod(P, 0o666)
    assert a.open(P, WRITE) == "ENXIO"
    assert _asleep(b, O_RDONLY).done() is False
    assert a.open(P, 3) == "EINVAL"
    assert a.open(P, O_WRONLY) == 0


def errno_order(m: Machine) -> None:
    """open of a FIFO: ENOTDIR (O_DIRECTORY) and EEXIST > EACCES > EINVAL (mode 3) and ENXIO."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mkfifo(P, 0o600)
    assert b.open(P, O_DIRECTORY | O_WRONLY) == "ENOTDIR"
    assert b.open(P, WRITE | O_CREAT | O_EXCL) == "EEXIST"
    assert b.open(P, WRITE) == b.open(P, READ) == b.open(P, 3) == b.open(P, O_RDONLY) == b.open(P, O_RDWR) == "EACCES"
    assert b.open(P, READ | O_TRUNC) == "EACCES"
    assert a.open(P, WRITE | O_DIRECT) == "ENXIO"
    assert a.open(P, BOTH | O_DIRECT) == a.open(P, READ | O_DIRECT) == "EINVAL"
    assert a.open(P, WRITE) == "ENXIO"
    assert a.truncate(P, 0) == "EINVAL"
    assert a.open(P + "/", READ) == a.open(P + "/x", READ) == "ENOTDIR"
    assert a.open(P + "/", READ | O_CREAT) == "EISDIR"


def permissions(m: Machine) -> None:
    """Reading needs r, writing w, both ways both; a refused open counts for nothing."""
    a, b, c = m.spawn(), m.spawn(uid=1000), m.spawn(uid=1001)
    b.mkfifo(P)
    for mode, flags, allowed in (
        (0o604, READ, True), (0o604, WRITE, False), (0o604, BOTH, False), (0o602, READ, False), (0o606, BOTH, True),
        (0o602, BOTH, False), (0o660, READ, False), (0o602, WRITE, "ENXIO"), (0o601, READ, False),
    ):  # fmt: skip
        b.chmod(P, mode)
        fd = c.open(P, flags)
        if allowed is True:
            assert fd == 0
            c.close(fd)
        else:
            assert fd == (allowed or "EACCES")
    b.chmod(P, 0)
    assert b.open(P, READ) == "EACCES"
    assert a.open(P, BOTH) == 0


def flags_of_open(m: Machine) -> None:
    """O_TRUNC and O_CREAT change nothing of a FIFO, not its data; O_CREAT|O_EXCL is EEXIST; F_GETFL as for files."""
    (a,) = _start(m, 1)
    fd = a.open(P, BOTH)
    a.write(fd, b"abc")
    again = a.open(P, O_RDWR | O_TRUNC | O_CREAT | O_APPEND | O_CLOEXEC, 0)
    assert a.fcntl(again, F_GETFL) == O_RDWR | O_APPEND | O_LARGEFILE
    assert a.fcntl(again, F_GETFD) == FD_CLOEXEC
    assert a.open(P, BOTH | O_CREAT | O_EXCL) == "EEXIST"
    assert a.read(again, 9) == b"abc"
    assert a.fcntl(again, F_SETFL, O_NONBLOCK | O_DIRECT) == 0
    assert a.fcntl(again, F_GETFL) == O_RDWR | O_NONBLOCK | O_DIRECT | O_LARGEFILE
    assert a.open(P, READ | O_NOFOLLOW) == 2
    assert a.stat(P)["mode"] == S_IFIFO | 0o644


def path_only(m: Machine) -> None:
    """O_PATH neither waits nor counts."""
    (a,) = _start(m, 1)
    fd = a.open(P, O_PATH | O_WRONLY)
    assert a.fcntl(fd, F_GETFL) == O_PATH
    assert a.open(P, WRITE) == "ENXIO"
    assert a.read(a.open(P, READ), 1) == b""
    assert a.write(fd, b"x") == "EBADF"
    assert a.open("/proc/self/fd/0", WRITE) == 2
    assert a.fstat(2)["ino"] == a.fstat(fd)["ino"]


def no_number_left(m: Machine) -> None:
    """EMFILE comes before any waiting, and before ENXIO; nothing is counted."""
    a, b = _start(m, 2)
    a.setrlimit(RLIMIT_NOFILE, (0, 4096))
    assert a.open(P, O_RDONLY) == a.open(P, WRITE) == a.open(P, O_RDWR) == "EMFILE"
    assert b.open(P, WRITE) == "ENXIO"


def not_a_file(m: Machine) -> None:
    """A FIFO's descriptor: ESPIPE to seek, pread, pwrite; EINVAL to ftruncate, fsync; ESPIPE to fallocate."""
    (a,) = _start(m, 1)
    for flags in (READ, BOTH, WRITE):
        fd = a.open(P, flags)
        assert a.lseek(fd, 0, SEEK_CUR) == a.lseek(fd, -1, SEEK_SET) == a.pread(fd, 1, 0) == "ESPIPE"
        assert a.pwrite(fd, b"x", 0) == "ESPIPE"
        assert a.lseek(fd, 0, 7) == a.pread(fd, 1, -1) == a.ftruncate(fd, 0) == a.fsync(fd) == "EINVAL"
        assert a.fallocate(fd, 0, 0, 1) == ("EBADF" if flags == READ else "ESPIPE")
    assert a.chdir(P) == "ENOTDIR" and a.rmdir(P) == "ENOTDIR" and a.readlink(P) == "EINVAL"


# ------------------------------------------------------------------------------------------------ open that sleeps
def reader_waits_for_writer(m: Machine) -> None:
    """F7: a blocking reader sleeps in open until a writer comes."""
    a, b = _start(m, 2)
    reader = _asleep(a, O_RDONLY)
    assert b.open(P, O_WRONLY) == 0
    assert reader.result() == 0
    b.write(0, b"hello")
    assert a.read(0, 9) == b"hello"


def writer_waits_for_reader(m: Machine) -> None:
    """F8: a blocking writer sleeps in open until a reader comes; one with O_NONBLOCK will do."""
    for flags in (O_RDONLY, READ):
        a, b = m.spawn(), m.spawn()
        a.mkfifo(f"{P}{flags}")
        writer = _asleep(a, O_WRONLY, f"{P}{flags}")
        assert b.open(f"{P}{flags}", flags) == 0
        assert writer.result() == 0
        a.write(0, b"x")
        assert b.read(0, 9) == b"x"


def both_ways_wakes(m: Machine) -> None:
    """F10: an open for both ways wakes sleeping readers, or writers."""
    for flags in (O_RDONLY, O_WRONLY):
        a, b, c = (m.spawn() for _ in range(3))
        path = f"{P}{flags}"
        a.mkfifo(path)
        one, two = _asleep(a, flags, path), _asleep(b, flags, path)
        assert c.open(path, BOTH) == 0
        assert one.result() == two.result() == 0


def a_crowd_of_readers(m: Machine) -> None:
    """One writer wakes all readers that sleep in open."""
    a, *readers = _start(m, 6)
    calls = [_asleep(t, O_RDONLY) for t in readers]
    assert a.open(P, WRITE) == 0
    assert [call.value for call in calls] == [0] * 5
    a.write(0, b"x")
    assert readers[3].read(0, 5) == b"x"


def a_crowd_of_writers(m: Machine) -> None:
    """One reader wakes all writers that sleep in open."""
    a, *writers = _start(m, 6)
    calls = [_asleep(t, O_WRONLY) for t in writers]
    assert a.open(P, O_RDONLY) == 0
    assert [call.value for call in calls] == [0] * 5
    for i, t in enumerate(writers):
        t.write(0, b"%d" % i)
    assert a.read(0, 9) == b"01234"


def same_kind_does_not_help(m: Machine) -> None:
    """A reader does not wake a reader, nor a writer a writer; ENXIO and errors wake nobody."""
    a, b, c = _start(m, 3)
    one = _asleep(a, O_RDONLY)
    assert b.open(P, READ) == 0
    two = _asleep(c, O_RDONLY)
    b.close(0)
    assert b.open(P, 3) == "EINVAL" and b.open(P, O_RDWR | O_CREAT | O_EXCL) == "EEXIST"
    assert not one.done() and not two.done()
    b.mkfifo("/tmp/q")
    three = _asleep(b, O_WRONLY, "/tmp/q")
    d = m.spawn()
    assert d.open("/tmp/q", WRITE) == "ENXIO"
    four = _asleep(d, O_WRONLY, "/tmp/q")
    assert not three.done() and not four.done()


def released_once_for_all(m: Machine) -> None:
    """A reader that was let in stays in when its writer leaves; the next blocking reader sleeps again."""
    a, b, c = _start(m, 3)
    reader = _asleep(a, O_RDONLY)
    b.open(P, O_WRONLY)
    b.close(0)
    assert reader.result() == 0
    assert a.read(0, 1) == b""
    second = _asleep(c, O_RDONLY)
    b.open(P, O_WRONLY)
    assert second.result() == 0


def present_partner(m: Machine) -> None:
    """With a partner present open does not sleep; when it has gone, it does."""
    a, b, c = _start(m, 3)
    a.open(P, READ)
    assert b.open(P, O_WRONLY) == 0
    assert c.open(P, O_RDONLY) == 0
    a.close(0)
    assert a.open(P, O_WRONLY) == 0
    a.close(0)
    b.close(0)
    assert a.open(P, O_WRONLY) == 0
    c.close(0)
    assert not _asleep(b, O_WRONLY).done()


def partner_that_leaves_at_once(m: Machine) -> None:
    """F9: a partner that opens and closes before the sleeper runs lets it in: O_DIRECT is refused after the open."""
    for flags, other in ((O_RDONLY, WRITE), (O_WRONLY, READ), (O_RDONLY, BOTH), (O_WRONLY, BOTH)):
        a, b, c = m.spawn(), m.spawn(), m.spawn()
        path = f"{P}{flags}{other}"
        a.mkfifo(path)
        one, two = _asleep(a, flags, path), _asleep(b, flags, path)
        assert c.open(path, other | O_DIRECT) == "EINVAL"
        assert one.result() == two.result() == 0
        if flags == O_RDONLY:
            assert _ready(a, 0) == POLLHUP and a.read(0, 1) == b""
            assert c.open(path, O_WRONLY) == 0 and b.read(0, 0) == b""
        else:
            assert _ready(a, 0) == OUT | POLLERR
            assert c.open(path, WRITE) == "ENXIO"
            assert c.open(path, READ) == 0 and b.write(0, b"x") == 1
            assert c.read(0, 9) == b"x"


def partner_that_cannot_come(m: Machine) -> None:
    """A partner that is refused before it counts lets nobody in."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mkfifo(P)
    reader = _asleep(a, O_RDONLY)
    assert b.open(P, WRITE) == b.open(P, O_RDWR | O_DIRECT) == "EACCES"
    assert b.open(P, WRITE | O_DIRECTORY) == "ENOTDIR"
    a2 = m.spawn()
    assert a2.open(P, 3) == "EINVAL" and a2.open(P, O_WRONLY | O_PATH) == 0
    a2.setrlimit(RLIMIT_NOFILE, (1, 4096))
    assert a2.open(P, O_WRONLY) == "EMFILE"
    assert not reader.done()


def partner_is_any_process(m: Machine) -> None:
    """Parent and child, threads of one process, strangers: all the same."""
    a, b = _start(m, 2)
    child, thread = a.fork(), a.thread()
    reader = _asleep(child, O_RDONLY)
    assert thread.open(P, O_WRONLY) == 0
    assert reader.result() == 0
    a.close(0)
    child.close(0)
    reader = _asleep(thread, O_RDONLY)
    assert a.open(P, O_WRONLY) == 1
    assert reader.result() == 0
    a.write(1, b"x")
    assert a.read(0, 1) == b"x"
    d = m.spawn(uid=1000)
    a.chmod(P, 0o666)
    assert d.open(P, WRITE) == 0


def threads_reserve_numbers(m: Machine) -> None:
    """A descriptor number is taken when open starts: EBADF to use, EBUSY to dup2 onto; others get the next."""
    a, x = _start(m, 2)
    b = a.thread()
    reader = _asleep(b, O_RDONLY)
    assert a.open("/dev/null", O_RDWR) == 1
    assert a.close(0) == a.read(0, 1) == a.fcntl(0, F_GETFL) == a.dup(0) == "EBADF"
    assert a.dup2(1, 0) == a.dup3(1, 0, 0) == "EBUSY"
    assert a.fcntl(1, F_DUPFD, 0) == 2
    assert a.poll([(0, POLLIN)], 0) == [(0, 32)]
    child = a.fork()
    assert child.dup(1) == 0
    assert x.open(P, O_WRONLY) == 0
    assert reader.result() == 0
    assert a.fcntl(0, F_GETFL) == O_LARGEFILE
    assert child.fcntl(0, F_GETFL) == O_RDWR | O_LARGEFILE


def failed_open_gives_the_number_back(m: Machine) -> None:
    """After an open that failed the number is free again."""
    (a,) = _start(m, 1)
    assert a.open(P, WRITE) == "ENXIO"
    assert a.open(P, 3) == "EINVAL"
    assert a.open("/dev/null", O_RDONLY) == 0


def fork_while_a_thread_sleeps(m: Machine) -> None:
    """A child of a process with a thread asleep in open counts for nothing, and has the reserved number free."""
    a, x = _start(m, 2)
    b = a.thread()
    writer = _asleep(b, O_WRONLY)
    child, other = a.fork(), a.fork()
    assert child.open("/nope", O_RDONLY) == "ENOENT"
    assert child.pipe() == (0, 1) and other.open("/dev/null", O_RDONLY) == 0
    child.exit(0)
    assert x.open(P, READ) == 0
    assert writer.result() == 0
    a.close(0)
    assert x.read(0, 1) == b""
    assert _ready(x, 0) == POLLHUP
    assert other.dup(0) == 1


def killed_while_asleep(m: Machine) -> None:
    """F11: a task that ends while asleep in open gives its count back, as if it had never come."""
    a, x, y = _start(m, 3)
    b = a.thread()
    reader = _asleep(b, O_RDONLY)
    a.exit_group(0)
    assert reader.value == DIED
    assert x.open(P, WRITE) == "ENXIO"
    c = x.thread()
    writer = _asleep(c, O_WRONLY)
    x.exit_group(0)
    assert writer.value == DIED
    assert y.open(P, READ) == 0
    assert y.read(0, 1) == b"" and _ready(y, 0) == 0
    z = m.spawn()
    assert z.open(P, O_WRONLY) == 0
    z.close(0)
    assert _ready(y, 0) == POLLHUP


def killed_by_execve(m: Machine) -> None:
    """execve of another thread ends the sleeper; its number and its count are free."""
    a, x = _start(m, 2)
    b = a.thread()
    reader = _asleep(b, O_RDONLY)
    a.execve()
    assert reader.value == DIED
    assert x.open(P, WRITE) == "ENXIO"
    assert a.open(P, READ) == 0


def one_of_two_sleepers_is_killed(m: Machine) -> None:
    """The other sleeper is still let in."""
    a, x, y = _start(m, 3)
    b = a.thread()
    one, two = _asleep(b, O_RDONLY), _asleep(x, O_RDONLY)
    a.exit_group(0)
    assert one.value == DIED and not two.done()
    assert y.open(P, O_WRONLY) == 0
    assert two.result() == 0
    x.close(0)
    assert y.open(P, WRITE) == "ENXIO"


def the_leader_may_end(m: Machine) -> None:
    """A thread asleep in open goes on when the first thread of its process ends."""
    a, x = _start(m, 2)
    b = a.thread()
    reader = _asleep(b, O_RDONLY)
    a.exit(0)
    assert not reader.done()
    assert x.open(P, WRITE) == 0
    assert reader.result() == 0


def sleepers_change_roles(m: Machine) -> None:
    """A reader and a writer of two FIFOs meet crosswise."""
    a, b = _start(m, 2)
    a.mkfifo("/tmp/q")
    one = _asleep(a, O_RDONLY)
    assert b.open(P, O_WRONLY) == 0
    two = _asleep(b, O_RDONLY, "/tmp/q")
    assert a.open("/tmp/q", O_WRONLY) == 1
    assert (one.value, two.value) == (0, 1)
    a.write(1, b"to b")
    b.write(0, b"to a")
    assert (a.read(0, 9), b.read(1, 9)) == (b"to a", b"to b")


def deadly_embrace(m: Machine) -> None:
    """Two that open two FIFOs in opposite order for reading sleep both, until a third comes."""
    a, b, c = _start(m, 3)
    a.mkfifo("/tmp/q")
    one, two = _asleep(a, O_RDONLY), _asleep(b, O_RDONLY, "/tmp/q")
    assert c.open(P, WRITE) == 0
    assert one.result() == 0 and not two.done()
    assert a.open("/tmp/q", WRITE) == 1
    assert two.result() == 0


# ------------------------------------------------------------------------------------------------ names
def names_of_one_fifo(m: Machine) -> None:
    """Two hard links and a symbolic one lead to one FIFO; a copy of the name elsewhere does not."""
    a, b, c = _start(m, 3)
    a.link(P, "/tmp/q")
    a.symlink("p", "/tmp/s")
    one = _asleep(a, O_RDONLY)
    two = _asleep(b, O_RDONLY, "/tmp/s")
    assert c.open("/tmp/q", WRITE) == 0
    assert one.result() == two.result() == 0
    c.write(0, b"x")
    assert a.fstat(0) == b.fstat(0) == c.fstat(0)
    assert b.read(0, 5) == b"x"


def unlinked_while_asleep(m: Machine) -> None:
    """An unlinked FIFO: the sleeper sleeps on; a new one of the name is another; the other name still leads to it."""
    a, b, c = _start(m, 3)
    a.link(P, "/tmp/q")
    reader = _asleep(a, O_RDONLY)
    b.unlink(P)
    b.mkfifo(P)
    assert b.open(P, WRITE) == "ENXIO"
    other = _asleep(c, O_WRONLY)
    assert b.open("/tmp/q", O_WRONLY) == 0
    assert reader.result() == 0 and not other.done()
    d = m.spawn()
    assert d.open(P, O_RDONLY) == 0
    assert other.result() == 0
    assert d.stat(P)["ino"] != a.fstat(0)["ino"]


def unlinked_for_ever(m: Machine) -> None:
    """The only name is gone: the sleeper cannot be reached but by its own process' end."""
    a, b = _start(m, 2)
    t = a.thread()
    reader = _asleep(t, O_RDONLY)
    b.unlink(P)
    assert b.open(P, WRITE) == "ENOENT"
    assert not reader.done()
    a.exit_group(0)
    assert reader.value == DIED


def unlinked_while_open(m: Machine) -> None:
    """An unlinked FIFO works for those who have it open, and can be opened anew through /proc."""
    a, b = _start(m, 2)
    r = a.open(P, READ)
    w = a.open(P, WRITE)
    a.write(w, b"abc")
    a.unlink(P)
    assert a.read(r, 2) == b"ab"
    assert a.fstat(r)["nlink"] == 0
    assert a.readlink(f"/proc/self/fd/{r}") == P + " (deleted)"
    again = a.open(f"/proc/self/fd/{r}", WRITE)
    a.close(w)
    assert a.read(r, 9) == b"c"
    assert a.read(r, 9) == "EAGAIN"
    assert b.open(f"/proc/{{A}}/fd/{again}", O_RDONLY) == 0
    assert b.mkfifo(P) is None
    assert b.open(P, WRITE) == "ENXIO"


def renamed_while_asleep(m: Machine) -> None:
    """A FIFO that is renamed, over another FIFO too, keeps its sleepers; the other's go on alone."""
    a, b, c = _start(m, 3)
    a.mkfifo("/tmp/q")
    one, two = _asleep(a, O_RDONLY), _asleep(b, O_RDONLY, "/tmp/q")
    assert c.rename(P, "/tmp/q") is None
    assert c.open(P, WRITE) == "ENOENT"
    assert c.open("/tmp/q", WRITE) == 0
    assert one.result() == 0 and not two.done()


def chmod_while_asleep(m: Machine) -> None:
    """Permission was asked when the open began: a mode taken away does not matter to the sleeper."""
    a, b, c = m.spawn(), m.spawn(uid=1000), m.spawn(uid=1001)
    a.mkfifo(P)
    reader = _asleep(b, O_RDONLY)
    a.chmod(P, 0)
    assert c.open(P, WRITE) == "EACCES"
    assert not reader.done()
    assert a.open(P, WRITE) == 0
    assert reader.result() == 0


def relative_name(m: Machine) -> None:
    """The walk is over when the open sleeps: chdir of another thread, removal of the directory do not matter."""
    a, x = m.spawn(), m.spawn()
    a.mkdir("/tmp/d")
    a.chdir("/tmp/d")
    a.mkfifo("p")
    a.link("p", "/tmp/q")
    b = a.thread()
    reader = _asleep(b, O_RDONLY, "p")
    a.chdir("/")
    a.unlink("/tmp/d/p")
    assert a.rmdir("/tmp/d") is None
    assert x.open("/tmp/q", WRITE) == 0
    assert reader.result() == 0


def created_by_open(m: Machine) -> None:
    """open with O_CREAT of a missing name makes a file, of a FIFO waits as usual."""
    a, b = _start(m, 2)
    reader = a.submit("open", P, O_RDONLY | O_CREAT, 0o600)
    assert not reader.done()
    assert b.open(P, O_WRONLY | O_CREAT | O_TRUNC, 0o600) == 0
    assert reader.result() == 0
    assert a.stat(P)["mode"] == S_IFIFO | 0o644


# ------------------------------------------------------------------------------------------------ hanging up
def hup_rules(m: Machine) -> None:
    """Limits 3: no HUP before the first writer since this open; HUP when it has gone; none while a new one is there."""
    (a,) = _start(m, 1)
    r = a.open(P, READ)
    assert _ready(a, r) == 0 and a.select([r], [], [r], 0) == ([], [], [])
    w = a.open(P, WRITE)
    assert _ready(a, r) == 0
    a.close(w)
    assert _ready(a, r) == POLLHUP and a.select([r], [], [r], 0) == ([r], [], [])
    second = a.open(P, READ)
    assert (_ready(a, r), _ready(a, second)) == (POLLHUP, 0)
    w = a.open(P, WRITE)
    assert (_ready(a, r), _ready(a, second)) == (0, 0)
    a.write(w, b"x")
    assert (_ready(a, r), _ready(a, second)) == (IN, IN)
    a.close(w)
    assert (_ready(a, r), _ready(a, second)) == (IN | POLLHUP, IN | POLLHUP)
    third = a.open(P, READ)
    assert _ready(a, third) == IN
    assert a.read(third, 5) == b"x"
    assert [_ready(a, fd) for fd in (r, second, third)] == [POLLHUP, POLLHUP, 0]


def hup_by_a_writer_that_both(m: Machine) -> None:
    """An open for both ways counts as a writer; it sees no HUP itself."""
    (a,) = _start(m, 1)
    r = a.open(P, READ)
    rw = a.open(P, BOTH)
    assert (_ready(a, r), _ready(a, rw)) == (0, OUT)
    a.write(rw, b"x")
    assert (_ready(a, r), _ready(a, rw)) == (IN, IN | OUT)
    a.close(rw)
    assert _ready(a, r) == IN | POLLHUP
    assert a.read(r, 1) == b"x"
    assert a.read(r, 1) == b""


def hup_is_of_the_open(m: Machine) -> None:
    """Copies of a descriptor share what their open has seen; a reopened one starts anew."""
    (a,) = _start(m, 1)
    r = a.open(P, READ)
    copy, child = a.dup(r), a.fork()
    a.open(P, WRITE)
    a.close(2)
    assert _ready(a, copy) == _ready(child, r) == POLLHUP
    fresh = a.open(f"/proc/self/fd/{r}", READ)
    assert _ready(a, fresh) == 0


def hup_of_a_blocking_reader(m: Machine) -> None:
    """A reader that was let in by a writer sees HUP when that one has left; one with a writer present too."""
    a, b = _start(m, 2)
    reader = _asleep(a, O_RDONLY)
    b.open(P, O_WRONLY)
    assert reader.result() == 0 and _ready(a, 0) == 0
    r = b.open(P, READ)
    b.close(0)
    assert _ready(a, 0) == _ready(b, r) == POLLHUP


def writer_without_readers(m: Machine) -> None:
    """A writer whose readers have gone: ERR, EPIPE with SIGPIPE; a new reader mends it."""
    a, b = _start(m, 2)
    a.signal(SIGPIPE, SIG_IGN)
    r = a.open(P, READ)
    w = a.open(P, O_WRONLY)
    assert _ready(a, w) == OUT
    a.close(r)
    assert _ready(a, w) == OUT | POLLERR
    assert a.write(w, b"x") == "EPIPE"
    assert a.write(w, b"") == 0
    assert b.open(P, O_RDONLY) == 0
    assert _ready(a, w) == OUT and a.write(w, b"y") == 1
    assert b.read(0, 9) == b"y"
    c = b.fork()
    b.open(P, O_WRONLY)
    a.close(w)
    b.close(0)
    c.close(0)
    assert b.write(1, b"x") == DIED
    assert a.open(P, WRITE) == "ENXIO"


def poll_sleeps_on_a_fifo(m: Machine) -> None:
    """A sleeping poll of a reader wakes for data and for the last writer's leaving, not for a writer's coming."""
    a, b = _start(m, 2)
    r = a.open(P, READ)
    poll = a.submit("poll", [(r, POLLIN)], -1)
    b.open(P, O_WRONLY)
    assert not poll.done()
    b.write(0, b"x")
    assert poll.result() == [(r, POLLIN)]
    a.read(r, 1)
    poll = a.submit("poll", [(r, POLLIN)], -1)
    assert not poll.done()
    c = b.fork()
    b.close(0)
    assert not poll.done()
    c.close(0)
    assert poll.result() == [(r, POLLHUP)]


def poll_of_a_writer_sleeps(m: Machine) -> None:
    """A sleeping poll of a full FIFO's writer wakes for room and for the last reader's leaving."""
    a, b = _start(m, 2)
    a.open(P, READ)
    b.open(P, WRITE)
    assert b.write(0, data(70000)) == 65536
    assert b.write(0, b"x") == "EAGAIN"
    poll = b.submit("poll", [(0, POLLOUT)], -1)
    assert not poll.done()
    a.read(0, 4096)
    assert poll.result() == [(0, POLLOUT)]
    b.write(0, data(4096))
    poll = b.submit("poll", [(0, POLLOUT)], -1)
    assert not poll.done()
    a.close(0)
    assert poll.result() == [(0, POLLERR)]


def select_on_a_fifo(m: Machine) -> None:
    """select: a reader that has seen no writer sleeps, one whose writer left is readable."""
    a, b = _start(m, 2)
    r = a.open(P, READ)
    select = a.submit("select", [r], [], [])
    assert not select.done()
    assert b.open(P, WRITE) == 0
    assert not select.done()
    b.exit(0)
    assert select.result() == ([r], [], [])


# ------------------------------------------------------------------------------------------------ data
def data_is_lost_with_the_last_close(m: Machine) -> None:
    """Limits 3: unread data is gone when nobody has the FIFO open; the size too."""
    (a,) = _start(m, 1)
    fd = a.open(P, BOTH)
    a.write(fd, b"abc")
    assert a.fcntl(fd, F_SETPIPE_SZ, 8192) == 8192
    a.close(fd)
    fd = a.open(P, BOTH)
    assert a.read(fd, 9) == "EAGAIN"
    assert a.fcntl(fd, F_GETPIPE_SZ) == 65536


def data_stays_with_any_open(m: Machine) -> None:
    """Data stays while anyone has it open: a reader alone, a writer alone, a copy, a child."""
    a, b = _start(m, 2)
    a.signal(SIGPIPE, SIG_IGN)
    r, w = a.open(P, READ), a.open(P, WRITE)
    a.write(w, b"abc")
    a.close(w)
    w = a.open(P, WRITE)
    assert a.read(r, 1) == b"a"
    a.close(r)
    assert a.write(w, b"x") == "EPIPE"
    r = a.open(P, READ)
    assert a.read(r, 1) == b"b"
    child = a.fork()
    a.close(r)
    a.close(w)
    child.close(w)
    assert b.open(P, READ) == 0
    child.exit(0)
    assert b.read(0, 5) == b"c"
    assert b.read(0, 5) == b""


def data_of_a_sleeper(m: Machine) -> None:
    """A writer asleep in open keeps nothing of before: the FIFO is empty when its reader comes."""
    a, b = _start(m, 2)
    fd = b.open(P, BOTH)
    b.write(fd, b"old")
    b.close(fd)
    writer = _asleep(a, O_WRONLY)
    assert b.open(P, READ) == 0
    assert writer.result() == 0
    assert b.read(0, 9) == "EAGAIN"


def reads_sleep_and_end(m: Machine) -> None:
    """A blocking reader sleeps while there is a writer, and reads empty when the last has gone."""
    a, b = _start(m, 2)
    b.open(P, O_RDWR)
    a.open(P, O_RDONLY)
    read = a.submit("read", 0, 5)
    assert not read.done()
    b.write(0, b"xy")
    assert read.result() == b"xy"
    read = a.submit("read", 0, 5)
    b.close(0)
    assert read.result() == b""
    assert a.read(0, 5) == b""
    assert b.open(P, O_WRONLY) == 0
    read = a.submit("read", 0, 5)
    assert not read.done()
    b.exit(0)
    assert read.result() == b""


def readers_are_served_in_order(m: Machine) -> None:
    """Sleeping readers of one FIFO are served oldest first, whichever way they opened it."""
    a, *readers = _start(m, 4)
    a.open(P, O_RDWR)
    for t, flags in zip(readers, (O_RDONLY, O_RDWR, O_RDONLY), strict=True):
        assert t.open(P, flags) == 0
    order = [readers[i] for i in (2, 0, 1)]
    calls = [t.submit("read", 0, 1) for t in order]
    a.write(0, b"a")
    assert [call.value for call in calls] == [b"a", ASLEEP, ASLEEP]
    a.write(0, b"bc")
    assert [call.value for call in calls] == [b"a", b"b", b"c"]


def writers_are_served_in_order(m: Machine) -> None:
    """Sleeping writers of a full FIFO go on oldest first; one that could write a part goes to the end of the line."""
    a, b, c = _start(m, 3)
    a.open(P, READ)
    for t in (b, c):
        t.open(P, O_WRONLY)
    b.write(0, data(65536))
    one, two = c.submit("write", 0, data(5000, 1)), b.submit("write", 0, data(100, 2))
    assert not one.done() and not two.done()
    assert a.read(0, 4096) == data(4096)
    assert not one.done() and not two.done()
    a.read(0, 4096)
    assert two.result() == 100 and not one.done()
    a.read(0, 4096)
    assert one.result() == 5000


def packets_and_sizes(m: Machine) -> None:
    """F_SETPIPE_SZ, FIONREAD and O_DIRECT by F_SETFL work as on a pipe, for all who have it open."""
    a, b = _start(m, 2, uid=1000)
    r, w = a.open(P, READ), b.open(P, WRITE)
    assert a.fcntl(r, F_GETPIPE_SZ) == 65536
    assert b.fcntl(w, F_SETPIPE_SZ, 5000) == 8192
    assert a.fcntl(r, F_GETPIPE_SZ) == 8192
    assert a.fcntl(r, F_SETPIPE_SZ, 1 << 21) == "EPERM"
    assert b.write(w, data(9000)) == 8192
    assert a.ioctl(r, FIONREAD) == b.ioctl(w, FIONREAD) == 8192
    assert a.fcntl(r, F_SETPIPE_SZ, 4096) == "EBUSY"
    assert a.read(r, 9000) == data(9000)[:8192]
    assert b.fcntl(w, F_SETFL, O_NONBLOCK | O_DIRECT) == 0
    b.write(w, b"ab")
    b.write(w, b"cd")
    assert b.write(w, b"ef") == "EAGAIN"
    assert a.read(r, 9) == b"ab" and a.read(r, 1) == b"c" and a.read(r, 9) == "EAGAIN"


def copies_and_counts(m: Machine) -> None:
    """A FIFO hangs up when the last copy of the last writer is closed: dup, dup2 over it, fork, exit, execve."""
    a, b = _start(m, 2)
    b.open(P, READ)
    w = a.open(P, O_WRONLY | O_CLOEXEC)
    copy = a.dup(w)
    a.open("/dev/null", O_RDONLY)
    child = a.fork()
    a.close(w)
    a.dup2(2, copy)
    assert b.read(0, 1) == "EAGAIN"
    child.close(copy)
    assert b.read(0, 1) == "EAGAIN"
    child.execve()
    assert b.read(0, 1) == b"" and _ready(b, 0) == POLLHUP


def reopening_a_named_fifo_waits(m: Machine) -> None:
    """F12: only a pipe without a name never blocks when it is opened through a descriptor's link; a FIFO does."""
    a, b = _start(m, 2)
    r = a.open(P, READ)
    reader = a.thread().submit("open", f"/proc/self/fd/{r}", O_RDONLY)
    assert not reader.done()
    assert b.open(P, WRITE) == 0
    assert reader.result() == 1
    assert a.readlink(f"/proc/self/fd/{r}") == P
    b.close(0)
    a.close(0)
    a.close(1)
    p = a.open(P, O_PATH)
    assert a.open(f"/proc/self/fd/{p}", WRITE) == "ENXIO"


def reads_of_nothing(m: Machine) -> None:
    """Reads and writes of 0 bytes do nothing, whoever is there."""
    (a,) = _start(m, 1)
    r = a.open(P, READ)
    w = a.open(P, O_WRONLY)
    assert a.read(r, 0) == b"" and a.write(w, b"") == 0
    assert a.readv(r, []) == b"" and a.writev(w, [b"", b""]) == 0
    assert a.write(r, b"") == a.read(w, 0) == a.readv(w, [1]) == "EBADF"
    assert _ready(a, r) == 0


def times(m: Machine) -> None:
    """A write to a FIFO moves its mtime and ctime, a read its atime (relatime); opening, failing, waiting nothing."""
    for place in ("/", "/tmp/"):
        a, path = m.spawn(), place + "p"
        a.mkfifo(path)
        fd = a.open(path, BOTH)
        opening = lambda a=a, path=path: a.close(a.open(path, O_RDWR | O_TRUNC))  # noqa: E731
        assert _moved(a, opening, path) == "none"
        assert _moved(a, lambda a=a, fd=fd: a.write(fd, b"abc"), path) == "mc"
        assert _moved(a, lambda a=a, fd=fd: a.write(fd, b""), path) == "none"
        assert _moved(a, lambda a=a, fd=fd: a.read(fd, 1), path) == "a"
        assert _moved(a, lambda a=a, fd=fd: a.read(fd, 1), path) == "none"
        assert _moved(a, lambda a=a, fd=fd: a.write(fd, b"x"), path) == "mc"
        assert _moved(a, lambda a=a, fd=fd: a.read(fd, 9), path) == "a"
        assert _moved(a, lambda a=a, path=path: a.chmod(path, 0o600), path) == "c"
        assert _moved(a, lambda a=a, fd=fd: a.read(fd, 9), path) == "none"


def times_of_a_pipe(m: Machine) -> None:
    """A pipe without a name has the times of its making for ever."""
    a = m.spawn()
    r, w = a.pipe()
    a.ftimes(r)
    a.sleep(TICK)
    a.write(w, b"x")
    a.read(r, 1)
    assert a.ftimes(r) == a.ftimes(w) == "none"


def setuid_stays(m: Machine) -> None:
    """Writing to a FIFO takes no setuid away."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mkfifo(P)
    a.chmod(P, 0o6777)
    b.open(P, O_RDWR)
    b.write(0, b"x")
    assert a.stat(P)["mode"] == S_IFIFO | 0o6777


def a_fifo_outlives_its_maker(m: Machine) -> None:
    """The node stays when the task that made it has ended, for tasks that are born later."""
    a = m.spawn(uid=1000)
    a.mkfifo(P)
    a.exit_group(0)
    b = m.spawn(uid=1000)
    assert b.stat(P)["uid"] == 1000
    assert b.open(P, BOTH) == 0
    c = m.spawn(uid=1000)
    assert c.unlink(P) is None
    assert b.write(0, b"x") == 1


def data_over_many_pages(m: Machine) -> None:
    """A long blocking write goes through in pieces as the reader takes them."""
    a, b = _start(m, 2)
    a.open(P, READ)
    b.open(P, O_WRONLY)
    write = b.submit("write", 0, data(200000))
    got = b""
    while len(got) < 200000:
        assert write.done() == (len(got) >= 200000 - 65536)
        got += a.read(0, 30000)
    assert got == data(200000) and write.result() == 200000


def writer_is_left_in_the_middle(m: Machine) -> None:
    """The reader leaves during a long write: the count so far, or EPIPE if nothing was written; a new one may come."""
    a, b = _start(m, 2)
    b.signal(SIGPIPE, SIG_IGN)
    a.open(P, READ)
    b.open(P, O_WRONLY)
    write = b.submit("write", 0, data(100000))
    assert not write.done()
    a.close(0)
    assert write.result() == 65536
    assert b.write(0, b"x") == "EPIPE"
    a.open(P, READ)
    assert a.read(0, 70000) == data(100000)[:65536]
    b.write(0, data(65536))
    write = b.submit("write", 0, b"x")
    a.close(0)
    assert write.result() == "EPIPE"


def reader_comes_during_a_write(m: Machine) -> None:
    """Of two readers either takes what is there; a write goes on while one of them stays."""
    a, b, c = _start(m, 3)
    a.open(P, READ)
    c.open(P, O_RDONLY | O_NONBLOCK)
    b.open(P, O_WRONLY)
    write = b.submit("write", 0, data(70000))
    a.read(0, 4096)
    a.close(0)
    assert not write.done()
    assert c.read(0, 4096) == data(70000)[4096:8192]
    assert write.result() == 70000


def many_openers(m: Machine) -> None:
    """Many opens of one FIFO by one task: counts add up and come down one by one."""
    a, b = _start(m, 2)
    a.open(P, READ)
    assert a.repeat(20, "open", P, O_WRONLY) == list(range(1, 21))
    b.open(P, READ)
    for fd in range(1, 20):
        a.close(fd)
    assert b.read(0, 1) == "EAGAIN"
    a.close(20)
    assert b.read(0, 1) == b""


def handlers_interrupt_an_open(m: Machine) -> None:
    """A handler makes an open that sleeps EINTR, or it is made again; until then nobody has been there."""
    a, b = _start(m, 2)
    a.sigaction(SIGUSR1, "handler")
    a.sigaction(SIGUSR2, "handler", [], SA_RESTART)
    for flags, other in ((O_RDONLY, O_WRONLY), (O_WRONLY, O_RDONLY)):
        call = _asleep(a, flags)
        b.kill(a, SIGUSR1)
        assert call.value == "EINTR"
        assert b.open(P, WRITE) == "ENXIO"
        call = _asleep(a, flags)
        b.kill(a, SIGUSR2)
        assert not call.done()
        assert b.open(P, other) == 0
        assert call.value == 0
        a.close(0)
        b.close(0)
