"""Where a till's numbers step back while its times go on, and what shows that it began anew.

A lower number than the one before is a till that was restarted and counts from its first number
again, or a receipt that was put aside and is rung up once more. Signs of the former are counted:

- the number is not above the lowest that the till had before: one;
- a later receipt has the next number, up to the highest before the step: one each;
- it then goes on above that highest number without having counted up to it: two fewer.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import SECOND, Flags, Microseconds
from auditor.sales.codes import Codes, coded, combined

#: So many signs show that a till began anew. Fewer, down to one, leave it open.
SHOWN = 2

#: Lines of one number that lie further apart are two places in the till's sequence of numbers.
INTERRUPTED = 3 * 60 * SECOND

#: What precedes the last digits of a number, and these; more digits would not fit into 64 bits.
_NUMBER = r"(?s)^(?P<head>.*?)(?P<number>[0-9]{1,15})$"


class Numbers(NamedTuple):
    """Of each line, the series that its number is of (-1 if it is none), and the number in it."""

    series: Codes
    number: Codes

    @classmethod
    def of(cls, lines: pa.Table, counter: Codes) -> "Numbers":
        """Those of TILL_LINES; ``counter`` is the till, or the store, that counts each line."""
        code, distinct = coded(lines["transaction_id"])
        found = pc.extract_regex(distinct, _NUMBER)
        before, digits = found.flatten()  # null where a number does not end in digits
        head = coded(pa.chunked_array([before])).codes[code]
        number = digits.cast(pa.int64()).fill_null(0).to_numpy()[code]
        series = np.where(found.is_valid().to_numpy(zero_copy_only=False)[code], head, -1)
        return cls(np.where(series < 0, -1, combined(counter, series)), number)


class StepsBack(NamedTuple):
    """Where numbers step back, in the order of series and time, with the signs that each has."""

    series: Codes
    time: Microseconds
    signs: Codes

    @classmethod
    def find(
        cls, numbers: Numbers, transaction: Codes, time: Microseconds, seen: Flags
    ) -> "StepsBack":
        """Find them among the lines that are ``seen``."""
        at = _sequence(numbers, transaction, time, np.flatnonzero(seen & (numbers.series >= 0)))
        series, rank = numbers.series[at], np.unique(numbers.number[at], return_inverse=True)[1]
        number, same = numbers.number[at], np.diff(series) == 0
        back = 1 + np.flatnonzero(same & (np.diff(number) < 0))
        if not len(back):
            return cls(back, back, back)
        # Between two steps back numbers do not fall: each stretch is sorted, and so are all.
        stretch = np.zeros(len(at), np.int64)
        stretch[1:] = np.cumsum(~same | (np.diff(number) < 0))
        size = int(rank.max()) + 1
        in_order = stretch * size + rank
        last = np.searchsorted(in_order, in_order[back] - rank[back] + rank[back - 1], "right") - 1
        # Receipts of one moment are rung up side by side, under one till's name.
        next_one = same & (np.diff(number) == 1) & (np.diff(time[at]) > 0)
        by_one = np.append(0, np.cumsum(next_one))
        goes_above = np.append(stretch, -1)[last + 1] == stretch[back]
        lowest = np.minimum.accumulate(rank - series * size)
        signs = (
            (rank[back] - series[back] * size <= lowest[back - 1]).astype(np.int64)
            + (by_one[last] - by_one[back])
            - 2 * (goes_above & (rank[last] < rank[back - 1]))
        )
        return cls(series[back], time[at[back]], signs)

    def most_within(self, series: Codes, start: Microseconds, end: Microseconds) -> Codes:
        """The most signs of a step back after each ``start``, and up to the ``end``; 0 if none."""
        if not len(self.time):
            return np.zeros(len(series), np.int64)
        origin = min(self.time.min(), start.min())
        size = max(self.time.max(), end.max()) - origin + 1  # some days: the keys fit into 64 bits
        keys = self.series * size + self.time - origin
        first, last = (
            np.searchsorted(keys, series * size + t - origin, "right").tolist()
            for t in (start, end)
        )
        most = [self.signs[a:b].max(initial=0) for a, b in zip(first, last, strict=True)]
        return np.array(most, np.int64)


def _sequence(numbers: Numbers, transaction: Codes, time: Microseconds, at: Codes) -> Codes:
    """The first line of each stretch of a transaction without a pause, as the till rang them up."""
    at = at[np.lexsort((time[at], transaction[at]))]
    begins = np.ones(len(at), np.bool_)
    begins[1:] = (np.diff(transaction[at]) != 0) | (np.diff(time[at]) > INTERRUPTED)
    at = at[begins]
    return at[np.lexsort((numbers.number[at], time[at], numbers.series[at]))]
