"""The line, composed: plan a day, score its batches, settle the ledger, report.

Each step reads what the step before it wrote below ``OUT/unfinished/day=.../``, so that a
scheduler can run them in different processes and hand on paths only. A step that is run again
writes the same.
"""

import json
import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor import limits, provenance, purchases, store
from auditor.collect import Collected, collect
from auditor.decide import decide
from auditor.errors import ConfigurationError, ContractError, SourceError
from auditor.files import OutsideError, Place
from auditor.model import Card
from auditor.policy import Policy
from auditor.report import SUMMARY, Provenance, read_summary, render_day, render_site
from auditor.score import Frame, Score, encode_crop, load_scorer
from auditor.sources import Reading, read_sales, read_snapshot_index
from auditor.store_days import store_days
from auditor.tables import (
    FRAME_SCORES,
    LEDGER,
    POSTERIORS,
    PURCHASES,
    REJECTS,
    SALES,
    STORE_DAYS,
    STORED,
    UNKNOWN_STORE,
    ByStore,
)

log = logging.getLogger(__name__)

#: Told how many frames of how many have been scored.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A day to audit: where its inputs lie, and where its results go. Addresses are URLs."""

    day: date
    sales: str
    snapshots: str
    out: str
    policy: str | None = None  # of a TOML file; None stands for the built-in defaults
    stores: tuple[str, ...] = ()  # none: all
    batch_size: int = 256  # sales a scoring batch


@dataclass(frozen=True, slots=True)
class DayResult:
    """How a day went."""

    report: str  # index.html, relative to OUT
    outcomes: dict[str, int]
    above_limits: list[str]  # in words


def run_day(job: Job, progress: Progress | None = None) -> DayResult:
    """Audit a day in this process.

    Raises:
        AuditorError: the run failed as a whole.
    """
    batches = plan_day(job)
    out = Place(job.out)
    total = sum(_frames_in(_read_batch(out, batch)) for batch in batches)
    done = 0
    for batch in batches:
        for _ in _score_batch(job, batch):
            done += 1
            if progress:
                progress(done, total)
    settle_day(job)
    report = report_day(job)
    expire(job.out, job.policy, job.day + timedelta(days=1))
    ledger = store.read_day(out, "ledger", job.day, job.stores)
    counts = {
        row["values"]: row["counts"] for row in pc.value_counts(ledger["outcome"]).to_pylist()
    }
    return DayResult(report, counts, check_limits(job))


def plan_day(job: Job) -> list[str]:
    """Read, validate and collect the day's sales, and divide them into balanced batches.

    Returns:
        The batches, relative to OUT: alcohol sales, then what else the policy wants looked at by
        age group; none on a day without any.

    Raises:
        SourceError: there is no till export of the day, and the policy lists no store to miss it.
        ConfigurationError: the policy or an address is wrong.
    """
    policy = load_policy(job.policy)
    Card.read(policy.chain_rules(job.day).model)  # a version that is not there fails now
    exports, index, collected = collect_day(job, policy)
    days = store_days(
        job.day,
        policy,
        sales=exports.counts,
        index=index.counts,
        collected=collected.counts,
        stores=job.stores,
    )
    rejects = pa.concat_tables([exports.rejects, index.rejects, collected.rejects])
    log.info("%s: %d alcohol sales, %d rejects", job.day, collected.sales.num_rows, len(rejects))

    out, work = Place(job.out), _work(job.day)
    out.remove(work)
    store.write_table(out, f"{work}/coverage.parquet", days, STORE_DAYS)
    store.write_table(out, f"{work}/rejects.parquet", rejects, REJECTS)
    batches = []
    for number, part in enumerate(balanced(collected.sales, job.batch_size)):
        batches.append(f"{work}/sales-{number:05d}.parquet")
        store.write_table(out, batches[-1], part, SALES)
    store.write_table(out, f"{work}/purchases.parquet", collected.purchases, PURCHASES)
    others = []
    for number, part in enumerate(
        balanced(purchases.unscored(collected.purchases), job.batch_size)
    ):
        others.append(f"{work}/{_OTHERS}-{number:05d}.parquet")
        store.write_table(out, others[-1], part, PURCHASES)
    plan = {
        "batches": batches,
        "others": others,
        "files": [[f.path, f.sha256] for f in (*exports.files, *index.files)],
        "policy_sha256": policy.sha256,
    }
    out.write(f"{work}/plan.json", json.dumps(plan, sort_keys=True, indent=1).encode())
    return [*batches, *others]


def collect_day(job: Job, policy: Policy) -> tuple[Reading, Reading, Collected]:
    """Read and validate the day's exports and index, and match frames to alcohol sales.

    Raises:
        SourceError, ConfigurationError: as :func:`plan_day`.
    """
    _known_stores(job, policy)
    exports = read_sales(Place(job.sales), job.day, policy, stores=job.stores)
    index = read_snapshot_index(Place(job.snapshots), job.day, policy, stores=job.stores)
    if not exports.files and not policy.stores and not job.stores:
        raise SourceError(
            f"there is no till export of {job.day} below {job.sales}: a file's path has to contain "
            f"{job.day}, or no date at all"
        )
    for what, files, url in (
        ("till export", exports.files, job.sales),
        ("snapshot index", index.files, f"{job.snapshots}/index"),
    ):
        if not files:
            log.warning("there is no %s of %s below %s", what, job.day, url)
    return exports, index, collect(exports.table, index.table, job.day, policy)


def score_batch(job: Job, batch: str) -> str:
    """Score and decide one batch of :func:`plan_day`; keep the crops of its flagged sales.

    Returns:
        The path of what was written last, relative to OUT: decided sales, or age groups.
    """
    for _ in _score_batch(job, batch):
        pass
    return _told(batch) if _OTHERS in batch else _scored(batch)


def settle_day(job: Job) -> None:
    """Check that every sale came out exactly once, and write the day's partitions.

    Raises:
        ContractError: a sale was lost or doubled between the batches.
        SourceError: the day is not planned, or a batch is not scored.
        ConfigurationError: the policy is another than the day was planned with.
    """
    out, work = Place(job.out), _work(job.day)
    plan, policy = _plan(out, job.day), load_policy(job.policy)
    if policy.sha256 != plan["policy_sha256"]:
        raise ConfigurationError(
            f"the policy has changed since {job.day} was planned: run it again"
        )
    chain = policy.chain_rules(job.day)
    model = Card.read(chain.model), chain.runtime
    try:
        sales = [store.read_table(out, b, SALES).select(_KEY) for b in plan["batches"]]
        parts = [store.read_table(out, _scored(b), LEDGER) for b in plan["batches"]]
        everything = [*plan["batches"], *plan["others"]]
        told = [store.read_table(out, _told(b), POSTERIORS) for b in everything]
    except OSError as error:
        raise SourceError(f"{job.day}: a batch is not scored yet: {error}") from error
    ledger = pa.concat_tables([LEDGER.empty(), *parts])
    _same_sales(pa.concat_tables([SALES.empty().select(_KEY), *sales]), ledger.select(_KEY))

    days = store.read_table(out, f"{work}/coverage.parquet", STORE_DAYS)
    rejects = store.read_table(out, f"{work}/rejects.parquet", REJECTS)
    rejected_in = pc.fill_null(rejects["store_id"], UNKNOWN_STORE)
    stores: list[str] = days["store_id"].to_pylist()
    ledgers, rejected = ByStore(ledger), ByStore(rejects, rejected_in)
    bought = ByStore(store.read_table(out, f"{work}/purchases.parquet", PURCHASES))
    by_group = ByStore(pa.concat_tables([POSTERIORS.empty(), *told]))
    for row, store_id in enumerate(stores):
        own = ledgers.of(store_id)
        crops = pc.drop_null(own["crop"]).to_pylist()
        store.remove_crops(out, job.day, store_id, crops)
        tables = {
            "ledger": own,
            "rejects": rejected.of(store_id),
            "coverage": days.slice(row, 1),
            "provenance": provenance.of_store(
                store_id, files=plan["files"], policy=policy, model=model, ledger=own
            ),
        }
        if policy.insights.hold(job.day, store_id):
            tables["insights"] = purchases.let_through(
                bought.of(store_id),
                by_group.of(store_id),
                model=model[0].full_name,
                group_starts=policy.insights.age_groups,
            )
        else:
            store.remove_partition(out, "insights", job.day, store_id)
        for name, table in tables.items():
            store.write_partition(out, name, job.day, store_id, table)
    unplaced = rejects.filter(pc.invert(pc.is_in(rejected_in, pa.array(stores, pa.string()))))
    if not job.stores:
        store.write_partition(out, "rejects", job.day, UNKNOWN_STORE, unplaced)
        for name in (*STORED, "crops"):
            store.remove_other_stores(out, name, job.day, {*stores, UNKNOWN_STORE})


def report_day(job: Job) -> str:
    """Render the day's pages from what is stored, and clear the day's workspace.

    Returns:
        The path of the chain's page, relative to OUT.
    """
    out = Place(job.out)
    days = store.read_day(out, "coverage", job.day)
    pages = render_day(
        job.day,
        ledger=store.read_day(out, "ledger", job.day),
        store_days=days,
        rejects=store.read_day(out, "rejects", job.day),
        provenance=_shown(store.read_day(out, "provenance", job.day)),
        policy=load_policy(job.policy),
    )
    folder = f"reports/{job.day}"
    for name, content in pages.items():
        out.write(f"{folder}/{name}", content)
    for path in list(out.files(folder)):
        if path.removeprefix(f"{folder}/") not in pages:
            out.remove(path)
    list_days(out)
    out.remove(_work(job.day))
    return f"{folder}/index.html"


def list_days(out: Place) -> None:
    """Render the list of all days that have a report, from their summaries."""
    days: list[str] = []
    while (found := _reported(out)) != days:  # again if another day came in meanwhile
        days = found
        paths = [f"reports/{day}/{SUMMARY}" for day in days]
        summaries = [read_summary(out.read(path), origin=path) for path in paths]
        for name, content in render_site(summaries).items():
            out.write(f"reports/{name}", content)


def check_limits(job: Job) -> list[str]:
    """Say which of the policy's limits the stored day exceeds; none is an empty list."""
    out = Place(job.out)
    return limits.exceeded(
        load_policy(job.policy).chain_rules(job.day),
        store_days=store.read_day(out, "coverage", job.day, job.stores),
        ledger=store.read_day(out, "ledger", job.day, job.stores),
        rejects=store.read_day(out, "rejects", job.day, job.stores),
    )


def expire(out: str, policy: str | None, as_of: date) -> list[str]:
    """Delete the crops that are past the retention that holds on ``as_of``, and old baskets.

    Returns:
        The folders that were removed, relative to ``out``.
    """
    rules, place = load_policy(policy), Place(out)
    crops = store.expire_crops(place, as_of, rules.chain_rules(as_of).retention_days)
    return crops + store.expire_days(place, "insights", as_of, rules.insights.keep_days)


def load_policy(url: str | None) -> Policy:
    """The policy at ``url``, or the built-in defaults.

    Raises:
        ConfigurationError: it cannot be read, or is no valid policy.
    """
    if url is None:
        return Policy()
    folder, _, name = url.rpartition("/")
    try:
        content = Place(folder or ".").read(name)
    except (OSError, OutsideError) as error:
        raise ConfigurationError(f"cannot read the policy {url}: {error}") from error
    return Policy.from_toml(content, origin=url)


def balanced(sales: pa.Table, batch_size: int) -> Iterator[pa.Table]:
    """Cut ``sales`` into as few parts of at most ``batch_size`` as it takes, of equal size."""
    parts = math.ceil(sales.num_rows / batch_size)
    for number in range(parts):
        start, end = (sales.num_rows * k // parts for k in (number, number + 1))
        yield sales.slice(start, end - start)


def frames_of(
    snapshots: Place,
    sales: pa.Table,
    rules: dict[str, Any],
    group_starts: Mapping[str, tuple[int, ...]] | None = None,
) -> Iterator[Frame]:
    """The frames of tables.SALES, each with its row's number and, if it has none, the reason.

    ``group_starts`` are the age groups that are asked for, by the stores where any are.
    """
    wanted = sales.select(["store_id", "snapshot_path"]).to_pylist()
    for number, sale in enumerate(wanted):
        if sale["snapshot_path"] is None:
            continue
        own = rules[sale["store_id"]]
        starts = (group_starts or {}).get(sale["store_id"], ())
        try:
            content = snapshots.read(sale["snapshot_path"])
            yield Frame(number, own, content, group_starts=starts)
        except FileNotFoundError:
            detail = "the index names a frame that is not there"
            yield Frame(number, own, None, "snapshot_missing", detail)
        except OutsideError as error:
            yield Frame(number, own, None, detail=str(error))
        except OSError as error:
            if not snapshots.is_local:
                raise  # the storage failed, not the frame: the task is to be tried again
            yield Frame(number, own, None, detail=f"{type(error).__name__}: {error.strerror}")


_KEY = ["store_id", "transaction_id"]

#: Batches of baskets without alcohol, which are scored for their age group only.
_OTHERS = "others"


def _work(day: date) -> str:
    return f"unfinished/day={day.isoformat()}"


def _scored(batch: str) -> str:
    return batch.replace("/sales-", "/scored-")


def _told(batch: str) -> str:
    return batch.replace("/sales-", "/groups-").replace(f"/{_OTHERS}-", f"/groups-{_OTHERS}-")


def _plan(out: Place, day: date) -> dict[str, Any]:
    try:
        plan: dict[str, Any] = json.loads(out.read(f"{_work(day)}/plan.json"))
    except OSError as error:
        raise SourceError(f"{day} is not planned below {out}: {error}") from error
    return plan


def _reported(out: Place) -> list[str]:
    """The days that have a report with a summary, by the names of their folders."""
    days = (name for name in out.folders("reports") if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name))
    return [day for day in days if out.exists(f"reports/{day}/{SUMMARY}")]


def _known_stores(job: Job, policy: Policy) -> None:
    unknown = [s for s in job.stores if policy.stores and s not in policy.stores]
    if unknown:
        raise ConfigurationError(
            f"store {unknown[0]} is not in the policy, which lists {', '.join(policy.stores)}"
        )


def _frames_in(sales: pa.Table) -> int:
    return int(sales.num_rows - sales["snapshot_path"].null_count)


def _read_batch(out: Place, batch: str) -> pa.Table:
    return store.read_table(out, batch, PURCHASES if _OTHERS in batch else SALES)


def _score_batch(job: Job, batch: str) -> Iterator[None]:
    """Score a batch, yielding after each frame."""
    policy, out = load_policy(job.policy), Place(job.out)
    sales = _read_batch(out, batch)
    rules = {s: policy.rules(job.day, s) for s in pc.unique(sales["store_id"]).to_pylist()}
    starts = {s: policy.insights.age_groups for s in rules if policy.insights.hold(job.day, s)}
    scores: list[Score] = []
    if _frames_in(sales):
        scorer = load_scorer(policy.chain_rules(job.day))
        for score in scorer.score(frames_of(Place(job.snapshots), sales, rules, starts)):
            scores.append(score)
            yield
    told = purchases.posteriors(sales, (score.row for score in scores))
    store.write_table(out, _told(batch), told, POSTERIORS)
    if _OTHERS in batch:
        return
    ledger = decide(sales, FRAME_SCORES.from_rows(s.row for s in scores), rules)

    crops = {score.row["frame"]: score.crop for score in scores}
    kept: list[str | None] = [None] * ledger.num_rows
    keys = ledger.select([*_KEY, "outcome"]).to_pylist()
    for row, sale in enumerate(keys):
        crop = crops.get(row)
        if sale["outcome"] == "flagged" and crop is not None:
            path = store.crop_path(job.day, sale["store_id"], sale["transaction_id"])
            out.write(path, encode_crop(crop))
            kept[row] = path
    column = ledger.schema.get_field_index("crop")
    ledger = ledger.set_column(column, LEDGER.arrow.field("crop"), pa.array(kept, pa.string()))
    store.write_table(out, _scored(batch), ledger, LEDGER)


def _same_sales(planned: pa.Table, settled: pa.Table) -> None:
    before, after = (pd.MultiIndex.from_frame(t.to_pandas()) for t in (planned, settled))
    lost = before.difference(after)
    if len(lost) or len(before) != len(after) or after.has_duplicates:
        raise ContractError(
            f"{len(before)} sales were planned and {len(after)} settled; lost: {list(lost[:3])}"
        )


def _shown(stores: pa.Table) -> Provenance:
    """The provenance of the pages, with what the card of each model used says of it."""
    versions = [name.rpartition("/")[2] for name in pc.unique(stores["model"]).to_pylist()]
    cards = [Card.read(version) for version in versions]
    return Provenance(
        **provenance.of_chain(stores),
        calibrated=all(card.calibrated for card in cards),
        mae_years=max((card.mae_years for card in cards), default=None),
        model_limits=tuple(dict.fromkeys(limit for card in cards for limit in card.limits)),
    )
