"""Makes last week's due-diligence pack (Monday to Sunday), to be handed to a regulator.

| task | what it does | when it fails | ask |
| --- | --- | --- | --- |
| `pack` | collects coverage, flagged and refused sales, decisions, policy and model in force; writes `OUT/packs/WEEK.zip` and its folder, signed | no day of the week has a report, or the decision log was changed by hand: the message says which | engineer |

It runs on Tuesdays, when Sunday has been audited and Monday is left to put things right. Days that
have no report are named in the pack. **Making a pack again** is always safe: trigger with `week`.

Signed with the password of the Airflow connection `auditor_pack` (`AUDITOR_PACK_CONNECTION`), an
Ed25519 private key in PEM or a secret of 32 bytes and more; without that connection by hash alone.
More in `docs/operations.md`.
"""  # noqa: E501  # Markdown knows no line break inside a table

import os
from datetime import date, timedelta
from typing import TYPE_CHECKING

from airflow.sdk import (
    Connection,
    CronPartitionTimetable,
    Param,
    dag,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowNotFoundException

from auditor_common import TIME_ZONE, default_args, require, results

if TYPE_CHECKING:
    from auditor.operations.pack import Key

SCHEDULE = os.environ.get("AUDITOR_PACK_SCHEDULE", "0 7 * * 2")

CONNECTION = os.environ.get("AUDITOR_PACK_CONNECTION", "auditor_pack")


@task(execution_timeout=timedelta(hours=2))
def pack() -> str:
    """Make the pack; return the path of its zip, relative to OUT."""
    from auditor.errors import ConfigurationError
    from auditor.operations.pack import Order, Week, make_pack

    context = get_current_context()
    params = context["params"]
    require(params, "out")
    if params["week"]:
        week = Week.parse(params["week"])
    elif partition := context["dag_run"].partition_key:
        week = Week.of(date.fromisoformat(partition))
    else:
        raise ConfigurationError('give the run a week: {"week": "2026-W13"}')
    return make_pack(Order(params["out"], week, params["policy"] or None, _key())).zip


def _key() -> "Key | None":
    from auditor.operations.pack import Key

    try:
        secret = Connection.get(CONNECTION).password
    except AirflowNotFoundException:
        return None
    # In an environment variable a PEM's line ends are often written \n.
    text = (secret or "").replace("\\n", "\n")
    return Key.parse(text.encode(), origin=f"the connection {CONNECTION}")


@dag(
    dag_id="weekly_pack",
    description="Makes last week's due-diligence pack.",
    doc_md=__doc__,
    # The run of a Tuesday has the partition key of the Tuesday before, a day of last week.
    schedule=CronPartitionTimetable(
        SCHEDULE, timezone=TIME_ZONE, run_offset=-1, key_format="%Y-%m-%d"
    ),
    start_date=None,
    catchup=False,
    max_active_runs=1,
    tags=["auditor", "compliance"],
    default_args=default_args(
        non_retryable=("auditor.errors.AuditorError", "builtins.ImportError"),
        max_retry_delay=timedelta(hours=1),
    ),
    params={
        "week": Param(
            None,
            type=["null", "string"],
            pattern=r"^\d{4}-W\d{2}$",
            description="ISO week, such as 2026-W13. Empty: the run's own, last week.",
        ),
        **results(),
    },
)
def weekly_pack() -> None:
    """One task; `auditor.operations.pack` does the work."""
    pack()


weekly_pack()
