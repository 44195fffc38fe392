"""`fastipc.UserBuffer` in compiled code: two integers. It is made there, or a constant; programs are not given any."""

from typing import Any

from numba.core import cgutils, types
from numba.core.imputils import lower_constant
from numba.extending import (
    lower_builtin,
    make_attribute_wrapper,
    models,
    register_model,
    type_callable,
    typeof_impl,
)

from fastipc._core.entries import UserBuffer


class UserBufferType(types.Type):
    """A range of the memory of the task that makes the call."""

    def __init__(self) -> None:
        super().__init__(name="fastipc.UserBuffer")


user_buffer_type = UserBufferType()


@register_model(UserBufferType)
class UserBufferModel(models.StructModel):
    """Address and length."""

    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, [("addr", types.uint64), ("length", types.uint64)])


make_attribute_wrapper(UserBufferType, "addr", "addr")
make_attribute_wrapper(UserBufferType, "length", "length")


@typeof_impl.register(UserBuffer)
def _typeof(value: Any, context: Any) -> Any:
    return user_buffer_type


@type_callable(UserBuffer)
def _type_constructor(context: Any) -> Any:
    def typer(addr: Any, length: Any) -> Any:
        if all(isinstance(types.unliteral(given), types.Integer) for given in (addr, length)):
            return user_buffer_type
        return None

    return typer


@lower_builtin(UserBuffer, types.Integer, types.Integer)
def _construct(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    value = cgutils.create_struct_proxy(user_buffer_type)(context, builder)
    value.addr = context.cast(builder, args[0], signature.args[0], types.uint64)
    value.length = context.cast(builder, args[1], signature.args[1], types.uint64)
    return value._getvalue()


@lower_constant(UserBufferType)
def _constant(context: Any, builder: Any, given: Any, value: Any) -> Any:
    constant = cgutils.create_struct_proxy(given)(context, builder)
    constant.addr = context.get_constant(types.uint64, value.addr)
    constant.length = context.get_constant(types.uint64, value.length)
    return constant._getvalue()


def parts(context: Any, builder: Any, given: Any, value: Any) -> tuple[Any, Any]:
    """The two numbers."""
    buffer = cgutils.create_struct_proxy(given)(context, builder, value=value)
    return buffer.addr, buffer.length


def is_user(given: Any) -> bool:
    """Whether an argument's type is that of a UserBuffer, or of a tuple of them alone."""
    if isinstance(given, types.BaseTuple):
        return len(given) > 0 and all(map(is_user, given))
    return isinstance(given, UserBufferType)
