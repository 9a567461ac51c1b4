"""One row a store and day: what was there to audit, and what could not be read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

import pyarrow as pa

from auditor.policy import Policy
from auditor.tables import STORE_DAYS


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What one kind of source held for one store: the till exports, or the snapshot indexes.

    ``rows_read`` are the kept and the rejected rows; rows of other days or of stores that were
    not asked for are in neither. Times are those of the rows read, local ones by the written rule
    of :mod:`auditor.local_time`.
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


@dataclass(frozen=True, slots=True)
class SaleCounts:
    """What one store's lines and frames became."""

    transactions: int = 0
    duplicate_transactions: int = 0
    alcohol_sales: int = 0
    alcohol_returns: int = 0
    snapshots_matched: int = 0
    snapshots_of_other_sales: int = 0
    snapshots_unclaimed: int = 0


def store_days(  # noqa: PLR0913  # three counts of three stages, none of which may know the others
    day: date,
    policy: Policy,
    *,
    sales: Mapping[str, SourceCounts],
    index: Mapping[str, SourceCounts],
    collected: Mapping[str, SaleCounts],
    stores: Collection[str] = (),
) -> pa.Table:
    """Assemble STORE_DAYS, sorted by store: every listed store, and every other that was read.

    Args:
        day: the business day.
        policy: lists the stores that must send an export; one that did not is ``missing``.
        sales: counts of the till exports, by store.
        index: counts of the snapshot indexes, by store.
        collected: counts of what was made of them, by store.
        stores: the stores that were asked for; empty for all.
    """
    listed = set(stores) or set(policy.stores)
    rows = []
    for store_id in sorted(listed | set(sales) | set(index) | set(collected)):
        lines, frames = sales.get(store_id, SourceCounts()), index.get(store_id, SourceCounts())
        made = collected.get(store_id, SaleCounts())
        listing = policy.stores.get(store_id)
        times = lines + frames
        rows.append(
            {
                "store_id": store_id,
                "store_name": listing.name if listing else None,
                "time_zone": policy.rules(day, store_id).time_zone,
                "export_status": lines.status,
                "export_files": lines.files,
                "lines_read": lines.rows_read,
                "lines_rejected": lines.rows_rejected,
                **{name: getattr(made, name) for name in SaleCounts.__slots__},
                "snapshots_indexed": frames.rows_read,
                "snapshots_rejected": frames.rows_rejected,
                "times_read_as_local": times.times_read_as_local,
                "times_ambiguous": times.times_ambiguous,
                "times_nonexistent": times.times_nonexistent,
            }
        )
    return STORE_DAYS.from_rows(rows)
