"""Memory inside the core beside what the bare jobs take, and how it grows: ``python memory_core.py``.

The page allocator and the page cache are driven by ``memory_driver.pyx``, compiled here, beside the same job on plain
arrays in C. Then what grows: System V segments in one namespace, areas of a process that forks. It takes Cython and a C
compiler.
"""

from collections.abc import Callable
from types import ModuleType

import numpy as np
from drivers import compiled_driver
from timing import elapsed, no_collector, one_processor

import fastipc
from fastipc import IPC_CREAT, MAP_ANONYMOUS, MAP_FIXED, MAP_SHARED, PROT_READ, PROT_WRITE, Kernel, Task

TIMES = 5_000_000
ROW = "{:<36} {:>9} {:>9} {:>7} {:>8}  {}"
SIZES = (10, 1_000, 100_000)
PAGE = 4096


@fastipc.compiled
def accesses(t, n):  # type: ignore[no-untyped-def]
    """Store and load eight bytes of a present page."""
    at = t.mmap(4096, 3, 0x22)
    word = np.zeros(1, np.int64)
    for _ in range(n):
        t.store(at, word)
        t.load_into(at, word)


def least(job: Callable[[int], object], n: int = TIMES) -> float:
    """Nanoseconds of one of `n`, the least of several runs."""
    job(n // 10)
    return min(elapsed(job, n) for _ in range(7)) / n


def row(name: str, ours: float, limit: float, most: float, what: str) -> None:
    """One line: what we take, what the bare job takes."""
    ratio = ours / limit
    said = "ok" if ratio <= most else "MISSED"
    print(ROW.format(name, f"{ours:.2f} ns", f"{limit:.2f} ns", f"{ratio:.2f}x", f"{most:g}x", f"{said}  {what}"))


def beside_limits(core: ModuleType) -> None:
    """The jobs of the core beside those on plain arrays."""
    print(ROW.format("job", "fastipc", "bare C", "ratio", "at most", ""))
    with Kernel() as k:
        t = k.spawn()
        fd = t.memfd_create("cached")
        t.write(fd, bytes(core.CACHED * PAGE))
        flat = least(lambda n: core.lookups_limit(t, fd, n))
        ours, limit = least(lambda n: core.mix(t, n)), least(lambda n: core.mix_limit(t, n))
        row("page freed and allocated, of 4,096", ours, limit, 2, "a random one; beside a bare buddy allocator")
        ours, limit = least(lambda n: core.pairs(t, n)), least(lambda n: core.pairs_limit(t, n))
        row("page allocated and freed", ours, limit, 2, "beside a stack of numbers")
        ours = least(lambda n: core.lookups(t, fd, n))
        row("page of a file of 16,384", ours, flat, 2, "a random one; beside an array")

        def both(n: int) -> None:
            t.wait4(t.fork(accesses, n))

        row("8 B of a present page, compiled", least(both) / 2, flat, 3, "a load or a store; beside the same look-up")


def segments(n: int) -> tuple[float, float]:
    """With so many segments in one namespace: shmget by key, shmat + shmdt."""
    with Kernel(limits={"ipcmni_extend": 1, "shmmni": 1 << 24}) as k:
        t = k.spawn()
        for i in range(n):
            t.shmget(i + 1, PAGE, IPC_CREAT | 0o600)
        keys = np.random.default_rng(0).integers(1, n + 1, 20_000).tolist()
        ids = [t.shmget(key, 0) for key in keys]

        def by_key(_: int) -> None:
            for key in keys:
                t.shmget(key, 0)

        def attach(_: int) -> None:
            for shmid in ids:
                t.shmdt(t.shmat(shmid))

        return least(by_key, 1) / len(keys), least(attach, 1) / len(keys)


def fork_of(t: Task, areas: int, pages: int) -> float:
    """Fork and end of a task with so many shared areas of so many present pages, in microseconds."""
    parent = t.fork()
    for i in range(areas):
        at = (1 << 40) + i * 2 * pages * PAGE
        parent.mmap(pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, addr=at)
        parent.store(at, bytes(pages * PAGE))

    def forks(n: int) -> None:
        for _ in range(n):
            parent.fork().exit()
            parent.wait4()

    took = least(forks, 20) / 1e3
    parent.exit()
    t.wait4()
    return took


def main() -> None:
    """Print the tables."""
    with one_processor(), no_collector():
        beside_limits(compiled_driver("memory_driver"))
        print(f"\n{'segments':>10} {'shmget by key':>14} {'shmat + shmdt':>14}")
        for n in SIZES:
            by_key, attach = segments(n)
            print(f"{n:>10,} {by_key:>11.0f} ns {attach:>11.0f} ns", flush=True)
        print(f"\n{'areas':>10} {'pages each':>10} {'fork + exit + wait4':>20}")
        with Kernel() as k:
            t = k.spawn()
            for areas, pages in ((10, 1), (10, 16), (100, 1), (100, 16), (1_000, 1), (1_000, 16)):
                print(f"{areas:>10,} {pages:>10} {fork_of(t, areas, pages):>17.1f} us", flush=True)


if __name__ == "__main__":
    main()
