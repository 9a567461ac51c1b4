"""Counts of a cashier and of a store, and a rate only where there are enough sales to say one.

A sale is *young-looking* where its buyer is estimated under the challenge age. It is *handled*
where a counting ID check is recorded or the sale was refused. The rate is handled of
young-looking: the sales in which a check was due, as far as the model can tell.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import ContractError
from auditor.monitoring.statistics.rates import Rate, wilson
from auditor.sales.challenge import is_under_challenge_age
from auditor.tables import OUTCOMES

_HANDLED = ("id_checked", "refused")


@dataclass(frozen=True, slots=True)
class Counts:
    """Alcohol sales by outcome, of a cashier in a store or (``cashier_id`` None) of the store.

    The five outcomes add up to ``sales``. ``rate`` is None below the policy's least exposure.
    """

    store_id: str
    cashier_id: str | None
    sales: int
    flagged: int
    id_checked: int
    over_threshold: int
    refused: int
    inconclusive: int
    young: int
    young_handled: int
    rate: Rate | None


def count_cashiers(ledger: pa.Table, *, min_exposure: int) -> tuple[Counts, ...]:
    """Counts of every cashier, by store and cashier id: the order says nothing of a person.

    The same cashier id in two stores is two cashiers. Sales without a cashier are nobody's, and are
    left out. ``min_exposure`` is the number of
    young-looking sales from which on a rate is given.

    Raises:
        ContractError: an outcome that is none of OUTCOMES.
    """
    named = ledger.filter(pc.is_valid(ledger["cashier_id"]))
    tally = _tally(named, ("store_id", "cashier_id"))
    return tuple(_counts(tally[key], min_exposure, *key) for key in sorted(tally))


def count_stores(
    ledger: pa.Table, store_ids: Iterable[str], *, min_exposure: int
) -> tuple[Counts, ...]:
    """Counts of every store in ``store_ids``, by id, those without sales included.

    Raises:
        ContractError: an outcome that is none of OUTCOMES.
    """
    tally = _tally(ledger, ("store_id",))
    return tuple(
        _counts(tally.get((store,), Counter()), min_exposure, store) for store in sorted(store_ids)
    )


def _tally(ledger: pa.Table, by: Sequence[str]) -> dict[tuple[str, ...], Counter[str]]:
    columns = ("outcome", "age", "challenge_age", *by)
    tally: dict[tuple[str, ...], Counter[str]] = {}
    for outcome, age, challenge_age, *key in zip(
        *(ledger[name].to_pylist() for name in columns), strict=True
    ):
        if outcome not in OUTCOMES:
            raise ContractError(f"table ledger: outcome {outcome!r} is none of {OUTCOMES}")
        counts = tally.setdefault(tuple(key), Counter())
        counts[outcome] += 1
        if age is not None and is_under_challenge_age(age, challenge_age):
            counts["young"] += 1
            counts["young_handled"] += outcome in _HANDLED
    return tally


def _counts(
    counts: Counter[str], min_exposure: int, store_id: str, cashier_id: str | None = None
) -> Counts:
    young, handled = counts["young"], counts["young_handled"]
    return Counts(
        store_id=store_id,
        cashier_id=cashier_id,
        sales=sum(counts[outcome] for outcome in OUTCOMES),
        **{outcome: counts[outcome] for outcome in OUTCOMES},
        young=young,
        young_handled=handled,
        rate=wilson(handled, young) if young and young >= min_exposure else None,
    )
