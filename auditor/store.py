"""Partitions of a business day and a store below OUT: written whole, read back, expired.

``OUT/<table>/day=YYYY-MM-DD/store=ID/part-0.parquet`` for the tables of tables.STORED, and
``OUT/crops/day=YYYY-MM-DD/store=ID/*.jpg`` for the faces that somebody has to look at.
"""

import hashlib
import io
import re
from collections.abc import Collection, Iterable
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.files import Place
from auditor.tables import STORED, Schema

_PART = "part-0.parquet"


def write_table(out: Place, path: str, table: pa.Table, schema: Schema) -> None:
    """Write one Parquet file; the same table gives the same bytes.

    Raises:
        ContractError: the table is not of ``schema``.
        OSError: it cannot be written.
    """
    buffer = io.BytesIO()
    pq.write_table(schema.conform(table), buffer, compression="zstd")
    out.write(path, buffer.getvalue())


def read_table(out: Place, path: str, schema: Schema) -> pa.Table:
    """Read one Parquet file.

    Raises:
        ContractError: the file is not of ``schema``.
        OSError: it cannot be read.
    """
    return schema.conform(pq.read_table(io.BytesIO(out.read(path)), partitioning=None))


def write_partition(out: Place, name: str, day: date, store_id: str, table: pa.Table) -> None:
    """Replace the partition of a day and store of the table ``name``."""
    write_table(out, f"{_day_folder(name, day)}/store={store_id}/{_PART}", table, STORED[name])


def remove_partition(out: Place, name: str, day: date, store_id: str) -> None:
    """Drop the partition of a day and store of the table ``name``, if there is one."""
    out.remove(f"{_day_folder(name, day)}/store={store_id}")


def read_day(out: Place, name: str, day: date, stores: Collection[str] = ()) -> pa.Table:
    """The rows of a day, of all stores or of ``stores``, in the order of the stores."""
    folder = _day_folder(name, day)
    parts = [
        read_table(out, path, STORED[name])
        for partition in out.folders(folder)
        if not stores or partition.removeprefix("store=") in stores
        for path in out.files(f"{folder}/{partition}")
    ]
    return pa.concat_tables([STORED[name].empty(), *parts])


def read_store_day(out: Place, name: str, day: date, store_id: str) -> pa.Table:
    """The rows of a day and store, whose partition has to be there."""
    return read_table(out, f"{_day_folder(name, day)}/store={store_id}/{_PART}", STORED[name])


def stores_of(out: Place, name: str, day: date) -> list[str]:
    """The stores that have a partition of a day, in order."""
    folders = out.folders(_day_folder(name, day))
    return [folder.removeprefix("store=") for folder in folders if folder.startswith("store=")]


def remove_other_stores(out: Place, name: str, day: date, keep: Collection[str]) -> None:
    """Drop the day's partitions of stores that are not in ``keep``."""
    folder = _day_folder(name, day)
    for partition in out.folders(folder):
        if partition.removeprefix("store=") not in keep:
            out.remove(f"{folder}/{partition}")


def crop_path(day: date, store_id: str, transaction_id: str) -> str:
    """Where the crop of a sale is kept: no part of it comes from the till's own text."""
    sale = hashlib.sha256(f"{store_id}|{transaction_id}".encode()).hexdigest()[:16]
    return f"{_day_folder('crops', day)}/store={store_id}/{sale}.jpg"


def remove_crops(out: Place, day: date, store_id: str, keep: Iterable[str]) -> None:
    """Drop the crops of a day and store that nobody has to look at (any more)."""
    kept = set(keep)
    for path in list(out.files(f"{_day_folder('crops', day)}/store={store_id}")):
        if path not in kept:
            out.remove(path)


def days_of(out: Place, name: str) -> list[date]:
    """The days of which the table ``name`` has a partition, in order."""
    folders = out.folders(name)
    found = (re.fullmatch(r"day=(\d{4}-\d{2}-\d{2})", folder) for folder in folders)
    return [date.fromisoformat(match[1]) for match in found if match]


def expire_crops(out: Place, as_of: date, retention_days: int) -> list[str]:
    """Delete the crops of days more than ``retention_days`` before ``as_of``; as expire_days."""
    return expire_days(out, "crops", as_of, retention_days)


def expire_days(out: Place, name: str, as_of: date, keep_days: int) -> list[str]:
    """Delete what ``name`` (a table, or ``crops``) has of days over ``keep_days`` before ``as_of``.

    Returns:
        The folders that were removed.
    """
    oldest = as_of - timedelta(days=keep_days)
    removed = [_day_folder(name, day) for day in days_of(out, name) if day < oldest]
    for folder in removed:
        out.remove(folder)
    return removed


def _day_folder(name: str, day: date) -> str:
    return f"{name}/day={day.isoformat()}"
