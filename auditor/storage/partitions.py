"""Tables in one partition a day and store, read store by store."""

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
    """Delete the partition of a day and store of the table ``name``, if there is one."""
    out.remove(f"{day_folder(name, day)}/store={store_id}")


class Partitions:
    """A stored table of a day (a tables.StoreTables): each store is read when it is asked for."""

    def __init__(self, out: Place, name: str, day: date, stores: Collection[str] = ()) -> None:
        """Find the stores that the table ``name`` has, or which of ``stores`` it has.

        Raises:
            SourceError: the day is being finalised, or finalising it was interrupted.
        """
        self._out, self._name, self._day = out, name, day
        self._schema = STORED[name]
        present = finalised.stores_of(out, name, day)
        self._stores = dict.fromkeys(s for s in present if not stores or s in stores)

    @property
    def stores(self) -> Collection[str]:
        """The stores that have a partition, sorted."""
        return self._stores.keys()

    def of(self, store_id: str, columns: Sequence[str] = ()) -> pa.Table:
        """A store's rows in their order, with all columns or only these; empty if it has none.

        Raises:
            ContractError: the file does not conform to the table's schema.
            SourceError: the file is missing.
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
    """Read a day of a table of tables.STORED, in the order of the stores.

    ``stores`` and ``columns`` are those to read; empty for all.
    """
    partitions = Partitions(out, name, day, stores)
    parts = [partitions.of(store_id, columns) for store_id in partitions.stores]
    wanted = STORED[name].only(columns) if columns else STORED[name]
    return pa.concat_tables([wanted.empty(), *parts])


def remove_other_stores(out: Place, name: str, day: date, keep: Collection[str]) -> None:
    """Delete the day's partitions of stores that are not in ``keep``."""
    folder = day_folder(name, day)
    for partition in out.folders(folder):
        if partition.removeprefix("store=") not in keep:
            out.remove(f"{folder}/{partition}")
