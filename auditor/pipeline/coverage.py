"""One row per store and day: what there was to audit, and what could not be read."""

from collections.abc import Collection, Mapping
from datetime import date

import pyarrow as pa

from auditor.inputs.counts import SourceCounts
from auditor.policy import Policy
from auditor.sales.counts import SaleCounts
from auditor.tables import STORE_DAYS


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
        collected: counts of transactions and frames by their use, by store.
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
