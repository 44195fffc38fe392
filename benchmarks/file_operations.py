"""The operations on files: each on fastipc, by hand and in a compiled task, and on the real OS, from Python and from C.

The real side works in a directory of tmpfs; the paths have as many components on both sides.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
from compiled_operations import C, in_c
from operations import OS, by_hand, machine
from timing import SHORT, Body, Operation, Side

import fastipc
from fastipc import O_CREAT, O_NONBLOCK, O_RDONLY, O_WRONLY, Task

# What C and compiled programs have as constants. ONE has one component, FIVE has five.
ONE, FIVE, FIFO, REGULAR = "/tmp", "/tmp/a/b/c/file", "/tmp/fifo", "/tmp/file"


# ---------------------------------------------------------------------------------------------- the loops
def fifo_ours(t: Task, n: int) -> None:
    for _ in range(n):
        t.mkfifo(FIFO)
        r = t.open(FIFO, O_RDONLY | O_NONBLOCK)
        w = t.open(FIFO, O_WRONLY)
        t.close(r)
        t.close(w)
        t.unlink(FIFO)


def fifo_theirs(path: str, n: int) -> None:
    for _ in range(n):
        os.mkfifo(path)
        r = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        w = os.open(path, os.O_WRONLY)
        os.close(r)
        os.close(w)
        os.unlink(path)


def stat_ours(path: str, t: Task, n: int) -> None:
    for _ in range(n):
        t.stat(path)


def stat_theirs(path: str, n: int) -> None:
    for _ in range(n):
        os.stat(path)


def fstat_ours(t: Task, n: int) -> None:
    fd = t.open(REGULAR, O_RDONLY)
    for _ in range(n):
        t.fstat(fd)
    t.close(fd)


def fstat_theirs(path: str, n: int) -> None:
    fd = os.open(path, os.O_RDONLY)
    for _ in range(n):
        os.fstat(fd)
    os.close(fd)


def open_close_ours(t: Task, n: int) -> None:
    for _ in range(n):
        t.close(t.open(REGULAR, O_RDONLY))


def open_close_theirs(path: str, n: int) -> None:
    for _ in range(n):
        os.close(os.open(path, os.O_RDONLY))


@fastipc.compiled
def fifo_compiled(t, n):  # type: ignore[no-untyped-def]
    """Make a FIFO, open both ends, close them, and remove it."""
    for _ in range(n):
        t.mkfifo("/tmp/fifo")
        r = t.open("/tmp/fifo", 0o4000)
        w = t.open("/tmp/fifo", 1)
        t.close(r)
        t.close(w)
        t.unlink("/tmp/fifo")


@fastipc.compiled
def stat_one_compiled(t, n):  # type: ignore[no-untyped-def]
    """Stat a path of one component."""
    row = np.zeros(1, fastipc.STAT)
    for _ in range(n):
        t.stat("/tmp", row)


@fastipc.compiled
def stat_five_compiled(t, n):  # type: ignore[no-untyped-def]
    """Stat a path of five components."""
    row = np.zeros(1, fastipc.STAT)
    for _ in range(n):
        t.stat("/tmp/a/b/c/file", row)


@fastipc.compiled
def fstat_compiled(t, n):  # type: ignore[no-untyped-def]
    """Ask an open file."""
    row = np.zeros(1, fastipc.STAT)
    fd = t.open("/tmp/file", 0)
    for _ in range(n):
        t.fstat(fd, row)


@fastipc.compiled
def open_close_compiled(t, n):  # type: ignore[no-untyped-def]
    """Open a regular file and close it."""
    for _ in range(n):
        t.close(t.open("/tmp/file", 0))


# ---------------------------------------------------------------------------------------------- the sides
def furnish(t: Task) -> None:
    """Make what the loops look at."""
    for path in ("/tmp/a", "/tmp/a/b", "/tmp/a/b/c"):
        t.mkdir(path)
    for path in (REGULAR, FIVE):
        t.close(t.open(path, O_WRONLY | O_CREAT))


def in_program(program: fastipc.CompiledProgram) -> Side:
    """A compiled program that gets the number of times."""

    @contextmanager
    def ours() -> Iterator[Body]:
        with machine() as t:
            furnish(t)

            def body(n: int) -> None:
                child = t.fork(program, n)
                t.wait4(child)

            yield body

    return ours


def on_tmpfs(loop: Callable[[str, int], None], below: str) -> Side:
    """A loop over a path in a fresh directory of the real tmpfs, ``below`` that: as deep as ours."""

    @contextmanager
    def theirs() -> Iterator[Body]:
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        directory = tempfile.mkdtemp(prefix="files-", dir=memory)
        back = os.getcwd()
        os.chdir(directory)
        try:
            os.makedirs("a/b/c/d")
            for path in ("file", "a/b/c/d/file"):
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
            yield partial(loop, below)
        finally:
            os.chdir(back)
            shutil.rmtree(directory)

    return theirs


def _rows(name: str, least: float, counted: str, hand: Side, theirs: Side, program: Side, what: str) -> list[Operation]:
    return [
        Operation(name, OS, hand, theirs, least, counted, 1, SHORT),
        Operation(f"{name}, compiled", C, program, in_c(what), least, f"{counted}, in a compiled task", 1, SHORT),
    ]


CYCLE = "mkfifo, open both ends, two close, unlink"

FILES: tuple[Operation, ...] = (
    *_rows("FIFO made, opened, removed", 20, CYCLE, by_hand(fifo_ours, furnish), on_tmpfs(fifo_theirs, "fifo"),
           in_program(fifo_compiled), "fifo"),
    *_rows("stat, 1 component", 5, "one call", by_hand(partial(stat_ours, ONE), furnish), on_tmpfs(stat_theirs, "a"),
           in_program(stat_one_compiled), "stat_one"),
    *_rows("stat, 5 components", 4, "one call", by_hand(partial(stat_ours, FIVE), furnish),
           on_tmpfs(stat_theirs, "a/b/c/d/file"), in_program(stat_five_compiled), "stat_five"),
    *_rows("fstat", 6, "one call", by_hand(fstat_ours, furnish), on_tmpfs(fstat_theirs, "file"),
           in_program(fstat_compiled), "fstat"),
    *_rows("open + close", 8, "two calls, a regular file", by_hand(open_close_ours, furnish),
           on_tmpfs(open_close_theirs, "file"), in_program(open_close_compiled), "open_close"),
)  # fmt: skip
