"""Local times are told in UTC by the written rule of daylight saving."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.clock.local_time import day_window, microseconds, to_utc

LONDON = "Europe/London"


def utc_of(local: str, zone: str) -> tuple[datetime, bool, bool]:
    wall = np.array([microseconds(datetime.fromisoformat(local).replace(tzinfo=UTC))], np.int64)
    told = to_utc(wall, zone)
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(told.utc[0]))
    return instant, bool(told.ambiguous[0]), bool(told.nonexistent[0])


@pytest.mark.parametrize(
    ("local", "utc", "ambiguous", "nonexistent"),
    [
        ("2026-03-29T00:59:59", "2026-03-29T00:59:59", False, False),
        ("2026-03-29T01:00", "2026-03-29T01:00", False, True),  # shown as 02:00 summer time
        ("2026-03-29T01:30", "2026-03-29T01:30", False, True),
        ("2026-03-29T02:00", "2026-03-29T01:00", False, False),
        ("2026-10-25T00:59:59", "2026-10-24T23:59:59", False, False),
        ("2026-10-25T01:30", "2026-10-25T00:30", True, False),  # the first: still summer time
        ("2026-10-25T02:00", "2026-10-25T02:00", False, False),
    ],
)
def test_london(local: str, utc: str, ambiguous: bool, nonexistent: bool) -> None:  # noqa: FBT001
    expected = datetime.fromisoformat(utc).replace(tzinfo=UTC)

    assert utc_of(local, LONDON) == (expected, ambiguous, nonexistent)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)]
)
def test_a_day_lasts_from_midnight_to_midnight(day: str, hours: int) -> None:
    start, end = day_window(date.fromisoformat(day), LONDON)

    assert (end - start) / 3_600_000_000 == hours
    assert day_window(date.fromisoformat(day) + timedelta(days=1), LONDON)[0] == end


def test_a_day_whose_midnight_is_skipped_starts_after_the_gap() -> None:
    start, _ = day_window(date(2018, 11, 4), "America/Sao_Paulo")

    assert start == microseconds(datetime(2018, 11, 4, 3, tzinfo=UTC))


@given(
    st.lists(st.datetimes(datetime(1971, 1, 1), datetime(2099, 12, 31)), max_size=5),  # noqa: DTZ001
    st.sampled_from([LONDON, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_every_zone_agrees_with_the_first_reading_of_pep_495(
    walls: list[datetime], zone: str
) -> None:
    local = np.array([microseconds(w.replace(tzinfo=UTC)) for w in walls], np.int64)

    expected = [microseconds(w.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)) for w in walls]
    assert to_utc(local, zone).utc.tolist() == expected
