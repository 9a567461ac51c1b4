"""Columns and schemas: a table that does not conform is refused, not adapted."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from auditor.errors import ContractError

TIME = pa.timestamp("us", tz="UTC")
#: An amount in any currency: none has more than three decimals but for units of account.
MONEY = pa.decimal128(15, 3)
QUANTITY = pa.decimal128(12, 3)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Arrow type, its meaning, and whether it may be null or is a count."""

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False
    counted: bool = False


@dataclass(frozen=True)
class Schema:
    """A table's columns, in order, and its format version, which is raised when a column changes.

    Files of another version are refused: see storage/parquet.py. Those of ``earlier`` are read: the
    columns that they lack, all of which may be null, are null, and narrower types are widened.
    """

    name: str
    columns: tuple[Column, ...]
    version: int = 1
    earlier: tuple["Schema", ...] = ()

    @cached_property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, with nullability."""
        return pa.schema([pa.field(c.name, c.type, c.nullable) for c in self.columns])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(c.name for c in self.columns)

    def pick(self, *names: str) -> tuple[Column, ...]:
        """The columns of these names, in the order of ``names``, to build another schema from."""
        columns = {c.name: c for c in self.columns}
        return tuple(columns[name] for name in names)

    def only(self, names: Collection[str]) -> "Schema":
        """The same schema with these columns only, in the schema's order."""
        return replace(self, columns=tuple(c for c in self.columns if c.name in names))

    def conform(self, table: pa.Table) -> pa.Table:
        """Return ``table`` with this schema's column order and types.

        Raises:
            ContractError: a column is missing, unexpected, of a type that does not convert
                safely, or null where the schema forbids it.
        """
        names = table.column_names
        missing = [n for n in self.names if n not in names]
        extra = [n for n in names if n not in self.names]
        if missing or extra:
            raise ContractError(f"table {self.name}: missing columns {missing}, unexpected {extra}")
        try:
            table = table.select(self.names)
            for column, values in zip(self.columns, table.itercolumns(), strict=True):
                if not column.nullable and values.null_count:
                    raise ContractError(f"table {self.name}: column {column.name} has nulls")
            if table.schema.equals(self.arrow):  # but for metadata, such as a file's
                return pa.Table.from_arrays(table.columns, schema=self.arrow)
            return table.cast(self.arrow)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
            raise ContractError(f"table {self.name}: {error}") from error

    def from_rows(self, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
        """Build a table from dictionaries; an absent nullable key is null.

        Raises:
            ContractError: as :meth:`conform`, or a key is not a column.
        """
        rows = list(rows)
        unknown = {key for row in rows for key in row} - set(self.names)
        if unknown:
            raise ContractError(f"table {self.name}: unexpected {sorted(unknown)}")
        try:
            arrays = [pa.array([r.get(c.name) for r in rows], c.type) for c in self.columns]
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ContractError(f"table {self.name}: {error}") from error
        return self.conform(pa.table(arrays, names=list(self.names)))

    def add_up(self, parts: Iterable[pa.Table]) -> pa.Table:
        """Sum the counted columns of several tables, grouped and sorted by all other columns.

        One part is taken at a time: memory holds the sum and that part.

        Raises:
            ContractError: as :meth:`conform`.
        """
        key = [c.name for c in self.columns if not c.counted]
        counted = [c.name for c in self.columns if c.counted]
        total = self.empty()
        for part in parts:
            # One thread, so that fractions are always added in the same order.
            grouped = pa.concat_tables([total, self.conform(part)]).group_by(key, use_threads=False)
            sums = grouped.aggregate([(name, "sum") for name in counted])
            total = self.conform(
                sums.rename_columns([name.removesuffix("_sum") for name in sums.column_names])
            )
        return total.sort_by([(name, "ascending") for name in key])

    def empty(self) -> pa.Table:
        """A table of this schema without rows."""
        return self._empty

    @cached_property
    def _empty(self) -> pa.Table:
        return self.arrow.empty_table()
