"""A part of a day's inputs, to see before a run whether it can read them."""

import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import islice

import pyarrow as pa

from auditor.inputs.formats.base import UnusableError, Wanted
from auditor.inputs.reading import read_sales
from auditor.inputs.records import read_records
from auditor.inputs.rejects import KEPT
from auditor.mapping import MappingOfDay
from auditor.policy import Policy
from auditor.storage.place import OutsideError, Place
from auditor.tables import INPUT_NOTES, REJECTS

#: Indexes tried, and frames of each: if one store has lost its frames, the next may not have.
_TRIES = 5

#: Rows after which no further part of the till exports is read.
_ENOUGH = 100_000


@dataclass(frozen=True)
class Sample:
    """What a run would make of the first till exports of a day, as far as they were read."""

    rows: int  # that can be used
    rejected: Counter[str]  # rows that cannot, by their first reason
    unusable: tuple[str, ...]  # of each file that cannot be used at all, why
    notes: pa.Table  # INPUT_NOTES
    whole: bool  # whether nothing was left out


def sample_sales(
    place: Place, day: date, policy: Policy, mapping: MappingOfDay | None = None
) -> Sample:
    """Read some of a day's till exports, as a run does; databases are not asked.

    Raises:
        SourceError: as of :func:`read_sales`.
    """
    rows, whole = 0, True
    rejects, notes = [REJECTS.empty()], [INPUT_NOTES.empty()]
    for reading in read_sales(place, day, policy, mapping=mapping):
        if rows >= _ENOUGH:
            whole = False
            break
        rows += reading.table.num_rows + reading.rejects.num_rows
        rejects.append(reading.rejects)
        notes.append(reading.notes)
    found = reasons(pa.concat_tables(rejects))
    usable = rows - sum(part.num_rows for part in rejects)
    return Sample(usable, *found, INPUT_NOTES.add_up(notes), whole)


def reasons(rejects: pa.Table) -> tuple[Counter[str], tuple[str, ...]]:
    """How many rows were rejected, by the first reason of each, and why files cannot be used.

    ``rejects`` are REJECTS, or columns of them. A row that is kept without a cell is not rejected.
    """
    rows: dict[tuple[str, int], str] = {}
    unusable = []
    for row in rejects.select(["source", "row", "reason", "detail"]).to_pylist():
        if row["row"] is None:
            unusable.append(row["detail"])
        elif row["reason"] != KEPT:
            rows.setdefault((row["source"], row["row"]), row["reason"])
    return Counter(rows.values()), tuple(unusable)


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
