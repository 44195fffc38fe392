"""The worker's calls on signals. Its handler writes lines of a journal that lies at one address in every process."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

import fastipc
from fastipc import compiled

from . import abi
from .machine import FORGED, signals
from .real_signal import mask_of
from .sim_signal import SimSignals

OPS = (
    "sigaction", "kill", "tkill", "tgkill", "sigqueue", "sigqueueinfo", "tgsigqueueinfo", "sigprocmask", "sigpending",
    "sigsuspend", "pause", "sigtimedwait",
)  # fmt: skip
(
    SIGACTION, KILL, TKILL, TGKILL, SIGQUEUE, SIGQUEUEINFO, TGSIGQUEUEINFO, SIGPROCMASK, SIGPENDING,
    SIGSUSPEND, PAUSE, SIGTIMEDWAIT,
) = range(len(OPS))  # fmt: skip
RAISING = (SIGACTION, KILL, TKILL, TGKILL, SIGQUEUE, SIGPROCMASK, SIGPENDING)
ASK, HANDLER = 3, 2  # what an action is to be, if not SIG_DFL or SIG_IGN
SIGINFO_SIZE = fastipc.SIGINFO.itemsize
SI_TIMER = abi.SI_TIMER

JOURNAL = 0x200000000000  # where it lies: machine code that was kept from another process must find it
LINES, WORDS = 1024, 8
MAP_FIXED_NOREPLACE = 0x100000
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]


def journal() -> Any:
    """Map the journal and return it: lines of words, of which the first is how many others were written."""
    size = (1 + LINES) * WORDS * 8
    found = _libc.mmap(JOURNAL, size, 3, 0x22 | MAP_FIXED_NOREPLACE, -1, 0)
    if found != JOURNAL:
        raise OSError(ctypes.get_errno(), "no room for the journal of handlers")
    return np.frombuffer((ctypes.c_int64 * (size // 8)).from_address(JOURNAL), np.int64).reshape(1 + LINES, WORDS)


WRITTEN = journal()


@intrinsic
def journal_place(typing_context):
    """Where the journal begins."""

    def generate(context, builder, signature, args):
        place = context.get_constant(types.intp, JOURNAL)
        return builder.inttoptr(place, context.get_value_type(signature.return_type))

    return types.CPointer(types.int64)(), generate


@numba.njit
def record(t, signo, info):
    """Write a line."""
    lines = numba.carray(journal_place(), (1 + LINES, WORDS))
    line = lines[1 + lines[0, 0] % LINES]
    lines[0, 0] += 1
    told = info[0]
    line[0], line[1], line[2] = t.pid, signo, told["si_code"]
    line[3] = told["si_timerid"] if told["si_code"] == SI_TIMER else told["si_pid"]
    line[4], line[5] = told["si_status"], told["si_value"]
    line[6] = t.sigprocmask(0)


@compiled
def recorder(t, signo, info):
    """Record a run."""
    record(t, signo, info)


recorder._dispatcher = numba.njit(recorder.py_func)  # not kept on the disk: this module goes by two names


@numba.njit
def act(t, a, area, raises):
    """sigaction; the old action goes into the area."""
    ret = np.int64(0)
    old = area[:24].view(np.int64)
    try:
        if a[1] == ASK or not raises:
            old[0], old[1], old[2] = t.sigaction(a[0])
        elif a[1] == HANDLER:
            old[0], old[1], old[2] = t.sigaction(a[0], recorder, a[2], a[3])
        else:
            old[0], old[1], old[2] = t.sigaction(a[0], a[1], a[2], a[3])
    except Exception:
        ret = -t.errno
    if raises or ret or a[1] == ASK:
        return ret
    if a[1] == HANDLER:
        return t.sys_sigaction(a[0], recorder, a[2], a[3])
    return t.sys_sigaction(a[0], a[1], a[2], a[3])


@numba.njit
def wait(t, a, area):
    """sigtimedwait."""
    if a[1]:
        return t.sys_sigtimedwait(a[0], area[:SIGINFO_SIZE], a[2] / 1e9)
    return t.sys_sigtimedwait(a[0], area[:SIGINFO_SIZE])


@numba.njit
def on_signals(t, op, a, area):
    """All of them."""
    if op == SIGACTION:
        return act(t, a, area, False)
    if op == KILL:
        return t.sys_kill(a[0], a[1])
    if op == TKILL:
        return t.sys_tkill(a[0], a[1])
    if op == TGKILL:
        return t.sys_tgkill(a[0], a[1], a[2])
    if op == SIGQUEUE:
        return t.sys_sigqueue(a[0], a[1], a[2])
    if op == SIGQUEUEINFO:
        return t.sys_rt_sigqueueinfo(a[0], a[1], area[:SIGINFO_SIZE])
    if op == TGSIGQUEUEINFO:
        return t.sys_rt_tgsigqueueinfo(a[0], a[1], a[2], area[:SIGINFO_SIZE])
    if op == SIGPROCMASK:
        if a[1]:
            return t.sys_sigprocmask(a[0], a[2], area[:8].view(np.uint64))
        return t.sys_sigprocmask(a[0], None, area[:8].view(np.uint64))
    if op == SIGPENDING:
        return t.sys_sigpending(area[:8].view(np.uint64))
    if op == SIGSUSPEND:
        return t.sys_sigsuspend(a[0])
    if op == PAUSE:
        return t.sys_pause()
    return wait(t, a, area)


@numba.njit
def raising_signals(t, op, a, area):
    """Some of them in the verb that raises; -errno as the other one gives it."""
    if op == SIGACTION:
        return act(t, a, area, True)
    ret = np.int64(0)
    mask = area[:8].view(np.int64)
    try:
        if op == KILL:
            t.kill(a[0], a[1])
        elif op == TKILL:
            t.tkill(a[0], a[1])
        elif op == TGKILL:
            t.tgkill(a[0], a[1], a[2])
        elif op == SIGQUEUE:
            t.sigqueue(a[0], a[1], a[2])
        elif op == SIGPENDING:
            mask[0] = t.sigpending()
        elif a[1]:
            mask[0] = t.sigprocmask(a[0], a[2])
        else:
            mask[0] = t.sigprocmask(a[0])
    except Exception:
        ret = -t.errno
    return ret


def signed_mask(mask: int) -> int:
    """Return a set as a word of a box holds it."""
    return mask - (1 << 64) if mask >> 63 else mask


class CompiledSignals(SimSignals):
    """What `CompiledMachine` has of signals: the words of a call, and what makes a value of a result."""

    def forget_handled(self) -> None:
        """Begin a journal."""
        WRITTEN[0, 0] = 0

    def handled(self) -> list[str]:
        """Return what handlers have recorded since the last time."""
        found = []
        for i in range(self.told, int(WRITTEN[0, 0])):
            pid, sig, code, sender, status, value, mask = map(int, WRITTEN[1 + i % LINES, :7])
            task = next((task for task in reversed(self.tasks) if self.numbers[task] == pid), None)
            found.append(self.handler_line(task, sig, code, sender, status, value, mask & (1 << 64) - 1))
        self.told = int(WRITTEN[0, 0])
        return found

    def _on_sigaction(
        self, area: Any, sig: int, handler: Any = None, mask: Iterable[int] = (), flags: int = 0
    ) -> tuple:
        what = ASK if handler is None else HANDLER if handler == "handler" else handler

        def decode(ret: int) -> tuple:
            what, mask, flags = map(int, area[:24].view(np.int64))
            return what if what in (0, 1) else "handler", signals(mask), hex(flags & ~abi.SA_RESTORER)

        return (sig, what, signed_mask(mask_of(mask)), flags | abi.SA_SIGINFO * (what == HANDLER)), decode

    def _on_kill(self, area: Any, *args: int) -> tuple:
        return args, self._nothing

    _on_tkill = _on_tgkill = _on_sigqueue = _on_kill

    @staticmethod
    def _place_info(area: Any, code: int, value: int) -> None:
        row = area[:SIGINFO_SIZE].view(fastipc.SIGINFO)
        row[:] = 0
        row["si_code"], row["si_pid"], row["si_value"] = code, FORGED, value

    def _on_sigqueueinfo(self, area: Any, pid: int, sig: int, code: int, value: int) -> tuple:
        self._place_info(area, code, value)
        return (pid, sig), self._nothing

    def _on_tgsigqueueinfo(self, area: Any, tgid: int, tid: int, sig: int, code: int, value: int) -> tuple:
        self._place_info(area, code, value)
        return (tgid, tid, sig), self._nothing

    def _on_sigprocmask(self, area: Any, how: int, set: Iterable[int] | None = None) -> tuple:
        words = (how, set is not None, signed_mask(mask_of(set or ())))
        return words, lambda ret: signals(int(area[:8].view(np.uint64)[0]))

    def _on_sigpending(self, area: Any) -> tuple:
        return (), lambda ret: signals(int(area[:8].view(np.uint64)[0]))

    def _on_sigsuspend(self, area: Any, set: Iterable[int]) -> tuple:
        return (signed_mask(mask_of(set)),), self._nothing

    def _on_pause(self, area: Any) -> tuple:
        return (), self._nothing

    def _on_sigtimedwait(self, area: Any, set: Iterable[int], timeout: float | None = None) -> tuple:
        def decode(ret: int) -> tuple:
            info = area[:SIGINFO_SIZE].view(fastipc.SIGINFO)[0]
            sig, code = int(info["si_signo"]), int(info["si_code"])
            pid = int(info["si_timerid" if code == SI_TIMER else "si_pid"])
            return self.told_of(sig, code, pid, int(info["si_value"]) or int(info["si_status"]))

        ns = 0 if timeout is None else round(timeout * 1e9)
        return (signed_mask(mask_of(set)), timeout is not None, ns), decode

    def _on_sigtaken(self, area: Any, set: Iterable[int]) -> tuple:
        def decode(ret: int) -> tuple:
            info = area[:SIGINFO_SIZE].view(fastipc.SIGINFO)[0]
            return int(info["si_signo"]), int(info["si_code"]), self.name_of(int(info["si_pid"])), int(info["si_uid"])

        return (signed_mask(mask_of(set)), True, 0), decode
