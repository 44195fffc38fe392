"""The real side's calls on memory and on System V shared memory: how their arguments are placed and results read."""

from __future__ import annotations

import functools
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import abi, memory
from .memory import HEAP, Addr

if TYPE_CHECKING:
    from .machine import Task
    from .real import Slot

DO_LOAD, DO_STORE, DO_TOUCH, DO_FILE = -4, -5, -6, -7
NR = {
    "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "mremap": 25, "madvise": 28, "shmget": 29, "shmat": 30,
    "shmctl": 31, "shmdt": 67, "mlock": 149, "munlock": 150, "memfd_create": 319,
}  # fmt: skip
SHM_WORDS = ("shm_segsz", "shm_atime", "shm_dtime", "shm_ctime", "shm_cpid", "shm_lpid", "shm_nattch")
SHMID_DS = "iIIIIIH6x16xQqqqiiQ16x"
PRESENT, FRAME = 1 << 63, (1 << 55) - 1


class RealMemory:
    """What `RealMachine` has of memory."""

    frames: dict[int, int]  # of pages that `frame` saw

    def fault_of(self, task: Task) -> memory.FAULT | None:
        """Return the signal and the address that an access of a task ended with, or None."""
        signo, code, address = task.handle.fault
        return memory.fault(signo, code, self._shown(address)) if signo else None

    @functools.cached_property
    def start_brk(self) -> int:
        """Where the heap of every worker starts."""
        stat = Path(f"/proc/{self.host.process.pid}/stat").read_text()
        return int(stat.rpartition(") ")[2].split()[44])

    def _there(self, address: int) -> int:
        return memory.moved(address, HEAP, self.start_brk)

    def _shown(self, address: int) -> Addr:
        return Addr(memory.moved(address, self.start_brk, HEAP))

    def _on_addresses(self, slot: Slot, name: str, *args: int) -> Callable:
        slot.send(NR[name], self._there(args[0]), *map(int, args[1:]))
        if name in memory.ADDRESSES:
            return lambda ret: self._shown(ret)
        return lambda ret: None

    def _mmap_(
        self, slot: Slot, length: int, prot: int, flags: int, fd: int = -1, off: int = 0, at: int = 0
    ) -> Callable:
        return self._on_addresses(slot, "mmap", at, length, prot, flags, fd, off)

    def _munmap_(self, slot: Slot, *args: int) -> Callable:
        return self._on_addresses(slot, "munmap", *args)

    def _mprotect_(self, slot: Slot, *args: int) -> Callable:
        return self._on_addresses(slot, "mprotect", *args)

    def _mremap_(self, slot: Slot, *args: int) -> Callable:
        return self._on_addresses(slot, "mremap", *args)

    def _brk_(self, slot: Slot, address: int = 0) -> Callable:
        return self._on_addresses(slot, "brk", address)

    def _madvise_(self, slot: Slot, *args: int) -> Callable:
        return self._on_addresses(slot, "madvise", *args)

    def _mlock_(self, slot: Slot, *args: int) -> Callable:
        return self._on_addresses(slot, "mlock", *args)

    def _munlock_(self, slot: Slot, *args: int) -> Callable:
        return self._on_addresses(slot, "munlock", *args)

    def _memfd_create_(self, slot: Slot, name: str, flags: int = 0) -> None:
        slot.send(NR["memfd_create"], slot.put(name.encode() + b"\0"), flags)

    # ------------------------------------------------------------------------------------------ accesses
    def _load_(self, slot: Slot, address: int, n: int) -> Callable:
        slot.send(DO_LOAD, slot.address, self._there(address), n)
        return lambda ret: slot.get(n)

    def _store_(self, slot: Slot, address: int, data: bytes) -> Callable:
        slot.send(DO_STORE, self._there(address), slot.put(data), len(data))
        return lambda ret: None

    def _touch_(self, slot: Slot, address: int, pages: int, writing: bool = False) -> None:
        slot.send(DO_TOUCH, self._there(address), pages, writing)

    def _frame_(self, slot: Slot, address: int) -> Callable:
        slot.send(39)  # getpid: the page tables are read from outside
        page = self._there(address) // abi.PAGE_SIZE

        def decode(ret: int) -> int | None:
            fd = os.open(f"/proc/{slot.tid}/pagemap", os.O_RDONLY)
            (entry,) = struct.unpack("Q", os.pread(fd, 8, page * 8))
            os.close(fd)
            return self.frames.setdefault(entry & FRAME, len(self.frames) + 1) if entry & PRESENT else None

        return decode

    def _maps_(self, slot: Slot) -> Callable:
        path = slot.put(b"/proc/thread-self/maps\0")
        slot.send(DO_FILE, path, slot.address + 4096, 1 << 20)
        return lambda n: memory.areas(self, slot.get(n, 4096).decode(), self.start_brk)

    def _areas_(self, slot: Slot) -> Callable:
        decode = self._maps_(slot)
        return lambda n: memory.joined(decode(n))

    def _limited(self, slot: Slot, name: str, pages: int) -> Callable:
        status = Path(f"/proc/{slot.tid}/status").read_text()
        resource, size = memory.limit(name, status, pages)
        slot.send(160, resource, slot.put(struct.pack("QQ", size, (1 << 64) - 1)))
        return lambda ret: None

    def _limit_as_(self, slot: Slot, pages: int) -> Callable:
        return self._limited(slot, "limit_as", pages)

    def _limit_data_(self, slot: Slot, pages: int) -> Callable:
        return self._limited(slot, "limit_data", pages)

    # ------------------------------------------------------------------------------------------ System V
    def _shmget_(self, slot: Slot, key: int, size: int, flags: int = 0) -> None:
        slot.send(NR["shmget"], key, size, flags)

    def _shmat_(self, slot: Slot, shmid: int, address: int = 0, flags: int = 0) -> Callable:
        slot.send(NR["shmat"], shmid, self._there(address), flags)
        return lambda ret: self._shown(ret)

    def _shmdt_(self, slot: Slot, address: int) -> Callable:
        return self._on_addresses(slot, "shmdt", address)

    def _shmctl_(self, slot: Slot, shmid: int, cmd: int, arg: tuple[int, int, int] | None = None) -> Callable:
        where = slot.put(bytes(112))
        if cmd == abi.IPC_SET:
            uid, gid, mode = arg or (0, 0, 0)
            slot.put(struct.pack("iIIIII", 0, self._stranger(uid), self._stranger(gid), 0, 0, mode))
        slot.send(NR["shmctl"], shmid, cmd, where)
        return lambda ret: self._shm_result(slot, cmd, ret)

    def _shm_result(self, slot: Slot, cmd: int, ret: int) -> Any:
        if cmd == abi.IPC_INFO:
            return struct.unpack("QQQQQ", slot.get(40))
        if cmd == abi.SHM_INFO:
            return struct.unpack("i4xQQQ", slot.get(32))
        if cmd not in (abi.IPC_STAT, abi.SHM_STAT, abi.SHM_STAT_ANY):
            return None
        names = [f"shm_perm.{name}" for name in memory.PERM]
        fields = dict(zip((*names, *SHM_WORDS), struct.unpack(SHMID_DS, slot.get(112)), strict=True))
        record = memory.shmid_ds(self, fields.__getitem__, self._user)
        return record if cmd == abi.IPC_STAT else (ret, record)
