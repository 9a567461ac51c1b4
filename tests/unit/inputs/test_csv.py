"""The CSV reader: the lines that it passes over, and headers with other widths than the records."""

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.inputs.formats.base import PART_ROWS, Dialect, Malformed, UnusableError, Wanted
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


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("columns", ["a;name;c;b", "a;c;b;name", "name;a;b;c"])
@pytest.mark.parametrize("closing", ['"Bitter & Twist', 'Half"', 'Old ""Ale"" 5"'])
def test_lines_that_an_unclosed_quotation_mark_puts_into_one_row_are_all_errors(
    ending: str, columns: str, closing: str
) -> None:
    names = ["Ale", '"Bitter & Twist', "Ale", "Ale", closing, "Ale", "Ale"]
    lines = [
        ";".join({"a": f"{at}", "b": "2.00", "c": "", "name": name}[c] for c in columns.split(";"))
        for at, name in enumerate(names, 2)
    ]
    content = ending.join([columns, *lines, ""]).encode()
    rows, malformed = _read(content)
    assert [number for number, *_ in rows] == [2, 7, 8]
    assert all(int(a) == number for number, a, _ in rows)
    assert [each.number for each in malformed] == [3, 4, 5, 6]
    first, *others = [each.problem for each in malformed]
    assert "spans 4 lines" in first
    assert 'write quote = "" in a mapping' in first
    assert set(others) == {"is within the quotation mark that row 3 opens"}
    plain, none = _read(content, replace(_SEMICOLON, quote=""))
    assert (len(plain), none) == (len(names), [])


def test_rows_behind_swallowed_ones_are_numbered_by_their_lines_in_each_part() -> None:
    line, count = b"1;;2\n", PART_ROWS + 10
    swallowing = b'1;"x;2\n3;"z;4\n'
    rows, malformed = _read(b"a;c;b\n" + swallowing + line * count + swallowing + b'7;"9"x;8\n')
    assert [number for number, *_ in rows] == [*range(4, 4 + count), 6 + count]
    assert [each.number for each in malformed] == [2, 3, 4 + count, 5 + count]


@pytest.mark.parametrize("note", ["to; be\ncollected", "a;b\r\nc", "x;\n\n;y\n;", "one; two; 3"])
def test_a_cell_of_several_lines_is_read(note: str) -> None:
    content = f'a;c;note;b\n1;;"{note}";2\n3;;;4\n5;;"two\nlines";6\n'.encode()
    assert _read(content) == ([(2, "1", "2"), (3, "3", "4"), (4, "5", "6")], [])


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
