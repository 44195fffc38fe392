"""What is fastipc's own error, never the simulated machine's: that one raises `OSError`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastipc.report import Report


class FastIPCError(Exception):
    """Base of all errors of fastipc itself."""


class Deadlock(FastIPCError):
    """Nothing can run any more, and a program, or the call itself, still sleeps.

    Attributes
    ----------
    report : Report
        The run up to here; ``report.blocked`` says who waits for what.
    """

    def __init__(self, message: str, report: Report | None = None) -> None:
        super().__init__(message)
        self.report = report


class TaskExited(FastIPCError):
    """A call on a task that has ended.

    Attributes
    ----------
    status : int or None
        Its wait status word, if it is known.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class InvariantError(FastIPCError):
    """The machine is broken: an invariant of its tables does not hold. Always a defect of fastipc."""


class WrongThread(FastIPCError):
    """A machine was used from a thread that did not make it."""


class KernelClosed(FastIPCError):
    """A machine, or a task of it, was used after it had been closed."""


class ForeignCall(FastIPCError, RuntimeError):
    """A call on a task that the caller is not: from inside another program, or from outside on a program's task."""


class CallPending(FastIPCError, RuntimeError):
    """A task made a second call while its first one sleeps; in a generator, a ``yield`` was forgotten."""


class CompileError(FastIPCError):
    """A program that cannot be compiled."""


class StackOverflow(FastIPCError, RecursionError):
    """A compiled program has used up its stack."""


class TaskKilled(BaseException):
    """Raised inside a program whose task has ended, so that its frames are left. Not to be caught for good."""
