"""Random programs on semaphores and message queues: who sleeps, who is woken, and in which order.

Several tasks work on a few small sets and on queues with little room, so that most of the time somebody sleeps. Threads
and processes share lists of adjustments, and end. Signals interrupt sleepers, with handlers and without, and stop them.
Now and then all values, counts and records are looked at.
"""

from __future__ import annotations

import random
from typing import Any

from .abi import (
    CLONE_FILES,
    CLONE_NEWIPC,
    CLONE_SYSVSEM,
    CLONE_THREAD,
    CLONE_VM,
    GETALL,
    GETNCNT,
    GETPID,
    GETVAL,
    GETZCNT,
    IPC_CREAT,
    IPC_EXCL,
    IPC_INFO,
    IPC_NOWAIT,
    IPC_PRIVATE,
    IPC_RMID,
    IPC_SET,
    IPC_STAT,
    MSG_COPY,
    MSG_EXCEPT,
    MSG_INFO,
    MSG_NOERROR,
    MSG_STAT,
    MSG_STAT_ANY,
    SA_RESETHAND,
    SA_RESTART,
    SEM_INFO,
    SEM_STAT,
    SEM_STAT_ANY,
    SEM_UNDO,
    SETALL,
    SETVAL,
    SIG_BLOCK,
    SIG_IGN,
    SIG_SETMASK,
    SIGCHLD,
    SIGCONT,
    SIGSTOP,
    SIGUSR1,
    SIGUSR2,
    THREAD,
)  # fmt: skip
from .fuzz import BORN, Data, Program, Side, Step, Who
from .machine import Task
from .real import task_state

TASKS = 9
SETS, QUEUES = 3, 3
MODES = (0o666, 0o666, 0o600, 0o644, 0o622, 0o640)
WEIGHTS = {
    "semop": 40, "post": 14, "semget": 3, "semctl": 10, "setval": 5, "setall": 2, "semset": 1, "semrm": 0.7,
    "msgsnd": 18, "msgrcv": 16, "msgget": 3, "msgctl": 4, "msgset": 3, "msgrm": 0.7, "pointer": 0.7,
    "fork": 4, "exit": 2.5, "execve": 0.3, "unshare": 0.7, "setuid": 0.3,
    "action": 4, "interrupt": 5, "mask": 1, "stop": 1.5,
}  # fmt: skip
NO_SIGNALS = dict.fromkeys(("action", "interrupt", "mask", "stop"), 0.0)
NOTHING_OF_QUEUES = dict.fromkeys(("msgsnd", "msgrcv", "msgget", "msgctl", "msgset", "msgrm"), 0.0)
NOTHING_OF_SETS = dict.fromkeys(("semop", "post", "semget", "semctl", "setval", "setall", "semset", "semrm"), 0.0)
THEMES: tuple[dict[str, float], ...] = (
    {},
    NO_SIGNALS,
    NOTHING_OF_QUEUES | NO_SIGNALS,
    NOTHING_OF_QUEUES,
    NOTHING_OF_QUEUES | {"interrupt": 15, "action": 8, "stop": 4},
    NOTHING_OF_SETS | {"interrupt": 15, "action": 8, "stop": 4},
    NOTHING_OF_QUEUES | {"fork": 10, "exit": 9, "unshare": 2},
    NOTHING_OF_SETS,
    NOTHING_OF_SETS | {"msgset": 8, "msgsnd": 30},
)


class SysvProgram(Program):
    """A random program of tasks that work on the same sets and queues."""

    ordered = True
    newcomers = 0.03

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        rng: random.Random = self.random
        self.weights = {name: w for name, w in (WEIGHTS | rng.choice(THEMES)).items() if w}
        self.sets: dict[int, int] = {}  # ids that were seen, and how many semaphores
        self.queues: list[int] = []
        self.undo = rng.choice((0.0, 0.1, 0.4))
        self.nowait = rng.choice((0.05, 0.2, 0.5))
        self.width = rng.choice((1, 2, 3, 6))  # operations of a call
        self.types = rng.choice((2, 4, 9))
        self.long = rng.random() < 0.2  # queues that hold many messages
        self.look_at = 0
        self.process: dict[int, int] = {}  # number of the first thread of each task's process

    def draw(self, side: Side) -> Step | None:
        """Return the next step, or None if every task sleeps and no other can be made."""
        rng = self.random
        awake = [n for n, task in side.tasks.items() if task.alive and task_state(task.handle.tid) != "T"]
        idle = [n for n in awake if side.tasks[n].pending is None]
        alive = sum(task.alive for task in side.tasks.values())
        if (not idle or alive < 3 or rng.random() < self.newcomers) and self.born < BORN:
            return self._newborn(-1, "spawn", (rng.choice((0, 0, 0, 1000)),))
        if not idle:
            return None
        actor = rng.choice(idle)
        names, weights = zip(*self.weights.items(), strict=True)
        name = rng.choices(names, weights)[0]
        if name == "fork" and (alive >= TASKS or self.born >= BORN) or (name == "exit" and len(idle) < 2):
            name = "look"
        if len(idle) == 1 and rng.random() < 0.8:
            name = rng.choice(("look", "post"))
        made = getattr(self, f"_{name}_")(actor)
        if made[0] in ("fork", "thread", "clone"):
            return self._newborn(actor, *made)
        return Step(actor, made[0], tuple(made[1:]), verb=rng.choice(("raise", "sys")), direct=rng.random() < 0.5)

    def learn(self, step: Step, value: Any) -> None:
        """Note what the real kernel answered."""
        if step.newborn >= 0 and (isinstance(value, Task) or step.name == "spawn"):
            thread = step.name == "thread" or (step.name == "clone" and step.args[0] & CLONE_THREAD)
            self.process[step.newborn] = self.process[step.actor] if thread else step.newborn
        match step.name, value:
            case "semget", int(semid):
                self.sets.setdefault(semid, max(1, step.args[1]))
            case "msgget", int(msqid):
                self.queues.append(msqid)
            case (("fork" | "clone" | "thread"), Task()):
                self.tables[step.newborn] = {}

    # ------------------------------------------------------------------------------------------ semaphores
    def _semid(self) -> int:
        rng = self.random
        if self.sets and rng.random() < 0.98:
            return rng.choice(list(self.sets))
        return rng.choice((-1, 99, 32768, 0))

    def _num(self, semid: int) -> int:
        if self.random.random() < 0.01:
            return self.random.choice((9, 65535))
        return self.random.randrange(self.sets.get(semid, 1))

    def _sops(self, semid: int) -> list[tuple[int, int, int]]:
        rng = self.random
        sops = []
        for _ in range(rng.randrange(1, self.width + 1)):
            op = rng.choice((-1, -1, -1, -2, -3, 0, 0, 1, 1, 2))
            if rng.random() < 0.02:
                op = rng.choice((32767, 30000, -32768))
            flg = IPC_NOWAIT * (rng.random() < self.nowait) | SEM_UNDO * (rng.random() < self.undo)
            sops.append((self._num(semid), op, flg))
        return sops

    def _semop_(self, actor: int) -> tuple:
        if len(self.sets) < 1:
            return self._semget_(actor)
        semid = self._semid()
        if self.random.random() < 0.1:
            return "semtimedop", semid, self._sops(semid), self.random.choice((0, 0, None, 1000, -1))
        return "semop", semid, self._sops(semid)

    def _post_(self, actor: int) -> tuple:
        if len(self.sets) < 1:
            return self._semget_(actor)
        semid, rng = self._semid(), self.random
        count = self.sets.get(semid, 1)
        undo = SEM_UNDO * (rng.random() < self.undo)
        nums = rng.sample(range(count), rng.randrange(1, count + 1))
        return "semop", semid, [(num, rng.choice((1, 1, 2, 3)), undo) for num in nums]

    def _semget_(self, actor: int) -> tuple:
        rng = self.random
        flags = rng.choice((IPC_CREAT, IPC_CREAT, 0, IPC_CREAT | IPC_EXCL)) | rng.choice(MODES)
        key = rng.choice((IPC_PRIVATE, 1, 2)) if len(self.sets) < SETS else rng.choice((1, 2))
        return "semget", key, rng.choice((0, 1, 2, 3, 5)), flags

    def _semctl_(self, actor: int) -> tuple:
        semid, rng = self._semid(), self.random
        cmd = rng.choice((GETVAL, GETPID, GETNCNT, GETNCNT, GETZCNT, GETZCNT, GETALL, IPC_STAT, SEM_INFO, IPC_INFO))
        if rng.random() < 0.1:
            return "semctl", rng.randrange(4), 0, rng.choice((SEM_STAT, SEM_STAT_ANY))
        return "semctl", semid, self._num(semid), cmd

    def _look_(self, actor: int) -> tuple:
        if self.queues and (not self.sets or self.random.random() < 0.4):
            return self._msgctl_(actor)
        return self._semctl_(actor)

    def _setval_(self, actor: int) -> tuple:
        semid = self._semid()
        return "semctl", semid, self._num(semid), SETVAL, self.random.choice((0, 0, 1, 2, 3, 32767, -1, 32768))

    def _setall_(self, actor: int) -> tuple:
        # For the largest set: an id may be another one's in another namespace.
        return "semctl", self._semid(), 0, SETALL, [self.random.choice((0, 0, 1, 2, 4)) for _ in range(5)]

    def _semset_(self, actor: int) -> tuple:
        return "semctl", self._semid(), 0, IPC_SET, (*self._owner(), self.random.choice(MODES))

    def _semrm_(self, actor: int) -> tuple:
        return "semctl", self._semid(), 0, IPC_RMID

    def _owner(self) -> tuple[int, int]:
        return self.random.choice((0, 0, 1000)), self.random.choice((0, 1000))

    # ------------------------------------------------------------------------------------------ message queues
    def _msqid(self) -> int:
        rng = self.random
        return rng.choice(self.queues) if self.queues and rng.random() < 0.98 else rng.choice((-1, 99, 32768, 0))

    def _type(self) -> int:
        return self.random.randrange(1, self.types + 1)

    def _msgsnd_(self, actor: int) -> tuple:
        rng = self.random
        if not self.queues:
            return self._msgget_(actor)
        size = rng.choice((0, 1, 1, 2, 3, 5, 8) if self.long else (0, 1, 3, 10, 20, 30, 60, 100))
        mtype = self._type() if rng.random() < 0.97 else rng.choice((0, -1, 2**63 - 1))
        if rng.random() < 0.02:
            size = rng.choice((4096, 5000, 8192, 8193))
        return (
            "msgsnd",
            self._msqid(),
            mtype,
            Data.make(size, rng.randrange(256)),
            IPC_NOWAIT * (rng.random() < self.nowait),
        )

    def _msgrcv_(self, actor: int) -> tuple:
        rng = self.random
        if not self.queues:
            return self._msgget_(actor)
        flags = IPC_NOWAIT * (rng.random() < self.nowait) | MSG_NOERROR * (rng.random() < 0.2)
        mtype = rng.choice((0, 0, self._type(), self._type(), -self._type()))
        if rng.random() < 0.15:
            flags |= MSG_EXCEPT
        if rng.random() < 0.05:
            flags, mtype = flags | MSG_COPY | IPC_NOWAIT, rng.randrange(4)
        return "msgrcv", self._msqid(), rng.choice((8192, 8192, 100, 30, 10, 1, 0, -1)), mtype, flags

    def _msgget_(self, actor: int) -> tuple:
        rng = self.random
        flags = rng.choice((IPC_CREAT, IPC_CREAT, 0, IPC_CREAT | IPC_EXCL)) | rng.choice(MODES)
        return "msgget", rng.choice((IPC_PRIVATE, 1, 2)) if len(self.queues) < QUEUES else rng.choice((1, 2)), flags

    def _msgctl_(self, actor: int) -> tuple:
        rng = self.random
        if rng.random() < 0.15:
            return "msgctl", rng.randrange(4), rng.choice((MSG_STAT, MSG_STAT_ANY))
        return "msgctl", self._msqid(), rng.choice((IPC_STAT, IPC_STAT, IPC_STAT, MSG_INFO, IPC_INFO))

    def _msgset_(self, actor: int) -> tuple:
        qbytes = self.random.choice((0, 5, 20, 60, 200, 16384, 300) if not self.long else (40, 200, 100))
        return "msgctl", self._msqid(), IPC_SET, (*self._owner(), self.random.choice(MODES), qbytes)

    def _msgrm_(self, actor: int) -> tuple:
        return "msgctl", self._msqid(), IPC_RMID

    def _pointer_(self, actor: int) -> tuple:
        rng, bad = self.random, 0x1000
        return rng.choice(
            (
                ("semop_at", self._semid(), bad, rng.choice((0, 1, 3, 501))),
                ("msgrcv_at", self._msqid(), bad, 100, self._type(), IPC_NOWAIT * (rng.random() < 0.5)),
                ("msgsnd_at", self._msqid(), bad, 1, 0),
                ("semctl_at", self._semid(), 0, rng.choice((GETALL, SETALL, IPC_STAT, IPC_SET)), bad),
                ("msgctl_at", self._msqid(), rng.choice((IPC_STAT, IPC_SET)), bad),
            )
        )

    # ------------------------------------------------------------------------------------------ signals
    def _action_(self, actor: int) -> tuple:
        rng = self.random
        flags = SA_RESTART * (rng.random() < 0.5) | SA_RESETHAND * (rng.random() < 0.05)
        handler = SIG_IGN if rng.random() < 0.1 else "handler"
        return "sigaction", rng.choice((SIGUSR1, SIGUSR2)), handler, [], flags

    def _interrupt_(self, actor: int) -> tuple:
        rng = self.random
        sig = rng.choice((SIGUSR1, SIGUSR2))
        return rng.choice((("kill", Who(rng.randrange(self.born)), sig), ("tkill", Who(rng.randrange(self.born)), sig)))

    def _mask_(self, actor: int) -> tuple:
        return "sigprocmask", self.random.choice((SIG_BLOCK, SIG_SETMASK)), self.random.choice(([], [SIGUSR1]))

    def _stop_(self, actor: int) -> tuple:
        # Of another process: one's own call would be over only when somebody continues it.
        others = [n for n in self.process if self.process[n] != self.process.get(actor)]
        if not others:
            return self._look_(actor)
        return "kill", Who(self.random.choice(others)), self.random.choice((SIGSTOP, SIGCONT, SIGCONT))

    # ------------------------------------------------------------------------------------------ processes
    def _fork_(self, actor: int) -> tuple:
        rng = self.random
        name = rng.choice(("fork", "thread", "clone", "clone"))
        if name != "clone":
            return (name,)
        flags = rng.choice((SIGCHLD, SIGCHLD, THREAD))
        return "clone", (flags | rng.choice((CLONE_SYSVSEM, CLONE_SYSVSEM, 0, CLONE_VM, CLONE_FILES)),)

    def _exit_(self, actor: int) -> tuple:
        return self.random.choice(("exit", "exit", "exit_group")), 0

    def _execve_(self, actor: int) -> tuple:
        return ("execve",)

    def _unshare_(self, actor: int) -> tuple:
        return "unshare", CLONE_NEWIPC if self.random.random() < 0.2 else CLONE_SYSVSEM

    def _setuid_(self, actor: int) -> tuple:
        return "setuid", self.random.choice((0, 1000))
