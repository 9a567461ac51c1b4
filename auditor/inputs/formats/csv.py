"""CSV files of any dialect; without one, comma-separated with a header in the first line.

The encoding is what a byte-order mark says, else that of the dialect, else UTF-8. A line without
any content counts in the numbering and is not a record.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from auditor.inputs.formats import base
from auditor.inputs.formats.base import (
    MAP_IT,
    Dialect,
    Format,
    Malformed,
    Records,
    UnusableError,
    Wanted,
    column_positions,
    unread_columns,
    unreadable,
)
from auditor.inputs.formats.csv_blanks import BlanksBeforeQuotes

#: Bytes within which the header has to end; also the least that is read at a time.
HEADER_BYTES = 1 << 20
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_REPLACED = "\ufffd".encode()
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_MOST_EMPTY = 1 << 19  # empty lines: the parser makes room for a record for each


def read(content: BinaryIO, wanted: Wanted) -> Iterator[Records]:
    """Yield a CSV file's records; arguments and errors are those of ``Format.read``."""
    dialect = wanted.dialect
    text = _Utf8(content, dialect)
    text.skip_lines(dialect.skip_lines)
    text.skip_blanks(dialect)
    header = list(dialect.header) or _header(text.head(), dialect)
    names = [name.strip() for name in header]
    try:
        positions = column_positions(names, wanted)
    except UnusableError as error:
        raise _with_delimiter(error, text.head(), dialect) from error
    unread = unread_columns(names, positions)
    malformed: list[Malformed] = []
    skipped: list[int] = []

    def reject(row: pyarrow.csv.InvalidRow) -> str:
        at = row.number + dialect.skip_lines
        skipped.append(at)
        if row.text.strip():
            problem = f"has {row.actual_columns} cells where the header has {row.expected_columns}"
            malformed.append(Malformed(at, problem + _lines_spanned(row.text)))
        return "skip"

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
    number = dialect.skip_lines + (1 if dialect.header else base.FIRST_RECORD)
    for batch, is_last in _with_last(_split(reader)):
        numbers = _numbers_from(number, batch.num_rows, skipped)
        number = int(numbers[-1]) + 1
        keep = ~_blank(batch)
        if is_last and text.quotes % 2 and keep[-1]:
            # An unclosed quotation mark swallows the rest of the file into one cell.
            last = [column[-1].as_py() for column in batch.columns]
            swallowed = max(last, key=lambda cell: cell.count("\n")).rstrip()
            if "\n" in swallowed:
                problem = "opens a quotation mark that is not closed" + _lines_spanned(swallowed)
                malformed.append(Malformed(int(numbers[-1]), problem))
                keep[-1] = False
        before = [m for m in malformed if m.number < number]
        del malformed[: len(before)]
        cells = pa.table({name: batch.column(at) for name, at in positions.items()})
        records = Records(cells, numbers, tuple(before), text.damaged, unread)
        yield records if keep.all() else records.filter(keep)
    if malformed:
        nothing = pa.table({name: pa.array([], pa.string()) for name in positions})
        yield Records(nothing, np.empty(0, np.int64), tuple(malformed), text.damaged, unread)


CSV = Format("csv", (".csv", ".csv.gz"), read)


class _Utf8(io.RawIOBase):
    """A file's bytes as valid UTF-8, without a byte-order mark, ending in a line break.

    Bytes that are not of its encoding are replaced by U+FFFD: the parser's handler of malformed
    records cannot take them, and one bad cell would cost the whole file.
    """

    def __init__(self, raw: BinaryIO, dialect: Dialect) -> None:
        self._raw = raw
        self._cut = b""  # the start of a character whose end is not read yet
        self._ready = raw.read(HEADER_BYTES)
        encoding, mark = _encoding(self._ready, dialect.encoding)
        self._decoder = None
        if encoding != "utf-8":
            self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._quote = dialect.quote.encode()
        self._blanks: BlanksBeforeQuotes | None = None
        self.damaged = False
        self.quotes = self._empty = 0
        self._ended = False
        self._ready = self._repaired(self._ready.removeprefix(mark))

    def readable(self) -> bool:
        return True

    def head(self) -> str:
        """The text of the first ``HEADER_BYTES``; they stay to be read."""
        return self._ready.decode(errors="replace")

    def skip_lines(self, count: int) -> None:
        """Pass over lines at the start.

        Raises:
            UnusableError: there are fewer.
        """
        for _ in range(count):
            line, self._ready = _first_line(self._ready)
            if not line:
                raise unreadable(f"it has fewer than {count} lines before its header")
            self.quotes -= self._count_quotes(line)

    def skip_blanks(self, dialect: Dialect) -> None:
        """Leave out blanks before quotation marks, if the first line has some."""
        blanks = BlanksBeforeQuotes(dialect.delimiter, dialect.quote)
        if blanks.are_in(_first_line(self._ready)[0]):  # a file of one line has no rows
            self._blanks = blanks
            self._ready = blanks.left_out(self._ready)

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._ready) < size):
            more = self._raw.read(max(size - len(self._ready), HEADER_BYTES))
            self._ended = not more
            more = self._repaired(more) if more else self._repaired(b"", last=True) + b"\n"
            self._ready += self._blanks.left_out(more, last=self._ended) if self._blanks else more
        end = len(self._ready) if size < 0 else size
        some, self._ready = self._ready[:end], self._ready[end:]
        return some

    def _repaired(self, more: bytes, *, last: bool = False) -> bytes:
        if self._decoder is not None:
            text = self._decoder.decode(more, last)
            more = text.encode()
            self.damaged |= _REPLACED in more
        self.quotes += self._count_quotes(more)
        self._empty += sum(more.count(pair) for pair in (b"\n\n", b"\r\r", b"\n\r\n"))
        if self._empty > _MOST_EMPTY:
            raise unreadable(f"it has more than {_MOST_EMPTY:,} empty lines")
        if self._decoder is not None or (more.isascii() and not self._cut):
            return more
        content = self._cut + more
        try:
            _, used = codecs.utf_8_decode(content, "strict", last)
            repaired = content[:used]
        except UnicodeDecodeError:
            text, used = codecs.utf_8_decode(content, "replace", last)
            repaired, self.damaged = text.encode(), True
        self._cut = content[used:]
        return repaired

    def _count_quotes(self, some: bytes) -> int:
        return some.count(self._quote) if self._quote else 0


def _encoding(head: bytes, named: str | None) -> tuple[str, bytes]:
    """The encoding of a file that begins so, and its byte-order mark."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding, mark
    if named is not None:
        return codecs.lookup(named).name, b""
    # The first character of an export is one of ASCII.
    first, second = head[:1] == b"\0", head[1:2] == b"\0"
    if first != second:
        return "utf-16-be" if first else "utf-16-le", b""
    return "utf-8", b""


def _first_line(some: bytes) -> tuple[bytes, bytes]:
    """The first line with its end, and what follows."""
    line = some[: some.find(b"\n") + 1]
    if b"\r" in (line or some) and not line.endswith(b"\r\n"):
        line = some[: some.find(b"\r") + 1]
    return line, some[len(line) :]


def _header(head: str, dialect: Dialect) -> list[str]:
    rows = csv.reader(
        io.StringIO(head, newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
    )
    try:
        return next(rows, [])
    except csv.Error as error:
        raise unreadable(f"it cannot be parsed ({error})") from error


def _with_delimiter(error: UnusableError, head: str, dialect: Dialect) -> UnusableError:
    """The error of a file that lacks columns; with the delimiter that it seems to have instead."""
    first = next(iter(head.splitlines()), "")
    counts = {sign: first.count(sign) for sign in _DELIMITERS if sign != dialect.delimiter}
    sign, count = max(counts.items(), key=lambda each: each[1])
    if error.reason != "missing_column" or count <= first.count(dialect.delimiter):
        return error
    return UnusableError(
        error.reason,
        f"this looks {_DELIMITERS[sign]}-separated, and is read as "
        f"{_DELIMITERS.get(dialect.delimiter, dialect.delimiter)}-separated; {MAP_IT}",
    )


def _split(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of at most ``PART_ROWS``, none of them empty."""
    for batch in batches:
        for start in range(0, batch.num_rows, base.PART_ROWS):
            yield batch.slice(start, base.PART_ROWS)


def _with_last(items: Iterator[pa.RecordBatch]) -> Iterator[tuple[pa.RecordBatch, bool]]:
    """Each item, and whether it is the last."""
    waiting: pa.RecordBatch | None = None
    for item in items:
        if waiting is not None:
            yield waiting, False
        waiting = item
    if waiting is not None:
        yield waiting, True


def _numbers_from(first: int, count: int, skipped: list[int]) -> npt.NDArray[np.int64]:
    """The next ``count`` record numbers; removes from ``skipped`` those that were passed over."""
    numbers: npt.NDArray[np.int64] = np.arange(first, first + count + len(skipped), dtype=np.int64)
    numbers = np.setdiff1d(numbers, skipped, assume_unique=True)[:count]
    skipped[:] = [number for number in skipped if number > numbers[-1]]
    return numbers


def _lines_spanned(text: str) -> str:
    lines = text.rstrip().count("\n") + 1
    return f", and spans {lines} lines: look for an unclosed quotation mark" if lines > 1 else ""


def _blank(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
    blank = np.ones(batch.num_rows, np.bool_)
    for column in batch.columns:
        if not blank.any():
            break
        blank &= pc.equal(column, "").to_numpy(zero_copy_only=False)
    return blank
