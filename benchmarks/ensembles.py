"""Many machines on several processors: ``python ensembles.py``. Compiled programs leave the interpreter's lock alone,
so machines in two threads run at once. Printed is how many times faster two threads are than one.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter

import numpy as np
from compiled_operations import pair

import fastipc
from fastipc import Kernel

LEAST = 1.7
MACHINES = 12
PAIRS, ROUNDS = 50, 10_000
TRIES = 5


def make(seed: int) -> Kernel:
    """A machine of fifty pairs that send bytes to and fro."""
    k = Kernel(seed=seed)
    k.spawn_many(pair, PAIRS, np.full(PAIRS, ROUNDS))
    return k


def seconds(threads: int) -> float:
    """How long an ensemble takes on so many threads."""
    with ThreadPoolExecutor(threads) as pool:
        start = perf_counter()
        fastipc.replicate(make, MACHINES, executor=pool)
        return perf_counter() - start


def gain() -> float:
    """Two threads against one: the median of several tries, in turn."""
    fastipc.compile(pair, 1)
    seconds(2)
    return median(seconds(1) / seconds(2) for _ in range(TRIES))


def main() -> int:
    """Print the ratio; status 1 if it is less than promised."""
    ratio = gain()
    print(f"an ensemble of {MACHINES} machines on two threads: {ratio:.2f}x as fast as on one, at least {LEAST}x")
    return 0 if ratio >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
