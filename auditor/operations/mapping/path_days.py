"""Finds the days that the paths of files name."""

import re
from datetime import date, datetime

_DAYS = (
    (r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)", ("%Y-%m-%d",)),
    (r"(?<!\d)\d{8}(?=\d{4}(?:\d\d)?(?!\d))", ("%Y%m%d",)),
    (r"(?<!\d)\d{8}(?!\d)", ("%Y%m%d", "%d%m%Y", "%m%d%Y")),
    (r"(?<!\d)\d{4}_\d\d_\d\d(?!\d)", ("%Y_%m_%d",)),
    (r"(?<!\d)\d{4}\.\d\d\.\d\d(?!\d)", ("%Y.%m.%d",)),
    (r"(?<!\d)\d{4}/\d\d/\d\d(?!\d)", ("%Y/%m/%d",)),
    (r"(?<!\d)\d\d\.\d\d\.\d{4}(?!\d)", ("%d.%m.%Y",)),
    (r"(?<!\d)\d\d-\d\d-\d{4}(?!\d)", ("%d-%m-%Y", "%m-%d-%Y")),
    (r"(?<!\d)\d\d_\d\d_\d{4}(?!\d)", ("%d_%m_%Y", "%m_%d_%Y")),
    (r"(?<!\d)\d\d-\d\d-\d\d(?!\d)", ("%y-%m-%d", "%d-%m-%y", "%m-%d-%y")),
    (r"(?<!\d)\d\d_\d\d_\d\d(?!\d)", ("%y_%m_%d", "%d_%m_%y", "%m_%d_%y")),
    (r"(?<!\d)\d\d\.\d\d\.\d\d(?!\d)", ("%d.%m.%y", "%y.%m.%d")),
    (r"(?<!\d)\d{6}(?!\d)", ("%y%m%d", "%d%m%y", "%m%d%y")),
)
_SHORT = 6  # digits of a date that only the data proves to be one

#: The days of the sales, and what these would be with day and month the other way round.
Days = tuple[frozenset[date], frozenset[date]]


def days_in(path: str, days: Days) -> list[tuple[int, int, str, str]]:
    """The days that a path names: where each stands, its format, and another that fits as well.

    The one that is meant is the last: a day of the file's sales, or else the last of the path.
    """
    found: list[tuple[bool, int, int, str, str]] = []
    for pattern, forms in _DAYS:
        for match in re.finditer(pattern, path):
            fitting = [(form, day) for form in forms if (day := as_day(match[0], form))]
            proven = [form for known in days for form, day in fitting if day in known]
            taken = any(match.start() < end and start < match.end() for _, start, end, *_ in found)
            if taken or not fitting or (not proven and _digits(match[0]) == _SHORT):
                continue
            form, *others = proven or [form for form, _ in fitting]
            found.append((bool(proven), *match.span(), form, "".join(others[:1])))
    return [rest for _, *rest in sorted(found)]  # type: ignore[misc]  # of four


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def as_day(text: str, form: str) -> date | None:
    """The day that a text names in a format; None if it names none from 2000 to 2099."""
    try:
        day = datetime.strptime(text, form).date()  # noqa: DTZ007  # a date has no zone
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2099 else None
