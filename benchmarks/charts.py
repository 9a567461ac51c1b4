"""The plots of benchmarks/README.md and docs/capacity.md."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

_INK, _BAR, _LATE = "#1f2a30", "#2f6f8f", "#b3421f"


@dataclass(frozen=True, slots=True)
class Fleets:
    """When simulated nights are done, by the number of slots."""

    name: str
    hours: dict[int, list[float]]  # of the day, sorted, for each number of slots
    deadline: float
    advised: int  # slots


def draw(record: dict[str, Any], target: Path) -> None:
    """Draw the whole line beside its peers, and the network on every runtime, as SVG."""
    mpl.rcParams["svg.hashsalt"] = "benchmarks"
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    top, below = figure.subplots(2, 1)
    bars: dict[str, list[float]] = {}
    for size, rows in record["line"].items():
        own = {row["name"]: row["milliseconds"] for row in rows}
        for name in ("loop", "peer", "whole line"):
            if name in own:
                bars[f"{name}, {size}"] = own[name]
    _bars(top, bars, "milliseconds a frame (logarithmic)")
    _bars(below, record["networks"]["crops_a_second"], "crops a second (logarithmic)")
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


def draw_fleets(fleets: Sequence[Fleets], target: Path) -> None:
    """Draw when the nights of each fleet are done: half, 5 to 95 and 1 to 99 of 100, as SVG."""
    mpl.rcParams["svg.hashsalt"] = "benchmarks"
    heights = [len(own.hours) + 1.2 for own in fleets]
    figure = Figure(figsize=(8, 0.42 * sum(heights) + 0.5), layout="constrained")
    places = figure.subplots(len(fleets), 1, sharex=True, squeeze=False, height_ratios=heights)[
        :, 0
    ]
    for axes, own in zip(places, fleets, strict=True):
        _spans(axes, own)
    places[-1].set_xlabel("dot: half of the nights are done; bar: 5 to 95 %; line: 1 to 99 %")
    figure.savefig(target, format="svg", metadata={"Date": None})


def _spans(axes: Axes, own: Fleets) -> None:
    def at(hours: list[float], share: float) -> float:
        return hours[max(0, math.ceil(share * len(hours)) - 1)]

    for row, hours in enumerate(own.hours.values()):
        axes.plot([at(hours, 0.01), at(hours, 0.99)], [row, row], color=_INK, linewidth=1)
        axes.plot([at(hours, 0.05), at(hours, 0.95)], [row, row], color=_BAR, linewidth=7)
        axes.plot([at(hours, 0.5)], [row], "o", color="white", markeredgecolor=_INK, markersize=6)
    axes.axvline(own.deadline, color=_LATE, linestyle="--")
    labels = [
        f"{number} slot{'s' * (number != 1)}{' (advised)' * (number == own.advised)}"
        for number in own.hours
    ]
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.margins(y=0.2)
    axes.set_title(own.name, loc="left", fontsize=10, color=_INK)
    axes.xaxis.set_major_locator(MultipleLocator(0.25))
    axes.xaxis.set_major_formatter(lambda hour, _: _clock(round(60 * hour)))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"
