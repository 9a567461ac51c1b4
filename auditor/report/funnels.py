"""Funnel plots of cashiers and stores: the share of due sales that each handled, by their number.

The limits are drawn once for the chain. Each page then adds points of its own as SVG, so that
thousands of stores' pages need no drawing of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING, Self

import numpy as np
from markupsafe import Markup

from auditor.monitoring.staff.peers import PeerResult, Peers, at_usual
from auditor.monitoring.statistics.funnel import limits
from auditor.report.plots import COLOURS, Plot, plot
from auditor.report.text import charts, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Points in a funnel, and rows in the table of its numbers: no page grows beyond a few megabytes.
_POINTS, _ROWS = 400, 200
_TICKS = tuple(k * 10**power for power in range(7) for k in (1, 2, 5))
_SIZE = (520, 280)
_MARGINS = (14, 14, 40, 48)
_COVERAGES = (0.95, 0.998)


@dataclass(frozen=True, slots=True)
class Funnel:
    """The limits around what is usual, from ``first`` to ``last`` due sales, without any point."""

    plot: Plot
    target: float
    first: float
    last: float

    @classmethod
    def of(cls, ident: str, title: str, peers: Peers, min_exposure: int) -> Self | None:
        """Draw the limits; None where nobody has enough due sales.

        ``ident`` is unique on its page; ``min_exposure`` are the due sales below which nothing is
        said.
        """
        if peers.target is None:
            return None
        most = max((unit.due for unit in peers.units), default=0)
        first, last = max(1.0, min_exposure * 0.9), max(most * 1.2, min_exposure * 4.0, 10.0)
        target, overdispersion = peers.target, peers.overdispersion
        drawn = plot(
            ident,
            lambda axes: _draw(axes, target, overdispersion, first, last),
            title=title,
            description=charts.funnel(target, overdispersion, peers.tested),
            columns=charts.FUNNEL_COLUMNS,
            rows=(),
            size=_SIZE,
            margins=_MARGINS,
        )
        return cls(drawn, target, first, last)

    def with_points(self, units: Iterable[PeerResult]) -> Plot | None:
        """The funnel with a point for each unit that has a rate; None if there are none."""
        rated = [unit for unit in units if unit.rate is not None]
        if not rated:
            return None
        # Outliers are always shown; of the others, as many as fit.
        shown = sorted(rated, key=lambda unit: unit.outlier is None)[:_POINTS]
        points = "".join(self._point(unit) for unit in reversed(shown))
        rows = tuple(
            (
                words.visible(unit.cashier_id or unit.store_id, 40),
                unit.store_id,
                words.integer(unit.due),
                words.percent(self._usual_share(unit)),
                charts.SIDES[unit.outlier],
            )
            for unit in sorted(shown, key=lambda unit: unit.key)[:_ROWS]
        )

        def drawing() -> Markup:
            limits_alone = str(self.plot.svg).removesuffix("</svg>")
            return Markup(limits_alone + points + "</svg>")  # noqa: S704  # numbers and our own words

        return replace(self.plot, drawing=drawing, rows=rows)

    def _point(self, unit: PeerResult) -> str:
        top, right, bottom, left = _MARGINS
        width, height = _SIZE[0] - left - right, _SIZE[1] - top - bottom
        x = left + width * log(unit.due / self.first) / log(self.last / self.first)
        y = top + height * (1 - self._usual_share(unit))
        return f'<circle class="point {unit.outlier or "within"}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'

    def _usual_share(self, unit: PeerResult) -> float:
        """The share that the unit would handle under the chain's usual circumstances."""
        return at_usual(unit.handled / unit.due, unit.expected / unit.due, self.target)


def _draw(axes: "Axes", target: float, overdispersion: float, first: float, last: float) -> None:
    sizes = np.unique(np.geomspace(np.ceil(first), last, 40).round().astype(int))
    axes.set_xscale("log")
    axes.set_xlim(first, last)
    axes.set_ylim(0, 1)
    if overdispersion > 0:
        wide = limits(target, sizes, _COVERAGES[1], overdispersion).T
        axes.fill_between(sizes, *wide, facecolor=COLOURS["hatch-ground"], linewidth=0)
    axes.axhline(target, color=COLOURS["soft"], linewidth=1)
    for coverage, dash in zip(_COVERAGES, ("-", "--"), strict=True):
        for line in limits(target, sizes, coverage).T:
            axes.plot(sizes, line, color=COLOURS["hatch-line"], linewidth=1, linestyle=dash)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    ticks = [n for n in _TICKS if first <= n <= last]
    axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
    axes.minorticks_off()
    axes.set_xlabel(charts.FUNNEL_X)
