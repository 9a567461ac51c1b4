"""JSON Lines: one object a line. Values inside objects are columns with dotted names.

Numbers keep the text that they are written as, except that a whole number loses its ``.0``: no
float stands in between. Records are numbered by their lines; with ``records`` several share one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
import pyarrow.compute as pc

from auditor.inputs.formats import base
from auditor.inputs.formats.json_blocks import Blocks, plain_cells, sample
from auditor.inputs.formats.json_lines import (
    FLATTEN,
    LineError,
    flat,
    length,
    members,
    parsed,
)
from auditor.inputs.formats.rows import Cells, cells_of
from auditor.inputs.showing import shown

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
        # What is wrong with an object is what it has or holds.
        what = "is one JSON object" if problem.startswith("is ") else "can be read"
        raise base.unreadable(f"no line of it {what}: the first {problem}")
    part.check_columns()
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
        self._met: set[str] = set()  # the lists that an object has, with or without members
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
        item = flat(item, self._lists)
        met = item.keys() & set(self._lists)
        found = members(item, self._lists) if self._lists else [item]
        self._met |= met
        for row in found or [item]:
            self._see(row)
            if list in set(map(type, row.values())):
                self._check_lists(row)
        self.rows += found
        self.numbers += [number] * len(found)
        self.size += size + len(found) * length(item) if self._lists else size

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
            self.check_columns()
        return base.Records(
            cells.table,
            np.array(numbers, np.int64),
            tuple(self.malformed),
            damaged,
            base.unread_columns(list(self.seen), cells.table.column_names),
            cells.numeric,
            np.array(numbers, np.int64) if self._lists else None,
            absent=tuple(name for name in cells.table.column_names if self._is_missing(name)),
        )

    def check_columns(self) -> None:
        """Check that the columns that have to be there are, as far as lists have members.

        Raises:
            UnusableError: they are not.
        """
        needed = tuple(name for name in self._wanted.required if not self._is_given(name))
        base.column_positions(list(self.seen), replace(self._wanted, required=needed))

    def _empty(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.numbers: list[int] = []
        self.malformed: list[base.Malformed] = []
        self.size = 0  # characters

    def _has(self, name: str) -> bool:
        return name in self.seen or name in self._wanted.required or self._is_given(name)

    def _is_given(self, name: str) -> bool:
        """Whether a column is of a list without members so far, so that it is empty.

        Of a list that is not there at all, as where its name is misspelt, it has to be answered.
        """
        if self._is_absent(name):
            return name in self._wanted.answered
        own = self._list_of(name)
        return own is not None and not any(self._list_of(seen) == own for seen in self.seen)

    def _is_missing(self, name: str) -> bool:
        """Whether a column of a list is empty, and maybe because the list is another."""
        if name in self.seen or self._list_of(name) is None:
            return False
        needed = name in self._wanted.required and name not in self._wanted.answered
        return needed or self._is_absent(name)

    def _is_absent(self, name: str) -> bool:
        """Whether a column is of a list that no object has had so far."""
        own = self._list_of(name)
        return own is not None and own not in self._met

    def _list_of(self, name: str) -> str | None:
        """The list whose members have a column."""
        own = (each for each in self._lists if name == each or name.startswith(f"{each}."))
        return max(own, key=len, default=None)

    def _check_lists(self, row: dict[str, Any]) -> None:
        for name in self.seen if self._wanted.every else self._names:
            if isinstance(row.get(name), list):
                raise LineError(f"holds a list, and no plain value, in {shown(name)}; {FLATTEN}")

    def _see(self, row: dict[str, Any]) -> None:
        shape = tuple(row)
        if shape in self._shapes:
            return
        self.seen.update(dict.fromkeys(shape))
        if len(self.seen) > _MOST_NAMES:
            raise base.unreadable(f"it has more than {_MOST_NAMES:,} names")
        if len(self._shapes) < _MOST_NAMES:
            self._shapes.add(shape)
