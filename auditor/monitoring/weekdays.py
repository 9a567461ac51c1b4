"""A day's outcomes compared with the same weekdays of the weeks before it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from auditor.monitoring.statistics.control_limits import LEAST_DAYS, Band, Count, Limits, limits
from auditor.tables import DAY_FIGURES, ByStore

#: The outcomes whose shares are compared with the past.
COMPARED_OUTCOMES = ("flagged", "inconclusive", "id_checked")


@dataclass(frozen=True, slots=True)
class PastDay:
    """A past day that the day is compared with: its alcohol sales, and how many by outcome."""

    day: date
    sales: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ShareComparison:
    """The share of one outcome on the day, and the limits that past days set for it.

    ``limits`` and ``band`` are None where the past days are too few. ``side`` is -1 below the
    band, 1 above it, and 0 within it or without one.
    """

    outcome: str
    today: Count
    limits: Limits | None
    band: Band | None
    side: int


@dataclass(frozen=True, slots=True)
class PastComparison:
    """The day of a store, or of the chain, compared with the same weekdays before it.

    ``left_out`` counts days that cannot be compared: their model or challenge age was another.
    """

    days: tuple[PastDay, ...]
    left_out: int
    shares: tuple[ShareComparison, ...]

    @property
    def is_sufficient(self) -> bool:
        """Whether the past days are enough for limits."""
        return len(self.days) >= LEAST_DAYS

    @property
    def signals(self) -> tuple[ShareComparison, ...]:
        """The shares outside their limits."""
        return tuple(share for share in self.shares if share.side)


class WeekdayHistory:
    """The figures of the same weekdays before a day, of each store and of the chain."""

    def __init__(self, figures: pa.Table, bases: Mapping[str, tuple[str, int]]) -> None:
        """Separate the days that can be compared from those that cannot.

        Args:
            figures: DAY_FIGURES of the same weekdays before the day.
            bases: model and challenge age of each store of the day, by its id. Past days of a
                store under another model or challenge age are left out.
        """
        figures = DAY_FIGURES.conform(figures)
        sold = figures.filter(pc.greater(figures["alcohol_sales"], 0))
        columns = (sold[name].to_pylist() for name in ("store_id", "model", "challenge_age"))
        rows = list(zip(*columns, strict=True))
        same = [bases.get(store) == tuple(basis) for store, *basis in rows]
        other = [row[0] in bases and not alike for row, alike in zip(rows, same, strict=True)]
        self._comparable = sold.filter(pa.array(same, pa.bool_()))
        self._other = sold.filter(pa.array(other, pa.bool_()))
        self._comparable_of, self._other_of = ByStore(self._comparable), ByStore(self._other)

    def compare(
        self, store_id: str | None, sales: int, counts: Mapping[str, int]
    ) -> PastComparison | None:
        """Compare the day of a store, or (None) of the chain, with its past; None without sales.

        ``counts`` are how many of the alcohol sales had each of ``COMPARED_OUTCOMES``.
        """
        if not sales:
            return None
        comparable = self._comparable if store_id is None else self._comparable_of.of(store_id)
        other = self._other if store_id is None else self._other_of.of(store_id)
        days = _by_day(comparable)
        return PastComparison(
            days=days,
            left_out=len(set(other["day"].to_pylist()) - {day.day for day in days}),
            shares=tuple(
                _compare_share(outcome, Count(counts[outcome], sales), days)
                for outcome in COMPARED_OUTCOMES
            ),
        )


def hash_figures(figures: pa.Table) -> str | None:
    """The SHA-256 of the figures of past days, whatever their order; None where there are none."""
    ordered = DAY_FIGURES.conform(figures).sort_by(
        [("day", "ascending"), ("store_id", "ascending")]
    )
    if not ordered.num_rows:
        return None
    digest = hashlib.sha256()
    for part in ordered.to_batches(max_chunksize=10_000):
        for row in part.to_pylist():
            digest.update(json.dumps(row, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def _compare_share(outcome: str, today: Count, days: tuple[PastDay, ...]) -> ShareComparison:
    past_limits = limits([Count(day.counts[outcome], day.sales) for day in days])
    band = past_limits.band(today.sales) if past_limits else None
    side = band.side(today.share) if band else 0
    return ShareComparison(outcome, today, past_limits, band, side)


def _by_day(figures: pa.Table) -> tuple[PastDay, ...]:
    """The days of DAY_FIGURES in order, with their stores added up."""
    summed = [(name, "sum") for name in ("alcohol_sales", *COMPARED_OUTCOMES)]
    days = figures.group_by("day").aggregate(summed).sort_by("day")
    return tuple(
        PastDay(
            day=row["day"],
            sales=row["alcohol_sales_sum"],
            counts={outcome: row[f"{outcome}_sum"] for outcome in COMPARED_OUTCOMES},
        )
        for row in days.to_pylist()
    )
