"""The table of system calls: name, number, what its arguments are. Counters, traces and compiled programs read it."""

from __future__ import annotations

import re
from typing import NamedTuple

from fastipc._core import abi


class Syscall(NamedTuple):
    """One system call: how a trace prints it.

    ``args``: one letter an argument of the record: d integer, x flags in hex, o in octal, b the bytes moved,
    n seconds from ns, p the pair of descriptors it returns, w the wait status it returns, - not printed.
    """

    name: str
    args: str


TABLE: dict[int, Syscall] = {
    abi.NR_read: Syscall("read", "dbd"),
    abi.NR_write: Syscall("write", "dbd"),
    abi.NR_close: Syscall("close", "d"),
    abi.NR_fstat: Syscall("fstat", "d"),
    abi.NR_poll: Syscall("poll", "-dd"),
    abi.NR_lseek: Syscall("lseek", "ddd"),
    abi.NR_rt_sigaction: Syscall("rt_sigaction", "dd"),
    abi.NR_ioctl: Syscall("ioctl", "dxd"),
    abi.NR_pread64: Syscall("pread64", "d-dd"),
    abi.NR_pwrite64: Syscall("pwrite64", "d-dd"),
    abi.NR_readv: Syscall("readv", "dbd"),
    abi.NR_writev: Syscall("writev", "dbd"),
    abi.NR_select: Syscall("select", ""),
    abi.NR_sched_yield: Syscall("sched_yield", ""),
    abi.NR_dup: Syscall("dup", "d"),
    abi.NR_dup2: Syscall("dup2", "dd"),
    abi.NR_nanosleep: Syscall("nanosleep", "n"),
    abi.NR_getpid: Syscall("getpid", ""),
    abi.NR_clone: Syscall("clone", "x"),
    abi.NR_fork: Syscall("fork", ""),
    abi.NR_execve: Syscall("execve", ""),
    abi.NR_exit: Syscall("exit", "d"),
    abi.NR_wait4: Syscall("wait4", "dwx"),
    abi.NR_fcntl: Syscall("fcntl", "ddd"),
    abi.NR_getrlimit: Syscall("getrlimit", "d"),
    abi.NR_getuid: Syscall("getuid", ""),
    abi.NR_getgid: Syscall("getgid", ""),
    abi.NR_geteuid: Syscall("geteuid", ""),
    abi.NR_getegid: Syscall("getegid", ""),
    abi.NR_getppid: Syscall("getppid", ""),
    abi.NR_getresuid: Syscall("getresuid", ""),
    abi.NR_getresgid: Syscall("getresgid", ""),
    abi.NR_setrlimit: Syscall("setrlimit", "d"),
    abi.NR_gettid: Syscall("gettid", ""),
    abi.NR_exit_group: Syscall("exit_group", "d"),
    abi.NR_dup3: Syscall("dup3", "ddx"),
    abi.NR_pipe2: Syscall("pipe2", "px"),
}



class Param(NamedTuple):
    """One parameter of a method: its kind, and its default or None.

    Kinds: "int"; "in" and "out", a buffer that is read or written; "vector", a tuple of buffers; "seconds";
    "program", and "args" for all that follow.
    """

    name: str
    kind: str
    default: int | None


class Method(NamedTuple):
    """A method of Task as a compiled program has it.

    Results: "none"; "int"; "fds" and "wait", a pair that is in the call's record; "never", it does not return.
    """

    name: str
    params: tuple[Param, ...]
    result: str
    symbol: str


_METHODS = """
pipe2(flags=0) -> fds
readinto(fd, buf: out) -> int: read
write(fd, data: in) -> int
readv(fd, buffers: vector) -> int
writev(fd, buffers: vector) -> int
pwrite(fd, data: in, off) -> int
lseek(fd, off, whence) -> int
close(fd) -> none
dup(fd) -> int
dup2(old, new) -> int
dup3(old, new, flags) -> int
fcntl(fd, cmd, arg=0) -> int
ioctl(fd, request, arg=0) -> int
poll(fds: out, timeout_ms=-1) -> int
fork(program: program, args: args) -> int
clone(flags, program: program, args: args) -> int
execve(program: program, args: args) -> never
exit(status=0) -> never
exit_group(status=0) -> never
wait4(pid=-1, options=0) -> wait
getpid() -> int
gettid() -> int
getppid() -> int
getuid() -> int
geteuid() -> int
getgid() -> int
getegid() -> int
sched_yield() -> none
nanosleep(seconds: seconds) -> none
signal(sig, handler) -> int
"""


def _method(line: str) -> Method:
    match = re.fullmatch(r"(\w+)\((.*)\) -> (\w+)(?:: (\w+))?", line)
    assert match is not None, line
    name, inside, result, symbol = match.groups()
    params = []
    for text in filter(None, inside.split(", ")):
        left, _, default = text.partition("=")
        param, _, kind = left.partition(": ")
        params.append(Param(param, kind or "int", int(default) if default else None))
    return Method(name, tuple(params), result, symbol or name)


METHODS: dict[str, Method] = {m.name: m for m in map(_method, _METHODS.strip().splitlines())}
"""What compiled programs have of Task, both verbs of each, made from the prototypes.

The C function of each is in ``_core/linux/syscall.pyx`` under ``symbol``. Those that a compiled program has in another
form, because they make Python objects, are in ``_numba/forms.py``.
"""

ERRNO_NAMES: dict[int, str] = {}
for _name in dir(abi):
    if _name.startswith("E") and _name not in ("EWOULDBLOCK", "EDEADLOCK", "ENOTSUP") and getattr(abi, _name) < 512:
        ERRNO_NAMES[getattr(abi, _name)] = _name
del _name


def name_of(nr: int) -> str:
    """Name of a call by its number."""
    return TABLE[nr].name if nr in TABLE else f"syscall_{nr}"


def format_line(
    time_ns: int, pid: int, nr: int, args: tuple[int, ...], ret: int, out: tuple[int, int], data: bytes
) -> str:
    """One completed call in the manner of strace: virtual time, pid, call, arguments, result."""
    call = TABLE.get(nr, Syscall(f"syscall_{nr}", "xxx"))
    shown = [text for kind, value in zip_args(call.args, args) if (text := _argument(kind, value, ret, out, data))]
    result = "?" if ret <= -512 else f"-1 {ERRNO_NAMES.get(-ret, -ret)}" if ret < 0 else str(ret)
    return f"{time_ns // 10**9}.{time_ns % 10**9:09d} {pid} {call.name}({', '.join(shown)}) = {result}"


def zip_args(kinds: str, args: tuple[int, ...]) -> list[tuple[str, int]]:
    """Letters of `Syscall.args` with the registers: p takes the place of the first, which holds the flags."""
    if kinds.startswith("p"):
        return [("p", 0), *zip(kinds[1:], args, strict=False)]
    if kinds == "dwx":  # wait4: the record has no pointer
        return [("d", args[0]), ("w", 0), ("x", args[1])]
    return list(zip(kinds, args, strict=False))


def _argument(kind: str, value: int, ret: int, out: tuple[int, int], data: bytes) -> str:
    if kind == "d":
        return str(value)
    if kind == "x":
        return hex(value & 0xFFFFFFFFFFFFFFFF)
    if kind == "n":
        return f"{value / 1e9:g}"
    if kind == "b":
        more = "..." if ret > len(data) else ""
        return (repr(data)[1:] + more).replace("'", '"') if ret > 0 else '""'
    if kind == "p":
        return f"[{out[0]}, {out[1]}]" if ret >= 0 else "[]"
    if kind == "w":
        return f"[{out[0]:#06x}]" if ret > 0 else "[]"
    return ""
