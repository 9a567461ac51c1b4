"""Which day a run audits: one rule, whatever started the run.

A scheduled or backfilled run names its day in a partition key, a person names it in a parameter,
and another scheduler may give only the run's data interval. A run that names no day is refused: a
guess would audit the wrong day and look right.
"""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auditor.errors import ConfigurationError

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_day(text: str, *, what: str) -> date:
    """Read a date written YYYY-MM-DD, and in no other way; ``what`` names it in the error.

    Raises:
        ConfigurationError: the text has another format, or there is no such day.
    """
    problem = "it is not written YYYY-MM-DD"
    if _ISO_DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            problem = str(error)
    raise ConfigurationError(f"{what} {text!r} is no date: {problem}; write it like 2026-03-27")


def resolve_business_day(
    *,
    param: str | None,
    partition_key: str | None,
    data_interval_start: datetime | None,
    data_interval_end: datetime | None,
    time_zone: str,
) -> date:
    """Return the day that a run audits.

    Args:
        param: the day that a person asked for; it takes precedence.
        partition_key: the day from the schedule or the backfill.
        data_interval_start: start of the run's data interval, used if there is neither of the
            above. An empty interval is the moment of starting, and names no day.
        data_interval_end: its end.
        time_zone: IANA zone of the shops, which decides the day of an interval.

    Raises:
        ConfigurationError: nothing names a day, or its name is malformed.
    """
    if param is not None:
        return parse_day(param, what="the parameter business_date")
    if partition_key is not None:
        return parse_day(partition_key, what="the run's partition key")
    if data_interval_start is None or data_interval_end is None:
        raise ConfigurationError(f"this run names no business day; {_REMEDY}")
    if data_interval_start.tzinfo is None or data_interval_end.tzinfo is None:
        raise ConfigurationError(f"this run's data interval has no time zone; {_REMEDY}")
    # In UTC: Python compares times of one zone by local time, which is turned back in autumn.
    start, end = data_interval_start.astimezone(UTC), data_interval_end.astimezone(UTC)
    if end <= start:
        raise ConfigurationError(f"this run's data interval is empty, so names no day; {_REMEDY}")
    return start.astimezone(_zone(time_zone)).date()


def today_in(time_zone: str) -> date:
    """Today's date in a time zone.

    Raises:
        ConfigurationError: there is no such zone.
    """
    return datetime.now(_zone(time_zone)).date()


_REMEDY = (
    'give it the day: as the parameter business_date ({"business_date": "2026-03-27"}),'
    " or as the partition key of a backfill"
)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"the time zone {name!r} is no IANA time zone, such as Europe/London"
        ) from error
