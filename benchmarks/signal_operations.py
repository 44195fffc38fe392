"""The operations on signals: by hand, in programs and in compiled tasks, and on the real OS.

From Python the real OS is the standard library's `signal` and `os`, and ctypes for what those lack, as the row says,
in a process of its own: other threads would take its signals. A handler of the real side is Python too, which the
interpreter runs between two bytecodes of the loop.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from compiled_operations import C, in_c
from operations import in_small_interpreter, machine
from sysv_operations import alone, by_hand
from timing import LONG, Body, Operation, Side

import fastipc
from fastipc import SIG_BLOCK, SIG_DFL, SigSet, Task

OS, CTYPES = "real OS", "real OS, ctypes"
USR1, QUEUED = 10, 40
MASK, WAITED = SigSet([USR1]), SigSet([QUEUED])


def ignored(t: Task, signo: int, info: Any) -> None:
    """Do nothing."""


# ---------------------------------------------------------------------------------------------- one task
def mask_ours(t: Task, n: int) -> None:
    for _ in range(n):
        t.sigprocmask(SIG_BLOCK, MASK)


def action_ours(t: Task, n: int) -> None:
    for _ in range(n):
        t.sigaction(USR1, ignored)


def kill_ours(t: Task, n: int) -> None:
    t.sigaction(USR1, ignored)
    me = t.getpid()
    for _ in range(n):
        t.kill(me, USR1)
    t.sigaction(USR1, SIG_DFL)


def queue_ours(t: Task, n: int) -> None:
    t.sigprocmask(SIG_BLOCK, WAITED)
    me = t.getpid()
    for i in range(n):
        t.sigqueue(me, QUEUED, i)
        t.sigtimedwait(WAITED, 0)


def signalfd_ours(t: Task, n: int) -> None:
    t.sigprocmask(SIG_BLOCK, WAITED)
    fd, me = t.signalfd(-1, WAITED), t.getpid()
    for _ in range(n):
        t.kill(me, QUEUED)
        t.read(fd, 128)
    t.close(fd)


# ---------------------------------------------------------------------------------------------- two programs
def ask(t: Task, pids: Any, n: int) -> None:
    t.sigprocmask(SIG_BLOCK, WAITED)
    other = pids[1]
    for _ in range(n):
        t.kill(other, QUEUED)
        t.sigwaitinfo(WAITED)


def answer(t: Task, pids: Any, n: int) -> None:
    t.sigprocmask(SIG_BLOCK, WAITED)
    other = pids[0]
    for _ in range(n):
        t.sigwaitinfo(WAITED)
        t.kill(other, QUEUED)


def ask_generator(t: Task, pids: Any, n: int) -> Generator[Any, Any, None]:
    yield t.sigprocmask(SIG_BLOCK, WAITED)
    other = pids[1]
    for _ in range(n):
        yield t.kill(other, QUEUED)
        yield t.sigwaitinfo(WAITED)


def answer_generator(t: Task, pids: Any, n: int) -> Generator[Any, Any, None]:
    yield t.sigprocmask(SIG_BLOCK, WAITED)
    other = pids[0]
    for _ in range(n):
        yield t.sigwaitinfo(WAITED)
        yield t.kill(other, QUEUED)


@fastipc.compiled
def ask_compiled(t, pids, n):  # type: ignore[no-untyped-def]
    """Send a signal and wait for the answer."""
    t.sigprocmask(0, 1 << 39)
    for _ in range(n):
        t.kill(pids[1], 40)
        t.sys_sigwaitinfo(1 << 39)


@fastipc.compiled
def answer_compiled(t, pids, n):  # type: ignore[no-untyped-def]
    """Answer each signal."""
    t.sigprocmask(0, 1 << 39)
    for _ in range(n):
        t.sys_sigwaitinfo(1 << 39)
        t.kill(pids[0], 40)


def programs(one: Any, other: Any) -> Side:
    """Two programs that signal each other; making and reaping them is in the time. The one that waits begins."""

    @contextmanager
    def ours() -> Iterator[Body]:
        with machine() as t:
            kernel, pids = t.kernel, np.zeros(2, np.int64) if one is ask_compiled else [0, 0]
            assert kernel is not None

            def body(n: int) -> None:
                waits = t.fork(other, pids, n)
                sends = t.fork(one, pids, n)
                pids[:] = sends.pid, waits.pid
                kernel.run()
                t.wait4(waits)
                t.wait4(sends)

            yield body

    return ours


# ---------------------------------------------------------------------------------------------- compiled
@fastipc.compiled
def nothing(t, signo, info):  # type: ignore[no-untyped-def]
    """Do nothing."""


@fastipc.compiled
def mask_compiled(t, n):  # type: ignore[no-untyped-def]
    """Block a signal."""
    for _ in range(n):
        t.sigprocmask(0, 1 << 9)


@fastipc.compiled
def kill_compiled(t, n):  # type: ignore[no-untyped-def]
    """Send oneself a signal, whose handler runs before the call is over."""
    t.sigaction(10, nothing)
    me = t.getpid()
    for _ in range(n):
        t.kill(me, 10)


# ---------------------------------------------------------------------------------------------- the rows
_trips_os = in_small_interpreter("signals")
TRIP = "4 calls and the switches between the two programs"

SIGNALS: tuple[Operation, ...] = (
    Operation("sigprocmask, SigSet", OS, by_hand(mask_ours), in_small_interpreter("mask"), 20, "one call"),
    Operation("sigaction", OS, by_hand(action_ours), in_small_interpreter("action"), 35, "one call"),
    Operation("kill(self) + handler", OS, by_hand(kill_ours), in_small_interpreter("kill"), 12, "and its handler"),
    Operation("sigqueue + sigtimedwait", CTYPES, by_hand(queue_ours), in_small_interpreter("queue"), 15, "two calls"),
    Operation("kill + signalfd read", OS, by_hand(signalfd_ours), in_small_interpreter("signalfd"), 10, "two calls"),
    Operation("signal round trip, plain", OS, programs(ask, answer), _trips_os, 15, TRIP, 1, LONG),
    Operation("signal round trip, generators", OS, programs(ask_generator, answer_generator), _trips_os, 30, TRIP, 1,
              LONG),
    Operation("sigprocmask, compiled", C, alone(mask_compiled), in_c("sigprocmask"), 25, "one call", 1, LONG),
    Operation("kill(self) + handler, compiled", C, alone(kill_compiled), in_c("kill_self"), 80, "and its handler",
              1, LONG),
    Operation("signal round trip, compiled", C, programs(ask_compiled, answer_compiled), in_c("signal_trips"), 100,
              TRIP, 1, LONG),
)  # fmt: skip
