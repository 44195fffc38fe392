"""How settings of timers are shown: without what the real clock has taken of them."""

from __future__ import annotations

NEAR = 5 * 10**9  # ns: what is left of less than that differs from run to run
FAR = 900 * 10**9  # of more than that seconds may have passed


def about(ns: int) -> int | str:
    """Return what is left of a time: whole seconds or tens of them if it is long, else whether there is anything."""
    if 0 < ns < NEAR:
        return "soon"
    step = 1 if ns < FAR else 10
    return (ns + step * 10**9 // 2) // (step * 10**9) * step


def setting(value: int, interval: int) -> tuple[int | str, float]:
    """Return what a timer is set to, from ns."""
    return about(value), interval / 1e9


def nanoseconds(seconds: float) -> int:
    """Return a time in ns."""
    return seconds * 10**9 if isinstance(seconds, int) else round(seconds * 1e9)
