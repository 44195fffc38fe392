"""The worker's calls on memory. What is loaded or stored lies in the task's area, and so do names and records."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from . import abi, memory
from .sim_memory import SimMemory, shm_dtype

OPS = (
    "mmap", "munmap", "mprotect", "mremap", "brk", "mlock", "munlock", "madvise", "memfd_create", "load", "store",
    "touch", "shmget", "shmat", "shmdt", "shmctl",
)  # fmt: skip
(
    MMAP, MUNMAP, MPROTECT, MREMAP, BRK, MLOCK, MUNLOCK, MADVISE, MEMFD_CREATE, LOAD, STORE,
    TOUCH, SHMGET, SHMAT, SHMDT, SHMCTL,
) = range(len(OPS))  # fmt: skip
PAGE = 4096
RECORD = 256  # bytes for the record of a shmctl


@numba.njit
def touch(t, a, area):
    """One access to each of some pages."""
    for i in range(a[1]):
        if a[2]:
            area[0] = (i + 1) & 255
            t.store(a[0] + i * PAGE, area[:1])
        else:
            t.load_into(a[0] + i * PAGE, area[:1])
    return 0


@numba.njit
def on_segments(t, op, a, area):
    """Calls on System V shared memory, and accesses."""
    if op == SHMGET:
        return t.sys_shmget(a[0], a[1], a[2])
    if op == SHMAT:
        return t.sys_shmat(a[0], a[1], a[2])
    if op == SHMDT:
        return t.sys_shmdt(a[0])
    if op == SHMCTL:
        return t.sys_shmctl(a[0], a[1], area[:RECORD])
    if op == LOAD:
        t.load_into(a[0], area[: a[1]])
        return 0
    if op == STORE:
        t.store(a[0], area[: a[1]])
        return 0
    return touch(t, a, area)


@numba.njit
def on_memory(t, op, a, area):
    """Calls on the address space; the others are left to `on_segments`."""
    if op == MMAP:
        return t.sys_mmap(a[0], a[1], a[2], a[3], a[4], a[5])
    if op == MUNMAP:
        return t.sys_munmap(a[0], a[1])
    if op == MPROTECT:
        return t.sys_mprotect(a[0], a[1], a[2])
    if op == MREMAP:
        return t.sys_mremap(a[0], a[1], a[2], a[3], a[4])
    if op == BRK:
        return t.sys_brk(a[0])
    if op == MLOCK:
        return t.sys_mlock(a[0], a[1])
    if op == MUNLOCK:
        return t.sys_munlock(a[0], a[1])
    if op == MADVISE:
        return t.sys_madvise(a[0], a[1], a[2])
    if op == MEMFD_CREATE:
        return t.sys_memfd_create(area[:16384], a[0])
    return on_segments(t, op, a, area)


@numba.njit
def raising_memory(t, op, a, area):
    """Some of them in the verb that raises; -errno as the other one gives it."""
    ret = 0
    try:
        if op == MMAP:
            ret = t.mmap(a[0], a[1], a[2], a[3], a[4], a[5])
        elif op == MUNMAP:
            t.munmap(a[0], a[1])
        elif op == MPROTECT:
            t.mprotect(a[0], a[1], a[2])
        elif op == SHMAT:
            ret = t.shmat(a[0], a[1], a[2])
        elif op == SHMDT:
            t.shmdt(a[0])
        else:
            ret = t.shmget(a[0], a[1], a[2])
    except Exception:
        ret = -t.errno
    return ret


RAISING = (MMAP, MUNMAP, MPROTECT, SHMGET, SHMAT, SHMDT)


class CompiledMemory(SimMemory):
    """What `CompiledMachine` has of memory: the words of a call, and what makes a value of its result."""

    def memory_words(self, area: Any, name: str, args: tuple) -> tuple:
        """Return them for a call on addresses."""
        defaults = {"mmap": (0, 0, 0, -1, 0, 0), "mremap": (0, 0, 0, 0, 0), "brk": (0,), "shmat": (0, 0, 0)}
        words = [*map(int, args), *defaults.get(name, ())[len(args) :]]
        at = {"mmap": 5, "shmat": 1}.get(name, 0)
        words[at] = self._there(words[at])
        return words, self._shown if name in memory.ADDRESSES else self._nothing

    def _on_load(self, area: Any, address: int, n: int) -> tuple:
        return (self._there(address), n), lambda ret: bytes(area[:n])

    def _on_store(self, area: Any, address: int, data: bytes) -> tuple:
        area[: len(data)] = np.frombuffer(data, np.uint8)
        return (self._there(address), len(data)), self._nothing

    def _on_touch(self, area: Any, address: int, pages: int, writing: bool = False) -> tuple:
        before = self.kernel.counters["faults"]
        return (self._there(address), pages, writing), lambda ret: self.kernel.counters["faults"] - before

    def _on_memfd_create(self, area: Any, name: str, flags: int = 0) -> tuple:
        text = name.encode() + b"\0"
        area[: len(text)] = np.frombuffer(text, np.uint8)
        return (flags,), int

    def _on_shmget(self, area: Any, key: int, size: int, flags: int = 0) -> tuple:
        return (key, size, flags), int

    def _on_shmctl(self, area: Any, shmid: int, cmd: int, arg: Any = None) -> tuple:
        dtype = shm_dtype(cmd)
        row = area[: dtype.itemsize].view(dtype)
        area[:RECORD] = 0
        if cmd == abi.IPC_SET:
            row["shm_perm"]["uid"], row["shm_perm"]["gid"], row["shm_perm"]["mode"] = arg or (0, 0, 0)
        return (shmid, cmd), self._shm_decode(cmd, row)
