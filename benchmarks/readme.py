"""Put measured figures into README.md: ``python benchmarks/readme.py TABLE.json [CROWD.txt]``.

TABLE.json is what ``benchmarks/table.py --json`` wrote, CROWD.txt what ``benchmarks/compiled_crowd.py`` printed. Rows
are replaced where they stand; the text between them is left to whoever reads the new figures.
"""

import json
import re
import sys
from pathlib import Path

from timing import duration, three_digits

ROOT = Path(__file__).resolve().parent.parent
ROWS = re.compile(r"(?<=\n)(\| operation \| beside .*\n\|[-:|]+\n)(?:\|.*\n)+")
CROWDS = re.compile(r"(?<=\n)(\| tasks \| bytes .*\n\|[-:|]+\n)(?:\|.*\n)+")


def goal(least: float | None, met: bool) -> str:
    """Return the promise of a row and whether it was kept."""
    return "" if least is None else f"{least:g}x" if met else f"{least:g}x, missed"


def operations(table: dict) -> str:
    """Return the rows of the speed table."""
    rows = []
    for row in table["operations"]:
        ours, theirs = (duration(row[side]).replace("us", "µs") for side in ("fastipc_ns", "beside_ns"))
        promise = goal(row["at_least"], row["met"])
        ratio = three_digits(row["ratio"])
        rows.append(f"| {row['name']} | {row['beside']} | {ours} | {theirs} | **{ratio}x** | {promise} |\n")
    return "".join(rows)


def crowds(text: str) -> str:
    """Return the rows of the crowds of compiled tasks."""
    rows = []
    for line in text.splitlines():
        cells = line.split()
        if len(cells) == 10 and cells[0].replace(",", "").isdigit():
            tasks, each, _, ns, memory, rate, _, ratio, least, said = cells
            each = "" if tasks == "2" else each  # most of it is the machine's own
            promise = goal(float(least.rstrip("x")), said == "ok")
            rows.append(f"| {tasks} | {each} | {ns} | {memory} | {rate} | **{ratio}** | {promise} |\n")
    return "".join(rows)


def main() -> None:
    """Replace the rows."""
    page = ROOT / "README.md"
    text = page.read_text(encoding="utf-8")
    table = operations(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    text = ROWS.sub(lambda m: m[1] + table, text)
    if len(sys.argv) > 2:
        rows = crowds(Path(sys.argv[2]).read_text(encoding="utf-8"))
        text = CROWDS.sub(lambda m: m[1] + rows, text)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
