"""The steps of a day as tasks of their own, each in its turn; they raise what the steps raise.

Beside that each raises BusyError while another run is at work on the same day.
"""

from collections.abc import Sequence

from auditor.pipeline import planning, reporting, scoring, settling
from auditor.pipeline.job import Job, load_policy
from auditor.pipeline.turns import turn
from auditor.storage.files import results_at


def plan_day(job: Job) -> list[str]:
    """Do :func:`planning.plan_day` with the day to oneself."""
    load_policy(job.policy)  # a wrong one is told before anything is written
    with turn(results_at(job.out), job.day):
        return planning.plan_day(job)


def score_batch(job: Job, batch: str) -> str:
    """Do :func:`scoring.score_batch` while other batches of the day are scored too."""
    with turn(results_at(job.out), job.day, shared=True):
        return scoring.score_batch(job, batch)


def settle_day(job: Job, batches: Sequence[str] = ()) -> None:
    """Do :func:`settling.settle_day` with the day to oneself."""
    with turn(results_at(job.out), job.day):
        settling.settle_day(job, batches)


def report_day(job: Job) -> str:
    """Do :func:`reporting.report_day` with the day to oneself."""
    with turn(results_at(job.out), job.day):
        return reporting.report_day(job)
