"""The section of a page on rejected input rows: how many, why, and the first of them."""

from collections import Counter
from dataclasses import dataclass, fields
from typing import Self

import pyarrow as pa

from auditor.report.coverage import Count
from auditor.report.text import words
from auditor.report.text.rejected import place

#: Rejected rows that a page lists.
REJECTS_LIMIT = 50
_ORDER = ("source", "row", "stage", "reason", "column", "detail")


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """An input row that was rejected."""

    stage: str
    reason: str
    source: str
    row: int | None
    column: str | None
    value: str | None
    detail: str
    store_id: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The rejected rows: counts by reason, and the first of them."""

    total: int
    reasons: tuple[Count, ...]
    first: tuple[RejectedRow, ...]


@dataclass(frozen=True, slots=True)
class Rejects:
    """Rejected rows of some stores, which can be added up: ``first`` is a table of REJECTS."""

    total: int
    reasons: Counter[str]
    first: pa.Table

    @classmethod
    def of(cls, rejects: pa.Table) -> Self:
        """Count rows of REJECTS."""
        return cls(rejects.num_rows, Counter(rejects["reason"].to_pylist()), _first(rejects))

    def __add__(self, other: Self) -> "Rejects":
        """Both together."""
        first = _first(pa.concat_tables([self.first, other.first]))
        return Rejects(self.total + other.total, self.reasons + other.reasons, first)

    def section(self) -> Rejected:
        """What a page shows of them."""
        columns = [field.name for field in fields(RejectedRow)]
        return Rejected(
            total=self.total,
            reasons=tuple(
                Count(r, words.visible(r), self.reasons[r]) for r in sorted(self.reasons)
            ),
            first=tuple(
                # File and row stand beside it already.
                RejectedRow(
                    **row | {"detail": row["detail"].removeprefix(place(row["source"], row["row"]))}
                )
                for row in self.first.select(columns).to_pylist()
            ),
        )


def _first(rejects: pa.Table) -> pa.Table:
    return rejects.sort_by([(name, "ascending") for name in _ORDER])[:REJECTS_LIMIT]
