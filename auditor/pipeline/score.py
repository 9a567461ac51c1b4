"""Scores a batch of a planned day, decides its sales, and keeps the crops of those flagged."""

import functools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import StorageError
from auditor.faces.frames import MAX_BYTES
from auditor.faces.score import Frame, Score, encode_crop, load_scorer
from auditor.pipeline.job import Job, read_plan
from auditor.policy import load_policy
from auditor.sales import control_sample, purchases
from auditor.sales.identity import SALE_KEY, SaleKey
from auditor.sales.outcomes import assign_outcomes
from auditor.storage.failures import concerns_the_file
from auditor.storage.layout import crop_path
from auditor.storage.parquet import read_table, write_table
from auditor.storage.place import OutsideError, Place, TooLargeError, results_at
from auditor.tables import FRAME_SCORES, LEDGER, POSTERIORS, PURCHASES, SALES, Schema
from auditor.telemetry import Stopwatch, emit

#: Batches of baskets without alcohol, which are scored for their age group only.
OTHERS = "others"

#: Frames that are fetched at once: the storage's delay is waited for once and not for each of them.
READ_AHEAD = 8

_T = TypeVar("_T")


def score_batch(job: Job, batch: str) -> str:
    """Score and decide one batch of :func:`plan_day`; keep the crops somebody has to see.

    Returns:
        The path of what was written last, relative to OUT: decided sales, or age groups.

    Raises:
        OvertakenError: another run has planned the day anew, or finished it.
    """
    for _ in each_frame_scored(job, batch):
        pass
    return told_path(batch) if OTHERS in batch else scored_path(batch)


def each_frame_scored(job: Job, batch: str) -> Iterator[None]:
    """Do what :func:`score_batch` does, yielding after each frame."""
    policy, out = load_policy(job.policy), results_at(job.out)
    planned = read_plan(out, job.day, [batch])
    sales = read_table(out, batch, schema_of(batch))
    rules = {s: policy.rules(job.day, s) for s in pc.unique(sales["store_id"]).to_pylist()}
    starts = {s: policy.insights.age_groups for s in rules if policy.insights.hold(job.day, s)}
    scores: list[Score] = []
    watch = Stopwatch()
    if frames_in(sales):
        scorer = load_scorer(policy.chain_rules(job.day))
        watch = scorer.watch
        for score in scorer.score(frames_of(Place(job.snapshots), sales, rules, starts)):
            scores.append(score)
            yield
    read_plan(out, job.day, [batch])  # where nothing is locked, the day may be another's by now
    with watch.stage("store"):
        told = purchases.posteriors(sales, (score.row for score in scores))
        write_table(out, told_path(batch), told, POSTERIORS)
        if OTHERS not in batch:
            _store_decided(
                job,
                batch,
                assign_outcomes(sales, FRAME_SCORES.from_rows(s.row for s in scores), rules),
                {score.row["frame"]: score.crop for score in scores},
                sample_size=policy.chain_rules(job.day).control_sample,
                sales_of_day=planned["sales"],
            )
    emit(
        "scored",
        job.day,
        batch=batch.rpartition("/")[2].removesuffix(".parquet"),
        sales=sales.num_rows,
        frames=len(scores),
        scored=sum("reason" not in score.row for score in scores),
        **watch.taken(),
    )


def _store_decided(  # noqa: PLR0913  # what is decided, and what its sample is drawn by
    job: Job,
    batch: str,
    ledger: pa.Table,
    crops: Mapping[int, Any],
    *,
    sample_size: int,
    sales_of_day: int,
) -> None:
    """Write a batch's decided sales, and the crops that somebody may have to see."""
    out = results_at(job.out)
    kept: list[str | None] = [None] * ledger.num_rows
    keys = ledger.select([*SALE_KEY, "outcome"]).to_pylist()
    drawn = control_sample.may_be_drawn(
        job.day,
        (
            SaleKey.of(sale)
            for row, sale in enumerate(keys)
            if sale["outcome"] in control_sample.DRAWN_FROM and crops.get(row) is not None
        ),
        size=sample_size,
        sales=sales_of_day,
    )
    for row, sale in enumerate(keys):
        crop = crops.get(row)
        in_sample = SaleKey.of(sale) in drawn
        if crop is not None and (sale["outcome"] == "flagged" or in_sample):
            path = crop_path(job.day, sale["store_id"], SaleKey.of(sale).sale_id)
            out.write(path, encode_crop(crop))
            kept[row] = path
    write_table(out, scored_path(batch), with_crops(ledger, kept), LEDGER)


def with_crops(ledger: pa.Table, kept: list[str | None]) -> pa.Table:
    """LEDGER with the paths of the crops that are kept, a row each."""
    column = ledger.schema.get_field_index("crop")
    return ledger.set_column(column, LEDGER.arrow.field("crop"), pa.array(kept, pa.string()))


def schema_of(batch: str) -> Schema:
    """What a batch holds: alcohol sales, or other baskets."""
    return PURCHASES if OTHERS in batch else SALES


def scored_path(batch: str) -> str:
    """Where the decided sales of a batch are put, relative to OUT."""
    return batch.replace("/sales-", "/scored-")


def told_path(batch: str) -> str:
    """Where the age groups of a batch's buyers are put, relative to OUT."""
    return batch.replace("/sales-", "/groups-").replace(f"/{OTHERS}-", f"/groups-{OTHERS}-")


def handed_on(plan: Mapping[str, Any]) -> list[str]:
    """The files that a plan names, and what scoring makes of its batches, relative to OUT."""
    sold, others = plan["batches"], plan["others"]
    shares = [*plan["rejects"].values(), *plan["purchases"].values()]
    return [*sold, *map(scored_path, sold), *others, *map(told_path, (*sold, *others)), *shares]


def frames_in(sales: pa.Table) -> int:
    """How many of tables.SALES have a frame."""
    return int(sales.num_rows - sales["snapshot_path"].null_count)


def balanced(sales: pa.Table, batch_size: int) -> Iterator[pa.Table]:
    """Cut ``sales`` into as few parts of at most ``batch_size`` as it takes, of equal size."""
    for start, end in _spans(sales.num_rows, math.ceil(sales.num_rows / batch_size)):
        yield sales.slice(start, end - start)


def dealt_out(batches: Sequence[str], tasks: int) -> list[list[str]]:
    """Batches as they stand in a row, for at most so many tasks, to each about as many."""
    spans = _spans(len(batches), min(tasks, len(batches)))
    return [list(batches[start:end]) for start, end in spans]


def _spans(length: int, parts: int) -> Iterator[tuple[int, int]]:
    """The beginning and end of each part of a row that is cut as evenly as it can be."""
    return ((length * part // parts, length * (part + 1) // parts) for part in range(parts))


def frames_of(
    snapshots: Place,
    sales: pa.Table,
    rules: dict[str, Any],
    group_starts: Mapping[str, tuple[int, ...]] | None = None,
) -> Iterator[Frame]:
    """The frames of tables.SALES, each with its row's number and, if it has none, the reason.

    ``group_starts`` are the age groups that are asked for, by the stores where any are.
    """
    wanted = [
        (number, sale)
        for number, sale in enumerate(sales.select(["store_id", "snapshot_path"]).to_pylist())
        if sale["snapshot_path"] is not None
    ]

    def frame(of: tuple[int, dict[str, Any]]) -> Frame:
        number, sale = of
        starts = (group_starts or {}).get(sale["store_id"], ())
        read = functools.partial(Frame, number, rules[sale["store_id"]])
        try:
            content = snapshots.read(sale["snapshot_path"], most=MAX_BYTES)
            return read(content, group_starts=starts)
        except FileNotFoundError as error:
            if not snapshots.exists():
                raise StorageError(f"there is nothing at {snapshots} any more") from error
            return read(None, "snapshot_missing", "the index names a frame that is not there")
        except (OutsideError, TooLargeError) as error:
            return read(None, detail=str(error))
        except OSError as error:
            if not concerns_the_file(error):
                raise  # the storage failed, not the frame: the task is to be tried again
            return read(None, detail=f"{type(error).__name__}: {error.strerror}")

    yield from _ahead(frame, wanted)


def _ahead(read: Callable[[_T], Frame], wanted: Iterable[_T]) -> Iterator[Frame]:
    """What is read of each, in order; some are read while those before are worked on."""
    with ThreadPoolExecutor(READ_AHEAD) as pool:
        waiting: deque[Future[Frame]] = deque()
        for one in wanted:
            waiting.append(pool.submit(read, one))
            if len(waiting) > READ_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
