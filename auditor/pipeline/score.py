"""Scores a batch of a planned day, decides its sales, and keeps the crops to be reviewed."""

import functools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import StorageError
from auditor.faces.bursts import best, bursts
from auditor.faces.frames import MAX_BYTES
from auditor.faces.score import Frame, Score, encode_crop, load_scorer
from auditor.pipeline.batches import Batch
from auditor.pipeline.day import Day
from auditor.pipeline.plans import read_plan
from auditor.policy import Rules
from auditor.sales import control_sample, purchases
from auditor.sales.identity import SALE_KEY, SaleKey
from auditor.sales.outcomes import assign_outcomes
from auditor.storage.failures import concerns_the_file
from auditor.storage.layout import crop_path
from auditor.storage.parquet import read_table, write_table
from auditor.storage.place import OutsideError, Place, TooLargeError
from auditor.tables import FRAME_SCORES, LEDGER, POSTERIORS
from auditor.telemetry import Stopwatch, emit

#: Frames that are fetched at once, so that the storage's delay is not waited for with each of them.
READ_AHEAD = 8

#: The columns of SALES and PURCHASES, as far as they have them, that say where their frames are.
PATHS = ("snapshot_path", "frames")


def score(day: Day, batch: Batch) -> Iterator[None]:
    """Score and decide a batch; keep the crops of flagged sales and for the control sample.

    Yields:
        After each frame.

    Raises:
        OvertakenError: another run has planned the day anew, or finished it.
    """
    plan = read_plan(day.out, day.date, [batch])
    sales = read_table(day.out, batch.path, batch.schema)
    stores = pc.unique(sales["store_id"]).to_pylist()
    rules = {store_id: day.policy.rules(day.date, store_id) for store_id in stores}
    insights = day.policy.insights
    group_starts = {s: insights.age_groups for s in stores if insights.hold(day.date, s)}
    scores: list[Score] = []
    watch = Stopwatch()
    if number_of_frames(sales):
        scorer = load_scorer(day.rules)
        watch = scorer.watch
        for burst in bursts(scorer.score(frames_of(day.snapshots, sales, rules, group_starts))):
            of_sale = []
            for scored in burst:
                of_sale.append(scored)
                yield
            scores.append(best(of_sale))
    read_plan(day.out, day.date, [batch])  # without locks, the day may be another run's by now
    with watch.stage("store"):
        posteriors = purchases.posteriors(sales, (scored.row for scored in scores))
        write_table(day.out, batch.posteriors_path, posteriors, POSTERIORS)
        if batch.kind == "sales":
            rows = FRAME_SCORES.from_rows(scored.row for scored in scores)
            crops = {scored.row["frame"]: scored.crop for scored in scores}
            ledger = _with_crops(day, assign_outcomes(sales, rows, rules), crops, plan.sales)
            write_table(day.out, batch.ledger_path, ledger, LEDGER)
    emit(
        "scored",
        day.date,
        batch=batch.name,
        sales=sales.num_rows,
        frames=number_of_frames(sales),
        scored=sum("reason" not in scored.row for scored in scores),
        **watch.taken(),
    )


def _with_crops(
    day: Day, ledger: pa.Table, crops: Mapping[int, Any], sales_of_day: int
) -> pa.Table:
    """LEDGER with its crops (by row), of which those that may have to be reviewed are stored."""
    rows = ledger.select([*SALE_KEY, "outcome"]).to_pylist()
    seen = [(n, SaleKey.of(rows[n]), rows[n]["outcome"]) for n in crops if crops[n] is not None]
    drawn = control_sample.may_be_drawn(
        day.date,
        (key for _, key, outcome in seen if outcome in control_sample.DRAWN_FROM),
        size=day.rules.control_sample,
        sales=sales_of_day,
    )
    paths: list[str | None] = [None] * len(rows)
    for number, key, outcome in seen:
        if outcome == "flagged" or key in drawn:
            path = crop_path(day.date, key.store_id, key.sale_id)
            day.out.write(path, encode_crop(crops[number]))
            paths[number] = path
    return with_crop_paths(ledger, paths)


def with_crop_paths(ledger: pa.Table, paths: list[str | None]) -> pa.Table:
    """LEDGER with the paths of its crops, one per row."""
    column = ledger.schema.get_field_index("crop")
    return ledger.set_column(column, LEDGER.arrow.field("crop"), pa.array(paths, pa.string()))


def number_of_frames(sales: pa.Table) -> int:
    """How many frames the rows of SALES or PURCHASES have."""
    return sum(map(len, _paths(sales)))


def _paths(sales: pa.Table) -> Iterator[list[str]]:
    """The paths of each row's frames: of SALES the nearest first, of PURCHASES one."""
    for row in sales.select([n for n in PATHS if n in sales.column_names]).to_pylist():
        several, path = row.get("frames"), row["snapshot_path"]
        if several is not None:
            yield [frame["path"] for frame in several]
        else:
            yield [] if path is None else [path]


def frames_of(
    snapshots: Place,
    sales: pa.Table,
    rules: Mapping[str, Rules],
    group_starts: Mapping[str, tuple[int, ...]] | None = None,
) -> Iterator[Frame]:
    """The frames of SALES or PURCHASES, those of a row one after another, read a few ahead.

    Args:
        snapshots: the folder of the frames.
        sales: SALES or PURCHASES.
        rules: by store; a frame of SALES is scored by the ages of its sale.
        group_starts: ages at which the age groups begin, by the stores where any are asked for.

    Yields:
        Each with the number of its row; one without content has a reason or a detail.

    Raises:
        StorageError: there is no such folder any more.
        OSError: the storage failed.
    """
    starts = group_starts or {}
    waiting: deque[Future[Frame]] = deque()
    tills = (sales[name].to_pylist() for name in ("store_id", "till_id"))
    with ThreadPoolExecutor(READ_AHEAD) as pool:
        for number, (store_id, till_id, paths) in enumerate(
            zip(*tills, _paths(sales), strict=True)
        ):
            read = functools.partial(
                Frame,
                number,
                _by_ages(rules[store_id], sales, number),
                group_starts=starts.get(store_id, ()),
                turned=rules[store_id].camera_turns.get(till_id, 0),
            )
            for path in paths:
                waiting.append(pool.submit(_frame, snapshots, path, read))
                if len(waiting) > READ_AHEAD:
                    yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _by_ages(rules: Rules, sales: pa.Table, number: int) -> Rules:
    """A store's rules with the ages of a row of SALES: they depend on what was sold.

    PURCHASES have no ages of their own.
    """
    if "legal_age" not in sales.column_names:
        return rules
    ages = {name: sales[name][number].as_py() for name in ("legal_age", "challenge_age")}
    return rules.model_copy(update=ages)


def _frame(snapshots: Place, path: str, read: Callable[..., Frame]) -> Frame:
    """The frame that ``read`` makes of the content at a path, or of why there is none."""
    try:
        return read(snapshots.read(path, most=MAX_BYTES))
    except FileNotFoundError as error:
        if not snapshots.exists():
            raise StorageError(f"there is nothing at {snapshots} any more") from error
        return read(None, "snapshot_missing", "the index names a frame that is not there")
    except (OutsideError, TooLargeError) as error:
        return read(None, detail=str(error))
    except OSError as error:
        if not concerns_the_file(error):
            raise  # the storage failed, not the frame: retrying may help
        return read(None, detail=f"{type(error).__name__}: {error.strerror}")
