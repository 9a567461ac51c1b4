"""A day in a row a store: what later days are held against, small however many sales it had."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from auditor.storage.daily import read_daily
from auditor.storage.place import Place
from auditor.tables import DAY_FIGURES, OUTCOMES

#: How many of the same weekdays before a day it is held against.
WEEKS = 28


def of_store(
    day: date, store_day: Mapping[str, Any], ledger: pa.Table, *, challenge_age: int, model: str
) -> dict[str, Any]:
    """The row of DAY_FIGURES of one store.

    Args:
        day: the business day.
        store_day: the store's row of STORE_DAYS.
        ledger: the store's LEDGER.
        challenge_age: in force in the store, years.
        model: name and version of the age model.
    """
    outcomes = Counter(ledger["outcome"].to_pylist())
    return {
        "day": day,
        "store_id": store_day["store_id"],
        "model": model,
        "challenge_age": challenge_age,
        "export_status": store_day["export_status"],
        "alcohol_sales": ledger.num_rows,
        "with_snapshot": ledger.num_rows - ledger["snapshot_id"].null_count,
        "scored": ledger.num_rows - ledger["age"].null_count,
        **{outcome: outcomes[outcome] for outcome in OUTCOMES},
    }


def table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of :func:`of_store` as DAY_FIGURES."""
    return DAY_FIGURES.from_rows(rows)


def days_before(day: date) -> list[date]:
    """The same weekdays of the weeks before, the oldest first."""
    return [day - timedelta(weeks=back) for back in range(WEEKS, 0, -1)]


def read_figures(out: Place, days: Iterable[date]) -> pa.Table:
    """The figures of several days, in their order; a day without any is left out."""
    parts = [figures for _, _, figures in read_daily(out, "figures", days)]
    return pa.concat_tables([DAY_FIGURES.empty(), *parts])
