"""Calls that do nothing: what they take, no call can take less than, and what that leaves for the rows of the table.

A call of nothing is entered, counted, hashed and left. A trip of nothing is that and `sched_yield`, in two programs in
turn: four calls and two switches, as in a round trip, but nobody sleeps, wakes anybody, or hands anything over. A
handler of nothing is its frame, what is kept beside that, and its call, and no mechanism: see ``signal_floor.c``.
"""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from compiled_operations import C, c_program, in_c
from operations import OS, by_hand, machine, run_and_reap, served_by
from timing import LONG, SHORT, Body, Operation, Result, Side

import fastipc
from fastipc import Task

Floor = tuple[tuple[str, int], ...]  # rows of this file, and how many times


# ---------------------------------------------------------------------------------------------- one task
def getpid_by_hand(t: Task, n: int) -> None:
    for _ in range(n):
        t.getpid()


def getpid_theirs(n: int) -> None:
    for _ in range(n):
        os.getpid()


@fastipc.compiled
def getpid_compiled(t, n):  # type: ignore[no-untyped-def]
    """Ask for a number."""
    for _ in range(n):
        t.getpid()


@contextmanager
def in_python() -> Iterator[Body]:
    """The same of this process."""
    yield getpid_theirs


@contextmanager
def one_turn() -> Iterator[Body]:
    """A turn of a generator that only gives way."""

    def program(t: Task) -> Generator[Any, Any, None]:
        while True:
            yield t.sched_yield()

    with machine() as t:
        kernel = t.kernel
        assert kernel is not None
        kernel.spawn(program, daemon=True)
        step = kernel.step

        def body(n: int) -> None:
            for _ in range(n):
                step()

        yield body


@contextmanager
def frames_in_c() -> Iterator[Body]:
    """What the frame of a handler takes and its call, without a machine."""
    with served_by([str(c_program("signal_floor"))])() as body:
        yield body


# ---------------------------------------------------------------------------------------------- two programs
def turns(t: Task, n: int) -> None:
    for _ in range(n):
        t.getpid()
        t.sched_yield()


def turns_generator(t: Task, n: int) -> Generator[Any, Any, None]:
    for _ in range(n):
        yield t.getpid()
        yield t.sched_yield()


@fastipc.compiled
def turns_compiled(t, n):  # type: ignore[no-untyped-def]
    """Ask for a number and give way."""
    for _ in range(n):
        t.getpid()
        t.sched_yield()


def programs(program: Callable[..., Any], count: int) -> Side:
    """So many of a program in turn; making and reaping them is in the time."""

    @contextmanager
    def ours() -> Iterator[Body]:
        with machine() as t:
            yield lambda n: run_and_reap(t, *[(program, n)] * count)

    return ours


# ---------------------------------------------------------------------------------------------- the rows
HANDLER = "a handler of nothing"
ONE, TRIP = "what every call takes", "getpid and sched_yield of two programs in turn"
CALL, CALL_COMPILED, TURN = "getpid", "compiled: getpid", "a turn of nothing"
PLAIN, GENERATORS, COMPILED = (f"a trip of nothing, {kind}" for kind in ("plain", "generators", "compiled"))

NOTHING: tuple[Operation, ...] = (
    Operation(CALL, OS, by_hand(getpid_by_hand), in_python, None, ONE, 1, SHORT),
    Operation(CALL_COMPILED, C, programs(getpid_compiled, 1), in_c("getpid"), None, ONE, 1, LONG),
    Operation(TURN, C, one_turn, in_c("turns"), None, "k.step() of a generator that gives way", 1, SHORT),
    Operation(PLAIN, C, programs(turns, 2), in_c("turns"), None, TRIP, 1, LONG),
    Operation(GENERATORS, C, programs(turns_generator, 2), in_c("turns"), None, TRIP, 1, LONG),
    Operation(COMPILED, C, programs(turns_compiled, 2), in_c("turns"), None, TRIP, 1, LONG),
    Operation(HANDLER, C, frames_in_c, in_c("kill_self"), None, "its frame written and read, by C alone", 1, LONG),
)

FLOORS: dict[str, Floor] = {  # by the beginning of a row's name: the longest that fits
    "write + read": ((CALL, 2),),
    "pipe2 + 2 close": ((CALL, 3),),
    "dup + close": ((CALL, 2),),
    "poll of 1000": ((CALL, 1),),
    "round trip, plain": ((PLAIN, 1),),
    "round trip, generators": ((GENERATORS, 1),),
    "compiled: write + read": ((CALL_COMPILED, 2),),
    "compiled: round trip": ((COMPILED, 1),),
    "compiled: create, run, end": ((CALL_COMPILED, 2), (COMPILED, 1)),
    "FIFO made, opened, removed": ((CALL, 6),),
    "FIFO made, opened, removed, compiled": ((CALL_COMPILED, 6),),
    "open + close": ((CALL, 2),),
    "segment of": ((CALL, 4),),
    "segment of 4 KiB, compiled": ((CALL_COMPILED, 4),),
    "segment of 64 MiB, compiled": ((CALL_COMPILED, 4),),
    "store + load": ((CALL, 2),),
    "semop pair": ((CALL, 2),),
    "semop pair, compiled": ((CALL_COMPILED, 2),),
    "semop of": ((CALL, 1),),
    "semctl": ((CALL, 1),),
    "semget(1) + RMID": ((CALL, 2),),
    "msgsnd + msgrcv": ((CALL, 2),),
    "msgsnd + msgrcv, 1 B, compiled": ((CALL_COMPILED, 2),),
    "semaphore round trip, plain": ((PLAIN, 1),),
    "semaphore round trip, generators": ((GENERATORS, 1),),
    "semaphore round trip, compiled": ((COMPILED, 1),),
    "message round trip, plain": ((PLAIN, 1),),
    "message round trip, generators": ((GENERATORS, 1),),
    "message round trip, compiled": ((COMPILED, 1),),
    "wake 1 of 1,000": ((CALL, 1), (TURN, 1)),
    "sigaction": ((CALL, 1),),
    "kill(self)": ((CALL, 1),),
    "kill(self) + handler, compiled": ((CALL_COMPILED, 2), (HANDLER, 1)),  # kill and rt_sigreturn
    "sigqueue + sigtimedwait": ((CALL, 2),),
    "kill + signalfd read": ((CALL, 2),),
    "sigprocmask": ((CALL, 1),),
    "sigprocmask, compiled": ((CALL_COMPILED, 1),),
    "signal round trip, plain": ((PLAIN, 1),),
    "signal round trip, generators": ((GENERATORS, 1),),
    "signal round trip, compiled": ((COMPILED, 1),),
}


def floor_of(name: str, took: dict[str, float]) -> float | None:
    """Nanoseconds of a row's calls if each did nothing, from the medians of this file's rows; None if not known."""
    fits = [begin for begin in FLOORS if name.startswith(begin)]
    floor = FLOORS[max(fits, key=len)] if fits else ()
    if not floor or any(row not in took for row, _ in floor):
        return None
    return sum(took[row] * times for row, times in floor)


def misses(results: list[Result]) -> Iterator[tuple[Result, float, float]]:
    """Rows that miss their promise: their floor in nanoseconds, and the ratio if they took no longer than that."""
    took = {r.operation.name: r.ours_ns for r in results}
    for r in results:
        ns = floor_of(r.operation.name, took)
        if not r.met and ns is not None:
            yield r, ns, r.theirs_ns / ns
