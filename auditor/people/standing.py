"""Where cashiers and stores stand: what they did, what was to be expected, whether that is chance.

Cashiers are measured against what the chain does under the same circumstances, and stores against
the chain. What strays beyond the ordinary differences between them *and* beyond what so many tests
bring up by chance stands out, in either direction. Nothing is said below the least exposure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import expit, logit

from auditor.people.case_mix import by_circumstances, by_store
from auditor.people.exposure import FIRST_DUE
from auditor.stats.beta_binomial import fit_alike, lower_tail, shrunken, upper_tail
from auditor.stats.discovery import adjusted
from auditor.stats.funnel import ordinary_variation
from auditor.stats.rates import Rate, wilson
from auditor.tables import CHECK_COUNTS

Floats = NDArray[np.float64]

Side = Literal["below", "above"]


@dataclass(frozen=True, slots=True)
class Standing:
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
        p_below, p_above: probability of so few, or so many, by chance and ordinary differences.
        q_below, q_above: the same after Benjamini and Hochberg; None below the least exposure.
        stands: which way it stands out, None for neither.
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
    stands: Side | None = None

    @property
    def key(self) -> tuple[str, str | None]:
        """Store and cashier."""
        return self.store_id, self.cashier_id


@dataclass(frozen=True, slots=True)
class Peers:
    """All that were measured together.

    Attributes:
        units: in the order of store and cashier: it says nothing of anybody.
        target: the chain's rate: handled of due.
        alike: how far ordinary units differ beyond chance, as in auditor.stats.beta_binomial.
        tested: units at or above the least exposure.
    """

    units: tuple[Standing, ...]
    target: float | None
    alike: float
    tested: int

    def standing_out(self, side: Side) -> tuple[Standing, ...]:
        """The units that stand out to one side."""
        return tuple(unit for unit in self.units if unit.stands == side)


def cashiers(counts: pa.Table, *, min_exposure: int, false_lead_share: float) -> Peers:
    """Measure every cashier of CHECK_COUNTS against the chain, their store's habits allowed for.

    Args:
        counts: CHECK_COUNTS of the whole chain, a window of days added up.
        min_exposure: sales due a check below which nothing is said.
        false_lead_share: of those that stand out, the share that may do so by chance.
    """
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
    is_due = pc.fill_null(pc.greater_equal(counts["likelihood"], FIRST_DUE), pa.scalar(False))
    rows, owner = counts.filter(is_due), unit[is_due.to_numpy()]
    sales, handled = (rows[name].to_numpy().astype(float) for name in ("sales", "handled"))
    classes, hours = (rows[name].to_numpy().astype(int) for name in ("likelihood", "from_hour"))
    expected = by_circumstances(classes, hours, sales, handled)
    due, done = (_summed(owner, values, len(keys)) for values in (sales, handled))
    if "cashier_id" in by:
        alike = ordinary_variation(done, due, _means(owner, sales, expected, due))
        shop = _places(rows, ("store_id",), sorted(set(_keys(rows, ("store_id",)))))
        expected = by_store(shop, owner, sales, handled, expected, alike=alike)
    means = _means(owner, sales, expected, due)
    told = np.flatnonzero(due >= min_exposure)
    alike = ordinary_variation(done[told], due[told], means[told])
    bare = [
        Standing(
            store_id=key[0],
            cashier_id=key[1] if len(key) > 1 else None,
            sales=totals["sales"],
            unseen=totals["unseen"],
            unrecorded=totals["unrecorded"],
            refused=totals["refused"],
            due=int(due[place]),
            handled=int(done[place]),
            expected=float(due[place] * means[place]),
        )
        for place, (key, totals) in enumerate(zip(keys, _totals(counts, unit), strict=True))
    ]
    target = float(done.sum() / due.sum()) if due.sum() else None
    if target is not None:
        tests = _tests(done[told], due[told], means[told], alike, false_lead_share)
        spread = fit_alike(done[told], due[told], means[told])
        for place, test in zip(told.tolist(), tests, strict=True):
            bare[place] = _told(bare[place], test, target, spread)
    return Peers(tuple(bare), target, alike, len(told))


def _tests(
    done: Floats, due: Floats, means: Floats, alike: float, false_lead_share: float
) -> list[dict[str, Any]]:
    """The probabilities of each unit, and which way it stands out."""
    below, above = lower_tail(done, due, means, alike), upper_tail(done, due, means, alike)
    columns = zip(below, above, adjusted(below), adjusted(above), strict=True)
    names = ("p_below", "p_above", "q_below", "q_above")
    tests: list[dict[str, Any]] = []
    for row in columns:
        test = dict(zip(names, map(float, row), strict=True))
        sides = [side for side in ("below", "above") if test[f"q_{side}"] <= false_lead_share]
        tests.append(test | {"stands": sides[0] if sides else None})
    return tests


def _told(unit: Standing, test: Mapping[str, Any], target: float, spread: float) -> Standing:
    mean = unit.expected / unit.due
    drawn = shrunken(unit.handled, unit.due, mean, spread)
    ends = (float(at_usual(share, mean, target)) for share in (drawn.share, drawn.low, drawn.high))
    rate = wilson(unit.handled, unit.due)
    return replace(unit, rate=rate, adjusted=Rate(*ends), **test)


def at_usual(share: float, expected: float, target: float) -> float:
    """A share under the chain's usual circumstances: its odds, by those expected and the chain's.

    Args:
        share: under the circumstances that there were.
        expected: the chain's share under these.
        target: the chain's share under all.
    """
    return float(expit(logit(share) - logit(expected) + logit(target)))


def _means(owner: NDArray[np.int64], sales: Floats, expected: Floats, due: Floats) -> Floats:
    """The expected share of each unit; of one without sales due, 0.5, which nothing rests on."""
    whole = _summed(owner, sales * expected, len(due))
    return np.asarray(np.divide(whole, due, out=np.full(len(due), 0.5), where=due > 0))


def _summed(owner: NDArray[np.int64], values: Floats, units: int) -> Floats:
    return np.asarray(np.bincount(owner, values, units), np.float64)


def _totals(counts: pa.Table, unit: NDArray[np.int64]) -> list[dict[str, int]]:
    unseen = pc.if_else(pc.is_null(counts["likelihood"]), counts["sales"], 0)
    columns = {name: counts[name] for name in ("sales", "refused", "unrecorded")}
    sums = {
        name: np.bincount(unit, values.to_numpy()).astype(int).tolist()
        for name, values in (columns | {"unseen": unseen}).items()
    }
    return [dict(zip(sums, row, strict=True)) for row in zip(*sums.values(), strict=True)]


def _keys(table: pa.Table, by: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(table[name].to_pylist() for name in by), strict=True))


def _places(
    table: pa.Table, by: Sequence[str], keys: Sequence[tuple[str, ...]]
) -> NDArray[np.int64]:
    """The place of each row's key among ``keys``."""
    at = {key: place for place, key in enumerate(keys)}
    return np.array([at[key] for key in _keys(table, by)], np.int64)
