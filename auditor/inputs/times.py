"""Times and dates in ISO 8601, and what is commonly written instead of it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.iso8601 import CLOCK, DATE, OFFSET
from auditor.clock.local_time import DAY, Flags
from auditor.inputs.distinct import Verdicts, first_faults, flags_of, matches, only
from auditor.inputs.faults import Fault
from auditor.tables import Column

_TIME = rf"\A{DATE}[T ]{CLOCK}{OFFSET}?\z"
#: What else is ISO 8601 or common, and how it is written plainly; in this order.
_OTHER_TIMES = (
    (r"\A(\d{4})(\d\d)(\d\d)([Tt ])", r"\1-\2-\3\4"),  # 20260327T...
    (r"\A(.{10}[Tt ])(\d\d)(\d\d)(\d\d)?", r"\1\2:\3:\4"),  # ...T180000
    (r"(\d\d:\d\d):(\z|[^\d])", r"\1\2"),
    (r"(:\d\d),(\d)", r"\1.\2"),
    (r"\A(.{10})t", r"\1T"),
    (r" ?(?:UTC|GMT|[Zz])\z", "Z"),
    (r" ([+-]\d\d(?::?\d\d)?)\z", r"\1"),
)
_END_OF_DAY = rf"\A(.{{10}}[T ])24(:00(?::00(?:\.0+)?)?(?:{OFFSET})?)\z"
_FIRST_TIME = "1970"


class TimeCells(NamedTuple):
    """A column of times, in microseconds since 1970.

    They are UTC or, where ``local`` is set, the store's wall clock. Where ``given`` is not set the
    cell is empty. The time of an empty cell or a cell at fault is 0.
    """

    microseconds: npt.NDArray[np.int64]
    local: Flags
    given: Flags
    verdicts: Verdicts


def read_times(column: Column, text: pa.Array, *, damaged: bool) -> TimeCells:
    """Read a column of times; arguments as of :func:`read_cells`."""
    encoded = text.dictionary_encode()
    unique = pc.utf8_trim_whitespace(encoded.dictionary)
    unique, next_day = _plain_times(unique)
    good = matches(unique, _TIME) & flags_of(pc.greater_equal(unique, _FIRST_TIME))
    verdicts = np.where(good, Fault.NONE, Fault.BAD_TIME)
    verdicts = first_faults(unique, verdicts, damaged=damaged)
    empty = flags_of(pc.equal(unique, ""))
    verdicts = np.where(empty, Fault.NONE if column.nullable else Fault.EMPTY, verdicts)
    has_offset = good & matches(unique, OFFSET + r"\z")
    short = pc.replace_substring_regex(unique, r"(\.\d{6})\d+", r"\1")
    with_offset = only(short, has_offset).cast(pa.timestamp("us", "UTC"))
    without = only(short, good & ~has_offset).cast(pa.timestamp("us"))
    both = pc.coalesce(with_offset.cast(pa.int64()), without.cast(pa.int64()))
    codes = encoded.indices.to_numpy()
    return TimeCells(
        (both.fill_null(0).to_numpy(zero_copy_only=False) + next_day)[codes],
        (good & ~has_offset)[codes],
        ~empty[codes],
        verdicts.astype(np.int8)[codes],
    )


def _plain_times(unique: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """Times in plain ISO 8601 as far as they are known, and what is to be added to each.

    24:00 is the midnight that ends a day: 00:00 and a day to add.
    """
    plain = matches(unique, _TIME)
    added = np.zeros(len(unique), np.int64)
    if plain.all():
        return unique, added
    other = unique.filter(pa.array(~plain))
    for pattern, replacement in _OTHER_TIMES:
        other = pc.replace_substring_regex(other, pattern, replacement)
    added[~plain] = np.where(matches(other, _END_OF_DAY), DAY, 0)
    other = pc.replace_substring_regex(other, _END_OF_DAY, r"\100\2")
    return pc.replace_with_mask(unique, pa.array(~plain), other), added
