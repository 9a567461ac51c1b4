"""What is stored below OUT: written whole, read back, expired. layout.py says where it lies."""

import hashlib
import io
import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor import decisions, formats
from auditor.errors import ContractError, SourceError
from auditor.storage import settled
from auditor.storage.files import Place
from auditor.storage.layout import FACE_PACKS, PART, crops_folder, day_folder, partition_path
from auditor.tables import COUNTED, DAILY, DAY_FIGURES, DECISION_LOG, STORED, Schema
from auditor.window import Window


def write_table(out: Place, path: str, table: pa.Table, schema: Schema) -> None:
    """Write one Parquet file; the same table gives the same bytes.

    Raises:
        ContractError: the table is not of ``schema``.
        OSError: it cannot be written.
    """
    out.write(path, encoded(table, schema))


def encoded(table: pa.Table, schema: Schema) -> bytes:
    """A table as the bytes of a Parquet file, which tells its format.

    Raises:
        ContractError: the table is not of ``schema``.
    """
    buffer = io.BytesIO()
    told = {formats.KEY: str(schema.version)}
    whole = schema.conform(table).replace_schema_metadata(told)
    pq.write_table(whole, buffer, compression="zstd")
    return buffer.getvalue()


def read_table(out: Place, path: str, schema: Schema, columns: Sequence[str] = ()) -> pa.Table:
    """Read one Parquet file, or some columns of it; one of an earlier format as formats.py says.

    Raises:
        ContractError: the file is not of ``schema``, or is of a format that is not known.
        OSError: it cannot be read.
    """
    return parsed(out.read(path), schema, columns, origin=path)


def parsed(content: bytes, schema: Schema, columns: Sequence[str] = (), *, origin: str) -> pa.Table:
    """What :func:`read_table` reads, from a file's bytes; ``origin`` names it in errors."""
    wanted = schema.only(columns) if columns else schema
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        newest = schema.version
        version = formats.of_file(schema.name, file.schema_arrow, newest=newest, origin=origin)
        if version == newest:
            # The files are small: handing columns to threads costs more than it saves.
            some = file.read(columns=list(columns) or None, use_threads=False)
            return wanted.conform(some)
        rows = formats.brought_up(file.read(), schema.name, version, newest=newest)
    except pa.ArrowInvalid as error:
        raise ContractError(
            f"{origin} is damaged: restore it from a backup, or audit its day again ({error})"
        ) from error
    except KeyError as error:
        raise ContractError(
            f"{origin}: missing columns of the table {schema.name}: {error}"
        ) from error
    return schema.conform(rows).select(wanted.names)


def write_partition(out: Place, name: str, day: date, store_id: str, table: pa.Table) -> None:
    """Replace the partition of a day and store of the table ``name``."""
    write_table(out, partition_path(name, day, store_id), table, STORED[name])


def remove_partition(out: Place, name: str, day: date, store_id: str) -> None:
    """Drop the partition of a day and store of the table ``name``, if there is one."""
    out.remove(f"{day_folder(name, day)}/store={store_id}")


class Partitions:
    """A table of a day as it is stored, a tables.StoreTables: read store by store when asked."""

    def __init__(self, out: Place, name: str, day: date, stores: Collection[str] = ()) -> None:
        """Find which stores there are of the table ``name``: of all, or of ``stores``.

        Raises:
            SourceError: the day is being settled, or settling it broke off.
        """
        self._out, self._name, self._day = out, name, day
        self._schema = STORED[name]
        there = settled.stores_of(out, name, day)
        self._stores = dict.fromkeys(s for s in there if not stores or s in stores)

    @property
    def stores(self) -> Collection[str]:
        """The stores that have a partition, in their order."""
        return self._stores.keys()

    def of(self, store_id: str, columns: Sequence[str] = ()) -> pa.Table:
        """The rows of a store in their order, in these columns or in all; none if it has none.

        Raises:
            ContractError: the file is not of the table's schema.
            SourceError: it is not there.
        """
        if store_id not in self._stores:
            return (self._schema.only(columns) if columns else self._schema).empty()
        path = partition_path(self._name, self._day, store_id)
        try:
            return read_table(self._out, path, self._schema, columns)
        except FileNotFoundError as error:
            raise SourceError(
                f"{self._out}{path} is not there, and a store of {self._day}: run the day again"
            ) from error


def read_day(
    out: Place,
    name: str,
    day: date,
    stores: Collection[str] = (),
    columns: Sequence[str] = (),
) -> pa.Table:
    """The rows of a day, of all stores or of ``stores``, in the order of the stores.

    Args:
        out: where.
        name: of a table of tables.STORED.
        day: the business day.
        stores: which; empty for all.
        columns: which; empty for all.
    """
    partitions = Partitions(out, name, day, stores)
    parts = [partitions.of(store_id, columns) for store_id in partitions.stores]
    wanted = STORED[name].only(columns) if columns else STORED[name]
    return pa.concat_tables([wanted.empty(), *parts])


def remove_other_stores(out: Place, name: str, day: date, keep: Collection[str]) -> None:
    """Drop the day's partitions of stores that are not in ``keep``."""
    folder = day_folder(name, day)
    for partition in out.folders(folder):
        if partition.removeprefix("store=") not in keep:
            out.remove(f"{folder}/{partition}")


def write_daily(
    out: Place, name: str, day: date, rows: pa.Table, *, of_stores: Collection[str] = ()
) -> None:
    """Put a day's rows of a table in place.

    Args:
        out: where.
        day: the business day.
        name: of a table of tables.DAILY.
        rows: of all stores, or of ``of_stores``.
        of_stores: replace the rows of these stores only; empty for all.
    """
    path, schema = f"{day_folder(name, day)}/{PART}", DAILY[name]
    if of_stores and out.exists(path):
        before = read_table(out, path, schema)
        others = pc.invert(pc.is_in(before["store_id"], pa.array(sorted(of_stores))))
        rows = pa.concat_tables([before.filter(others), schema.conform(rows)])
    write_table(out, path, rows.sort_by("store_id"), schema)


def read_daily(out: Place, name: str, days: Iterable[date]) -> Iterator[tuple[date, str, pa.Table]]:
    """The rows of days as they are stored, one day at a time; days without any are left out.

    Yields:
        The day, the SHA-256 of the file, and its rows.

    Raises:
        ContractError: a file is not of its schema.
    """
    for day in days:
        path = f"{day_folder(name, day)}/{PART}"
        if out.exists(path):
            content = out.read(path)
            rows = parsed(content, DAILY[name], origin=path)
            yield day, hashlib.sha256(content).hexdigest(), rows


def read_figures(out: Place, days: Iterable[date]) -> pa.Table:
    """The figures of several days, in their order; a day without any is left out."""
    parts = [figures for _, _, figures in read_daily(out, "figures", days)]
    return pa.concat_tables([DAY_FIGURES.empty(), *parts])


def read_window(out: Place, day: date, days: int) -> Window:
    """The counts of the days up to and with ``day``, added up one day at a time.

    Raises:
        ContractError: a file is not of its schema.
    """
    dates = [day - timedelta(days=back) for back in range(days - 1, -1, -1)]
    hashes: list[tuple[str, str, str]] = []
    counts = {}
    for name in COUNTED:
        stored = read_daily(out, name, dates)
        counts[name] = COUNTED[name].add_up(_noted(name, stored, hashes))
    return Window(
        days=days,
        on_record=tuple(sorted({date.fromisoformat(of_day) for _, of_day, _ in hashes})),
        sha256=hashlib.sha256(json.dumps(hashes).encode()).hexdigest(),
        counts=counts,
    )


def _noted(
    name: str, stored: Iterable[tuple[date, str, pa.Table]], hashes: list[tuple[str, str, str]]
) -> Iterator[pa.Table]:
    """The tables as they come, their hashes put down."""
    for day, sha256, table in stored:
        hashes.append((name, day.isoformat(), sha256))
        yield table


def remove_crops(
    out: Place, day: date, store_id: str, keep: Iterable[str], written: Iterable[str] = ()
) -> None:
    """Drop the crops of a day and store that nobody has to look at (any more).

    Args:
        out: where.
        day: the business day.
        store_id: the store.
        keep: those that somebody has to look at.
        written: those known to have been written, which a listing may not show yet.
    """
    folder = crops_folder(day, store_id)
    out.sweep(folder)
    for path in {*out.files(folder), *written}.difference(keep):
        out.remove(path)


def append_decision(out: Place, entry: pa.Table) -> str:
    """Add an entry of :func:`decisions.entry` to the log; no other entry's file is touched.

    Returns:
        Its path, relative to ``out``.
    """
    (row,) = entry.to_pylist()
    name = f"{row['decided_at']:%Y%m%dT%H%M%S%f}-{row['decision_id'][:16]}.parquet"
    path = f"{day_folder('decisions', row['day'])}/{name}"
    write_table(out, path, entry, DECISION_LOG)
    return path


def read_decisions(out: Place, day: date) -> pa.Table:
    """The log of a day's sales, DECISION_LOG in the order of recording.

    Raises:
        ContractError: an entry was changed, or one that another entry follows is gone.
    """
    folder = day_folder("decisions", day)
    parts = [read_table(out, path, DECISION_LOG) for path in out.files(folder)]
    return decisions.checked(pa.concat_tables([DECISION_LOG.empty(), *parts]), str(out) + folder)


def days_of(out: Place, name: str) -> list[date]:
    """The days of which there is a folder below ``OUT/<name>/``, a table or ``crops``, in order."""
    return list(_dated(out, name, "day"))


def expire_days(out: Place, folder: str, oldest: date) -> list[str]:
    """Delete the days before ``oldest`` below ``OUT/<folder>/``.

    Returns:
        The folders that were removed.
    """
    return _expire(out, folder, "day", oldest)


def expire_face_packs(out: Place, as_of: date) -> list[str]:
    """Delete the packs of faces that were to be kept until a day before ``as_of``.

    Returns:
        The folders that were removed.
    """
    return _expire(out, FACE_PACKS, "until", as_of)


def _expire(out: Place, folder: str, key: str, oldest: date) -> list[str]:
    removed = [path for day, path in _dated(out, folder, key).items() if day < oldest]
    for path in removed:
        out.remove(path)
    return removed


def _dated(out: Place, folder: str, key: str) -> dict[date, str]:
    """The folders ``KEY=YYYY-MM-DD`` right below a folder, by their day and in its order."""
    found = (re.fullmatch(rf"{key}=(\d{{4}}-\d{{2}}-\d{{2}})", f) for f in out.folders(folder))
    return {date.fromisoformat(match[1]): f"{folder}/{match[0]}" for match in found if match}
