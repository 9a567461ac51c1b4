"""The age groups of the policy: their names and ends."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AgeGroup:
    """Completed years ``first`` to ``last``; ``last`` is None for the oldest group."""

    first: int
    last: int | None

    @property
    def name(self) -> str:
        """As pages and tables say it: ``under 18``, ``18-24``, ``65+``."""
        if self.last is None:
            return f"{self.first}+"
        return f"{self.first}-{self.last}" if self.first else f"under {self.last + 1}"

    @property
    def slug(self) -> str:
        """As file names say it."""
        return f"{self.first}-up" if self.last is None else f"{self.first}-{self.last}"

    def may_be_under(self, age: int) -> bool:
        """Whether somebody of the group may be, or may look, younger than ``age``."""
        return self.first < age


def age_groups(starts: Sequence[int]) -> tuple[AgeGroup, ...]:
    """The groups that begin at ``starts``, and the one below the first of them."""
    firsts = (0, *starts)
    lasts = (*(start - 1 for start in starts), None)
    return tuple(AgeGroup(first, last) for first, last in zip(firsts, lasts, strict=True))
