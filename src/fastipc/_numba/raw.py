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
_refused: dict[tuple[Any, ...], TypingError] = {}


def _checked(name: Any, *args: Any) -> int:
    # The number of the call. Numba asks for literal types, and if they are refused once more for others, whose error is
    # the one that it shows: so it gets the same.
    key = tuple(map(types.unliteral, (given for given in args if isinstance(given, types.Type))))
    if not isinstance(name, types.StringLiteral):
        raise _refused.get(key) or TypingError("name must be a string that is written in the program")
    try:
        nr = _number(name.literal_value)
        for given in args:
            require_int("args", given)
    except TypingError as error:
        _refused[key] = error
        raise
    _refused.pop(key, None)
    return nr


def _number(text: str) -> int:
    if text in REFUSED:
        raise TypingError(f"t.syscall({text!r}) cannot copy or leave a running program: use {REFUSED[text]}")
    if text not in NUMBERS:
        raise TypingError(f"name must be that of a system call of x86-64 Linux, not {text!r}")
    return NUMBERS[text]


def _typed(t, name, a=0, b=0, c=0, d=0, e=0, f=0):
    nr = _checked(name, a, b, c, d, e, f)

    def syscall(t, name, a=0, b=0, c=0, d=0, e=0, f=0):
        return _call(machine_of(t), row_of(t), nr, a, b, c, d, e, f)

    return syscall


for _method in ("syscall", "sys_syscall"):
    overload_method(TaskType, _method, prefer_literal=True)(_typed)
