"""Excel workbooks (.xlsx): sheets with a header row. A sheet is held in memory as a whole.

Cells hold what a CSV file would: dates and times in ISO 8601, whole numbers without ``.0``, the
last result of a formula. The extra ``xlsx`` installs the library.
"""

import copy
import re
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

import numpy as np

from auditor.inputs.formats import base
from auditor.inputs.formats.rows import cells_of, dates_in
from auditor.inputs.formats.sheets import Alike, Sheet, Workbook, filled

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

    The sheet that the dialect names is read, or all that have the required columns as the first of
    them has; their rows are numbered on. With the last records come the names of the others that
    hold anything, and what is said of those that look as if they held more of such records.
    """
    _check_size(content)
    book, first, headers = Workbook(content, wanted.dialect), None, []
    for sheet in book.sheets():
        if sheet.name in book.meant:
            headers.append(sheet.header)
            if sheet.has(wanted.required):
                first = sheet
                break
    if first is None:
        base.column_positions(next(iter(headers), []), wanted)
        return
    alike, above = Alike(first, wanted), 0
    unread, lost = [], []
    for sheet in book.sheets(first):
        table = sheet if sheet is first else alike.read_as(sheet)
        if table and sheet.name in book.meant:
            yield from _records(table, wanted, above)
            above += sheet.height
        elif wanted.dialect.sheet is not None:
            unread += [sheet.name] if table else []
        elif sheet.name in book.meant and (problem := alike.lost(sheet)):
            lost.append(problem)
        else:
            unread.append(sheet.name)
    if unread or lost:
        positions = base.column_positions(first.header, wanted)
        cells, _ = cells_of({name: [] for name in positions})
        yield base.Records(
            cells,
            np.empty(0, np.int64),
            unread=base.unread_columns(first.header, positions),
            unread_sheets=tuple(unread),
            lost_sheets=tuple(lost),
        )


def _records(sheet: Sheet, wanted: base.Wanted, above: int) -> Iterator[base.Records]:
    """The records of one sheet; ``above`` is how many rows the sheets read before it have."""
    header = sheet.header
    positions = base.column_positions(header, wanted)
    unread = base.unread_columns(header, positions)
    rows, begins = sheet.rows, True
    while part := list(islice(rows, base.PART_ROWS)):
        malformed = [
            base.Malformed(number + above, "has cells beyond the header's last column")
            for number, row in part
            if filled(row[len(header) :])
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
            cells,
            numbers,
            tuple(malformed),
            unread=unread,
            numeric=numeric,
            dates=dates,
            begins_table=begins,
        )
        begins = False


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
