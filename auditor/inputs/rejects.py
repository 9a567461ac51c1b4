"""Rejects: what of a file was not taken, cell by cell, with the reason and the remedy."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from auditor.inputs.cells import REASONS, Fault, shown
from auditor.inputs.day_files import SourceFile
from auditor.tables import REJECTS

#: Columns whose bad cells do not cost the row: the sale is recorded without them.
KEPT_WITHOUT = ("description", "id_check_at", "id_check_by", "birth_date")

#: The reason of such a cell.
KEPT = "bad_optional_cell"

_STAGE = "inputs"
#: Columns whose cells are never repeated in a message: personal data.
_WITHHELD = ("birth_date",)


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell at fault, with its record's number, its column's place among the columns and its text.

    ``ids`` are its row's store, transaction and snapshot ids, as far as they are known.
    """

    row: int
    order: int
    column: str
    text: str
    fault: Fault
    ids: dict[str, str | None]

    def as_reject(self, source: str) -> dict[str, Any]:
        """Its row of REJECTS; ``source`` is the file's path."""
        reason, problem = REASONS[self.fault]
        if self.column in KEPT_WITHOUT:
            reason, problem = KEPT, f"{problem}; the row is kept without it"
        return {
            "stage": _STAGE,
            "reason": reason,
            "source": source,
            "row": self.row,
            "column": self.column,
            "value": "withheld" if self.column in _WITHHELD else shown(self.text),
            "detail": f"{source}, row {self.row}: {self.column} {problem}",
            **self.ids,
        }


class Rejects:
    """Collects the rejects of a file."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._rows: list[tuple[int, int, dict[str, Any]]] = []

    def add(self, reason: str, problem: str, *, row: int | None, column: str | None = None) -> None:
        """Add the whole file (``row`` is None), or a malformed record."""
        where = f", row {row}" if row else ""
        reject = {
            "stage": _STAGE,
            "reason": reason,
            "source": self._file.path,
            "row": row,
            "column": column,
            "detail": f"{self._file.path}{where}: {problem}",
            "store_id": self._file.store,
        }
        self._rows.append((row or 0, 0, reject))

    def add_cell(self, cell: BadCell) -> None:
        """Add a bad cell."""
        self._rows.append((cell.row, cell.order, cell.as_reject(self._file.path)))

    def table(self) -> pa.Table:
        """REJECTS, in the order of the file's rows and columns."""
        return REJECTS.from_rows(reject for *_, reject in sorted(self._rows, key=lambda r: r[:2]))
