"""System V shared memory in address spaces: shmat, shmdt, who is counted, what the pages are."""

from .abi import (
    CLONE_NEWIPC,
    CLONE_VM,
    IPC_CREAT,
    IPC_PRIVATE,
    IPC_RMID,
    IPC_SET,
    IPC_STAT,
    MADV_DONTNEED,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_PRIVATE,
    MREMAP_FIXED,
    MREMAP_MAYMOVE,
    PAGE_SIZE,
    PROT_EXEC,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
    RLIMIT_MEMLOCK,
    SHM_DEST,
    SHM_EXEC,
    SHM_INFO,
    SHM_LOCK,
    SHM_LOCKED,
    SHM_RDONLY,
    SHM_REMAP,
    SHM_RND,
    SHM_UNLOCK,
    SIGCHLD,
)  # fmt: skip
from .cases_memory import _dies
from .machine import Machine, Task, data
from .memory import ARENA, MMAP_BASE, TASK_SIZE, Addr, at

P = PAGE_SIZE
RW = PROT_READ | PROT_WRITE
FIX = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
KERNEL = Addr(0xFFFF_8000_0000_0000)


def _segment(t: Task, pages: int = 4, mode: int = 0o600, key: int = IPC_PRIVATE) -> int:
    shmid = t.shmget(key, pages * P, mode | IPC_CREAT)
    assert isinstance(shmid, int)
    return shmid


def _nattch(t: Task, shmid: int) -> int:
    return t.shmctl(shmid, IPC_STAT)["nattch"]


def _resident(t: Task) -> int:
    return t.shmctl(0, SHM_INFO)[2]


# ------------------------------------------------------------------------------------------------ where and how
def attach(m: Machine) -> None:
    """shmat gives a place of the rounded size; the record tells who, when and how many."""
    t = m.spawn()
    shmid = t.shmget(0x1234, 2 * P + 1, 0o640 | IPC_CREAT)
    assert t.shmctl(shmid, IPC_STAT)["shm_lpid"] == 0
    where = t.shmat(shmid)
    assert where == MMAP_BASE - 3 * P
    assert t.maps() == [f"{where:x}-{MMAP_BASE:x} rw-s 0 0 /SYSV00001234 (deleted)"]
    record = t.shmctl(shmid, IPC_STAT)
    assert (record["nattch"], record["shm_lpid"], record["segsz"]) == (1, "A", 2 * P + 1)
    assert (record["shm_atime"], record["shm_dtime"]) == (True, False)
    t.store(where + 2 * P, data(P))
    assert t.load(where + 2 * P, P) == data(P)
    assert t.shmdt(where) is None
    assert t.maps() == []
    assert t.shmctl(shmid, IPC_STAT)["shm_dtime"]


def second_page_after_the_size(m: Machine) -> None:
    """Bytes after the size in the last page read as zeros."""
    t = m.spawn()
    where = t.shmat(t.shmget(IPC_PRIVATE, P + 10, 0o600))
    assert t.load(where, 2 * P) == bytes(2 * P)
    assert _dies(m, t, "load", where + 2 * P, 1) == ("SIGSEGV MAPERR", where + 2 * P)


def attach_addresses(m: Machine) -> None:
    """The address: free and of a page; SHM_RND rounds down; SHM_REMAP takes it; 0 lets the kernel choose."""
    t = m.spawn()
    shmid = _segment(t, 2)
    assert t.shmat(shmid, ARENA + 1) == "EINVAL"
    assert t.shmat(shmid, ARENA + 1, SHM_RND) == ARENA
    assert t.shmat(shmid, ARENA) == "EINVAL"
    assert t.shmat(shmid, ARENA + P) == "EINVAL"
    assert t.shmat(shmid, ARENA - P) == "EINVAL"
    assert t.shmat(shmid, ARENA - P, SHM_REMAP) == ARENA - P
    assert t.shmat(shmid, 0, SHM_REMAP) == "EINVAL"
    assert t.shmat(shmid, 100, SHM_REMAP) == "EINVAL"
    assert t.shmat(shmid, 100, SHM_REMAP | SHM_RND) == "EINVAL"
    assert t.shmat(shmid, TASK_SIZE) == "ENOMEM"
    assert t.shmat(shmid, KERNEL) == "ENOMEM"
    assert t.shmat(shmid, -P) == "EINVAL"
    assert t.shmat(shmid, TASK_SIZE - P) == "EINVAL"
    assert _nattch(t, shmid) == 2
    t.maps()


def attach_orders(m: Machine) -> None:
    """shmat: EINVAL (id, address) > EINVAL (no such id) > EACCES > EINVAL (in use) > ENOMEM."""
    t, stranger = m.spawn(), m.spawn(uid=1000)
    shmid = _segment(t, 2)
    for a in (t, stranger):
        assert a.shmat(-1, ARENA) == "EINVAL"
        assert a.shmat(99, ARENA) == "EINVAL"
        assert a.shmat(shmid, ARENA + 1) == "EINVAL"
        a.mmap(P, RW, FIX, *at())
    assert stranger.shmat(shmid, ARENA) == "EACCES"
    assert stranger.shmat(shmid, TASK_SIZE) == "EACCES"
    assert stranger.shmat(shmid, 0, SHM_REMAP) == "EINVAL"
    assert t.shmat(shmid, ARENA) == "EINVAL"
    assert t.shmat(shmid, TASK_SIZE) == "ENOMEM"


def attach_permissions(m: Machine) -> None:
    """SHM_RDONLY takes the right to read, else both; SHM_EXEC the right to execute."""
    t, user, member = m.spawn(), m.spawn(uid=1000), m.spawn(uid=1001, gid=50)
    for mode in (0o644, 0o622, 0o604, 0o605, 0o666, 0o640, 0o650, 0o660, 0o000):
        shmid = _segment(t, 1, mode)
        t.shmctl(shmid, IPC_SET, (0, 50, mode))
        for a in (user, member):
            assert a.shmat(shmid, 0, SHM_RDONLY) != "EINVAL"
            assert a.shmat(shmid, 0, 0) != "EINVAL"
            assert a.shmat(shmid, 0, SHM_RDONLY | SHM_EXEC) != "EINVAL"
        assert t.shmat(shmid) != "EACCES"
    user.maps()
    member.maps()


def read_only(m: Machine) -> None:
    """A read-only attach: SEGV_ACCERR for a store, EACCES for mprotect, EFAULT for a call."""
    t = m.spawn()
    shmid = _segment(t, 2)
    t.shmat(shmid, ARENA, SHM_RDONLY)
    other = t.shmat(shmid)
    t.store(other, b"seen")
    assert t.load(ARENA, 4) == b"seen"
    assert _dies(m, t, "store", ARENA + 1, b"x") == ("SIGSEGV ACCERR", ARENA + 1)
    assert _dies(m, t, "store", ARENA + P, b"x") == ("SIGSEGV ACCERR", ARENA + P)
    assert t.mprotect(ARENA, P, RW) == "EACCES"
    assert t.mprotect(ARENA, P, PROT_NONE) is None
    assert t.mprotect(ARENA, P, PROT_READ) is None
    r, w = t.pipe2(0)
    t.write(w, b"x")
    assert t.read_at(r, ARENA, 1) == "EFAULT"
    t.maps()


def executable(m: Machine) -> None:
    """SHM_EXEC makes the area executable; mprotect can do so without it."""
    t = m.spawn()
    shmid = _segment(t, 1, 0o700)
    t.shmat(shmid, ARENA, SHM_EXEC)
    t.shmat(shmid, ARENA + 0x10000, SHM_EXEC | SHM_RDONLY)
    t.shmat(shmid, ARENA + 0x20000)
    assert t.mprotect(ARENA + 0x20000, P, PROT_READ | PROT_EXEC) is None
    t.maps()


# ------------------------------------------------------------------------------------------------ pages
def one_page_twice(m: Machine) -> None:
    """Two attaches show the same page: what is stored through one is loaded through the other."""
    t = m.spawn()
    shmid = _segment(t, 2)
    first, second = t.shmat(shmid), t.shmat(shmid)
    assert second == first - 2 * P
    assert len(t.maps()) == 2
    t.store(first + 10, b"one page")
    assert t.load(second + 10, 8) == b"one page"
    assert t.frame(first) == t.frame(second)
    assert t.frame(first + P) is None
    t.load(second + P, 1)
    assert t.frame(first + P) is None
    t.load(first + P, 1)
    assert t.frame(first + P) == t.frame(second + P)


def between_processes(m: Machine) -> None:
    """Processes that have nothing in common meet in a segment by its key, at different addresses."""
    a, b = m.spawn(uid=1000), m.spawn(uid=1001)
    assert a.shmget(77, 2 * P, 0o666 | IPC_CREAT) == b.shmget(77, P, 0) == 0
    a.shmat(0, ARENA)
    b.shmat(0, ARENA + 0x10000)
    a.store(ARENA + P + 5, b"from a")
    assert b.load(ARENA + 0x10000 + P + 5, 6) == b"from a"
    b.store(ARENA + 0x10000, b"from b")
    assert a.load(ARENA, 6) == b"from b"
    assert a.frame(ARENA) == b.frame(ARENA + 0x10000)
    record = a.shmctl(0, IPC_STAT)
    assert (record["nattch"], record["shm_cpid"], record["shm_lpid"]) == (2, "A", "B")


def faults_and_resident_pages(m: Machine) -> None:
    """N pages are N faults in each map, read or written; the first touch anywhere makes the page resident."""
    t = m.spawn()
    shmid = _segment(t, 20)
    first = t.shmat(shmid)
    assert _resident(t) == 0
    assert t.touch(first, 5, False) == 5 and _resident(t) == 5
    assert t.touch(first, 8, True) == 3 and _resident(t) == 8
    assert t.touch(first, 20, False) == 12 and _resident(t) == 20
    second = t.shmat(shmid)
    assert t.touch(second, 20, True) == 20
    assert t.touch(second, 20, True) == 0
    child = t.fork()
    assert child.touch(first, 20, False) == 20
    assert child.touch(first, 20, True) == 0
    assert t.touch(first, 20, True) == 0
    assert _resident(t) == 20
    child.madvise(first, 20 * P, MADV_DONTNEED)
    assert child.touch(first, 20, False) == 20
    for address in (first, second):
        t.shmdt(address)
    child.exit(0)
    assert _resident(t) == 20
    t.shmctl(shmid, IPC_RMID)
    assert t.shmctl(0, SHM_INFO) == (0, 0, 0, 0)


def contents_stay(m: Machine) -> None:
    """A segment that nobody has attached keeps its contents."""
    a, b = m.spawn(), m.spawn()
    shmid = _segment(a, 2)
    where = a.shmat(shmid)
    a.store(where, data(2 * P))
    a.exit(0)
    assert _nattch(b, shmid) == 0
    where = b.shmat(shmid)
    assert b.load(where, 2 * P) == data(2 * P)


# ------------------------------------------------------------------------------------------------ detaching
def detach_orders(m: Machine) -> None:
    """shmdt: EINVAL where no attach begins."""
    t = m.spawn()
    shmid = _segment(t, 3)
    t.shmat(shmid, ARENA)
    t.mmap(P, RW, FIX, *at(0x10000))
    for address in (0, 1, ARENA + 1, ARENA + P, ARENA + 0x10000, ARENA + 0x20000, KERNEL, TASK_SIZE):
        assert t.shmdt(address) == "EINVAL"
    assert _nattch(t, shmid) == 1
    assert t.shmdt(ARENA) is None
    assert t.shmdt(ARENA) == "EINVAL"
    assert _nattch(t, shmid) == 0


def access_after_detach(m: Machine) -> None:
    """After shmdt the addresses are mapped no more."""
    t = m.spawn()
    t.shmat(_segment(t), ARENA)
    t.store(ARENA, b"x")
    t.shmdt(ARENA)
    assert _dies(m, t, "load", ARENA, 1) == ("SIGSEGV MAPERR", ARENA)


def hole_in_an_attach(m: Machine) -> None:
    """munmap in the middle makes two attaches of one; shmdt of the first address takes all pieces."""
    t = m.spawn()
    shmid = _segment(t, 8)
    t.shmat(shmid, ARENA)
    t.store(ARENA, data(8 * P))
    t.munmap(ARENA + 3 * P, P)
    assert _nattch(t, shmid) == 2
    t.maps()
    assert t.load(ARENA + 4 * P, P) == data(8 * P)[4 * P : 5 * P]
    t.mprotect(ARENA + P, P, PROT_READ)
    assert _nattch(t, shmid) == 4
    assert t.shmdt(ARENA + 4 * P) == "EINVAL"
    assert t.shmdt(ARENA) is None
    assert _nattch(t, shmid) == 0
    assert t.maps() == []


def borders_in_an_attach(m: Machine) -> None:
    """A border that mprotect moves between two pieces makes no third one; pieces that become alike stay two."""
    t = m.spawn()
    shmid = _segment(t, 8)
    t.shmat(shmid, ARENA)
    t.mprotect(ARENA, 2 * P, PROT_READ)
    assert _nattch(t, shmid) == 2
    t.mprotect(ARENA + 2 * P, P, PROT_READ)
    assert _nattch(t, shmid) == 2
    t.mprotect(ARENA + 2 * P, P, RW)
    assert _nattch(t, shmid) == 2
    t.mprotect(ARENA, 2 * P, RW)
    assert _nattch(t, shmid) == 2
    t.maps()
    t.mprotect(ARENA, 8 * P, PROT_READ)
    t.maps()
    assert t.shmdt(ARENA) is None
    assert _nattch(t, shmid) == 0


def detach_without_the_first_page(m: Machine) -> None:
    """shmdt of the first address works when the first page is unmapped, and leaves other things alone."""
    t = m.spawn()
    shmid, other = _segment(t, 4), _segment(t, 4)
    t.shmat(shmid, ARENA)
    t.munmap(ARENA, 2 * P)
    assert _nattch(t, shmid) == 1
    t.mmap(P, RW, FIX, *at())
    t.shmat(other, ARENA + 4 * P)
    t.shmat(shmid, ARENA + 16 * P)
    assert t.shmdt(ARENA) is None
    t.maps()
    assert (_nattch(t, shmid), _nattch(t, other)) == (1, 1)


def detach_with_another_between(m: Machine) -> None:
    """Pieces of another segment between those of the first stay."""
    t = m.spawn()
    shmid, other = _segment(t, 6), _segment(t, 1)
    t.shmat(shmid, ARENA)
    t.shmat(other, ARENA + 2 * P, SHM_REMAP)
    t.mmap(P, RW, FIX, *at(4 * P))
    t.maps()
    assert _nattch(t, shmid) == 3
    t.shmdt(ARENA)
    t.maps()
    assert (_nattch(t, shmid), _nattch(t, other)) == (0, 1)


def remap_over_the_middle(m: Machine) -> None:
    """SHM_REMAP over the middle of an attach of the same segment: it is three then."""
    t = m.spawn()
    shmid = _segment(t, 5)
    t.shmat(shmid, ARENA)
    t.store(ARENA, data(5 * P))
    small = _segment(t, 1)
    t.shmat(small, ARENA + 2 * P, SHM_REMAP)
    assert (_nattch(t, shmid), _nattch(t, small)) == (2, 1)
    assert t.load(ARENA + P, 3 * P) == data(5 * P)[P : 2 * P] + bytes(P) + data(5 * P)[3 * P : 4 * P]
    t.shmat(shmid, ARENA + P, SHM_REMAP)
    t.maps()
    t.shmctl(shmid, IPC_STAT)
    t.shmctl(small, IPC_STAT)
    t.shmdt(ARENA + P)
    t.maps()
    t.shmctl(shmid, IPC_STAT)


def detach_moved(m: Machine) -> None:
    """An attach that mremap moved or grew."""
    t = m.spawn()
    shmid = _segment(t, 4)
    t.shmat(shmid, ARENA)
    t.store(ARENA, data(4 * P))
    assert t.mremap(ARENA, 4 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_FIXED, ARENA + 0x10000) == ARENA + 0x10000
    assert _nattch(t, shmid) == 1
    assert t.load(ARENA + 0x10000, 4 * P) == data(4 * P)
    assert t.shmdt(ARENA) == "EINVAL"
    t.mremap(ARENA + 0x10000, 4 * P, 6 * P, 0)
    t.maps()
    assert _nattch(t, shmid) == 1
    assert _dies(m, t, "load", ARENA + 0x10000 + 4 * P, 1)[0] == "SIGBUS ADRERR"
    t.mremap(ARENA + 0x10000, 6 * P, 2 * P, 0)
    t.maps()
    t.mremap(ARENA + 0x10000, 0, 4 * P, MREMAP_MAYMOVE)
    t.maps()
    assert _nattch(t, shmid) == 2
    assert t.shmdt(ARENA + 0x10000) is None
    assert _nattch(t, shmid) == 1
    t.maps()


def detach_the_second_half(m: Machine) -> None:
    """Where a piece begins is no first address; the pieces of one attach go, not those of the next."""
    t = m.spawn()
    shmid = _segment(t, 4)
    t.shmat(shmid, ARENA)
    t.munmap(ARENA, P)
    assert t.shmdt(ARENA + P) == "EINVAL"
    t.shmat(shmid, ARENA + 4 * P)
    assert t.shmdt(ARENA) is None
    t.maps()
    assert _nattch(t, shmid) == 1


# ------------------------------------------------------------------------------------------------ counting
def counted_over_fork_exec_exit(m: Machine) -> None:
    """fork doubles what is attached, execve and exit give it back; a shared address space counts once."""
    t = m.spawn()
    shmid = _segment(t, 2)
    t.shmat(shmid)
    t.shmat(shmid)
    assert _nattch(t, shmid) == 2
    child = t.fork()
    assert _nattch(t, shmid) == 4
    other = t.clone(CLONE_VM | SIGCHLD)
    assert _nattch(t, shmid) == 4
    grandchild = child.fork()
    assert _nattch(t, shmid) == 6
    child.execve()
    assert _nattch(t, shmid) == 4
    assert child.maps() == []
    grandchild.exit(0)
    assert t.shmctl(shmid, IPC_STAT)["shm_lpid"] == grandchild.name
    assert _nattch(t, shmid) == 2
    other.exit(0)
    assert _nattch(t, shmid) == 2
    t.exit(0)
    assert child.shmctl(shmid, IPC_STAT)["nattch"] == 0


def counted_when_a_task_is_killed(m: Machine) -> None:
    """A task that dies of a fault gives back what it had attached."""
    t = m.spawn()
    shmid = _segment(t, 2)
    t.shmat(shmid, ARENA, SHM_RDONLY)
    _dies(m, t, "store", ARENA, b"x")
    assert _nattch(t, shmid) == 1


def removed_while_attached(m: Machine) -> None:
    """IPC_RMID while attached: the key is free, the mode shows SHM_DEST, the id works until the last detach."""
    t = m.spawn()
    shmid = _segment(t, 2, 0o600, 55)
    t.shmat(shmid, ARENA)
    t.store(ARENA, b"kept")
    assert t.shmctl(shmid, IPC_RMID) is None
    record = t.shmctl(shmid, IPC_STAT)
    assert (record["key"], record["mode"]) == (0, oct(0o600 | SHM_DEST))
    t.maps()
    assert t.shmget(55, P, 0) == "ENOENT"
    again = t.shmget(55, P, 0o600 | IPC_CREAT)
    assert again != shmid
    assert t.shmat(shmid, ARENA + 0x10000) == ARENA + 0x10000
    assert t.load(ARENA + 0x10000, 4) == b"kept"
    assert t.shmctl(shmid, IPC_RMID) is None
    t.shmdt(ARENA)
    assert _nattch(t, shmid) == 1
    t.shmdt(ARENA + 0x10000)
    assert t.shmctl(shmid, IPC_STAT) == "EINVAL"
    assert t.shmat(shmid) == "EINVAL"
    assert t.shmctl(0, SHM_INFO)[:3] == (1, 1, 0)


def removed_by_the_last_to_exit(m: Machine) -> None:
    """A removed segment goes when the last process that has it ends."""
    a, b = m.spawn(), m.spawn()
    shmid = _segment(a, 2)
    a.shmat(shmid)
    child = a.fork()
    a.shmctl(shmid, IPC_RMID)
    a.exit(0)
    assert _nattch(b, shmid) == 1
    child.execve()
    assert b.shmctl(shmid, IPC_STAT) == "EINVAL"


def removed_with_pieces(m: Machine) -> None:
    """A removed segment of which pieces are unmapped goes with the last piece."""
    t = m.spawn()
    shmid = _segment(t, 4)
    t.shmat(shmid, ARENA)
    t.shmctl(shmid, IPC_RMID)
    t.munmap(ARENA + P, P)
    t.munmap(ARENA, P)
    assert _nattch(t, shmid) == 1
    t.munmap(ARENA, 8 * P)
    assert t.shmctl(shmid, IPC_STAT) == "EINVAL"


def locked_segments(m: Machine) -> None:
    """SHM_LOCK and SHM_UNLOCK set and clear a bit of the mode; the pages are touched by their users."""
    t = m.spawn()
    shmid = _segment(t, 3)
    t.shmat(shmid, ARENA)
    assert t.shmctl(shmid, SHM_LOCK) is None
    assert t.shmctl(shmid, IPC_STAT)["mode"] == oct(0o600 | SHM_LOCKED)
    assert _resident(t) == 0
    assert t.touch(ARENA, 3, True) == 3
    assert t.shmctl(shmid, SHM_LOCK) is None
    assert t.shmctl(shmid, SHM_UNLOCK) is None
    assert t.shmctl(shmid, IPC_STAT)["mode"] == oct(0o600)


def locked_by_users(m: Machine) -> None:
    """SHM_LOCK is for the owner within RLIMIT_MEMLOCK, which his other locked segments count against."""
    root, user, stranger = m.spawn(), m.spawn(uid=1000), m.spawn(uid=1001)
    user.setrlimit(RLIMIT_MEMLOCK, (4 * P, 4 * P))
    first, second, large = _segment(user, 2), _segment(user, 3), _segment(user, 5)
    assert user.shmctl(first, SHM_LOCK) is None
    assert user.shmctl(second, SHM_LOCK) == "ENOMEM"
    assert user.shmctl(large, SHM_LOCK) == "ENOMEM"
    assert stranger.shmctl(first, SHM_UNLOCK) == "EPERM"
    assert user.shmctl(first, SHM_UNLOCK) is None
    assert user.shmctl(second, SHM_LOCK) is None
    user.setrlimit(RLIMIT_MEMLOCK, (0, 0))
    assert user.shmctl(first, SHM_LOCK) == "EPERM"
    assert root.shmctl(large, SHM_LOCK) is None
    assert user.shmctl(large, SHM_UNLOCK) is None
    assert user.shmctl(second, IPC_RMID) is None


def attached_over_a_new_namespace(m: Machine) -> None:
    """Attaches stay when their task moves to another namespace, where the id is unknown."""
    t, other = m.spawn(), m.spawn()
    shmid = _segment(t, 2)
    t.shmat(shmid, ARENA)
    t.store(ARENA, b"kept")
    t.unshare(CLONE_NEWIPC)
    assert t.shmctl(shmid, IPC_STAT) == "EINVAL"
    assert t.load(ARENA, 4) == b"kept"
    assert _nattch(other, shmid) == 1
    assert _segment(t, 1) == 0
    t.maps()
    assert t.shmdt(ARENA) is None
    assert _nattch(other, shmid) == 0


def limits_do_not_count_attaches(m: Machine) -> None:
    """A segment can be attached any number of times; RLIMIT_AS counts each."""
    t = m.spawn()
    shmid = _segment(t, 1)
    assert len(set(t.repeat(300, "shmat", shmid))) == 300
    assert _nattch(t, shmid) == 300
    t.limit_as(1)
    assert isinstance(t.shmat(shmid), int)
    assert t.shmat(shmid) == "ENOMEM"
    assert _nattch(t, shmid) == 301
