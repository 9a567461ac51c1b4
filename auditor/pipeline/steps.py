"""The steps of a day as tasks of their own, each in its turn; they raise what the steps raise.

Beside that each raises BusyError while another run is at work on the same day.
"""

from collections.abc import Sequence

from auditor.pipeline import finalise, plan, report, score
from auditor.pipeline.day_lock import turn
from auditor.pipeline.job import Job
from auditor.policy import load_policy
from auditor.storage.place import results_at


def plan_day(job: Job) -> list[str]:
    """Do :func:`planning.plan_day` with the day to oneself."""
    load_policy(job.policy)  # a wrong one is told before anything is written
    with turn(results_at(job.out), job.day):
        return plan.plan_day(job)


def score_batch(job: Job, batch: str) -> str:
    """Do :func:`scoring.score_batch` while other batches of the day are scored too."""
    with turn(results_at(job.out), job.day, shared=True):
        return score.score_batch(job, batch)


def finalise_day(job: Job, batches: Sequence[str] = ()) -> None:
    """Do :func:`finalising.finalise_day` with the day to oneself."""
    with turn(results_at(job.out), job.day):
        finalise.finalise_day(job, batches)


def report_day(job: Job) -> str:
    """Do :func:`reporting.report_day` with the day to oneself."""
    with turn(results_at(job.out), job.day):
        return report.report_day(job)
