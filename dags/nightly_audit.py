"""Audits one business day of every store: finds the sales to look at, and writes the report.

| task | what it does | when it fails | ask |
| --- | --- | --- | --- |
| `resolve_day` | says which day this run audits | the run names no day, or an address is not set: correct it and trigger again | engineer |
| `plan` | reads and checks till exports and snapshot indexes, finds each sale's frame, cuts the day into batches | an address cannot be opened, or the policy is wrong; the message names the file or key. Bad rows never fail it: they are set aside and reported | engineer; the store's IT if the export is at fault |
| `score` | looks for faces in a batch of frames, estimates ages, decides each sale's outcome | killed: out of memory, so give pool `auditor_scoring` fewer slots or the run a smaller batch size; a model that is not what its card says: install the released one. A bad frame never fails it | engineer; model owner |
| `finalise` | counts that every sale ended in exactly one outcome, puts the day's ledger in place | a sale is lost or counted twice: a defect, keep the files and report it | engineer |
| `report` | writes the pages; then the asset `compliance_report` has news | the disk or bucket is full or closed | engineer |
| `check_limits` | fails if the day exceeds the policy's limits (rejected rows, inconclusive sales, missing stores) | **the report is there and correct**, but it saw too little: the message says of what. Get the missing files, then run the day again; without them, mark the task as success | compliance officer; the store's IT |
| `expire` | deletes face crops older than the policy's retention, and baskets kept for `weekly_insights` past `insights.keep_days` | faces are kept longer than promised: mend it today | engineer; data protection officer |
| `watcher` | fails when any task failed, so that the run does too | see the task that failed | |

**Running a day again** is always safe: clear the run, or trigger one with `business_date`. Outputs
are named by day and replaced whole; the same inputs, policy and model give the same bytes. Failed
tasks can be cleared alone, from the first that failed, "downstream" ticked.
A wrong configuration, model, contract or installation is not tried again: trying cannot mend it. Nor
is a run whose day another run has planned anew or finished meanwhile: that one's results hold.

The addresses come from the environment (`AUDITOR_SALES`, `AUDITOR_SNAPSHOTS`, `AUDITOR_OUT`,
`AUDITOR_POLICY`); a trigger may give others. A mail says how each run ended where
`AUDITOR_NOTICE_TO` is set. More in `docs/operations.md`.
"""  # noqa: E501  # Markdown knows no line break inside a table

import logging
import os
from datetime import date, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import (
    Asset,
    BaseNotifier,
    CronPartitionTimetable,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    TriggerRule,
    dag,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.observability import stats

from auditor.storage.addresses import without_credentials

if TYPE_CHECKING:
    from auditor.operations.notification import Notification
    from auditor.pipeline import Job

TIME_ZONE = os.environ.get("AUDITOR_TIME_ZONE", "UTC")

# After midnight, so that yesterday is over; and at a time that every day has exactly once in every
# IANA zone (2024 to 2029): 02:30 is skipped or doubled by 152 zones' clock changes, 03:30 by 18.
SCHEDULE = os.environ.get("AUDITOR_SCHEDULE", "30 4 * * *")

# Who gets a mail when a run has ended, with commas between; none: no mail.
NOTICE_TO = os.environ.get("AUDITOR_NOTICE_TO", "").strip()

SCORING_POOL = "auditor_scoring"

REPORT = Asset(name="compliance_report")

NEVER_MENDED_BY_TRYING_AGAIN = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                "auditor.errors.ConfigurationError",
                "auditor.errors.ContractError",
                "auditor.errors.ModelError",
                "auditor.errors.OvertakenError",
                "builtins.ImportError",
            ],
            action=RetryAction.FAIL,
            reason="trying again cannot mend this",
        )
    ]
)


def _address(variable: str, meaning: str, *, required: bool = True) -> Param:
    if not required:
        meaning += " (may stay empty)"
    # A key in an address would stand on Airflow's pages, so the DAG is not there with one.
    url = without_credentials(os.environ.get(variable))
    return Param(url, type=["null", "string"], description=meaning)


@task
def resolve_day() -> str:
    """Say which day this run audits."""
    from auditor.errors import ConfigurationError

    context = get_current_context()
    params = context["params"]
    if unset := [name for name in ("sales", "snapshots", "out") if not params[name]]:
        variables = " and ".join(f"AUDITOR_{name.upper()}" for name in unset)
        raise ConfigurationError(
            f"no address for {' and '.join(unset)}: set {variables} for Airflow,"
            " or give the parameter when triggering"
        )
    return business_day(context).isoformat()


def business_day(context: Any) -> date:
    """The day that a run audits."""
    from auditor.clock.business_day import resolve_business_day

    return resolve_business_day(
        param=context["params"]["business_date"],
        partition_key=context["dag_run"].partition_key,
        data_interval_start=context.get("data_interval_start"),
        data_interval_end=context.get("data_interval_end"),
        time_zone=TIME_ZONE,
    )


@task
def plan(day: str) -> list[list[dict[str, Any]]]:
    """Read, check and match the day's records; cut them into batches, divided among tasks."""
    from airflow.configuration import conf

    from auditor.pipeline import divide_evenly, plan_day

    batches = [batch.to_dict() for batch in plan_day(_job(day))]
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
def finalise(day: str, batches: list[list[dict[str, Any]]]) -> None:
    """Count that every sale ended in one outcome; put the day's partitions in place."""
    from auditor.pipeline import Batch, finalise_day

    finalise_day(_job(day), [Batch.from_dict(batch) for some in batches for batch in some])


@task(outlets=[REPORT])
def report(day: str) -> str:
    """Write the day's pages."""
    from auditor.pipeline import report_day

    index = report_day(_job(day))
    get_current_context()["outlet_events"][REPORT].extra = {"day": day, "path": index}
    return index


@task
def check_limits(day: str) -> None:
    """Fail if the audit saw less of the day than the policy demands."""
    from auditor.pipeline import check_limits as exceeded_limits

    if exceeded := exceeded_limits(_job(day)):
        raise AirflowFailException(
            f"the report of {day} is written, but the day exceeds limits of the policy: "
            + "; ".join(exceeded)
        )


# Also after a failed audit: faces are not kept longer because a night went wrong.
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


def _job(day: str) -> "Job":
    from auditor.pipeline import Job

    _measured()
    params = get_current_context()["params"]
    options = {} if params["batch_size"] is None else {"batch_size": params["batch_size"]}
    return Job(
        day=date.fromisoformat(day),
        sales=params["sales"],
        snapshots=params["snapshots"],
        out=params["out"],
        policy=params["policy"] or None,
        **options,
    )


class _Metrics(logging.Handler):
    """Makes metrics of what the audit tells of its steps, by Airflow's own StatsD or OpenTelemetry.

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


def _measured() -> None:
    """Let this process tell Airflow's metrics what the audit tells of its steps, once."""
    from auditor.telemetry import log

    if not any(isinstance(handler, _Metrics) for handler in log.handlers):
        log.addHandler(_Metrics())
    log.setLevel(logging.INFO)


class AuditNotice(BaseNotifier):
    """Mails how a run ended: a link and counts, nobody in it.

    Airflow calls it in the DAG processor, which needs the results' address as the workers do. A
    mail that cannot be sent is an error in the DAG processor's log, and changes no run.
    """

    def __init__(self, *, failed: bool) -> None:
        """Take whether it is called for runs that failed."""
        super().__init__()
        self._failed = failed

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        """Render nothing: there is no template in it."""

    def notify(self, context: Any) -> None:
        """Send the mail about the run of a context."""
        from airflow.providers.smtp.hooks.smtp import SmtpHook

        notice = self._notice(context)
        connection = os.environ.get("AUDITOR_NOTICE_CONNECTION", SmtpHook.default_conn_name)
        with SmtpHook(smtp_conn_id=connection) as smtp:
            message = EmailMessage()
            message["Subject"] = notice.subject
            message["From"] = (
                os.environ.get("AUDITOR_NOTICE_FROM") or smtp.from_email or smtp.smtp_user
            )
            message["To"] = NOTICE_TO
            message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes come back
            message.set_content(notice.text)
            message.add_alternative(notice.html, subtype="html")
            # The hook's own send_email_smtp knows HTML only.
            client: Any = smtp._smtp_client  # noqa: SLF001
            client.send_message(message)

    def _notice(self, context: Any) -> "Notification":
        from auditor.errors import ConfigurationError
        from auditor.operations.notification import Run, of_day, of_no_day

        run = Run(self._failed, context["run_id"], _link(context))
        params = context.get("params") or {}
        try:
            day = business_day(context)
        except (ConfigurationError, KeyError):
            return of_no_day(run)
        return of_day(
            day,
            run,
            out=params["out"],
            policy=params["policy"] or None,
            reports_url=os.environ.get("AUDITOR_REPORTS_URL"),
        )


def _link(context: Any) -> str | None:
    from airflow.configuration import conf

    base = conf.get("api", "base_url", fallback="")
    if not base:
        return None
    path = f"dags/{quote(context['dag'].dag_id)}/runs/{quote(context['run_id'])}"
    return f"{base.rstrip('/')}/{path}"


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
    on_success_callback=[AuditNotice(failed=False)] if NOTICE_TO else None,
    on_failure_callback=[AuditNotice(failed=True)] if NOTICE_TO else None,
    tags=["auditor", "compliance"],
    default_args={
        "owner": "compliance-engineering",
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=15),
        "retry_policy": NEVER_MENDED_BY_TRYING_AGAIN,
        "execution_timeout": timedelta(minutes=30),
    },
    params={
        "business_date": Param(
            None,
            type=["null", "string"],
            format="date",
            description="Day to audit, YYYY-MM-DD. Empty: the run's partition, yesterday at night.",
        ),
        "sales": _address("AUDITOR_SALES", "URL of the till exports"),
        "snapshots": _address("AUDITOR_SNAPSHOTS", "URL of the snapshot indexes and frames"),
        "out": _address("AUDITOR_OUT", "URL of the results"),
        "policy": _address("AUDITOR_POLICY", "URL of the policy's TOML", required=False),
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
    finalised, reported, checked = finalise(day, batches), report(day), check_limits(day)
    scored >> finalised >> reported >> checked
    [resolved, batches, scored, finalised, reported, checked, expire(day)] >> watcher()


nightly_audit()
