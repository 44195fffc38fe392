"""The progress lines: of a run, and of many machines."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastipc.kernel import Kernel

WIDTH = 30  # characters of the bar
SLICE = 20_000  # turns between two looks
PAUSE = 0.1  # seconds of the host between two drawings


class Line:
    """A line of stderr that is drawn again and again; without a terminal only at the end."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.drawn = 0.0
        self.on = sys.stderr.isatty()

    def due(self, last: bool) -> bool:
        """Whether to draw now; if so, the next time is a pause later."""
        now = time.perf_counter()
        if not last and (not self.on or now - self.drawn < PAUSE):
            return False
        self.drawn = now
        return True

    def draw(self, part: float | None, text: str, last: bool) -> None:
        """A bar, if the part that is done is known, the text, and the seconds since the start."""
        bar = "" if part is None else f"[{'#' * round(part * WIDTH):{WIDTH}}] {part:4.0%}  "
        text += f", {self.drawn - self.start:.1f} s"
        sys.stderr.write(("\r" if self.on else "") + bar + text + ("\n" if last else ""))
        sys.stderr.flush()


class ProgressLine(Line):
    """Draws counts, and a bar if the end is a virtual time."""

    def __init__(self, kernel: Kernel, until_ns: int) -> None:
        super().__init__()
        self.first_ns = kernel.now_ns
        self.until_ns = until_ns

    def __call__(self, kernel: Kernel, last: bool = False) -> None:
        if not self.due(last):
            return
        counters = kernel.counters
        calls = sum(counters["calls"].values())
        text = f"{calls:,} calls, {counters['switches']:,} switches, {kernel.now:.6f} s virtual"
        self.draw(self._part(kernel.now_ns), text, last)

    def _part(self, now_ns: int) -> float | None:
        if self.until_ns <= self.first_ns:
            return None
        return min(1.0, (now_ns - self.first_ns) / (self.until_ns - self.first_ns))


class CountLine(Line):
    """Draws how many machines are done, of how many."""

    def __call__(self, done: int, total: int) -> None:
        last = done == total
        if self.due(last):
            self.draw(done / total, f"{done:,} of {total:,} machines", last)
