"""The operations of the speed table: each once on fastipc, once on the real OS or on a peer.

Both sides are written as a user would write them, with the calls that raise (``t.write`` beside ``os.write``).
Each timed loop is a function of its own, so that the two sides of an operation can be read beside each other.
"""

import os
import resource
import select
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import peers
from timing import LONG, SHORT, Body, Operation, Side

import fastipc
from fastipc import Kernel, Task


@contextmanager
def machine() -> Iterator[Task]:
    """A hand-driven task in a kernel of its own, which is checked at the end."""
    with Kernel() as k:
        yield k.spawn()
        k.verify()


def by_hand(loop: Callable[[Task, int], object], prepare: Callable[[Task], object] | None = None) -> Side:
    """A loop over the calls of a hand-driven task."""

    @contextmanager
    def ours() -> Iterator[Body]:
        with machine() as t:
            if prepare:
                prepare(t)
            yield partial(loop, t)

    return ours


def run_and_reap(t: Task, *programs: tuple[Any, ...]) -> None:
    """Children that run programs, each with its arguments, until all have ended."""
    started = [t.fork(*program) for program in programs]
    kernel = t.kernel
    assert kernel is not None
    kernel.run()
    for task in started:
        t.wait4(task)


# ---------------------------------------------------------------------------------------------- one process
def write_read_ours(t: Task, r: int, w: int, data: bytes, size: int, n: int) -> None:
    for _ in range(n):
        t.write(w, data)
        t.read(r, size)


def write_read_theirs(r: int, w: int, data: bytes, size: int, n: int) -> None:
    for _ in range(n):
        os.write(w, data)
        os.read(r, size)


def write_read(size: int) -> tuple[Side, Side]:
    """Write `size` bytes to a pipe and read them back, in one process."""
    data = b"x" * size

    @contextmanager
    def ours() -> Iterator[Body]:
        with machine() as t:
            r, w = t.pipe()
            yield partial(write_read_ours, t, r, w, data, size)

    @contextmanager
    def theirs() -> Iterator[Body]:
        r, w = os.pipe()
        yield partial(write_read_theirs, r, w, data, size)
        os.close(r)
        os.close(w)

    return ours, theirs


def pipe_close_ours(t: Task, n: int) -> None:
    for _ in range(n):
        r, w = t.pipe2(0)
        t.close(r)
        t.close(w)


def pipe_close_theirs(n: int) -> None:
    for _ in range(n):
        r, w = os.pipe2(0)
        os.close(r)
        os.close(w)


@contextmanager
def pipe_close() -> Iterator[Body]:
    with machine() as t:
        yield partial(pipe_close_ours, t)


@contextmanager
def pipe_close_os() -> Iterator[Body]:
    yield pipe_close_theirs


def dup_close_ours(t: Task, fd: int, n: int) -> None:
    for _ in range(n):
        t.close(t.dup(fd))


def dup_close_theirs(fd: int, n: int) -> None:
    for _ in range(n):
        os.close(os.dup(fd))


@contextmanager
def dup_close() -> Iterator[Body]:
    with machine() as t:
        r, _ = t.pipe()
        yield partial(dup_close_ours, t, r)


@contextmanager
def dup_close_os() -> Iterator[Body]:
    r, w = os.pipe()
    yield partial(dup_close_theirs, r)
    os.close(r)
    os.close(w)


def poll_ours(t: Task, fds: list[tuple[int, int]], n: int) -> None:
    for _ in range(n):
        t.poll(fds, 0)


def poll_theirs(poller: "select.poll", n: int) -> None:
    for _ in range(n):
        poller.poll(0)


def poll(count: int) -> tuple[Side, Side]:
    """Poll the read ends of `count` pipes, of which the last is ready.

    fastipc gets a list of pairs each time and decodes it; the real OS gets a `select.poll` object that was
    prepared once, its best case.
    """

    @contextmanager
    def ours() -> Iterator[Body]:
        with machine() as t:
            t.setrlimit(fastipc.RLIMIT_NOFILE, (4096, 4096))
            pipes = [t.pipe() for _ in range(count)]
            t.write(pipes[-1][1], b"x")
            yield partial(poll_ours, t, [(r, fastipc.POLLIN) for r, _ in pipes])

    @contextmanager
    def theirs() -> Iterator[Body]:
        with many_descriptors(2 * count + 64):
            pipes = [os.pipe() for _ in range(count)]
            os.write(pipes[-1][1], b"x")
            poller = select.poll()
            for r, _ in pipes:
                poller.register(r, select.POLLIN)
            yield partial(poll_theirs, poller)
            for fd in (fd for pair in pipes for fd in pair):
                os.close(fd)

    return ours, theirs


@contextmanager
def many_descriptors(count: int) -> Iterator[None]:
    """Let this process have `count` descriptors, as far as the host allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, count) if hard == resource.RLIM_INFINITY else min(max(soft, count), hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# ---------------------------------------------------------------------------------------------- two programs
def ask(t: Task, outbox: int, inbox: int, n: int) -> None:
    for _ in range(n):
        t.write(outbox, b"x")
        t.read(inbox, 1)


def answer(t: Task, inbox: int, outbox: int, n: int) -> None:
    for _ in range(n):
        t.write(outbox, t.read(inbox, 1))


def ask_generator(t: Task, outbox: int, inbox: int, n: int) -> Generator[Any, Any, None]:
    for _ in range(n):
        yield t.write(outbox, b"x")
        yield t.read(inbox, 1)


def answer_generator(t: Task, inbox: int, outbox: int, n: int) -> Generator[Any, Any, None]:
    for _ in range(n):
        yield t.write(outbox, (yield t.read(inbox, 1)))


def round_trips_ours(t: Task, one: Any, other: Any, there: tuple[int, int], back: tuple[int, int], n: int) -> None:
    run_and_reap(t, (one, there[1], back[0], n), (other, there[0], back[1], n))


def round_trips(one: Any, other: Any) -> Side:
    """A byte there and back between two programs; making and reaping the two is in the time."""

    @contextmanager
    def ours() -> Iterator[Body]:
        with machine() as t:
            yield partial(round_trips_ours, t, one, other, t.pipe(), t.pipe())

    return ours


# ---------------------------------------------------------------------------------------------- processes
def fork_exit_wait_ours(t: Task, n: int) -> None:
    for _ in range(n):
        child = t.fork()
        child.exit(0)
        t.wait4(child)


@contextmanager
def fork_exit_wait() -> Iterator[Body]:
    """Fork a process that has, as a real one, three descriptors."""
    with machine() as t:
        r, _ = t.pipe()
        t.dup(r)
        yield partial(fork_exit_wait_ours, t)


def served_by(command: list[str]) -> Side:
    """What a process does that is asked for a batch through a pipe and answers when it is done."""

    @contextmanager
    def theirs() -> Iterator[Body]:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as worker:
            assert worker.stdin and worker.stdout
            send, done = worker.stdin.write, worker.stdout.read

            def body(n: int) -> None:
                send(b"%d\n" % n)
                if done(1) != b"\n":
                    raise RuntimeError(f"{command} ended")

            body(1)
            yield body

    return theirs


def in_small_interpreter(what: str) -> Side:
    """`what` of ``real_os.py``."""
    return served_by([sys.executable, "-I", "-S", str(Path(__file__).with_name("real_os.py")), what])


# ---------------------------------------------------------------------------------------------- the table
def _operation(
    name: str,
    rival: str,
    sides: tuple[Side, Side],
    least: float | None,
    counted: str,
    per: int = 1,
    batch_ms: float = SHORT,
) -> Operation:
    return Operation(name, rival, sides[0], sides[1], least, counted, per, batch_ms)


OS = "real OS"
ONE = "one process, both calls"
TRIP = "2 writes, 2 reads and the switches between the two programs"
MESSAGE = "put by one program, taken by the other, which is resumed for it"

_trips_os = in_small_interpreter("trips")
_forks_os = in_small_interpreter("fork")
_message = round_trips(ask_generator, answer_generator)

OPERATIONS: tuple[Operation, ...] = (
    _operation("write + read, 1 B", OS, write_read(1), 8, ONE),
    _operation("write + read, 64 B", OS, write_read(64), 8, ONE),
    _operation("write + read, 4 KiB", OS, write_read(4096), 3.5, ONE),
    _operation("write + read, 64 KiB", OS, write_read(65536), 3.5, ONE),
    _operation("pipe2 + 2 close", OS, (pipe_close, pipe_close_os), 20, "three calls"),
    _operation("dup + close", OS, (dup_close, dup_close_os), 7, "two calls"),
    _operation("poll of 1000, one ready", OS, poll(1000), 7, "one call, a list of 1000 pairs in"),
    _operation("round trip, plain functions", OS, (round_trips(ask, answer), _trips_os), 12, TRIP, 1, LONG),
    _operation("round trip, generators", OS, (_message, _trips_os), 25, TRIP, 1, LONG),
    _operation("fork + exit + wait4", OS, (fork_exit_wait, _forks_os), 400, "by hand, 3 descriptors", 1, LONG),
    _operation("message, generators", "SimPy Store", (_message, peers.simpy_store), 20, MESSAGE, 2, LONG),
    _operation("message, generators", "asyncio.Queue", (_message, peers.asyncio_queue), 20, MESSAGE, 2, LONG),
    _operation("message, generators", "deques by hand", (_message, peers.deque_generators), 1.3, MESSAGE, 2, LONG),
)
