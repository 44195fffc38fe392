"""The real side of the operations that need processes of their own, in a small interpreter.

``fork`` copies the page tables of its process, so it is timed where there is least to copy: in an
interpreter that has imported nothing else. ``python -I -S real_os.py fork|trips`` reads numbers from its
standard input, does that many operations for each, and answers each with an empty line.
"""

import os
import sys
from collections.abc import Callable

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


def main() -> None:
    """Serve the numbers on the standard input until it ends."""
    work = fork_exit_wait if sys.argv[1] == "fork" else round_trips()
    while line := sys.stdin.buffer.readline():
        work(int(line))
        os.write(1, b"\n")


if __name__ == "__main__":
    main()
