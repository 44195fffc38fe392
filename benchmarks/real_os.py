"""The real side of the operations that need processes of their own, in a small interpreter.

``fork`` copies the page tables of its process, so it is timed where there is least to copy: in an
interpreter that has imported nothing else. Signals go to any thread that does not block them, so there
must be no other. ``python -I -S real_os.py WHAT``, one of the names in `WORKS`, reads numbers from its
standard input, does that many operations for each, and answers each with an empty line.
"""

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Callable

USR1, QUEUED = 10, 40
WARM = 300  # untimed round trips: the first ones copy the pages that the two processes share


def fork_exit_wait(n: int) -> None:
    """Make a process that ends at once and reap it, `n` times."""
    for _ in range(n):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)


def round_trips() -> Callable[[int], None]:
    """Start a process that answers each byte, and return the function that asks it `n` times."""
    there_r, there_w = os.pipe()
    back_r, back_w = os.pipe()
    if os.fork() == 0:
        os.close(there_w)
        while data := os.read(there_r, 1):
            os.write(back_w, data)
        os._exit(0)
    os.close(there_r)
    os.close(back_w)

    def ask(n: int) -> None:
        for _ in range(n):
            os.write(there_w, b"x")
            os.read(back_r, 1)

    ask(WARM)
    return ask


def mask(n: int) -> None:
    """Block a signal."""
    block, signals = signal.pthread_sigmask, {USR1}
    for _ in range(n):
        block(signal.SIG_BLOCK, signals)


def ignored(signo: int, frame: object) -> None:
    """Do nothing."""


def action(n: int) -> None:
    """Register a handler."""
    register = signal.signal
    for _ in range(n):
        register(USR1, ignored)


def kill(n: int) -> None:
    """Send oneself a signal that has a handler."""
    signal.signal(USR1, ignored)
    send, me = os.kill, os.getpid()
    for _ in range(n):
        send(me, USR1)


def queue(n: int) -> None:
    """Queue a signal with a value, and take it."""
    send, wait, me, signals = ctypes.CDLL(None).sigqueue, signal.sigtimedwait, os.getpid(), {QUEUED}
    send.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    for i in range(n):
        send(me, QUEUED, i)
        wait(signals, 0)


def signalfd(n: int) -> None:
    """Send oneself a signal, and read it from a descriptor."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {QUEUED})
    fd = ctypes.CDLL(None).signalfd(-1, struct.pack("16Q", 1 << QUEUED - 1, *[0] * 15), 0)
    send, read, me = os.kill, os.read, os.getpid()
    for _ in range(n):
        send(me, QUEUED)
        read(fd, 128)
    os.close(fd)


def signal_trips() -> Callable[[int], None]:
    """Start a process that answers each signal, and return the function that asks it `n` times."""
    me, mask = os.getpid(), {QUEUED}
    signal.pthread_sigmask(signal.SIG_BLOCK, mask)
    other = os.fork()
    if other == 0:
        while os.getppid() == me:
            if signal.sigtimedwait(mask, 1):
                os.kill(me, QUEUED)
        os._exit(0)

    def ask(n: int) -> None:
        for _ in range(n):
            os.kill(other, QUEUED)
            signal.sigwaitinfo(mask)

    ask(WARM)
    return ask


WORKS: dict[str, Callable[[], Callable[[int], None]]] = {
    "fork": lambda: fork_exit_wait,
    "trips": round_trips,
    "signals": signal_trips,
    **{work.__name__: lambda work=work: work for work in (mask, action, kill, queue, signalfd)},  # type: ignore[misc]
}


def main() -> None:
    """Serve the numbers on the standard input until it ends."""
    work = WORKS[sys.argv[1]]()
    while line := sys.stdin.buffer.readline():
        work(int(line))
        os.write(1, b"\n")


if __name__ == "__main__":
    main()
