"""Calls on alarms and timers on the real kernel."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Any

from . import abi
from .timers import nanoseconds, setting

NR = {
    "getitimer": 36, "alarm": 37, "setitimer": 38, "timer_create": 222, "timer_settime": 223, "timer_gettime": 224,
    "timer_getoverrun": 225, "timer_delete": 226,
}  # fmt: skip
OLD, USEC, NSEC = 128, 1000, 1


def packed(seconds: float, interval: float, unit: int) -> bytes:
    """Return a struct itimerval or itimerspec."""
    both = (divmod(nanoseconds(time), 10**9) for time in (interval, seconds))
    return struct.pack("qqqq", *(number for sec, rest in both for number in (sec, rest // unit)))


class RealTimers:
    """The part of the real machine that knows of timers."""

    def _told(self, slot: Any, unit: int) -> Callable:
        def decode(ret: int) -> tuple:
            numbers = struct.unpack("qqqq", slot.get(32, OLD))
            return setting(numbers[2] * 10**9 + numbers[3] * unit, numbers[0] * 10**9 + numbers[1] * unit)

        return decode

    def _alarm_(self, slot: Any, seconds: int) -> None:
        slot.send(NR["alarm"], seconds)

    def _setitimer_(self, slot: Any, which: int, seconds: float, interval: float = 0) -> Callable:
        slot.send(NR["setitimer"], which, slot.put(packed(seconds, interval, USEC)), slot.address + OLD)
        return self._told(slot, USEC)

    def _getitimer_(self, slot: Any, which: int) -> Callable:
        slot.send(NR["getitimer"], which, slot.address + OLD)
        return self._told(slot, USEC)

    def _timer_create_(
        self, slot: Any, clockid: int, sig: int = abi.SIGALRM, value: int = 0, notify: int = 0, tid: Any = 0
    ) -> Callable:
        clockid = self._clock(clockid)
        event = slot.put(struct.pack("qiii", value, sig, notify, self._number(tid)) + bytes(44))
        slot.send(NR["timer_create"], clockid, event, slot.address + OLD)
        return lambda ret: struct.unpack("i", slot.get(4, OLD))[0]

    def _clock(self, clockid: Any) -> int:
        # A pair of a task and the lower bits: its clock of the processor's time.
        return ~self._number(clockid[0]) << 3 | clockid[1] if isinstance(clockid, tuple) else clockid

    def _timer_settime_(self, slot: Any, id: int, seconds: float, interval: float = 0, flags: int = 0) -> Callable:
        slot.send(
            NR["timer_settime"], id, flags, slot.put(packed(seconds, interval, NSEC)), slot.address + OLD
        )
        return self._told(slot, NSEC)

    def _timer_settime_from_now_(self, slot: Any, id: int, clockid: int, seconds: float, interval: float) -> Callable:
        now = time.clock_gettime(clockid)
        return self._timer_settime_(slot, id, now + seconds, interval, abi.TIMER_ABSTIME)

    def _timer_gettime_(self, slot: Any, id: int) -> Callable:
        slot.send(NR["timer_gettime"], id, slot.address + OLD)
        return self._told(slot, NSEC)

    def _timer_getoverrun_(self, slot: Any, id: int) -> Callable:
        slot.send(NR["timer_getoverrun"], id)
        return lambda ret: self.overrun(ret)

    @staticmethod
    def overrun(n: int) -> int | str:
        """Return whether a timer has missed anything."""
        return "some" if n else 0

    def _timer_delete_(self, slot: Any, id: int) -> Callable:
        slot.send(NR["timer_delete"], id)
        return lambda ret: None
