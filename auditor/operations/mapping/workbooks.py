"""Guesses which sheet of a workbook holds the till's lines, and where its table begins."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from auditor.inputs.formats.base import Records, UnusableError
from auditor.operations.mapping.csv_dialect import header_row, unnamed
from auditor.operations.mapping.names import SYNONYMS, likeness

_MOST_ROWS = 200
_MOST_SHEETS = 20


@dataclass(frozen=True)
class Grid:
    """The first rows of a sheet that hold anything, and their numbers in it."""

    rows: list[list[str]]
    numbers: list[int]

    @property
    def width(self) -> int:
        """Up to which column there is anything."""
        return max((at for row in self.rows for at, cell in enumerate(row, 1) if cell), default=0)

    @property
    def header(self) -> int | None:
        """Which row has the names of the columns; None if there is none."""
        return header_row([row[: self.width] for row in self.rows])

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns; empty if there are none."""
        cells = [] if self.header is None else self.rows[self.header]
        return tuple(dict.fromkeys(name for cell in cells if (name := cell.strip())))

    @property
    def folded(self) -> set[str]:
        """The names without their case, in which those of one workbook may differ."""
        return set(map(str.casefold, self.names))


def read_grid(parts: Iterable[Records]) -> Grid:
    """The first rows of a sheet that is read without a header."""
    for part in parts:
        cells = [part.cells[name].to_pylist()[:_MOST_ROWS] for name in part.cells.column_names]
        rows = [list(row) for row in zip(*cells, strict=True)]
        return Grid(rows, part.numbers.tolist()[:_MOST_ROWS])
    return Grid([], [])


@dataclass(frozen=True)
class SheetGuess:
    """Which sheets hold the till's lines.

    Attributes:
        keys: of an entry, that say where the table is.
        columns: names that the sheets to read have in common; empty if there is no header.
        remarks: what is not certain.
    """

    keys: dict[str, Any]
    columns: tuple[str, ...]
    remarks: tuple[str, ...]


def guess_sheet(content: Callable[[], BinaryIO], grid: Callable[[str | None], Grid]) -> SheetGuess:
    """The sheet that is most like a till's lines, and those with the same columns."""
    keys: dict[str, Any] = {}
    remarks: list[str] = []
    names = _sheets(content)
    best, found = None, grid(None)
    if len(names) > 1:
        grids = {name: grid(name) for name in names[:_MOST_SHEETS]}
        best = max(grids, key=lambda name: _score(grids[name]))
        found = grids[best]
        alike = [name for name, other in grids.items() if found.folded <= other.folded]
        if len(alike) > 1 and found.names:
            remarks.append(f"sheet: {', '.join(alike)[:200]} have the same columns, and are read")
            if others := [name for name in names if name not in alike]:
                remarks.append(f"sheet: not read are {', '.join(others)[:200]}")
        else:
            keys |= {"sheet": best} if best != names[0] else {}
            remarks.append(f"sheet: there are {', '.join(names)[:200]}")
    at = found.header
    if at is None:
        keys["header"] = unnamed(found.width)
        remarks.append("header: there is none, so the columns are named as the sheet names them")
    elif at:
        keys["skip_lines"] = found.numbers[at] - 1
    return SheetGuess(keys, found.names, tuple(remarks))


def _score(grid: Grid) -> float:
    return sum(max(likeness(name, role) for role in SYNONYMS) for name in grid.names)


def _sheets(content: Callable[[], BinaryIO]) -> list[str]:
    """The sheets that Excel shows; the workbook was read already, so its size is no danger."""
    import python_calamine as calamine  # noqa: PLC0415  # an extra, which the reader asked for

    try:
        with content() as file:
            sheets = calamine.CalamineWorkbook.from_filelike(file).sheets_metadata
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise UnusableError("unreadable_file", "it is no .xlsx that can be read") from error
    worksheet, visible = calamine.SheetTypeEnum.WorkSheet, calamine.SheetVisibleEnum.Visible
    return [each.name for each in sheets if each.typ == worksheet and each.visible == visible]
