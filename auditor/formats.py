"""Formats of what is stored: which a file is in, and how a file of an earlier one is read.

A stored table's format is a number that begins at 1 and is raised with every change of its columns
(``tables.Schema.version``). It stands in the metadata of its files under :data:`KEY`; in files from
before there were numbers the columns tell it. All steps from a format to the next are here, and
nothing else in the program knows of an earlier one. Files are never rewritten for it: they are
brought up to date as they are read.

To change the columns of a stored table: raise its version in tables.py, add the step to
:data:`STEPS`, and add files of the program before the change (tests/formats/README.md).
"""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from auditor.errors import ConfigurationError, ContractError

#: Under this key a Parquet file's metadata has its format, a whole number as text.
KEY = b"auditor.format"

#: The newest format of a policy that this program knows. Keys were only ever added to it.
POLICY_FORMAT = 1

Step = Callable[[pa.Table], pa.Table]


def of_file(table: str, written: pa.Schema, *, newest: int, origin: str) -> int:
    """The format that a file of a table is in.

    Args:
        table: name of the table's schema.
        written: the file's own schema with its metadata.
        newest: the format in which this program writes the table.
        origin: names the file in errors.

    Raises:
        ContractError: this program does not know the format.
    """
    told = (written.metadata or {}).get(KEY)
    if told is None:
        return _by_columns(table, written)
    if not told.isdigit() or not (version := int(told)):
        raise ContractError(
            f"{origin}: its format is {told!r}, which is no number: restore the file"
        )
    if version > newest:
        raise ContractError(
            f"{origin}: written in format {version} of the table {table}, and this program knows"
            f" formats up to {newest}: upgrade the program to the version that wrote it, or a later"
        )
    return version


def brought_up(rows: pa.Table, table: str, version: int, *, newest: int) -> pa.Table:
    """Rows of a whole file of a table as the program has them now, whatever their columns' order.

    Args:
        rows: all columns of the file.
        table: name of the table's schema.
        version: the format that the file is in.
        newest: the format that is wanted.
    """
    for earlier in range(version, newest):
        rows = STEPS[table, earlier](rows)
    return rows


def policy(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy says, in the newest format and without its number.

    Without a ``format`` it is in format 1, as all policies of before there were numbers are.

    Raises:
        ConfigurationError: this program does not know the format.
    """
    said = dict(document)
    version = said.pop("format", 1)
    if type(version) is not int or version < 1:
        raise ConfigurationError(f"format: {version!r} is no whole number such as {POLICY_FORMAT}")
    if version > POLICY_FORMAT:
        raise ConfigurationError(
            f"format: the policy is written in format {version}, and this program knows formats up"
            f" to {POLICY_FORMAT}: upgrade the program"
        )
    return said


def _by_columns(table: str, written: pa.Schema) -> int:
    """The format of a file that does not tell it."""
    if table == "ledger":
        lines = written.field("basket").type.value_type if "basket" in written.names else None
        return 1 if lines is not None and lines.get_field_index("sold_at") < 0 else 2
    if table == "insights":
        of_text = "group_starts" in written.names and written.field("group_starts").type == "string"
        return 2 if of_text else 1
    return 1


def _lines_without_their_time(ledger: pa.Table) -> pa.Table:
    """When each line of a basket was scanned was not kept: it is not known."""
    place = ledger.schema.get_field_index("basket")
    baskets = ledger["basket"].combine_chunks()
    lines = baskets.values
    time = pa.timestamp("us", tz="UTC")
    whole = pa.StructArray.from_arrays(
        [*(lines.field(n) for n in range(lines.type.num_fields)), pa.nulls(len(lines), time)],
        fields=[*lines.type, pa.field("sold_at", time)],
    )
    return ledger.set_column(place, "basket", pa.ListArray.from_arrays(baskets.offsets, whole))


def _light_was_not_measured(ledger: pa.Table) -> pa.Table:
    """How light frames are was not measured: it is not known."""
    return ledger.append_column("light", pa.nulls(ledger.num_rows, pa.float32()))


def _group_starts_as_numbers(insights: pa.Table) -> pa.Table:
    """The ages at which the groups begin were numbers, and are now one text."""
    place = insights.schema.get_field_index("group_starts")
    texts = [",".join(map(str, starts)) for starts in insights["group_starts"].to_pylist()]
    return insights.set_column(place, "group_starts", pa.array(texts, pa.string()))


#: From a format of a table, by its name and number, to the next.
STEPS: Mapping[tuple[str, int], Step] = {
    ("ledger", 1): _lines_without_their_time,
    ("ledger", 2): _light_was_not_measured,
    ("insights", 1): _group_starts_as_numbers,
}
