"""The operations on semaphores and message queues: by hand, in programs and in compiled tasks, and on the real OS.

From Python the real OS is sysv_ipc, where that has the operation, else C, as the row says.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from compiled_operations import C, in_c
from operations import by_hand, machine, run_and_reap
from timing import LONG, SHORT, Body, Operation, Side

import fastipc
from fastipc import GETVAL, IPC_PRIVATE, IPC_RMID, SEM_UNDO, SETVAL, Task

SYSV = "sysv_ipc"
SLEEPERS = 1000


# ---------------------------------------------------------------------------------------------- one task
def pair_ours(flg: int, t: Task, n: int) -> None:
    s = t.semget(IPC_PRIVATE, 1, 0o600)
    up, down = ((0, 1, flg),), ((0, -1, flg),)
    for _ in range(n):
        t.semop(s, up)
        t.semop(s, down)
    t.semctl(s, 0, IPC_RMID)


def several_ours(prepared: bool, count: int) -> Side:
    """One semop of several operations, which are there already."""

    @contextmanager
    def ours() -> Iterator[Body]:
        with machine() as t:
            s = t.semget(IPC_PRIVATE, count, 0o600)
            sops: Any = [(i, 0) for i in range(count)]
            if prepared:
                sops = fastipc.sops(*sops)

            def body(n: int) -> None:
                for _ in range(n):
                    t.semop(s, sops)

            yield body

    return ours


def getval_ours(t: Task, n: int) -> None:
    s = t.semget(IPC_PRIVATE, 1, 0o600)
    for _ in range(n):
        t.semctl(s, 0, GETVAL)
    t.semctl(s, 0, IPC_RMID)


def setval_ours(t: Task, n: int) -> None:
    s = t.semget(IPC_PRIVATE, 1, 0o600)
    for _ in range(n):
        t.semctl(s, 0, SETVAL, 1)
    t.semctl(s, 0, IPC_RMID)


def create_ours(t: Task, n: int) -> None:
    for _ in range(n):
        t.semctl(t.semget(IPC_PRIVATE, 1, 0o600), 0, IPC_RMID)


def message_ours(size: int, t: Task, n: int) -> None:
    q, data = t.msgget(IPC_PRIVATE, 0o600), bytes(size)
    for _ in range(n):
        t.msgsnd(q, 1, data)
        t.msgrcv(q, size)
    t.msgctl(q, IPC_RMID)


def wake_ours(complex_ones: bool, sleepers: int) -> Side:
    """Wake one of many sleepers, each on a semaphore of its own, and let it sleep again. Their operations are prepared
    if they are several."""

    def sleeper(t: Task, s: int, num: int) -> Generator[Any, Any, None]:
        sops: Any = fastipc.sops((num, -1), (sleepers, 0)) if complex_ones else ((num, -1),)
        while True:
            yield t.semop(s, sops)

    @contextmanager
    def ours() -> Iterator[Body]:
        with machine() as t:
            s = t.semget(IPC_PRIVATE, sleepers + 1, 0o666)
            kernel = t.kernel
            assert kernel is not None
            for i in range(sleepers):
                kernel.spawn(sleeper, s, i, daemon=True)
            kernel.run(until=kernel.now)
            step, wakes = kernel.step, [((i * 7 % sleepers, 1),) for i in range(sleepers)]

            def body(n: int) -> None:
                semop = t.semop
                for first in range(0, n, sleepers):
                    for one in wakes[: n - first]:
                        semop(s, one)
                        step()

            yield body

    return ours


# ---------------------------------------------------------------------------------------------- two programs
def sem_ask(t: Task, s: int, mine: int, other: int, n: int) -> None:
    up, down = ((other, 1),), ((mine, -1),)
    for _ in range(n):
        t.semop(s, up)
        t.semop(s, down)


def sem_answer(t: Task, s: int, mine: int, other: int, n: int) -> None:
    up, down = ((other, 1),), ((mine, -1),)
    for _ in range(n):
        t.semop(s, down)
        t.semop(s, up)


def sem_ask_generator(t: Task, s: int, mine: int, other: int, n: int) -> Generator[Any, Any, None]:
    up, down = ((other, 1),), ((mine, -1),)
    for _ in range(n):
        yield t.semop(s, up)
        yield t.semop(s, down)


def sem_answer_generator(t: Task, s: int, mine: int, other: int, n: int) -> Generator[Any, Any, None]:
    up, down = ((other, 1),), ((mine, -1),)
    for _ in range(n):
        yield t.semop(s, down)
        yield t.semop(s, up)


def msg_ask(t: Task, q: int, there: int, back: int, n: int) -> None:
    for _ in range(n):
        t.msgsnd(q, there, b"x")
        t.msgrcv(q, 1, back)


def msg_answer(t: Task, q: int, there: int, back: int, n: int) -> None:
    for _ in range(n):
        t.msgrcv(q, 1, there)
        t.msgsnd(q, back, b"x")


def msg_ask_generator(t: Task, q: int, there: int, back: int, n: int) -> Generator[Any, Any, None]:
    for _ in range(n):
        yield t.msgsnd(q, there, b"x")
        yield t.msgrcv(q, 1, back)


def msg_answer_generator(t: Task, q: int, there: int, back: int, n: int) -> Generator[Any, Any, None]:
    for _ in range(n):
        yield t.msgrcv(q, 1, there)
        yield t.msgsnd(q, back, b"x")


@fastipc.compiled
def pair_compiled(t, n):  # type: ignore[no-untyped-def]
    """Up and down."""
    s = t.semget(0, 1, 0o600)
    up, down = np.array([0, 1, 0], np.int16), np.array([0, -1, 0], np.int16)
    for _ in range(n):
        t.semop(s, up)
        t.semop(s, down)
    t.semctl(s, 0, 0)


@fastipc.compiled
def message_compiled(t, n):  # type: ignore[no-untyped-def]
    """Send a byte and receive it."""
    q, buf = t.msgget(0, 0o600), np.zeros(1, np.uint8)
    for _ in range(n):
        t.msgsnd(q, 1, buf)
        t.msgrcv_into(q, buf)
    t.msgctl(q, 0)


@fastipc.compiled
def sem_ask_compiled(t, s, mine, other, n):  # type: ignore[no-untyped-def]
    """Raise the other's semaphore and wait for one's own."""
    up, down = np.array([other, 1, 0], np.int16), np.array([mine, -1, 0], np.int16)
    for _ in range(n):
        t.semop(s, up)
        t.semop(s, down)


@fastipc.compiled
def sem_answer_compiled(t, s, mine, other, n):  # type: ignore[no-untyped-def]
    """The other way round."""
    up, down = np.array([other, 1, 0], np.int16), np.array([mine, -1, 0], np.int16)
    for _ in range(n):
        t.semop(s, down)
        t.semop(s, up)


@fastipc.compiled
def msg_ask_compiled(t, q, there, back, n):  # type: ignore[no-untyped-def]
    """Send a byte and wait for the answer."""
    buf = np.zeros(1, np.uint8)
    for _ in range(n):
        t.msgsnd(q, there, buf)
        t.msgrcv_into(q, buf, back)


@fastipc.compiled
def msg_answer_compiled(t, q, there, back, n):  # type: ignore[no-untyped-def]
    """Answer each byte."""
    buf = np.zeros(1, np.uint8)
    for _ in range(n):
        t.msgrcv_into(q, buf, there)
        t.msgsnd(q, back, buf)


def programs(one: Any, other: Any, queue: bool) -> Side:
    """Two programs that wait for each other; making and reaping them is in the time."""

    @contextmanager
    def ours() -> Iterator[Body]:
        with machine() as t:
            number = t.msgget(IPC_PRIVATE, 0o600) if queue else t.semget(IPC_PRIVATE, 3, 0o600)

            def body(n: int) -> None:
                words = (number, 1, 2, n), (number, 1, 2, n) if queue else (number, 2, 1, n)
                run_and_reap(t, (one, *words[0]), (other, *words[1]))

            yield body

    return ours


def alone(program: fastipc.CompiledProgram) -> Side:
    """A compiled program that gets the number of times."""

    @contextmanager
    def ours() -> Iterator[Body]:
        with machine() as t:
            yield lambda n: t.wait4(t.fork(program, n))

    return ours


# ---------------------------------------------------------------------------------------------- sysv_ipc
@contextmanager
def _semaphore() -> Iterator[Any]:
    import sysv_ipc

    semaphore = sysv_ipc.Semaphore(None, sysv_ipc.IPC_CREX, initial_value=1)
    try:
        yield semaphore
    finally:
        semaphore.remove()


def pair_theirs(undo: bool) -> Side:
    """acquire and release."""

    @contextmanager
    def theirs() -> Iterator[Body]:
        with _semaphore() as semaphore:
            semaphore.undo = undo

            def body(n: int) -> None:
                acquire, release = semaphore.acquire, semaphore.release
                for _ in range(n):
                    acquire()
                    release()

            yield body

    return theirs


@contextmanager
def getval_theirs() -> Iterator[Body]:
    """The value of a Semaphore."""
    with _semaphore() as semaphore:

        def body(n: int) -> None:
            for _ in range(n):
                semaphore.value  # noqa: B018

        yield body


@contextmanager
def create_theirs() -> Iterator[Body]:
    """A Semaphore made and removed."""
    import sysv_ipc

    def body(n: int) -> None:
        for _ in range(n):
            sysv_ipc.Semaphore(None, sysv_ipc.IPC_CREX).remove()

    yield body


def message_theirs(size: int) -> Side:
    """send and receive."""

    @contextmanager
    def theirs() -> Iterator[Body]:
        import sysv_ipc

        queue, data = sysv_ipc.MessageQueue(None, sysv_ipc.IPC_CREX, max_message_size=size), bytes(size)

        def body(n: int) -> None:
            for _ in range(n):
                queue.send(data)
                queue.receive()

        try:
            yield body
        finally:
            queue.remove()

    return theirs


def trips_theirs(messages: bool) -> Side:
    """Two real processes on one processor."""

    @contextmanager
    def theirs() -> Iterator[Body]:
        import sysv_ipc

        def semaphore() -> Any:
            return sysv_ipc.Semaphore(None, sysv_ipc.IPC_CREX, initial_value=0)

        one, other = semaphore(), semaphore()
        queue = sysv_ipc.MessageQueue(None, sysv_ipc.IPC_CREX)
        child = os.fork()
        if child == 0:
            while True:  # until it is killed
                if messages:
                    queue.receive(type=1)
                    queue.send(b"x", type=2)
                else:
                    one.acquire()
                    other.release()

        def body(n: int) -> None:
            for _ in range(n):
                if messages:
                    queue.send(b"x", type=1)
                    queue.receive(type=2)
                else:
                    one.release()
                    other.acquire()

        try:
            body(100)
            yield body
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)
            for made in (one, other, queue):
                made.remove()

    return theirs


# ---------------------------------------------------------------------------------------------- the rows
TRIP = "4 calls and the switches between the two programs"
WAKE = "one semop that wakes one of 1,000 in a set, who sleeps again"

SYSV_ROWS: tuple[Operation, ...] = (
    Operation("semop pair", SYSV, by_hand(partial(pair_ours, 0)), pair_theirs(False), 10, "+1 and -1", 1, SHORT),
    Operation("semop pair, SEM_UNDO", SYSV, by_hand(partial(pair_ours, SEM_UNDO)), pair_theirs(True), 10, "+1 and -1",
              1, SHORT),
    Operation("semop of 10, prepared", C, several_ours(True, 10), in_c("semop_10"), 5, "one call",
              1, SHORT),
    Operation("semop of 100, prepared", C, several_ours(True, 100), in_c("semop_100"), 8,
              "one call", 1, SHORT),
    Operation("semop of 10, tuples", C, several_ours(False, 10), in_c("semop_10"), 3.5, "one call",
              1, SHORT),
    Operation("semop of 100, tuples", C, several_ours(False, 100), in_c("semop_100"), 2,
              "one call", 1, SHORT),
    Operation("semctl GETVAL", SYSV, by_hand(getval_ours), getval_theirs, 7, "one call", 1, SHORT),
    Operation("semctl SETVAL", C, by_hand(setval_ours), in_c("setval"), 6, "one call", 1, SHORT),
    Operation("semget(1) + RMID", SYSV, by_hand(create_ours), create_theirs, 18, "two calls", 1, SHORT),
    *(
        Operation(f"msgsnd + msgrcv, {name}", SYSV, by_hand(partial(message_ours, size)), message_theirs(size), least,
                  "two calls", 1, SHORT)
        for name, size, least in (("1 B", 1, 18), ("1 KiB", 1024, 15), ("8 KiB", 8192, 8))
    ),
    Operation("semaphore round trip, plain", SYSV, programs(sem_ask, sem_answer, False), trips_theirs(False), 12, TRIP,
              1, LONG),
    Operation("semaphore round trip, generators", SYSV, programs(sem_ask_generator, sem_answer_generator, False),
              trips_theirs(False), 25, TRIP, 1, LONG),
    Operation("message round trip, plain", SYSV, programs(msg_ask, msg_answer, True), trips_theirs(True), 12, TRIP,
              1, LONG),
    Operation("message round trip, generators", SYSV, programs(msg_ask_generator, msg_answer_generator, True),
              trips_theirs(True), 25, TRIP, 1, LONG),
    Operation("wake 1 of 1,000, simple", C, wake_ours(False, SLEEPERS), in_c("wake_simple"), 20, WAKE, 1, LONG),
    Operation("wake 1 of 1,000, complex", C, wake_ours(True, SLEEPERS), in_c("wake_complex"), 150,
              WAKE + "; its two operations are prepared", 1, LONG),
    Operation("semop pair, compiled", C, alone(pair_compiled), in_c("semop_pair"), 30, "+1 and -1", 1, LONG),
    Operation("semaphore round trip, compiled", C, programs(sem_ask_compiled, sem_answer_compiled, False),
              in_c("sem_trips"), 80, TRIP, 1, LONG),
    Operation("msgsnd + msgrcv, 1 B, compiled", C, alone(message_compiled), in_c("msg_1"), 40, "two calls", 1, LONG),
    Operation("message round trip, compiled", C, programs(msg_ask_compiled, msg_answer_compiled, True),
              in_c("msg_trips"), 80, TRIP, 1, LONG),
)  # fmt: skip
