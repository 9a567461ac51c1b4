"""What is withheld, against an attacker who has all that is told and subtracts."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from auditor.insights import suppression

LEAST = 10


def bounds(
    counts: np.ndarray, hidden: np.ndarray, *, rows: Iterable[int], columns: bool
) -> np.ndarray:
    """What an attacker knows of each withheld cell: its least and most, given the totals."""
    at = np.argwhere(hidden)
    place = {tuple(cell): i for i, cell in enumerate(at.tolist())}
    equations, totals = [], []
    lines = [[(r, c) for c in range(counts.shape[1])] for r in rows]
    if columns:
        lines += [[(r, c) for r in range(counts.shape[0])] for c in range(counts.shape[1])]
    for line in lines:
        unknown = [place[cell] for cell in line if hidden[cell]]
        row = np.zeros(len(at))
        row[unknown] = 1
        equations.append(row)
        totals.append(sum(counts[cell] for cell in line if hidden[cell]))
    found = []
    for i in range(len(at)):
        goal = np.zeros(len(at))
        goal[i] = 1
        ends = [
            linprog(sign * goal, A_eq=equations, b_eq=totals, bounds=(0, None)).fun * sign
            for sign in (1, -1)
        ]
        found.append(ends)
    return np.array(found)


def test_a_lone_small_cell_takes_the_next_smallest_with_it() -> None:
    counts = np.array([[4.0, 40, 30, 80]])
    hidden = suppression.withheld(counts, LEAST, suppression.rows_of((1, 4)))
    assert hidden.tolist() == [[True, False, True, False]]


def test_two_small_cells_that_are_few_together_take_another() -> None:
    counts = np.array([[2.0, 3, 30, 80]])
    hidden = suppression.withheld(counts, LEAST, suppression.rows_of((1, 4)))
    assert hidden.tolist() == [[True, True, True, False]]


def test_nothing_is_withheld_of_what_is_large() -> None:
    counts = np.full((3, 4), 10.0)
    families = suppression.rows_of((3, 4))
    assert not suppression.withheld(counts, LEAST, families).any()


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(0, 60), min_size=4, max_size=4), min_size=2, max_size=4))
def test_no_small_cell_can_be_worked_out_of_a_table_with_row_totals(rows: list[list[int]]) -> None:
    counts = np.array(rows, float)
    hidden = suppression.withheld(counts, LEAST, suppression.rows_of(counts.shape))
    assert hidden[counts < LEAST].all()
    known = bounds(counts, hidden, rows=range(len(counts)), columns=False)
    whole = np.atleast_1d(
        hidden.all(axis=1)
    )  # of which only that all is little, or nothing, is told.
    whole = np.atleast_1d(hidden.all(axis=1))
    for (row, _), (low, high) in zip(np.argwhere(hidden).tolist(), known, strict=True):
        assert low == pytest.approx(0, abs=1e-6)
        assert whole[row] or high >= LEAST - 1e-6


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), min_size=3, max_size=4))
def test_nor_of_one_that_adds_up_both_ways(rows: list[list[int]]) -> None:
    counts = np.array(rows, float)
    totals, hidden = suppression.two_way(counts, LEAST)
    assert hidden[counts < LEAST].all()
    assert totals[counts.sum(axis=1) < LEAST].all()
    assert totals.sum() != 1
    whole = [line for line in counts.T if line.sum() < LEAST]  # a group that is not told of at all
    if not hidden.any() or whole:
        return
    known = bounds(counts, hidden, rows=np.flatnonzero(~totals), columns=True)
    exact = known[:, 1] - known[:, 0] < 1e-6
    assert not exact[counts[hidden] < LEAST].any()


def test_an_attack_succeeds_without_complementary_suppression() -> None:
    counts = np.array([[4.0, 40, 30, 80], [20, 30, 40, 50]])
    ((low, high),) = bounds(counts, counts < LEAST, rows=(0, 1), columns=False)
    assert low == high == 4


def test_an_article_alone_in_its_category_is_withheld_with_it() -> None:
    # A category of one article (rows 0 and 1), its third group too small.
    counts = np.array([[50.0, 40, 4], [50, 40, 4]])
    families = suppression.rows_of(counts.shape)
    same = [np.array([g, 3 + g]) for g in range(3)]
    hidden = suppression.withheld(counts, LEAST, families, same)
    assert hidden[0].tolist() == hidden[1].tolist() == [False, True, True]


def test_an_article_is_not_bounded_by_the_others_of_its_category() -> None:
    counts = np.array([[40.0, 30], [30, 40], [5, 60]])  # three articles of one category
    families = suppression.nested([0, 0, 0], 2)
    hidden = suppression.withheld(counts, LEAST, families)
    assert hidden[:, 0].tolist() == [False, True, True]
    assert not hidden[:, 1].any()
