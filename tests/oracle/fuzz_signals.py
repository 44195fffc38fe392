"""Random programs over signals, processes, pipes and threads.

A stop is never sent to the sender's own process, nor let through by its mask: its call would be over only when somebody
continues it, while on fastipc a task driven by hand is stopped behind its call. A stopped task makes no calls until it
is continued.

Timers are set to times that are far away, or over: what the clock of the host does in between is not compared. They are
of clocks that do not begin with the machine.

News are told of write ends alone: a writer that must wait tells of each attempt, and who tells himself and has a
handler with SA_RESTART would try for ever.

No group is sent a signal while somebody has a handler for SIGCHLD: of how many ends a parent is told when several
children end at once, each on a processor of its own, is a matter of time.

Nobody waits for signals at a descriptor while other threads of his process are there: one of them that is driven by
hand and in no call takes a signal at once on fastipc, and on the real kernel when the sleeper has run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .abi import (
    CLOCK_REALTIME,
    CLOCK_TAI,
    CLONE_NEWPID,
    CLONE_THREAD,
    F_OWNER_PGRP,
    F_OWNER_PID,
    F_OWNER_TID,
    F_SETFL,
    F_SETSIG,
    O_ASYNC,
    O_NONBLOCK,
    POLLIN,
    SA_NOCLDSTOP,
    SA_NOCLDWAIT,
    SA_NODEFER,
    SA_RESETHAND,
    SA_RESTART,
    SFD_NONBLOCK,
    SIG_DFL,
    SIG_IGN,
    SIGCHLD,
    SIGCONT,
    SIGEV_NONE,
    SIGEV_SIGNAL,
    SIGEV_THREAD_ID,
    SIGKILL,
    SIGPIPE,
    SIGSTOP,
    SIGTERM,
    SIGTSTP,
    SIGURG,
    SIGUSR1,
    SIGUSR2,
    TIMER_ABSTIME,
    WCONTINUED,
    WUNTRACED,
)
from .fuzz import Program, Side, Step, Who
from .machine import Task
from .real import task_state

COMMON = (SIGUSR1, SIGUSR2, 34, 40, 40)
RARE = (SIGCHLD, SIGURG, SIGPIPE, SIGCONT, 64, 32)
STOPS = (SIGSTOP, SIGTSTP)
MASKED = ("sigprocmask", "sigsuspend", "ppoll", "pselect")
WAITS = (
    "pause", "sigsuspend", "sigtimedwait", "read_signals", "ppoll", "pselect", "read", "write", "readv",
    "writev", "poll", "select", "wait4", "waitid",
)  # fmt: skip

WEIGHTS = {
    "read": 10, "write": 10, "pipe2": 4, "close": 3, "poll": 3, "select": 2, "wait4": 8, "waitid": 4, "exit": 1,
    "execve": 1, "group": 3, "sigaction": 16, "kill": 26, "tkill": 6, "sigqueue": 8, "sigprocmask": 16, "sigpending": 6,
    "sigsuspend": 3, "pause": 3, "sigtimedwait": 6, "stop": 5, "ids": 0, "other": 1, "unshare": 1, "timer": 12,
    "signalfd": 4, "read_signals": 8, "ppoll": 5, "pselect": 3, "own": 8,
}  # fmt: skip


class SignalProgram(Program):
    """A random program over signals."""

    opener, hurry = "pipe2", 0.3

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.weights = WEIGHTS
        self.process: dict[int, int] = {}  # number of the first thread of each task's process
        self.inside: set[int] = set()  # tasks that are in a namespace of pids, or whose children are

    def draw(self, side: Side) -> Step | None:
        """Return the next step, of a task that has not stopped."""
        awake = {n: t for n, t in side.tasks.items() if not t.alive or task_state(t.handle.tid) != "T"}
        step = super().draw(Side(side.machine, awake))
        if step is not None and step.name in WAITS:
            idle = [n for n, t in awake.items() if t.alive and t.pending is None]
            if (len(idle) < 2 and self.random.random() < 0.95) or self._raced(step, side):
                return Step(step.actor, "sigpending", (), verb=step.verb)
        if step is not None and (self._stops(step, side) or self._ends_many(step, awake)):
            return Step(step.actor, "sigpending", (), verb=step.verb)
        return step

    def _stops(self, step: Step, side: Side) -> bool:
        # Whether a mask may let a stop through that is held.
        return step.name in MASKED and self._is_in(side.tasks[step.actor], SIGTSTP, "SigPnd", "ShdPnd")

    def _ends_many(self, step: Step, awake: dict[int, Task]) -> bool:
        return self._to_many(step) and any(self._is_in(t, SIGCHLD, "SigCgt") for t in awake.values())

    def _is_in(self, task: Task, sig: int, *sets: str) -> bool:
        try:
            status = Path(f"/proc/{task.handle.tid}/status").read_text()
        except OSError:  # it has just ended
            return False
        return any(int(line.split()[1], 16) >> sig - 1 & 1 for line in status.splitlines() if line.startswith(sets))

    def _to_many(self, step: Step) -> bool:
        whom = step.args[0] if step.name == "kill" else 1
        return whom.sign < 0 if isinstance(whom, Who) else whom < 1

    def _raced(self, step: Step, side: Side) -> bool:
        # Whether a call may wait at a signalfd, and another thread could take the signal.
        if step.name not in ("read_signals", "readv", "poll", "select", "ppoll", "pselect"):
            return False
        if "s" not in self.tables.get(step.actor, {}).values():
            return False
        own = self.process.get(step.actor)
        return any(t.alive and n != step.actor and self.process.get(n) == own for n, t in side.tasks.items())

    def _create(self, actor: int) -> Step:
        # With SIGURG at its end a child's number would be told as a file's band.
        step = super()._create(actor)
        if step.name == "clone" and step.args[0] & 255 == SIGURG:
            step.args = (step.args[0] & ~255 | SIGCHLD,)
        return step

    def learn(self, step: Step, value: Any) -> None:
        """Note what the real kernel answered."""
        super().learn(step, value)
        spaces = step.name in ("clone", "unshare") and step.args and step.args[0] & CLONE_NEWPID
        if step.name == "unshare" and spaces and value is None:
            self.inside.add(step.actor)
        if step.newborn >= 0 and isinstance(value, Task) and (spaces or step.actor in self.inside):
            self.inside.add(step.newborn)
        if step.name == "signalfd" and isinstance(value, int):
            self.tables.setdefault(step.actor, {})[value] = "s"
        if step.newborn >= 0 and (isinstance(value, Task) or step.name == "spawn"):
            thread = step.name == "thread" or (step.name == "clone" and step.args[0] & CLONE_THREAD)
            self.process[step.newborn] = self.process[step.actor] if thread else step.newborn

    # ------------------------------------------------------------------------------------------ drawing arguments
    def _sig(self) -> int:
        rng = self.random
        if rng.random() < 0.03:
            return rng.choice((0, 65, -1))
        if rng.random() < 0.04:
            return rng.choice((SIGTERM, SIGKILL))
        return rng.choice(COMMON if rng.random() < 0.75 else RARE)

    def _set(self) -> list[int]:
        rng = self.random
        if rng.random() < 0.1:
            return list(range(1, 65))
        some = (*COMMON, SIGCHLD, SIGURG, SIGTERM, SIGCONT, SIGTSTP)
        return sorted({rng.choice(some) for _ in range(rng.randrange(4))})

    def _other_task(self, actor: int) -> Who | None:
        # Of another process.
        others = [n for n in range(self.born) if n in self.process and self.process[n] != self.process.get(actor)]
        return Who(self.random.choice(others)) if others else None

    def _target(self, actor: int) -> Any:
        rng = self.random
        if rng.random() < 0.08 and actor not in self.inside:  # a group outside is told a number from inside
            return rng.choice((0, 2**31 - 1, -(2**31), Who(rng.randrange(self.born), -1)))
        return Who(rng.randrange(self.born))

    def _sigaction_(self, actor: int) -> tuple:
        rng = self.random
        sig = rng.choice((*COMMON, *RARE, SIGTERM)) if rng.random() < 0.97 else rng.choice((0, 9, 19, 65))
        if rng.random() < 0.1:
            return "sigaction", sig
        flags = 0
        for flag in (SA_RESTART, SA_RESTART, SA_NODEFER, SA_RESETHAND, SA_NOCLDSTOP, SA_NOCLDWAIT):
            flags |= flag * (rng.random() < 0.25)
        handler = rng.choice(("handler", "handler", "handler", SIG_IGN, SIG_DFL))
        return "sigaction", sig, handler, self._set(), flags

    def _kill_(self, actor: int) -> tuple:
        return "kill", self._target(actor), self._sig()

    def _tkill_(self, actor: int) -> tuple:
        rng = self.random
        if rng.random() < 0.5:
            return "tkill", Who(rng.randrange(self.born)), self._sig()
        return "tgkill", Who(rng.randrange(self.born)), Who(rng.randrange(self.born)), self._sig()

    def _stop_(self, actor: int) -> tuple:
        whom = self._other_task(actor)
        if whom is None:
            return ("sigpending",)
        return "kill", whom, self.random.choice((*STOPS, SIGCONT))

    def _sigqueue_(self, actor: int) -> tuple:
        rng = self.random
        if rng.random() < 0.8:
            return "sigqueue", Who(rng.randrange(self.born)), self._sig(), rng.randrange(100)
        code = rng.choice((-1, -2, -6, 0, 1, -77))
        if code == -2:
            code = -3
        return "sigqueueinfo", Who(rng.randrange(self.born)), self._sig(), code, rng.randrange(100)

    def _sigprocmask_(self, actor: int) -> tuple:
        rng = self.random
        if rng.random() < 0.1:
            return "sigprocmask", rng.randrange(4)
        return "sigprocmask", rng.choice((0, 0, 1, 1, 2, 2, 3)), self._set()

    def _sigpending_(self, actor: int) -> tuple:
        return ("sigpending",)

    def _sigsuspend_(self, actor: int) -> tuple:
        return "sigsuspend", self._set()

    def _pause_(self, actor: int) -> tuple:
        return ("pause",)

    def _sigtimedwait_(self, actor: int) -> tuple:
        return ("sigtimedwait", self._set(), 0) if self.random.random() < 0.5 else ("sigtimedwait", self._set())

    def _read_(self, actor: int) -> tuple:
        _, fd, n = super()._read_(actor)
        return "read_signals", fd, n  # which may be a signalfd

    def _signalfd_(self, actor: int) -> tuple:
        rng = self.random
        fd = -1 if rng.random() < 0.6 else self._fd(actor, "s")
        flags = 1 if rng.random() < 0.03 else SFD_NONBLOCK * (rng.random() < 0.8)
        return "signalfd", fd, self._set(), flags

    def _read_signals_(self, actor: int) -> tuple:
        return "read_signals", self._fd(actor, "s"), self.random.choice((128, 128, 512, 4096))

    def _ppoll_(self, actor: int) -> tuple:
        rng = self.random
        fds = [(self._fd(actor, "s"), POLLIN) for _ in range(rng.randrange(4))]
        return "ppoll", fds, 0, self._set() if rng.random() < 0.8 else None

    def _pselect_(self, actor: int) -> tuple:
        _, *sets, timeout = self._select_(actor)
        return "pselect", *sets, timeout, self._set() if self.random.random() < 0.8 else None

    def _own_(self, actor: int) -> tuple:
        rng = self.random
        fd, draw = self._fd(actor, "w"), rng.random()
        if draw < 0.3:
            on = O_ASYNC if self.tables[actor].get(fd) == "w" else 0
            return "fcntl", fd, F_SETFL, on | O_NONBLOCK * (rng.random() < 0.4)
        if draw < 0.55:
            return "setown", fd, Who(rng.randrange(self.born), rng.choice((1, 1, 1, -1)))
        if draw < 0.7:
            type = rng.choice((F_OWNER_TID, F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP, 3))
            return "setown_ex", fd, type, Who(rng.randrange(self.born))
        if draw < 0.85:
            return "fcntl", fd, F_SETSIG, rng.choice((0, 40, SIGUSR1, SIGURG, 64))
        return "getown_ex", fd

    def _wait4_(self, actor: int) -> tuple:
        name, whom, options = super()._wait4_(actor)
        for flag in (WUNTRACED, WCONTINUED):
            options |= flag * (self.random.random() < 0.4)
        return name, whom, options

    def _timer_(self, actor: int) -> tuple:
        rng = self.random
        timer, draw = rng.randrange(4), rng.random()
        if draw < 0.3:
            clock = rng.choice((CLOCK_REALTIME, CLOCK_TAI, 99))
            notify = rng.choice((SIGEV_SIGNAL, SIGEV_SIGNAL, SIGEV_THREAD_ID, SIGEV_NONE, 3))
            return "timer_create", clock, self._sig(), rng.randrange(100), notify, Who(rng.randrange(self.born))
        if draw < 0.55:
            return "timer_settime", timer, 1e-9, 0, TIMER_ABSTIME
        if draw < 0.65:
            return "timer_settime", timer, rng.choice((0, 10_000, 20_000, -1)), rng.choice((0, 0, 5_000, -1)), 0
        if draw < 0.7:
            return "setitimer", rng.randrange(4), rng.choice((0, 10_000, 20_000)), rng.choice((0, 3_000))
        if draw < 0.75:
            return "getitimer", rng.randrange(4)
        return rng.choice(("timer_gettime", "timer_gettime", "timer_getoverrun", "timer_delete")), timer
