"""The progress line of a run."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastipc.kernel import Kernel

WIDTH = 30  # characters of the bar
SLICE = 20_000  # turns between two looks
PAUSE = 0.1  # seconds of the host between two drawings


class ProgressLine:
    """Draws counts, and a bar if the end is a virtual time, on a line of stderr; without a terminal at the end."""

    def __init__(self, kernel: Kernel, until_ns: int) -> None:
        self.first_ns = kernel.now_ns
        self.until_ns = until_ns
        self.start = time.perf_counter()
        self.drawn = 0.0
        self.on = sys.stderr.isatty()

    def __call__(self, kernel: Kernel, last: bool = False) -> None:
        now = time.perf_counter()
        if not last and (not self.on or now - self.drawn < PAUSE):
            return
        self.drawn = now
        counters = kernel.counters
        calls = sum(counters["calls"].values())
        text = f"{calls:,} calls, {counters['switches']:,} switches, {kernel.now:.6f} s virtual"
        text += f", {now - self.start:.1f} s"
        sys.stderr.write(("\r" if self.on else "") + self._bar(kernel.now_ns) + text + ("\n" if last else ""))
        sys.stderr.flush()

    def _bar(self, now_ns: int) -> str:
        if self.until_ns <= self.first_ns:
            return ""
        part = min(1.0, (now_ns - self.first_ns) / (self.until_ns - self.first_ns))
        return f"[{'#' * round(part * WIDTH):{WIDTH}}] {part:4.0%}  "
