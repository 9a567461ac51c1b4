"""Partitions of a business day and a store below OUT: written whole, read back, expired.

``OUT/<table>/day=YYYY-MM-DD/store=ID/part-0.parquet`` for the tables of tables.STORED, and
``OUT/crops/day=YYYY-MM-DD/store=ID/*.jpg`` for the faces that somebody has to look at. The figures
that later days are compared with are read for many days at once, so all stores of a day are in one
file: ``OUT/figures/day=YYYY-MM-DD/part-0.parquet``.
"""

import hashlib
import io
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.files import Place
from auditor.tables import DAY_FIGURES, STORED, Schema

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


def read_table(out: Place, path: str, schema: Schema, columns: Sequence[str] = ()) -> pa.Table:
    """Read one Parquet file, or some columns of it.

    Raises:
        ContractError: the file is not of ``schema``.
        OSError: it cannot be read.
    """
    wanted = schema.only(columns) if columns else schema
    content = io.BytesIO(out.read(path))
    return wanted.conform(pq.ParquetFile(content).read(columns=list(columns) or None))


def write_partition(out: Place, name: str, day: date, store_id: str, table: pa.Table) -> None:
    """Replace the partition of a day and store of the table ``name``."""
    write_table(out, f"{_day_folder(name, day)}/store={store_id}/{_PART}", table, STORED[name])


def remove_partition(out: Place, name: str, day: date, store_id: str) -> None:
    """Drop the partition of a day and store of the table ``name``, if there is one."""
    out.remove(f"{_day_folder(name, day)}/store={store_id}")


class Partitions:
    """A table of a day as it is stored, a tables.StoreTables: read store by store when asked."""

    def __init__(self, out: Place, name: str, day: date, stores: Collection[str] = ()) -> None:
        """List what there is of the table ``name``: of all stores, or of ``stores``."""
        self._out, self._schema = out, STORED[name]
        self._folder = _day_folder(name, day)
        there = (folder.removeprefix("store=") for folder in out.folders(self._folder))
        self._stores = dict.fromkeys(s for s in there if not stores or s in stores)

    @property
    def stores(self) -> Collection[str]:
        """The stores that have a partition, in their order."""
        return self._stores.keys()

    def of(self, store_id: str, columns: Sequence[str] = ()) -> pa.Table:
        """The rows of a store in their order, in these columns or in all; none if it has none.

        Raises:
            ContractError: a file is not of the table's schema.
        """
        wanted = self._schema.only(columns) if columns else self._schema
        if store_id not in self._stores:
            return wanted.empty()
        files = self._out.files(f"{self._folder}/store={store_id}")
        parts = [read_table(self._out, path, self._schema, columns) for path in files]
        return pa.concat_tables([wanted.empty(), *parts])


def read_day(out: Place, name: str, day: date, stores: Collection[str] = ()) -> pa.Table:
    """The rows of a day, of all stores or of ``stores``, in the order of the stores."""
    partitions = Partitions(out, name, day, stores)
    parts = [partitions.of(store_id) for store_id in partitions.stores]
    return pa.concat_tables([STORED[name].empty(), *parts])


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


def write_figures(out: Place, day: date, figures: pa.Table, *, whole_day: bool) -> None:
    """Put the figures of a day in place.

    Args:
        out: where.
        day: the business day.
        figures: DAY_FIGURES, a row a store.
        whole_day: replace those of all stores, or only of the stores in ``figures``.
    """
    if not whole_day:
        before = read_figures(out, [day])
        others = pc.invert(pc.is_in(before["store_id"], figures["store_id"].combine_chunks()))
        figures = pa.concat_tables([before.filter(others), DAY_FIGURES.conform(figures)])
    path = f"{_day_folder('figures', day)}/{_PART}"
    write_table(out, path, figures.sort_by("store_id"), DAY_FIGURES)


def read_figures(out: Place, days: Iterable[date]) -> pa.Table:
    """The figures of several days, in their order; a day without any is left out."""
    paths = [f"{_day_folder('figures', day)}/{_PART}" for day in days]
    parts = [read_table(out, path, DAY_FIGURES) for path in paths if out.exists(path)]
    return pa.concat_tables([DAY_FIGURES.empty(), *parts])


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
