"""Signals in compiled code: sets are the 64 bits of a mask, handlers are compiled programs ``f(t, signo, info)``."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import typeof
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload_method

from fastipc._core.layout import dtype
from fastipc._numba.buffers import address_of, require_buffer, require_int, require_seconds, size_of, to_ns
from fastipc._numba.calls import external
from fastipc._numba.entry import WORD, ProgramType, emit_entry, layout_of
from fastipc._numba.errnos import raise_errno
from fastipc._numba.task_type import ARGS, TaskType, load_int64, machine_of, row_of, task_type

SIGINFO = dtype("siginfo")
SIGINFO_SIZE = SIGINFO.itemsize
HANDLER_ARGS = (types.int64, typeof(np.zeros(1, SIGINFO)))
DATA = 32  # of an array's words, that of its address

_handler, _sigaction, _signal = external("handler", 2), external("sigaction", 5), external("signal", 2)
_sigprocmask, _sigpending = external("sigprocmask", 3), external("sigpending", 0)
_sigaltstack = external("sigaltstack", 2)
_sigtimedwait = external("sigtimedwait", 3)


def native_handler(entry: int, layout: Any) -> bytes:
    """What the machine runs a compiled handler with: native_handler_t and the record of its arguments."""
    from fastipc._numba.host import pack

    record = bytearray(layout.size)
    pack(layout, (0, np.zeros(1, SIGINFO)), record)
    signo, info = layout.args
    head = np.array([(entry, layout.size, signo.offset, info.offset + DATA, 0)], "i8,i4,i4,i4,i4")
    return head.tobytes() + bytes(record)


def none(given: Any) -> bool:
    """Whether an argument was left out, or is None."""
    return given is None or isinstance(given, types.NoneType | types.Omitted)


@intrinsic
def _address(typing_context: Any, t: Any, program: Any) -> Any:
    # The address at which a compiled handler stands in the machine.
    compiled = program.program.compile_types(HANDLER_ARGS, nested=True)
    if compiled is None:
        raise TypingError("a handler cannot be registered by itself")

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        module = builder.module
        layout = layout_of(context, HANDLER_ARGS, compiled.signature.return_type)
        name = f"fastipc_entry_{compiled.fndesc.mangled_name}"
        entry = module.globals.get(name) or emit_entry(context, module, compiled, layout, name, kept=False)
        entry.linkage = "internal"
        context.active_code_library.add_linking_library(compiled.library)
        data = bytearray(native_handler(0, layout))
        kind = ir.ArrayType(ir.IntType(8), len(data))
        about = cgutils.add_global_variable(module, kind, f"fastipc_handler_{compiled.fndesc.mangled_name}")
        about.initializer, about.linkage, about.align = ir.Constant(kind, data), "internal", 16
        task = context.make_helper(builder, task_type, value=values[0])
        function = cgutils.get_or_insert_function(module, ir.FunctionType(WORD, [WORD] * 4), "fastipc_handler")
        places = [builder.ptrtoint(entry, WORD), builder.ptrtoint(about, WORD)]
        return builder.call(function, [task.machine, task.row, *places])

    return types.int64(t, program), generate


def _as_address(given: Any) -> Any:
    # How the handler of a call becomes a number.
    if isinstance(given, ProgramType):
        return lambda t, handler: _address(t, handler)
    require_int("handler", given)
    return lambda t, handler: handler


def _address_of(t, handler):
    pass


from numba.extending import overload  # noqa: E402


@overload(_address_of)
def _address_of_(t, handler):
    return _as_address(handler)


# ---------------------------------------------------------------------------------------------- actions
def _action(raises: bool) -> Any:
    def typed(t, sig, handler=None, mask=0, flags=0):
        require_int("sig", sig)
        require_int("mask", mask)
        require_int("flags", flags)
        asks = none(handler)
        if not asks and not isinstance(handler, ProgramType):
            require_int("handler", handler)

        def ask(t, sig, handler=None, mask=0, flags=0):
            ret = _sigaction(machine_of(t), row_of(t), sig, 0, 0, 0, 0)
            if raises and ret < 0:
                raise_errno(ret)
            return _old(t) if raises else ret

        def sigaction(t, sig, handler=None, mask=0, flags=0):
            address = _address_of(t, handler)
            ret = _sigaction(machine_of(t), row_of(t), sig, 1, address, mask, flags)
            if raises and ret < 0:
                raise_errno(ret)
            return _old(t) if raises else ret

        def sys_ask(t, sig, handler=None, mask=0, flags=0):
            return _sigaction(machine_of(t), row_of(t), sig, 0, 0, 0, 0)

        def sys_sigaction(t, sig, handler=None, mask=0, flags=0):
            return _sigaction(machine_of(t), row_of(t), sig, 1, _address_of(t, handler), mask, flags)

        if raises:
            return ask if asks else sigaction
        return sys_ask if asks else sys_sigaction

    return typed


def _old(t):
    pass


@overload(_old)
def _old_(t):
    def old(t):
        record = row_of(t) + ARGS
        return (load_int64(record + 8), load_int64(record + 24), load_int64(record + 16))

    return old


overload_method(TaskType, "sigaction")(_action(True))
overload_method(TaskType, "sys_sigaction")(_action(False))


def _sysv(raises: bool) -> Any:
    def typed(t, sig, handler):
        require_int("sig", sig)
        if not isinstance(handler, ProgramType):
            require_int("handler", handler)

        def signal(t, sig, handler):
            ret = _signal(machine_of(t), row_of(t), sig, _address_of(t, handler))
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        return signal

    return typed


overload_method(TaskType, "signal")(_sysv(True))
overload_method(TaskType, "sys_signal")(_sysv(False))


# ---------------------------------------------------------------------------------------------- masks
@overload_method(TaskType, "sigprocmask")
def _procmask(t, how, set=None):
    require_int("how", how)
    if none(set):
        def asked(t, how, set=None):
            ret = _sigprocmask(machine_of(t), row_of(t), how, 0, 0)
            if ret < 0:
                raise_errno(ret)
            return load_int64(row_of(t) + ARGS + 24)

        return asked
    require_int("set", set)

    def sigprocmask(t, how, set=None):
        ret = _sigprocmask(machine_of(t), row_of(t), how, 1, set)
        if ret < 0:
            raise_errno(ret)
        return load_int64(row_of(t) + ARGS + 24)

    return sigprocmask


@overload_method(TaskType, "sys_sigprocmask")
def _sys_procmask(t, how, set=None, old=None):
    require_int("how", how)
    sets, told = not none(set), not none(old)
    if sets:
        require_int("set", set)
    if told:
        require_buffer("old", old, True)
    if sets and told:
        def both(t, how, set=None, old=None):
            ret = _sigprocmask(machine_of(t), row_of(t), how, 1, set)
            if ret == 0:
                old[0] = load_int64(row_of(t) + ARGS + 24)
            return ret

        return both
    if sets:
        return lambda t, how, set=None, old=None: _sigprocmask(machine_of(t), row_of(t), how, 1, set)

    def asked(t, how, set=None, old=None):
        ret = _sigprocmask(machine_of(t), row_of(t), how, 0, 0)
        if told and ret == 0:
            old[0] = load_int64(row_of(t) + ARGS + 24)
        return ret

    def alone(t, how, set=None, old=None):
        return _sigprocmask(machine_of(t), row_of(t), how, 0, 0)

    return asked if told else alone


@overload_method(TaskType, "sigpending")
def _pending(t):
    def sigpending(t):
        _sigpending(machine_of(t), row_of(t))
        return load_int64(row_of(t) + ARGS + 24)

    return sigpending


@overload_method(TaskType, "sys_sigpending")
def _sys_pending(t, set):
    require_buffer("set", set, True)

    def sys_sigpending(t, set):
        ret = _sigpending(machine_of(t), row_of(t))
        set[0] = load_int64(row_of(t) + ARGS + 24)
        return ret

    return sys_sigpending


# ---------------------------------------------------------------------------------------------- waiting, sending
@overload_method(TaskType, "sigtimedwait")
def _no_timedwait(t, set, timeout=None):
    raise TypingError("t.sigtimedwait makes a SigInfo: use t.sys_sigtimedwait(set, info, timeout) with a SIGINFO")


@overload_method(TaskType, "sigwaitinfo")
def _no_waitinfo(t, set):
    raise TypingError("t.sigwaitinfo makes a SigInfo: use t.sys_sigwaitinfo(set, info), which fills a SIGINFO")


@overload_method(TaskType, "sys_sigtimedwait")
def _timedwait(t, set, info=None, timeout=None):
    require_int("set", set)
    told, limited = not none(info), not none(timeout)
    if told:
        require_buffer("info", info, True)
    if limited:
        require_seconds("timeout", timeout)

    def filling(t, set, info=None, timeout=None):
        if size_of(info) < SIGINFO_SIZE:
            raise ValueError("info must have room for one row of SIGINFO")
        return _sigtimedwait(machine_of(t), row_of(t), set, address_of(info), to_ns(timeout))

    def filling_ever(t, set, info=None, timeout=None):
        if size_of(info) < SIGINFO_SIZE:
            raise ValueError("info must have room for one row of SIGINFO")
        return _sigtimedwait(machine_of(t), row_of(t), set, address_of(info), -1)

    def limited_(t, set, info=None, timeout=None):
        return _sigtimedwait(machine_of(t), row_of(t), set, 0, to_ns(timeout))

    def ever(t, set, info=None, timeout=None):
        return _sigtimedwait(machine_of(t), row_of(t), set, 0, -1)

    if told:
        return filling if limited else filling_ever
    return limited_ if limited else ever


@overload_method(TaskType, "sys_sigwaitinfo")
def _waitinfo(t, set, info=None):
    def sys_sigwaitinfo(t, set, info=None):
        return t.sys_sigtimedwait(set, info)

    return sys_sigwaitinfo


def _queueinfo(name: str, threads: bool, raises: bool) -> Any:
    call = external(name, 4 if threads else 3)

    def to_process(t, pid, sig, info):
        require_int("pid", pid)
        require_int("sig", sig)
        require_buffer("info", info, False)

        def rt_sigqueueinfo(t, pid, sig, info):
            if size_of(info) < SIGINFO_SIZE:
                raise ValueError("info must be one row of SIGINFO")
            ret = call(machine_of(t), row_of(t), pid, sig, address_of(info))
            if raises and ret < 0:
                raise_errno(ret)
            return None if raises else ret

        return rt_sigqueueinfo

    def to_thread(t, tgid, tid, sig, info):
        require_int("tgid", tgid)
        require_int("tid", tid)
        require_int("sig", sig)
        require_buffer("info", info, False)

        def rt_tgsigqueueinfo(t, tgid, tid, sig, info):
            if size_of(info) < SIGINFO_SIZE:
                raise ValueError("info must be one row of SIGINFO")
            ret = call(machine_of(t), row_of(t), tgid, tid, sig, address_of(info))
            if raises and ret < 0:
                raise_errno(ret)
            return None if raises else ret

        return rt_tgsigqueueinfo

    return to_thread if threads else to_process


for _name, _threads in (("rt_sigqueueinfo", False), ("rt_tgsigqueueinfo", True)):
    overload_method(TaskType, _name)(_queueinfo(_name, _threads, True))
    overload_method(TaskType, f"sys_{_name}")(_queueinfo(_name, _threads, False))


@overload_method(TaskType, "sigaltstack")
def _no_altstack(t, stack=None):
    raise TypingError("t.sigaltstack makes a StackT: use t.sys_sigaltstack(stack, old), with arrays of three uint64")


@overload_method(TaskType, "sys_sigaltstack")
def _altstack(t, stack=None, old=None):
    given, told = not none(stack), not none(old)
    if given:
        require_buffer("stack", stack, False)
    if told:
        require_buffer("old", old, True)
    if given and told:
        def both(t, stack=None, old=None):
            return _sigaltstack(machine_of(t), row_of(t), address_of(stack), address_of(old))

        return both
    if given:
        return lambda t, stack=None, old=None: _sigaltstack(machine_of(t), row_of(t), address_of(stack), 0)
    if told:
        return lambda t, stack=None, old=None: _sigaltstack(machine_of(t), row_of(t), 0, address_of(old))
    return lambda t, stack=None, old=None: _sigaltstack(machine_of(t), row_of(t), 0, 0)
