"""Counts a day's transaction numbers: how far they run on without a gap, and where they do not."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.tables import NUMBER_RUNS

#: Gaps kept of a run, the largest.
MOST_GAPS = 3
#: The digits that a number ends in; more would not fit into 64 bits.
_NUMBER = r"^(?P<head>.*?)(?P<number>[0-9]{1,15})$"
_ALL_TILLS = ""

Numbers = npt.NDArray[np.int64]


def count_numbers(transactions: pa.Table, rejected: pa.Table) -> pa.Table:
    """NUMBER_RUNS of TRANSACTIONS, sorted by store and till.

    A store counts its numbers by till or over all its tills. Where two tills have the same number,
    it is by till; else it is whichever leaves fewer gaps. Numbers are compared among those that
    agree in all that precedes their last digits.

    Args:
        transactions: of a day and some stores.
        rejected: REJECTS of the same. Their transactions are not missing: they are there, and bad.
    """
    rows = _numbered(transactions.select(["store_id", "till_id", "transaction_id", "started_at"]))
    rows["series"] = rows.groupby(["store_id", "head"], sort=False).ngroup()
    rows["till"] = pd.factorize(rows["till_id"])[0]  # numbers are sorted faster than texts
    lost = _lost(rejected, rows)
    by_till = _Steps(rows, ["series", "till"], lost)
    over_all = _Steps(rows, ["series"], lost)
    tills = rows.groupby("series")["till"].nunique()
    shared = by_till.distinct > over_all.distinct
    counted_over_all = (tills > 1) & ~shared & (over_all.missing < by_till.missing)
    chosen = counted_over_all.reindex(by_till.rows["series"]).to_numpy(bool)
    parts = [by_till.of(~chosen)]
    together = counted_over_all.reindex(over_all.rows["series"]).to_numpy(bool)
    parts.append(over_all.of(together).assign(till_id=_ALL_TILLS))
    return _runs(pd.concat(parts))


class _Steps:
    """The distinct numbers of some groups in their order, each with the step from the one before.

    ``distinct`` and ``missing`` are the numbers there, and those that lack, by series.
    """

    def __init__(self, rows: pd.DataFrame, groups: list[str], lost: dict[int, Numbers]) -> None:
        ordered = rows.sort_values([*groups, "number", "started_at"])
        self.rows = own = ordered.drop_duplicates([*groups, "number"]).copy()
        grouped = own.groupby(groups, sort=False)
        size = grouped["number"].transform("size").to_numpy()
        step = grouped["number"].diff().fillna(0).astype(np.int64).to_numpy()
        # A larger step is no gap: another series begins, or the till was reset.
        near = (step > 0) & (step <= np.maximum(size, 2))
        missing = np.where(near, step - 1, 0)
        for series, numbers in lost.items():
            at = np.flatnonzero((own["series"] == series).to_numpy() & (missing > 0))
            to = own["number"].to_numpy()[at]
            inside = np.searchsorted(numbers, to) - np.searchsorted(
                numbers, to - step[at], side="right"
            )
            missing[at] = np.maximum(missing[at] - inside, 0)
        own["step"], own["of_one"], own["missing_before"] = step > 0, near & (missing == 0), missing
        for name in ("transaction_id", "started_at"):
            own[f"before_{name}"] = own[name].shift()
        by_series = own.groupby("series")
        self.distinct = by_series.size()
        self.missing = by_series["missing_before"].sum()

    def of(self, chosen: npt.NDArray[np.bool_]) -> pd.DataFrame:
        """The rows that are chosen."""
        return self.rows[chosen]


def _numbered(rows: pa.Table) -> pd.DataFrame:
    """The rows whose transaction's number ends in digits, with these and what precedes them."""
    parts = pc.extract_regex(rows["transaction_id"].combine_chunks(), _NUMBER)
    there = pc.is_valid(parts)
    frame: pd.DataFrame = rows.filter(there).to_pandas()
    parts = parts.filter(there)
    frame["head"] = parts.field("head").to_pandas()
    frame["number"] = parts.field("number").cast(pa.int64()).to_numpy()
    return frame


def _lost(rejected: pa.Table, rows: pd.DataFrame) -> dict[int, Numbers]:
    """The numbers of rejected rows, sorted, by the series that they belong to."""
    known = rejected.select(["store_id", "transaction_id"]).drop_null()
    if not known.num_rows:
        return {}
    lost = _numbered(known.group_by(known.column_names).aggregate([]))
    series = rows[["store_id", "head", "series"]].drop_duplicates()
    lost = lost.merge(series, on=["store_id", "head"])
    found: dict[int, Numbers] = {}
    for series in lost["series"].unique().tolist():
        own = lost["number"][lost["series"] == series]
        found[series] = np.unique(own.to_numpy())
    return found


def _runs(steps: pd.DataFrame) -> pa.Table:
    key = ["store_id", "till_id"]
    by_till = steps.groupby(key)
    # Added up by pandas as a whole: column by column takes several times as long for a small shop.
    counts = by_till[["step", "of_one", "missing_before"]].sum()
    counts.columns = pd.Index(["steps", "steps_of_one", "missing"])
    counts["numbers"] = by_till.size()
    largest = steps[steps["missing_before"] > 0].sort_values(
        [*key, "missing_before", "number"], ascending=[True, True, False, True]
    )
    gaps: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in largest.groupby(key).head(MOST_GAPS).to_dict("records"):
        gaps.setdefault(_key(row), []).append(
            {
                "after": row["before_transaction_id"],
                "after_at": row["before_started_at"],
                "before": row["transaction_id"],
                "before_at": row["started_at"],
                "missing": row["missing_before"],
            }
        )
    rows = [
        {str(name): value for name, value in row.items()}
        for row in counts.reset_index().to_dict("records")
    ]
    return NUMBER_RUNS.from_rows(
        row
        | {
            "till_id": row["till_id"] or None,
            "gaps": gaps.get((row["store_id"], row["till_id"]), []),
        }
        for row in rows
    )


def _key(row: Mapping[Any, Any]) -> tuple[str, str]:
    return row["store_id"], row["till_id"]
