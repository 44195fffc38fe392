"""The picture of the table: how many times faster than its rival each operation is."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402
from timing import Result, duration, three_digits  # noqa: E402

AGAINST_OS = "#2a6f97"
AGAINST_PEER = "#8d99ae"
PROMISE = "#c1121f"
INK = "#1f2937"
MUTED = "#6b7280"


def draw(results: list[Result], path: Path) -> None:
    """Write a bar chart of the ratios to `path`, on a logarithmic axis.

    Parameters
    ----------
    results : list of Result
        Rows of the table, drawn from the top down in their order.
    path : Path
        Where the PNG goes; its folder is made if need be.
    """
    rows = list(range(len(results)))
    ratios = [r.ratio for r in results]
    against_os = [r.operation.rival.startswith("real OS") for r in results]
    colours = [AGAINST_OS if real else AGAINST_PEER for real in against_os]
    with plt.rc_context({"font.family": "DejaVu Sans", "font.size": 10, "text.color": INK, "axes.labelcolor": INK}):
        fig, ax = plt.subplots(figsize=(10, 0.42 * len(results) + 1.9), dpi=150)
        ax.barh(rows, [ratio - 1 for ratio in ratios], left=1, height=0.62, color=colours, zorder=2)
        for row, result in zip(rows, results, strict=True):
            if result.operation.least is not None:
                ax.plot([result.operation.least] * 2, [row - 0.39, row + 0.39], color=PROMISE, lw=1.6, zorder=3)
            times = f"{duration(result.ours_ns)}  :  {duration(result.theirs_ns)}"
            at = ax.annotate(
                f"{three_digits(result.ratio)}x",
                (max(1, result.ratio, result.operation.least or 0), row),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontweight="bold",
            )
            ax.annotate(times, (1, 0), xycoords=at, xytext=(8, 1), textcoords="offset points", color=MUTED, fontsize=8)
        names = [
            r.operation.name if real else f"{r.operation.name} vs {r.operation.rival}"
            for r, real in zip(results, against_os, strict=True)
        ]
        ax.set_yticks(rows, names)
        ax.set_ylim(len(results) - 0.4, -0.6)
        ax.set_xscale("log")
        ax.set_xlim(min(1, *(0.8 * ratio for ratio in ratios)), max(ratios) * 12)
        ax.xaxis.set_major_formatter(lambda x, _: f"{x:g}x")
        ax.minorticks_off()
        ax.tick_params(axis="both", length=0)
        ax.tick_params(axis="x", colors=MUTED)
        ax.grid(axis="x", color="#e5e7eb", zorder=0)
        for side in ("top", "right", "left", "bottom"):
            ax.spines[side].set_visible(False)
        ax.spines["left"].set_visible(True)
        ax.spines["left"].set_color("#9ca3af")
        ax.set_title("How many times faster fastipc is", loc="left", fontweight="bold", fontsize=13, pad=30)
        ax.legend(
            handles=[
                Patch(color=AGAINST_OS, label="than the real OS"),
                Patch(color=AGAINST_PEER, label="than another library or language"),
                Line2D([], [], color=PROMISE, lw=1.6, label="promised"),
            ],
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            ncols=3,
            frameon=False,
            borderpad=0,
            borderaxespad=0.4,
            handlelength=1.2,
            labelcolor=MUTED,
        )
        ax.set_xlabel(
            "ratio of the medians, measured in one run, in turn, on one processor  (fastipc : other)",
            color=MUTED,
            fontsize=8,
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        fig.savefig(path, bbox_inches="tight", facecolor="white", pad_inches=0.25)
        plt.close(fig)
