"""The table of fastipc beside the real OS and the peers: ``python table.py [NAME ...]``, and options.

Each row is measured in this run, the two sides in turn, on one processor; see ``timing.py``. ``--check`` ends
with status 1 if a promise ("at least", "at most") is not kept. With names: only the rows that begin with one.
"""

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any

from compiled_operations import LEFT_OUT
from figures import Figure, figures
from nothing_operations import misses
from rows import ALL
from timing import Result, duration, measure, three_digits

ROW = "{:<32} {:<24} {:>9} {:>9} {:>8} {:>9}  {}"
MISS_ROW = "{:<32} {:>9} {:>9} {:>9} {:>12} {:>9}"
LIMIT_ROW = "{:<32} {:>9} {:>9}  {:<7} {}"


def verdict(met: bool) -> str:
    """What the last column says."""
    return "ok" if met else "MISSED"


def result_row(r: Result) -> str:
    """A line of the table of ratios."""
    op = r.operation
    least = "" if op.least is None else f"{op.least:g}x"
    return ROW.format(
        op.name,
        op.rival,
        duration(r.ours_ns),
        duration(r.theirs_ns),
        three_digits(r.ratio) + "x",
        least,
        "" if op.least is None else verdict(r.met),
    )


def figure_row(f: Figure) -> str:
    """A line of the table of limits."""
    most = "" if f.most is None else f"{f.most:g} {f.unit}"
    said = "" if f.most is None else verdict(f.met)
    return LIMIT_ROW.format(f.name, f"{three_digits(f.value)} {f.unit}", most, said, f.counted)


def print_misses(results: list[Result]) -> None:
    """What rows that miss their promise could reach if their calls did nothing, and what the promise allows."""
    print("\n" + MISS_ROW.format("missed", "at least", "fastipc", "allowed", "if nothing", "at best"), flush=True)
    for r, floor, best in misses(results):
        least = r.operation.least or 0.0
        allowed = duration(r.theirs_ns / least)
        cells = (f"{least:g}x", duration(r.ours_ns), allowed, duration(floor), three_digits(best) + "x")
        print(MISS_ROW.format(r.operation.name, *cells))


def print_table(quick: bool = False, names: tuple[str, ...] = ()) -> tuple[list[Result], list[Figure]]:
    """Measure everything and print each row as it is found; with names, only the operations that begin with one."""
    print(ROW.format("operation", "beside", "fastipc", "beside", "ratio", "at least", ""), flush=True)
    results = []
    for operation in ALL:
        if not names or operation.name.startswith(names):
            results.append(measure(operation, 0.3 if quick else 1.5))
            print(result_row(results[-1]), flush=True)
    print_misses(results)
    if names:
        return results, []
    for name, rival, least, why in LEFT_OUT:
        print(ROW.format(name, rival, "", "", "", f"{least:g}x", why))
    print()
    print(LIMIT_ROW.format("figure", "fastipc", "at most", "", "counted"), flush=True)
    found = []
    for figure in figures(quick):
        found.append(figure)
        print(figure_row(figure), flush=True)
    return results, found


def as_json(results: list[Result], found: list[Figure]) -> dict[str, Any]:
    """Everything that was found, and where."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "operations": [
            {
                "name": r.operation.name,
                "beside": r.operation.rival,
                "fastipc_ns": r.ours_ns,
                "beside_ns": r.theirs_ns,
                "ratio": r.ratio,
                "at_least": r.operation.least,
                "met": r.met,
                "counted": r.operation.counted,
            }
            for r in results
        ],
        "misses": [
            {"name": r.operation.name, "if_nothing_ns": floor, "at_best": best} for r, floor, best in misses(results)
        ],
        "left_out": [
            {"name": name, "beside": rival, "at_least": least, "why": why} for name, rival, least, why in LEFT_OUT
        ],
        "figures": [
            {
                "name": f.name,
                "value": f.value,
                "unit": f.unit,
                "at_most": f.most,
                "met": f.met,
                "counted": f.counted,
            }
            for f in found
        ],
    }


def main() -> int:
    """Measure, print, and write what the command line asks for."""
    parser = argparse.ArgumentParser(description="fastipc beside the real OS and the peers, measured now.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only the rows that begin with it")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller crowds: about half a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw the ratios")
    parser.add_argument("--check", action="store_true", help="end with status 1 if a promise is not kept")
    args = parser.parse_args()
    results, found = print_table(args.quick, tuple(args.names))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(as_json(results, found), indent=2) + "\n")
    if args.png:
        from picture import draw

        draw(results, args.png)
    missed = [r.operation.name for r in results if not r.met] + [f.name for f in found if not f.met]
    if args.check and missed:
        print("\nnot kept:", "; ".join(missed), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
