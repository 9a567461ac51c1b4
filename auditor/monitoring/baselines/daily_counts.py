"""What is kept of each store's day for the days to come: tables of counts, made of its ledger."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

import pyarrow as pa

from auditor.monitoring.cameras.counting import count_cameras
from auditor.monitoring.id_check_quality.counting import count_ages, count_quality
from auditor.monitoring.staff.exposure import count_checks
from auditor.policy import Rules

#: From the LEDGER of a store, its rules, and the age model's name and version to a table of counts.
Aggregate = Callable[[pa.Table, Rules, str], pa.Table]


def _checks(ledger: pa.Table, rules: Rules, _model: str) -> pa.Table:
    return count_checks(ledger, ZoneInfo(rules.time_zone))


def _quality(ledger: pa.Table, rules: Rules, _model: str) -> pa.Table:
    return count_quality(ledger, rules)


def _ages(ledger: pa.Table, rules: Rules, _model: str) -> pa.Table:
    return count_ages(ledger, rules)


#: By the names of tables.DAILY, the figures aside.
AGGREGATES: Mapping[str, Aggregate] = {
    "checks": _checks,
    "id_check_quality": _quality,
    "recorded_ages": _ages,
    "cameras": count_cameras,
}
