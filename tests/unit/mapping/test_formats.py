"""Dates, times and numbers as tills write them."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.mapping.epochs import from_seconds_of_day
from auditor.mapping.formats import TimeFormat
from auditor.mapping.numbers import MISREAD, NumberFormat, times_quantity


@pytest.mark.parametrize(
    ("form", "text", "iso"),
    [
        ("%d.%m.%Y %H:%M", "27.03.2026 18:15", "2026-03-27T18:15:00"),
        ("%d.%m.%Y %H:%M", "7.3.2026   8:05", "2026-03-07T08:05:00"),
        ("%m/%d/%y %I:%M:%S %p", "3/7/26 12:05:01 AM", "2026-03-07T00:05:01"),
        ("%m/%d/%y %I:%M:%S %p", "03/07/26 12:05:01 pm", "2026-03-07T12:05:01"),
        ("%m/%d/%y %I:%M:%S %p", "03/07/26 1:05:01 p.m.", "2026-03-07T13:05:01"),
        ("%Y%m%d%H%M%S.%f%z", "20260327181502.25+0100", "2026-03-27T18:15:02.25+0100"),
        ("%d %b %Y %H:%M", "3 Mär 2026 18:15", "2026-03-03T18:15:00"),
        ("%d %b %Y %H:%M", "3 Mrz 2026 18:15", "2026-03-03T18:15:00"),
        ("%d %b %Y %H:%M", "3 Ma\u0308r 2026 18:15", "2026-03-03T18:15:00"),
        ("%d. %B %Y %H:%M", "3. December 1999 18:15", "1999-12-03T18:15:00"),
        ("%FT%T", "2026-03-27T18:15:02", "2026-03-27T18:15:02"),
        ("%y%m%d %H:%M", "690327 18:15", "1969-03-27T18:15:00"),
        ("%y%m%d %H:%M", "680327 18:15", "2068-03-27T18:15:00"),
        ("%d.%m.%Y %H:%M", "27.03.2026 24:00", "2026-03-27T24:00:00"),
        # Columns of numbers, which have no leading zeros.
        ("%Y%m%d %H%M%S", "20260327 181502", "2026-03-27T18:15:02"),
        ("%Y%m%d %H%M%S", "20260327 91502", "2026-03-27T09:15:02"),
        ("%Y%m%d %H%M%S", "20260327 502", "2026-03-27T00:05:02"),
        ("%Y%m%d %H%M%S", "20260327 0", "2026-03-27T00:00:00"),
        ("%Y%m%d %H%M", "20260327 915", "2026-03-27T09:15:00"),
        ("%Y%m%d %H%M", "20260327 5", "2026-03-27T00:05:00"),
        ("%m%d%Y %H:%M", "3272026 18:15", "2026-03-27T18:15:00"),
        ("%m%d%Y %H:%M", "1122026 18:15", "2026-01-12T18:15:00"),
        ("%Y%m%d %H:%M:%S", "20260327 21:5:7", "2026-03-27T21:05:07"),
        # Hours after the midnight that ends a day.
        ("%Y%m%d %H:%M", "20260331 25:15", "2026-04-01T01:15:00"),
        ("%Y%m%d %H%M%S%z", "20261231 290001+0100", "2027-01-01T05:00:01+0100"),
        ("%d.%m.%Y %H:%M", "31.02.2026 25:15", "2026-02-31T25:15:00"),
        ("%d.%m.%Y %H:%M", "27.03.2026 30:00", "2026-03-27T30:00:00"),
        # What does not fit is left as it is, to be shown.
        ("%d.%m.%Y %H.%M", "27.03.2026 21.5", "27.03.2026 21.5"),  # of 21.50, as a number
        ("%Y%m%d %H%M%S", "20260327 1815021", "20260327 1815021"),
        ("%d.%m.%Y %H:%M", "2026-03-27 18:15", "2026-03-27 18:15"),
        ("%d.%m.%Y %H:%M", "27.03.2026 18:15:00", "27.03.2026 18:15:00"),
        ("%d.%m.%Y %H:%M", "", ""),
    ],
)
def test_a_time_becomes_iso_8601(form: str, text: str, iso: str) -> None:
    assert TimeFormat(form).to_iso(pa.array([text])).to_pylist() == [iso]


@given(st.times().map(lambda time: time.replace(microsecond=0)))
def test_a_time_as_a_number_is_the_time(time: dt.time) -> None:
    text = f"20260327 {int(time.strftime('%H%M%S'))}"

    (found,) = TimeFormat("%Y%m%d %H%M%S").to_iso(pa.array([text])).to_pylist()

    assert found == f"2026-03-27T{time}"


@given(st.times().map(lambda time: time.replace(microsecond=0)))
def test_seconds_of_a_day_are_a_time_of_day(time: dt.time) -> None:
    seconds = time.hour * 3600 + time.minute * 60 + time.second

    texts = from_seconds_of_day(pa.array([str(seconds), f"{seconds}.0", "86400", "x"]))

    assert texts.to_pylist() == [str(time), str(time), "86400", "x"]


def test_numbers_change_their_sign() -> None:
    numbers = pa.array(["-2", "3.00", "0", "0.00", "x"])

    assert NumberFormat().to_plain(numbers, -1).to_pylist() == ["2", "-3.00", "0", "0.00", "x"]


@pytest.mark.parametrize("form", ["%Q", "%d.%d.%Y", "%", "%s"])
def test_a_directive_that_is_unknown_or_stands_twice_is_an_error(form: str) -> None:
    with pytest.raises(ValueError, match="a format of"):
        TimeFormat(form)


@pytest.mark.parametrize(
    ("form", "text", "plain"),
    [
        (NumberFormat(",", "."), "1.299,99", "1299.99"),
        (NumberFormat(",", "."), "1,29-", "-1.29"),
        (NumberFormat(",", "."), "-8,00 €", "-8.00"),
        (NumberFormat(",", "."), "€ -8,00", "-8.00"),
        (NumberFormat(",", ".", "Fr."), "Fr. 8,00", "8.00"),
        (NumberFormat(",", ".", "Fr."), "8,00 fr", "8.00"),
        (NumberFormat(",", ".", "kr"), "8 kr.", "8"),
        (NumberFormat(",", ".", "kr"), "kr. 8,00", "8.00"),
        (NumberFormat(",", ".", "kr"), "Kr 8", "8"),
        (NumberFormat(",", ".", "kr"), "-8,00kr.", "-8.00"),
        (NumberFormat(",", "."), "8,00 EUR", "8.00"),
        (NumberFormat(",", "."), "8,-", "8"),  # no decimals, and no minus
        (NumberFormat(",", "."), "1.299,-- €", "1299"),
        (NumberFormat(".", "'"), "CHF -8.\u2014", "-8"),
        (NumberFormat(",", "."), "8-", "-8"),
        (NumberFormat(",", "."), "1\u202f€", "1"),
        (NumberFormat(",", "."), "\u22123,00", "-3.00"),
        (NumberFormat(",", " "), "1\u202f299,99", "1299.99"),
        (NumberFormat(".", "'"), "1'299.99", "1299.99"),
        (NumberFormat(), "$8.00", "8.00"),
        (NumberFormat(), "-$12.00", "-12.00"),
        (NumberFormat(), "($12.00)", "-12.00"),
        (NumberFormat(".", ","), "$1,299,000.50", "1299000.50"),
        # What is no such number is left as it is, to be rejected.
        (NumberFormat(",", "."), "0.754", "0.754" + MISREAD),
        (NumberFormat(",", "."), "1.29", "1.29" + MISREAD),
        (NumberFormat(","), "1.299,99", "1.299,99" + MISREAD),
        (NumberFormat(), "1,299.99", "1,299.99"),
        (NumberFormat(), "--1", "--1"),
        (NumberFormat(), "(-1)", "(-1)"),
        (NumberFormat(), "(1", "(1"),
        (NumberFormat(), "EUR", "EUR"),
        (NumberFormat(",", ".", "kr"), "8 krr", "8 krr"),
        (NumberFormat(), ".", "."),
        (NumberFormat(), "", ""),
        (NumberFormat(), "1e5", "1e5"),
    ],
)
def test_a_number_becomes_plain(form: NumberFormat, text: str, plain: str) -> None:
    assert form.to_plain(pa.array([text])).to_pylist() == [plain]


def test_cents_become_units() -> None:
    texts = pa.array(["129", "-5", "x", ""])
    assert NumberFormat().to_plain(texts, 100).to_pylist() == ["1.29", "-0.05", "x", ""]


@pytest.mark.parametrize(
    ("form", "text", "named"),
    [
        (NumberFormat(","), "kr 8", "kr"),
        (NumberFormat(",", " "), "8,00 z\u0142", "z\u0142"),
        (NumberFormat(".", "'"), "Fr. 8.00", "Fr."),
        (NumberFormat(","), "Rs 8.50", ""),  # which sign is the decimal one has to be said first
        (NumberFormat(), "two", ""),
        (NumberFormat(), "12 34", ""),
    ],
)
def test_a_word_that_keeps_an_amount_from_being_one_is_named(
    form: NumberFormat, text: str, named: str
) -> None:
    said = form.problem_of(text, money=True)
    assert ("write currency" in said) == bool(named)
    assert f'currency = "{named}"' in said or not named
    assert "currency" not in form.problem_of(text)  # of a quantity: 6 kg


@given(
    st.lists(st.tuples(st.decimals(-99, 99, places=2), st.decimals(-99, 99, places=3)), min_size=1)
)
def test_the_price_of_one_is_multiplied_exactly(rows: list[tuple[Decimal, Decimal]]) -> None:
    prices, counts = (pa.array([f"{row[at]:f}" for row in rows]) for at in (0, 1))
    found = times_quantity(prices.dictionary_encode(), counts).to_pylist()
    assert [Decimal(text) for text in found] == [price * (count or 1) for price, count in rows]


def test_a_price_stays_where_it_or_the_quantity_is_no_number_or_there_is_none() -> None:
    prices = pa.array(["2.50", "x", "", "2.50", "1.25", "-0.50"]).dictionary_encode()
    counts = pa.array(["2", "2", "2", "", "\uff12", "0"])
    assert times_quantity(prices, counts).to_pylist() == ["5.00", "x", "", "2.50", "1.25", "-0.50"]
