"""Whether an export may lack sales: categories, numbers, hours and totals against their past.

A sale that the export lacks leaves no row. It may leave a gap in a till's numbers, an hour without
any sale, a total that is larger; or its category is none that the policy names. Each is counted
when a day is planned, and compared with the days before when it is reported.
"""

from auditor.monitoring.completeness.categories import UnknownCategory
from auditor.monitoring.completeness.comparing import Completeness, compare
from auditor.monitoring.completeness.numbers import Gap, MissingNumbers
from auditor.monitoring.completeness.tills import SilentTills, TotalsDiffer

__all__ = [
    "Completeness",
    "Gap",
    "MissingNumbers",
    "SilentTills",
    "TotalsDiffer",
    "UnknownCategory",
    "compare",
]
