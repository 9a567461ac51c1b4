"""Columns as whole numbers: for sorting, grouping and counting many rows at once."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.tables import MONEY

#: The largest amount that MONEY holds, in thousandths.
LARGEST_AMOUNT = 10**MONEY.precision - 1

Codes = npt.NDArray[np.int64]


class Coded(NamedTuple):
    """A column as numbers: each row's place among its distinct values."""

    codes: Codes
    dictionary: pa.Array

    @property
    def distinct(self) -> list[str]:
        """The distinct texts, of a text column, in the order in which they first occur."""
        texts: list[str] = self.dictionary.to_pylist()
        return texts


def coded(column: pa.ChunkedArray) -> Coded:
    """A column as numbers, null being a value of its own."""
    encoded = pc.dictionary_encode(column, null_encoding="encode")
    if not encoded.num_chunks:
        return Coded(np.empty(0, np.int64), pa.array([], column.type))
    # Encoded together, all chunks share one dictionary; to unify them would be quadratic.
    indices = [chunk.indices.to_numpy() for chunk in encoded.chunks]
    return Coded(np.concatenate(indices).astype(np.int64), encoded.chunk(0).dictionary)


def ranks(column: pa.ChunkedArray) -> Codes:
    """Each row's place among the sorted distinct values, null last."""
    codes, dictionary = coded(column)
    order = pc.array_sort_indices(dictionary).to_numpy()
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return places[codes]


def combined(*parts: Codes) -> Codes:
    """A number for each row, the same where all parts are; in the order of first occurrence."""
    together, _ = pd.factorize(parts[0])
    for part in parts[1:]:
        codes, distinct = pd.factorize(part)
        together, _ = pd.factorize(together.astype(np.int64) * (len(distinct) + 1) + codes)
    numbers: Codes = together.astype(np.int64)
    return numbers


def combined_columns(table: pa.Table, columns: Iterable[str]) -> Codes:
    """A number for each row, the same where all columns are."""
    return combined(*(coded(table[name]).codes for name in columns))


def last_digits(column: pa.ChunkedArray, kind: pa.Decimal128Type) -> Codes:
    """Decimals as whole numbers of their last digit."""
    whole = pc.multiply(column, pa.scalar(Decimal(10**kind.scale))).cast(pa.int64())
    units: Codes = whole.to_numpy()
    return units


def money(thousandths: Codes) -> pa.Array:
    """Thousandths of a currency as MONEY, cut to what that holds."""
    within = np.clip(thousandths, -LARGEST_AMOUNT, LARGEST_AMOUNT)
    unit = pa.scalar(Decimal(1).scaleb(-MONEY.scale))
    return pc.multiply(pa.array(within).cast(pa.decimal128(19, 0)), unit).cast(MONEY)


def spans(first: Codes, last: Codes) -> Codes:
    """The positions from ``first`` to before ``last`` of each span, one span after another."""
    lengths = last - first
    ends = np.cumsum(lengths)
    positions: Codes = np.arange(lengths.sum()) + np.repeat(first - (ends - lengths), lengths)
    return positions
