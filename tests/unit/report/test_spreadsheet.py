"""CSV files: nothing in them starts a formula, and they read back exactly."""

import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.report.spreadsheet import csv_text, guarded, read_csv, unguarded

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FORMULA = re.compile('[\\s\\x00-\\x1f"\u200b\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]')

hostile = st.text(alphabet=" '\"=+-@,;|\t\r\n\u200b\ufeff\uff1d1aA", max_size=12)


@given(hostile)
@example("=1+1")
@example("'=1+1")
@example("''")
@example("a;=1+1")
@example("a;'=1+1")
@example('a;"=1+1')
@example("a\n=1+1")
@example("\t=1+1")
def test_a_guarded_text_reads_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(st.lists(st.tuples(hostile, hostile), max_size=4))
def test_a_file_reads_back(rows: list[tuple[str, str]]) -> None:
    written = csv_text(["a", "b"], [{"a": a, "b": b} for a, b in rows])
    assert [(row["a"], row["b"]) for row in read_csv(written)] == rows


@given(hostile, hostile, st.sampled_from([",", ";", "\t", "|"]))
@example("x", "a;=1+1", ";")
@example("x", 'a";"=1+1', ";")
@example("x", "a\r=1+1", ";")
@example("x", "|@SUM(A1)", "|")
def test_no_cell_starts_a_formula_whatever_the_separator(
    first: str, second: str, separator: str
) -> None:
    written = csv_text(["n", "a", "b"], [{"n": -1.5, "a": first, "b": second}])
    # As a program reads that honours quotes, and as one that splits lines first.
    honouring = csv.reader(io.StringIO(written, newline=""), delimiter=separator)
    cells = [cell for row in honouring for cell in row]
    cells += [cell for line in written.splitlines() for cell in line.split(separator)]
    for cell in cells:
        number = cell.partition(",")[0]  # with another separator, a line can be one cell
        assert _NUMBER.fullmatch(number) or not _FORMULA.match(cell), (cell, written)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, '""'),  # a lone empty cell, so that its row stays
        (-3, "-3"),
        (-0.25, "-0.2500"),
        (Decimal("-8.50"), "-8.50"),
        (date(2026, 3, 27), "2026-03-27"),
        (datetime(2026, 3, 27, 12, tzinfo=UTC), "2026-03-27T12:00:00+00:00"),
        ("-3", "'-3"),
        ("\uff1d1", "'\uff1d1"),
        ("Rioja; 75cl, 14 %", '"Rioja; 75cl, 14 %"'),
    ],
)
def test_numbers_stay_numbers_and_texts_stay_texts(value: object, cell: str) -> None:
    assert csv_text(["v"], [{"v": value}]) == f"v\r\n{cell}\r\n"  # type: ignore[dict-item]
