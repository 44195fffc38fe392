"""fastipc behind the oracle's interface: one kernel, tasks driven by hand, every call submitted or made at once."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import fastipc

from . import abi, memory, paths
from .machine import ASLEEP, CREATING, DIED, NAMING, NOTHING, SLEEPING, Group, Machine, Pending, Task, ready_sets
from .sim_memory import SimMemory
from .sim_signal import SIGNAL_CALLS, SimSignals
from .sim_sysv import SimSysv
from .sim_timer import SimTimers

TIMES = {"atime": "st_atime_ns", "mtime": "st_mtime_ns", "ctime": "st_ctime_ns"}
LONGEST = 4096  # of a path
LARGEST = 1 << 24  # of a buffer that a sys_ form reads into


@functools.cache
def devices() -> tuple[int, int, int]:
    """Return the device numbers of the file system that pipes without a name are on, of /proc, of the root."""
    with fastipc.Kernel() as kernel:
        task = kernel.spawn()
        return task.fstat(task.pipe()[0]).st_dev, task.stat("/proc").st_dev, task.stat("/").st_dev


class SimMachine(SimTimers, SimSignals, SimSysv, SimMemory, Machine):
    """Tasks of a simulated kernel.

    Parameters
    ----------
    verb : {"raise", "sys"}
        Which of the two forms of every call is made: the one that raises, or the one that fills buffers.
    verify : bool
        Check every invariant of the kernel after every step.
    """

    kind = "fastipc"

    def __init__(self, verb: str = "raise", verify: bool = True) -> None:
        super().__init__()
        self.kernel = fastipc.Kernel()
        self.record_handler = self.handler  # one object: the same address in all tasks
        self.verb = verb
        self.verify = verify
        self.pids = {1: "init"}
        self.ended: dict[int, int] = {}  # by pid: when its last call ended
        self.traced = 0
        self.numbers: dict[Task, int] = {}  # what cases know a task by, also when it has ended

    def _spawn(self, uid: int, gid: int, groups: Sequence[int]) -> Any:
        return self.kernel.spawn(uid=uid, gid=gid, groups=tuple(groups))

    def adopt(self, handle: Any) -> Task:
        """Name a new task."""
        task = super().adopt(handle)
        self.pids[handle.pid] = task.name
        self.numbers[task] = handle.pid
        return task

    def _pids(self, handle: Any) -> Sequence[int]:
        return handle.nspid

    def proc_and_disk(self) -> tuple[int, int]:
        """Return the device numbers of /proc and of the root."""
        return devices()[1:]

    def close(self) -> None:
        """End the kernel."""
        self.kernel.verify()
        self.kernel.close()

    # ------------------------------------------------------------------------------------------ rest
    def _settle(self) -> None:
        self.kernel.run(until=self.kernel.now)
        if self.verify:
            self.kernel.verify()

    def _wait(self, pending: Pending) -> None:
        pending.value = self._ended(pending)

    def _alive(self, task: Task) -> bool:
        return task.handle.state not in ("zombie", "dead")

    # ------------------------------------------------------------------------------------------ calls
    def _trace(self, line: str) -> None:
        self.traced += 1
        self.ended[int(line.split(" ")[1])] = self.traced

    def _watch(self) -> None:
        if self.ordered and not self.traced:
            self.traced = 1
            self.kernel.trace(self._trace)

    def _when(self, task: Task) -> int:
        return self.ended.get(self.numbers[task], 0)

    def _start(self, task: Task, name: str, args: tuple, direct: bool) -> Any:
        handle = task.handle
        self._watch()
        seen = self.looks_at(task, name, args)
        if seen is not None:
            return seen
        if name in CREATING:
            verb, args, decode = name, args, self.adopt
        elif name in SIGNAL_CALLS:
            verb, args, decode = self._signal_call(name, args)
        elif name in paths.SHAPES:
            verb, args, decode = self._on_files(name, paths.full(name, args))
        elif name in memory.CALLS:
            verb, args, decode = self.memory_call(name, args)
        elif self.verb == "sys" and name in NOTHING:
            verb, decode = f"sys_{name}", self._nothing
        elif self.verb == "sys" and hasattr(self, f"_sys_{name}") and self._fits(name, args):
            verb, args, decode = getattr(self, f"_sys_{name}")(*args)
        else:
            verb, args, decode = getattr(self, f"_{name}_", lambda *a: (name, a, None))(*args)
        args = tuple(self._plain(arg) for arg in args)
        if name in SLEEPING and not direct:
            return handle.submit(verb, *args), decode, verb
        return (self._value(lambda: getattr(handle, verb)(*args), task, name, decode, verb),)

    @staticmethod
    def _fits(name: str, args: tuple) -> bool:
        return name not in ("read", "pread") or 0 <= args[1] <= LARGEST

    def _on_files(self, name: str, args: tuple) -> tuple:
        args = tuple(self._path(arg) if isinstance(arg, str) else arg for arg in args)
        if self.verb != "sys":
            return name, args, None
        in_bytes = tuple(arg.encode() if isinstance(arg, str) else arg for arg in args)
        return f"sys_{name}", in_bytes, None if name in paths.VALUED else self._nothing

    def _path(self, path: str) -> str:
        return paths.fill(path, lambda name: self.numbers[self.task(name)])

    def _plain(self, arg: Any) -> Any:
        inner = self.viewer is not None and self.viewer.inner
        if isinstance(arg, Task):
            return self.seen(arg) if inner else arg.handle if arg.alive else self.numbers[arg]
        if isinstance(arg, Group):
            return -(self.seen(arg.task) if inner else self.numbers[arg.task])
        return arg

    def _ended(self, pending: Pending) -> Any:
        call, decode, verb = pending.token
        return self._value(call.result, pending.task, pending.name, decode, verb)

    def _value(self, get: Callable, task: Task, name: str, decode: Callable | None, verb: str) -> Any:
        handle = task.handle
        try:
            value = get()
        except OSError as error:
            assert error.errno == handle.errno, f"t.errno is {handle.errno}, not {error.errno}"
            return abi.errno_name(error.errno)
        except (fastipc.TaskExited, fastipc.TaskKilled):
            return DIED
        if name in ("exit", "exit_group"):
            assert value is None
            return DIED
        if name == "execve":
            self.pids[handle.pid] = task.name
            self.numbers[task] = handle.pid
            task.pids = handle.nspid
            return None
        if verb.startswith("sys_") and value < 0:
            assert -value == handle.errno, f"t.errno is {handle.errno}, not {-value}"
            return abi.errno_name(-value)
        if name not in memory.ACCESSES:  # those are no calls
            assert handle.errno == 0, f"t.errno is {handle.errno} after success"
        if name in NAMING:
            return self.name_of(value)
        if decode is not None:
            value = decode(value)
        return value

    def _finished(self, pending: Pending) -> Any:
        call = pending.token[0]
        if len(pending.token) == 1:
            return ASLEEP if call is DIED and self._alive(pending.task) else call
        value = self._ended(pending) if call.done() else DIED
        # The init of a namespace waits at its end.
        return ASLEEP if value is DIED and self._alive(pending.task) else value

    # what is told in another way than by the arguments and the result of the method
    def _fstat_(self, fd: int) -> tuple:
        return "fstat", (fd,), self._stat

    def _stat_(self, path: str) -> tuple:
        return "stat", (self._path(path),), self._record

    def _lstat_(self, path: str) -> tuple:
        return "lstat", (self._path(path),), self._record

    def _times_(self, path: str) -> tuple:
        return "lstat", (self._path(path),), self._moved

    def _ftimes_(self, fd: int) -> tuple:
        return "fstat", (fd,), self._moved

    @staticmethod
    def _fields(st: Any) -> Callable[[str], int]:
        def field(name: str) -> int:
            name = TIMES.get(name, "st_" + name)
            return int(st[name][0] if isinstance(st, np.ndarray) else getattr(st, name))

        return field

    def _record(self, st: Any) -> dict[str, Any]:
        return paths.record(self, self._fields(st))

    def _moved(self, st: Any) -> str:
        return paths.moved(self, self._fields(st))

    def _stat(self, st: Any) -> dict[str, Any]:
        field = self._fields(st)
        if field("dev") != devices()[0] or self.terse:
            return self._record(st)
        return {
            "ino": self.inode(field("dev"), field("ino")),
            **{name: field(name) for name in (*paths.FIELDS, "blksize", "blocks")},
            "equal times": len({field(name) for name in TIMES}) == 1,
        }

    def _readlink_(self, path: str) -> tuple:
        return "readlink", (self._path(path),), lambda text: paths.tell(self, text)

    def _getcwd_(self) -> tuple:
        return "getcwd", (), lambda text: paths.tell(self, text)

    def _wait4_(self, pid: Any = -1, options: int = 0) -> tuple:
        return "wait4", (pid, options), lambda pair: (self.name_of(pair[0]) if pair[0] else 0, pair[1])

    def _waitid_(self, *args: Any) -> tuple:
        def decode(info: Any) -> tuple | None:
            if info is None:
                return None
            assert info.si_errno == 0
            return info.si_signo, info.si_code, self.name_of(info.si_pid), info.si_uid, info.si_status

        return "waitid", args, decode

    def _select_(self, *args: Any) -> tuple:
        return "select", args, lambda sets: tuple(map(sorted, sets))

    def _write_map_(self, fd: int, first: int, lower: int, count: int) -> tuple:
        text = f"{first} {lower} {count}".encode()
        return "sys_write" if self.verb == "sys" else "write", (fd, text), lambda ret: None

    def _read_map_(self, fd: int) -> tuple:
        def decode(text: bytes) -> list[tuple[int, ...]]:
            return [tuple(map(int, line.split())) for line in text.decode().splitlines()]

        return "pread", (fd, 100, 0), decode

    def _readv_(self, fd: int, lengths: list[int]) -> tuple:
        buffers = [bytearray(n) for n in lengths]
        return "readv", (fd, buffers), lambda n: b"".join(buffers)[:n]

    def _select_nfds_(self, nfds: int, r: list[int], w: list[int], x: list[int], timeout: float) -> tuple:
        return self._sys_select(r, w, x, timeout, nfds=nfds)

    def _getgroups_(self, size: int = 65536) -> tuple:
        if size < 65536:  # only the other form is told a size
            return self._sys_getgroups(size)
        return "getgroups", (), lambda groups: (len(groups), groups)

    def _setgroups_(self, groups: list[int]) -> tuple:
        return "setgroups", (groups,), None

    def _capget_(self) -> tuple:
        return "sys_capget", *self._sys_capget()[1:]

    def _capset_(self, *sets: int) -> tuple:
        names = [name for name in dir(fastipc) if name.startswith("CAP_")]
        return "capset", [{n for n in names if s >> getattr(fastipc, n) & 1} for s in sets], None

    # forms with a pointer that cannot be written or read
    def _read_at_(self, fd: int, address: int, n: int) -> tuple:
        return "sys_read" if self.verb == "sys" else "readinto", (fd, fastipc.UserBuffer(address, n)), None

    def _write_at_(self, fd: int, address: int, n: int) -> tuple:
        return "sys_write" if self.verb == "sys" else "write", (fd, fastipc.UserBuffer(address, n)), None

    def _pipe2_at_(self, address: int, flags: int) -> tuple:
        return "sys_pipe2", (fastipc.UserBuffer(address, 8), flags), None

    # ------------------------------------------------------------------------------------------ the sys_ forms
    def _sys_getgroups(self, size: int = 65536) -> tuple:
        groups = np.zeros(size, np.uint32)
        return "sys_getgroups", (groups,), lambda ret: (ret, groups[:ret].tolist())

    def _sys_setgroups(self, groups: list[int]) -> tuple:
        return "sys_setgroups", (np.array([g & 0xFFFFFFFF for g in groups], np.uint32),), self._nothing

    def _sys_capget(self) -> tuple:
        sets = np.zeros(3, np.uint64)
        return "sys_capget", (sets,), lambda ret: abi.sets_of_caps(*sets.tolist())

    def _sys_capset(self, *sets: int) -> tuple:
        return "sys_capset", (np.array(sets, np.uint64),), self._nothing

    def _sys_read(self, fd: int, n: int) -> tuple:
        buffer = bytearray(n)
        return "sys_read", (fd, buffer), lambda got: bytes(buffer[:got])

    def _sys_write(self, fd: int, data: bytes) -> tuple:
        return "sys_write", (fd, np.frombuffer(data, np.uint8)), None

    def _sys_readv(self, fd: int, lengths: list[int]) -> tuple:
        buffers = [bytearray(n) for n in lengths]
        return "sys_readv", (fd, buffers), lambda n: b"".join(buffers)[:n]

    def _sys_writev(self, fd: int, parts: list[bytes]) -> tuple:
        return "sys_writev", (fd, parts), None

    def _sys_pwrite(self, fd: int, data: bytes, offset: int) -> tuple:
        return "sys_pwrite", (fd, data, offset), None

    def _sys_pipe(self) -> tuple:
        fds = np.zeros(2, np.int32)
        return "sys_pipe", (fds,), lambda ret: tuple(map(int, fds))

    def _sys_pipe2(self, flags: int = 0) -> tuple:
        fds = np.zeros(2, np.int32)
        return "sys_pipe2", (fds, flags), lambda ret: tuple(map(int, fds))

    def _sys_close(self, fd: int) -> tuple:
        return "sys_close", (fd,), self._nothing

    @staticmethod
    def _nothing(ret: int) -> None:
        assert ret == 0

    def _sys_dup(self, fd: int) -> tuple:
        return "sys_dup", (fd,), None

    def _sys_dup2(self, old: int, new: int) -> tuple:
        return "sys_dup2", (old, new), None

    def _sys_dup3(self, old: int, new: int, flags: int) -> tuple:
        return "sys_dup3", (old, new, flags), None

    def _sys_fcntl(self, fd: int, cmd: int, arg: int = 0) -> tuple:
        return "sys_fcntl", (fd, cmd, arg), None

    def _sys_lseek(self, fd: int, offset: int, whence: int) -> tuple:
        return "sys_lseek", (fd, offset, whence), None

    @staticmethod
    def _into_stat(verb: str, of: Any, decode: Callable) -> tuple:
        row = np.zeros(1, fastipc.STAT)
        return verb, (of, row), lambda ret: decode(row)

    def _sys_fstat(self, fd: int) -> tuple:
        return self._into_stat("sys_fstat", fd, self._stat)

    def _sys_stat(self, path: str) -> tuple:
        return self._into_stat("sys_stat", self._path(path).encode(), self._record)

    def _sys_lstat(self, path: str) -> tuple:
        return self._into_stat("sys_lstat", self._path(path).encode(), self._record)

    def _sys_times(self, path: str) -> tuple:
        return self._into_stat("sys_lstat", self._path(path).encode(), self._moved)

    def _sys_ftimes(self, fd: int) -> tuple:
        return self._into_stat("sys_fstat", fd, self._moved)

    def _sys_readlink(self, path: str) -> tuple:
        buffer = bytearray(LONGEST)
        return "sys_readlink", (self._path(path).encode(), buffer), lambda n: paths.tell(self, buffer[:n].decode())

    def _sys_getcwd(self) -> tuple:
        buffer = bytearray(LONGEST)
        return "sys_getcwd", (buffer,), lambda n: paths.tell(self, buffer[: n - 1].decode())

    def _sys_pread(self, fd: int, n: int, offset: int) -> tuple:
        buffer = bytearray(n)
        return "sys_pread", (fd, buffer, offset), lambda got: bytes(buffer[:got])

    def _sys_poll(self, fds: list[tuple[int, int]], timeout_ms: int = -1) -> tuple:
        rows = np.zeros(len(fds), fastipc.POLLFD)
        if fds:
            rows["fd"], rows["events"] = zip(*fds, strict=True)

        def decode(ret: int) -> list[tuple[int, int]]:
            ready = [(int(row["fd"]), int(row["revents"])) for row in rows if row["revents"]]
            assert len(ready) == ret
            return ready

        return "sys_poll", (rows, timeout_ms), decode

    def _sys_select(
        self, r: list[int], w: list[int], x: list[int], timeout: float | None = None, nfds: int | None = None
    ) -> tuple:
        if nfds is None:
            nfds = max([-1, *r, *w, *x]) + 1
        sets = [bytearray(sum(1 << fd for fd in set(fds)).to_bytes(128, "little")) for fds in (r, w, x)]

        def decode(ret: int) -> tuple[list[int], ...]:
            return ready_sets(sets, nfds, ret)

        return "sys_select", (nfds, *sets, timeout), decode

    def _sys_wait4(self, pid: Any = -1, options: int = 0) -> tuple:
        status = np.zeros(1, np.int32)
        return "sys_wait4", (pid, status, options), lambda ret: (self.name_of(ret) if ret else 0, int(status[0]))

    def _sys_waitid(self, idtype: int, number: Any, options: int) -> tuple:
        row = np.full(1, -1, fastipc.SIGINFO)
        return "sys_waitid", (idtype, number, row, options), lambda ret: self._siginfo(row)

    def _siginfo(self, row: Any) -> tuple | None:
        names = ("si_signo", "si_code", "si_pid", "si_uid", "si_status")
        signo, code, pid, uid, status = (int(row[name][0]) for name in names)
        assert row["si_errno"][0] == 0
        return (signo, code, self.name_of(pid), uid, status) if signo or pid else None

    def _sys_getrlimit(self, resource: int) -> tuple:
        limits = (ctypes.c_uint64 * 2)()
        return "sys_getrlimit", (resource, limits), lambda ret: tuple(limits)

    def _sys_setrlimit(self, resource: int, limits: tuple[int, int]) -> tuple:
        return "sys_setrlimit", (resource, np.array(limits, np.uint64)), self._nothing
