"""flags.csv: the flagged sales of a day, in the order of their ranks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import BinaryIO

from auditor.decisions.status import CaseStatus
from auditor.report.environment import store_page
from auditor.report.fragments import Fragments
from auditor.report.sales import Case
from auditor.report.spreadsheet import Cell, csv_line

#: The columns of flags.csv and what they mean; ages in years, probabilities from 0 to 1.
FLAG_COLUMNS: Mapping[str, str] = {
    "rank": "1 is the sale to look at first, over the whole chain",
    "store_id": "store",
    "transaction_id": "the till's number of the transaction",
    "till_id": "till",
    "cashier_id": "cashier, or the attendant of a self-checkout",
    "sold_at": "time of the sale, local to the store, with its offset",
    "amount": "price of the basket",
    "currency": "ISO 4217 code of the amount",
    "id_check": "what the till recorded of the ID check",
    "id_check_at": "time of the ID check, as sold_at",
    "id_check_by": "who did the ID check",
    "age": "estimated age of the buyer",
    "age_sd": "standard deviation of the age",
    "age_low": "lower end of the 80 % interval",
    "age_high": "upper end of the 80 % interval",
    "p_under_legal": "P(buyer under the legal age)",
    "p_under_challenge": "P(buyer under the challenge age)",
    "legal_age": "age from which alcohol may be bought",
    "challenge_age": "anyone who looks younger is asked for ID",
    "faces": "faces found in the frame",
    "matched_by": "how the frame was matched: transaction or till_and_time",
    "snapshot_id": "frame",
    "marks": "what a reader should know of the record, separated by spaces",
    "reason": "recorded_underage, or the state of the ID check",
    "recorded_years": "age of the buyer by the date of birth on record, if there is one",
    "why": "why the sale is flagged, in a sentence",
    "page": "where the sale stands in the report",
    "decision": "what a person decided last, see GLOSSARY.md; empty where nobody has yet",
    "decided_by": "who did",
    "decided_at": "and when, UTC",
    "decision_note": "what they wrote with it",
    "last_note": "what somebody wrote last, with a decision or as a remark",
    "last_note_by": "who did",
    "last_note_at": "and when, UTC",
}


class FlagsCsv:
    """The flagged sales in the columns of ``FLAG_COLUMNS``.

    Texts are guarded against being run as formulas, see :mod:`auditor.report.spreadsheet`.
    """

    def __init__(self, disk: BinaryIO) -> None:
        self._rows = Fragments(disk)

    def add(self, cases: Iterable[Case]) -> None:
        """Take a store's flagged sales."""
        for case in cases:
            row = _row(case)
            self._rows.add(case.rank, csv_line(row[column] for column in FLAG_COLUMNS))

    def written(self) -> Iterator[bytes]:
        """The file, line by line."""
        yield csv_line(FLAG_COLUMNS).encode()
        yield from self._rows


def decision_columns(status: CaseStatus | None) -> dict[str, Cell]:
    """The columns on what people decided about a sale, each None where nobody has."""
    note = status.last_note if status else None
    return {
        "decision": status.decision if status else None,
        "decided_by": status.decided_by if status else None,
        "decided_at": status.decided_at if status else None,
        "decision_note": status.note if status else None,
        "last_note": note.text if note else None,
        "last_note_by": note.by if note else None,
        "last_note_at": note.at if note else None,
    }


def _row(case: Case) -> dict[str, Cell]:
    estimate = asdict(case.estimate) if case.estimate else {}
    return {
        **{name: getattr(case, name) for name in FLAG_COLUMNS if hasattr(case, name)},
        **{name: estimate.get(name) for name in ("age", "p_under_legal", "p_under_challenge")},
        **{f"age_{name}": estimate.get(name) for name in ("sd", "low", "high")},
        **decision_columns(case.status),
        "marks": " ".join(case.marks),
        "page": f"{store_page(case.store_id)}#{case.anchor}",
    }
