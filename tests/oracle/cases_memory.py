"""Address spaces: areas and where they lie, protection, accesses, the break, limits, fork and execve."""

from .abi import (
    CLONE_VM,
    MADV_DONTNEED,
    MADV_NORMAL,
    MAP_ANONYMOUS,
    MAP_DENYWRITE,
    MAP_EXECUTABLE,
    MAP_FIXED,
    MAP_FIXED_NOREPLACE,
    MAP_GROWSDOWN,
    MAP_LOCKED,
    MAP_NORESERVE,
    MAP_POPULATE,
    MAP_PRIVATE,
    MAP_SHARED,
    MAP_SHARED_VALIDATE,
    MAP_STACK,
    MAP_SYNC,
    MREMAP_DONTUNMAP,
    MREMAP_FIXED,
    MREMAP_MAYMOVE,
    PAGE_SIZE,
    PROT_EXEC,
    PROT_GROWSDOWN,
    PROT_GROWSUP,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
    RLIMIT_AS,
    RLIMIT_DATA,
    RLIMIT_MEMLOCK,
    SIG_IGN,
    SIGCHLD,
    SIGSEGV,
)  # fmt: skip
from .machine import DIED, Machine, Task, data
from .memory import ARENA, HEAP, MMAP_BASE, TASK_SIZE, Addr, at

P = PAGE_SIZE
RW = PROT_READ | PROT_WRITE
ANON = MAP_PRIVATE | MAP_ANONYMOUS
SHARED = MAP_SHARED | MAP_ANONYMOUS
FIX = ANON | MAP_FIXED
HUGE = 1 << 47
INFINITE = (1 << 64) - 1
KERNEL = Addr(0xFFFF_8000_0000_0000)
UNUSED = Addr(0x1000_0000)  # nothing is mapped there


def _fault(m: Machine, t: Task, name: str, *args: object) -> tuple[str, Addr]:
    assert t.call(name, *args) == DIED
    found = m.fault_of(t)
    assert found is not None
    return found


def _dies(m: Machine, t: Task, name: str, *args: object) -> tuple[str, Addr]:
    # What a child of the task dies of: the task itself goes on.
    child = t.fork()
    found = _fault(m, child, name, *args)
    assert t.wait4(child, 0)[1] == (7 if found[0].startswith("SIGBUS") else 11)
    return found


# ------------------------------------------------------------------------------------------------ where areas lie
def placed_downwards(m: Machine) -> None:
    """The kernel chooses addresses downwards from the top; neighbours that are alike are one area."""
    t = m.spawn()
    assert t.mmap(2 * P, RW, ANON) == MMAP_BASE - 2 * P
    assert t.mmap(1, RW, ANON) == MMAP_BASE - 3 * P
    assert len(t.maps()) == 1
    assert t.mmap(P, PROT_READ, ANON) == MMAP_BASE - 4 * P
    assert t.mmap(P, RW, ANON) == MMAP_BASE - 5 * P
    assert len(t.maps()) == 3
    t.munmap(MMAP_BASE - 2 * P, P)
    assert t.mmap(2 * P, RW, ANON) == MMAP_BASE - 7 * P
    assert t.mmap(P, RW, ANON) == MMAP_BASE - 2 * P
    assert len(t.maps()) == 3


def placed_in_the_highest_hole(m: Machine) -> None:
    """Of the holes that are large enough the highest is taken, and its upper end."""
    t = m.spawn()
    assert t.mmap(32 * P, RW, ANON) == MMAP_BASE - 32 * P
    for first, n in ((20, 1), (10, 4), (2, 2)):
        t.munmap(MMAP_BASE - (first + n) * P, n * P)
    assert t.mmap(3 * P, PROT_READ, ANON) == MMAP_BASE - 13 * P
    assert t.mmap(2 * P, PROT_READ, ANON) == MMAP_BASE - 4 * P
    assert t.mmap(P, PROT_READ, ANON) == MMAP_BASE - 14 * P
    assert t.mmap(2 * P, PROT_READ, ANON) == MMAP_BASE - 34 * P
    assert t.mmap(P, PROT_READ, ANON) == MMAP_BASE - 21 * P
    t.maps()


def placed_large(m: Machine) -> None:
    """A length of whole huge pages is placed at a huge page, if memory is private and without a file."""
    t = m.spawn()
    big = 2 << 20
    assert t.mmap(P, RW, ANON) == MMAP_BASE - P
    where = t.mmap(big, PROT_READ, ANON)
    assert where % big == 0
    t.mmap(big + P, PROT_READ, ANON)
    t.mmap(2 * big, PROT_READ, ANON)
    t.mmap(big, PROT_READ, SHARED)
    t.mmap(big, PROT_READ, ANON, -1, 0, ARENA + P)
    t.mmap(P, RW, FIX, *at(P + big))
    moved = t.mremap(ARENA + P, big, 2 * big, MREMAP_MAYMOVE)
    assert moved % big == 0
    t.maps()


def placed_by_a_hint(m: Machine) -> None:
    """A hint is taken, rounded down to a page, if the place is free; else the kernel chooses."""
    t = m.spawn()
    assert t.mmap(2 * P, RW, ANON, *at(0x5123)) == ARENA + 0x5000
    assert t.mmap(P, RW, ANON, *at(0x6000)) == MMAP_BASE - P
    assert t.mmap(2 * P, RW, ANON, *at(0x4000)) == MMAP_BASE - 3 * P
    assert t.mmap(P, RW, ANON, *at(0x4000)) == ARENA + 0x4000
    assert t.mmap(P, RW, ANON, *at(0x7fff)) == ARENA + 0x7000
    assert t.maps()[0].startswith("200000004000-200000008000 ")
    assert t.mmap(P, RW, ANON, -1, 0, TASK_SIZE - P) == MMAP_BASE - 4 * P
    assert t.mmap(P, RW, ANON, -1, 0, TASK_SIZE) == MMAP_BASE - 5 * P
    assert t.mmap(P, RW, ANON, -1, 0, KERNEL) == MMAP_BASE - 6 * P
    assert t.mmap(P, RW, ANON, -1, 0, 1) == MMAP_BASE - 7 * P


def the_first_page(m: Machine) -> None:
    """MAP_FIXED below vm.mmap_min_addr takes CAP_SYS_RAWIO; a hint of 0 is none."""
    a, b = m.spawn(), m.spawn(uid=1000)
    for t in (a, b):
        assert t.mmap(P, RW, ANON, -1, 0, 0) == MMAP_BASE - P
        assert t.mmap(P, RW, FIX, -1, 0, 0x10000) == 0x10000
        assert t.mmap(P, RW, ANON, -1, 0, 0x11000) == 0x11000
    assert b.mmap(P, RW, FIX, -1, 0, 0) == "EPERM"
    assert b.mmap(P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0, 0) == "EPERM"
    assert a.mmap(P, RW, FIX, -1, 0, 0) == 0
    a.store(0, b"null")
    assert a.load(0, 4) == b"null"
    a.maps()


def fixed(m: Machine) -> None:
    """MAP_FIXED takes the place whatever is there; MAP_FIXED_NOREPLACE finds EEXIST."""
    t = m.spawn()
    assert t.mmap(4 * P, RW, FIX, *at()) == ARENA
    t.store(ARENA, data(4 * P, 1))
    assert t.mmap(P, PROT_READ, FIX, *at(P)) == ARENA + P
    assert t.load(ARENA, 4 * P) == data(P, 1) + bytes(P) + data(4 * P, 1)[2 * P :]
    assert len(t.maps()) == 3
    assert t.mmap(8 * P, RW, FIX, *at(-2 * P)) == ARENA - 2 * P
    assert t.load(ARENA, 4) == bytes(4)
    assert len(t.maps()) == 1
    for offset, n in ((-3, 2), (5, 2), (0, 1), (-3, 20)):
        assert t.mmap(n * P, RW, ANON | MAP_FIXED_NOREPLACE, *at(offset * P)) == "EEXIST"
    assert t.mmap(P, RW, ANON | MAP_FIXED_NOREPLACE, *at(6 * P)) == ARENA + 6 * P
    assert t.mmap(P, RW, ANON | MAP_FIXED_NOREPLACE, *at(-3 * P)) == ARENA - 3 * P
    assert t.mmap(P, RW, ANON | MAP_FIXED_NOREPLACE, *at(100)) == "EINVAL"
    assert len(t.maps()) == 1


def flags_that_change_nothing(m: Machine) -> None:
    """Old flags are accepted; areas with MAP_STACK or MAP_NORESERVE do not join others."""
    t = m.spawn()
    for i, flag in enumerate((MAP_DENYWRITE, MAP_EXECUTABLE, MAP_STACK, 0, MAP_POPULATE, MAP_NORESERVE)):
        assert t.mmap(P, RW, FIX | flag, *at(i * P)) == ARENA + i * P
    t.maps()
    assert t.mmap(P, RW, FIX | 1 << 27, *at(i * P)) == ARENA + i * P


# ------------------------------------------------------------------------------------------------ errors of mmap
def mmap_order_without_file(m: Machine) -> None:
    """Errors of mmap without a file: EINVAL of the offset, EBADF, EINVAL of length 0, ENOMEM, EINVAL of the flags."""
    t = m.spawn()
    assert t.mmap(0, RW, ANON, -1, 1) == "EINVAL"
    assert t.mmap(0, RW, ANON) == "EINVAL"
    assert t.mmap(0, RW, 0) == "EBADF"
    assert t.mmap(P, RW, 0) == "EBADF"
    assert t.mmap(P, RW, MAP_ANONYMOUS) == "EINVAL"
    assert t.mmap(P, RW, ANON, -1, 100) == "EINVAL"
    assert t.mmap(P, RW, ANON, 99, P) == MMAP_BASE - P
    assert t.mmap(-1, RW, ANON) == "ENOMEM"
    assert t.mmap(HUGE, RW, ANON) == "ENOMEM"
    assert t.mmap(HUGE, RW, MAP_ANONYMOUS) == "ENOMEM"
    assert t.mmap(0, RW, FIX, *at(1)) == "EINVAL"
    assert t.mmap(P, RW, FIX, *at(1)) == "EINVAL"
    assert t.mmap(HUGE, RW, FIX, *at(1)) == "ENOMEM"
    assert t.mmap(P, RW, FIX, -1, 0, TASK_SIZE) == "ENOMEM"
    assert t.mmap(P, RW, FIX, -1, 0, KERNEL) == "ENOMEM"
    assert t.mmap(P, RW, FIX, -1, 0, KERNEL + 1) == "ENOMEM"
    assert t.mmap(P, RW, MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, *at()) == "EINVAL"
    for kind in (0, 4, 5, 15):
        assert t.mmap(P, RW, kind | MAP_ANONYMOUS) == "EINVAL"
    assert t.mmap(P, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS) == "EINVAL"
    assert t.mmap(-P, RW, ANON, -1, 2 * P) == "ENOMEM"
    assert t.mmap(3 * P, RW, ANON, -1, -P) == MMAP_BASE - 4 * P
    assert t.mmap(P, RW, SHARED, -1, -P) == MMAP_BASE - 5 * P
    assert t.mmap(P, 1 << 12, ANON) != "EINVAL"
    t.maps()


def shared_areas_without_file(m: Machine) -> None:
    """A shared area without a file is a deleted file /dev/zero of its own; the offset does not matter."""
    t = m.spawn()
    assert t.mmap(2 * P, RW, SHARED | MAP_FIXED, *at()) == ARENA
    assert t.mmap(2 * P, RW, SHARED | MAP_FIXED, -1, 5 * P, ARENA + 2 * P) == ARENA + 2 * P
    t.store(ARENA, data(4 * P))
    assert len(t.maps()) == 2
    t.munmap(ARENA + P, 2 * P)
    t.maps()
    assert t.load(ARENA + 3 * P, P) == data(4 * P)[3 * P :]


# ------------------------------------------------------------------------------------------------ munmap
def munmap_orders(m: Machine) -> None:
    """munmap: EINVAL of an address inside a page, of a length of 0 and beyond user space; holes are fine."""
    t = m.spawn()
    t.mmap(4 * P, RW, FIX, *at())
    assert t.munmap(ARENA + 1, P) == "EINVAL"
    assert t.munmap(ARENA, 0) == "EINVAL"
    assert t.munmap(ARENA, HUGE) == "EINVAL"
    assert t.munmap(ARENA, -1) == "EINVAL"
    assert t.munmap(KERNEL, P) == "EINVAL"
    assert t.munmap(TASK_SIZE, P) == "EINVAL"
    assert t.munmap(TASK_SIZE, 0) == "EINVAL"
    assert t.munmap(ARENA + 0x100000, P) is None
    assert t.munmap(ARENA + P, 1) is None
    assert len(t.maps()) == 2
    assert t.munmap(ARENA + P, P) is None
    assert t.munmap(ARENA - 8 * P, 16 * P) is None
    assert t.maps() == []


def munmap_splits(m: Machine) -> None:
    """munmap in the middle makes two areas of one; what is left keeps its contents; a new map joins them."""
    t = m.spawn()
    t.mmap(8 * P, RW, FIX, *at())
    t.store(ARENA, data(8 * P))
    t.munmap(ARENA + 2 * P, 3 * P)
    assert len(t.maps()) == 2
    assert t.load(ARENA, 2 * P) == data(2 * P)
    assert t.load(ARENA + 5 * P, 3 * P) == data(8 * P)[5 * P :]
    assert _dies(m, t, "load", ARENA + 2 * P, 1) == ("SIGSEGV MAPERR", ARENA + 2 * P)
    t.mmap(3 * P, RW, FIX, *at(2 * P))
    t.maps()
    assert t.load(ARENA + P, 5 * P) == data(2 * P)[P:] + bytes(3 * P) + data(8 * P)[5 * P : 6 * P]


# ------------------------------------------------------------------------------------------------ mprotect
def mprotect_orders(m: Machine) -> None:
    """mprotect: EINVAL of both growths and of the address, 0 bytes are fine, EINVAL of the protection, ENOMEM."""
    t = m.spawn()
    t.mmap(4 * P, RW, FIX, *at())
    assert t.mprotect(ARENA + 1, P, RW) == "EINVAL"
    assert t.mprotect(ARENA + 1, 0, RW) == "EINVAL"
    assert t.mprotect(ARENA, P, RW | PROT_GROWSDOWN | PROT_GROWSUP) == "EINVAL"
    assert t.mprotect(ARENA, 0, 0x40) is None
    assert t.mprotect(UNUSED, 0, RW) is None
    assert t.mprotect(ARENA, P, 0x40) == "EINVAL"
    assert t.mprotect(UNUSED, P, RW) == "ENOMEM"
    assert t.mprotect(UNUSED, P, 0x40) == "EINVAL"
    assert t.mprotect(ARENA, -1, RW) == "ENOMEM"
    assert t.mprotect(ARENA, -P, RW) == "ENOMEM"
    assert t.mprotect(KERNEL, P, RW) == "ENOMEM"
    assert t.mprotect(ARENA, P, RW | PROT_GROWSDOWN) == "EINVAL"
    assert t.mprotect(ARENA, P, RW | PROT_GROWSUP) == "EINVAL"
    assert t.mprotect(ARENA, 1, PROT_READ) is None
    assert len(t.maps()) == 2
    assert t.mprotect(ARENA, 4 * P, RW) is None
    assert len(t.maps()) == 1


def mprotect_before_a_hole(m: Machine) -> None:
    """What lies before the hole has been changed when mprotect says ENOMEM."""
    t = m.spawn()
    t.mmap(2 * P, RW, FIX, *at())
    t.mmap(2 * P, RW, FIX, *at(3 * P))
    assert t.mprotect(ARENA + P, 3 * P, PROT_READ) == "ENOMEM"
    t.maps()
    assert t.mprotect(ARENA + 2 * P, 2 * P, PROT_READ) == "ENOMEM"
    t.maps()
    assert t.mprotect(ARENA + 4 * P, 2 * P, PROT_READ) == "ENOMEM"
    t.maps()
    assert _dies(m, t, "store", ARENA + P, b"x") == ("SIGSEGV ACCERR", ARENA + P)
    t.store(ARENA + 3 * P, b"x")


def mprotect_and_accesses(m: Machine) -> None:
    """What mprotect forbids ends the task with SEGV_ACCERR; what it allows again is as it was."""
    t = m.spawn()
    t.mmap(2 * P, RW, FIX, *at())
    t.store(ARENA, data(2 * P))
    t.mprotect(ARENA, P, PROT_READ)
    assert t.load(ARENA, P) == data(P)
    assert _dies(m, t, "store", ARENA + 7, b"x") == ("SIGSEGV ACCERR", ARENA + 7)
    t.mprotect(ARENA, P, PROT_NONE)
    assert _dies(m, t, "load", ARENA + 9, 1) == ("SIGSEGV ACCERR", ARENA + 9)
    assert _dies(m, t, "store", ARENA + 9, b"x") == ("SIGSEGV ACCERR", ARENA + 9)
    t.mprotect(ARENA, P, PROT_WRITE)
    assert t.load(ARENA, 3) == data(3)
    t.mprotect(ARENA, P, PROT_READ | PROT_EXEC)
    assert t.load(ARENA, 3) == data(3)
    t.maps()
    t.mprotect(ARENA, 2 * P, RW)
    t.store(ARENA, b"new")
    assert t.load(ARENA, 2 * P) == b"new" + data(2 * P)[3:]
    t.maps()


def mprotect_joins_neighbours(m: Machine) -> None:
    """Areas that become alike are joined on both sides."""
    t = m.spawn()
    t.mmap(5 * P, PROT_READ, FIX, *at())
    for page in (1, 3):
        t.mprotect(ARENA + page * P, P, RW)
    assert len(t.maps()) == 5
    t.mprotect(ARENA + 2 * P, P, RW)
    assert len(t.maps()) == 3
    t.mprotect(ARENA, 5 * P, PROT_NONE)
    t.maps()
    t.mprotect(ARENA + P, P, PROT_READ)
    t.mprotect(ARENA + P, P, PROT_NONE)
    t.maps()


def accounted_areas_stay_apart(m: Machine) -> None:
    """An area that was written to does not join one that never could be, also when both are read-only."""
    t = m.spawn()
    t.mmap(P, RW, FIX, *at())
    t.mmap(P, PROT_READ, FIX, *at(P))
    t.mprotect(ARENA, P, PROT_READ)
    assert len(t.maps()) == 1
    t.mprotect(ARENA, P, RW)
    t.store(ARENA, b"x")
    t.mprotect(ARENA, P, PROT_READ)
    assert len(t.maps()) == 2
    t.mprotect(ARENA + P, P, RW)
    t.mprotect(ARENA + P, P, PROT_READ)
    t.maps()


def touched_areas_that_meet(m: Machine) -> None:
    """Areas that were touched apart and then become neighbours, with and without a fork between."""
    t = m.spawn()
    for page in (0, 2):
        t.mmap(P, RW, FIX, *at(page * P))
        t.store(ARENA + page * P, b"x")
    t.mmap(P, RW, FIX, *at(P))
    t.maps()
    t.store(ARENA + P, b"y")
    t.mmap(4 * P, RW, FIX, *at(0x10000))
    t.mprotect(ARENA + 0x11000, P, PROT_READ)
    t.store(ARENA + 0x10000, b"x")
    t.store(ARENA + 0x12000, b"x")
    t.mprotect(ARENA + 0x11000, P, RW)
    t.maps()
    child = t.fork()
    for a in (child, t):
        a.mprotect(ARENA + 0x11000, P, PROT_READ)
        a.mprotect(ARENA + 0x11000, P, RW)
        a.maps()
        a.mmap(P, RW, FIX, *at(0x14000))
        a.maps()
        a.store(ARENA + 0x14000, b"x")
        a.mmap(P, RW, FIX, *at(0xF000))
        a.maps()


# ------------------------------------------------------------------------------------------------ mremap
def mremap_orders(m: Machine) -> None:
    """mremap: EINVAL of flags, addresses and a new length of 0; EFAULT where nothing is mapped; ENOMEM."""
    t = m.spawn()
    t.mmap(4 * P, RW, FIX, *at())
    assert t.mremap(ARENA, P, P, 8) == "EINVAL"
    assert t.mremap(ARENA, P, P, MREMAP_FIXED, ARENA + 0x10000) == "EINVAL"
    assert t.mremap(ARENA + 1, P, P, 0) == "EINVAL"
    assert t.mremap(ARENA, P, 0, 0) == "EINVAL"
    assert t.mremap(ARENA, P, 0, MREMAP_MAYMOVE) == "EINVAL"
    assert t.mremap(ARENA, P, 2 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP) == "EINVAL"
    assert t.mremap(UNUSED, P, P, 0) == "EFAULT"
    assert t.mremap(UNUSED, P, 2 * P, MREMAP_MAYMOVE) == "EFAULT"
    assert t.mremap(UNUSED, 2 * P, P, 0) == "EFAULT"
    assert t.mremap(ARENA, 8 * P, 9 * P, MREMAP_MAYMOVE) == "EFAULT"
    assert t.mremap(ARENA, 0, P, MREMAP_MAYMOVE) == "EINVAL"
    assert t.mremap(ARENA, P, 2 * P, 0) == "ENOMEM"
    assert t.mremap(ARENA, 4 * P, HUGE, MREMAP_MAYMOVE) == "EINVAL"
    assert t.mremap(ARENA, 4 * P, HUGE - 0x100000, MREMAP_MAYMOVE) == "ENOMEM"
    assert t.mremap(ARENA, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, ARENA + 1) == "EINVAL"
    assert t.mremap(ARENA, 2 * P, P, MREMAP_MAYMOVE | MREMAP_FIXED, ARENA + P) == "EINVAL"
    assert t.mremap(ARENA, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, ARENA) == "EINVAL"
    assert t.mremap(ARENA, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, TASK_SIZE) == "EINVAL"
    assert t.mremap(ARENA, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, KERNEL) == "EINVAL"
    assert len(t.maps()) == 1


def mremap_in_place(m: Machine) -> None:
    """An area shrinks and grows where it is while there is room; contents stay, what is new reads as zeros."""
    t = m.spawn()
    t.mmap(4 * P, RW, FIX, *at())
    t.store(ARENA, data(4 * P))
    assert t.mremap(ARENA, 4 * P, 4 * P, 0) == ARENA
    assert t.mremap(ARENA, 4 * P, 2 * P, 0) == ARENA
    t.maps()
    assert t.mremap(ARENA, 2 * P, 6 * P, 0) == ARENA
    t.maps()
    assert t.load(ARENA, 6 * P) == data(2 * P) + bytes(4 * P)
    t.mmap(P, PROT_READ, FIX, *at(7 * P))
    assert t.mremap(ARENA, 6 * P, 8 * P, 0) == "ENOMEM"
    assert t.mremap(ARENA, 6 * P, 7 * P, 0) == ARENA
    assert t.mremap(ARENA + P, P, 2 * P, 0) == "ENOMEM"
    assert t.mremap(ARENA + P, 6 * P, 5 * P + 1, 0) == ARENA + P
    t.maps()
    assert t.mremap(ARENA, P + 1, 5 * P, 0) == "ENOMEM"
    assert t.mremap(ARENA, P + 1, P + 2, 0) == ARENA


def mremap_moves(m: Machine) -> None:
    """MREMAP_MAYMOVE: the kernel chooses another place; the contents go along, the old place is free."""
    t = m.spawn()
    t.mmap(3 * P, RW, FIX, *at())
    t.store(ARENA, data(3 * P))
    t.mmap(P, PROT_READ, FIX, *at(3 * P))
    where = t.mremap(ARENA, 3 * P, 5 * P, MREMAP_MAYMOVE)
    assert where == MMAP_BASE - 5 * P
    t.maps()
    assert t.load(where, 5 * P) == data(3 * P) + bytes(2 * P)
    assert _dies(m, t, "load", ARENA, 1) == ("SIGSEGV MAPERR", ARENA)
    part = t.mremap(where + P, P, 3 * P, MREMAP_MAYMOVE)
    assert part == MMAP_BASE - 8 * P
    t.maps()
    assert t.load(part, 3 * P) == data(3 * P)[P : 2 * P] + bytes(2 * P)
    assert t.load(where, P) == data(P)
    assert t.load(where + 2 * P, P) == data(3 * P)[2 * P :]


def mremap_fixed(m: Machine) -> None:
    """MREMAP_FIXED moves to the given place and replaces what is there; it may shrink on the way."""
    t = m.spawn()
    t.mmap(4 * P, RW, FIX, *at())
    t.store(ARENA, data(4 * P))
    t.mmap(4 * P, PROT_READ, FIX, *at(0x10000))
    assert t.mremap(ARENA, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED, ARENA + 0x11000) == ARENA + 0x11000
    t.maps()
    assert t.load(ARENA + 0x11000, 2 * P) == data(2 * P)
    assert t.mremap(ARENA + 2 * P, 2 * P, P, MREMAP_MAYMOVE | MREMAP_FIXED, ARENA + 0x12000) == ARENA + 0x12000
    t.maps()
    assert t.load(ARENA + 0x11000, 2 * P) == data(P) + data(4 * P)[2 * P : 3 * P]
    assert t.mremap(ARENA + 0x11000, 2 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_FIXED, ARENA) == "EFAULT"
    assert t.mremap(ARENA + 0x11000, P, 4 * P, MREMAP_MAYMOVE | MREMAP_FIXED, ARENA) == ARENA
    t.maps()
    assert t.load(ARENA, 4 * P) == data(P) + bytes(3 * P)


def mremap_dontunmap(m: Machine) -> None:
    """MREMAP_DONTUNMAP leaves an empty area behind."""
    t = m.spawn()
    t.mmap(3 * P, RW, FIX, *at())
    t.store(ARENA, data(3 * P))
    where = t.mremap(ARENA, 3 * P, 3 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP)
    assert where == MMAP_BASE - 3 * P
    t.maps()
    assert t.load(where, 3 * P) == data(3 * P)
    assert t.load(ARENA, 3 * P) == bytes(3 * P)


def mremap_of_locked_memory(m: Machine) -> None:
    """A locked area that is moved is not touched, only what it grows by; MREMAP_DONTUNMAP unlocks what it leaves."""
    t = m.spawn()
    t.mmap(2 * P, RW, FIX | MAP_LOCKED, *at())
    child = t.fork()
    to = ARENA + 0x10000
    assert t.mremap(ARENA, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to
    assert t.touch(to, 2, True) == 2
    assert t.mremap(to, 2 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_FIXED, ARENA) == ARENA
    assert t.touch(ARENA, 4, True) == 0
    assert child.touch(ARENA, 2, True) == 2
    t.mmap(P, PROT_READ, FIX | MAP_LOCKED, *at(0x20000))
    t.mremap(ARENA + 0x20000, P, P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, ARENA + 0x21000)
    t.maps()


def mremap_of_shared_memory(m: Machine) -> None:
    """An old length of 0 makes a second area of a shared one; of a private one it is EINVAL."""
    t = m.spawn()
    t.mmap(3 * P, RW, SHARED | MAP_FIXED, *at())
    t.store(ARENA, data(3 * P))
    second = t.mremap(ARENA + P, 0, 2 * P, MREMAP_MAYMOVE)
    assert second == MMAP_BASE - 2 * P
    t.maps()
    assert t.load(second, P) == data(3 * P)[P : 2 * P]
    t.store(second, b"both")
    assert t.load(ARENA + P, 4) == b"both"
    assert t.mremap(ARENA, 0, 2 * P, 0) == "ENOMEM"


def mremap_over_several_areas(m: Machine) -> None:
    """A range of several areas cannot be grown; of one length it is left alone, and it can be cut off."""
    t = m.spawn()
    t.mmap(4 * P, RW, FIX, *at())
    t.mprotect(ARENA + P, P, PROT_READ)
    assert t.mremap(ARENA, 2 * P, 5 * P, MREMAP_MAYMOVE) == "EFAULT"
    assert t.mremap(ARENA, 4 * P, 4 * P, MREMAP_MAYMOVE) == ARENA
    assert t.mremap(ARENA, 4 * P, P, 0) == ARENA
    t.maps()


def mremap_moves_several_areas(m: Machine) -> None:
    """With MREMAP_FIXED and no other length several areas go, and the holes between; it must begin in an area."""
    t = m.spawn()
    t.mmap(8 * P, RW, FIX, *at())
    t.store(ARENA, data(8 * P))
    t.mprotect(ARENA + P, P, PROT_READ)
    t.munmap(ARENA + 3 * P, 2 * P)
    t.mmap(8 * P, PROT_NONE, FIX, *at(0x20000))
    to = ARENA + 0x20000
    assert t.mremap(ARENA + 3 * P, 4 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_FIXED, to) == "EFAULT"
    assert t.mremap(ARENA, 7 * P, 7 * P, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to
    t.maps()
    assert t.load(to, 3 * P) == data(3 * P)
    assert t.load(to + 5 * P, 2 * P) == data(8 * P)[5 * P : 7 * P]
    assert t.load(ARENA + 7 * P, P) == data(8 * P)[7 * P :]


def mremap_of_silly_lengths(m: Machine) -> None:
    """An old length beyond user space is EINVAL, also for a shrink; a new place over the old one is EINVAL."""
    t = m.spawn()
    t.mmap(2 * P, RW, FIX, *at())
    assert t.mremap(ARENA, -P, P, 0) == "EINVAL"
    assert t.mremap(ARENA, HUGE, P, 0) == "EINVAL"
    assert t.mremap(ARENA, HUGE, P, MREMAP_MAYMOVE) == "EINVAL"
    assert t.mremap(ARENA, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, ARENA + P) == "EINVAL"
    assert t.mremap(UNUSED, 4 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, UNUSED + P) == "EINVAL"
    assert t.mremap(UNUSED, 4 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, ARENA) == "EFAULT"
    assert len(t.maps()) == 1


# ------------------------------------------------------------------------------------------------ accesses
def bad_addresses(m: Machine) -> None:
    """Where nothing is mapped: MAPERR and the address; an address that is none at all has none."""
    t = m.spawn()
    for address in (0, 8, UNUSED, ARENA, TASK_SIZE, KERNEL, INFINITE - 7):
        assert _dies(m, t, "load", address, 1) == ("SIGSEGV MAPERR", address)
        assert _dies(m, t, "store", address, b"x") == ("SIGSEGV MAPERR", address)
    for address in (1 << 47, 0x8000_0000_0000_0000, 0xFFFF_7FFF_FFFF_FFFF):
        assert _dies(m, t, "load", address, 1) == ("SIGSEGV KERNEL", 0)
        assert _dies(m, t, "store", address, b"x") == ("SIGSEGV KERNEL", 0)


def accesses_over_the_end(m: Machine) -> None:
    """An access that runs out of the area faults at the first byte outside; what came before is done."""
    t = m.spawn()
    t.mmap(2 * P, RW, SHARED | MAP_FIXED, *at())
    t.mprotect(ARENA + P, P, PROT_READ)
    assert _dies(m, t, "load", ARENA + 2 * P - 3, 8) == ("SIGSEGV MAPERR", ARENA + 2 * P)
    assert _dies(m, t, "store", ARENA + P - 3, b"abcdef") == ("SIGSEGV ACCERR", ARENA + P)
    assert t.load(ARENA + P - 3, 4) == b"abc\0"


def a_fault_ends_the_process(m: Machine) -> None:
    """All threads die of a fault, and the parent sees the signal; an ignored SIGSEGV kills all the same."""
    parent = m.spawn()
    t = parent.fork()
    thread = t.thread()
    t.signal(SIGSEGV, SIG_IGN)
    assert _fault(m, thread, "load", UNUSED, 1) == ("SIGSEGV MAPERR", UNUSED)
    assert parent.waitid(0, 0, 4) == (SIGCHLD, 2, t.name, 0, SIGSEGV)


def accesses_and_calls(m: Machine) -> None:
    """A call that meets a bad address gives EFAULT and no signal; what could be moved is counted."""
    t = m.spawn()
    r, w = t.pipe2(0)
    t.mmap(2 * P, RW, FIX, *at())
    t.mprotect(ARENA + P, P, PROT_READ)
    assert t.write(w, data(P)) == P
    assert t.read_at(r, UNUSED, 8) == "EFAULT"
    assert t.read_at(r, ARENA + P, 8) == "EFAULT"
    assert t.read_at(r, ARENA, 100) == 100
    assert t.load(ARENA, 101) == data(100) + b"\0"
    t.store(ARENA, data(P, 5))
    assert t.write_at(w, ARENA + P - 50, 50 + P) == 50 + P
    assert t.write_at(w, ARENA + P, P) == P
    assert t.write_at(w, ARENA + 2 * P, P) == "EFAULT"
    assert t.read(r, 3 * P) == data(P)[100:] + data(P, 5)[-50:] + bytes(2 * P)


# ------------------------------------------------------------------------------------------------ faults and frames
def faults_of_private_memory(m: Machine) -> None:
    """The first touch of a page is a fault; a page that was only read takes a second one to be written."""
    t = m.spawn()
    t.mmap(8 * P, RW, FIX, *at())
    assert t.touch(ARENA, 4, True) == 4
    assert t.touch(ARENA, 4, True) == 0
    assert t.touch(ARENA + 4 * P, 4, False) == 4
    assert t.touch(ARENA + 4 * P, 4, False) == 0
    assert t.touch(ARENA + 4 * P, 4, True) == 4
    assert t.frame(ARENA) is not None
    t.madvise(ARENA, 2 * P, MADV_DONTNEED)
    assert t.frame(ARENA) is None
    assert t.load(ARENA, 2 * P) == bytes(2 * P)
    assert t.touch(ARENA, 4, True) == 2


def faults_after_mprotect(m: Machine) -> None:
    """Pages that one process has are writable at once when their area is; those that a fork has shared are not."""
    t = m.spawn()
    t.mmap(4 * P, RW, FIX, *at())
    t.touch(ARENA, 2, True)
    for prot in (PROT_READ, PROT_NONE):
        t.mprotect(ARENA, 4 * P, prot)
        t.mprotect(ARENA, 4 * P, RW)
        assert t.touch(ARENA, 2, True) == 0
    child = t.fork()
    for a in (t, child):
        a.mprotect(ARENA, 4 * P, PROT_READ)
        a.mprotect(ARENA, 4 * P, RW)
    child.exit(0)
    t.mprotect(ARENA, 4 * P, PROT_READ)
    t.mprotect(ARENA, 4 * P, RW)
    assert t.touch(ARENA, 2, True) == 2
    assert t.touch(ARENA, 2, True) == 0
    assert t.touch(ARENA + 2 * P, 2, False) == 2
    t.mprotect(ARENA, 4 * P, PROT_READ)
    t.mprotect(ARENA, 4 * P, RW)
    assert t.touch(ARENA + 2 * P, 2, True) == 2


def faults_of_populated_memory(m: Machine) -> None:
    """MAP_POPULATE and MAP_LOCKED touch the pages at once."""
    t = m.spawn()
    t.mmap(4 * P, RW, FIX | MAP_POPULATE, *at())
    assert t.touch(ARENA, 4, True) == 0
    t.mmap(4 * P, PROT_READ, FIX | MAP_POPULATE, *at(0x10000))
    assert t.touch(ARENA + 0x10000, 4, False) == 0
    t.mmap(4 * P, RW, FIX | MAP_LOCKED, *at(0x20000))
    assert t.touch(ARENA + 0x20000, 4, True) == 0
    root = m.spawn(uid=0)
    assert root.mmap(4 * P, RW, FIX | MAP_POPULATE, -1, 0, Addr(0)) == 0
    assert root.touch(Addr(0), 4, True) == 0


def faults_around(m: Machine) -> None:
    """A read maps sixteen pages of a file in memory, from an aligned one or the first of the area on, of one table."""
    t = m.spawn()
    for first, pages in ((0x2F, 40), (0x3E, 3), (0x40, 20), (505, 30), (0x1F, 64)):
        start = ARENA + first * P
        t.mmap(pages * P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0, Addr(start))
        t.touch(start, pages, True)
        for read in (0, 1, pages // 2, pages - 1):
            t.madvise(start, pages * P, MADV_DONTNEED)
            t.touch(start + read * P, 1, False)
            for i in range(pages):
                t.touch(start + i * P, 1, False)
        t.munmap(start, pages * P)


def copy_on_write(m: Machine) -> None:
    """After fork private pages are one frame until one side writes; the last owner keeps it."""
    t = m.spawn()
    t.mmap(3 * P, RW, FIX, *at())
    t.store(ARENA, data(3 * P))
    first = t.frame(ARENA)
    child = t.fork()
    assert child.frame(ARENA) == first
    child.store(ARENA, b"child")
    assert t.load(ARENA, 5) == data(5)
    assert child.load(ARENA, 5) == b"child"
    assert t.frame(ARENA) == first and child.frame(ARENA) != first
    assert t.frame(ARENA + P) == child.frame(ARENA + P)
    t.store(ARENA + P, b"parent")
    assert child.load(ARENA + P, 6) == data(3 * P)[P : P + 6]
    assert child.touch(ARENA, 3, True) == 2
    child.exit(0)
    assert t.touch(ARENA, 3, True) == 2
    assert t.frame(ARENA) == first


def shared_memory_over_fork(m: Machine) -> None:
    """Shared pages stay one frame for parent and child, also those that are touched after the fork."""
    t = m.spawn()
    t.mmap(3 * P, RW, SHARED | MAP_FIXED, *at())
    t.store(ARENA, b"before")
    child = t.fork()
    assert child.load(ARENA, 6) == b"before"
    child.store(ARENA + P, b"after")
    assert t.load(ARENA + P, 5) == b"after"
    assert t.frame(ARENA) == child.frame(ARENA)
    assert t.frame(ARENA + P) == child.frame(ARENA + P)
    child.exit(0)
    assert t.load(ARENA, P + 5) == b"before" + bytes(P - 6) + b"after"


def memory_over_fork_of_fork(m: Machine) -> None:
    """Three generations: each write is seen by its own process only."""
    a = m.spawn()
    a.mmap(2 * P, RW, FIX, *at())
    a.store(ARENA, b"aaaa")
    b = a.fork()
    c = b.fork()
    c.store(ARENA + 1, b"c")
    b.store(ARENA + 2, b"b")
    a.store(ARENA + 3, b"A")
    assert [t.load(ARENA, 4) for t in (a, b, c)] == [b"aaaA", b"aaba", b"acaa"]
    b.exit(0)
    assert [t.load(ARENA, 4) for t in (a, c)] == [b"aaaA", b"acaa"]
    for t in (a, c):
        t.maps()


def memory_of_threads(m: Machine) -> None:
    """Threads, and processes of CLONE_VM, have one address space."""
    t = m.spawn()
    thread, other = t.thread(), t.clone(CLONE_VM | SIGCHLD)
    thread.mmap(2 * P, RW, FIX, *at())
    other.store(ARENA, b"other")
    assert t.load(ARENA, 5) == b"other"
    t.munmap(ARENA, P)
    assert _fault(m, other, "load", ARENA, 1) == ("SIGSEGV MAPERR", ARENA)


def memory_over_execve(m: Machine) -> None:
    """execve leaves nothing of the old address space; one that is shared stays for the others."""
    t = m.spawn()
    t.mmap(2 * P, RW, FIX, *at())
    t.brk(HEAP + 4 * P)
    other = t.clone(CLONE_VM | SIGCHLD)
    other.store(ARENA, b"kept")
    other.execve()
    assert other.maps() == []
    assert other.brk(0) == HEAP
    assert t.load(ARENA, 4) == b"kept"
    t.execve()
    assert t.maps() == []
    assert t.mmap(P, RW, ANON) == MMAP_BASE - P


def memory_after_exit(m: Machine) -> None:
    """A process that ends takes nothing from those that share its pages."""
    t = m.spawn()
    t.mmap(2 * P, RW, FIX, *at())
    t.mmap(2 * P, RW, SHARED | MAP_FIXED, *at(0x10000))
    t.store(ARENA, b"private")
    child = t.fork()
    t.store(ARENA + 0x10000, b"shared")
    t.exit(0)
    assert child.load(ARENA, 7) == b"private"
    assert child.load(ARENA + 0x10000, 6) == b"shared"


# ------------------------------------------------------------------------------------------------ areas that grow down
def grows_down(m: Machine) -> None:
    """An access below an area of MAP_GROWSDOWN lets it grow, but not near another area."""
    t = m.spawn()
    t.mmap(P, RW, FIX | MAP_GROWSDOWN, *at(0x800000))
    t.mmap(P, RW, FIX, *at())
    t.store(ARENA + 0x800000 - 1, b"x")
    t.maps()
    t.store(ARENA + 0x700008, b"x")
    t.maps()
    assert _dies(m, t, "load", ARENA + 256 * P, 1)[0] == "SIGSEGV MAPERR"
    assert t.load(ARENA + 257 * P, 1) == b"\0"
    t.maps()


# ------------------------------------------------------------------------------------------------ madvise
def madvise_orders(m: Machine) -> None:
    """madvise: EINVAL of the advice and of the address, 0 bytes are fine, ENOMEM of holes after the work is done."""
    t = m.spawn()
    t.mmap(2 * P, RW, FIX, *at())
    t.mmap(2 * P, RW, FIX, *at(3 * P))
    for page in (0, 1, 3, 4):
        t.store(ARENA + page * P, b"x")
    assert t.madvise(ARENA, P, 999) == "EINVAL"
    assert t.madvise(ARENA + 1, P, MADV_DONTNEED) == "EINVAL"
    assert t.madvise(ARENA, -1, MADV_DONTNEED) == "EINVAL"
    assert t.madvise(ARENA, -P, MADV_DONTNEED) == "EINVAL"
    assert t.madvise(ARENA, 0, MADV_DONTNEED) is None
    assert t.madvise(UNUSED, P, MADV_DONTNEED) == "ENOMEM"
    assert t.madvise(ARENA + P, 3 * P, MADV_DONTNEED) == "ENOMEM"
    assert [t.load(ARENA + page * P, 1) for page in (0, 1, 3, 4)] == [b"x", b"\0", b"\0", b"x"]
    assert t.madvise(ARENA, 2 * P, MADV_NORMAL) is None


def madvise_of_shared_memory(m: Machine) -> None:
    """MADV_DONTNEED takes the pages out of the page table only: what is shared is still there."""
    t = m.spawn()
    t.mmap(2 * P, RW, SHARED | MAP_FIXED, *at())
    t.store(ARENA, data(2 * P))
    t.madvise(ARENA, 2 * P, MADV_DONTNEED)
    assert t.frame(ARENA) is None
    assert t.load(ARENA, 2 * P) == data(2 * P)


# ------------------------------------------------------------------------------------------------ the break
def brk_moves(m: Machine) -> None:
    """brk gives the break in force: an address that cannot be is not taken; the heap holds whole pages."""
    t = m.spawn()
    assert t.brk(0) == HEAP
    assert t.maps() == []
    assert t.brk(HEAP + 100) == HEAP + 100
    assert len(t.maps()) == 1
    t.store(HEAP, data(P))
    assert t.brk(HEAP + P) == HEAP + P
    assert t.brk(HEAP + P + 1) == HEAP + P + 1
    t.maps()
    assert t.brk(HEAP + 3 * P) == HEAP + 3 * P
    assert t.load(HEAP, 3 * P) == data(P) + bytes(2 * P)
    assert t.brk(1) == HEAP + 3 * P
    assert t.brk(KERNEL) == HEAP + 3 * P
    assert t.brk(HEAP + 10) == HEAP + 10
    t.maps()
    assert t.load(HEAP, P) == data(P)
    assert t.brk(HEAP) == HEAP
    assert t.maps() == []
    assert t.brk(HEAP + P) == HEAP + P
    assert t.load(HEAP, P) == bytes(P)
    assert _dies(m, t, "store", HEAP + P, b"x") == ("SIGSEGV MAPERR", HEAP + P)


def brk_and_areas(m: Machine) -> None:
    """The break does not grow into an area; a hole in the heap stays one; the child has its own break."""
    t = m.spawn()
    t.brk(HEAP + 4 * P)
    assert t.mmap(P, RW, ANON, -1, 0, HEAP + 8 * P) == HEAP + 8 * P
    assert t.brk(HEAP + 9 * P) == HEAP + 4 * P
    assert t.brk(HEAP + 8 * P) == HEAP + 4 * P
    assert t.brk(HEAP + 7 * P) == HEAP + 7 * P
    t.maps()
    t.munmap(HEAP + P, P)
    assert t.brk(0) == HEAP + 7 * P
    t.maps()
    child = t.fork()
    assert child.brk(HEAP + P) == HEAP + P
    child.maps()
    assert t.brk(0) == HEAP + 7 * P
    t.mprotect(HEAP + 3 * P, P, PROT_READ)
    t.maps()


def brk_over_a_hole(m: Machine) -> None:
    """The break does not go back over what is not mapped, only over what holds a page of it."""
    t = m.spawn()
    t.brk(HEAP + 4 * P + 1)
    t.munmap(HEAP + 3 * P, 2 * P)
    assert t.brk(HEAP + 3 * P) == HEAP + 4 * P + 1
    assert t.brk(HEAP + 2 * P) == HEAP + 2 * P
    t.maps()
    t.munmap(HEAP, 2 * P)
    assert t.brk(HEAP) == HEAP + 2 * P
    assert t.brk(HEAP + 3 * P) == HEAP + 3 * P
    t.maps()


def what_is_a_heap(m: Machine) -> None:
    """An area is shown as the heap if it has a part of it, whoever mapped it."""
    t = m.spawn()
    t.mmap(P, PROT_READ, FIX, -1, 0, HEAP)
    assert t.maps() == [f"{HEAP:x}-{HEAP + P:x} r--p 0"]
    t.munmap(HEAP, P)
    t.brk(HEAP + 2 * P)
    t.mmap(P, PROT_READ, FIX, -1, 0, HEAP + P)
    t.mmap(P, PROT_READ, FIX, -1, 0, HEAP + 2 * P)
    t.maps()


# ------------------------------------------------------------------------------------------------ limits
def failed_map_leaves_a_split(m: Machine) -> None:
    """A MAP_FIXED that RLIMIT_AS refuses takes nothing away, but the area that it would have cut is two."""
    t = m.spawn()
    t.mmap(4 * P, RW, FIX, *at(2 * P))
    t.store(ARENA + 2 * P, data(4 * P))
    t.limit_as(0)
    assert t.mmap(4 * P, RW, FIX, *at()) == "ENOMEM"
    assert len(t.maps()) == 2
    assert t.load(ARENA + 2 * P, 4 * P) == data(4 * P)


def limit_of_address_space(m: Machine) -> None:
    """RLIMIT_AS: ENOMEM for mmap, mremap, brk and stacks beyond it; what MAP_FIXED replaces does not count."""
    t = m.spawn()
    t.mmap(4 * P, RW, FIX, *at())
    t.brk(HEAP + P)
    t.limit_as(10)
    assert t.mmap(11 * P, PROT_NONE, ANON) == "ENOMEM"
    assert t.mmap(10 * P, PROT_NONE, ANON) == MMAP_BASE - 10 * P
    assert t.mmap(P, PROT_READ, SHARED) == "ENOMEM"
    assert t.brk(HEAP + 2 * P) == HEAP + P
    assert t.mremap(ARENA, 4 * P, 5 * P, 0) == "ENOMEM"
    assert t.mremap(ARENA, 4 * P, 5 * P, MREMAP_MAYMOVE) == "ENOMEM"
    assert t.mmap(4 * P, RW, FIX, *at()) == ARENA
    assert t.mmap(5 * P, RW, FIX, *at()) == "ENOMEM"
    assert t.mmap(14 * P, RW, ANON | MAP_FIXED_NOREPLACE, *at()) == "EEXIST"
    t.maps()
    t.munmap(MMAP_BASE - P, P)
    assert t.mremap(ARENA, 4 * P, 5 * P, 0) == ARENA
    t.setrlimit(RLIMIT_AS, (INFINITE, INFINITE))


def limit_of_data(m: Machine) -> None:
    """RLIMIT_DATA: only private memory that can be written counts."""
    t = m.spawn()
    t.limit_data(4)
    assert t.mmap(5 * P, RW, ANON) == "ENOMEM"
    assert t.mmap(50 * P, PROT_READ, FIX, *at()) == ARENA
    assert t.mmap(50 * P, RW, SHARED | MAP_FIXED, *at(0x100000)) == ARENA + 0x100000
    assert t.mprotect(ARENA, 5 * P, RW) == "ENOMEM"
    assert t.mprotect(ARENA, 3 * P, RW) is None
    assert t.mprotect(ARENA + 10 * P, 2 * P, RW) == "ENOMEM"
    assert t.mmap(P, RW, ANON) == MMAP_BASE - P
    assert t.mmap(P, RW, ANON) == "ENOMEM"
    assert t.brk(HEAP + P) == HEAP
    assert t.mprotect(ARENA, 3 * P, PROT_READ) is None
    assert t.brk(HEAP + P) == HEAP + P
    t.maps()
    t.setrlimit(RLIMIT_DATA, (INFINITE, INFINITE))


def limit_of_locked_memory(m: Machine) -> None:
    """RLIMIT_MEMLOCK: EPERM at 0, ENOMEM for mlock, EAGAIN for mmap, mremap and brk; not for CAP_IPC_LOCK."""
    t, root = m.spawn(uid=1000), m.spawn()
    for a in (t, root):
        a.mmap(8 * P, RW, FIX, *at())
        a.setrlimit(RLIMIT_MEMLOCK, (4 * P, 4 * P))
    assert t.mlock(ARENA, 5 * P) == "ENOMEM"
    assert t.mlock(ARENA, 4 * P) is None
    assert t.mlock(ARENA, 4 * P) is None
    assert t.mlock(ARENA + 4 * P, 1) == "ENOMEM"
    assert t.mmap(P, RW, ANON | MAP_LOCKED) == "EAGAIN"
    assert t.mremap(ARENA, 4 * P, 5 * P, MREMAP_MAYMOVE) == "EAGAIN"
    assert t.munlock(ARENA, P) is None
    assert t.mmap(P, RW, ANON | MAP_LOCKED) == MMAP_BASE - P
    t.maps()
    t.setrlimit(RLIMIT_MEMLOCK, (0, 0))
    assert t.mlock(ARENA, P) == "EPERM"
    assert t.mmap(P, RW, ANON | MAP_LOCKED) == "EPERM"
    assert t.munlock(ARENA, 8 * P) is None
    assert root.mlock(ARENA, 8 * P) is None
    assert root.mmap(P, RW, ANON | MAP_LOCKED) == MMAP_BASE - P


def mlock_orders(m: Machine) -> None:
    """mlock: lengths are rounded to pages, 0 bytes are fine, ENOMEM of holes, EINVAL of an overflow."""
    t = m.spawn()
    t.mmap(2 * P, RW, FIX, *at())
    t.mmap(2 * P, RW, FIX, *at(3 * P))
    assert t.mlock(ARENA, 0) is None
    assert t.mlock(ARENA + 1, P) is None
    assert t.mlock(UNUSED, P) == "ENOMEM"
    assert t.mlock(ARENA + P, 2 * P) == "ENOMEM"
    assert t.mlock(ARENA, -P) == "EINVAL"
    assert t.munlock(ARENA, -P) == "EINVAL"
    assert t.munlock(ARENA + P, 3 * P) == "ENOMEM"
    t.maps()
    assert t.touch(ARENA, 2, True) == 0
    assert t.madvise(ARENA, P, MADV_DONTNEED) == "EINVAL"
    assert t.munlock(ARENA, 2 * P) is None
    assert t.madvise(ARENA, P, MADV_DONTNEED) is None
    t.mprotect(ARENA + 4 * P, P, PROT_NONE)
    assert t.mlock(ARENA + 3 * P, 2 * P) == "ENOMEM"
    child = t.fork()
    assert child.touch(ARENA + 3 * P, 1, True) == 1


def locked_areas_stay_apart(m: Machine) -> None:
    """A locked area is another one; unlocked again they are one."""
    t = m.spawn()
    t.mmap(3 * P, RW, FIX, *at())
    t.mlock(ARENA + P, P)
    assert len(t.maps()) == 3
    t.munlock(ARENA, 3 * P)
    assert len(t.maps()) == 1


def sync_is_for_validated_maps(m: Machine) -> None:
    """MAP_SYNC without a file is ignored; with MAP_SHARED_VALIDATE and no file it is EINVAL."""
    t = m.spawn()
    assert t.mmap(P, RW, ANON | MAP_SYNC) == MMAP_BASE - P
    assert t.mmap(P, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS | MAP_SYNC) == "EINVAL"
