"""The audit of a day: plan it, score its batches, finalise it, complete the days beside it, report.

Each step reads what the step before it wrote below ``OUT/unfinished/day=.../``, so that a scheduler
can run them in different processes and hand on batches only. A step that is run again writes the
same, and two runs of a day never mix (day.py, plans.py). No step holds more of a day than the rows
of some stores.
"""

from auditor.pipeline.batches import Batch, balanced, divide_evenly
from auditor.pipeline.collect import collect_day
from auditor.pipeline.complete import Completion
from auditor.pipeline.day import Day, Job, Progress, unfinished
from auditor.pipeline.expire import expire
from auditor.pipeline.report import (
    empty_exports,
    exceeded_limits,
    list_days,
    render_again,
    render_report,
    stored_summary,
)
from auditor.pipeline.run import (
    DayResult,
    check_limits,
    complete_days,
    finalise_day,
    plan_day,
    report_day,
    run_day,
    score_batch,
)
from auditor.pipeline.score import frames_of

__all__ = [
    "Batch",
    "Completion",
    "Day",
    "DayResult",
    "Job",
    "Progress",
    "balanced",
    "check_limits",
    "collect_day",
    "complete_days",
    "divide_evenly",
    "empty_exports",
    "exceeded_limits",
    "expire",
    "finalise_day",
    "frames_of",
    "list_days",
    "plan_day",
    "render_again",
    "render_report",
    "report_day",
    "run_day",
    "score_batch",
    "stored_summary",
    "unfinished",
]
