"""ISO weeks (ISO 8601): Monday to Sunday, written 2026-W13."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from auditor.errors import ConfigurationError


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week by its ISO year and number."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The week written ``2026-W13``.

        Raises:
            ConfigurationError: it is not written so, or its year has no such week.
        """
        found = re.fullmatch(r"(\d{4})-W(\d{2})", text)
        try:
            week = cls(int(found[1]), int(found[2])) if found else None
            if week and week.days:  # raises ValueError for a week 53 that the year does not have
                return week
        except ValueError:
            pass
        raise ConfigurationError(f"{text!r} is no ISO week such as 2026-W13")

    @classmethod
    def of(cls, day: date) -> Self:
        """The week of a day."""
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @property
    def days(self) -> tuple[date, ...]:
        """Monday to Sunday."""
        monday = date.fromisocalendar(self.year, self.number, 1)
        return tuple(monday + timedelta(days=n) for n in range(7))

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"
