"""Reads till exports and snapshot indexes: conforming rows, and rejects with their reasons.

:mod:`auditor.inputs.day_files` says which files belong to a day, :mod:`auditor.inputs.cells` what a
cell may hold.
"""

import hashlib
import io
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from auditor.errors import NoSourceError, SourceError
from auditor.inputs.cells import Fault
from auditor.inputs.counts import SourceCounts
from auditor.inputs.day_files import SourceFile, files_of_day
from auditor.inputs.formats.base import Records, UnusableError
from auditor.inputs.records import parse, read_records
from auditor.inputs.rejects import BadCell, Rejects
from auditor.inputs.validation import Request, Rows
from auditor.policy import Policy
from auditor.storage.failures import TranslatedStream, concerns_the_file
from auditor.storage.place import OutsideError, Place
from auditor.tables import INPUT_NOTES, REJECTS, SNAPSHOT_INDEX, TILL_LINES

INDEX_FOLDER = "index"
#: Bytes up to which a file is fetched once and kept while it is read.
KEPT_BYTES = 32 << 20
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileHash:
    """A file that was read: its path below the address, and the hash of its bytes.

    ``own`` is false of a file of the day before or after.
    """

    path: str
    sha256: str
    own: bool = True


@dataclass(frozen=True)
class Reading:
    """A part of what one kind of source holds for one day."""

    table: pa.Table  # conforming rows, TILL_LINES or SNAPSHOT_INDEX, in record order
    rejects: pa.Table  # REJECTS: a row for each bad cell, malformed record or unusable file
    counts: dict[str, SourceCounts]  # by store; given once, after the last rows of a file
    #: Those read to their end, unusable ones included; of the days beside it those that gave rows.
    files: tuple[FileHash, ...] = ()
    unplaced_rows: int = 0  # rejected rows whose store is unknown; in no store's counts
    notes: pa.Table = field(default_factory=INPUT_NOTES.empty)  # what was noticed, and costs no row


def read_sales(
    place: Place, day: date, policy: Policy, *, stores: Collection[str] = ()
) -> Iterator[Reading]:
    """Read the till exports of a business day: its rows, and those that its sales may reach.

    A row is of the day that its till wrote, or else that of its store's clock; the policy says when
    the day ends, and how far from it a row is read besides. So the exports of the day before and of
    the day after are looked through as well. Only rows of ``stores`` are kept; empty for all.

    Yields:
        The files in the order of their paths, a large one in parts, so that memory depends neither
        on the number of files nor on their size.

    Raises:
        SourceError: there is nothing at the place, or its storage fails.
    """
    return _read(Request(TILL_LINES, "sold_at", day, policy, frozenset(stores)), place, "")


def read_snapshot_index(
    place: Place, day: date, policy: Policy, *, stores: Collection[str] = ()
) -> Iterator[Reading]:
    """Read the snapshot indexes of a business day, from the folder ``index`` below the place.

    Frames of the hours around it are read as well, as rows of sales are. Pass all rows of a store
    together to :func:`distinct_frames`. Arguments, yields and errors are those of
    :func:`read_sales`.
    """
    request = Request(SNAPSHOT_INDEX, "captured_at", day, policy, frozenset(stores))
    return _read(request, place, INDEX_FOLDER)


def distinct_frames(index: pa.Table, day: date, policy: Policy) -> Reading:
    """Keep the first of the frames that share a number in a store and day, and reject the others.

    Args:
        index: SNAPSHOT_INDEX, all rows of each store, file by file in record order.
        day: the business day; frames of the days beside it are passed over without a reject.
        policy: says when the days of each store end.

    Returns:
        The frames kept, the rejects, and by store how many rows were rejected.
    """
    frames = index.select(["store_id", "snapshot_id"]).to_pandas()
    clock = {store: policy.rules(day, store).window(day) for store in frames["store_id"].unique()}
    starts = np.array([clock[store] for store in frames["store_id"]], np.int64).reshape(-1, 2)
    taken = index["captured_at"].cast(pa.int64()).to_numpy()
    frames["day"] = (taken[:, None] >= starts).sum(axis=1)
    again = frames.duplicated().to_numpy()
    if not again.any():
        return Reading(index, REJECTS.empty(), {})
    later = index.filter(pa.array(again & (frames["day"] == 1).to_numpy())).to_pylist()
    entries = []
    for row in later:
        ids = {name: row[name] for name in ("store_id", "transaction_id", "snapshot_id")}
        cell = BadCell(row["row"], 0, "snapshot_id", row["snapshot_id"], Fault.DUPLICATE, ids)
        entries.append(cell.as_reject(row["source"]))
    rejected = Counter(row["store_id"] for row in later)
    return Reading(
        table=index.filter(pa.array(~again)),
        rejects=REJECTS.from_rows(entries),
        counts={store: SourceCounts(rows_rejected=count) for store, count in rejected.items()},
    )


def _read(request: Request, place: Place, under: str) -> Iterator[Reading]:
    if not place.exists():
        raise NoSourceError(f"there is nothing at {place}: check the address and the rights to it")
    known = request.stores.union(request.policy.stores)
    for file in files_of_day(place, under, request.day, known):
        yield from _read_file(request, place, file) if file.own else _look(request, place, file)


def _look(request: Request, place: Place, file: SourceFile) -> Iterator[Reading]:
    """Take from a file of the day before or after what concerns this day.

    It is parsed once, and its own faults are not told: the run of its day tells them. It counts as
    an export of this day for the stores most of whose rows in it are this day's: some tills name
    their files by the morning after.
    """
    kept: list[Records] = []
    all_rows: Counter[str] = Counter()
    damaged = False
    try:
        content = _Content(place, _readable(file))
        for part in parse(file.path, content.open, request.wanted, request.optional):
            rows = Rows(request, file, part)
            kept.append(rows.records)
            all_rows += rows.records_of
            damaged |= part.damaged
        content.check_unchanged()
    except UnusableError:
        return
    found: Counter[str] = Counter()
    used: tuple[FileHash, ...] = (FileHash(file.path, content.sha256, own=False),)
    for part in kept:
        if not len(part.numbers):
            continue
        rows = Rows(request, file, replace(part, damaged=damaged))
        rejects = Rejects(file)
        for cell in rows.bad_cells():
            rejects.add_cell(cell)
        counts = {store: counted for store, counted in rows.counts().items() if store}
        found.update({store: counted.rows_read for store, counted in counts.items()})
        yield Reading(rows.conforming(), rejects.table(), counts, used)
        used = ()
    mostly = {store for store, rows_read in found.items() if 2 * rows_read > all_rows[store]}
    if mostly:
        counts = dict.fromkeys(sorted(mostly), SourceCounts(files=1, usable_files=1))
        yield Reading(request.schema.empty(), REJECTS.empty(), counts)


def _readable(file: SourceFile) -> SourceFile:
    """The file.

    Raises:
        UnusableError: its path cannot be written down.
    """
    if file.path.encode(errors="surrogateescape").decode(errors="replace") != file.path:
        raise UnusableError("unreadable_file", "its name is not UTF-8; rename it")
    return file


def _read_file(request: Request, place: Place, file: SourceFile) -> Iterator[Reading]:
    hashes: tuple[FileHash, ...] = ()
    wanted = request.wants_store(file.store)
    # A file whose path names no store, or one that is not wanted, is in no store's counts.
    store = file.store if wanted else None
    found = {store: SourceCounts()}
    shown = file.path.encode(errors="surrogateescape").decode(errors="replace")
    try:
        content = _Content(place, _readable(file))
        hashes = (FileHash(file.path, content.sha256),)
        for part in read_records(file.path, content.open, request.wanted, request.optional):
            rejects = Rejects(file)
            if wanted:
                for record in part.malformed:
                    rejects.add("malformed_row", record.problem, row=record.number)
                malformed = len(part.malformed)
                found[store] = found[store] + SourceCounts(
                    rows_read=malformed, rows_rejected=malformed
                )
            rows = Rows(request, file, part)
            for cell in rows.bad_cells():
                rejects.add_cell(cell)
            for of_store, counted in rows.counts().items():
                found[of_store] = found.get(of_store, SourceCounts()) + counted
            yield Reading(rows.conforming(), rejects.table(), {})
        content.check_unchanged()
    except UnusableError as error:
        rejects = Rejects(replace(file, path=shown))
        if wanted:
            rejects.add(error.reason, error.problem, row=None, column=error.column)
        counts = {store: SourceCounts(files=1)} if store else {}
        yield Reading(request.schema.empty(), rejects.table(), counts, hashes)
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
    """A file's bytes: kept if they are few, else fetched again on each :meth:`open`."""

    def __init__(self, place: Place, file: SourceFile) -> None:
        self._place, self._path = place, file.path
        with self._fetched() as stream:
            head = stream.read(KEPT_BYTES + 1)
            self._kept = head if len(head) <= KEPT_BYTES else None
            self._state = place.state(file.path) if self._kept is None else ""
            digest = hashlib.sha256(head)
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        self.sha256 = digest.hexdigest()

    def open(self) -> BinaryIO:
        """The content, from its start."""
        return self._fetched() if self._kept is None else io.BytesIO(self._kept)

    def check_unchanged(self) -> None:
        """Check that the file did not change after it was hashed.

        Raises:
            SourceError: it did.
        """
        if self._kept is None and self._place.state(self._path) != self._state:
            raise SourceError(f"{self._path}: the file changed while it was read; run again")

    def _fetched(self) -> BinaryIO:
        try:
            stream = self._place.open(self._path)
            return io.BufferedReader(TranslatedStream(stream, lambda: _reading(self._path)), _CHUNK)
        except (OSError, OutsideError) as error:
            if isinstance(error, OSError) and not concerns_the_file(error):
                raise _storage_failed(self._path, error) from error
            raise UnusableError(
                "unreadable_file", f"it cannot be opened ({error}); check it, and the rights"
            ) from error


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """Turn storage errors into SourceError, so that other OSErrors are the content's fault."""
    try:
        yield
    except OSError as error:
        raise _storage_failed(path, error) from error


def _storage_failed(path: str, error: OSError) -> SourceError:
    # Not a reject: the storage failed, and a day with gaps must not look like a finished one.
    return SourceError(f"{path}: reading failed ({error}); run again")
