"""JSON Lines: one object a line. Values inside objects are columns with dotted names.

Numbers keep the text that they are written as, except that a whole number loses its ``.0``: no
float stands in between. Records are numbered by their lines; with ``records`` several share one.
"""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow.compute as pc

from auditor.inputs.formats import base
from auditor.inputs.formats.json_blocks import Blocks, plain_cells, sample
from auditor.inputs.formats.json_lines import LineError, parsed
from auditor.inputs.formats.rows import Cells, cells_of
from auditor.inputs.showing import shown

_DEEPEST = 16  # objects inside objects
_MOST_NAMES = 10_000
_MOST_BAD = 100_000  # lines that are no records
_MOST_BLANK = 1 << 19


def read(content: BinaryIO, wanted: base.Wanted) -> Iterator[base.Records]:
    """Yield the records of JSON lines; arguments and errors are those of ``Format.read``."""
    part = _Part(wanted)
    blocks = Blocks(content, wanted.dialect.encoding)
    for first, lines in blocks:
        if (cells := part.plain_cells(lines)) is not None:
            if part.rows or part.malformed:
                yield part.taken(damaged=blocks.damaged)
            yield part.records(cells, range(first, first + len(lines)), damaged=blocks.damaged)
            continue
        for number, line in enumerate(lines, first):
            part.add_line(number, line)
            if part.full:
                yield part.taken(damaged=blocks.damaged)
    if not part.seen:
        problem = part.problem or "is empty"
        raise base.unreadable(f"no line of it is one JSON object: the first {problem}")
    base.column_positions(list(part.seen), wanted)
    if part.rows or part.malformed:
        yield part.taken(damaged=blocks.damaged)


JSONL = base.Format("jsonl", (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"), read)


class _Part:
    """Records that wait to be yielded together, and all names seen so far."""

    def __init__(self, wanted: base.Wanted) -> None:
        self._wanted = wanted
        self._names = tuple(dict.fromkeys((*wanted.required, *wanted.optional)))
        self._lists = wanted.dialect.records
        self._shapes: set[tuple[str, ...]] = set()
        self.seen: dict[str, None] = {}
        self.problem = ""  # of the first line that is no record
        self._read = self._bad = self._blank = 0
        self._empty()

    @property
    def full(self) -> bool:
        """Whether no more should wait."""
        cells = len(self.rows) * (len(self.seen) if self._wanted.every else 1)
        return self.size > base.BLOCK_BYTES or max(len(self.rows), cells >> 5) >= base.PART_ROWS

    def add_line(self, number: int, line: str) -> None:
        """Add a line, as records or as malformed."""
        if not line.strip():
            self._blank += 1
            if self._blank > _MOST_BLANK:
                raise base.unreadable(f"it has more than {_MOST_BLANK:,} empty lines")
            return
        try:
            self._add(number, parsed(line), len(line))
        except LineError as error:
            self.problem = self.problem or str(error)
            self.malformed.append(base.Malformed(number, str(error)))
            self._bad += 1
            if self._bad > _MOST_BAD:
                raise base.unreadable(
                    f"more than {_MOST_BAD:,} of its lines are no records: the first {self.problem}"
                ) from None

    def _add(self, number: int, item: dict[str, Any], size: int) -> None:
        """Add the records of a line of ``size`` characters; none of them if one has a fault."""
        item = _flat(item)
        found = _members(item, self._lists) if self._lists else [item]
        for row in found:
            self._see(row)
            if list in set(map(type, row.values())):
                self._check_lists(row)
        self.rows += found
        self.numbers += [number] * len(found)
        self.size += size + len(found) * _length(item) if self._lists else size

    def taken(self, *, damaged: bool) -> base.Records:
        """The records added since the last time."""
        every = self.seen if self._wanted.every else ()
        names = [n for n in dict.fromkeys((*self._names, *every)) if self._has(n)]
        here = set[str]().union(*self.rows)
        found = {n: [row.get(n, "") for row in self.rows] for n in names if n in here}
        empty = [""] * len(self.rows)  # one list for all the names that only other rows have
        cells = cells_of({name: found.get(name, empty) for name in names})
        part = self.records(cells, self.numbers, damaged=damaged)
        self._empty()
        return part

    def plain_cells(self, lines: list[str]) -> Cells | None:
        """The cells of lines that all hold plain values; None if they do not, or may not."""
        if self._lists or self._wanted.every or "." in "".join(self._names):
            return None
        if max(map(len, lines)) > base.BLOCK_BYTES:  # its middle is gone
            return None
        objects = sample(lines)
        for item in objects:
            self._see(item)
        found = plain_cells(lines, objects, self._names) if objects else None
        if found is None:
            return None
        self._see(
            {
                name: None
                for name in self._names
                if pc.any(pc.not_equal(found.table[name], "")).as_py()
            }
        )
        known = [name for name in self._names if self._has(name)]
        return found._replace(table=found.table.select(known))

    def records(self, cells: Cells, numbers: Sequence[int], *, damaged: bool) -> base.Records:
        """Records of these cells, with what was malformed since the last time."""
        self._read += len(numbers)
        if self._read >= base.PART_ROWS:  # a column that is not there by now never comes
            base.column_positions(list(self.seen), self._wanted)
        return base.Records(
            cells.table,
            np.array(numbers, np.int64),
            tuple(self.malformed),
            damaged,
            base.unread_columns(list(self.seen), cells.table.column_names),
            cells.numeric,
            np.array(numbers, np.int64) if self._lists else None,
        )

    def _empty(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.numbers: list[int] = []
        self.malformed: list[base.Malformed] = []
        self.size = 0  # characters

    def _has(self, name: str) -> bool:
        return name in self.seen or name in self._wanted.required

    def _check_lists(self, row: dict[str, Any]) -> None:
        for name in self.seen if self._wanted.every else self._names:
            if isinstance(row.get(name), list):
                raise LineError(f"holds a list, and no plain value, in {shown(name)}")

    def _see(self, row: dict[str, Any]) -> None:
        shape = tuple(row)
        if shape in self._shapes:
            return
        self.seen.update(dict.fromkeys(shape))
        if len(self.seen) > _MOST_NAMES:
            raise base.unreadable(f"it has more than {_MOST_NAMES:,} names")
        if len(self._shapes) < _MOST_NAMES:
            self._shapes.add(shape)


def _members(parent: dict[str, Any], lists: Sequence[str]) -> list[dict[str, Any]]:
    """The members of an object's lists, list after list, each with what is around the lists.

    Of several lists an object may lack some, as a receipt without a check may have no list of them.

    Raises:
        LineError: it has none of the lists, something else in one's place, or too many members.
    """
    if not any(name in parent for name in lists):
        raise LineError(f"has no list {' or '.join(map(shown, lists))}")
    found = {name: parent.pop(name, None) for name in lists}
    members = []
    for name, inside in found.items():
        if inside in (None, ""):
            continue
        if not isinstance(inside, list):
            raise LineError(f"holds no list in {shown(name)}")
        members += [(name, member) for member in inside]
    if len(members) * _length(parent) > base.BLOCK_BYTES:
        raise LineError(f"is too large with its {len(members):,} members")
    return [parent | _flat({name: member}) for name, member in members]


def _flat(item: dict[str, Any], prefix: str = "", depth: int = 1) -> dict[str, Any]:
    """The same values by dotted names; lists stay."""
    if not prefix and dict not in set(map(type, item.values())):
        return item
    if depth > _DEEPEST:
        raise LineError(f"is nested more than {_DEEPEST} deep")
    found: dict[str, Any] = {}
    for name, value in item.items():
        nested = isinstance(value, dict)
        parts = _flat(value, f"{prefix}{name}.", depth + 1) if nested else {prefix + name: value}
        if twice := found.keys() & parts.keys():
            raise LineError(f"has the name {shown(min(twice))} twice")
        found |= parts
    return found


def _length(row: dict[str, Any]) -> int:
    return sum(len(value) for value in row.values() if isinstance(value, (str, list)))
