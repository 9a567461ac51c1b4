"""What every file format shares: the records that it yields, and how a file is refused.

To add a format:

1. Write one module beside this one with a function ``read(content, wanted)`` that yields
   :class:`Records`. It needs no checks of values: :mod:`auditor.inputs.validation` makes them,
   the same for every format. Take the wanted columns' places from :func:`column_positions`, the
   others' names from :func:`unread_columns`, and raise :func:`unreadable` for a file that cannot be
   parsed. Values that are no text become the text that a CSV file would hold: whole floats below
   2**53 have no ``.0``, dates and times are in ISO 8601, null is the empty string.
2. Describe it as a :class:`Format`, and add that to ``FORMATS`` in :mod:`auditor.inputs.formats`.

A source that is not a file, such as a database, yields :class:`Records` as well; it needs no
:class:`Format`.
"""

import codecs
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.clock.local_time import Flags
from auditor.inputs.showing import shown

#: Number of a file's first record; the header is 1, also in formats whose header is not a row.
FIRST_RECORD = 2
#: Records yielded at a time, at most.
PART_ROWS = 1 << 16
#: Bytes parsed at a time. No CSV record may be longer (Arrow reads up to 32 MiB ahead).
BLOCK_BYTES = 16 << 20
_COLUMNS_SHOWN = 20
#: Byte-order marks, and the encodings that they stand for.
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
#: What helps where a file is not written as the audit's own.
MAP_IT = "auditor mapping suggest FILE --out mapping.toml drafts a mapping for such files"


class UnusableError(Exception):
    """A whole file cannot be used: the reason code, the remedy, and the column at fault if any."""

    def __init__(self, reason: str, problem: str, column: str | None = None) -> None:
        super().__init__(problem)
        self.reason, self.problem, self.column = reason, problem, column


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written; a format looks only at what concerns it."""

    encoding: str | None = None  # None for what the first bytes say, else UTF-8
    delimiter: str = ","
    quote: str = '"'  # around a cell that holds delimiters or line breaks
    skip_lines: int = 0  # before the header, or before the first record if ``header`` is given
    header: tuple[str, ...] = ()  # names of the columns; empty if the file has a header line
    sheet: str | None = None  # of a workbook; None for those that have the columns
    records: tuple[str, ...] = ()  # the lists inside each object whose members are the records
    table: str | None = None  # of a database
    query: str | None = None  # SQL that gives the records


@dataclass(frozen=True, slots=True)
class Filled:
    """Columns in which an empty cell repeats the one above.

    Attributes:
        columns: those that do so wherever it is.
        within: those that do so within a receipt only: the next need not have any.
        number: those of a receipt's number. Where they are filled, each that is written begins a
            receipt.
        place: those of its store, till and time. Another value than in the row above begins a
            receipt too, as another number does.
    """

    columns: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    place: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """Which of a file's columns are read, by their names in the file, and how it is written."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()  # those that the file may lack
    every: bool = False  # whether all other columns of the file are read too
    dialect: Dialect = Dialect()
    filled: Filled = Filled()
    #: Those of them for whose empty cells there is a word: a list that no object has is none.
    answered: frozenset[str] = frozenset()
    entry: str = ""  # of the mapping that says so, in words; empty for the audit's own columns

    @property
    def remedy(self) -> str:
        """What helps where the file is written otherwise."""
        return f"correct the mapping's entry with {self.entry}" if self.entry else MAP_IT


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that cannot be split into cells, such as a CSV line with too many of them."""

    number: int
    problem: str


@dataclass(frozen=True)
class Records:
    """A part of a file: the wanted columns as text, one record a row."""

    #: Those of the wanted columns that the file has, by their names there, each in one chunk of
    #: strings. A missing value is the empty string; times and dates are in ISO 8601.
    cells: pa.Table
    numbers: npt.NDArray[np.int64]  # of each record in the file, see FIRST_RECORD
    malformed: tuple[Malformed, ...] = ()  # the malformed records up to the last of these
    damaged: bool = False  # whether U+FFFD stands for bytes that are not of the file's encoding
    unread: tuple[str, ...] = ()  # the file's columns that were not wanted
    #: Of the columns that have any, which cells were numbers in the file, not text.
    numeric: Mapping[str, Flags] = field(default_factory=dict)
    #: Of each record, the number of the piece of the file that holds a whole transaction, in
    #: formats that have such pieces: a transaction that stands there twice can be told by it.
    receipts: npt.NDArray[np.int64] | None = None
    unread_sheets: tuple[str, ...] = ()  # those of a workbook that hold something and were not read
    lost_sheets: tuple[str, ...] = ()  # others, that look as if they held more of such records
    begins_table: bool = (
        False  # whether the records before it are of another table, such as a sheet
    )
    #: Of the columns that have any, which cells a spreadsheet holds as dates or times.
    dates: Mapping[str, Flags] = field(default_factory=dict)
    absent: tuple[str, ...] = ()  # columns that the file lacks and that are empty in their place

    def texts_of_numbers(self) -> dict[str, frozenset[str]]:
        """The texts of its numbers, by column."""
        return {
            name: frozenset(self.cells[name].filter(pa.array(flags)).to_pylist())
            for name, flags in self.numeric.items()
        }

    def filter(self, keep: Flags) -> "Records":
        """The records whose flag is set."""
        cells = self.cells.filter(pa.array(keep)).combine_chunks()
        receipts = None if self.receipts is None else self.receipts[keep]
        numeric = {name: flags[keep] for name, flags in self.numeric.items()}
        dates = {name: flags[keep] for name, flags in self.dates.items()}
        return replace(
            self,
            cells=cells,
            numbers=self.numbers[keep],
            numeric=numeric,
            receipts=receipts,
            dates=dates,
        )


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    ``read`` yields the records of a file's content. It may raise :class:`UnusableError`,
    ``OSError``, Arrow's errors and those of decoding; nothing that a broken file can cause may
    raise anything else.
    """

    name: str  # what a mapping calls it
    suffixes: tuple[str, ...]  # ends of its files' names, in lower case; of compressed ones too
    read: Callable[[BinaryIO, Wanted], Iterator[Records]]
    magic: bytes = b""  # first bytes by which a file is recognised whatever its name
    random_access: bool = False  # whether ``read`` needs to seek: compressed content is unpacked

    def recognises(self, path: str, head: bytes) -> bool:
        """Whether a file with this name and these first bytes is of the format."""
        by_content = bool(self.magic) and head.startswith(self.magic)
        return by_content or path.lower().endswith(self.suffixes)


def unreadable(problem: str) -> UnusableError:
    """The error of a file that cannot be parsed."""
    return UnusableError("unreadable_file", f"{problem}; export the file again")


def encoding_of(head: bytes, named: str | None) -> tuple[str, bytes]:
    """The encoding of a text that begins so, and its byte-order mark, which comes before ``named``.

    Without either, UTF-16 is told by its zeros; all else is UTF-8.
    """
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding, mark
    if named is not None:
        return codecs.lookup(named).name, b""
    # The first character of an export is one of ASCII.
    first, second = head[:1] == b"\0", head[1:2] == b"\0"
    if first != second:
        return "utf-16-be" if first else "utf-16-le", b""
    return "utf-8", b""


def column_positions(header: Sequence[str], wanted: Wanted) -> dict[str, int]:
    """Where each of the wanted columns that a file has stands in its header.

    Raises:
        UnusableError: a column that is not optional is missing, or a column stands there twice.
    """
    missing = [name for name in wanted.required if name not in header]
    if missing:
        add = "" if wanted.entry else "add them to the export, with these names, or map its own: "
        raise UnusableError(
            "missing_column",
            f"it lacks the columns {', '.join(missing)}; {_columns_found(header, missing)}; "
            f"{add}{wanted.remedy}",
            column=missing[0] if len(missing) == 1 else None,
        )
    names = dict.fromkeys((*wanted.required, *wanted.optional))
    twice = [name for name in names if header.count(name) > 1]
    if twice:
        raise unreadable(f"it has more than one column {twice[0]}")
    if wanted.every:
        names |= dict.fromkeys(header)
    return {name: header.index(name) for name in names if name in header}


def unread_columns(header: Sequence[str], positions: Collection[str]) -> tuple[str, ...]:
    """The names in a header that are not among ``positions``, each once, without empty ones."""
    read = set(positions)
    return tuple(dict.fromkeys(name for name in header if name and name not in read))


def _columns_found(header: Sequence[str], missing: Sequence[str]) -> str:
    """What stands in a header, and which of it is most like what is missing."""
    names = [name for name in header if name]
    if any(not any(map(str.isalpha, name)) for name in names):
        return "its first line holds values, not names"  # of which none is repeated
    said = f"the columns are {', '.join(map(shown, names[:_COLUMNS_SHOWN]))}"
    if len(names) > _COLUMNS_SHOWN:
        said += f" and {len(names) - _COLUMNS_SHOWN} more"
    by_fold = {_folded(name): name for name in names}
    for name in missing:
        if like := get_close_matches(_folded(name), by_fold, n=1):
            said += f"; nearest to {name} is {shown(by_fold[like[0]])}"
    return said


def _folded(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
