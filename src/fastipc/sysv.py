"""Operations on semaphores as an array, prepared once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

SHORT = range(-32768, 32768)


def sops(*operations: Any) -> np.ndarray[Any, Any]:
    """Operations for ``semop``: an array of rows of `fastipc.SEMBUF`.

    Parameters
    ----------
    *operations : tuple
        ``(num, op)`` or ``(num, op, flg)`` each; or one sequence of them.

    Examples
    --------
    >>> fastipc.sops((0, 1), (1, -1, fastipc.SEM_UNDO))["sem_op"].tolist()
    [1, -1]
    """
    import fastipc

    if len(operations) == 1 and not _is_operation(operations[0]):
        operations = tuple(operations[0])
    rows = np.zeros(len(operations), fastipc.SEMBUF)
    for i, operation in enumerate(operations):
        if not _is_operation(operation):
            raise TypeError(f"an operation must be (num, op) or (num, op, flg), not {operation!r}")
        num, op, flg = (int(value) for value in (*operation, 0)[:3])
        if num not in range(65536) or op not in SHORT or not -32768 <= flg < 65536:
            raise ValueError(f"an operation must fit in struct sembuf, and {tuple(operation)} does not")
        rows[i] = num, op, flg if flg < 32768 else flg - 65536
    return rows


def _is_operation(given: Any) -> bool:
    # A sequence of two or three integers.
    return (
        isinstance(given, Sequence)
        and len(given) in (2, 3)
        and all(hasattr(value, "__index__") and not hasattr(value, "__len__") for value in given)
    )
