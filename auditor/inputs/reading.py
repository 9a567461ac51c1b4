"""Reads till exports and snapshot indexes: conforming rows, and rejects with their reasons.

:mod:`auditor.inputs.day_files` says which files belong to a day, :mod:`auditor.inputs.cells` what a
cell may hold.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain

import numpy as np
import pyarrow as pa

from auditor.inputs.counts import SourceCounts
from auditor.inputs.day_files import SourceFile, files_of_day
from auditor.inputs.faults import Fault
from auditor.inputs.files import Reading, check_exists, look_into, read_file, read_frames
from auditor.inputs.formats.sql import Query, extract, sample
from auditor.inputs.notes import missing_file
from auditor.inputs.rejects import BadCell
from auditor.inputs.request import Request
from auditor.mapping import Entry, MappingOfDay
from auditor.policy import Policy
from auditor.storage.place import Place
from auditor.tables import REJECTS, SNAPSHOT_INDEX, TILL_LINES

INDEX_FOLDER = "index"


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
    mapping says how the exports are written, those of the day before and after by what holds then;
    without one they have the audit's own columns. What it takes from databases is extracted into
    ``out``, once, and read there; with ``most_queried``, only so many rows of each query, to look
    at them.

    Yields:
        The files in the order of their paths, a large one in parts, so that memory depends neither
        on the number of files nor on their size.

    Raises:
        SourceError: there is nothing at the place, or its storage or a database fails.
        ConfigurationError: an address or a query of the mapping is wrong.
    """
    request = Request(TILL_LINES, "sold_at", day, policy, frozenset(stores))
    entries = mapping.sales if mapping else ()
    beside = {other: held.sales for other, held in mapping.beside.items()} if mapping else {}
    found: set[str] = set()
    of_files, queries = _of_files(entries), _queries(entries)
    near = {other: _of_files(held) for other, held in beside.items() if _of_files(held) or not held}
    own = bool(of_files) or not entries
    files = _read(request, place, "", of_files, near, found, own=own) if own or near else ()
    asked = {request.day + timedelta(days=away): queries for away in (0, -1, 1)}
    asked |= {other: _queries(held) for other, held in beside.items()}
    extracts = _read_queries(request, out, asked, most_queried) if out else ()
    return chain(files, _without_files(request, place, of_files, found), extracts)


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
    beside = {other: held.snapshots for other, held in mapping.beside.items()} if mapping else {}
    frames = [entry for entry in entries if entry.frames is not None]
    indexes = _by_folder(entries)
    near = {other: _by_folder(held) for other, held in beside.items()}
    found: set[str] = set()
    return chain(
        *(
            _read(
                request,
                place,
                folder,
                indexes.get(folder, ()),
                {other: held[folder] for other, held in near.items() if folder in held},
                found,
                own=folder in indexes,
            )
            for folder in dict.fromkeys(chain(indexes, *near.values()))
        ),
        _without_files(request, place, [*chain.from_iterable(indexes.values())], found),
        # Where an index names the frames, a pattern need not fit them.
        *(read_frames(request, place, entry, () if indexes else frames) for entry in frames),
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


def _of_files(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.format != "sql"]


def _queries(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.format == "sql"]


def _by_folder(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Entries of indexes by the folder below which they look; without any, the audit's own."""
    found: dict[str, list[Entry]] = {} if entries else {INDEX_FOLDER: []}
    for entry in entries:
        if entry.files is not None:
            found.setdefault(entry.pattern.folder, []).append(entry)
    return found


def _read(  # noqa: PLR0913, PLR0917  # as files_of_day
    request: Request,
    place: Place,
    under: str,
    entries: Sequence[Entry],
    beside: Mapping[date, Sequence[Entry]],
    found: set[str],
    *,
    own: bool,
) -> Iterator[Reading]:
    """Read the files below a folder; into ``found`` go the patterns of which the day has files.

    Arguments as for :func:`files_of_day`; ``own`` is false where the day itself has none.
    """
    check_exists(place)
    known = request.stores.union(request.policy.stores)
    for file in files_of_day(place, under, request.day, known, entries, beside):
        if not file.own:
            yield from look_into(request, place, file)
        elif own:
            if file.entry and file.entry.files:
                found.add(file.entry.files)
            yield from read_file(request, place, file)


def _without_files(
    request: Request, place: Place, entries: Sequence[Entry], found: Collection[str]
) -> Iterator[Reading]:
    """Note the entries of which the day has no file, while it has files of others.

    It is to be read after those, which add their patterns to ``found``. An address that is a file
    itself has no other ones.
    """
    if not found or place.single_file:
        return
    for entry in entries:
        if entry.files and entry.files not in found and not (entry.optional or entry.ignore):
            notes = missing_file(entry.files)
            yield Reading(request.schema.empty(), REJECTS.empty(), {}, notes=notes)


def _read_queries(
    request: Request, out: Place, asked: Mapping[date, Sequence[Entry]], most: int | None
) -> Iterator[Reading]:
    """Read what databases give for the day, as it was when that was first asked for.

    What they give for the days before and after is looked through for sales over the day's ends.
    """
    for day, entries in asked.items():
        own = day == request.day
        for entry in entries:
            text = entry.query or ""
            if not own and ":day" not in text:
                continue
            query = Query(text, entry.database, entry.password_env, entry.connection)
            if most is None:
                path, cut = extract(query, day, out, audited=request.day), False
            else:
                path, cut = sample(query, day, out, most)
            file = SourceFile(path, None, None, entry, own=own)
            yield from read_file(request, out, file) if own else look_into(request, out, file)
            if cut:
                yield Reading(request.schema.empty(), REJECTS.empty(), {}, cut=True)
