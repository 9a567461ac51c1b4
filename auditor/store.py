"""Partitions of a business day and a store below OUT: written whole, read back, expired.

``OUT/<table>/day=YYYY-MM-DD/store=ID/part-0.parquet`` for the tables of tables.STORED, and
``OUT/crops/day=YYYY-MM-DD/store=ID/*.jpg`` for the faces that somebody has to look at. Beside them,
and touched by no run of a day, ``OUT/decisions/day=YYYY-MM-DD/*.parquet``: one file a decision.
"""

import hashlib
import io
import re
from collections.abc import Collection, Iterable, Iterator
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from auditor import decisions
from auditor.files import Place
from auditor.tables import DECISION_LOG, STORED, Schema

_PART = "part-0.parquet"

#: Where packs of faces lie, ``until=YYYY-MM-DD`` below it.
FACE_PACKS = "packs/faces"


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


def read_stores(out: Place, name: str, day: date) -> Iterator[tuple[str, pa.Table]]:
    """Each partition of a day with its store, one at a time, in the order of the stores."""
    folder = _day_folder(name, day)
    for partition in out.folders(folder):
        parts = [read_table(out, path, STORED[name]) for path in out.files(f"{folder}/{partition}")]
        table = pa.concat_tables([STORED[name].empty(), *parts])
        yield partition.removeprefix("store="), table


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


def append_decision(out: Place, entry: pa.Table) -> str:
    """Add an entry of :func:`decisions.entry` to the log; no other entry's file is touched.

    Returns:
        Its path, relative to ``out``.
    """
    (row,) = entry.to_pylist()
    name = f"{row['decided_at']:%Y%m%dT%H%M%S%f}-{row['decision_id'][:16]}.parquet"
    path = f"{_day_folder('decisions', row['day'])}/{name}"
    write_table(out, path, entry, DECISION_LOG)
    return path


def read_decisions(out: Place, day: date) -> pa.Table:
    """The log of a day's sales, DECISION_LOG in the order of recording.

    Raises:
        ContractError: an entry was changed, or one that another entry follows is gone.
    """
    folder = _day_folder("decisions", day)
    parts = [read_table(out, path, DECISION_LOG) for path in out.files(folder)]
    return decisions.checked(pa.concat_tables([DECISION_LOG.empty(), *parts]), str(out) + folder)


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
    removed = []
    for name in out.folders(folder):
        found = re.fullmatch(rf"{key}=(\d{{4}}-\d{{2}}-\d{{2}})", name)
        if found and date.fromisoformat(found[1]) < oldest:
            out.remove(f"{folder}/{name}")
            removed.append(f"{folder}/{name}")
    return removed


def _day_folder(name: str, day: date) -> str:
    return f"{name}/day={day.isoformat()}"
