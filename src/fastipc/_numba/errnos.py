"""How a call that failed raises in compiled code: one exception for each errno, whose arguments are constants.

An exception with constant arguments is a pointer to bytes that are part of the machine code: raising it allocates
nothing, so nothing leaks when a task dies in the middle.
"""

import os
from typing import Any

import numba

from fastipc.syscalls import ERRNO_NAMES

_lines = ["def raise_errno(ret):"]
for _errno in sorted(ERRNO_NAMES):
    _lines += [f"    if ret == {-_errno}:", f"        raise OSError({_errno}, {os.strerror(_errno)!r})"]
_lines += ["    raise OSError(0, 'unknown error')"]
_names: dict[str, Any] = {}
exec("\n".join(_lines), _names)

raise_errno = numba.njit(_names["raise_errno"])
