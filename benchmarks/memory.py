"""What tasks and pipes cost: memory, and time a call as they become many. Each figure from a fresh interpreter.

``python memory.py tasks|pipes|crowd N`` prints one figure as JSON; `in_fresh_interpreter` runs it so.

What is counted: the growth of the resident set of the whole process (tables of the machine, Python objects,
generator frames, the allocator's own overhead), from the moment before the `Kernel` is made, divided by N.
"""

import json
import mmap
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Generator
from functools import partial
from time import perf_counter_ns
from typing import Any

from timing import no_collector, one_processor

import fastipc
from fastipc import Kernel, Task

PID_MAX = 1 << 22  # the most that Linux allows
CALLS = 4_000_000  # calls timed in a crowd of any size: 1 s or less
Figures = dict[str, float]


def resident() -> int:
    """Bytes of the resident set of this process."""
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * mmap.PAGESIZE


def idler(t: Task) -> Generator[Any, Any, None]:
    """Sleep for ever on a pipe of one's own."""
    r, _ = yield t.pipe()
    yield t.read(r, 1)


def make_idle_tasks(k: Kernel, n: int) -> None:
    """Make `n` generator tasks and let each fall asleep on a pipe of its own."""
    for _ in range(n):
        k.spawn(idler, daemon=True)
    k.run()


def make_idle_pipes(k: Kernel, n: int) -> None:
    """Make `n` pipes of one task; their two descriptors each are counted with them."""
    t = k.spawn()
    t.setrlimit(fastipc.RLIMIT_NOFILE, (2 * n, 2 * n))
    for _ in range(n):
        t.pipe()


def bytes_each(make: Callable[[Kernel, int], None], n: int) -> Figures:
    """Bytes of each of the `n` things that `make` makes, and how many of them are Python objects.

    The second figure is `tracemalloc`'s, of a tenth as many.
    """
    with no_collector():
        before = resident()
        with Kernel(limits={"pid_max": PID_MAX}) as k:
            make(k, n)
            grown = resident() - before
            k.verify()
        tracemalloc.start()
        with Kernel(limits={"pid_max": PID_MAX}) as k:
            make(k, n // 10)
            heap = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    return {"n": n, "bytes": grown / n, "heap_bytes": heap / (n // 10)}


# ---------------------------------------------------------------------------------------------- a crowd
def asker(t: Task, outbox: int, inbox: int, rounds: int) -> Generator[Any, Any, None]:
    """Send a byte and wait for the answer, `rounds` times."""
    for _ in range(rounds):
        yield t.write(outbox, b"x")
        yield t.read(inbox, 1)


def first_asker(t: Task, outbox: int, inbox: int, rounds: int, clock: list[int]) -> Generator[Any, Any, None]:
    """An `asker` that notes the time of day of each round."""
    for _ in range(rounds):
        clock.append(perf_counter_ns())
        yield t.write(outbox, b"x")
        yield t.read(inbox, 1)


def answerer(t: Task, inbox: int, outbox: int, rounds: int) -> Generator[Any, Any, None]:
    """Let every asker start; then answer each byte."""
    yield t.sched_yield()
    for _ in range(rounds):
        yield t.write(outbox, (yield t.read(inbox, 1)))


def make_crowd(k: Kernel, n: int, rounds: int, clock: list[int]) -> None:
    """`n` processes in pairs, with a pipe in either direction between the two of a pair: `n` pipes."""
    p = k.spawn()
    p.signal(fastipc.SIGCHLD, fastipc.SIG_IGN)  # whoever ends need not be reaped
    for i in range(n // 2):
        there_r, there_w = p.pipe()
        back_r, back_w = p.pipe()
        if i == 0:
            p.fork(first_asker, there_w, back_r, rounds, clock)
        else:
            p.fork(asker, there_w, back_r, rounds)
        p.fork(answerer, there_r, back_w, rounds)
        for fd in (there_r, there_w, back_r, back_w):
            p.close(fd)


def crowd(n: int) -> Figures:
    """`n` tasks in one kernel: what they take, with a byte in flight in every second pipe, and how fast they go.

    All tasks run in turn, in the order in which they were made, so that between two rounds of the first asker
    every task makes two calls, and every second of them sleeps. The first round is not timed.
    """
    rounds = max(4, CALLS // (2 * n)) + 1
    clock: list[int] = []
    before = resident()
    with no_collector(), Kernel(limits={"pid_max": PID_MAX}) as k:
        start = perf_counter_ns()
        make_crowd(k, n, rounds, clock)
        made = perf_counter_ns() - start
        for _ in range(n):  # one turn each: askers write and sleep, answerers yield
            k.step()
        if k.counters["calls"]["write"] != n // 2 or len(k.tasks) < n:
            raise RuntimeError("there is not one byte in flight in every second pipe")
        grown = resident() - before
        k.verify()
        k.run()
        k.verify()
    calls = 2 * n * (len(clock) - 2)
    return {
        "n": n,
        "bytes": grown / n,
        "make_us": made / n / 1e3,
        "call_ns": (clock[-1] - clock[1]) / calls,
    }


FIGURES: dict[str, Callable[[int], Figures]] = {
    "tasks": partial(bytes_each, make_idle_tasks),
    "pipes": partial(bytes_each, make_idle_pipes),
    "crowd": crowd,
}


def in_fresh_interpreter(what: str, n: int) -> Figures:
    """The figure `what` for `n`, found by an interpreter that does nothing else."""
    done = subprocess.run([sys.executable, __file__, what, str(n)], stdout=subprocess.PIPE, text=True, check=True)
    figures: Figures = json.loads(done.stdout)
    return figures


def main() -> None:
    """Print the figure that the command line asks for."""
    what, n = sys.argv[1], int(sys.argv[2])
    with one_processor():
        print(json.dumps(FIGURES[what](n)))


if __name__ == "__main__":
    main()
