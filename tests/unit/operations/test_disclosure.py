"""Withheld counts against somebody who has every total and can solve equations."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from auditor.operations.pack.disclosure import (
    TOTAL,
    WITHHELD,
    CountTable,
    few_merged,
    shown,
    sums,
    withheld,
)

COLUMNS = ("flagged", "id_checked", "over_threshold", "inconclusive")
SMALLEST = 5

count = st.one_of(st.integers(0, 8), st.integers(0, 60))


@st.composite
def tables(draw: st.DrawFn) -> CountTable:
    rows = draw(st.lists(st.tuples(*[count] * len(COLUMNS)), min_size=1, max_size=6))
    return CountTable(
        {f"S{n}": dict(zip(COLUMNS, row, strict=True)) for n, row in enumerate(rows)},
        COLUMNS,
        frozenset({"flagged"}),
    )


def attacked(
    table: CountTable, hidden: frozenset[tuple[str, str]] | None
) -> dict[tuple[str, str], tuple[float, float]]:
    """The range into which all that is published lets each withheld count be narrowed down.

    A linear programme: the unknowns are the withheld counts, no less than 1 where single cells
    are withheld (zeros are shown); the equations are the rows' and the columns' sums.
    """
    columns = [*COLUMNS, TOTAL]
    published = shown(table, hidden, SMALLEST)
    published |= {"all": sums(table, hidden, SMALLEST)}
    unknown = [(r, c) for r in published for c in columns if published[r][c] == WITHHELD]
    lines = [[((r, c), 1) for c in COLUMNS] + [((r, TOTAL), -1)] for r in published]
    lines += [[((r, c), 1) for r in table.rows] + [(("all", c), -1)] for c in columns]
    equations = [[float(dict(line).get(cell, 0)) for cell in unknown] for line in lines]
    known = [[(published[r][c], sign) for (r, c), sign in line] for line in lines]
    right = [-sum(int(v) * sign for v, sign in line if v != WITHHELD) for line in known]
    if not unknown:
        return {}
    least = 0 if hidden is None else 1
    found = {}
    for at, cell in enumerate(unknown):
        goal = np.zeros(len(unknown))
        ends = []
        for sign in (1.0, -1.0):
            goal[at] = sign
            solved = linprog(goal, A_eq=equations, b_eq=right, bounds=(least, None))
            assert solved.status in (0, 3), solved.message
            ends.append(sign * solved.fun if solved.status == 0 else np.inf)
        found[cell] = ends[0], ends[1]
    return found


@given(tables())
@settings(max_examples=150)
def test_no_small_count_can_be_narrowed_down(table: CountTable) -> None:
    hidden = withheld(table, SMALLEST)
    assume(hidden is not None)
    assert hidden is not None
    ranges = attacked(table, hidden)
    for row in table.rows:
        values = {**table.rows[row], TOTAL: table.total(row)}
        for column in (*table.open_columns, TOTAL):
            if 0 < values[column] < SMALLEST:
                low, high = ranges[row, column]
                assert high - low >= SMALLEST - 1 - 1e-6, (row, column, low, high)


@given(tables())
@settings(max_examples=60)
def test_where_no_column_is_told_apart_no_small_count_is_found(table: CountTable) -> None:
    for (row, column), (low, high) in attacked(table, None).items():
        if row != "all":
            value = {**table.rows[row], TOTAL: table.total(row)}[column]
            assert not (0 < value < SMALLEST and high - low < 1 - 1e-6), (row, column, low, high)


def test_totals_alone_would_give_a_count_away() -> None:
    """What the complementary cells are for: with only the small one withheld, it is found."""
    rows = {f"S{n}": dict.fromkeys(COLUMNS, 20) for n in range(3)}
    rows["S1"] = rows["S1"] | {"inconclusive": 2}
    table = CountTable(rows, COLUMNS)
    naive = frozenset({("S1", "inconclusive")})
    assert attacked(table, naive)["S1", "inconclusive"] == (2, 2)
    hidden = withheld(table, SMALLEST)
    assert hidden is not None
    assert len(hidden) == 4
    low, high = attacked(table, hidden)["S1", "inconclusive"]
    assert (low, high) == (1, 21)


def test_what_is_large_is_published() -> None:
    table = CountTable({"S1": dict.fromkeys(COLUMNS, 9), "S2": dict.fromkeys(COLUMNS, 0)}, COLUMNS)
    assert withheld(table, SMALLEST) == frozenset()
    assert shown(table, frozenset(), SMALLEST)["S2"][TOTAL] == 0


def test_a_small_column_total_leaves_the_columns_untold() -> None:
    rows = {"S1": {"flagged": 3, "id_checked": 40, "over_threshold": 50, "inconclusive": 2}}
    table = CountTable(rows, COLUMNS, frozenset({"flagged"}))
    assert withheld(table, SMALLEST) is None
    told = {**dict.fromkeys(COLUMNS, WITHHELD), "flagged": 3, TOTAL: 95}
    assert shown(table, None, SMALLEST) == {"S1": told}
    assert sums(table, None, SMALLEST) == told


@pytest.mark.parametrize(
    ("counts", "merged"),
    [
        ({"a": 9, "b": 7}, {"a": 9, "b": 7}),
        ({"a": 9, "b": 4, "c": 3}, {"a": 9, "rest": 7}),
        ({"a": 9, "b": 7, "c": 3}, {"a": 9, "rest": 10}),
        ({"a": 9, "c": 3}, {"rest": 12}),
        ({"a": 3}, {"rest": 3}),
        ({}, {}),
    ],
)
def test_few_are_told_as_one(counts: dict[str, int], merged: dict[str, int]) -> None:
    assert few_merged(counts, SMALLEST, "rest") == merged
