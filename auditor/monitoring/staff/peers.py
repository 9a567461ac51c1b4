"""Cashiers and stores compared with their peers: sales handled, sales expected, and outliers.

A cashier is compared with what the chain does under the same circumstances, a store with the chain.
An outlier, to either side, lies beyond what chance and overdispersion explain, with a correction
for the number of tests. Units below the least exposure are not tested.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import expit, logit

from auditor.monitoring.staff.case_mix import by_circumstances, by_store
from auditor.monitoring.staff.exposure import FIRST_DUE
from auditor.monitoring.statistics import Codes, Flags, Floats
from auditor.monitoring.statistics.beta_binomial import (
    fit_overdispersion,
    lower_tail,
    shrunken,
    upper_tail,
)
from auditor.monitoring.statistics.discovery import adjusted
from auditor.monitoring.statistics.funnel import overdispersion_of
from auditor.monitoring.statistics.rates import Rate, wilson
from auditor.monitoring.statistics.reference import without_outliers
from auditor.tables import CHECK_COUNTS

Side = Literal["below", "above"]
_SIDES: tuple[Side, ...] = ("below", "above")


@dataclass(frozen=True, slots=True)
class PeerResult:
    """A cashier in a store, or (``cashier_id`` None) a store, over a window of days.

    Attributes:
        store_id: the store.
        cashier_id: the cashier; the same id in two stores is two cashiers.
        sales: alcohol sales with a record of ID checks, of buyers of any age.
        unseen: of these, those of which no age could be estimated.
        unrecorded: sales beside these, at tills that keep no record of ID checks.
        due: sales whose buyer was likely under the challenge age.
        handled: of those due, with a counting check or refused.
        refused: refusals, of buyers of any age.
        expected: of those due, how many the chain handles under the same circumstances.
        rate: handled of due, with its Wilson interval; None below the least exposure.
        adjusted: the rate there would be under the chain's usual circumstances, drawn towards the
            chain's as far as it rests on few sales; None likewise.
        p_below, p_above: chance of this few or fewer, and of this many or more, with
            overdispersion.
        q_below, q_above: the same after Benjamini and Hochberg; None below the least exposure.
        outlier: the side on which it is an outlier; None for neither.
    """

    store_id: str
    cashier_id: str | None
    sales: int
    unseen: int
    unrecorded: int
    due: int
    handled: int
    refused: int
    expected: float
    rate: Rate | None = None
    adjusted: Rate | None = None
    p_below: float | None = None
    p_above: float | None = None
    q_below: float | None = None
    q_above: float | None = None
    outlier: Side | None = None

    @property
    def key(self) -> tuple[str, str | None]:
        """Store and cashier."""
        return self.store_id, self.cashier_id


@dataclass(frozen=True, slots=True)
class Peers:
    """All that were measured together.

    Attributes:
        units: in the order of store and cashier, which is no ranking.
        target: the rate, handled of due, of those who do not stand out.
        overdispersion: how far units differ beyond chance, as in statistics.beta_binomial.
        tested: units at or above the least exposure.
    """

    units: tuple[PeerResult, ...]
    target: float | None
    overdispersion: float
    tested: int

    def outliers(self, side: Side) -> tuple[PeerResult, ...]:
        """The units that stand out to one side."""
        return tuple(unit for unit in self.units if unit.outlier == side)


def cashiers(counts: pa.Table, *, min_exposure: int, false_lead_share: float) -> Peers:
    """Measure every cashier of CHECK_COUNTS against the chain, their store's habits allowed for.

    Sales without a cashier are nobody's, and are left out.

    Args:
        counts: CHECK_COUNTS of the whole chain, a window of days added up.
        min_exposure: sales due a check below which nothing is said.
        false_lead_share: of those that stand out, the share that may do so by chance.
    """
    counts = counts.filter(pc.is_valid(counts["cashier_id"]))
    return _measured(counts, ("store_id", "cashier_id"), min_exposure, false_lead_share)


def stores(counts: pa.Table, *, min_exposure: int, false_lead_share: float) -> Peers:
    """Measure every store against the chain; otherwise as :func:`cashiers`."""
    return _measured(counts, ("store_id",), min_exposure, false_lead_share)


def _measured(
    counts: pa.Table, by: Sequence[str], min_exposure: int, false_lead_share: float
) -> Peers:
    counts = CHECK_COUNTS.conform(counts)
    keys = sorted(set(_keys(counts, by)))
    unit = _places(counts, by, keys)
    sales = _Due.of(counts, unit, len(keys))
    tested = np.flatnonzero(sales.due >= min_exposure)

    def compare(kept: Flags) -> _Comparison:
        return _compare(sales, tested, kept, is_cashiers="cashier_id" in by)

    kept = without_outliers(lambda kept: compare(kept).least, len(tested), false_lead_share)
    found, totals = compare(kept), _totals(counts, unit)
    results = [
        PeerResult(
            store_id=key[0],
            cashier_id=key[1] if len(key) > 1 else None,
            **{name: sums[place] for name, sums in totals.items()},
            due=int(sales.due[place]),
            handled=int(sales.done[place]),
            expected=float(sales.due[place] * found.means[place]),
        )
        for place, key in enumerate(keys)
    ]
    target = None
    if len(tested):
        usual = tested[kept]
        target = float(sales.done[usual].sum() / sales.due[usual].sum())
        spread = fit_overdispersion(sales.done[tested], sales.due[tested], found.means[tested])
        for row, place in enumerate(tested.tolist()):
            test = {name: float(values[row]) for name, values in found.tests.items()}
            sides = [side for side in _SIDES if test[f"q_{side}"] <= false_lead_share]
            outlier = {"outlier": sides[0] if sides else None}
            results[place] = _with_test(results[place], test | outlier, target, spread)
    return Peers(tuple(results), target, found.overdispersion, len(tested))


@dataclass(frozen=True)
class _Due:
    """The sales that were due a check: by row of the counts, and added up by unit."""

    owner: Codes  # unit of each row
    shop: Codes  # store of each row
    classes: Codes
    hours: Codes
    sales: Floats
    handled: Floats
    due: Floats  # by unit
    done: Floats  # by unit, of those due

    @classmethod
    def of(cls, counts: pa.Table, unit: Codes, units: int) -> Self:
        is_due = pc.fill_null(pc.greater_equal(counts["likelihood"], FIRST_DUE), pa.scalar(False))
        rows, owner = counts.filter(is_due), unit[is_due.to_numpy()]
        sales, handled = (rows[name].to_numpy().astype(float) for name in ("sales", "handled"))
        return cls(
            owner=owner,
            shop=_places(rows, ("store_id",), sorted(set(_keys(rows, ("store_id",))))),
            classes=rows["likelihood"].to_numpy().astype(int),
            hours=rows["from_hour"].to_numpy().astype(int),
            sales=sales,
            handled=handled,
            due=np.bincount(owner, sales, units).astype(float),
            done=np.bincount(owner, handled, units).astype(float),
        )

    def means(self, expected: Floats) -> Floats:
        """The expected share of each unit; 0.5, which nothing rests on, without sales due."""
        units = len(self.due)
        whole = np.bincount(self.owner, self.sales * expected, units)
        return np.asarray(np.divide(whole, self.due, out=np.full(units, 0.5), where=self.due > 0))


@dataclass(frozen=True)
class _Comparison:
    """The expected share of each unit, and how far each unit tested is from it."""

    means: Floats  # by unit
    overdispersion: float
    tests: Mapping[str, Floats]  # by unit tested

    @property
    def least(self) -> Floats:
        """The smaller of the two adjusted p-values of each."""
        return np.minimum(self.tests["q_below"], self.tests["q_above"])


def _compare(sales: _Due, tested: Codes, kept: Flags, *, is_cashiers: bool) -> _Comparison:
    """Compare all units tested; ``kept`` are those of them that set the expectation."""
    is_kept = np.ones(len(sales.due), np.bool_)
    is_kept[tested[~kept]] = False
    weight = is_kept[sales.owner].astype(float)
    usual = sales.sales * weight, sales.handled * weight
    done, due = sales.done[tested], sales.due[tested]
    outliers = float(np.mean(~kept)) if len(kept) else 0.0
    expected = by_circumstances(sales.classes, sales.hours, *usual)
    means = sales.means(expected)
    rho = overdispersion_of(done, due, means[tested], outliers=outliers)
    if is_cashiers:
        expected = by_store(sales.shop, sales.owner, *usual, expected, overdispersion=rho)
        means = sales.means(expected)
        rho = overdispersion_of(done, due, means[tested], outliers=outliers)
    below = lower_tail(done, due, means[tested], rho)
    above = upper_tail(done, due, means[tested], rho)
    tests = {"p_below": below, "p_above": above}
    tests |= {"q_below": adjusted(below), "q_above": adjusted(above)}
    return _Comparison(means, rho, tests)


def _with_test(
    unit: PeerResult, test: Mapping[str, Any], target: float, spread: float
) -> PeerResult:
    mean = unit.expected / unit.due
    drawn = shrunken(unit.handled, unit.due, mean, spread)
    ends = (float(at_usual(share, mean, target)) for share in (drawn.share, drawn.low, drawn.high))
    rate = wilson(unit.handled, unit.due)
    return replace(unit, rate=rate, adjusted=Rate(*ends), **test)


def at_usual(share: float, expected: float, target: float) -> float:
    """A share under the chain's usual circumstances: its odds, by those expected and the chain's.

    ``expected`` is the chain's share under the circumstances of ``share``, ``target`` under all.
    """
    return float(expit(logit(share) - logit(expected) + logit(target)))


def _totals(counts: pa.Table, unit: Codes) -> dict[str, Any]:
    columns = {name: counts[name] for name in ("sales", "refused", "unrecorded")}
    columns["unseen"] = pc.if_else(pc.is_null(counts["likelihood"]), counts["sales"], 0)
    return {
        name: np.bincount(unit, values.to_numpy()).astype(int).tolist()
        for name, values in columns.items()
    }


def _keys(table: pa.Table, by: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(table[name].to_pylist() for name in by), strict=True))


def _places(table: pa.Table, by: Sequence[str], keys: Sequence[tuple[str, ...]]) -> Codes:
    at = {key: place for place, key in enumerate(keys)}
    return np.array([at[key] for key in _keys(table, by)], np.int64)
