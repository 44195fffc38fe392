"""Many independent machines, one a seed, on the threads or processes of the host."""

from __future__ import annotations

import gc
import os
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from itertools import islice
from operator import index
from sys import maxsize
from time import perf_counter
from typing import Any, SupportsIndex, TypeVar, overload

import numpy as np
from numpy.random import SeedSequence

from fastipc.kernel import Kernel
from fastipc.report import Report

T = TypeVar("T")
Show = Callable[[int, int], Any]  # called with how many seeds are done, and of how many

CHUNK_S = 0.1  # seconds of work in a chunk; half of it is still enough, so a measure may be wrong by half
GROWTH = 8  # a chunk has at most so many times the seeds of the largest before it
AHEAD = 2  # chunks in flight for each worker: one at work, one that waits


@overload
def replicate(
    make: Callable[[int], Kernel],
    seeds: SupportsIndex | Iterable[SupportsIndex | SeedSequence],
    executor: Executor | None = None,
    progress: bool | Show = False,
) -> list[Report]: ...


@overload
def replicate(
    make: Callable[[int], T],
    seeds: SupportsIndex | Iterable[SupportsIndex | SeedSequence],
    executor: Executor | None = None,
    progress: bool | Show = False,
) -> list[T]: ...


def replicate(
    make: Callable[[int], Any],
    seeds: SupportsIndex | Iterable[SupportsIndex | SeedSequence],
    executor: Executor | None = None,
    progress: bool | Show = False,
) -> list[Any]:
    """Make a machine for each seed, run it, and give the results in the order of the seeds.

    Parameters
    ----------
    make : callable
        Called once with each seed, an `int`. A `Kernel` that it returns is run and closed, and the result is the
        `Report`; anything else is the result itself.
    seeds : int, or iterable of int or SeedSequence
        How many: the first children of ``numpy.random.SeedSequence(0)``, the same each time. Or the seeds themselves,
        none negative; some may be equal. A `numpy.random.SeedSequence` gives the first 64 bits of its state.
    executor : concurrent.futures.Executor, optional
        Who does the work; by default as many threads as this process may use processors. Each kernel is made, run and
        closed in one worker. Workers that are processes get ``make`` and give the results by pickle.
    progress : bool or callable
        Draw a progress line on stderr, or call ``f(done, total)`` now and then.

    Returns
    -------
    list

    Raises
    ------
    Exception
        What came out of ``make`` or of the run, for the first seed that fails, with a note that names it. The seeds
        after it that have not begun never do.

    Examples
    --------
    >>> def make(seed):
    ...     k = Kernel(seed=seed)
    ...     k.spawn(lambda t: t.nanosleep(1))
    ...     return k
    >>> [report.virtual_ns for report in replicate(make, 3)]
    [1000000000, 1000000000, 1000000000]
    """
    if not callable(make):
        raise TypeError(f"make must be callable, not {type(make).__name__}")
    total, numbers = _numbers(seeds)
    if executor is not None and (isinstance(executor, type) or not callable(getattr(executor, "submit", None))):
        raise TypeError(f"executor must be a concurrent.futures.Executor, not {type(executor).__name__}")
    if total == 0:
        return []
    show = _show(progress)
    if executor is not None:
        return _Work(make, numbers, total, executor, show).run()
    with ThreadPoolExecutor(min(_processors(), total), thread_name_prefix="fastipc") as threads:
        return _Work(make, numbers, total, threads, show).run()


# ---------------------------------------------------------------------------------- in the caller
class _Work:
    """The seeds on their way to the workers, and the results on their way back.

    Chunks are handed out in the order of the seeds. So when one fails, all before it have been handed out: they are
    waited for, and the error that comes out is that of the first seed that fails, as in a loop.
    """

    def __init__(
        self, make: Callable[[int], Any], seeds: Iterator[int], total: int, executor: Executor, show: Show | None
    ) -> None:
        self.make = make
        self.seeds = seeds
        self.executor = executor
        self.show = show
        self.most = AHEAD * _workers(executor)
        self.limit = _Limit() if isinstance(executor, ThreadPoolExecutor) else None
        self.results: list[Any] = [None] * total
        self.flying: dict[Future[tuple[float, list[Any]]], range] = {}
        self.failed: tuple[int, BaseException] | None = None
        self.next = 0
        self.done = 0
        self.size = self.largest = 1

    def run(self) -> list[Any]:
        try:
            while self._hand_out():
                self._gather()
        except BaseException:
            self._give_up()
            raise
        if self.failed is not None:
            try:
                raise self.failed[1]
            finally:
                self.failed = None  # else the error would hold itself, by way of this frame
        return self.results

    def _hand_out(self) -> bool:
        """Keep the workers busy; False if nothing is left to wait for."""
        while len(self.flying) < self.most and (seeds := list(islice(self.seeds, self.size))):
            part = range(self.next, self.next + len(seeds))
            future = self.executor.submit(_run_chunk, self.make, seeds, part.start, self.limit)
            self.flying[future] = part
            self.next = part.stop
            if future.done():
                break
        return bool(self.flying)

    def _gather(self) -> None:
        done = wait(self.flying, return_when=FIRST_COMPLETED).done
        for future in sorted(done, key=lambda future: self.flying[future].start):
            part = self.flying.pop(future)
            error = CancelledError() if future.cancelled() else future.exception()
            if error is None:
                seconds, self.results[part.start : part.stop] = future.result()
                self.done += len(part)
                self._measure(len(part), seconds)
            else:
                self._fail(part, error)
        if self.show is not None and self.failed is None:
            self.show(self.done, len(self.results))

    def _measure(self, count: int, seconds: float) -> None:
        """The size of the next chunks, from the time that this one took."""
        self.largest = max(self.largest, count)
        wanted = count * CHUNK_S / max(seconds, 1e-9)
        self.size = max(1, min(int(wanted), GROWTH * self.largest))

    def _fail(self, part: range, error: BaseException) -> None:
        self.seeds = iter(())
        if self.failed is not None and self.failed[0] < part.start:
            return
        if not any(note.startswith("with seed") for note in getattr(error, "__notes__", ())):  # the executor's own
            error.add_note(f"with seeds of index {part.start} to {part.stop - 1}")
        self.failed = part.start, error
        self._cancel(part.start)

    def _cancel(self, last: int) -> None:
        """Cancel what is after the seed at ``last`` and has not begun; threads also leave what has."""
        if self.limit is not None:
            self.limit.last = last
        for future, part in list(self.flying.items()):
            if part.start > last and not future.done() and future.cancel():
                del self.flying[future]

    def _give_up(self) -> None:
        self._cancel(-1)
        wait(self.flying)


def _numbers(seeds: Any) -> tuple[int, Iterator[int]]:
    """How many seeds, and the seeds."""
    try:
        given = iter(seeds)
    except TypeError:
        count = _natural(seeds, "an integer, or an iterable of integers or SeedSequences")
        return count, map(_number, _children(count))
    numbers = [_number(seed) for seed in given]
    return len(numbers), iter(numbers)


def _children(count: int) -> Iterator[SeedSequence]:
    """What ``SeedSequence(0).spawn(count)`` gives, each when it is asked for."""
    return (SeedSequence(0, spawn_key=(i,)) for i in range(count))


def _number(seed: Any) -> int:
    if isinstance(seed, SeedSequence):
        return int(seed.generate_state(1, np.uint64)[0])
    return _natural(seed, "integers or SeedSequences")


def _natural(value: Any, what: str) -> int:
    try:
        number = None if isinstance(value, bool) else int(index(value))
    except TypeError:  # an array has __index__, and refuses
        number = None
    if number is None:
        raise TypeError(f"seeds must be {what}, not {type(value).__name__}")
    if number < 0:
        raise ValueError("seeds must not be negative")
    return number


def _processors() -> int:
    return len(os.sched_getaffinity(0))


def _workers(executor: Executor) -> int:
    """The executor's own count, as those of the standard library keep it."""
    count = getattr(executor, "_max_workers", None)
    return count if isinstance(count, int) and count > 0 else _processors()


def _show(progress: bool | Show) -> Show | None:
    if not progress:
        return None
    from fastipc.progress import CountLine

    return progress if callable(progress) else CountLine()


# ---------------------------------------------------------------------------------- in a worker
class _Limit:
    """Shared with threads: what comes after the seed at ``last`` is not wanted any more."""

    last = maxsize


def _run_chunk(
    make: Callable[[int], Any], seeds: list[int], first: int, limit: _Limit | None
) -> tuple[float, list[Any]]:
    """Seconds taken, and the results."""
    start = perf_counter()
    results = []
    for place, seed in enumerate(seeds, first):
        try:
            results.append(_run_one(make, seed, place, limit))
        except BaseException as error:
            error.add_note(f"with seed {seed}, index {place}")
            _clear(error)
            raise
    return perf_counter() - start, results


def _run_one(make: Callable[[int], Any], seed: int, place: int, limit: _Limit | None) -> Any:
    def check(_: object = None) -> None:
        if limit is not None and place > limit.last:
            raise CancelledError

    check()
    made = make(seed)
    if not isinstance(made, Kernel):
        return made
    with made:
        return made.run(progress=False if limit is None else check)


def _clear(error: BaseException) -> None:
    """Free what the frames of a traceback hold. A kernel among it can only be left in its own thread: here."""
    chain = [error]
    for each in chain:
        traceback.clear_frames(each.__traceback__)
        chain += [e for e in (each.__cause__, each.__context__) if e is not None and e not in chain]
    gc.collect()
