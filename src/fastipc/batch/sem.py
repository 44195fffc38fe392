"""semop on many independent sets, one list of operations each. Source: ipc/sem.c (perform_atomic_semop)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from fastipc._core import abi

SLEEPS = 1
"""The answer for a set whose caller would have to wait."""

SEMOPM = 500
EAGAIN, EFBIG, EINVAL, ERANGE, E2BIG = (
    int(getattr(abi, name)) for name in ("EAGAIN", "EFBIG", "EINVAL", "ERANGE", "E2BIG")
)
IPC_NOWAIT, SEM_UNDO, SEMVMX, SEMAEM = (
    int(getattr(abi, name)) for name in ("IPC_NOWAIT", "SEM_UNDO", "SEMVMX", "SEMAEM")
)


@njit(cache=True)
def _refusal(values, sops, adj, i, n):  # type: ignore[no-untyped-def]
    # What one call answers before it does anything, or 0.
    if n > SEMOPM:
        return -E2BIG
    if n < 1:
        return -EINVAL
    for j in range(n):
        if sops[i, j, 0] & 0xFFFF >= values.shape[1]:
            return -EFBIG
    return 0


@njit(cache=True)
def _operation(values, sops, adj, i, j):  # type: ignore[no-untyped-def]
    # One operation: 0 and it is done, or why not.
    num, op, flg = sops[i, j, 0] & 0xFFFF, np.int64(sops[i, j, 1]), sops[i, j, 2]
    value = np.int64(values[i, num]) + op
    if value < 0 or (op == 0 and value != 0):
        return -EAGAIN if flg & IPC_NOWAIT else SLEEPS
    if value > SEMVMX:
        return -ERANGE
    if flg & SEM_UNDO:
        undo = np.int64(adj[i, num]) - op
        if undo < -SEMAEM - 1 or undo > SEMAEM:
            return -ERANGE
        adj[i, num] = undo
    values[i, num] = value
    return 0


@njit(cache=True)
def _take_back(values, sops, adj, i, j):  # type: ignore[no-untyped-def]
    num, op = sops[i, j, 0] & 0xFFFF, sops[i, j, 1]
    values[i, num] -= op
    if sops[i, j, 2] & SEM_UNDO:
        adj[i, num] += op


@njit(cache=True)
def _semop(values, sops, counts, adj, results):  # type: ignore[no-untyped-def]
    for i in range(values.shape[0]):
        n = counts[i]
        ret = _refusal(values, sops, adj, i, n)
        done = 0
        while ret == 0 and done < n:
            ret = _operation(values, sops, adj, i, done)
            done += ret == 0
        if ret != 0:
            for j in range(done):
                _take_back(values, sops, adj, i, j)
        results[i] = ret


def semop(
    values: np.ndarray[Any, Any],
    sops: np.ndarray[Any, Any],
    nsops: Any = None,
    semadj: np.ndarray[Any, Any] | None = None,
) -> np.ndarray[Any, Any]:
    """Do one list of operations on each of many sets, all or none of it.

    Parameters
    ----------
    values : ndarray of int32, shape (sets, semaphores)
        The values, changed in place.
    sops : ndarray, shape (sets, operations) of `fastipc.SEMBUF` or (sets, operations, 3) of int16
        Number, operation and flags; one list for all if the first dimension is 1.
    nsops : int or array_like of int, shape (sets,), optional
        How many operations of its list each set gets; by default all.
    semadj : ndarray of int16, shape (sets, semaphores), optional
        What SEM_UNDO adds up, changed in place; needed if a flag says so.

    Returns
    -------
    ndarray of int64, shape (sets,)
        0; `SLEEPS` where a call would wait; -EAGAIN (IPC_NOWAIT), -ERANGE, -EFBIG, -EINVAL (no operation) or -E2BIG.
        Where it is not 0 nothing has changed.
    """
    if values.ndim != 2 or values.dtype != np.int32 or not values.flags.writeable:
        raise TypeError("values must be a writable array of int32 with two dimensions")
    words = _words(sops)
    sets = len(values)
    if len(words) not in (1, sets):
        raise ValueError(f"sops must be lists for {sets} sets, or one for all, not for {len(words)}")
    counts = np.full(sets, words.shape[1]) if nsops is None else np.broadcast_to(np.asarray(nsops, np.int64), (sets,))
    if (counts > words.shape[1]).any() or (counts < 0).any():
        raise ValueError(f"nsops must be between 0 and {words.shape[1]}")
    if semadj is None:
        if (words[..., 2] & SEM_UNDO).any():
            raise ValueError("semadj is needed for SEM_UNDO")
        semadj = np.zeros((1, 1), np.int16)
    elif semadj.shape != values.shape or semadj.dtype != np.int16 or not semadj.flags.writeable:
        raise TypeError("semadj must be a writable array of int16, of the shape of values")
    results = np.empty(sets, np.int64)
    _semop(values, np.broadcast_to(words, (sets, *words.shape[1:])), np.ascontiguousarray(counts), semadj, results)
    return results


def _words(sops: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    from fastipc import SEMBUF

    if sops.dtype == SEMBUF and sops.ndim == 2:
        sops = np.ascontiguousarray(sops).view(np.int16).reshape(*sops.shape, 3)
    if sops.ndim != 3 or sops.shape[2] != 3 or sops.dtype != np.int16:
        raise TypeError("sops must be an array of SEMBUF with two dimensions, or of int16 with three")
    return sops


def exit_undo(values: np.ndarray[Any, Any], semadj: np.ndarray[Any, Any]) -> None:
    """What the end of the process that owns ``semadj`` makes of the values: adjusted, within 0..SEMVMX. In place."""
    np.copyto(
        values, np.where(semadj != 0, np.clip(values + semadj.astype(np.int64), 0, SEMVMX), values), casting="unsafe"
    )
    semadj[...] = 0
