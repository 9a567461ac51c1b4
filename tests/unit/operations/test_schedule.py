"""Whether the nightly run starts after the stores' days have ended."""

from datetime import date

import pytest

from auditor.operations.health import schedule
from auditor.operations.health.result import State
from auditor.policy import Policy

TODAY = date(2026, 3, 28)


def chain(**rules: object) -> Policy:
    stores: dict[str, object] = {"S001": {}, "S002": {}}
    override = [{"stores": ["S002"], **rules}] if rules else []
    entry = {"effective_from": date(2020, 1, 1), "time_zone": "Europe/London"}
    return Policy({"stores": stores, "policy": [entry | {"override": override}]})


@pytest.mark.parametrize(
    ("cron", "ends_at", "state", "said"),
    [
        ("30 4 * * *", "04:00", State.OK, "starts at 04:30"),
        ("30 4 * * *", "05:00", State.WARNING, "S002 ends at 05:00 by its clock, 30 minutes later"),
        ("0 23,1 * * *", "01:01", State.WARNING, "1 minutes later"),
        ("*/5 * * * *", "04:00", State.WARNING, "names no time of day"),
        ("@daily", "04:00", State.WARNING, "names no time of day"),
    ],
)
def test_a_run_before_the_end_of_a_stores_day_is_warned_of(
    cron: str, ends_at: str, state: State, said: str
) -> None:
    settings = {"AUDITOR_SCHEDULE": cron, "AUDITOR_TIME_ZONE": "Europe/London"}
    result = schedule.check(chain(day_ends_at=ends_at), TODAY, settings)
    assert (result.state, said in result.said) == (state, True), result


def test_the_zones_of_the_run_and_of_the_store_may_differ() -> None:
    """In London and Lisbon it is an hour earlier than in Paris, and no store's day has ended."""
    settings = {"AUDITOR_SCHEDULE": "30 0 * * *", "AUDITOR_TIME_ZONE": "Europe/Paris"}
    result = schedule.check(chain(), TODAY, settings)
    assert (result.state, "30 minutes later" in result.said) == (State.WARNING, True)


def test_the_schedule_of_the_dag_is_the_one_that_is_taken_without_a_setting() -> None:
    assert schedule.check(chain(), TODAY, {}).state == State.OK
