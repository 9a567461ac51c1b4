"""One frame of a day, to see whether frames can be read at all."""

import io
from collections.abc import Iterable
from itertools import islice

from auditor.inputs.formats.base import UnusableError, Wanted
from auditor.inputs.records import read_records
from auditor.storage.place import OutsideError, Place

#: Indexes tried, and frames of each: if one store has lost its frames, the next may not have.
_TRIES = 5


def first_frame(place: Place, indexes: Iterable[str]) -> str | None:
    """The path of a frame that an index names and that can be read; None if none of a few can."""
    for index in islice(indexes, _TRIES):
        for path in _frames_named(place, index):
            try:
                place.read(path)
            except (OSError, OutsideError):
                continue
            return path
    return None


def _frames_named(place: Place, index: str) -> list[str]:
    """The first few frames that an index names; none where it cannot be used."""
    content = place.read(index)
    try:
        for records in read_records(index, lambda: io.BytesIO(content), Wanted(("path",))):
            return [path for path in records.cells["path"].to_pylist()[:_TRIES] if path]
    except UnusableError:
        pass
    return []
