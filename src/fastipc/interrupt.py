"""Ctrl-C while a machine runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastipc._core.entries import Machine


class DeferredInterrupt:
    """While it is entered, Ctrl-C stops the machine between two turns, not in the middle of a program.

    The second Ctrl-C comes at once, for a program that never makes a call.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.old: Any = None

    def __enter__(self) -> None:
        import signal
        import threading

        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            self.old = signal.signal(signal.SIGINT, self.stop)

    def stop(self, signum: int, frame: Any) -> None:
        """The handler of SIGINT."""
        if self.machine.interrupted:
            self.machine.interrupted = False
            raise KeyboardInterrupt
        self.machine.interrupt()

    def __exit__(self, *exc: object) -> None:
        if self.old is None:
            return
        import signal

        signal.signal(signal.SIGINT, self.old)
        if self.machine.interrupted:
            self.machine.interrupted = False
            if exc[0] is None:
                raise KeyboardInterrupt
