"""A million tasks and a million pipes in one kernel: ``python million.py [--repeat N] [N ...]``.

For a thousand tasks, ten thousand, a hundred thousand and a million: what each takes, with its pipe and a byte in
flight in every second pipe, how long it takes to make one, and the time per call when all run in turn. Every crowd
lives in an interpreter of its own; see ``memory.py`` for what is counted.
"""

import argparse
from statistics import median

from memory import Figures, in_fresh_interpreter
from tqdm import tqdm

SIZES = (1_000, 10_000, 100_000, 1_000_000)
ROW = "{:>10} {:>12} {:>12} {:>12} {:>10} {:>8}"


def crowds(sizes: list[int], repeat: int) -> list[Figures]:
    """The median figures of a crowd of each size; the sizes in turn, `repeat` times."""
    runs: dict[int, list[Figures]] = {n: [] for n in sizes}
    for n in tqdm(sizes * repeat, unit="crowd", leave=False, disable=None):
        runs[n].append(in_fresh_interpreter("crowd", n))
    return [{key: median(run[key] for run in runs[n]) for key in runs[n][0]} for n in sizes]


def main() -> None:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description="Many generator tasks, each with a pipe, in one kernel.")
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES), metavar="N", help="how many tasks")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="runs of each size; medians are shown")
    args = parser.parse_args()
    found = crowds(args.sizes, args.repeat)
    print(ROW.format("tasks", "B each", "MiB in all", "us to make", "ns a call", "growth"))
    for f in found:
        growth = f["call_ns"] / found[0]["call_ns"]
        print(
            ROW.format(
                f"{f['n']:,.0f}",
                f"{f['bytes']:,.0f}",
                f"{f['bytes'] * f['n'] / 2**20:,.1f}",
                f"{f['make_us']:.2f}",
                f"{f['call_ns']:.1f}",
                f"{growth:.2f}x",
            )
        )


if __name__ == "__main__":
    main()
