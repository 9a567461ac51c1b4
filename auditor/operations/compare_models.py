"""What another version of the age model would have changed on a day, sale by sale.

No result is written, and no face is kept. Each version reads and detects every frame itself: that
costs less than a second way through the scoring would.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from auditor.errors import ConfigurationError, SourceError
from auditor.faces.bursts import best, bursts
from auditor.faces.model import Card
from auditor.faces.score import load_scorer
from auditor.pipeline import Day, Job, balanced, collect_day, frames_of
from auditor.sales.outcomes import assign_outcomes
from auditor.tables import FRAME_SCORES, OUTCOMES, SALES, ByStore

#: Columns of a sale that do not depend on the model, and those that each version has its own.
SALE = ("store_id", "transaction_id", "till_id", "sold_at", "id_check", "challenge_age")
OF_A_VERSION = (
    "outcome", "reason", "age", "age_low", "age_high", "p_under_legal", "p_under_challenge",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Comparison:
    """A day scored by an old and a new version, whose full names are ``models``.

    ``sales`` has a row an alcohol sale: SALE, then OF_A_VERSION with ``_old`` and with ``_new``.
    """

    models: tuple[str, str]
    sales: pd.DataFrame

    @property
    def changed(self) -> pd.DataFrame:
        """The sales whose outcome, or whose reason for being inconclusive, differs."""
        reason = self.sales[["reason_old", "reason_new"]].fillna("")
        return self.sales[
            (self.sales["outcome_old"] != self.sales["outcome_new"])
            | (reason["reason_old"] != reason["reason_new"])
        ]

    def summary(self) -> dict[str, Any]:
        """Counts of sales by old and new outcome, and the change of the estimates in years."""
        both = self.sales.dropna(subset=["age_old", "age_new"])
        moved = both["age_new"] - both["age_old"]
        counts = self.sales.groupby(["outcome_old", "outcome_new"]).size()
        return {
            "old": self.models[0],
            "new": self.models[1],
            "sales": len(self.sales),
            "changed": len(self.changed),
            "outcomes": [
                {"old": old, "new": new, "sales": int(counts[old, new])}
                for old in OUTCOMES
                for new in OUTCOMES
                if (old, new) in counts
            ],
            "estimated_by_both": len(both),
            "mean_change_years": _number(moved.mean()),
            "mean_absolute_change_years": _number(moved.abs().mean()),
            "largest_change_years": _number(moved.abs().max()),
        }


def compare_models(
    job: Job,
    versions: tuple[str, str],
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Score and decide a day with two versions, whatever the policy of that day names.

    Args:
        job: the day; ``out`` is not used.
        versions: the old and the new one.
        progress: called with the number of sales scored so far, and of all sales.

    Raises:
        ConfigurationError: one version twice, or the policy or an address is wrong.
        ModelError: there is no such version, or it is damaged.
        SourceError: an export cannot be listed or read at all, or there is none of the day.
    """
    if versions[0] == versions[1]:
        raise ConfigurationError(f"version {versions[0]} is compared with itself: name two")
    old, new = (Card.read(version).full_name for version in versions)  # before anything is loaded
    with tempfile.TemporaryDirectory() as scratch:
        day = Day.open(replace(job, out=scratch))
        day.check()
        collected = collect_day(day, "spool")
        sales = [SALES.empty(), *(bucket.sales for _, bucket in collected.buckets())]
        by_store = ByStore(pa.concat_tables(sales))
    if not collected.exports.files:  # an audit reports stores as missing; here is nothing to score
        raise SourceError(f"there is no till export of {job.day} below {job.sales} to compare on")
    scorers = [load_scorer(day.rules.model_copy(update={"model": v})) for v in versions]
    in_order = pa.concat_tables([SALES.empty(), *(by_store.of(s) for s in by_store.stores)])
    parts, done = [], 0
    for part in balanced(in_order, job.batch_size):
        rules = {s: day.policy.rules(day.date, s) for s in part["store_id"].unique().to_pylist()}
        # Each version chooses among a sale's frames as an audit would. Sale by sale, so that no
        # crop outlives its batch.
        scores = (scorer.score(frames_of(day.snapshots, part, rules)) for scorer in scorers)
        rows = (FRAME_SCORES.from_rows(best(b).row for b in bursts(of_one)) for of_one in scores)
        parts.append(_beside(*(assign_outcomes(part, scored, rules) for scored in rows)))
        done += part.num_rows
        if progress:
            progress(done, in_order.num_rows)
    empty = assign_outcomes(SALES.empty(), FRAME_SCORES.empty(), {})
    compared = pd.concat(parts or [_beside(empty, empty)], ignore_index=True)
    return Comparison((old, new), compared)


def _beside(old: pa.Table, new: pa.Table) -> pd.DataFrame:
    versions = [
        ledger.select(OF_A_VERSION).to_pandas().add_suffix(suffix)
        for ledger, suffix in ((old, "_old"), (new, "_new"))
    ]
    beside: pd.DataFrame = pd.concat([old.select(SALE).to_pandas(), *versions], axis=1)
    return beside


def _number(value: float) -> float | None:
    return None if pd.isna(value) else round(float(value), 3)
