"""Counts what the tills of a day wrote: hours, turnover, and totals of their own."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import SECOND
from auditor.policy import Policy
from auditor.sales.line_types import are_totals
from auditor.tables import TILL_DAYS
from auditor.tables.baselines import HOURS

_TILL = ["store_id", "till_id"]


def control_totals(lines: pa.Table, day: date, policy: Policy) -> pa.Table:
    """The TILL_LINES in which tills give totals of a day: by its date, or else by their time."""
    control = lines.filter(pa.array(are_totals(lines)))
    stores = control["store_id"].unique().to_pylist()
    windows = {store_id: policy.rules(day, store_id).window(day) for store_id in stores}
    kept = []
    for row in control.select(["store_id", "business_date", "sold_at"]).to_pylist():
        start, end = windows[row["store_id"]]
        at = round(row["sold_at"].timestamp() * SECOND)
        own = row["business_date"]
        kept.append(start <= at < end if own is None else own == day)
    return control.filter(pa.array(kept, pa.bool_()))


def count_tills(transactions: pa.Table, control: pa.Table, day: date, policy: Policy) -> pa.Table:
    """TILL_DAYS of TRANSACTIONS, and of the TILL_LINES in which tills give totals of their own."""
    frame = transactions.select([*_TILL, "completed"]).to_pandas()
    frame["hour"] = _hours(transactions, day, policy)
    frame["amount"] = transactions["amount"].to_pylist()
    totals = control.select([*_TILL, "quantity", "amount"]).to_pandas()
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for key, till in frame.groupby(_TILL):
        paid = till["completed"].to_numpy(bool)
        rows[key] = {
            "transactions": len(till),
            "by_hour": np.bincount(till["hour"], minlength=HOURS).tolist(),
            "completed": int(paid.sum()),
            "turnover": sum(till["amount"][paid], Decimal(0)),
        }
    for key, own in totals.groupby(_TILL):
        nothing = {"transactions": 0, "by_hour": [0] * HOURS, "completed": 0, "turnover": 0}
        rows[key] = rows.get(key, nothing) | {
            "control_transactions": int(sum(own["quantity"])),
            "control_turnover": sum(own["amount"]),
        }
    return TILL_DAYS.from_rows(
        {"store_id": store, "till_id": till, **row} for (store, till), row in sorted(rows.items())
    )


def _hours(transactions: pa.Table, day: date, policy: Policy) -> np.ndarray:
    """The hour of each transaction's beginning, by its store's clock."""
    hours = np.zeros(transactions.num_rows, np.int64)
    stores = transactions["store_id"].to_numpy()
    zones = {s: policy.rules(day, s).time_zone for s in pd.unique(stores)}
    zone_of = np.array([zones[s] for s in stores], object)
    for zone in sorted(set(zones.values())):
        at = np.flatnonzero(zone_of == zone)
        local = transactions["started_at"].take(pa.array(at)).cast(pa.timestamp("us", tz=zone))
        hours[at] = pc.hour(local).to_numpy()
    return hours
