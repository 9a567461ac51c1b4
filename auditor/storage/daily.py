"""Daily baselines: one file a table and day, for all stores."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from auditor.storage.layout import PART, day_folder
from auditor.storage.parquet import parsed, read_table, write_table
from auditor.storage.place import Place
from auditor.tables import DAILY


def write_daily(
    out: Place, name: str, day: date, rows: pa.Table, *, of_stores: Collection[str] = ()
) -> None:
    """Write a day's rows of a table of tables.DAILY.

    ``rows`` are those of all stores, or of ``of_stores``, and then replace only theirs.
    """
    path, schema = f"{day_folder(name, day)}/{PART}", DAILY[name]
    if of_stores and out.exists(path):
        before = read_table(out, path, schema)
        others = pc.invert(pc.is_in(before["store_id"], pa.array(sorted(of_stores))))
        rows = pa.concat_tables([before.filter(others), schema.conform(rows)])
    write_table(out, path, rows.sort_by("store_id"), schema)


def read_daily(out: Place, name: str, days: Iterable[date]) -> Iterator[tuple[date, str, pa.Table]]:
    """Read a table's days, one at a time; days without a file are left out.

    Yields:
        The day, the SHA-256 of the file, and its rows.

    Raises:
        ContractError: a file does not conform to the schema.
    """
    for day in days:
        path = f"{day_folder(name, day)}/{PART}"
        try:
            content = out.read(path)  # to ask first is another request to an object store
        except FileNotFoundError:
            continue
        rows = parsed(content, DAILY[name], origin=path)
        yield day, hashlib.sha256(content).hexdigest(), rows
