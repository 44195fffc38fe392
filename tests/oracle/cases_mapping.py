"""Files in memory: mmap of files, what read and write see, ends of files, memfd_create and seals."""

from .abi import (
    F_ADD_SEALS,
    F_GET_SEALS,
    F_GETFD,
    F_GETFL,
    F_SEAL_FUTURE_WRITE,
    F_SEAL_GROW,
    F_SEAL_SEAL,
    F_SEAL_SHRINK,
    F_SEAL_WRITE,
    FALLOC_FL_KEEP_SIZE,
    FALLOC_FL_PUNCH_HOLE,
    FD_CLOEXEC,
    FIONREAD,
    MADV_DONTNEED,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_PRIVATE,
    MAP_SHARED,
    MAP_SHARED_VALIDATE,
    MAP_SYNC,
    MFD_ALLOW_SEALING,
    MFD_CLOEXEC,
    MREMAP_MAYMOVE,
    O_CREAT,
    O_LARGEFILE,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    PAGE_SIZE,
    PROT_EXEC,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
    S_IFMT,
    S_IFREG,
    SEEK_END,
    SEEK_SET,
)  # fmt: skip
from .cases_memory import _dies
from .machine import Machine, Task, data
from .memory import ARENA, MMAP_BASE, at

P = PAGE_SIZE
RW = PROT_READ | PROT_WRITE
HUGE = 1 << 47
PLACES = ("/", "/tmp/")  # a file system on a disk, one in memory


def _file(t: Task, path: str, content: bytes = b"", flags: int = O_RDWR) -> int:
    fd = t.open(path, O_CREAT | O_RDWR, 0o666)
    t.write(fd, content)
    t.close(fd)
    return t.open(path, flags)


def _memfd(t: Task, pages: int, flags: int = 0) -> int:
    fd = t.memfd_create("memory", flags)
    t.ftruncate(fd, pages * P)
    return fd


def _map(t: Task, fd: int, pages: int, prot: int = RW, flags: int = MAP_SHARED, page: int = 0, to: int = 0) -> None:
    assert t.mmap(pages * P, prot, flags | MAP_FIXED, fd, page * P, ARENA + to * P) == ARENA + to * P


# ------------------------------------------------------------------------------------------------ errors
def mmap_order(m: Machine) -> None:
    """mmap of a file: EINVAL (offset) > EBADF > EINVAL (length) > ENOMEM > EOVERFLOW > EEXIST > EACCES > EINVAL."""
    t = m.spawn()
    f, r, w = (_file(t, "/tmp/f", data(P), flags) for flags in (O_RDWR, O_RDONLY, O_WRONLY))
    assert t.mmap(0, RW, MAP_SHARED, 99, 1) == "EINVAL"
    for fd in (99, -1, 1 << 20):
        assert t.mmap(0, RW, MAP_SHARED, fd, 0) == "EBADF"
    assert t.mmap(0, RW, MAP_SHARED, w, 0) == "EINVAL"
    assert t.mmap(HUGE, RW, 0, w, 0) == "ENOMEM"
    assert t.mmap(-1, RW, 0, w, 0) == "ENOMEM"
    disk = _file(t, "/f", data(P), O_WRONLY)
    for length in (-P, -(1 << 21), -(1 << 21) - P, -(1 << 22), 1 << 47, (1 << 47) - P):
        assert t.mmap(length, PROT_READ, MAP_SHARED, disk, 0) == "ENOMEM"
    assert t.mmap(P, RW, 0, w, -P) == "EOVERFLOW"
    assert t.mmap(P, RW, MAP_SHARED | MAP_FIXED, w, -P, ARENA + 1) == "EINVAL"
    assert t.mmap(P, RW, MAP_SHARED | MAP_FIXED, w, 0, ARENA + 1) == "EINVAL"
    for kind in (0, 4, 15):
        assert t.mmap(P, RW, kind, f, 0) == "EINVAL"
        assert t.mmap(P, RW, kind, w, 0) == "EINVAL"
    assert t.mmap(P, RW, MAP_SHARED, w, 0) == "EACCES"
    assert t.mmap(P, PROT_WRITE, MAP_SHARED, w, 0) == "EACCES"
    assert t.mmap(P, PROT_NONE, MAP_SHARED, w, 0) == "EACCES"
    assert t.mmap(P, PROT_READ, MAP_PRIVATE, w, 0) == "EACCES"
    assert t.mmap(P, RW, MAP_SHARED, r, 0) == "EACCES"
    assert t.mmap(P, PROT_WRITE, MAP_SHARED, r, 0) == "EACCES"
    assert t.mmap(P, RW, MAP_PRIVATE, r, 0) == MMAP_BASE - P
    assert t.mmap(P, PROT_READ, MAP_SHARED, r, 0) == MMAP_BASE - 2 * P
    assert t.mmap(P, PROT_READ | PROT_EXEC, MAP_SHARED, f, 0) == MMAP_BASE - 3 * P
    assert t.mmap(P, RW, MAP_SHARED, t.open("/tmp/f", O_PATH), 0) == "EBADF"
    t.maps()


def mmap_of_what_is_no_file(m: Machine) -> None:
    """Directories, pipes and /dev/null cannot be mapped: ENODEV, after the access mode was looked at."""
    t = m.spawn()
    r, w = t.pipe2(0)
    for prot, flags in ((PROT_READ, MAP_SHARED), (RW, MAP_PRIVATE), (PROT_NONE, MAP_PRIVATE)):
        for path in ("/", "/tmp", "/proc", "/dev/null", "/dev/full"):
            assert t.mmap(P, prot, flags, t.open(path, O_RDONLY), 0) == "ENODEV"
        assert t.mmap(P, prot, flags, r, 0) == "ENODEV"
        assert t.mmap(P, prot, flags, w, 0) == "EACCES"
    assert t.mmap(P, RW, MAP_SHARED, r, 0) == "EACCES"
    assert t.mmap(P, RW, MAP_SHARED, t.open("/tmp", O_RDONLY), 0) == "EACCES"
    t.maps()


def offsets_and_sizes(m: Machine) -> None:
    """The offset may lie beyond the end; what cannot be an offset of the file is EOVERFLOW."""
    t = m.spawn()
    f = _file(t, "/tmp/f", data(P))
    assert t.mmap(P, RW, MAP_SHARED, f, 10 * P) == MMAP_BASE - P
    assert t.mmap(P, RW, MAP_SHARED, f, (1 << 63) - P) == "EOVERFLOW"
    assert t.mmap(P, RW, MAP_SHARED, f, (1 << 63) - 2 * P) == MMAP_BASE - 2 * P
    assert t.mmap(2 * P, RW, MAP_SHARED, f, (1 << 63) - 2 * P) == "EOVERFLOW"
    assert t.mmap(P, RW, MAP_SHARED, f, -P) == "EOVERFLOW"
    assert t.mmap(100, RW, MAP_SHARED, f, P) == MMAP_BASE - 3 * P
    t.maps()


def placed_large(m: Machine) -> None:
    """A large map of a file on a disk lies where its huge pages would; one of a file in memory anywhere."""
    t = m.spawn()
    big = 2 << 20
    for place in PLACES:
        f = _file(t, place + "f", data(P))
        for pages, offset in ((512, 0), (513, 0), (512, P), (1024, P), (511, 0), (1024, 3 * P)):
            t.mmap(pages * P, PROT_READ, MAP_SHARED, f, offset)
        t.mmap(big, PROT_READ, MAP_PRIVATE, f, 0, ARENA + 5 * P)
        t.mmap(big, PROT_READ, MAP_PRIVATE, f, 0, ARENA + 600 * P)
        t.maps()
        t.munmap(ARENA, 16 * big)


def validated_flags(m: Machine) -> None:
    """MAP_SHARED_VALIDATE refuses flags that no one knows, and MAP_SYNC on these file systems; MAP_SHARED does not."""
    t = m.spawn()
    f = _file(t, "/tmp/f", data(P))
    assert t.mmap(P, RW, MAP_SHARED_VALIDATE, f, 0) == MMAP_BASE - P
    for flag in (MAP_SYNC, 0x200, 1 << 22):
        assert t.mmap(P, RW, MAP_SHARED_VALIDATE | flag, f, 0) == "ENOTSUP"
        assert t.mmap(P, RW, MAP_SHARED | flag | MAP_FIXED, f, 0, ARENA) == ARENA


# ------------------------------------------------------------------------------------------------ contents
def shared_file(m: Machine) -> None:
    """A shared map of a file and read and write see each other at once."""
    t = m.spawn()
    for i, place in enumerate(PLACES):
        fd = _file(t, place + "f", data(3 * P))
        _map(t, fd, 3, to=4 * i)
        here = ARENA + 4 * i * P
        assert t.load(here, 3 * P) == data(3 * P)
        t.store(here + P - 2, b"abcd")
        assert t.pread(fd, 6, P - 3) == data(P)[P - 3 : P - 2] + b"abcd" + data(3 * P)[P + 2 : P + 3]
        t.pwrite(fd, b"written", 2 * P - 3)
        assert t.load(here + 2 * P - 3, 7) == b"written"
        assert t.fstat(fd)["size"] == 3 * P


def private_file(m: Machine) -> None:
    """A private map shows what is written to the file until the page is written to; the file never sees that."""
    t = m.spawn()
    for i, place in enumerate(PLACES):
        fd = _file(t, place + "f", data(2 * P), O_RDONLY)
        other = t.open(place + "f", O_WRONLY)
        _map(t, fd, 2, flags=MAP_PRIVATE, to=4 * i)
        here = ARENA + 4 * i * P
        t.pwrite(other, b"one", 10)
        assert t.load(here, 20) == data(10) + b"one" + data(20)[13:]
        t.store(here, b"mine")
        t.pwrite(other, b"two", 20)
        t.pwrite(other, b"three", P)
        assert t.load(here, 24) == b"mine" + data(10)[4:] + b"one" + data(24)[13:]
        assert t.load(here + P, 5) == b"three"
        assert t.pread(fd, 24, 0) == data(10) + b"one" + data(20)[13:] + b"two" + data(24)[23:]
        t.madvise(here, P, MADV_DONTNEED)
        assert t.load(here, 24) == data(10) + b"one" + data(20)[13:] + b"two" + data(24)[23:]


def private_file_over_fork(m: Machine) -> None:
    """Pages of a private map that were written to are copied on write; the others are the file's."""
    t = m.spawn()
    fd = _file(t, "/tmp/f", data(2 * P))
    _map(t, fd, 2, flags=MAP_PRIVATE)
    t.store(ARENA, b"parent")
    child = t.fork()
    child.store(ARENA + 1, b"child")
    child.store(ARENA + P, b"child")
    assert t.load(ARENA, 8) == b"parent" + data(8)[6:]
    assert t.load(ARENA + P, 8) == data(2 * P)[P : P + 8]
    assert child.load(ARENA, 8) == b"pchild" + data(8)[6:]
    assert t.pread(fd, 8, 0) == data(8)


def two_maps_of_a_file(m: Machine) -> None:
    """Two maps of a file, in two processes and at two addresses, are the same pages."""
    a, b = m.spawn(), m.spawn()
    fd = _file(a, "/tmp/f", data(4 * P))
    _map(a, fd, 4)
    other = b.open("/tmp/f", O_RDWR)
    _map(b, other, 2, page=1, to=16)
    b.store(ARENA + 16 * P, b"b")
    assert a.load(ARENA + P, 1) == b"b"
    assert a.frame(ARENA + P) == b.frame(ARENA + 16 * P)
    a.store(ARENA + 2 * P, b"a")
    assert b.load(ARENA + 17 * P, 1) == b"a"
    a.maps()
    b.maps()


def map_outlives_descriptor_and_name(m: Machine) -> None:
    """A map keeps its file: the descriptor may be closed, the file removed."""
    t = m.spawn()
    for i, place in enumerate(PLACES):
        fd = _file(t, place + "f", data(2 * P))
        _map(t, fd, 2, to=4 * i)
        t.close(fd)
        t.maps()
        t.unlink(place + "f")
        t.maps()
        t.store(ARENA + 4 * i * P, b"still")
        assert t.load(ARENA + 4 * i * P, P) == b"still" + data(P)[5:]
    t.munmap(ARENA, 8 * P)


def map_shows_a_renamed_file(m: Machine) -> None:
    """The name in maps is the one that the file has now."""
    t = m.spawn()
    t.mkdir("/tmp/d")
    fd = _file(t, "/tmp/d/f", data(P))
    _map(t, fd, 1, PROT_READ)
    t.rename("/tmp/d/f", "/tmp/g")
    t.maps()
    t.rename("/tmp/g", "/tmp/d/a name")
    t.rename("/tmp/d", "/tmp/e")
    t.maps()


def reading_into_a_map_of_the_same_file(m: Machine) -> None:
    """read and write with a buffer in a map of the file itself."""
    t = m.spawn()
    fd = _file(t, "/tmp/f", data(2 * P))
    _map(t, fd, 2)
    assert t.read_at(fd, ARENA + P, 100) == 100
    assert t.load(ARENA + P, 101) == data(100) + data(2 * P)[P + 100 : P + 101]
    t.lseek(fd, 2 * P, SEEK_SET)
    assert t.write_at(fd, ARENA, P) == P
    assert t.pread(fd, P, 2 * P) == data(P)
    t.lseek(fd, 0, SEEK_SET)
    assert t.read_at(fd, ARENA, 3 * P) == 2 * P


def areas_of_a_file_join(m: Machine) -> None:
    """Areas of one file join if their offsets follow on each other, and not otherwise."""
    t = m.spawn()
    fd = _memfd(t, 8)
    _map(t, fd, 1)
    _map(t, fd, 1, page=1, to=1)
    assert len(t.maps()) == 1
    _map(t, fd, 1, page=3, to=2)
    _map(t, fd, 1, flags=MAP_PRIVATE, page=4, to=3)
    assert len(t.maps()) == 3
    _map(t, fd, 1, page=2, to=2)
    assert len(t.maps()) == 2
    _map(t, t.memfd_create("other"), 1, page=3, to=3)
    assert len(t.maps()) == 2
    _map(t, t.dup(fd), 1, page=3, to=3)
    assert len(t.maps()) == 1
    t.munmap(ARENA + P, P)
    assert len(t.maps()) == 2
    t.mprotect(ARENA + 3 * P, P, PROT_READ)
    assert len(t.maps()) == 3


def areas_of_two_opens(m: Machine) -> None:
    """Two opens of a file are two files for joining."""
    t = m.spawn()
    fd = _file(t, "/tmp/f", data(3 * P))
    again = t.open("/tmp/f", O_RDWR)
    _map(t, fd, 1)
    _map(t, again, 1, page=1, to=1)
    assert len(t.maps()) == 2
    _map(t, again, 1, page=0)
    assert len(t.maps()) == 1


def mremap_of_a_file(m: Machine) -> None:
    """A map of a file that grows or moves goes on in the file."""
    t = m.spawn()
    fd = _file(t, "/tmp/f", data(6 * P))
    _map(t, fd, 2, page=1)
    assert t.mremap(ARENA, 2 * P, 4 * P, 0) == ARENA
    assert t.load(ARENA, 4 * P) == data(6 * P)[P : 5 * P]
    where = t.mremap(ARENA + P, 2 * P, 4 * P, MREMAP_MAYMOVE)
    assert where == MMAP_BASE - 4 * P
    t.maps()
    assert t.load(where, 4 * P) == data(6 * P)[2 * P :]
    assert t.mremap(where, 4 * P, P, 0) == where
    t.maps()


# ------------------------------------------------------------------------------------------------ protection
def mprotect_of_a_file(m: Machine) -> None:
    """A shared map of a read-only descriptor cannot be made writable: EACCES; a private one can."""
    t = m.spawn()
    fd = _file(t, "/tmp/f", data(2 * P), O_RDONLY)
    _map(t, fd, 2, PROT_READ)
    assert t.mprotect(ARENA, P, RW) == "EACCES"
    assert t.mprotect(ARENA, P, PROT_WRITE) == "EACCES"
    assert t.mprotect(ARENA, P, PROT_NONE) is None
    assert t.mprotect(ARENA, 2 * P, PROT_READ) is None
    assert _dies(m, t, "store", ARENA, b"x") == ("SIGSEGV ACCERR", ARENA)
    _map(t, fd, 2, PROT_READ, MAP_PRIVATE, to=2)
    assert t.mprotect(ARENA + 2 * P, P, RW) is None
    t.store(ARENA + 2 * P, b"mine")
    assert t.mprotect(ARENA, 3 * P, RW) == "EACCES"
    t.maps()
    assert t.mprotect(ARENA + P, 3 * P, PROT_NONE) is None
    t.maps()


# ------------------------------------------------------------------------------------------------ ends of files
def beyond_the_end(m: Machine) -> None:
    """The rest of the last page reads as zeros; whole pages beyond the end are SIGBUS."""
    t = m.spawn()
    for i, place in enumerate(PLACES):
        fd = _file(t, place + "f", data(P + 100))
        here = ARENA + 4 * i * P
        _map(t, fd, 4, to=4 * i)
        assert t.load(here + P, P) == data(P + 100)[P:] + bytes(P - 100)
        assert _dies(m, t, "load", here + 2 * P + 5, 1) == ("SIGBUS ADRERR", here + 2 * P + 5)
        assert _dies(m, t, "store", here + 3 * P, b"x") == ("SIGBUS ADRERR", here + 3 * P)
        assert _dies(m, t, "load", here + 2 * P - 4, 8) == ("SIGBUS ADRERR", here + 2 * P)
        assert t.pread(fd, P, P) == data(P + 100)[P:]
        t.ftruncate(fd, 3 * P)
        assert t.load(here + 2 * P, P) == bytes(P)
        assert _dies(m, t, "load", here + 3 * P, 1) == ("SIGBUS ADRERR", here + 3 * P)


def written_beyond_the_end(m: Machine) -> None:
    """What is stored beyond the end in the last page is not in the file, and gone when the file grows."""
    t = m.spawn()
    fd = _memfd(t, 1)
    t.ftruncate(fd, 100)
    _map(t, fd, 1)
    t.store(ARENA + 90, b"0123456789abcdef")
    assert t.pread(fd, P, 90) == b"0123456789"
    assert t.load(ARENA + 100, 6) == b"abcdef"
    t.ftruncate(fd, 120)
    t.pread(fd, P, 90)
    t.ftruncate(fd, 95)
    t.ftruncate(fd, 120)
    assert t.load(ARENA + 90, 20) == b"01234" + bytes(15)
    assert t.pread(fd, P, 90) == b"01234" + bytes(25)


def truncated_while_mapped(m: Machine) -> None:
    """A file that is cut off takes its pages out of the maps, private copies too."""
    t = m.spawn()
    for i, place in enumerate(PLACES):
        fd = _file(t, place + "f", data(3 * P))
        here = ARENA + 16 * i * P
        _map(t, fd, 3, to=16 * i)
        _map(t, fd, 3, flags=MAP_PRIVATE, to=16 * i + 4)
        t.store(here + 5 * P, b"mine")
        assert t.load(here + 2 * P, P) == data(3 * P)[2 * P :]
        t.ftruncate(fd, P + 10)
        assert t.load(here + P, P) == data(P + 10)[P:] + bytes(P - 10)
        t.load(here + 5 * P, 20)
        for page in (2, 6):
            assert _dies(m, t, "load", here + page * P, 1) == ("SIGBUS ADRERR", here + page * P)
        t.ftruncate(fd, 0)
        for page in (0, 1, 4, 5):
            assert _dies(m, t, "load", here + page * P, 1) == ("SIGBUS ADRERR", here + page * P)
        t.ftruncate(fd, 3 * P)
        assert t.load(here, 3 * P) == t.load(here + 4 * P, 3 * P) == bytes(3 * P)


def calls_beyond_the_end(m: Machine) -> None:
    """A call with a buffer beyond the end of a mapped file gives EFAULT, and moves nothing through a pipe."""
    t = m.spawn()
    fd = _memfd(t, 1)
    _map(t, fd, 2)
    r, w = t.pipe2(0)
    assert t.write_at(w, ARENA + P, 10) == "EFAULT"
    t.write(w, data(100))
    assert t.read_at(r, ARENA + P, 10) == "EFAULT"
    t.store(ARENA + P - 10, b"0123456789")
    assert t.write_at(w, ARENA + P - 10, 20) == "EFAULT"
    assert t.ioctl(r, FIONREAD) == 100


def holes(m: Machine) -> None:
    """A hole that is punched takes the pages out of all maps; it reads as zeros."""
    t = m.spawn()
    fd = _memfd(t, 3)
    _map(t, fd, 3)
    t.store(ARENA, data(3 * P))
    assert t.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, P - 10, P + 20) is None
    assert t.frame(ARENA + P) is None
    assert t.load(ARENA, 3 * P) == data(P - 10) + bytes(P + 20) + data(3 * P)[2 * P + 10 :]
    assert t.fallocate(fd, 0, 0, 4 * P) is None
    assert t.fstat(fd)["size"] == 4 * P


# ------------------------------------------------------------------------------------------------ memfd_create
def memfd(m: Machine) -> None:
    """memfd_create gives a file without a name, open for reading and writing, of mode 0777."""
    t = m.spawn(uid=1000)
    fd = t.memfd_create("a name", MFD_CLOEXEC)
    st = t.fstat(fd)
    assert (st["mode"], st["nlink"], st["uid"], st["size"]) == (S_IFREG | 0o777, 0, 1000, 0)
    assert st["mode"] & S_IFMT == S_IFREG
    assert t.fcntl(fd, F_GETFD) == FD_CLOEXEC
    assert t.fcntl(fd, F_GETFL) == O_RDWR | O_LARGEFILE
    assert t.readlink(f"/proc/self/fd/{fd}") == "/memfd:a name (deleted)"
    assert t.write(fd, data(P + 5)) == P + 5
    assert t.lseek(fd, -5, SEEK_END) == P
    assert t.read(fd, 100) == data(P + 5)[P:]
    assert t.memfd_create("", 0) == fd + 1
    assert t.readlink(f"/proc/self/fd/{fd + 1}") == "/memfd: (deleted)"
    again = t.open(f"/proc/self/fd/{fd}", O_RDONLY)
    assert t.pread(again, 5, 0) == data(5)
    assert t.mmap(P, RW, MAP_SHARED, again, 0) == "EACCES"


def memfd_orders(m: Machine) -> None:
    """memfd_create: EINVAL of flags, then of a name of more than 249 letters."""
    t = m.spawn()
    assert t.memfd_create("x", 0x8000) == "EINVAL"
    assert t.memfd_create("x" * 250, 0) == "EINVAL"
    assert t.memfd_create("x" * 249, 0) == 0
    assert t.memfd_create("x" * 5000, 0x8000) == "EINVAL"


def memfd_over_fork(m: Machine) -> None:
    """Parent and child share the pages of a memfd, mapped before or after."""
    t = m.spawn()
    fd = _memfd(t, 2)
    _map(t, fd, 1)
    child = t.fork()
    child.store(ARENA, b"child")
    _map(child, fd, 1, page=1, to=8)
    child.store(ARENA + 8 * P, b"later")
    assert t.load(ARENA, 5) == b"child"
    assert t.pread(fd, 5, P) == b"later"
    t.exit(0)
    assert child.pread(fd, 5, 0) == b"child"


def seals(m: Machine) -> None:
    """Seals: none can be added without MFD_ALLOW_SEALING; each forbids its own with EPERM; F_SEAL_SEAL is the last."""
    t = m.spawn()
    plain = _memfd(t, 1)
    assert t.fcntl(plain, F_GET_SEALS) == F_SEAL_SEAL
    assert t.fcntl(plain, F_ADD_SEALS, F_SEAL_GROW) == "EPERM"
    assert t.fcntl(t.pipe2(0)[0], F_GET_SEALS) == "EINVAL"
    fd = _memfd(t, 2, MFD_ALLOW_SEALING)
    assert t.fcntl(fd, F_GET_SEALS) == 0
    assert t.fcntl(fd, F_ADD_SEALS, 0x100) == "EINVAL"
    assert t.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0
    assert t.ftruncate(fd, P) == "EPERM"
    assert t.ftruncate(fd, 2 * P) is None
    assert t.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, P) is None
    assert t.fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0
    assert t.ftruncate(fd, 3 * P) == "EPERM"
    assert t.pwrite(fd, b"x", 2 * P) == "EPERM"
    assert t.pwrite(fd, b"xy", 2 * P - 1) == 1
    assert t.fallocate(fd, 0, 0, 3 * P) == "EPERM"
    assert t.fcntl(fd, F_GET_SEALS) == F_SEAL_SHRINK | F_SEAL_GROW
    assert t.fcntl(t.open(f"/proc/self/fd/{fd}", O_RDONLY), F_ADD_SEALS, F_SEAL_WRITE) == "EPERM"
    assert t.fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) == 0
    assert t.fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) == "EPERM"
    assert t.fcntl(fd, F_GET_SEALS) == F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL


def seals_against_writing(m: Machine) -> None:
    """F_SEAL_WRITE: EBUSY while a shared writable map exists; then no write, no such map, no hole."""
    t = m.spawn()
    fd = _memfd(t, 2, MFD_ALLOW_SEALING)
    _map(t, fd, 2)
    assert t.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == "EBUSY"
    t.mprotect(ARENA, 2 * P, PROT_READ)
    assert t.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == "EBUSY"
    t.munmap(ARENA, 2 * P)
    _map(t, fd, 1, flags=MAP_PRIVATE)
    assert t.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0
    assert t.write(fd, b"x") == "EPERM"
    assert t.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, P) == "EPERM"
    assert t.mmap(P, RW, MAP_SHARED, fd, 0) == "EPERM"
    assert t.mmap(P, PROT_READ, MAP_SHARED, fd, 0) == MMAP_BASE - P
    assert t.mprotect(MMAP_BASE - P, P, RW) == "EACCES"
    t.store(ARENA, b"mine")
    assert t.mmap(P, RW, MAP_PRIVATE, fd, 0) == MMAP_BASE - 2 * P
    assert t.ftruncate(fd, P) is None


def seals_against_future_writing(m: Machine) -> None:
    """F_SEAL_FUTURE_WRITE lets maps that exist be written through, but makes no new ones and no writes."""
    t = m.spawn()
    fd = _memfd(t, 1, MFD_ALLOW_SEALING)
    _map(t, fd, 1)
    assert t.fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == 0
    t.store(ARENA, b"still")
    assert t.pread(fd, 5, 0) == b"still"
    assert t.write(fd, b"x") == "EPERM"
    assert t.mmap(P, RW, MAP_SHARED, fd, 0) == "EPERM"
    assert t.mmap(P, PROT_READ, MAP_SHARED, fd, 0) == MMAP_BASE - P
    assert t.mprotect(MMAP_BASE - P, P, RW) == "EACCES"


# ------------------------------------------------------------------------------------------------ devices
def dev_zero(m: Machine) -> None:
    """/dev/zero mapped private is memory of zeros under its name; mapped shared, a file of its own."""
    t = m.spawn()
    fd = t.open("/dev/zero", O_RDWR)
    _map(t, fd, 2, flags=MAP_PRIVATE)
    _map(t, fd, 2, to=4)
    assert t.load(ARENA, 8) == t.load(ARENA + 4 * P, 8) == bytes(8)
    child = t.fork()
    for page in (0, 4):
        child.store(ARENA + page * P, b"child")
    assert t.load(ARENA, 5) == bytes(5)
    assert t.load(ARENA + 4 * P, 5) == b"child"
    t.areas()


def descriptors_and_anonymous_maps(m: Machine) -> None:
    """MAP_ANONYMOUS does not look at the descriptor."""
    t = m.spawn()
    fd = _file(t, "/tmp/f", data(P))
    assert t.mmap(P, RW, MAP_PRIVATE | MAP_ANONYMOUS, fd, 0) == MMAP_BASE - P
    assert t.load(MMAP_BASE - P, 4) == bytes(4)
    assert t.mmap(P, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 99, 0, *at()[2:]) == ARENA
