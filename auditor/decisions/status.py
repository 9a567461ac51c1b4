"""Where a sale stands by the decisions about it."""

from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from auditor.sales.identity import SaleKey
from auditor.tables import REVIEW_RESULTS

_NOTE, _REOPENED = "note", "reopened"


@dataclass(frozen=True, slots=True)
class CaseStatus:
    """Where a sale stands: its last decision, a note never being one; None if all are notes.

    ``finding`` is what was seen when somebody last looked, one of tables.FINDINGS: speaking about
    it does not change it, and reopening the case withdraws it.
    ``outcome_then`` is what the audit said when it was decided. Where the ledger says something
    else now, the day was audited again since.
    """

    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    note: str | None  # of the last entry that has one
    outcome_then: str
    entries: int
    finding: str | None = None


def case_statuses(log: pa.Table) -> dict[SaleKey, CaseStatus]:
    """Where each sale of a log stands, by store and transaction.

    Args:
        log: DECISION_LOG in order of recording, as :func:`checked` gives it.
    """
    found: dict[SaleKey, CaseStatus] = {}
    for row in log.to_pylist():
        key = SaleKey.of(row)
        now = found.get(key, CaseStatus(None, None, None, None, row["outcome"], 0))
        now = replace(now, entries=now.entries + 1, note=row["note"] or now.note)
        if row["decision"] != _NOTE:
            now = replace(
                now,
                decision=row["decision"],
                decided_by=row["decided_by"],
                decided_at=row["decided_at"],
                outcome_then=row["outcome"],
            )
        if row["decision"] in REVIEW_RESULTS:
            now = replace(now, finding=row["decision"])
        elif row["decision"] == _REOPENED:
            now = replace(now, finding=None)
        found[key] = now
    return found
