"""fastipc's calls on memory and on System V shared memory behind the oracle's interface."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

import fastipc

from . import abi, memory
from .machine import DIED
from .memory import HEAP, Addr

if TYPE_CHECKING:
    from .machine import Task

STATS = (abi.IPC_STAT, abi.SHM_STAT, abi.SHM_STAT_ANY)
LOOKS = frozenset({"frame", "maps", "areas"})  # steps of the tests themselves
INFOS = {
    abi.IPC_INFO: ("shmmax", "shmmin", "shmmni", "shmseg", "shmall"),
    abi.SHM_INFO: ("used_ids", "shm_tot", "shm_rss", "shm_swp"),
}


@functools.cache
def start_brk() -> int:
    """Return where the heap of every program starts."""
    with fastipc.Kernel() as kernel:
        return int(kernel.spawn().brk(0))


def shm_dtype(cmd: int) -> np.dtype:
    """Return what a row is of, for a command of shmctl."""
    return {abi.IPC_INFO: fastipc.SHMINFO, abi.SHM_INFO: fastipc.SHM_INFO_T}.get(cmd, fastipc.SHMID_DS)


def field_of(record: Any, name: str) -> int:
    """Return a field of a record of the library, or of a row of an array: ``shm_perm.mode``."""
    for part in name.split("."):
        record = record[part] if isinstance(record, (np.void, np.ndarray)) else getattr(record, part)
    return int(record if not isinstance(record, np.ndarray) else record.item())


class SimMemory:
    """What `SimMachine` has of memory."""

    def fault_of(self, task: Task) -> memory.FAULT | None:
        """Return the signal and the address that an access of a task ended with, or None."""
        info = task.handle.fault
        if info is None:
            return None
        return memory.fault(info.si_signo, info.si_code, self._shown(info.si_addr))

    @staticmethod
    def _there(address: int) -> int:
        return memory.moved(int(address), HEAP, start_brk())

    @staticmethod
    def _shown(address: int) -> Addr:
        return Addr(memory.moved(int(address), start_brk(), HEAP))

    def memory_call(self, name: str, args: tuple) -> tuple:
        """Return the method of a call on addresses, its arguments, and what makes a value of its result."""
        args = list(map(int, args))
        if name in ("mmap", "shmat"):
            at = 5 if name == "mmap" else 1
            if len(args) > at:
                args[at] = self._there(args[at])
        elif args:
            args[0] = self._there(args[0])
        if name in memory.ADDRESSES:
            return self._verb(name), tuple(args), self._shown
        return self._verb(name), tuple(args), self._nothing if self.verb == "sys" else None

    def _verb(self, name: str) -> str:
        return f"sys_{name}" if self.verb == "sys" else name

    def _nothing(self, ret: int) -> None:
        assert ret == 0

    # ------------------------------------------------------------------------------------------ accesses
    def _load_(self, address: int, n: int) -> tuple:
        if self.verb != "sys":
            return "load", (self._there(address), n), None
        buffer = bytearray(n)
        return "load_into", (self._there(address), buffer), lambda got: bytes(buffer[:got])

    def _store_(self, address: int, data: bytes) -> tuple:
        if self.verb != "sys":
            return "store", (self._there(address), data), None
        return "sys_store", (self._there(address), np.frombuffer(data, np.uint8)), self._nothing

    def touch(self, task: Task, address: int, pages: int, writing: bool = False) -> Any:
        """Access one byte of each page; return how many faults that took."""
        handle, before = task.handle, self.kernel.counters["faults"]
        for i in range(pages):
            at = self._there(address) + i * abi.PAGE_SIZE
            try:
                if writing:
                    handle.store(at, bytes([(i + 1) & 255]))
                else:
                    handle.load(at, 1)
            except (fastipc.TaskExited, fastipc.TaskKilled):
                return DIED
        return self.kernel.counters["faults"] - before

    def frame(self, task: Task, address: int) -> int | None:
        """Return a number for the frame that is mapped at an address: 1 for the first seen."""
        walk = task.handle.walk(self._there(address))
        return self.frames.setdefault(walk.frame, len(self.frames) + 1) if walk.pte else None

    def maps(self, task: Task) -> list[str]:
        """Return the areas of a task, as `memory.areas` shows them."""
        text = self.kernel.read_proc(f"/proc/{task.handle.pid}/maps")
        return memory.areas(self, text, start_brk())

    def joined(self, task: Task) -> list[str]:
        """Return the areas of a task with neighbours joined."""
        return memory.joined(self.maps(task))

    def limit_of(self, task: Task, name: str, pages: int) -> tuple[int, tuple[int, int]]:
        """Return the arguments of the setrlimit that leaves room for so many pages."""
        status = self.kernel.read_proc(f"/proc/{task.handle.pid}/status")
        resource, size = memory.limit(name, status, pages)
        return resource, (size, (1 << 64) - 1)

    def looks_at(self, task: Task, name: str, args: tuple) -> tuple | None:
        """Return the value of a step that is no call of the library, in a tuple; None if the step is one."""
        if name in memory.LIMITS:
            task.handle.setrlimit(*self.limit_of(task, name, *args))
            return (None,)
        if name in LOOKS or name == "touch":
            return (getattr(self, "joined" if name == "areas" else name)(task, *args),)
        return None

    # ------------------------------------------------------------------------------------------ System V
    def _memfd_create_(self, name: str, flags: int = 0) -> tuple:
        return self._verb("memfd_create"), (name, flags), None

    def _shmget_(self, key: int, size: int, flags: int = 0) -> tuple:
        return self._verb("shmget"), (key, size, flags), None

    def _shmctl_(self, shmid: int, cmd: int, arg: Any = None) -> tuple:
        if self.verb == "sys":
            return self._shmctl_into(shmid, cmd, arg)
        if cmd not in STATS and cmd not in INFOS:
            return "shmctl", (shmid, cmd) if arg is None else (shmid, cmd, arg), lambda ret: None
        return "shmctl", (shmid, cmd), functools.partial(self._shm_result, cmd)

    def _shm_result(self, cmd: int, ret: Any) -> Any:
        if cmd == abi.IPC_STAT:
            return self._shmid_ds(ret)
        if cmd in STATS:
            return ret[0], self._shmid_ds(ret[1])
        return tuple(int(getattr(ret, name)) for name in INFOS[cmd])

    def _shmid_ds(self, record: Any) -> dict[str, Any]:
        return memory.shmid_ds(self, functools.partial(field_of, record))

    def _shmctl_into(self, shmid: int, cmd: int, arg: Any) -> tuple:
        row = np.zeros(1, shm_dtype(cmd))
        if cmd == abi.IPC_SET:
            row["shm_perm"]["uid"], row["shm_perm"]["gid"], row["shm_perm"]["mode"] = arg or (0, 0, 0)
        return "sys_shmctl", (shmid, cmd, row), self._shm_decode(cmd, row)

    def _shm_decode(self, cmd: int, row: Any) -> Callable:
        if cmd == abi.IPC_STAT:
            return lambda ret: self._shmid_ds(row[0])
        if cmd in STATS:
            return lambda ret: (ret, self._shmid_ds(row[0]))
        if cmd in INFOS:
            return lambda ret: tuple(int(row[0][name]) for name in INFOS[cmd])
        return self._nothing
