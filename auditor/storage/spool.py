"""Rows of many stores on their way to where each store's are looked at together.

Files hold stores in any order and any number. What is read of them is spooled, and given back in
shares, each with all rows of its stores: a share is what fits in memory, however large the day.
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

#: Into how many shares the stores of a day are divided.
BUCKETS = 64
#: Rows that wait in memory before they are put on disk.
WAITING = 1 << 16

_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")


def bucket_of(store_id: str | None) -> int:
    """The share of a store; rows of no known store have one too."""
    return zlib.crc32((store_id or "").encode()) % BUCKETS


@dataclass(frozen=True, slots=True)
class _Run:
    """Rows on disk: a file with a record batch for each share that has any, and which it is."""

    path: str
    batch_of: dict[int, int]


class Spool:
    """Takes rows in any order of stores; gives back share by share, as they came in each store."""

    def __init__(self, schema: Schema, place: Place, name: str) -> None:
        """Start empty.

        Args:
            schema: of the rows; it has a column ``store_id``.
            place: where more rows than fit in memory are put. They are left there for who owns it
                to remove.
            name: of a folder there for this spool.
        """
        self._schema = schema
        self._place, self._name = place, name
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._runs: list[_Run] = []
        self._last: tuple[pa.Table, dict[int, range]] | None = None

    def add(self, table: pa.Table) -> None:
        """Take rows."""
        if not table.num_rows:
            return
        self._last = None
        self._waiting.append(table)
        self._rows += table.num_rows
        if self._rows >= WAITING:
            self._put_away()

    def share(self, number: int) -> pa.Table:
        """All rows of a share; of each store in the order in which they were added."""
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

    def _put_away(self) -> None:
        ordered, spans = self._ordered()
        path = f"{self._name}/{len(self._runs):05d}.arrow"
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, self._schema.arrow, options=_COMPRESSED) as file:
            for span in spans.values():
                (batch,) = ordered.slice(span.start, len(span)).to_batches()
                file.write_batch(batch)
        # Read by this process only: nothing is lost with what a power cut takes of it.
        self._place.write(path, sink.getvalue().to_pybytes(), lasting=False)
        self._runs.append(_Run(path, {share: number for number, share in enumerate(spans)}))
        self._waiting, self._rows = [], 0

    def _ordered(self) -> tuple[pa.Table, dict[int, range]]:
        """What waits, ordered by share, and where in it each share is."""
        whole = pa.concat_tables([self._schema.empty(), *self._waiting]).combine_chunks()
        shares = _shares_of(whole["store_id"])
        order = np.argsort(shares, kind="stable")
        found, starts = np.unique(shares[order], return_index=True)
        bounds = [*starts.tolist(), len(order)]
        spans = {
            share: range(start, end)
            for share, (start, end) in zip(found.tolist(), pairwise(bounds), strict=True)
        }
        ordered = whole.take(pa.array(order))
        self._waiting = [ordered]  # once is enough
        return ordered, spans

    def _read(self, run: _Run, number: int) -> pa.RecordBatch:
        with self._place.open(run.path) as stream, pa.ipc.open_file(stream) as file:
            return file.get_batch(run.batch_of[number])


def _shares_of(store_ids: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    encoded = store_ids.combine_chunks().dictionary_encode(null_encoding="encode")
    shares = np.array([bucket_of(s) for s in encoded.dictionary.to_pylist()], np.int64)
    found: npt.NDArray[np.int64] = shares[encoded.indices.to_numpy()]
    return found
