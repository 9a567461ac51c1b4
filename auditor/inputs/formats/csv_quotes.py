"""Quotation marks of a CSV file that are not closed: they make one record of several lines."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.inputs.formats.base import Malformed

_LINE_BREAK = re.compile(r"\r\n?|\n")
_REMEDY = (
    "look for a quotation mark that is not closed; where such marks are plain characters, write "
    'quote = "" in a mapping (docs/mapping.md)'
)


class Lost(NamedTuple):
    """A record that is no row: its number among the file's records, and the lines it spans."""

    number: int
    problem: str
    lines: int


def lines_in(text: str) -> int:
    """How many lines a text has, without empty ones at its end."""
    return len(_LINE_BREAK.split(text.rstrip()))


def swallowing(batch: pa.RecordBatch, delimiter: str, *, is_open: bool) -> dict[int, int]:
    """The rows that hold other lines of the file in a cell: how many lines each spans, by row.

    Such a cell holds the rest of a line and the beginning of another, and maybe lines between them:
    as many delimiters as a line has. A cell of several lines of its own, such as a note, has fewer.

    Args:
        batch: text columns.
        delimiter: between the cells.
        is_open: whether the last row ends within a quotation mark: it swallows all that it spans.
    """
    most = max(batch.num_columns - 1, 1)
    rows = set()
    for column in batch.columns:
        text = (column.buffers()[2] or pa.py_buffer(b"")).to_pybytes()
        if b"\n" not in text and b"\r" not in text:  # far faster than to look at each cell
            continue
        delimiters = pc.count_substring(column, delimiter)
        for row in np.flatnonzero(pc.greater_equal(delimiters, most)).tolist():
            lines = _LINE_BREAK.split(column[row].as_py())
            put_together = [lines[0] + lines[-1], *lines[1:-1]]
            if len(lines) > 1 and any(line.count(delimiter) >= most for line in put_together):
                rows.add(row)
    last = batch.num_rows - 1
    if is_open and _lines_of(batch, last) > 1:
        rows.add(last)
    return {row: _lines_of(batch, row) for row in sorted(rows)}


def numbered_by_lines(
    numbers: npt.NDArray[np.int64], lost: Sequence[Lost], above: int
) -> tuple[npt.NDArray[np.int64], list[Malformed], int]:
    """The numbers of rows if each line of a lost record is a row of its own, all of them malformed.

    Args:
        numbers: of the rows among the file's records.
        lost: the lost records up to the last of these rows, by their numbers.
        above: how many lines more than records there were before.

    Returns:
        the rows' numbers; the lost lines; how many lines more than records there are by now.
    """
    more = above + np.cumsum([0, *(record.lines - 1 for record in lost)])
    malformed = []
    for record, shift in zip(lost, more.tolist(), strict=False):
        first, problem = record.number + shift, record.problem
        if record.lines > 1:
            problem += f", and spans {record.lines} lines: {_REMEDY}"
        malformed.append(Malformed(first, problem))
        within = f"is within the quotation mark that row {first} opens"
        malformed += (Malformed(first + line, within) for line in range(1, record.lines))
    places = np.searchsorted([record.number for record in lost], numbers)
    return numbers + more[places], malformed, int(more[-1])


def _lines_of(batch: pa.RecordBatch, row: int) -> int:
    return 1 + sum(lines_in(column[row].as_py()) - 1 for column in batch.columns)
