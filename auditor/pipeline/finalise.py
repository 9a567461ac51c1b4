"""Finalises a scored day: checks that every sale came out once, and writes the partitions."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import ConfigurationError, ContractError, SourceError
from auditor.faces.model import Card
from auditor.monitoring.baselines.daily_baselines import DailyBaselines
from auditor.pipeline import provenance
from auditor.pipeline.job import Job, finalised_path, read_plan, workspace
from auditor.pipeline.score import scored_path, told_path, with_crops
from auditor.policy import load_policy
from auditor.sales import control_sample, purchases
from auditor.sales.identity import SALE_KEY, SaleKey
from auditor.storage import finalised, revisions
from auditor.storage.parquet import read_table
from auditor.storage.partitions import remove_other_stores, remove_partition, write_partition
from auditor.storage.place import Place, results_at
from auditor.storage.retention import remove_crops
from auditor.storage.spool import bucket_of
from auditor.tables import (
    INCONCLUSIVE_REASONS,
    LEDGER,
    OUTCOMES,
    POSTERIORS,
    PURCHASES,
    REJECTS,
    SALES,
    STORE_DAYS,
    STORED,
    UNKNOWN_STORE,
    ByStore,
    Schema,
)
from auditor.telemetry import emit


def finalise_day(job: Job, batches: Sequence[str] = ()) -> None:
    """Check that every sale came out exactly once, and write the day's partitions.

    What a store's day said before, if another thing, is kept (revisions.py).

    Args:
        job: the day.
        batches: those of the plan that was scored; none: of whichever plan there is.

    Raises:
        OvertakenError: another run has planned the day anew, or finished it.
        ContractError: a sale was lost or doubled between the batches.
        SourceError: the day is not planned, or a batch is not scored.
        ConfigurationError: the policy is another than the day was planned with.
    """
    start, ended = time.perf_counter(), _Ended()
    _finalise(job, batches, ended)
    emit("finalised", job.day, **ended.figures(), seconds=time.perf_counter() - start)


def _finalise(job: Job, batches: Sequence[str], ended: "_Ended") -> None:
    out, work = results_at(job.out), workspace(job.day)
    plan, policy = read_plan(out, job.day, batches), load_policy(job.policy)
    if policy.sha256 != plan["policy_sha256"]:
        raise ConfigurationError(
            f"the policy has changed since {job.day} was planned: run it again"
        )
    rules = policy.chain_rules(job.day)
    basis = provenance.Basis(plan["files"], policy, Card.read(rules.model), rules.runtime)
    days = read_table(out, f"{work}/{plan['id']}/coverage.parquet", STORE_DAYS)
    row_of = {store_id: row for row, store_id in enumerate(days["store_id"].to_pylist())}
    try:
        scored = _checked_sales(out, plan["batches"])
        _all_told(out, [*plan["batches"], *plan["others"]])
    except OSError as error:
        raise SourceError(f"{job.day}: a batch is not scored yet: {error}") from error
    collected = dict(zip(row_of, days["alcohol_sales"].to_pylist(), strict=True))
    if scored.sold != Counter({store_id: sales for store_id, sales in collected.items() if sales}):
        raise ContractError(f"{job.day}: the stores' sales in the batches are not those collected")
    before = finalised.begin(out, job.day, row_of)
    sample = control_sample.drawn(job.day, scored.drawn_from, size=rules.control_sample)
    ledgers, told = (
        _Ledgers(out, plan["batches"]),
        _Posteriors(out, plan["batches"], plan["others"]),
    )
    kept = DailyBaselines(job.day, policy, basis.model)
    unplaced = [REJECTS.empty()]
    for share, stores in _by_share(row_of, map(int, plan["rejects"])):
        # Where nothing is locked, the day may be another's by now: few stores are of two runs then,
        # and that one replaces them, for it was planned later and has yet to finalise.
        read_plan(out, job.day, batches)
        rejects = _of_share(out, plan["rejects"], share, REJECTS)
        rejected_in = pc.fill_null(rejects["store_id"], UNKNOWN_STORE)
        rejected = ByStore(rejects, rejected_in)
        bought = ByStore(_of_share(out, plan["purchases"], share, PURCHASES))
        for store_id in stores:
            scored_of = ledgers.of(store_id, collected[store_id])
            own = _with_sample(scored_of, sample)
            day = days.slice(row_of[store_id], 1)
            kept.add(day.to_pylist()[0], own)
            ended.add(own)
            tables = {
                "ledger": own,
                "rejects": rejected.of(store_id),
                "coverage": day,
                "provenance": basis.of_store(store_id, own),
            }
            by_group = told.of(store_id)
            if policy.insights.hold(job.day, store_id):
                tables["insights"] = purchases.let_through(
                    bought.of(store_id),
                    by_group,
                    model=basis.model,
                    group_starts=policy.insights.age_groups,
                )
            else:
                remove_partition(out, "insights", job.day, store_id)
            revisions.replace(out, job.day, store_id, tables)
            # Last: until then the ledger that was there may name them.
            crops = (pc.drop_null(t["crop"]).to_pylist() for t in (own, scored_of))
            remove_crops(out, job.day, store_id, *crops)
        elsewhere = pc.invert(pc.is_in(rejected_in, pa.array(stores, pa.string())))
        unplaced.append(rejects.filter(elsewhere))
    kept.write(out, of_stores=tuple(row_of) if job.stores else ())
    if not job.stores:
        rest = pa.concat_tables(unplaced)
        write_partition(out, "rejects", job.day, UNKNOWN_STORE, rest)
        _drop_others(out, job.day, row_of, before)
    finalised.end(out, job.day, row_of, whole=not job.stores)
    read_plan(out, job.day, batches)
    out.write(finalised_path(job.day, plan["id"]), b"")


def _of_share(out: Place, paths: Mapping[str, str], share: int, schema: Schema) -> pa.Table:
    """What the plan handed on of the stores of a share; the paths are by its number."""
    path = paths.get(str(share))
    return read_table(out, path, schema) if path else schema.empty()


def _drop_others(out: Place, day: date, stores: Collection[str], before: Iterable[str]) -> None:
    """Drop what an earlier run left of stores that the day has no more, and keep what it said."""
    for store_id in set(before).difference(stores):
        revisions.keep(out, day, store_id, {})
    for name in (*STORED, "crops"):
        remove_other_stores(out, name, day, {*stores, UNKNOWN_STORE})


@dataclass(slots=True)
class _Scored:
    """What the batches hold: sales by store, and those that the control sample is drawn from."""

    sold: Counter[str] = field(default_factory=Counter)
    drawn_from: list[SaleKey] = field(default_factory=list)


@dataclass(slots=True)
class _Ended:
    """Where the sales of the stores so far ended, as figures of an event."""

    stores: int = 0
    scored: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, ledger: pa.Table) -> None:
        """Take a store's LEDGER."""
        self.stores += 1
        self.scored += ledger.num_rows - ledger["age"].null_count
        self.outcomes.update(ledger["outcome"].to_pylist())
        unjudged = ledger.filter(pc.equal(ledger["outcome"], "inconclusive"))
        self.reasons.update(unjudged["reason"].to_pylist())

    def figures(self) -> dict[str, int]:
        """All of it, those that are none too: a metric that stays away keeps its last value."""
        return {
            "stores": self.stores,
            "sales": self.outcomes.total(),
            "scored": self.scored,
            **{outcome: self.outcomes[outcome] for outcome in OUTCOMES},
            **{f"inconclusive_{reason}": self.reasons[reason] for reason in INCONCLUSIVE_REASONS},
        }


def _checked_sales(out: Place, batches: list[str]) -> _Scored:
    """Hold what was planned against what was scored, before anything is put in place.

    Raises:
        ContractError: a batch lacks a sale or has one too many, or two batches have the same.
        OSError: a batch is not scored.
    """
    scored = _Scored()
    store_id, known = "", set[str]()  # the store whose sales are gone through, those of it so far
    for batch in batches:
        planned = read_table(out, batch, SALES, SALE_KEY)
        ledger = read_table(out, scored_path(batch), LEDGER, (*SALE_KEY, "outcome", "crop"))
        before, after = (_keys(table) for table in (planned, ledger))
        lost = before.difference(after)
        if len(lost) or len(before) != len(after) or after.has_duplicates:
            names = [
                f"{store_id} {SaleKey(store_id, number).sale_id}" for store_id, number in lost[:3]
            ]
            raise ContractError(
                f"{batch}: {len(before)} sales were planned, {len(after)} finalised; lost: {names}"
            )
        for of_store, transaction_id in after:
            comes_again = of_store != store_id and of_store in scored.sold
            if of_store != store_id:
                store_id, known = of_store, set()
            if comes_again or transaction_id in known:
                name = SaleKey(of_store, transaction_id).sale_id
                raise ContractError(f"{batch}: {name} of {of_store} stands twice")
            known.add(transaction_id)
            scored.sold[of_store] += 1
        scored.drawn_from.extend(_keys(control_sample.of_ledger(ledger)))
    return scored


def _keys(table: pa.Table) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(table.select(SALE_KEY).to_pandas())


def _with_sample(ledger: pa.Table, sample: set[SaleKey]) -> pa.Table:
    """LEDGER in which only flagged sales and the control sample have a crop."""
    rows = ledger.select([*SALE_KEY, "outcome", "crop"]).to_pylist()
    looked_at = (row["outcome"] == "flagged" or SaleKey.of(row) in sample for row in rows)
    kept = [row["crop"] if wanted else None for row, wanted in zip(rows, looked_at, strict=True)]
    return with_crops(ledger, kept)


class _Ledgers:
    """The scored batches as whole stores, in the order in which they were planned."""

    def __init__(self, out: Place, batches: list[str]) -> None:
        self._stores = _by_store(out, map(scored_path, batches), LEDGER)
        self._next = next(self._stores, None)

    def of(self, store_id: str, sales: int) -> pa.Table:
        """The ledger of a store that has so many sales, and whose turn it is.

        Raises:
            ContractError: it is not.
        """
        ledger = LEDGER.empty()
        if self._next is not None and self._next[0] == store_id:
            ledger = self._next[1]
            self._next = next(self._stores, None)
        if ledger.num_rows != sales:
            raise ContractError(
                f"store {store_id}: {sales} sales were collected and {ledger.num_rows} finalised"
            )
        return ledger


class _Posteriors:
    """What was said of the buyers' age groups, by store in the order of planning."""

    def __init__(self, out: Place, *kinds: list[str]) -> None:
        self._kinds = [_by_store(out, map(told_path, kind), POSTERIORS) for kind in kinds]
        self._next = [next(stores, None) for stores in self._kinds]

    def of(self, store_id: str) -> pa.Table:
        """The rows of a store whose turn it is; none if nothing was said."""
        parts = [POSTERIORS.empty()]
        for kind, waiting in enumerate(self._next):
            if waiting is not None and waiting[0] == store_id:
                parts.append(waiting[1])
                self._next[kind] = next(self._kinds[kind], None)
        return pa.concat_tables(parts)


def _all_told(out: Place, batches: list[str]) -> None:
    """Raise an OSError if the age groups of a batch are not there."""
    for batch in batches:
        read_table(out, told_path(batch), POSTERIORS, ["store_id"])


def _by_store(out: Place, paths: Iterable[str], schema: Schema) -> Iterator[tuple[str, pa.Table]]:
    store_id, parts = None, [schema.empty()]
    for path in paths:
        divided = ByStore(read_table(out, path, schema))
        for own in divided.in_order:
            if store_id is not None and own != store_id:
                yield store_id, pa.concat_tables(parts).combine_chunks()
                parts = [schema.empty()]
            store_id = own
            parts.append(divided.of(own))
    if store_id is not None:
        yield store_id, pa.concat_tables(parts).combine_chunks()


def _by_share(stores: Iterable[str], shares: Iterable[int]) -> Iterator[tuple[int, list[str]]]:
    """The stores of each share, in the order of planning; of these shares also without any."""
    found: dict[int, list[str]] = {share: [] for share in shares}
    for store_id in stores:
        found.setdefault(bucket_of(store_id), []).append(store_id)
    yield from sorted(found.items())
