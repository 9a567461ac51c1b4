"""Tables in partitions of a day and store, read store by store."""

from collections.abc import Collection, Sequence
from datetime import date

import pyarrow as pa

from auditor.errors import SourceError
from auditor.storage import finalised
from auditor.storage.layout import day_folder, partition_path
from auditor.storage.parquet import read_table, write_table
from auditor.storage.place import Place
from auditor.tables import STORED


def write_partition(out: Place, name: str, day: date, store_id: str, table: pa.Table) -> None:
    """Replace the partition of a day and store of the table ``name``."""
    write_table(out, partition_path(name, day, store_id), table, STORED[name])


def remove_partition(out: Place, name: str, day: date, store_id: str) -> None:
    """Drop the partition of a day and store of the table ``name``, if there is one."""
    out.remove(f"{day_folder(name, day)}/store={store_id}")


class Partitions:
    """A table of a day as it is stored, a tables.StoreTables: read store by store when asked."""

    def __init__(self, out: Place, name: str, day: date, stores: Collection[str] = ()) -> None:
        """Find which stores there are of the table ``name``: of all, or of ``stores``.

        Raises:
            SourceError: the day is being finalised, or finalising it broke off.
        """
        self._out, self._name, self._day = out, name, day
        self._schema = STORED[name]
        there = finalised.stores_of(out, name, day)
        self._stores = dict.fromkeys(s for s in there if not stores or s in stores)

    @property
    def stores(self) -> Collection[str]:
        """The stores that have a partition, in their order."""
        return self._stores.keys()

    def of(self, store_id: str, columns: Sequence[str] = ()) -> pa.Table:
        """The rows of a store in their order, in these columns or in all; none if it has none.

        Raises:
            ContractError: the file is not of the table's schema.
            SourceError: it is not there.
        """
        if store_id not in self._stores:
            return (self._schema.only(columns) if columns else self._schema).empty()
        path = partition_path(self._name, self._day, store_id)
        try:
            return read_table(self._out, path, self._schema, columns)
        except FileNotFoundError as error:
            raise SourceError(
                f"{self._out}{path} is not there, and a store of {self._day}: run the day again"
            ) from error


def read_day(
    out: Place,
    name: str,
    day: date,
    stores: Collection[str] = (),
    columns: Sequence[str] = (),
) -> pa.Table:
    """The rows of a day, of all stores or of ``stores``, in the order of the stores.

    Args:
        out: where.
        name: of a table of tables.STORED.
        day: the business day.
        stores: which; empty for all.
        columns: which; empty for all.
    """
    partitions = Partitions(out, name, day, stores)
    parts = [partitions.of(store_id, columns) for store_id in partitions.stores]
    wanted = STORED[name].only(columns) if columns else STORED[name]
    return pa.concat_tables([wanted.empty(), *parts])


def remove_other_stores(out: Place, name: str, day: date, keep: Collection[str]) -> None:
    """Drop the day's partitions of stores that are not in ``keep``."""
    folder = day_folder(name, day)
    for partition in out.folders(folder):
        if partition.removeprefix("store=") not in keep:
            out.remove(f"{folder}/{partition}")
