"""Methods whose form in compiled code, or whose two verbs, the call table cannot say: results that are several
numbers, out-pointers, and what is no system call.
"""

from typing import Any

import numpy as np
from numba import carray
from numba.core import types
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload_method
from numba.np.numpy_support import as_dtype

from fastipc._core import abi
from fastipc._core.layout import dtype
from fastipc._numba.buffers import (
    address_of,
    path_address,
    path_length,
    require_buffer,
    require_data,
    require_int,
    require_path,
    require_seconds,
    size_of,
    to_ns,
)
from fastipc._numba.calls import external
from fastipc._numba.entry import make_start, require_program
from fastipc._numba.errnos import raise_errno
from fastipc._numba.task_type import ARGS, DONE, OUT0, OUT1, TaskType, load_int32, load_int64, machine_of, row_of
from fastipc._numba.user_buffer import is_user

THREAD_FLAGS = int(
    abi.CLONE_VM | abi.CLONE_FS | abi.CLONE_FILES | abi.CLONE_SIGHAND | abi.CLONE_THREAD | abi.CLONE_SYSVSEM
)
F_GETOWN, F_SETOWN_EX, F_GETOWN_EX = int(abi.F_GETOWN), int(abi.F_SETOWN_EX), int(abi.F_GETOWN_EX)
SIGINFO_SIZE = dtype("siginfo").itemsize
STAT_SIZE = dtype("stat").itemsize
MOST_ITEMS = 1 << 46  # of an array: their size in bytes is no overflow

_array, _checkpoint = external("array", 1), external("checkpoint", 0)
_clone, _fstat, _pipe2, _wait4 = external("clone", 2), external("fstat", 2), external("pipe2", 1), external("wait4", 2)
_getresgid, _getresuid, _getrlimit = external("getresgid", 1), external("getresuid", 1), external("getrlimit", 2)
_fcntl, _setrlimit = external("fcntl", 3), external("setrlimit", 3)


@overload_method(TaskType, "pipe")
def _pipe_(t):
    def pipe(t):
        return t.pipe2(0)

    return pipe


def _pipe_into(t, fds, flags=0):
    require_buffer("fds", fds, True)
    require_int("flags", flags)
    if fds.dtype != types.int32:
        raise TypingError(f"fds must be an array of int32, not {fds}")

    def sys_pipe2(t, fds, flags=0):
        if fds.size < 2:
            raise ValueError("fds must have room for two 32-bit integers")
        ret = _pipe2(machine_of(t), row_of(t), flags)
        if ret == 0:
            fds[0] = load_int32(row_of(t) + OUT0)
            fds[1] = load_int32(row_of(t) + OUT1)
        return ret

    return sys_pipe2


overload_method(TaskType, "sys_pipe2")(_pipe_into)


@overload_method(TaskType, "sys_pipe")
def _sys_pipe(t, fds):
    def sys_pipe(t, fds):
        return t.sys_pipe2(fds, 0)

    return sys_pipe


@overload_method(TaskType, "sys_read")
def _sys_read(t, fd, buf):
    def sys_read(t, fd, buf):
        return t.sys_readinto(fd, buf)

    return sys_read


def _pread(raises: bool) -> Any:
    def typed(t, fd, buf, off):
        require_int("fd", fd)
        if raises and isinstance(types.unliteral(buf), types.Integer):
            raise TypingError(
                "t.pread of a count makes a bytes object, which compiled code does not have: use t.pread(fd, buf, off)"
            )
        require_data("buf", buf, True)
        require_int("off", off)
        call = external("pread_user" if is_user(buf) else "pread", 4)

        def sys_pread(t, fd, buf, off):
            ret = call(machine_of(t), row_of(t), fd, address_of(buf), size_of(buf), off)
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        return sys_pread

    return typed


overload_method(TaskType, "pread")(_pread(True))
overload_method(TaskType, "sys_pread")(_pread(False))


@overload_method(TaskType, "sys_wait4")
def _sys_wait4(t, pid=-1, status=None, options=0):
    require_int("pid", pid)
    require_int("options", options)
    asked = not isinstance(status, types.NoneType | types.Omitted) and status is not None
    if asked:
        require_buffer("status", status, True)

    def sys_wait4(t, pid=-1, status=None, options=0):
        ret = _wait4(machine_of(t), row_of(t), pid, options)
        if asked and ret > 0:
            status[0] = load_int32(row_of(t) + OUT0)
        return ret

    return sys_wait4


def _stat_into(name: str, raises: bool) -> Any:
    call = external(name, 3)

    def typed(t, path, stat=None):
        require_path("path", path)
        if stat is None or isinstance(stat, types.NoneType | types.Omitted):
            raise TypingError(
                f"t.{name} alone makes a Stat, which compiled code does not have: use t.{name}(path, stat)"
            )
        require_buffer("stat", stat, True)

        def fill(t, path, stat=None):
            if size_of(stat) < STAT_SIZE:
                raise ValueError("stat must have room for one row of STAT")
            ret = call(machine_of(t), row_of(t), path_address(path), path_length(path), address_of(stat))
            if raises and ret < 0:
                raise_errno(ret)
            return None if raises else ret

        return fill

    return typed


for _name in ("stat", "lstat"):
    overload_method(TaskType, _name)(_stat_into(_name, True))
    overload_method(TaskType, f"sys_{_name}")(_stat_into(_name, False))


def _readlink_into(raises: bool) -> Any:
    call = external("readlink", 4)

    def typed(t, path, buf=None):
        require_path("path", path)
        if buf is None or isinstance(buf, types.NoneType | types.Omitted):
            raise TypingError("t.readlink alone makes a string: in compiled code use t.readlink(path, buf)")
        require_buffer("buf", buf, True)

        def readlink(t, path, buf=None):
            ret = call(machine_of(t), row_of(t), path_address(path), path_length(path), address_of(buf), size_of(buf))
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        return readlink

    return typed


overload_method(TaskType, "readlink")(_readlink_into(True))
overload_method(TaskType, "sys_readlink")(_readlink_into(False))


def _getcwd_into(raises: bool) -> Any:
    call = external("getcwd", 2)

    def typed(t, buf=None):
        if buf is None or isinstance(buf, types.NoneType | types.Omitted):
            raise TypingError("t.getcwd alone makes a string: in compiled code use t.getcwd(buf)")
        require_buffer("buf", buf, True)

        def getcwd(t, buf=None):
            ret = call(machine_of(t), row_of(t), address_of(buf), size_of(buf))
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        return getcwd

    return typed


overload_method(TaskType, "getcwd")(_getcwd_into(True))
overload_method(TaskType, "sys_getcwd")(_getcwd_into(False))


def _fstat_into(raises: bool) -> Any:
    def typed(t, fd, stat=None):
        require_int("fd", fd)
        if stat is None or isinstance(stat, types.NoneType | types.Omitted):
            raise TypingError("t.fstat alone makes a Stat, which compiled code does not have: use t.fstat(fd, stat)")
        require_buffer("stat", stat, True)

        def fstat(t, fd, stat=None):
            if size_of(stat) < STAT_SIZE:
                raise ValueError("stat must have room for one row of STAT")
            ret = _fstat(machine_of(t), row_of(t), fd, address_of(stat))
            if raises and ret < 0:
                raise_errno(ret)
            return None if raises else ret

        return fstat

    return typed


overload_method(TaskType, "fstat")(_fstat_into(True))
overload_method(TaskType, "sys_fstat")(_fstat_into(False))


@overload_method(TaskType, "waitid")
def _no_waitid(t, idtype, id, options):
    raise TypingError("t.waitid makes a SigInfo: use t.sys_waitid(idtype, id, info, options), which fills a SIGINFO")


@overload_method(TaskType, "sys_waitid")
def _sys_waitid(t, idtype, id, info, options):
    require_int("idtype", idtype)
    require_int("id", id)
    require_int("options", options)
    call = external("waitid", 4)
    if isinstance(info, types.NoneType) or info is None:
        return lambda t, idtype, id, info, options: call(machine_of(t), row_of(t), idtype, id, 0, options)
    require_buffer("info", info, True)

    def sys_waitid(t, idtype, id, info, options):
        if size_of(info) < SIGINFO_SIZE:
            raise ValueError("info must have room for one row of SIGINFO")
        return call(machine_of(t), row_of(t), idtype, id, address_of(info), options)

    return sys_waitid


# ---------------------------------------------------------------------------------------------- fcntl
def _fcntl_of(raises: bool) -> Any:
    """``t.fcntl(fd, cmd, arg=0)``; of F_SETOWN_EX and F_GETOWN_EX ``arg`` is an array of int32, type and pid."""

    def typed(t, fd, cmd, arg=0):
        require_int("fd", fd)
        require_int("cmd", cmd)
        array = isinstance(arg, types.Buffer)
        if array:
            require_buffer("arg", arg, True)
            if arg.dtype != types.int32:
                raise TypingError(f"arg must be an array of int32, not {arg}")
        else:
            require_int("arg", arg)

        def with_number(t, fd, cmd, arg=0):
            ret = _fcntl(machine_of(t), row_of(t), fd, cmd, 0 if cmd == F_SETOWN_EX else arg)
            if raises and ret < 0:
                raise_errno(ret)
            return load_int32(row_of(t) + OUT0) if ret == 0 and cmd == F_GETOWN else ret

        def with_owner(t, fd, cmd, arg=0):
            if arg.size < 2:
                raise ValueError("arg must have room for two 32-bit integers")
            owner = np.int64(arg[0]) & 0xFFFFFFFF | np.int64(arg[1]) << 32
            ret = _fcntl(machine_of(t), row_of(t), fd, cmd, owner)
            if raises and ret < 0:
                raise_errno(ret)
            if ret == 0 and cmd == F_GETOWN_EX:
                arg[0] = load_int32(row_of(t) + OUT0)
                arg[1] = load_int32(row_of(t) + OUT1)
            return ret

        return with_owner if array else with_number

    return typed


overload_method(TaskType, "fcntl")(_fcntl_of(True))
overload_method(TaskType, "sys_fcntl")(_fcntl_of(False))


# ---------------------------------------------------------------------------------------------- several numbers
def _three(name: str, call: Any) -> None:
    def raising(t):
        def getresuid(t):
            call(machine_of(t), row_of(t), 0)
            record = row_of(t) + ARGS
            return (load_int64(record + 8), load_int64(record + 16), load_int64(record + 24))

        return getresuid

    def filling(t, ids):
        require_buffer("ids", ids, True)

        def sys_getresuid(t, ids):
            if size_of(ids) < 12:
                raise ValueError("ids must have room for three 32-bit integers")
            return call(machine_of(t), row_of(t), address_of(ids))

        return sys_getresuid

    overload_method(TaskType, name)(raising)
    overload_method(TaskType, f"sys_{name}")(filling)


_three("getresuid", _getresuid)
_three("getresgid", _getresgid)


@overload_method(TaskType, "getrlimit")
def _getrlimit_(t, res):
    require_int("res", res)

    def getrlimit(t, res):
        pair = np.empty(2, np.uint64)
        ret = _getrlimit(machine_of(t), row_of(t), res, address_of(pair))
        if ret < 0:
            raise_errno(ret)
        return (pair[0], pair[1])

    return getrlimit


@overload_method(TaskType, "sys_getrlimit")
def _sys_getrlimit(t, res, limits):
    require_int("res", res)
    require_buffer("limits", limits, True)

    def sys_getrlimit(t, res, limits):
        if size_of(limits) < 16:
            raise ValueError("limits must have room for two 64-bit integers")
        return _getrlimit(machine_of(t), row_of(t), res, address_of(limits))

    return sys_getrlimit


def _setting(raises: bool) -> Any:
    def typed(t, res, limits):
        require_int("res", res)

        def setrlimit(t, res, limits):
            ret = _setrlimit(machine_of(t), row_of(t), res, limits[0], limits[1])
            if raises and ret < 0:
                raise_errno(ret)
            return None if raises else ret

        return setrlimit

    return typed


overload_method(TaskType, "setrlimit")(_setting(True))
overload_method(TaskType, "sys_setrlimit")(_setting(False))


# ---------------------------------------------------------------------------------------------- groups, capabilities
@overload_method(TaskType, "getgroups")
def _no_getgroups(t):
    raise TypingError("t.getgroups makes a list: use t.sys_getgroups(groups), which fills an array of uint32")


@overload_method(TaskType, "sys_getgroups")
def _sys_getgroups(t, groups):
    require_buffer("groups", groups, True)
    call = external("getgroups", 2)

    def sys_getgroups(t, groups):
        return call(machine_of(t), row_of(t), address_of(groups), size_of(groups))

    return sys_getgroups


def _no_capabilities(name: str) -> None:
    def refuse(t, *args):
        raise TypingError(f"t.{name} has sets of names: use t.sys_{name}(sets), with an array of three uint64")

    overload_method(TaskType, name)(refuse)


def _capabilities(name: str, writable: bool) -> None:
    call = external(name, 1)

    def typed(t, sets):
        require_buffer("sets", sets, writable)

        def sys_cap(t, sets):
            if size_of(sets) < 24:
                raise ValueError("sets must have room for three 64-bit integers")
            return call(machine_of(t), row_of(t), address_of(sets))

        return sys_cap

    overload_method(TaskType, f"sys_{name}")(typed)


for _name, _writable in (("capget", True), ("capset", False)):
    _no_capabilities(_name)
    _capabilities(_name, _writable)


# ---------------------------------------------------------------------------------------------- System V
def _shmctl(raises: bool) -> Any:
    """``t.shmctl(shmid, cmd)`` or ``t.shmctl(shmid, cmd, buf)``, both verbs: what C returns."""
    call, size_for = external("shmctl", 3), external("shmctl_size", 1)

    def typed(t, shmid, cmd, buf=None):
        require_int("shmid", shmid)
        require_int("cmd", cmd)
        given = not (buf is None or isinstance(buf, types.NoneType | types.Omitted))
        if given:
            require_buffer("buf", buf, True)

        def shmctl(t, shmid, cmd, buf=None):
            address = 0
            if given and size_for(machine_of(t), row_of(t), cmd) > 0:
                if size_of(buf) < size_for(machine_of(t), row_of(t), cmd):
                    raise ValueError("buf must have room for the row of this command")
                address = address_of(buf)
            ret = call(machine_of(t), row_of(t), shmid, cmd, address)
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        def plain(t, shmid, cmd, buf=None):
            ret = call(machine_of(t), row_of(t), shmid, cmd, 0)
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        return shmctl if given else plain

    return typed


overload_method(TaskType, "shmctl")(_shmctl(True))
overload_method(TaskType, "sys_shmctl")(_shmctl(False))


# ---------------------------------------------------------------------------------------------- semaphores
def _semtimedop(raises: bool) -> Any:
    forever, timed = external("semop", 3), external("semtimedop", 4)

    def typed(t, semid, sops, timeout=None):
        require_int("semid", semid)
        require_buffer("sops", sops, False)
        given = not (timeout is None or isinstance(timeout, types.NoneType | types.Omitted))
        if given:
            require_seconds("timeout", timeout)

        def semtimedop(t, semid, sops, timeout=None):
            ret = timed(machine_of(t), row_of(t), semid, address_of(sops), size_of(sops), to_ns(timeout))
            if raises and ret < 0:
                raise_errno(ret)
            return None if raises else ret

        def plain(t, semid, sops, timeout=None):
            ret = forever(machine_of(t), row_of(t), semid, address_of(sops), size_of(sops))
            if raises and ret < 0:
                raise_errno(ret)
            return None if raises else ret

        return semtimedop if given else plain

    return typed


overload_method(TaskType, "semtimedop")(_semtimedop(True))
overload_method(TaskType, "sys_semtimedop")(_semtimedop(False))


def _semctl(raises: bool) -> Any:
    number, memory, size_for = external("semctl", 4), external("semctl_buf", 5), external("semctl_size", 1)

    def typed(t, semid, semnum, cmd, arg=None):
        for name, value in (("semid", semid), ("semnum", semnum), ("cmd", cmd)):
            require_int(name, value)
        none = arg is None or isinstance(arg, types.NoneType | types.Omitted)
        array = isinstance(arg, types.Buffer)
        if array:
            require_buffer("arg", arg, False)
        elif not none:
            require_int("arg", arg)

        def with_array(t, semid, semnum, cmd, arg=None):
            if size_of(arg) < size_for(machine_of(t), row_of(t), cmd):
                raise ValueError("arg must have room for the row of this command")
            ret = memory(machine_of(t), row_of(t), semid, semnum, cmd, address_of(arg), size_of(arg) // 2)
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        def with_number(t, semid, semnum, cmd, arg=None):
            ret = number(machine_of(t), row_of(t), semid, semnum, cmd, arg)
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        def alone(t, semid, semnum, cmd, arg=None):
            ret = number(machine_of(t), row_of(t), semid, semnum, cmd, 0)
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        return with_array if array else alone if none else with_number

    return typed


overload_method(TaskType, "semctl")(_semctl(True))
overload_method(TaskType, "sys_semctl")(_semctl(False))


# ---------------------------------------------------------------------------------------------- message queues
def _msgrcv_into(raises: bool) -> Any:
    def typed(t, msqid, buf, mtype=0, msgflg=0):
        require_int("msqid", msqid)
        require_data("buf", buf, True)
        require_int("mtype", mtype)
        require_int("msgflg", msgflg)
        call = external("msgrcv_into_user" if is_user(buf) else "msgrcv_into", 5)

        def msgrcv_into(t, msqid, buf, mtype=0, msgflg=0):
            ret = call(machine_of(t), row_of(t), msqid, address_of(buf), size_of(buf), mtype, msgflg)
            if ret < 0:
                raise_errno(ret)
            return load_int64(row_of(t) + DONE), ret

        def sys_msgrcv_into(t, msqid, buf, mtype=0, msgflg=0):
            return call(machine_of(t), row_of(t), msqid, address_of(buf), size_of(buf), mtype, msgflg)

        return msgrcv_into if raises else sys_msgrcv_into

    return typed


overload_method(TaskType, "msgrcv_into")(_msgrcv_into(True))
overload_method(TaskType, "sys_msgrcv_into")(_msgrcv_into(False))


def _msgctl(raises: bool) -> Any:
    call, size_for = external("msgctl", 3), external("msgctl_size", 1)

    def typed(t, msqid, cmd, buf=None):
        require_int("msqid", msqid)
        require_int("cmd", cmd)
        given = not (buf is None or isinstance(buf, types.NoneType | types.Omitted))
        if given:
            require_buffer("buf", buf, True)

        def msgctl(t, msqid, cmd, buf=None):
            address = 0
            if size_for(machine_of(t), row_of(t), cmd) > 0:
                if size_of(buf) < size_for(machine_of(t), row_of(t), cmd):
                    raise ValueError("buf must have room for the row of this command")
                address = address_of(buf)
            ret = call(machine_of(t), row_of(t), msqid, cmd, address)
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        def plain(t, msqid, cmd, buf=None):
            ret = call(machine_of(t), row_of(t), msqid, cmd, 0)
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        return msgctl if given else plain

    return typed


overload_method(TaskType, "msgctl")(_msgctl(True))
overload_method(TaskType, "sys_msgctl")(_msgctl(False))


# ---------------------------------------------------------------------------------------------- threads
def _threads(raises: bool) -> Any:
    def typed(t, program, *args):
        require_program("program", program)

        def thread(t, program, *args):
            ret = _clone(machine_of(t), row_of(t), THREAD_FLAGS, make_start(t, program, args))
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        return thread

    return typed


overload_method(TaskType, "thread")(_threads(True))
overload_method(TaskType, "sys_thread")(_threads(False))


# ---------------------------------------------------------------------------------------------- no system calls
@overload_method(TaskType, "checkpoint")
def _checkpoint_(t):
    def checkpoint(t):
        _checkpoint(machine_of(t), row_of(t))

    return checkpoint


@intrinsic
def _pointer(typing_context: Any, address: Any, element: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(element.dtype)(types.int64, element), generate


@overload_method(TaskType, "array")
def _array_(t, n, dtype):
    require_int("n", n)
    if not isinstance(dtype, types.DTypeSpec | types.NumberClass):
        raise TypingError(f"dtype must be a dtype, not {dtype}")
    itemsize = as_dtype(dtype.dtype).itemsize

    def array(t, n, dtype):
        if n < 0:
            raise ValueError("n must not be negative")
        address = _array(machine_of(t), row_of(t), n * itemsize) if n <= MOST_ITEMS else 0
        if address == 0:
            raise MemoryError("no memory for this array")
        return carray(_pointer(address, dtype), (n,))

    return array
