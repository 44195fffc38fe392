"""One interface to two machines: the real kernel (`real.py`) and fastipc (`sim.py`).

A case drives tasks by hand. A call returns its value, or the name of its errno (``"EPIPE"``), or ``ASLEEP`` if it was
submitted and sleeps, or ``DIED`` if its task ended in it. Tasks are named in order of creation (``A``, ``B``, ...) and
process ids come back as those names, so nothing that is returned depends on the host. Every step and every call that
ends later is a line of ``log``: two machines agree if their logs are equal.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

from .abi import CLONE_NEWPID, CLONE_NEWUSER, INT_MAX
from .memory import ACCESSES, FAULT

FORGED = 1 << 30  # si_pid of infos that programs make up: no process ever has it

ASLEEP = "asleep"
DIED = "died"
RECORD = struct.Struct("IiiIIiIIIIiiQ")  # the head of a signalfd_siginfo

CREATING = frozenset({"fork", "thread", "clone"})
NAMING = frozenset({"getpid", "gettid", "getppid", "getpgid", "getsid", "setsid"})  # their results are process ids
NOTHING = frozenset(
    {"setpgid", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "unshare"}
)  # they succeed with 0
IDS = frozenset({"setfsuid", "setfsgid", "getuid", "geteuid", "getgid", "getegid"})  # their results are user ids
SLEEPING = frozenset(
    {"open", "openat", "read", "write", "readv", "writev", "poll", "select", "wait4", "waitid", "nanosleep", "pause"}
    | {"sigsuspend", "sigtimedwait", "ppoll", "pselect", "read_signals", "read_senders", "sigtaken"}
    | {"semop", "semtimedop", "msgsnd", "msgrcv", "semop_at", "semtimedop_at", "msgsnd_at", "msgrcv_at"}
)
DEADLY = frozenset(
    {"exit", "exit_group", "execve", "kill", "tkill", "tgkill", "sigqueue", "sigqueueinfo", "tgsigqueueinfo"}
    | {"sigprocmask", "sigsuspend", "ppoll", "pselect", "setitimer", "timer_settime"}
    | {"read", "readv", "read_signals", "write", "writev", "close"}  # by SIGIO
)


def data(n: int, seed: int = 0) -> bytes:
    """Return n bytes that tell where they came from."""
    block = bytes((i * 31 + (i >> 8) * 7 + seed) & 255 for i in range(min(n, 65536)))
    return (block * (n // 65536 + 1))[:n] if n > 65536 else block


def show(value: object) -> str:
    """Return the text of an argument or a result in the log: short, the same on both sides."""
    if isinstance(value, (bytes, bytearray)):
        if len(value) <= 24:
            return repr(bytes(value))
        return f"<{len(value)} bytes, crc {zlib.crc32(value):08x}>"
    if isinstance(value, list) and len(value) > 24:
        return f"<{len(value)} items, crc {zlib.crc32(repr(value).encode()):08x}>"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(show(v) for v in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {show(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Task):
        return value.name
    if isinstance(value, str):
        return value if len(value) <= 200 else f"<{len(value)} letters, {value[:8]}...>"
    return repr(value)


def signals(mask: int) -> list[int]:
    """Return the numbers of the signals in a mask."""
    return [n for n in range(1, 65) if mask >> (n - 1) & 1]


def ready_sets(sets: Sequence[bytes | bytearray], nfds: int, ready: int) -> tuple[list[int], ...]:
    """Return the numbers in the sets that select left behind.

    Beyond the size of the descriptor table, a multiple of 64, it leaves them alone and does not count what is there.
    """
    bits = [int.from_bytes(s, "little") for s in sets]
    size = 1024
    while size:
        out = tuple([fd for fd in range(min(nfds, size)) if b >> fd & 1] for b in bits)
        if sum(map(len, out)) <= ready:
            break
        size -= 64
    assert sum(map(len, out)) == ready
    return out


class Group:
    """The process group of a task, as the pid argument of wait4: ``-task``."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __repr__(self) -> str:
        return f"-{self.task.name}"


class Task:
    """One thread of a machine, driven by hand; every system call is a method."""

    def __init__(self, machine: Machine, name: str, handle: Any) -> None:
        self.machine = machine
        self.name = name
        self.handle = handle
        self.alive = True
        self.pending: Pending | None = None
        self.spaces: tuple[int, ...] = ()  # namespaces of pids that it is in, below the first one
        self.pids: Sequence[int] = ()  # its number in the first one and in each of these
        self.apart: tuple[int, ...] = ()  # the one that its children are born in, if that is another
        self.mapped = False  # it is in a namespace of users: it sees ids of that

    def __neg__(self) -> Group:
        return Group(self)

    def __repr__(self) -> str:
        return self.name

    @property
    def inner(self) -> bool:
        """Whether it sees numbers of a namespace of pids."""
        return bool(self.spaces)

    def submit(self, name: str, *args: Any) -> Pending:
        """Start a call and let the machine come to rest."""
        return self.machine.start(self, name, args)

    def call(self, name: str, *args: Any) -> Any:
        """Make a call that is expected to end; let time pass for it if need be."""
        return self.machine.start(self, name, args, direct=True).result()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.machine.start(self, "nanosleep", (seconds,)).result()

    def repeat(self, times: int, name: str, *args: Any) -> list[Any]:
        """Make a call many times, as one line of the log."""
        log = self.machine.log
        self.machine.log = []
        results = [self.call(name, *args) for _ in range(times)]
        self.machine.log = log
        log.append(f"{times} x {self.name}.{name}({', '.join(map(show, args))}) = {show(results)}")
        return results

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args: self.call(name, *args)


class Pending:
    """A call that was started."""

    def __init__(self, task: Task, name: str, args: tuple, text: str) -> None:
        self.task = task
        self.name = name
        self.args = args
        self.text = text
        self.value: Any = ASLEEP
        self.token: Any = None

    def done(self) -> bool:
        """Return whether the call has ended."""
        return self.value is not ASLEEP

    def result(self) -> Any:
        """Return what the call gave, letting time pass until it ends."""
        if not self.done():
            self.task.machine.wait(self)
        return self.value


class Machine:
    """What both sides have in common: names of tasks, the log, calls in progress."""

    kind = ""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.pids: dict[int, str] = {}
        self.log: list[str] = []
        self.inodes: dict[tuple[int, int], int] = {}
        self.devices: dict[int, int] = {}
        self.frames: dict[int, int] = {}
        self.looks: dict[int, tuple[int, ...]] = {}  # times of inodes, when a call `times` or `ftimes` saw them last
        self.ordered = False  # log in which order calls that slept have ended
        self.sets: dict[int, int] = {}  # how many semaphores each set has
        self.told = 0  # runs of handlers that are in the log
        self.journal: list[tuple] = []  # runs that are not, on fastipc
        self.viewer: Task | None = None  # whose numbers are looked at
        self.newborn: tuple[tuple[int, ...], bool] = ((), False)  # namespaces of the task that is being made
        self.spaces = 0  # namespaces of pids that were made
        self.grouped = False  # log runs of handlers task by task: who is idle on fastipc takes signals first
        self.terse = False  # leave out of a pipe's stat what is left out of a file's

    # ------------------------------------------------------------------------------------------ what a side provides
    def _spawn(self, uid: int, gid: int, groups: Sequence[int]) -> Any:
        """Make a process; return its handle."""
        raise NotImplementedError

    def _start(self, task: Task, name: str, args: tuple, direct: bool) -> Any:
        """Start a call; return a token for `_finished`."""
        raise NotImplementedError

    def _finished(self, pending: Pending) -> Any:
        """Return the value of a call, or ASLEEP."""
        raise NotImplementedError

    def _settle(self) -> None:
        """Let the machine run until nothing can run. No time passes."""
        raise NotImplementedError

    def _wait(self, pending: Pending) -> None:
        """Let time pass until a call has ended."""
        raise NotImplementedError

    def _alive(self, task: Task) -> bool:
        """Return whether a task has not ended."""
        raise NotImplementedError

    def proc_and_disk(self) -> tuple[int, int]:
        """Return the device numbers of /proc and of the root."""
        raise NotImplementedError

    def _when(self, task: Task) -> int:
        """Return a number that is higher for a call that ended later."""
        raise NotImplementedError

    def _pids(self, handle: Any) -> Sequence[int]:
        """Return the numbers of a task in all its namespaces of pids, the first one first."""
        raise NotImplementedError

    def seen(self, task: Task) -> int:
        """Return the number of a task, as who looks knows it; of one that it does not see one that nobody has."""
        assert self.viewer is not None
        level = len(self.viewer.spaces)
        return task.pids[level] if task.spaces[:level] == self.viewer.spaces else INT_MAX

    def nsems(self, semid: int) -> int:
        """Return how many semaphores a set has that a case has made."""
        return self.sets.get(semid, 0)

    def fault_of(self, task: Task) -> FAULT | None:
        """Return the signal and the address that an access of a task ended with, or None."""
        raise NotImplementedError

    def handled(self) -> list[str]:
        """Return what handlers have recorded since the last time."""
        return []

    def handler_line(self, task: Task | None, sig: int, code: int, pid: int, status: int, value: int, mask: int) -> str:
        """Return the text of one run of a handler."""
        self.viewer = task
        of = self.told_of(sig, code, pid, value if code < 0 else status if sig == 17 else 0)
        return f"handler of {task.name if task else 'nobody'}: {show(of)} mask {signals(mask)}"

    def told_of(self, sig: int, code: int, pid: int, value: int) -> tuple:
        """Return what an info tells, if it came from a task: a record of SI_USER has no value, whatever was given."""
        if code > 0 and sig != 17:
            return (sig, code)
        if code == -2:  # of a timer: its id
            return (sig, code, pid, value)
        told = value if code < 0 or (code and sig == 17) else 0
        return (sig, code, self.name_of(pid) if pid != FORGED else "forged", told)

    def signals_read(self, data: bytes) -> list[tuple] | bytes:
        """Return what records of a signalfd tell: number, code, sender or 0, integer or status, descriptor, band.

        What are none are returned as they are.
        """
        found = []
        if len(data) % 128:
            return data
        for at in range(0, len(data), 128):
            signo, errno, code, pid, _, fd, _, band, _, _, status, integer, pointer = RECORD.unpack_from(data, at)
            if errno or (pointer ^ integer) & 0xFFFFFFFF or not 0 < signo < 65 or any(data[at + 100 : at + 128]):
                return data
            found.append((signo, code, self.name_of(pid) if pid else 0, integer or status, fd, hex(band)))
        return found

    def senders_read(self, data: bytes) -> list[tuple]:
        """Return number, code, sender and its user of records of a signalfd."""
        found = []
        for at in range(0, len(data), 128):
            signo, _, code, pid, uid = RECORD.unpack_from(data, at)[:5]
            found.append((signo, code, self.name_of(pid) if pid else 0, self._user(uid)))
        return found

    def _user(self, number: int) -> int:
        """Return a user as cases know him."""
        return number

    @staticmethod
    def sigq_read(text: bytes) -> str:
        """Return how many signals are queued, of how many that may be, as /proc tells it."""
        return next(line.split()[1] for line in text.decode().splitlines() if line.startswith("SigQ:"))

    def owner(self, type: int, pid: int) -> tuple[int, str | int]:
        """Return an owner of a file by the name of its task."""
        return type, self.name_of(pid) if pid else 0

    def close(self) -> None:
        """End all tasks."""

    # ------------------------------------------------------------------------------------------ what a case uses
    def spawn(self, uid: int = 0, gid: int | None = None, groups: Sequence[int] = ()) -> Task:
        """Make a process in a session of its own, with no descriptors; its group is that of the user's number."""
        self.viewer, self.newborn = None, ((), False)
        task = self.adopt(self._spawn(uid, uid if gid is None else gid, groups))
        more = f" gid={gid}" * (gid is not None) + f" groups={list(groups)}" * bool(groups)
        self.log.append(f"spawn uid={uid}{more} = {task.name}")
        return task

    def task(self, name: str) -> Task:
        """Return the task of a name."""
        return next(task for task in self.tasks if task.name == name)

    def adopt(self, handle: Any) -> Task:
        """Name a new task."""
        n = len(self.tasks)
        task = Task(self, chr(65 + n) if n < 26 else f"T{n}", handle)
        (task.spaces, task.mapped), self.newborn = self.newborn, ((), False)
        task.pids = self._pids(handle)
        self.tasks.append(task)
        return task

    def start(self, task: Task, name: str, args: tuple, direct: bool = False) -> Pending:
        """Start a call, settle, and log what ended. A direct call is one that will end by itself."""
        assert task.pending is None, f"{task} is still in {task.pending and task.pending.text}"
        text = f"{task.name}.{name}({', '.join(map(show, args))})"
        pending = Pending(task, name, args, text)
        if not task.alive:
            pending.value = DIED
            self.log.append(f"{text}: not alive")
            return pending
        self.viewer = task
        if name in CREATING:
            flags = args[0] if name == "clone" else 0
            self.spaces += 1
            fresh = (self.spaces,) * bool(flags & CLONE_NEWPID)
            self.newborn = task.spaces + task.apart + fresh, task.mapped or bool(flags & CLONE_NEWUSER)
        pending.token = self._start(task, name, args, direct)
        task.pending = pending
        self._settle()
        self._collect(pending)
        return pending

    def wait(self, pending: Pending) -> None:
        """Let time pass until a call has ended."""
        self.viewer = pending.task
        self._wait(pending)
        self._settle()
        self._collect(None)

    def host_root(self) -> None:
        """Let the tasks that are made from now on have the host's root: who has another makes no user namespace."""

    def settle(self) -> None:
        """Let the machine run until nothing can run."""
        self._settle()
        self._collect(None)

    def name_of(self, pid: int) -> str:
        """Return the name of the task that has a process id; in a namespace of pids the number."""
        if self.viewer is not None and self.viewer.inner:
            return f"#{pid}"
        return self.pids.get(pid, "nobody")

    def inode(self, dev: int, ino: int) -> int:
        """Return a number for an inode: 1 for the first seen, 2 for the second."""
        return self.inodes.setdefault((dev, ino), len(self.inodes) + 1)

    def known_inode(self, ino: int) -> int:
        """Return the number of an inode that was seen before, whatever its device, or 0."""
        return next((number for (_, seen), number in self.inodes.items() if seen == ino), 0)

    def device(self, dev: int) -> int:
        """Return a number for a file system: 1 for the first seen, 2 for the second."""
        return self.devices.setdefault(dev, len(self.devices) + 1)

    def _cause(self, pending: Pending) -> str:
        if pending.value is not DIED or pending.name not in ACCESSES:
            return ""
        found = self.fault_of(pending.task)
        return f" of {found[0]} at {found[1]!r}" if found else ""

    def _collect(self, fresh: Pending | None) -> None:
        deaths = False
        woken: list[Task] = []
        lines = self.handled()
        if self.grouped:
            lines.sort(key=lambda line: line.split(":")[0])
        self.log += lines
        for task in self.tasks:
            pending = task.pending
            if pending is None:
                continue
            self.viewer = task
            pending.value = self._finished(pending)
            if pending.value is ASLEEP:
                if pending is fresh:
                    self.log.append(f"{pending.text} sleeps")
                continue
            task.pending = None
            if pending.name == "unshare" and pending.value is None:
                self.spaces += 1
                task.apart += (self.spaces,) * bool(pending.args[0] & CLONE_NEWPID)
                task.mapped |= bool(pending.args[0] & CLONE_NEWUSER)
            if pending is not fresh and pending.value is not DIED:
                woken.append(task)
            if pending.name == "semget" and isinstance(pending.value, int):
                self.sets[pending.value] = max(self.sets.get(pending.value, 0), pending.args[1])
            deaths |= pending.value is DIED
            verb = "=" if pending is fresh else "wakes ="
            self.log.append(f"{pending.text} {verb} {show(pending.value)}{self._cause(pending)}")
        if self.ordered and len(woken) > 1:
            self.log.append(f"in the order {', '.join(task.name for task in sorted(woken, key=self._when))}")
        if deaths or (fresh is not None and fresh.name in DEADLY):
            for task in self.tasks:
                if task.alive and not self._alive(task):
                    task.alive = False
                    self.log.append(f"{task.name} is dead")
