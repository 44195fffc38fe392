"""The table of system calls: name, number, what its arguments are. Counters, traces and compiled programs read it."""

from __future__ import annotations

import re
from typing import NamedTuple

from fastipc._core import abi

PATH_SHOWN = 32  # bytes of a path that a trace keeps


class Syscall(NamedTuple):
    """One system call: how a trace prints it.

    ``args``: one letter an argument of the record: d integer, x flags in hex, o in octal, i an id, b the bytes moved,
    or where they are, n seconds from ns, k a key, s a path, S the second one, f a directory's descriptor, p the pair of
    descriptors it returns, w the wait status it returns, - not printed.
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
    abi.NR_rt_sigaction: Syscall("rt_sigaction", "d"),
    abi.NR_rt_sigprocmask: Syscall("rt_sigprocmask", "dx"),
    abi.NR_rt_sigreturn: Syscall("rt_sigreturn", ""),
    abi.NR_pause: Syscall("pause", ""),
    abi.NR_kill: Syscall("kill", "dd"),
    abi.NR_rt_sigpending: Syscall("rt_sigpending", "---x"),
    abi.NR_rt_sigtimedwait: Syscall("rt_sigtimedwait", "x"),
    abi.NR_rt_sigqueueinfo: Syscall("rt_sigqueueinfo", "dd"),
    abi.NR_rt_sigsuspend: Syscall("rt_sigsuspend", "x"),
    abi.NR_sigaltstack: Syscall("sigaltstack", ""),
    abi.NR_tkill: Syscall("tkill", "dd"),
    abi.NR_tgkill: Syscall("tgkill", "ddd"),
    abi.NR_rt_tgsigqueueinfo: Syscall("rt_tgsigqueueinfo", "ddd"),
    abi.NR_alarm: Syscall("alarm", "d"),
    abi.NR_setitimer: Syscall("setitimer", "dnn"),
    abi.NR_getitimer: Syscall("getitimer", "d"),
    abi.NR_timer_create: Syscall("timer_create", "dddd"),
    abi.NR_timer_settime: Syscall("timer_settime", "dxnn"),
    abi.NR_timer_gettime: Syscall("timer_gettime", "d"),
    abi.NR_timer_getoverrun: Syscall("timer_getoverrun", "d"),
    abi.NR_timer_delete: Syscall("timer_delete", "d"),
    abi.NR_ioctl: Syscall("ioctl", "dxd"),
    abi.NR_pread64: Syscall("pread64", "d-dd"),
    abi.NR_pwrite64: Syscall("pwrite64", "d-dd"),
    abi.NR_readv: Syscall("readv", "dbd"),
    abi.NR_writev: Syscall("writev", "dbd"),
    abi.NR_select: Syscall("select", ""),
    abi.NR_ppoll: Syscall("ppoll", "-d"),
    abi.NR_pselect6: Syscall("pselect6", ""),
    abi.NR_signalfd4: Syscall("signalfd4", "dxx"),
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
    abi.NR_setpgid: Syscall("setpgid", "dd"),
    abi.NR_setsid: Syscall("setsid", ""),
    abi.NR_setuid: Syscall("setuid", "d"),
    abi.NR_setgid: Syscall("setgid", "d"),
    abi.NR_setreuid: Syscall("setreuid", "dd"),
    abi.NR_setregid: Syscall("setregid", "dd"),
    abi.NR_setresuid: Syscall("setresuid", "ddd"),
    abi.NR_setresgid: Syscall("setresgid", "ddd"),
    abi.NR_setfsuid: Syscall("setfsuid", "d"),
    abi.NR_setfsgid: Syscall("setfsgid", "d"),
    abi.NR_getgroups: Syscall("getgroups", "d"),
    abi.NR_setgroups: Syscall("setgroups", "d"),
    abi.NR_capget: Syscall("capget", ""),
    abi.NR_capset: Syscall("capset", ""),
    abi.NR_prctl: Syscall("prctl", "ddd"),
    abi.NR_getpgid: Syscall("getpgid", "d"),
    abi.NR_getsid: Syscall("getsid", "d"),
    abi.NR_getresuid: Syscall("getresuid", ""),
    abi.NR_getresgid: Syscall("getresgid", ""),
    abi.NR_setrlimit: Syscall("setrlimit", "d"),
    abi.NR_gettid: Syscall("gettid", ""),
    abi.NR_exit_group: Syscall("exit_group", "d"),
    abi.NR_unshare: Syscall("unshare", "x"),
    abi.NR_waitid: Syscall("waitid", "ddx"),
    abi.NR_dup3: Syscall("dup3", "ddx"),
    abi.NR_pipe2: Syscall("pipe2", "px"),
    abi.NR_open: Syscall("open", "sxo"),
    abi.NR_stat: Syscall("stat", "s"),
    abi.NR_lstat: Syscall("lstat", "s"),
    abi.NR_access: Syscall("access", "so"),
    abi.NR_fsync: Syscall("fsync", "d"),
    abi.NR_truncate: Syscall("truncate", "sd"),
    abi.NR_ftruncate: Syscall("ftruncate", "dd"),
    abi.NR_getcwd: Syscall("getcwd", "-d"),
    abi.NR_chdir: Syscall("chdir", "s"),
    abi.NR_fchdir: Syscall("fchdir", "d"),
    abi.NR_rename: Syscall("rename", "sS"),
    abi.NR_mkdir: Syscall("mkdir", "so"),
    abi.NR_rmdir: Syscall("rmdir", "s"),
    abi.NR_link: Syscall("link", "sS"),
    abi.NR_unlink: Syscall("unlink", "s"),
    abi.NR_symlink: Syscall("symlink", "sS"),
    abi.NR_readlink: Syscall("readlink", "s-d"),
    abi.NR_chmod: Syscall("chmod", "so"),
    abi.NR_fchmod: Syscall("fchmod", "do"),
    abi.NR_chown: Syscall("chown", "sii"),
    abi.NR_fchown: Syscall("fchown", "dii"),
    abi.NR_lchown: Syscall("lchown", "sii"),
    abi.NR_umask: Syscall("umask", "o"),
    abi.NR_mknod: Syscall("mknod", "sox"),
    abi.NR_openat: Syscall("openat", "sfxo"),
    abi.NR_mknodat: Syscall("mknodat", "sfox"),
    abi.NR_fallocate: Syscall("fallocate", "dxdd"),
    abi.NR_renameat2: Syscall("renameat2", "sSx"),
    abi.NR_mmap: Syscall("mmap", "xdxxd"),
    abi.NR_mprotect: Syscall("mprotect", "xdx"),
    abi.NR_munmap: Syscall("munmap", "xd"),
    abi.NR_brk: Syscall("brk", "x"),
    abi.NR_mremap: Syscall("mremap", "xddxx"),
    abi.NR_msync: Syscall("msync", "xdx"),
    abi.NR_madvise: Syscall("madvise", "xdd"),
    abi.NR_mlock: Syscall("mlock", "xd"),
    abi.NR_munlock: Syscall("munlock", "xd"),
    abi.NR_memfd_create: Syscall("memfd_create", "xx"),
    abi.NR_semget: Syscall("semget", "kdo"),
    abi.NR_semop: Syscall("semop", "dd"),
    abi.NR_semctl: Syscall("semctl", "ddd"),
    abi.NR_semtimedop: Syscall("semtimedop", "ddn"),
    abi.NR_msgget: Syscall("msgget", "ko"),
    abi.NR_msgsnd: Syscall("msgsnd", "dddo"),
    abi.NR_msgrcv: Syscall("msgrcv", "d-dd"),
    abi.NR_msgctl: Syscall("msgctl", "dd"),
    abi.NR_shmget: Syscall("shmget", "kdo"),
    abi.NR_shmctl: Syscall("shmctl", "dd"),
    abi.NR_shmat: Syscall("shmat", "dxo"),
    abi.NR_shmdt: Syscall("shmdt", "x"),
}



class Param(NamedTuple):
    """One parameter of a method: its kind, and its default or None.

    Kinds: "int"; "in" and "out", a buffer that is read or written; "vector", a tuple of buffers; "path"; "seconds";
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
open(path: path, flags, mode=511) -> int
openat(dirfd, path: path, flags, mode=511) -> int
mkfifo(path: path, mode=438) -> none
mknod(path: path, mode, dev=0) -> none
mknodat(dirfd, path: path, mode, dev=0) -> none
mkdir(path: path, mode=511) -> none
rmdir(path: path) -> none
unlink(path: path) -> none
link(a: path, b: path) -> none
symlink(target: path, path: path) -> none
rename(a: path, b: path) -> none
renameat2(olddirfd, a: path, newdirfd, b: path, flags=0) -> none
chmod(path: path, mode) -> none
access(path: path, mode) -> none
chown(path: path, uid, gid) -> none
lchown(path: path, uid, gid) -> none
truncate(path: path, length) -> none
chdir(path: path) -> none
fchdir(fd) -> none
umask(m) -> int
fchmod(fd, mode) -> none
fchown(fd, uid, gid) -> none
ftruncate(fd, length) -> none
fallocate(fd, mode, off, n) -> none
fsync(fd) -> none
close(fd) -> none
dup(fd) -> int
dup2(old, new) -> int
dup3(old, new, flags) -> int
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
unshare(flags) -> none
shmget(key, size, shmflg=0) -> int
semget(key, nsems, semflg=0) -> int
semop(semid, sops: in) -> none
msgget(key, msgflg=0) -> int
msgsnd(msqid, mtype, data: in, msgflg=0) -> none
shmat(shmid, shmaddr=0, shmflg=0) -> int
shmdt(shmaddr) -> none
getpgid(pid=0) -> int
setpgid(pid, pgid) -> none
getsid(pid=0) -> int
setsid() -> int
setuid(uid) -> none
setgid(gid) -> none
setreuid(ruid, euid) -> none
setregid(rgid, egid) -> none
setresuid(ruid, euid, suid) -> none
setresgid(rgid, egid, sgid) -> none
setfsuid(uid) -> int
setfsgid(gid) -> int
setgroups(groups: in) -> none
prctl(option, arg2=0, arg3=0, arg4=0, arg5=0) -> int
sched_yield() -> none
nanosleep(seconds: seconds) -> none
kill(pid, sig) -> none
tkill(tid, sig) -> none
tgkill(tgid, tid, sig) -> none
sigqueue(pid, sig, value) -> none
sigsuspend(set) -> none
pause() -> none
alarm(seconds) -> int
timer_create(clockid, sig=14, value=0, notify=0, tid=0) -> int
timer_getoverrun(id) -> int
timer_delete(id) -> none
signalfd(fd, set, flags=0) -> int
mmap(length, prot, flags, fd=-1, offset=0, addr=0) -> int
munmap(addr, length) -> none
mprotect(addr, length, prot) -> none
mremap(addr, old, new, flags=0, new_addr=0) -> int
brk(addr=0) -> int
mlock(addr, length) -> none
munlock(addr, length) -> none
madvise(addr, length, advice) -> none
msync(addr, length, flags) -> none
memfd_create(name: path, flags=0) -> int
load_into(addr, buf: out) -> int: load
store(addr, data: in) -> none
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
    if nr in TABLE:
        return TABLE[nr].name
    from fastipc.unistd import NUMBERS

    return next((name for name, number in NUMBERS.items() if number == nr), f"syscall_{nr}")


def format_line(
    time_ns: int,
    pid: int,
    nr: int,
    args: tuple[int, ...],
    ret: int,
    out: tuple[int, int],
    data: bytes,
    data2: bytes = b"",
) -> str:
    """One completed call in the manner of strace: virtual time, pid, call, arguments, result."""
    call = TABLE.get(nr) or Syscall(name_of(nr), "xxx")
    pairs = zip_args(call.args, args)
    shown = [text for kind, value in pairs if (text := _argument(kind, value, ret, out, data, data2))]
    result = "?" if ret <= -512 else f"-1 {ERRNO_NAMES.get(-ret, -ret)}" if ret < 0 else str(ret)
    return f"{time_ns // 10**9}.{time_ns % 10**9:09d} {pid} {call.name}({', '.join(shown)}) = {result}"


def zip_args(kinds: str, args: tuple[int, ...]) -> list[tuple[str, int]]:
    """Letters of `Syscall.args` with the registers: p takes the place of the first, which holds the flags."""
    if kinds.startswith("p"):
        return [("p", 0), *zip(kinds[1:], args, strict=False)]
    if kinds == "dwx":  # wait4: the record has no pointer
        return [("d", args[0]), ("w", 0), ("x", args[1])]
    pairs = list(zip(kinds, args, strict=False))
    if kinds.startswith("sf"):  # the descriptor is printed first, as in C
        pairs[:2] = pairs[1::-1]
    return pairs


def _argument(kind: str, value: int, ret: int, out: tuple[int, int], data: bytes, data2: bytes) -> str:
    if kind == "d":
        return str(value)
    if kind == "f":
        return "AT_FDCWD" if value == abi.AT_FDCWD else str(value)
    if kind == "i":
        return str(-1 if value & 0xFFFFFFFF == 0xFFFFFFFF else value)
    if kind == "o":
        return f"{value & 0xFFFFFFFF:#o}".replace("0o", "0", 1)
    if kind in "sS":
        text = data if kind == "s" else data2
        return repr(text)[1:].replace("'", '"') + ("..." if len(text) == PATH_SHOWN else "")
    if kind == "k":
        return hex(value & 0xFFFFFFFF) if value else "IPC_PRIVATE"
    if kind == "x":
        return hex(value & 0xFFFFFFFFFFFFFFFF)
    if kind == "n":
        return f"{value / 1e9:g}"
    if kind == "b" and ret > 0 and not data and value:  # in the task's memory
        return hex(value & 0xFFFFFFFFFFFFFFFF)
    if kind == "b":
        more = "..." if ret > len(data) else ""
        return (repr(data)[1:] + more).replace("'", '"') if ret > 0 else '""'
    if kind == "p":
        return f"[{out[0]}, {out[1]}]" if ret >= 0 else "[]"
    if kind == "w":
        return f"[{out[0]:#06x}]" if ret > 0 else "[]"
    return ""
