"""Random programs on a small piece of address space: areas, accesses, forks, files in memory, System V segments.

A few tasks, some of which share their address space, work on the same 64 pages, so that areas split, join, move and
are replaced, and pages are shared, copied and cut off. The areas of a task are looked at after every change of them.
Left out is what a host decides: lengths near the size of its memory, and what comes of them.
"""

from __future__ import annotations

import random
from typing import Any

from .abi import (
    CLONE_VM,
    F_ADD_SEALS,
    F_GET_SEALS,
    FALLOC_FL_KEEP_SIZE,
    FALLOC_FL_PUNCH_HOLE,
    IPC_CREAT,
    IPC_EXCL,
    IPC_PRIVATE,
    IPC_RMID,
    IPC_SET,
    IPC_STAT,
    MADV_DONTNEED,
    MADV_NORMAL,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_FIXED_NOREPLACE,
    MAP_LOCKED,
    MAP_NORESERVE,
    MAP_POPULATE,
    MAP_PRIVATE,
    MAP_SHARED,
    MFD_ALLOW_SEALING,
    MREMAP_DONTUNMAP,
    MREMAP_FIXED,
    MREMAP_MAYMOVE,
    O_CREAT,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    PAGE_SIZE,
    PROT_EXEC,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
    RLIMIT_MEMLOCK,
    SHM_EXEC,
    SHM_INFO,
    SHM_LOCK,
    SHM_RDONLY,
    SHM_REMAP,
    SHM_RND,
    SHM_STAT,
    SHM_UNLOCK,
    SIGCHLD,
    WNOHANG,
)  # fmt: skip
from .fuzz import BORN, Data, Program, Side, Step, Who
from .machine import Task
from .memory import ARENA, HEAP, Addr

PAGES = 64
RW = PROT_READ | PROT_WRITE
PROTS = (RW, RW, RW, RW, PROT_READ, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC, RW | PROT_EXEC)
FILES = ("/tmp/f", "/tmp/g", "/f")
KEYS = (IPC_PRIVATE, 1, 2)
TASKS = 4
SEGMENTS = 4
CHANGES = frozenset({"mmap", "munmap", "mprotect", "mremap", "brk", "shmat", "shmdt", "mlock", "munlock"})

WEIGHTS = {
    "mmap": 16, "mapfile": 10, "munmap": 8, "mprotect": 10, "mremap": 8, "brk": 3, "madvise": 3, "mlock": 2,
    "load": 16, "store": 20, "risky": 1, "touch": 4, "fork": 3, "exit": 1, "execve": 0.3, "wait4": 2,
    "open": 4, "memfd": 3, "close": 1, "resize": 4, "hole": 1, "pread": 5, "pwrite": 5, "read_at": 3, "write_at": 3,
    "seals": 1, "shmget": 4, "shmat": 7, "shmdt": 4, "shmctl": 5, "maps": 1, "limit": 0.5,
}  # fmt: skip
THEMES: tuple[dict[str, float], ...] = (
    {},
    {"mapfile": 2, "shmget": 0, "shmat": 0, "shmdt": 0, "shmctl": 0, "mremap": 14, "mprotect": 18},  # areas
    {"fork": 8, "exit": 4, "store": 40, "load": 30, "madvise": 6, "wait4": 4},  # copies
    {"mapfile": 24, "resize": 10, "hole": 4, "pread": 10, "pwrite": 10, "shmget": 0, "shmat": 0},  # files
    {"shmget": 10, "shmat": 24, "shmdt": 10, "shmctl": 14, "mapfile": 2, "fork": 6, "exit": 3, "mmap": 6},  # segments
    {"brk": 14, "mlock": 10, "limit": 4},
)


class MemoryProgram(Program):
    """A random program of tasks that work on the same addresses."""

    opener, hurry = "memfd", 0.1
    newcomers = 0.004

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        rng: random.Random = self.random
        self.weights = {name: w for name, w in (WEIGHTS | rng.choice(THEMES)).items() if w}
        self.segments: dict[int, int] = {}  # ids that were seen, and their pages
        self.attached: dict[int, list[int]] = {}  # addresses
        self.locked = rng.random() < 0.3  # memory may be locked
        self.seen: dict[int, list[tuple[int, int, str]]] = {}  # areas that were seen last: start, end, the rest
        self.look_at = -1  # whose areas are to be looked at

    def draw(self, side: Side) -> Step | None:
        """Return the next step, or None if every task has ended."""
        rng = self.random
        idle = [n for n, task in side.tasks.items() if task.alive and task.pending is None]
        if self.look_at in idle:
            step, self.look_at = Step(self.look_at, "maps"), -1
            return step
        if (not idle or rng.random() < self.newcomers) and self.born < BORN:
            return self._newborn(-1, "spawn", (rng.choice((0, 0, 1000)),))
        if not idle:
            return None
        actor = rng.choice(idle)
        self.tables.setdefault(actor, {})
        self.attached.setdefault(actor, [])
        names, weights = zip(*self.weights.items(), strict=True)
        name = rng.choices(names, weights)[0]
        if name == "fork" and (len(idle) >= TASKS or self.born >= BORN):
            name = "store"
        if name in ("exit", "risky") and len(idle) < 2:
            name = "load"
        made = getattr(self, f"_{name}_")(actor)
        if made[0] in ("fork", "thread", "clone"):
            return self._newborn(actor, *made)
        return Step(actor, made[0], tuple(made[1:]), verb=rng.choice(("raise", "sys")), direct=rng.random() < 0.5)

    def learn(self, step: Step, value: Any) -> None:
        """Note what the real kernel answered."""
        if step.name in CHANGES:
            self.look_at = step.actor
        attached = self.attached.setdefault(step.actor, [])
        match step.name, value:
            case ("open" | "memfd_create"), int(fd):
                self.tables[step.actor][fd] = "rw"
            case "shmget", int(shmid):
                self.segments[shmid] = -(-step.args[1] // PAGE_SIZE)
            case "maps", list(lines):
                self.seen[step.actor] = [self._span(line) for line in lines]
            case "shmat", int(address):
                attached.append(address)
            case ("fork" | "thread" | "clone"), Task():
                shared = step.name != "fork"
                self.attached[step.newborn] = attached if shared else list(attached)
                self.seen[step.newborn] = self.seen.get(step.actor, [])
            case "execve", None:
                self.seen[step.actor] = []
        super().learn(step, value)

    @staticmethod
    def _span(line: str) -> tuple[int, int, str]:
        where, rest = line.split(" ", 1)
        start, end = (int(x, 16) for x in where.split("-"))
        return start, end, rest

    # ------------------------------------------------------------------------------------------ addresses
    def _page(self) -> int:
        return self.random.randrange(PAGES)

    def _pages(self) -> int:
        return self.random.choice((1, 1, 1, 2, 2, 3, 4, 6, 10, 20))

    def _range(self, actor: int, mapped: float = 0.7) -> tuple[Addr, int]:
        # Pages of the arena, with a given chance a part of an area that was seen.
        rng, page = self.random, self._page()
        address = ARENA + page * PAGE_SIZE
        length = min(self._pages(), PAGES - page) * PAGE_SIZE
        seen = self.seen.get(actor)
        if seen and rng.random() < mapped:
            start, end, _ = rng.choice(seen)
            address = Addr(rng.choice((start, rng.randrange(start, end, PAGE_SIZE))))
            length = rng.choice((min(length, end - address), end - address, PAGE_SIZE))
        draw = rng.random()
        if draw < 0.03:
            address += rng.choice((1, 100, 4095))
        elif draw < 0.06:
            length = rng.choice((0, 1, 100, length + 1, length + 4095, -1, -PAGE_SIZE, 1 << 47))
        elif draw < 0.08:
            address = rng.choice((HEAP, HEAP + PAGE_SIZE, Addr(0x10000), Addr(0x7FFFFFFFF000), Addr(1 << 63)))
        return address, length

    def _place(self, size: int = 1) -> Addr:
        at = self.random.randrange(PAGES * PAGE_SIZE)
        if self.random.random() < 0.4:
            at = at // PAGE_SIZE * PAGE_SIZE
        elif self.random.random() < 0.3:
            at = max(0, at // PAGE_SIZE * PAGE_SIZE - size // 2)
        return ARENA + at

    def _fd(self, actor: int, end: str = "") -> int:
        table = self.tables[actor]
        if table and self.random.random() < 0.96:
            return self.random.choice(list(table))
        return self.random.choice((0, 1, 2, -1, 1024))

    def _flags(self, shared: bool) -> int:
        rng = self.random
        flags = (MAP_SHARED if shared else MAP_PRIVATE) | MAP_FIXED * (rng.random() < 0.75)
        flags |= MAP_POPULATE * (rng.random() < 0.06) | MAP_NORESERVE * (rng.random() < 0.04)
        if rng.random() < 0.06:
            flags = flags & ~MAP_FIXED | MAP_FIXED_NOREPLACE
        if self.locked:
            flags |= MAP_LOCKED * (rng.random() < 0.1)
        return flags if rng.random() < 0.98 else rng.choice((0, 3, 4, MAP_FIXED))

    def _mmap_(self, actor: int) -> tuple:
        rng = self.random
        address, length = self._range(actor, 0.3)
        if rng.random() < 0.1:
            address = Addr(0)
        flags = self._flags(rng.random() < 0.3) | MAP_ANONYMOUS
        if address < ARENA:
            flags &= ~MAP_FIXED
        return "mmap", length, rng.choice(PROTS), flags, -1, rng.choice((0, 0, 0, PAGE_SIZE, 1)), address

    def _mapfile_(self, actor: int) -> tuple:
        rng = self.random
        address, length = self._range(actor, 0.3)
        offset = rng.choice((0, 0, 0, 1, 2, 3, 5)) * PAGE_SIZE + rng.choice((0,) * 30 + (1, 512))
        flags = self._flags(rng.random() < 0.7)
        if address < ARENA:
            flags &= ~MAP_FIXED
        return "mmap", length, rng.choice(PROTS), flags, self._fd(actor), offset, address

    def _munmap_(self, actor: int) -> tuple:
        return "munmap", *self._range(actor)

    def _mprotect_(self, actor: int) -> tuple:
        return "mprotect", *self._range(actor), self.random.choice(PROTS)

    def _mremap_(self, actor: int) -> tuple:
        rng = self.random
        address, old = self._range(actor)
        new = rng.choice((old, self._pages() * PAGE_SIZE, self._pages() * PAGE_SIZE, 0, 100))
        if rng.random() < 0.03:
            old = 0
        if old == 1 << 47 and address >= HEAP:  # the break of a real task lies below where the area goes
            old = PAGE_SIZE
        flags = rng.choice((0, MREMAP_MAYMOVE, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_FIXED, 8))
        if rng.random() < 0.08:
            flags |= MREMAP_DONTUNMAP
        to = ARENA + self._page() * PAGE_SIZE + rng.choice((0,) * 20 + (1,))
        return "mremap", address, old, new, flags, to

    def _brk_(self, actor: int) -> tuple:
        rng = self.random
        return "brk", HEAP + rng.randrange(8) * PAGE_SIZE + rng.choice((0, 0, 1, 100)) if rng.random() < 0.9 else 0

    def _madvise_(self, actor: int) -> tuple:
        address, length = self._range(actor)
        if length == 1 << 47:  # it would reach the stack of the real task, which is needed
            length = PAGE_SIZE
        return "madvise", address, length, self.random.choice((MADV_DONTNEED,) * 6 + (MADV_NORMAL, 999))

    def _mlock_(self, actor: int) -> tuple:
        name = "mlock" if self.locked and self.random.random() < 0.6 else "munlock"
        return name, *self._range(actor)

    def _limit_(self, actor: int) -> tuple:
        rng = self.random
        name = rng.choice(("limit_as", "limit_data", "memlock"))
        if name == "memlock":
            size = rng.choice((0, 4, 16, 1024)) * PAGE_SIZE
            return "setrlimit", RLIMIT_MEMLOCK, (size, max(size, 1 << 23))
        # RLIMIT_DATA is compared with the whole heap too, whatever else there is: leave room for the largest.
        return name, rng.choice((0, 2, 10, 40, 1000) if name == "limit_as" else (10, 40, 1000))

    # ------------------------------------------------------------------------------------------ accesses
    # A fault ends the task, so most accesses go where the areas that were seen last allow them.
    def _access(self, actor: int, letter: str, size: int) -> Addr:
        rng = self.random
        fitting = [(start, end) for start, end, rest in self.seen.get(actor, ()) if letter in rest[:4]]
        safe = [(start, end) for start, end, rest in self.seen.get(actor, ()) if letter in rest[:4] and "#" not in rest]
        if safe and rng.random() < 0.7:
            fitting = safe
        if not fitting:
            return self._place(size)
        start, end = rng.choice(fitting)
        at = rng.randrange(start, end)
        if rng.random() < 0.4:
            at = at // PAGE_SIZE * PAGE_SIZE
        return Addr(max(start, min(at, end - size)))

    def _size(self) -> int:
        return self.random.choice((1, 1, 4, 8, 30, 100, 4096, 5000))

    def _load_(self, actor: int) -> tuple:
        size = self._size()
        if not self.seen.get(actor):
            return self._mmap_(actor)
        return "load", self._access(actor, "r", size), size

    def _store_(self, actor: int) -> tuple:
        size = self._size()
        if not self.seen.get(actor):
            return self._mmap_(actor)
        return "store", self._access(actor, "w", size), Data.make(size, self.random.randrange(256))

    def _risky_(self, actor: int) -> tuple:
        size = self._size()
        if self.random.random() < 0.5:
            return "load", self._place(size), size
        return "store", self._place(size), Data.make(size, self.random.randrange(256))

    def _touch_(self, actor: int) -> tuple:
        writing = self.random.random() < 0.5
        if not self.seen.get(actor):
            return self._mmap_(actor)
        return "touch", self._access(actor, "w" if writing else "r", PAGE_SIZE), 1, writing

    def _read_at_(self, actor: int) -> tuple:
        size = self._size()
        return "read_at", self._fd(actor), self._place(size), size

    def _write_at_(self, actor: int) -> tuple:
        size = self._size()
        return "write_at", self._fd(actor), self._place(size), size

    def _maps_(self, actor: int) -> tuple:
        return ("maps",)

    # ------------------------------------------------------------------------------------------ processes
    def _fork_(self, actor: int) -> tuple:
        draw = self.random.random()
        if draw < 0.7:
            return ("fork",)
        return ("thread",) if draw < 0.85 else ("clone", (CLONE_VM | SIGCHLD,))

    def _exit_(self, actor: int) -> tuple:
        return self.random.choice(("exit", "exit_group")), 0

    def _execve_(self, actor: int) -> tuple:
        return ("execve",)

    def _wait4_(self, actor: int) -> tuple:
        return "wait4", Who(self.random.randrange(self.born)) if self.random.random() < 0.3 else -1, WNOHANG

    # ------------------------------------------------------------------------------------------ files
    def _open_(self, actor: int) -> tuple:
        rng = self.random
        mode = rng.choice((O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY))
        return "open", rng.choice(FILES), mode | O_CREAT, 0o666

    def _memfd_(self, actor: int) -> tuple:
        return "memfd_create", self.random.choice(("one", "two")), MFD_ALLOW_SEALING * (self.random.random() < 0.5)

    def _resize_(self, actor: int) -> tuple:
        rng = self.random
        return "ftruncate", self._fd(actor), rng.randrange(7) * PAGE_SIZE + rng.choice((0, 0, 1, 100, 4000))

    def _hole_(self, actor: int) -> tuple:
        rng = self.random
        mode = rng.choice((0, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
        return "fallocate", self._fd(actor), mode, rng.randrange(20000), rng.randrange(1, 9000)

    def _pread_(self, actor: int) -> tuple:
        return "pread", self._fd(actor), self._size(), self.random.randrange(24000)

    def _pwrite_(self, actor: int) -> tuple:
        data = Data.make(self._size(), self.random.randrange(256))
        return "pwrite", self._fd(actor), data, self.random.randrange(24000)

    def _close_(self, actor: int) -> tuple:
        return "close", self._fd(actor)

    def _seals_(self, actor: int) -> tuple:
        if self.random.random() < 0.3:
            return "fcntl", self._fd(actor), F_GET_SEALS, 0
        return "fcntl", self._fd(actor), F_ADD_SEALS, self.random.choice((1, 2, 4, 8, 16))

    # ------------------------------------------------------------------------------------------ System V
    def _id(self) -> int:
        if self.segments and self.random.random() < 0.95:
            return self.random.choice(list(self.segments))
        return self.random.choice((0, 1, 5, -1, 32768))

    def _shmget_(self, actor: int) -> tuple:
        rng = self.random
        if len(self.segments) >= SEGMENTS and rng.random() < 0.8:
            return self._shmat_(actor)
        size = rng.choice((1, 100, 4096, 4097, 8192, 16384, 20000, 0))
        mode = rng.choice((0o600, 0o666, 0o644, 0o444, 0)) | IPC_CREAT * (rng.random() < 0.9)
        return "shmget", rng.choice(KEYS), size, mode | IPC_EXCL * (rng.random() < 0.1)

    def _shmat_(self, actor: int) -> tuple:
        rng = self.random
        address = rng.choice((Addr(0), self._range(actor)[0], self._range(actor)[0], self._place()))
        flags = 0
        for flag, chance in ((SHM_RDONLY, 0.25), (SHM_RND, 0.3), (SHM_REMAP, 0.4), (SHM_EXEC, 0.04)):
            flags |= flag * (rng.random() < chance)
        return "shmat", self._id(), address, flags

    def _shmdt_(self, actor: int) -> tuple:
        attached = self.attached[actor]
        if attached and self.random.random() < 0.9:
            return "shmdt", Addr(self.random.choice(attached))
        return "shmdt", self._range(actor)[0]

    def _shmctl_(self, actor: int) -> tuple:
        rng = self.random
        cmd = rng.choice((IPC_STAT,) * 6 + (SHM_INFO, SHM_INFO, SHM_STAT, IPC_RMID, IPC_SET, SHM_LOCK, SHM_UNLOCK))
        if cmd == IPC_SET:
            return "shmctl", self._id(), cmd, (0, 0, rng.choice((0o600, 0o666, 0o444)))
        return "shmctl", self._id(), cmd
