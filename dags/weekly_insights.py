"""Reports, once a week, what each age group bought and what to suggest to it.

| task | what it does | when it fails | ask |
| --- | --- | --- | --- |
| `resolve_week` | determines which week, Monday to Sunday, this run is about | the run names no week, or an address is not set: correct it and trigger again | engineer |
| `purchases` | reads the baskets that the nightly runs kept, writes pages, CSV and JSON; **skipped** while the policy's `[insights]` does not allow it | no basket of the week was kept: look at `insights.effective_from` and `insights.stores`; other age groups within the week: run its nights again; a model without a confusion: measure it | analyst; engineer |

**When it runs**: as soon as the nightly audit has reported all seven days of a week. A night that
failed is repeated first; then the week follows by itself. Without that night, trigger the week by
hand with the parameter `week`, its Monday: the page says which day is missing.

**Running a week again** is always safe: its pages are replaced; the same baskets, policy and model
give the same bytes. It reads no face, no flag, no cashier and no transaction (docs/insights.md).
"""  # noqa: E501  # Markdown knows no line break inside a table

from datetime import timedelta
from typing import Any

from airflow.sdk import (
    Asset,
    Param,
    PartitionedAssetTimetable,
    RollupMapper,
    StartOfWeekMapper,
    WeekWindow,
    dag,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException

from auditor_common import NON_RETRYABLE, default_args, require, results

#: What a nightly run reports, by day; and what this one reports, by the Monday of the week.
NIGHTLY_REPORT = Asset(name="compliance_report")
INSIGHTS = Asset(name="purchases_by_age_group")

_DAY = "%Y-%m-%d"


@task
def resolve_week() -> str:
    """Determine which week this run is about; its Monday."""
    from auditor.clock.business_day import resolve_business_day
    from auditor.operations.insights_report import week_of

    context = get_current_context()
    params = context["params"]
    require(params, "out")
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
        raise AirflowSkipException("the policy's [insights] is not enabled: no basket is analysed")
    found = report_purchases(params["out"], *week_of(date.fromisoformat(week)), policy)
    for words in found.warnings:
        print(f"Take care: {words}")  # noqa: T201  # into the task's log
    event = get_current_context()["outlet_events"][INSIGHTS]
    event.extra = {"week": week, "path": found.report}
    return found.report


@dag(
    dag_id="weekly_insights",
    description="Reports what each age group bought over a week, from what the nightly runs kept.",
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
    default_args=default_args(
        non_retryable=(*NON_RETRYABLE, "auditor.errors.SourceError"),
        execution_timeout=timedelta(hours=4),
    ),
    params={
        "week": Param(
            None,
            type=["null", "string"],
            format="date",
            description="Monday of the week, YYYY-MM-DD. Empty: the run's partition.",
        ),
        **results(),
    },
)
def weekly_insights() -> None:
    """Lay the tasks out; `auditor.operations.insights_report` does the work."""
    week: Any = resolve_week()
    purchases(week)


weekly_insights()
