"""Which files below an address belong to a business day.

Files of the known formats are taken in the order of their paths. A file belongs to the day if its
path names it (``2026-03-01`` or ``20260301``, in a folder or in its own name). One that names the
day before or after is a neighbour: it may hold rows that belong to the day, or to a sale that runs
over its ends. A file or folder that names only other days is not opened. A file whose path names no
day, or that the address itself points to, may hold rows of any day.
"""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from auditor.inputs.formats import FORMATS
from auditor.policy import STORE_ID_PATTERN
from auditor.storage.place import Place

_SUFFIXES = tuple(suffix for known in FORMATS for suffix in known.suffixes)
_DATE = re.compile(r"(?<!\d)(?:\d{4}-\d{2}-\d{2}|\d{8})(?!\d)", re.ASCII)
_STORE_FOLDER = re.compile(rf"(?:\A|/)store=({STORE_ID_PATTERN})/")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file below an address, and what its path says: whether it names a day, and the store.

    ``own`` is false of a neighbour: a file of the day before or after.
    """

    path: str
    dated: bool
    store: str | None
    own: bool = True


def files_of_day(
    place: Place, under: str, day: date, stores: Collection[str]
) -> Iterator[SourceFile]:
    """Yield the files of a day, and its neighbours, in the order of their paths.

    Args:
        place: where to look; if it is a single file, that is taken whatever its name.
        under: the folder below it.
        day: the business day.
        stores: the known stores. A path names a store as ``store=ID``, or by the id of a known one
            between ``/ _ - .``. A path that names several stores counts as naming none.
    """
    store_of = _store_finder(stores)
    if single := place.single_file:
        yield SourceFile(single, dated=False, store=store_of(single))
        return
    near = {day + timedelta(days=n) for n in (-1, 0, 1)}
    found = place.files(under, enter=lambda name: _may_hold(name, near))
    for path in sorted(path for path in found if path.lower().endswith(_SUFFIXES)):
        if _may_hold(path, near):
            own = all(_may_hold(part, {day}) for part in accumulate(path.split("/"), _below))
            yield SourceFile(path, dated=bool(_dates(path)), store=store_of(path), own=own)


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}"


def _may_hold(path: str, days: Collection[date]) -> bool:
    dates = _dates(path)
    return not dates or not dates.isdisjoint(days)


def _dates(path: str) -> set[date]:
    dates = set()
    for match in _DATE.finditer(path):
        with suppress(ValueError):  # of digits that only look like a date
            dates.add(date.fromisoformat(match[0]))
    return dates


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
