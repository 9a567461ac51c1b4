"""Files that a mapping describes: which of their columns are read, and what becomes of them."""

from collections import Counter
from dataclasses import fields, replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.inputs.day_files import SourceFile
from auditor.inputs.formats.base import Dialect, Filled, Records, UnusableError, Wanted
from auditor.mapping import Entry, Source, Unnamed, apply, left_out
from auditor.tables import Schema

#: What one line of a receipt says for all of it. The next receipt need not have any: a buyer
#: without an ID check never gets that of the buyer before.
OF_A_RECEIPT = (
    *("cashier_id", "id_check", "id_check_at", "id_check_by", "birth_date", "line_type"),
    *("transaction_state", "resumes", "resumes_till", "resumes_date", "required_age"),
)
#: What tells a receipt from another of its number.
_PLACE = ("store_id", "till_id", "sold_at", "business_date")


def wanted_columns(entry: Entry | None, schema: Schema) -> Wanted:
    """The columns to read from a file so as to fill those of ``schema``, and its dialect.

    The file must have what a column needs that has to be there; whatever else the mapping names
    may be missing.
    """
    if entry is None:
        needed = tuple(c.name for c in schema.columns if not c.nullable)
        return Wanted(needed, tuple(c.name for c in schema.columns if c.nullable))
    required: list[str] = []
    optional: list[str] = []
    answered: set[str] = set()
    unanswered: set[str] = set()
    for column in schema.columns:
        source = entry.source(column.name)
        (optional if column.nullable else required).extend(source.columns)
        optional += (*source.alternatives, *entry.leave_out)
        if column.name == "id_check":  # of which an empty cell is not_recorded
            answered.update(source.all_columns)
        elif source.column and "" in source.values:
            answered.add(source.column)
        elif not column.nullable:
            unanswered.update(source.columns)
    dialect = Dialect(**{key.name: getattr(entry, key.name) for key in fields(Dialect)})
    return Wanted(
        tuple(dict.fromkeys(required)),
        tuple(dict.fromkeys(name for name in optional if name not in required)),
        dialect=dialect,
        filled=_filled(entry),
        answered=frozenset(answered - unanswered),
        entry=_named(entry),
    )


def _filled(entry: Entry) -> Filled:
    """The columns that the entry fills down; those of a receipt within it."""
    if not entry.fill_down:
        return Filled()
    number = entry.source("transaction_id").all_columns
    place = tuple(dict.fromkeys(name for of in _PLACE for name in entry.source(of).all_columns))
    of_one = {name for of in OF_A_RECEIPT for name in entry.source(of).all_columns}
    of_one.difference_update(number, place)
    return Filled(
        tuple(name for name in entry.fill_down if name not in of_one),
        tuple(name for name in entry.fill_down if name in of_one),
        number,
        place,
    )


def _named(entry: Entry) -> str:
    """What of an entry tells it from the others of a mapping."""
    if entry.files is None:
        return f'format = "{entry.format}"'
    return f'files = "{entry.files}"'


def format_of(file: SourceFile) -> str | None:
    """The format that the mapping says a file has, if it does."""
    if file.entry is None:
        return None
    return "parquet" if file.entry.format == "sql" else file.entry.format


def missing_columns(entry: Entry | None, part: Records) -> list[str]:
    """The columns that a mapping names, and that the file lacks."""
    if entry is None:
        return []
    named = [name for source in entry.columns.values() for name in source.all_columns]
    named += entry.leave_out
    there = set(part.cells.column_names).difference(part.absent)
    return [name for name in dict.fromkeys(named) if name not in there]


def as_ours(
    part: Records, file: SourceFile, schema: Schema, day: date
) -> tuple[Records, Counter[Unnamed]]:
    """Records with the columns of ``schema``, and the values that the mapping does not name.

    Those that the mapping leaves out are gone.

    Raises:
        UnusableError: a column that has to be there has no source.
    """
    if file.entry is None:
        return part, Counter()
    if file.entry.leave_out:
        part = part.filter(~left_out(file.entry, part.cells))
    applied = apply(
        file.entry, schema.names, part.cells, path=file.values, day=day, numeric=part.numeric
    )
    for column in schema.columns:
        if not column.nullable and column.name not in applied.cells.column_names:
            raise UnusableError(
                "missing_column",
                f"none of the columns from which the mapping takes {column.name} is there",
                column=column.name,
            )
    numeric = {
        name: flags
        for name in applied.cells.column_names
        if (flags := part.numeric.get(file.entry.source(name).column or "")) is not None
    }
    dates = {
        name: flags
        for name in applied.cells.column_names
        if (flags := _dates_in(part, applied.cells[name], file.entry.source(name))).any()
    }
    return replace(part, cells=applied.cells, numeric=numeric, dates=dates), applied.noticed


def _dates_in(part: Records, cells: pa.ChunkedArray, source: Source) -> Flags:
    """Which cells are what a spreadsheet holds as a date or time, unchanged by the mapping."""
    found = np.zeros(len(part.numbers), np.bool_)
    for column in source.all_columns:
        if (flags := part.dates.get(column)) is not None:
            same = pc.equal(cells.cast(pa.string()), part.cells[column])
            found |= flags & same.to_numpy(zero_copy_only=False)
    return found
