"""Dates, times and numbers as tills write them."""

import pyarrow as pa
import pytest

from auditor.mapping.formats import TimeFormat
from auditor.mapping.numbers import MISREAD, NumberFormat


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
        ("%d. %B %Y %H:%M", "3. December 1999 18:15", "1999-12-03T18:15:00"),
        ("%FT%T", "2026-03-27T18:15:02", "2026-03-27T18:15:02"),
        ("%y%m%d %H:%M", "690327 18:15", "1969-03-27T18:15:00"),
        ("%y%m%d %H:%M", "680327 18:15", "2068-03-27T18:15:00"),
        ("%d.%m.%Y %H:%M", "27.03.2026 24:00", "2026-03-27T24:00:00"),
        # What does not fit is left as it is, to be shown.
        ("%d.%m.%Y %H:%M", "2026-03-27 18:15", "2026-03-27 18:15"),
        ("%d.%m.%Y %H:%M", "27.03.2026 18:15:00", "27.03.2026 18:15:00"),
        ("%d.%m.%Y %H:%M", "", ""),
    ],
)
def test_a_time_becomes_iso_8601(form: str, text: str, iso: str) -> None:
    assert TimeFormat(form).to_iso(pa.array([text])).to_pylist() == [iso]


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
        (NumberFormat(",", "."), "8,00 EUR", "8.00"),
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
