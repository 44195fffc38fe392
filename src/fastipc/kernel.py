"""One simulated machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, NoReturn, TextIO, overload

import numpy as np

from fastipc._core.abi import NGROUPS_MAX
from fastipc._core.entries import Batch, Machine, Task, get_hooks, hook_names, set_hook
from fastipc.compiled import CompiledProgram
from fastipc.errors import Deadlock, KernelClosed
from fastipc.interrupt import DeferredInterrupt
from fastipc.limits import Limits, initial
from fastipc.report import Report, describe

MIB = 1 << 20
STOPPED = ("idle", "until", "until", "idle")


class Kernel:
    """A machine of its own: tasks, descriptors, pipes, a scheduler, page frames, a clock.

    Parameters
    ----------
    seed : int
        Of the machine's only source of chance.
    memory : int, optional
        Bytes of its page frames; by default 256 MiB, or 8 KiB for each of ``limits.pid_max`` tasks if that is more.
    limits : mapping, optional
        Sysctls by name, see `Limits`.
    profile : str
        Which Linux: "6.18", or "4.18" for how ids of System V objects were given then, see the guide.
    schedule : str or callable
        "fifo", "random" (from the seed), or a function that gets the list of runnable tasks and returns one of them.
    shm_backing : str
        "demand": a segment's pages exist when touched. "contiguous": it gets all of them when it is made, in
        consecutive frames, as on Linux without an MMU; then `Task.memory` shows a whole one without a copy.
    cpus, costs : None
        Places kept for the performance model.
    clock : str
        "virtual".

    Examples
    --------
    >>> k = Kernel(seed=7)
    >>> a = k.spawn(name="a")
    >>> r, w = a.pipe()
    >>> a.write(w, b"hello")
    5
    >>> a.read(r, 5)
    b'hello'
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        memory: int | None = None,
        limits: Mapping[str, Any] | None = None,
        profile: str = "6.18",
        schedule: str | Callable[[list[Task]], Task] = "fifo",
        shm_backing: str = "demand",
        cpus: None = None,
        costs: None = None,
        clock: str = "virtual",
    ) -> None:
        self._machine: Machine | None = None
        if profile not in ("6.18", "4.18"):
            raise ValueError(f"profile must be '6.18' or '4.18', not {profile!r}")
        if shm_backing not in ("demand", "contiguous"):
            raise ValueError(f"shm_backing must be 'demand' or 'contiguous', not {shm_backing!r}")
        if clock != "virtual":
            raise ValueError(f"clock must be 'virtual', not {clock!r}")
        if cpus is not None or costs is not None:
            raise ValueError("cpus and costs must be None: the performance model is not there yet")
        self.profile = profile
        self.seed = _integer(seed, "seed")
        given = initial(limits)
        size = _memory(memory, given["pid_max"])
        self._machine = Machine(size, given["pid_max"], self.seed, given, profile, Task, self)
        self._machine.set_shm_contiguous(shm_backing == "contiguous")
        self.limits = Limits(self._machine)
        self._set_schedule(schedule)

    def _set_schedule(self, schedule: str | Callable[[list[Task]], Task]) -> None:
        if callable(schedule):
            self._m.set_schedule(0, schedule)
        elif schedule in ("fifo", "random"):
            self._m.set_schedule(1 if schedule == "random" else 0, None)
        else:
            wrong = ValueError if isinstance(schedule, str) else TypeError
            raise wrong(f"schedule must be 'fifo', 'random' or a callable, not {schedule!r}")

    @property
    def _m(self) -> Machine:
        machine = self._machine
        assert machine is not None
        if machine.closed:
            raise KernelClosed("this machine was closed")
        return machine

    # ---------------------------------------------------------------------------------- tasks
    def spawn(
        self,
        program: Callable[..., Any] | None = None,
        *args: Any,
        name: str | None = None,
        uid: int = 0,
        gid: int = 0,
        groups: Iterable[int] = (),
        parent: Task | None = None,
        daemon: bool = False,
    ) -> Task:
        """Start a process in a session of its own, child of ``parent`` or of init.

        Parameters
        ----------
        program : callable, optional
            What it runs: ``program(task, *args)``, a plain or a generator function. Without one it is driven by hand.
        name : str, optional
            For reports.
        uid, gid : int
            User and group; uid 0 has all capabilities, others none.
        groups : iterable of int
            Supplementary groups.
        parent : Task, optional
            Whose child it is.
        daemon : bool
            It may sleep for ever without that being a deadlock.

        Returns
        -------
        Task

        Raises
        ------
        OSError
            EAGAIN or ENOMEM, if the machine has no room for another task.
        """
        if program is None and args:
            raise TypeError("args need a program")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name must be a string, not {type(name).__name__}")
        if parent is not None and not isinstance(parent, Task):
            raise TypeError(f"parent must be a Task, not {type(parent).__name__}")
        if parent is not None and (parent.kernel is not self or parent.exit_status is not None):
            raise ValueError("parent must be a live task of this machine")
        gids = sorted(_id(group, "groups") for group in groups)
        if len(gids) > NGROUPS_MAX:
            raise ValueError(f"groups must be at most {NGROUPS_MAX}")
        packed = np.array(gids, np.uint32).tobytes() if gids else b""
        task = self._m.spawn(program, args, name, _id(uid, "uid"), _id(gid, "gid"), packed, parent, bool(daemon))
        if isinstance(task, int):
            _raise(task)
        return task

    def spawn_many(
        self,
        program: Callable[..., Any],
        n: int,
        *arrays: Any,
        name: str | None = None,
        uid: int = 0,
        gid: int = 0,
        parent: Task | None = None,
        daemon: bool = False,
    ) -> Sequence[Task]:
        """Start ``n`` processes, the i-th with the i-th row of each array as its arguments.

        Parameters
        ----------
        program : callable
            What each runs.
        n : int
            How many.
        *arrays : array_like, shape (n, ...)
            One argument each; a scalar of NumPy is given as a Python number.

        Returns
        -------
        sequence of Task
            All of them; if the machine has no room for all, none is started. Those of a compiled program are made
            when they are asked for.
        """
        count = _integer(n, "n")
        if program is None or count < 0:
            raise ValueError("spawn_many needs a program, and n must not be negative")
        columns = [np.asarray(a) for a in arrays]
        if any(c.ndim == 0 or len(c) != count for c in columns):
            raise ValueError(f"each array must have n = {count} rows")
        owner = _id(uid, "uid"), _id(gid, "gid"), parent, bool(daemon)
        if isinstance(program, CompiledProgram):
            batch = program.begin_many(count, columns, name)
            ret = self._m.spawn_batch(batch, *owner)
            if ret < 0:
                _raise(ret)
            return _Batch(self._m, batch)
        given = [c.tolist() if c.ndim == 1 else list(c) for c in columns]
        rows = list(zip(*given, strict=True)) if given else [()] * count
        tasks = self._m.spawn_many(program, rows, name, *owner)
        if isinstance(tasks, int):
            _raise(tasks)
        return list(tasks)

    @property
    def init(self) -> Task:
        """Task: Pid 1, the machine's own; it reaps every child at once."""
        self._m.check()
        task = self._m.find(1)
        assert task is not None
        return task

    @property
    def tasks(self) -> Mapping[int, Task]:
        """Mapping: Tasks by pid, live ones and zombies."""
        self._m.check()
        return _Tasks(self._m)

    # ---------------------------------------------------------------------------------- running
    def run(
        self,
        until: float | Task | Iterable[Task] | Callable[[Kernel], bool] | None = None,
        *,
        until_ns: int | None = None,
        deadlock: str = "raise",
        progress: bool | Callable[[Kernel], None] = False,
    ) -> Report:
        """Run until nothing can run, or until ``until``.

        Parameters
        ----------
        until : number, Task, sequence of Task, or callable, optional
            Absolute virtual seconds; tasks that must all have ended; or ``f(k) -> bool``, asked after every turn.
        until_ns : int, optional
            Absolute virtual time in nanoseconds.
        deadlock : {"raise", "return"}
            What to do when nothing can run and a program that is no daemon sleeps.
        progress : bool or callable
            Draw a progress line on stderr, or call ``f(k)`` now and then.

        Returns
        -------
        Report

        Raises
        ------
        Deadlock
            Nothing can run, and a program sleeps; its ``report`` says who waits for what.
        """
        if deadlock not in ("raise", "return"):
            raise ValueError(f"deadlock must be 'raise' or 'return', not {deadlock!r}")
        limit, condition = _until(until, until_ns)
        self._m.check()
        started = _Start(self)
        with DeferredInterrupt(self._m):
            code = self._run(limit, condition, progress)
        if code == 3:
            raise self._m.errors.pop(0)
        stopped = STOPPED[code]
        if code == 0 and self._m.sleepers:
            stopped = "deadlock"
        report = started.report(stopped)
        if stopped == "deadlock" and deadlock == "raise":
            raise _deadlock_error(report)
        return report

    def _run(self, limit: int, condition: Any, progress: bool | Callable[[Kernel], None]) -> int:
        if not progress:
            return int(self._m.run(limit, condition))
        from fastipc.progress import SLICE, ProgressLine

        line = ProgressLine(self, limit)
        show = progress if callable(progress) else line
        while True:
            code = int(self._m.run(limit, condition, SLICE))
            show(self)
            if code != 2:
                if show is line:
                    line(self, last=True)
                return code

    @property
    def step(self) -> Callable[[], bool]:
        """One scheduling turn; False if nothing can run now (timers are not waited for)."""
        machine = self._machine  # which itself says if it was closed
        assert machine is not None
        return machine.step

    def _deadlock(self) -> Report:
        return _Start(self).report("deadlock")

    # ---------------------------------------------------------------------------------- time
    @property
    def now(self) -> float:
        """float: Virtual time in seconds."""
        return float(self._m.now_ns / 1e9)

    @property
    def now_ns(self) -> int:
        """int: Virtual time in nanoseconds."""
        return int(self._m.now_ns)

    # ---------------------------------------------------------------------------------- looking inside
    def table(self, name: str, live: bool = False) -> np.ndarray[Any, Any]:
        """Rows of a table: a read-only view up to the high-water mark, or with ``live`` a copy of the live rows.

        Names: task, signal, sighand, sigaction, sigqueue, sigframe, handler, thread, itimer, k_itimer,
        files, fd, file, inode, pipe, pipe_buffer, page, user, rlimit, timer, poll_entry,
        cred, group_info, group, fs, dentry, name, super_block, mount, xa_node, journal, journal_head,
        mm, vm_area, ipc_namespace, ipc_ids, shm, sysv, sem_array, sem, sem_queue, sem_undo, sem_undo_list,
        msg_queue, msg_msg, msg_receiver, msg_sender, pid_namespace, upid, user_namespace, fown,
        fasync, pipe_fasync, signalfd_ctx. Row 0 is never used. The view pins the machine's memory.
        """
        if not isinstance(name, str):
            raise TypeError(f"name must be a string, not {type(name).__name__}")
        rows: np.ndarray[Any, Any] = self._m.table(name)
        return rows[rows["live"] != 0] if live else rows

    @property
    def counters(self) -> dict[str, Any]:
        """dict: Exact counts since the start: calls by name, switches, wakeups, bytes, pages_alloc, pages_free, ..."""
        from fastipc import syscalls

        counters = self._m.counters()
        counters["calls"] = {syscalls.name_of(nr): n for nr, n in counters["calls"].items()}
        return dict(counters)

    @property
    def hooks(self) -> MutableMapping[str, Callable[..., Any]]:
        """Mapping: functions that the machine asks at the places of Linux's security hooks, by name.

        ``path_mknod(task, path, mode, dev)`` is called when mknod or mkfifo has made something. A hook returns None or
        0 if it agrees, else an errno: then what was made is gone again, and the call fails. ``ipc_associate(task, kind,
        id, flg)`` is called when shmget, semget or msgget has found an object by its key (``kind`` "shm", "sem",
        "msg").
        """
        return _Hooks(self._m)

    @hooks.setter
    def hooks(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        hooks = _Hooks(self._m)
        hooks.clear()
        hooks.update(functions)

    def verify(self) -> None:
        """Walk every table and check every invariant; `InvariantError` names what is broken."""
        self._m.verify()

    def inject(self, kind: str, nth: int, errno: int | None = None) -> None:
        """Fail the ``nth`` allocation of a kind from now: "page", "row", or a table's name; 0 takes it back.

        ``errno``: what the call reports instead of its own.
        """
        if not isinstance(kind, str):
            raise TypeError(f"kind must be a string, not {type(kind).__name__}")
        number = _integer(nth, "nth")
        if not 0 <= number < 1 << 32:
            raise ValueError("nth must be between 0 and 2**32 - 1")
        self._m.inject(kind, number, 0 if errno is None else _integer(errno, "errno"))

    def trace(self, sink: Callable[[str], Any] | list[str] | str | PathLike[str] | None) -> None:
        """Send a line for each completed call, in the manner of strace, to a callable, a list or a file; None stops."""
        old, self._trace_file = getattr(self, "_trace_file", None), None
        if old is not None:
            self._m.trace(None)
            old.close()
        if sink is None:
            self._m.trace(None)
            return
        if isinstance(sink, list):
            put: Callable[[str], Any] = sink.append
        elif callable(sink):
            put = sink
        elif isinstance(sink, (str, PathLike)):
            self._trace_file = file = open(sink, "w", encoding="utf-8")  # noqa: SIM115
            put = _line_writer(file)
        else:
            raise TypeError(f"sink must be a callable, a path or a list, not {type(sink).__name__}")
        from fastipc import syscalls

        self._m.trace(lambda *record: put(syscalls.format_line(*record)))

    @property
    def trace_hash(self) -> int:
        """int: Hash of all calls that have completed, with their results and times."""
        return int(self._m.trace_hash)

    def state_hash(self) -> str:
        """Hash of all tables, of the allocators and of the bytes in the machine's memory."""
        import hashlib  # here: it takes longer to import than the rest of this package

        digest = hashlib.blake2b(digest_size=16)
        self._m.hash_into(digest)
        return digest.hexdigest()

    def read_proc(self, path: str) -> str:
        """Text of a file of /proc as Linux prints it to root.

        /proc/buddyinfo, /proc/filesystems, /proc/sysvipc/{sem,shm,msg}, /proc/PID/status, /proc/PID/comm, /proc/sys/fs,
        /proc/sys/kernel and /proc/sys/vm.
        """
        if not isinstance(path, str):
            raise TypeError(f"path must be a string, not {type(path).__name__}")
        text = self._m.read_proc(path.encode())
        if isinstance(text, int):
            raise OSError(-text, os.strerror(-text), path)
        return str(text.decode())

    # ---------------------------------------------------------------------------------- the end
    def close(self) -> None:
        """Leave all programs and free everything now. Twice is fine; any other use after it is a `FastIPCError`."""
        if self._machine is None or self._machine.closed:
            return
        if not self._machine.running:
            self.trace(None)
        self._machine.close()

    def __enter__(self) -> Kernel:
        return self

    def ipcs(self, *options: str) -> str:
        """What util-linux's ``ipcs`` prints of the machine's first IPC namespace.

        Parameters
        ----------
        *options : str
            Of ipcs: "-a", "-q", "-m", "-s"; "-l", "-u", "-p", "-t", "-c", "-b"; "-i", "5". Times are UTC.

        Raises
        ------
        ValueError
            What ipcs would complain of.
        """
        from fastipc.ipcs import IpcsError, ipcs

        self._m.check()
        try:
            return ipcs(self, options)
        except IpcsError as error:
            raise ValueError(str(error)) from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # another thread's collector, or the end of the interpreter: nothing more can be done
            pass

    def __repr__(self) -> str:
        if self._machine is None or self._machine.closed:
            return "<Kernel closed>"
        return f"<Kernel {len(self._machine.live_tasks())} tasks, {self.now_ns} ns>"


class _Batch(Sequence[Task]):
    """The tasks of one ``spawn_many`` of a compiled program, each made when it is asked for."""

    def __init__(self, machine: Machine, batch: Batch) -> None:
        self._machine = machine
        self._batch = batch
        self._made: dict[int, Task] = {}

    def __len__(self) -> int:
        return len(self._batch)

    @overload
    def __getitem__(self, i: int) -> Task: ...
    @overload
    def __getitem__(self, i: slice) -> list[Task]: ...
    def __getitem__(self, i: int | slice) -> Task | list[Task]:
        if isinstance(i, slice):
            return [self[at] for at in range(*i.indices(len(self)))]
        at = range(len(self))[i]
        if at not in self._made:
            self._made[at] = self._machine.task_of_batch(self._batch, at)
        return self._made[at]

    def __repr__(self) -> str:
        return f"<{len(self)} tasks>"


class _Hooks(MutableMapping[str, Callable[..., Any]]):
    """The hooks of a machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return get_hooks(self._machine)[name]

    def __setitem__(self, name: str, function: Callable[..., Any]) -> None:
        if name not in hook_names():
            raise ValueError(f"no hook {name!r}: one of {', '.join(hook_names())}")
        if not callable(function):
            raise TypeError(f"a hook must be callable, not {type(function).__name__}")
        set_hook(self._machine, name, function)

    def __delitem__(self, name: str) -> None:
        self[name]
        set_hook(self._machine, name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(get_hooks(self._machine))

    def __len__(self) -> int:
        return len(get_hooks(self._machine))

    def __repr__(self) -> str:
        return f"Hooks({get_hooks(self._machine)!r})"


class _Tasks(Mapping[int, Task]):
    """Pid to Task, live tasks and zombies, as the machine is at the moment of asking."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __getitem__(self, pid: int) -> Task:
        task = self._machine.find(_integer(pid, "pid"))
        if task is None:
            raise KeyError(pid)
        return task

    def __iter__(self) -> Iterator[int]:
        return iter([task.pid for task in self._machine.live_tasks()])

    def __len__(self) -> int:
        return len(self._machine.live_tasks())


def _raise(ret: int) -> NoReturn:
    import os

    raise OSError(-ret, os.strerror(-ret))


class _Start:
    """The counters at the beginning of a run."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.totals = kernel._m.totals()
        self.ns = kernel.now_ns
        self.wall = time.perf_counter()

    def report(self, stopped: str) -> Report:
        now = self.kernel._m.totals()
        calls, switches, wakeups, moved, leaked = (a - b for a, b in zip(now, self.totals, strict=True))
        wall = time.perf_counter() - self.wall
        return Report(
            calls=calls,
            switches=switches,
            wakeups=wakeups,
            bytes=moved,
            virtual_ns=self.kernel.now_ns - self.ns,
            wall_s=wall,
            stopped=stopped,
            leaked_bytes=leaked,
            waits=self.kernel._m.waits(),
        )


def _deadlock_error(report: Report) -> Deadlock:
    n = len(report.waits)
    head = f"nothing can run, and {n} tasks sleep" if n > 1 else "nothing can run, and a task sleeps"
    return Deadlock("\n".join([head, *describe(report.waits)]), report)


def _until(until: Any, until_ns: int | None) -> tuple[int, Any]:
    """``until`` as (ns or -1, condition or None)."""
    if until_ns is not None:
        if until is not None:
            raise TypeError("until and until_ns exclude each other")
        return _time(_integer(until_ns, "until_ns"), "until_ns"), None
    if until is None:
        return -1, None
    if isinstance(until, Task):
        return -1, (until,)
    if callable(until):
        return -1, until
    if isinstance(until, (int, np.integer)) and not isinstance(until, bool):
        return _time(int(until) * 10**9, "until"), None
    if isinstance(until, (float, np.floating)):
        seconds = float(until)
        if not abs(seconds) < 1e18:
            raise ValueError("until must be a time")
        return _time(round(seconds * 1e9), "until"), None
    try:
        tasks = tuple(until)
    except TypeError:
        tasks = (None,)
    if not all(isinstance(task, Task) for task in tasks):
        raise TypeError("until must be a time in seconds, a Task, a sequence of them, or a callable")
    return -1, tasks


def _time(ns: int, name: str) -> int:
    if not 0 <= ns < 1 << 63:
        raise ValueError(f"{name} must be a time: not negative, and below 2**63 ns")
    return ns


def _integer(value: Any, name: str) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    return int(value.__index__())


def _id(value: Any, name: str) -> int:
    number = _integer(value, name)
    if not 0 <= number < (1 << 32) - 1:
        raise ValueError(f"{name} must be between 0 and 2**32 - 2")
    return number


def _memory(memory: int | None, pid_max: int) -> int:
    if memory is None:
        return max(256 * MIB, 8192 * pid_max)
    size = _integer(memory, "memory")
    if not 4096 <= size <= 1 << 43:
        raise ValueError("memory must be between 4096 and 2**43 bytes")
    return size // 4096 * 4096


def _line_writer(file: TextIO) -> Callable[[str], Any]:
    return lambda line: file.write(line + "\n")
