"""Interval timers and POSIX timers in compiled code: a setting is a pair of seconds, value and interval."""

from typing import Any

from numba.core import types
from numba.extending import overload_method

from fastipc._core.layout import dtype
from fastipc._numba.buffers import address_of, require_buffer, require_int, require_seconds, size_of, to_ns
from fastipc._numba.calls import external
from fastipc._numba.errnos import raise_errno
from fastipc._numba.signals import none
from fastipc._numba.task_type import ARGS, DONE, TaskType, load_int64, machine_of, row_of

SETTING_SIZE = dtype("itimerspec").itemsize
VALUE = ARGS + 32  # where the record of the call has the value of a setting; the interval is in `done`
NANO = 1e9

_setitimer, _getitimer = external("setitimer", 4), external("getitimer", 2)
_settime, _gettime = external("timer_settime", 5), external("timer_gettime", 2)


def _require_times(seconds: Any, interval: Any) -> None:
    require_seconds("seconds", seconds)
    if not isinstance(interval, int | types.Omitted):
        require_seconds("interval", interval)


def _require_room(name: str, given: Any) -> bool:
    # Whether there is any.
    if none(given):
        return False
    require_buffer(name, given, True)
    return True


@overload_method(TaskType, "setitimer")
def _set_interval(t, which, seconds, interval=0):
    require_int("which", which)
    _require_times(seconds, interval)

    def setitimer(t, which, seconds, interval=0):
        ret = _setitimer(machine_of(t), row_of(t), which, to_ns(seconds), to_ns(interval), 0)
        if ret < 0:
            raise_errno(ret)
        return (load_int64(row_of(t) + VALUE) / NANO, load_int64(row_of(t) + DONE) / NANO)

    return setitimer


@overload_method(TaskType, "sys_setitimer")
def _sys_set_interval(t, which, seconds, interval=0, old=None):
    require_int("which", which)
    _require_times(seconds, interval)

    def telling(t, which, seconds, interval=0, old=None):
        if size_of(old) < SETTING_SIZE:
            raise ValueError("old must have room for one row of ITIMERVAL or ITIMERSPEC")
        return _setitimer(machine_of(t), row_of(t), which, to_ns(seconds), to_ns(interval), address_of(old))

    def alone(t, which, seconds, interval=0, old=None):
        return _setitimer(machine_of(t), row_of(t), which, to_ns(seconds), to_ns(interval), 0)

    return telling if _require_room("old", old) else alone


@overload_method(TaskType, "timer_settime")
def _set_timer(t, id, seconds, interval=0, flags=0):
    require_int("id", id)
    _require_times(seconds, interval)
    require_int("flags", flags)

    def timer_settime(t, id, seconds, interval=0, flags=0):
        ret = _settime(machine_of(t), row_of(t), id, to_ns(seconds), to_ns(interval), flags, 0)
        if ret < 0:
            raise_errno(ret)
        return (load_int64(row_of(t) + VALUE) / NANO, load_int64(row_of(t) + DONE) / NANO)

    return timer_settime


@overload_method(TaskType, "sys_timer_settime")
def _sys_set_timer(t, id, seconds, interval=0, flags=0, old=None):
    require_int("id", id)
    _require_times(seconds, interval)
    require_int("flags", flags)

    def telling(t, id, seconds, interval=0, flags=0, old=None):
        if size_of(old) < SETTING_SIZE:
            raise ValueError("old must have room for one row of ITIMERVAL or ITIMERSPEC")
        return _settime(machine_of(t), row_of(t), id, to_ns(seconds), to_ns(interval), flags, address_of(old))

    def alone(t, id, seconds, interval=0, flags=0, old=None):
        return _settime(machine_of(t), row_of(t), id, to_ns(seconds), to_ns(interval), flags, 0)

    return telling if _require_room("old", old) else alone


@overload_method(TaskType, "getitimer")
def _get_interval(t, which):
    require_int("which", which)

    def getitimer(t, which):
        ret = _getitimer(machine_of(t), row_of(t), which, 0)
        if ret < 0:
            raise_errno(ret)
        return (load_int64(row_of(t) + VALUE) / NANO, load_int64(row_of(t) + DONE) / NANO)

    return getitimer


@overload_method(TaskType, "sys_getitimer")
def _sys_get_interval(t, which, value):
    require_int("which", which)
    require_buffer("value", value, True)

    def sys_getitimer(t, which, value):
        if size_of(value) < SETTING_SIZE:
            raise ValueError("value must have room for one row of ITIMERVAL or ITIMERSPEC")
        return _getitimer(machine_of(t), row_of(t), which, address_of(value))

    return sys_getitimer


@overload_method(TaskType, "timer_gettime")
def _get_timer(t, id):
    require_int("id", id)

    def timer_gettime(t, id):
        ret = _gettime(machine_of(t), row_of(t), id, 0)
        if ret < 0:
            raise_errno(ret)
        return (load_int64(row_of(t) + VALUE) / NANO, load_int64(row_of(t) + DONE) / NANO)

    return timer_gettime


@overload_method(TaskType, "sys_timer_gettime")
def _sys_get_timer(t, id, value):
    require_int("id", id)
    require_buffer("value", value, True)

    def sys_timer_gettime(t, id, value):
        if size_of(value) < SETTING_SIZE:
            raise ValueError("value must have room for one row of ITIMERVAL or ITIMERSPEC")
        return _gettime(machine_of(t), row_of(t), id, address_of(value))

    return sys_timer_gettime
