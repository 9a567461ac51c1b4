"""Withholds small counts, and others so that no total reveals them.

The hypercube method (Repsilber 1994; Giessing and Repsilber 2002, "Tools and strategies to protect
multiple tables with the GHQUAR cell suppression engine"; Hundepool and others 2012, "Statistical
Disclosure Control", 4.4.4): a count to be withheld becomes a corner of a rectangle of counts that
are all withheld. Going round the rectangle by adding and subtracting the same number changes no
row and no column total, so whoever has all totals can narrow the count down to a range only. The
rectangle is chosen so that the range has at least ``smallest`` whole numbers, and so that as few
sales as possible are withheld.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Published in place of a withheld count.
WITHHELD = "withheld"

Cell = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CountTable:
    """Counts by row and column; the columns of a row add up to its total.

    ``listed`` are columns whose sales the pack also lists one by one: they can be counted there, so
    withholding them would protect nothing.
    """

    rows: Mapping[str, Mapping[str, int]]
    columns: tuple[str, ...]
    listed: frozenset[str] = frozenset()

    def total(self, row: str) -> int:
        """The total of a row."""
        return sum(self.rows[row][column] for column in self.columns)

    def column_total(self, column: str) -> int:
        """The total of a column."""
        return sum(row[column] for row in self.rows.values())

    @property
    def open_columns(self) -> tuple[str, ...]:
        """The columns that are not listed elsewhere."""
        return tuple(c for c in self.columns if c not in self.listed)


#: The name of the column of row totals in a cell.
TOTAL = "total"


def withheld(table: CountTable, smallest: int) -> frozenset[Cell] | None:
    """The cells (row totals included) to withhold, where all column totals are published.

    A count from 1 to ``smallest`` - 1 is small. Zero is not: it is published, as the absence it is.

    Returns:
        None if no choice of cells protects the small ones, or a column total is small itself: then
        no column may be published.
    """
    names = list(table.rows)
    columns = [*table.open_columns, TOTAL]
    counts = np.array(
        [[*(table.rows[r][c] for c in columns[:-1]), table.total(r)] for r in names], dtype=np.int64
    ).reshape(len(names), len(columns))
    if any(_small(total, smallest) for total in counts.sum(axis=0).tolist()):
        return None
    hidden = np.zeros_like(counts, dtype=bool)
    small = np.argwhere((counts > 0) & (counts < smallest))
    hidden[tuple(small.T)] = True
    for row, column in small.tolist():
        others = _cheapest(counts, hidden, (row, column), smallest - 1)
        if others is None:
            return None
        for cell in others:
            hidden[cell] = True
    return frozenset((names[row], columns[column]) for row, column in np.argwhere(hidden))


def few_merged(counts: Mapping[str, int], smallest: int, other: str) -> dict[str, int]:
    """One list of counts whose sum is published: the small ones as one, ``other``.

    The least of the large ones is merged too while what is merged is small itself.
    """
    kept = dict(sorted(counts.items(), key=lambda item: -item[1]))
    merged = 0
    while kept and (0 < merged < smallest or _small(min(kept.values()), smallest)):
        least = min(kept, key=lambda name: kept[name])
        merged += kept.pop(least)
    return kept | ({other: merged} if merged else {})


def _small(count: int, smallest: int) -> bool:
    return 0 < count < smallest


def _cheapest(
    counts: NDArray[np.int64], hidden: NDArray[np.bool_], cell: tuple[int, int], width: int
) -> list[tuple[int, int]] | None:
    """The three other corners of the rectangle that protects a cell at least cost.

    The last column of ``counts`` has the row totals. Cells ``hidden`` already add no cost. The cell
    has to be uncertain within a range of ``width``.
    """
    row, column = cell
    total = counts.shape[1] - 1
    best: tuple[int, list[tuple[int, int]]] | None = None
    free = np.where(hidden, 0, counts)
    for other in (c for c in range(total + 1) if c != column):
        a, b, c, d = counts[row, column], counts[row, other], counts[:, column], counts[:, other]
        # How far a hidden count can fall (it is known not to be zero) and rise. Two cells of a row
        # move against each other, or together if one of them is the row's total.
        if total in (column, other):
            down, up = np.minimum(a, b) - 1, np.minimum(c, d) - 1
        else:
            down, up = np.minimum(a, d) - 1, np.minimum(b, c) - 1
        fits = (c > 0) & (d > 0) & (b > 0) & (down + up >= width)
        fits[row] = False
        if fits.any():
            cost = np.where(fits, free[:, column] + free[:, other] + free[row, other], np.inf)
            at = int(np.argmin(cost))
            if best is None or cost[at] < best[0]:
                best = cost[at], [(row, other), (at, column), (at, other)]
    return None if best is None else best[1]


def shown(
    table: CountTable, hidden: frozenset[Cell] | None, smallest: int
) -> dict[str, dict[str, int | str]]:
    """The rows as they are published, TOTAL included: counts, or WITHHELD.

    ``hidden`` is that of :func:`withheld`. None withholds every column that is not listed
    elsewhere, and all row totals if one of them is small.
    """
    totals = {row: table.total(row) for row in table.rows}
    if hidden is None:
        unpublished = {*table.open_columns}
        if any(_small(total, smallest) for total in totals.values()):
            unpublished.add(TOTAL)
        hidden = frozenset((row, column) for row in table.rows for column in unpublished)
    return {
        row: {
            column: WITHHELD if (row, column) in hidden else count
            for column, count in {**table.rows[row], TOTAL: totals[row]}.items()
        }
        for row in table.rows
    }


def sums(table: CountTable, hidden: frozenset[Cell] | None, smallest: int) -> dict[str, int | str]:
    """The column totals as they are published beside :func:`shown`."""
    found = {c: table.column_total(c) for c in table.columns}
    whole = sum(found.values())
    unpublished = {*table.open_columns} if hidden is None else set()
    return {
        **{c: WITHHELD if c in unpublished else count for c, count in found.items()},
        TOTAL: WITHHELD if _small(whole, smallest) else whole,
    }
