"""The first records of a file, as texts by column."""

from collections import defaultdict
from collections.abc import Callable
from typing import BinaryIO

from auditor.inputs.formats.base import Wanted
from auditor.inputs.records import read_records

Columns = dict[str, list[str]]


def first_records(
    name: str, content: Callable[[], BinaryIO], form: str, wanted: Wanted, most: int
) -> tuple[Columns, dict[str, frozenset[str]]]:
    """At most so many records, by column, and the texts of those cells that were numbers."""
    columns: Columns = {}
    numbers: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    rows = 0
    for part in read_records(name, content, wanted, form):
        for column, texts in part.texts_of_numbers().items():
            numbers[column] |= texts
        taken = part.cells.slice(0, most - rows)
        for column in taken.column_names:
            # A name that only later records have was empty in the earlier ones.
            columns.setdefault(column, [""] * rows).extend(taken[column].to_pylist())
        rows += taken.num_rows
        for cells in columns.values():
            cells.extend([""] * (rows - len(cells)))
        if rows >= most:
            break
    return columns, dict(numbers)
