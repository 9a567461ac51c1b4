"""Which files below an address belong to a business day.

Files of the known formats are taken in the order of their paths. A file belongs to the day if its
path names it (``2026-03-01`` or ``20260301``, in a folder or in its own name). One that names
several may hold rows of any day from the first to the last: the others may be those of its export
or delivery, or the ends of its period. A file of the day before or after is a neighbour: it may
hold rows that belong to the day, or to a sale that runs over its ends. A file that names only other
days is not opened, nor is a folder, unless it was delivered within a week. A file whose path names
no day, or that the address itself points to, may hold rows of any day.

Where a mapping says which files there are, the first of its entries that fits a file's path reads
it, and the entry's ``{day}`` and ``{store}`` say what day and store the path names. A file that
names the day and that nothing reads is yielded with that as its problem. A neighbour is read by the
mapping of its own day.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from types import MappingProxyType

import pyarrow as pa

from auditor.inputs.formats import FORMATS
from auditor.inputs.formats.base import MAP_IT
from auditor.mapping import Entry, Pattern
from auditor.mapping.patterns import compiled
from auditor.policy import STORE_ID_PATTERN
from auditor.storage.place import Place

_SUFFIXES = tuple(suffix for known in FORMATS for suffix in known.suffixes)
#: Ends of the names of files that may be exports, and that only a mapping can explain.
_DATA_SUFFIXES = (
    *(".zip", ".7z", ".mdb", ".dbf", ".db", ".sqlite", ".sqlite3", ".avro", ".orc", ".feather"),
    *(
        f".{name}{packed}"
        for name in (
            *("csv", "txt", "tsv", "tab", "dat", "asc", "xls", "xlsx", "xlsm", "ods", "xml"),
            *("json", "jsonl", "ndjson"),
        )
        for packed in ("", ".gz", ".zip", ".zst", ".bz2", ".xz")
    ),
)
_NO_ENTRY = (
    "no entry of the mapping fits its path: add one, or one with ignore = true if it is no export"
)
_DOCUMENT = (
    "; if it is one JSON document, jq -c '.[]' FILE.json > FILE.jsonl makes lines of its list"
)
#: What programs leave beside a file that is open; names that begin with a point are none anyway.
_LEFTOVER = re.compile(r"(?:\A|/)(?:~\$[^/]*|#[^/]*#|[^/]*~)\Z")
_DATE = re.compile(r"(?<!\d)(?:\d{4}-\d{2}-\d{2}|\d{8})(?!\d)", re.ASCII)
_DELIVERY = timedelta(days=7)  # how long after its day a file may be delivered
_STORE_FOLDER = re.compile(rf"(?:\A|/)store=({STORE_ID_PATTERN})/")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file below an address, and what its path says: the first and last day, and the store.

    ``values`` is what the pattern of the mapping's ``entry`` finds in it, or in the path of each
    record where these are files themselves. A file with a ``problem`` cannot be read. ``own`` is
    false of a neighbour: a file of the day before or after.
    """

    path: str
    span: tuple[date, date] | None
    store: str | None
    entry: Entry | None = None
    values: Mapping[str, str | pa.Array] = field(default_factory=dict)
    problem: str | None = None
    own: bool = True


def files_of_day(  # noqa: PLR0913, PLR0917  # what a day of files depends on
    place: Place,
    under: str,
    day: date,
    stores: Collection[str],
    entries: Sequence[Entry] = (),
    beside: Mapping[date, Sequence[Entry]] = MappingProxyType({}),
) -> Iterator[SourceFile]:
    """Yield the files of a day, and its neighbours, in the order of their paths.

    Args:
        place: where to look; if it is a single file, that is taken whatever its name.
        under: the folder below it.
        day: the business day.
        stores: the known stores. A path names a store as ``store=ID``, or by the id of a known one
            between ``/ _ - .``. A path that names several stores counts as naming none.
        entries: those of the mapping for such files; empty: the audit's own columns.
        beside: the same of the day before or after, where another mapping holds then.
    """
    store_of = _store_finder(stores)
    if single := place.single_file:
        yield _single(single, store_of(single), entries)
        return
    near = days_around(day)
    all_entries = [*entries, *chain.from_iterable(beside.values())]
    by_name = any("{day" in entry.pattern.text.rpartition("/")[2] for entry in all_entries)
    held = [0, *(away for entry in all_entries for away in entry.holds_days)]
    reach = near[0] - timedelta(max(held)), day + max(_DELIVERY, timedelta(-min(held)))
    found = place.files(under, enter=lambda name: by_name or may_hold(_of_folder(name), reach))
    for path in sorted(path for path in found if not _LEFTOVER.search(path)):
        file = _mapped(path, entries) or _by_suffix(path, entries)
        own = file is not None and _is_of(file, (day, day))
        if not own:
            file = _neighbour(path, beside) or file
        if file is None or not _is_of(file, near):
            continue
        if own or file.problem is None:  # that of a neighbour is the other day's
            yield replace(file, own=own, store=file.values.get("store") or store_of(path))


def _single(path: str, store: str | None, entries: Sequence[Entry]) -> SourceFile:
    """The file that the address itself points to: of the entry that fits its name, or the only."""
    for entry in entries:
        values = entry.pattern.match(path)
        if values is not None or len(entries) == 1:
            return SourceFile(path, None, store, entry, _iso_values(entry.pattern, values or {}))
    problem = f"{_NO_ENTRY}{_near_miss(path, entries)}" if entries else None
    return SourceFile(path, None, store, problem=problem)


def _neighbour(path: str, beside: Mapping[date, Sequence[Entry]]) -> SourceFile | None:
    """The file as the mapping of the day that it is of sees it; None if it is of none of those."""
    for day, entries in beside.items():
        file = _mapped(path, entries) or _by_suffix(path, entries)
        if file is not None and file.span is not None and _overlap(file.span, (day, day)):
            return file
    return None


def _mapped(path: str, entries: Sequence[Entry]) -> SourceFile | None:
    """The file as the first entry that fits sees it; None if none does."""
    for entry in entries:
        if (values := entry.pattern.match(path)) is not None:
            values = _iso_values(entry.pattern, values)
            return SourceFile(path, _held(path, values, entry), None, entry, values)
    return None


def _held(path: str, values: Mapping[str, str], entry: Entry) -> tuple[date, date] | None:
    """The first and the last day that a file may hold by its entry, or by all days in its path."""
    if "day" not in values:
        return _span(path)
    named = date.fromisoformat(values["day"])
    first, last = entry.holds_days
    return named + timedelta(first), named + timedelta(last)


def _by_suffix(path: str, entries: Sequence[Entry]) -> SourceFile | None:
    """The file, if its suffix is of a known format or of what may be an export."""
    span, name = _span(path), path.lower()
    if name.endswith(_SUFFIXES):
        problem = f"{_NO_ENTRY}{_near_miss(path, entries)}" if entries else None
    elif span and name.endswith(_DATA_SUFFIXES):
        problem = (
            f"{'no entry of the mapping fits' if entries else 'no mapping names'} it; {MAP_IT}"
        )
        problem += _near_miss(path, entries)
        if re.search(r"\.json(?:\.[a-z0-9]+)?\Z", name):
            problem += _DOCUMENT
    else:
        return None
    return SourceFile(path, span, None, problem=problem)


def _near_miss(path: str, entries: Sequence[Entry]) -> str:
    """What to change in the entry that fits a file's name, and not its folders; else empty."""
    for entry in entries:
        text = entry.pattern.text
        try:
            fits = compiled(text.rpartition("/")[2]).match(path.rpartition("/")[2]) is not None
        except ValueError:  # a date over several folders
            continue
        if fits and not entry.ignore:
            return (
                f"; the pattern {text} fits its name but not its folders: write **/ for any folders"
                " or {store}/ for the store's, or give the address below which the pattern fits"
            )
    return ""


def _is_of(file: SourceFile, days: tuple[date, date]) -> bool:
    """Whether the file's path lets it be of one of the days from the first to the last."""
    ignored = file.entry is not None and file.entry.ignore
    return not ignored and _overlap(file.span, days)


def _iso_values(pattern: Pattern, values: dict[str, str]) -> dict[str, str]:
    """What a path says, its day in ISO 8601."""
    return values | {"day": _iso_day(pattern, values["day"])} if "day" in values else values


@lru_cache(maxsize=1000)
def _iso_day(pattern: Pattern, text: str) -> str:
    return str(pattern.iso("day", pa.array([text]))[0])


def days_around(day: date) -> tuple[date, date]:
    """The days before and after a day, whose files may hold rows of its sales."""
    return day - timedelta(days=1), day + timedelta(days=1)


def may_hold(path: str, days: tuple[date, date]) -> bool:
    """Whether a path, or a part of one, can be of a day from the first to the last of ``days``."""
    return _overlap(_span(path), days)


def _of_folder(name: str) -> str:
    """A folder's name without numbers that letters precede: of a store ``S20260101`` is no date."""
    return re.sub(r"(?<=[^\W\d_])\d{8}(?!\d)", "", name)


def _overlap(span: tuple[date, date] | None, days: tuple[date, date]) -> bool:
    return span is None or (span[0] <= days[1] and days[0] <= span[1])


def _span(path: str) -> tuple[date, date] | None:
    """The first and last of the days that a path names; None if it names none."""
    dates = set()
    for match in _DATE.finditer(path):
        with suppress(ValueError):  # of digits that only look like a date
            dates.add(date.fromisoformat(match[0]))
    return (min(dates), max(dates)) if dates else None


def _store_finder(stores: Collection[str]) -> Callable[[str], str | None]:
    longest_first = sorted(stores, key=lambda store: (-len(store), store))
    names = "|".join(re.escape(store) for store in longest_first) or r"(?!)"
    pattern = re.compile(rf"(?:(?<=[/_\-.])|\A)(?:{names})(?=[/_\-.]|\Z)")

    def find(path: str) -> str | None:
        if folder := _STORE_FOLDER.search(path):
            return folder[1]
        found = set(pattern.findall(_DATE.sub("", path)))
        return found.pop() if len(found) == 1 else None

    return find
