"""Tables as Parquet files; the same table gives the same bytes.

A file states the format of its table, a number that is raised when its columns change. A file of
another format is refused: a later one needs a later program, and a day in an earlier one is audited
again. Only the log of decisions cannot be made again: its earlier formats stay readable
(``Schema.earlier``).
"""

import io
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.errors import ContractError
from auditor.storage.place import Place
from auditor.tables import Schema

#: The key of a Parquet file's metadata that holds its format, a whole number as text.
FORMAT_KEY = b"auditor.format"


def write_table(out: Place, path: str, table: pa.Table, schema: Schema) -> None:
    """Write a table as one Parquet file.

    Raises:
        ContractError: the table does not conform to ``schema``.
        OSError: the file cannot be written.
    """
    out.write(path, encoded(table, schema))


def encoded(table: pa.Table, schema: Schema) -> bytes:
    """The bytes of a table's Parquet file, which states its format.

    Raises:
        ContractError: the table does not conform to ``schema``.
    """
    buffer = io.BytesIO()
    metadata = {FORMAT_KEY: str(schema.version)}
    whole = schema.conform(table).replace_schema_metadata(metadata)
    pq.write_table(whole, buffer, compression="zstd")
    return buffer.getvalue()


def read_table(out: Place, path: str, schema: Schema, columns: Sequence[str] = ()) -> pa.Table:
    """Read one Parquet file, or some columns of it.

    Raises:
        ContractError: the file does not conform to ``schema``, is damaged, or is in another format.
        OSError: the file cannot be read.
    """
    return parsed(out.read(path), schema, columns, origin=path)


def parsed(content: bytes, schema: Schema, columns: Sequence[str] = (), *, origin: str) -> pa.Table:
    """As :func:`read_table`, from a file's bytes; ``origin`` names the file in errors."""
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        found = _format_of(schema, file.schema_arrow.metadata or {}, origin)
        stored = found.only(columns) if columns else found
        # The files are small: handing columns to threads costs more than it saves.
        table = stored.conform(file.read(columns=list(stored.names), use_threads=False))
    except pa.ArrowInvalid as error:
        raise ContractError(
            f"{origin} is damaged: restore it from a backup, or audit its day again ({error})"
        ) from error
    wanted = schema.only(columns) if columns else schema
    for column in wanted.columns:
        if column.name not in table.column_names:
            table = table.append_column(column.name, pa.nulls(table.num_rows, column.type))
    return wanted.conform(table)


def _format_of(schema: Schema, metadata: Mapping[bytes, bytes], origin: str) -> Schema:
    stated = metadata.get(FORMAT_KEY)
    if stated is None or not stated.isdigit():
        raise ContractError(f"{origin}: its format is {stated!r}, not a number: restore the file")
    known = {form.version: form for form in (schema, *schema.earlier)}
    if (found := int(stated)) not in known:
        upgrade = "upgrade the program to the version that wrote it, or a later one"
        raise ContractError(
            f"{origin}: written in format {found} of the table {schema.name}, and this program"
            f" reads format {schema.version}:"
            f" {upgrade if found > schema.version else 'audit its day again'}"
        )
    return known[found]
