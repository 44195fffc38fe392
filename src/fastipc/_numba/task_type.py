"""The type of a task in compiled code: two addresses, of its machine and of its row.

Its name carries a fingerprint of everything that machine code knows of this fastipc: layouts, call table, symbols,
constants. Numba's cache goes by the name, so code for another fastipc is never loaded.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, models, overload_attribute, register_model

from fastipc._core import abi
from fastipc._core.entries import START_SIZE, SYMBOLS
from fastipc._core.layout import dtype
from fastipc.syscalls import METHODS


def fingerprint() -> str:
    """A short hash of what compiled code depends on: this package's own sources are part of it."""
    numbers = {name: getattr(abi, name) for name in dir(abi) if name.isupper()}
    known: list[Any] = [START_SIZE, sorted(SYMBOLS), sorted(METHODS.values()), sorted(numbers.items())]
    rows = [dtype(name) for name in ("task", "cred", "pollfd", "siginfo", "stat")]
    known += [sorted((row.fields or {}).items(), key=str) for row in rows]
    known += [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    return sha256(repr(known).encode()).hexdigest()[:16]


class TaskType(types.Type):
    """A simulated thread, in compiled code."""

    def __init__(self) -> None:
        super().__init__(name=f"fastipc.Task[{fingerprint()}]")


task_type = TaskType()


@register_model(TaskType)
class TaskModel(models.StructModel):
    """Two addresses."""

    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, [("machine", types.int64), ("row", types.int64)])


def _member(name: str) -> Any:
    @intrinsic
    def member(typing_context: Any, t: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            value = context.make_helper(builder, signature.args[0], value=args[0])
            return getattr(value, name)

        return types.int64(t), generate

    return member


machine_of = _member("machine")
row_of = _member("row")


def _loader(bits: int, signed: bool = True) -> Any:
    @intrinsic
    def load(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            place = builder.inttoptr(args[0], ir.IntType(bits).as_pointer())
            extend = builder.sext if signed else builder.zext
            return extend(builder.load(place), ir.IntType(64)) if bits < 64 else builder.load(place)

        return types.int64(types.int64), generate

    return load


load_int32 = _loader(32)
load_int64 = _loader(64)
load_uint32 = _loader(32, signed=False)


def _offset(*path: str, table: str = "task") -> int:
    """Where a field lies in a row, of a task if nothing else is said."""
    at, where = 0, dtype(table)
    for name in path:
        assert where.fields is not None
        where, offset = where.fields[name][:2]
        at += offset
    return at


ARGS, RET, DONE, OUT0, OUT1 = (_offset("call", name) for name in ("args", "ret", "done", "out0", "out1"))


@overload_attribute(TaskType, "errno")
def _errno(t):
    def errno(t):
        ret = load_int64(row_of(t) + RET)
        return -ret if ret < 0 else 0

    return errno


def _add_number(name: str) -> None:
    offset = _offset(name)

    @overload_attribute(TaskType, name)
    def attribute(t):
        def get(t):
            return load_int32(row_of(t) + offset)

        return get


for _name in ("pid", "tgid"):
    _add_number(_name)

_cred = types.ExternalFunction("fastipc_cred", types.int64(types.int64, types.int64))


def _add_id(name: str) -> None:
    offset = _offset(name, table="cred")

    @overload_attribute(TaskType, name)
    def attribute(t):
        def get(t):
            return load_uint32(_cred(machine_of(t), row_of(t)) + offset)

        return get


for _name in ("uid", "euid", "gid", "egid"):
    _add_id(_name)
