"""The operations of compiled programs: each once on fastipc, once on the real OS from C, or on a peer.

The programs are as a user would write them, with the calls that raise. A batch is started by one call of a hand-driven
task, and its start and end are in the time.
"""

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import peers
from operations import machine, run_and_reap, served_by
from timing import LONG, Body, Operation, Side

import fastipc

BUILD = Path(__file__).parents[1] / "build"
C, SIMPY, GO = "real OS, from C", "SimPy Store", "Go channel"


# ---------------------------------------------------------------------------------------------- programs
@fastipc.compiled
def write_read(t, r, w, n):  # type: ignore[no-untyped-def]
    """Write a byte to a pipe and read it back."""
    buf = np.zeros(1, np.uint8)
    for _ in range(n):
        t.write(w, buf)
        t.readinto(r, buf)


@fastipc.compiled
def ask(t, outbox, inbox, n):  # type: ignore[no-untyped-def]
    """Send a byte and wait for the answer."""
    buf = np.zeros(1, np.uint8)
    for _ in range(n):
        t.write(outbox, buf)
        t.readinto(inbox, buf)


@fastipc.compiled
def answer(t, inbox, outbox, n):  # type: ignore[no-untyped-def]
    """Answer each byte."""
    buf = np.zeros(1, np.uint8)
    for _ in range(n):
        t.readinto(inbox, buf)
        t.write(outbox, buf)


@fastipc.compiled
def nothing(t):  # type: ignore[no-untyped-def]
    """End at once."""


@fastipc.compiled
def make_and_wait(t, n):  # type: ignore[no-untyped-def]
    """Start a task, let it run and end, and reap it."""
    for _ in range(n):
        t.fork(nothing)
        t.wait4()


@fastipc.compiled
def pair(t, n):  # type: ignore[no-untyped-def]
    """Two processes with a pipe in either direction, which send a byte to and fro."""
    there_r, there_w = t.pipe()
    back_r, back_w = t.pipe()
    t.fork(answer, there_r, back_w, n)
    buf = np.zeros(1, np.uint8)
    for _ in range(n):
        t.write(there_w, buf)
        t.readinto(back_r, buf)
    t.wait4()


# ---------------------------------------------------------------------------------------------- our sides
@contextmanager
def write_read_ours() -> Iterator[Body]:
    """1 byte, both calls, in one compiled task."""
    with machine() as t:
        r, w = t.pipe()
        yield lambda n: run_and_reap(t, (write_read, r, w, n))


@contextmanager
def trips_ours() -> Iterator[Body]:
    """1 byte there and back between two compiled tasks."""
    with machine() as t:
        (there_r, there_w), (back_r, back_w) = t.pipe(), t.pipe()
        yield lambda n: run_and_reap(t, (ask, there_w, back_r, n), (answer, there_r, back_w, n))


@contextmanager
def tasks_ours() -> Iterator[Body]:
    """Create, start, end and reap compiled tasks on pooled stacks."""
    with machine() as t:
        yield lambda n: run_and_reap(t, (make_and_wait, n))


# ---------------------------------------------------------------------------------------------- the other sides
def c_program(name: str = "real_os") -> Path:
    """One of the C sources here, compiled."""
    source, target = Path(__file__).with_name(f"{name}.c"), BUILD / name
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
        BUILD.mkdir(exist_ok=True)
        command = [shutil.which(compiler) or "cc", "-O2", "-o", str(target), str(source), "-lpthread"]
        subprocess.run(command, check=True)
    return target


def go_program() -> Path | None:
    """``go_channel.go``, compiled; None where Go is not installed."""
    source, target = Path(__file__).with_name("go_channel.go"), BUILD / "go_channel"
    go = shutil.which("go")
    if go is None:
        return None
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(exist_ok=True)
        # Outside the user's own cache, with no module around it, and with no other Go than this one.
        own = {"GOCACHE": str(BUILD / "go"), "GO111MODULE": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
        subprocess.run([go, "build", "-o", str(target), str(source)], check=True, env={**os.environ, **own})
    return target


def in_c(what: str) -> Side:
    """`what` of ``real_os.c``."""
    return served_by([str(c_program()), what])


def _operation(
    name: str, rival: str, sides: tuple[Side, Side], least: float | None, counted: str, per: int = 1
) -> Operation:
    return Operation(name, rival, sides[0], sides[1], least, counted, per, LONG)


TRIP = "2 writes, 2 reads and the switches between the two programs"
MESSAGE, LEAST_GO = "compiled: message", 2.0

COMPILED: tuple[Operation, ...] = (
    _operation("compiled: write + read, 1 B", C, (write_read_ours, in_c("write_read")), 25, "one task, both calls"),
    _operation("compiled: round trip", C, (trips_ours, in_c("trips")), 80, TRIP),
    _operation(MESSAGE, SIMPY, (trips_ours, peers.simpy_store), 50, "put, taken, the taker resumed", 2),
    _operation("compiled: create, run, end", C, (tasks_ours, in_c("threads")), 80, "fork, exit, wait4"),
)


def beside_go() -> tuple[tuple[Operation, ...], tuple[tuple[str, str, float, str], ...]]:
    """A message beside one of Go: the row, or where Go is missing its name, rival, promise, and why there is none."""
    try:
        program = go_program()
    except (OSError, subprocess.CalledProcessError) as e:
        return (), ((MESSAGE, GO, LEAST_GO, f"Go cannot build it: {e}"),)
    if program is None:
        return (), ((MESSAGE, GO, LEAST_GO, "Go is not installed"),)
    sides = (trips_ours, served_by([str(program)]))
    return (_operation(MESSAGE, GO, sides, LEAST_GO, "sent, received, the receiver resumed", 2),), ()


WITH_GO, LEFT_OUT = beside_go()
