"""The figures of the table that have no rival, only a limit: start, memory, growth."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns

from memory import in_fresh_interpreter
from million import crowds
from timing import no_collector, one_processor

from fastipc import Kernel

IMPORT = """
import numpy, sys, time
start = time.thread_time_ns()
import fastipc
print(time.thread_time_ns() - start)
"""


@dataclass(frozen=True)
class Figure:
    """One row of the table of limits: what, how much of which unit, and the most it may be."""

    name: str
    value: float
    unit: str
    most: float | None
    counted: str

    @property
    def met(self) -> bool:
        """Whether the figure is within its limit."""
        return self.most is None or self.value <= self.most


def fresh_kernel_us(rounds: int = 201) -> float:
    """Median time to make a `Kernel` and spawn a task in it; closing is outside the time."""
    took = []
    with one_processor(), no_collector():
        for _ in range(rounds):
            start = perf_counter_ns()
            k = Kernel()
            k.spawn()
            took.append(perf_counter_ns() - start)
            k.close()
    return median(took) / 1e3


def import_ms(rounds: int = 15) -> float:
    """Median processor time of ``import fastipc`` in an interpreter that has imported NumPy, both from byte code."""
    with tempfile.TemporaryDirectory() as byte_code:
        env = {**os.environ, "PYTHONPYCACHEPREFIX": byte_code, "PYTHONDONTWRITEBYTECODE": ""}
        command = [sys.executable, "-c", IMPORT]
        took = [
            int(subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True).stdout)
            for _ in range(rounds + 1)  # the first compiles
        ]
    return median(took[1:]) / 1e6


def figures(quick: bool) -> Iterator[Figure]:
    """Find each figure in turn."""
    few, many = (200_000, 100_000) if quick else (400_000, 1_000_000)
    yield Figure("fresh Kernel with one task", fresh_kernel_us(), "us", 200, "Kernel() and spawn()")
    yield Figure("import fastipc", import_ms(5 if quick else 15), "ms", 10, "processor time, above an imported NumPy")
    for name, what, most in (("idle generator task with a pipe", "tasks", 1536), ("idle pipe", "pipes", 1024)):
        found = in_fresh_interpreter(what, few)
        each = f"growth of the resident set, of {few:,}; {found['heap_bytes']:.0f} B are Python objects"
        yield Figure(name, found["bytes"], "B", most, each)
    small, large = crowds([1_000, many], repeat=3)
    each = f"of {many:,} generator tasks and as many pipes, with a byte in flight in every second"
    yield Figure("one of a crowd at work", large["bytes"], "B", None, each)
    slower = large["call_ns"] / small["call_ns"]
    yield Figure("growth of the time per call", slower, "x", 3, f"from 1,000 to {many:,} generator tasks, in order")
