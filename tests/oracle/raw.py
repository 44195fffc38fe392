"""fastipc behind the oracle's interface, every call a raw one: the registers and bytes that the real kernel gets."""

from __future__ import annotations

import re
import struct
from types import SimpleNamespace
from typing import Any

import fastipc
from fastipc.unistd import NUMBERS

from . import abi, memory, paths, real, real_signal, real_sysv, real_timer
from .machine import CREATING, NOTHING, SLEEPING, Task, signals
from .sim import SimMachine, devices
from .sim_memory import LOOKS
from .sim_signal import SimSignals
from .sim_timer import boot_of

AREA = 4 << 20  # bytes of a task's memory that its calls find their arguments in
NAMES = {number: name for name, number in NUMBERS.items()}
FIXED = fastipc.MAP_PRIVATE | fastipc.MAP_ANONYMOUS | fastipc.MAP_FIXED | fastipc.MAP_NORESERVE
RAW = {
    **vars(real_sysv.RealSysv), **vars(real_signal.RealSignals), **vars(real_timer.RealTimers),
    **vars(real.RealMemory), **vars(real.RealMachine),
}  # fmt: skip
OURS = ("_load_", "_store_", "_there", "_shown")  # what is no call stays as `SimMachine` has it
HELPERS = (
    "_on_addresses", "_shm_result", "_vector", "_on_files", "_looked", "_select_sets", "_poll_rows", "_place_sets",
    "_triple", "_stranger", "_user", "_id", "CAP_HEADER", "_sops", "_sem_result", "_msg_result", "_raw", "_mapped",
    "_info", "_told", "overrun", "_timespec",
)  # fmt: skip


class Slot:
    """The memory of one task, and the call that it is to make. Threads have places of their own."""

    def __init__(self, handle: Any, index: int) -> None:
        self.handle = handle
        self.address = real.BASE + index * AREA
        self.request: tuple[int, ...] = ()
        self.mapped = False

    def send(self, nr: int, *args: int) -> None:
        """Keep the call."""
        self.request = (nr, *args)

    def put(self, data: bytes, at: int = 0) -> int:
        """Place bytes in the task's memory; return their address there."""
        if not self.mapped:
            self.mapped = True
            self.handle.mmap(AREA, fastipc.PROT_READ | fastipc.PROT_WRITE, FIXED, addr=self.address)
        if data:
            self.handle.store(self.address + at, data)
        return self.address + at

    def get(self, n: int, at: int = 0) -> bytes:
        """Return bytes of the task's memory."""
        return self.handle.load(self.address + at, n)


class RawMachine(SimMachine):
    """Tasks of a simulated kernel, driven by hand through `Task.syscall` alone."""

    def __init__(self, verify: bool = True) -> None:
        super().__init__("sys", verify)
        self.host = SimpleNamespace(strangers=0)
        self.slots: dict[Task, Slot] = {}

    def _number(self, arg: Any) -> int:
        return int(self._plain(arg))

    def _path(self, path: str) -> bytes:  # type: ignore[override]
        return super()._path(path).encode() + b"\0"

    def _start(self, task: Task, name: str, args: tuple, direct: bool) -> Any:
        handle = task.handle
        self._watch()
        slot = self.slots.setdefault(task, Slot(handle, len(self.slots)))
        slot.put(b"")
        if name in memory.ACCESSES or name in memory.LIMITS or name in LOOKS:  # those are no calls
            return super()._start(task, name, args, direct)
        if name == "sigaction" and args[1:2] == ("handler",):  # only a method has a function to give
            verb, given, decode = SimSignals._sigaction_(self, *args)
            return (self._value(lambda: getattr(handle, verb)(*given), task, name, decode, verb),)
        decode = self._marshal(slot, name, args)
        if name == "execve":
            slot.mapped = False
        nr, *registers = slot.request
        call = NAMES[nr], *(real._long(number) for number in registers)
        if name in SLEEPING and not direct:
            return handle.submit("syscall", *call), decode, "sys_syscall"
        return (self._value(lambda: self._done(name, handle.syscall(*call)), task, name, decode, "sys_syscall"),)

    @staticmethod
    def _done(name: str, ret: int) -> int:
        if name == "execve" and ret < 0:
            raise OSError(-ret, "")
        return ret

    def _marshal(self, slot: Slot, name: str, args: tuple) -> Any:
        if name in CREATING:
            flags = {"fork": abi.SIGCHLD, "thread": abi.THREAD}[name] if name != "clone" else args[0]
            slot.send(NUMBERS["fork" if name == "fork" else "clone"], *([] if name == "fork" else [flags]))
            return self._born
        if name == "execve":
            slot.send(NUMBERS[name])
            return None
        if name in paths.SHAPES:
            return self._on_files(slot, *paths.raw(name, paths.full(name, args)))
        marshal = getattr(self, f"_{name}_", None)
        if marshal is not None:
            return marshal(slot, *args)
        slot.send(real.NR[name], *map(self._number, args))
        return self._nothing if name in NOTHING | {"close", "sched_yield"} else None

    def _born(self, pid: int) -> Task:
        # Its number is that of its maker's namespace: it is the one that is not known yet.
        known = {id(task.handle) for task in self.tasks}
        (handle,) = (handle for handle in self.kernel.tasks.values() if handle.pid > 1 and id(handle) not in known)
        return self.adopt(handle)

    def _sigaction_(self, slot: Slot, sig: int, handler: Any = None, mask: Any = (), flags: int = 0) -> Any:
        new = 0
        if handler is not None:
            new = slot.put(struct.pack("QQQQ", handler, flags & (1 << 64) - 1, 0, real_signal.mask_of(mask)))
        slot.send(NUMBERS["rt_sigaction"], sig, new, slot.address + 64, 8)

        def decode(ret: int) -> tuple:
            handler, flags, _, mask = struct.unpack("QQQQ", slot.get(32, 64))
            return handler if handler < 2 else "handler", signals(mask), hex(flags & ~abi.SA_RESTORER)

        return decode

    def _sigqueue_(self, slot: Slot, pid: Any, sig: int, value: int) -> Any:
        me = self.kernel.tasks[slot.handle.tgid].nspid[-1]
        info = self._info(slot, sig, abi.SI_QUEUE, value, me)
        slot.send(NUMBERS["rt_sigqueueinfo"], self._number(pid), sig, info)
        return lambda ret: None

    def _timer_settime_from_now_(self, slot: Slot, id: int, clockid: int, seconds: float, interval: float) -> Any:
        when = self.kernel.now + boot_of(clockid) + seconds
        return self._timer_settime_(slot, id, when, interval, abi.TIMER_ABSTIME)

    def _fstat_(self, slot: Slot, fd: int) -> Any:
        fields = self._looked(slot, "fstat", fd)

        def decode(ret: int) -> dict[str, Any]:
            found = fields()
            if found["dev"] != devices()[0] or self.terse:
                return paths.record(self, found.__getitem__)
            return {
                "ino": self.inode(found["dev"], found["ino"]),
                **{name: found[name] for name in (*paths.FIELDS, "blksize", "blocks")},
                "equal times": found["atime"] == found["mtime"] == found["ctime"],
            }

        return decode


for _name, _value in RAW.items():
    if (re.fullmatch(r"_[a-z]\w*_", _name) and _name not in (*vars(RawMachine), *OURS)) or _name in HELPERS:
        setattr(RawMachine, _name, _value)
