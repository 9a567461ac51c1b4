"""The day against the same weekdays before it: shares, limits that the past sets, charts."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.monitoring.statistics.control_limits import LEAST_DAYS, Band, Count, Limits, limits
from auditor.report.plots import COLOURS, Plot, plot
from auditor.report.text import words
from auditor.tables import DAY_FIGURES, ByStore

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The outcomes whose shares are held against the past, and what their charts are called.
SHARES: Mapping[str, str] = {
    "flagged": "Flagged",
    "inconclusive": "Could not be judged",
    "id_checked": "ID check recorded",
}

#: Charts that are drawn for a day, those of the chain among them: each takes a tenth of a second.
#: Words and numbers are given for every store.
CHARTS = 45

_COLOURS = {"flagged": "flagged", "inconclusive": "hatch-line", "id_checked": "id-checked"}


@dataclass(frozen=True, slots=True)
class PastDay:
    """A past day that the day is compared with: sales, and how many of them had which outcome."""

    day: date
    sales: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ShareComparison:
    """One share of the day, and what the past says of it; no ``limits`` where it says too little.

    ``side`` is -1 below the limits, 1 above them, 0 within or without any.
    """

    code: str
    label: str
    today: Count
    limits: Limits | None
    band: Band | None
    side: int


@dataclass(frozen=True, slots=True)
class PlottedShare(ShareComparison):
    """The same with its chart, where one is drawn."""

    plot: Plot | None


@dataclass(frozen=True, slots=True)
class PastComparison:
    """A day, or a store's day, held against the same weekdays of the weeks before.

    ``left_out`` are days that say nothing of this one: the model or the challenge age was another.
    """

    weekday: str
    then: tuple[PastDay, ...]
    left_out: int
    comparisons: tuple[PlottedShare, ...]

    @property
    def enough(self) -> bool:
        """Whether there are days enough for limits."""
        return len(self.then) >= LEAST_DAYS

    @property
    def signals(self) -> tuple[PlottedShare, ...]:
        """The shares outside their limits."""
        return tuple(c for c in self.comparisons if c.side)


class History:
    """The figures of past days, asked for those of a store or of the chain."""

    def __init__(self, day: date, figures: pa.Table, bases: Mapping[str, tuple[str, int]]) -> None:
        """Sort out what can be compared.

        Args:
            day: the business day.
            figures: DAY_FIGURES of the same weekdays before it.
            bases: by store of the day, its model and challenge age: past days of a store that had
                others are left out.
        """
        self._day = day
        self._drawn = 0
        figures = DAY_FIGURES.conform(figures)
        sold = figures.filter(pc.greater(figures["alcohol_sales"], 0))
        columns = (sold[name].to_pylist() for name in ("store_id", "model", "challenge_age"))
        mine = np.fromiter((store in bases for store in sold["store_id"].to_pylist()), bool)
        alike = np.fromiter(
            (bases.get(store) == basis for store, basis in map(_pair, *columns)), bool
        )
        self._alike = sold.filter(pa.array(alike, pa.bool_()))
        self._other = sold.filter(pa.array(mine & ~alike, pa.bool_()))
        self._alike_of, self._other_of = ByStore(self._alike), ByStore(self._other)

    def compare(
        self, store_id: str | None, sales: int, counts: Mapping[str, int]
    ) -> PastComparison | None:
        """Hold a store's day, or the chain's, against its past; None on a day without sales.

        Args:
            store_id: the store; None for the chain.
            sales: alcohol sales of the day.
            counts: of these, by outcome.
        """
        if not sales:
            return None
        alike = self._alike if store_id is None else self._alike_of.of(store_id)
        other = self._other if store_id is None else self._other_of.of(store_id)
        then = _by_day(alike)
        left_out = set(other["day"].to_pylist()) - {day.day for day in then}
        ident = "chain" if store_id is None else f"store-{_hash(store_id)[:8]}"
        return PastComparison(
            weekday=words.weekday(self._day),
            then=then,
            left_out=len(left_out),
            comparisons=tuple(
                self._comparison(
                    code,
                    Count(counts[code], sales),
                    then,
                    f"past-{code}-{ident}",
                    CHARTS if store_id is None else CHARTS - len(SHARES),
                )
                for code in SHARES
            ),
        )

    def _comparison(
        self, code: str, today: Count, then: Sequence[PastDay], ident: str, most: int
    ) -> PlottedShare:
        past = [Count(day.counts[code], day.sales) for day in then]
        found = limits(past)
        band = found.band(today.sales) if found else None
        side = band.side(today.share) if band else 0
        comparison = PlottedShare(code, SHARES[code], today, found, band, side, None)
        if not then or self._drawn >= most:
            return comparison
        self._drawn += 1
        return replace(comparison, plot=self._chart(ident, comparison, then))

    def _chart(self, ident: str, shown: PlottedShare, then: Sequence[PastDay]) -> Plot:
        points = [
            *((day.day, Count(day.counts[shown.code], day.sales)) for day in then),
            (self._day, shown.today),
        ]
        bands = [shown.limits.band(count.sales) if shown.limits else None for _, count in points]
        weekday = words.weekday(self._day)
        return plot(
            ident,
            lambda axes: _draw(axes, points, bands, shown),
            title=f"{shown.label}, % of alcohol sales",
            description=f"{sentence(shown, weekday)} Before it, {words.counted(len(then), 'day')}.",
            columns=(weekday, "Sales", shown.label, "Share", "Limits"),
            rows=tuple(
                (
                    f"{words.short_day(day)} {day.year}",
                    words.integer(count.sales),
                    words.integer(count.events),
                    words.percent_exact(count.share),
                    words.band(band.low, band.high) if band else words.NOTHING,
                )
                for (day, count), band in zip(points[::-1], bands[::-1], strict=True)
            ),
        )


def sentence(comparison: PlottedShare, weekday: str) -> str:
    """What the past says of a share, in a sentence or two that blame nobody."""
    today = comparison.today
    share = f"{words.percent_exact(today.share)} of {words.counted(today.sales, 'sale')}"
    if comparison.limits is None or comparison.band is None:
        return f"{share}; too few earlier {weekday}s to say whether that is usual."
    centre = words.percent_exact(comparison.limits.centre)
    usual = words.band(comparison.band.low, comparison.band.high)
    where = {
        -1: "lower than the days before explain",
        0: "as usual",
        1: "higher than the days before explain",
    }[comparison.side]
    return f"{share}: {where} ({centre} on average, {usual} usual for so many sales)."


def history_hash(figures: pa.Table) -> str | None:
    """Hash over the figures of past days that a report was given; None where there were none."""
    ordered = DAY_FIGURES.conform(figures).sort_by(
        [("day", "ascending"), ("store_id", "ascending")]
    )
    if not ordered.num_rows:
        return None
    said = hashlib.sha256()
    for part in ordered.to_batches(max_chunksize=10_000):
        for row in part.to_pylist():
            said.update(json.dumps(row, sort_keys=True, default=str).encode())
    return said.hexdigest()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _by_day(figures: pa.Table) -> tuple[PastDay, ...]:
    """The days of DAY_FIGURES in order, their stores added up."""
    summed = ("alcohol_sales", *SHARES)
    days = figures.group_by("day").aggregate([(name, "sum") for name in summed]).sort_by("day")
    return tuple(
        PastDay(row["day"], row["alcohol_sales_sum"], {code: row[f"{code}_sum"] for code in SHARES})
        for row in days.to_pylist()
    )


def _pair(store_id: str, model: str, challenge_age: int) -> tuple[str, tuple[str, int]]:
    return store_id, (model, challenge_age)


def _draw(
    axes: "Axes",
    points: Sequence[tuple[date, Count]],
    bands: Sequence[Band | None],
    shown: PlottedShare,
) -> None:
    """Shares by week: band and centre that the past sets, past days small, the day large."""
    today = points[-1][0]
    weeks = [(day - today).days // 7 for day, _ in points]
    shares = [count.share * 100 for _, count in points]
    known = [(week, band) for week, band in zip(weeks, bands, strict=True) if band]
    if shown.limits and known:
        edges = [x for week, _ in known for x in (week - 0.5, week + 0.5)]
        low, high = ([v for _, b in known for v in (pick(b),) * 2] for pick in (_low, _high))
        axes.fill_between(edges, low, high, color=COLOURS["zone-challenge"], linewidth=0)
        axes.plot(edges, low, color=COLOURS["hatch-line"], linewidth=0.8)
        axes.plot(edges, high, color=COLOURS["hatch-line"], linewidth=0.8)
        axes.axhline(shown.limits.centre * 100, color=COLOURS["soft"], linewidth=1, dashes=(3, 3))
    axes.plot(weeks, shares, color=COLOURS["hatch-line"], linewidth=1)
    axes.plot(
        weeks[:-1], shares[:-1], "o", color=COLOURS["card"], markeredgecolor=COLOURS["soft"], ms=4
    )
    axes.plot(
        weeks[-1:],
        shares[-1:],
        "D" if shown.side else "o",
        color=COLOURS[_COLOURS[shown.code]],
        markeredgecolor=COLOURS["ink"],
        ms=9 if shown.side else 7,
        clip_on=False,
        zorder=5,
    )
    first = min(weeks[0], -4)
    axes.set_xlim(first - 0.7, 0.7)
    axes.set_ylim(0, max(*shares, *(_high(b) for _, b in known), 1) * 1.08)
    marks = [week for week in (first, first // 2, 0) if week in weeks]
    axes.set_xticks(marks, [words.brief_day(points[weeks.index(week)][0]) for week in marks])
    axes.locator_params(axis="y", nbins=4, integer=True)


def _low(band: Band) -> float:
    return band.low * 100


def _high(band: Band) -> float:
    return band.high * 100
