"""One row per store and day for later days to be compared with, small however many the sales."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from auditor.storage.daily import read_daily
from auditor.storage.place import Place
from auditor.tables import DAY_FIGURES, OUTCOMES

#: How many of the same weekdays before it a day is compared with.
WEEKS = 28


def count(store_day: Mapping[str, Any], ledger: pa.Table) -> dict[str, Any]:
    """The counts in a store's row of DAY_FIGURES, from its row of STORE_DAYS and its LEDGER."""
    outcomes = Counter(ledger["outcome"].to_pylist())
    return {
        **{name: store_day[name] for name in ("store_id", "export_status")},
        "alcohol_sales": ledger.num_rows,
        "with_snapshot": ledger.num_rows - ledger["snapshot_id"].null_count,
        "scored": ledger.num_rows - ledger["age"].null_count,
        **{outcome: outcomes[outcome] for outcome in OUTCOMES},
    }


def days_before(day: date) -> list[date]:
    """The same weekdays of the weeks before, the oldest first."""
    return [day - timedelta(weeks=back) for back in range(WEEKS, 0, -1)]


def read_figures(out: Place, days: Iterable[date]) -> pa.Table:
    """The figures of several days, in their order; a day without any is left out."""
    parts = [figures for _, _, figures in read_daily(out, "figures", days)]
    return pa.concat_tables([DAY_FIGURES.empty(), *parts])
