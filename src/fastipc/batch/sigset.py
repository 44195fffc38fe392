"""Sets of signals over NumPy arrays of masks (uint64, signal n at bit n - 1), as ufuncs.

The same operations that a machine does with the mask of one task: `k.table("task")["blocked"]` is such an array.

Examples
--------
>>> import numpy as np
>>> from fastipc.batch import sigset
>>> masks = np.array([0, 1 << 14, 1 << 14 | 1], np.uint64)
>>> sigset.ismember(masks, 15).tolist()
[False, True, True]
>>> sigset.next_signal(masks, np.uint64(0)).tolist()
[0, 15, 1]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, vectorize

if TYPE_CHECKING:
    import numpy.typing as npt

U = np.uint64
SYNCHRONOUS = U(0x400004D8)  # SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS: taken before all others
UNBLOCKABLE = U(0x40100)  # SIGKILL, SIGSTOP

ONE, SET = "uint64(uint64, uint64)", "uint64(uint64, int64)"


@njit(inline="always")
def _bit(sig):  # type: ignore[no-untyped-def]
    return U(1) << U(sig - 1)


@njit(inline="always")
def _first(word):  # type: ignore[no-untyped-def]
    # The number of the lowest bit, 0 of none, by halves: no call of a builtin that Numba does not have.
    if word == U(0):
        return 0
    n = 1
    for half in (32, 16, 8, 4, 2, 1):
        if word & ((U(1) << U(half)) - U(1)) == U(0):
            word >>= U(half)
            n += half
    return n


@vectorize([SET], cache=True)
def add(sets, sig):  # type: ignore[no-untyped-def]
    """The sets with a signal in them; a number that is no signal changes nothing."""
    return sets | _bit(sig) if 1 <= sig <= 64 else sets


@vectorize([SET], cache=True)
def delete(sets, sig):  # type: ignore[no-untyped-def]
    """The sets without a signal."""
    return sets & ~_bit(sig) if 1 <= sig <= 64 else sets


@vectorize(["boolean(uint64, int64)"], cache=True)
def ismember(sets, sig):  # type: ignore[no-untyped-def]
    """Whether a signal is in each set."""
    return 1 <= sig <= 64 and (sets >> U(sig - 1)) & U(1) != U(0)


@vectorize([ONE], cache=True)
def orsets(a, b):  # type: ignore[no-untyped-def]
    """Signals in either set."""
    return a | b


@vectorize([ONE], cache=True)
def andsets(a, b):  # type: ignore[no-untyped-def]
    """Signals in both sets."""
    return a & b


@vectorize([ONE], cache=True)
def andnsets(a, b):  # type: ignore[no-untyped-def]
    """Signals in the first set and not in the second."""
    return a & ~b


@vectorize(["int64(uint64, uint64)"], cache=True)
def next_signal(pending, blocked):  # type: ignore[no-untyped-def]
    """The signal that would be taken first, 0 if all are blocked: faults first, then the lowest number."""
    ready = pending & ~blocked
    faults = ready & SYNCHRONOUS
    return _first(faults if faults != U(0) else ready)


@vectorize(["boolean(uint64, int64)"], cache=True)
def would_take(blocked, sig):  # type: ignore[no-untyped-def]
    """Whether who blocks each set would take a signal now: SIGKILL and SIGSTOP always."""
    return 1 <= sig <= 64 and (blocked & ~UNBLOCKABLE) >> U(sig - 1) & U(1) == U(0)


def of(signals: Any) -> npt.NDArray[np.uint64]:
    """The mask of signal numbers, as an array of no dimension."""
    mask = 0
    for sig in signals:
        mask |= 1 << (int(sig) - 1)
    return np.asarray(mask, np.uint64)
