"""The policy's limits on what a day may leave unseen."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.policy import ChainRules
from auditor.tables import STORE_DAYS

#: The columns of rejects that are needed.
OF_REJECTS = ("store_id", "source", "row")

_ROWS = ("lines_read", "snapshots_indexed", "lines_rejected", "snapshots_rejected")


class InputRows(NamedTuple):
    """The rows of a day's till exports and snapshot indexes: all that were read, and rejected."""

    read: int
    rejected: int


def exceeded(
    limits: ChainRules,
    *,
    store_days: pa.Table,
    outcomes: Mapping[str, int],
    rejects: Iterable[pa.Table],
) -> list[str]:
    """Say which limits a day exceeds.

    Args:
        limits: the chain's rules on that day.
        store_days: tables.STORE_DAYS.
        outcomes: how many alcohol sales ended where.
        rejects: ``OF_REJECTS`` of tables.REJECTS in parts, those of no known store, which are in no
            store's counts, in one of them.

    Returns:
        A sentence a limit, naming its key; none is an empty list.
    """
    days: pd.DataFrame = STORE_DAYS.conform(store_days).to_pandas()
    rows = input_rows(store_days, rejects)
    return [
        *_missing_stores(days, limits.max_missing_stores),
        *_share(
            "input rows were set aside",
            rows.rejected,
            rows.read,
            ("max_rejected_share", limits.max_rejected_share),
        ),
        *_share(
            "alcohol sales could not be judged",
            outcomes.get("inconclusive", 0),
            sum(outcomes.values()),
            ("max_inconclusive_share", limits.max_inconclusive_share),
        ),
    ]


def input_rows(store_days: pa.Table, rejects: Iterable[pa.Table]) -> InputRows:
    """Count the input rows of a day; arguments as for :func:`exceeded`."""
    lost = (part.filter(pc.is_null(part["store_id"])) for part in rejects)
    unplaced = sum(len(part.group_by(["source", "row"]).aggregate([])) for part in lost)
    count = {name: pc.sum(store_days[name]).as_py() or 0 for name in _ROWS}
    return InputRows(
        read=count["lines_read"] + count["snapshots_indexed"] + unplaced,
        rejected=count["lines_rejected"] + count["snapshots_rejected"] + unplaced,
    )


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
