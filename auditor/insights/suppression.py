"""Withholds small counts, and others from which they could be computed.

Cells below the policy's least number of baskets are withheld (primary suppression). They could be
recovered by subtracting published cells from a total, so others are withheld too (complementary
suppression): of every family of cells whose total is published, at least two, with together at
least that number of baskets. The total then does not show which of them holds how many (Willenborg
and de Waal 2001, "Elements of Statistical Disclosure Control", chapters 4 and 6).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auditor.faces.ages import Floats

Flags = NDArray[np.bool_]

#: Positions in the flattened table whose sum is published, or bounded by what is.
Family = NDArray[np.int64]


def withheld(
    counts: Floats, least: int, families: Sequence[Family], same: Sequence[Family] = ()
) -> Flags:
    """Which cells of a table to withhold.

    Args:
        counts: estimated baskets, any shape; NaN counts as none.
        least: a cell with fewer is withheld.
        families: of cells, by their positions in ``counts.ravel()``.
        same: cells that hold one number under several names; they are withheld together.

    Returns:
        True where a cell is withheld, in the shape of ``counts``.
    """
    flat = np.nan_to_num(counts.ravel(), nan=0.0)
    hidden = np.round(flat) < least
    changed = True
    while changed:
        changed = False
        for twins in same:
            if hidden[twins].any() and not hidden[twins].all():
                hidden[twins] = changed = True
        for family in families:
            # Smallest first, so that what is lost is least; ties by position.
            order = family[np.argsort(flat[family], kind="stable")]
            while _recoverable(flat[family], hidden[family], least):
                hidden[order[~hidden[order]][0]] = True
                changed = True
    return hidden.reshape(counts.shape)


def two_way(counts: Floats, least: int) -> tuple[Flags, Flags]:
    """Which row totals and which cells to withhold of a table that adds up both ways.

    The column totals are published, and with them the whole; a row whose total is withheld is
    withheld with it.
    """
    totals = withheld(counts.sum(axis=1)[None], least, rows_of((1, len(counts))))[0]
    published = np.where(totals[:, None], 0.0, counts)
    places = np.arange(counts.size).reshape(counts.shape)
    return totals, withheld(published, least, [*places, *places.T])


def rows_of(shape: tuple[int, int]) -> list[Family]:
    """The families of a table whose rows have a total."""
    return list(np.arange(shape[0] * shape[1]).reshape(shape))


def nested(parents: Sequence[int], groups: int) -> list[Family]:
    """The families of articles in their categories, by group.

    A category holds no more baskets than its articles together and no fewer than any one of them,
    so an article that alone is withheld is bounded by the others.

    Args:
        parents: the category of each article, the rows of the table.
        groups: its columns.
    """
    owner = np.asarray(parents)
    families = []
    for parent in np.unique(owner):
        rows = np.flatnonzero(owner == parent)
        families += [rows * groups + group for group in range(groups)]
    return families


def _recoverable(counts: Floats, hidden: Flags, least: int) -> bool:
    if not hidden.any() or hidden.all():
        return False
    return bool(hidden.sum() < 2 or np.round(counts[hidden]).sum() < least)
