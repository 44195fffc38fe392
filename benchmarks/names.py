"""How calls on names grow: ``python names.py [--quick]``.

A directory of ten, a thousand, ... a million names: what it costs to make, to look up and to remove one of them. Then
FIFOs that are open at once, both ends in one process.
"""

import argparse
import gc
import mmap
import time
from collections.abc import Callable, Iterable

from fastipc import O_NONBLOCK, O_RDONLY, O_WRONLY, RLIMIT_NOFILE, Kernel, Task

SAMPLE = 10_000  # names that are timed, however many there are
ROW = "{:>10} {:>12} {:>12} {:>12}"


def each(call: Callable[[str], object], names: Iterable[str]) -> float:
    """Nanoseconds a call."""
    names = list(names)
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    for name in names:
        call(name)
    spent = time.perf_counter() - start
    gc.enable()
    return spent / len(names) * 1e9


def directory(n: int) -> tuple[float, float, float]:
    """Make, look up and remove the last names of a directory of `n`; ns each."""
    with Kernel(limits={"pid_max": 400}) as k:
        t = k.spawn()
        t.mkdir("/tmp/d")
        t.chdir("/tmp/d")
        sample = min(n, SAMPLE)
        for i in range(n - sample):
            t.mknod(f"file{i}", 0o600)
        names = [f"file{i}" for i in range(n - sample, n)]
        made = each(lambda name: t.mknod(name, 0o600), names)
        looked = each(t.stat, [f"file{(i * 7919) % n}" for i in range(sample)])
        removed = each(t.unlink, names)
        k.verify()
    return made, looked, removed


def open_both_ends(t: Task, name: str) -> None:
    """Make a FIFO and open it at both ends."""
    t.mkfifo(name)
    t.open(name, O_RDONLY | O_NONBLOCK)
    t.open(name, O_WRONLY)


def resident() -> int:
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * mmap.PAGESIZE


def fifos(n: int) -> tuple[float, float]:
    """Have `n` FIFOs open at once: ns to make and open one, and bytes of the host for each."""
    before = resident()
    with Kernel() as k:
        k.limits.pipe_user_pages_soft = 0
        t = k.spawn()
        t.setrlimit(RLIMIT_NOFILE, (2 * n + 16, 2 * n + 16))
        t.mkdir("/tmp/d")
        t.chdir("/tmp/d")
        spent = each(lambda name: open_both_ends(t, name), (f"fifo{i}" for i in range(n)))
        used = (resident() - before) / n
        assert len(k.table("pipe", live=True)) == n
        k.verify()
    return spent, used


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="What calls on names cost when there are many.")
    parser.add_argument("--quick", action="store_true", help="a hundred thousand names, ten thousand FIFOs")
    args = parser.parse_args()
    many = 100_000 if args.quick else 1_000_000
    print(ROW.format("names", "mknod, ns", "stat, ns", "unlink, ns"))
    for n in (10, 1_000, 100_000, 1_000_000):
        if n <= many:
            print(ROW.format(f"{n:,}", *(f"{ns:.0f}" for ns in directory(n))), flush=True)
    print()
    print(ROW.format("FIFOs open", "each, ns", "bytes each", ""))
    for n in (1_000, many // 10):
        spent, used = fifos(n)
        print(ROW.format(f"{n:,}", f"{spent:.0f}", f"{used:,.0f}", ""), flush=True)


if __name__ == "__main__":
    main()
