"""Calls on signals on the real kernel, and what its handlers have recorded."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any

from . import abi
from .machine import FORGED, signals

DO_SIGACTION = -8
JOURNAL, LINES, LINE = 1 << 16, 4096, struct.Struct("6iqQ")
NR = {
    "rt_sigprocmask": 14, "pause": 34, "kill": 62, "rt_sigpending": 127, "rt_sigtimedwait": 128,
    "rt_sigqueueinfo": 129, "rt_sigsuspend": 130, "tkill": 200, "tgkill": 234, "rt_tgsigqueueinfo": 297,
    "pselect6": 270, "ppoll": 271, "signalfd4": 289,
}  # fmt: skip


def mask_of(numbers: Iterable[int]) -> int:
    """Return the bits of a set."""
    return sum(1 << (n - 1) for n in set(numbers))


def process_of(tid: int) -> int:
    """Return the number of a thread's process, as that sees it."""
    with open(f"/proc/{tid}/status") as f:
        return next(int(line.split()[-1]) for line in f if line.startswith("NStgid:"))


class RealSignals:
    """The part of the real machine that knows of signals."""

    def handled(self) -> list[tuple]:
        """Return what handlers have recorded since the last time."""
        memory = self.host.memory
        (count,) = struct.unpack_from("Q", memory, JOURNAL)
        found = []
        for i in range(self.told, count):
            at = JOURNAL + 64 + i % LINES * LINE.size
            slot, sig, code, pid, status, _, value, mask = LINE.unpack_from(memory, at)
            task = next((task for task in self.tasks if task.handle.index == slot), None)
            found.append(self.handler_line(task, sig, code, pid, status, value, mask))
        self.told = count
        return found

    def _sigaction_(
        self, slot: Any, sig: int, handler: Any = None, mask: Iterable[int] = (), flags: int = 0
    ) -> Callable:
        what = 3 if handler is None else 2 if handler == "handler" else handler
        slot.send(DO_SIGACTION, sig, what, mask_of(mask), flags | abi.SA_SIGINFO * (what == 2), slot.address)

        def decode(ret: int) -> tuple:
            what, seen, mask = struct.unpack("QQQ", slot.get(24))
            return (what if what < 2 else "handler", signals(mask), hex(seen & ~abi.SA_RESTORER))

        return decode

    def _kill_(self, slot: Any, pid: Any, sig: int) -> Callable:
        slot.send(NR["kill"], self._number(pid), sig)
        return lambda ret: None

    def _tkill_(self, slot: Any, tid: Any, sig: int) -> Callable:
        slot.send(NR["tkill"], self._number(tid), sig)
        return lambda ret: None

    def _tgkill_(self, slot: Any, tgid: Any, tid: Any, sig: int) -> Callable:
        slot.send(NR["tgkill"], self._number(tgid), self._number(tid), sig)
        return lambda ret: None

    def _info(self, slot: Any, sig: int, code: int, value: int, pid: int = FORGED) -> int:
        return slot.put(struct.pack("iiiiiIq96x", sig, 0, code, 0, pid, 0, value))

    def _sigqueue_(self, slot: Any, pid: Any, sig: int, value: int) -> Callable:
        slot.send(NR["rt_sigqueueinfo"], self._number(pid), sig, self._info(slot, sig, -1, value, process_of(slot.tid)))
        return lambda ret: None

    def _sigqueueinfo_(self, slot: Any, pid: Any, sig: int, code: int, value: int) -> Callable:
        slot.send(NR["rt_sigqueueinfo"], self._number(pid), sig, self._info(slot, sig, code, value))
        return lambda ret: None

    def _tgsigqueueinfo_(self, slot: Any, tgid: Any, tid: Any, sig: int, code: int, value: int) -> Callable:
        info = self._info(slot, sig, code, value)
        slot.send(NR["rt_tgsigqueueinfo"], self._number(tgid), self._number(tid), sig, info)
        return lambda ret: None

    def _sigprocmask_(self, slot: Any, how: int, set: Iterable[int] | None = None) -> Callable:
        where = 0 if set is None else slot.put(struct.pack("Q", mask_of(set)))
        slot.send(NR["rt_sigprocmask"], how, where, slot.address + 64, 8)
        return lambda ret: signals(struct.unpack("Q", slot.get(8, 64))[0])

    def _sigpending_(self, slot: Any) -> Callable:
        slot.send(NR["rt_sigpending"], slot.address, 8)
        return lambda ret: signals(struct.unpack("Q", slot.get(8))[0])

    def _sigsuspend_(self, slot: Any, set: Iterable[int]) -> None:
        slot.send(NR["rt_sigsuspend"], slot.put(struct.pack("Q", mask_of(set))), 8)

    def _pause_(self, slot: Any) -> None:
        slot.send(NR["pause"])

    def _sigtaken_(self, slot: Any, set: Iterable[int]) -> Callable:
        when = slot.put(bytes(16), 64)
        slot.send(NR["rt_sigtimedwait"], slot.put(struct.pack("Q", mask_of(set))), slot.address + 128, when, 8)

        def decode(ret: int) -> tuple:
            sig, _, code, _, pid, uid = struct.unpack("iiiiiI", slot.get(24, 128))
            return sig, code, self.name_of(pid), self._user(uid)

        return decode

    def _sigtimedwait_(self, slot: Any, set: Iterable[int], timeout: float | None = None) -> Callable:
        when = 0
        if timeout is not None:
            ns = round(timeout * 1e9)
            when = slot.put(struct.pack("qq", ns // 10**9, ns % 10**9), 64)
        where = slot.put(struct.pack("Q", mask_of(set)))
        slot.send(NR["rt_sigtimedwait"], where, slot.address + 128, when, 8)

        def decode(ret: int) -> tuple:
            sig, _, code, _, pid, _, value = struct.unpack("iiiiiIq", slot.get(32, 128))
            return self.told_of(sig, code, pid, value)

        return decode

    # ------------------------------------------------------------------------------------------ masks of other waits
    def _timespec(self, slot: Any, seconds: float | None, at: int) -> int:
        if seconds is None:
            return 0
        ns = round(seconds * 1e9)
        return slot.put(struct.pack("qq", ns // 10**9, ns % 10**9), at)

    def _ppoll_(
        self, slot: Any, fds: list, timeout: float | None = None, sigmask: Iterable[int] | None = None
    ) -> Callable:
        decode = self._poll_rows(slot, fds)
        when = self._timespec(slot, timeout, 32768)
        mask = 0 if sigmask is None else slot.put(struct.pack("Q", mask_of(sigmask)), 32800)
        slot.send(NR["ppoll"], slot.address, len(fds), when, mask, 8)
        return decode

    def _pselect_(
        self,
        slot: Any,
        r: list[int],
        w: list[int],
        x: list[int],
        timeout: float | None = None,
        sigmask: Iterable[int] | None = None,
    ) -> Callable:
        nfds = max([-1, *r, *w, *x]) + 1
        pointers, decode = self._place_sets(slot, nfds, (r, w, x))
        when = self._timespec(slot, timeout, 32768)
        mask = 0 if sigmask is None else slot.put(struct.pack("Q", mask_of(sigmask)), 32800)
        pack = slot.put(struct.pack("QQ", mask, 8), 32816)
        slot.send(NR["pselect6"], nfds, *pointers, when, pack)
        return decode

    # ------------------------------------------------------------------------------------------ signals of files
    def _signalfd_(self, slot: Any, fd: int, set: Iterable[int], flags: int = 0) -> None:
        slot.send(NR["signalfd4"], fd, slot.put(struct.pack("Q", mask_of(set))), 8, flags)

    def _read_signals_(self, slot: Any, fd: int, n: int) -> Callable:
        slot.send(0, fd, slot.address, n)
        return lambda ret: self.signals_read(slot.get(ret))

    def _read_senders_(self, slot: Any, fd: int, n: int) -> Callable:
        slot.send(0, fd, slot.address, n)
        return lambda ret: self.senders_read(slot.get(ret))

    def _read_sigq_(self, slot: Any, fd: int) -> Callable:
        slot.send(17, fd, slot.address, 4096, 0)  # pread64
        return lambda ret: self.sigq_read(slot.get(ret))

    def _setown_(self, slot: Any, fd: int, who: Any) -> None:
        slot.send(72, fd, abi.F_SETOWN, self._number(who))

    def _getown_(self, slot: Any, fd: int) -> Callable:
        slot.send(72, fd, abi.F_GETOWN)
        return lambda ret: self.name_of(ret) if ret else 0

    def _setown_ex_(self, slot: Any, fd: int, type: int, who: Any) -> None:
        slot.send(72, fd, abi.F_SETOWN_EX, slot.put(struct.pack("ii", type, self._number(who))))

    def _getown_ex_(self, slot: Any, fd: int) -> Callable:
        slot.send(72, fd, abi.F_GETOWN_EX, slot.address)
        return lambda ret: self.owner(*struct.unpack("ii", slot.get(8)))
