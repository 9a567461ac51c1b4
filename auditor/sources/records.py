"""The bytes of a CSV or Parquet file as records: text cells by column, and each record's number."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

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
_BLOCK = 16 << 20  # bytes parsed at a time; no record may be longer
_HEADER = 1 << 20  # bytes within which the header ends
_PART = 1 << 20  # records handed on at a time, so that no text column of a part outgrows 2 GiB


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
    """The wanted columns as text, one record a row.

    Attributes:
        cells: the columns that the file has, of those wanted.
        numbers: each record's number in the file, the header being 1.
        malformed: the records that could not be told apart into cells.
        damaged: whether bytes that are not UTF-8 were replaced by U+FFFD.
    """

    cells: pa.Table
    numbers: npt.NDArray[np.int64]
    malformed: tuple[Malformed, ...] = ()
    damaged: bool = False

    def parts(self) -> Iterator["Records"]:
        """The same records in pieces of bounded size, each column of a piece in one chunk."""
        for start in range(0, len(self.numbers), _PART):
            cells = self.cells.slice(start, _PART).combine_chunks()
            yield Records(cells, self.numbers[start : start + _PART], damaged=self.damaged)

    def filter(self, keep: npt.NDArray[np.bool_]) -> "Records":
        """Those records whose flag is set."""
        cells = self.cells.filter(pa.array(keep)).combine_chunks()
        return Records(cells, self.numbers[keep], damaged=self.damaged)


def read_records(path: str, content: bytes, wanted: Schema, optional: Collection[str]) -> Records:
    """Read a file's records.

    Args:
        path: tells Parquet from CSV, together with the first bytes; gzip is told by them alone.
        content: the file.
        wanted: the columns to read; others are ignored.
        optional: those of ``wanted`` that the file may lack.

    A CSV line without any content counts in the numbering and is no record.

    Raises:
        UnusableError: the file cannot be parsed, or lacks a column.
    """
    if content.startswith(_GZIP_MAGIC):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise _unreadable(f"its compression is broken ({error})") from error
    if not content:
        raise _unreadable("it is empty")
    try:
        if content.startswith(_PARQUET_MAGIC) or path.lower().endswith(".parquet"):
            return _parquet(content, wanted, optional)
        return _csv(content, wanted, optional)
    except (pa.ArrowException, OSError, csv.Error) as error:
        raise _unreadable(f"it cannot be parsed ({error})") from error


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


def _csv(content: bytes, wanted: Schema, optional: Collection[str]) -> Records:
    if content.startswith(_UTF16):
        raise _unreadable("it is UTF-16, not UTF-8")
    content = content.removeprefix(codecs.BOM_UTF8)
    damaged = False
    if not content.isascii():
        # Bad bytes are replaced rather than passed on: the parser's handler of malformed records
        # cannot take them, and one bad cell would cost the file.
        try:
            content.decode()
        except UnicodeDecodeError:
            content, damaged = content.decode(errors="replace").encode(), True
    head = io.StringIO(content[:_HEADER].decode(errors="replace"), newline="")
    header = next(csv.reader(head), [])
    positions = _positions([name.strip() for name in header], wanted, optional)
    malformed: list[Malformed] = []
    skipped: list[int] = []

    def set_aside(row: pyarrow.csv.InvalidRow) -> str:
        skipped.append(row.number)
        if row.text.strip():
            problem = f"has {row.actual_columns} cells where the header has {row.expected_columns}"
            malformed.append(Malformed(row.number, problem + _spanning(row.text)))
        return "skip"

    table = pyarrow.csv.read_csv(
        pa.py_buffer(content + b"\n"),
        # One thread: only then are record numbers known.
        read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK),
        parse_options=pyarrow.csv.ParseOptions(
            newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_aside
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    )
    numbers = np.arange(table.num_rows + len(skipped), dtype=np.int64) + _FIRST_RECORD
    numbers = np.delete(numbers, np.array(skipped, np.int64) - _FIRST_RECORD)
    keep = ~_blank(table)
    if content.count(b'"') % 2 and table.num_rows and keep[-1]:
        # An unclosed quotation mark swallows the rest of the file into one cell.
        last = [column[-1].as_py() for column in table.columns]
        swallowed = max(last, key=lambda cell: cell.count("\n")).rstrip()
        if "\n" in swallowed:
            problem = "opens a quotation mark that is not closed" + _spanning(swallowed)
            malformed.append(Malformed(int(numbers[-1]), problem))
            keep[-1] = False
    cells = pa.table({name: table.column(at) for name, at in positions.items()})
    records = Records(cells, numbers, tuple(malformed), damaged)
    if keep.all():
        return records
    return Records(cells.filter(pa.array(keep)), numbers[keep], tuple(malformed), damaged)


def _spanning(text: str) -> str:
    lines = text.rstrip().count("\n") + 1
    return f", and spans {lines} lines: look for an unclosed quotation mark" if lines > 1 else ""


def _blank(table: pa.Table) -> npt.NDArray[np.bool_]:
    blank = np.ones(table.num_rows, np.bool_)
    for column in table.columns:
        if not blank.any():
            break
        blank &= pc.equal(column, "").to_numpy()
    return blank


def _parquet(content: bytes, wanted: Schema, optional: Collection[str]) -> Records:
    file = pq.ParquetFile(pa.BufferReader(content))
    positions = _positions(file.schema_arrow.names, wanted, optional)
    table = file.read(columns=list(positions), use_threads=False)
    dates = {c.name for c in wanted.columns if c.type == pa.date32()}
    columns, damaged = {}, False
    for name in positions:
        try:
            text = _text(table.column(name), is_date=name in dates)
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
            raise _unreadable(f"column {name} holds no plain values ({error})") from error
        columns[name], repaired = _valid(text)
        damaged |= repaired
    numbers = np.arange(table.num_rows, dtype=np.int64) + _FIRST_RECORD
    return Records(pa.table(columns), numbers, damaged=damaged)


def _text(column: pa.ChunkedArray, *, is_date: bool) -> pa.ChunkedArray:
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


def _valid(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, bool]:
    try:
        return column.cast(pa.string()), False
    except pa.ArrowInvalid:
        repaired = [cell.decode(errors="replace") for cell in column.to_pylist()]
        return pa.chunked_array([pa.array(repaired, pa.string())]), True
