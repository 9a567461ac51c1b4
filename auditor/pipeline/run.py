"""Audits a day: its steps one by one, as a scheduler calls them, or all in one process.

Each step here opens the day and holds its lock. Besides their own errors all raise BusyError while
another run is at work on the day, and ConfigurationError if the policy or the address of the
results is wrong, before anything is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from auditor.inputs import Reasons
from auditor.pipeline import complete, finalise, plan, report, score
from auditor.pipeline.batches import Batch
from auditor.pipeline.complete import Completion
from auditor.pipeline.day import Day, Job, Progress
from auditor.pipeline.expire import expire_results
from auditor.pipeline.plans import read_plan
from auditor.report.unreadable import UnreadableFrames
from auditor.storage.parquet import read_table


@dataclass(frozen=True, slots=True)
class DayResult:
    """The result of a day; ``report`` is the path of the chain's page, relative to OUT.

    ``above_limits`` has a sentence for each of the policy's limits that the day exceeds,
    ``lost`` says what of the inputs was not used, and why, ``empty`` names the till exports without
    a row, ``unlisted`` the stores that the policy does not list, though it lists some, and
    ``unreadable`` has the cameras with frames that could not be read. ``completed`` has the
    days beside it that were completed, ``incomplete`` a sentence for each that could not be.
    """

    report: str
    outcomes: dict[str, int]
    above_limits: list[str]
    lost: Reasons
    empty: list[str]
    unlisted: list[str]
    unreadable: tuple[UnreadableFrames, ...]
    completed: list[Completion]
    incomplete: list[str]


def plan_day(job: Job) -> list[Batch]:
    """Plan a day (:func:`auditor.pipeline.plan.plan`); the batches to score, maybe none."""
    day = Day.open(job)
    day.check()
    with day.lock():
        return list(plan.plan(day).batches)


def score_batch(job: Job, batch: Batch) -> None:
    """Score and decide a batch (:func:`auditor.pipeline.score.score`), beside other batches."""
    day = Day.open(job)
    with day.lock(shared=True):
        for _ in score.score(day, batch):
            pass


def finalise_day(job: Job, batches: Sequence[Batch] = ()) -> None:
    """Write the day's partitions (:func:`auditor.pipeline.finalise.finalise`)."""
    day = Day.open(job)
    with day.lock():
        finalise.finalise(day, batches)


def complete_days(job: Job) -> list[Completion]:
    """Complete the days beside a finalised one that is not reported yet (complete.py).

    Raises:
        AuditorError: one of them could not be completed; the other was, if it had to be.
    """
    day = Day.open(job)
    completed, errors = complete.complete_beside(day, read_plan(day.out, day.date))
    if completed:  # faces of a day whose retention ended in the meantime
        expire_results(day.out, day.policy, day.date + timedelta(days=1))
    if errors:
        raise errors[0]
    return completed


def report_day(job: Job) -> str:
    """Render the day's pages (:func:`auditor.pipeline.report.report`); the path of the first."""
    day = Day.open(job)
    with day.lock():
        return report.report(day)


def check_limits(job: Job) -> list[str]:
    """A sentence for each of the policy's limits that the stored day exceeds."""
    return report.exceeded_limits(Day.open(job))


def run_day(job: Job, progress: Progress | None = None, *, wait: bool = False) -> DayResult:
    """Audit a day in this process, and delete what is past its retention on the day after.

    ``progress`` is called after each frame. ``wait`` waits for another run of the day to end.

    Raises:
        BusyError: another run is at work on the day.
        AuditorError: the run failed as a whole.
    """
    day = Day.open(job)
    day.check()
    with day.lock(wait=wait):
        planned = plan.plan(day)
        batches = planned.batches
        rows = (read_table(day.out, b.path, b.schema, score.PATHS) for b in batches)
        total = sum(map(score.number_of_frames, rows)) if progress else 0
        scored = chain.from_iterable(score.score(day, batch) for batch in batches)
        for done, _ in enumerate(scored, start=1):
            if progress:
                progress(done, total)
        finalise.finalise(day, batches)
        completed, errors = complete.complete_beside(day, planned)
        page = report.report(day)
    expire_results(day.out, day.policy, day.date + timedelta(days=1))
    return DayResult(
        report=page,
        outcomes=report.count_outcomes(day),
        above_limits=report.exceeded_limits(day),
        lost=report.rejected_inputs(day),
        empty=report.empty_exports(day),
        unlisted=report.unlisted_stores(day),
        unreadable=report.frames_not_read(day),
        completed=completed,
        incomplete=[str(error) for error in errors],
    )
