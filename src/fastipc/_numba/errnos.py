"""How a call that failed raises in compiled code: one exception for each errno, whose arguments are constants.

An exception with constant arguments is a pointer to bytes that are part of the machine code: raising it allocates
nothing, so nothing leaks when a task dies in the middle.
"""

import os
from typing import Any

import numba
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from fastipc.syscalls import ERRNO_NAMES


@intrinsic
def _leave(typing_context: Any, ret: Any) -> Any:
    """Leave the function by the exception of ``-errno``: a switch, a fortieth of the time to compile that ifs take."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def leave(errno: int, message: str) -> None:
            context.call_conv.return_user_exc(builder, OSError, (errno, message), func_name="raise_errno")

        function = builder.function
        function.attributes.add("noinline")
        other, after = function.append_basic_block("other"), function.append_basic_block("after")
        switch = builder.switch(args[0], other)
        for errno in sorted(ERRNO_NAMES):
            block = function.append_basic_block(ERRNO_NAMES[errno])
            switch.add_case(ir.IntType(64)(-errno), block)
            builder.position_at_end(block)
            leave(errno, os.strerror(errno))
        builder.position_at_end(other)
        leave(0, "unknown error")
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.none(types.int64), generate


@numba.njit
def raise_errno(ret):
    """Raise the OSError of a result < 0."""
    _leave(ret)
