"""Very many compiled tasks in one kernel: ``python compiled_crowd.py [N ...]``.

The tasks are in pairs, with a pipe in either direction between the two of a pair. First all make their pipes, send a
byte into every second one, and sleep until the same moment: then the memory is counted. After that each pair sends its
byte to and fro, which is timed, and sleeps again before it ends. Beside the time per call stands what the real OS
takes, from C, for two processes on one processor that do the same (four calls a round trip), measured before and after,
and what the memory of such a crowd takes alone, if its lines are but touched (``crowd_floor.c``). Each crowd lives in
an interpreter of its own.
"""

import argparse
import json
import subprocess
import sys
from statistics import median
from time import perf_counter_ns

import numpy as np
from compiled_operations import c_program, in_c
from memory import Figures, resident
from timing import no_collector, one_processor

import fastipc
from fastipc import Kernel

CALLS = 20_000_000  # of a crowd of any size
LEAST_ROUNDS = 6
OS_TRIPS = 20_000
START = 1.0  # seconds of virtual time
LEAST = {2: 45.0, 1_000: 45.0, 100_000: 22.0, 1_000_000: 9.0}  # times the calls per second of the real OS
MOST_BYTES = 6 * 1024
ROW = "{:>10} {:>9} {:>11} {:>11} {:>11} {:>9} {:>10} {:>9} {:>9}  {}"


@fastipc.compiled
def answer(t, inbox, outbox, n):  # type: ignore[no-untyped-def]
    """Answer each byte."""
    buf = np.zeros(1, np.uint8)
    t.nanosleep(START)
    for _ in range(n):
        t.readinto(inbox, buf)
        t.write(outbox, buf)
    t.nanosleep(START)


@fastipc.compiled
def ask(t, n):  # type: ignore[no-untyped-def]
    """Make two pipes and a partner, and send a byte to and fro."""
    there_r, there_w = t.pipe()
    back_r, back_w = t.pipe()
    t.fork(answer, there_r, back_w, n)
    buf = np.zeros(1, np.uint8)
    t.write(there_w, buf)
    t.nanosleep(START)
    for i in range(n):
        t.readinto(back_r, buf)
        if i < n - 1:
            t.write(there_w, buf)
    t.nanosleep(START)


def crowd(n: int) -> Figures:
    """`n` tasks: bytes of each, nanoseconds to make one, to end one, and per call, and the OS' per call."""
    rounds = max(LEAST_ROUNDS, CALLS // (2 * n))
    fastipc.compile(ask, 1)
    with in_c("trips")() as os_trips, no_collector():
        os_ns = [_elapsed(os_trips, OS_TRIPS) for _ in range(5)]
        before = resident()
        with Kernel(limits={"pid_max": max(1000, n + 100)}) as k:
            start = perf_counter_ns()
            k.spawn_many(ask, n // 2, np.full(n // 2, rounds))
            k.run(until=START / 2)
            made = perf_counter_ns() - start
            grown = resident() - before
            report = k.run(until=START * 3 / 2)
            start = perf_counter_ns()
            k.run()
            ended = perf_counter_ns() - start
            if k.counters["calls"]["exit_group"] != n:
                raise RuntimeError("not all tasks ended")
        os_ns += [_elapsed(os_trips, OS_TRIPS) for _ in range(5)]
    return {
        "n": n,
        "bytes": grown / n,
        "make_ns": made / n,
        "end_ns": ended / n,
        "call_ns": report.wall_s * 1e9 / report.calls,
        "memory_ns": memory_alone(n) / 2,
        "os_call_ns": median(os_ns) / 4,
    }


def memory_alone(n: int) -> float:
    """Nanoseconds that the cache lines of a turn of one of `n` tasks take, two calls."""
    command = [str(c_program("crowd_floor")), str(n)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def _elapsed(body: object, n: int) -> float:
    start = perf_counter_ns()
    body(n)  # type: ignore[operator]
    return (perf_counter_ns() - start) / n


def in_fresh_interpreter(n: int) -> Figures:
    """The figures of a crowd, found by an interpreter that does nothing else."""
    command = [sys.executable, __file__, "--one", str(n)]
    figures: Figures = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return figures


def row(f: Figures) -> str:
    """A line of the table."""
    n, ratio = int(f["n"]), f["os_call_ns"] / f["call_ns"]
    least = LEAST.get(n)
    ok = (least is None or ratio >= least) and (n < 100_000 or f["bytes"] <= MOST_BYTES)
    return ROW.format(
        f"{n:,}",
        f"{f['bytes']:,.0f}",
        f"{f['make_ns']:,.0f}",
        f"{f['call_ns']:.1f}",
        f"{f['memory_ns']:.1f}",
        f"{1e3 / f['call_ns']:.1f}",
        f"{f['os_call_ns']:,.0f}",
        f"{ratio:.1f}x",
        "" if least is None else f"{least:g}x",
        "ok" if ok else "MISSED",
    )


def main() -> None:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description="Very many compiled tasks, each with a pipe, in one kernel.")
    parser.add_argument("sizes", nargs="*", type=int, default=list(LEAST), metavar="N", help="how many tasks")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        with one_processor():
            print(json.dumps(crowd(args.one)))
        return
    print(
        ROW.format(
            "tasks", "B each", "ns to make", "ns a call", "memory ns", "M calls/s", "ns, OS", "ratio", "at least", ""
        )
    )
    for n in args.sizes:
        print(row(in_fresh_interpreter(n)), flush=True)


if __name__ == "__main__":
    main()
