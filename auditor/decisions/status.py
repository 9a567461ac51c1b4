"""The status of each sale, from the decisions about it."""

from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from auditor.sales.identity import SaleKey
from auditor.tables import NOTE, REOPENED, REVIEW_RESULTS


@dataclass(frozen=True, slots=True)
class CaseStatus:
    """The status of a sale: its last decision.

    The conclusion of the last review is not changed by following the sale up; reopening the case
    withdraws it.
    """

    decision: str | None  # the last that is not a note; None if all entries are notes
    decided_by: str | None
    decided_at: datetime | None
    note: str | None  # of the last entry that has one
    outcome_then: str  # the audit's at the last decision; the ledger's may be another by now
    entries: int  # that the log has about the sale
    review_result: str | None = None  # one of tables.REVIEW_RESULTS


def case_statuses(log: pa.Table) -> dict[SaleKey, CaseStatus]:
    """The status of each sale in DECISION_LOG, whose rows are in the order of recording."""
    statuses: dict[SaleKey, CaseStatus] = {}
    for row in log.to_pylist():
        key, decision = SaleKey.of(row), row["decision"]
        status = statuses.get(key, CaseStatus(None, None, None, None, row["outcome"], 0))
        status = replace(status, entries=status.entries + 1, note=row["note"] or status.note)
        if decision != NOTE:
            status = replace(
                status,
                decision=decision,
                decided_by=row["decided_by"],
                decided_at=row["decided_at"],
                outcome_then=row["outcome"],
            )
        if decision in REVIEW_RESULTS:
            status = replace(status, review_result=decision)
        elif decision == REOPENED:
            status = replace(status, review_result=None)
        statuses[key] = status
    return statuses
