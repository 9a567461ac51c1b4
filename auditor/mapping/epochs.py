"""Times that are numbers: in which unit they count from 1970, and what they are in ISO 8601.

The times of this century in one unit are none of it in another. So a number says by its size in
which unit it is, and one that is mapped as another is left as it is, to be rejected with what it
looks like: it would be a time of 1970, or thousands of years ahead.

Excel counts the days from the end of 1899, in local time; a number under 1 is a time of day.
"""

import re
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

#: Decimals of a second, by unit.
UNITS = {"seconds": 0, "milliseconds": 3, "microseconds": 6}
_PATTERN = r"\A(?P<whole>\d{{1,{most}}})(?:\.(?P<fraction>\d+))?\z"
_WHOLE = re.compile(r"\s*(\d{1,18})(?:\.\d*)?\s*", re.ASCII)
_MILLISECONDS_A_DAY = 24 * 3600 * 1000
_MICROSECOND = UNITS["microseconds"]
_MOST_DIGITS = 17  # of microseconds since 1970: some thousand years
#: What a mapping calls the numbers by which Excel keeps dates and times.
EXCEL = "excel"
#: What a mapping calls times of day that are the number of seconds since midnight.
OF_DAY = "seconds of day"
_SECONDS_A_DAY = 24 * 3600
_EXCEL_BEGINS = datetime(1899, 12, 30)  # noqa: DTZ001  # local to the store
_EXCEL_FIRST, _EXCEL_END = 61, 73_051  # 1900-03-01, before which Excel has a day too many; 2100
_EXCEL_2000 = 36_526
_NUMBER = re.compile(r"\d{0,5}(?:\.\d+)?|\d(?:\.\d+)?[eE]-\d{1,3}", re.ASCII)
_DAY_AND_TIME = re.compile(r"\s*(\d{5})(?:\.\d+)?(?:\s+(?:[01]|0?\.\d+))?\s*", re.ASCII)
_FIRST, _END = 946_684_800, 4_102_444_800  # 2000 and 2100, in seconds


def unit_of(text: str) -> str | None:
    """The unit in which a number would be a time from 2000 to 2100; None if there is none."""
    found = _WHOLE.fullmatch(text)
    if found is None:
        return None
    units = (unit for unit, (first, end) in _RANGES.items() if first <= int(found[1]) < end)
    return next(units, None)


def looks_like_excel(text: str) -> bool:
    """Whether a text may be a time from 2000 to 2100 as Excel keeps it, in one part or two."""
    found = _DAY_AND_TIME.fullmatch(text)
    return found is not None and _EXCEL_2000 <= int(found[1]) < _EXCEL_END


def from_excel(unique: pa.Array, *, is_part: bool) -> pa.Array:
    """Dates, times of day, or both, as Excel keeps them, as ISO 8601 to the millisecond.

    What is no such number stays as it is. A whole number is a date at midnight, or the date alone
    where it ``is_part`` of a time that several columns give.
    """
    texts = [_from_excel(text, is_part=is_part) for text in unique.to_pylist()]
    return pa.array(texts, pa.string())


def _from_excel(text: str, *, is_part: bool) -> str:
    if not text or not _NUMBER.fullmatch(text):
        return text
    days = float(text)
    moment = _EXCEL_BEGINS + timedelta(milliseconds=round(days * _MILLISECONDS_A_DAY))
    precision = "milliseconds" if moment.microsecond else "seconds"
    if days < 1:
        return moment.time().isoformat(precision)
    if not _EXCEL_FIRST <= days < _EXCEL_END:
        return text
    return str(moment.date()) if is_part and days.is_integer() else moment.isoformat("T", precision)


def from_seconds_of_day(unique: pa.Array) -> pa.Array:
    """Times of day as seconds since midnight in ISO 8601; what is none stays as it is."""
    return pa.array([_from_seconds(text) for text in unique.to_pylist()], pa.string())


def _from_seconds(text: str) -> str:
    found = _WHOLE.fullmatch(text)
    if found is None or int(found[1]) >= _SECONDS_A_DAY:
        return text
    return str((_EXCEL_BEGINS + timedelta(seconds=int(found[1]))).time())


def to_iso(unique: pa.Array, unit: str) -> pa.Array:
    """Times from 2000 to 2100, in a unit since 1970, as ISO 8601; the rest as it is."""
    rest = _MICROSECOND - UNITS[unit]
    pattern = _PATTERN.format(most=_MOST_DIGITS - rest)
    whole, fraction = pc.extract_regex(unique, pattern).flatten()
    number, (first, end) = whole.cast(pa.int64()), _RANGES[unit]
    of_unit = pc.and_(pc.greater_equal(number, first), pc.less(number, end))
    whole = pc.if_else(of_unit, whole, None)
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(fraction, rest, "0"), 0, rest)
    microseconds = pc.binary_join_element_wise(whole, fraction, "").cast(pa.int64())
    times = pc.strftime(microseconds.cast(pa.timestamp("us", "UTC")), "%Y-%m-%dT%H:%M:%SZ")
    return pc.coalesce(times, unique)


_RANGES = {unit: (_FIRST * 10**digits, _END * 10**digits) for unit, digits in UNITS.items()}
