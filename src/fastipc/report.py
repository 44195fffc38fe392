"""What a run gives back."""

from __future__ import annotations

from typing import Any, TypeAlias

from fastipc._core.abi import (
    P_ALL,
    P_PGID,
    P_PID,
    NR_msgrcv,
    NR_msgsnd,
    NR_nanosleep,
    NR_open,
    NR_openat,
    NR_pause,
    NR_poll,
    NR_ppoll,
    NR_pselect6,
    NR_read,
    NR_readv,
    NR_rt_sigsuspend,
    NR_rt_sigtimedwait,
    NR_sched_yield,
    NR_select,
    NR_semop,
    NR_semtimedop,
    NR_wait4,
    NR_waitid,
    NR_write,
    NR_writev,
)
from fastipc.records import Record

Wait: TypeAlias = tuple[int, int | str, tuple[int, ...]]  # call number, number or path, numbers: see describe_wait
Sleeper: TypeAlias = tuple[int, str, bool, Wait]  # pid, name, daemon, what it waits for

SLEEPING_CALLS = {
    NR_read: "read",
    NR_readv: "readv",
    NR_write: "write",
    NR_writev: "writev",
    NR_open: "open",
    NR_openat: "openat",
    NR_poll: "poll",
    NR_select: "select",
    NR_ppoll: "ppoll",
    NR_pselect6: "pselect",
    NR_wait4: "wait4",
    NR_waitid: "waitid",
    NR_nanosleep: "nanosleep",
    NR_semop: "semop",
    NR_semtimedop: "semtimedop",
    NR_msgsnd: "msgsnd",
    NR_msgrcv: "msgrcv",
    NR_sched_yield: "sched_yield",
    NR_pause: "pause",
    NR_rt_sigsuspend: "sigsuspend",
    NR_rt_sigtimedwait: "sigtimedwait",
}
FDS_SHOWN = 8


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
        Completed system calls, turns given to tasks, tasks woken, bytes copied in and out of pipes, in this run.
    virtual_ns : int
        Virtual time that passed.
    wall_s : float
        Time of the host that passed.
    stopped : str
        "idle": nothing can run; "until": what was asked for has come; "deadlock": nothing can run, programs sleep.
    leaked_bytes : int
        Of the lists, sets and dictionaries of compiled programs that have used up their stacks: these are never freed.
    waits : list
        What `blocked` is made from when it is asked for.
    """

    __slots__ = ("calls", "switches", "wakeups", "bytes", "virtual_ns", "wall_s", "stopped", "leaked_bytes", "waits")

    calls: int
    switches: int
    wakeups: int
    bytes: int
    virtual_ns: int
    wall_s: float
    stopped: str
    leaked_bytes: int
    waits: list[Sleeper]

    @property
    def blocked(self) -> tuple[Blocked, ...]:
        """tuple of Blocked: Who waits in which call on what, in order of pids."""
        return tuple(map(_blocked, self.waits))

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain types."""
        fields = self._asdict()
        del fields["waits"]
        return {**fields, "blocked": [b._asdict() for b in self.blocked]}

    def __hash__(self) -> int:
        return hash(tuple(self)[:-1])

    def __repr__(self) -> str:
        return f"Report({', '.join(f'{k}={v!r}' for k, v in self.to_dict().items() if k != 'blocked')})"

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
        if self.leaked_bytes:
            lines.append(f"leaked    {self.leaked_bytes:,} bytes")
        if self.waits:
            lines.append(f"asleep    {len(self.waits)}")
            lines += ["  " + line for line in describe(self.waits, 5)]
        return "\n".join(lines)


def describe(waits: list[Sleeper], most: int = 20) -> list[str]:
    """One line for each sleeping task, at most ``most``."""
    shown = map(_blocked, waits[:most])
    lines = [f"task {b.pid} ({b.name}) in {b.call}: waits for {b.waits_for}" for b in shown]
    if len(waits) > most:
        lines.append(f"and {len(waits) - most} more")
    return lines


def describe_wait(wait: Wait) -> tuple[str, str]:
    """The call that sleeps, and what for."""
    nr, number, numbers = wait
    call = SLEEPING_CALLS.get(nr, str(nr) if nr >= 0 else "user code")
    if number == "stopped":
        return call, "SIGCONT"
    if call == "pause":
        return call, "a handler"
    if call == "sigsuspend":
        return call, "a handler, with the mask {" + ", ".join(map(str, numbers)) + "}"
    if call == "sigtimedwait":
        return call, "a signal of {" + ", ".join(map(str, numbers)) + "}"
    if call in ("read", "readv", "write", "writev"):
        name = f"pipe:[{number}]" if isinstance(number, int) else number
        return call, f"{name} ({call.removesuffix('v')} end, fd {', '.join(map(str, numbers))})"
    if call in ("open", "openat"):
        return call, f"a {'writer' if numbers[0] & 1 else 'reader'} of FIFO {number}"
    if call in ("poll", "select", "ppoll", "pselect"):
        more = ", ..." if isinstance(number, int) and number > FDS_SHOWN else ""
        return call, "fds " + ", ".join(map(str, numbers)) + more
    if call == "wait4":
        return call, "any child" if number == -1 else f"child {number}"
    if call == "waitid":
        kinds = {P_PID: f"child {number}", P_PGID: f"a child of group {number}"}
        return call, kinds.get(numbers[0] if numbers else P_ALL, "any child")
    if call in ("semop", "semtimedop"):
        num, op = numbers if len(numbers) == 2 else (0, 0)
        return call, f"semaphore {num} of set {number} to be {'0' if op == 0 else f'at least {-op}'}"
    if call == "msgsnd":
        return call, f"room for {numbers[0]} bytes in queue {number}"
    if call == "msgrcv":
        return call, f"a message{_wanted(numbers[0])} in queue {number}"
    return call, f"time {number} ns" if call == "nanosleep" else "its turn"


def _wanted(mtype: int) -> str:
    return "" if mtype == 0 else f" of type {mtype}" if mtype > 0 else f" of type {-mtype} at most"


def _blocked(sleeper: Sleeper) -> Blocked:
    pid, name, daemon, wait = sleeper
    call, waits_for = describe_wait(wait)
    return Blocked(pid=pid, name=name, call=call, waits_for=waits_for, daemon=daemon)
