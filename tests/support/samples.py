"""Rows of any schema for tests: plausible values by type, and what a test is about by name."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.policy import Policy
from auditor.tables import ORIGIN, SNAPSHOT_INDEX, TILL_LINES, TIME, Column, Schema

DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
#: Columns of till lines that an export without a mapping rarely has.
MAPPED = (
    *("line_type", "transaction_state", "business_date", "resumes", "resumes_till", "resumes_date"),
    "required_age",
)

#: Columns that may be null and rarely are.
_USUAL = ("cashier_id",)

_VALUES: Mapping[str, Any] = {
    "store_id": "S1",
    "id_check": "none",
    "path": "frames/1.jpg",
    "category": "wine",
    "birth_date": date(1990, 12, 31),
    "row": 2,
}


def row(schema: Schema, **values: Any) -> dict[str, Any]:
    """One row: plausible values for what has to be there, and the values given."""
    usual = [c for c in schema.columns if not c.nullable or c.name in _USUAL]
    return {c.name: _value(c) for c in usual} | values


def line(**values: Any) -> dict[str, Any]:
    """A line of a bottle of wine, sold at noon."""
    return row(TILL_LINES, **{"category": "wine", "cashier_id": "cashier_id-1", **values})


def frame(**values: Any) -> dict[str, Any]:
    """A frame taken at noon that names no transaction."""
    return row(SNAPSHOT_INDEX, **values)


def after(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def policy(**rules: Any) -> Policy:
    """A policy of two listed stores with these rules."""
    stores = {"S1": {"name": "High Street"}, "S2": {}}
    entry = {"effective_from": date(2020, 1, 1), **rules}
    return Policy({"stores": stores, "policy": [entry]})


def header(schema: Schema) -> list[str]:
    """The columns that a file of this schema has."""
    return [name for name in schema.names if name not in (*ORIGIN, *MAPPED)]


def texts(schema: Schema, **cells: str) -> dict[str, str]:
    """One row as it stands in a CSV file: every column filled, and the cells given."""
    columns = [c for c in schema.columns if c.name not in (*ORIGIN, *MAPPED)]
    return {c.name: _text(_value(c)) for c in columns} | cells


def csv_bytes(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> bytes:
    """A CSV file; characters U+DC80 to U+DCFF become the single bytes that they stand for."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(errors="surrogateescape")


def _value(column: Column) -> Any:
    if column.name in _VALUES:
        return _VALUES[column.name]
    if column.type == TIME:
        return NOON
    if pa.types.is_decimal(column.type):
        return Decimal(1)
    return f"{column.name}-1"


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


#: A file that is read for the day by its name.
DATED = f"S1_{DAY}.csv"


def put(folder: Path, path: str, content: bytes) -> Path:
    """Write a file below a folder."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


def sales_csv(*rows: Mapping[str, str], columns: Sequence[str] = ()) -> bytes:
    """A till export."""
    return csv_bytes(rows, columns or header(TILL_LINES))


def shot(**cells: str) -> dict[str, str]:
    """A row of a snapshot index as it stands in a file."""
    return texts(SNAPSHOT_INDEX, **cells)
