"""Memory as cases speak of it: addresses that are free on both sides, the areas of a task, System V records.

A case maps what it maps in the arena, where nothing else is on either side, or lets the kernel choose: with nothing at
random and nothing mapped, Linux chooses the same addresses downwards from MMAP_BASE everywhere. The break starts where
the program ends: cases call that place HEAP.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import abi

if TYPE_CHECKING:
    from .machine import Machine


class Addr(int):
    """An address; prints as one."""

    def __repr__(self) -> str:
        return hex(self)

    def __add__(self, other: int) -> Addr:
        return Addr(int(self) + other)

    def __sub__(self, other: int) -> Addr:
        return Addr(int(self) - other)


ARENA = Addr(0x200000000000)
HEAP = Addr(0x300000000000)
MMAP_BASE = Addr(0x7FFFF7FFF000)
TASK_SIZE = Addr(0x7FFFFFFFF000)
HEAP_SIZE = 1 << 26
ZONES = (
    (0, 0x400000),
    (ARENA - (1 << 30), ARENA + (1 << 30)),
    (HEAP, HEAP + HEAP_SIZE),
    (MMAP_BASE - (1 << 44), MMAP_BASE),
)

NUMBERS = frozenset({"munmap", "mprotect", "madvise", "mlock", "munlock", "shmdt"})  # they succeed with 0
ADDRESSES = frozenset({"mmap", "mremap", "brk", "shmat"})  # their results are addresses
CALLS = NUMBERS | ADDRESSES
ACCESSES = frozenset({"load", "store", "touch"})  # a fault in them ends the task
PERM = ("key", "uid", "gid", "cuid", "cgid", "mode", "seq")
TIMES = ("shm_atime", "shm_dtime", "shm_ctime")
SIGNALS = {
    (7, 1): "SIGBUS ADRALN", (7, 2): "SIGBUS ADRERR", (7, 3): "SIGBUS OBJERR",
    (11, 1): "SIGSEGV MAPERR", (11, 2): "SIGSEGV ACCERR", (11, 128): "SIGSEGV KERNEL",
}  # fmt: skip
FAULT = tuple[str, Addr]


def moved(address: int, start: int, there: int) -> int:
    """Return an address with the heap at another place: ``start`` becomes ``there``."""
    return address - start + there if start <= address < start + HEAP_SIZE else address


def device_number(text: str) -> int:
    """Return the number, as in a stat, of a device as /proc prints it: ``fe:00``."""
    major, minor = (int(x, 16) for x in text.split(":"))
    return minor & 0xFF | major << 8 | (minor & ~0xFF) << 12


def areas(machine: Machine, text: str, start_brk: int) -> list[str]:
    """Return the lines of /proc/PID/maps that a case may look at, without what a host decides."""
    shown = {}
    for line in text.splitlines():
        where, perms, offset, device, inode, *name = line.split(None, 5)
        start, end = (moved(int(x, 16), start_brk, HEAP) for x in where.split("-"))
        if not any(low <= start < high for low, high in ZONES):
            continue
        words = [f"{start:x}-{end:x}", perms, f"{int(offset, 16):x}"]
        if inode != "0" or name and not name[0].startswith("["):
            system_v = name and name[0].startswith("/SYSV")
            words.append(inode if system_v else f"#{machine.inode(device_number(device), int(inode))}")
        shown[start] = " ".join(words + name)
    return [shown[start] for start in sorted(shown)]


def joined(lines: Sequence[str]) -> list[str]:
    """Return areas with neighbours joined that differ in nothing, whether the kernel has joined them or not."""
    out: list[list] = []
    for line in lines:
        where, perms, offset, *rest = line.split(" ")
        start, end = (int(x, 16) for x in where.split("-"))
        at = int(offset, 16)
        last = out[-1] if out else None
        follows = at == last[3] + last[1] - last[0] if last and rest and not rest[0].startswith("[") else at == 0
        if last and last[1] == start and last[2] == perms and last[4] == rest and follows:
            last[1] = end
        else:
            out.append([start, end, perms, at, rest])
    return [" ".join((f"{start:x}-{end:x}", perms, f"{at:x}", *rest)) for start, end, perms, at, rest in out]


def fault(signo: int, code: int, address: int) -> FAULT:
    """Return what ended a task, as cases compare it."""
    return SIGNALS.get((signo, code), f"signal {signo} code {code}"), Addr(address & (1 << 64) - 1)


def shmid_ds(machine: Machine, field: Callable[[str], int], user: Callable[[int], int] = int) -> dict[str, Any]:
    """Return what is compared of a segment's record: of its times, whether they are set."""
    perm = {name: field(f"shm_perm.{name}") for name in PERM}
    perm |= {name: user(perm[name]) for name in ("uid", "gid", "cuid", "cgid")}
    perm["mode"] = oct(perm["mode"])
    pids = {name: field(name) and machine.name_of(field(name)) for name in ("shm_cpid", "shm_lpid")}
    times = {name: field(name) > 0 for name in TIMES}
    return perm | {"segsz": field("shm_segsz"), "nattch": field("shm_nattch")} | pids | times


def kilobytes(status: str, name: str) -> int:
    """Return a size from the text of /proc/PID/status."""
    match = re.search(rf"^{name}:\s*(\d+) kB$", status, re.MULTILINE)
    assert match, f"{name} is not in status"
    return int(match[1])


def at(offset: int = 0) -> tuple[int, int, Addr]:
    """Return the last arguments of an mmap of no file: descriptor, offset, address in the arena."""
    return -1, 0, ARENA + offset


LIMITS = {"limit_as": (abi.RLIMIT_AS, "VmSize"), "limit_data": (abi.RLIMIT_DATA, "VmData")}


def limit(name: str, status: str, pages: int) -> tuple[int, int]:
    """Return the resource and the value of a limit that leaves room for so many pages more."""
    resource, used = LIMITS[name]
    return resource, kilobytes(status, used) * 1024 + pages * abi.PAGE_SIZE
