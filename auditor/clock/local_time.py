"""Local times as instants: what a store's clock showed, told in UTC.

The written rule for the two hours a year when a clock is no witness: a local time that the change
to winter time makes twice is its first occurrence, and one that the change to summer time skips is
moved forward by the gap. Both are what PEP 495 gives with ``fold=0``.
"""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Microseconds = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SECOND = 1_000_000
_MINUTE = 60 * SECOND
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the wall clock's own epoch, in no zone


class Instants(NamedTuple):
    """Times in microseconds since 1970 UTC, and which of them the clock left open."""

    utc: Microseconds
    ambiguous: Flags
    nonexistent: Flags


def to_utc(local: Microseconds, zone: str) -> Instants:
    """Tell wall-clock times of one IANA zone, in microseconds since 1970-01-01 00:00, in UTC."""
    # Offsets change on whole minutes, and a day has only 1440 of them.
    minutes, position = np.unique(local // _MINUTE, return_inverse=True)
    clock = ZoneInfo(zone)
    first, second = np.empty(len(minutes), np.int64), np.empty(len(minutes), np.int64)
    for number, minute in enumerate(minutes.tolist()):
        shown = (_EPOCH + timedelta(minutes=minute)).replace(tzinfo=clock)
        first[number] = _offset(shown)
        second[number] = _offset(shown.replace(fold=1))
    return Instants(
        utc=local - first[position],
        ambiguous=(first > second)[position],
        nonexistent=(first < second)[position],
    )


def day_window(day: date, zone: str) -> tuple[int, int]:
    """The first instant of a calendar day in a zone, and of the day after, in microseconds UTC."""
    midnights = [datetime.combine(d, datetime.min.time()) for d in (day, day + timedelta(days=1))]
    local = np.array([(m - _EPOCH) // timedelta(microseconds=1) for m in midnights], np.int64)
    start, end = to_utc(local, zone).utc.tolist()
    return start, end


def microseconds(instant: datetime) -> int:
    """An aware time in microseconds since 1970 UTC."""
    return (instant - _EPOCH.replace(tzinfo=UTC)) // timedelta(microseconds=1)


def _offset(shown: datetime) -> int:
    return (shown.utcoffset() or timedelta()) // timedelta(microseconds=1)
