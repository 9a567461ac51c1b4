"""The status of each sale, from the decisions about it."""

from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from auditor.sales.identity import SaleKey
from auditor.tables import NOTE, REOPENED, REVIEW_RESULTS


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote, whether with a decision or as a remark."""

    text: str
    by: str
    at: datetime
    decision: str  # that it was written with; ``note`` if with none


@dataclass(frozen=True, slots=True)
class CaseStatus:
    """The status of a sale: its last decision.

    The conclusion of the last review is not changed by following the sale up; reopening the case
    withdraws it.
    """

    decision: str | None  # the last that is not a note; None if all entries are notes
    decided_by: str | None
    decided_at: datetime | None
    note: str | None  # written with that decision, by whoever decided
    outcome_then: str  # the audit's at the last decision; the ledger's may be another by now
    entries: int  # that the log has about the sale
    review_result: str | None = None  # one of tables.REVIEW_RESULTS
    notes: tuple[Note, ...] = ()  # all of them, in order of recording

    @property
    def last_note(self) -> Note | None:
        """What was written last, by whomever."""
        return self.notes[-1] if self.notes else None

    @property
    def other_notes(self) -> tuple[Note, ...]:
        """Those that were not written with the decision that stands, in order of recording."""
        decided = (self.decision, self.decided_by, self.decided_at)
        return tuple(n for n in self.notes if (n.decision, n.by, n.at) != decided)


def case_statuses(log: pa.Table) -> dict[SaleKey, CaseStatus]:
    """The status of each sale in DECISION_LOG, whose rows are in the order of recording."""
    statuses: dict[SaleKey, CaseStatus] = {}
    for row in log.to_pylist():
        key, decision = SaleKey.of(row), row["decision"]
        status = statuses.get(key, CaseStatus(None, None, None, None, row["outcome"], 0))
        status = replace(status, entries=status.entries + 1)
        if row["note"] is not None:
            note = Note(row["note"], row["decided_by"], row["decided_at"], decision)
            status = replace(status, notes=(*status.notes, note))
        if decision != NOTE:
            status = replace(
                status,
                decision=decision,
                decided_by=row["decided_by"],
                decided_at=row["decided_at"],
                note=row["note"],
                outcome_then=row["outcome"],
            )
        if decision in REVIEW_RESULTS:
            status = replace(status, review_result=decision)
        elif decision == REOPENED:
            status = replace(status, review_result=None)
        statuses[key] = status
    return statuses
