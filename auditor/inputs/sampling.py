"""A part of a day's inputs, to see before a run whether it can read them."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc

from auditor.inputs.files import Reading, keys_of
from auditor.inputs.reading import read_sales, read_snapshot_index
from auditor.inputs.rejects import KEPT, OF_A_CHECK
from auditor.mapping import MappingOfDay
from auditor.policy import Policy
from auditor.storage.place import Place
from auditor.tables import INPUT_NOTES, REJECTS, SNAPSHOT_INDEX, TILL_LINES

#: The columns of rejects that say why.
OF_REASONS = ["source", "row", "column", "value", "reason", "detail"]

_OF_FRAMES = ["store_id", "till_id", "path"]

#: Rows after which no further part of the inputs is read, and rows asked of a query.
ENOUGH = 100_000


class Example(NamedTuple):
    """A rejected row, or a cell without which a row is kept: the columns of REJECTS."""

    source: str
    row: int
    column: str | None
    value: str | None
    detail: str


@dataclass(frozen=True)
class Reasons:
    """What of the inputs cannot be used, and why."""

    rows: Counter[str] = field(default_factory=Counter)  # rows, by their first reason
    cells: Counter[str] = field(default_factory=Counter)  # that a row is kept without, by column
    incomplete: int = 0  # rows kept without what their age check needs
    unusable: tuple[str, ...] = ()  # of each file, or sheet, that cannot be used, why
    first: Mapping[str, Example] = field(default_factory=dict)  # of each reason and column above

    def __add__(self, other: Self) -> "Reasons":
        """Both together."""
        found = sorted((*self.first.items(), *other.first.items()), key=lambda i: i[1][:2])
        return Reasons(
            self.rows + other.rows,
            self.cells + other.cells,
            self.incomplete + other.incomplete,
            tuple(sorted((*self.unusable, *other.unusable))),
            dict(reversed(found)),
        )


@dataclass(frozen=True)
class Sample:
    """What a run would make of the first till exports of a day, as far as they were read."""

    rows: int  # that can be used
    lost: Reasons
    notes: pa.Table  # INPUT_NOTES
    whole: bool  # whether nothing was left out
    lines: pa.Table  # the rows that can be used: TILL_LINES
    keys: Mapping[str, frozenset[str]]  # of some files, what tells their transactions apart


def sample_sales(
    place: Place, day: date, policy: Policy, mapping: MappingOfDay | None = None
) -> Sample:
    """Read some of a day's till exports, as a run does.

    Raises:
        SourceError: as of :func:`read_sales`.
    """
    rows, whole = 0, True
    rejects, notes = [REJECTS.empty()], [INPUT_NOTES.empty()]
    lines = [TILL_LINES.empty()]
    keys: dict[str, frozenset[str]] = {}
    with looked_at(place, day, policy, mapping) as readings:
        for reading in readings:
            if rows >= ENOUGH:
                whole = False
                break
            whole &= not reading.cut
            rows += reading.table.num_rows + reading.rejects.num_rows
            rejects.append(reading.rejects)
            notes.append(reading.notes)
            lines.append(reading.table)
            keys |= keys_of(reading.files)
    lost = reasons(pa.concat_tables(rejects))
    usable = rows - sum(part.num_rows for part in rejects)
    notes_of_all = INPUT_NOTES.add_up(notes)
    return Sample(usable, lost, notes_of_all, whole, pa.concat_tables(lines), keys)


@contextmanager
def looked_at(
    place: Place, day: date, policy: Policy, mapping: MappingOfDay | None
) -> Iterator[Iterator[Reading]]:
    """Read a day's till exports to look at them: of a database a bounded part, which is not kept.

    Arguments, yields and errors are those of :func:`read_sales`.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Place(folder)
        yield read_sales(place, day, policy, mapping=mapping, out=out, most_queried=ENOUGH)


def reasons(rejects: pa.Table) -> Reasons:
    """What was rejected: of each row the first reason. A row kept without a cell is not rejected.

    ``rejects`` are ``OF_REASONS`` of REJECTS, or more.
    """
    rows: dict[tuple[str, int], str] = {}
    cells = Counter[str]()
    unusable = []
    first: dict[str, Example] = {}
    for row in rejects.select(OF_REASONS).to_pylist():
        name = row.pop("reason")
        if row["row"] is None:
            unusable.append(row["detail"])
            continue
        if name == KEPT:
            name = row["column"]
            cells[name] += 1
        elif rows.setdefault((row["source"], row["row"]), name) != name:
            continue
        found = Example(**row)
        first[name] = min(first.get(name, found), found, key=lambda example: example[:2])
    return Reasons(
        Counter(rows.values()), cells, incomplete_rows(rejects), tuple(sorted(unusable)), first
    )


def incomplete_rows(rejects: pa.Table) -> int:
    """How many rows are kept, but without what their age check needs.

    ``rejects`` are REJECTS with their columns ``source``, ``row``, ``column`` and ``reason``.
    """
    kept = pc.equal(rejects["reason"], KEPT)
    of_check = pc.is_in(rejects["column"], pa.array(OF_A_CHECK))
    place = ["source", "row"]
    without = rejects.filter(pc.and_(kept, of_check)).select(place).group_by(place).aggregate([])
    rejected = rejects.filter(pc.invert(kept)).select(place)
    return len(without.join(rejected, place, join_type="left anti"))


def sample_frames(
    place: Place, day: date, policy: Policy, mapping: MappingOfDay | None = None, *, most: int
) -> dict[tuple[str, str], list[str]]:
    """Paths of at most ``most`` frames of each till of each store, spread over its frames.

    Raises:
        SourceError: as of :func:`read_snapshot_index`.
    """
    rows = 0
    parts = [SNAPSHOT_INDEX.empty().select(_OF_FRAMES)]
    for reading in read_snapshot_index(place, day, policy, mapping=mapping):
        parts.append(reading.table.select(_OF_FRAMES))
        rows += reading.table.num_rows
        if rows >= ENOUGH:
            break
    frames = pa.concat_tables(parts).to_pandas()
    return {
        key: paths.iloc[:: -(-len(paths) // most)].to_list()
        for key, paths in frames.groupby(["store_id", "till_id"])["path"]
    }
