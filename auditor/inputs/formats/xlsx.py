"""Excel workbooks (.xlsx): sheets with a header row. A sheet is held in memory as a whole.

Cells hold what a CSV file would: dates and times in ISO 8601, whole numbers without ``.0``, the
last result of a formula. The extra ``xlsx`` installs the library.
"""

import copy
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from auditor.inputs.formats import base
from auditor.inputs.formats.rows import cells_of, dates_in, plain

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

#: Bytes that a workbook may unpack to: about 300,000 till lines.
MOST_BYTES = 256 << 20
#: Cells between the first and the last of a sheet: the reader makes room for each.
MOST_CELLS = 20_000_000
_CHUNK = 1 << 20
_LONGEST_REFERENCE = 32  # bytes of ` r="XFD1048576"`, with room
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']\$?([A-Za-z]{0,3})\$?(\d{1,10})["']""")
_INSTEAD = "export the sheet as CSV, or split it by day or store"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def read(content: BinaryIO, wanted: base.Wanted) -> Iterator[base.Records]:
    """Yield the records of a workbook; arguments and errors are those of ``Format.read``.

    The sheet that the dialect names is read, or the first that has the required columns, and with
    it those behind it that have the same wanted ones; their rows are counted on. The names of the
    others that hold anything come with the last records.
    """
    _check_size(content)
    sheets = _sheets(content, wanted.dialect)
    passed_over: list[_Sheet] = []
    first = None
    for sheet in sheets:
        if sheet.is_meant and sheet.has(wanted.required):
            first = sheet
            break
        passed_over.append(sheet)
    if first is None:
        meant = (sheet.header for sheet in passed_over if sheet.is_meant)
        base.column_positions(next(meant, []), wanted)
        return
    wanted_here = base.column_positions(first.header, wanted)
    yield from _records(first, wanted, 0)
    above = first.height
    named = wanted.dialect.sheet is not None
    alike = [sheet.name for sheet in passed_over if sheet.is_like(first, wanted_here)]
    others = [sheet.name for sheet in passed_over]
    for sheet in sheets:
        if not sheet.is_like(first, wanted_here):
            others.append(sheet.name)
        elif sheet.is_meant:
            yield from _records(sheet, wanted, above)
            above += sheet.height
        else:
            others.append(sheet.name)
            alike.append(sheet.name)
    if unread := alike if named else others:
        cells, _ = cells_of({name: [] for name in wanted_here})
        columns = base.unread_columns(first.header, wanted_here)
        yield base.Records(
            cells, np.empty(0, np.int64), unread=columns, unread_sheets=tuple(unread)
        )


def _records(sheet: "_Sheet", wanted: base.Wanted, above: int) -> Iterator[base.Records]:
    """The records of one sheet; ``above`` is how many rows the sheets read before it have."""
    header = sheet.header
    positions = base.column_positions(header, wanted)
    unread = base.unread_columns(header, positions)
    while part := list(islice(sheet.rows, base.PART_ROWS)):
        malformed = [
            base.Malformed(number + above, "has cells beyond the header's last column")
            for number, row in part
            if _any(row[len(header) :])
        ]
        bad = {record.number for record in malformed}
        kept = [(number + above, row) for number, row in part if number + above not in bad]
        columns = {
            name: [row[at] if at < len(row) else "" for _, row in kept]
            for name, at in positions.items()
        }
        cells, numeric = cells_of(columns)
        dates = {name: flags for name in columns if (flags := dates_in(columns[name])).any()}
        numbers = np.array([number for number, _ in kept], np.int64)
        yield base.Records(
            cells, numbers, tuple(malformed), unread=unread, numeric=numeric, dates=dates
        )


def refuse_xls(content: BinaryIO, wanted: base.Wanted) -> Iterator[base.Records]:  # noqa: ARG001  # as Format.read
    """Refuse a workbook of Excel 97.

    Raises:
        UnusableError: always.
    """
    raise base.UnusableError(
        "unreadable_file", "it is a workbook of Excel 97 (.xls): save it as .xlsx, or as CSV"
    )


XLSX = base.Format("xlsx", (".xlsx", ".xlsm"), read, random_access=True)
XLS = base.Format("xls", (".xls",), refuse_xls, magic=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


def _any(row: Sequence[Any]) -> bool:
    return any(value != "" for value in row)


@dataclass(frozen=True)
class _Sheet:
    """A sheet that holds anything.

    Attributes:
        is_meant: whether the dialect names it, or, where it names none, whether Excel shows it.
        height, width: its last row and column that are used.
        header: the names of its columns.
        has_header: whether these stand in it.
        rows: what stands below them and is not empty, and its number; to be taken once.
    """

    name: str
    is_meant: bool
    height: int
    width: int
    header: list[str]
    has_header: bool
    rows: Iterator[tuple[int, Sequence[Any]]]

    def has(self, columns: Iterable[str]) -> bool:
        """Whether it has columns of these names."""
        return set(columns) <= set(self.header)

    def is_like(self, other: "_Sheet", columns: Iterable[str]) -> bool:
        """Whether it has ``columns`` of another sheet; without a header, as many as that has."""
        return self.has(columns) if self.has_header else self.width == other.width


def _sheets(content: BinaryIO, dialect: base.Dialect) -> Iterator[_Sheet]:
    """The sheets that hold anything, in their order, each loaded when it is asked for."""
    try:
        import python_calamine as calamine  # noqa: PLC0415  # an extra
    except ImportError:
        raise base.UnusableError(
            "unreadable_file",
            'reading .xlsx needs the extra "xlsx": install auditor[xlsx], or export CSV',
        ) from None
    content.seek(0)
    name = dialect.sheet
    try:
        # A copy: the library reads files of Python's own kinds only.
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content.read()))
        if name is not None and name not in book.sheet_names:
            known = ", ".join(book.sheet_names)[:200]
            raise base.UnusableError(
                "unreadable_file", f"it has no sheet {name}: name one of {known} in the mapping"
            )
        for each in book.sheets_metadata:
            if each.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            shown = each.visible == calamine.SheetVisibleEnum.Visible
            is_meant = shown if name is None else each.name == name
            sheet = book.get_sheet_by_name(each.name)
            if sheet.end is not None:
                yield _opened(sheet, dialect, is_meant=is_meant)
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise base.unreadable(f"it is no .xlsx that can be read ({str(error)[:200]})") from error


def _opened(sheet: "CalamineSheet", dialect: base.Dialect, *, is_meant: bool) -> _Sheet:
    (_, column), (last_row, last_column) = sheet.start or (0, 0), sheet.end or (0, 0)
    # Columns before the first that is used are left out: they come back, as they count.
    rows = enumerate(([""] * column + cells for cells in sheet.iter_rows()), 1)
    numbered = ((number, row) for number, row in rows if number > dialect.skip_lines and _any(row))
    names: Sequence[Any] = dialect.header or next(numbered, (0, ()))[1]
    header = [plain(value).strip() for value in names]
    while header and not header[-1]:
        header.pop()
    return _Sheet(
        sheet.name,
        is_meant,
        last_row + 1,
        last_column + 1,
        header,
        not dialect.header,
        numbered,
    )


def _check_size(content: BinaryIO) -> None:
    """Unpack a workbook without keeping it: what its directory states may be a lie.

    Raises:
        UnusableError: it is no workbook, unpacks to too much, or a sheet is too large.
    """
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(content) as archive:
            for member in archive.infolist():
                left -= _checked(archive, member, left)
    except _BROKEN as error:
        raise base.unreadable(f"it is no .xlsx that can be read ({str(error)[:200]})") from error


def _checked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> int:
    unbelieved = copy.copy(member)
    unbelieved.file_size = most + 2 * _CHUNK  # its hash is checked once so much is read
    size, rest, is_sheet = 0, b"", member.filename.lower().endswith(".xml")
    columns = rows = 0
    with archive.open(unbelieved) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise base.UnusableError(
                    "unreadable_file",
                    f"it unpacks to more than {MOST_BYTES >> 20} MiB: {_INSTEAD}",
                )
            if not is_sheet:
                continue
            for letters, digits in set(_REFERENCE.findall(rest + chunk)):
                columns, rows = max(columns, _column(letters)), max(rows, int(digits))
            rest = chunk[-_LONGEST_REFERENCE:]
    if columns * rows > MOST_CELLS:
        raise base.UnusableError(
            "unreadable_file", f"a sheet spans more than {MOST_CELLS:,} cells: {_INSTEAD}"
        )
    return size


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
