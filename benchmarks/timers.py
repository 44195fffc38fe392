"""What a timer costs as they become many: ``python timers.py [--delay SECONDS] [N ...]``.

So many tasks sleep, each for a random time. One turn is: the next timer goes off, its task wakes, and sleeps again for
a random time of at most `--delay` of virtual seconds. What programs would add is left out: the rows of the machine are
driven by ``timer_driver.pyx``, compiled here. It takes Cython and a C compiler.
"""

import argparse
from types import ModuleType

import numpy as np
from drivers import compiled_driver
from timing import elapsed, one_processor
from tqdm import tqdm

from fastipc import Kernel

SIZES = (10, 1_000, 100_000, 1_000_000)
TURNS = 1_000_000
ROW = "{:>10} {:>10}"


def turn_ns(core: ModuleType, n: int, longest_ns: int, repeat: int) -> float:
    """Nanoseconds of a turn among `n` pending timers: the least of several runs."""
    random = np.random.default_rng(0)
    with Kernel(limits={"pid_max": 1 << 22}) as k:
        t = k.spawn()
        core.arm(t, core.sleepers(t, n), random.integers(1, longest_ns, n))
        core.turns(t, random.integers(1, longest_ns, 2 * n))  # now the sleepers are spread as they will stay
        delays = [random.integers(1, longest_ns, TURNS) for _ in range(repeat)]
        return min(elapsed(lambda _, d=d: core.turns(t, d), 1) for d in delays) / TURNS


def main() -> None:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description="Timers that go off and are set again, among many.")
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES), metavar="N", help="how many are pending")
    parser.add_argument("--delay", type=float, default=1.0, metavar="S", help="the longest sleep, in virtual seconds")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="runs of each size; the least is shown")
    args = parser.parse_args()
    core = compiled_driver("timer_driver")
    with one_processor():
        found = [
            turn_ns(core, n, round(args.delay * 1e9), args.repeat)
            for n in tqdm(args.sizes, unit="size", leave=False, disable=None)
        ]
    print(ROW.format("pending", "ns a turn"))
    for n, ns in zip(args.sizes, found, strict=True):
        print(ROW.format(f"{n:,}", f"{ns:.1f}"))


if __name__ == "__main__":
    main()
