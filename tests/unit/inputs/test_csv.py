"""The CSV reader: the lines that it passes over, and headers with other widths than the records."""

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.inputs.formats.base import Dialect, Malformed, UnusableError, Wanted
from auditor.inputs.formats.csv import read

_SEMICOLON = Dialect(delimiter=";")


def _read(
    content: bytes, dialect: Dialect = _SEMICOLON
) -> tuple[list[tuple[int, str, str]], list[Malformed]]:
    """The numbers and cells of the records of a file with columns ``a`` and ``b``; and the rest."""
    parts = list(read(io.BytesIO(content), Wanted(("a", "b"), dialect=dialect)))
    rows = [
        row
        for part in parts
        for row in zip(
            part.numbers.tolist(), *(part.cells[n].to_pylist() for n in "ab"), strict=True
        )
    ]
    return rows, [each for part in parts for each in part.malformed]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("header", "first", "second"),
    [
        ("a;b", "1;2", "3;4"),
        ("a;b", "1;2;", "3;4;"),
        ("a;b;", "1;2", "3;4"),
        ("a;b;", "1;2;", "3;4;"),
        ('"a";"b"', '"1";"2";', '"3";"4";'),
        ("a;b", "1;2; ", "3;4; "),
    ],
)
def test_a_delimiter_at_the_end_of_the_header_or_of_each_record_is_passed_over(
    ending: str, header: str, first: str, second: str
) -> None:
    lines = [header, first, "", second, ""]
    assert _read(ending.join(lines).encode()) == ([(2, "1", "2"), (4, "3", "4")], [])
    below = ending.join(["a till", *lines]).encode()
    assert _read(below, replace(_SEMICOLON, skip_lines=1))[0] == [(3, "1", "2"), (5, "3", "4")]
    named = replace(_SEMICOLON, header=("a", "b"))
    assert _read(ending.join(lines[1:]).encode(), named)[0] == [(1, "1", "2"), (3, "3", "4")]


def test_a_cell_too_many_that_has_content_is_an_error() -> None:
    rows, malformed = _read(b"a;b\n1;2;x\n3;4\n")
    assert rows == [(3, "3", "4")]
    assert malformed == [Malformed(2, "has 3 cells where the header has 2")]


def test_a_line_of_more_delimiters_than_the_header_has_is_no_record() -> None:
    assert _read(b"a;b\n1;2\n;;;\n ; ; \n3;4\n") == ([(2, "1", "2"), (5, "3", "4")], [])


@given(
    blanks=st.lists(st.text(" \t", max_size=3), max_size=4), ending=st.sampled_from(["\n", "\r\n"])
)
def test_lines_of_blanks_count_and_are_no_records(blanks: list[str], ending: str) -> None:
    content = ending.join(["a;b", "1;2", *blanks, "3;4"]).encode()
    assert _read(content) == ([(2, "1", "2"), (3 + len(blanks), "3", "4")], [])


def test_blanks_stay_where_they_are_delimiters_or_beside_text() -> None:
    content = b"a\tb\n\t\n 1 \t 2 \n"
    assert _read(content, Dialect(delimiter="\t")) == ([(3, " 1 ", " 2 ")], [])


@pytest.mark.parametrize(
    ("line", "count", "problem"),
    [(b" \n", 1_500_000, "empty lines"), (b"x\n", 300_000, "fewer cells than its header")],
)
def test_of_lines_that_are_no_records_there_may_not_be_very_many(
    line: bytes, count: int, problem: str
) -> None:
    with pytest.raises(UnusableError) as refused:
        _read(b"a;b\n1;2\n" + line * count)
    assert problem in refused.value.problem
    assert "x" not in refused.value.problem.split()
