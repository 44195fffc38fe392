"""The worker's calls on signalfds, owners of files, and waits with a mask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numba
import numpy as np

import fastipc

from . import abi
from .compiled_signals import signed_mask
from .real_signal import mask_of

OPS = ("signalfd", "ppoll", "pselect", "getown_ex")
SIGNALFD, PPOLL, PSELECT, OWN_EX = range(len(OPS))
RAISING = (SIGNALFD, PPOLL, PSELECT, OWN_EX)
SET = fastipc.FD_SETSIZE // 8


@numba.njit
def poll(t, a, area):
    """ppoll: count of rows, whether there is a time and which, whether there is a mask and which."""
    rows = area[: 8 * a[0]]
    if a[1] and a[3]:
        return t.sys_ppoll(rows, a[2] / 1e9, a[4])
    if a[1]:
        return t.sys_ppoll(rows, a[2] / 1e9)
    if a[3]:
        return t.sys_ppoll(rows, None, a[4])
    return t.sys_ppoll(rows)


@numba.njit
def select(t, a, area):
    """pselect over sets."""
    r, w, x = area[:SET], area[SET : 2 * SET], area[2 * SET : 3 * SET]
    if a[1] and a[3]:
        return t.sys_pselect(a[0], r, w, x, a[2] / 1e9, a[4])
    if a[1]:
        return t.sys_pselect(a[0], r, w, x, a[2] / 1e9)
    if a[3]:
        return t.sys_pselect(a[0], r, w, x, None, a[4])
    return t.sys_pselect(a[0], r, w, x)


@numba.njit
def on_signal_files(t, op, a, area):
    """All of them."""
    if op == SIGNALFD:
        return t.sys_signalfd(a[0], a[1], a[2])
    if op == PPOLL:
        return poll(t, a, area)
    if op == PSELECT:
        return select(t, a, area)
    return t.sys_fcntl(a[0], a[1], area[:8].view(np.int32))


@numba.njit
def raising_poll(t, a, area):
    """ppoll in the verb that raises."""
    rows = area[: 8 * a[0]]
    if a[1] and a[3]:
        return t.ppoll(rows, a[2] / 1e9, a[4])
    if a[1]:
        return t.ppoll(rows, a[2] / 1e9)
    if a[3]:
        return t.ppoll(rows, None, a[4])
    return t.ppoll(rows)


@numba.njit
def select_numbers(t, a, area):
    """pselect over lists; what is ready goes where they were, after the three lengths."""
    p, q, n = a[5], a[5] + a[6], a[5] + a[6] + a[7]
    fds = area[: 8 * n].view(np.int64)
    if a[1] and a[3]:
        ready = t.pselect(fds[:p], fds[p:q], fds[q:], a[2] / 1e9, a[4])
    elif a[1]:
        ready = t.pselect(fds[:p], fds[p:q], fds[q:], a[2] / 1e9)
    elif a[3]:
        ready = t.pselect(fds[:p], fds[p:q], fds[q:], None, a[4])
    else:
        ready = t.pselect(fds[:p], fds[p:q], fds[q:])
    out = area[: 8 * (n + 3)].view(np.int64)
    at = 3
    for i, numbers in enumerate(ready):
        out[i] = len(numbers)
        for fd in numbers:
            out[at] = fd
            at += 1
    return at - 3


@numba.njit
def raising_signal_files(t, op, a, area):
    """All of them in the verb that raises; -errno as the other one gives it."""
    ret = np.int64(0)
    try:
        if op == SIGNALFD:
            ret = t.signalfd(a[0], a[1], a[2])
        elif op == PPOLL:
            ret = raising_poll(t, a, area)
        elif op == PSELECT:
            ret = select_numbers(t, a, area)
        else:
            t.fcntl(a[0], a[1], area[:8].view(np.int32))
    except Exception:
        ret = -t.errno
    return ret


class CompiledFiles:
    """What `CompiledMachine` has of these: the words of a call, and what makes a value of a result."""

    def _on_signalfd(self, area: Any, fd: int, set: Iterable[int], flags: int = 0) -> tuple:
        return (fd, signed_mask(mask_of(set)), flags), int

    def _on_read_signals(self, area: Any, fd: int, n: int) -> tuple:
        return (fd, n), lambda got: self.signals_read(bytes(area[:got]))

    def _on_read_senders(self, area: Any, fd: int, n: int) -> tuple:
        return (fd, n), lambda got: self.senders_read(bytes(area[:got]))

    def _on_read_sigq(self, area: Any, fd: int) -> tuple:
        return (fd, 4096, 0), lambda got: self.sigq_read(bytes(area[:got]))

    def _limits(self, timeout: float | None, sigmask: Iterable[int] | None) -> tuple:
        return *self._time(timeout), sigmask is not None, signed_mask(mask_of(sigmask or ()))

    def _on_ppoll(self, area: Any, fds: list, timeout: float | None = None, sigmask: Any = None) -> tuple:
        (n, _), decode = self._on_poll(area, fds)
        return (n, *self._limits(timeout, sigmask)), decode

    def _on_pselect(
        self, area: Any, r: list, w: list, x: list, timeout: float | None = None, sigmask: Any = None
    ) -> tuple:
        lengths = len(r), len(w), len(x)
        words, decode = self._on_select(area, r, w, x, timeout)
        nfds = words[0] if self.verb != "raise" else 0
        return (nfds, *self._limits(timeout, sigmask), *lengths), decode

    def _on_setown(self, area: Any, fd: int, who: int) -> tuple:
        return (fd, abi.F_SETOWN, who), int

    def _on_getown(self, area: Any, fd: int) -> tuple:
        return (fd, abi.F_GETOWN), lambda pid: self.name_of(pid) if pid else 0

    def _on_setown_ex(self, area: Any, fd: int, type: int, who: int) -> tuple:
        area[:8].view(np.int32)[:] = type, who
        return (fd, abi.F_SETOWN_EX), int

    def _on_getown_ex(self, area: Any, fd: int) -> tuple:
        return (fd, abi.F_GETOWN_EX), lambda ret: self.owner(*map(int, area[:8].view(np.int32)))
