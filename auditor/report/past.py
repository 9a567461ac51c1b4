"""The section of a page that compares the day with the same weekdays before it, with its charts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from auditor.monitoring.statistics.control_limits import Band, Count
from auditor.monitoring.weekdays import COMPARED_OUTCOMES, PastComparison, PastDay, ShareComparison
from auditor.report.plots import COLOURS, Plot, plot
from auditor.report.text import charts, words
from auditor.report.text.day import SHARES, about_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Charts that are drawn for a day, those of the chain included: each takes a tenth of a second.
#: Every store's page gives words and numbers all the same.
CHARTS = 45

_COLOURS = {"flagged": "flagged", "inconclusive": "hatch-line", "id_checked": "id-checked"}


@dataclass(frozen=True, slots=True)
class PastShare:
    """A share of the day with what the past says of it; ``plot`` is None where none is drawn."""

    comparison: ShareComparison
    label: str
    sentence: str
    plot: Plot | None


@dataclass(frozen=True, slots=True)
class Past:
    """A day, or a store's day, compared with the same weekdays before it."""

    weekday: str
    comparison: PastComparison
    shares: tuple[PastShare, ...]


class PastCharts:
    """Makes the sections of a day's pages; draws charts until there are ``CHARTS``."""

    def __init__(self, day: date) -> None:
        self._day = day
        self._drawn = 0

    def section(self, store_id: str | None, comparison: PastComparison) -> Past:
        """The section of a store's page, or (None) of the chain's, which comes last."""
        page = f"store-{hashlib.sha256(store_id.encode()).hexdigest()[:8]}" if store_id else "chain"
        most = CHARTS - len(COMPARED_OUTCOMES) if store_id else CHARTS
        weekday = words.weekday(self._day)
        shares = []
        for share in comparison.shares:
            sentence, chart = about_share(share, weekday), None
            if comparison.days and self._drawn < most:
                self._drawn += 1
                ident = f"past-{share.outcome}-{page}"
                chart = self._chart(ident, share, sentence, comparison.days)
            shares.append(PastShare(share, SHARES[share.outcome], sentence, chart))
        return Past(weekday, comparison, tuple(shares))

    def _chart(
        self, ident: str, share: ShareComparison, sentence: str, days: Sequence[PastDay]
    ) -> Plot:
        points = [(day.day, Count(day.counts[share.outcome], day.sales)) for day in days]
        points.append((self._day, share.today))
        bands = [share.limits.band(count.sales) if share.limits else None for _, count in points]
        label = SHARES[share.outcome]
        return plot(
            ident,
            lambda axes: _draw(axes, points, bands, share),
            title=charts.past_title(label),
            description=charts.past_description(sentence, len(days)),
            columns=charts.past_columns(words.weekday(self._day), label),
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


def _draw(
    axes: "Axes",
    points: Sequence[tuple[date, Count]],
    bands: Sequence[Band | None],
    share: ShareComparison,
) -> None:
    """Draw shares by week: the band and centre that the past sets, past days small, today large."""
    today = points[-1][0]
    weeks = [(day - today).days // 7 for day, _ in points]
    percents = [count.share * 100 for _, count in points]
    known = [(week, band) for week, band in zip(weeks, bands, strict=True) if band]
    if share.limits and known:
        edges = [x for week, _ in known for x in (week - 0.5, week + 0.5)]
        low = [band.low * 100 for _, band in known for _ in range(2)]
        high = [band.high * 100 for _, band in known for _ in range(2)]
        axes.fill_between(edges, low, high, color=COLOURS["zone-challenge"], linewidth=0)
        axes.plot(edges, low, color=COLOURS["hatch-line"], linewidth=0.8)
        axes.plot(edges, high, color=COLOURS["hatch-line"], linewidth=0.8)
        axes.axhline(share.limits.centre * 100, color=COLOURS["soft"], linewidth=1, dashes=(3, 3))
    axes.plot(weeks, percents, color=COLOURS["hatch-line"], linewidth=1)
    axes.plot(
        weeks[:-1], percents[:-1], "o", color=COLOURS["card"], markeredgecolor=COLOURS["soft"], ms=4
    )
    axes.plot(
        weeks[-1:],
        percents[-1:],
        "D" if share.side else "o",
        color=COLOURS[_COLOURS[share.outcome]],
        markeredgecolor=COLOURS["ink"],
        ms=9 if share.side else 7,
        clip_on=False,
        zorder=5,
    )
    first = min(weeks[0], -4)
    axes.set_xlim(first - 0.7, 0.7)
    axes.set_ylim(0, max(*percents, *(band.high * 100 for _, band in known), 1) * 1.08)
    marks = [week for week in (first, first // 2, 0) if week in weeks]
    axes.set_xticks(marks, [words.brief_day(points[weeks.index(week)][0]) for week in marks])
    axes.locator_params(axis="y", nbins=4, integer=True)
