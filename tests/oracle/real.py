"""The real kernel behind the oracle's interface: processes and threads of `worker.c`, driven through shared memory.

All workers run on one processor with real-time priority, first in first out, and so does this process without it: when
this code runs, every worker sleeps or has ended. So the machine is at rest without any waiting, and the order of
events is the order of the run queue, as on fastipc. Where the host grants no real-time priority, rest is read from
/proc: every worker was seen asleep twice and none ran in between.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import mmap
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import abi, paths
from .machine import ASLEEP, CREATING, DIED, IDS, NAMING, NOTHING, Group, Machine, Pending, Task, ready_sets
from .real_memory import RealMemory
from .real_signal import JOURNAL, RealSignals
from .real_sysv import RealSysv
from .real_timer import RealTimers
from .root import Root

NSLOTS = 256
BASE, SLOTS, SLOT, DATA, AREA = 0x100000000000, 4096, 128, 1 << 20, 2 << 20
IDLE, REQUEST, RUNNING, DONE, END = 1, 2, 3, 4, 5
DO_CLONE, DO_EXEC, DO_SPAWN = -1, -2, -3
FUTEX_WAIT, FUTEX_WAKE = 0, 1
PRIORITY = 10
PATIENCE = 20.0  # seconds until a worker that does not come to rest is an error

NR = {
    "read": 0, "write": 1, "open": 2, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7, "lseek": 8,
    "rt_sigaction": 13, "ioctl": 16, "pread": 17, "pwrite": 18, "readv": 19, "writev": 20, "access": 21, "pipe": 22,
    "select": 23, "sched_yield": 24, "dup": 32, "dup2": 33, "nanosleep": 35, "getpid": 39, "exit": 60, "wait4": 61,
    "fcntl": 72, "fsync": 74, "truncate": 76, "ftruncate": 77, "getcwd": 79, "chdir": 80, "fchdir": 81, "rename": 82,
    "mkdir": 83, "rmdir": 84, "link": 86, "unlink": 87, "symlink": 88, "readlink": 89, "chmod": 90, "fchmod": 91,
    "chown": 92, "fchown": 93, "lchown": 94, "umask": 95, "getrlimit": 97, "getuid": 102, "getgid": 104, "setuid": 105,
    "setgid": 106, "geteuid": 107, "getegid": 108, "setpgid": 109, "getppid": 110, "setsid": 112, "setreuid": 113,
    "setregid": 114, "getgroups": 115, "setgroups": 116, "setresuid": 117, "getresuid": 118, "setresgid": 119,
    "getresgid": 120, "getpgid": 121, "setfsuid": 122, "setfsgid": 123, "getsid": 124, "capget": 125, "capset": 126,
    "mknod": 133, "prctl": 157, "setrlimit": 160, "mount": 165, "gettid": 186, "futex": 202, "exit_group": 231,
    "waitid": 247, "openat": 257, "mknodat": 259, "unshare": 272, "fallocate": 285, "dup3": 292, "pipe2": 293,
}  # fmt: skip
STAT_WORDS = (
    "dev", "ino", "nlink", "mode", "uid", "gid", "pad", "rdev", "size", "blksize", "blocks",
    "atime", "atime_ns", "mtime", "mtime_ns", "ctime", "ctime_ns",
)  # fmt: skip
MASK = 2**64 - 1
CORE, CLD_KILLED, CLD_DUMPED = 0x80, 2, 3  # of a wait status: whether there was a core dump is the host's choice

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long


def _long(value: int) -> int:
    """Return the number that a register holds, as a signed 64-bit one."""
    value &= MASK
    return value - 2**64 if value >> 63 else value


class Slot:
    """Where one worker takes its calls from."""

    def __init__(self, host: Host, index: int) -> None:
        self.host = host
        self.index = index
        at = SLOTS + index * SLOT
        self.state = ctypes.c_int32.from_buffer(host.memory, at)
        self.tid_word = ctypes.c_int32.from_buffer(host.memory, at + 4)
        self.request = (ctypes.c_int64 * 8).from_buffer(host.memory, at + 8)  # nr, six arguments, result
        self.fault = (ctypes.c_int64 * 3).from_buffer(host.memory, at + 72)  # signal, code and address of the last one
        self.order = ctypes.c_int64.from_buffer(host.memory, at + 96)  # when its last call ended, among all
        self.offset = DATA + index * AREA  # of its data, here
        self.address = BASE + self.offset  # of its data, there
        self.word = ctypes.addressof(self.state)
        self.number = 0  # what cases know the worker by, also when it has ended

    @property
    def tid(self) -> int:
        """The worker's thread id."""
        return self.tid_word.value

    def send(self, nr: int, *args: int) -> None:
        """Let the worker make a call."""
        request = self.request
        request[0] = nr
        for i, arg in enumerate(args):
            request[1 + i] = _long(arg)
        for i in range(len(args), 6):
            request[1 + i] = 0
        self.wake(REQUEST)

    def wake(self, state: int) -> None:
        """Set the state and let the worker see it."""
        self.state.value = state
        _syscall(NR["futex"], ctypes.c_void_p(self.word), FUTEX_WAKE, 1, None)

    @property
    def ret(self) -> int:
        """The result of the last call."""
        return self.request[7]

    def put(self, data: bytes, at: int = 0) -> int:
        """Place bytes in the worker's data; return their address there."""
        memory = self.host.memory
        memory[self.offset + at : self.offset + at + len(data)] = data
        return self.address + at

    def get(self, n: int, at: int = 0) -> bytes:
        """Return bytes of the worker's data."""
        return self.host.memory[self.offset + at : self.offset + at + n]


def task_state(tid: int) -> str:
    """Return the letter of a task's state in /proc, ``X`` if there is no such task."""
    try:
        fd = os.open(f"/proc/{tid}/stat", os.O_RDONLY)
    except OSError:
        return "X"
    try:
        line = os.read(fd, 512)
    except ProcessLookupError:
        return "X"
    finally:
        os.close(fd)
    return chr(line[line.rindex(b")") + 2])


def times_run(tid: int) -> bytes:
    """Return how often a task was put on a processor."""
    try:
        with open(f"/proc/{tid}/schedstat", "rb") as f:
            return f.read().split()[2]
    except (OSError, IndexError):
        return b""


@functools.cache
def pipes() -> int:
    """Return the device number of the file system that pipes without a name are on."""
    r, w = os.pipe()
    try:
        return os.fstat(r).st_dev
    finally:
        os.close(r)
        os.close(w)


class Host:
    """The supervisor process: it starts first tasks and becomes the parent of orphans. One serves many machines."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.directory = Path(tempfile.mkdtemp(prefix="oracle-"))
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # no disk: a worker must not wait for one
        descriptor, shared = tempfile.mkstemp(prefix="oracle-", dir=memory)
        self.shared = Path(shared)
        try:
            self._start(descriptor)
        except BaseException:
            self._remove()
            raise

    def _start(self, descriptor: int) -> None:
        with open(descriptor, "w+b") as f:
            f.truncate(DATA + NSLOTS * AREA)
            self.memory = mmap.mmap(f.fileno(), DATA + NSLOTS * AREA)
        self.directory.chmod(0o755)
        self.shared.chmod(0o666)
        worker = self._compile()
        for at, path in ((8, worker), (264, self.shared)):  # header_t
            self._tell(at, path)
        self.slots = [Slot(self, i) for i in range(NSLOTS)]
        self.cpus = os.sched_getaffinity(0)
        self.cpu = max(self.cpus)
        self.strangers = 100 * self.pid  # added to the users of cases, so that two hosts do not share their limits
        self.process = subprocess.Popen(
            [worker, self.shared, "supervisor", str(self.cpu), str(PRIORITY), str(self.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is not for it: it has to end the tasks
        )  # fmt: skip
        limit = time.monotonic() + PATIENCE
        while self.slots[0].state.value != IDLE:
            if self.process.poll() is not None or time.monotonic() > limit:
                self.process.kill()
                self.process.wait()
                raise RuntimeError("the supervisor did not start")
            time.sleep(0.0005)
        self.realtime = self.memory[4] == 2
        self.root: Root | None = None
        self.rootless = ""
        try:
            self.root = Root(self.supervise, self.shared, self.process.pid)
            self._tell(520, self.root.outside)
        except OSError as error:
            self.rootless = f"the real side has no file tree of its own: {error}"

    def tell_root(self, own: bool) -> None:
        """Let tasks start in the file tree of this host's, or in that of the system."""
        self.memory[520] = 0
        if own and self.root is not None:
            self._tell(520, self.root.outside)

    def _tell(self, at: int, path: Path) -> None:
        self.memory[at : at + len(bytes(path))] = bytes(path)

    def supervise(self, name: str, *args: int | str) -> None:
        """Let the supervisor make a call; raise OSError."""
        supervisor, numbers = self.slots[0], []
        for i, arg in enumerate(args):
            numbers.append(supervisor.put(arg.encode() + b"\0", i * 512) if isinstance(arg, str) else arg)
        supervisor.send(NR[name], *numbers)
        limit = time.monotonic() + PATIENCE
        while supervisor.state.value != DONE:
            if time.monotonic() > limit:
                raise RuntimeError("the supervisor does not answer")
            time.sleep(0.0001)
        if supervisor.ret < 0:
            raise OSError(-supervisor.ret, f"{name}{args}")

    def _compile(self) -> Path:
        source = Path(__file__).with_name("worker.c")
        worker = self.directory / "worker"
        command = [os.environ.get("CC", "cc"), "-O1", "-nostdlib", "-static", "-fno-stack-protector", "-fno-builtin"]
        subprocess.run([*command, "-o", worker, source], check=True, capture_output=True)
        worker.chmod(0o755)
        return worker

    def close(self) -> None:
        """End the supervisor, with all tasks that may be left, and remove its files."""
        if self.pid == os.getpid():
            self.slots[0].wake(END)
            self.process.wait()
            self._remove()

    def _remove(self) -> None:
        if getattr(self, "root", None) is not None:
            self.root.remove()
        shutil.rmtree(self.directory, ignore_errors=True)
        self.shared.unlink(missing_ok=True)


_host: Host | None = None


def host() -> Host:
    """Return the supervisor of this process, started at the first use."""
    global _host
    if _host is None or _host.pid != os.getpid() or _host.process.poll() is not None:
        _host = Host()
        atexit.register(_host.close)
    return _host


@functools.cache
def missing() -> str:
    """Return why the real side cannot run here, or an empty string."""
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64":
        return "the real side needs Linux on x86-64"
    if os.geteuid() != 0:
        return "the real side needs root to be several users"
    try:
        host()
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        return f"the real side does not start: {error}"
    return ""


def rootless() -> str:
    """Return why tasks have no file tree of their own here, or an empty string."""
    return missing() or host().rootless


def disorderly() -> str:
    """Return why the order of wake-ups is open here, so that random programs cannot be compared, or nothing."""
    return missing() or ("" if host().realtime else "no real-time priority: the order of wake-ups is open")


class RealMachine(RealTimers, RealSignals, RealSysv, RealMemory, Machine):
    """Tasks on the real kernel."""

    kind = "real"

    def __init__(self) -> None:
        super().__init__()
        self.host = host()
        self.used = 1  # slot 0 is the supervisor's
        self.pids = {1: "init", self.host.process.pid: "init"}
        (self.told,) = struct.unpack_from("Q", self.host.memory, JOURNAL)
        self.host.supervise("unshare", abi.CLONE_NEWIPC)  # ids start at 0
        self.host.tell_root(True)
        os.sched_setaffinity(0, {self.host.cpu})

    # ------------------------------------------------------------------------------------------ life of the machine
    def _slot(self) -> Slot:
        slot = self.host.slots[self.used]
        self.used += 1
        slot.state.value = 0
        slot.fault[0] = 0
        return slot

    def _spawn(self, uid: int, gid: int, groups: Sequence[int]) -> Slot:
        slot, supervisor = self._slot(), self.host.slots[0]
        where = supervisor.put(struct.pack(f"{len(groups)}I", *map(self._stranger, groups)))
        supervisor.send(DO_SPAWN, slot.index, self._stranger(uid), self._stranger(gid), len(groups), where)
        self._until(lambda: supervisor.state.value == DONE and slot.state.value == IDLE)
        return slot

    def adopt(self, handle: Slot) -> Task:
        """Name a new task."""
        task = super().adopt(handle)
        self.pids[handle.tid] = task.name
        handle.number = handle.tid
        return task

    def host_root(self) -> None:
        """Let the tasks that are made from now on have the host's root."""
        self.host.tell_root(False)

    def _pids(self, handle: Slot) -> Sequence[int]:
        with open(f"/proc/{handle.tid}/status") as f:
            return next([int(n) for n in line.split()[1:]] for line in f if line.startswith("NSpid:"))

    def proc_and_disk(self) -> tuple[int, int]:
        """Return the device numbers of /proc and of the root."""
        return self.host.root.proc_and_disk if self.host.root else (0, 0)

    def close(self) -> None:
        """End all tasks; none is left when this returns."""
        tids = [slot.tid for slot in self.host.slots[1 : self.used]]
        for tid in tids:
            if tid and task_state(tid) not in "XZ":
                _syscall(200, tid, 9)  # tkill
        self._until(lambda: all(task_state(tid) == "X" for tid in tids))
        os.sched_setaffinity(0, self.host.cpus)
        if self.host.root is not None:
            self.host.root.clean()

    # ------------------------------------------------------------------------------------------ rest
    def _until(self, condition: Callable[[], bool]) -> None:
        limit = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > limit:
                raise RuntimeError("the real side does not come to rest:\n" + self._describe())
            time.sleep(0.0001)

    def _describe(self) -> str:
        return "\n".join(
            f"{t.name} tid={t.handle.tid} slot state={t.handle.state.value} {task_state(t.handle.tid)}"
            f" in {t.pending.text if t.pending else 'user code'}"
            for t in self.tasks
        )

    def _at_rest(self) -> bool:
        if self.host.realtime:
            busy = [task for task in self.tasks if task.pending]
            if not all(map(self._resting, busy)):
                return False
            if all(map(self._alive, busy)):
                return True
            return all(task_state(task.handle.tid) in "STZX" for task in self.tasks)  # all that die with it have died
        before = []
        for task in self.tasks:
            if task.alive and task.handle.state.value == REQUEST:
                return False
            before.append((task_state(task.handle.tid), times_run(task.handle.tid)))
            if before[-1][0] not in "STZX":
                return False
        return before == [(task_state(task.handle.tid), times_run(task.handle.tid)) for task in self.tasks]

    def _resting(self, task: Task) -> bool:
        state = task.handle.state.value
        if state in (DONE, IDLE):
            return True
        return task_state(task.handle.tid) in ("STZX" if state == RUNNING else "TZX")

    def _settle(self) -> None:
        if not self._at_rest():
            self._until(self._at_rest)
        for task in self.tasks:
            if task.pending and task.pending.name == "execve" and task.handle.state.value == DONE:
                for other in self.tasks:  # a thread takes the number of its leader, which is no more
                    if other is not task and other.handle.tid == task.handle.tid:
                        other.handle.tid_word.value = 0

    def _wait(self, pending: Pending) -> None:
        self._until(lambda: self._finished(pending) is not ASLEEP)

    def _alive(self, task: Task) -> bool:
        return task_state(task.handle.tid) not in "ZX"

    # ------------------------------------------------------------------------------------------ calls
    def _start(self, task: Task, name: str, args: tuple, direct: bool) -> Any:
        slot: Slot = task.handle
        if name in CREATING:
            flags = {"fork": abi.SIGCHLD, "thread": abi.THREAD}[name] if name != "clone" else args[0]
            child = self._slot()
            slot.send(DO_CLONE, flags, child.index)
            return child
        if name == "execve":
            slot.send(DO_EXEC)
            return None
        if name in paths.SHAPES:
            return self._on_files(slot, *paths.raw(name, paths.full(name, args)))
        if name.startswith(("setuid", "setgid", "setre", "setfs")):
            args = tuple(map(self._id, args))
        marshal = getattr(self, f"_{name}_", None)
        if marshal is None:
            slot.send(NR[name], *(self._number(arg) for arg in args))
            return None
        return marshal(slot, *args)

    def _number(self, arg: Any) -> int:
        inner = self.viewer is not None and self.viewer.inner
        if isinstance(arg, Task):
            return self.seen(arg) if inner else arg.handle.number
        if isinstance(arg, Group):
            return -(self.seen(arg.task) if inner else arg.task.handle.number)
        return int(arg)

    def _stranger(self, number: int) -> int:
        return number + self.host.strangers if 0 < number < 65536 and not self._mapped() else number

    def _id(self, number: int) -> int:
        # Users and groups of cases are not those of the host.
        return number + self.host.strangers if 0 < number < 1 << 31 and not self._mapped() else number

    def _mapped(self) -> bool:
        return self.viewer is not None and self.viewer.mapped

    def _user(self, number: int) -> int:
        known = self.host.strangers < number <= self.host.strangers + 65536
        return number - self.host.strangers if known and not self._mapped() else number

    def _path(self, path: str) -> bytes:
        return paths.fill(path, lambda name: self.task(name).handle.number).encode() + b"\0"

    def _when(self, task: Task) -> int:
        return task.handle.order.value

    def _finished(self, pending: Pending) -> Any:
        slot: Slot = pending.task.handle
        if slot.state.value != DONE:
            return DIED if task_state(slot.tid) in "ZX" else ASLEEP
        ret = slot.ret
        if -4096 < ret < 0:
            if pending.name in CREATING:
                self.used -= 1
            return abi.errno_name(-ret)
        name = pending.name
        if name in CREATING:
            self._until(lambda: pending.token.state.value == IDLE)
            return self.adopt(pending.token)
        if name == "execve":
            self.pids[slot.tid] = pending.task.name
            slot.number = slot.tid
            pending.task.pids = self._pids(slot)
            return None
        if name in NAMING:
            return self.name_of(ret)
        if name in IDS:
            return self._user(ret)
        if name in NOTHING:
            return None
        decode = pending.token
        if decode is not None:
            return decode(ret)
        return None if name in ("close", "sched_yield", "exit", "exit_group") else ret

    # each of these places the arguments of one call, sends it, and returns what makes a value of its result
    def _read_(self, slot: Slot, fd: int, n: int) -> Callable:
        slot.send(NR["read"], fd, slot.address, n)
        return slot.get

    def _write_(self, slot: Slot, fd: int, data: bytes) -> None:
        slot.send(NR["write"], fd, slot.put(data), len(data))

    def _write_map_(self, slot: Slot, fd: int, first: int, lower: int, count: int) -> Callable:
        lower += self.host.strangers if 1000 <= lower < 65536 else 0
        text = f"{first} {lower} {count}".encode()
        slot.send(NR["write"], fd, slot.put(text), len(text))
        return lambda ret: None

    def _read_map_(self, slot: Slot, fd: int) -> Callable:
        slot.send(NR["pread"], fd, slot.address, 100, 0)

        def decode(n: int) -> list[tuple[int, int, int]]:
            lines = [list(map(int, line.split())) for line in slot.get(n).decode().splitlines()]
            known = range(self.host.strangers + 1, self.host.strangers + 65536)
            return [(a, b - self.host.strangers if b in known else b, n) for a, b, n in lines]

        return decode

    def _pread_(self, slot: Slot, fd: int, n: int, offset: int) -> Callable:
        slot.send(NR["pread"], fd, slot.address, n, offset)
        return slot.get

    def _pwrite_(self, slot: Slot, fd: int, data: bytes, offset: int) -> None:
        slot.send(NR["pwrite"], fd, slot.put(data), len(data), offset)

    def _vector(self, slot: Slot, lengths: list[int]) -> tuple[int, int]:
        at, rows = 65536, []
        for n in lengths:
            rows.append(struct.pack("QQ", slot.address + at, n))
            at += n
        return slot.put(b"".join(rows)), len(rows)

    def _readv_(self, slot: Slot, fd: int, lengths: list[int]) -> Callable:
        slot.send(NR["readv"], fd, *self._vector(slot, lengths))
        return lambda n: slot.get(n, 65536)

    def _writev_(self, slot: Slot, fd: int, parts: list[bytes]) -> None:
        slot.put(b"".join(parts), 65536)
        slot.send(NR["writev"], fd, *self._vector(slot, [len(p) for p in parts]))

    def _pipe_(self, slot: Slot) -> Callable:
        slot.send(NR["pipe"], slot.address)
        return lambda ret: struct.unpack("ii", slot.get(8))

    def _pipe2_(self, slot: Slot, flags: int = 0) -> Callable:
        slot.send(NR["pipe2"], slot.address, flags)
        return lambda ret: struct.unpack("ii", slot.get(8))

    def _fcntl_(self, slot: Slot, fd: int, cmd: int, arg: int = 0) -> None:
        slot.send(NR["fcntl"], fd, cmd, arg)

    def _ioctl_(self, slot: Slot, fd: int, request: int, arg: int = 0) -> Callable:
        slot.send(NR["ioctl"], fd, request, slot.put(struct.pack("i", arg)))
        return lambda ret: struct.unpack("i", slot.get(4))[0] if request == abi.FIONREAD else ret

    def _lseek_(self, slot: Slot, fd: int, offset: int, whence: int) -> None:
        slot.send(NR["lseek"], fd, offset, whence)

    def _on_files(self, slot: Slot, name: str, args: tuple) -> Callable | None:
        numbers = []
        for i, (kind, arg) in enumerate(zip(paths.SHAPES[name], args, strict=True)):
            if kind == "p":
                numbers.append(slot.put(self._path(arg), i * 16384))
            else:
                numbers.append(self._stranger(arg) if kind == "u" else arg)
        slot.send(NR[name], *numbers)
        return None if name in paths.VALUED else lambda ret: None

    def _readlink_(self, slot: Slot, path: str) -> Callable:
        slot.send(NR["readlink"], slot.put(self._path(path)), slot.address + 16384, 4096)
        return lambda n: paths.tell(self, os.fsdecode(slot.get(n, 16384)))

    def _getcwd_(self, slot: Slot) -> Callable:
        slot.send(NR["getcwd"], slot.address, 4096)
        return lambda n: paths.tell(self, os.fsdecode(slot.get(n - 1)))

    def _looked(self, slot: Slot, name: str, of: int | str) -> Callable[[], dict[str, int]]:
        slot.send(NR[name], slot.put(self._path(of)) if isinstance(of, str) else of, slot.address + 16384)

        def fields() -> dict[str, int]:
            words = struct.unpack("QQQIIIIQqqqqqqqqq", slot.get(120, 16384))
            found = dict(zip(STAT_WORDS, words, strict=True))
            for name in ("atime", "mtime", "ctime"):
                found[name] = found[name] * 10**9 + found[name + "_ns"]
            return found | {"uid": self._user(found["uid"]), "gid": self._user(found["gid"])}

        return fields

    def _stat_(self, slot: Slot, path: str) -> Callable:
        fields = self._looked(slot, "stat", path)
        return lambda ret: paths.record(self, fields().__getitem__)

    def _lstat_(self, slot: Slot, path: str) -> Callable:
        fields = self._looked(slot, "lstat", path)
        return lambda ret: paths.record(self, fields().__getitem__)

    def _times_(self, slot: Slot, path: str) -> Callable:
        fields = self._looked(slot, "lstat", path)
        return lambda ret: paths.moved(self, fields().__getitem__)

    def _ftimes_(self, slot: Slot, fd: int) -> Callable:
        fields = self._looked(slot, "fstat", fd)
        return lambda ret: paths.moved(self, fields().__getitem__)

    def _fstat_(self, slot: Slot, fd: int) -> Callable:
        fields = self._looked(slot, "fstat", fd)

        def decode(ret: int) -> dict[str, Any]:
            found = fields()
            if found["dev"] != pipes() or self.terse:
                return paths.record(self, found.__getitem__)
            return {
                "ino": self.inode(found["dev"], found["ino"]),
                **{name: found[name] for name in (*paths.FIELDS, "blksize", "blocks")},
                "equal times": found["atime"] == found["mtime"] == found["ctime"],
            }

        return decode

    def _poll_(self, slot: Slot, fds: list[tuple[int, int]], timeout_ms: int = -1) -> Callable:
        decode = self._poll_rows(slot, fds)
        slot.send(NR["poll"], slot.address, len(fds), timeout_ms)
        return decode

    def _poll_rows(self, slot: Slot, fds: list[tuple[int, int]]) -> Callable:
        slot.put(b"".join(struct.pack("ihh", fd, events, 0) for fd, events in fds))

        def decode(ret: int) -> list[tuple[int, int]]:
            rows = struct.iter_unpack("ihH", slot.get(8 * len(fds)))
            ready = [(fd, revents) for fd, _, revents in rows if revents]
            assert len(ready) == ret
            return ready

        return decode

    def _select_(self, slot: Slot, r: list[int], w: list[int], x: list[int], timeout: float | None = None) -> Callable:
        nfds = max([-1, *r, *w, *x]) + 1
        return self._select_sets(slot, nfds, (r, w, x), timeout)

    def _select_sets(self, slot: Slot, nfds: int, sets: tuple, timeout: float | None) -> Callable:
        pointers, decode = self._place_sets(slot, nfds, sets)
        when = 0
        if timeout is not None:
            when = slot.put(struct.pack("qq", int(timeout), round((timeout - int(timeout)) * 1e6)), 512)
        slot.send(NR["select"], nfds, *pointers, when)
        return decode

    def _place_sets(self, slot: Slot, nfds: int, sets: tuple) -> tuple[list[int], Callable]:
        pointers = []
        for i, fds in enumerate(sets):
            bits = sum(1 << fd for fd in set(fds))
            pointers.append(slot.put(bits.to_bytes(128, "little"), i * 128))

        def decode(ret: int) -> tuple[list[int], ...]:
            return ready_sets([slot.get(128, i * 128) for i in range(3)], nfds, ret)

        return pointers, decode

    def _select_nfds_(
        self, slot: Slot, nfds: int, r: list[int], w: list[int], x: list[int], timeout: float
    ) -> Callable:
        return self._select_sets(slot, nfds, (r, w, x), timeout)

    def _wait4_(self, slot: Slot, pid: Any = -1, options: int = 0) -> Callable:
        slot.send(NR["wait4"], self._number(pid), slot.put(b"\0\0\0\0"), options, 0)

        def decode(ret: int) -> tuple[str | int, int]:
            (status,) = struct.unpack("i", slot.get(4))
            return (self.name_of(ret) if ret else 0, status & ~CORE if status & 0x7F not in (0, 0x7F) else status)

        return decode

    def _waitid_(self, slot: Slot, idtype: int, number: Any, options: int) -> Callable:
        slot.send(NR["waitid"], idtype, self._number(number), slot.put(b"\xff" * 128), options, 0)

        def decode(ret: int) -> tuple | None:
            signo, error, code, _, pid, uid, status = struct.unpack("iiiiiIi", slot.get(28))
            assert error == 0
            if code == CLD_DUMPED:
                code, status = CLD_KILLED, status & ~CORE
            return (signo, code, self.name_of(pid), self._user(uid), status) if signo or pid else None

        return decode

    def _exit_(self, slot: Slot, status: int = 0) -> None:
        slot.send(NR["exit"], status)

    def _exit_group_(self, slot: Slot, status: int = 0) -> None:
        slot.send(NR["exit_group"], status)

    def _nanosleep_(self, slot: Slot, seconds: float) -> Callable:
        ns = round(seconds * 1e9)
        slot.send(NR["nanosleep"], slot.put(struct.pack("qq", ns // 10**9, ns % 10**9)), 0)
        return lambda ret: None

    def _signal_(self, slot: Slot, sig: int, handler: int) -> Callable:
        new = slot.put(struct.pack("QQQQ", handler, 0, 0, 0))
        slot.send(NR["rt_sigaction"], sig, new, slot.address + 64, 8)
        return lambda ret: struct.unpack("Q", slot.get(8, 64))[0]

    def _getrlimit_(self, slot: Slot, resource: int) -> Callable:
        slot.send(NR["getrlimit"], resource, slot.address)
        return lambda ret: struct.unpack("QQ", slot.get(16))

    def _setrlimit_(self, slot: Slot, resource: int, limits: tuple[int, int]) -> Callable:
        slot.send(NR["setrlimit"], resource, slot.put(struct.pack("QQ", *limits)))
        return lambda ret: None

    def _triple(self, slot: Slot, name: str) -> Callable:
        slot.send(NR[name], slot.address, slot.address + 4, slot.address + 8)
        return lambda ret: tuple(self._user(number) for number in struct.unpack("III", slot.get(12)))

    def _getresuid_(self, slot: Slot) -> Callable:
        return self._triple(slot, "getresuid")

    def _getresgid_(self, slot: Slot) -> Callable:
        return self._triple(slot, "getresgid")

    def _getgroups_(self, slot: Slot, size: int = 65536) -> Callable:
        slot.send(NR["getgroups"], size, slot.address)

        def decode(ret: int) -> tuple[int, list[int]]:
            return ret, [self._user(gid) for (gid,) in struct.iter_unpack("I", slot.get(4 * ret))] if size else []

        return decode

    def _setgroups_(self, slot: Slot, groups: list[int]) -> Callable:
        data = b"".join(struct.pack("I", self._id(gid) & 0xFFFFFFFF) for gid in groups)
        slot.send(NR["setgroups"], len(groups), slot.put(data))
        return lambda ret: None

    CAP_HEADER = struct.pack("Ii", 0x20080522, 0)

    def _capget_(self, slot: Slot) -> Callable:
        slot.send(NR["capget"], slot.put(self.CAP_HEADER, 64), slot.address)

        def decode(ret: int) -> tuple[str, ...]:
            low, high = struct.unpack("III", slot.get(12)), struct.unpack("III", slot.get(12, 12))
            return abi.sets_of_caps(*(a | b << 32 for a, b in zip(low, high, strict=True)))

        return decode

    def _capset_(self, slot: Slot, *sets: int) -> Callable:
        data = struct.pack("6I", *(s & 0xFFFFFFFF for s in sets), *(s >> 32 for s in sets))
        slot.send(NR["capset"], slot.put(self.CAP_HEADER, 64), slot.put(data))
        return lambda ret: None

    # forms with a user pointer that cannot be written or read
    def _read_at_(self, slot: Slot, fd: int, address: int, n: int) -> None:
        slot.send(NR["read"], fd, address, n)

    def _write_at_(self, slot: Slot, fd: int, address: int, n: int) -> None:
        slot.send(NR["write"], fd, address, n)

    def _pipe2_at_(self, slot: Slot, address: int, flags: int) -> None:
        slot.send(NR["pipe2"], address, flags)
