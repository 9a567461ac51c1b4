"""The sheets of a workbook: where their tables begin, and which hold records of the same kind."""

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from auditor.inputs.formats.base import Dialect, UnusableError, Wanted, unreadable
from auditor.inputs.formats.rows import plain
from auditor.inputs.showing import shown

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

_Row = tuple[int, Sequence[Any]]

_TOP = 20  # rows in which a header is looked for, from the one where it should be
_AS_FILLED = 2 / 3  # share of the columns filled in either of two rows that both of them fill
_AS_WRITTEN = 0.8  # share of these in which both have figures, or both have words


@dataclass(frozen=True)
class Sheet:
    """A sheet that holds anything.

    Attributes:
        height, width: its last row and column that are used.
        top: the first of its rows that are not empty, with their numbers.
        start: which of them is the first record.
        rest: the rows behind them that are not empty, and their numbers; to be taken once.
        header: the names of its columns.
    """

    name: str
    height: int
    width: int
    top: Sequence[_Row]
    start: int
    rest: Iterator[_Row]
    header: list[str]

    @property
    def rows(self) -> Iterator[_Row]:
        """Its records, with their numbers in the sheet; to be taken once."""
        return chain(self.top[self.start :], self.rest)

    def has(self, columns: Iterable[str]) -> bool:
        """Whether it has columns of these names."""
        return set(columns) <= set(self.header)


class Workbook:
    """A workbook, whose sheets are loaded when they are asked for.

    Attributes:
        meant: the sheets that the dialect names, or, where it names none, those that Excel shows.
    """

    def __init__(self, content: BinaryIO, dialect: Dialect) -> None:
        """Open a workbook.

        Raises:
            UnusableError: it cannot be read, or lacks the sheet that the dialect names.
        """
        try:
            import python_calamine as calamine  # noqa: PLC0415  # an extra
        except ImportError:
            raise UnusableError(
                "unreadable_file",
                'reading .xlsx needs the extra "xlsx": install auditor[xlsx], or export CSV',
            ) from None
        self._dialect, self._errors = dialect, (calamine.CalamineError, OSError, ValueError)
        content.seek(0)
        try:
            # A copy: the library reads files of Python's own kinds only.
            self._book: CalamineWorkbook = calamine.CalamineWorkbook.from_filelike(
                io.BytesIO(content.read())
            )
        except self._errors as error:
            raise _broken(error) from error
        if dialect.sheet is not None and dialect.sheet not in self._book.sheet_names:
            known = ", ".join(self._book.sheet_names)[:200]
            raise UnusableError(
                "unreadable_file",
                f"it has no sheet {dialect.sheet}: name one of {known} in the mapping",
            )
        self.meant = {
            each.name
            for each in self._book.sheets_metadata
            if each.name == dialect.sheet
            or (dialect.sheet is None and each.visible == calamine.SheetVisibleEnum.Visible)
        }
        self._names = [
            each.name
            for each in self._book.sheets_metadata
            if each.typ == calamine.SheetTypeEnum.WorkSheet
        ]

    def sheets(self, known: Sheet | None = None) -> Iterator[Sheet]:
        """The sheets that hold anything, in their order; ``known`` is not loaded again."""
        for name in self._names:
            sheet = known if known and known.name == name else self._opened(name)
            if sheet is not None:
                yield sheet

    def _opened(self, name: str) -> Sheet | None:
        try:
            sheet = self._book.get_sheet_by_name(name)
        except self._errors as error:
            raise _broken(error) from error
        if sheet.end is None:
            return None
        (_, column), (last_row, last_column) = sheet.start or (0, 0), sheet.end
        # Columns before the first that is used are left out: they come back, as they count.
        rows = enumerate(([""] * column + cells for cells in sheet.iter_rows()), 1)
        numbered = ((number, row) for number, row in rows if filled(row))
        top: list[_Row] = []
        skipped = 0
        for number, row in numbered:
            top.append((number, row))
            skipped += number <= self._dialect.skip_lines
            if len(top) >= skipped + _TOP:
                break
        if self._dialect.header:
            header, start = list(self._dialect.header), skipped
        else:
            header, start = _names(top[skipped][1] if skipped < len(top) else ()), skipped + 1
        return Sheet(name, last_row + 1, last_column + 1, top, start, numbered, header)


class Alike:
    """Tells which sheets of a workbook hold records as the first that is read does."""

    def __init__(self, first: Sheet, wanted: Wanted) -> None:
        self._first = first
        self._has_header = not wanted.dialect.header
        self._needed = wanted.required or tuple(first.header)
        times = Counter(map(str.casefold, first.header))
        self._known = {
            fold: name
            for name in (*wanted.optional, *wanted.required, *first.header)
            if times[fold := name.casefold()] < 2  # else case tells them apart
        }
        records = [row for _, row in first.top[first.start :]]
        width = max(map(len, records), default=0)
        self._kinds = [
            {_is_figure(row[at]) for row in records if at < len(row) and row[at] != ""}
            for at in range(width)
        ]

    def read_as(self, sheet: Sheet) -> Sheet | None:
        """A sheet with its columns named as the first has them, if it has those that are needed.

        Its names may differ in case, and its header may stand some rows higher or lower. Without a
        header it has to be as wide, or its first record is filled and written as the first's are.
        """
        if not self._has_header:
            records = (row for _, row in sheet.top[sheet.start :])
            alike = sheet.width == self._first.width or self._is_record(next(records, ()))
            return sheet if alike else None
        for at, (_, row) in enumerate(sheet.top):
            header = self._renamed(row)
            if set(self._needed) <= set(header):
                return replace(sheet, header=header, start=at + 1)
        return None

    def lost(self, sheet: Sheet) -> str | None:
        """What is said of a sheet that may hold records as the first does, but is not read as it.

        It has most of the columns that are needed, or rows that are filled and written alike.
        """
        headers = [self._renamed(row) for _, row in sheet.top if self._has_header]
        lacking = [[name for name in self._needed if name not in header] for header in headers]
        least = min(lacking, key=len, default=list(self._needed))
        has_most = 2 * len(least) < len(self._needed)
        if not has_most and not any(self._is_record(row) for _, row in sheet.top):
            return None
        why = (
            f"lacks the columns {', '.join(map(shown, least))}" if has_most else "has other columns"
        )
        return (
            f"its sheet {shown(sheet.name)} was not read, though it looks like the sheet "
            f"{shown(self._first.name)}: it {why}; give it the same columns or, if it holds "
            "no such rows, hide it in the workbook or name the sheet to read in the mapping"
        )

    def _renamed(self, row: Sequence[Any]) -> list[str]:
        """The names in a header, those that differ in case only as the first sheet has them."""
        names = _names(row)
        times = Counter(map(str.casefold, names))
        return [
            self._known[fold]
            if times[fold := name.casefold()] == 1 and fold in self._known
            else name
            for name in names
        ]

    def _is_record(self, row: Sequence[Any]) -> bool:
        """Whether a row has figures and words in about the columns where the first's records do."""
        here = [at for at, cell in enumerate(row) if cell != ""]
        there = {at for at, kinds in enumerate(self._kinds) if kinds}
        both = there.intersection(here)
        alike = [at for at in both if _is_figure(row[at]) in self._kinds[at]]
        return (
            len(both) >= _AS_FILLED * len(there.union(here))
            and len(alike) >= _AS_WRITTEN * len(both)
            and any(_is_figure(row[at]) for at in alike)
        )


def filled(row: Sequence[Any]) -> bool:
    """Whether there is anything in a row."""
    return any(value != "" for value in row)


def _names(row: Sequence[Any]) -> list[str]:
    header = [plain(value).strip() for value in row]
    while header and not header[-1]:
        header.pop()
    return header


def _is_figure(value: Any) -> bool:
    """Whether a cell holds a number, a date or a time: it may be written as a text."""
    return not isinstance(value, str) or not any(map(str.isalpha, value))


def _broken(error: Exception) -> UnusableError:
    return unreadable(f"it is no .xlsx that can be read ({str(error)[:200]})")
