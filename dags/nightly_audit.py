"""Audits one business day of every store: finds the sales to review, and writes the report.

| task | what it does | when it fails | ask |
| --- | --- | --- | --- |
| `resolve_day` | determines which day this run audits | the run names no day, or an address is not set: correct it and trigger again | engineer |
| `plan` | reads and checks till exports and snapshot indexes, finds each sale's frame, cuts the day into batches | an address cannot be opened, or the policy is wrong; the message names the file or key. Bad rows never fail it: they are rejected and reported | engineer; the store's IT if the export is at fault |
| `score` | finds faces in a batch of frames, estimates ages, decides each sale's outcome | killed: out of memory, so give pool `auditor_scoring` fewer slots or the run a smaller batch size; a model that is not what its card says: install the released one. A bad frame never fails it | engineer; model owner |
| `finalise` | checks that every sale ended in exactly one outcome, writes the day's ledger | a sale is lost or counted twice: a defect, keep the files and report it | engineer |
| `complete` | completes the days beside this one: sales over midnight whose last lines came with this day's export. Only stores whose sales changed are audited again; what they said before is kept | another run is at work on that day: let it end, then clear this run; frames of that day are gone: its results stay as they are. **The day's own report is written all the same** | engineer |
| `report` | writes the pages and updates the asset `compliance_report` | the disk or bucket is full or closed | engineer |
| `check_limits` | fails if the day exceeds the policy's limits (rejected rows, inconclusive sales, missing stores) | **the report is there and correct**, but it saw too little: the message says of what. Get the missing files, then run the day again; without them, mark the task as success | compliance officer; the store's IT |
| `expire` | deletes face crops older than the policy's retention, and baskets kept for `weekly_insights` past `insights.keep_days` | faces are kept longer than promised: repair it today | engineer; data protection officer |
| `watcher` | fails when any task failed, so that the run does too | see the task that failed | |

**Running a day again** is always safe: clear the run, or trigger one with `business_date`. Outputs
are named by day and replaced whole; the same inputs, policy and model give the same bytes. Failed
tasks can be cleared alone, from the first that failed, "downstream" ticked.
A task is not retried after a wrong configuration, model, contract or installation, nor when another
run has planned its day anew or finished it meanwhile: another attempt would only repeat the error.

The addresses come from the environment (`AUDITOR_SALES`, `AUDITOR_SNAPSHOTS`, `AUDITOR_OUT`,
`AUDITOR_POLICY`, `AUDITOR_MAPPING`); a trigger may give others. A mail says how each run ended where
`AUDITOR_NOTICE_TO` is set. More in `docs/operations.md`.
"""  # noqa: E501  # Markdown knows no line break inside a table

import logging
import os
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import (
    Asset,
    CronPartitionTimetable,
    Param,
    TriggerRule,
    dag,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.observability import stats

from auditor_common import (
    NOTIFIED,
    TIME_ZONE,
    AuditNotifier,
    business_day,
    connections_in_environment,
    default_args,
    inputs,
    require,
    results,
)

if TYPE_CHECKING:
    from auditor.pipeline import Job

# After midnight, so that yesterday is over; and at a time that every day has exactly once in every
# IANA zone (2024 to 2029): 02:30 is skipped or doubled by 152 zones' clock changes, 03:30 by 18.
SCHEDULE = os.environ.get("AUDITOR_SCHEDULE", "30 4 * * *")

SCORING_POOL = "auditor_scoring"

REPORT = Asset(name="compliance_report")


@task
def resolve_day() -> str:
    """Determine which day this run audits."""
    context = get_current_context()
    require(context["params"], "sales", "snapshots", "out")
    return business_day(context).isoformat()


@task
def plan(day: str) -> list[list[dict[str, Any]]]:
    """Read, check and match the day's records; cut them into batches, divided among tasks."""
    from airflow.configuration import conf

    from auditor.pipeline import divide_evenly, plan_day

    job = _job(day)
    with connections_in_environment(job.mapping, job.day):
        batches = [batch.to_dict() for batch in plan_day(job)]
    # Airflow refuses to run a task that is mapped more often than that.
    return divide_evenly(batches, conf.getint("core", "max_map_length"))


@task(
    pool=SCORING_POOL,
    execution_timeout=timedelta(hours=1),
    map_index_template="{{ '{kind}-{number:05d}'.format(**task.op_kwargs['batches'][0]) }}",
)
def score(day: str, batches: list[dict[str, Any]]) -> None:
    """Estimate the ages in one or more batches of frames, and decide each sale's outcome."""
    from auditor.pipeline import Batch, score_batch

    for batch in batches:
        score_batch(_job(day), Batch.from_dict(batch))


# A day without alcohol sales has no batch, so score is skipped; the day is finalised all the
# same. If a batch failed, it is not.
@task(trigger_rule=TriggerRule.NONE_FAILED)
def finalise(day: str, batches: list[list[dict[str, Any]]]) -> str:
    """Check that every sale ended in one outcome; write the day's partitions. Returns the day."""
    from auditor.pipeline import Batch, finalise_day

    finalise_day(_job(day), [Batch.from_dict(batch) for some in batches for batch in some])
    return day


# Before the report, which compares the day with those before it. It may have to score some stores.
@task(pool=SCORING_POOL, execution_timeout=timedelta(hours=1))
def complete(day: str) -> list[str]:
    """Complete the sales of the days beside this one; return the days that were completed."""
    from auditor.pipeline import complete_days

    # Metrics are of the day audited last, and all its stores: not of some stores of another.
    job = _job(day, measured=False)
    days = (job.day + timedelta(days=away) for away in (-2, -1, 0, 1, 2))
    with connections_in_environment(job.mapping, *days):
        return [str(completed.day) for completed in complete_days(job)]


# If a day beside this one could not be completed, this day is reported all the same.
@task(outlets=[REPORT], trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
def report(day: str) -> str:
    """Write the day's pages."""
    from auditor.pipeline import report_day

    index = report_day(_job(day))
    get_current_context()["outlet_events"][REPORT].extra = {"day": day, "path": index}
    return index


@task
def check_limits(day: str) -> None:
    """Fail if the day exceeds the policy's limits."""
    from auditor.pipeline import check_limits as exceeded_limits

    if exceeded := exceeded_limits(_job(day)):
        raise AirflowFailException(
            f"the report of {day} is written, but the day exceeds limits of the policy: "
            + "; ".join(exceeded)
        )


# Also after a failed audit: a failed night must not keep faces longer.
@task
def expire(day: str) -> list[str]:
    """Delete face crops older than the policy's retention, and baskets past theirs."""
    from auditor.pipeline import expire as expire_crops

    # The morning after the audited day, not the clock on the wall: on the nightly schedule the
    # two agree, and a backfill of an old day expires what was old then, never newer crops.
    job = _job(day)
    return expire_crops(job.out, job.policy, job.day + timedelta(days=1))


# A run is judged by its last tasks. This one comes after all others and is skipped when all
# went well, so no later success can hide a failure.
@task(trigger_rule=TriggerRule.ONE_FAILED, retries=0)
def watcher() -> None:
    """Fail the run if any task failed."""
    raise AirflowFailException("a task of this run failed: see the task in red")


def _job(day: str, *, measured: bool = True) -> "Job":
    from auditor.pipeline import Job

    if measured:
        send_metrics()
    params = get_current_context()["params"]
    options = {} if params["batch_size"] is None else {"batch_size": params["batch_size"]}
    return Job(
        day=date.fromisoformat(day),
        sales=params["sales"],
        snapshots=params["snapshots"],
        out=params["out"],
        policy=params["policy"] or None,
        mapping=params["mapping"] or None,
        **options,
    )


class _Metrics(logging.Handler):
    """Sends the figures of the audit's events as metrics, by Airflow's StatsD or OpenTelemetry.

    Where neither is on, Airflow drops them.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Send the metrics of an event."""
        from auditor.telemetry import metrics_of

        for metric, value in metrics_of(record):
            if metric.kind == "timer":
                stats.timing(metric.name, timedelta(seconds=value))
            else:
                stats.gauge(metric.name, value)


def send_metrics() -> None:
    """Let this process send the metrics of the audit's events, once."""
    from auditor.telemetry import log

    if not any(isinstance(handler, _Metrics) for handler in log.handlers):
        log.addHandler(_Metrics())
    log.setLevel(logging.INFO)


@dag(
    dag_id="nightly_audit",
    description="Audits yesterday's alcohol sales of every store and writes the compliance report.",
    doc_md=__doc__,
    # The run of Tuesday morning has the partition key of Monday, the day that it audits.
    schedule=CronPartitionTimetable(
        SCHEDULE, timezone=TIME_ZONE, run_offset=-1, key_format="%Y-%m-%d"
    ),
    # No start_date: a run dated before one makes no task at all and ends as a success.
    start_date=None,
    catchup=False,
    # Of two runs of one day one would end at once. (A backfill has a limit of its own.)
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    on_success_callback=[AuditNotifier(failed=False)] if NOTIFIED else None,
    on_failure_callback=[AuditNotifier(failed=True)] if NOTIFIED else None,
    tags=["auditor", "compliance"],
    default_args=default_args(
        retry_delay=timedelta(minutes=1),
        max_retry_delay=timedelta(minutes=15),
        execution_timeout=timedelta(minutes=30),
    ),
    params={
        "business_date": Param(
            None,
            type=["null", "string"],
            format="date",
            description="Day to audit, YYYY-MM-DD. Empty: the run's partition, yesterday at night.",
        ),
        **inputs(),
        **results(),
        "batch_size": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            description="Sales in a scoring batch (may stay empty)",
        ),
    },
)
def nightly_audit() -> None:
    """Lay the tasks out; `auditor.pipeline` does the work."""
    resolved = resolve_day()
    day: Any = resolved  # a reference now, a string when the tasks run
    batches: Any = plan(day)
    scored = score.partial(day=day).expand(batches=batches)
    finalised: Any = finalise(day, batches)
    completed, reported, checked = complete(finalised), report(finalised), check_limits(day)
    scored >> finalised >> completed >> reported >> checked
    [resolved, batches, scored, finalised, completed, reported, checked, expire(day)] >> watcher()


nightly_audit()
