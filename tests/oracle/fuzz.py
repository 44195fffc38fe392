"""Random programs of several tasks on both machines at once, compared after every step.

    python -m tests.oracle.fuzz --seconds 600 --seed 1
    python -m tests.oracle.fuzz --seconds 600 --files
    python -m tests.oracle.fuzz --seconds 600 --memory
    python -m tests.oracle.fuzz --seconds 600 --sysv
    python -m tests.oracle.fuzz --seconds 600 --signals

A program is drawn step by step with an eye on what the real kernel answered, so most steps make sense. A difference is
cut down to the fewest steps that still show it and printed as a case that can be pasted into a `cases_*.py` file.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from . import real, root
from .abi import (
    CLONE_FILES,
    CLONE_FS,
    CLONE_NEWPID,
    CLONE_PARENT,
    CLONE_SIGHAND,
    CLONE_SYSVSEM,
    CLONE_THREAD,
    CLONE_VM,
    F_DUPFD,
    F_DUPFD_CLOEXEC,
    F_GETFD,
    F_GETFL,
    F_GETPIPE_SZ,
    F_SETFD,
    F_SETFL,
    F_SETPIPE_SZ,
    FD_CLOEXEC,
    FIOCLEX,
    FIONBIO,
    FIONCLEX,
    FIONREAD,
    O_APPEND,
    O_CLOEXEC,
    O_DIRECT,
    O_NONBLOCK,
    O_PATH,
    O_RDWR,
    P_ALL,
    P_PGID,
    P_PID,
    P_PIDFD,
    POLLIN,
    POLLOUT,
    POLLPRI,
    POLLRDNORM,
    POLLWRNORM,
    PR_CAP_AMBIENT,
    PR_CAPBSET_DROP,
    PR_CAPBSET_READ,
    PR_GET_SECUREBITS,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_KEEPCAPS,
    PR_SET_SECUREBITS,
    RLIMIT_NOFILE,
    SIG_DFL,
    SIG_IGN,
    SIGCHLD,
    SIGPIPE,
    THREAD,
    WALL,
    WCLONE,
    WCONTINUED,
    WEXITED,
    WNOHANG,
    WNOTHREAD,
    WNOWAIT,
    WSTOPPED,
)  # fmt: skip
from .machine import ASLEEP, CREATING, Group, Machine, Task, data
from .sim import SimMachine
from .suite import difference

LENGTHS = (0, 1, 1, 2, 3, 10, 100, 1000, 2048, 3000, 4000, 4095, 4096, 4096, 4097, 5000, 8192, 10000, 65536, 70000)
SIZES = (0, 1, 4096, 4096, 4096, 4097, 8192, 8192, 12288, 16384, 65536, 1048576)
STEPS = 100  # of one program
TASKS = 6  # alive at a time
BORN = 24  # in one program


class Data(bytes):
    """Bytes that print as the call that makes them."""

    seed: int

    @classmethod
    def make(cls, n: int, seed: int) -> Data:
        made = cls(data(n, seed))
        made.seed = seed
        return made

    def __repr__(self) -> str:
        return f"data({len(self)}, {self.seed})"


@dataclass(frozen=True)
class Who:
    """A task of the program, by number; with sign -1 its group."""

    number: int
    sign: int = 1

    def __repr__(self) -> str:
        return f"{'-' if self.sign < 0 else ''}t{self.number}"


@dataclass
class Step:
    """One call of one task."""

    actor: int
    name: str
    args: tuple = ()
    newborn: int = -1  # number of the task that the step makes, if it succeeds
    verb: str = "raise"
    direct: bool = False  # fastipc: call the method instead of submitting it, if the real call did not sleep

    def __str__(self) -> str:
        args = ", ".join(map(repr, self.args))
        if self.name == "spawn":
            return f"t{self.newborn} = m.spawn({args})"
        if self.name in CREATING:
            return f"t{self.newborn} = t{self.actor}.{self.name}({args})"
        return f't{self.actor}.submit("{self.name}"{", " + args if args else ""})'


@dataclass
class Side:
    """One machine in the middle of a program."""

    machine: Machine
    tasks: dict[int, Task] = field(default_factory=dict)

    def apply(self, step: Step, direct: bool = False) -> Any:
        """Make a step; return its value, or None if it does not apply."""
        machine = self.machine
        if step.name == "spawn":
            self.tasks[step.newborn] = machine.spawn(*step.args)
            return None
        task = self.tasks.get(step.actor)
        if task is None or not task.alive or task.pending is not None:
            return None
        args = []
        for arg in step.args:
            if isinstance(arg, Who):
                if arg.number not in self.tasks:
                    return None
                whom = self.tasks[arg.number]
                args.append(whom if arg.sign > 0 else Group(whom))
            elif isinstance(arg, Data):
                args.append(bytes(arg))
            elif isinstance(arg, list):
                args.append([bytes(a) if isinstance(a, Data) else a for a in arg])
            else:
                args.append(arg)
        if isinstance(machine, SimMachine):
            machine.verb = step.verb
        value = machine.start(task, step.name, tuple(args), direct).value
        if isinstance(value, Task):
            self.tasks[step.newborn] = value
        return value


def might_sleep(name: str, *args: Any) -> bool:
    """Return whether a call ends the fun if its task is the last one awake."""
    if name in ("wait4", "waitid"):
        return not args[-1] & WNOHANG
    if name in ("poll", "select"):
        return args[-1] != 0
    if name == "open":
        return not args[1] & (O_NONBLOCK | O_PATH | O_RDWR)
    return name in ("read", "read_signals", "readv", "exit", "exit_group")


class Program:
    """A random program, drawn against what the real kernel answers."""

    ordered = False  # the order of wake-ups is compared too
    terse = False  # what a stat shows of a pipe
    opener, hurry = "pipe2", 0.7  # what a task with few descriptors does, and how often
    newcomers = 0.01  # chance of a fresh process at each step

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.born = 0
        self.tables: dict[int, dict[int, str]] = {}  # descriptors that a task is thought to have, and which end
        self.packets = self.random.random() < 0.4
        self.weights = WEIGHTS | self.random.choice(THEMES)
        self.spaces = self.random.random() < 0.3  # namespaces of pids

    def draw(self, side: Side) -> Step | None:
        """Return the next step, or None if every task sleeps or has ended."""
        rng = self.random
        if not self.born or (rng.random() < self.newcomers and self.born < BORN):
            return self._newborn(-1, "spawn", (rng.choice((0, 0, 1000)),))
        idle = [n for n, t in side.tasks.items() if t.alive and t.pending is None]
        if not idle:
            return None
        actor = rng.choice(idle)
        alive = sum(t.alive for t in side.tasks.values())
        more = 0.06 if self.weights["exit"] < 10 else 0.3
        if self.born < BORN and rng.random() < (0.25 if alive < 3 else more if alive < TASKS else 0):
            return self._create(actor)
        names, weights = zip(*self.weights.items(), strict=True)
        table = self.tables.setdefault(actor, {})
        name = self.opener if len(table) < 2 and rng.random() < self.hurry else rng.choices(names, weights)[0]
        made = getattr(self, f"_{name}_")(actor)
        if len(idle) == 1 and rng.random() < 0.9 and might_sleep(*made):
            made = ("poll", [(self._fd(actor), POLLIN | POLLOUT)], 0) if rng.random() < 0.5 else self._close_(actor)
        return Step(actor, made[0], tuple(made[1:]), verb=rng.choice(("raise", "sys")), direct=rng.random() < 0.5)

    def learn(self, step: Step, value: Any) -> None:
        """Note what the real kernel answered."""
        table = self.tables.setdefault(step.actor, {})
        match step.name, value:
            case (("pipe2" | "pipe"), (int(r), int(w))):
                table[r], table[w] = "r", "w"
            case (("dup" | "dup2" | "dup3"), int(fd)):
                table[fd] = table.get(step.args[0], "r")
            case "fcntl", int(fd) if step.args[1] in (F_DUPFD, F_DUPFD_CLOEXEC):
                table[fd] = table.get(step.args[0], "r")
            case "close", None:
                table.pop(step.args[0], None)
            case (("fork" | "clone" | "thread"), Task()):
                shared = step.name == "thread" or (step.name == "clone" and step.args[0] & CLONE_FILES)
                self.tables[step.newborn] = table if shared else dict(table)

    # ------------------------------------------------------------------------------------------ drawing arguments
    def _fd(self, actor: int, end: str = "") -> int:
        rng, table = self.random, self.tables[actor]
        if table and rng.random() < 0.95:
            fitting = [fd for fd in table if table[fd] == end]
            return rng.choice(fitting if fitting and rng.random() < 0.95 else list(table))
        return rng.choice((*range(12), -1, 1023, 1024, 2**31 - 1, -(2**31)))

    def _newborn(self, actor: int, name: str, args: tuple = ()) -> Step:
        step = Step(actor, name, args, self.born)
        self.born += 1
        return step

    def _create(self, actor: int) -> Step:
        rng = self.random
        name = rng.choice(("fork", "fork", "thread", "clone"))
        if name != "clone":
            return self._newborn(actor, name)
        flags = rng.choice((SIGCHLD, SIGCHLD, SIGCHLD, 0, 23))
        if rng.random() < 0.3:
            flags |= THREAD
        for flag in (CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_PARENT, CLONE_SYSVSEM, CLONE_THREAD):
            if rng.random() < (0.1 if flag == CLONE_THREAD else 0.3):
                flags |= flag
        if self.spaces and rng.random() < 0.4:
            flags = flags & ~(CLONE_THREAD | CLONE_PARENT) | CLONE_NEWPID
        return self._newborn(actor, "clone", (flags,))

    def _data(self) -> Data:
        return Data.make(self.random.choice(LENGTHS), self.random.randrange(256))

    def _read_(self, actor: int) -> tuple:
        return "read", self._fd(actor, "r"), self.random.choice(LENGTHS)

    def _write_(self, actor: int) -> tuple:
        return "write", self._fd(actor, "w"), self._data()

    def _readv_(self, actor: int) -> tuple:
        return "readv", self._fd(actor, "r"), [self.random.choice(LENGTHS) for _ in range(self.random.randrange(5))]

    def _writev_(self, actor: int) -> tuple:
        return "writev", self._fd(actor, "w"), [self._data() for _ in range(self.random.randrange(5))]

    def _pipe2_(self, actor: int) -> tuple:
        rng = self.random
        if rng.random() < 0.05:
            return ("pipe",) if rng.random() < 0.5 else ("pipe2", rng.choice((1, O_APPEND, 0o200)))
        flags = O_NONBLOCK * (rng.random() < 0.4) | O_CLOEXEC * (rng.random() < 0.2)
        return "pipe2", flags | O_DIRECT * (self.packets and rng.random() < 0.4)

    def _close_(self, actor: int) -> tuple:
        return "close", self._fd(actor)

    def _dup_(self, actor: int) -> tuple:
        rng = self.random
        name = rng.choice(("dup", "dup2", "dup3", "fcntl"))
        if name == "dup":
            return name, self._fd(actor)
        if name == "fcntl":
            least = rng.choice((0, 1, 5, 20, 70, -1, 1024))
            return name, self._fd(actor), rng.choice((F_DUPFD, F_DUPFD_CLOEXEC)), least
        target = rng.choice((self._fd(actor), rng.randrange(12), rng.randrange(200)))
        if name == "dup2":
            return name, self._fd(actor), target
        return name, self._fd(actor), target, rng.choice((0, O_CLOEXEC, O_CLOEXEC, 1))

    def _size_(self, actor: int) -> tuple:
        return "fcntl", self._fd(actor), F_SETPIPE_SZ, self.random.choice(SIZES)

    def _fcntl_(self, actor: int) -> tuple:
        rng = self.random
        cmd = rng.choice((F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_SETFL, F_GETPIPE_SZ, 99))
        arg = 0
        if cmd == F_SETFD:
            arg = rng.choice((0, FD_CLOEXEC))
        elif cmd == F_SETFL:
            arg = rng.choice((0, O_NONBLOCK, O_NONBLOCK, O_APPEND, O_DIRECT * self.packets))
        return "fcntl", self._fd(actor), cmd, arg

    def _ioctl_(self, actor: int) -> tuple:
        request = self.random.choice((FIONREAD, FIONREAD, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, 0x1234))
        return "ioctl", self._fd(actor), request, self.random.choice((0, 1))

    def _other_(self, actor: int) -> tuple:
        rng = self.random
        name = rng.choice(("fstat", "lseek", "pread", "pwrite", "getpid", "gettid", "getppid", "sched_yield"))
        if name == "fstat":
            return name, self._fd(actor)
        if name == "lseek":
            return name, self._fd(actor), rng.choice((0, -1)), rng.choice((0, 1, 2, 5))
        if name == "pread":
            return name, self._fd(actor), 1, rng.choice((0, -1))
        if name == "pwrite":
            return name, self._fd(actor), b"x", rng.choice((0, -1))
        return (name,)

    def _poll_(self, actor: int) -> tuple:
        rng = self.random
        masks = (POLLIN, POLLOUT, POLLIN | POLLOUT, POLLRDNORM, POLLWRNORM, POLLPRI, 0)
        fds = [(self._fd(actor), rng.choice(masks)) for _ in range(rng.randrange(5))]
        return "poll", fds, rng.choice((0, 0, -1))

    def _select_(self, actor: int) -> tuple:
        rng = self.random
        known = sorted(fd for fd in self.tables[actor] if 0 <= fd < 1024)
        if rng.random() < 0.1:
            known.append(rng.randrange(64))
        sets = [sorted({rng.choice(known) for _ in range(rng.randrange(4))}) if known else [] for _ in range(3)]
        return "select", *sets, rng.choice((0, 0, None))

    def _wait4_(self, actor: int) -> tuple:
        rng = self.random
        whom: Any = rng.choice((-1, -1, -1, 0, Who(rng.randrange(self.born)), Who(rng.randrange(self.born), -1)))
        options = WNOHANG * (rng.random() < 0.6)
        for flag in (WALL, WCLONE, WNOTHREAD):
            options |= flag * (rng.random() < 0.15)
        return "wait4", whom, options | 4 * (rng.random() < 0.03)

    def _signal_(self, actor: int) -> tuple:
        rng = self.random
        return "signal", rng.choice((SIGPIPE, SIGPIPE, SIGCHLD)), rng.choice((SIG_IGN, SIG_IGN, SIG_DFL))

    def _exit_(self, actor: int) -> tuple:
        rng = self.random
        return rng.choice(("exit", "exit_group")), rng.randrange(4)

    def _execve_(self, actor: int) -> tuple:
        return ("execve",)

    def _rlimit_(self, actor: int) -> tuple:
        rng = self.random
        if rng.random() < 0.3:
            return "getrlimit", RLIMIT_NOFILE
        return "setrlimit", RLIMIT_NOFILE, (rng.choice((4, 8, 16, 64, 1024, 1024, 5000)), 4096)


    def _whom(self, actor: int) -> Any:
        return self.random.choice((0, 0, Who(actor), Who(self.random.randrange(self.born)), -1, 2**31 - 1))

    def _group_(self, actor: int) -> tuple:
        name = self.random.choice(("setpgid", "setpgid", "setpgid", "getpgid", "getsid", "setsid"))
        if name == "setpgid":
            return name, self._whom(actor), self._whom(actor)
        return (name,) if name == "setsid" else (name, self._whom(actor))

    def _waitid_(self, actor: int) -> tuple:
        rng = self.random
        options = WEXITED * (rng.random() < 0.9) | WNOHANG * (rng.random() < 0.6)
        for flag in (WALL, WCLONE, WNOTHREAD, WNOWAIT, WSTOPPED, WCONTINUED):
            options |= flag * (rng.random() < 0.15)
        kind = rng.choice((P_ALL, P_ALL, P_PID, P_PID, P_PGID, P_PGID, P_PIDFD, 9))
        return "waitid", kind, self._whom(actor) if kind != P_PIDFD else -1, options

    def _ids_(self, actor: int) -> tuple:
        rng = self.random
        which = rng.choice("ug")

        def one() -> int:
            return rng.choice((-1, 0, 0, 1000, 1001, 1002))

        name, n = rng.choice((("set", 1), ("setre", 2), ("setres", 3), ("setfs", 1), ("getres", 0)))
        return (f"{name}{which}id", *(one() for _ in range(n)))

    def _groups_(self, actor: int) -> tuple:
        rng = self.random
        if rng.random() < 0.5:
            return "getgroups", rng.choice((0, 1, 2, 65536))
        return "setgroups", [rng.choice((0, 1, 1000, 1001)) for _ in range(rng.randrange(4))]

    def _caps_(self, actor: int) -> tuple:
        rng = self.random
        if rng.random() < 0.4:
            return ("capget",)
        if rng.random() < 0.5:
            caps = [rng.choice((0, 0xC0, 0x1E0, 0x1E0, 0x2000E1)) for _ in range(3)]
            return "capset", *caps
        option, args = rng.choice((
            (PR_SET_KEEPCAPS, (0, 1, 2)), (PR_CAPBSET_DROP, (5, 6, 41)), (PR_CAPBSET_READ, (5, 6)),
            (PR_GET_SECUREBITS, (0,)), (PR_SET_SECUREBITS, (0, 1, 4, 16, 32, 64)),
            (PR_CAP_AMBIENT, (1, 2, 3)), (PR_SET_CHILD_SUBREAPER, (0, 1)),
        ))  # fmt: skip
        return "prctl", option, rng.choice(args), rng.choice((5, 6, 7)) if option == PR_CAP_AMBIENT else 0, 0, 0

    def _unshare_(self, actor: int) -> tuple:
        if self.spaces and self.random.random() < 0.5:
            return "unshare", CLONE_NEWPID
        return "unshare", self.random.choice((CLONE_FILES, CLONE_FS, CLONE_SYSVSEM, CLONE_THREAD, CLONE_SIGHAND, 0, 1))


WEIGHTS = {
    "read": 22, "write": 24, "readv": 4, "writev": 4, "pipe2": 7, "close": 8, "dup": 6, "size": 6, "fcntl": 6,
    "ioctl": 3, "other": 3, "poll": 6, "select": 4, "wait4": 6, "signal": 3, "exit": 2, "execve": 1, "rlimit": 1,
    "group": 2, "waitid": 3, "ids": 1, "groups": 1, "caps": 0, "unshare": 1,
}  # fmt: skip
THEMES: tuple[dict[str, int], ...] = (
    {},
    {"pipe2": 1, "dup": 1, "read": 40, "write": 40, "wait4": 1, "other": 0, "execve": 0, "rlimit": 0},  # who is served
    {"pipe2": 2, "poll": 25, "select": 20, "close": 12, "dup": 10, "wait4": 1},  # who is told
    {"wait4": 40, "exit": 16, "execve": 6, "signal": 8, "read": 8, "write": 8, "other": 10,
     "group": 25, "waitid": 25, "unshare": 6},  # families
    {"ids": 60, "groups": 20, "caps": 40, "execve": 12, "group": 15, "wait4": 10, "exit": 6},  # who may do what
)


def run(
    steps: Iterable[Step] | Program,
    limit: int = STEPS,
    make: Callable[[], SimMachine] = SimMachine,
    terse: bool = False,
) -> tuple[list[Step], str]:
    """Run a program on both machines; return the steps that were made and the first difference."""
    theirs, ours = Side(real.RealMachine()), Side(make())
    theirs.machine.terse = ours.machine.terse = terse
    if not isinstance(steps, Program):
        steps = list(steps)
    ordered = steps.ordered if isinstance(steps, Program) else any(s.name.startswith(("sem", "msg")) for s in steps)
    theirs.machine.ordered = ours.machine.ordered = ordered
    theirs.machine.grouped = ours.machine.grouped = True
    done: list[Step] = []
    seen = 0
    found = ""
    source = iter(steps) if not isinstance(steps, Program) else None
    try:
        while len(done) < limit and not found:
            step = next(source, None) if source else steps.draw(theirs)
            if step is None:
                break
            done.append(step)
            value = theirs.apply(step)
            if not source:
                steps.learn(step, value)
            try:
                ours.apply(step, step.direct and value is not ASLEEP)
            except Exception as error:
                ours.machine.log.append(f"{step} raised {type(error).__name__}: {error}")
                found = difference(ours.machine.log, theirs.machine.log)
                break
            if ours.machine.log[seen:] != theirs.machine.log[seen:]:
                found = difference(ours.machine.log, theirs.machine.log)
            seen = len(theirs.machine.log)
    finally:
        theirs.machine.close()
        try:
            ours.machine.close()
        except Exception as error:
            found = found or f"closing the kernel raised {type(error).__name__}: {error}"
    return done, found


def alone(steps: Iterable[Step] | Program, limit: int = STEPS, terse: bool = False) -> tuple[list[Step], list[str]]:
    """Run a program on the real kernel only; return the steps that were made and the log."""
    side = Side(real.RealMachine())
    side.machine.terse = terse
    done: list[Step] = []
    source = iter(steps) if not isinstance(steps, Program) else None
    try:
        while len(done) < limit and (step := next(source, None) if source else steps.draw(side)):
            done.append(step)
            value = side.apply(step)
            if not source:
                steps.learn(step, value)
    finally:
        side.machine.close()
    return done, side.machine.log


def twice(seed: int, kind: type[Program] = Program) -> tuple[int, str]:
    """Run the program of one seed twice on the real kernel; return the number of steps and what differs."""
    steps, log = alone(kind(seed), terse=kind.terse)
    _, again = alone(steps, len(steps), kind.terse)
    return len(steps), difference(again, log)


def shrink(
    steps: list[Step],
    found: str,
    seconds: float = 30,
    make: Callable[[], SimMachine] = SimMachine,
    terse: bool = False,
) -> tuple[list[Step], str]:
    """Return fewer steps that still differ, and how."""
    limit = time.monotonic() + seconds
    size = max(1, len(steps) // 2)
    while size:
        at, smaller = 0, False
        while at < len(steps) and time.monotonic() < limit:
            fewer = steps[:at] + steps[at + size :]
            done, again = run(fewer, len(fewer), make, terse)
            if again:
                steps, found, smaller = done, again, True
            else:
                at += size
        size = size if smaller and size == 1 else size // 2
    return steps, found


def report(seed: int, steps: list[Step], found: str) -> str:
    """Return a difference as a case."""
    body = "\n".join(f"    {step}" for step in steps)
    forms = "".join(step.verb[0].upper() if step.direct else step.verb[0] for step in steps)
    key = "r raises, s is a sys_ form, in capitals if not submitted"
    return f"seed {seed} ({key}: {forms}):\n\ndef replay(m: Machine) -> None:\n{body}\n\n{found}\n"


def one(seed: int, compiled: bool = False, kind: type[Program] = Program) -> tuple[int, str]:
    """Run the program of one seed; return the number of steps and the report of a difference."""
    make = machine(compiled)
    steps, found = run(kind(seed), make=make, terse=kind.terse)
    if not found:
        return len(steps), ""
    return len(steps), report(seed, *shrink(steps, found, make=make, terse=kind.terse))


def kind_of(
    files: bool = False, memory: bool = False, sysv: bool = False, signals: bool = False
) -> type[Program]:
    """Return what draws programs: over pipes and processes, over files too, over memory, over semaphores and queues, or
    over signals.
    """
    from . import fuzz_files, fuzz_memory, fuzz_signals, fuzz_sysv  # they need this file

    if sysv:
        return fuzz_sysv.SysvProgram
    if signals:
        return fuzz_signals.SignalProgram
    if memory:
        return fuzz_memory.MemoryProgram
    return fuzz_files.FileProgram if files else Program


def machine(compiled: bool) -> Callable[[], SimMachine]:
    """Return what makes fastipc's side: tasks driven by hand, or compiled workers."""
    if not compiled:
        return SimMachine
    from .compiled import CompiledMachine, prepare  # brings in Numba

    prepare()
    return CompiledMachine


def main() -> int:
    """Run programs for a given time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long to go on (default 60)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first program (default 1)")
    parser.add_argument("--programs", type=int, default=0, help="stop after so many programs")
    parser.add_argument("--keep-going", action="store_true", help="do not stop at the first difference")
    parser.add_argument("--compiled", action="store_true", help="the tasks of fastipc are compiled programs")
    parser.add_argument("--files", action="store_true", help="programs over files, directories and FIFOs")
    parser.add_argument("--memory", action="store_true", help="programs over memory, mapped files and segments")
    parser.add_argument("--sysv", action="store_true", help="programs over semaphores and message queues")
    parser.add_argument("--signals", action="store_true", help="programs over signals and processes")
    parser.add_argument("--twice", action="store_true", help="compare the real kernel with itself")
    options = parser.parse_args()
    kind = kind_of(options.files, options.memory, options.sysv, options.signals)
    why_not = real.disorderly() or ((options.files or options.memory) and (real.rootless() or root.unlike()))
    if why_not:
        print(why_not, file=sys.stderr)
        return 0
    start = shown = time.monotonic()
    seed, steps, differences = options.seed, 0, 0
    last = options.seed + options.programs if options.programs else sys.maxsize
    while time.monotonic() - start < options.seconds and seed < last:
        faulthandler.dump_traceback_later(120, exit=True)
        made, text = twice(seed, kind) if options.twice else one(seed, options.compiled, kind)
        steps += made
        seed += 1
        if text:
            differences += 1
            print(text, flush=True)
            if not options.keep_going:
                break
        if time.monotonic() - shown > 5:
            shown = time.monotonic()
            print(f"{steps} steps, {seed - options.seed} programs, next seed {seed}", file=sys.stderr, flush=True)
    faulthandler.cancel_dump_traceback_later()
    print(f"{steps} steps in {seed - options.seed} programs, {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    from tests.oracle import fuzz  # this file by its name, as fuzz_files.py knows it

    sys.exit(fuzz.main())
