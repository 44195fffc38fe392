"""Calls on alarms and timers on fastipc."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastipc

from . import abi
from .timers import nanoseconds, setting

BOOT = 1_000_000_000  # of the realtime clock


def boot_of(clockid: int) -> int:
    """Return what a clock showed when the machine began."""
    return BOOT if clockid in (abi.CLOCK_REALTIME, abi.CLOCK_TAI) else 0


class SimTimers:
    """The part of the simulated machine that knows of timers."""

    def _told(self, name: str, args: tuple, usec: bool) -> tuple:
        if self.verb != "sys":
            return name, args, lambda told: setting(nanoseconds(told.it_value), nanoseconds(told.it_interval))
        row = np.zeros(1, fastipc.ITIMERVAL if usec else fastipc.ITIMERSPEC)

        def decode(ret: int) -> tuple:
            assert ret == 0
            (interval, part), (value, rest) = (map(int, row[name][0]) for name in ("it_interval", "it_value"))
            unit = 1000 if usec else 1
            return setting(value * 10**9 + rest * unit, interval * 10**9 + part * unit)

        return f"sys_{name}", (*args, row), decode

    def _setitimer_(self, which: int, seconds: float, interval: float = 0) -> tuple:
        return self._told("setitimer", (which, seconds, interval), True)

    def _getitimer_(self, which: int) -> tuple:
        return self._told("getitimer", (which,), True)

    def _timer_create_(
        self, clockid: Any, sig: int = abi.SIGALRM, value: int = 0, notify: int = 0, tid: Any = 0
    ) -> tuple:
        clockid = self._clock(clockid)
        name = "sys_timer_create" if self.verb == "sys" else "timer_create"
        return name, (clockid, sig, value, notify, tid), None

    def _clock(self, clockid: Any) -> int:
        # A pair of a task and the lower bits: its clock of the processor's time.
        if not isinstance(clockid, tuple):
            return clockid
        return ~int(self._plain(clockid[0])) << 3 | clockid[1]

    def _timer_settime_(self, id: int, seconds: float, interval: float = 0, flags: int = 0) -> tuple:
        return self._told("timer_settime", (id, seconds, interval, flags), False)

    def _timer_settime_from_now_(self, id: int, clockid: int, seconds: float, interval: float) -> tuple:
        return self._timer_settime_(id, self.kernel.now + boot_of(clockid) + seconds, interval, abi.TIMER_ABSTIME)

    def _timer_gettime_(self, id: int) -> tuple:
        return self._told("timer_gettime", (id,), False)

    def _timer_getoverrun_(self, id: int) -> tuple:
        return "timer_getoverrun", (id,), lambda n: "some" if n else 0

    def _timer_delete_(self, id: int) -> tuple:
        if self.verb == "sys":
            return "sys_timer_delete", (id,), self._nothing
        return "timer_delete", (id,), None
