"""What the inputs held of a store."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What one kind of source held for one store: the till exports, or the snapshot indexes.

    ``rows_read`` are the kept and the rejected rows; rows of other days or of stores that were
    not asked for are in neither. Times are those of the rows read, local ones by the written rule
    of :mod:`auditor.clock.local_time`.
    """

    files: int = 0
    usable_files: int = 0
    rows_read: int = 0
    rows_rejected: int = 0
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
