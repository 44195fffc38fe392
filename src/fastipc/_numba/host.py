"""Arguments and results of compiled programs on the side of Python: packed into the record and taken out of it."""

import ctypes
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import typeof
from numba.core import types
from numba.extending import typeof_impl
from numba.np.numpy_support import as_dtype

import fastipc._numba.calls
import fastipc._numba.forms
import fastipc._numba.raw
import fastipc._numba.refused
import fastipc._numba.select
import fastipc._numba.signals
import fastipc._numba.timers  # noqa: F401
from fastipc._numba.entry import Layout, Leaf, ProgramType, leaves, make_taker
from fastipc._numba.task_type import TaskType
from fastipc.compiled import CompiledProgram
from fastipc.errors import CompileError

PLAIN = {(int, types.int64): "q", (float, types.float64): "d", (bool, types.boolean): "?"}
NUMBERS = (types.Integer, types.Float, types.Boolean, types.Complex)


@typeof_impl.register(CompiledProgram)
def _typeof_program(value: Any, context: Any) -> ProgramType:
    return ProgramType(value.identity)


def check_types(name: str, given: tuple[Any, ...]) -> None:
    """Refuse arguments that have no form in a record."""
    for leaf in leaves(types.Tuple(given)):
        if not isinstance(leaf, (*NUMBERS, types.Array, types.Omitted, ProgramType, types.NoneType)):
            raise TypeError(
                f"{name} cannot be given an argument of type {leaf}: numbers, booleans, tuples of them, arrays"
            )


def check_result(name: str, given: Any) -> None:
    """Refuse a result that has no form in Python."""
    for leaf in leaves(given):
        if isinstance(leaf, ProgramType | TaskType):
            raise CompileError(f"{name} cannot be compiled: it returns {leaf}, which has no form outside")


def values(given: tuple[Any, ...]) -> Iterator[Any]:
    """The leaves of arguments, in order."""
    for value in given:
        if isinstance(value, tuple):
            yield from values(value)
        else:
            yield value


def _array_words(array: np.ndarray[Any, Any]) -> list[int]:
    # Numba's array: owner, parent, items, item size, data, shape, strides. Without an owner it is never freed there.
    return [0, 0, array.size, array.itemsize, array.ctypes.data, *array.shape, *array.strides]


def pack(layout: Layout, args: tuple[Any, ...], record: bytearray) -> None:
    """Store arguments whose types are those of the layout."""
    for leaf, value in zip(layout.args, values(args), strict=True):
        if isinstance(leaf.type, NUMBERS):
            data = as_dtype(leaf.type).type(value).tobytes()
        elif isinstance(leaf.type, types.Array):
            words = _array_words(value)
            data = struct.pack(f"{len(words)}q", *words)
        else:
            continue
        record[leaf.offset : leaf.offset + len(data)] = data


def packer(layout: Layout, classes: tuple[type, ...]) -> struct.Struct | None:
    """What stores arguments of these classes in one go, if they are plain numbers."""
    words, at = "<", 0
    for leaf, given in zip(layout.args, classes, strict=False):
        word = PLAIN.get((given, leaf.type))
        if word is None:
            return None
        words += f"{leaf.offset - at}x{word}"
        at = leaf.offset + struct.calcsize(word)
    return struct.Struct(f"{words}{layout.size - at}x")


def pack_column(leaf: Leaf, column: np.ndarray[Any, Any], records: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Store one argument of many tasks: an element of the column each, or a row of it as an array; what to keep."""
    if not len(column) or not isinstance(leaf.type, (*NUMBERS, types.Array)):
        return column
    if isinstance(leaf.type, types.Array):
        column = np.ascontiguousarray(column)
        data = np.tile(np.array(_array_words(column[0]), np.int64), (len(column), 1))
        data[:, 4] += np.arange(len(column)) * column.strides[0]
    else:
        data = np.ascontiguousarray(column.astype(as_dtype(leaf.type), copy=False)).reshape(len(column), -1)
    raw = data.view(np.uint8).reshape(len(column), -1)
    records[:, leaf.offset : leaf.offset + raw.shape[1]] = raw
    return column


_takers: dict[Any, Any] = {}


def unpack(layout: Layout, result: Any, address: int) -> Any:
    """The Python object of a result."""
    if result == types.none:
        return None
    if all(isinstance(leaf, NUMBERS) for leaf in leaves(result)):
        numbers = iter(layout.result)
        return _number(result, numbers, address)
    key = (result, layout)
    if key not in _takers:
        _takers[key] = make_taker(layout, result)
    return _owned(_takers[key](address))


def _number(result: Any, places: Iterator[Any], address: int) -> Any:
    if isinstance(result, types.BaseTuple):
        parts = [_number(part, places, address) for part in result]
        return result.instance_class(*parts) if hasattr(result, "instance_class") else tuple(parts)
    dtype = as_dtype(result)
    leaf = next(places)
    return np.frombuffer(ctypes.string_at(address + leaf.offset, dtype.itemsize), dtype)[0].item()


def _owned(value: Any) -> Any:
    # An array that is a view of an argument does not own its memory: a copy does.
    if isinstance(value, np.ndarray):
        return value if value.flags.owndata or value.base is not None else value.copy()
    if isinstance(value, tuple):
        parts = [_owned(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value


__all__ = ["check_result", "check_types", "pack", "packer", "typeof", "unpack"]
