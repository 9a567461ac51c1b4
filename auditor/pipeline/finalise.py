"""Finalises a scored day: checks that every sale came out once, and writes the partitions."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import ConfigurationError, ContractError, SourceError
from auditor.monitoring.baselines.daily_baselines import DailyBaselines
from auditor.pipeline import lot, provenance
from auditor.pipeline.batches import Batch
from auditor.pipeline.completeness import ScoredSales, check_posteriors, check_sales
from auditor.pipeline.day import Day
from auditor.pipeline.frozen_cameras import FrozenCameras
from auditor.pipeline.plans import PLANNED, Plan, read_plan
from auditor.pipeline.score import with_crop_paths
from auditor.sales import purchases
from auditor.sales.identity import SALE_KEY, SaleKey
from auditor.storage import finalised, revisions
from auditor.storage.daily import write_daily
from auditor.storage.layout import mapping_path
from auditor.storage.parquet import read_table
from auditor.storage.partitions import remove_other_stores, remove_partition, write_partition
from auditor.storage.place import Place
from auditor.storage.retention import remove_crops
from auditor.storage.spool import bucket_of
from auditor.tables import (
    DAILY,
    INCONCLUSIVE_REASONS,
    LEDGER,
    OUTCOMES,
    POSTERIORS,
    PURCHASES,
    REJECTS,
    STORE_DAYS,
    STORED,
    UNKNOWN_STORE,
    ByStore,
    Schema,
)
from auditor.telemetry import emit

#: Figures of the event; zeros are sent too, since a metric that is not sent keeps its last value.
_FIGURES = (
    *("stores", "sales", "scored", *OUTCOMES),
    *(f"inconclusive_{reason}" for reason in INCONCLUSIVE_REASONS),
)


def finalise(day: Day, batches: Sequence[Batch] = ()) -> None:
    """Check that every sale came out exactly once, and write the day's partitions.

    ``batches`` are those of the plan that was scored; none: of whichever plan there is. A
    store's result that is there and differs is kept (storage/revisions.py).

    Raises:
        OvertakenError: another run has planned the day anew, or finished it.
        ContractError: a sale was lost or doubled between the batches.
        SourceError: the day is not planned, or a batch is not scored.
        ConfigurationError: policy or mapping is another than the day was planned with.
    """
    start, out = time.perf_counter(), day.out
    plan = read_plan(out, day.date, batches)
    _check_settings(day, plan)
    _keep_mapping(day)
    store_days = read_table(out, plan.coverage_path, STORE_DAYS)
    row_of = {store_id: row for row, store_id in enumerate(store_days["store_id"].to_pylist())}
    sales_of = dict(zip(row_of, store_days["alcohol_sales"].to_pylist(), strict=True))
    scored, frozen = _check_scored(day, plan, sales_of)
    before = finalised.begin(out, day.date, row_of)
    beside = set(before).difference(row_of) if day.job.stores else ()
    write = _StoreWriter(day, plan, lot.draw(day, scored, beside), frozen)
    unplaced = [REJECTS.empty()]
    for bucket, stores in _by_bucket(row_of, plan.rejects):
        # Without locks, the day may be another run's by now. Few stores hold results of two runs
        # then, and the later run replaces them: it has yet to finalise.
        read_plan(out, day.date, batches)
        rejects, purchased = REJECTS.empty(), PURCHASES.empty()
        if bucket in plan.rejects:
            rejects = read_table(out, plan.bucket_path("rejects", bucket), REJECTS)
        if bucket in plan.purchases:
            purchased = read_table(out, plan.bucket_path("purchases", bucket), PURCHASES)
        rejected_in = pc.fill_null(rejects["store_id"], UNKNOWN_STORE)
        rejected, bought = ByStore(rejects, rejected_in), ByStore(purchased)
        for store_id in stores:
            write.store(
                store_id,
                store_day=store_days.slice(row_of[store_id], 1),
                rejects=rejected.of(store_id),
                bought=bought.of(store_id),
            )
        elsewhere = pc.invert(pc.is_in(rejected_in, pa.array(stores, pa.string())))
        unplaced.append(rejects.filter(elsewhere))
    of_stores = tuple(row_of) if day.job.stores else ()
    write.baselines.write(out, of_stores=of_stores)
    for name in PLANNED:
        table = read_table(out, plan.exported_path(name), DAILY[name])
        if name == "camera_days":
            table = frozen.counted(table)
        write_daily(out, name, day.date, table, of_stores=of_stores)
    if not day.job.stores:
        write_partition(out, "rejects", day.date, UNKNOWN_STORE, pa.concat_tables(unplaced))
        for store_id in set(before).difference(row_of):  # their last version is kept
            revisions.keep(out, day.date, store_id, {})
        for name in (*STORED, "crops"):
            remove_other_stores(out, name, day.date, {*row_of, UNKNOWN_STORE})
    finalised.end(out, day.date, row_of, whole=not day.job.stores)
    read_plan(out, day.date, batches)
    out.write(plan.finalised_path, b"")
    seconds = time.perf_counter() - start
    emit("finalised", day.date, **write.totals, seconds=seconds)


def _check_settings(day: Day, plan: Plan) -> None:
    now = {"policy": day.policy.sha256, "mapping": day.mapping_sha256}
    planned = {"policy": plan.policy_sha256, "mapping": plan.mapping_sha256}
    if changed := [name for name in now if now[name] != planned[name]]:
        raise ConfigurationError(
            f"the {changed[0]} has changed since {day.date} was planned: run it again"
        )


def _keep_mapping(day: Day) -> None:
    """Keep the mapping with the results, so that it can be seen what was read as what."""
    if day.mapping and not day.out.exists(kept := mapping_path(day.mapping.sha256)):
        day.out.write(kept, day.mapping.canonical)


def _check_scored(
    day: Day, plan: Plan, sales_of: dict[str, int]
) -> tuple[ScoredSales, FrozenCameras]:
    """Check the scored batches against the stores' counts of sales; find frozen cameras."""
    try:
        scored = check_sales(day.out, plan.of_kind("sales"))
        check_posteriors(day.out, plan.batches)
        frozen = FrozenCameras(day.out, plan.of_kind("sales"))
    except OSError as error:
        raise SourceError(f"{day.date}: a batch is not scored yet: {error}") from error
    if scored.by_store != Counter(sales_of):
        raise ContractError(f"{day.date}: the stores' sales in the batches are not those collected")
    return replace(scored, with_crop=frozen.others(scored.with_crop)), frozen


class _StoreWriter:
    """Writes the partitions of one store after another, in the order in which they were planned."""

    def __init__(self, day: Day, plan: Plan, sample: set[SaleKey], frozen: FrozenCameras) -> None:
        self._day, self._sample, self._frozen = day, sample, frozen
        self._basis = provenance.Basis(
            plan.files, day.policy, day.model_card, day.rules.runtime, plan.mapping_sha256
        )
        sales, baskets = plan.of_kind("sales"), plan.of_kind("baskets")
        self._ledgers = _StoreRows(day.out, (batch.ledger_path for batch in sales), LEDGER)
        self._posteriors = [
            _StoreRows(day.out, (batch.posteriors_path for batch in kind), POSTERIORS)
            for kind in (sales, baskets)
        ]
        self.baselines = DailyBaselines(day.date, day.policy, self._basis.model)
        self.totals = Counter(dict.fromkeys(_FIGURES, 0))

    def store(
        self, store_id: str, *, store_day: pa.Table, rejects: pa.Table, bought: pa.Table
    ) -> None:
        """Write a store: its row of STORE_DAYS, its LEDGER, and its REJECTS and PURCHASES.

        Raises:
            ContractError: its ledger has not the sales that were collected.
        """
        out, date, insights = self._day.out, self._day.date, self._day.policy.insights
        (counts,) = store_day.to_pylist()
        scored = self._ledgers.of(store_id)
        if scored.num_rows != counts["alcohol_sales"]:
            raise ContractError(
                f"store {store_id}: {counts['alcohol_sales']} sales were collected and"
                f" {scored.num_rows} finalised"
            )
        ledger = _with_sample(self._frozen.judged(scored), self._sample)
        self.baselines.add(counts, ledger)
        self._count(ledger)
        tables = {
            "ledger": ledger,
            "rejects": rejects,
            "coverage": store_day,
            "provenance": self._basis.of_store(store_id, ledger),
        }
        posteriors = pa.concat_tables([rows.of(store_id) for rows in self._posteriors])
        posteriors = self._frozen.without(posteriors)
        if insights.hold(date, store_id):
            tables["insights"] = purchases.let_through(
                bought, posteriors, model=self._basis.model, group_starts=insights.age_groups
            )
        else:
            remove_partition(out, "insights", date, store_id)
        revisions.replace(out, date, store_id, tables)
        # Last: until then the ledger that was there may name them.
        crops = (pc.drop_null(table["crop"]).to_pylist() for table in (ledger, scored))
        remove_crops(out, date, store_id, *crops)

    def _count(self, ledger: pa.Table) -> None:
        inconclusive = ledger.filter(pc.equal(ledger["outcome"], "inconclusive"))
        scored = ledger.num_rows - ledger["age"].null_count
        self.totals.update(stores=1, sales=ledger.num_rows, scored=scored)
        self.totals.update(ledger["outcome"].to_pylist())
        self.totals.update(f"inconclusive_{r}" for r in inconclusive["reason"].to_pylist())


def _with_sample(ledger: pa.Table, sample: set[SaleKey]) -> pa.Table:
    """LEDGER in which only flagged sales and the control sample have a crop."""
    rows = ledger.select([*SALE_KEY, "outcome", "crop"]).to_pylist()
    reviewed = (row["outcome"] == "flagged" or SaleKey.of(row) in sample for row in rows)
    kept = [row["crop"] if wanted else None for row, wanted in zip(rows, reviewed, strict=True)]
    return with_crop_paths(ledger, kept)


class _StoreRows:
    """The rows of several files store by store, asked for in the order of planning."""

    def __init__(self, out: Place, paths: Iterable[str], schema: Schema) -> None:
        self._schema = schema
        self._stores = _by_store(out, paths, schema)
        self._next = next(self._stores, None)

    def of(self, store_id: str) -> pa.Table:
        """The rows of a store; none if the next rows are another store's."""
        if self._next is None or self._next[0] != store_id:
            return self._schema.empty()
        rows = self._next[1]
        self._next = next(self._stores, None)
        return rows


def _by_store(out: Place, paths: Iterable[str], schema: Schema) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each store, which may begin in one file and end in the next."""
    divided = (ByStore(read_table(out, path, schema)) for path in paths)
    parts = ((store_id, table.of(store_id)) for table in divided for store_id in table.in_order)
    for store_id, of_store in groupby(parts, key=itemgetter(0)):
        yield store_id, pa.concat_tables(part for _, part in of_store).combine_chunks()


def _by_bucket(stores: Iterable[str], others: Iterable[int]) -> list[tuple[int, list[str]]]:
    """The stores of each bucket, in the order of planning; ``others`` may have no store."""
    found: dict[int, list[str]] = {bucket: [] for bucket in others}
    for store_id in stores:
        found.setdefault(bucket_of(store_id), []).append(store_id)
    return sorted(found.items())
