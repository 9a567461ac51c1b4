"""Tables as Parquet files; the same table gives the same bytes."""

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.errors import ContractError
from auditor.storage.place import Place
from auditor.tables import Schema
from auditor.tables.format import FORMAT_KEY, check_format


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
    wanted = schema.only(columns) if columns else schema
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        check_format(schema.name, file.schema_arrow, version=schema.version, origin=origin)
        # The files are small: handing columns to threads costs more than it saves.
        return wanted.conform(file.read(columns=list(columns) or None, use_threads=False))
    except pa.ArrowInvalid as error:
        raise ContractError(
            f"{origin} is damaged: restore it from a backup, or audit its day again ({error})"
        ) from error
