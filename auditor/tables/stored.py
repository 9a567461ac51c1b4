"""Which tables are stored below OUT, by the name of their folder."""

from auditor.tables.baselines import (
    CAMERA_COUNTS,
    CHECK_COUNTS,
    DAY_FIGURES,
    QUALITY_COUNTS,
    RECORDED_AGES,
)
from auditor.tables.inputs import REJECTS, STORE_DAYS
from auditor.tables.insights import INSIGHTS
from auditor.tables.ledger import LEDGER, PROVENANCE

#: One partition a day and store.
STORED = {
    "ledger": LEDGER,
    "rejects": REJECTS,
    "coverage": STORE_DAYS,
    "provenance": PROVENANCE,
    "insights": INSIGHTS,
}

#: The partition of rejects whose store is not known.
UNKNOWN_STORE = "_unknown"

#: Counts of a store's ledger that can be added up over days; part of DAILY.
COUNTED = {
    "checks": CHECK_COUNTS,
    "id_check_quality": QUALITY_COUNTS,
    "recorded_ages": RECORDED_AGES,
}

#: Baselines for later days: one file a day for all stores.
DAILY = {"figures": DAY_FIGURES, "cameras": CAMERA_COUNTS, **COUNTED}
