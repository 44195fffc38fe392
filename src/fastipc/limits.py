"""The sysctls of a machine: readable and settable attributes of `Kernel.limits`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

DEFAULTS: dict[str, int] = {
    "pid_max": 32768,
    "threads_max": 192730,
    "pipe_max_size": 1048576,
    "pipe_user_pages_soft": 16384,
    "pipe_user_pages_hard": 0,
    "file_max": 9223372036854775807,
    "nr_open": 1048576,
}
"""Linux's defaults. ``pid_max`` bounds the tasks that a machine can ever hold, so it can only be lowered later."""


class Limits:
    """Sysctls by name: ``k.limits.pipe_max_size = 65536``. Source: proc(5), /proc/sys."""

    __slots__ = ("_changed", "_most_pids", "_values")

    _values: dict[str, int]
    _changed: Callable[[dict[str, int]], None] | None

    def __init__(
        self, given: Mapping[str, int] | None, changed: Callable[[dict[str, int]], None] | None = None
    ) -> None:
        values = dict(DEFAULTS)
        object.__setattr__(self, "_values", values)
        if given is not None and not isinstance(given, Mapping):
            raise TypeError(f"limits must be a mapping, not {type(given).__name__}")
        for name, value in (given or {}).items():
            values[name] = _checked(name, value)
        if given and "pid_max" in given:
            values["threads_max"] = max(values["threads_max"], values["pid_max"])
        object.__setattr__(self, "_most_pids", values["pid_max"])
        object.__setattr__(self, "_changed", changed)

    def __getattr__(self, name: str) -> int:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"no limit {name!r}: one of {', '.join(DEFAULTS)}") from None

    def __setattr__(self, name: str, value: int) -> None:
        value = _checked(name, value)
        if name == "pipe_max_size":
            value = _round_pipe_size(value)
        if name == "pid_max" and value > self._most_pids:
            raise ValueError(f"pid_max must not be above {self._most_pids}, what the machine was made for")
        if self._changed is not None:
            self._changed({**self._values, name: value})
        self._values[name] = value

    def __dir__(self) -> list[str]:
        return list(self._values)

    def __repr__(self) -> str:
        return f"Limits({', '.join(f'{k}={v}' for k, v in self._values.items())})"

    def to_dict(self) -> dict[str, int]:
        """All limits by name."""
        return dict(self._values)


def _checked(name: str, value: Any) -> int:
    if name not in DEFAULTS:
        raise AttributeError(f"no limit {name!r}: one of {', '.join(DEFAULTS)}")
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    number = value.__index__()
    least = 301 if name == "pid_max" else 4096 if name == "pipe_max_size" else 0
    most = 4194304 if name == "pid_max" else 1 << 31 if name == "pipe_max_size" else (1 << 63) - 1
    if not least <= number <= most:
        raise ValueError(f"{name} must be between {least} and {most}")
    return int(number)


def _round_pipe_size(value: int) -> int:
    """A power of two of pages, as a write to /proc/sys/fs/pipe-max-size gives."""
    return max(4096, 1 << (value - 1).bit_length())
