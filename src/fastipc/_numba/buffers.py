"""Arguments of calls in compiled code: checked when the types are known, with errors that name the argument."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.core.imputils import lower_constant
from numba.extending import intrinsic, lower_builtin, overload

from fastipc._numba.user_buffer import is_user, parts

SECONDS = 1_000_000_000
END_OF_TIME = (1 << 63) - 1


def require_int(name: str, given: Any) -> None:
    """A register: any integer, or the default of the method."""
    if isinstance(given, int | types.Omitted):
        return
    given = types.unliteral(given)
    if not isinstance(given, types.Integer | types.Boolean):
        raise TypingError(f"{name} must be an integer, not {given}")


def require_data(name: str, given: Any, writable: bool) -> None:
    """Contiguous bytes, or a range of the task's memory."""
    if not is_user(given):
        require_buffer(name, given, writable)


def require_buffer(name: str, given: Any, writable: bool) -> None:
    """Contiguous bytes."""
    if not isinstance(given, types.Buffer):
        raise TypingError(f"{name} must be an array or bytes, not {given}")
    if given.layout not in "CF":
        raise TypingError(f"{name} must be contiguous, and this {given} may not be")
    if writable and not given.mutable:
        raise TypingError(f"{name} must be writable, and this {given} is read-only")


def require_vector(name: str, given: Any, writable: bool) -> None:
    """A tuple of buffers, or a list of them, which are of one type; or a tuple of ranges of the task's memory."""
    if is_user(given):
        return
    if not isinstance(given, types.BaseTuple | types.List | types.ListType):
        raise TypingError(f"{name} must be a tuple or a list of arrays, not {given}")
    for buffer in given if isinstance(given, types.BaseTuple) else (given.dtype,):
        require_buffer(name, buffer, writable)


def require_path(name: str, given: Any) -> None:
    """A string, bytes, or an array of bytes that ends at its first zero."""
    given = types.unliteral(given)
    if isinstance(given, types.UnicodeType | types.Bytes):
        return
    if not isinstance(given, types.Buffer) or given.dtype not in (types.uint8, types.int8):
        raise TypingError(f"{name} must be a string, bytes or an array of uint8, not {given}")
    require_buffer(name, given, False)


def require_seconds(name: str, given: Any) -> None:
    """A time."""
    if not isinstance(types.unliteral(given), types.Integer | types.Float):
        raise TypingError(f"{name} must be a number of seconds, not {given}")


@intrinsic
def address_of(typing_context: Any, buffer: Any) -> Any:
    """Address of a buffer's first byte; of one in the task's memory there."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if is_user(signature.args[0]):
            return parts(context, builder, signature.args[0], args[0])[0]
        array = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.ptrtoint(array.data, ir.IntType(64))

    return types.int64(buffer), generate


@intrinsic
def size_of(typing_context: Any, buffer: Any) -> Any:
    """Bytes of a buffer."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if is_user(signature.args[0]):
            return parts(context, builder, signature.args[0], args[0])[1]
        array = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.mul(array.nitems, array.itemsize)

    return types.int64(buffer), generate


def iovecs(buffers: Any) -> Any:
    """What `vector_of` takes: a tuple as it is, or the struct iovec of each of a list, in an array."""
    raise NotImplementedError  # in compiled code only


@overload(iovecs)
def _iovecs(buffers):
    if isinstance(buffers, types.BaseTuple):
        return lambda buffers: buffers

    def of_list(buffers):
        vector = np.empty((len(buffers), 2), np.int64)
        for i in range(len(buffers)):
            vector[i, 0], vector[i, 1] = address_of(buffers[i]), size_of(buffers[i])
        return vector

    return of_list


@intrinsic
def vector_of(typing_context: Any, vector: Any) -> Any:
    """Address of an array of struct iovec, on the stack for a tuple."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = ir.IntType(64)
        if isinstance(signature.args[0], types.Array):
            return builder.ptrtoint(context.make_array(signature.args[0])(context, builder, args[0]).data, word)
        types_ = list(signature.args[0])
        vector = cgutils.alloca_once(builder, ir.ArrayType(word, max(2 * len(types_), 1)))
        for i, given in enumerate(types_):
            item = builder.extract_value(args[0], i)
            if is_user(given):
                pair = parts(context, builder, given, item)
            else:
                array = context.make_array(given)(context, builder, item)
                pair = builder.ptrtoint(array.data, word), builder.mul(array.nitems, array.itemsize)
            for j, value in enumerate(pair):
                builder.store(value, cgutils.gep_inbounds(builder, vector, 0, 2 * i + j))
        return builder.ptrtoint(vector, word)

    return types.int64(vector), generate


@intrinsic
def keep(typing_context: Any, value: Any) -> Any:
    """Nothing, but what is given to it is not let go of before: machine code may use its address until then."""
    return types.none(value), lambda context, builder, signature, args: context.get_dummy_value()


@intrinsic
def _string_address(typing_context: Any, text: Any) -> Any:
    """Address of a string's first character; of one byte each if it is ASCII."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        string = cgutils.create_struct_proxy(types.unicode_type)(context, builder, value=args[0])
        return builder.ptrtoint(string.data, ir.IntType(64))

    return types.int64(types.unicode_type), generate


_text_length = types.ExternalFunction("fastipc_text_length", types.int64(types.int64, types.int64))


def path_address(path: Any) -> Any:
    """Address of a path's text."""
    raise NotImplementedError  # in compiled code only


@overload(path_address)
def _path_address(path):
    if isinstance(types.unliteral(path), types.UnicodeType):
        return lambda path: _string_address(path)
    return lambda path: address_of(path)


def path_length(path: Any) -> Any:
    """Bytes of a path: an array ends at its first zero, and a string has none."""
    raise NotImplementedError  # in compiled code only


@overload(path_length)
def _path_length(path):
    if isinstance(types.unliteral(path), types.UnicodeType):

        def string(path):
            if not path._is_ascii:
                raise ValueError("a path must be ASCII, or bytes")
            if _text_length(_string_address(path), len(path)) != len(path):
                raise ValueError("a path must not have a null byte")
            return len(path)

        return string
    if isinstance(path, types.Bytes):

        def constant(path):
            if _text_length(address_of(path), len(path)) != len(path):
                raise ValueError("a path must not have a null byte")
            return len(path)

        return constant
    return lambda path: _text_length(address_of(path), size_of(path))


def to_ns(seconds: Any) -> Any:
    """Seconds as nanoseconds; what is too far away is the end of time."""
    raise NotImplementedError  # in compiled code only


@overload(to_ns)
def _to_ns(seconds):
    if isinstance(types.unliteral(seconds), types.Integer):

        def whole(seconds):
            if seconds > 9223372036:
                return END_OF_TIME
            if seconds < -9223372036:
                return -END_OF_TIME
            return seconds * SECONDS

        return whole

    def fraction(seconds):
        if not abs(seconds) < 9.2e18:
            raise ValueError("seconds must be finite")
        if seconds > 9.2e9:
            return END_OF_TIME
        if seconds < -9.2e9:
            return -END_OF_TIME
        if abs(seconds) < 1e6:
            return int(round(seconds * 1e9))
        whole = int(seconds)
        return whole * SECONDS + int(round((seconds - whole) * 1e9))

    return fraction


@lower_constant(types.Bytes)
def _bytes_constant(context: Any, builder: Any, given: Any, value: bytes) -> Any:
    """``b"..."`` in a program: bytes that are part of the machine code."""
    array = context.make_array(given)(context, builder)
    word = context.get_value_type(types.intp)
    data = context.insert_const_bytes(builder.module, value + b"\0", name=value.hex())  # one name, one constant
    array.data = builder.bitcast(data, array.data.type)
    array.nitems = word(len(value))
    array.itemsize = word(1)
    array.shape = cgutils.pack_array(builder, [word(len(value))])
    array.strides = cgutils.pack_array(builder, [word(1)])
    array.meminfo = cgutils.get_null_value(array.meminfo.type)
    array.parent = cgutils.get_null_value(array.parent.type)
    return array._getvalue()


def _length(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return array.nitems


lower_builtin(len, types.Bytes)(_length)
