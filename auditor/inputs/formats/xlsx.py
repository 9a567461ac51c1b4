"""Excel workbooks (.xlsx): one sheet, with a header row. A sheet is held in memory as a whole.

Cells hold what a CSV file would: dates and times in ISO 8601, whole numbers without ``.0``, the
last result of a formula. The extra ``xlsx`` installs the library.
"""

import copy
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

import numpy as np

from auditor.inputs.formats import base
from auditor.inputs.formats.rows import cells_of, plain

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
    """Yield a sheet's records; arguments and errors are those of ``Format.read``."""
    _check_size(content)
    dialect = wanted.dialect
    rows = enumerate(_sheet(content, dialect.sheet), 1)
    numbered = ((number, row) for number, row in rows if number > dialect.skip_lines and _any(row))
    names: Sequence[Any] = dialect.header or next(numbered, (0, ()))[1]
    header = [plain(value).strip() for value in names]
    while header and not header[-1]:
        header.pop()
    positions = base.column_positions(header, wanted)
    unread = base.unread_columns(header, positions)
    while part := list(islice(numbered, base.PART_ROWS)):
        malformed = [
            base.Malformed(number, "has cells beyond the header's last column")
            for number, row in part
            if _any(row[len(header) :])
        ]
        bad = {record.number for record in malformed}
        kept = [(number, row) for number, row in part if number not in bad]
        cells, numeric = cells_of(
            {
                name: [row[at] if at < len(row) else "" for _, row in kept]
                for name, at in positions.items()
            }
        )
        numbers = np.array([number for number, _ in kept], np.int64)
        yield base.Records(cells, numbers, tuple(malformed), unread=unread, numeric=numeric)


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


def _sheet(content: BinaryIO, name: str | None) -> Iterator[Sequence[Any]]:
    try:
        import python_calamine as calamine  # noqa: PLC0415  # an extra
    except ImportError:
        raise base.UnusableError(
            "unreadable_file",
            'reading .xlsx needs the extra "xlsx": install auditor[xlsx], or export CSV',
        ) from None
    content.seek(0)
    try:
        # A copy: the library reads files of Python's own kinds only.
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content.read()))
        if name is not None and name not in book.sheet_names:
            known = ", ".join(book.sheet_names)[:200]
            raise base.UnusableError(
                "unreadable_file", f"it has no sheet {name}: name one of {known} in the mapping"
            )
        sheet = book.get_sheet_by_name(name) if name else book.get_sheet_by_index(0)
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise base.unreadable(f"it is no .xlsx that can be read ({str(error)[:200]})") from error
    _, column = sheet.start or (0, 0)
    # Columns before the first that is used are left out: they come back, as they count.
    return ([""] * column + cells for cells in sheet.iter_rows())


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
