"""Names: walking a path, links, directories, rename, who may do what, errno orders."""

from collections.abc import Callable
from typing import Any

from .abi import (
    F_GETPIPE_SZ,
    FIONBIO,
    FIONREAD,
    O_CREAT,
    O_EXCL,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_TRUNC,
    O_WRONLY,
    R_OK,
    S_IFBLK,
    S_IFCHR,
    S_IFDIR,
    S_IFIFO,
    S_IFLNK,
    S_IFMT,
    S_IFREG,
    S_IFSOCK,
    SEEK_CUR,
    SEEK_SET,
    W_OK,
    X_OK,
)  # fmt: skip
from .machine import Machine, Task

CREATE = O_CREAT | O_RDWR
PLACES = ("/", "/tmp/")  # a file system on a disk, one in memory
LONG = "n" * 255


def _make(t: Task, path: str, content: bytes = b"", mode: int = 0o666) -> None:
    fd = t.open(path, O_CREAT | O_WRONLY, mode)
    if content:
        t.write(fd, content)
    t.close(fd)


def _mode(t: Task, path: str) -> int:
    return t.lstat(path)["mode"] & 0o7777


# ------------------------------------------------------------------------------------------------ paths
def empty_path(m: Machine) -> None:
    """The empty path is ENOENT for every call."""
    t = m.spawn()
    for call in (t.stat, t.lstat, t.readlink, t.unlink, t.rmdir, t.chdir, t.mkdir, t.mkfifo, t.open):
        assert call("") == "ENOENT"
    assert t.open("", CREATE) == t.chmod("", 0) == t.chown("", 0, 0) == t.truncate("", 0) == "ENOENT"
    assert t.link("", "/x") == t.link("/dev/null", "") == t.rename("", "/x") == t.rename("/tmp", "") == "ENOENT"
    assert t.symlink("", "/x") == t.symlink("x", "") == "ENOENT"


def long_paths(m: Machine) -> None:
    """4096 letters are ENAMETOOLONG, 4095 are not, nor do repeated slashes and dots count for a name."""
    t = m.spawn()
    _make(t, "/f")
    for path in ("/" * 4094 + "f", "/." * 2047 + "/", "./" * 2047 + "f", "/" * 4095):
        assert len(path) == 4095
        assert isinstance(t.stat(path), dict)
    for path in ("/" * 4095 + "f", "./" * 2048, "a" * 4096, "nope/" * 1000):
        assert t.stat(path) == t.unlink(path) == t.mkdir(path) == t.open(path, CREATE) == "ENAMETOOLONG"
        assert t.rename(path, "/x") == t.rename("/f", path) == t.link("/f", path) == "ENAMETOOLONG"
    assert t.stat("a/" * 2047) == "ENOENT"


def long_names(m: Machine) -> None:
    """A name of 255 letters is fine, of 256 ENAMETOOLONG; what is wrong before it in the path comes first."""
    t = m.spawn()
    _make(t, "/f")
    for place in PLACES:
        assert t.mkdir(place + LONG) is None
        assert t.mkfifo(place + LONG + "/" + LONG) is None
        for call in (t.stat, t.lstat, t.readlink, t.unlink, t.rmdir, t.chdir, t.mkdir, t.mkfifo, t.open):
            assert call(place + LONG + "n") == "ENAMETOOLONG"
        assert t.symlink("x", place + LONG + "n") == t.link("/f", "/" + LONG + "n") == "ENAMETOOLONG"
        assert t.rename("/f", "/" + LONG + "n") == t.rename("/" + LONG + "n", "/f") == "ENAMETOOLONG"
    assert t.stat("/nope/" + LONG + "n") == t.mkdir("/nope/" + LONG + "n") == "ENOENT"
    assert t.stat("/f/" + LONG + "n") == t.mkdir("/f/" + LONG + "n") == "ENOTDIR"


def not_a_directory(m: Machine) -> None:
    """A path through a file is ENOTDIR for every call, with any rest: "f/x", "f/.", "f/..", "f/"."""
    t = m.spawn()
    _make(t, "/f")
    t.symlink("f", "/s")
    for path in ("/f/x", "/f/.", "/f/..", "/f/x/y", "/s/x", "/f/../f", "/dev/null/x"):
        for call in (t.stat, t.lstat, t.readlink, t.unlink, t.rmdir, t.chdir, t.mkdir, t.mkfifo, t.open):
            assert call(path) == "ENOTDIR"
        assert t.chmod(path, 0) == t.truncate(path, 0) == t.symlink("x", path) == t.open(path, CREATE) == "ENOTDIR"
        assert t.link(path, "/x") == t.link("/f", path) == t.rename(path, "/x") == t.rename("/f", path) == "ENOTDIR"
    for path in ("/f/", "/s/", "/f//"):
        for call in (t.stat, t.lstat, t.readlink, t.unlink, t.rmdir, t.chdir, t.open):
            assert call(path) == "ENOTDIR"
        assert t.chmod(path, 0) == t.truncate(path, 0) == t.link(path, "/x") == t.rename(path, "/x") == "ENOTDIR"
        assert t.rename("/f", path) == "ENOTDIR"
        assert t.mkdir(path) == t.mkfifo(path) == t.symlink("x", path) == t.link("/f", path) == "EEXIST"


def slash_at_the_end(m: Machine) -> None:
    """A slash after a name that is not there: mkdir makes it, open with O_CREAT is EISDIR, all else ENOENT."""
    t = m.spawn()
    _make(t, "/f")
    t.mkdir("/d")
    for call in (t.stat, t.lstat, t.readlink, t.unlink, t.rmdir, t.chdir, t.mkfifo, t.open):
        assert call("/x/") == "ENOENT"
    assert t.open("/x/", CREATE) == t.open("/x/", CREATE | O_EXCL) == "EISDIR"
    assert t.open("/nope/x/", CREATE) == "ENOENT"
    assert t.symlink("f", "/x/") == t.link("/f", "/x/") == t.mknod("/x/", 0o666) == "ENOENT"
    assert t.rename("/x/", "/y") == "ENOENT"
    assert t.rename("/f", "/x/") == "ENOTDIR"
    assert t.mkdir("/x/") is None
    assert t.rename("/x/", "/y//") is None
    assert t.stat("/y/")["mode"] == t.stat("/y")["mode"] == S_IFDIR | 0o755
    assert t.open("/y/", CREATE) == t.open("/f/", CREATE) == t.open("/f/", CREATE | O_EXCL) == "EISDIR"
    assert t.unlink("/y/") == "EISDIR"
    assert t.rmdir("/y/") is None


def dot_and_dot_dot(m: Machine) -> None:
    """ "." and ".." at the end: each call that makes or removes names has its own errno."""
    t = m.spawn()
    t.mkdir("/d")
    t.mkdir("/d/e")
    _make(t, "/f")
    assert t.stat("/d/.") == t.stat("/d/e/..") == t.stat("/./d/e/../e/./..") == t.stat("/d")
    for path in ("/d/.", "/d/..", "/", "/d/e/.."):
        assert t.mkdir(path) == t.mkfifo(path) == t.symlink("x", path) == t.link("/f", path) == "EEXIST"
        assert t.unlink(path) == "EISDIR"
        assert t.open(path, CREATE) == "EISDIR"
        assert t.rename(path, "/x") == t.rename("/d", path) == t.rename("/f", path) == "EBUSY"
        assert t.link(path, "/x") == "EPERM"
    assert t.rmdir("/d/.") == "EINVAL"
    assert t.rmdir("/d/..") == t.rmdir("/d/e/..") == "ENOTEMPTY"
    assert t.rmdir("/") == "EBUSY"
    for path in ("/d/.", "/d/..", "/", "."):
        assert t.open(path, CREATE | O_EXCL) == "EEXIST"
    assert t.chdir("/d/e/..") is None and t.getcwd() == "/d"


def many_slashes(m: Machine) -> None:
    """Any number of slashes is one."""
    t = m.spawn()
    t.mkdir("//d///")
    _make(t, "///d//f")
    assert t.stat("/d/f") == t.stat("//d/./////f")
    assert t.chdir("//d//") is None
    assert t.getcwd() == "/d"
    assert t.unlink(".//f") is None
    assert t.rmdir("..///d") is None


# ------------------------------------------------------------------------------------------------ symbolic links
def symlinks(m: Machine) -> None:
    """A link has mode 0777 whatever the umask, its text's length as size; calls follow it but for a few."""
    t = m.spawn()
    t.umask(0o77)
    for place in PLACES:
        t.mkdir(place + "d", 0o755)
        _make(t, place + "d/f", b"abc")
        assert t.symlink("d/f", place + "s") is None
        st = t.lstat(place + "s")
        assert (st["mode"], st["nlink"], st["size"], st["uid"]) == (S_IFLNK | 0o777, 1, 3, 0)
        assert t.readlink(place + "s") == "d/f"
        assert t.stat(place + "s") == t.stat(place + "d/f")
        fd = t.open(place + "s", O_RDWR)
        assert t.read(fd, 5) == b"abc"
        assert t.readlink(place + "d/f") == t.readlink(place + "d") == "EINVAL"
        assert t.chmod(place + "s", 0o640) is None and _mode(t, place + "d/f") == 0o640
        assert t.truncate(place + "s", 1) is None and t.fstat(fd)["size"] == 1
        assert t.chdir(place + "s") == "ENOTDIR"
        assert t.unlink(place + "s") is None
        assert t.stat(place + "d/f")["nlink"] == 1


def symlink_errors(m: Machine) -> None:
    """symlink: ENOENT (empty text), ENAMETOOLONG (4096) > the path's errors > EEXIST; 4095 letters fit."""
    t = m.spawn()
    for place in PLACES:
        _make(t, place + "f")
        assert t.symlink("", place + "f") == "ENOENT"
        assert t.symlink("x" * 4096, place + "f") == "ENAMETOOLONG"
        assert t.symlink("x", place + "f") == "EEXIST"
        assert t.symlink("x", place + "nope/y") == "ENOENT"
        assert t.symlink("x" * 4095, place + "long") is None
        assert t.readlink(place + "long") == "x" * 4095
        assert t.lstat(place + "long")["size"] == 4095
        assert t.stat(place + "long") == "ENAMETOOLONG"
        assert t.symlink("x" * 300, place + "longer") is None
        assert t.stat(place + "longer") == "ENAMETOOLONG"


def symlink_walk(m: Machine) -> None:
    """Text is walked from the link's directory, or from the root after a slash; ".." is of what it led to."""
    t = m.spawn()
    t.mkdir("/a")
    t.mkdir("/a/b")
    t.mkdir("/tmp/c")
    _make(t, "/a/f", b"1")
    t.symlink("../a/b", "/tmp/up")
    t.symlink("/a/b", "/tmp/abs")
    t.symlink("../tmp/abs/..", "/a/two")
    assert t.stat("/tmp/up") == t.stat("/tmp/abs") == t.stat("/a/b")
    assert t.stat("/tmp/up/..") == t.stat("/a")
    assert t.stat("/tmp/abs/../f") == t.stat("/a/f") == t.stat("/a/two/f")
    assert t.chdir("/tmp/abs") is None
    assert t.getcwd() == "/a/b"
    assert t.stat("../f") == t.stat("/a/f")
    t.symlink(".", "/a/here")
    assert t.stat("/a/here/here/here/f") == t.stat("/a/f")
    t.symlink("..", "/a/b/dd")
    assert t.stat("/a/b/dd/f") == t.stat("/a/f")
    t.symlink("/", "/a/root")
    assert t.lstat("/a/root/a/root/tmp/up") == t.lstat("/tmp/up")


def symlink_slash_at_the_end(m: Machine) -> None:
    """A slash after a link follows it, for every call but unlink, rmdir and rename, which are ENOTDIR."""
    t = m.spawn()
    t.mkdir("/d")
    t.symlink("d", "/s")
    t.symlink("nope", "/n")
    assert t.lstat("/s/") == t.stat("/d")
    assert t.readlink("/s/") == "EINVAL"
    assert t.unlink("/s/") == t.rmdir("/s/") == t.rename("/s/", "/x") == "ENOTDIR"
    assert t.rmdir("/s") == "ENOTDIR"
    assert t.mkdir("/s/") == t.mkdir("/n/") == t.mkdir("/n") == t.mkfifo("/n") == "EEXIST"
    assert t.lstat("/n/") == t.readlink("/n/") == t.chdir("/n/") == "ENOENT"
    assert t.unlink("/n/") == t.rmdir("/n/") == "ENOTDIR"
    assert t.rename("/d", "/n/") == "ENOTDIR"
    assert t.open("/s/", O_RDONLY) == 0
    assert t.mkdir("/s/e") is None
    assert t.stat("/d/e")["mode"] == S_IFDIR | 0o755
    t.symlink("d/", "/slash")
    assert t.stat("/slash") == t.stat("/d")
    _make(t, "/f")
    t.symlink("f/", "/fs")
    assert t.stat("/fs") == "ENOTDIR" and t.lstat("/fs")["size"] == 2
    t.symlink("new/", "/ns")
    assert t.open("/ns", CREATE) == "EISDIR"


def symlinks_to_directories(m: Machine) -> None:
    """Creating through a link to a directory is EISDIR; a link in the middle is followed to create, remove, rename."""
    t = m.spawn()
    t.mkdir("/d")
    t.mkdir("/e")
    t.symlink("d", "/s")
    assert t.open("/s", O_CREAT) == t.open("/s", O_WRONLY) == "EISDIR"
    assert t.mkdir("/s/x") is None and t.mkfifo("/s/p") is None and t.symlink("x", "/s/l") is None
    assert t.link("/s/p", "/s/q") is None
    assert t.rename("/s/q", "/e/q") is None
    assert t.unlink("/s/p") is None and t.unlink("/s/l") is None and t.rmdir("/s/x") is None
    assert t.rename("/s", "/e/s") is None
    assert t.stat("/e/s") == "ENOENT" and t.readlink("/e/s") == "d"
    assert t.rmdir("/d") is None
    t.symlink("/e", "/e/self")
    assert t.rename("/e/self/self/q", "/e/self/r") is None
    assert t.stat("/e/r")["nlink"] == 1


def symlinks_made_of_many(m: Machine) -> None:
    """Links within a link's text count too, those of both paths of a call apart."""
    t = m.spawn()
    _make(t, "/f")
    t.symlink(".", "/d")
    t.symlink("d/" * 20 + "f", "/twenty")
    assert t.stat("/" + "d/" * 19 + "twenty") == t.stat("/f")
    assert t.stat("/" + "d/" * 20 + "twenty") == "ELOOP"
    assert t.link("/" + "d/" * 40 + "f", "/" + "d/" * 40 + "g") is None
    assert t.rename("/" + "d/" * 40 + "f", "/" + "d/" * 41 + "h") == "ELOOP"
    assert t.symlink("x", "/" + "d/" * 41 + "h") == "ELOOP"


def symlink_loops(m: Machine) -> None:
    """Forty links are followed in one path, the forty-first is ELOOP, wherever it stands."""
    t = m.spawn()
    t.symlink("b", "/a")
    t.symlink("a", "/b")
    t.symlink("self", "/self")
    for path in ("/a", "/b", "/self", "/self/x", "/a/"):
        assert t.stat(path) == t.open(path, O_RDONLY) == t.chdir(path) == t.chmod(path, 0) == "ELOOP"
    assert t.lstat("/a")["size"] == 1
    assert t.readlink("/self") == "self"
    _make(t, "/l0")
    for i in range(41):
        t.symlink(f"l{i}", f"/l{i + 1}")
    assert t.stat("/l40") == t.stat("/l0")
    assert t.stat("/l41") == "ELOOP"
    assert t.lstat("/l41")["mode"] == S_IFLNK | 0o777
    t.symlink(".", "/dot")
    assert t.stat("/" + "dot/" * 40 + "l0") == t.stat("/l0")
    assert t.stat("/" + "dot/" * 41 + "l0") == "ELOOP"
    assert t.stat("/" + "dot/" * 40 + "l1") == "ELOOP"
    assert t.lstat("/" + "dot/" * 40 + "l1")["mode"] == S_IFLNK | 0o777
    assert t.unlink("/" + "dot/" * 40 + "l1") is None
    assert t.mkdir("/" + "dot/" * 41 + "x") == "ELOOP"


def links_and_search_permission(m: Machine) -> None:
    """Following a link needs no permission of the link but x on the directories that its text goes through."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mkdir("/d", 0o700)
    _make(a, "/d/f")
    a.symlink("/d/f", "/s")
    assert b.readlink("/s") == "/d/f"
    assert b.stat("/s") == b.open("/s", O_RDONLY) == "EACCES"
    assert b.lstat("/s") == a.lstat("/s")


# ------------------------------------------------------------------------------------------------ mknod
def mknod_types(m: Machine) -> None:
    """F2: mknod by type: 0, REG a file; CHR, BLK keep the device, FIFO, SOCK have none; DIR EPERM, else EINVAL."""
    t = m.spawn()
    good = {0: S_IFREG, S_IFREG: S_IFREG, S_IFCHR: S_IFCHR, S_IFBLK: S_IFBLK, S_IFIFO: S_IFIFO, S_IFSOCK: S_IFSOCK}
    for place in PLACES:
        for kind in range(0, S_IFMT + 1, 0o10000):
            path = f"{place}n{kind}"
            made = t.mknod(path, kind | 0o666, 0x1234)
            if kind not in good:
                assert made == ("EPERM" if kind == S_IFDIR else "EINVAL")
                continue
            st = t.lstat(path)
            assert (made, st["mode"], st["size"], st["nlink"]) == (None, good[kind] | 0o644, 0, 1)
            assert st["rdev"] == (0x1234 if kind in (S_IFCHR, S_IFBLK) else 0)


def mknod_orders(m: Machine) -> None:
    """mknod: EINVAL or EPERM (type) > the path's errors > EEXIST > EACCES > EPERM (device without CAP_MKNOD)."""
    a, b = m.spawn(), m.spawn(uid=1000)
    _make(a, "/tmp/f")
    for t in (a, b):
        for path in ("/tmp/f", "/tmp/new", "/nope/x", "/tmp/f/x", ""):
            assert t.mknod(path, S_IFLNK | 0o666) == t.mknod(path, S_IFMT) == t.mknod(path, 0o30000) == "EINVAL"
            assert t.mknod(path, S_IFDIR | 0o777) == "EPERM"
    for kind in (S_IFCHR, S_IFBLK):
        assert b.mknod("/tmp/f", kind | 0o666, 0x103) == "EEXIST"
        assert b.mknod("/tmp/f/x", kind | 0o666, 0x103) == "ENOTDIR"
        assert b.mknod("/nope/x", kind | 0o666, 0x103) == "ENOENT"
        assert b.mknod("/new", kind | 0o666, 0x103) == "EACCES"
        assert b.mknod("/tmp/new", kind | 0o666, 0x103) == "EPERM"
    for kind in (0, S_IFREG, S_IFIFO, S_IFSOCK):
        assert b.mknod("/new", kind | 0o666, 0) == "EACCES"
        assert b.mknod(f"/tmp/new{kind}", kind | 0o666, 0) is None
    assert b.mknod("/tmp/whiteout", S_IFCHR | 0o666, 0) is None


def mknod_device_numbers(m: Machine) -> None:
    """F1: the device number is 32 bits, minor in the low 8 and the high 12; mode bits above the type do not count."""
    t = m.spawn()
    for i, dev in enumerate((0, 1, 0xFF, 0x100, 0xFFFFF, 0x12345678, 0xFFFFFFFF, 0x100000103)):
        assert t.mknod(f"/c{i}", S_IFCHR | 0o600, dev) is None
        assert t.stat(f"/c{i}")["rdev"] == dev & 0xFFFFFFFF
    assert t.mknod("/p", 0o200000 | S_IFIFO | 0o644, 7) is None
    assert t.stat("/p")["mode"] == S_IFIFO | 0o644
    assert t.mkfifo("/q", S_IFCHR | 0o600) == "EINVAL"


def mode_bits_under_umask(m: Machine) -> None:
    """The umask takes permission bits only; setuid and setgid survive on files, not on directories; 01000 on all."""
    t = m.spawn()
    for mask in (0o022, 0o077, 0o000, 0o777):
        t.umask(mask)
        for place in PLACES:
            t.close(t.open(f"{place}f{mask}", CREATE, 0o7777))
            t.mkdir(f"{place}d{mask}", 0o7777)
            t.mkfifo(f"{place}p{mask}", 0o7777)
            assert _mode(t, f"{place}f{mask}") == _mode(t, f"{place}p{mask}") == 0o7777 & ~mask
            assert _mode(t, f"{place}d{mask}") == 0o1777 & ~mask
    assert t.umask(0o7777) == 0o777
    assert t.umask(0) == 0o777
    assert t.umask(-1) == 0
    assert t.umask(0) == 0o777


def umask_is_shared(m: Machine) -> None:
    """Threads share umask and current directory, a forked child has copies; execve keeps both."""
    a = m.spawn()
    b, c = a.thread(), a.fork()
    a.umask(0o77)
    a.chdir("/tmp")
    assert b.umask(0o77) == 0o77 and b.getcwd() == "/tmp"
    assert c.umask(0o22) == 0o22 and c.getcwd() == "/"
    assert a.fork().umask(0) == 0o77
    c.chdir("/dev")
    c.execve()
    assert c.getcwd() == "/dev" and c.umask(0) == 0o22


def setgid_directories(m: Machine) -> None:
    """In a setgid directory new nodes take its group, directories the bit too; strangers to the group lose 02010."""
    a, b = m.spawn(), m.spawn(uid=1000)
    b.umask(0)
    for place in PLACES:
        a.mkdir(place + "d")
        a.chown(place + "d", 0, 77)
        a.chmod(place + "d", 0o2777)
        b.mkdir(place + "d/d", 0o755)
        b.mkfifo(place + "d/p", 0o2777)
        b.close(b.open(place + "d/f", CREATE, 0o2777))
        b.close(b.open(place + "d/g", CREATE, 0o2767))
        b.symlink("x", place + "d/s")
        a.close(a.open(place + "d/r", CREATE, 0o2777))
        for name in "dpfgsr":
            assert b.lstat(f"{place}d/{name}")["gid"] == 77
        modes = [_mode(b, f"{place}d/{name}") for name in "dpfgr"]
        assert modes == [0o2755, 0o777, 0o777, 0o2767, 0o2755]


# ------------------------------------------------------------------------------------------------ directories
def directories(m: Machine) -> None:
    """mkdir makes an entry with two links; the parent has one more for each; rmdir takes it back."""
    t = m.spawn()
    for place in PLACES:
        t.mkdir(place + "d", 0o750)
        st = t.stat(place + "d")
        assert (st["mode"], st["nlink"]) == (S_IFDIR | 0o750, 2)
        t.mkdir(place + "d/a")
        t.mkdir(place + "d/b")
        _make(t, place + "d/f")
        assert t.stat(place + "d")["nlink"] == 4
        assert t.rmdir(place + "d") == "ENOTEMPTY"
        t.rename(place + "d/a", place + "a")
        assert t.stat(place + "d")["nlink"] == 3
        t.rmdir(place + "d/b")
        assert t.stat(place + "d")["nlink"] == 2
        assert t.rmdir(place + "d") == "ENOTEMPTY"
        t.unlink(place + "d/f")
        assert t.rmdir(place + "d") is None
        assert t.stat(place + "d") == t.rmdir(place + "d") == "ENOENT"


def rmdir_orders(m: Machine) -> None:
    """rmdir: ENOENT > EACCES > EPERM (sticky) > ENOTDIR > ENOTEMPTY; EBUSY for a mount point."""
    a, b = m.spawn(), m.spawn(uid=1000)
    for parent, mode, refusal in (("/d", 0o755, "EACCES"), ("/s", 0o1777, "EPERM")):
        a.mkdir(parent)
        a.mkdir(parent + "/empty")
        a.mkdir(parent + "/full")
        a.mkdir(parent + "/full/x")
        _make(a, parent + "/f")
        a.chmod(parent, mode)
        assert b.rmdir(parent + "/nope") == "ENOENT"
        for name in ("empty", "full", "f"):
            assert b.rmdir(f"{parent}/{name}") == refusal
        assert a.rmdir(parent + "/f") == "ENOTDIR"
        assert a.rmdir(parent + "/full") == "ENOTEMPTY"
    for path in ("/tmp", "/dev/shm", "/dev", "/proc"):
        assert a.rmdir(path) == "EBUSY"
    assert b.rmdir("/tmp") == "EACCES"


def unlink_orders(m: Machine) -> None:
    """unlink: ENOENT > EACCES > EPERM (sticky) > EISDIR; a mount point is a directory."""
    a, b = m.spawn(), m.spawn(uid=1000)
    for parent, mode, refusal in (("/d", 0o755, "EACCES"), ("/s", 0o1777, "EPERM")):
        a.mkdir(parent)
        a.mkdir(parent + "/dir")
        _make(a, parent + "/f")
        a.chmod(parent, mode)
        assert b.unlink(parent + "/nope") == "ENOENT"
        assert b.unlink(parent + "/dir") == b.unlink(parent + "/f") == refusal
        assert a.unlink(parent + "/dir") == "EISDIR"
        assert a.unlink(parent + "/f") is None
    assert a.unlink("/tmp") == "EISDIR"


def sticky_directories(m: Machine) -> None:
    """In a sticky directory a name is removed by the owner of the file, of the directory, or root."""
    root, a, b = m.spawn(), m.spawn(uid=1000), m.spawn(uid=1001)
    a.mkdir("/tmp/d")
    a.chmod("/tmp/d", 0o1777)
    for name in "123":
        _make(b, f"/tmp/d/{name}")
        _make(a, f"/tmp/d/a{name}")
    assert b.unlink("/tmp/d/a1") == b.rename("/tmp/d/a1", "/tmp/d/x") == b.rename("/tmp/d/1", "/tmp/d/a1") == "EPERM"
    assert b.rename("/tmp/d/1", "/tmp/d/x") is None
    assert a.unlink("/tmp/d/x") is None
    assert a.rename("/tmp/d/2", "/tmp/d/a2") is None
    assert b.unlink("/tmp/d/3") is None
    assert root.unlink("/tmp/d/a3") is None
    assert b.unlink("/tmp/d/a1") == "EPERM"
    a.chmod("/tmp/d", 0o777)
    assert b.unlink("/tmp/d/a1") is None


def current_directory(m: Machine) -> None:
    """chdir and getcwd, relative paths, through renames of the directory and of one above it."""
    t = m.spawn()
    for place in ("", "/tmp"):
        t.mkdir(place + "/a")
        t.mkdir(place + "/a/b")
        assert t.chdir(place + "/a") is None
        assert t.getcwd() == place + "/a"
        assert t.chdir("b") is None
        assert t.getcwd() == place + "/a/b"
        _make(t, "f")
        assert t.stat(place + "/a/b/f") == t.stat("f") == t.stat("./f") == t.stat("../b/f")
        t.rename(place + "/a", place + "/c")
        assert t.getcwd() == place + "/c/b"
        t.rename(place + "/c/b", place + "/d")
        assert t.getcwd() == place + "/d"
        assert t.stat("..") == t.stat(place + "/")
        assert t.chdir("f") == "ENOTDIR"
        assert t.chdir("nope") == "ENOENT"
    assert t.chdir("/..") is None and t.getcwd() == "/"


def removed_current_directory(m: Machine) -> None:
    """A removed current directory can be looked at and left by "..", nothing can be made in it; getcwd is ENOENT."""
    t = m.spawn()
    for place in PLACES:
        _make(t, place + "f")
        t.mkdir(place + "p")
        t.mkdir(place + "p/d")
        t.chdir(place + "p/d")
        assert t.rmdir(place + "p/d") is None
        assert t.getcwd() == "ENOENT"
        st = t.stat(".")
        assert (st["nlink"], st["mode"]) == (0, S_IFDIR | 0o755)
        assert t.stat("..") == t.stat(place + "p")
        for call in (t.mkdir, t.mkfifo, t.unlink, t.rmdir, t.stat, t.chdir):
            assert call("x") == "ENOENT"
        assert t.open("x", CREATE) == t.symlink("a", "x") == t.link(place + "f", "x") == "ENOENT"
        assert t.rename(place + "f", "x") == "ENOENT"
        assert t.rmdir(".") == "EINVAL"
        assert t.chdir(".") is None
        assert t.chmod(".", 0o700) is None
        fd = t.open(".", O_RDONLY)
        assert t.fstat(fd)["mode"] == S_IFDIR | 0o700
        t.mkdir(place + "p/d")
        assert t.getcwd() == "ENOENT"
        assert t.chdir("..") is None
        assert t.getcwd() == place + "p"
        t.chdir("/")


def removed_parents(m: Machine) -> None:
    """A removed directory's ".." leads to where it was, though that is removed too."""
    t = m.spawn()
    t.mkdir("/a")
    t.mkdir("/a/b")
    t.chdir("/a/b")
    t.rmdir("/a/b")
    t.rmdir("/a")
    assert t.stat("..")["nlink"] == 0
    assert t.chdir("..") is None
    assert t.getcwd() == "ENOENT"
    assert t.mkdir("x") == "ENOENT"
    assert t.chdir("..") is None
    assert t.getcwd() == "/"


def directory_descriptors(m: Machine) -> None:
    """A directory reads as EISDIR, seeks, and stays when it is removed."""
    t = m.spawn()
    for place in PLACES:
        t.mkdir(place + "d")
        fd = t.open(place + "d", O_RDONLY)
        assert t.read(fd, 1) == t.read(fd, 0) == t.pread(fd, 1, 0) == "EISDIR"
        assert t.write(fd, b"x") == t.pwrite(fd, b"x", 0) == "EBADF"
        assert t.readv(fd, [1]) == "EISDIR"
        assert t.lseek(fd, 5, SEEK_SET) == 5 and t.lseek(fd, 0, SEEK_CUR) == 5
        assert t.lseek(fd, -1, SEEK_SET) == t.lseek(fd, 0, 5) == "EINVAL"
        assert t.ftruncate(fd, 0) == "EINVAL" and t.fallocate(fd, 0, 0, 1) == "EBADF"
        assert t.fsync(fd) is None
        assert t.ioctl(fd, FIONREAD) == "ENOTTY" and t.ioctl(fd, FIONBIO, 1) == 0
        assert t.fcntl(fd, F_GETPIPE_SZ) == "EBADF"
        t.rmdir(place + "d")
        assert t.fstat(fd)["nlink"] == 0
        t.close(fd)


# ------------------------------------------------------------------------------------------------ link
def links(m: Machine) -> None:
    """link makes another name of the same inode, of any kind but a directory; a symbolic link is not followed."""
    t = m.spawn()
    for place in PLACES:
        _make(t, place + "f", b"abc")
        t.mkfifo(place + "p")
        t.symlink("f", place + "s")
        t.symlink("nope", place + "dangling")
        for name in ("f", "p", "s", "dangling"):
            assert t.link(place + name, place + name + "2") is None
            assert t.lstat(place + name) == t.lstat(place + name + "2")
            assert t.lstat(place + name)["nlink"] == 2
        fd = t.open(place + "f2", O_RDWR)
        t.unlink(place + "f")
        assert t.fstat(fd)["nlink"] == 1
        t.unlink(place + "f2")
        assert t.fstat(fd)["nlink"] == 0
        assert t.read(fd, 5) == b"abc" and t.write(fd, b"def") == 3
        assert t.fstat(fd)["size"] == 6
        t.close(fd)


def link_orders(m: Machine) -> None:
    """link: errors of the old path > of the new > EEXIST > EXDEV > EPERM (not one's own) > EACCES > EPERM (dir)."""
    a = m.spawn()
    _make(a, "/f")
    _make(a, "/tmp/t")
    a.mkdir("/d")
    assert a.link("/nope", "/nope2/x") == a.link("/nope", "/f") == "ENOENT"
    assert a.link("/f/x", "/nope/x") == "ENOTDIR"
    assert a.link("/f", "/nope/x") == "ENOENT"
    assert a.link("/f", "/f") == a.link("/d", "/f") == a.link("/d", "/d") == a.link("/f", "/tmp/t") == "EEXIST"
    assert a.link("/f", "/tmp/x") == a.link("/d", "/tmp/x") == a.link("/tmp/t", "/dev/shm/x") == "EXDEV"
    assert a.link("/d", "/x") == a.link("/d/", "/x") == "EPERM"
    b = m.spawn(uid=1000)
    _make(b, "/tmp/mine")
    b.mkdir("/tmp/dir")
    a.mkdir("/tmp/ro")
    assert b.link("/d", "/x") == b.link("/f", "/x") == b.link("/tmp/dir", "/tmp/x") == "EPERM"
    assert b.link("/tmp/mine", "/x") == "EXDEV"
    assert b.link("/tmp/mine", "/tmp/ro/x") == b.link("/tmp/dir", "/tmp/ro/x") == "EACCES"


def link_of_what_is_not_ones_own(m: Machine) -> None:
    """protected_hardlinks: a stranger links a regular file that he may read and write, not one with setuid, no FIFO."""
    a, b = m.spawn(), m.spawn(uid=1000)
    for name, mode, allowed in (
        ("rw", 0o666, True), ("r", 0o644, False), ("w", 0o622, False), ("none", 0o600, False),
        ("suid", 0o4666, False), ("sgid", 0o2676, False), ("sgid2", 0o2666, True),
    ):  # fmt: skip
        _make(a, f"/tmp/{name}")
        a.chmod(f"/tmp/{name}", mode)
        assert b.link(f"/tmp/{name}", f"/tmp/{name}2") == (None if allowed else "EPERM")
    a.mkfifo("/tmp/p")
    a.chmod("/tmp/p", 0o666)
    a.symlink("rw", "/tmp/s")
    assert b.link("/tmp/p", "/tmp/p2") == b.link("/tmp/s", "/tmp/s2") == "EPERM"
    assert b.link("/tmp/none", "/tmp/rw") == "EEXIST"
    b.mkfifo("/tmp/q")
    assert b.link("/tmp/q", "/tmp/q2") is None
    assert a.link("/tmp/q", "/tmp/q3") is None


# ------------------------------------------------------------------------------------------------ rename
def renames(m: Machine) -> None:
    """rename moves a name, over another of the same kind too, and leaves the inode alone."""
    t = m.spawn()
    for place in PLACES:
        t.mkdir(place + "d")
        _make(t, place + "f", b"abc")
        _make(t, place + "g", b"d")
        st, old = t.stat(place + "f"), t.open(place + "g", O_RDONLY)
        assert t.rename(place + "f", place + "d/h") is None
        assert t.stat(place + "f") == "ENOENT"
        assert t.stat(place + "d/h") == st
        assert t.rename(place + "d/h", place + "g") is None
        assert t.stat(place + "g") == st
        assert t.fstat(old)["nlink"] == 0
        assert t.read(old, 5) == b"d"
        t.close(old)
        t.symlink("g", place + "s")
        t.rename(place + "s", place + "s2")
        assert t.readlink(place + "s2") == "g"
        t.mkfifo(place + "p")
        assert t.rename(place + "s2", place + "p") is None
        assert t.readlink(place + "p") == "g"
        assert t.rename(place + "g", place + "p") is None
        assert t.lstat(place + "p")["mode"] == S_IFREG | 0o644


def rename_the_same(m: Machine) -> None:
    """Two names of one inode: rename does nothing and both stay."""
    t = m.spawn()
    _make(t, "/f")
    t.link("/f", "/g")
    assert t.rename("/f", "/g") is None
    assert t.stat("/f")["nlink"] == 2
    assert t.rename("/f", "/f") is None
    t.mkdir("/d")
    assert t.rename("/d", "/d") is None
    assert t.rename("/nope", "/nope") == "ENOENT"


def rename_directories(m: Machine) -> None:
    """A directory replaces an empty one; its ".." and the link counts of the parents follow."""
    t = m.spawn()
    for place in PLACES:
        for name in ("a", "b", "a/x", "b/y", "a/x/z"):
            t.mkdir(place + name)
        assert t.rename(place + "a/x", place + "b/y") is None
        assert t.stat(place + "b/y/..") == t.stat(place + "b")
        assert [t.stat(place + name)["nlink"] for name in ("a", "b", "b/y")] == [2, 3, 3]
        assert t.rename(place + "a", place + "b") == "ENOTEMPTY"
        assert t.rename(place + "b/y", place + "a") is None
        assert [t.stat(place + name)["nlink"] for name in ("a", "b")] == [3, 2]
        assert t.rename(place + "a", place + "c/") is None
        assert t.stat(place + "c/z")["nlink"] == 2


def rename_orders(m: Machine) -> None:
    """rename: EXDEV > EBUSY (dots) > ENOENT > ENOTDIR (slash) > EINVAL (into itself) > ENOTEMPTY (over its parent)."""
    t = m.spawn()
    t.mkdir("/d")
    t.mkdir("/d/e")
    t.mkdir("/d/e/g")
    _make(t, "/f")
    assert t.rename("/nope", "/tmp/x") == t.rename("/d/.", "/tmp/x") == t.rename("/f/", "/tmp/x") == "EXDEV"
    assert t.rename("/f", "/tmp") == "EISDIR"
    assert (
        t.rename("/d/..", "/x") == t.rename("/nope", "/d/.") == t.rename("/", "/x") == t.rename("/nope", "/") == "EBUSY"
    )
    assert t.rename("/nope", "/f/x") == "ENOTDIR"
    assert t.rename("/nope", "/f/") == "ENOENT"
    assert t.rename("/f", "/x/") == t.rename("/f", "/d/") == t.rename("/f/", "/x") == "ENOTDIR"
    assert t.rename("/d", "/d/x") == t.rename("/d", "/d/e") == t.rename("/d", "/d/e/g/x") == "EINVAL"
    assert t.rename("/d", "/d/nope/x") == "ENOENT"
    assert t.rename("/d/e", "/d") == t.rename("/d/e/g", "/d") == "ENOTEMPTY"
    assert t.rename("/f", "/d") == "EISDIR"
    assert t.rename("/d", "/f") == "ENOTDIR"
    t.mkdir("/full")
    t.mkdir("/full/x")
    assert t.rename("/d", "/full") == "ENOTEMPTY"
    assert t.rename("/f", "/full") == "EISDIR"


def rename_permission(m: Machine) -> None:
    """rename: EACCES for either directory, EPERM by its sticky bit, before the kinds are compared."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mkdir("/ro")
    _make(a, "/ro/f")
    a.mkdir("/ro/d")
    a.mkdir("/w")
    a.chmod("/w", 0o777)
    _make(b, "/w/f")
    b.mkdir("/w/d")
    assert b.rename("/ro/f", "/w/x") == b.rename("/w/f", "/ro/x") == b.rename("/w/f", "/ro/d") == "EACCES"
    assert b.rename("/w/d", "/ro/f") == b.rename("/w/f", "/ro/f") == b.rename("/ro/d", "/w/f") == "EACCES"
    assert b.rename("/ro/nope", "/w/x") == "ENOENT"
    assert b.rename("/ro/f", "/ro/f") is None
    a.chmod("/w", 0o1777)
    _make(a, "/w/root")
    a.mkdir("/w/rootdir")
    assert b.rename("/w/root", "/w/x") == b.rename("/w/f", "/w/root") == b.rename("/w/f", "/w/rootdir") == "EPERM"
    assert b.rename("/w/d", "/w/root") == b.rename("/w/root", "/w/d") == "EPERM"
    assert b.rename("/w/f", "/w/g") is None


def rename_of_ones_directory(m: Machine) -> None:
    """Moving a directory to another parent needs w on the directory itself, for its ".."."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mkdir("/w")
    a.chmod("/w", 0o777)
    b.mkdir("/w/p")
    b.mkdir("/w/d", 0o555)
    assert b.rename("/w/d", "/w/e") is None
    assert b.rename("/w/e", "/w/p/e") == "EACCES"
    b.chmod("/w/e", 0o755)
    assert b.rename("/w/e", "/w/p/e") is None


def rename_over_what_is_in_use(m: Machine) -> None:
    """A file that is open, a current directory, can be replaced; they live on without a name."""
    t = m.spawn()
    for place in PLACES:
        for name in ("d", "e"):
            t.mkdir(place + name)
        _make(t, place + "f", b"old")
        _make(t, place + "g", b"new")
        fd = t.open(place + "f", O_RDWR)
        t.rename(place + "g", place + "f")
        assert t.read(fd, 9) == b"old" and t.fstat(fd)["nlink"] == 0
        t.chdir(place + "d")
        t.rename(place + "e", place + "d")
        assert t.getcwd() == "ENOENT" and t.stat(".")["nlink"] == 0
        assert t.mkdir("x") == "ENOENT"
        t.chdir(place + "d")
        assert t.getcwd() == place + "d"
        assert t.rename(place + "d", place + "h") is None and t.getcwd() == place + "h"
        t.chdir("/")
        t.close(fd)


def rename_of_what_one_stands_in(m: Machine) -> None:
    """A current directory moves with its parents; relative paths go on from there."""
    a, b = m.spawn(), m.spawn()
    for path in ("/a", "/a/b", "/a/b/c", "/x"):
        a.mkdir(path)
    b.chdir("/a/b/c")
    assert a.rename("/a/b", "/x/y") is None
    assert b.getcwd() == "/x/y/c"
    assert b.stat("../..") == a.stat("/x")
    assert b.mkdir("../z") is None and a.stat("/x/y/z")["nlink"] == 2
    assert b.rename("../../y", "/a/y") is None
    assert b.getcwd() == "/a/y/c"
    assert b.rename("../c", "../../c") is None
    assert b.getcwd() == "/a/c"
    assert b.rename("/a", "e") == "EINVAL"


def rename_of_mount_points(m: Machine) -> None:
    """A mount point cannot be moved or replaced: EBUSY."""
    t = m.spawn()
    t.mkdir("/d")
    _make(t, "/f")
    assert t.rename("/f", "/tmp") == "EISDIR" and t.rename("/tmp", "/f") == "ENOTDIR"
    assert t.rename("/tmp", "/x") == t.rename("/d", "/tmp") == t.rename("/proc", "/tmp") == "EBUSY"
    assert t.rename("/dev/shm", "/dev/x") == "EBUSY"
    assert t.rename("/dev/shm", "/x") == "EXDEV"


# ------------------------------------------------------------------------------------------------ chmod, chown, access
def open_permission(m: Machine) -> None:
    """The bits of owner, group or others decide, the first class that fits alone; root reads and writes all."""
    root = m.spawn()
    for mode in (0o000, 0o400, 0o200, 0o040, 0o020, 0o004, 0o002, 0o066, 0o606, 0o660):
        _make(root, "/f")
        root.chown("/f", 1000, 50)
        root.chmod("/f", mode)
        for uid, gid, groups, shift in ((1000, 50, (), 6), (1001, 50, (), 3), (1001, 9, (8, 50), 3), (1001, 9, (), 0)):
            t = m.spawn(uid, gid, groups)
            bits = mode >> shift & 7
            for flags, want in ((O_RDONLY, 4), (O_WRONLY, 2), (O_RDWR, 6)):
                assert (t.open("/f", flags) != "EACCES") == (bits & want == want)
        assert isinstance(root.open("/f", O_RDWR), int)
        root.unlink("/f")


def search_permission(m: Machine) -> None:
    """A directory without x stops every path through it, one without r does not; root passes."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mkdir("/d")
    a.mkdir("/d/e")
    _make(a, "/d/e/f")
    a.chmod("/d", 0o744)
    for call in (b.stat, b.lstat, b.readlink, b.unlink, b.rmdir, b.chdir, b.mkdir, b.mkfifo):
        assert call("/d/e/f") == "EACCES"
        assert call("/d/nope") == "EACCES"
        assert call("/d/..") == "EACCES"
    assert b.open("/d/e/f", O_RDONLY) == b.open("/d/..", O_RDONLY) == "EACCES"
    assert b.chmod("/d/e/f", 0) == b.chown("/d/e/f", -1, -1) == b.truncate("/d/e/f", 0) == "EACCES"
    assert b.rename("/d/e/f", "/tmp/f") == b.rename("/d/e", "/d/nope") == "EACCES"
    assert b.link("/d/e/f", "/tmp/f") == b.symlink("x", "/d/nope") == "EACCES"
    assert a.stat("/d/e/f")["mode"] == S_IFREG | 0o644
    a.chmod("/d", 0o711)
    assert b.open("/d/e/f", O_RDONLY) == 0
    assert b.open("/d", O_RDONLY) == "EACCES"
    assert b.chdir("/d") is None
    assert b.stat("e/f") == a.stat("/d/e/f")


def search_permission_of_the_current_directory(m: Machine) -> None:
    """A current directory that loses its x stops relative paths, not absolute ones."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mkdir("/d")
    _make(a, "/d/f")
    b.chdir("/d")
    a.chmod("/d", 0o700)
    assert b.stat("f") == "EACCES"
    assert b.stat("..") == "EACCES"
    assert b.stat(".") == "EACCES"
    assert b.stat("/") == a.stat("/")
    assert b.getcwd() == "/d"
    assert b.chdir(".") == "EACCES"


def creating_needs_a_writable_directory(m: Machine) -> None:
    """EEXIST > EACCES: what exists is told before the directory's w is asked."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mkdir("/d")
    _make(a, "/d/f")
    assert b.open("/d/new", CREATE) == "EACCES"
    assert b.open("/d/f", CREATE | O_EXCL) == "EEXIST"
    assert b.mkdir("/d/new") == b.mkfifo("/d/new") == b.symlink("x", "/d/new") == b.mknod("/d/new", 0o666) == "EACCES"
    assert b.mkdir("/d/f") == b.mkfifo("/d/f") == b.symlink("x", "/d/f") == b.mknod("/d/f", 0o666) == "EEXIST"
    _make(b, "/tmp/mine")
    a.mkdir("/tmp/d", 0o755)
    _make(a, "/tmp/d/f")
    assert b.link("/tmp/mine", "/tmp/d/new") == "EACCES"
    assert b.link("/tmp/mine", "/tmp/d/f") == "EEXIST"
    assert b.mknod("/d/new", S_IFCHR | 0o666, 0x103) == "EACCES"
    assert b.mknod("/d/f", S_IFCHR | 0o666, 0x103) == "EEXIST"
    assert b.open("/d/f", CREATE) == "EACCES"
    assert b.open("/d/f", O_CREAT) == 0


def chmod_rules(m: Machine) -> None:
    """chmod is the owner's and root's: EPERM; twelve bits count; setgid goes when the group is not one's own."""
    root, a, b = m.spawn(), m.spawn(uid=1000, groups=(70,)), m.spawn(uid=1001)
    _make(a, "/tmp/f")
    for mode in (0, 0o7777, 0o644, 0o107755, -1):
        assert a.chmod("/tmp/f", mode) is None
        assert _mode(a, "/tmp/f") == mode & 0o7777
        assert a.stat("/tmp/f")["mode"] & S_IFMT == S_IFREG
    assert b.chmod("/tmp/f", 0o777) == "EPERM"
    assert b.chmod("/tmp/nope", 0o777) == "ENOENT"
    fd = a.open("/tmp/f", O_RDONLY)
    assert a.fchmod(fd, 0o4711) is None
    assert a.fchmod(99, 0) == "EBADF"
    root.chown("/tmp/f", 1000, 70)
    assert a.chmod("/tmp/f", 0o2777) is None and _mode(a, "/tmp/f") == 0o2777
    root.chown("/tmp/f", 1000, 80)
    assert a.chmod("/tmp/f", 0o2777) is None and _mode(a, "/tmp/f") == 0o777
    assert root.chmod("/tmp/f", 0o2777) is None and _mode(a, "/tmp/f") == 0o2777


def fchmod_needs_no_access_mode(m: Machine) -> None:
    """fchmod and fchown ask who calls, not how the descriptor was opened."""
    a, b = m.spawn(), m.spawn(uid=1000)
    _make(a, "/f")
    a.chmod("/f", 0o666)
    fd = b.open("/f", O_RDWR)
    assert b.fchmod(fd, 0) == b.fchown(fd, 1000, 1000) == "EPERM"
    fd = a.open("/f", O_RDONLY)
    assert a.fchmod(fd, 0o600) is None and a.fchown(fd, 1000, 1000) is None
    assert b.fchmod(0, 0o640) is None
    assert b.stat("/f")["mode"] == S_IFREG | 0o640


def chown_rules(m: Machine) -> None:
    """chown: root anything; an owner the group to one of his own; all else EPERM, but no change at all is allowed."""
    root, a, b = m.spawn(), m.spawn(uid=1000, groups=(70, 71)), m.spawn(uid=1001)
    _make(a, "/tmp/f")
    assert root.chown("/tmp/f", 1001, 5) is None
    assert root.chown("/tmp/f", -1, 6) is None
    assert root.chown("/tmp/f", 1000, -1) is None
    st = a.stat("/tmp/f")
    assert (st["uid"], st["gid"]) == (1000, 6)
    assert a.chown("/tmp/f", -1, 70) is None
    assert a.chown("/tmp/f", 1000, 1000) is None
    assert a.chown("/tmp/f", 1000, 71) is None
    assert a.chown("/tmp/f", -1, 72) == a.chown("/tmp/f", 1001, -1) == a.chown("/tmp/f", 1001, 71) == "EPERM"
    assert a.stat("/tmp/f")["gid"] == 71
    assert b.chown("/tmp/f", -1, -1) is None
    assert b.chown("/tmp/f", 1000, 71) == b.chown("/tmp/f", 1001, -1) == b.chown("/tmp/f", -1, 1001) == "EPERM"
    fd = a.open("/tmp/f", O_RDONLY)
    assert a.fchown(fd, -1, 70) is None and a.fchown(99, 0, 0) == "EBADF"
    root.chown("/tmp/f", 0, 0)
    assert a.chown("/tmp/f", -1, 70) == "EPERM"


def chown_clears_setuid(m: Machine) -> None:
    """chown takes setuid away, and setgid if the group may execute, from files, also if nothing changes, by root."""
    root, a = m.spawn(), m.spawn(uid=1000)
    for place in PLACES:
        _make(root, place + "f")
        root.mkfifo(place + "p")
        root.mkdir(place + "d")
        for name, mode, args, left in (
            ("f", 0o6777, (0, 0), 0o777), ("f", 0o6767, (0, 0), 0o2767), ("f", 0o6777, (-1, -1), 0o777),
            ("f", 0o7777, (-1, 5), 0o1777), ("p", 0o6777, (5, 5), 0o777), ("d", 0o6777, (5, 5), 0o6777),
            ("f", 0o4777, (-1, -1), 0o777),
        ):  # fmt: skip
            root.chmod(place + name, mode)
            root.chown(place + name, *args)
            assert _mode(root, place + name) == left
        root.chown(place + "f", 1000, 1000)
        for mode, left in ((0o6777, 0o777), (0o6767, 0o2767), (0o2666, 0o2666)):
            a.chmod(place + "f", mode)
            assert a.chown(place + "f", 1000, 1000) is None
            assert _mode(a, place + "f") == left


def chown_of_nothing_by_strangers(m: Machine) -> None:
    """chown(-1, -1) by a stranger is allowed, but not if it would have to take setuid or setgid away: EPERM."""
    a, b = m.spawn(), m.spawn(uid=1000)
    for place in PLACES:
        _make(a, place + "f")
        for mode, refused in (
            (0o777, False), (0o1777, False), (0o4666, True), (0o4777, True), (0o2777, True), (0o2666, True),
            (0o6666, True),
        ):  # fmt: skip
            a.chmod(place + "f", mode)
            fd = b.open(place + "f", O_RDONLY)
            assert b.chown(place + "f", -1, -1) == b.fchown(fd, -1, -1) == ("EPERM" if refused else None)
            assert _mode(a, place + "f") == mode
        a.mkdir(place + "d")
        a.chmod(place + "d", 0o6777)
        assert b.chown(place + "d", -1, -1) is None
        a.mkfifo(place + "p")
        a.chmod(place + "p", 0o4777)
        assert b.chown(place + "p", -1, -1) == "EPERM"


def writing_clears_setuid(m: Machine) -> None:
    """A write, truncate or O_TRUNC by one who is not root takes setuid and setgid away; of nothing, it does not."""
    root, a = m.spawn(), m.spawn(uid=1000)
    for place in PLACES:
        path = place + "f"
        _make(root, path, b"abc")

        def cleared(t: Task, act: Callable[[], Any], mode: int = 0o6777, path: str = path) -> int:
            root.chmod(path, mode)
            act()
            return _mode(root, path)

        root.chmod(path, 0o777)
        fd, own = a.open(path, O_RDWR), root.open(path, O_RDWR)
        assert cleared(a, lambda fd=fd: a.write(fd, b"")) == 0o6777
        assert cleared(a, lambda fd=fd: a.write(fd, b"x")) == 0o777
        assert cleared(a, lambda fd=fd: a.write(fd, b"x"), 0o6767) == 0o767
        assert cleared(a, lambda fd=fd: a.pwrite(fd, b"x", 9), 0o4666) == 0o666
        assert cleared(a, lambda fd=fd: a.read(fd, 1)) == 0o6777
        assert cleared(a, lambda fd=fd: a.ftruncate(fd, 2)) == 0o777
        assert cleared(a, lambda path=path: a.truncate(path, 2)) == 0o777
        assert cleared(a, lambda path=path: a.close(a.open(path, O_WRONLY | O_TRUNC))) == 0o777
        assert cleared(a, lambda fd=fd: a.fallocate(fd, 0, 0, 10)) == 0o777
        assert cleared(root, lambda own=own: root.write(own, b"x")) == 0o6777
        assert cleared(root, lambda own=own: root.ftruncate(own, 0)) == 0o6777
        a.close(fd)


def access_call(m: Machine) -> None:
    """access: EINVAL (mode) > the path's errors > EACCES; root may execute only what someone may."""
    a, b = m.spawn(), m.spawn(uid=1000)
    _make(a, "/f")
    assert b.access("/f", 8) == b.access("/nope", 8) == b.access("/nope", -1) == "EINVAL"
    assert b.access("/nope", 0) == "ENOENT"
    assert b.access("/f", 0) is None and b.access("/f", R_OK) is None
    assert b.access("/f", W_OK) == b.access("/f", X_OK) == b.access("/f", R_OK | W_OK) == "EACCES"
    assert a.access("/f", R_OK | W_OK) is None and a.access("/f", X_OK) == "EACCES"
    a.chmod("/f", 0o001)
    assert a.access("/f", X_OK | R_OK | W_OK) is None
    a.chmod("/tmp", 0)
    assert a.access("/tmp", X_OK | R_OK | W_OK) is None


# ------------------------------------------------------------------------------------------------ further calls
def at_calls(m: Machine) -> None:
    """openat and mknodat: relative to a directory's descriptor; EBADF and ENOTDIR for others, not if absolute."""
    t = m.spawn()
    t.mkdir("/d")
    d, f = t.open("/d", O_RDONLY), t.open("/f", CREATE)
    assert t.openat(d, "x", CREATE, 0o600) == 2
    assert t.stat("/d/x")["mode"] == S_IFREG | 0o600
    assert t.mknodat(d, "p", S_IFIFO | 0o644, 0) is None
    assert t.openat(-100, "d/p", O_RDWR) == 3
    assert t.openat(99, "x", O_RDONLY) == "EBADF" and t.openat(f, "x", O_RDONLY) == "ENOTDIR"
    assert t.openat(99, "", O_RDONLY) == "ENOENT"
    assert t.openat(99, "/d/x", O_RDONLY) == 4
    t.unlink("/d/x")
    t.unlink("/d/p")
    t.rmdir("/d")
    assert t.openat(d, "x", CREATE) == "ENOENT"
    assert t.openat(d, "../f", O_RDONLY) == 5


def fchdir_call(m: Machine) -> None:
    """fchdir: EBADF > ENOTDIR > EACCES (x); O_PATH will do."""
    a, b = m.spawn(), m.spawn(uid=1000)
    a.mkdir("/d", 0o744)
    _make(a, "/f")
    d, f, p = b.open("/d", O_RDONLY), b.open("/f", O_RDONLY), b.open("/tmp", O_PATH)
    assert b.fchdir(99) == "EBADF" and b.fchdir(f) == "ENOTDIR" and b.fchdir(d) == "EACCES"
    assert b.fchdir(p) is None and b.getcwd() == "/tmp"
    a.fchdir(a.open("/d", O_RDONLY))
    assert a.getcwd() == "/d"


def lchown_call(m: Machine) -> None:
    """lchown changes the link, chown what it leads to."""
    t = m.spawn()
    _make(t, "/tmp/f")
    t.symlink("f", "/tmp/s")
    assert t.lchown("/tmp/s", 5, 6) is None
    assert t.chown("/tmp/s", 7, 8) is None
    assert (t.lstat("/tmp/s")["uid"], t.stat("/tmp/s")["uid"]) == (5, 7)
