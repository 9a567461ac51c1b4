"""Rows of many stores, gathered until each store's can be worked on together.

Files hold stores in any order and any number. Their rows are spooled, and read back in buckets,
each with all rows of its stores: a bucket fits in memory, however large the day.
"""

import zlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.ipc

from auditor.storage.place import Place
from auditor.tables import Schema

#: The number of buckets into which the stores of a day are divided.
BUCKETS = 64
#: The number of rows that wait in memory before they are written to disk.
WAITING = 1 << 16

_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")


def bucket_of(store_id: str | None) -> int:
    """The bucket of a store, from 0; rows of no known store have one too."""
    return zlib.crc32((store_id or "").encode()) % BUCKETS


@dataclass(frozen=True, slots=True)
class _Run:
    """Rows on disk: a file with a record batch for each bucket that has rows, by its number."""

    path: str
    batch_of: dict[int, int]


class Spool:
    """Takes rows in any order of stores; returns them by bucket, each store's in their order."""

    def __init__(self, schema: Schema, place: Place, name: str) -> None:
        """Start empty; the schema has a column ``store_id``.

        Rows beyond WAITING are written into the folder ``name``. The caller removes them.
        """
        self._schema = schema
        self._place, self._name = place, name
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._runs: list[_Run] = []
        self._last: tuple[pa.Table, dict[int, range]] | None = None

    def add(self, table: pa.Table) -> None:
        """Add rows."""
        if not table.num_rows:
            return
        self._last = None
        self._waiting.append(table)
        self._rows += table.num_rows
        if self._rows >= WAITING:
            self._write_run()

    def buckets(self) -> set[int]:
        """The numbers of the buckets that have rows."""
        if self._last is None:
            self._last = self._ordered()
        return {*self._last[1], *(number for run in self._runs for number in run.batch_of)}

    def bucket(self, number: int) -> pa.Table:
        """All rows of a bucket; each store's in the order in which they were added."""
        parts = [self._read(run, number) for run in self._runs if number in run.batch_of]
        if self._last is None:
            self._last = self._ordered()
        ordered, spans = self._last
        own = spans.get(number, range(0))
        return pa.concat_tables(
            [
                self._schema.empty(),
                pa.Table.from_batches(parts, self._schema.arrow),
                ordered.slice(own.start, len(own)),
            ]
        ).combine_chunks()

    def _write_run(self) -> None:
        ordered, spans = self._ordered()
        path = f"{self._name}/{len(self._runs):05d}.arrow"
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, self._schema.arrow, options=_COMPRESSED) as file:
            for span in spans.values():
                (batch,) = ordered.slice(span.start, len(span)).to_batches()
                file.write_batch(batch)
        # Only this process reads it, so it need not survive a power cut.
        self._place.write(path, sink.getvalue().to_pybytes(), lasting=False)
        self._runs.append(_Run(path, {bucket: number for number, bucket in enumerate(spans)}))
        self._waiting, self._rows = [], 0

    def _ordered(self) -> tuple[pa.Table, dict[int, range]]:
        """The waiting rows ordered by bucket, and the range of each bucket's rows."""
        whole = pa.concat_tables([self._schema.empty(), *self._waiting]).combine_chunks()
        buckets = _buckets_of(whole["store_id"])
        order = np.argsort(buckets, kind="stable")
        found, starts = np.unique(buckets[order], return_index=True)
        bounds = [*starts.tolist(), len(order)]
        spans = {
            bucket: range(start, end)
            for bucket, (start, end) in zip(found.tolist(), pairwise(bounds), strict=True)
        }
        ordered = whole.take(pa.array(order))
        self._waiting = [ordered]  # the unordered rows are no longer needed
        return ordered, spans

    def _read(self, run: _Run, number: int) -> pa.RecordBatch:
        with self._place.open(run.path) as stream, pa.ipc.open_file(stream) as file:
            return file.get_batch(run.batch_of[number])


def _buckets_of(store_ids: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    encoded = store_ids.combine_chunks().dictionary_encode(null_encoding="encode")
    buckets = np.array([bucket_of(s) for s in encoded.dictionary.to_pylist()], np.int64)
    rows: npt.NDArray[np.int64] = buckets[encoded.indices.to_numpy()]
    return rows
