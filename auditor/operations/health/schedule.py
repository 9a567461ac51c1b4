"""Check of the nightly schedule: whether it starts after the stores' days have ended."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auditor.clock.local_time import SECOND
from auditor.operations.health.result import HealthResult, ok, warning
from auditor.policy import Policy

#: The variable that holds the schedule, and what dags/nightly_audit.py takes without it.
VARIABLE, DEFAULT = "AUDITOR_SCHEDULE", "30 4 * * *"

_ZONE = "AUDITOR_TIME_ZONE"
_AT = re.compile(r"\s*(\d{1,2})\s+(\d{1,2}(?:,\d{1,2})*)\s")


def check(policy: Policy, today: date, environment: Mapping[str, str]) -> HealthResult:
    """Whether the run that starts today finds yesterday over in every listed store."""
    cron, zone = environment.get(VARIABLE, DEFAULT), environment.get(_ZONE, "UTC")
    at = _AT.match(f"{cron} ")
    try:
        clock = ZoneInfo(zone)
        first = time(min(map(int, at[2].split(","))), int(at[1])) if at else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        first = None
    if first is None:
        return warning(
            "schedule",
            f"{VARIABLE} {cron!r} in the zone {zone!r} names no time of day that can be compared",
            "see that it starts after the business day of every store has ended",
        )
    start, yesterday = datetime.combine(today, first, clock), today - timedelta(days=1)
    open_still = []
    for store_id in policy.stores or ("",):
        rules = policy.rules(yesterday, store_id)
        end = datetime.fromtimestamp(rules.window(yesterday)[1] / SECOND, UTC)
        if start < end:
            open_still.append((end, store_id, rules.day_ends_at))
    if not open_still:
        return ok("schedule", f"the night's run starts at {first:%H:%M} ({zone}), after the day")
    end, store_id, ends_at = max(open_still)
    named = f" of {store_id}" if store_id else ""
    return warning(
        "schedule",
        f"the night's run starts at {first:%H:%M} ({zone}), and the day{named} ends at {ends_at} "
        f"by its clock, {round((end - start) / timedelta(minutes=1))} minutes later",
        f"start it later ({VARIABLE}): sales after the start are audited only when the day is run "
        "again",
    )
