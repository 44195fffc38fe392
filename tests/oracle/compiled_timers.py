"""The worker's calls on alarms and timers. The record of a setting lies in its area."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

import fastipc

from . import abi
from .sim_timer import SimTimers, boot_of
from .timers import nanoseconds, setting

OPS = (
    "alarm", "setitimer", "getitimer", "timer_create", "timer_settime", "timer_gettime", "timer_getoverrun",
    "timer_delete",
)  # fmt: skip
(
    ALARM, SETITIMER, GETITIMER, TIMER_CREATE, TIMER_SETTIME, TIMER_GETTIME, TIMER_GETOVERRUN, TIMER_DELETE,
) = range(len(OPS))  # fmt: skip
RAISING = tuple(range(len(OPS)))
RECORD = fastipc.ITIMERSPEC.itemsize
NANO = 1e9


@numba.njit
def on_timers(t, op, a, area):
    """All of them."""
    row = area[:RECORD]
    if op == ALARM:
        return t.sys_alarm(a[0])
    if op == SETITIMER:
        return t.sys_setitimer(a[0], a[1] / NANO, a[2] / NANO, row)
    if op == GETITIMER:
        return t.sys_getitimer(a[0], row)
    if op == TIMER_CREATE:
        return t.sys_timer_create(a[0], a[1], a[2], a[3], a[4])
    if op == TIMER_SETTIME:
        return t.sys_timer_settime(a[0], a[1] / NANO, a[2] / NANO, a[3], row)
    if op == TIMER_GETTIME:
        return t.sys_timer_gettime(a[0], row)
    if op == TIMER_GETOVERRUN:
        return t.sys_timer_getoverrun(a[0])
    return t.sys_timer_delete(a[0])


@numba.njit
def raising_timers(t, op, a, area):
    """All of them in the verb that raises; -errno as the other one gives it. A setting is two numbers of seconds."""
    ret = np.int64(0)
    told = area[:16].view(np.float64)
    try:
        if op == ALARM:
            ret = t.alarm(a[0])
        elif op == SETITIMER:
            told[0], told[1] = t.setitimer(a[0], a[1] / NANO, a[2] / NANO)
        elif op == GETITIMER:
            told[0], told[1] = t.getitimer(a[0])
        elif op == TIMER_CREATE:
            ret = t.timer_create(a[0], a[1], a[2], a[3], a[4])
        elif op == TIMER_SETTIME:
            told[0], told[1] = t.timer_settime(a[0], a[1] / NANO, a[2] / NANO, a[3])
        elif op == TIMER_GETTIME:
            told[0], told[1] = t.timer_gettime(a[0])
        elif op == TIMER_GETOVERRUN:
            ret = t.timer_getoverrun(a[0])
        else:
            t.timer_delete(a[0])
    except Exception:
        ret = -t.errno
    return ret


class CompiledTimers(SimTimers):
    """What `CompiledMachine` has of timers: the words of a call, and what makes a value of a result."""

    def _setting(self, area: Any, usec: bool) -> Callable:
        def told(ret: int) -> tuple:
            value, interval = area[:16].view(np.float64)
            return setting(nanoseconds(float(value)), nanoseconds(float(interval)))

        def filled(ret: int) -> tuple:
            seconds, part, value, rest = map(int, area[:RECORD].view(np.int64))
            unit = 1000 if usec else 1
            return setting(value * 10**9 + rest * unit, seconds * 10**9 + part * unit)

        return told if self.verb == "raise" else filled

    def _on_setitimer(self, area: Any, which: int, seconds: float, interval: float = 0) -> tuple:
        return (which, nanoseconds(seconds), nanoseconds(interval)), self._setting(area, True)

    def _on_getitimer(self, area: Any, which: int) -> tuple:
        return (which,), self._setting(area, True)

    def _on_timer_create(
        self, area: Any, clockid: Any, sig: int = abi.SIGALRM, value: int = 0, notify: int = 0, tid: int = 0
    ) -> tuple:
        return (self._clock(clockid), sig, value, notify, tid), int

    def _on_timer_settime(self, area: Any, id: int, seconds: float, interval: float = 0, flags: int = 0) -> tuple:
        return (id, nanoseconds(seconds), nanoseconds(interval), flags), self._setting(area, False)

    def _on_timer_settime_from_now(self, area: Any, id: int, clockid: int, seconds: float, interval: float) -> tuple:
        when = self.kernel.now + boot_of(clockid) + seconds
        return self._on_timer_settime(area, id, when, interval, abi.TIMER_ABSTIME)

    def _on_timer_gettime(self, area: Any, id: int) -> tuple:
        return (id,), self._setting(area, False)

    def _on_timer_getoverrun(self, area: Any, id: int) -> tuple:
        return (id,), lambda n: "some" if n else 0

    def _on_timer_delete(self, area: Any, id: int) -> tuple:
        return (id,), self._nothing
