"""The policy's limits on what a day may leave unseen."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.policy import ChainRules
from auditor.tables import LEDGER, REJECTS, STORE_DAYS


def exceeded(
    limits: ChainRules, *, store_days: pa.Table, ledger: pa.Table, rejects: pa.Table
) -> list[str]:
    """Say which limits a day exceeds.

    Args:
        limits: the chain's rules on that day.
        store_days: tables.STORE_DAYS.
        ledger: tables.LEDGER.
        rejects: tables.REJECTS; those of no known store are in no store's counts.

    Returns:
        A sentence a limit, naming its key; none is an empty list.
    """
    days: pd.DataFrame = STORE_DAYS.conform(store_days).to_pandas()
    outcomes = LEDGER.conform(ledger)["outcome"].to_pylist()
    lost = REJECTS.conform(rejects).filter(pc.is_null(rejects["store_id"]))
    unplaced = len(lost.group_by(["source", "row"]).aggregate([]))
    return [
        *_missing_stores(days, limits.max_missing_stores),
        *_share(
            "input rows were set aside",
            int(days["lines_rejected"].sum() + days["snapshots_rejected"].sum()) + unplaced,
            int(days["lines_read"].sum() + days["snapshots_indexed"].sum()) + unplaced,
            ("max_rejected_share", limits.max_rejected_share),
        ),
        *_share(
            "alcohol sales could not be judged",
            outcomes.count("inconclusive"),
            len(outcomes),
            ("max_inconclusive_share", limits.max_inconclusive_share),
        ),
    ]


def _missing_stores(days: pd.DataFrame, limit: int) -> list[str]:
    missing = days.loc[days["export_status"] != "read", "store_id"].tolist()
    if len(missing) <= limit:
        return []
    named = ", ".join(missing[:10])
    share = f"{len(missing)} of {len(days)} stores"
    return [f"no usable till export from {share} ({named}); max_missing_stores is {limit}"]


def too_many(part: int, whole: int, most: float) -> bool:
    """Whether ``part`` is more of ``whole`` than the share ``most``."""
    return part > most * whole


def _share(what: str, part: int, whole: int, limit: tuple[str, float]) -> list[str]:
    key, most = limit
    return [f"{part} of {whole} {what}; {key} is {most:g}"] if too_many(part, whole, most) else []
