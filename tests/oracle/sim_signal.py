"""Calls on signals on fastipc, with handlers that record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

import fastipc

from . import abi
from .machine import FORGED, signals

SIGNAL_CALLS = frozenset(
    {"kill", "tkill", "tgkill", "sigqueue", "sigqueueinfo", "tgsigqueueinfo", "sigsuspend", "pause"}
)


class SimSignals:
    """The part of the simulated machine that knows of signals."""

    def handled(self) -> list[tuple]:
        """Return what handlers have recorded since the last time."""
        found, self.journal = self.journal, []
        return found

    def handler(self, t: Any, sig: int, info: Any) -> None:
        """Record a run: the same for all tasks."""
        task = next((task for task in self.tasks if task.handle is t), None)
        value = info.si_value if info.si_code < 0 else info.si_status if info.si_signo == 17 else 0
        at = len(self.journal)
        self.journal.append("")  # it runs from here on, whoever is told of signals by the call that follows
        mask = sum(1 << (n - 1) for n in t.sigprocmask(0))
        pid = info.si_timerid if info.si_code == abi.SI_TIMER else info.si_pid
        self.journal[at] = self.handler_line(task, sig, info.si_code, pid, info.si_status, value, mask)

    def _sigaction_(self, sig: int, handler: Any = None, mask: Iterable[int] = (), flags: int = 0) -> tuple:
        given = self.record_handler if handler == "handler" else handler

        def decode(old: fastipc.SigAction) -> tuple:
            what = old.sa_handler if old.sa_handler in (0, 1) else "handler"
            return what, sorted(old.sa_mask), hex(old.sa_flags & ~abi.SA_RESTORER)

        return "sigaction", (sig, given, mask, flags | abi.SA_SIGINFO * (handler == "handler")), decode

    def _signal_call(self, name: str, args: tuple) -> tuple:
        raw = self.verb == "sys"
        if name == "sigqueueinfo":
            pid, sig, code, value = args
            name, args = "rt_sigqueueinfo", (pid, sig, fastipc.SigInfo(si_code=code, si_pid=FORGED, si_value=value))
        elif name == "tgsigqueueinfo":
            tgid, tid, sig, code, value = args
            info = fastipc.SigInfo(si_code=code, si_pid=FORGED, si_value=value)
            name, args = "rt_tgsigqueueinfo", (tgid, tid, sig, info)
        return (f"sys_{name}", args, lambda ret: None) if raw else (name, args, None)

    def _sigprocmask_(self, how: int, set: Iterable[int] | None = None) -> tuple:
        if self.verb == "sys":
            old = np.zeros(1, np.uint64)
            return "sys_sigprocmask", (how, set, old), lambda ret: signals(int(old[0]))
        return "sigprocmask", (how, set), sorted

    def _sigpending_(self) -> tuple:
        if self.verb == "sys":
            into = np.zeros(1, np.uint64)
            return "sys_sigpending", (into,), lambda ret: signals(int(into[0]))
        return "sigpending", (), sorted

    def _sigtaken_(self, set: Iterable[int]) -> tuple:
        def decode(info: fastipc.SigInfo) -> tuple:
            return info.si_signo, info.si_code, self.name_of(info.si_pid), info.si_uid

        return "sigtimedwait", (set, 0), decode

    def _sigtimedwait_(self, set: Iterable[int], timeout: float | None = None) -> tuple:
        if self.verb == "sys":
            row = np.zeros(1, fastipc.SIGINFO)

            def taken(ret: int) -> tuple:
                signo, code, pid, value, status = (
                    int(row[name][0]) for name in ("si_signo", "si_code", "si_pid", "si_value", "si_status")
                )
                pid = int(row["si_timerid"][0]) if code == abi.SI_TIMER else pid
                return self.told_of(signo, code, pid, value or status)

            return "sys_sigtimedwait", (set, row, timeout), taken

        def decode(info: fastipc.SigInfo) -> tuple:
            pid = info.si_timerid if info.si_code == abi.SI_TIMER else info.si_pid
            return self.told_of(info.si_signo, info.si_code, pid, info.si_value or info.si_status)

        return "sigtimedwait", (set, timeout), decode

    # ------------------------------------------------------------------------------------------ masks of other waits
    def _ppoll_(self, fds: list, timeout: float | None = None, sigmask: Iterable[int] | None = None) -> tuple:
        if self.verb == "sys":
            _, (rows, _), decode = self._sys_poll(fds)
            return "sys_ppoll", (rows, timeout, sigmask), decode
        return "ppoll", (fds, timeout, sigmask), None

    def _pselect_(self, r: list, w: list, x: list, timeout: Any = None, sigmask: Any = None) -> tuple:
        if self.verb == "sys":
            _, args, decode = self._sys_select(r, w, x, timeout)
            return "sys_pselect", (*args, sigmask), decode
        return "pselect", (r, w, x, timeout, sigmask), lambda sets: tuple(map(sorted, sets))

    # ------------------------------------------------------------------------------------------ signals of files
    def _signalfd_(self, fd: int, set: Iterable[int], flags: int = 0) -> tuple:
        return "sys_signalfd" if self.verb == "sys" else "signalfd", (fd, set, flags), None

    def _read_signals_(self, fd: int, n: int) -> tuple:
        if self.verb == "sys":
            buffer = bytearray(n)
            return "sys_read", (fd, buffer), lambda got: self.signals_read(bytes(buffer[:got]))
        return "read", (fd, n), self.signals_read

    def _read_senders_(self, fd: int, n: int) -> tuple:
        if self.verb == "sys":
            buffer = bytearray(n)
            return "sys_read", (fd, buffer), lambda got: self.senders_read(bytes(buffer[:got]))
        return "read", (fd, n), self.senders_read

    def _read_sigq_(self, fd: int) -> tuple:
        return "pread", (fd, 4096, 0), self.sigq_read

    def _control(self, *args: Any) -> tuple[str, tuple]:
        return "sys_fcntl" if self.verb == "sys" else "fcntl", args

    def _setown_(self, fd: int, who: Any) -> tuple:
        return *self._control(fd, abi.F_SETOWN, self._plain(who)), None

    def _getown_(self, fd: int) -> tuple:
        return *self._control(fd, abi.F_GETOWN), lambda pid: self.name_of(pid) if pid else 0

    def _setown_ex_(self, fd: int, type: int, who: Any) -> tuple:
        return *self._control(fd, abi.F_SETOWN_EX, (type, self._plain(who))), None

    def _getown_ex_(self, fd: int) -> tuple:
        if self.verb == "sys":
            pair = np.zeros(2, np.int32)
            return "sys_fcntl", (fd, abi.F_GETOWN_EX, pair), lambda ret: self.owner(*map(int, pair))
        return "fcntl", (fd, abi.F_GETOWN_EX), lambda pair: self.owner(*pair)
