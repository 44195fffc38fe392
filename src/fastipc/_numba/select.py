"""select, pselect and ppoll in compiled code. The raising verb of select is that of interpreted programs; the other one
has the sets of C.
"""

from typing import Any

import numpy as np
from numba import literal_unroll
from numba.core import types
from numba.core.errors import TypingError
from numba.extending import overload, overload_method, register_jitable

from fastipc._core import abi
from fastipc._numba.buffers import address_of, keep, require_buffer, require_int, require_seconds, size_of, to_ns
from fastipc._numba.calls import external
from fastipc._numba.errnos import raise_errno
from fastipc._numba.task_type import TaskType, machine_of, row_of

SET_BYTES = int(abi.FD_SETSIZE) // 8
SETS = ("r", "w", "x")

_select, _select_fds = external("select", 5), external("select_fds", 5)
_ppoll, _pselect, _pselect_fds = external("ppoll", 5), external("pselect", 7), external("pselect_fds", 7)


def absent(given: Any) -> bool:
    """Whether an argument is None, or left out."""
    return given is None or isinstance(given, types.NoneType | types.Omitted)


def require_numbers(name: str, given: Any) -> None:
    """Descriptors: a tuple, a list, a set, or an array of one dimension."""
    if isinstance(given, types.BaseTuple):
        items = tuple(given)
    elif isinstance(given, types.List | types.ListType | types.Set) or getattr(given, "ndim", 0) == 1:
        items = (given.dtype,)
    else:
        raise TypingError(f"{name} must be a sequence of descriptors, not {given}")
    for item in items:
        require_int(name, item)


def require_timeout(given: Any) -> None:
    """Seconds, or None."""
    if not absent(given):
        require_seconds("timeout", given)


def timeout_ns(timeout: Any) -> Any:
    """Nanoseconds; -1 for None, and less for a negative time."""
    raise NotImplementedError  # in compiled code only


@overload(timeout_ns)
def _timeout_ns(timeout):
    if absent(timeout):
        return lambda timeout: -1

    def limited(timeout):
        ns = to_ns(timeout)
        return ns if ns >= 0 else -2

    return limited


def require_sigmask(given: Any) -> None:
    """The bits of a set, or None."""
    if not absent(given):
        require_int("sigmask", given)


def mask_bits(sigmask: Any) -> Any:
    """The bits of a set, 0 for None."""
    raise NotImplementedError  # in compiled code only


@overload(mask_bits)
def _mask_bits(sigmask):
    if absent(sigmask):
        return lambda sigmask: 0
    return lambda sigmask: sigmask


def put(fds: Any, at: Any, given: Any) -> Any:
    """Store descriptors one after the other."""
    raise NotImplementedError  # in compiled code only


@overload(put)
def _put(fds, at, given):
    if isinstance(given, types.BaseTuple) and len(given) == 0:
        return lambda fds, at, given: None
    if isinstance(given, types.BaseTuple):

        def unrolled(fds, at, given):
            for fd in literal_unroll(given):
                fds[at] = fd
                at += 1

        return unrolled

    def in_turn(fds, at, given):
        for fd in given:
            fds[at] = fd
            at += 1

    return in_turn


@register_jitable
def packed(r: Any, w: Any, x: Any) -> Any:
    """All descriptors in one array, and a copy for the answer."""
    asked = np.empty(len(r) + len(w) + len(x), np.int64)
    put(asked, 0, r)
    put(asked, len(r), w)
    put(asked, len(r) + len(w), x)
    return asked, asked.copy()


@register_jitable
def chosen(asked: Any, ready: Any, nr: int, nw: int) -> Any:
    """Three lists: of each set the descriptors that are ready."""
    return (
        [asked[i] for i in range(nr) if ready[i]],
        [asked[i] for i in range(nr, nr + nw) if ready[i]],
        [asked[i] for i in range(nr + nw, len(asked)) if ready[i]],
    )


@overload_method(TaskType, "select")
def _select_(t, r, w, x, timeout=None):
    for name, given in zip(SETS, (r, w, x), strict=True):
        require_numbers(name, given)
    require_timeout(timeout)

    def select(t, r, w, x, timeout=None):
        asked, ready = packed(r, w, x)
        ns = timeout_ns(timeout)
        ret = _select_fds(machine_of(t), row_of(t), address_of(ready), len(r), len(w), len(x), ns)
        if ret < 0:
            raise_errno(ret)
        return chosen(asked, ready, len(r), len(w))

    return select


def _address(name: str) -> Any:
    message = f"{name} must have {SET_BYTES} bytes"

    def set_address(given: Any) -> Any:
        raise NotImplementedError  # in compiled code only

    @overload(set_address)
    def typed(given):
        if absent(given):
            return lambda given: 0
        require_buffer(name, given, True)

        def address(given):
            if size_of(given) < SET_BYTES:
                raise ValueError(message)
            return address_of(given)

        return address

    return set_address


_r, _w, _x = map(_address, SETS)


@overload_method(TaskType, "sys_select")
def _sys_select(t, nfds, r, w, x, timeout=None):
    require_int("nfds", nfds)
    for name, given in zip(SETS, (r, w, x), strict=True):
        if not absent(given):
            require_buffer(name, given, True)
    require_timeout(timeout)

    def sys_select(t, nfds, r, w, x, timeout=None):
        ns = timeout_ns(timeout)
        sets = _r(r), _w(w), _x(x)
        ret = _select(machine_of(t), row_of(t), nfds, sets[0], sets[1], sets[2], ns)
        keep((r, w, x))
        return ret

    return sys_select


# ---------------------------------------------------------------------------------------------- with a mask
@overload_method(TaskType, "pselect")
def _pselect_(t, r, w, x, timeout=None, sigmask=None):
    for name, given in zip(SETS, (r, w, x), strict=True):
        require_numbers(name, given)
    require_timeout(timeout)
    require_sigmask(sigmask)
    masked = 0 if absent(sigmask) else 1

    def pselect(t, r, w, x, timeout=None, sigmask=None):
        asked, ready = packed(r, w, x)
        ns, mask = timeout_ns(timeout), mask_bits(sigmask)
        ret = _pselect_fds(machine_of(t), row_of(t), address_of(ready), len(r), len(w), len(x), ns, masked, mask)
        if ret < 0:
            raise_errno(ret)
        return chosen(asked, ready, len(r), len(w))

    return pselect


@overload_method(TaskType, "sys_pselect")
def _sys_pselect(t, nfds, r, w, x, timeout=None, sigmask=None):
    require_int("nfds", nfds)
    for name, given in zip(SETS, (r, w, x), strict=True):
        if not absent(given):
            require_buffer(name, given, True)
    require_timeout(timeout)
    require_sigmask(sigmask)
    masked = 0 if absent(sigmask) else 1

    def sys_pselect(t, nfds, r, w, x, timeout=None, sigmask=None):
        ns, mask = timeout_ns(timeout), mask_bits(sigmask)
        sets = _r(r), _w(w), _x(x)
        ret = _pselect(machine_of(t), row_of(t), nfds, sets[0], sets[1], sets[2], ns, masked, mask)
        keep((r, w, x))
        return ret

    return sys_pselect


def _ppoll_(raises: bool) -> Any:
    def typed(t, fds, timeout=None, sigmask=None):
        require_buffer("fds", fds, True)
        require_timeout(timeout)
        require_sigmask(sigmask)
        masked = 0 if absent(sigmask) else 1

        def ppoll(t, fds, timeout=None, sigmask=None):
            ns, mask = timeout_ns(timeout), mask_bits(sigmask)
            ret = _ppoll(machine_of(t), row_of(t), address_of(fds), size_of(fds), ns, masked, mask)
            if raises and ret < 0:
                raise_errno(ret)
            return ret

        return ppoll

    return typed


overload_method(TaskType, "ppoll")(_ppoll_(True))
overload_method(TaskType, "sys_ppoll")(_ppoll_(False))
