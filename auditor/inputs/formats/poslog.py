"""POSLog XML (ARTS, IXRetail), and the dialect of NCR's ACS: a record for each line of a receipt.

:mod:`auditor.inputs.formats.poslog_elements` says where each column stands, docs/formats.md what it
means. A transaction without lines, such as a cashier's sign-on, is one record. A file is parsed
piece by piece, one transaction in memory at a time. It may not declare a document type, so that it
has no entities to expand and no other file to fetch.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.parsers import expat

import numpy as np
import pyarrow as pa

from auditor.inputs.formats import base
from auditor.inputs.formats.base import (
    MAP_IT,
    Format,
    Records,
    UnusableError,
    Wanted,
    unreadable,
)
from auditor.inputs.formats.poslog_checks import add_restriction, note
from auditor.inputs.formats.poslog_elements import (
    COLUMNS,
    OF_EVERY_EVENT,
    OF_EVERY_LINE,
    UNREAD,
    Element,
    is_flag,
    local_name,
    outermost,
    says_state,
)
from auditor.inputs.formats.poslog_lines import receipt_lines
from auditor.inputs.formats.poslog_voids import Fields
from auditor.inputs.formats.rows import texts
from auditor.mapping import says_no

#: Lines that a transaction may have: they are in memory together.
MOST_LINES = 100_000
_DEEPEST = 64
_LONGEST = 4096  # characters of a value that are kept: more than any column may hold
_CHUNK = 1 << 18


def read(content: BinaryIO, wanted: Wanted) -> Iterator[Records]:
    """Yield a POSLog's records; arguments and errors are those of ``Format.read``."""
    if unknown := [name for name in wanted.required if name not in COLUMNS]:
        raise _unknown(unknown)
    names = [n for n in COLUMNS if wanted.every or n in wanted.required or n in wanted.optional]
    part, number = _Part(names), base.FIRST_RECORD
    for receipt, lines in enumerate(_transactions(content), 1):
        for line in lines:
            part.add(number, receipt, line)
            number += 1
            if part.is_full:
                yield part.records()
                part = _Part(names)
    if part.numbers:
        yield part.records()


POSLOG = Format("poslog", (".xml", ".xml.gz"), read)


def _unknown(names: list[str]) -> UnusableError:
    """The error of columns that no POSLog has: mostly, that nobody said that it is one."""
    if len(names) > 1:
        return UnusableError(
            "missing_column",
            f"it is XML, and no mapping names it: try --mapping poslog-6 or ncr-acs; {MAP_IT}",
        )
    known = ", ".join(COLUMNS)
    return UnusableError(
        "missing_column", f"a POSLog has no column {names[0]}, but {known}", column=names[0]
    )


class _Part:
    """Collects a part of the records."""

    def __init__(self, names: list[str]) -> None:
        self.numbers: list[int] = []
        self._receipts: list[int] = []
        self._names = names
        self._rows: list[list[str]] = []
        self._size = 0

    def add(self, number: int, receipt: int, line: Fields) -> None:
        row = [line.get(name, "") for name in self._names]
        self._rows.append(row)
        self.numbers.append(number)
        self._receipts.append(receipt)
        self._size += sum(map(len, row))

    @property
    def is_full(self) -> bool:
        return len(self.numbers) >= base.PART_ROWS or self._size > base.BLOCK_BYTES

    def records(self) -> Records:
        columns = zip(*self._rows, strict=True) if self._rows else [()] * len(self._names)
        cells = {name: texts(values) for name, values in zip(self._names, columns, strict=True)}
        numbers, receipts = np.array([self.numbers, self._receipts], np.int64)
        return Records(pa.table(cells), numbers, receipts=receipts)


def _transactions(content: BinaryIO) -> Iterator[list[Fields]]:
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    read_so_far = 0
    try:
        while chunk := content.read(_CHUNK):
            parser.Parse(chunk, False)
            read_so_far += len(chunk)
            if read_so_far - parser.CurrentByteIndex > base.BLOCK_BYTES:
                raise unreadable("it holds a tag of more than 16 MiB")
            yield from reader.taken()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code) or "an unknown error"
        raise unreadable(
            f"it is no XML from line {error.lineno}, character {error.offset + 1} on ({what})"
        ) from error
    except (LookupError, ValueError) as error:
        raise unreadable(f"its encoding is not known ({error})") from error
    yield from reader.taken()
    if not reader.is_poslog:
        raise unreadable("it is XML, but no POSLog: it has no element Transaction")


def _refuse_doctype(*_: Any) -> None:
    raise unreadable("it declares a document type, which no POSLog needs and an attack could use")


class _Reader:
    """Handles the parser's events: collects transactions, and forgets them once they are taken."""

    def __init__(self) -> None:
        self.is_poslog = False
        self._open = [outermost()]  # the elements that are looked at, from the outermost
        self._skipped = 0  # the open elements inside of one that is not
        self._texts: list[list[str]] = []  # the pieces of the text of each open one with a column
        self._columns: list[list[str]] = []  # which columns these texts are of
        self._fields: Fields = {}  # of what is open: a transaction, a line or a link
        self._whole: Fields = {}
        self._lines: list[Fields] = []
        self._links: list[Fields] = []
        self._ready: list[list[Fields]] = []

    def taken(self) -> list[list[Fields]]:
        """The transactions that have ended since the last time, each as its lines."""
        ready, self._ready = self._ready, []
        return ready

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if len(self._open) + self._skipped > _DEEPEST:
            raise unreadable(f"its elements are nested more than {_DEEPEST} deep")
        if self._skipped:
            self._skipped = self._skipped + 1
            return
        within = self._open[-1]
        if within.kinds:
            self._note_kind(within, name)
        element = within.below(name)
        if element is None:
            self._skipped = 1
            return
        self._open.append(element)
        if element.starts:
            self._begin(element.starts)
        if element.column is not None:
            self._texts.append([])
            self._columns.append(element.columns(attributes))
        for key, value in attributes.items():
            local, text = local_name(key), value.strip()[:_LONGEST]
            column = element.attributes.get(local.lower())
            if text and column:
                note(self._fields, column, text)
            elif text and says_state(local, text):
                note(self._fields, UNREAD, f"{local}={text}")

    def text(self, text: str) -> None:
        """A piece of an element's text."""
        if self._texts and not self._skipped and len(self._texts[-1]) <= _LONGEST:
            self._texts[-1].append(text)

    def end(self, name: str) -> None:
        """An element ends."""
        if self._skipped:
            self._skipped -= 1
            return
        element = self._open.pop()
        if element.column is not None:
            value = "".join(self._texts.pop()).strip()
            for column in self._columns.pop():
                if column == UNREAD:
                    value = "" if says_no(value) else f"{local_name(name)}={value}"
                if value:
                    note(self._fields, column, value[:_LONGEST])
        if element.starts == "transaction":
            self._ready.append(list(receipt_lines(self._whole, self._lines, self._links)))
            self._lines, self._links = [], []
        elif element.starts == "check":
            restriction, self._fields = self._fields, self._lines[-1]
            add_restriction(self._fields, restriction)
        elif element.starts:
            self._fields = self._whole
        elif len(self._open) == 1:
            self.is_poslog |= local_name(name).lower() == "poslog"

    def _begin(self, what: str) -> None:
        self._fields = {}
        if what == "transaction":
            self.is_poslog, self._whole = True, self._fields
        if what in ("transaction", "check"):
            return
        found = self._lines if what == "line" else self._links
        found.append(self._fields)
        if len(found) > MOST_LINES:
            raise unreadable(f"a transaction of it has more than {MOST_LINES:,} lines")

    def _note_kind(self, within: Element, name: str) -> None:
        """Note what a line or a transaction is, which the name of an element in it says."""
        local = local_name(name)
        if is_flag(local):
            return
        if within.starts == "transaction":
            if local.endswith("Transaction"):
                self._fields.setdefault("transaction_type", local)
        elif within.starts != "line":
            if local not in OF_EVERY_EVENT:
                self._fields.setdefault("event", local)
        elif local not in OF_EVERY_LINE:
            if local == "AgeRestriction":
                self._fields.setdefault("line_type", local)
            elif self._fields.get("line_type", "AgeRestriction") == "AgeRestriction":
                self._fields["line_type"] = local
