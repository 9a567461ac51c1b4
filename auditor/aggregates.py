"""What is kept of each store's day for the days to come: tables of counts, made of its ledger."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

import pyarrow as pa

from auditor.hollow.counting import count_ages, count_hollow
from auditor.people.exposure import count_checks
from auditor.policy import Rules

#: From the LEDGER of a store and its rules to a table of counts.
Aggregate = Callable[[pa.Table, Rules], pa.Table]


def _checks(ledger: pa.Table, rules: Rules) -> pa.Table:
    return count_checks(ledger, ZoneInfo(rules.time_zone))


#: By the names of tables.COUNTED.
AGGREGATES: Mapping[str, Aggregate] = {
    "checks": _checks,
    "hollow": count_hollow,
    "recorded_ages": count_ages,
}
