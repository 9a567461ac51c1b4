"""Completes the days beside an audited one, whose sales over the day's ends were seen in part only.

On a usual night a day is audited before the export with the last lines, checks and frames of its
sales over the end is there. The run of the day after reads that export. The stores that have rows
near the end are collected once more, by the policy and mapping that their day was audited with. A
store whose sales are others than its ledger has is audited again, and nothing else is. What it said
before is kept as a revision. An export that comes late completes the day after in the same way, so
that days may be audited in any order.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import AuditorError, BusyError, SourceError
from auditor.pipeline import finalise, lot, plan, report, score
from auditor.pipeline.collect import collect_day
from auditor.pipeline.day import Day, workspace
from auditor.pipeline.kept import kept_mapping, kept_policy
from auditor.pipeline.plans import Plan, find_plan
from auditor.sales.frames import LOOKED_AT, looked_at
from auditor.sales.identity import SaleKey
from auditor.sales.outcomes import sales_of
from auditor.storage import finalised, revisions
from auditor.storage.parquet import read_table
from auditor.storage.partitions import Partitions, read_day
from auditor.storage.place import Place
from auditor.storage.spool import bucket_of
from auditor.tables import SALES, STORE_DAYS, UNKNOWN_STORE, ByStore
from auditor.telemetry import emit


@dataclass(frozen=True, slots=True)
class Completion:
    """A day that was completed: the stores that were audited again, and how many sales changed."""

    day: date
    stores: tuple[str, ...]
    sales: int


def complete_beside(day: Day, planned: Plan) -> tuple[list[Completion], list[AuditorError]]:
    """Complete the days before and after a finalised one, and say why one could not be."""
    completed, errors = list[Completion](), list[AuditorError]()
    for away, stores in zip((-1, 1), planned.reach, strict=True):
        try:
            found = complete(day, day.date + timedelta(days=away), stores) if stores else None
        except AuditorError as error:
            errors.append(error)
        else:
            completed += [found] if found else []
    return completed, errors


def complete(day: Day, beside: date, stores: tuple[str, ...]) -> Completion | None:
    """Audit a day beside an audited one again, as far as its sales are others by now.

    Args:
        day: the audited day.
        beside: the day before or after it.
        stores: those that may have other sales then.

    Returns:
        None if nothing had to be done: it was never audited, or its sales are as they were.

    Raises:
        BusyError: another run is at work on that day.
        SourceError: that day is not wholly finalised, or frames that it rests on are gone.
        ContractError: the policy or the mapping that it was audited with is gone.
    """
    other = _as_audited(day, beside, stores)
    if other is None:
        return None
    changed = _changed_sales(other, f"{workspace(day.date)}/spool-of-{beside}")
    if not changed:
        return None
    other = _of_stores(other, changed)
    _check_frames(other)
    with other.lock():
        if find_plan(other.out, beside) is not None:
            raise BusyError(
                f"another run is at work on {beside}, or was interrupted, and does not know all of "
                f"its sales: when it has ended, run {beside} again"
            )
        _audit(other)
        if again := lot.stores_off_sample(other):
            _audit(_of_stores(other, again))
        report.report(other)
        found = Completion(beside, other.job.stores, changed.total())
        revisions.note_completion(other.out, beside, day.date, found.stores, found.sales)
    emit("completed", beside, stores=len(found.stores), sales=found.sales, by=str(day.date))
    return found


def _as_audited(day: Day, beside: date, stores: tuple[str, ...]) -> Day | None:
    """The day beside, open with what it was audited with; None if it was never audited."""
    job = replace(day.job, day=beside, stores=_audited(day.out, beside, stores))
    rests_on = read_day(
        day.out, "provenance", beside, columns=("policy_sha256", "mapping_sha256")
    ).to_pylist()
    if not rests_on:
        return Day.open(job, day.policy) if find_plan(day.out, beside) else None
    if not job.stores:
        return None
    (row,) = Counter(tuple(row.values()) for row in rests_on).most_common(1)
    policy_sha256, mapping_sha256 = row[0]
    policy = kept_policy(day.out, policy_sha256)
    if mapping_sha256 is None:
        return Day.open(replace(job, mapping=None), policy)
    return Day.open(job, policy, kept_mapping(day.out, mapping_sha256))


def _audited(out: Place, day: date, stores: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some stores that a day was audited with; all of them if it was for every store."""
    known = finalised.stores_of(out, "coverage", day)
    as_a_whole = UNKNOWN_STORE in finalised.stores_of(out, "rejects", day)
    return stores if as_a_whole or not known else tuple(s for s in stores if s in known)


def _changed_sales(other: Day, spools: str) -> Counter[str]:
    """How many sales of each store of the job are others than its result has; only these stores."""
    known, changed = _known_sales(other), Counter[str]()
    waiting = set(other.job.stores)
    try:
        for number, bucket in collect_day(other, spools).buckets():
            sales = ByStore(bucket.sales)
            for store_id in sorted(s for s in waiting if bucket_of(s) == number):
                waiting.remove(store_id)
                changed[store_id] = _differing(known(store_id), sales.of(store_id))
    finally:
        other.out.remove(spools)
    for store_id in waiting:
        changed[store_id] = known(store_id).num_rows
    return +changed


def _known_sales(other: Day) -> Callable[[str], pa.Table]:
    """What gives the SALES of a store as they are stored, or as the run at work planned them."""
    out, planned = other.out, find_plan(other.out, other.date)
    ledger = Partitions(out, "ledger", other.date)
    if planned is None:
        return lambda store_id: sales_of(ledger.of(store_id, SALES.names))
    in_plan = set(read_table(out, planned.coverage_path, STORE_DAYS)["store_id"].to_pylist())
    wanted = pa.array(other.job.stores, pa.string())
    parts = (read_table(out, batch.path, SALES) for batch in planned.of_kind("sales"))
    sales = ByStore(
        pa.concat_tables(
            [SALES.empty(), *(p.filter(pc.is_in(p["store_id"], wanted)) for p in parts)]
        )
    )
    return lambda store_id: (
        sales.of(store_id) if store_id in in_plan else sales_of(ledger.of(store_id, SALES.names))
    )


def _differing(known: pa.Table, now: pa.Table) -> int:
    """How many sales are in one of two tables of SALES only, or in both and not the same."""
    if SALES.conform(known).equals(SALES.conform(now)):
        return 0
    before, after = (_by_key(table.to_pylist()) for table in (known, now))
    return sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())


def _by_key(rows: Iterable[dict[str, Any]]) -> dict[SaleKey, dict[str, Any]]:
    return {SaleKey.of(row): row for row in rows}


def _of_stores(other: Day, stores: Iterable[str]) -> Day:
    return replace(other, job=replace(other.job, stores=tuple(sorted(stores))))


def _check_frames(other: Day) -> None:
    """Check that the frames that the stores' results rest on are still there.

    Without them an audit would take sales that were judged for inconclusive.
    """
    rows = read_day(other.out, "ledger", other.date, other.job.stores, LOOKED_AT)
    gone = next((p for p, _ in looked_at(rows) if not other.snapshots.exists(p)), None)
    if gone is not None:
        raise SourceError(
            f"sales of {other.date} are not complete, and frames that its results rest on are gone"
            f" ({gone}): the results are left as they are; to take them as they come now, run "
            f"{other.date} again"
        )


def _audit(other: Day) -> None:
    batches = plan.plan(other, again=True).batches
    for batch in batches:
        for _ in score.score(other, batch):
            pass
    finalise.finalise(other, batches)
