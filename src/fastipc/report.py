"""What a run gives back."""

from __future__ import annotations

from typing import Any

from fastipc.records import Record


class Blocked(Record):
    """One task asleep: in which call, on what."""

    __slots__ = ("pid", "name", "call", "waits_for", "daemon")

    pid: int
    name: str
    call: str
    waits_for: str
    daemon: bool


class Report(Record):
    """One run of a machine.

    Attributes
    ----------
    calls, switches, wakeups, bytes : int
        Completed system calls, turns given to tasks, tasks woken, bytes moved through pipes, in this run.
    virtual_ns : int
        Virtual time that passed.
    wall_s : float
        Time of the host that passed.
    stopped : str
        "idle": nothing can run; "until": what was asked for has come; "deadlock": nothing can run, programs sleep.
    blocked : tuple of Blocked
        Who waits in which call on what, in order of pids.
    """

    __slots__ = ("calls", "switches", "wakeups", "bytes", "virtual_ns", "wall_s", "stopped", "blocked")

    calls: int
    switches: int
    wakeups: int
    bytes: int
    virtual_ns: int
    wall_s: float
    stopped: str
    blocked: tuple[Blocked, ...]

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain types."""
        return {**self._asdict(), "blocked": [b._asdict() for b in self.blocked]}

    def __str__(self) -> str:
        rate = f"{self.calls / self.wall_s:,.0f} calls/s" if self.wall_s > 0 else ""
        lines = [
            f"stopped   {self.stopped}",
            f"calls     {self.calls:,}",
            f"switches  {self.switches:,}",
            f"wakeups   {self.wakeups:,}",
            f"bytes     {self.bytes:,}",
            f"virtual   {self.virtual_ns / 1e9:.9f} s",
            f"wall      {self.wall_s:.3f} s  {rate}".rstrip(),
        ]
        if self.blocked:
            lines.append(f"asleep    {len(self.blocked)}")
            lines += ["  " + line for line in describe(self.blocked, 5)]
        return "\n".join(lines)


def describe(blocked: tuple[Blocked, ...], most: int = 20) -> list[str]:
    """One line for each sleeping task, at most ``most``."""
    lines = [f"task {b.pid} ({b.name}) in {b.call}: waits for {b.waits_for}" for b in blocked[:most]]
    if len(blocked) > most:
        lines.append(f"and {len(blocked) - most} more")
    return lines
