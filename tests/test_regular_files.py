"""Regular files: bytes, pages, blocks, limits, paths of every type, records, times, flags of chattr, the journal."""

import errno
import os
import pathlib
import pickle

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import fastipc
from fastipc import (
    AT_FDCWD,
    EBADF,
    EFBIG,
    EINVAL,
    ENAMETOOLONG,
    ENOENT,
    ENOMEM,
    ENOSPC,
    ENOTTY,
    EOPNOTSUPP,
    EPERM,
    ERANGE,
    FALLOC_FL_KEEP_SIZE,
    FALLOC_FL_PUNCH_HOLE,
    O_APPEND,
    O_CREAT,
    O_EXCL,
    O_NOATIME,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_TRUNC,
    O_WRONLY,
    RLIMIT_FSIZE,
    SEEK_CUR,
    SEEK_DATA,
    SEEK_END,
    SEEK_HOLE,
    SEEK_SET,
    SIG_IGN,
    SIGXFSZ,
    STAT,
    Kernel,
    Stat,
)

PAGE = 4096
NEW = O_CREAT | O_RDWR
PG_BUDDY = 1  # head of a free block
PUNCH = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE


@pytest.fixture
def t(k):
    return k.spawn(name="t")


def pages(k):
    return k.counters["pages_alloc"] - k.counters["pages_free"]


def blocks_of(k, dev):
    rows = k.table("super_block", live=True)
    return int(rows["s_blocks"][rows["s_dev"] == dev][0])


# ------------------------------------------------------------------------------------------ bytes
class FileModel(RuleBasedStateMachine):
    """One file through several descriptors, against a bytearray and the set of its pages."""

    path = "/tmp/f"

    def __init__(self):
        super().__init__()
        self.k = Kernel(memory=4 << 20)
        self.t = self.k.spawn()
        self.free = pages(self.k)
        self.data, self.pages = bytearray(), set()

    @initialize()
    def open(self):
        flags = (NEW, NEW, NEW | O_APPEND)
        self.fds = [self.t.open(self.path, f) for f in flags]
        self.pos = dict.fromkeys(self.fds, 0)
        self.same = self.t.dup(self.fds[0])

    fd = st.sampled_from([0, 1, 2, 3])
    offset = st.one_of(st.integers(0, 20_000), st.sampled_from([0, PAGE - 1, PAGE, 65 * PAGE, 300_000, 64 * 64 * PAGE]))
    size = st.one_of(st.integers(0, 9000), st.sampled_from([1, PAGE, 2 * PAGE + 1]))

    def key(self, fd):
        """The descriptor of the open file that `fd` shares."""
        return self.fds[0] if fd == self.same else fd

    def put(self, at, data):
        if data:
            self.data.extend(bytes(max(at + len(data) - len(self.data), 0)))
            self.data[at : at + len(data)] = data
            self.pages |= set(range(at // PAGE, (at + len(data) - 1) // PAGE + 1))

    def seek_in_pages(self, at, data):
        if at >= len(self.data):
            return -errno.ENXIO
        index, end = at // PAGE, -(-len(self.data) // PAGE)
        while index < end and (index in self.pages) is not data:
            index += 1
        if data and index == end:
            return -errno.ENXIO
        return min(max(at, index * PAGE), len(self.data))

    @rule(fd=fd, n=size, byte=st.integers(1, 255))
    def write(self, fd, n, byte):
        key = self.key(fd)
        at = len(self.data) if fd == 2 and n else self.pos[key]
        assert self.t.write(fd, bytes([byte]) * n) == n
        self.put(at, bytes([byte]) * n)
        if n:
            self.pos[key] = at + n

    @rule(fd=fd, n=size, at=offset, byte=st.integers(1, 255))
    def pwrite(self, fd, n, at, byte):
        assert self.t.pwrite(fd, bytes([byte]) * n, at) == n
        self.put(len(self.data) if fd == 2 else at, bytes([byte]) * n)  # O_APPEND wins over the offset, as on Linux

    @rule(fd=fd, n=size)
    def read(self, fd, n):
        key = self.key(fd)
        want = bytes(self.data[self.pos[key] : self.pos[key] + n])
        assert self.t.read(fd, n) == want
        self.pos[key] += len(want)

    @rule(fd=fd, n=size, at=offset)
    def pread(self, fd, n, at):
        assert self.t.pread(fd, n, at) == bytes(self.data[at : at + n])

    @rule(fd=fd, at=st.integers(-5000, 20_000), whence=st.sampled_from([SEEK_SET, SEEK_CUR, SEEK_END]))
    def seek(self, fd, at, whence):
        key = self.key(fd)
        want = at + {SEEK_SET: 0, SEEK_CUR: self.pos[key], SEEK_END: len(self.data)}[whence]
        got = self.t.sys_lseek(fd, at, whence)
        assert got == (want if want >= 0 else -EINVAL)
        if got >= 0:
            self.pos[key] = got

    @rule(fd=fd, at=offset, data=st.booleans())
    def seek_data(self, fd, at, data):
        got = self.t.sys_lseek(fd, at, SEEK_DATA if data else SEEK_HOLE)
        assert got == self.seek_in_pages(at, data)
        if got >= 0:
            self.pos[self.key(fd)] = got

    @rule(n=offset, by_path=st.booleans())
    def truncate(self, n, by_path):
        if by_path:
            self.t.truncate(self.path, n)
        else:
            self.t.ftruncate(self.fds[0], n)
        if n <= len(self.data):
            self.pages = {page for page in self.pages if page * PAGE < n}
        del self.data[n:]
        self.data.extend(bytes(n - len(self.data)))

    @rule(at=offset, n=st.integers(1, 20_000), keep=st.booleans())
    def fallocate(self, at, n, keep):
        self.t.fallocate(self.fds[0], FALLOC_FL_KEEP_SIZE if keep else 0, at, n)
        self.pages |= set(range(at // PAGE, (at + n - 1) // PAGE + 1))
        if not keep:
            self.data.extend(bytes(max(at + n - len(self.data), 0)))

    @rule(at=offset, n=st.integers(1, 20_000))
    def punch(self, at, n):
        self.t.fallocate(self.fds[0], PUNCH, at, n)
        end = min(at + n, len(self.data))
        if at < end:
            self.data[at:end] = bytes(end - at)
        self.pages -= set(range(-(-at // PAGE), (at + n) // PAGE))

    @invariant()
    def agrees(self):
        if not hasattr(self, "fds"):
            return
        stat = self.t.fstat(self.fds[1])
        assert stat.st_size == len(self.data)
        assert stat.st_blocks == 8 * len(self.pages) == 8 * blocks_of(self.k, stat.st_dev)
        assert pages(self.k) - self.free == len(self.pages)
        self.k.verify()

    def teardown(self):
        if hasattr(self, "fds"):
            assert self.t.pread(self.fds[0], 1 << 20, 0) == bytes(self.data[: 1 << 20])
            self.t.unlink(self.path)
            self.t.exit()
            assert pages(self.k) == self.free
            assert len(self.k.table("xa_node", live=True)) == 0
        self.k.verify()
        self.k.close()


class DiskModel(FileModel):
    path = "/f"


TestFileOnTmpfs = FileModel.TestCase
TestFileOnTmpfs.settings = settings(max_examples=40, stateful_step_count=40)
TestFileOnDisk = DiskModel.TestCase
TestFileOnDisk.settings = settings(max_examples=15, stateful_step_count=40)


def test_a_sparse_file_has_the_pages_that_were_written(k, t):
    fd = t.open("/tmp/f", NEW)
    places = [0, 63, 64, 4095, 4096, 1 << 18, (1 << 24) + 5, (1 << 40) + 1]
    for n, place in enumerate(places):
        t.pwrite(fd, bytes([n + 1]) * 10, place * PAGE + 100)
        k.verify()
    assert t.fstat(fd).st_blocks == 8 * len(places)
    for n, place in enumerate(places):
        assert t.pread(fd, 12, place * PAGE + 99) == b"\0" + bytes([n + 1]) * 10 + b"\0"[: n != 7]
    at, found = 0, []
    while (at := t.sys_lseek(fd, at, SEEK_DATA)) >= 0:
        found.append(at // PAGE)
        at = t.lseek(fd, at, SEEK_HOLE)
    assert found == [0, 63, 4095, 1 << 18, (1 << 24) + 5, (1 << 40) + 1]
    t.ftruncate(fd, 64 * PAGE)
    assert t.fstat(fd).st_blocks == 16
    k.verify()
    t.ftruncate(fd, 0)
    assert len(k.table("xa_node", live=True)) == 0


def test_pages_and_blocks_come_back(k, t):
    def free_pages():
        blocks = map(int, k.read_proc("/proc/buddyinfo").split()[4:])
        pages = k.table("page")
        in_blocks = (1 << pages["order"][pages["flags"] & PG_BUDDY != 0].astype(int)).sum()
        cached = np.count_nonzero(pages["live"] == 0) - in_blocks
        return sum(n << order for order, n in enumerate(blocks)) + cached

    free, total = pages(k), free_pages()
    for path in ("/tmp/f", "/dev/shm/f", "/f"):
        fd = t.open(path, NEW)
        dev = t.fstat(fd).st_dev
        t.write(fd, b"x" * 100_000)
        assert blocks_of(k, dev) == 25
        assert pages(k) == free + 25
        t.truncate(path, 5000)
        assert blocks_of(k, dev) == 2
        t.unlink(path)
        assert t.fstat(fd).st_nlink == 0
        assert blocks_of(k, dev) == 2  # still open
        assert t.pread(fd, 10, 0) == b"x" * 10
        t.close(fd)
        assert blocks_of(k, dev) == 0
    assert pages(k) == free
    assert free_pages() == total


def test_the_last_holder_of_an_unlinked_file_may_be_another_process(k, t):
    free = pages(k)
    fd = t.open("/tmp/f", NEW)
    t.write(fd, b"data")
    c = t.fork()
    t.unlink("/tmp/f")
    t.close(fd)
    assert c.pread(fd, 10, 0) == b"data"
    again = t.open("/tmp/f", NEW | O_EXCL)
    assert t.fstat(again).st_ino != c.fstat(fd).st_ino
    c.exit()
    assert pages(k) == free


def test_links_share_one_file(k, t):
    fd = t.open("/tmp/a", NEW)
    t.link("/tmp/a", "/tmp/b")
    t.write(fd, b"one")
    other = t.open("/tmp/b", O_RDWR)
    assert t.read(other, 10) == b"one"
    assert t.stat("/tmp/a").st_nlink == 2
    t.unlink("/tmp/a")
    assert t.fstat(fd) == t.stat("/tmp/b")
    assert t.open("/tmp/b", O_RDWR | O_TRUNC) == 2
    assert t.read(fd, 10) == t.read(other, 10) == b""


def test_long_transfers_of_vectors_and_counters(k, t):
    fd = t.open("/tmp/f", NEW)
    before = k.counters["bytes"]
    assert t.writev(fd, [b"a" * 5000, b"", b"b" * 10_000]) == 15_000
    t.lseek(fd, 0, SEEK_SET)
    parts = [bytearray(3), bytearray(0), bytearray(20_000)]
    assert t.readv(fd, parts) == 15_000
    assert b"".join(parts)[:15_000] == b"a" * 5000 + b"b" * 10_000
    assert k.counters["bytes"] == before + 30_000


# ------------------------------------------------------------------------------------------ full
def test_tmpfs_is_full_at_half_the_memory(make_kernel, errno_of, picture):
    k = make_kernel(memory=64 * PAGE)
    t = k.spawn()
    fd = t.open("/tmp/f", NEW)
    assert t.write(fd, b"x" * (40 * PAGE)) == 32 * PAGE  # partial
    before = picture(k)
    assert errno_of(t.pwrite, fd, b"y", 32 * PAGE) == ENOSPC
    assert errno_of(t.pwrite, fd, b"y" * (3 * PAGE), 50 * PAGE + 5) == ENOSPC
    assert errno_of(t.fallocate, fd, 0, 30 * PAGE, 3 * PAGE) == ENOSPC
    after = picture(k)
    assert {name for name in after if after[name] != before[name]} <= {"inode"}  # its times
    assert t.pwrite(fd, b"z" * PAGE, 5) == PAGE
    other = t.open("/dev/shm/f", NEW)
    assert t.write(other, b"y" * (40 * PAGE)) == 32 * PAGE  # another file system, the rest of the memory
    r, w = t.pipe()
    assert errno_of(t.write, w, b"x" * 100) == ENOMEM
    t.fallocate(fd, PUNCH, 0, 4 * PAGE)
    assert t.write(w, b"x" * 100) == 100
    assert t.pwrite(fd, b"q" * (4 * PAGE), 40 * PAGE) == 3 * PAGE  # the pipe has one
    assert errno_of(t.pwrite, fd, b"q", 43 * PAGE) == ENOMEM


def test_a_disk_is_full_when_the_memory_is(make_kernel, errno_of, picture):
    k = make_kernel(memory=64 * PAGE)
    t = k.spawn()
    fd = t.open("/f", NEW)
    n = t.write(fd, b"x" * (100 * PAGE))
    assert n == 64 * PAGE
    assert errno_of(t.write, fd, b"y") == ENOMEM
    assert t.fstat(fd).st_size == n
    before = picture(k)
    assert errno_of(t.fallocate, fd, 0, 62 * PAGE, 5 * PAGE) in (ENOMEM, ENOSPC)
    assert picture(k) == before
    k.verify()
    t.ftruncate(fd, 60 * PAGE)
    assert errno_of(t.fallocate, fd, 0, 58 * PAGE, 7 * PAGE) in (ENOMEM, ENOSPC)
    assert t.fstat(fd).st_blocks == 60 * 8  # all or nothing
    t.fallocate(fd, 0, 58 * PAGE, 6 * PAGE)


def test_a_page_that_fails_ends_a_write_early(k, t, errno_of):
    fd = t.open("/tmp/f", NEW)
    k.inject("page", 3, fastipc.EIO)
    assert t.write(fd, b"x" * (5 * PAGE)) == 2 * PAGE
    k.inject("xa_node", 1)
    assert errno_of(t.pwrite, fd, b"x", 64 * PAGE) == ENOMEM
    assert t.fstat(fd).st_size == 2 * PAGE
    k.inject("page", 2)
    assert errno_of(t.fallocate, fd, 0, 2 * PAGE, 3 * PAGE) == ENOMEM
    assert t.fstat(fd).st_blocks == 16
    k.verify()


@pytest.mark.parametrize(("kind", "allocations"), [("page", 1), ("xa_node", 11), ("row", 11)])
def test_every_allocation_of_a_write_far_away(k, t, picture, kind, allocations):
    fd = t.open("/tmp/f", NEW)
    before = picture(k)
    for n in range(1, 50):
        k.inject(kind, n)
        if t.sys_pwrite(fd, b"far", 1 << 46) == 3:
            break
        assert t.errno == ENOMEM
        assert picture(k) == before
        k.verify()
    k.inject(kind, 0)
    assert n == allocations + 1
    t.pwrite(fd, b"near", 0)
    for n in range(1, 5):
        k.inject(kind, n)
        t.sys_pwrite(fd, b"farther", 1 << 60)
        assert t.fstat(fd).st_size in ((1 << 46) + 3, (1 << 60) + 7)
        assert t.pread(fd, 4, 0) == b"near"
        assert t.pread(fd, 4, 1 << 46)[:3] == b"far"
        k.verify()
    k.inject(kind, 0)
    t.ftruncate(fd, 0)
    assert len(k.table("xa_node", live=True)) == 0


def test_the_limit_of_a_files_size(k, errno_of):
    t = k.spawn()
    t.signal(SIGXFSZ, SIG_IGN)
    t.setrlimit(RLIMIT_FSIZE, (10_000, 20_000))
    fd = t.open("/tmp/f", NEW)
    assert t.write(fd, b"x" * 9000) == 9000
    assert t.write(fd, b"x" * 9000) == 1000  # cut
    assert errno_of(t.write, fd, b"x") == EFBIG
    assert t.write(fd, b"") == 0
    assert errno_of(t.pwrite, fd, b"x", 1 << 30) == EFBIG
    assert errno_of(t.ftruncate, fd, 10_001) == EFBIG
    assert errno_of(t.truncate, "/tmp/f", 1 << 40) == EFBIG
    assert errno_of(t.fallocate, fd, 0, 9000, 1001) == EFBIG
    t.fallocate(fd, FALLOC_FL_KEEP_SIZE, 9000, 10_000)
    t.ftruncate(fd, 10_000)
    r, w = t.pipe()
    assert t.write(w, b"x" * 20_000) == 20_000  # files only
    assert t.fstat(fd).st_size == 10_000


@pytest.mark.parametrize("act", ["write", "truncate", "ftruncate"])
def test_beyond_the_limit_is_death_by_sigxfsz(k, kind, act):
    def program(t):
        yield t.setrlimit(RLIMIT_FSIZE, (100, 100))
        fd = yield t.open("/tmp/f", NEW)
        yield t.write(fd, b"x" * 200)
        if act == "write":
            yield t.write(fd, b"y")
        elif act == "truncate":
            yield t.truncate("/tmp/f", 101)
        else:
            yield t.ftruncate(fd, 101)
        raise AssertionError("alive")

    t = k.spawn(kind(program))
    k.run()
    assert t.exit_status & 0x7F == SIGXFSZ
    assert k.spawn().stat("/tmp/f").st_size == 100


# ------------------------------------------------------------------------------------------ paths of every type
class Path:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


class Text(str):
    __slots__ = ()


ARRAY = np.frombuffer(b"/tmp/name\0/and more\0", np.uint8)
PATHS = [
    "/tmp/name",
    Text("/tmp/name"),
    b"/tmp/name",
    bytearray(b"/tmp/name"),
    memoryview(b"/tmp/name\0x"),
    pathlib.Path("/tmp/name"),
    pathlib.PurePosixPath("/tmp/name"),
    Path(b"/tmp/name"),
    ARRAY,
    ARRAY[:9],
    ARRAY.astype("i1"),
    np.array(b"/tmp/name").reshape(1),
    np.bytes_(b"/tmp/name"),
    np.str_("/tmp/name"),
]


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_paths_of_every_type(t, path):
    t.mkfifo("/tmp/name")
    assert t.stat(path) == t.stat("/tmp/name")
    assert t.sys_access(path, 0) == 0
    t.rename(path, "/tmp/other")
    t.symlink(path, "/tmp/link")
    assert t.readlink("/tmp/link") == "/tmp/name"


def test_an_empty_path_of_every_type(t, errno_of):
    for path in ("", b"", bytearray(), np.zeros(0, np.uint8), np.zeros(5, np.uint8), memoryview(b"")):
        assert errno_of(t.stat, path) == ENOENT


ONE_PATH = {
    "open": (0,),
    "mkfifo": (),
    "mknod": (0o644,),
    "mkdir": (),
    "rmdir": (),
    "unlink": (),
    "chmod": (0o600,),
    "access": (0,),
    "chown": (0, 0),
    "lchown": (0, 0),
    "truncate": (0,),
    "chdir": (),
    "stat": (),
    "lstat": (),
    "readlink": (),
}


@pytest.mark.parametrize("call", ONE_PATH)
def test_a_wrong_path_names_the_argument(k, t, picture, call):
    before = picture(k)
    for verb in ("", "sys_"):
        rest = (np.zeros(1, STAT),) if verb and call in ("stat", "lstat", "readlink") else ONE_PATH[call]
        f = getattr(t, verb + call)
        for path in (5, 1.5, None, np.int64(5), np.float64(1), ["x"], ("a",), Path(5), object(), ARRAY[::2]):
            with pytest.raises(TypeError, match=r"^path must be a path, not "):
                f(path, *rest)
        for path in ("a\0b", b"a\0b", pathlib.Path("a\0"), Text("\0"), Path(b"\0a")):
            with pytest.raises(ValueError, match="^path must not have a null byte"):
                f(path, *rest)
    assert picture(k) == before


@pytest.mark.parametrize(
    ("call", "args", "name"),
    [
        ("link", (5, "b"), "a"),
        ("link", ("a", 5), "b"),
        ("rename", (None, "b"), "a"),
        ("rename", ("a", None), "b"),
        ("symlink", (5, "b"), "target"),
        ("symlink", ("a", 5), "path"),
        ("renameat2", (AT_FDCWD, 5, AT_FDCWD, "b"), "a"),
        ("renameat2", (AT_FDCWD, "a", AT_FDCWD, 5), "b"),
        ("renameat2", (1.5, "a", AT_FDCWD, "b"), "olddirfd"),
        ("renameat2", (AT_FDCWD, "a", "x", "b"), "newdirfd"),
        ("renameat2", (AT_FDCWD, "a", AT_FDCWD, "b", "x"), "flags"),
        ("open", ("a", "r"), "flags"),
        ("open", ("a", 0, "rw"), "mode"),
        ("openat", ("d", "a", 0), "dirfd"),
        ("openat", (0, 0, 0), "path"),
        ("mknod", ("a", None), "mode"),
        ("mknod", ("a", 0, "null"), "dev"),
        ("mknodat", (None, "a", 0), "dirfd"),
        ("mkfifo", ("a", "rw"), "mode"),
        ("mkdir", ("a", 0.5), "mode"),
        ("chmod", ("a", "x"), "mode"),
        ("chown", ("a", "root", 0), "uid"),
        ("chown", ("a", 0, "root"), "gid"),
        ("access", ("a", "r"), "mode"),
        ("truncate", ("a", 1.0), "length"),
        ("ftruncate", ("a", 1), "fd"),
        ("fallocate", (0, 0, None, 1), "off"),
        ("fallocate", (0, 0, 0, "1"), "n"),
        ("fchmod", (0, "x"), "mode"),
        ("fchown", (0, "x", 0), "uid"),
        ("fchdir", ("/",), "fd"),
        ("fsync", (None,), "fd"),
        ("umask", ("022",), "m"),
    ],
)
def test_a_wrong_argument_is_named(k, t, picture, call, args, name):
    before = picture(k)
    for verb in (call, "sys_" + call):
        with pytest.raises(TypeError, match=rf"^{name} "):
            getattr(t, verb)(*args)
    assert picture(k) == before


def test_names_that_are_no_utf8(t):
    name = os.fsdecode(b"/tmp/\xff\xe9")
    assert name == "/tmp/\udcff\udce9"
    t.mkdir(name)
    assert t.stat(b"/tmp/\xff\xe9") == t.stat(name)
    t.chdir(name)
    assert t.getcwd() == name
    t.symlink(name, "/tmp/link")
    assert t.readlink(b"/tmp/link") == name
    buf = bytearray(20)
    assert t.sys_getcwd(buf) == 8
    assert buf[:8] == b"/tmp/\xff\xe9\0"
    t.chdir("/")
    t.mkdir("/tmp/größe")
    assert t.stat("/tmp/größe".encode()).st_mode == 0o40755


def test_a_surrogate_that_is_no_byte_is_refused(k, t, picture):
    before = picture(k)
    with pytest.raises(UnicodeEncodeError):
        t.mkdir("/tmp/\ud800")
    assert picture(k) == before


def test_the_longest_paths(t, errno_of):
    assert errno_of(t.stat, "/" * 4096) == ENAMETOOLONG
    assert t.stat("/" * 4095) == t.stat("/")
    assert t.stat("/tmp/" + "./" * 2045) == t.stat("/tmp")
    assert errno_of(t.mkdir, "/tmp/" + "x" * 256) == ENAMETOOLONG
    t.mkdir("/tmp/" + "x" * 255)


# ------------------------------------------------------------------------------------------ buffers of sys_ calls
def test_a_stat_needs_room_for_a_row(t):
    t.mkfifo("/tmp/p")
    fd = t.open("/tmp/p", O_RDWR)
    for call, what in ((t.sys_stat, "/tmp/p"), (t.sys_lstat, "/tmp/p"), (t.sys_fstat, fd)):
        with pytest.raises(ValueError, match="stat must have room"):
            call(what, bytearray(10))
        with pytest.raises(TypeError, match="^stat "):
            call(what, bytes(STAT.itemsize))
        with pytest.raises(TypeError, match="^stat "):
            call(what, None)
        rows = np.zeros(3, STAT)
        assert call(what, rows) == 0
        assert rows["st_mode"].tolist() == [0o10644, 0, 0]
        raw = bytearray(STAT.itemsize)
        assert call(what, raw) == 0
        assert raw == rows[:1].tobytes()
    rows = np.ones(1, STAT)
    assert t.sys_stat("/nope", rows) == -ENOENT
    assert rows["st_mode"] == 1  # not touched


def test_link_text_is_cut_and_a_directory_must_fit(t):
    t.symlink("0123456789", "/tmp/link")
    for n in (1, 9, 10, 11):
        buf = bytearray(n)
        assert t.sys_readlink("/tmp/link", buf) == min(n, 10)
        assert buf.rstrip(b"\0") == b"0123456789"[:n]
    assert t.sys_readlink("/tmp/link", bytearray(0)) == -EINVAL
    with pytest.raises(TypeError, match="^buf "):
        t.sys_readlink("/tmp/link", b"read only")
    t.chdir("/tmp")
    for n in (0, 4):
        assert t.sys_getcwd(bytearray(n)) == -ERANGE
    assert t.sys_getcwd(bytearray(5)) == 5
    with pytest.raises(TypeError, match="^buf "):
        t.sys_getcwd(b"read only")


# ------------------------------------------------------------------------------------------ the record
FIELDS = "st_dev st_ino st_mode st_nlink st_uid st_gid st_rdev st_size st_blksize st_blocks".split()
FIELDS += ["st_atime_ns", "st_mtime_ns", "st_ctime_ns"]


def test_a_stat_is_a_record(t):
    t.mknod("/tmp/null", 0o20666, 0x103)
    a = t.stat("/tmp/null")
    assert list(a._asdict()) == FIELDS
    assert list(a) == [getattr(a, name) for name in FIELDS] == list(a._asdict().values())
    assert (a.st_mode, a.st_rdev, a.st_nlink, a.st_blksize) == (0o20644, 0x103, 1, 4096)
    b = Stat(**a._asdict())
    assert a == b
    assert hash(a) == hash(b)
    assert pickle.loads(pickle.dumps(a)) == a
    assert a != Stat()
    assert a != tuple(a)
    assert eval(repr(a)) == a
    assert repr(Stat(st_ino=5)).startswith("Stat(st_dev=0, st_ino=5, ")
    assert (a.st_atime, a.st_mtime, a.st_ctime) == (1e9, 1e9, 1e9)


def test_a_stat_cannot_be_changed_and_is_made_by_keywords():
    s = Stat(st_size=5)
    for name in FIELDS:
        with pytest.raises(AttributeError):
            setattr(s, name, 1)
    with pytest.raises((AttributeError, TypeError)):
        s.other = 1
    with pytest.raises(TypeError):
        Stat(5)
    with pytest.raises(TypeError):
        Stat(colour=5)
    with pytest.raises(TypeError, match="^st_size "):
        Stat(st_size="5")
    assert list(Stat()) == [0] * 13


# ------------------------------------------------------------------------------------------ times, numbers
def test_times_come_from_the_virtual_clock(k, t):
    def times(path="/tmp/f"):
        s = t.lstat(path)
        return tuple((ns - 10**18) // 10**9 for ns in (s.st_atime_ns, s.st_mtime_ns, s.st_ctime_ns))

    fd = t.open("/tmp/f", NEW)
    assert times() == (0, 0, 0)
    t.nanosleep(1)
    t.write(fd, b"x")
    assert times() == (0, 1, 1)
    t.nanosleep(1)
    t.pread(fd, 1, 0)
    assert times() == (2, 1, 1)
    t.nanosleep(1)
    t.pread(fd, 1, 0)  # relatime
    t.fchmod(fd, 0o600)
    assert times() == (2, 1, 3)
    t.nanosleep(90_000)
    t.pread(fd, 1, 0)  # a day later
    assert times() == (90_003, 1, 3)
    t.truncate("/tmp/f", 1)
    quiet = t.open("/tmp/f", O_RDONLY | O_NOATIME)
    t.nanosleep(1)
    t.read(quiet, 1)
    assert times() == (90_003, 90_003, 90_003)
    t.link("/tmp/f", "/tmp/g")
    assert times() == (90_003, 90_003, 90_004)
    assert times("/tmp") == (0, 90_004, 90_004)
    assert t.stat("/tmp/f").st_mtime == 1e9 + 90_003


def test_inode_numbers_and_devices(t):
    seen = {}
    for path in ("/", "/dev", "/dev/shm", "/tmp", "/proc", "/dev/null"):
        s = t.stat(path)
        seen[path] = (s.st_dev, s.st_ino)
    assert seen["/"] == (0xFE00, 2)
    assert len({dev for dev, _ in seen.values()}) == 5
    assert seen["/dev/null"][0] == seen["/dev"][0]
    assert t.stat("/tmp/..") == t.stat("/")
    a, b = t.open("/tmp/a", NEW), t.open("/dev/shm/a", NEW)
    assert t.fstat(a).st_dev != t.fstat(b).st_dev
    numbers = []
    for n in range(20):
        t.mknod(f"/f{n}", 0o644)
        numbers.append(t.stat(f"/f{n}").st_ino)
    assert len(set(numbers)) == 20
    assert min(numbers) > 11


def test_a_failed_transfer_of_the_record_does_not_show_in_a_trace(k, t):
    fd = t.open("/tmp/f", NEW | O_APPEND)
    lines = []
    k.trace(lines)
    t.pwrite(fd, b"hello", 3)
    t.pread(fd, 2, 1)
    t.pread(fd, 100, 2)
    k.trace(None)
    assert [line.split(" ", 2)[2] for line in lines] == [
        "pwrite64(0, 5, 3) = 5",
        "pread64(0, 2, 1) = 2",
        "pread64(0, 100, 2) = 3",
    ]


# ------------------------------------------------------------------------------------------ chattr
GET, SET = fastipc.FS_IOC_GETFLAGS, fastipc.FS_IOC_SETFLAGS
APPEND, IMMUTABLE = fastipc.FS_APPEND_FL, fastipc.FS_IMMUTABLE_FL
DIRSYNC, SYNC = fastipc.FS_DIRSYNC_FL, fastipc.FS_SYNC_FL


@pytest.mark.parametrize("path", ["/f", "/tmp/f"])
def test_an_append_only_file(t, errno_of, path):
    before = t.open(path, NEW)
    t.write(before, b"old")
    t.ioctl(before, SET, APPEND)
    assert t.ioctl(before, GET) == APPEND
    for flags in (O_WRONLY, O_RDWR, O_RDWR | O_APPEND | O_TRUNC, O_RDONLY | O_TRUNC):
        assert errno_of(t.open, path, flags) == EPERM
    fd = t.open(path, O_WRONLY | O_APPEND)
    assert t.write(fd, b"new") == 3
    assert errno_of(t.fcntl, fd, fastipc.F_SETFL, 0) == EPERM
    assert t.pwrite(before, b"X", 0) == 1  # whoever had it open may go on
    for call, *args in (
        (t.unlink, path),
        (t.rename, path, path + "2"),
        (t.link, path, path + "2"),
        (t.chmod, path, 0o600),
        (t.chown, path, 1, 1),
        (t.truncate, path, 0),
        (t.ftruncate, before, 0),
        (t.fallocate, before, PUNCH, 0, 1),
    ):
        assert errno_of(call, *args) == EPERM
    t.fallocate(before, FALLOC_FL_KEEP_SIZE, 0, 1)
    assert t.pread(before, 10, 0) == b"Xldnew"
    t.ioctl(before, SET, 0)
    t.unlink(path)


@pytest.mark.parametrize("path", ["/f", "/tmp/f"])
def test_an_immutable_file(t, errno_of, path):
    fd = t.open(path, NEW)
    t.write(fd, b"old")
    t.ioctl(fd, SET, IMMUTABLE)
    for call, *args in (
        (t.open, path, O_WRONLY),
        (t.open, path, O_RDONLY | O_TRUNC),
        (t.unlink, path),
        (t.rename, path, path + "2"),
        (t.link, path, path + "2"),
        (t.chmod, path, 0o600),
        (t.fchown, fd, 1, 1),
        (t.truncate, path, 0),
        (t.fallocate, fd, 0, 0, 1),
    ):
        assert errno_of(call, *args) == EPERM
    if path == "/f":  # ext4 asks again, tmpfs does not
        assert errno_of(t.write, fd, b"x") == EPERM
        assert errno_of(t.write, fd, b"") == EPERM
        assert errno_of(t.ftruncate, fd, 1) == EPERM
    else:
        assert t.write(fd, b"x") == 1
        t.ftruncate(fd, 3)
    assert t.pread(t.open(path, O_RDONLY), 10, 0) == b"old"
    t.ioctl(fd, SET, 0)
    t.unlink(path)


@pytest.mark.parametrize("base", ["", "/tmp"])
def test_append_only_and_immutable_directories(t, errno_of, base):
    d = base + "/d"
    t.mkdir(d)
    fd = t.open(d, O_RDONLY)
    t.mknod(d + "/a", 0o644)
    t.mknod(base + "/out", 0o644)
    t.ioctl(fd, SET, APPEND)
    t.mknod(d + "/b", 0o644)
    t.mkdir(d + "/c")
    t.link(base + "/out", d + "/e")
    for call, *args in ((t.unlink, d + "/a"), (t.rmdir, d + "/c"), (t.rename, d + "/a", d + "/z"), (t.chmod, d, 0o700)):
        assert errno_of(call, *args) == EPERM
    t.ioctl(fd, SET, IMMUTABLE)
    for call, *args in (
        (t.unlink, d + "/a"),
        (t.mkdir, d + "/z"),
        (t.mkfifo, d + "/z"),
        (t.symlink, "x", d + "/z"),
        (t.link, base + "/out", d + "/z"),
        (t.rename, base + "/out", d + "/z"),
        (t.rename, d + "/a", base + "/z"),
        (t.open, d + "/z", NEW),
        (t.rmdir, d),
    ):
        assert errno_of(call, *args) == EPERM
    assert t.write(t.open(d + "/a", O_WRONLY), b"x") == 1  # what is in it is another matter
    t.ioctl(fd, SET, 0)


def test_who_may_set_which_flags(k, t, errno_of):
    u = k.spawn(uid=1000)
    mine = u.open("/tmp/u", NEW)
    assert errno_of(u.ioctl, mine, SET, APPEND) == EPERM
    u.ioctl(mine, SET, 0)
    theirs = u.open("/", O_RDONLY)
    assert errno_of(u.ioctl, theirs, SET, 0) == EPERM
    for flags in (DIRSYNC, SYNC, 1 << 30):
        assert errno_of(t.ioctl, t.open("/tmp", O_RDONLY), SET, flags) == EOPNOTSUPP
    t.mknod("/f", 0o644)
    assert errno_of(t.ioctl, t.open("/f", O_RDONLY), SET, DIRSYNC) == EOPNOTSUPP
    t.mkfifo("/p")
    r, _ = t.pipe()
    for fd in (t.open("/p", O_RDWR), t.open("/dev/null", 0), t.open("/proc", 0), t.open("/proc/self/status", 0), r):
        assert errno_of(t.ioctl, fd, GET) == ENOTTY
        assert errno_of(t.ioctl, fd, SET, 0) == ENOTTY
    assert errno_of(t.ioctl, t.open("/f", O_PATH), GET) == EBADF


def test_what_is_made_in_a_synchronous_directory_of_a_disk_is_too(t):
    def flags(path):
        fd = t.open(path, O_RDONLY)
        value = t.ioctl(fd, GET)
        t.close(fd)
        return value

    t.mkdir("/d")
    fd = t.open("/d", O_RDONLY)
    t.ioctl(fd, SET, DIRSYNC)
    t.mkdir("/d/a")
    t.mknod("/d/b", 0o644)
    t.ioctl(fd, SET, SYNC | DIRSYNC)
    t.mkdir("/d/c")
    t.mknod("/d/e", 0o644)
    assert [flags("/d/" + name) for name in "abce"] == [DIRSYNC, 0, SYNC | DIRSYNC, SYNC]


# ------------------------------------------------------------------------------------------ the journal
@pytest.fixture
def commits(k):
    """How many commits a call causes."""

    def commits(call, *args):
        before = k.counters["commits"]
        call(*args)
        return k.counters["commits"] - before

    return commits


def test_a_synchronous_directory_is_on_the_disk_when_the_call_returns(k, t, commits):
    t.mkdir("/d")
    t.mkdir("/e")
    fd = t.open("/d", O_RDONLY)
    t.ioctl(fd, SET, DIRSYNC)
    for call, *args in (
        (t.mknod, "/d/f", 0o644),
        (t.mkfifo, "/d/p"),
        (t.mkdir, "/d/s"),
        (t.symlink, "x", "/d/l"),
        (t.link, "/d/f", "/d/g"),
        (t.rename, "/d/g", "/d/h"),
        (t.rename, "/d/h", "/e/h"),
        (t.rename, "/e/h", "/d/h"),
        (t.unlink, "/d/h"),
        (t.rmdir, "/d/s"),
        (t.open, "/d/new", NEW),
    ):
        assert commits(call, *args) == 1, (call, args)
    for call, *args in (
        (t.mknod, "/e/f", 0o644),
        (t.mkdir, "/e/s"),
        (t.unlink, "/e/f"),
        (t.chmod, "/d/f", 0o600),
        (t.sys_mknod, "/d/f", 0o644),
        (t.stat, "/d/f"),
    ):
        assert commits(call, *args) == 0, (call, args)


def test_the_commit_comes_before_the_call_returns(k, t):
    t.mkdir("/d")
    t.ioctl(t.open("/d", O_RDONLY), SET, DIRSYNC)
    before, seen = k.counters["commits"], []
    k.hooks["path_mknod"] = lambda *_: seen.append(k.counters["commits"])
    t.mkfifo("/d/p")
    assert seen == [before + 1]


def test_fsync_commits_what_was_changed(t, commits):
    fd = t.open("/f", NEW)
    assert commits(t.fsync, fd) == 1
    assert commits(t.fsync, fd) == 0  # nothing new
    t.chmod("/f", 0o600)
    assert commits(t.fsync, t.open("/", O_RDONLY)) == 1
    other = t.open("/tmp/f", NEW)
    assert commits(t.fsync, other) == 0  # no journal


def test_a_transaction_is_committed_after_five_seconds(t, commits):
    t.mknod("/a", 0o644)
    t.nanosleep(4.9)
    assert commits(t.mknod, "/b", 0o644) == 0
    t.nanosleep(0.1)
    assert commits(t.mknod, "/c", 0o644) == 1
    t.nanosleep(4.9)
    assert commits(t.chmod, "/c", 0o600) == 0
    t.nanosleep(100)
    assert commits(t.stat, "/c") == 0
    assert commits(t.unlink, "/c") == 1


def test_the_other_file_systems_have_no_journal(t, commits):
    assert commits(t.mknod, "/tmp/f", 0o644) == 0
    t.nanosleep(10)
    assert commits(t.unlink, "/tmp/f") == 0


# ------------------------------------------------------------------------------------------ every allocation fails
LONG = "n" * 100
FAILING = {
    "open a new file": lambda t: t.sys_open("/f" + LONG, NEW),
    "open a new file of tmpfs": lambda t: t.sys_open("/tmp/f" + LONG, NEW),
    "open": lambda t: t.sys_open("/old", O_RDWR | O_TRUNC),
    "open without a name": lambda t: t.sys_open("/d", O_RDWR | fastipc.O_TMPFILE),
    "open a FIFO": lambda t: t.sys_open("/p", O_RDWR),
    "open of /proc": lambda t: t.sys_open("/proc/self/fd/0", O_RDONLY),
    "stat of /proc": lambda t: t.sys_stat("/proc/sys/fs/pipe-max-size", np.zeros(1, STAT)),
    "open by a path of a pipe": lambda t: t.sys_open("/proc/self/fd/1", O_RDONLY),
    "readlink of a pipe": lambda t: t.sys_readlink("/proc/self/fd/1", bytearray(50)),
    "openat": lambda t: t.sys_openat(0, "f" + LONG, NEW),
    "mknod": lambda t: t.sys_mknod("/f" + LONG, 0o644),
    "mknodat": lambda t: t.sys_mknodat(0, "f" + LONG, 0o644),
    "mkfifo": lambda t: t.sys_mkfifo("/tmp/" + LONG),
    "mkdir": lambda t: t.sys_mkdir("/f" + LONG),
    "symlink": lambda t: t.sys_symlink(LONG, "/f" + LONG),
    "symlink in tmpfs": lambda t: t.sys_symlink(LONG, "/tmp/f"),
    "link": lambda t: t.sys_link("/old", "/f" + LONG),
    "rename": lambda t: t.sys_rename("/old", "/d/" + LONG),
    "rename over another": lambda t: t.sys_rename("/old", "/old" + LONG),
    "rename a directory": lambda t: t.sys_rename("/d", "/p" + LONG),
    "exchange": lambda t: t.sys_renameat2(AT_FDCWD, "/old", AT_FDCWD, "/old" + LONG, fastipc.RENAME_EXCHANGE),
    "unlink": lambda t: t.sys_unlink("/old" + LONG),
    "rmdir": lambda t: t.sys_rmdir("/d"),
    "chmod": lambda t: t.sys_chmod("/old", 0o600),
    "chown": lambda t: t.sys_chown("/old", 5, 6),
    "lchown": lambda t: t.sys_lchown("/old", 5, 6),
    "fchmod": lambda t: t.sys_fchmod(0, 0o700),
    "fchown": lambda t: t.sys_fchown(0, 5, 6),
    "setflags": lambda t: t.sys_ioctl(0, SET, DIRSYNC),
    "unshare": lambda t: t.sys_unshare(fastipc.CLONE_FS),
}
KINDS = ("dentry", "inode", "name", "journal_head", "journal", "row", "page", "xa_node", "file", "fd", "fs", "pipe")
KINDS += ("pipe_buffer", "files")
REACHED = {  # allocations of each call; every kind of them is "row" too
    "open a new file": {"dentry": 1, "inode": 1, "name": 1, "journal": 1, "journal_head": 1, "file": 1},
    "mkdir": {"dentry": 1, "inode": 1, "name": 1, "journal": 1, "journal_head": 1},
    "symlink": {"dentry": 1, "inode": 1, "name": 2, "journal": 1, "journal_head": 1},
    "mkfifo": {"dentry": 1, "inode": 1, "name": 1},
    "link": {"dentry": 1, "name": 1, "journal": 1, "journal_head": 2},
    "rename": {"dentry": 1, "name": 1, "journal": 1, "journal_head": 2},
    "unlink": {"journal": 1, "journal_head": 2},
    "chmod": {"journal": 1, "journal_head": 1},
    "open a FIFO": {"file": 1, "pipe": 1, "pipe_buffer": 1},
    "unshare": {"fs": 1},
}


def machine_with_names(make_kernel):
    k = make_kernel()
    t, other = k.spawn(name="t", uid=0), k.spawn(name="other")
    t.mkdir("/d")
    assert t.open("/d", O_RDONLY) == 0
    assert t.pipe() == (1, 2)
    for path in ("/old", "/old" + LONG):
        t.mknod(path, 0o644)
    t.mkfifo("/p")
    t.clone(fastipc.CLONE_FS | fastipc.SIGCHLD)
    other.sched_yield()
    return k, t


@pytest.mark.parametrize("call", FAILING)
def test_a_call_that_fails_in_the_middle_changes_nothing(make_kernel, picture, call):
    reached = {}
    for kind in KINDS:
        k, t = machine_with_names(make_kernel)
        before = picture(k)
        for n in range(1, 30):
            k.inject(kind, n)
            ret = FAILING[call](t)
            if ret >= 0:
                break
            assert -ret in (ENOMEM, ENOSPC, errno.ENFILE, errno.EMFILE), (kind, n, ret)
            now = picture(k)
            assert {name for name in now if now[name] != before[name]} == set(), (kind, n)
            k.verify()
        k.inject(kind, 0)
        assert ret >= 0
        reached[kind] = n - 1
    assert reached.items() >= REACHED.get(call, {}).items()
    assert reached["row"] == sum(reached.values()) - reached["row"] - reached["page"]


@pytest.mark.parametrize("kind", ["dentry", "inode", "name", "journal_head", "journal", "file", "pipe", "fs"])
def test_the_errno_of_a_failure_can_be_chosen(make_kernel, kind):
    for f in FAILING.values():
        k, t = machine_with_names(make_kernel)
        k.inject(kind, 1, fastipc.EIO)
        assert f(t) >= 0 or t.errno == fastipc.EIO
        k.inject(kind, 0)
