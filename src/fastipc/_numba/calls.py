"""The methods of a task in compiled code, made from the call table: each in both verbs, each a call of a C function.

A method that raises looks at the result and leaves by `raise_errno`. Types are checked when they are known, so a wrong
one is an error of compiling that names the argument.
"""

# ruff: noqa: F401 - what the source that is made here calls

from typing import Any

from numba.core import types
from numba.extending import overload_method

from fastipc._numba.buffers import (
    address_of,
    iovecs,
    keep,
    path_address,
    path_length,
    require_buffer,
    require_data,
    require_int,
    require_path,
    require_seconds,
    require_vector,
    size_of,
    to_ns,
    vector_of,
)
from fastipc._numba.entry import make_start, require_program
from fastipc._numba.errnos import raise_errno
from fastipc._numba.task_type import OUT0, OUT1, TaskType, load_int32, machine_of, row_of
from fastipc._numba.user_buffer import is_user
from fastipc.syscalls import METHODS, Method, Param


def external(symbol: str, registers: int) -> types.ExternalFunction:
    """A C function of `native.SYMBOLS`: machine, row, and so many registers."""
    return types.ExternalFunction(f"fastipc_{symbol}", types.int64(*[types.int64] * (2 + registers)))


# How an argument of each kind is checked and passed.
CHECKS = {
    "int": "require_int({0!r}, {0})",
    "in": "require_buffer({0!r}, {0}, False)",
    "out": "require_buffer({0!r}, {0}, True)",
    "path": "require_path({0!r}, {0})",
    "vector": "require_vector({0!r}, {0}, writable)",
    "seconds": "require_seconds({0!r}, {0})",
    "program": "require_program({0!r}, {0})",
    "args": "None",
}
PASSED = {
    "int": ["{0}"],
    "in": ["address_of({0})", "size_of({0})"],
    "out": ["address_of({0})", "size_of({0})"],
    "path": ["path_address({0})", "path_length({0})"],
    "vector": ["vector_of(vector)", "len({0})"],
    "seconds": ["to_ns({0})"],
    "program": ["make_start(t, {0}, args)"],
    "args": [],
}
IN_USER_MEMORY = {
    "readinto": "buf",
    "write": "data",
    "readv": "buffers",
    "writev": "buffers",
    "pwrite": "data",
    "msgsnd": "data",
    "semop": "sops",
}
AROUND = {"vector": ("vector = iovecs({0})", "keep(vector)")}  # what is done before and after the call
RESULTS = {
    "int": "ret",
    "none": "None",
    "never": "None",
    "fds": "(load_int32(row_of(t) + OUT0), load_int32(row_of(t) + OUT1))",
    "wait": "(ret, load_int32(row_of(t) + OUT0))",
}

SOURCE = """
def typed({signature}):
    {checks}
    call = {chosen}
    def {name}({signature}):
        {before}
        ret = call(machine_of(t), row_of(t){passed})
        {after}
        {failed}
        return {result}
    return {name}
"""


def _shown(param: Param) -> str:
    if param.kind == "args":
        return f"*{param.name}"
    return param.name if param.default is None else f"{param.name}={param.default}"


def source_of(method: Method, raises: bool) -> tuple[str, int]:
    """What `overload_method` is given for one verb of a method, and how many registers the C function takes."""
    passed = [text.format(p.name) for p in method.params for text in PASSED[p.kind]]
    around = [[text.format(p.name) for text in AROUND[p.kind]] for p in method.params if p.kind in AROUND]
    given = IN_USER_MEMORY.get(method.name)
    checks = [CHECKS[p.kind].format(p.name) for p in method.params]
    if given:
        checks = [check.replace("require_buffer", "require_data") for check in checks]
    text = SOURCE.format(
        name=method.name if raises else f"sys_{method.name}",
        signature=", ".join(["t", *map(_shown, method.params)]),
        checks="; ".join(checks or ["pass"]),
        chosen=f"user_call if is_user({given}) else host_call" if given else "host_call",
        before="; ".join([before for before, _ in around] or ["pass"]),
        passed="".join(f", {p}" for p in passed),
        after="; ".join([after for _, after in around] or ["pass"]),
        failed="if ret < 0: raise_errno(ret)" if raises else "pass",
        result=RESULTS[method.result] if raises else "ret",
    )
    return text, len(passed)


def add(method: Method, raises: bool) -> None:
    """Give compiled code one verb of a method."""
    text, registers = source_of(method, raises)
    names: dict[str, Any] = dict(globals(), writable=method.name == "readv")
    names["host_call"] = external(method.symbol, registers)
    if method.name in IN_USER_MEMORY:
        names["user_call"] = external(f"{method.symbol}_user", registers)
    exec(text, names)
    overload_method(TaskType, method.name if raises else f"sys_{method.name}")(names["typed"])


for _method in METHODS.values():
    add(_method, True)
    if _method.result not in ("fds", "wait"):  # these have out-pointers: forms.py
        add(_method, False)
