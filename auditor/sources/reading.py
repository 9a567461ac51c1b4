"""Reads till exports and snapshot indexes: conforming rows, and every row set aside, with why.

Which files are the day's is told by :mod:`auditor.day_files`, what a row must hold by
:mod:`auditor.cells`.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa

from auditor.errors import SourceError
from auditor.files import OutsideError, Place
from auditor.policy import Policy
from auditor.sources.cells import Fault
from auditor.sources.conforming import BadCell, Rejected, Request, Rows
from auditor.sources.day_files import SourceFile, files_of_day
from auditor.sources.records import UnusableError, read_records
from auditor.store_days import SourceCounts
from auditor.tables import REJECTS, SNAPSHOT_INDEX, TILL_LINES

INDEX_FOLDER = "index"


@dataclass(frozen=True, slots=True)
class FileHash:
    """A file that was read: its path below the address, and the hash of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Reading:
    """What was read of one kind of source for one day.

    Attributes:
        table: the conforming rows, TILL_LINES or SNAPSHOT_INDEX, file by file in record order.
        rejects: REJECTS: a row for each bad cell, malformed record or unusable file.
        counts: by store, what its files held.
        files: the files read, unusable ones included, in path order.
        unplaced_rows: rejected rows of which not even the store is known; in no store's counts.
    """

    table: pa.Table
    rejects: pa.Table
    counts: dict[str, SourceCounts]
    files: tuple[FileHash, ...]
    unplaced_rows: int = 0


def read_sales(place: Place, day: date, policy: Policy, *, stores: Collection[str] = ()) -> Reading:
    """Read the till exports of a business day: the rows sold on that day by their store's clock.

    Args:
        place: where the exports lie.
        day: the business day.
        policy: gives each store's time zone.
        stores: keep only rows of these; empty for all.

    Raises:
        SourceError: there is nothing at the place, or its storage fails.
    """
    return _read(Request(TILL_LINES, "sold_at", day, policy, frozenset(stores)), place, "")


def read_snapshot_index(
    place: Place, day: date, policy: Policy, *, stores: Collection[str] = ()
) -> Reading:
    """Read the snapshot indexes of a business day, from the folder ``index`` below the place.

    A frame is of the day if it was taken within it, or not further from it than a frame may be
    from its sale in that store. Of frames of one number in one store the first is kept. Arguments
    and errors are those of :func:`read_sales`.
    """
    stores = frozenset(stores)
    request = Request(SNAPSHOT_INDEX, "captured_at", day, policy, stores, margin=True)
    return _without_duplicates(_read(request, place, INDEX_FOLDER))


def _read(request: Request, place: Place, under: str) -> Reading:
    if not place.exists():
        raise SourceError(f"there is nothing at {place}: check the address and the rights to it")
    known = request.stores.union(request.policy.stores)
    files = files_of_day(place, under, request.day, known)
    readings = [_read_file(request, place, file) for file in files]
    counts: dict[str, SourceCounts] = {}
    for store, count in (item for r in readings for item in r.counts.items()):
        counts[store] = counts.get(store, SourceCounts()) + count
    return Reading(
        table=pa.concat_tables([request.schema.empty(), *(r.table for r in readings)]),
        rejects=pa.concat_tables([REJECTS.empty(), *(r.rejects for r in readings)]),
        counts=dict(sorted(counts.items())),
        files=tuple(f for r in readings for f in r.files),
        unplaced_rows=sum(r.unplaced_rows for r in readings),
    )


def _read_file(request: Request, place: Place, file: SourceFile) -> Reading:
    hashes: list[FileHash] = []
    rejected = Rejected(file)
    # Without a store in its path, or with one not asked for, a file as such counts for none.
    store = file.store if request.asked_for(file.store) else None
    try:
        content = _content(place, file)
        hashes.append(FileHash(file.path, hashlib.sha256(content).hexdigest()))
        records = read_records(file.path, content, request.wanted, request.optional)
    except UnusableError as error:
        if request.asked_for(file.store):
            rejected.add(error.reason, error.problem, row=None, column=error.column)
        counts = {store: SourceCounts(files=1)} if store else {}
        return Reading(request.schema.empty(), rejected.table(), counts, tuple(hashes))
    tables, found = [request.schema.empty()], {store: SourceCounts()}
    if request.asked_for(file.store):
        for record in records.malformed:
            rejected.add("malformed_row", record.problem, row=record.number)
        malformed = len(records.malformed)
        found[store] = SourceCounts(rows_read=malformed, rows_rejected=malformed)
    for part in records.parts():
        rows = Rows(request, file, part)
        tables.append(rows.conforming())
        for cell in rows.bad_cells():
            rejected.add_cell(cell)
        for of_store, counted in rows.counts().items():
            found[of_store] = found.get(of_store, SourceCounts()) + counted
    one_file = SourceCounts(files=1, usable_files=1)
    return Reading(
        table=pa.concat_tables(tables),
        rejects=rejected.table(),
        counts={s: counted + one_file for s, counted in found.items() if s},
        files=tuple(hashes),
        unplaced_rows=found[None].rows_rejected if None in found else 0,
    )


def _content(place: Place, file: SourceFile) -> bytes:
    try:
        return place.read(file.path)
    except (FileNotFoundError, PermissionError, OutsideError) as error:
        raise UnusableError(
            "unreadable_file", f"it cannot be opened ({error}); check it, and the rights"
        ) from error
    except OSError as error:
        # The storage, not the file: a day with holes must not look like a finished one.
        raise SourceError(f"{file.path}: reading failed ({error}); run again") from error


def _without_duplicates(reading: Reading) -> Reading:
    frames = reading.table.select(["store_id", "snapshot_id"]).to_pandas()
    again = frames.duplicated().to_numpy()
    if not again.any():
        return reading
    counts = dict(reading.counts)
    entries = []
    for row in reading.table.filter(pa.array(again)).to_pylist():
        store = row["store_id"]
        counts[store] = replace(counts[store], rows_rejected=counts[store].rows_rejected + 1)
        ids = {name: row[name] for name in ("store_id", "transaction_id", "snapshot_id")}
        cell = BadCell(row["row"], 0, "snapshot_id", row["snapshot_id"], Fault.DUPLICATE, ids)
        entries.append(cell.reject(row["source"]))
    return replace(
        reading,
        table=reading.table.filter(pa.array(~again)),
        rejects=pa.concat_tables([reading.rejects, REJECTS.from_rows(entries)]),
        counts=counts,
    )
