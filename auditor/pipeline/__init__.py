"""The line, composed: plan a day, score its batches, settle the ledger, report.

Each step reads what the step before it wrote below ``OUT/unfinished/day=.../``, so that a
scheduler can run them in different processes and hand on paths only. A step that is run again
writes the same, and two runs of a day never mix (turns.py). No step holds more of a day than some
stores' rows.
"""

from auditor.pipeline.job import Job, Progress, load_policy, unfinished
from auditor.pipeline.planning import collect_day
from auditor.pipeline.reporting import check_limits, list_days, report_folder, show_decisions
from auditor.pipeline.running import DayResult, expire, run_day
from auditor.pipeline.scoring import balanced, dealt_out, frames_of, scored_path
from auditor.pipeline.steps import plan_day, report_day, score_batch, settle_day

__all__ = [
    "DayResult",
    "Job",
    "Progress",
    "balanced",
    "check_limits",
    "collect_day",
    "dealt_out",
    "expire",
    "frames_of",
    "list_days",
    "load_policy",
    "plan_day",
    "report_day",
    "report_folder",
    "run_day",
    "score_batch",
    "scored_path",
    "settle_day",
    "show_decisions",
    "unfinished",
]
