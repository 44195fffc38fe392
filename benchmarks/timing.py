"""How everything here is timed: two sides in turn, in one process, on one processor.

The two sides of an operation are run in batches, one of each in turn, so that whatever else the machine does
meets both. What is reported is the median of the batches of each side, and the ratio of the two medians. The
Python loop around the operation is part of the time, on both sides.
"""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns

SHORT = 1.0  # ms: far less than the scheduler's time slice, so that other processes meet few batches
LONG = 2.0

Body = Callable[[int], object]  # does the operation that many times; may be called again and again
Side = Callable[[], AbstractContextManager[Body]]  # sets up outside the time, gives the body, clears away


@dataclass(frozen=True)
class Operation:
    """One row of the speed table.

    Attributes
    ----------
    name, rival : str
        What is done, and who does it on the other side.
    ours, theirs : Side
        The two sides. Both do the same work in the same form.
    least : float or None
        The ratio that this project promises; None if it promises nothing.
    per : int
        Operations in one turn of the body's loop (a round trip is two messages).
    counted : str
        What the time of one operation contains.
    batch_ms : float
        How long a batch takes: `SHORT`, or `LONG` if a batch has a start and an end that cost something.
    """

    name: str
    rival: str
    ours: Side
    theirs: Side
    least: float | None
    counted: str
    per: int = 1
    batch_ms: float = SHORT


@dataclass(frozen=True)
class Result:
    """What `measure` found: medians in nanoseconds for one operation."""

    operation: Operation
    ours_ns: float
    theirs_ns: float

    @property
    def ratio(self) -> float:
        """How many times faster than the rival fastipc is."""
        return self.theirs_ns / self.ours_ns

    @property
    def met(self) -> bool:
        """Whether the ratio is what was promised."""
        return self.operation.least is None or self.ratio >= self.operation.least


@contextmanager
def one_processor() -> Iterator[None]:
    """Keep this process, and every process that it starts meanwhile, on one processor."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextmanager
def no_collector() -> Iterator[None]:
    """Keep the cycle collector out of the time, as `timeit` does."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def elapsed(body: Body, n: int) -> int:
    """Nanoseconds that one batch of `n` takes."""
    start = perf_counter_ns()
    body(n)
    return perf_counter_ns() - start


def batch_size(body: Body, batch_ms: float) -> int:
    """How many operations take about `batch_ms`; warms the body on the way."""
    wanted = batch_ms * 1e6
    n = 1
    for _ in range(3):  # the first calls are the slowest: what they say is looked at again
        body(n)
        while (took := elapsed(body, n)) < wanted / 4:
            n *= 2
        n = max(1, round(n * wanted / took))
    return n


def measure(operation: Operation, seconds: float = 0.5) -> Result:
    """Time both sides of an operation, one batch of each in turn, for about so many seconds."""
    rounds = round(seconds * 500 / operation.batch_ms)
    with one_processor(), operation.ours() as ours, operation.theirs() as theirs, no_collector():
        n_ours, n_theirs = batch_size(ours, operation.batch_ms), batch_size(theirs, operation.batch_ms)
        took_ours, took_theirs = [], []
        for _ in range(rounds):
            took_ours.append(elapsed(ours, n_ours))
            took_theirs.append(elapsed(theirs, n_theirs))
    return Result(
        operation,
        median(took_ours) / n_ours / operation.per,
        median(took_theirs) / n_theirs / operation.per,
    )


def duration(ns: float) -> str:
    """A time in three digits and its unit."""
    scale, unit = next(pair for pair in ((1, "ns"), (1e3, "us"), (1e6, "ms"), (1e9, "s")) if ns < 999.5 * pair[0])
    return f"{three_digits(ns / scale)} {unit}"


def three_digits(x: float) -> str:
    """A number with three digits that count, without an exponent."""
    return f"{x:.0f}" if x >= 99.95 else f"{x:.1f}" if x >= 9.995 else f"{x:.2f}"
