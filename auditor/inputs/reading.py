"""Reads till exports and snapshot indexes: conforming rows, and rejects with their reasons.

:mod:`auditor.inputs.day_files` says which files belong to a day, :mod:`auditor.inputs.cells` what a
cell may hold.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import chain

import numpy as np
import pyarrow as pa

from auditor.errors import NoSourceError
from auditor.inputs.content import Content
from auditor.inputs.counts import SourceCounts
from auditor.inputs.day_files import SourceFile, files_of_day
from auditor.inputs.faults import Fault
from auditor.inputs.formats.base import Records, UnusableError
from auditor.inputs.formats.sql import Query, extract, sample
from auditor.inputs.frame_files import named_frames
from auditor.inputs.mapped import as_ours, format_of, missing_columns, wanted_columns
from auditor.inputs.notes import Notes
from auditor.inputs.records import parse, read_records
from auditor.inputs.rejects import BadCell, Rejects
from auditor.inputs.validation import Reach, Request, Rows
from auditor.mapping import Entry, MappingOfDay
from auditor.policy import Policy
from auditor.storage.place import Place
from auditor.tables import INPUT_NOTES, REJECTS, SNAPSHOT_INDEX, TILL_LINES

INDEX_FOLDER = "index"


@dataclass(frozen=True, slots=True)
class FileHash:
    """A file that was read: its path below the address, and the hash of its bytes.

    ``own`` is false of a file of the day before or after. ``key`` is what tells its transactions
    apart, where a mapping says so.
    """

    path: str
    sha256: str
    own: bool = True
    key: frozenset[str] | None = None


@dataclass(frozen=True)
class Reading:
    """A part of what one kind of source holds for one day."""

    table: pa.Table  # conforming rows, TILL_LINES or SNAPSHOT_INDEX, in record order
    rejects: pa.Table  # REJECTS: a row for each bad cell, malformed record or unusable file
    counts: dict[str, SourceCounts]  # by store; given once, after the last rows of a file
    #: Those read to their end, unusable ones included; of the days beside it those that gave rows.
    files: tuple[FileHash, ...] = ()
    unplaced_rows: int = 0  # rejected rows whose store is unknown; in no store's counts
    notes: pa.Table = field(default_factory=INPUT_NOTES.empty)  # given once, as the counts
    unusable: str | None = None  # why nothing of the file could be used
    reach: Reach = field(default_factory=Reach)
    cut: bool = False  # whether a query has more rows than it was asked for


def read_sales(  # noqa: PLR0913  # what a day's exports depend on
    place: Place,
    day: date,
    policy: Policy,
    *,
    stores: Collection[str] = (),
    mapping: MappingOfDay | None = None,
    out: Place | None = None,
    most_queried: int | None = None,
) -> Iterator[Reading]:
    """Read the till exports of a business day: its rows, and those that its sales may reach.

    A row is of the day that its till wrote, or else that of its store's clock; the policy says when
    the day ends, and how far from it a row is read besides. So the exports of the day before and of
    the day after are looked through as well. Only rows of ``stores`` are kept; empty for all. The
    mapping says how the exports are written; without one they have the audit's own columns. What
    it takes from databases is extracted into ``out``, once, and read there; with ``most_queried``,
    only so many rows of each query, to look at them.

    Yields:
        The files in the order of their paths, a large one in parts, so that memory depends neither
        on the number of files nor on their size.

    Raises:
        SourceError: there is nothing at the place, or its storage or a database fails.
        ConfigurationError: an address or a query of the mapping is wrong.
    """
    request = Request(TILL_LINES, "sold_at", day, policy, frozenset(stores))
    entries = mapping.sales if mapping else ()
    of_files = [entry for entry in entries if entry.format != "sql"]
    queries = [entry for entry in entries if entry.format == "sql"]
    extracts = (_read_query(request, out, entry, most_queried) for entry in queries if out)
    files = () if entries and not of_files else _read(request, place, "", of_files)
    return chain(files, *extracts)


def read_snapshot_index(
    place: Place,
    day: date,
    policy: Policy,
    *,
    stores: Collection[str] = (),
    mapping: MappingOfDay | None = None,
) -> Iterator[Reading]:
    """Read the snapshot indexes of a business day, from the folder ``index`` below the place.

    A mapping may name other files, or the frames themselves where they have no index. Frames of the
    hours around the day are read as well, as rows of sales are. Pass all rows of a store together
    to :func:`distinct_frames`. Arguments, yields and errors are those of :func:`read_sales`.
    """
    request = Request(SNAPSHOT_INDEX, "captured_at", day, policy, frozenset(stores))
    entries = mapping.snapshots if mapping else ()
    if not entries:
        return _read(request, place, INDEX_FOLDER)
    indexes = [entry for entry in entries if entry.files is not None]
    folders = dict.fromkeys(entry.pattern.folder for entry in indexes)
    return chain(
        *(
            _read(request, place, folder, [e for e in indexes if e.pattern.folder == folder])
            for folder in folders
        ),
        *(_read_frames(request, place, entry) for entry in entries if entry.frames is not None),
    )


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


def _read(
    request: Request, place: Place, under: str, entries: Sequence[Entry] = ()
) -> Iterator[Reading]:
    if not place.exists():
        raise NoSourceError(f"there is nothing at {place}: check the address and the rights to it")
    known = request.stores.union(request.policy.stores)
    for file in files_of_day(place, under, request.day, known, entries):
        yield from _read_file(request, place, file) if file.own else _look(request, place, file)


def _look(request: Request, place: Place, file: SourceFile) -> Iterator[Reading]:
    """Take from a file of the day before or after what concerns this day.

    It is parsed once, and its own faults are not reported: the run of its day reports them. It
    counts as an export of this day for the stores most of whose rows in it are this day's: some
    tills name their files by the morning after.
    """
    kept: list[Records] = []
    all_rows: Counter[str] = Counter()
    damaged = False
    try:
        content = Content(place, _readable(file).path)
        columns, form = wanted_columns(file.entry, request.wanted), format_of(file)
        for part in parse(file.path, content.open, columns, form):
            ours, _ = as_ours(part, file, request.wanted, request.day)
            rows = Rows(request, file, ours)
            kept.append(rows.records)
            all_rows += rows.records_of
            damaged |= part.damaged
        content.check_unchanged()
    except UnusableError:
        return
    found: Counter[str] = Counter()
    used: tuple[FileHash, ...] = (FileHash(file.path, content.sha256, own=False, key=_key(file)),)
    for part in kept:
        if not len(part.numbers):
            continue
        rows = Rows(request, file, replace(part, damaged=damaged))
        rejects = Rejects(file)
        for cell in rows.bad_cells():
            rejects.add_cell(cell)
        counts = {store: counted for store, counted in rows.counts().items() if store}
        found.update({store: counted.rows_read for store, counted in counts.items()})
        yield Reading(rows.conforming(), rejects.table(), counts, used, reach=rows.reach)
        used = ()
    mostly = {store for store, rows_read in found.items() if 2 * rows_read > all_rows[store]}
    if mostly:
        counts = dict.fromkeys(sorted(mostly), SourceCounts(files=1, usable_files=1))
        yield Reading(request.schema.empty(), REJECTS.empty(), counts)


def _key(file: SourceFile) -> frozenset[str] | None:
    return frozenset(file.entry.key) if file.entry else None


def _readable(file: SourceFile) -> SourceFile:
    """The file.

    Raises:
        UnusableError: its path cannot be written down, or nothing reads it.
    """
    if file.path.encode(errors="surrogateescape").decode(errors="replace") != file.path:
        raise UnusableError("unreadable_file", "its name is not UTF-8; rename it")
    if file.problem is not None:
        raise UnusableError("unreadable_file", file.problem)
    return file


def _read_file(request: Request, place: Place, file: SourceFile) -> Iterator[Reading]:
    hashes: tuple[FileHash, ...] = ()
    wanted = request.wants_store(file.store)
    # A file whose path names no store, or one that is not wanted, is in no store's counts.
    store = file.store if wanted else None
    found, notes = {store: SourceCounts()}, Notes(file)
    shown = file.path.encode(errors="surrogateescape").decode(errors="replace")
    try:
        content = Content(place, _readable(file).path)
        hashes = (FileHash(file.path, content.sha256, key=_key(file)),)
        columns, form = wanted_columns(file.entry, request.wanted), format_of(file)
        for part in read_records(file.path, content.open, columns, form):
            rejects = Rejects(file)
            missing = missing_columns(file.entry, part)
            ours, unnamed = as_ours(part, file, request.wanted, request.day)
            notes.add(ours, missing, unnamed)
            if wanted:
                for record in part.malformed:
                    rejects.add("malformed_row", record.problem, row=record.number)
                malformed = len(part.malformed)
                found[store] = found[store] + SourceCounts(
                    rows_read=malformed, rows_rejected=malformed
                )
            rows = Rows(request, file, ours)
            for cell in rows.bad_cells():
                rejects.add_cell(cell)
            counted = rows.counts()
            _add(found, counted)
            notes.add_local(rows, counted)
            yield Reading(rows.conforming(), rejects.table(), {}, reach=rows.reach)
        content.check_unchanged()
    except UnusableError as error:
        rejects = Rejects(replace(file, path=shown))
        if wanted:
            rejects.add(error.reason, error.problem, row=None, column=error.column)
        counts = {store: SourceCounts(files=1)} if store else {}
        said = f"{shown}: {error.problem}" if wanted else None
        yield Reading(request.schema.empty(), rejects.table(), counts, hashes, unusable=said)
        return
    one_file = SourceCounts(files=1, usable_files=1)
    yield Reading(
        table=request.schema.empty(),
        rejects=REJECTS.empty(),
        counts={s: counted + one_file for s, counted in found.items() if s},
        files=hashes,
        unplaced_rows=found[None].rows_rejected if None in found else 0,
        notes=notes.table() if wanted else INPUT_NOTES.empty(),
    )


def _read_query(request: Request, out: Place, entry: Entry, most: int | None) -> Iterator[Reading]:
    """Read what a database gives for the day, as it was when that was first asked for.

    What it gives for the days before and after is looked through for sales over the day's ends.
    """
    query = Query(entry.query or "", entry.database, entry.password_env, entry.connection)
    for away in (0, -1, 1) if ":day" in query.text else (0,):
        day = request.day + timedelta(days=away)
        if most is None:
            path, cut = extract(query, day, out, audited=request.day), False
        else:
            path, cut = sample(query, day, out, most)
        file = SourceFile(path, dated=False, store=None, entry=entry, own=not away)
        yield from _look(request, out, file) if away else _read_file(request, out, file)
        if cut:
            yield Reading(request.schema.empty(), REJECTS.empty(), {}, cut=True)


def _add(found: dict[str | None, SourceCounts], more: dict[str | None, SourceCounts]) -> None:
    for store, counted in more.items():
        found[store] = found.get(store, SourceCounts()) + counted


def _read_frames(request: Request, place: Place, entry: Entry) -> Iterator[Reading]:
    """Read the names of frames that have no index; they count as one file of each store."""
    if not place.exists():
        raise NoSourceError(f"there is nothing at {place}: check the address and the rights to it")
    file = SourceFile(entry.pattern.text, dated=False, store=None, entry=entry)
    digest, found = hashlib.sha256(), dict[str | None, SourceCounts]()
    for part, path in named_frames(place, entry, request.day):
        ours, _ = as_ours(part, replace(file, values=path), request.wanted, request.day)
        rows, rejects = Rows(request, file, ours), Rejects(file)
        for cell in rows.bad_cells():
            rejects.add_cell(cell)
        _add(found, rows.counts())
        table = rows.conforming()
        for name in table["path"].to_pylist():
            digest.update(f"{name}\n".encode())
        yield Reading(table, rejects.table(), {}, reach=rows.reach)
    one_file = SourceCounts(files=1, usable_files=1)
    yield Reading(
        table=request.schema.empty(),
        rejects=REJECTS.empty(),
        counts={store: counted + one_file for store, counted in found.items() if store},
        files=(FileHash(file.path, digest.hexdigest()),) if found else (),
        unplaced_rows=found[None].rows_rejected if None in found else 0,
    )
