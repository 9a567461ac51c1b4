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


def read_grid(parts: Iterable[Records]) -> Grid:
    """The first rows of a sheet that is read without a header."""
    for part in parts:
        cells = [part.cells[name].to_pylist()[:_MOST_ROWS] for name in part.cells.column_names]
        rows = [list(row) for row in zip(*cells, strict=True)]
        return Grid(rows, part.numbers.tolist()[:_MOST_ROWS])
    return Grid([], [])


def guess_sheet(
    content: Callable[[], BinaryIO], grid: Callable[[str | None], Grid]
) -> tuple[dict[str, Any], list[str]]:
    """The keys of an entry that say where the table is, and what is not certain."""
    first = grid(None)
    keys: dict[str, Any] = {}
    remarks: list[str] = []
    names = _sheets(content)
    if len(names) > 1:
        best = max(names[:_MOST_SHEETS], key=lambda name: _score(grid(name)))
        if best != names[0]:
            keys["sheet"], first = best, grid(best)
        remarks.append(f"sheet: there are {', '.join(names)[:200]}")
    at = first.header
    if at is None:
        keys["header"] = unnamed(first.width)
        remarks.append("header: there is none, so the columns are named as the sheet names them")
    elif at:
        keys["skip_lines"] = first.numbers[at] - 1
    return keys, remarks


def _score(grid: Grid) -> float:
    names = [] if grid.header is None else [name for name in grid.rows[grid.header] if name]
    return sum(max(likeness(name, role) for role in SYNONYMS) for name in names)


def _sheets(content: Callable[[], BinaryIO]) -> list[str]:
    """The names of the sheets; the workbook was read already, so its size is no danger."""
    import python_calamine as calamine  # noqa: PLC0415  # an extra, which the reader asked for

    try:
        with content() as file:
            names: list[str] = calamine.CalamineWorkbook.from_filelike(file).sheet_names
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise UnusableError("unreadable_file", "it is no .xlsx that can be read") from error
    return names
