"""Local times of a store's clock, converted to UTC.

The rule for the two hours a year that a clock leaves open: a local time that occurs twice, when
summer time ends, is read as the first occurrence; one that is skipped, when summer time begins, is
moved forward by the gap. Both are what PEP 495 gives with ``fold=0``.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

Microseconds = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SECOND = 1_000_000
DAY = 24 * 3600 * SECOND
_MINUTE = 60 * SECOND
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # of local times, in no zone


class Instants(NamedTuple):
    """Times in microseconds since 1970 UTC, and which local times were ambiguous or skipped.

    ``later`` is the second occurrence of an ambiguous time, and for all others the same as ``utc``.
    """

    utc: Microseconds
    later: Microseconds
    ambiguous: Flags
    nonexistent: Flags


def to_utc(local: Microseconds, zone: str) -> Instants:
    """Convert local times of one IANA zone, in microseconds since 1970-01-01 00:00, to UTC."""
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
        later=local - np.minimum(first, second)[position],
        ambiguous=(first > second)[position],
        nonexistent=(first < second)[position],
    )


def day_window(day: date, zone: str, ends_at: str = "00:00") -> tuple[int, int]:
    """The first instants of a business day in a zone and of the next day, in microseconds UTC.

    The day ends on the date after it, when the zone's clock shows ``ends_at`` (HH:MM).
    """
    hour = time.fromisoformat(ends_at)
    turns = [datetime.combine(d, hour) for d in (day, day + timedelta(days=1))]
    local = np.array([(t - _EPOCH) // timedelta(microseconds=1) for t in turns], np.int64)
    start, end = to_utc(local, zone).utc.tolist()
    return start, end


def wall_clock(instants: pd.DatetimeIndex, zones: Sequence[str]) -> npt.NDArray[np.datetime64]:
    """Each instant as the clock of its own IANA zone shows it."""
    names, local = np.array(zones, dtype=object), np.empty(len(zones), "datetime64[us]")
    for name in np.unique(names):
        own = names == name
        local[own] = instants[own].tz_convert(ZoneInfo(name)).tz_localize(None).to_numpy()
    return local


def microseconds(instant: datetime) -> int:
    """An aware time in microseconds since 1970 UTC."""
    return (instant - _EPOCH.replace(tzinfo=UTC)) // timedelta(microseconds=1)


def _offset(shown: datetime) -> int:
    return (shown.utcoffset() or timedelta()) // timedelta(microseconds=1)
