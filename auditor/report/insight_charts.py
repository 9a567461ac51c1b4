"""The charts of the pages of purchases by age group."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from auditor.insights.backtest import Figure
from auditor.insights.results import Cell, GroupFigures, Insights
from auditor.report.plots import COLOURS, Plot, plot
from auditor.report.text import insights
from auditor.report.text.words import NOTHING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FOREST_ROWS = 14
_LOWEST, _HIGHEST = 20, 500  # ends of the axis of indexes; intervals beyond are cut


def shares_plot(found: Insights) -> Plot:
    """The share of all baskets of each age group."""
    listed = [g for g in found.groups if g.share is not None]

    def draw(axes: "Axes") -> None:
        for y, group in enumerate(reversed(listed)):
            share = group.share
            if share is not None:
                _whisker(axes, y, Figure(100 * share.value, 100 * share.low, 100 * share.high))
        axes.set_yticks(range(len(listed)), [g.group.name for g in reversed(listed)])
        axes.set_ylim(-0.6, len(listed) - 0.4)
        axes.set_xlim(0, 100 * max((g.share.high for g in listed if g.share), default=1) * 1.05)
        axes.set_xlabel(insights.BASKETS_AXIS)
        axes.tick_params(length=0)

    return plot(
        "groups",
        draw,
        title=insights.SHARES_TITLE,
        description=insights.SHARES_DESCRIPTION,
        columns=insights.SHARES_COLUMNS,
        rows=tuple(
            (g.group.name, *(f"{100 * v:.1f}" for v in (g.share.value, g.share.low, g.share.high)))
            for g in listed
            if g.share is not None
        ),
        size=(420, 40 + 26 * max(len(listed), 1)),
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
        axes.set_yticks(range(len(listed)), [_short(name) for name, _ in reversed(listed)])
        axes.set_ylim(-0.6, len(listed) - 0.4)
        axes.tick_params(length=0)

    return plot(
        "categories",
        draw,
        title=insights.categories_title(group.group.name),
        description=insights.CATEGORIES_DESCRIPTION,
        columns=insights.CATEGORIES_COLUMNS,
        rows=tuple(
            (name, *(f"{v:.0f}" for v in (c.same_days.value, c.same_days.low, c.same_days.high)))
            for name, c in listed
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
        axes.set_ylabel(insights.BASKETS_AXIS)
        axes.tick_params(length=0)

    return plot(
        "hours",
        draw,
        title=insights.hours_title(group.group.name),
        description=insights.HOURS_DESCRIPTION,
        columns=insights.HOURS_COLUMNS,
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
    return Figure(*(min(max(v, _LOWEST), _HIGHEST) for v in asdict(figure).values()))


def _short(name: str) -> str:
    return name if len(name) <= 16 else f"{name[:15]}…"
