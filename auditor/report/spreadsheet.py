r"""CSV files that a spreadsheet opens without running anything in them, and that read back exactly.

A cell whose text starts with ``=``, ``+``, ``-`` or ``@`` is a formula to Excel, LibreOffice and
Sheets (OWASP, "CSV Injection"; CWE-1236). An apostrophe before it makes it a text. That has to
hold wherever a cell could start: at the beginning of the text, and after a separator inside it,
since a program set to another separator (Excel takes ``;`` in half of Europe) cuts the text
there, quotes or not. The rule, which :func:`unguarded` undoes:

- A text gets an apostrophe before it if it starts with a formula sign, a tab, a line break or an
  apostrophe, or has a formula sign after nothing but blanks, quotes and invisible characters.
- Inside a text, a formula sign or an apostrophe gets one if it follows ``,``, ``;``, ``|``, a tab
  or a line break, with nothing between but blanks, quotes and invisible characters.

Numbers are written as numbers and never touched, negative ones included.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

# The full-width forms too: a spreadsheet in an East Asian locale takes them for the plain ones.
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_INVISIBLE = '\\s\\x00-\\x1f\\x7f"\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff'
_STARTS_A_FORMULA = re.compile(f"[\t\r\n']|[{_INVISIBLE}]*[{_SIGNS}]")
_AFTER = f"([,;|\t\r\n][{_INVISIBLE}]*)"
_INSIDE = re.compile(f"{_AFTER}(?=[{_SIGNS}'])")
_GUARDED_INSIDE = re.compile(f"{_AFTER}'")

Cell = str | float | Decimal | date | None


def guarded(text: str) -> str:
    """The text with an apostrophe wherever a formula could start."""
    inside = _INSIDE.sub(r"\1'", text)
    return f"'{inside}" if _STARTS_A_FORMULA.match(inside) else inside


def unguarded(cell: str) -> str:
    """The text that :func:`guarded` was given."""
    inside = cell.removeprefix("'")
    return _GUARDED_INSIDE.sub(r"\1", inside)


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> str:
    """A CSV file (RFC 4180) with a header; a row may hold more than the columns.

    Floats have four decimals, decimals as many as they have, times are ISO 8601.
    """
    lines = (csv_line(row[column] for column in columns) for row in rows)
    return "".join([csv_line(columns), *lines])


def csv_line(cells: Iterable[Cell]) -> str:
    """One line of such a file."""
    text = io.StringIO(newline="")
    # Lines end as RFC 4180 says: with another end, a lone \r in a cell would not be quoted.
    csv.writer(text, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def read_csv(text: str) -> Iterator[dict[str, str]]:
    """The rows of a file of :func:`csv_text`, each cell as the text that was meant."""
    for row in csv.DictReader(io.StringIO(text, newline="")):
        yield {column: unguarded(cell) for column, cell in row.items()}


def _cell(value: Cell) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.4f}"
        case datetime() | date():
            return value.isoformat()
        case str():
            return guarded(value)
    return str(value)
