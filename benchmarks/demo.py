"""What ``make demo`` runs: a million processes that pass messages through pipes, then fastipc beside the real OS.

The simulation is a quarter of a million rings of four processes, compiled to machine code. In each ring a message goes
round: whoever gets it works on it for a while of virtual time and passes it on. How long that takes is drawn from the
message itself, so that every run gives the same figures on every machine. A machine with too little memory for a
million simulates fewer, and says so.
"""

from os.path import relpath
from pathlib import Path
from time import perf_counter

import numpy as np
from memory import resident
from picture import draw
from table import print_table

import fastipc
from fastipc import Kernel

PROCESSES = 1_000_000
RING = 4
BYTES = 7_000  # of the host's memory for each process, and some to spare
SECONDS = 0.016  # of virtual time
PICTURE = Path(__file__).parents[1] / "build" / "fastipc-vs-os.png"


@fastipc.compiled
def work(t, inbox, outbox):  # type: ignore[no-untyped-def]
    """Take a message, work on it for up to two milliseconds, pass it on; for ever."""
    message = np.zeros(1, np.uint64)
    while True:
        t.readinto(inbox, message)
        message[0] = message[0] * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        t.nanosleep((message[0] >> np.uint64(43)) * 1e-9)
        t.write(outbox, message)


@fastipc.compiled
def begin_ring(t, number):  # type: ignore[no-untyped-def]
    """Make a ring of pipes and its other processes, send the first message, and become one of them."""
    message = np.zeros(1, np.uint64)
    message[0] = number
    first, outbox = t.pipe()
    t.write(outbox, message)
    inbox = first
    for _ in range(RING - 1):
        next_inbox, next_outbox = t.pipe()
        t.fork(work, inbox, next_outbox)
        inbox = next_inbox
    t.execve(work, inbox, outbox)


def affordable() -> int:
    """How many processes the host has memory for, a million at most."""
    with open("/proc/meminfo") as f:
        available = next(int(line.split()[1]) * 1024 for line in f if line.startswith("MemAvailable"))
    return min(PROCESSES, available // BYTES // RING * RING)


def simulate() -> None:
    """Make the processes, let them run, and say what they did."""
    n = affordable()
    if n < PROCESSES:
        print(f"(there is memory for {n:,} processes only)")
    start = perf_counter()
    fastipc.compile(begin_ring, 1)
    print(f"compiled in {perf_counter() - start:.1f} s", flush=True)
    before = resident()
    with Kernel(seed=1, limits={"pid_max": n + 100}) as k:
        k.spawn_many(begin_ring, n // RING, np.arange(n // RING), daemon=True)
        print(k.run(until=0, progress=True))
        each = (resident() - before) / n
        print(f"\n{n:,} processes and as many pipes are there, {each:,.0f} bytes each\n", flush=True)
        report = k.run(until=SECONDS, progress=True)
        print(report)
        print(
            f"\n{report.calls / report.wall_s / 1e6:.1f} million system calls a second; hash of all calls "
            f"{k.trace_hash:016x}, the same on every run"
        )


def main() -> None:
    """Simulate, print the table, draw it."""
    print(
        f"{PROCESSES:,} processes in rings of {RING}, each with a pipe, pass messages on; {SECONDS * 1e3:g} ms of "
        "their time\n",
        flush=True,
    )
    simulate()
    print("\nfastipc beside the real OS and other Python libraries, on this machine, now:\n")
    results, _ = print_table(quick=True)
    draw(results, PICTURE)
    print(f"\nthe same as a picture: {relpath(PICTURE)}")


if __name__ == "__main__":
    main()
