"""Tells, once a week, what each age group bought and what to suggest to it.

| task | what it does | when it fails | ask |
| --- | --- | --- | --- |
| `resolve_week` | says which week, Monday to Sunday, this run is about | the run names no week, or an address is not set: correct it and trigger again | engineer |
| `purchases` | reads the baskets that the nightly runs kept, writes pages, CSV and JSON; **skipped** while the policy's `[insights]` does not allow it | no basket of the week was kept: look at `insights.effective_from` and `insights.stores`; other age groups within the week: run its nights again; a model without a confusion: measure it | analyst; engineer |

**When it runs**: as soon as the nightly audit has reported all seven days of a week. A night that
failed is made up for first; then the week follows by itself. Without that night, trigger the week by
hand with the parameter `week`, its Monday: the page says which day is missing.

**Running a week again** is always safe: its pages are replaced; the same baskets, policy and model
give the same bytes. It reads no face, no flag, no cashier and no transaction (docs/insights.md).
"""  # noqa: E501  # Markdown knows no line break inside a table

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import (
    Asset,
    ExceptionRetryPolicy,
    Param,
    PartitionedAssetTimetable,
    RetryAction,
    RetryRule,
    RollupMapper,
    StartOfWeekMapper,
    WeekWindow,
    dag,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException

from auditor.storage.addresses import without_credentials

#: What a nightly run reports, by day; and what this one reports, by the Monday of the week.
NIGHTLY_REPORT = Asset(name="compliance_report")
INSIGHTS = Asset(name="purchases_by_age_group")

_DAY = "%Y-%m-%d"

NEVER_MENDED_BY_TRYING_AGAIN = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                "auditor.errors.ConfigurationError",
                "auditor.errors.ContractError",
                "auditor.errors.ModelError",
                "auditor.errors.SourceError",
                "builtins.ImportError",
            ],
            action=RetryAction.FAIL,
            reason="trying again cannot mend this",
        )
    ]
)


@task
def resolve_week() -> str:
    """Say which week this run is about: its Monday."""
    from auditor.clock.business_day import resolve_business_day
    from auditor.errors import ConfigurationError
    from auditor.operations.insights_report import week_of

    context = get_current_context()
    params = context["params"]
    if not params["out"]:
        raise ConfigurationError("no address for out: set AUDITOR_OUT, or give the parameter")
    # An asset-driven run stands for no interval: only the parameter or the partition names a week.
    day = resolve_business_day(
        param=params["week"],
        partition_key=context["dag_run"].partition_key,
        data_interval_start=None,
        data_interval_end=None,
        time_zone="UTC",
    )
    return week_of(day)[0].isoformat()


@task(outlets=[INSIGHTS])
def purchases(week: str) -> str:
    """Write the pages of the week."""
    from datetime import date

    from auditor.operations.insights_report import report_purchases, week_of
    from auditor.policy import load_policy

    params = get_current_context()["params"]
    policy = params["policy"] or None
    if not load_policy(policy).insights.enabled:
        raise AirflowSkipException("the policy's [insights] is not enabled: nothing is looked at")
    found = report_purchases(params["out"], *week_of(date.fromisoformat(week)), policy)
    for words in found.warnings:
        print(f"Take care: {words}")  # noqa: T201  # into the task's log
    event = get_current_context()["outlet_events"][INSIGHTS]
    event.extra = {"week": week, "path": found.report}
    return found.report


@dag(
    dag_id="weekly_insights",
    description="Tells what each age group bought over a week, from what the nightly runs kept.",
    doc_md=__doc__,
    # The seven days of a week make one run, whose partition key is the Monday.
    schedule=PartitionedAssetTimetable(
        assets=NIGHTLY_REPORT,
        default_partition_mapper=RollupMapper(
            upstream_mapper=StartOfWeekMapper(input_format=_DAY, output_format=_DAY),
            window=WeekWindow(),
        ),
    ),
    start_date=None,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    tags=["auditor", "insights"],
    default_args={
        "owner": "compliance-engineering",
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=30),
        "retry_policy": NEVER_MENDED_BY_TRYING_AGAIN,
        "execution_timeout": timedelta(hours=4),
    },
    params={
        "week": Param(
            None,
            type=["null", "string"],
            format="date",
            description="Monday of the week, YYYY-MM-DD. Empty: the run's partition.",
        ),
        "out": Param(
            without_credentials(os.environ.get("AUDITOR_OUT")),
            type=["null", "string"],
            description="URL of the nightly runs' results; the pages go below it too",
        ),
        "policy": Param(
            without_credentials(os.environ.get("AUDITOR_POLICY")),
            type=["null", "string"],
            description="URL of the policy's TOML (may stay empty)",
        ),
    },
)
def weekly_insights() -> None:
    """Lay the tasks out; `auditor.operations.insights_report` does the work."""
    week: Any = resolve_week()
    purchases(week)


weekly_insights()
