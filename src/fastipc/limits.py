"""The sysctls of a machine: readable and settable attributes of `Kernel.limits`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastipc._core.entries import Machine, sysctl_range

DEFAULTS: dict[str, int] = {
    "pid_max": 32768,
    "threads_max": 192730,
    "pipe_max_size": 1048576,
    "pipe_user_pages_soft": 16384,
    "pipe_user_pages_hard": 0,
    "file_max": 9223372036854775807,
    "nr_open": 1048576,
    "protected_fifos": 0,
    "protected_hardlinks": 1,
    "protected_regular": 0,
    "protected_symlinks": 0,
}
"""Linux's defaults. ``pid_max`` bounds the tasks that a machine can ever hold, so it can only be lowered later."""


class Limits:
    """Sysctls by name: ``k.limits.pipe_max_size = 65536``. The files of /proc/sys are the same numbers.

    Source: proc(5), Documentation/admin-guide/sysctl.
    """

    __slots__ = ("_machine",)

    _machine: Machine

    def __init__(self, machine: Machine) -> None:
        object.__setattr__(self, "_machine", machine)

    def __getattr__(self, name: str) -> int:
        _known(name)
        return int(self._machine.sysctl(name))

    def __setattr__(self, name: str, value: int) -> None:
        self._machine.set_sysctl(name, _checked(name, value))

    def __dir__(self) -> list[str]:
        return list(DEFAULTS)

    def __repr__(self) -> str:
        return f"Limits({', '.join(f'{k}={v}' for k, v in self.to_dict().items())})"

    def to_dict(self) -> dict[str, int]:
        """All limits by name."""
        return {name: getattr(self, name) for name in DEFAULTS}


def initial(given: Mapping[str, int] | None) -> dict[str, int]:
    """The limits that a machine starts with: Linux's defaults, and what was given."""
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"limits must be a mapping, not {type(given).__name__}")
    values = dict(DEFAULTS)
    for name, value in (given or {}).items():
        values[name] = _checked(name, value)
    if given and "pid_max" in given:
        values["threads_max"] = max(values["threads_max"], values["pid_max"])
    return values


def _known(name: str) -> None:
    if name not in DEFAULTS:
        raise AttributeError(f"no limit {name!r}: one of {', '.join(DEFAULTS)}")


def _checked(name: str, value: Any) -> int:
    _known(name)
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    number = int(value.__index__())
    least, most = sysctl_range(name)
    if not least <= number <= most:
        raise ValueError(f"{name} must be between {least} and {most}")
    return number
