"""The sysctls of a machine: readable and settable attributes of `Kernel.limits`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from fastipc._core.entries import IPC_SYSCTLS, Machine, Task, sysctl_range

UNLIMITED = 2**64 - 2**24 - 1

DEFAULTS: dict[str, int | tuple[int, ...]] = {
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
    "nr_hugepages": 0,
    "ipcmni_extend": 0,
    "shmmax": UNLIMITED,
    "shmall": UNLIMITED,
    "shmmni": 4096,
    "shm_rmid_forced": 0,
    "shm_next_id": -1,
    "msgmax": 8192,
    "msgmnb": 16384,
    "msgmni": 32000,
    "msg_next_id": -1,
    "sem": (32000, 1024000000, 500, 32000),
    "sem_next_id": -1,
}
"""Linux's defaults. ``pid_max`` bounds the tasks that a machine can ever hold, so it can only be lowered later.

``ipcmni_extend`` is Linux's boot parameter of that name and can only be given to the machine: 1 makes 16777216 indexes
of ids in place of 32768. Those of System V objects are those of the first IPC namespace. ``sem`` is SEMMSL, SEMMNS,
SEMOPM and SEMMNI.
"""


class Limits:
    """Sysctls by name: ``k.limits.pipe_max_size = 65536``. The files of /proc/sys are the same numbers.

    Source: proc(5), Documentation/admin-guide/sysctl.
    """

    __slots__ = ("_machine",)

    _machine: Machine

    def __init__(self, machine: Machine) -> None:
        object.__setattr__(self, "_machine", machine)

    def __getattr__(self, name: str) -> Any:
        _known(name, DEFAULTS)
        return self._machine.sysctl(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._machine.set_sysctl(name, _checked(name, value))

    def __dir__(self) -> list[str]:
        return list(DEFAULTS)

    def __repr__(self) -> str:
        return f"Limits({', '.join(f'{k}={v}' for k, v in self.to_dict().items())})"

    def to_dict(self) -> dict[str, Any]:
        """All limits by name."""
        return {name: getattr(self, name) for name in DEFAULTS}


class IpcLimits:
    """The limits of System V objects in the IPC namespace that a task is in: ``t.ipc_limits.shmmni = 3``."""

    __slots__ = ("_machine", "_task")

    _machine: Machine
    _task: Task

    def __init__(self, machine: Machine, task: Task) -> None:
        object.__setattr__(self, "_machine", machine)
        object.__setattr__(self, "_task", task)

    def __getattr__(self, name: str) -> Any:
        _known(name, IPC_SYSCTLS)
        return self._machine.sysctl(name, self._task)

    def __setattr__(self, name: str, value: Any) -> None:
        _known(name, IPC_SYSCTLS)
        self._machine.set_sysctl(name, _checked(name, value), self._task)

    def __dir__(self) -> list[str]:
        return sorted(IPC_SYSCTLS)

    def __repr__(self) -> str:
        return f"IpcLimits({', '.join(f'{k}={v}' for k, v in self.to_dict().items())})"

    def to_dict(self) -> dict[str, Any]:
        """All of them by name."""
        return {name: getattr(self, name) for name in DEFAULTS if name in IPC_SYSCTLS}


def initial(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The limits that a machine starts with: Linux's defaults, and what was given."""
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"limits must be a mapping, not {type(given).__name__}")
    values = dict(DEFAULTS)
    for name, value in (given or {}).items():
        values[name] = _checked(name, value)
    if given and "pid_max" in given:
        values["threads_max"] = max(values["threads_max"], values["pid_max"])
    return values


def _known(name: str, names: Collection[str]) -> None:
    if name not in names:
        raise AttributeError(f"no limit {name!r}: one of {', '.join(n for n in DEFAULTS if n in names)}")


def _checked(name: str, value: Any) -> int | tuple[int, ...]:
    _known(name, DEFAULTS)
    count, least, most = sysctl_range(name)
    if count == 1:
        return _number(name, value, least, most)
    if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != count:
        raise TypeError(f"{name} must be {count} integers")
    return tuple(_number(name, one, least, most) for one in value)


def _number(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    number = int(value.__index__())
    if not least <= number <= most:
        raise ValueError(f"{name} must be between {least} and {most}")
    return number
