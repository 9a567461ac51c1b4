"""One table, seen store by store."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
import pyarrow as pa


class StoreTables(Protocol):
    """A table of a day that gives one store's rows at a time."""

    @property
    def stores(self) -> Collection[str]:
        """The stores that may have rows, sorted."""

    def of(self, store_id: str, columns: Sequence[str] = ()) -> pa.Table:
        """A store's rows in their order, with all columns or only these; empty if it has none."""


class ByStore:
    """A table in memory, divided by store in one pass."""

    def __init__(self, whole: pa.Table, store_ids: pa.ChunkedArray | None = None) -> None:
        """Divide.

        Args:
            whole: any table.
            store_ids: the store of each row, none null; without, its column ``store_id``.
        """
        column = whole["store_id"] if store_ids is None else store_ids
        keys = column.combine_chunks().dictionary_encode()
        codes = keys.indices.to_numpy(zero_copy_only=False)
        rows = np.argsort(codes, kind="stable")
        ends = np.searchsorted(codes[rows], np.arange(len(keys.dictionary) + 1))
        self._sorted = whole.take(pa.array(rows))  # once: of many chunks, each take is slow
        self._ranges = dict(zip(keys.dictionary.to_pylist(), pairwise(ends.tolist()), strict=True))

    @property
    def stores(self) -> list[str]:
        """The stores that have rows, sorted."""
        return sorted(self._ranges)

    @property
    def in_order(self) -> list[str]:
        """The stores that have rows, in the order of their first rows."""
        return list(self._ranges)

    def of(self, store_id: str, columns: Sequence[str] = ()) -> pa.Table:
        """A store's rows in their order, with all columns or only these; empty if it has none."""
        start, end = self._ranges.get(store_id, (0, 0))
        table = self._sorted.slice(start, end - start).combine_chunks()
        return table.select(list(columns)) if columns else table
