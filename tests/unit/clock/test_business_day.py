"""The day that a run audits: who decides, and what the clocks' changes do to it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.clock.business_day import parse_day, resolve_business_day
from auditor.errors import ConfigurationError

LONDON = "Europe/London"
NEW_YORK = "America/New_York"

# The clocks' four changes of 2026: the day, and its length in hours.
CLOCK_CHANGES = [
    pytest.param(LONDON, date(2026, 3, 29), 23, id="London-spring"),
    pytest.param(LONDON, date(2026, 10, 25), 25, id="London-autumn"),
    pytest.param(NEW_YORK, date(2026, 3, 8), 23, id="New-York-spring"),
    pytest.param(NEW_YORK, date(2026, 11, 1), 25, id="New-York-autumn"),
]


def resolve(
    param: str | None = None,
    partition_key: str | None = None,
    interval: tuple[datetime, datetime] | None = None,
    time_zone: str = LONDON,
) -> date:
    start, end = interval or (None, None)
    return resolve_business_day(
        param=param,
        partition_key=partition_key,
        data_interval_start=start,
        data_interval_end=end,
        time_zone=time_zone,
    )


def local_interval(day: date, at: time, zone: str) -> tuple[datetime, datetime]:
    """From ``at`` on ``day`` to the same time of the next day, told in UTC as Airflow does."""
    tz = ZoneInfo(zone)
    start = datetime.combine(day, at, tz)
    end = datetime.combine(day + timedelta(days=1), at, tz)
    return start.astimezone(UTC), end.astimezone(UTC)


def test_the_parameter_decides_over_all_else() -> None:
    interval = local_interval(date(2026, 3, 29), time(4, 30), LONDON)
    assert resolve("2026-03-27", "2026-03-28", interval) == date(2026, 3, 27)


def test_the_partition_key_decides_over_the_interval() -> None:
    interval = local_interval(date(2026, 3, 29), time(4, 30), LONDON)
    assert resolve(None, "2026-03-28", interval) == date(2026, 3, 28)


def test_an_interval_decides_when_nothing_else_does() -> None:
    interval = local_interval(date(2026, 3, 29), time(4, 30), LONDON)
    assert resolve(interval=interval) == date(2026, 3, 29)


@pytest.mark.parametrize(("zone", "day", "hours"), CLOCK_CHANGES)
def test_midnight_to_midnight_is_that_day_when_the_clocks_change(
    zone: str, day: date, hours: int
) -> None:
    interval = local_interval(day, time(0), zone)
    assert interval[1] - interval[0] == timedelta(hours=hours)
    assert resolve(interval=interval, time_zone=zone) == day


@pytest.mark.parametrize(("zone", "day", "hours"), CLOCK_CHANGES)
def test_the_last_second_before_a_changing_day_is_the_day_before(
    zone: str, day: date, hours: int
) -> None:
    start = local_interval(day, time(0), zone)[0]
    earlier = (start - timedelta(seconds=1), start + timedelta(hours=hours))
    assert resolve(interval=earlier, time_zone=zone) == day - timedelta(days=1)


@pytest.mark.parametrize(("zone", "day", "hours"), CLOCK_CHANGES)
def test_every_hour_of_a_changing_day_is_that_day(zone: str, day: date, hours: int) -> None:
    midnight = local_interval(day, time(0), zone)[0]
    found = {
        resolve(interval=(start, start + timedelta(hours=1)), time_zone=zone)
        for start in (midnight + timedelta(hours=h) for h in range(hours))
    }
    assert found == {day}


@pytest.mark.parametrize("fold", [0, 1])
def test_the_hour_that_comes_twice_is_the_same_day_both_times(fold: int) -> None:
    start = datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo(LONDON), fold=fold)
    interval = (start.astimezone(UTC), start.astimezone(UTC) + timedelta(hours=1))
    assert resolve(interval=interval) == date(2026, 10, 25)


def test_the_day_is_told_in_the_shops_zone_not_in_utc() -> None:
    interval = (datetime(2026, 7, 1, 23, 30, tzinfo=UTC), datetime(2026, 7, 2, 23, tzinfo=UTC))
    assert resolve(interval=interval, time_zone=LONDON) == date(2026, 7, 2)
    assert resolve(interval=interval, time_zone=NEW_YORK) == date(2026, 7, 1)


def test_an_empty_interval_names_no_day() -> None:
    moment = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    with pytest.raises(ConfigurationError, match=r"empty.*business_date"):
        resolve(interval=(moment, moment))


def test_an_interval_that_ends_before_it_starts_names_no_day() -> None:
    moment = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    with pytest.raises(ConfigurationError, match="empty"):
        resolve(interval=(moment, moment - timedelta(days=1)))


def test_an_interval_is_empty_by_the_instant_not_by_the_clock_on_the_wall() -> None:
    # 01:30 comes twice on this day: an hour lies between the two, though both clocks say 01:30.
    zone = ZoneInfo(LONDON)
    first = datetime(2026, 10, 25, 1, 30, tzinfo=zone, fold=0)
    second = datetime(2026, 10, 25, 1, 30, tzinfo=zone, fold=1)
    assert resolve(interval=(first, second)) == date(2026, 10, 25)


def test_a_run_that_names_no_day_is_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match=r"names no business day; .*business_date"):
        resolve()


def test_half_an_interval_names_no_day() -> None:
    with pytest.raises(ConfigurationError, match="names no business day"):
        resolve_business_day(
            param=None,
            partition_key=None,
            data_interval_start=datetime(2026, 3, 27, tzinfo=UTC),
            data_interval_end=None,
            time_zone=LONDON,
        )


def test_an_interval_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 3, 27)  # noqa: DTZ001  # the point of the test
    with pytest.raises(ConfigurationError, match="no time zone"):
        resolve(interval=(naive, naive + timedelta(days=1)))


def test_an_unknown_zone_is_refused_by_name() -> None:
    interval = local_interval(date(2026, 3, 29), time(0), LONDON)
    with pytest.raises(ConfigurationError, match="Europe/Lundon"):
        resolve(interval=interval, time_zone="Europe/Lundon")


MALFORMED = [
    "",
    " ",
    "yesterday",
    "20260327",
    "2026-W13-5",
    "2026-3-7",
    "27.03.2026",
    "03/27/2026",
    "2026-02-29",
    "2026-13-01",
    "0000-01-01",
    "2026-03-27T00:00:00",
    "2026-03-27\n",
    " 2026-03-27",
    "\u0662\u0660\u0662\u0666-\u0660\u0663-\u0662\u0667",
    "../../etc/passwd",
]


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_parameter_is_refused_and_never_passed_over(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"the parameter business_date .* is no date"):
        resolve(text, "2026-03-28")


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_partition_key_is_refused_and_never_passed_over(text: str) -> None:
    interval = local_interval(date(2026, 3, 29), time(0), LONDON)
    with pytest.raises(ConfigurationError, match=r"the run's partition key .* is no date"):
        resolve(None, text, interval)


DAYS = st.dates(date(1990, 1, 1), date(2037, 12, 31))
ZONES = st.sampled_from([LONDON, NEW_YORK, "UTC", "Asia/Kolkata", "Australia/Lord_Howe"])


@given(day=st.dates())
def test_every_day_is_read_back_as_written(day: date) -> None:
    assert parse_day(day.isoformat(), what="it") == day


@given(text=st.text(max_size=12))
def test_any_text_is_a_day_written_in_full_or_refused(text: str) -> None:
    try:
        day = parse_day(text, what="it")
    except ConfigurationError:
        return
    assert day.isoformat() == text


@given(day=DAYS, zone=ZONES, at=st.integers(0, 22))
def test_an_interval_from_any_hour_of_a_day_is_that_day(day: date, zone: str, at: int) -> None:
    start, end = local_interval(day, time(at, 59), zone)
    # A local time that the clock skips is told one hour later: still the same day.
    assert resolve(interval=(start, end), time_zone=zone) == day


@given(day=DAYS, other=DAYS, zone=ZONES)
def test_parameter_and_key_mean_the_same_in_every_zone(day: date, other: date, zone: str) -> None:
    interval = local_interval(other, time(0), zone)
    assert resolve(day.isoformat(), other.isoformat(), interval, zone) == day
    assert resolve(None, day.isoformat(), interval, zone) == day
