"""`Task.syscall` in compiled code: a raw call by its name, which is known when the program is compiled."""

from typing import Any

from numba.core import types
from numba.core.errors import TypingError
from numba.extending import overload_method

from fastipc._numba.buffers import require_int
from fastipc._numba.calls import external
from fastipc._numba.task_type import TaskType, machine_of, row_of
from fastipc.unistd import NUMBERS

REFUSED = {
    "fork": "t.fork(program, ...)",
    "vfork": "t.fork(program, ...)",
    "clone": "t.clone(flags, program, ...)",
    "execve": "t.execve(program, ...)",
}
_call = external("syscall", 7)


def _number(name: Any) -> int:
    if not isinstance(name, types.StringLiteral):
        raise TypingError("name must be a string that is written in the program")
    text = name.literal_value
    if text in REFUSED:
        raise TypingError(f"t.syscall({text!r}) cannot copy or leave a running program: use {REFUSED[text]}")
    if text not in NUMBERS:
        raise TypingError(f"name must be that of a system call of x86-64 Linux, not {text!r}")
    return NUMBERS[text]


def _typed(t, name, a=0, b=0, c=0, d=0, e=0, f=0):
    nr = _number(name)
    for given in (a, b, c, d, e, f):
        require_int("args", given)

    def syscall(t, name, a=0, b=0, c=0, d=0, e=0, f=0):
        return _call(machine_of(t), row_of(t), nr, a, b, c, d, e, f)

    return syscall


for _method in ("syscall", "sys_syscall"):
    overload_method(TaskType, _method, prefer_literal=True)(_typed)
