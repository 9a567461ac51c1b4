"""Reads till exports and snapshot indexes: conforming rows, and every row set aside, with why.

Which files are the day's is told by :mod:`auditor.inputs.day_files`, what a row must hold by
:mod:`auditor.inputs.cells`.
"""

import hashlib
import io
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import BinaryIO

import pyarrow as pa

from auditor.errors import SourceError
from auditor.inputs.cells import Fault
from auditor.inputs.counts import SourceCounts
from auditor.inputs.day_files import SourceFile, files_of_day
from auditor.inputs.records import UnusableError, read_records
from auditor.inputs.validation import BadCell, Rejected, Request, Rows
from auditor.policy import Policy
from auditor.storage.failures import TranslatedStream, concerns_the_file
from auditor.storage.place import OutsideError, Place
from auditor.tables import REJECTS, SNAPSHOT_INDEX, TILL_LINES

INDEX_FOLDER = "index"
_KEPT = 32 << 20  # bytes up to which a file is fetched once and kept while it is read
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileHash:
    """A file that was read: its path below the address, and the hash of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Reading:
    """Some of what was read of one kind of source for one day.

    Attributes:
        table: conforming rows, TILL_LINES or SNAPSHOT_INDEX, in record order.
        rejects: REJECTS: a row for each bad cell, malformed record or unusable file.
        counts: by store, what its files held; told with the last rows of each file.
        files: the files read to their end, unusable ones included.
        unplaced_rows: rejected rows of which not even the store is known; in no store's counts.
    """

    table: pa.Table
    rejects: pa.Table
    counts: dict[str, SourceCounts]
    files: tuple[FileHash, ...] = ()
    unplaced_rows: int = 0


def read_sales(
    place: Place, day: date, policy: Policy, *, stores: Collection[str] = ()
) -> Iterator[Reading]:
    """Read the till exports of a business day: the rows sold on that day by their store's clock.

    Args:
        place: where the exports lie.
        day: the business day.
        policy: gives each store's time zone.
        stores: keep only rows of these; empty for all.

    Yields:
        File by file in the order of their paths, a large one in parts, so that neither the files'
        number nor their size matters.

    Raises:
        SourceError: there is nothing at the place, or its storage fails.
    """
    return _read(Request(TILL_LINES, "sold_at", day, policy, frozenset(stores)), place, "")


def read_snapshot_index(
    place: Place, day: date, policy: Policy, *, stores: Collection[str] = ()
) -> Iterator[Reading]:
    """Read the snapshot indexes of a business day, from the folder ``index`` below the place.

    A frame is of the day if it was taken within it, or not further from it than a frame may be
    from its sale in that store. :func:`distinct_frames` is to look at all rows of a store
    together. Arguments, what is yielded and errors are those of :func:`read_sales`.
    """
    stores = frozenset(stores)
    request = Request(SNAPSHOT_INDEX, "captured_at", day, policy, stores, margin=True)
    return _read(request, place, INDEX_FOLDER)


def distinct_frames(index: pa.Table) -> Reading:
    """Of frames of one number in one store, keep the first and set aside the others.

    Args:
        index: SNAPSHOT_INDEX, all rows of each store, file by file in record order.

    Returns:
        The frames kept, the rejects, and how many rows of each store have been set aside.
    """
    again = index.select(["store_id", "snapshot_id"]).to_pandas().duplicated().to_numpy()
    if not again.any():
        return Reading(index, REJECTS.empty(), {})
    later = index.filter(pa.array(again)).to_pylist()
    entries = []
    for row in later:
        ids = {name: row[name] for name in ("store_id", "transaction_id", "snapshot_id")}
        cell = BadCell(row["row"], 0, "snapshot_id", row["snapshot_id"], Fault.DUPLICATE, ids)
        entries.append(cell.reject(row["source"]))
    rejected = Counter(row["store_id"] for row in later)
    return Reading(
        table=index.filter(pa.array(~again)),
        rejects=REJECTS.from_rows(entries),
        counts={store: SourceCounts(rows_rejected=count) for store, count in rejected.items()},
    )


def _read(request: Request, place: Place, under: str) -> Iterator[Reading]:
    if not place.exists():
        raise SourceError(f"there is nothing at {place}: check the address and the rights to it")
    known = request.stores.union(request.policy.stores)
    for file in files_of_day(place, under, request.day, known):
        yield from _read_file(request, place, file)


def _read_file(request: Request, place: Place, file: SourceFile) -> Iterator[Reading]:
    hashes: tuple[FileHash, ...] = ()
    asked_for = request.asked_for(file.store)
    # Without a store in its path, or with one not asked for, a file as such counts for none.
    store = file.store if asked_for else None
    found = {store: SourceCounts()}
    named = file.path.encode(errors="surrogateescape").decode(errors="replace")
    try:
        if named != file.path:
            file = replace(file, path=named)
            raise UnusableError("unreadable_file", "its name is not UTF-8; rename it")  # noqa: TRY301  # told below
        content = _Content(place, file)
        hashes = (FileHash(file.path, content.sha256),)
        for part in read_records(file.path, content.open, request.wanted, request.optional):
            rejected = Rejected(file)
            if asked_for:
                for record in part.malformed:
                    rejected.add("malformed_row", record.problem, row=record.number)
                malformed = len(part.malformed)
                found[store] = found[store] + SourceCounts(
                    rows_read=malformed, rows_rejected=malformed
                )
            rows = Rows(request, file, part)
            for cell in rows.bad_cells():
                rejected.add_cell(cell)
            for of_store, counted in rows.counts().items():
                found[of_store] = found.get(of_store, SourceCounts()) + counted
            yield Reading(rows.conforming(), rejected.table(), {})
        content.check_unchanged()
    except UnusableError as error:
        rejected = Rejected(file)
        if asked_for:
            rejected.add(error.reason, error.problem, row=None, column=error.column)
        counts = {store: SourceCounts(files=1)} if store else {}
        yield Reading(request.schema.empty(), rejected.table(), counts, hashes)
        return
    one_file = SourceCounts(files=1, usable_files=1)
    yield Reading(
        table=request.schema.empty(),
        rejects=REJECTS.empty(),
        counts={s: counted + one_file for s, counted in found.items() if s},
        files=hashes,
        unplaced_rows=found[None].rows_rejected if None in found else 0,
    )


class _Content:
    """A file's bytes: kept if they are few, else fetched again each time they are asked for."""

    def __init__(self, place: Place, file: SourceFile) -> None:
        self._place, self._path = place, file.path
        with self._fetched() as stream:
            head = stream.read(_KEPT + 1)
            self._kept = head if len(head) <= _KEPT else None
            self._state = place.state(file.path) if self._kept is None else ""
            digest = hashlib.sha256(head)
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        self.sha256 = digest.hexdigest()

    def open(self) -> BinaryIO:
        """The bytes from their start on."""
        return self._fetched() if self._kept is None else io.BytesIO(self._kept)

    def check_unchanged(self) -> None:
        """Make sure that what was read is what was hashed.

        Raises:
            SourceError: it is not.
        """
        if self._kept is None and self._place.state(self._path) != self._state:
            raise SourceError(f"{self._path}: the file changed while it was read; run again")

    def _fetched(self) -> BinaryIO:
        try:
            stream = self._place.open(self._path)
            return io.BufferedReader(TranslatedStream(stream, lambda: _telling(self._path)), _CHUNK)
        except (OSError, OutsideError) as error:
            if isinstance(error, OSError) and not concerns_the_file(error):
                raise _storage_failed(self._path, error) from error
            raise UnusableError(
                "unreadable_file", f"it cannot be opened ({error}); check it, and the rights"
            ) from error


@contextmanager
def _telling(path: str) -> Iterator[None]:
    """Tell errors of the storage apart from those of what a file holds."""
    try:
        yield
    except OSError as error:
        raise _storage_failed(path, error) from error


def _storage_failed(path: str, error: OSError) -> SourceError:
    # The storage, not the file: a day with holes must not look like a finished one.
    return SourceError(f"{path}: reading failed ({error}); run again")
