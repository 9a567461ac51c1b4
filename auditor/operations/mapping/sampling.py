"""Samples of files: what format and dialect they have, and some of their records as text."""

import gzip
import io
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from auditor.errors import ConfigurationError
from auditor.inputs.formats.base import Dialect, UnusableError, Wanted
from auditor.inputs.records import read_records
from auditor.operations.mapping.csv_dialect import guess_csv, unnamed
from auditor.operations.mapping.databases import sample_of_database
from auditor.operations.mapping.first_records import first_records
from auditor.operations.mapping.json_lists import (
    is_of_checks,
    lines_within,
    lists_of,
    one_object_each,
    parsed,
    plain_names,
)
from auditor.operations.mapping.workbooks import Grid, guess_sheet, read_grid

#: Records of a file that are looked at.
MOST_RECORDS = 5000
_HEAD_BYTES = 1 << 20
_LINES = 500  # of JSON that are looked at for their names
_WIDEST_SHEET = 300
_NAMESPACES = 1 << 14  # bytes in which an XML file names its dialects
_MAGIC = {
    b"PAR1": "parquet",
    b"SQLite format 3\0": "sqlite",
    b"PK\x03\x04": "xlsx",
}
_XML = (".xml", ".xml.gz")
_REFUSED = {
    b"\xd0\xcf\x11\xe0": "it is a workbook of Excel 97 (.xls): save it as .xlsx, or as CSV",
    b"%PDF": "it is a PDF: ask for the till's export of lines, as CSV or another table",
}


@dataclass(frozen=True)
class Sample:
    """Some records of a file.

    Attributes:
        path: the file.
        form: its format, as a mapping names it.
        dialect: keys of a mapping's entry that say how the file is written.
        columns: text by name; all have one length.
        numbers: by column, the texts of the cells that were numbers.
        remarks: what is not certain about its dialect.
        head: the start of the file, where it is text.
        checks: the columns of a second list of records, of ID checks; all have one length.
    """

    path: Path
    form: str
    dialect: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    numbers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    head: str = ""
    checks: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many records it has."""
        return len(next(iter(self.columns.values()), ()))

    def joined(self, other: "Sample") -> "Sample":
        """Both together, if they are of one kind."""
        columns = {n: [*self.columns[n], *other.columns[n]] for n in self.columns}
        numbers = _together(self.numbers, other.numbers)
        checks = {n: [*self.checks[n], *other.checks[n]] for n in self.checks}
        return replace(self, columns=columns, numbers=numbers, checks=checks)

    def is_of_kind(self, other: "Sample") -> bool:
        """Whether the files are written alike, and have the same columns."""
        same = self.form == other.form and set(self.columns) == set(other.columns)
        same = same and set(self.checks) == set(other.checks)
        return same and dict(self.dialect) == dict(other.dialect)


def take_sample(path: Path) -> Sample:
    """Look at a file.

    Raises:
        ConfigurationError: it cannot be read, or is of no format that is known.
    """
    try:
        with path.open("rb") as file:
            head = _unpacked_head(file)
        return _sampled(path, head, lambda: path.open("rb"))
    except UnusableError as error:
        raise ConfigurationError(f"{path}: {error.problem}") from error
    except OSError as error:
        raise ConfigurationError(
            f"{path}: it cannot be read ({error.strerror or error})"
        ) from error


def _sampled(path: Path, head: bytes, content: Callable[[], BinaryIO]) -> Sample:
    if not head.strip():
        raise UnusableError("unreadable_file", "it is empty: give a file with some sales in it")
    for magic, problem in _REFUSED.items():
        if head.startswith(magic):
            raise UnusableError("unreadable_file", problem)
    form = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)
    if form == "xlsx":
        return _workbook(path, content)
    if form == "sqlite":
        query, columns, numbers, remarks = sample_of_database(str(path), content, MOST_RECORDS)
        return Sample(path, form, query, columns, numbers, tuple(remarks))
    if form == "parquet":
        columns, numbers = _columns(path, content, form, _every())
        return Sample(path, form, {}, columns, numbers)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<") or path.name.lower().endswith(_XML):
        columns, _ = _columns(path, content, "poslog", _every())
        return Sample(path, "poslog", {}, columns, head=head[:_NAMESPACES].decode(errors="replace"))
    if start.startswith((b"{", b"[")) and b'"' in start[:4096]:
        return _json_lines(path, head, content)
    guess = guess_csv(head)
    dialect = guess.keys
    columns, numbers = _columns(path, content, "csv", _every(**dialect))
    return Sample(path, "csv", dialect, columns, numbers, guess.remarks)


def _every(**dialect: Any) -> Wanted:
    return Wanted((), every=True, dialect=Dialect(**dialect))


def _columns(
    path: Path, content: Callable[[], BinaryIO], form: str, wanted: Wanted
) -> tuple[dict[str, list[str]], dict[str, frozenset[str]]]:
    """The first records, by column, and the texts of those that were numbers."""
    columns, numbers = first_records(path.name, content, form, wanted, MOST_RECORDS)
    if not columns:
        raise UnusableError("unreadable_file", "it has no records: give a file with some sales")
    return {name: texts for name, texts in columns.items() if name}, numbers


def _together(
    some: Mapping[str, frozenset[str]], more: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """Sets of texts by column, from both."""
    nothing = frozenset[str]()
    return {name: some.get(name, nothing) | more.get(name, nothing) for name in {**some, **more}}


def _json_lines(path: Path, head: bytes, content: Callable[[], BinaryIO]) -> Sample:
    text = head.decode("utf-8-sig", errors="replace")
    if text.lstrip().startswith("["):
        raise UnusableError(
            "unreadable_file",
            "it is one JSON list: export JSON Lines, one object a line (jq -c '.[]' makes them)",
        )
    objects = [found for line in text.splitlines()[:_LINES] if (found := parsed(line))]
    if not objects:
        raise UnusableError(
            "unreadable_file",
            "it is JSON, but not one object a line: export JSON Lines (jq -c . makes them)",
        )
    if within := lines_within(objects):
        outer, inner = within
        raise UnusableError(
            "unreadable_file",
            f"its lines stand in a list within a list ({inner}), which is not read: write an object"
            f" for each member of {outer}, as jq -c '{one_object_each(outer)}' does",
        )
    lists = lists_of(objects)
    dialect: dict[str, Any] = {"records": lists[0]} if lists else {}
    remarks: tuple[str, ...] = ()
    if len(lists) > 1:
        remarks = (f"records: the lists in it are {', '.join(lists)}; a record may be another one",)
    columns, numbers = _records(path, content, objects, lists[:1])
    for name in lists[1:]:
        of_list, _ = _records(path, content, objects, [name])
        checks = {n: texts for n, texts in of_list.items() if n.startswith(f"{name}.")}
        if is_of_checks(name, checks):
            dialect["records"] = [lists[0], name]
            return Sample(path, "jsonl", dialect, columns, numbers, remarks, checks=checks)
    return Sample(path, "jsonl", dialect, columns, numbers, remarks)


def _records(
    path: Path,
    content: Callable[[], BinaryIO],
    objects: Sequence[Mapping[str, Any]],
    lists: Sequence[str],
) -> tuple[dict[str, list[str]], dict[str, frozenset[str]]]:
    """The columns of JSON lines whose records are in ``lists``, with the names of ``objects``."""
    wanted = Wanted((), plain_names(objects, lists), dialect=Dialect(records=tuple(lists)))
    return _columns(path, content, "jsonl", wanted)


def _workbook(path: Path, content: Callable[[], BinaryIO]) -> Sample:
    def grid(sheet: str | None) -> Grid:
        wanted = _every(header=unnamed(_WIDEST_SHEET), sheet=sheet)
        return read_grid(read_records(path.name, content, wanted, "xlsx"))

    guess = guess_sheet(content, grid)
    wanted = replace(_every(**guess.keys), required=guess.columns)
    columns, numbers = _columns(path, content, "xlsx", wanted)
    return Sample(path, "xlsx", guess.keys, columns, numbers, guess.remarks)


def _unpacked_head(file: BinaryIO) -> bytes:
    head = file.read(_HEAD_BYTES)
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(head)) as packed:
            return packed.read1(_HEAD_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnusableError("unreadable_file", f"its compression is broken ({error})") from error
