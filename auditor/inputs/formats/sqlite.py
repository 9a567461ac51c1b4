"""SQLite files: one table or one query of the mapping, read row by row.

What stands in the file is not trusted: it may be read, and nothing else. No other file is attached,
no extension loaded, and a query that works without end is broken off.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.inputs.formats import base
from auditor.inputs.formats.rows import numbers_in, texts

#: Steps of SQLite's engine without a row, some seconds, after which a query is broken off.
MOST_STEPS = 150_000_000
_STEPS_AT_ONCE = 1_000_000
_LONGEST_VALUE = base.BLOCK_BYTES
_MAGIC = b"SQLite format 3\0"
_VERSIONS_AT, _WAL = 18, b"\2\2"
_READING = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
#: Errors that a query causes; a statement beside it has none.
_OF_THE_QUERY = ("SQLITE_ERROR", "SQLITE_AUTH", "SQLITE_INTERRUPT", "SQLITE_READONLY", "")
_SETTINGS = ("query_only = 1", "trusted_schema = 0", "cell_size_check = 1", "mmap_size = 0")


def read(content: BinaryIO, wanted: base.Wanted) -> Iterator[base.Records]:
    """Yield the records of a table or query; arguments and errors are those of ``Format.read``."""
    dialect = wanted.dialect
    if not (dialect.table or dialect.query):
        raise base.UnusableError(
            "unreadable_file",
            "it is a SQLite database, and no mapping names it with a table or a query; "
            + base.MAP_IT,
        )
    with tempfile.NamedTemporaryFile(suffix=".db") as file:
        shutil.copyfileobj(content, file)
        file.flush()
        _check_header(file.name)
        try:
            with closing(_opened(file.name)) as database:
                yield from _rows(database, wanted)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise _refused(error, wanted) from error


SQLITE = base.Format("sqlite", (".db", ".sqlite", ".sqlite3"), read, magic=_MAGIC)


def _refused(error: Exception, wanted: base.Wanted) -> base.UnusableError:
    """The error of a file that cannot be read, or of a query that cannot be asked."""
    why, name = str(error)[:200], getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_INTERRUPT":
        why = "it works for too long without a row: order and group nothing, or less"
    elif name == "SQLITE_AUTH":
        why = "it may read its own file, and do nothing else"
    if wanted.dialect.query and name in _OF_THE_QUERY:
        remedy = f"correct query in the mapping's entry with {wanted.entry}"
        return base.UnusableError("unreadable_file", f"its query cannot be asked ({why}); {remedy}")
    return base.unreadable(f"SQLite cannot read it ({why})")


def _check_header(path: str) -> None:
    with open(path, "rb") as file:  # noqa: PTH123  # the path is a temporary file's
        head = file.read(100)
    if not head.startswith(_MAGIC):
        raise base.unreadable("it is no SQLite database")
    if _WAL[:1] in head[_VERSIONS_AT : _VERSIONS_AT + 2]:
        raise base.UnusableError(
            "unreadable_file",
            "its last rows may stand in a -wal file beside it, which is not read: export a copy "
            "with VACUUM INTO 'copy.db'",
        )


def _opened(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, isolation_level=None)
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    for setting in _SETTINGS:
        database.execute(f"PRAGMA {setting}")
    database.text_factory = bytes
    return database


def _rows(database: sqlite3.Connection, wanted: base.Wanted) -> Iterator[base.Records]:
    patience = _Patience()
    database.set_progress_handler(patience.spent, _STEPS_AT_ONCE)
    for (fault,) in database.execute("PRAGMA quick_check(1)"):
        if fault != b"ok":
            raise base.unreadable(
                f"SQLite finds it damaged ({fault.decode(errors='replace')[:200]})"
            )
    database.set_authorizer(_allow)
    patience.left = MOST_STEPS
    cursor = database.execute(wanted.dialect.query or _every(database, wanted.dialect.table or ""))
    header = [name for name, *_ in cursor.description or ()]
    positions = base.column_positions(header, wanted)
    unread = base.unread_columns(header, positions)
    number, size = base.FIRST_RECORD, 0
    rows: list[tuple[Any, ...]] = []

    def taken() -> base.Records:
        columns = list(zip(*rows, strict=True))
        cells, damaged = {}, False
        for name, at in positions.items():
            cells[name], replaced = _text(columns[at])
            damaged |= replaced
        numbers = np.arange(number - len(rows), number, dtype=np.int64)
        flags = {name: numbers_in(columns[at]) for name, at in positions.items()}
        numeric = {name: numbers for name, numbers in flags.items() if numbers.any()}
        return base.Records(pa.table(cells), numbers, (), damaged, unread, numeric)

    for row in cursor:
        patience.left = MOST_STEPS
        rows.append(row)
        number += 1
        size += _length(row)
        if len(rows) >= base.PART_ROWS or size > base.BLOCK_BYTES:
            yield taken()
            rows, size = [], 0
    if rows:
        yield taken()


def _length(row: tuple[Any, ...]) -> int:
    try:
        return sum(map(len, row))
    except TypeError:  # numbers and nulls have none
        return sum(len(value) for value in row if isinstance(value, bytes))


def _text(values: Sequence[Any]) -> tuple[pa.Array, bool]:
    """Values as text, and whether U+FFFD stands for bytes of some that are not UTF-8."""
    if set(map(type, values)) <= {bytes, type(None)}:
        column = pa.array(values, pa.binary()).fill_null(b"")
        try:
            return column.cast(pa.string()), False
        except pa.ArrowInvalid:
            pass
    column = texts(values)
    return column, pc.any(pc.match_substring(column, "\ufffd")).as_py()


def _every(database: sqlite3.Connection, table: str) -> str:
    """The query for all rows of a table or view, which has to exist."""
    known = [
        name.decode(errors="replace")
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
        )
    ]
    if table not in known:
        raise base.UnusableError(
            "unreadable_file",
            f"it has no table {table}: name one of {', '.join(known)[:200]} in the mapping",
        )
    quoted = table.replace('"', '""')
    return f'SELECT * FROM "{quoted}"'  # noqa: S608  # a name that the database has


def _allow(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


class _Patience:
    """Breaks a query off that has worked for too long without a row."""

    def __init__(self) -> None:
        self.left = MOST_STEPS

    def spent(self) -> bool:
        """Count the steps since the last call; whether there were too many."""
        self.left -= _STEPS_AT_ONCE
        return self.left < 0
