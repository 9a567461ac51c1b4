"""Which tables are stored below OUT, by the name of their folder."""

from auditor.tables.baselines import (
    CAMERA_COUNTS,
    CAMERA_DAYS,
    CATEGORY_COUNTS,
    CHECK_COUNTS,
    DAY_FIGURES,
    NUMBER_RUNS,
    QUALITY_COUNTS,
    RECORDED_AGES,
    TILL_DAYS,
)
from auditor.tables.inputs import INPUT_NOTES, REJECTS, STORE_DAYS
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

#: What the tills wrote, by which a sale that the export lacks may be noticed; part of DAILY.
EXPORTED = {"tills": TILL_DAYS, "number_runs": NUMBER_RUNS, "categories": CATEGORY_COUNTS}

#: One file a day for all stores: baselines for later days, and what was noticed of the inputs.
DAILY = {
    "figures": DAY_FIGURES,
    "cameras": CAMERA_COUNTS,
    "camera_days": CAMERA_DAYS,
    **COUNTED,
    **EXPORTED,
    "input_notes": INPUT_NOTES,
}
