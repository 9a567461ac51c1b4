"""The charts of the pages of purchases by age group."""

from dataclasses import astuple
from typing import TYPE_CHECKING

import numpy as np

from auditor.insights.backtest import Figure
from auditor.insights.results import Cell, GroupFigures, Insights
from auditor.report.plots import COLOURS, Plot, plot
from auditor.report.text import charts
from auditor.report.text.words import NOTHING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FOREST_ROWS = 14
_LOWEST, _HIGHEST = 20, 500  # ends of the axis of indexes; intervals beyond are cut


def shares_plot(found: Insights) -> Plot:
    """The share of all baskets of each age group."""
    percents = {
        g.group.name: Figure(100 * g.share.value, 100 * g.share.low, 100 * g.share.high)
        for g in found.groups
        if g.share is not None
    }

    def draw(axes: "Axes") -> None:
        for y, figure in enumerate(reversed(percents.values())):
            _whisker(axes, y, figure)
        _name_rows(axes, list(percents))
        axes.set_xlim(0, max((figure.high for figure in percents.values()), default=100) * 1.05)
        axes.set_xlabel(charts.BASKETS_AXIS)

    return plot(
        "groups",
        draw,
        title=charts.SHARES_TITLE,
        description=charts.SHARES_DESCRIPTION,
        columns=charts.SHARES_COLUMNS,
        rows=tuple(
            (name, f"{figure.value:.1f}", f"{figure.low:.1f}", f"{figure.high:.1f}")
            for name, figure in percents.items()
        ),
        size=(420, 40 + 26 * max(len(percents), 1)),
        margins=(6, 10, 36, 62),
    )


def group_plots(found: Insights, group: GroupFigures, at: int) -> list[Plot]:
    """The categories and hours of a group, which is the one at place ``at``."""
    cells = [(row.name, row.cells[at]) for row in found.categories]
    listed = [(name, cell) for name, cell in cells if cell is not None]
    listed.sort(key=lambda pair: (-pair[1].same_days.value, pair[0]))
    if len(listed) > _FOREST_ROWS:
        half = _FOREST_ROWS // 2
        listed = [*listed[:half], *listed[-half:]]
    plots = [_hours_plot(found, group)]
    return [_forest(group, listed), *plots] if listed else plots


def _forest(group: GroupFigures, listed: list[tuple[str, Cell]]) -> Plot:
    def draw(axes: "Axes") -> None:
        axes.axvline(100, color=COLOURS["hatch-line"], linewidth=1)
        for y, (_, cell) in enumerate(reversed(listed)):
            _whisker(axes, y, _cut(cell.same_days), sure=cell.differs)
        axes.set_xscale("log")
        axes.set_xlim(_LOWEST, _HIGHEST)
        axes.set_xticks([25, 50, 100, 200, 400], ["25", "50", "100", "200", "400"])
        axes.set_xticks([], minor=True)
        _name_rows(axes, [name if len(name) <= 16 else f"{name[:15]}…" for name, _ in listed])

    return plot(
        "categories",
        draw,
        title=charts.categories_title(group.group.name),
        description=charts.CATEGORIES_DESCRIPTION,
        columns=charts.CATEGORIES_COLUMNS,
        rows=tuple(
            (name, *(f"{value:.0f}" for value in astuple(cell.same_days))) for name, cell in listed
        ),
        size=(420, 34 + 22 * len(listed)),
        margins=(6, 12, 24, 110),
    )


def _hours_plot(found: Insights, group: GroupFigures) -> Plot:
    hours = [h for h in range(24) if found.overall_hours[h] is not None]
    shown = range(min(hours, default=0), max(hours, default=23) + 1)
    own = [np.nan if (share := group.hours[h]) is None else 100 * share for h in shown]
    everybody = [100 * (found.overall_hours[h] or 0) for h in shown]

    def draw(axes: "Axes") -> None:
        axes.bar(list(shown), everybody, width=0.8, color=COLOURS["hatch-ground"])
        axes.plot(list(shown), own, marker="o", markersize=4, color=COLOURS["interval"])
        axes.set_ylim(0, None)
        axes.set_xticks(list(shown)[::2])
        axes.set_ylabel(charts.BASKETS_AXIS)
        axes.tick_params(length=0)

    return plot(
        "hours",
        draw,
        title=charts.hours_title(group.group.name),
        description=charts.HOURS_DESCRIPTION,
        columns=charts.HOURS_COLUMNS,
        rows=tuple(
            (f"{h}:00", NOTHING if np.isnan(mine) else f"{mine:.1f}", f"{all_:.1f}")
            for h, mine, all_ in zip(shown, own, everybody, strict=True)
        ),
        size=(420, 200),
    )


def _whisker(axes: "Axes", y: float, figure: Figure, *, sure: bool = True) -> None:
    axes.plot([figure.low, figure.high], [y, y], color=COLOURS["interval"], linewidth=1.5)
    filled = COLOURS["interval"] if sure else COLOURS["card"]
    axes.plot(
        [figure.value], [y], marker="o", markersize=6, markerfacecolor=filled,
        markeredgecolor=COLOURS["interval"],
    )  # fmt: skip


def _cut(figure: Figure) -> Figure:
    return Figure(*(min(max(value, _LOWEST), _HIGHEST) for value in astuple(figure)))


def _name_rows(axes: "Axes", names: list[str]) -> None:
    axes.set_yticks(range(len(names)), names[::-1])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.tick_params(length=0)
