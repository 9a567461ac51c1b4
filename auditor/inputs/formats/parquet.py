"""Parquet files. Plain values of any type are taken, as the text that a CSV file would hold."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.inputs.formats import base


def read(content: BinaryIO, wanted: base.Wanted) -> Iterator[base.Records]:
    """Yield a Parquet file's records; arguments and errors are those of ``Format.read``."""
    file = pq.ParquetFile(content)
    positions = base.column_positions(file.schema_arrow.names, wanted)
    unread = base.unread_columns(file.schema_arrow.names, positions)
    for name in positions:
        if pa.types.is_nested(kind := file.schema_arrow.field(name).type):
            raise base.unreadable(f"column {name} holds no plain values but {str(kind)[:80]}")
    of_numbers = [n for n in positions if _is_number(file.schema_arrow.field(n).type)]
    number = base.FIRST_RECORD
    # A repeated text is stored once. It stays so until its length is known: a million rows may
    # refer to one cell of a megabyte.
    file = pq.ParquetFile(content, metadata=file.metadata, read_dictionary=list(positions))
    batches = file.iter_batches(_rows_at_once(file), columns=list(positions), use_threads=False)
    for batch in (part for whole in batches for part in _split_by_size(whole)):
        columns, damaged = {}, False
        for name in positions:
            try:
                text = _as_text(batch.column(name))
            except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
                raise base.unreadable(f"column {name} holds no plain values ({error})") from error
            columns[name], replaced = _decoded(text)
            damaged |= replaced
        numbers = np.arange(number, number + batch.num_rows, dtype=np.int64)
        number += batch.num_rows
        numeric = dict.fromkeys(of_numbers, np.ones(batch.num_rows, np.bool_))
        yield base.Records(
            pa.table(columns), numbers, damaged=damaged, unread=unread, numeric=numeric
        )


PARQUET = base.Format("parquet", (".parquet",), read, magic=b"PAR1", random_access=True)


def _rows_at_once(file: pq.ParquetFile) -> int:
    """How many rows to read at a time, going by the row sizes that the file states."""
    row = sum(max(file.schema.column(i).length, 0) for i in range(len(file.schema)))
    for group in map(file.metadata.row_group, range(file.num_row_groups)):
        row = max(row, group.total_byte_size // max(group.num_rows, 1))
    return int(max(1, min(base.PART_ROWS, base.BLOCK_BYTES // max(row, 1))))


def _split_by_size(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Split a batch so that each part, with its repeated texts written out, fits in a block."""
    lengths = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        if pa.types.is_dictionary(column.type) and _is_text(column.type.value_type):
            own = pc.binary_length(column.dictionary).take(column.indices).fill_null(0)
            lengths += own.to_numpy(zero_copy_only=False)
    ends = np.cumsum(lengths)
    start = 0
    while start < batch.num_rows:
        before = ends[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + base.BLOCK_BYTES, "right")))
        yield batch.slice(start, end - start)
        start = end


def _is_text(kind: pa.DataType) -> bool:
    is_a = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)
    return any(check(kind) for check in (*is_a, pa.types.is_large_binary))


def _is_number(kind: pa.DataType) -> bool:
    is_a = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return any(check(kind) for check in is_a)


def _as_text(column: pa.Array) -> pa.Array:
    """Every value as a CSV file would hold it, in bytes; null as the empty cell."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        zone = None if column.type.tz is None else "UTC"
        column = column.cast(pa.timestamp("us", zone), safe=False)
    if pa.types.is_floating(column.type):
        column = _floats_as_text(column.cast(pa.float64()))
    elif pa.types.is_decimal(column.type):
        column = pc.replace_substring_regex(column.cast(pa.string()), r"\.0+\z", "")
    if not pa.types.is_binary(column.type):
        column = column.cast(pa.string())
    return column.cast(pa.binary()).fill_null(b"")


def _floats_as_text(column: pa.Array) -> pa.Array:
    """Whole numbers as digits as long as a float tells each from the next; NaN as missing."""
    column = pc.if_else(pc.is_nan(column), None, column)
    whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), 2.0**53))
    digits = pc.if_else(whole, column, None).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(digits, column.cast(pa.string()))


def _decoded(column: pa.Array) -> tuple[pa.Array, bool]:
    """The text of a column of bytes, and whether U+FFFD stands for some that are not UTF-8."""
    try:
        return column.cast(pa.string()), False
    except pa.ArrowInvalid:
        texts = [cell.decode(errors="replace") for cell in column.to_pylist()]
        return pa.array(texts, pa.string()), True
