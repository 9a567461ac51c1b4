"""Shows some till lines as text, without saying who anybody is."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.policy import Policy
from auditor.tables import NO_CHECK

#: How many lines are shown.
LINES_SHOWN = 10
#: Columns that name people; of them nothing is shown.
NAMES = ("cashier_id", "id_check_by")
_MASK = "****"
_SHOWN = (
    *("transaction_id", "store_id", "till_id", "cashier_id", "sold_at", "sku", "description"),
    *("category", "quantity", "amount", "id_check", "id_check_at", "id_check_by", "birth_date"),
    *("line_type", "transaction_state", "business_date", "resumes", "resumes_till"),
    *("resumes_date", "required_age"),
)


def shown_lines(
    lines: pa.Table, alcohol: pa.Array, items: pa.Array, day: date, rules: Policy
) -> list[dict[str, str]]:
    """Some of TILL_LINES as text, of different kinds; ``alcohol`` and ``items`` are flags.

    Of a person is shown that there is one, and the year of birth.
    """
    return [_masked(row, day, rules) for row in _chosen(lines, alcohol, items)]


def _chosen(lines: pa.Table, alcohol: pa.Array, items: pa.Array) -> list[dict[str, Any]]:
    """Lines of different kinds, spread over the day: alcohol, ID checks, other items, the rest."""
    checked = pc.invert(pc.is_in(lines["id_check"], pa.array(NO_CHECK)))
    chosen: set[int] = set()
    for kind, most in ((alcohol, 5), (checked, 7), (items, 9), (None, LINES_SHOWN)):
        every = range(lines.num_rows) if kind is None else np.flatnonzero(kind).tolist()
        rows = [row for row in every if row not in chosen]
        count = min(most - len(chosen), len(rows))
        chosen.update(rows[at * len(rows) // count] for at in range(count))
    found: list[dict[str, Any]] = lines.take(pa.array(sorted(chosen), pa.int64())).to_pylist()
    return found


def _masked(row: dict[str, Any], day: date, rules: Policy) -> dict[str, str]:
    """A line as text; of a person, only that there is one, and the year of birth."""
    shown = {}
    of_store = rules.rules(day, row["store_id"])
    zone = ZoneInfo(of_store.time_zone)
    for name in _SHOWN:
        value = row[name]
        if value is None:
            continue
        if name in NAMES:
            value = _MASK
        elif name == "birth_date":
            value = f"{value.year}-**-**"
        elif isinstance(value, datetime):
            value = _local(value, zone)
        elif name == "amount":
            value = round(value, of_store.decimals)
        shown[name] = str(value)
    return shown


def first_and_last(lines: pa.Table, day: date, rules: Policy) -> tuple[str, str]:
    """The first and the last time of TILL_LINES, by their stores' clocks; empty without lines."""
    if not lines.num_rows:
        return "", ""
    order = pc.sort_indices(lines["sold_at"])
    ends = [lines.slice(order[at].as_py(), 1).to_pylist()[0] for at in (0, len(order) - 1)]
    zones = [ZoneInfo(rules.rules(day, row["store_id"]).time_zone) for row in ends]
    first, last = (_local(r["sold_at"], z) for r, z in zip(ends, zones, strict=True))
    return first, last


def _local(time: datetime, zone: ZoneInfo) -> str:
    return time.astimezone(zone).isoformat(" ", "seconds")
