"""Reads a file, or the paths of frames: conforming rows, and rejects with their reasons."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice

import numpy as np
import pyarrow as pa

from auditor.errors import NoSourceError
from auditor.inputs.content import Content
from auditor.inputs.counts import SourceCounts
from auditor.inputs.day_files import SourceFile, days_around, may_hold
from auditor.inputs.formats import base
from auditor.inputs.formats.base import Records, UnusableError
from auditor.inputs.mapped import as_ours, format_of, missing_columns, wanted_columns
from auditor.inputs.notes import Notes, Pictures
from auditor.inputs.records import parse, read_records
from auditor.inputs.rejects import LOST_SHEET, Rejects
from auditor.inputs.request import Request
from auditor.inputs.validation import Reach, Rows
from auditor.mapping import Entry
from auditor.storage.place import Place
from auditor.tables import INPUT_NOTES, REJECTS, TILL_LINES

_Counts = defaultdict[str | None, SourceCounts]


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


def keys_of(files: Iterable[FileHash]) -> dict[str, frozenset[str]]:
    """By path, what tells the transactions of a file apart, of those whose mapping says so."""
    return {file.path: file.key for file in files if file.key is not None}


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
    unusable: str | None = None  # why nothing of the file, or of some of its sheets, could be used
    reach: Reach = field(default_factory=Reach)
    cut: bool = False  # whether a query has more rows than it was asked for


def read_file(request: Request, place: Place, file: SourceFile) -> Iterator[Reading]:
    """Read a file of the day; one that cannot be used at all is a reject of its own."""
    hashes: tuple[FileHash, ...] = ()
    wanted = request.wants_store(file.store)
    # A file whose path names no store, or one that is not wanted, is in no store's counts.
    store = file.store if wanted else None
    found, notes = _Counts(SourceCounts, {store: SourceCounts()}), Notes(file)
    try:
        content = _content(place, file)
        hashes = (_hashed(file, content),)
        columns, form = wanted_columns(file.entry, request.wanted), format_of(file)
        records = 0
        for part in read_records(file.path, content.open, columns, form):
            records += len(part.numbers) + len(part.malformed)
            missing = missing_columns(file.entry, part)
            ours, unnamed = as_ours(part, file, request.wanted, request.day)
            notes.add(ours, missing, unnamed)
            notes.add_left_out(len(part.numbers) - len(ours.numbers))
            rows = Rows(request, file, ours)
            rejects = Rejects(file, rows.bad_cells())
            malformed = part.malformed if wanted else ()
            for record in malformed:
                rejects.add("malformed_row", record.problem, row=record.number)
            lost = part.lost_sheets if wanted else ()
            for problem in lost:
                rejects.add(LOST_SHEET, problem, row=None)
            found[store] += SourceCounts(rows_read=len(malformed), rows_rejected=len(malformed))
            counted = rows.counts()
            _add(found, counted)
            notes.add_local(rows, counted)
            said = "; ".join(f"{file.path}: {problem}" for problem in lost) or None
            yield Reading(rows.conforming(), rejects.table(), {}, unusable=said, reach=rows.reach)
        content.check_unchanged()
        if not records and request.schema is TILL_LINES:
            notes.add_empty()
    except UnusableError as error:
        shown = _shown(file.path)
        rejects = Rejects(replace(file, path=shown))
        if wanted:
            rejects.add(error.reason, error.problem, row=None, column=error.column)
        counts = {store: SourceCounts(files=1)} if store else {}
        said = f"{shown}: {error.problem}" if wanted else None
        yield Reading(request.schema.empty(), rejects.table(), counts, hashes, unusable=said)
        return
    last = _last(request, found, hashes)
    yield replace(last, notes=notes.table()) if wanted else last


def look_into(request: Request, place: Place, file: SourceFile) -> Iterator[Reading]:
    """Take from a file of the day before or after what concerns this day.

    It is parsed once, and its own faults are not reported: the run of its day reports them. It
    counts as an export of this day for the stores most of whose rows in it are this day's: some
    tills name their files by the morning after.
    """
    kept: list[Records] = []
    all_rows: Counter[str] = Counter()
    damaged = False
    try:
        content = _content(place, file)
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
    used: tuple[FileHash, ...] = (_hashed(file, content),)
    for part in kept:
        if not len(part.numbers):
            continue
        rows = Rows(request, file, replace(part, damaged=damaged))
        rejects = Rejects(file, rows.bad_cells())
        counts = {store: counted for store, counted in rows.counts().items() if store}
        found.update({store: counted.rows_read for store, counted in counts.items()})
        yield Reading(rows.conforming(), rejects.table(), counts, used, reach=rows.reach)
        used = ()
    mostly = {store for store, rows_read in found.items() if 2 * rows_read > all_rows[store]}
    if mostly:
        counts = dict.fromkeys(sorted(mostly), SourceCounts(files=1, usable_files=1))
        yield Reading(request.schema.empty(), REJECTS.empty(), counts)


def read_frames(
    request: Request, place: Place, entry: Entry, entries: Sequence[Entry] = ()
) -> Iterator[Reading]:
    """Read the names of frames that have no index; they count as one file of each store.

    ``entries`` are all of the mapping for frames: pictures that none of them fits are noted if they
    are most. Without them, nothing is.
    """
    check_exists(place)
    file = SourceFile(entry.pattern.text, None, None, entry)
    digest, found = hashlib.sha256(), _Counts(SourceCounts)
    pictures = Pictures(entry.pattern, [each.pattern for each in entries])
    for part, path in named_frames(place, entry, request.day, pictures):
        ours, _ = as_ours(part, replace(file, values=path), request.wanted, request.day)
        rows = Rows(request, file, ours)
        rejects = Rejects(file, rows.bad_cells())
        _add(found, rows.counts())
        table = rows.conforming()
        for name in table["path"].to_pylist():
            digest.update(f"{name}\n".encode())
        yield Reading(table, rejects.table(), {}, reach=rows.reach)
    if entries and entry.pattern.folder and not pictures.fitting and not pictures.left_out:
        for name in _near(place, "", request.day):  # its folder may be wrong
            pictures.fits(name)
    last = _last(request, found, (FileHash(file.path, digest.hexdigest()),) if found else ())
    yield replace(last, notes=pictures.notes())


def named_frames(
    place: Place, entry: Entry, day: date, pictures: Pictures | None = None
) -> Iterator[tuple[Records, dict[str, pa.Array]]]:
    """Yield the frames whose paths fit an entry's pattern, and what the paths say by placeholder.

    The records have the columns ``snapshot_id``, ``path`` and ``captured_at`` of the index, and are
    numbered in the order of their paths. Folders that name only days other than ``day`` and its
    neighbours are not entered. ``pictures`` counts what lies there.
    """
    pattern = entry.pattern
    fits = pictures.fits if pictures else pattern.match
    found = _near(place, pattern.folder, day)
    fitting = ((path, said) for path in found if (said := fits(path)) is not None)
    number = base.FIRST_RECORD
    while some := list(islice(fitting, base.PART_ROWS)):
        paths = pa.array([path.encode(errors="replace").decode() for path, _ in some])
        values = {name: pa.array([said[name] for _, said in some]) for name in pattern.placeholders}
        if "time" in values:
            values["time"] = pattern.joined_time(values)
        if "day" in values:
            values["day"] = pattern.iso("day", values["day"])
        columns = {"snapshot_id": paths, "path": paths, "captured_at": values.get("time")}
        cells = pa.table({name: text for name, text in columns.items() if text is not None})
        yield Records(cells, np.arange(number, number + len(some), dtype=np.int64)), values
        number += len(some)


def _near(place: Place, folder: str, day: date) -> Iterator[str]:
    """The files below a folder, but in folders that name only other days than those around one."""
    near = days_around(day)
    return iter(place.files(folder, enter=lambda name: may_hold(name, near)))


def _content(place: Place, file: SourceFile) -> Content:
    """The file's bytes.

    Raises:
        UnusableError: its path cannot be written down, nothing reads it, or it cannot be opened.
    """
    if _shown(file.path) != file.path:
        raise UnusableError("unreadable_file", "its name is not UTF-8; rename it")
    if file.problem is not None:
        raise UnusableError("unreadable_file", file.problem)
    return Content(place, file.path)


def _shown(path: str) -> str:
    return path.encode(errors="surrogateescape").decode(errors="replace")


def _hashed(file: SourceFile, content: Content) -> FileHash:
    key = frozenset(file.entry.key) if file.entry else None
    return FileHash(file.path, content.sha256, file.own, key)


def check_exists(place: Place) -> None:
    """Check that there is something at a place.

    Raises:
        NoSourceError: there is nothing.
    """
    if not place.exists():
        raise NoSourceError(f"there is nothing at {place}: check the address and the rights to it")


def _add(found: _Counts, more: Mapping[str | None, SourceCounts]) -> None:
    for store, counted in more.items():
        found[store] += counted


def _last(request: Request, found: _Counts, files: tuple[FileHash, ...]) -> Reading:
    """What is given of a usable file once, after its rows."""
    one_file = SourceCounts(files=1, usable_files=1)
    return Reading(
        table=request.schema.empty(),
        rejects=REJECTS.empty(),
        counts={store: counted + one_file for store, counted in found.items() if store},
        files=files,
        unplaced_rows=found[None].rows_rejected,
    )
