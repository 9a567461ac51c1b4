"""The first rejected row of a reason, in the words of the page's table, on one line."""

from auditor.inputs import WITHHELD, Example
from auditor.report.text import words

#: Columns that say something of a person: what is printed is kept in logs, and passed on.
_PERSONS = ("cashier_id", "id_check_by", "birth_date")


def place(source: str, row: int | None) -> str:
    """What the detail of a reject begins with."""
    return f"{source}, row {row}: "


def first(found: Example) -> str:
    """Where it stands, what was seen there, and what is wrong: ``FILE, row N, column C: ...``."""
    where = f"{words.visible(found.source, 160)}, row {found.row}"
    if found.column is not None:
        where += f", column {words.visible(found.column)}"
    problem = found.detail.removeprefix(place(found.source, found.row))
    said = [words.visible(problem, 300)]
    if found.value:
        is_shown = found.column not in _PERSONS and found.value != WITHHELD
        said.insert(0, f"“{words.visible(found.value)}”" if is_shown else WITHHELD)
    return f"{where}: {'; '.join(said)}"
