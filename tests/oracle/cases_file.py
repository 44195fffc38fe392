"""Files and devices: open, reading and writing, sizes, times, what is in /proc."""

from collections.abc import Callable
from typing import Any

from .abi import (
    F_GETFD,
    F_GETFL,
    F_GETPIPE_SZ,
    F_SETFL,
    F_SETPIPE_SZ,
    FALLOC_FL_KEEP_SIZE,
    FALLOC_FL_PUNCH_HOLE,
    FD_CLOEXEC,
    FIONBIO,
    FIONREAD,
    O_APPEND,
    O_ASYNC,
    O_CLOEXEC,
    O_CREAT,
    O_DIRECT,
    O_DIRECTORY,
    O_DSYNC,
    O_EXCL,
    O_LARGEFILE,
    O_NOATIME,
    O_NOCTTY,
    O_NOFOLLOW,
    O_NONBLOCK,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_SYNC,
    O_TRUNC,
    O_WRONLY,
    POLLIN,
    POLLNVAL,
    POLLOUT,
    POLLRDNORM,
    POLLWRNORM,
    RLIMIT_NOFILE,
    S_IFBLK,
    S_IFCHR,
    S_IFDIR,
    S_IFLNK,
    S_IFREG,
    S_IFSOCK,
    SEEK_CUR,
    SEEK_DATA,
    SEEK_END,
    SEEK_HOLE,
    SEEK_SET,
)  # fmt: skip
from .machine import DIED, Machine, Task, data

CREATE = O_CREAT | O_RDWR
PLACES = ("/", "/tmp/")  # a file system on a disk, one in memory
TICK = 0.012  # seconds in which the clock of inodes surely moves


def _make(t: Task, path: str, content: bytes = b"", mode: int = 0o666) -> None:
    fd = t.open(path, O_CREAT | O_WRONLY, mode)
    if content:
        t.write(fd, content)
    t.close(fd)


def _moved(t: Task, act: Callable[[], Any], *paths: str) -> list[str]:
    for path in paths:
        t.times(path)
    t.sleep(TICK)
    act()
    t.sleep(TICK)
    return [t.times(path) for path in paths]


# ------------------------------------------------------------------------------------------------ the tree at the start
def tree_at_the_start(m: Machine) -> None:
    """The directories and devices that are there, with their modes and owners."""
    t = m.spawn()
    for path, mode in (("/", 0o755), ("/tmp", 0o1777), ("/dev", 0o755), ("/dev/shm", 0o1777)):
        st = t.stat(path)
        assert st["mode"] == S_IFDIR | mode and st["uid"] == st["gid"] == 0
    assert t.stat("/proc/self")["mode"] == S_IFDIR | 0o555
    for name, minor in (("null", 3), ("zero", 5), ("full", 7)):
        st = t.stat(f"/dev/{name}")
        assert (st["mode"], st["rdev"], st["nlink"], st["size"]) == (S_IFCHR | 0o666, 0x100 | minor, 1, 0)
    assert [t.stat(path)["nlink"] for path in ("/", "/tmp", "/dev", "/dev/shm")] == [5, 2, 3, 2]


def file_systems(m: Machine) -> None:
    """The root, /tmp, /dev, /dev/shm and /proc are five file systems."""
    t = m.spawn()
    assert [t.stat(path)["dev"] for path in ("/", "/tmp", "/dev", "/dev/shm", "/proc/self")] == [1, 2, 3, 4, 5]
    t.mkdir("/tmp/d")
    assert t.stat("/tmp/d/..") == t.stat("/tmp")
    assert t.stat("/tmp/..") == t.stat("/..") == t.stat("/../tmp/../../dev/shm/../..") == t.stat("/")


def start_of_a_task(m: Machine) -> None:
    """A task starts in "/" with umask 022."""
    t = m.spawn(uid=1000)
    assert t.getcwd() == "/"
    assert t.umask(0o77) == 0o22 and t.umask(0) == 0o77


# ------------------------------------------------------------------------------------------------ open
def open_creates(m: Machine) -> None:
    """O_CREAT makes a regular file with the mode less the umask, owned by the caller."""
    a, b = m.spawn(), m.spawn(uid=1000, gid=1001)
    for path, t, uid, gid in (("/tmp/a", a, 0, 0), ("/tmp/b", b, 1000, 1001)):
        assert t.open(path, O_RDONLY) == "ENOENT"
        assert t.open(path, CREATE, 0o666) == 0
        st = t.fstat(0)
        assert st == t.stat(path)
        assert (st["mode"], st["nlink"], st["uid"], st["gid"], st["size"]) == (S_IFREG | 0o644, 1, uid, gid, 0)
        assert t.open(path, CREATE, 0) == 1
        assert t.stat(path) == st
        assert t.open(path, CREATE | O_EXCL, 0) == "EEXIST"


def open_flags_read_back(m: Machine) -> None:
    """F_GETFL: O_LARGEFILE is always there; flags of creation, O_CLOEXEC and unknown ones are not."""
    t = m.spawn()
    for place in PLACES:
        path = place + "f"
        _make(t, path)
        kept = (O_WRONLY, O_RDWR, 3, O_APPEND, O_NONBLOCK, O_DSYNC, O_SYNC, O_ASYNC, O_NOATIME, O_NOFOLLOW, O_DIRECT)
        for flags in kept:
            fd = t.open(path, flags)
            assert t.fcntl(fd, F_GETFL) == flags | O_LARGEFILE
            t.close(fd)
        for flags in (O_CREAT, O_TRUNC, O_EXCL, O_NOCTTY, O_CLOEXEC, 0o10, 1 << 31):
            fd = t.open(path, flags)
            assert t.fcntl(fd, F_GETFL) == O_LARGEFILE
            assert t.fcntl(fd, F_GETFD) == (FD_CLOEXEC if flags == O_CLOEXEC else 0)
            t.close(fd)
        fd = t.open(place, O_DIRECTORY)
        assert t.fcntl(fd, F_GETFL) == O_DIRECTORY | O_LARGEFILE
        t.close(fd)


def open_lowest_number(m: Machine) -> None:
    """open gives the lowest free number; a call that fails takes none; EMFILE at the limit."""
    t = m.spawn()
    assert [t.open("/dev/null", O_RDONLY) for _ in range(3)] == [0, 1, 2]
    t.close(1)
    assert t.open("/nope", O_RDONLY) == "ENOENT"
    assert t.open("/dev/null", O_RDWR) == 1
    t.setrlimit(RLIMIT_NOFILE, (3, 4096))
    assert t.open("/dev/null", O_RDONLY) == "EMFILE"


def emfile_comes_first(m: Machine) -> None:
    """open: EINVAL (flags) > ENAMETOOLONG, ENOENT (empty) > EMFILE > all that the path may be; nothing is made."""
    t = m.spawn()
    t.setrlimit(RLIMIT_NOFILE, (0, 4096))
    assert t.open("/nope", O_RDONLY) == "EMFILE"
    assert t.open("/x", CREATE) == "EMFILE"
    assert t.open("/tmp", O_WRONLY) == "EMFILE"
    assert t.open("", O_RDONLY) == "ENOENT"
    assert t.open("/" * 4096, O_RDONLY) == "ENAMETOOLONG"
    assert t.open("/x", O_CREAT | O_DIRECTORY) == "EINVAL"
    assert t.stat("/x") == "ENOENT"


def open_a_directory(m: Machine) -> None:
    """A directory opens for reading only: EISDIR for writing, truncating, creating; EEXIST with O_EXCL."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mkdir("/d", 0o700)
    for flags in (O_WRONLY, O_RDWR, 3, O_TRUNC, O_CREAT):
        assert a.open("/d", flags) == "EISDIR"
    assert a.open("/d", O_CREAT | O_EXCL) == "EEXIST"
    assert a.open("/d", O_RDONLY) == 0
    for flags in (O_WRONLY, O_RDWR, 3, O_CREAT, O_TRUNC):
        assert b.open("/d", flags) == "EISDIR"
    assert b.open("/d", O_RDONLY) == "EACCES"
    assert b.open("/d", O_CREAT | O_EXCL) == "EEXIST"


def open_directory_flag(m: Machine) -> None:
    """O_DIRECTORY: ENOTDIR for anything else, before ENXIO; with O_CREAT: EINVAL before the path is looked at."""
    t = m.spawn()
    _make(t, "/f")
    t.mkfifo("/p")
    t.mknod("/s", S_IFSOCK | 0o666)
    for path in ("/f", "/p", "/s", "/dev/null"):
        assert t.open(path, O_DIRECTORY) == "ENOTDIR"
    for path in ("/f", "/tmp", "/nope", "/nope/x"):
        assert t.open(path, O_DIRECTORY | O_CREAT) == "EINVAL"
    assert t.open("/nope", O_DIRECTORY) == "ENOENT"
    assert t.stat("/nope") == "ENOENT"
    assert t.open("/tmp", O_DIRECTORY) == 0


def access_mode_three(m: Machine) -> None:
    """Access mode 3 of a file or device opens, if it may be read and written; reads and writes give EBADF."""
    a, b = m.spawn(), m.spawn(uid=1000)
    _make(a, "/f", b"abc")
    for path in ("/f", "/dev/null", "/dev/zero"):
        fd = a.open(path, 3)
        assert a.fcntl(fd, F_GETFL) == 3 | O_LARGEFILE
        assert a.read(fd, 1) == a.write(fd, b"x") == a.pread(fd, 1, 0) == a.pwrite(fd, b"x", 0) == "EBADF"
    assert a.lseek(0, 0, SEEK_END) == 3
    assert a.ftruncate(0, 0) == "EINVAL"
    assert a.ioctl(0, FIONREAD) == 0
    assert b.open("/f", 3) == "EACCES"


def o_append(m: Machine) -> None:
    """O_APPEND: every write goes to the end; pwrite too, and F_SETFL takes it away."""
    t = m.spawn()
    for place in PLACES:
        fd = t.open(place + "f", CREATE | O_APPEND)
        assert t.write(fd, b"abc") == 3
        assert t.lseek(fd, 0, SEEK_SET) == 0
        assert t.write(fd, b"de") == 2
        assert t.lseek(fd, 0, SEEK_CUR) == 5
        assert t.pwrite(fd, b"f", 0) == 1
        assert t.lseek(fd, 0, SEEK_CUR) == 5
        assert t.pread(fd, 10, 0) == b"abcdef"
        t.fcntl(fd, F_SETFL, 0)
        assert t.pwrite(fd, b"X", 0) == 1
        assert t.pread(fd, 10, 0) == b"Xbcdef"
        t.close(fd)


def o_trunc(m: Machine) -> None:
    """O_TRUNC empties a regular file, with any access mode; EACCES without write permission, even for reading."""
    a, b = m.spawn(), m.spawn(uid=1000)
    for flags in (O_WRONLY, O_RDWR, O_RDONLY, O_RDWR | O_CREAT, 3):
        _make(a, "/f", b"abc")
        fd = a.open("/f", flags | O_TRUNC)
        assert a.fstat(fd)["size"] == 0
        a.close(fd)
    _make(a, "/f", b"abc")
    assert b.open("/f", O_RDONLY | O_TRUNC) == "EACCES"
    assert a.open("/f", O_CREAT | O_EXCL | O_TRUNC) == "EEXIST"
    assert a.open("/f", O_PATH | O_TRUNC) == 0
    assert a.stat("/f")["size"] == 3
    assert a.open("/dev/null", O_WRONLY | O_TRUNC) == 1


def o_trunc_under_a_reader(m: Machine) -> None:
    """A file that another opens with O_TRUNC is empty for all; writes at an old offset leave a hole."""
    t = m.spawn()
    fd = t.open("/tmp/f", CREATE)
    t.write(fd, b"abcdef")
    t.open("/tmp/f", O_WRONLY | O_TRUNC)
    assert t.read(fd, 10) == b"" and t.pread(fd, 10, 0) == b""
    assert t.write(fd, b"g") == 1
    assert t.pread(fd, 10, 0) == b"\0" * 6 + b"g"


def o_excl_and_links(m: Machine) -> None:
    """O_CREAT|O_EXCL fails on every link, a dangling or looping one too; O_CREAT makes what a dangling one names."""
    t = m.spawn()
    t.symlink("target", "/tmp/s")
    t.symlink("loop", "/tmp/loop")
    assert t.open("/tmp/s", CREATE | O_EXCL) == "EEXIST"
    assert t.open("/tmp/loop", CREATE | O_EXCL) == "EEXIST"
    assert t.open("/tmp/loop", CREATE) == "ELOOP"
    assert t.open("/tmp/s", O_RDONLY) == "ENOENT"
    assert t.open("/tmp/s", CREATE) == 0
    assert t.stat("/tmp/s") == t.stat("/tmp/target")
    assert t.open("/tmp/s", O_RDONLY | O_EXCL) == 1
    t.symlink("nodir/x", "/tmp/n")
    assert t.open("/tmp/n", CREATE) == "ENOENT"


def o_nofollow(m: Machine) -> None:
    """O_NOFOLLOW: ELOOP for a link at the end of the path, ENOTDIR with O_DIRECTORY; links before it are followed."""
    t = m.spawn()
    t.mkdir("/d")
    _make(t, "/d/f")
    t.symlink("d", "/sd")
    t.symlink("d/f", "/sf")
    t.symlink("nope", "/dangling")
    for path in ("/sd", "/sf", "/dangling"):
        assert t.open(path, O_NOFOLLOW) == "ELOOP"
        assert t.open(path, O_NOFOLLOW | O_CREAT) == "ELOOP"
        assert t.open(path, O_NOFOLLOW | O_CREAT | O_EXCL) == "EEXIST"
        assert t.open(path, O_NOFOLLOW | O_DIRECTORY) == "ENOTDIR"
    assert t.open("/sd/f", O_NOFOLLOW) == 0
    assert t.open("/sd/", O_NOFOLLOW) == 1
    assert t.open("/sd/.", O_NOFOLLOW) == 2
    t.symlink("sd", "/ssd")
    assert t.open("/ssd/", O_NOFOLLOW) == 3
    t.symlink("loop", "/loop")
    assert t.open("/loop/", O_NOFOLLOW) == t.open("/loop/", O_NOFOLLOW | O_WRONLY) == "ELOOP"


def o_path(m: Machine) -> None:
    """O_PATH: no permission of the file is asked, no device woken; only fstat, fchdir, dup and flags work on it."""
    a, b = m.spawn(), m.spawn(uid=1000)
    _make(a, "/f", b"abc", 0o600)
    a.mkfifo("/p", 0o600)
    a.mkdir("/d", 0o700)
    a.mknod("/s", S_IFSOCK | 0o600)
    a.mknod("/c", S_IFCHR | 0o600, 60 << 8)
    a.symlink("f", "/l")
    assert b.open("/f", O_RDONLY) == "EACCES"
    for path in ("/f", "/p", "/s", "/c", "/d", "/l"):
        fd = b.open(path, O_PATH | O_NOFOLLOW | O_WRONLY | O_TRUNC | O_APPEND)
        assert b.fcntl(fd, F_GETFL) == O_PATH | O_NOFOLLOW
        assert b.fstat(fd) == b.lstat(path)
        assert b.read(fd, 1) == b.write(fd, b"x") == b.lseek(fd, 0, SEEK_SET) == b.pread(fd, 1, 0) == "EBADF"
        assert b.fcntl(fd, F_SETFL, 0) == b.fsync(fd) == b.ioctl(fd, FIONBIO, 0) == b.ftruncate(fd, 0) == "EBADF"
        assert b.fcntl(fd, F_GETPIPE_SZ) == b.fchmod(fd, 0) == b.fchown(fd, -1, -1) == "EBADF"
        assert b.fallocate(fd, 0, 0, 1) == "EBADF"
        assert b.poll([(fd, POLLIN)], 0) == [(fd, POLLNVAL)]
        assert b.pread(fd, 1, -1) == "EINVAL" and b.ftruncate(fd, -1) == "EINVAL"
    assert b.dup(0) == 6
    assert b.open("/l", O_PATH) == 7
    assert b.fstat(7) == b.fstat(0)
    assert b.open("/f", O_PATH | O_DIRECTORY) == "ENOTDIR"
    assert b.fcntl(b.open("/d", O_PATH | O_DIRECTORY | O_CLOEXEC), F_GETFL) == O_PATH | O_DIRECTORY
    assert b.open("/nope", O_PATH | O_CREAT) == b.open("/nope", O_PATH | O_CREAT | O_DIRECTORY) == "ENOENT"
    assert b.open("/f", O_PATH | O_CREAT | O_DIRECTORY) == "ENOTDIR"
    assert isinstance(b.open("/f", O_PATH | O_CREAT | O_EXCL), int)


def o_noatime(m: Machine) -> None:
    """O_NOATIME is for the owner: EACCES > EPERM; F_SETFL obeys the same rule."""
    a, b = m.spawn(), m.spawn(uid=1000)
    _make(a, "/f", b"abc", 0o644)
    _make(a, "/g", b"abc", 0o600)
    assert b.open("/f", O_NOATIME) == "EPERM"
    assert b.open("/g", O_NOATIME) == "EACCES"
    fd = b.open("/f", O_RDONLY)
    assert b.fcntl(fd, F_SETFL, O_NOATIME) == "EPERM"
    fd = a.open("/f", O_NOATIME)
    assert _moved(a, lambda: a.read(fd, 1), "/f") == ["none"]
    assert a.fcntl(fd, F_SETFL, 0) == 0
    assert _moved(a, lambda: a.read(fd, 1), "/f") == ["a"]


def o_direct(m: Machine) -> None:
    """O_DIRECT: EINVAL for what has none: a directory, a device, a FIFO; F_SETFL too, except on a FIFO."""
    t = m.spawn()
    t.mkfifo("/p")
    for path in ("/tmp", "/dev/null", "/dev/zero"):
        assert t.open(path, O_DIRECT) == "EINVAL"
        fd = t.open(path, O_RDONLY)
        assert t.fcntl(fd, F_SETFL, O_DIRECT) == "EINVAL"
    assert t.open("/p", O_RDWR | O_DIRECT) == "EINVAL"
    fd = t.open("/p", O_RDWR)
    assert t.fcntl(fd, F_SETFL, O_DIRECT) == 0
    assert t.fcntl(fd, F_GETFL) == O_RDWR | O_DIRECT | O_LARGEFILE


def open_checks_once(m: Machine) -> None:
    """Permission is asked at open: later changes of the mode do not matter to the descriptor."""
    a, b = m.spawn(), m.spawn(uid=1000)
    _make(a, "/f", b"abc")
    a.chmod("/f", 0o666)
    assert b.open("/f", O_RDWR) == 0
    a.chmod("/f", 0)
    assert b.read(0, 2) == b"ab"
    assert b.write(0, b"x") == 1
    assert b.open("/f", O_RDONLY) == "EACCES"


def a_file_of_mode_zero(m: Machine) -> None:
    """The one who creates a file may write it whatever its mode, but not open it again."""
    t = m.spawn(uid=1000)
    assert t.open("/tmp/f", CREATE, 0) == 0
    assert t.write(0, b"abc") == 3
    assert t.open("/tmp/f", O_RDONLY) == "EACCES"
    assert t.open("/tmp/f", CREATE, 0o666) == "EACCES"
    assert t.open("/tmp/f", CREATE | O_EXCL) == "EEXIST"
    assert t.open("/tmp/g", O_CREAT | O_RDONLY | O_TRUNC, 0o200) == 1
    assert t.write(1, b"x") == "EBADF"


# ------------------------------------------------------------------------------------------------ reading and writing
def regular_files(m: Machine) -> None:
    """read, write, pread, pwrite, offsets of a file; a copied descriptor shares the offset, another open does not."""
    t = m.spawn()
    for place in PLACES:
        fd = t.open(place + "f", CREATE)
        assert t.write(fd, data(10000)) == 10000
        assert t.read(fd, 10) == b""
        assert t.lseek(fd, 0, SEEK_SET) == 0
        assert t.read(fd, 5000) == data(10000)[:5000]
        copy = t.dup(fd)
        assert t.read(copy, 4) == data(10000)[5000:5004]
        assert t.lseek(fd, 0, SEEK_CUR) == 5004
        other = t.open(place + "f", O_RDONLY)
        assert t.read(other, 3) == data(10000)[:3]
        assert t.pread(fd, 6000, 9000) == data(10000)[9000:]
        assert t.pwrite(fd, b"xyz", 9999) == 3
        assert t.lseek(fd, 0, SEEK_CUR) == 5004
        assert t.fstat(fd)["size"] == 10002
        assert t.lseek(fd, -2, SEEK_END) == 10000
        assert t.read(fd, 100) == b"yz"
        assert t.readv(other, [2, 0, 3]) == data(10000)[3:8]
        assert t.writev(fd, [b"ab", b"", b"cd"]) == 4
        assert t.pread(other, 100, 10000) == b"yzabcd"
        assert t.write(other, b"x") == "EBADF"
        for number in (fd, copy, other):
            t.close(number)


def files_and_fork(m: Machine) -> None:
    """A forked child shares the offset; its writes are seen at once."""
    a = m.spawn()
    a.open("/tmp/f", CREATE)
    b = a.fork()
    b.write(0, b"abc")
    a.write(0, b"def")
    assert b.lseek(0, 0, SEEK_CUR) == 6
    assert b.pread(0, 9, 0) == b"abcdef"
    b.exit(0)
    assert a.lseek(0, 2, SEEK_SET) == 2 and a.read(0, 2) == b"cd"


def sparse_files(m: Machine) -> None:
    """A write beyond the end leaves zeros; a seek beyond the end changes nothing."""
    t = m.spawn()
    for place in PLACES:
        fd = t.open(place + "f", CREATE)
        assert t.lseek(fd, 1 << 33, SEEK_SET) == 1 << 33
        assert t.fstat(fd)["size"] == 0
        assert t.read(fd, 1) == b""
        assert t.write(fd, b"x") == 1
        assert t.fstat(fd)["size"] == (1 << 33) + 1
        assert t.pread(fd, 5, 4094) == b"\0" * 5
        assert t.pread(fd, 5, (1 << 33) - 3) == b"\0\0\0x"
        t.close(fd)


def seek_rules(m: Machine) -> None:
    """lseek: EBADF > EINVAL (whence) > ESPIPE (pipe) > EINVAL (before the start); the offset stays."""
    t = m.spawn()
    fd = t.open("/tmp/f", CREATE)
    t.write(fd, b"0123456789")
    assert t.lseek(fd, -3, SEEK_CUR) == 7
    assert t.lseek(fd, -11, SEEK_END) == t.lseek(fd, -8, SEEK_CUR) == t.lseek(fd, -1, SEEK_SET) == "EINVAL"
    assert t.lseek(fd, 0, 5) == t.lseek(fd, 0, -1) == t.lseek(fd, 0, 9) == "EINVAL"
    assert t.lseek(fd, 0, SEEK_CUR) == 7
    assert t.lseek(99, 0, 9) == "EBADF"
    r, w = t.pipe()
    assert t.lseek(r, 0, SEEK_END) == t.lseek(w, -1, SEEK_SET) == "ESPIPE"
    assert t.lseek(r, 0, 5) == "EINVAL"
    assert t.lseek(fd, 5, SEEK_END) == 15


def seek_data_and_hole(m: Machine) -> None:
    """SEEK_DATA and SEEK_HOLE go by pages; the end is a hole; ENXIO from there on and before the start."""
    t = m.spawn()
    for place in PLACES:
        fd = t.open(place + "f", CREATE)
        assert t.lseek(fd, 0, SEEK_DATA) == t.lseek(fd, 0, SEEK_HOLE) == "ENXIO"
        t.pwrite(fd, b"x" * 4096, 8192)
        t.pwrite(fd, b"x", 30000)
        assert t.fsync(fd) is None
        seeks = [(0, 8192), (8192, 8192), (9000, 9000), (12288, 28672), (29000, 29000), (30000, 30000)]
        assert [(at, t.lseek(fd, at, SEEK_DATA)) for at, _ in seeks] == seeks
        holes = [(0, 0), (5, 5), (8192, 12288), (12000, 12288), (12288, 12288), (28672, 30001), (30000, 30001)]
        assert [(at, t.lseek(fd, at, SEEK_HOLE)) for at, _ in holes] == holes
        for whence in (SEEK_DATA, SEEK_HOLE):
            assert t.lseek(fd, 30001, whence) == t.lseek(fd, -1, whence) == "ENXIO"
        t.ftruncate(fd, 40000)
        assert t.lseek(fd, 32768, SEEK_DATA) == "ENXIO"
        assert t.lseek(fd, 30000, SEEK_HOLE) == 32768
        t.close(fd)


def offsets_out_of_range(m: Machine) -> None:
    """pread and pwrite: EINVAL for a negative offset before the descriptor's mode, and for an end past 2**63 - 1."""
    t = m.spawn()
    fd = t.open("/tmp/f", CREATE)
    assert t.pread(fd, 1, -1) == t.pwrite(fd, b"x", -1) == "EINVAL"
    assert t.pread(fd, 2, 2**63 - 1) == t.pwrite(fd, b"xy", 2**63 - 1) == "EINVAL"
    assert t.pread(fd, 1, 2**62) == b""
    w = t.open("/tmp/f", O_WRONLY)
    assert t.pread(w, 1, 0) == "EBADF" and t.pread(w, 1, -1) == "EINVAL"
    assert t.pread(99, 1, -1) == "EINVAL" and t.pread(99, 1, 0) == "EBADF"
    t.mkfifo("/tmp/p")
    p = t.open("/tmp/p", O_RDWR)
    assert t.pread(p, 1, 0) == t.pwrite(p, b"x", 0) == "ESPIPE"
    assert t.pread(p, 1, -1) == "EINVAL"


def largest_file_on_disk(m: Machine) -> None:
    """On ext4 a file ends at 2**44 - 4096: EINVAL to seek past it, EFBIG to write or grow there."""
    t = m.spawn()
    most = 2**44 - 4096
    fd = t.open("/f", CREATE)
    assert t.lseek(fd, most, SEEK_SET) == most
    assert t.lseek(fd, most + 1, SEEK_SET) == t.lseek(fd, 1, SEEK_CUR) == "EINVAL"
    assert t.write(fd, b"x") == t.pwrite(fd, b"x", most) == "EFBIG"
    assert t.write(fd, b"") == 0
    assert t.read(fd, 1) == b""
    assert t.ftruncate(fd, most + 1) == t.truncate("/f", 2**63 - 1) == "EFBIG"
    assert t.ftruncate(fd, most) is None
    assert t.fstat(fd)["size"] == most
    assert t.fallocate(fd, 0, most, 1) == t.fallocate(fd, 0, 2**63 - 1, 2) == "EFBIG"
    assert t.ftruncate(fd, 0) is None


def largest_file_in_memory(m: Machine) -> None:
    """On tmpfs a file ends at 2**63 - 1."""
    t = m.spawn()
    most = 2**63 - 1
    fd = t.open("/tmp/f", CREATE)
    assert t.lseek(fd, most, SEEK_SET) == most
    assert t.lseek(fd, 1, SEEK_CUR) == "EINVAL"
    assert t.read(fd, 0) == b""
    assert t.ftruncate(fd, most) is None
    assert t.fstat(fd)["size"] == most
    assert t.lseek(fd, 0, SEEK_END) == most
    assert t.lseek(fd, 0, SEEK_DATA) == "ENXIO"
    assert t.ftruncate(fd, 3) is None


def truncates(m: Machine) -> None:
    """truncate and ftruncate grow with zeros and cut; what was cut does not come back."""
    t = m.spawn()
    for place in PLACES:
        fd = t.open(place + "f", CREATE)
        t.write(fd, b"abcdef")
        assert t.truncate(place + "f", 3) is None
        assert t.ftruncate(fd, 8) is None
        assert t.pread(fd, 20, 0) == b"abc\0\0\0\0\0"
        assert t.lseek(fd, 0, SEEK_CUR) == 6
        t.write(fd, data(5000))
        t.ftruncate(fd, 4097)
        t.ftruncate(fd, 9000)
        assert t.pread(fd, 5000, 4090) == data(5000)[4084:4091] + b"\0" * 4903
        t.close(fd)


def truncate_orders(m: Machine) -> None:
    """truncate: EINVAL (negative) > the path's errors > EISDIR > EINVAL (no regular file) > EACCES."""
    a, b = m.spawn(), m.spawn(uid=1000)
    _make(a, "/f", b"abc")
    a.mkfifo("/p")
    a.mknod("/s", S_IFSOCK | 0o666)
    for t in (a, b):
        for path in ("/f", "/tmp", "/p", "/s", "/dev/null", "/nope", ""):
            assert t.truncate(path, -1) == "EINVAL"
        assert t.truncate("/nope", 0) == "ENOENT"
        assert t.truncate("/tmp", 0) == t.truncate("/", 0) == "EISDIR"
        for path in ("/p", "/s", "/dev/null", "/dev/full"):
            assert t.truncate(path, 0) == "EINVAL"
    assert b.truncate("/f", 0) == "EACCES"
    assert a.truncate("/f", 0) is None


def ftruncate_orders(m: Machine) -> None:
    """ftruncate: EINVAL (negative) > EBADF > EINVAL (not a regular file, not open for writing)."""
    t = m.spawn()
    _make(t, "/f")
    t.mkfifo("/p")
    assert t.ftruncate(99, -1) == "EINVAL" and t.ftruncate(99, 0) == "EBADF"
    for path, flags in (("/f", O_RDONLY), ("/tmp", O_RDONLY), ("/p", O_RDWR), ("/dev/null", O_RDWR), ("/f", 3)):
        assert t.ftruncate(t.open(path, flags), 0) == "EINVAL"
    r, w = t.pipe()
    assert t.ftruncate(w, 0) == "EINVAL"
    assert t.ftruncate(t.open("/f", O_WRONLY | O_APPEND), 5) is None


def fallocates(m: Machine) -> None:
    """fallocate grows a file, or keeps its size, or punches a hole."""
    t = m.spawn()
    keep, punch = FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE
    for place in PLACES:
        fd = t.open(place + "f", CREATE)
        t.write(fd, b"x" * 10000)
        assert t.fallocate(fd, 0, 0, 5000) is None
        assert t.fstat(fd)["size"] == 10000
        assert t.fallocate(fd, keep, 0, 50000) is None
        assert t.fstat(fd)["size"] == 10000
        assert t.fallocate(fd, 0, 15000, 5000) is None
        assert t.fstat(fd)["size"] == 20000
        assert t.pread(fd, 5, 9998) == b"xx\0\0\0"
        assert t.fallocate(fd, punch, 4000, 200) is None
        assert t.pread(fd, 300, 3950) == b"x" * 50 + b"\0" * 200 + b"x" * 50
        assert t.fallocate(fd, punch, 8192, 1 << 40) is None
        assert t.fstat(fd)["size"] == 20000
        assert t.pread(fd, 20, 8182) == b"x" * 10 + b"\0" * 10
        t.close(fd)


def fallocate_orders(m: Machine) -> None:
    """fallocate: EBADF > EINVAL (offset, length) > ENOTSUP (mode) > EBADF (not writable) > ESPIPE, ENODEV > EFBIG."""
    t = m.spawn()
    t.mkfifo("/p")
    _make(t, "/tmp/f")
    w, r = t.open("/tmp/f", O_RDWR), t.open("/tmp/f", O_RDONLY)
    p, null, d = t.open("/p", O_RDWR), t.open("/dev/null", O_RDWR), t.open("/tmp", O_RDONLY)
    for fd in (w, r, p, null, d):
        assert t.fallocate(fd, 0, -1, 1) == t.fallocate(fd, 0, 0, 0) == t.fallocate(fd, 0, 0, -1) == "EINVAL"
    assert t.fallocate(99, 0, -1, 0) == "EBADF"
    assert t.fallocate(r, 0, 0, 1) == t.fallocate(d, 0, 0, 1) == "EBADF"
    for mode in (0x100, FALLOC_FL_PUNCH_HOLE, -1):
        assert [t.fallocate(fd, mode, 0, 1) for fd in (w, r, p, null, d)] == ["ENOTSUP"] * 5
    for fd, refusal in ((p, "ESPIPE"), (null, "ENODEV")):
        assert t.fallocate(fd, 0, 0, 1) == t.fallocate(fd, 0, 2**63 - 1, 1) == refusal
    assert t.fallocate(w, 0, 2**63 - 1, 1) == "EFBIG"


def fsync_rules(m: Machine) -> None:
    """fsync works on files and directories, also those open for reading; EINVAL for what has nothing to write."""
    t = m.spawn()
    t.mkfifo("/p")
    for place in PLACES:
        _make(t, place + "f", b"x")
        assert t.fsync(t.open(place + "f", O_RDONLY)) is None
        assert t.fsync(t.open(place, O_RDONLY)) is None
    assert t.fsync(t.open("/p", O_RDWR)) == t.fsync(t.open("/dev/null", O_RDWR)) == t.fsync(t.pipe()[0]) == "EINVAL"
    assert t.fsync(99) == t.fsync(-1) == "EBADF"


def zero_lengths(m: Machine) -> None:
    """Reads and writes of nothing: 0, if the descriptor allows the direction; nothing moves."""
    t = m.spawn()
    for place in PLACES:
        fd = t.open(place + "f", CREATE)
        assert t.write(fd, b"") == 0 and t.read(fd, 0) == b""
        assert t.writev(fd, []) == 0 and t.readv(fd, []) == b""
        assert t.pwrite(fd, b"", 1000) == 0
        assert t.fstat(fd)["size"] == 0
        r, w = t.open(place + "f", O_RDONLY), t.open(place + "f", O_WRONLY)
        assert t.write(r, b"") == t.read(w, 0) == "EBADF"
        d = t.open(place, O_RDONLY)
        assert t.read(d, 0) == t.readv(d, [1]) == "EISDIR" and t.readv(d, []) == t.readv(d, [0, 0]) == b""


def descriptors_of_files(m: Machine) -> None:
    """poll: always ready whatever the mode; FIONREAD: what is left; no pipe size; ENOTTY for the unknown."""
    t = m.spawn()
    ready = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM
    _make(t, "/tmp/f", b"abcdef")
    for flags in (O_RDONLY, O_WRONLY, O_RDWR):
        fd = t.open("/tmp/f", flags)
        assert t.poll([(fd, 0x3FF)], 0) == [(fd, ready)]
        assert t.lseek(fd, 2, SEEK_SET) == 2
        assert t.ioctl(fd, FIONREAD) == 4
        assert t.lseek(fd, 6, SEEK_SET) == 6
        assert t.ioctl(fd, FIONREAD) == 0
        assert t.ioctl(fd, FIONBIO, 1) == 0
        assert t.fcntl(fd, F_GETFL) == flags | O_LARGEFILE | O_NONBLOCK
        assert t.fcntl(fd, F_SETFL, O_APPEND) == 0
        assert t.fcntl(fd, F_GETFL) == flags | O_LARGEFILE | O_APPEND
        assert t.ioctl(fd, 0x1234) == "ENOTTY"
        assert t.fcntl(fd, F_GETPIPE_SZ) == t.fcntl(fd, F_SETPIPE_SZ, 4096) == "EBADF"
    assert t.select([0, 1], [0, 1], [0], 0) == ([0, 1], [0, 1], [])


# ------------------------------------------------------------------------------------------------ devices
def device_null(m: Machine) -> None:
    """/dev/null reads as empty and takes everything."""
    t = m.spawn()
    fd = t.open("/dev/null", O_RDWR)
    assert t.read(fd, 10) == t.pread(fd, 10, 1000) == t.readv(fd, [1, 2]) == b""
    assert t.write(fd, data(100000)) == 100000
    assert t.pwrite(fd, b"abc", 5) == 3 and t.writev(fd, [b"ab", b"c"]) == 3
    assert t.write(fd, b"") == 0


def device_zero(m: Machine) -> None:
    """/dev/zero reads as zeros and takes everything."""
    t = m.spawn()
    fd = t.open("/dev/zero", O_RDWR)
    assert t.read(fd, 5000) == b"\0" * 5000
    assert t.pread(fd, 3, 7) == b"\0\0\0" and t.readv(fd, [1, 2]) == b"\0\0\0"
    assert t.write(fd, b"abc") == 3 and t.read(fd, 0) == b""


def device_full(m: Machine) -> None:
    """/dev/full reads as zeros and has no room, not even for nothing."""
    t = m.spawn()
    fd = t.open("/dev/full", O_RDWR)
    assert t.read(fd, 3) == b"\0\0\0"
    assert t.write(fd, b"abc") == t.pwrite(fd, b"a", 0) == t.write(fd, b"") == "ENOSPC"


def devices_in_common(m: Machine) -> None:
    """null, zero, full: every seek gives 0, always ready, no FIONREAD, no truncate, no fsync, no pipe size."""
    t = m.spawn()
    for name in ("null", "zero", "full"):
        fd = t.open(f"/dev/{name}", O_RDWR)
        for offset, whence in ((0, 0), (5, 0), (-5, 1), (7, 2), (0, SEEK_DATA), (-1, SEEK_HOLE)):
            assert t.lseek(fd, offset, whence) == 0
        assert t.lseek(fd, 0, 9) == "EINVAL"
        assert t.poll([(fd, POLLIN | POLLOUT)], 0) == [(fd, POLLIN | POLLOUT)]
        assert t.ioctl(fd, FIONREAD) == "ENOTTY" and t.ioctl(fd, FIONBIO, 1) == 0
        assert t.ftruncate(fd, 0) == t.fsync(fd) == "EINVAL"
        assert t.fcntl(fd, F_GETPIPE_SZ) == "EBADF"
        r, w = t.open(f"/dev/{name}", O_RDONLY), t.open(f"/dev/{name}", O_WRONLY)
        assert t.write(r, b"x") == t.read(w, 1) == "EBADF"
        assert t.pread(w, 1, -1) == "EINVAL"


def devices_elsewhere(m: Machine) -> None:
    """A node decides by its number, not by its name; permission is the node's; unknown numbers are ENXIO."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mknod("/z", S_IFCHR | 0o644, 0x105)
    a.mknod("/tmp/n", S_IFCHR | 0o600, 0x103)
    assert b.open("/z", O_WRONLY) == "EACCES"
    assert b.open("/tmp/n", O_RDONLY) == "EACCES"
    assert b.open("/z", O_RDONLY) == 0
    assert b.read(0, 2) == b"\0\0"
    assert b.fstat(0)["rdev"] == 0x105
    a.mknod("/odd", S_IFCHR | 0o666, 60 << 8)
    a.mknod("/blk", S_IFBLK | 0o666, 60 << 8)
    a.chmod("/odd", 0o600)
    for path in ("/odd", "/blk"):
        for flags in (O_RDONLY, O_WRONLY, O_RDWR, 3, O_NONBLOCK, O_TRUNC, O_CREAT):
            assert a.open(path, flags) == "ENXIO"
        assert a.open(path, O_CREAT | O_EXCL) == "EEXIST"
        assert isinstance(a.open(path, O_PATH), int)
    assert b.open("/odd", O_RDONLY) == "EACCES"


def sockets_do_not_open(m: Machine) -> None:
    """F5: opening a socket node is ENXIO in every mode, after permission."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mknod("/s", S_IFSOCK | 0o600)
    for flags in (O_RDONLY, O_WRONLY, O_RDWR, 3, O_NONBLOCK, O_TRUNC | O_WRONLY, O_CREAT):
        assert a.open("/s", flags) == "ENXIO"
    assert b.open("/s", O_RDONLY) == "EACCES"
    assert a.open("/s", O_CREAT | O_EXCL) == "EEXIST"
    assert a.truncate("/s", 0) == "EINVAL"
    assert a.unlink("/s") is None


# ------------------------------------------------------------------------------------------------ times
def times_of_names(m: Machine) -> None:
    """Making and removing names moves mtime and ctime of the directory, ctime of the inode."""
    t = m.spawn()
    for place in PLACES:
        d = place + "d"
        t.mkdir(d)
        assert _moved(t, lambda d=d: _make(t, d + "/f"), d) == ["mc"]
        assert _moved(t, lambda d=d: t.mkdir(d + "/x"), d) == ["mc"]
        assert _moved(t, lambda d=d: t.mkfifo(d + "/p"), d) == ["mc"]
        assert _moved(t, lambda d=d: t.symlink("f", d + "/s"), d) == ["mc"]
        assert _moved(t, lambda d=d: t.link(d + "/f", d + "/g"), d, d + "/f") == ["mc", "c"]
        assert _moved(t, lambda d=d: t.unlink(d + "/g"), d, d + "/f") == ["mc", "c"]
        assert _moved(t, lambda d=d: t.mkdir(d + "/f"), d, d + "/f") == ["none", "none"]
        assert _moved(t, lambda d=d: t.unlink(d + "/nope"), d) == ["none"]
        fd = t.open(d + "/x", O_RDONLY)
        t.ftimes(fd)
        assert _moved(t, lambda d=d: t.rmdir(d + "/x"), d) == ["mc"]
        assert t.ftimes(fd) == "c"
        t.close(fd)


def times_of_renames(m: Machine) -> None:
    """rename moves mtime and ctime of both directories, ctime of what moves and of what is replaced."""
    t = m.spawn()
    for place in PLACES:
        d, e = place + "d", place + "e"
        t.mkdir(d)
        t.mkdir(e)
        _make(t, d + "/f")
        _make(t, e + "/g")
        fd, victim = t.open(d + "/f", O_RDONLY), t.open(e + "/g", O_RDONLY)
        t.ftimes(fd)
        t.ftimes(victim)
        assert _moved(t, lambda d=d: t.rename(d + "/f", d + "/h"), d, e) == ["mc", "none"]
        assert (t.ftimes(fd), t.ftimes(victim)) == ("c", "none")
        assert _moved(t, lambda d=d, e=e: t.rename(d + "/h", e + "/g"), d, e) == ["mc", "mc"]
        assert (t.ftimes(fd), t.ftimes(victim)) == ("c", "c")
        t.link(e + "/g", d + "/same")
        assert _moved(t, lambda d=d, e=e: t.rename(e + "/g", d + "/same"), d, e, e + "/g") == ["none"] * 3
        t.mkdir(d + "/x")
        assert _moved(t, lambda d=d, e=e: t.rename(d + "/x", e + "/x"), d, e) == ["mc", "mc"]


def times_of_data(m: Machine) -> None:
    """A write moves mtime and ctime, truncates too even to the same size, writes of nothing nothing."""
    t = m.spawn()
    for place in PLACES:
        f = place + "f"
        fd = t.open(f, CREATE)
        assert _moved(t, lambda fd=fd: t.write(fd, b"abc"), f, place) == ["mc", "none"]
        assert _moved(t, lambda fd=fd: t.pwrite(fd, b"abc", 0), f) == ["mc"]
        assert _moved(t, lambda fd=fd: t.write(fd, b""), f) == ["none"]
        assert _moved(t, lambda fd=fd: t.ftruncate(fd, 3), f) == ["mc"]
        assert _moved(t, lambda f=f: t.truncate(f, 3), f) == ["mc"]
        assert _moved(t, lambda f=f: t.truncate(f, 0), f) == ["mc"]
        assert _moved(t, lambda f=f: t.open(f, O_WRONLY | O_TRUNC), f) == ["mc"]
        assert _moved(t, lambda f=f: t.open(f, CREATE), f, place) == ["none", "none"]
        assert _moved(t, lambda fd=fd: t.fallocate(fd, 0, 0, 10), f) == ["mc"]
        assert _moved(t, lambda fd=fd: t.fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 5), f) == ["mc"]
        assert _moved(t, lambda fd=fd: t.fsync(fd), f) == ["none"]
        assert _moved(t, lambda fd=fd: t.lseek(fd, 0, SEEK_SET), f) == ["none"]


def times_of_reads(m: Machine) -> None:
    """A read moves atime if it was not after mtime and ctime (relatime), at the end of the file too."""
    t = m.spawn()
    for place in PLACES:
        f = place + "f"
        fd = t.open(f, CREATE)
        assert _moved(t, lambda fd=fd: t.write(fd, b"abc"), f) == ["mc"]
        assert _moved(t, lambda fd=fd: t.pread(fd, 1, 0), f) == ["a"]
        assert _moved(t, lambda fd=fd: t.pread(fd, 1, 0), f) == ["none"]
        assert _moved(t, lambda f=f: t.chmod(f, 0o600), f) == ["c"]
        assert _moved(t, lambda fd=fd: t.pread(fd, 1, 50), f) == ["a"]
        assert _moved(t, lambda fd=fd: t.write(fd, b"d"), f) == ["mc"]
        assert _moved(t, lambda fd=fd: t.read(fd, 9), f) == ["a"]


def times_of_reading_nothing(m: Machine) -> None:
    """A read of 0 bytes moves atime on tmpfs, not on ext4."""
    t = m.spawn()
    for place, moved in (("/", "none"), ("/tmp/", "a")):
        fd = t.open(place + "f", CREATE)
        assert _moved(t, lambda fd=fd: t.write(fd, b"abc"), place + "f") == ["mc"]
        assert _moved(t, lambda fd=fd: t.pread(fd, 0, 0), place + "f") == [moved]


def times_of_changes(m: Machine) -> None:
    """chmod and chown move ctime, also when they change nothing; a refused one does not."""
    a, b = m.spawn(), m.spawn(uid=1000)
    for place in PLACES:
        f = place + "f"
        _make(a, f)
        assert _moved(a, lambda f=f: a.chmod(f, 0o600), f) == ["c"]
        assert _moved(a, lambda f=f: a.chmod(f, 0o600), f) == ["c"]
        assert _moved(a, lambda f=f: a.chown(f, 5, 5), f) == ["c"]
        assert _moved(a, lambda f=f: a.chown(f, -1, -1), f) == ["c"]
        assert _moved(a, lambda f=f: b.chmod(f, 0o600), f) == ["none"]
        assert _moved(a, lambda f=f: b.chown(f, -1, -1), f) == ["c"]
        assert _moved(a, lambda f=f: a.stat(f), f) == ["none"]


def times_of_links(m: Machine) -> None:
    """readlink and following a link move its atime, by relatime; lstat does not."""
    t = m.spawn()
    for place in PLACES:
        s = place + "s"
        _make(t, place + "f")
        t.symlink("f", s)
        assert _moved(t, lambda s=s: t.lstat(s), s) == ["none"]
        assert _moved(t, lambda s=s: t.readlink(s), s) == ["a"]
        assert _moved(t, lambda s=s: t.readlink(s), s) == ["none"]
        t.symlink("f", s + "2")
        assert _moved(t, lambda s=s: t.stat(s + "2"), s + "2", place + "f") == ["a", "none"]


def times_of_a_new_inode(m: Machine) -> None:
    """A hard link's inode has one set of times, whatever name is looked at."""
    t = m.spawn()
    _make(t, "/tmp/f")
    t.link("/tmp/f", "/tmp/g")
    t.times("/tmp/f")
    t.sleep(TICK)
    t.chmod("/tmp/g", 0o600)
    assert t.times("/tmp/f") == "c"
    assert t.times("/tmp/g") == "none"


# ------------------------------------------------------------------------------------------------ /proc
def proc_links(m: Machine) -> None:
    """/proc/self names the task; links of descriptors tell a path, a removed path, a pipe."""
    t = m.spawn()
    assert t.readlink("/proc/self") == "{A}"
    assert t.stat("/proc/self") == t.stat("/proc/{A}")
    t.mkdir("/tmp/d")
    fd = t.open("/tmp/d/f", CREATE)
    link = f"/proc/self/fd/{fd}"
    assert t.readlink(link) == "/tmp/d/f"
    t.rename("/tmp/d", "/tmp/e")
    assert t.readlink(link) == "/tmp/e/f"
    t.unlink("/tmp/e/f")
    assert t.readlink(link) == "/tmp/e/f (deleted)"
    r, w = t.pipe()
    t.fstat(r)
    assert t.readlink(f"/proc/self/fd/{w}") == t.readlink(f"/proc/self/fd/{r}") == "pipe:[1]"
    assert t.stat(f"/proc/self/fd/{w}")["ino"] == t.fstat(r)["ino"]
    assert t.readlink("/proc/self/cwd") == "/" and t.readlink("/proc/self/root") == "/"
    t.chdir("/tmp/e")
    assert t.readlink("/proc/self/cwd") == "/tmp/e"


def proc_fd_names(m: Machine) -> None:
    """Only the numbers of open descriptors are in /proc/self/fd, written as usual."""
    t = m.spawn()
    fd = t.open("/dev/null", O_RDONLY)
    for name in ("1", "00", "-1", "abc", "99999999999"):
        assert t.open(f"/proc/self/fd/{name}", O_RDONLY) == t.readlink(f"/proc/self/fd/{name}") == "ENOENT"
    assert t.lstat(f"/proc/self/fd/{fd}")["mode"] == S_IFLNK | 0o500
    assert t.stat("/proc/self/fd/0/") == t.stat("/proc/self/fd/0/x") == "ENOTDIR"
    t.close(fd)
    assert t.stat("/proc/self/fd/0") == "ENOENT"
    for flags, bits in ((O_RDONLY, 0o500), (O_WRONLY, 0o300), (O_RDWR, 0o700), (O_PATH, 0)):
        fd = t.open("/dev/null", flags)
        st = t.lstat(f"/proc/self/fd/{fd}")
        assert (st["mode"], st["size"], st["nlink"]) == (S_IFLNK | bits, 64, 1)
        t.close(fd)


def proc_fd_reopens_files(m: Machine) -> None:
    """A link of a descriptor opens the inode anew, removed or not, with the mode that is asked and its own offset."""
    a, b = m.spawn(), m.spawn(uid=1000)
    fd = a.open("/tmp/f", CREATE, 0o600)
    a.write(fd, b"abc")
    a.unlink("/tmp/f")
    again = a.open("/proc/self/fd/0", O_RDONLY)
    assert a.read(again, 5) == b"abc"
    assert a.fstat(again) == a.fstat(fd) == a.stat("/proc/self/fd/0")
    assert a.open("/proc/self/fd/0", O_NOFOLLOW) == "ELOOP"
    assert a.open("/proc/self/fd/0", O_CREAT | O_EXCL) == "EEXIST"
    assert a.open("/proc/self/fd/0", O_DIRECTORY) == "ENOTDIR"
    assert a.truncate("/proc/self/fd/0", 1) is None and a.fstat(fd)["size"] == 1
    assert a.chmod("/proc/self/fd/0", 0o640) is None and a.fstat(fd)["mode"] == S_IFREG | 0o640
    assert a.link("/proc/self/fd/0", "/tmp/g") == "EXDEV"
    c = b.fork()
    assert b.open("/proc/{A}/fd/0", O_RDONLY) == b.stat("/proc/{A}/fd/0") == "EACCES"
    assert c.open("/tmp/h", CREATE, 0) == 0
    assert c.open("/proc/self/fd/0", O_RDONLY) == "EACCES"
    assert a.open("/proc/{C}/fd/0", O_RDWR) == 2


def proc_fd_reopens_pipes(m: Machine) -> None:
    """F12: a pipe opened through the link of a descriptor never blocks; either end gives either mode."""
    a = m.spawn()
    r, w = a.pipe()
    a.fstat(r)
    w2 = a.open(f"/proc/self/fd/{r}", O_WRONLY)
    assert a.fcntl(w2, F_GETFL) == O_WRONLY | O_LARGEFILE
    a.write(w2, b"abc")
    r2 = a.open(f"/proc/self/fd/{w}", O_RDONLY | O_NONBLOCK)
    assert a.read(r2, 2) == b"ab"
    assert a.read(r, 2) == b"c"
    assert a.read(r2, 2) == "EAGAIN"
    a.close(w)
    a.close(w2)
    assert a.read(r, 1) == b""
    w3 = a.open(f"/proc/self/fd/{r}", O_WRONLY)
    assert a.write(w3, b"x") == 1
    assert a.read(r2, 5) == b"x"
    a.close(r)
    a.close(r2)
    r3 = a.open(f"/proc/self/fd/{w3}", O_RDONLY)
    both = a.open(f"/proc/self/fd/{w3}", O_RDWR)
    assert a.fstat(r3)["ino"] == a.fstat(both)["ino"] == a.fstat(w3)["ino"]
    assert a.open(f"/proc/self/fd/{w3}", 3) == a.open(f"/proc/self/fd/{w3}", O_DIRECT) == "EINVAL"
    assert a.truncate(f"/proc/self/fd/{w3}", 0) == "EINVAL"


def proc_fd_of_others(m: Machine) -> None:
    """A pipe of another process is opened through /proc/PID/fd, with the permission of the pipe: 0600 of its maker."""
    a, b, c = m.spawn(uid=1000), m.spawn(uid=1000), m.spawn(uid=1001)
    r, w = a.pipe()
    assert c.open(f"/proc/{{A}}/fd/{w}", O_WRONLY) == "EACCES"
    assert b.open(f"/proc/{{A}}/fd/{w}", O_WRONLY) == 0
    assert b.write(0, b"hello") == 5
    assert a.read(r, 9) == b"hello"
    a.close(w)
    assert a.submit("read", r, 1).done() is False
    assert b.exit(0) == DIED


def proc_refuses(m: Machine) -> None:
    """Nothing can be made, moved or removed in /proc."""
    t = m.spawn()
    t.open("/dev/null", O_RDONLY)
    for path in ("/proc/x", "/proc/self/x", "/proc/self/fd/77"):
        assert t.open(path, CREATE) == t.mkdir(path) == t.mkfifo(path) == t.symlink("x", path) == "ENOENT"
    assert t.unlink("/proc/self") == t.unlink("/proc/self/fd/0") == t.rmdir("/proc/self/fd") == "EPERM"
    assert t.chmod("/proc/self/status", 0o600) == "EPERM"
    assert t.rename("/proc/self/status", "/tmp/x") == "EXDEV"
    assert t.stat("/proc/self/status")["mode"] == S_IFREG | 0o444


def proc_pipe_max_size(m: Machine) -> None:
    """/proc/sys/fs/pipe-max-size: a number and a newline, read from the start only; garbage is EINVAL; root writes."""
    a, b = m.spawn(), m.spawn(uid=1000)
    path = "/proc/sys/fs/pipe-max-size"
    st = a.stat(path)
    assert (st["mode"], st["size"], st["nlink"]) == (S_IFREG | 0o644, 0, 1)
    fd = a.open(path, O_RDWR)
    assert a.read(fd, 100) == b"1048576\n" and a.read(fd, 100) == b""
    assert a.lseek(fd, 0, SEEK_SET) == 0 and a.read(fd, 3) == b"104"
    assert a.read(fd, 100) == a.pread(fd, 5, 3) == b"" and a.pread(fd, 2, 0) == b"10"
    for text in (b"abc\n", b"12x", b"-5", b"+5", b" ", b"\n", b"8192\0", b"8192junk", b"9" * 20):
        assert a.pwrite(fd, text, 0) == "EINVAL"
    assert a.write(fd, b"") == 0
    assert a.pwrite(fd, b" 0x100000 \n", 0) == 11 and a.pwrite(fd, b"1048576 77", 0) == 10
    assert a.pwrite(fd, b"1000000", 0) == 7
    assert a.pwrite(fd, b"7", 1) == 1
    assert a.pread(fd, 100, 0) == b"1048576\n"
    assert b.open(path, O_WRONLY) == "EACCES" and b.open(path, O_RDONLY) == 0
    assert b.read(0, 9) == b"1048576\n"


def proc_of_the_dead(m: Machine) -> None:
    """The directory of a task that is no more is gone: ENOENT; of a zombie, its descriptors are."""
    a = m.spawn()
    b = a.fork()
    b.open("/dev/null", O_RDONLY)
    assert a.open("/proc/{B}/fd/0", O_RDONLY) == 0
    b.exit(0)
    assert a.open("/proc/{B}/fd/0", O_RDONLY) == "ENOENT"
    assert a.stat("/proc/{B}")["mode"] == S_IFDIR | 0o555
    assert a.wait4() == ("B", 0)
    assert a.stat("/proc/{B}") == a.readlink("/proc/{B}/cwd") == "ENOENT"


# ------------------------------------------------------------------------------------------------ what ends with a task
def exec_closes(m: Machine) -> None:
    """O_CLOEXEC of open: closed by execve; the others stay, with their offsets."""
    t = m.spawn()
    fd = t.open("/tmp/f", CREATE)
    t.open("/tmp/f", O_RDONLY | O_CLOEXEC)
    t.write(fd, b"abc")
    t.execve()
    assert t.lseek(fd, 0, SEEK_CUR) == 3
    assert t.fcntl(1, F_GETFD) == "EBADF"


def descriptors_move_with_their_table(m: Machine) -> None:
    """dup2 over a file's descriptor, a fork's copy: the open file is one, with one offset and one set of flags."""
    a = m.spawn()
    fd = a.open("/tmp/f", CREATE | O_APPEND)
    a.open("/dev/null", O_RDONLY)
    assert a.dup2(fd, 1) == 1
    b = a.fork()
    a.write(1, b"ab")
    b.fcntl(0, F_SETFL, O_NONBLOCK)
    assert a.fcntl(1, F_GETFL) == O_RDWR | O_NONBLOCK | O_LARGEFILE
    assert b.lseek(1, 0, SEEK_SET) == 0
    assert a.write(0, b"X") == 1
    assert b.pread(0, 9, 0) == b"Xb"
    a.exit_group(0)
    assert b.read(1, 9) == b"b"


def closing_all(m: Machine) -> None:
    """A task that ends leaves its files as they are, without a name they are gone."""
    a, b = m.spawn(), m.spawn()
    a.open("/tmp/f", CREATE)
    a.write(0, b"kept")
    a.open("/tmp/g", CREATE)
    a.unlink("/tmp/g")
    a.exit_group(0)
    assert b.stat("/tmp/f")["size"] == 4 and b.stat("/tmp/g") == "ENOENT"
    assert b.read(b.open("/tmp/f", O_RDONLY), 9) == b"kept"


def an_unlinked_file_ends_with_its_last_descriptor(m: Machine) -> None:
    """A file without a name lives as long as a descriptor of any process; a new one of the name is another inode."""
    a = m.spawn()
    a.open("/tmp/f", CREATE)
    a.write(0, b"old")
    b = a.fork()
    a.unlink("/tmp/f")
    a.close(0)
    a.open("/tmp/f", CREATE)
    a.write(0, b"new!")
    assert b.pread(0, 9, 0) == b"old" and a.pread(0, 9, 0) == b"new!"
    assert b.fstat(0)["nlink"] == 0 and a.fstat(0)["nlink"] == 1
    assert b.exit(0) == DIED
