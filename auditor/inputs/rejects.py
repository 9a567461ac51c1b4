"""Rejects: what of a file was not taken, cell by cell, with the reason and the remedy."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from auditor.inputs.day_files import SourceFile
from auditor.inputs.faults import Fault
from auditor.inputs.showing import WITHHELD, is_withheld, shown, shown_word
from auditor.mapping import MISREAD, WORDS, Entry
from auditor.mapping.epochs import EXCEL, looks_like_excel, unit_of
from auditor.policy.checking import nearest
from auditor.tables import LINES_WITHOUT_ARTICLE, REJECTS

#: Columns whose bad cells do not cost the row: the sale is recorded without them.
KEPT_WITHOUT = (
    *("description", "id_check_at", "id_check_by", "birth_date"),
    *("resumes_till", "resumes_date"),
)

#: Those of them without which an age check cannot be judged as the till made it.
OF_A_CHECK = ("birth_date", "id_check_at")

#: The reason of such a cell.
KEPT = "bad_optional_cell"

#: The reason of a sheet of a workbook that may hold rows and is not read; others of it are.
LOST_SHEET = "unread_sheet"

#: Columns that only a line of an article needs.
OF_AN_ARTICLE = ("sku", "quantity", "amount")

_STAGE = "inputs"
_COUNTED = (
    'is a number, which looks like {0} since 1970; map it with epoch = "{0}" (docs/mapping.md)'
)
_COUNTED_OTHERWISE = (
    'looks like {0} since 1970, and is mapped as {1}; write epoch = "{0}" in the mapping'
)
_OF_EXCEL = (
    "is a number, which looks like a date and time of Excel: format the cells as such, or map them "
    'with epoch = "excel" (docs/mapping.md)'
)
_NO_ARTICLE = (
    "a line that sells nothing, such as a payment, a check or a total, needs a line_type other "
    f"than item: {', '.join(LINES_WITHOUT_ARTICLE)}"
)
_OF_TIME = (Fault.BAD_TIME, Fault.BAD_DATE, Fault.BAD_BIRTH_DATE)
_OF_NUMBERS = (Fault.BAD_QUANTITY, Fault.BAD_AMOUNT)
_OF_WORDS = (Fault.UNKNOWN_ID_CHECK, Fault.UNKNOWN_LINE_TYPE, Fault.UNKNOWN_STATE)


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

    def as_reject(self, source: str, entry: Entry | None = None) -> dict[str, Any]:
        """Its row of REJECTS; ``source`` is the file's path, ``entry`` the mapping's for it."""
        reason, problem = self.fault.reason, self.fault.problem
        if self.fault is Fault.BAD_TIME and (unit := unit_of(self.text)):
            problem = _COUNTED.format(unit)
        elif self.fault is Fault.BAD_TIME and looks_like_excel(self.text):
            problem = _OF_EXCEL
        where, columns = self.column, [self.column]
        if entry is not None:
            mapped = entry.source(self.column)
            reason, problem = _mapped_problem(entry, self, reason, problem)
            columns += mapped.all_columns
            if columns[1:] not in ([], [self.column]):
                where = f"{self.column} ({' and '.join(map(shown, columns[1:]))})"
        if self.fault is Fault.EMPTY and self.column in OF_AN_ARTICLE:
            problem = f"{problem}; {_NO_ARTICLE}"
        if self.column in KEPT_WITHOUT:
            reason, problem = KEPT, f"{problem}; the row is kept without it"
        return {
            "stage": _STAGE,
            "reason": reason,
            "source": source,
            "row": self.row,
            "column": self.column,
            "value": self._shown(columns, entry.personal if entry is not None else ()),
            "detail": f"{source}, row {self.row}: {where} {problem}",
            **self.ids,
        }

    def _shown(self, columns: Sequence[str], personal: Collection[str]) -> str:
        if self.fault in _OF_WORDS:
            return shown_word(self.text, columns, personal)
        if any(map(is_withheld, columns)):
            return WITHHELD
        return shown(self.text.replace(MISREAD, ""))


def _mapped_problem(entry: Entry, cell: BadCell, reason: str, problem: str) -> tuple[str, str]:
    source = entry.source(cell.column)
    money = cell.fault is Fault.BAD_AMOUNT
    if cell.fault in _OF_NUMBERS and (remedy := entry.numbers.problem_of(cell.text, money=money)):
        return reason, f"is not written as the mapping says; {remedy}"
    if source.epoch and cell.fault is Fault.BAD_TIME and (unit := unit_of(cell.text)):
        return reason, _COUNTED_OTHERWISE.format(unit, source.epoch)
    if source.epoch and cell.fault is Fault.BAD_TIME:
        what = "a number of Excel's" if source.epoch == EXCEL else f"{source.epoch} since 1970"
        return reason, f"{problem}; nor is it {what}, as the mapping says"
    if (form := source.time or source.date) and cell.fault in _OF_TIME:
        return reason, f"{problem}; nor is it written {form}, as the mapping says"
    if source.values and cell.fault in _OF_WORDS:
        known = (*source.values, *WORDS[cell.column])
        like = nearest(cell.text, known)
        problem = f"is a value that the mapping does not name{like}; add it to values, or give"
        return "unmapped_value", f"{problem} otherwise, for all that are not named"
    return reason, problem


class Rejects:
    """The rejects of a file or a part of one: its bad cells, and what is added."""

    def __init__(self, file: SourceFile, cells: Iterable[BadCell] = ()) -> None:
        self._file = file
        self._rows = [(c.row, c.order, c.as_reject(file.path, file.entry)) for c in cells]

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

    def table(self) -> pa.Table:
        """REJECTS, in the order of the file's rows and columns."""
        return REJECTS.from_rows(reject for *_, reject in sorted(self._rows, key=lambda r: r[:2]))
