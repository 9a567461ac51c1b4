"""Counts of what the inputs held for a store."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What one kind of source held for one store: the till exports, or the snapshot indexes.

    ``rows_read`` counts kept and rejected rows of the day, also those in files of the days beside
    it, and none of unwanted stores. ``rows_of_other_days`` are those in the day's own files that
    belong to a day beside it. The times counted are those of the rows read;
    :mod:`auditor.clock.local_time` has the rule for local times.
    """

    files: int = 0
    usable_files: int = 0
    rows_read: int = 0
    rows_rejected: int = 0
    rows_of_other_days: int = 0
    times_read_as_local: int = 0
    times_ambiguous: int = 0
    times_nonexistent: int = 0

    @property
    def status(self) -> str:
        """``read``, ``missing`` (no file) or ``unreadable`` (no file usable)."""
        if self.usable_files:
            return "read"
        return "unreadable" if self.files else "missing"

    def __add__(self, other: Self) -> "SourceCounts":
        return SourceCounts(*(getattr(self, n) + getattr(other, n) for n in self.__slots__))
