"""fastipc behind the oracle's interface, every task a compiled program: one worker that takes its calls from an array.

A worker without a call sleeps for a millisecond at a time, so a step lets two of them pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

import fastipc
from fastipc import UserBuffer, compiled

from . import (
    abi,
    compiled_files,
    compiled_memory,
    compiled_paths,
    compiled_signals,
    compiled_sysv,
    compiled_timers,
    memory,
    paths,
)
from .compiled_files import CompiledFiles, on_signal_files, raising_signal_files
from .compiled_memory import CompiledMemory, on_memory, raising_memory
from .compiled_paths import on_paths, raising_paths
from .compiled_signals import CompiledSignals, on_signals, raising_signals
from .compiled_sysv import CompiledSysv, on_sysv, raising_sysv
from .compiled_timers import CompiledTimers, on_timers, raising_timers
from .machine import ASLEEP, DIED, NAMING, NOTHING, Pending, Task, ready_sets
from .sim import SimMachine
from .sim_memory import LOOKS

AREA = 1 << 19
WORKERS = 64
IDLE, ASKED, RUNNING = 0, 1, 2
STATE, OP, RET, ERRNO, FORM, ARG = 0, 1, 2, 3, 4, 5  # words of a box
BOX = ARG + 2 + abi.IOV_MAX + 1
TICK = 0.001
STAT_SIZE = fastipc.STAT.itemsize
SET = fastipc.FD_SETSIZE // 8
SIGINFO_SIZE = fastipc.SIGINFO.itemsize

OPS = (
    "read", "write", "readv", "writev", "pipe", "pipe2", "close", "dup", "dup2", "dup3", "fcntl", "ioctl", "fstat",
    "lseek", "pread", "pwrite", "select", "select_nfds", "poll", "wait4", "getpid", "gettid", "getppid", "getuid",
    "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getrlimit", "setrlimit", "signal", "sched_yield",
    "nanosleep", "exit", "exit_group", "fork", "thread", "clone", "execve",
    "getpgid", "setpgid", "getsid", "setsid", "setuid", "setgid",
    "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "getgroups", "setgroups", "capget",
    "capset", "prctl", "unshare", "waitid", "read_at", "write_at", "pipe2_at",
)  # fmt: skip
FILES = 100  # the number of the first call that names files
MEMORY = 200  # of the first call on memory
SYSV = 300  # of the first call on semaphores and message queues
SIGNALS = 400  # of the first call on signals
TIMERS = 500  # of the first call on timers
SIGNAL_FILES = 600  # of the first call on signalfds, owners of files, waits with a mask
NUMBER = {name: i for i, name in enumerate(OPS)}
NUMBER |= {name: FILES + i for i, name in enumerate(compiled_paths.OPS)} | {"ftimes": NUMBER["fstat"]}
NUMBER["times"] = NUMBER["lstat"]
NUMBER |= {"write_map": NUMBER["write"], "read_map": NUMBER["pread"]}
NUMBER |= {name: MEMORY + i for i, name in enumerate(compiled_memory.OPS)}
NUMBER |= {name: SYSV + i for i, name in enumerate(compiled_sysv.OPS)}
NUMBER |= {name: SIGNALS + i for i, name in enumerate(compiled_signals.OPS)}
NUMBER |= {name: TIMERS + i for i, name in enumerate(compiled_timers.OPS)}
NUMBER |= {name: SIGNAL_FILES + i for i, name in enumerate(compiled_files.OPS)}
NUMBER["timer_settime_from_now"] = NUMBER["timer_settime"]
NUMBER["read_signals"] = NUMBER["read_senders"] = NUMBER["read"]
NUMBER["read_sigq"] = NUMBER["pread"]
NUMBER["setown_ex"] = NUMBER["getown_ex"]
NUMBER["setown"] = NUMBER["getown"] = NUMBER["fcntl"]
NUMBER["sigtaken"] = NUMBER["sigtimedwait"]
NUMBER |= dict.fromkeys(memory.LIMITS, NUMBER["setrlimit"])
(
    READ, WRITE, READV, WRITEV, PIPE, PIPE2, CLOSE, DUP, DUP2, DUP3, FCNTL, IOCTL, FSTAT,
    LSEEK, PREAD, PWRITE, SELECT, SELECT_NFDS, POLL, WAIT4, GETPID, GETTID, GETPPID, GETUID,
    GETEUID, GETGID, GETEGID, GETRESUID, GETRESGID, GETRLIMIT, SETRLIMIT, SIGNAL, SCHED_YIELD, NANOSLEEP, EXIT,
    EXIT_GROUP, FORK, THREAD, CLONE, EXECVE, GETPGID, SETPGID, GETSID, SETSID, SETUID, SETGID,
    SETREUID, SETREGID, SETRESUID, SETRESGID, SETFSUID, SETFSGID, GETGROUPS, SETGROUPS, CAPGET,
    CAPSET, PRCTL, UNSHARE, WAITID, READ_AT, WRITE_AT, PIPE2_AT,
) = range(len(OPS))  # fmt: skip


@intrinsic
def first_byte(typing_context, area):
    """Where an array begins."""

    def generate(context, builder, signature, args):
        return context.make_array(signature.args[0])(context, builder, args[0]).data

    return types.CPointer(types.uint8)(area), generate


@numba.njit
def buffer(area, n):
    """A buffer of so many bytes; of a count that no buffer has, one that says it has."""
    return area[:n] if 0 <= n <= AREA else numba.carray(first_byte(area), (n,))


@numba.njit
def vector(area, a):
    """The buffers of a vector, one behind the other; their lengths are in the box."""
    buffers = [area[:0] for _ in range(a[1])]
    at = 0
    for i in range(a[1]):
        buffers[i] = area[at : at + a[2 + i]]
        at += a[2 + i]
    return buffers


@numba.njit
def on_bytes(t, op, a, area):
    """Calls that move bytes."""
    fd = a[0]
    if op == READ:
        return t.sys_read(fd, buffer(area, a[1]))
    if op == WRITE:
        return t.sys_write(fd, area[: a[1]])
    if op == PREAD:
        return t.sys_pread(fd, buffer(area, a[1]), a[2])
    if op == PWRITE:
        return t.sys_pwrite(fd, area[: a[1]], a[2])
    n, p, q = a[1], a[2], a[2] + a[3]
    if op == READV:
        if n == 0:
            return t.sys_readv(fd, ())
        if n == 2:
            return t.sys_readv(fd, (area[:p], area[p:q]))
        return t.sys_readv(fd, vector(area, a))
    if n == 0:
        return t.sys_writev(fd, ())
    if n == 2:
        return t.sys_writev(fd, (area[:p], area[p:q]))
    return t.sys_writev(fd, vector(area, a))


@numba.njit
def on_select(t, a, area):
    """select over sets."""
    r, w, x = area[:SET], area[SET : 2 * SET], area[2 * SET : 3 * SET]
    if a[1]:
        return t.sys_select(a[0], r, w, x, a[2] / 1e9)
    return t.sys_select(a[0], r, w, x)


@numba.njit
def select_numbers(t, a, area):
    """select over lists; what is ready goes where they were, after the three lengths."""
    p, q, n = a[2], a[2] + a[3], a[2] + a[3] + a[4]
    fds = area[: 8 * n].view(np.int64)
    if a[0]:
        ready = t.select(fds[:p], fds[p:q], fds[q:], a[1] / 1e9)
    else:
        ready = t.select(fds[:p], fds[p:q], fds[q:])
    out = area[: 8 * (n + 3)].view(np.int64)
    at = 3
    for i, numbers in enumerate(ready):
        out[i] = len(numbers)
        for fd in numbers:
            out[at] = fd
            at += 1
    return at - 3


@numba.njit
def on_descriptors(t, op, a, area):
    """Calls on descriptors."""
    if op == PIPE:
        return t.sys_pipe(area[:8].view(np.int32))
    if op == PIPE2:
        return t.sys_pipe2(area[:8].view(np.int32), a[0])
    if op == CLOSE:
        return t.sys_close(a[0])
    if op == DUP:
        return t.sys_dup(a[0])
    if op == DUP2:
        return t.sys_dup2(a[0], a[1])
    if op == DUP3:
        return t.sys_dup3(a[0], a[1], a[2])
    if op == FCNTL:
        return t.sys_fcntl(a[0], a[1], a[2])
    if op == IOCTL:
        return t.sys_ioctl(a[0], a[1], a[2])
    if op == FSTAT:
        return t.sys_fstat(a[0], area[:STAT_SIZE])
    if op == LSEEK:
        return t.sys_lseek(a[0], a[1], a[2])
    if op == POLL:
        return t.sys_poll(area[: 8 * a[0]], a[1])
    return on_select(t, a, area)


@numba.njit
def raising(t, op, a, area):
    """The calls above that are made in the verb that raises; -errno as the other one gives it."""
    ret = np.int64(0)
    try:
        if op == READ:
            ret = t.readinto(a[0], buffer(area, a[1]))
        elif op == PREAD:
            ret = t.pread(a[0], buffer(area, a[1]), a[2])
        elif op == WRITE:
            ret = t.write(a[0], area[: a[1]])
        elif op == PIPE2:
            fds = area[:8].view(np.int32)
            fds[0], fds[1] = t.pipe2(a[0])
        elif op == CLOSE:
            t.close(a[0])
        elif op == DUP:
            ret = t.dup(a[0])
        elif op == DUP2:
            ret = t.dup2(a[0], a[1])
        elif op == DUP3:
            ret = t.dup3(a[0], a[1], a[2])
        elif op == FCNTL:
            ret = t.fcntl(a[0], a[1], a[2])
        elif op == FSTAT:
            t.fstat(a[0], area[:STAT_SIZE])
        elif op == SELECT:
            ret = select_numbers(t, a, area)
        elif op == POLL:
            ret = t.poll(area[: 8 * a[0]], a[1])
        else:
            ret, area[:4].view(np.int32)[0] = t.wait4(a[0], a[1])
    except Exception:
        ret = -t.errno
    return ret


RAISING = (READ, PREAD, WRITE, PIPE2, CLOSE, DUP, DUP2, DUP3, FCNTL, FSTAT, SELECT, POLL, WAIT4)
RAISING += tuple(FILES + op for op in compiled_paths.RAISING)
RAISING += tuple(MEMORY + op for op in compiled_memory.RAISING)
RAISING += tuple(SYSV + op for op in compiled_sysv.RAISING)
RAISING += tuple(SIGNALS + op for op in compiled_signals.RAISING)
RAISING += tuple(TIMERS + op for op in compiled_timers.RAISING)
RAISING += tuple(SIGNAL_FILES + op for op in compiled_files.RAISING)


@numba.njit
def on_processes(t, op, a, area):
    """Calls about the process itself."""
    if op == WAIT4:
        return t.sys_wait4(a[0], area[:4].view(np.int32), a[1])
    if op == GETPID:
        return t.sys_getpid()
    if op == GETTID:
        return t.sys_gettid()
    if op == GETPPID:
        return t.sys_getppid()
    if op == GETUID:
        return t.sys_getuid()
    if op == GETEUID:
        return t.sys_geteuid()
    if op == GETGID:
        return t.sys_getgid()
    if op == GETEGID:
        return t.sys_getegid()
    if op == GETRESUID:
        return t.sys_getresuid(area[:12])
    if op == GETRESGID:
        return t.sys_getresgid(area[:12])
    if op == GETRLIMIT:
        return t.sys_getrlimit(a[0], area[:16])
    if op == SETRLIMIT:
        return t.sys_setrlimit(a[0], area[:16].view(np.uint64))
    if op == SIGNAL:
        return t.sys_signal(a[0], a[1])
    if op == SCHED_YIELD:
        return t.sys_sched_yield()
    return t.sys_nanosleep(a[0] / 1e9)


@numba.njit
def on_ids(t, op, a, area):
    """Calls about process groups, sessions, users, groups and capabilities."""
    if op == GETPGID:
        return t.sys_getpgid(a[0])
    if op == SETPGID:
        return t.sys_setpgid(a[0], a[1])
    if op == GETSID:
        return t.sys_getsid(a[0])
    if op == SETSID:
        return t.sys_setsid()
    if op == SETUID:
        return t.sys_setuid(a[0])
    if op == SETGID:
        return t.sys_setgid(a[0])
    if op == SETREUID:
        return t.sys_setreuid(a[0], a[1])
    if op == SETREGID:
        return t.sys_setregid(a[0], a[1])
    if op == SETRESUID:
        return t.sys_setresuid(a[0], a[1], a[2])
    if op == SETRESGID:
        return t.sys_setresgid(a[0], a[1], a[2])
    if op == SETFSUID:
        return t.sys_setfsuid(a[0])
    if op == SETFSGID:
        return t.sys_setfsgid(a[0])
    if op == GETGROUPS:
        return t.sys_getgroups(area[: 4 * a[0]].view(np.uint32))
    if op == SETGROUPS:
        return t.sys_setgroups(area[: 4 * a[0]].view(np.uint32))
    if op == CAPGET:
        return t.sys_capget(area[:24])
    if op == CAPSET:
        return t.sys_capset(area[:24])
    if op == UNSHARE:
        return t.sys_unshare(a[0])
    if op == WAITID:
        return t.sys_waitid(a[0], a[1], area[:SIGINFO_SIZE], a[2])
    if op == READ_AT:
        return t.sys_read(a[0], UserBuffer(a[1], a[2]))
    if op == WRITE_AT:
        return t.sys_write(a[0], UserBuffer(a[1], a[2]))
    if op == PIPE2_AT:
        return t.syscall("pipe2", a[0], a[1])
    return t.sys_prctl(a[0], a[1], a[2], a[3], a[4])


@compiled
def worker(t, me, boxes, areas):
    """Make the calls that are asked for, for ever."""
    box, area = boxes[me], areas[me]
    a = box[ARG:]
    if box[STATE] == RUNNING:  # it is here by execve
        box[RET] = box[ERRNO] = 0
        box[STATE] = IDLE
    while True:
        while box[STATE] == IDLE:
            t.sys_nanosleep(TICK)
        box[STATE] = RUNNING
        op = box[OP]
        if op == EXIT:
            t.exit(a[0])
        elif op == EXIT_GROUP:
            t.exit_group(a[0])
        elif op == FORK:
            ret = t.sys_fork(worker, a[0], boxes, areas)
        elif op == THREAD:
            ret = t.sys_thread(worker, a[0], boxes, areas)
        elif op == CLONE:
            ret = t.sys_clone(a[1], worker, a[0], boxes, areas)
        elif op == EXECVE:
            ret = t.sys_execve(worker, me, boxes, areas)
        elif op >= SIGNAL_FILES:
            here = op - SIGNAL_FILES
            ret = raising_signal_files(t, here, a, area) if box[FORM] else on_signal_files(t, here, a, area)
        elif op >= TIMERS:
            ret = raising_timers(t, op - TIMERS, a, area) if box[FORM] else on_timers(t, op - TIMERS, a, area)
        elif op >= SIGNALS:
            ret = raising_signals(t, op - SIGNALS, a, area) if box[FORM] else on_signals(t, op - SIGNALS, a, area)
        elif op >= SYSV:
            ret = raising_sysv(t, op - SYSV, a, area) if box[FORM] else on_sysv(t, op - SYSV, a, area)
        elif op >= MEMORY:
            ret = raising_memory(t, op - MEMORY, a, area) if box[FORM] else on_memory(t, op - MEMORY, a, area)
        elif op >= FILES:
            ret = raising_paths(t, op - FILES, a, area) if box[FORM] else on_paths(t, op - FILES, a, area)
        elif box[FORM]:
            ret = raising(t, op, a, area)
        elif op <= WRITEV or op == PREAD or op == PWRITE:
            ret = on_bytes(t, op, a, area)
        elif op <= POLL:
            ret = on_descriptors(t, op, a, area)
        elif op <= EXECVE:
            ret = on_processes(t, op, a, area)
        else:
            ret = on_ids(t, op, a, area)
        box[ERRNO] = t.errno
        box[RET] = ret
        boxes[-1, 0] += 1  # no task's: how many calls have ended
        box[-1] = boxes[-1, 0]
        box[STATE] = IDLE


def signed(word: int) -> int:
    """Return a word as a box holds it."""
    return word - (1 << 64) if word >> 63 == 1 else word


class CompiledMachine(CompiledFiles, CompiledTimers, CompiledSignals, CompiledSysv, CompiledMemory, SimMachine):
    """Tasks of a simulated kernel that are compiled programs."""

    def __init__(self, verb: str = "raise", verify: bool = True) -> None:
        super().__init__(verb, verify)
        self.boxes = np.zeros((WORKERS, BOX), np.int64)
        self.areas = np.zeros((WORKERS, AREA), np.uint8)
        self.born = 0
        self.forget_handled()
        self.box: dict[int, int] = {}  # by the pid of a handle, when it was made

    def _new_box(self) -> int:
        self.born += 1
        return self.born - 1

    def _spawn(self, uid: int, gid: int, groups: Sequence[int]) -> Any:
        n = self._new_box()
        handle = self.kernel.spawn(worker, n, self.boxes, self.areas, uid=uid, gid=gid, groups=tuple(groups))
        self.box[id(handle)] = n
        return handle

    def _settle(self) -> None:
        self.kernel.run(until=self.kernel.now + 2 * TICK)
        if self.verify:
            self.kernel.verify()

    def _wait(self, pending: Pending) -> None:
        for _ in range(200):
            pending.value = self._finished(pending)
            if pending.value is not ASLEEP:
                return
            self.kernel.run(until=self.kernel.now + 0.1)
        raise AssertionError(f"{pending.text} never ends")

    def _when(self, task: Task) -> int:
        return int(self.boxes[self.box[id(task.handle)]][-1])

    # ------------------------------------------------------------------------------------------ calls
    def _start(self, task: Task, name: str, args: tuple, direct: bool) -> Any:
        n = self.box[id(task.handle)]
        box, area = self.boxes[n], self.areas[n]
        if name in LOOKS:
            return self.looks_at(task, name, args)
        if name in paths.SHAPES:
            words, decode = self._on_files_in(area, name, paths.full(name, args))
        elif name in memory.CALLS:
            words, decode = self.memory_words(area, name, args)
        elif name in memory.LIMITS:
            words, decode = self._on_setrlimit(area, *self.limit_of(task, name, *args))
        else:
            words, decode = getattr(self, f"_on_{name}", self._on_numbers)(area, *map(self._plain, args))
        box[OP] = NUMBER[name]
        box[FORM] = self.verb == "raise" and NUMBER[name] in RAISING
        box[ARG:] = 0
        if name in ("fork", "thread", "clone"):
            self.child = self._new_box()
            words = [self.child, *words]
            decode = self._born
        elif name in NAMING:
            decode = self.name_of
        elif name in NOTHING:
            decode = self._nothing
        box[ARG : ARG + len(words)] = [signed(int(word)) for word in words]
        box[STATE] = ASKED
        return name, n, decode

    def _plain(self, arg: Any) -> Any:
        kept = str | bytes | list | tuple | range | float | None
        return arg if isinstance(arg, kept) else int(super()._plain(arg))

    def _born(self, pid: int) -> Task:
        known = {id(task.handle) for task in self.tasks}
        (handle,) = (handle for handle in self.kernel.tasks.values() if handle.pid > 1 and id(handle) not in known)
        self.box[id(handle)] = self.child
        return self.adopt(handle)

    def _finished(self, pending: Pending) -> Any:
        if pending.value is not ASLEEP:
            return pending.value
        if len(pending.token) == 1:
            return pending.token[0]
        name, n, decode = pending.token
        handle, box = pending.task.handle, self.boxes[n]
        if box[STATE] != IDLE:
            return ASLEEP if self._alive(pending.task) else DIED
        ret = int(box[RET])
        assert box[ERRNO] == max(-ret, 0) or name in memory.ACCESSES, f"t.errno is {box[ERRNO]}, not {-ret}"
        if ret < 0:
            return abi.errno_name(-ret)
        if name == "execve":
            self.pids[handle.pid] = pending.task.name
            self.numbers[pending.task] = handle.pid
            pending.task.pids = handle.nspid
            return None
        return decode(ret)

    # ------------------------------------------------------------------------------------------ arguments and results
    @staticmethod
    def _same(ret: int) -> int:
        return ret

    def _on_numbers(self, area: Any, *args: Any) -> tuple:
        return args, self._same

    def _on_read_at(self, area: Any, fd: int, address: int, n: int) -> tuple:
        return (fd, _register(address), n), self._same

    _on_write_at = _on_read_at

    def _on_pipe2_at(self, area: Any, address: int, flags: int) -> tuple:
        return (_register(address), flags), self._same

    def _on_close(self, area: Any, fd: int) -> tuple:
        return (fd,), self._nothing

    def _on_sched_yield(self, area: Any) -> tuple:
        return (), self._nothing

    def _on_nanosleep(self, area: Any, seconds: float) -> tuple:
        return (round(seconds * 1e9),), self._nothing

    def _on_read(self, area: Any, fd: int, n: int) -> tuple:
        return (fd, n), lambda got: bytes(area[:got])

    def _on_pread(self, area: Any, fd: int, n: int, off: int) -> tuple:
        return (fd, n, off), lambda got: bytes(area[:got])

    def _on_write(self, area: Any, fd: int, data: bytes) -> tuple:
        area[: len(data)] = np.frombuffer(data, np.uint8)
        return (fd, len(data)), self._same

    def _on_write_map(self, area: Any, fd: int, first: int, lower: int, count: int) -> tuple:
        return self._on_write(area, fd, f"{first} {lower} {count}".encode())[0], lambda ret: None

    def _on_read_map(self, area: Any, fd: int) -> tuple:
        def decode(n: int) -> list[tuple[int, ...]]:
            return [tuple(map(int, line.split())) for line in bytes(area[:n]).decode().splitlines()]

        return (fd, 100, 0), decode

    def _on_pwrite(self, area: Any, fd: int, data: bytes, off: int) -> tuple:
        area[: len(data)] = np.frombuffer(data, np.uint8)
        return (fd, len(data), off), self._same

    def _on_readv(self, area: Any, fd: int, lengths: list[int]) -> tuple:
        return (fd, len(lengths), *lengths), lambda got: bytes(area[:got])

    def _on_writev(self, area: Any, fd: int, parts: list[bytes]) -> tuple:
        self._on_write(area, fd, b"".join(parts))
        return (fd, len(parts), *map(len, parts)), self._same

    def _on_pipe(self, area: Any) -> tuple:
        return (), lambda ret: tuple(map(int, area[:8].view(np.int32)))

    def _on_pipe2(self, area: Any, flags: int = 0) -> tuple:
        return (flags,), lambda ret: tuple(map(int, area[:8].view(np.int32)))

    def _on_files_in(self, area: Any, name: str, args: tuple) -> tuple:
        words, at = [], 0
        for arg in args:
            if isinstance(arg, str):
                self._place(area, arg, at)
                at += compiled_paths.SECOND
            else:
                words.append(arg)
        return words, self._same if name in paths.VALUED else self._nothing

    def _place(self, area: Any, path: str, at: int = 0) -> None:
        text = self._path(path).encode() + b"\0"
        area[at : at + len(text)] = np.frombuffer(text, np.uint8)

    def _on_fstat(self, area: Any, fd: int) -> tuple:
        return (fd,), lambda ret: self._stat(area[:STAT_SIZE].view(fastipc.STAT))

    def _on_ftimes(self, area: Any, fd: int) -> tuple:
        return (fd,), lambda ret: self._moved(area[:STAT_SIZE].view(fastipc.STAT))

    def _on_stat(self, area: Any, path: str) -> tuple:
        self._place(area, path)
        return (), lambda ret: self._record(self._second(area, STAT_SIZE).view(fastipc.STAT))

    _on_lstat = _on_stat

    def _on_times(self, area: Any, path: str) -> tuple:
        self._place(area, path)
        return (), lambda ret: self._moved(self._second(area, STAT_SIZE).view(fastipc.STAT))

    def _on_readlink(self, area: Any, path: str) -> tuple:
        self._place(area, path)
        return (), lambda n: paths.tell(self, bytes(self._second(area, n)).decode())

    def _on_getcwd(self, area: Any) -> tuple:
        return (), lambda n: paths.tell(self, bytes(self._second(area, n - 1)).decode())

    @staticmethod
    def _second(area: Any, n: int) -> Any:
        return area[compiled_paths.SECOND : compiled_paths.SECOND + n]

    def _on_poll(self, area: Any, fds: list[tuple[int, int]], timeout_ms: int = -1) -> tuple:
        rows = area[: 8 * len(fds)].view(fastipc.POLLFD)
        for row, (fd, events) in zip(rows, fds, strict=True):
            row["fd"], row["events"], row["revents"] = fd, events, 0

        def decode(ret: int) -> list[tuple[int, int]]:
            ready = [(int(row["fd"]), int(row["revents"])) for row in rows if row["revents"]]
            assert len(ready) == ret
            return ready

        return (len(fds), timeout_ms), decode

    def _on_select(self, area: Any, r: list[int], w: list[int], x: list[int], timeout: float | None = None) -> tuple:
        if self.verb != "raise":
            return self._on_select_nfds(area, max([-1, *r, *w, *x]) + 1, r, w, x, timeout)
        fds = np.array([*r, *w, *x], np.int64)
        area[: fds.nbytes] = fds.view(np.uint8)

        def decode(ret: int) -> tuple[list[int], ...]:
            p, q, n = np.cumsum(area[:24].view(np.int64))
            ready = area[24 : 24 + 8 * n].view(np.int64).tolist()
            assert len(ready) == ret
            return sorted(ready[:p]), sorted(ready[p:q]), sorted(ready[q:])

        return (*self._time(timeout), len(r), len(w), len(x)), decode

    def _on_select_nfds(
        self, area: Any, nfds: int, r: list[int], w: list[int], x: list[int], timeout: float | None
    ) -> tuple:
        sets = area[: 3 * SET].reshape(3, SET)
        for bits, fds in zip(sets, (r, w, x), strict=True):
            bits[:] = np.frombuffer(sum(1 << fd for fd in set(fds)).to_bytes(SET, "little"), np.uint8)
        return (nfds, *self._time(timeout)), lambda ret: ready_sets([bytes(bits) for bits in sets], nfds, ret)

    @staticmethod
    def _time(timeout: float | None) -> tuple[int, int]:
        return (0, 0) if timeout is None else (1, round(timeout * 1e9))

    def _on_wait4(self, area: Any, pid: int = -1, options: int = 0) -> tuple:
        area[:4] = 0
        return (pid, options), lambda ret: (self.name_of(ret) if ret else 0, int(area[:4].view(np.int32)[0]))

    def _on_waitid(self, area: Any, idtype: int, number: int, options: int) -> tuple:
        area[:SIGINFO_SIZE] = 255
        return (idtype, number, options), lambda ret: self._siginfo(area[:SIGINFO_SIZE].view(fastipc.SIGINFO))

    def _on_getresuid(self, area: Any) -> tuple:
        return (), lambda ret: tuple(map(int, area[:12].view(np.uint32)))

    _on_getresgid = _on_getresuid

    def _on_getrlimit(self, area: Any, resource: int) -> tuple:
        return (resource,), lambda ret: tuple(map(int, area[:16].view(np.uint64)))

    def _on_setrlimit(self, area: Any, resource: int, limits: tuple[int, int]) -> tuple:
        area[:16] = np.array(limits, np.uint64).view(np.uint8)
        return (resource,), self._nothing

    def _on_getgroups(self, area: Any, size: int = 65536) -> tuple:
        return (size,), lambda ret: (ret, area[: 4 * ret].view(np.uint32).tolist() if size else [])

    def _on_setgroups(self, area: Any, groups: list[int]) -> tuple:
        area[: 4 * len(groups)] = np.array([g & 0xFFFFFFFF for g in groups], np.uint32).view(np.uint8)
        return (len(groups),), self._nothing

    def _on_capget(self, area: Any) -> tuple:
        return (), lambda ret: abi.sets_of_caps(*area[:24].view(np.uint64).tolist())

    def _on_capset(self, area: Any, *sets: int) -> tuple:
        area[:24] = np.array(sets, np.uint64).view(np.uint8)
        return (), self._nothing


def _register(address: int) -> int:
    return address - (1 << 64) if address >> 63 else address


def prepare() -> None:
    """Compile the worker, so that no machine waits for it."""
    made = CompiledMachine()
    fastipc.compile(worker, 0, made.boxes, made.areas)
    made.close()
