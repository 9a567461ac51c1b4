"""Runs all steps of a day in one process, and deletes the faces that nobody may keep longer."""

from dataclasses import dataclass
from datetime import date, timedelta

from auditor.pipeline.day_lock import turn
from auditor.pipeline.finalise import finalise_day
from auditor.pipeline.job import Job, Progress
from auditor.pipeline.plan import plan_day
from auditor.pipeline.report import check_limits, count_outcomes, report_day
from auditor.pipeline.score import each_frame_scored, frames_in, schema_of
from auditor.policy import load_policy
from auditor.storage.parquet import read_table
from auditor.storage.place import Place, results_at
from auditor.storage.retention import days_of, expire_days, expire_face_packs
from auditor.telemetry import emit


@dataclass(frozen=True, slots=True)
class DayResult:
    """How a day went."""

    report: str  # index.html, relative to OUT
    outcomes: dict[str, int]
    above_limits: list[str]  # in words


def run_day(job: Job, progress: Progress | None = None, *, wait: bool = False) -> DayResult:
    """Audit a day in this process.

    Args:
        job: the day.
        progress: told of each frame.
        wait: for another run of the day to end, rather than raise.

    Raises:
        BusyError: another run is at work on the day.
        AuditorError: the run failed as a whole.
    """
    load_policy(job.policy)  # a wrong one is told before anything is written
    with turn(results_at(job.out), job.day, wait=wait):
        report = _reported(job, progress)
    expire(job.out, job.policy, job.day + timedelta(days=1))
    return DayResult(report, count_outcomes(job), check_limits(job))


def _reported(job: Job, progress: Progress | None) -> str:
    """Go through all steps, up to the report; its path."""
    batches = plan_day(job)
    out = results_at(job.out)
    total = sum(
        frames_in(read_table(out, batch, schema_of(batch), ["snapshot_path"])) for batch in batches
    )
    done = 0
    for batch in batches:
        for _ in each_frame_scored(job, batch):
            done += 1
            if progress:
                progress(done, total)
    finalise_day(job, batches)
    return report_day(job)


def expire(out: str, policy: str | None, as_of: date) -> list[str]:
    """Delete what is past the retention that holds on ``as_of``.

    These are crops, packs of faces, decisions, and baskets by age group. A day that a run is at
    work on is waited for.

    Returns:
        The folders that were removed, relative to ``out``.
    """
    whole, place = load_policy(policy), results_at(out)
    rules = whole.chain_rules(as_of)
    removed = [
        *_expire_days(place, "crops", as_of - timedelta(rules.retention_days)),
        *expire_face_packs(place, as_of),
        *_expire_days(place, "decisions", as_of - timedelta(rules.decision_retention_days)),
        *_expire_days(place, "insights", as_of - timedelta(whole.insights.keep_days)),
    ]
    emit("expired", as_of - timedelta(days=1), folders=len(removed))
    return removed


def _expire_days(out: Place, folder: str, oldest: date) -> list[str]:
    removed = []
    for day in days_of(out, folder):
        if day < oldest:
            with turn(out, day, wait=True):
                removed += expire_days(out, folder, day + timedelta(days=1))
    return removed
