"""What the audit could see: stores, sales, frames and estimates, counted so that they add up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import ContractError
from auditor.monitoring.expectations import Expected, expect, expect_alike
from auditor.report.text import words
from auditor.tables import INCONCLUSIVE_REASONS, OUTCOMES, RECORDED_UNDERAGE, STORE_DAYS


@dataclass(frozen=True, slots=True)
class Count:
    """How many sales (or rows) carry a code, and the code in words."""

    code: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class StoreCoverage:
    """What could be seen of one store."""

    store_id: str
    store_name: str | None
    export_status: str
    transactions: int
    alcohol_sales: int
    with_snapshot: int
    scored: int
    inconclusive: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What could be seen of a store or a chain on a day.

    ``outcomes`` add up to ``alcohol_sales``, ``inconclusive`` to the outcome of that name;
    ``alcohol_sales`` less ``scored`` is ``inconclusive`` plus ``unscored_by_record``.

    ``recorded_underage`` of the flagged sales rest on the birth date on record. Of the others,
    ``wrong_flags`` are those whose buyer is to be expected at or over the challenge age after all.
    ``unjudged_under_challenge`` supposes that the buyers of inconclusive sales are like those of
    the others without a check; where there are none of these, it is an expectation among none.
    """

    stores: tuple[StoreCoverage, ...]
    transactions: int
    alcohol_sales: int
    with_snapshot: int
    scored: int
    unscored_by_record: int
    recorded_underage: int
    outcomes: tuple[Count, ...]
    inconclusive: tuple[Count, ...]
    lines_of_other_days: int
    duplicate_transactions: int
    training_transactions: int
    cancelled_transactions: int
    voided_transactions: int
    suspended_transactions: int
    transactions_from_before: int
    alcohol_returns: int
    snapshots_indexed: int
    snapshots_of_other_sales: int
    snapshots_unclaimed: int
    times_read_as_local: int
    times_ambiguous: int
    times_nonexistent: int
    wrong_flags: Expected
    over_threshold_under_challenge: Expected
    over_threshold_under_legal: Expected
    flagged_under_legal: Expected
    unjudged_under_challenge: Expected

    def of(self, outcome: str) -> int:
        """Sales with this outcome."""
        return next(c.count for c in self.outcomes if c.code == outcome)

    def with_export(self, status: str) -> tuple[StoreCoverage, ...]:
        """Stores whose till export is ``read``, ``missing`` or ``unreadable``."""
        return tuple(s for s in self.stores if s.export_status == status)

    @property
    def judged(self) -> int:
        """Sales that ended in any outcome but inconclusive."""
        return self.alcohol_sales - self.of("inconclusive")


Probabilities = npt.NDArray[np.float64]

#: What is added up as it stands in STORE_DAYS, and what is counted in the ledger.
_SUMMED = [field.name for field in fields(Coverage) if field.name in STORE_DAYS.names]
_EXPECTED = (
    *("wrong_flags", "flagged_under_legal"),
    *("over_threshold_under_challenge", "over_threshold_under_legal"),
)
_OF_LEDGER = ("with_snapshot", "scored", "unscored_by_record", "recorded_underage")


@dataclass(frozen=True, slots=True)
class Tally:
    """What is counted of one store's day; several add up to a coverage.

    ``counts`` and ``chances`` go by fields of :class:`Coverage`: numbers that add up, and what
    is expected from the probability of each sale.
    """

    store: StoreCoverage
    counts: Counter[str]
    outcomes: Counter[str]
    reasons: Counter[str]
    chances: Mapping[str, Probabilities]


def tally(ledger: pa.Table, day: Mapping[str, Any]) -> Tally:
    """Count what could be seen of a store, by its LEDGER and its row of STORE_DAYS.

    Raises:
        ContractError: the two disagree on the number of alcohol sales, or a sale has an unknown
            outcome, or lacks the estimate that its outcome rests on.
    """
    outcomes = Counter(ledger["outcome"].to_pylist())
    if unknown := sorted(set(outcomes) - set(OUTCOMES)):
        raise ContractError(f"table ledger: outcomes {unknown} are none of {OUTCOMES}")
    if day["alcohol_sales"] != ledger.num_rows:
        raise ContractError(
            f"store {day['store_id']}: {day['alcohol_sales']} alcohol sales were collected, "
            f"{ledger.num_rows} are in the ledger"
        )
    without_age = ledger.filter(pc.is_null(ledger["age"]))
    over, flagged = _of(ledger, "over_threshold"), _of(ledger, "flagged")
    recorded = pc.fill_null(pc.equal(flagged["reason"], RECORDED_UNDERAGE), pa.scalar(False))
    estimated = flagged.filter(pc.invert(recorded))
    counts = Counter({name: day[name] for name in _SUMMED})
    counts["with_snapshot"] = ledger.num_rows - ledger["snapshot_id"].null_count
    counts["scored"] = ledger.num_rows - without_age.num_rows
    counts["unscored_by_record"] = without_age.num_rows - _of(without_age, "inconclusive").num_rows
    counts["recorded_underage"] = flagged.num_rows - estimated.num_rows
    return Tally(
        store=StoreCoverage(
            **{n: day[n] for n in ("store_id", "store_name", "export_status", "transactions")},
            alcohol_sales=counts["alcohol_sales"],
            with_snapshot=counts["with_snapshot"],
            scored=counts["scored"],
            inconclusive=outcomes["inconclusive"],
        ),
        counts=counts,
        outcomes=outcomes,
        reasons=Counter(map(str, _of(ledger, "inconclusive")["reason"].to_pylist())),
        chances={
            "wrong_flags": 1 - _probabilities(estimated, "p_under_challenge"),
            "over_threshold_under_challenge": _probabilities(over, "p_under_challenge"),
            "over_threshold_under_legal": _probabilities(over, "p_under_legal"),
            "flagged_under_legal": _probabilities(estimated, "p_under_legal"),
        },
    )


def cover(tallies: Sequence[Tally]) -> Coverage:
    """Add up what could be seen of some stores, in the order in which they are to be listed."""
    counts, outcomes, reasons = (
        sum((getattr(each, name) for each in tallies), Counter[str]())
        for name in ("counts", "outcomes", "reasons")
    )
    known = [*INCONCLUSIVE_REASONS, *sorted(set(reasons) - set(INCONCLUSIVE_REASONS))]
    chances = {
        name: np.concatenate([np.empty(0), *(each.chances[name] for each in tallies)])
        for name in _EXPECTED
    }
    like_unjudged = [1 - chances["wrong_flags"], chances["over_threshold_under_challenge"]]
    added_up: dict[str, Any] = {name: counts[name] for name in (*_SUMMED, *_OF_LEDGER)}
    added_up |= {name: expect(each) for name, each in chances.items()}
    return Coverage(
        stores=tuple(each.store for each in tallies),
        **added_up,
        outcomes=tuple(Count(o, words.OUTCOMES[o], outcomes[o]) for o in OUTCOMES),
        inconclusive=tuple(
            Count(r, words.label(words.REASONS, r), reasons[r]) for r in known if reasons[r]
        ),
        unjudged_under_challenge=expect_alike(
            np.concatenate(like_unjudged).tolist(), outcomes["inconclusive"]
        ),
    )


def _of(ledger: pa.Table, outcome: str) -> pa.Table:
    return ledger.filter(pc.equal(ledger["outcome"], outcome))


def _probabilities(sales: pa.Table, column: str) -> Probabilities:
    if sales["age"].null_count or sales[column].null_count:
        outcome = sales["outcome"][0].as_py()
        raise ContractError(f"table ledger: a sale is {outcome} without age or {column}")
    probabilities: Probabilities = sales[column].to_numpy().astype(np.float64)
    return probabilities
