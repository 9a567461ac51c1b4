"""The files that the stores and their cameras deliver, each store in its own dialect."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.demo.camera import Snapshot
from auditor.demo.catalogue import ZONE, Store
from auditor.demo.chain import Basket
from auditor.tables import ORIGIN, SNAPSHOT_INDEX, TILL_LINES, Schema

_ZONE = ZoneInfo(ZONE)
#: Columns that the demo's tills and cameras do not write.
_NOT_WRITTEN = (
    *ORIGIN,
    *("line_type", "transaction_state", "business_date", "resumes", "resumes_till"),
    *("resumes_date", "required_age"),
)


@dataclass(frozen=True, slots=True)
class Damage:
    """A row that is written wrong: ``cells`` missing, an impossible ``time`` or ``id_check``."""

    kind: str
    line: int


def till_export(
    store: Store, baskets: Iterable[Basket], damages: Mapping[str, Damage]
) -> tuple[bytes, str]:
    """Write baskets, in their order, as the store's till system does.

    One that stands twice is written twice. In CSV, rows are written wrong as ``damages`` say, by
    transaction.

    Returns:
        The file's bytes, and its suffix.
    """
    rows = []
    for basket in baskets:
        damage = damages.get(basket.transaction_id)
        for i, row in enumerate(_till_rows(store, basket)):
            rows.append((row, damage.kind if damage and damage.line == i else None))
    if store.dialect == "parquet":
        return _parquet([row for row, _ in rows], TILL_LINES), "parquet"
    columns = _columns(TILL_LINES)
    cells = []
    for row, kind in rows:
        written = [_as_text(row[name], store.dialect) for name in columns]
        if kind == "cells":
            written = written[:-3]
        elif kind == "time":
            written[columns.index("sold_at")] = f"{row['sold_at']:%Y-%m-%d}T25:61:00"
        elif kind == "id_check":
            written[columns.index("id_check")] = "id_maybe"
        cells.append(written)
    return _csv(columns, cells, store.dialect), "csv"


def snapshot_index(store: Store, snapshots: Iterable[Snapshot]) -> tuple[bytes, str]:
    """Write the index of a store's frames, in the order of their times; as :func:`till_export`."""
    rows = [
        {
            "snapshot_id": s.snapshot_id,
            "store_id": store.store_id,
            "till_id": s.till_id,
            "captured_at": s.captured_at,
            "transaction_id": s.transaction_id,
            "path": s.path,
        }
        for s in sorted(snapshots, key=lambda s: (s.captured_at, s.snapshot_id))
    ]
    if store.dialect == "parquet":
        return _parquet(rows, SNAPSHOT_INDEX), "parquet"
    columns = _columns(SNAPSHOT_INDEX)
    # One camera system for the chain: all its times are UTC and say so.
    cells = [[_as_text(row[name], "utc") for name in columns] for row in rows]
    return _csv(columns, cells, "utc"), "csv"


def _till_rows(store: Store, basket: Basket) -> list[dict[str, Any]]:
    alcohol = basket.alcohol
    rows = []
    for line in basket.lines:
        restricted = line in alcohol and basket.buyer is not None
        unrestricted = "none" if basket.till.records_checks else "not_recorded"
        rows.append(
            {
                "transaction_id": basket.transaction_id,
                "store_id": store.store_id,
                "till_id": basket.till.till_id,
                "cashier_id": basket.cashier_id,
                "sold_at": line.at,
                "sku": line.product.sku,
                "description": line.product.description,
                "category": line.product.category,
                "quantity": line.quantity,
                "amount": line.amount,
                "id_check": basket.check.state if restricted else unrestricted,
                "id_check_at": basket.check.at if restricted else None,
                "id_check_by": basket.check.by if restricted else None,
                "birth_date": basket.check.birth_date if restricted else None,
            }
        )
    return rows


def _columns(schema: Schema) -> list[str]:
    return [name for name in schema.names if name not in _NOT_WRITTEN]


def _as_text(value: object, dialect: str) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return _time(value, dialect)
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def _time(moment: datetime, dialect: str) -> str:
    if dialect == "utc":
        return moment.astimezone(UTC).isoformat(timespec="milliseconds")
    local = moment.astimezone(_ZONE)
    if dialect == "local":
        return f"{local:%Y-%m-%d %H:%M:%S}"
    return local.isoformat(sep=" " if dialect == "spaced" else "T")


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]], dialect: str) -> bytes:
    stream = io.StringIO(newline="")
    spaced = dialect == "spaced"
    writer = csv.writer(
        stream,
        quoting=csv.QUOTE_ALL if spaced else csv.QUOTE_MINIMAL,
        lineterminator="\r\n" if spaced else "\n",
    )
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue().encode()


def _parquet(rows: Sequence[Mapping[str, Any]], schema: Schema) -> bytes:
    fields = [field for field in schema.arrow if field.name not in _NOT_WRITTEN]
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=pa.schema(fields)), stream)
    return stream.getvalue()
