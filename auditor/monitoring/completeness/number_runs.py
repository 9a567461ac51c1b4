"""Counts a day's transaction numbers: how far they run on without a gap, and where they do not."""

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


def count_numbers(transactions: pa.Table, lines: pa.Table, rejected: pa.Table) -> pa.Table:
    """NUMBER_RUNS of TRANSACTIONS, sorted by store and till.

    A store counts its numbers by till or over all its tills. Where two tills have the same number,
    it is by till; else it is whichever leaves fewer gaps. Numbers are compared among those that
    agree in all that precedes their last digits.

    Args:
        transactions: of a day and some stores.
        lines: TILL_LINES of the same, and of the hours around the day. A number that a till's
            totals have, or what was put aside and resumed, is not missing.
        rejected: REJECTS of the same. Their transactions are not missing: they are there, and bad.
    """
    rows = _numbered(transactions.select(["store_id", "till_id", "transaction_id", "started_at"]))
    rows["series"] = rows.groupby(["store_id", "head"], sort=False).ngroup()
    rows["till"] = pd.factorize(rows["till_id"])[0]  # numbers are sorted faster than texts
    seen = _seen(lines, rejected, rows)
    by_till = _Steps(rows, ["series", "till"], seen)
    over_all = _Steps(rows, ["series"], seen)
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

    def __init__(self, rows: pd.DataFrame, groups: list[str], seen: pd.DataFrame) -> None:
        ordered = rows.sort_values([*groups, "number", "started_at"])
        self.rows = own = ordered.drop_duplicates([*groups, "number"]).copy()
        grouped = own.groupby(groups, sort=False)
        size = grouped["number"].transform("size").to_numpy()
        step = grouped["number"].diff().fillna(0).astype(np.int64).to_numpy()
        # A larger step is no gap: another series begins, or the till was reset.
        near = (step > 0) & (step <= np.maximum(size, 2))
        missing = np.where(near, step - 1, 0)
        missing = missing - _between(own, groups, step, missing > 0, seen)
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


def _seen(lines: pa.Table, rejected: pa.Table, rows: pd.DataFrame) -> pd.DataFrame:
    """The numbers that are there and are no transaction's: their ``series``, ``till``, ``number``.

    A rejected row does not say at which till it was: its number may be that of any.
    """
    known = ["store_id", "till_id", "transaction_id"]
    of_lines = lines.select(known).group_by(known).aggregate([])
    there = pa.table({name: rows[name] for name in known}, of_lines.schema)
    of_lines = of_lines.join(there, known, join_type="left anti").combine_chunks()
    bad = rejected.select(["store_id", "transaction_id"]).drop_null()
    bad = bad.group_by(bad.column_names).aggregate([])
    tills = rows[["store_id", "head", "series", "till_id", "till"]].drop_duplicates()
    found = [
        _numbered(of_lines).merge(tills, on=["store_id", "head", "till_id"]),
        _numbered(bad).merge(tills.drop(columns="till_id"), on=["store_id", "head"]),
    ]
    return pd.concat([each[["series", "till", "number"]] for each in found])


def _between(
    own: pd.DataFrame,
    groups: list[str],
    step: npt.NDArray[np.integer],
    gaps: npt.NDArray[np.bool_],
    seen: pd.DataFrame,
) -> Numbers:
    """How many of the numbers ``seen`` lie in the gap before each row."""
    found = np.zeros(len(own), np.int64)
    if not len(seen):
        return found
    keys = pd.concat([own[groups], seen[groups]]).groupby(groups, sort=False).ngroup().to_numpy()
    there = pd.Series(seen["number"].to_numpy()).groupby(keys[len(own) :])
    in_group = {group: np.unique(numbers) for group, numbers in there}
    number = own["number"].to_numpy()
    for row in np.flatnonzero(gaps & np.isin(keys[: len(own)], keys[len(own) :])).tolist():
        numbers = in_group[keys[row]]
        first, last = np.searchsorted(numbers, [number[row] - step[row] + 1, number[row]])
        found[row] = last - first
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
        gaps.setdefault((row["store_id"], row["till_id"]), []).append(
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
