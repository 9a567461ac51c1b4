"""Times that count from 1970: which unit they are in, and what they are in ISO 8601.

The times of this century in one unit are none of it in another. So a number says by its size in
which unit it is, and one that is mapped as another is left as it is, to be rejected with what it
looks like: it would be a time of 1970, or thousands of years ahead.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

#: Decimals of a second, by unit.
UNITS = {"seconds": 0, "milliseconds": 3, "microseconds": 6}
_PATTERN = r"\A(?P<whole>\d{{1,{most}}})(?:\.(?P<fraction>\d+))?\z"
_WHOLE = re.compile(r"\s*(\d{1,18})(?:\.\d*)?\s*", re.ASCII)
_MICROSECOND = UNITS["microseconds"]
_MOST_DIGITS = 17  # of microseconds since 1970: some thousand years
_FIRST, _END = 946_684_800, 4_102_444_800  # 2000 and 2100, in seconds


def unit_of(text: str) -> str | None:
    """The unit in which a number would be a time from 2000 to 2100; None if there is none."""
    found = _WHOLE.fullmatch(text)
    if found is None:
        return None
    units = (unit for unit, (first, end) in _RANGES.items() if first <= int(found[1]) < end)
    return next(units, None)


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
