"""What ``make demo`` runs: 10,000 processes that pass messages through pipes, then fastipc beside the real OS.

The simulation is a network of queues. Each process has an inbox, which is a pipe, and four neighbours, its
predecessor among them. It takes a message, works on it for a while of virtual time, and passes it to one of the
neighbours. Where a message goes and how long it takes is drawn from the message itself, so that every run gives
the same figures on every machine.
"""

import zlib
from array import array
from collections.abc import Generator
from os.path import relpath
from pathlib import Path
from random import Random
from typing import Any

from picture import draw
from table import print_table

import fastipc
from fastipc import Kernel, Task

PROCESSES = 10_000
NEIGHBOURS = 4  # two bits of a draw
MESSAGES = 5_000
SECONDS = 0.4  # of virtual time
MOST_WORK = 2e-3
SIZE = 4  # bytes of a message: the state of its random generator
PICTURE = Path(__file__).parents[1] / "build" / "fastipc-vs-os.png"


def process(t: Task, me: int, inbox: int, outboxes: list[int], taken: "array[int]") -> Generator[Any, Any, None]:
    """Take a message, work on it, pass it on; for ever."""
    while True:
        message = yield t.read(inbox, SIZE)
        taken[me] += 1
        drawn = (int.from_bytes(message, "little") * 1664525 + 1013904223) % 2**32
        yield t.nanosleep((drawn >> 8) / 2**24 * MOST_WORK)
        yield t.write(outboxes[drawn >> 30], drawn.to_bytes(SIZE, "little"))


def simulate() -> None:
    """Make the processes, let them run, and say what they did."""
    random = Random(1)
    taken = array("Q", bytes(8 * PROCESSES))
    with Kernel(seed=1) as k:
        first = k.spawn(name="first")
        first.setrlimit(fastipc.RLIMIT_NOFILE, (2 * PROCESSES, 2 * PROCESSES))
        pipes = [first.pipe() for _ in range(PROCESSES)]
        for me, (inbox, _) in enumerate(pipes):
            neighbours = [pipes[me - 1], *random.sample(pipes, NEIGHBOURS - 1)]
            outboxes = [w for _, w in neighbours]
            first.clone(fastipc.CLONE_FILES | fastipc.SIGCHLD, process, me, inbox, outboxes, taken)
        for _, w in random.sample(pipes, MESSAGES):
            first.write(w, random.randbytes(SIZE))
        report = k.run(until=SECONDS, progress=True)
        print(report)
        k.verify()
    print(
        f"\n{sum(taken):,} messages taken, {max(taken)} by the busiest process, {min(taken)} by the idlest; "
        f"checksum {zlib.crc32(taken.tobytes()):08x}, the same on every run"
    )


def main() -> None:
    """Simulate, print the table, draw it."""
    print(
        f"{PROCESSES:,} processes, each with a pipe, pass {MESSAGES:,} messages about, {SECONDS} s of their time\n",
        flush=True,
    )
    simulate()
    print("\nfastipc beside the real OS and other Python libraries, on this machine, now:\n")
    results, _ = print_table(quick=True)
    draw(results, PICTURE)
    print(f"\nthe same as a picture: {relpath(PICTURE)}")


if __name__ == "__main__":
    main()
