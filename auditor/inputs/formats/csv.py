"""CSV files of any dialect; without one, comma-separated with a header in the first line.

The encoding is what a byte-order mark says, else that of the dialect, else UTF-8. A line without
any content counts in the numbering and is not a record. So does each line that a quotation mark
which is not closed puts into one record: all of them are malformed.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice, pairwise
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from auditor.inputs.formats import base
from auditor.inputs.formats.csv_quotes import Lost, lines_in, numbered_by_lines, swallowing
from auditor.inputs.formats.csv_text import Utf8Text

_MOST_MALFORMED = 1 << 18  # the parser takes 10 microseconds for each
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


def read(content: BinaryIO, wanted: base.Wanted) -> Iterator[base.Records]:
    """Yield a CSV file's records; arguments and errors are those of ``Format.read``."""
    dialect = wanted.dialect
    text = Utf8Text(content, dialect)
    text.skip_lines(dialect.skip_lines)
    text.skip_blanks(dialect)
    wanted = replace(wanted, dialect=_evened(text, dialect))
    try:
        yield from _records(text, wanted)
    except pa.ArrowInvalid as error:
        if text.malformed < _MOST_MALFORMED:
            raise
        raise base.unreadable(
            f"{_MOST_MALFORMED:,} of its lines have more or fewer cells than its header"
        ) from error


def _records(text: Utf8Text, wanted: base.Wanted) -> Iterator[base.Records]:
    dialect = wanted.dialect
    header = list(dialect.header) or _header(text.head(), dialect)
    names = [name.strip() for name in header]
    try:
        positions = base.column_positions(names, wanted)
    except base.UnusableError as error:
        raise _with_delimiter(error, text.head(), wanted) from error
    unread = base.unread_columns(names, positions)
    lost: list[Lost] = []
    skipped: list[int] = []

    def reject(row: pyarrow.csv.InvalidRow) -> str:
        at = row.number + dialect.skip_lines
        skipped.append(at)
        text.malformed += 1
        if row.text.strip(f" \t\r\n{dialect.delimiter}"):
            problem = f"has {row.actual_columns} cells where the header has {row.expected_columns}"
            lost.append(Lost(at, problem, lines_in(row.text)))
        return "skip" if text.malformed < _MOST_MALFORMED else "error"

    reader = pyarrow.csv.open_csv(
        text,
        # One thread: only then are record numbers known.
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False, block_size=base.BLOCK_BYTES, column_names=list(dialect.header)
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote or False,
            newlines_in_values=bool(dialect.quote),
            ignore_empty_lines=False,
            invalid_row_handler=reject,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    )
    above = 0  # lines more than records
    number = dialect.skip_lines + (1 if dialect.header else base.FIRST_RECORD)
    batches = (
        batch.slice(start, base.PART_ROWS)
        for batch in reader
        for start in range(0, batch.num_rows, base.PART_ROWS)
    )
    for batch, following in pairwise(chain(batches, [None])):
        numbers = _numbers_from(number, batch.num_rows, skipped)
        number = int(numbers[-1]) + 1
        keep = ~_blank(batch)
        is_open = following is None and text.quotes % 2 == 1
        for row, lines in swallowing(batch, dialect.delimiter, is_open=is_open).items():
            lost.append(Lost(int(numbers[row]), "opens a quotation mark too many", lines))
            keep[row] = False
        before = sorted(record for record in lost if record.number < number)
        lost = [record for record in lost if record.number >= number]
        numbers, malformed, above = numbered_by_lines(numbers, before, above)
        cells = pa.table({name: batch.column(at) for name, at in positions.items()})
        records = base.Records(cells, numbers, tuple(malformed), text.damaged, unread)
        yield records if keep.all() else records.filter(keep)
    if lost:
        nothing = pa.table({name: pa.array([], pa.string()) for name in positions})
        none = np.empty(0, np.int64)
        _, malformed, _ = numbered_by_lines(none, lost, above)
        yield base.Records(nothing, none, tuple(malformed), text.damaged, unread)


CSV = base.Format("csv", (".csv", ".csv.gz"), read)


def _evened(text: Utf8Text, dialect: base.Dialect) -> base.Dialect:
    """The dialect with a name for each cell of the records.

    Some tills end each record with a delimiter but not the header, or the other way round. That
    header is passed over, and its names are given with one more or less.
    """
    head = text.head()
    header = list(dialect.header) or _header(head, dialect)
    record = _first_record(head, dialect)
    if len(record) == len(header) + 1 and not record[-1].strip():
        header.append("")
    elif len(record) == len(header) - 1 and record and not header[-1].strip():
        header.pop()
    else:
        return dialect
    if dialect.header:
        return replace(dialect, header=tuple(header))
    text.skip_lines(1)
    return replace(dialect, header=tuple(header), skip_lines=dialect.skip_lines + 1)


def _header(head: str, dialect: base.Dialect) -> list[str]:
    try:
        return next(_rows(head, dialect), [])
    except csv.Error as error:
        raise base.unreadable(f"it cannot be parsed ({error})") from error


def _first_record(head: str, dialect: base.Dialect) -> list[str]:
    """The first record that is not an empty line; empty if there is none that can be parsed."""
    rows = islice(_rows(head, dialect), 0 if dialect.header else 1, None)
    try:
        return next(filter(None, rows), [])
    except csv.Error:
        return []


def _rows(head: str, dialect: base.Dialect) -> Iterator[list[str]]:
    return csv.reader(
        io.StringIO(head, newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
    )


def _with_delimiter(
    error: base.UnusableError, head: str, wanted: base.Wanted
) -> base.UnusableError:
    """The error of a file that lacks columns; with the delimiter that it seems to have instead."""
    dialect, first = wanted.dialect, next(iter(head.splitlines()), "")
    counts = {sign: first.count(sign) for sign in _DELIMITERS if sign != dialect.delimiter}
    sign, count = max(counts.items(), key=lambda each: each[1])
    if error.reason != "missing_column" or count <= first.count(dialect.delimiter):
        return error
    return base.UnusableError(
        error.reason,
        f"this looks {_DELIMITERS[sign]}-separated, and is read as "
        f"{_DELIMITERS.get(dialect.delimiter, dialect.delimiter)}-separated; {wanted.remedy}",
    )


def _numbers_from(first: int, count: int, skipped: list[int]) -> npt.NDArray[np.int64]:
    """The next ``count`` record numbers; removes from ``skipped`` those that were passed over."""
    numbers: npt.NDArray[np.int64] = np.arange(first, first + count + len(skipped), dtype=np.int64)
    numbers = np.setdiff1d(numbers, skipped, assume_unique=True)[:count]
    skipped[:] = [number for number in skipped if number > numbers[-1]]
    return numbers


def _blank(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
    blank = np.ones(batch.num_rows, np.bool_)
    for column in batch.columns:
        if not blank.any():
            break
        blank &= pc.equal(column, "").to_numpy(zero_copy_only=False)
    return blank
