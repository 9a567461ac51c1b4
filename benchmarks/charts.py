"""The plot of benchmarks/README.md."""

import statistics
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_INK, _BAR = "#1f2a30", "#2f6f8f"


def draw(record: dict[str, Any], target: Path) -> None:
    """Draw the whole line beside its peers, as SVG."""
    mpl.rcParams["svg.hashsalt"] = "benchmarks"
    figure = Figure(figsize=(9, 3), layout="constrained")
    bars: dict[str, list[float]] = {}
    for size, rows in record["line"].items():
        own = {row["name"]: row["milliseconds"] for row in rows}
        for name in ("loop", "peer", "whole line"):
            if name in own:
                bars[f"{name}, {size}"] = own[name]
    _bars(figure.subplots(), bars, "milliseconds a frame (logarithmic)")
    figure.savefig(target, format="svg", metadata={"Date": None})


def _bars(axes: Axes, values: dict[str, list[float]], label: str) -> None:
    middles = [statistics.median(each) for each in values.values()]
    reach = [
        [middle - min(each) for middle, each in zip(middles, values.values(), strict=True)],
        [max(each) - middle for middle, each in zip(middles, values.values(), strict=True)],
    ]
    drawn = axes.barh(list(values), middles, xerr=reach, color=_BAR, ecolor=_INK)
    axes.bar_label(drawn, [f"{middle:.3g}" for middle in middles], padding=6, color=_INK)
    axes.set_xscale("log")
    axes.set_xlabel(label)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
