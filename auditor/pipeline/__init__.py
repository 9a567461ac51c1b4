"""The line, composed: plan a day, score its batches, finalise the ledger, report.

Each step reads what the step before it wrote below ``OUT/unfinished/day=.../``, so that a
scheduler can run them in different processes and hand on paths only. A step that is run again
writes the same, and two runs of a day never mix (turns.py). No step holds more of a day than some
stores' rows.
"""

from auditor.pipeline.job import Job, Progress, unfinished
from auditor.pipeline.plan import collect_day
from auditor.pipeline.report import (
    check_limits,
    list_days,
    render_again,
    render_report,
    report_folder,
)
from auditor.pipeline.run import DayResult, expire, run_day
from auditor.pipeline.score import balanced, dealt_out, frames_of, scored_path
from auditor.pipeline.steps import finalise_day, plan_day, report_day, score_batch

__all__ = [
    "DayResult",
    "Job",
    "Progress",
    "balanced",
    "check_limits",
    "collect_day",
    "dealt_out",
    "expire",
    "finalise_day",
    "frames_of",
    "list_days",
    "plan_day",
    "render_again",
    "render_report",
    "report_day",
    "report_folder",
    "run_day",
    "score_batch",
    "scored_path",
    "unfinished",
]
