"""Counts a day's transaction numbers: how far they run on without a gap, and where they do not."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.sales.codes import Codes, coded, combined, combined_columns, spans
from auditor.tables import NUMBER_RUNS

#: Gaps kept of a run, the largest.
MOST_GAPS = 3
#: The digits that a number ends in; more would not fit into 64 bits.
_NUMBER = r"^(?P<head>.*?)(?P<number>[0-9]{1,15})$"
_ALL_TILLS = ""
_KEY = ["store_id", "till_id"]


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
    rows = _numbered(transactions.select([*_KEY, "transaction_id", "started_at"]))
    of_lines = _numbered(_distinct(lines.select([*_KEY, "transaction_id"])))
    bad = _numbered(_distinct(rejected.select(["store_id", "transaction_id"]).drop_null()))
    together = pa.concat_tables([rows, of_lines, bad], promote_options="default")
    series = combined_columns(together, ["store_id", "head"])
    till = combined(series, coded(together["till_id"]).codes)
    numbers = _Numbers(series, till, together["number"].to_numpy())
    ends = [rows.num_rows, rows.num_rows + of_lines.num_rows]
    own, there, lost = map(numbers.take, np.split(np.arange(len(series)), ends))
    there = there.take(np.flatnonzero(np.isin(there.till, own.till)))
    seen = _Numbers(*map(np.concatenate, zip(there, _at_each_till(lost, own), strict=True)))
    by_till = _Steps.of(rows, own, own.till, (seen.till, seen.number))
    over_all = _Steps.of(rows, own, own.series, (seen.series, seen.number))
    size = own.series.max(initial=-1) + 1
    distinct, distinct_over_all = (
        np.bincount(s.series, minlength=size) for s in (by_till, over_all)
    )
    missing, missing_over_all = (
        np.bincount(s.series, s.missing, minlength=size) for s in (by_till, over_all)
    )
    tills = np.bincount(by_till.series, by_till.begins, minlength=size)
    shared = distinct > distinct_over_all
    counted_over_all = (tills > 1) & ~shared & (missing_over_all < missing)
    parts = [
        by_till.steps(rows, ~counted_over_all[by_till.series]),
        _of_all_tills(over_all.steps(rows, counted_over_all[over_all.series])),
    ]
    return _runs(pa.concat_tables(parts))


class _Numbers(NamedTuple):
    """Numbers, each with the series and the till of a series that it is of."""

    series: Codes
    till: Codes
    number: Codes

    def take(self, at: Codes) -> "_Numbers":
        return _Numbers(*(each[at] for each in self))


class _Steps(NamedTuple):
    """The distinct numbers of some groups in their order, each with the step from the one before.

    ``at`` and ``before`` are rows; ``before`` means nothing where a group ``begins``. ``missing``
    counts the numbers that lack between the two.
    """

    at: Codes
    before: Codes
    series: Codes
    begins: Flags
    on: Flags
    of_one: Flags
    missing: Codes

    @classmethod
    def of(cls, rows: pa.Table, own: _Numbers, group: Codes, seen: tuple[Codes, Codes]) -> "_Steps":
        """Of rows in groups; ``seen`` has numbers that are there beside them, after their group."""
        started = rows["started_at"].cast(pa.int64()).to_numpy()
        order = np.lexsort((started, own.number, group, own.series))
        new = np.diff(group[order], prepend=-1) != 0
        new |= np.diff(own.number[order], prepend=-1) != 0
        at = order[new]
        group, number = group[at], own.number[at]
        begins = np.diff(group, prepend=-1) != 0
        step = np.where(begins, 0, np.diff(number, prepend=0))
        # A larger step is no gap: another series begins, or the till was reset.
        near = (step > 0) & (step <= np.maximum(np.bincount(group)[group], 2))
        missing = np.where(near, step - 1, 0)
        gaps = np.flatnonzero(missing)
        missing[gaps] -= _between(group[gaps], (number - step)[gaps], number[gaps], *seen)
        of_one = near & (missing == 0)
        return cls(at, np.roll(at, 1), own.series[at], begins, step > 0, of_one, missing)

    def steps(self, rows: pa.Table, chosen: Flags) -> pa.Table:
        """The numbers that are chosen: their rows, and what stands before and between."""
        at, before = pa.array(self.at[chosen]), pa.array(self.before[chosen])
        columns = {name: rows[name].take(at) for name in rows.column_names}
        columns |= {
            f"before_{name}": rows[name].take(before) for name in ("transaction_id", "started_at")
        }
        columns |= {"steps": pa.array(self.on[chosen].astype(np.int64))}
        columns |= {"steps_of_one": pa.array(self.of_one[chosen].astype(np.int64))}
        return pa.table(columns | {"missing": pa.array(self.missing[chosen])})


def _numbered(rows: pa.Table) -> pa.Table:
    """The rows whose transaction's number ends in digits, with these and what precedes them."""
    parts = pc.extract_regex(rows["transaction_id"].combine_chunks(), _NUMBER)
    there = pc.is_valid(parts)
    parts = parts.filter(there)
    numbers = {"head": parts.field("head"), "number": parts.field("number").cast(pa.int64())}
    kept = rows.filter(there)
    return pa.table({name: kept[name] for name in kept.column_names} | numbers)


def _distinct(rows: pa.Table) -> pa.Table:
    return rows.group_by(rows.column_names).aggregate([])


def _at_each_till(lost: _Numbers, own: _Numbers) -> _Numbers:
    """A rejected row does not say at which till it was: its number may be that of any."""
    tills, first = np.unique(own.till, return_index=True)
    series, order = own.series[first], np.argsort(lost.series)
    start, end = (np.searchsorted(lost.series[order], series, side) for side in ("left", "right"))
    place = np.repeat(np.arange(len(tills)), end - start)
    return _Numbers(series[place], tills[place], lost.number[order][spans(start, end)])


def _between(group: Codes, low: Codes, high: Codes, seen_group: Codes, seen_number: Codes) -> Codes:
    """How many distinct numbers that are seen lie between two of the same group."""
    numbers = np.concatenate([seen_number, low, high])
    distinct, ranks = np.unique(numbers, return_inverse=True)
    seen, lows, highs = np.split(ranks, [len(seen_number), len(seen_number) + len(low)])
    places = np.unique(seen_group * len(distinct) + seen)
    first = np.searchsorted(places, group * len(distinct) + lows, "right")
    between: Codes = np.searchsorted(places, group * len(distinct) + highs) - first
    return between


def _of_all_tills(steps: pa.Table) -> pa.Table:
    place = steps.column_names.index("till_id")
    tills = pa.array([_ALL_TILLS] * steps.num_rows, steps["till_id"].type)
    return steps.set_column(place, "till_id", tills)


def _runs(steps: pa.Table) -> pa.Table:
    counted = ["steps", "steps_of_one", "missing"]
    by_till = steps.group_by(_KEY).aggregate([([], "count_all"), *((n, "sum") for n in counted)])
    by_till = by_till.rename_columns([*_KEY, "numbers", *counted]).sort_by(
        [(name, "ascending") for name in _KEY]
    )
    gaps = _largest_gaps(steps.filter(pc.greater(steps["missing"], 0)))
    return NUMBER_RUNS.from_rows(
        row
        | {
            "till_id": row["till_id"] or None,
            "gaps": gaps.get((row["store_id"], row["till_id"]), []),
        }
        for row in by_till.to_pylist()
    )


def _largest_gaps(steps: pa.Table) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The largest gaps of each till, the larger first; of equal ones those of lower numbers."""
    till = combined_columns(steps, _KEY)
    order = np.lexsort((steps["number"].to_numpy(), -steps["missing"].to_numpy(), till))
    place = np.arange(len(order)) - np.searchsorted(till[order], till[order])
    gaps: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in steps.take(pa.array(order[place < MOST_GAPS])).to_pylist():
        gaps.setdefault((row["store_id"], row["till_id"]), []).append(
            {
                "after": row["before_transaction_id"],
                "after_at": row["before_started_at"],
                "before": row["transaction_id"],
                "before_at": row["started_at"],
                "missing": row["missing"],
            }
        )
    return gaps
