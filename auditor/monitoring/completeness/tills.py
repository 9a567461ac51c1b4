"""Tills without sales in hours in which they always had some, and totals that do not agree."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.tables.baselines import HOURS

#: The same weekdays before it, with which a till's hours are compared, and the fewest that say
#: anything.
WEEKS, LEAST_WEEKS = 4, 3
#: Transactions to be expected in the hours of silence, below which chance may explain it.
LEAST_EXPECTED = 10.0

_Till = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SilentTills:
    """Tills of a store that sold nothing in some hours, in which each sold on every such weekday.

    ``expected`` is how many transactions they had in these hours on average.
    """

    store_id: str
    tills: tuple[str, ...]
    all_tills: bool  # whether the store has no other
    from_hour: int
    to_hour: int  # exclusive, up to 24
    expected: float
    weeks: int


@dataclass(frozen=True, slots=True)
class TotalsDiffer:
    """A till whose own totals of the day are others than what its lines add up to.

    ``usual_transactions`` and ``usual_turnover`` are the largest differences of earlier days; None
    where there are none.
    """

    store_id: str
    till_id: str
    transactions: int
    control_transactions: int
    turnover: Decimal
    control_turnover: Decimal
    usual_transactions: int | None
    usual_turnover: Decimal | None


def silent_tills(today: pa.Table, same_weekdays: Sequence[pa.Table]) -> tuple[SilentTills, ...]:
    """The tills that were silent, by store and hour; TILL_DAYS of the day and of such days before.

    A store is compared with the days of which it has an export, and not at all on a day without any
    transaction, which is said of the store as a whole.
    """
    now, open_stores = _hours(today)
    past: dict[_Till, list[npt.NDArray[np.int64]]] = defaultdict(list)
    weeks: dict[str, int] = defaultdict(int)
    before = [_hours(table) for table in same_weekdays]
    for _, stores in before:
        for store_id in stores:
            weeks[store_id] += 1
    for hours, _ in before:
        for till, counts in hours.items():
            past[till].append(counts)
    found: dict[tuple[str, int, int], dict[str, float]] = defaultdict(dict)
    for till, counted in past.items():
        store_id = till[0]
        if store_id not in open_stores or not LEAST_WEEKS <= weeks[store_id] == len(counted):
            continue
        each = np.array(counted)
        silent = (each > 0).all(axis=0) & (now.get(till, np.zeros(HOURS)) == 0)
        for start, end in _stretches(silent):
            expected = float(each[:, start:end].sum() / len(each))
            if expected >= LEAST_EXPECTED:
                found[store_id, start, end][till[1]] = expected
    tills_of: dict[str, set[str]] = defaultdict(set)
    for store_id, till_id in {*now, *past}:
        tills_of[store_id].add(till_id)
    return tuple(
        SilentTills(
            store_id=store_id,
            tills=tuple(sorted(tills)),
            all_tills=tills_of[store_id] == set(tills),
            from_hour=start,
            to_hour=end,
            expected=sum(tills.values()),
            weeks=weeks[store_id],
        )
        for (store_id, start, end), tills in sorted(found.items())
    )


def totals_that_differ(today: pa.Table, past: Sequence[pa.Table]) -> tuple[TotalsDiffer, ...]:
    """The tills whose totals differ by more than on any day before; TILL_DAYS of all of them.

    What a till counts that the export does not have, such as deposits, makes the same difference
    every day. That is how the two differ, and no sale that is missing.
    """
    usual: dict[_Till, tuple[int, Decimal]] = {}
    for table in past:
        for row in _with_totals(table):
            key = (row["store_id"], row["till_id"])
            most = usual.get(key, (0, Decimal(0)))
            usual[key] = max(most[0], abs(_of_count(row))), max(most[1], abs(_of_sum(row)))
    found = []
    for row in _with_totals(today):
        before = usual.get((row["store_id"], row["till_id"]))
        count, amount = before or (0, Decimal(0))
        if abs(_of_count(row)) > count or abs(_of_sum(row)) > amount:
            found.append(
                TotalsDiffer(
                    row["store_id"],
                    row["till_id"],
                    transactions=row["completed"],
                    control_transactions=row["control_transactions"],
                    turnover=row["turnover"],
                    control_turnover=row["control_turnover"],
                    usual_transactions=before[0] if before else None,
                    usual_turnover=before[1] if before else None,
                )
            )
    return tuple(found)


def _hours(table: pa.Table) -> tuple[dict[_Till, npt.NDArray[np.int64]], set[str]]:
    """The hourly counts of each till, and the stores that have any transaction."""
    hours = {
        (row["store_id"], row["till_id"]): np.array(row["by_hour"], np.int64)
        for row in table.select(["store_id", "till_id", "by_hour"]).to_pylist()
    }
    return hours, {store_id for (store_id, _), counts in hours.items() if counts.any()}


def _stretches(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The stretches of flagged hours, each from its first to the one after its last."""
    found = []
    for flagged, hours in groupby(range(HOURS), key=lambda hour: bool(flags[hour])):
        at = list(hours)
        if flagged:
            found.append((at[0], at[-1] + 1))
    return found


def _with_totals(table: pa.Table) -> list[Mapping[str, Any]]:
    rows = table.drop_columns(["by_hour"]).to_pylist()
    return [row for row in rows if row["control_transactions"] is not None]


def _of_count(row: Mapping[str, Any]) -> int:
    return int(row["control_transactions"] - row["completed"])


def _of_sum(row: Mapping[str, Any]) -> Decimal:
    return Decimal(row["control_turnover"] - row["turnover"])
