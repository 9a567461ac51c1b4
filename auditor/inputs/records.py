"""The bytes of a CSV or Parquet file as records: text cells by column, and each record's number.

A file is read in parts, so that its size does not matter; and from end to end before its first
part is handed on, so that of a file that cannot be used nothing is.
"""

import codecs
import csv
import gzip
import io
import shutil
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from auditor.tables import Schema

_GZIP_MAGIC = b"\x1f\x8b"
_PARQUET_MAGIC = b"PAR1"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FIRST_RECORD = 2  # the header is 1; Parquet is numbered as if it had one
_BLOCK = 16 << 20  # bytes parsed at a time; no record may be longer (Arrow reads up to 32 ahead)
_EMPTY = 1 << 19  # empty lines, of which each becomes a record that the parser makes room for
_HEADER = 1 << 20  # bytes within which the header ends
_PART = 1 << 16  # records handed on at a time
# What unpacks to more than so many bytes, and so many times its size, is no export.
_UNPACKED, _TIMES_ITS_SIZE = 64 << 20, 100
_KEPT = 32 << 20  # bytes of cells up to which a file is parsed once; a larger one is parsed twice


class UnusableError(Exception):
    """A file as a whole cannot be used: a reason code, the column at fault, and what to do."""

    def __init__(self, reason: str, problem: str, column: str | None = None) -> None:
        super().__init__(problem)
        self.reason, self.problem, self.column = reason, problem, column


@dataclass(frozen=True, slots=True)
class Malformed:
    """A CSV record whose number of cells is not the header's."""

    number: int
    problem: str


@dataclass(frozen=True)
class Records:
    """A part of a file: the wanted columns as text, one record a row.

    Attributes:
        cells: the columns that the file has, of those wanted, each in one chunk.
        numbers: each record's number in the file, the header being 1.
        malformed: the records up to the last of these that could not be told apart into cells.
        damaged: whether bytes of the file that are not UTF-8 were replaced by U+FFFD.
    """

    cells: pa.Table
    numbers: npt.NDArray[np.int64]
    malformed: tuple[Malformed, ...] = ()
    damaged: bool = False

    def filter(self, keep: npt.NDArray[np.bool_]) -> "Records":
        """Those records whose flag is set."""
        cells = self.cells.filter(pa.array(keep)).combine_chunks()
        return replace(self, cells=cells, numbers=self.numbers[keep])


def read_records(
    path: str, reopen: Callable[[], BinaryIO], wanted: Schema, optional: Collection[str]
) -> Iterator[Records]:
    """Yield a file's records, some at a time; none of a file that cannot be used.

    Args:
        path: tells Parquet from CSV, together with the first bytes; gzip is told by them alone.
        reopen: opens the file, again and again the same.
        wanted: the columns to read; others are ignored.
        optional: those of ``wanted`` that the file may lack.

    A CSV line without any content counts in the numbering and is no record.

    Raises:
        UnusableError: the file cannot be parsed, or lacks a column; before the first part.
    """
    kept: list[Records] = []
    room, damaged = _KEPT, False
    with reopen() as file:
        most = max(_UNPACKED, _TIMES_ITS_SIZE * file.seek(0, io.SEEK_END))
    for part in _parts(path, reopen, wanted, optional):
        room -= part.cells.nbytes
        if _KEPT - room > most:
            raise _bomb()
        damaged |= part.damaged
        kept.append(part)
        if room < 0:
            kept.clear()
    for part in kept if room >= 0 else _parts(path, reopen, wanted, optional):
        yield replace(part, damaged=damaged)


def _parts(
    path: str, reopen: Callable[[], BinaryIO], wanted: Schema, optional: Collection[str]
) -> Iterator[Records]:
    with reopen() as file, _unpacked(file) as content:
        magic = content.read(len(_PARQUET_MAGIC))
        content.seek(0)
        if not magic:
            raise _unreadable("it is empty")
        is_parquet = magic == _PARQUET_MAGIC or path.lower().endswith(".parquet")
        try:
            yield from (_parquet if is_parquet else _csv)(content, wanted, optional)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _broken_gzip(error) from error
        except (pa.ArrowException, OSError, csv.Error, UnicodeDecodeError) as error:
            raise _unreadable(f"it cannot be parsed ({error})") from error


@contextmanager
def _unpacked(file: BinaryIO) -> Iterator[BinaryIO]:
    """The file, or what is packed in it."""
    magic = file.read(len(_GZIP_MAGIC))
    file.seek(0)
    if magic != _GZIP_MAGIC:
        yield file
        return
    most = max(_UNPACKED, _TIMES_ITS_SIZE * file.seek(0, io.SEEK_END))
    file.seek(0)
    with gzip.GzipFile(fileobj=file) as packed:
        try:
            inner = packed.read(len(_PARQUET_MAGIC))
            packed.seek(0)
            bounded = _Bounded(packed, most)  # type: ignore[arg-type]  # a stream of bytes it is
            if inner != _PARQUET_MAGIC:
                yield bounded  # type: ignore[misc]
                return
            with tempfile.SpooledTemporaryFile(_KEPT) as whole:
                shutil.copyfileobj(bounded, whole)
                whole.seek(0)
                yield whole  # type: ignore[misc]
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _broken_gzip(error) from error


class _Bounded(io.RawIOBase):
    """What is unpacked of a file, as long as that is not too much."""

    def __init__(self, packed: BinaryIO, most: int) -> None:
        self._packed, self._left = packed, most

    def readable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place in what is unpacked."""
        return self._packed.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or those that are left."""
        some = self._packed.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(some)
        if self._left < 0:
            raise _bomb()
        return some


def _bomb() -> UnusableError:
    return _unreadable(f"it unpacks to more than {_TIMES_ITS_SIZE} times its size")


def _broken_gzip(error: Exception) -> UnusableError:
    return _unreadable(f"its compression is broken ({error})")


def _unreadable(problem: str) -> UnusableError:
    return UnusableError("unreadable_file", f"{problem}; export the file again")


def _positions(header: list[str], wanted: Schema, optional: Collection[str]) -> dict[str, int]:
    missing = [n for n in wanted.names if n not in header and n not in optional]
    if missing:
        raise UnusableError(
            "missing_column",
            f"it lacks the columns {', '.join(missing)}; add them to the export, with these names, "
            "in a comma-separated first line",
            column=missing[0] if len(missing) == 1 else None,
        )
    twice = [n for n in wanted.names if header.count(n) > 1]
    if twice:
        raise _unreadable(f"it has more than one column {twice[0]}")
    return {name: header.index(name) for name in wanted.names if name in header}


class _Text(io.RawIOBase):
    """Bytes that are UTF-8, without a byte-order mark, and end in a line break.

    Bad bytes are replaced rather than passed on: the parser's handler of malformed records cannot
    take them, and one bad cell would cost the file.
    """

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._cut = b""  # the start of a character whose end is not read yet
        self._ready = raw.read(_HEADER)
        if self._ready.startswith(_UTF16):
            raise _unreadable("it is UTF-16, not UTF-8")
        self.damaged = False
        self.quotes = self._empty = 0
        self._ended = False
        self._ready = self._mended(self._ready.removeprefix(codecs.BOM_UTF8))

    def readable(self) -> bool:
        """It is."""
        return True

    def head(self) -> str:
        """What is within the first bytes, none of which are read by it."""
        return self._ready.decode(errors="replace")

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or those that are left."""
        while not self._ended and (size < 0 or len(self._ready) < size):
            more = self._raw.read(max(size - len(self._ready), _HEADER))
            self._ended = not more
            self._ready += self._mended(more) if more else self._mended(b"", last=True) + b"\n"
        end = len(self._ready) if size < 0 else size
        handed, self._ready = self._ready[:end], self._ready[end:]
        return handed

    def _mended(self, more: bytes, *, last: bool = False) -> bytes:
        self.quotes += more.count(b'"')
        self._empty += sum(more.count(pair) for pair in (b"\n\n", b"\r\r", b"\n\r\n"))
        if self._empty > _EMPTY:
            raise _unreadable(f"it has more than {_EMPTY:,} empty lines")
        if more.isascii() and not self._cut:
            return more
        content = self._cut + more
        try:
            _, used = codecs.utf_8_decode(content, "strict", last)
            mended = content[:used]
        except UnicodeDecodeError:
            text, used = codecs.utf_8_decode(content, "replace", last)
            mended, self.damaged = text.encode(), True
        self._cut = content[used:]
        return mended


def _csv(content: BinaryIO, wanted: Schema, optional: Collection[str]) -> Iterator[Records]:
    text = _Text(content)
    header = next(csv.reader(io.StringIO(text.head(), newline="")), [])
    positions = _positions([name.strip() for name in header], wanted, optional)
    malformed: list[Malformed] = []
    skipped: list[int] = []

    def set_aside(row: pyarrow.csv.InvalidRow) -> str:
        skipped.append(row.number)
        if row.text.strip():
            problem = f"has {row.actual_columns} cells where the header has {row.expected_columns}"
            malformed.append(Malformed(row.number, problem + _spanning(row.text)))
        return "skip"

    reader = pyarrow.csv.open_csv(
        text,
        # One thread: only then are record numbers known.
        read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK),
        parse_options=pyarrow.csv.ParseOptions(
            newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_aside
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    )
    number = _FIRST_RECORD
    for batch, is_last in _each_and_last(_pieces(reader)):
        numbers = _following(number, batch.num_rows, skipped)
        number = int(numbers[-1]) + 1
        keep = ~_blank(batch)
        if is_last and text.quotes % 2 and keep[-1]:
            # An unclosed quotation mark swallows the rest of the file into one cell.
            last = [column[-1].as_py() for column in batch.columns]
            swallowed = max(last, key=lambda cell: cell.count("\n")).rstrip()
            if "\n" in swallowed:
                problem = "opens a quotation mark that is not closed" + _spanning(swallowed)
                malformed.append(Malformed(int(numbers[-1]), problem))
                keep[-1] = False
        told = [m for m in malformed if m.number < number]
        del malformed[: len(told)]
        cells = pa.table({name: batch.column(at) for name, at in positions.items()})
        records = Records(cells, numbers, tuple(told), text.damaged)
        yield records if keep.all() else records.filter(keep)
    if malformed:
        nothing = pa.table({name: pa.array([], pa.string()) for name in positions})
        yield Records(nothing, np.empty(0, np.int64), tuple(malformed), text.damaged)


def _pieces(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows, not too many at a time, and never none."""
    for batch in batches:
        for start in range(0, batch.num_rows, _PART):
            yield batch.slice(start, _PART)


def _each_and_last(items: Iterator[pa.RecordBatch]) -> Iterator[tuple[pa.RecordBatch, bool]]:
    """Each item, and whether it is the last."""
    waiting: pa.RecordBatch | None = None
    for item in items:
        if waiting is not None:
            yield waiting, False
        waiting = item
    if waiting is not None:
        yield waiting, True


def _following(first: int, count: int, skipped: list[int]) -> npt.NDArray[np.int64]:
    """So many numbers from ``first`` on, less those skipped; these are then dropped from there."""
    numbers: npt.NDArray[np.int64] = np.arange(first, first + count + len(skipped), dtype=np.int64)
    numbers = np.setdiff1d(numbers, skipped, assume_unique=True)[:count]
    skipped[:] = [number for number in skipped if number > numbers[-1]]
    return numbers


def _spanning(text: str) -> str:
    lines = text.rstrip().count("\n") + 1
    return f", and spans {lines} lines: look for an unclosed quotation mark" if lines > 1 else ""


def _blank(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
    blank = np.ones(batch.num_rows, np.bool_)
    for column in batch.columns:
        if not blank.any():
            break
        blank &= pc.equal(column, "").to_numpy(zero_copy_only=False)
    return blank


def _parquet(content: BinaryIO, wanted: Schema, optional: Collection[str]) -> Iterator[Records]:
    file = pq.ParquetFile(content)
    positions = _positions(file.schema_arrow.names, wanted, optional)
    for name in positions:
        if pa.types.is_nested(kind := file.schema_arrow.field(name).type):
            raise _unreadable(f"column {name} holds no plain values but {str(kind)[:80]}")
    dates = {c.name for c in wanted.columns if c.type == pa.date32()}
    number = _FIRST_RECORD
    # Texts that repeat stand once in the file. They are left so until it is known how long they
    # are: a cell of a megabyte may be meant in each of a million rows.
    file = pq.ParquetFile(content, metadata=file.metadata, read_dictionary=list(positions))
    batches = file.iter_batches(_rows_at_once(file), columns=list(positions), use_threads=False)
    for batch in (part for whole in batches for part in _cut_by_size(whole)):
        columns, damaged = {}, False
        for name in positions:
            try:
                text = _text(batch.column(name), is_date=name in dates)
            except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
                raise _unreadable(f"column {name} holds no plain values ({error})") from error
            columns[name], repaired = _valid(text)
            damaged |= repaired
        numbers = np.arange(number, number + batch.num_rows, dtype=np.int64)
        number += batch.num_rows
        yield Records(pa.table(columns), numbers, damaged=damaged)


def _rows_at_once(file: pq.ParquetFile) -> int:
    """How many rows to read at a time, by what the file says of the size of its own."""
    row = sum(max(file.schema.column(i).length, 0) for i in range(len(file.schema)))
    for group in map(file.metadata.row_group, range(file.num_row_groups)):
        row = max(row, group.total_byte_size // max(group.num_rows, 1))
    return int(max(1, min(_PART, _BLOCK // max(row, 1))))


def _cut_by_size(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The same rows, so many at a time as may be written out in full, and at least one."""
    lengths = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        if pa.types.is_dictionary(column.type) and _is_text(column.type.value_type):
            own = pc.binary_length(column.dictionary).take(column.indices).fill_null(0)
            lengths += own.to_numpy(zero_copy_only=False)
    ends = np.cumsum(lengths)
    start = 0
    while start < batch.num_rows:
        before = ends[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + _BLOCK, "right")))
        yield batch.slice(start, end - start)
        start = end


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _text(column: pa.Array, *, is_date: bool) -> pa.Array:
    """Every value as it would stand in a CSV file; null as the empty cell."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        zone = None if column.type.tz is None else "UTC"
        column = column.cast(pa.timestamp("us", zone), safe=False)
        if is_date and zone is None:
            column = column.cast(pa.date32(), safe=False)
    if not pa.types.is_binary(column.type):
        column = column.cast(pa.string())
    return column.cast(pa.binary()).fill_null(b"")


def _valid(column: pa.Array) -> tuple[pa.Array, bool]:
    try:
        return column.cast(pa.string()), False
    except pa.ArrowInvalid:
        repaired = [cell.decode(errors="replace") for cell in column.to_pylist()]
        return pa.array(repaired, pa.string()), True
