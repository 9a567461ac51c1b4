"""Till lines to transactions: which lines belong together, and which came twice."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.sales.identity import SALE_KEY

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


@dataclass(frozen=True)
class Transactions:
    """Till lines divided into transactions, and the rejected lines.

    A run is a stretch of consecutive lines of one file with one transaction's key. The first run of
    a key is the transaction. A later run of the same file, till and cashier with other lines
    continues it, as in an export whose tills are interleaved. Every other later run is rejected,
    and so are lines whose till or cashier is not the first line's.

    Attributes:
        lines: of TILL_LINES; the lines of a transaction are consecutive.
        starts: the position in ``lines`` at which each transaction starts.
        duplicates: positions among all lines of later runs with the same lines.
        conflicts: positions among all lines that contradict their transaction.
        rejected_runs: the store of each later run that was rejected.
    """

    lines: pa.Table
    starts: Codes
    duplicates: Codes
    conflicts: Codes
    rejected_runs: list[str]

    @property
    def ends(self) -> Codes:
        """The position in ``lines`` at which each transaction ends (exclusive)."""
        return np.append(self.starts[1:], self.lines.num_rows)[: len(self.starts)]


def divide(lines: pa.Table) -> Transactions:
    """Divide TILL_LINES into transactions."""
    source, till, cashier = (
        coded(lines[name]).codes for name in ("source", "till_id", "cashier_id")
    )
    # A line without a cashier, as at a self-checkout, is in nobody's name.
    named = lines["cashier_id"].is_valid().to_numpy()
    key = _combined(lines, SALE_KEY)
    new = np.ones(lines.num_rows, np.bool_)
    new[1:] = (key[1:] != key[:-1]) | (source[1:] != source[:-1])
    run, run_starts = np.cumsum(new) - 1, np.flatnonzero(new)
    transaction, _ = pd.factorize(key[run_starts])
    firsts = np.flatnonzero(~pd.Series(transaction).duplicated().to_numpy())
    first_run = firsts[transaction]
    later = first_run != np.arange(len(run_starts))
    same = _same_lines(lines, run, first_run, later)
    head = run_starts[first_run]
    continues = later & ~same
    for column in (source, till, cashier):
        continues &= column[run_starts] == column[head]
    later &= ~continues
    head = np.where(later, run_starts, head)[run]
    other = (cashier != cashier[head]) & named & named[head]
    contradicts = (till != till[head]) | other
    of_later, same = later[run], same[run]
    kept = np.flatnonzero(~(of_later | contradicts))
    belongs = transaction[run][kept]
    if continues.any():
        together = np.argsort(belongs, kind="stable")
        kept, belongs = kept[together], belongs[together]
    return Transactions(
        lines=lines if np.array_equal(kept, np.arange(len(run))) else lines.take(pa.array(kept)),
        starts=np.flatnonzero(np.diff(belongs, prepend=-1)),
        duplicates=np.flatnonzero(of_later & same),
        conflicts=np.flatnonzero((of_later & ~same) | (contradicts & ~of_later)),
        rejected_runs=lines["store_id"].take(pa.array(run_starts[later])).to_pylist(),
    )


def first_cashiers(divided: Transactions) -> pa.Table:
    """The first line of each transaction, with the first cashier that any of its lines names."""
    heads = divided.lines.take(pa.array(divided.starts))
    cashiers = divided.lines["cashier_id"]
    if not cashiers.null_count or not heads.num_rows:
        return heads
    place = np.arange(len(cashiers))
    places = np.where(cashiers.is_valid().to_numpy(), place, len(cashiers))
    first = np.minimum.reduceat(places, divided.starts)
    names = cashiers.take(pa.array(first, mask=first == len(cashiers)))
    return heads.set_column(heads.column_names.index("cashier_id"), "cashier_id", names)


def coded(column: pa.ChunkedArray) -> Coded:
    """A column as numbers, null being a value of its own."""
    encoded = pc.dictionary_encode(column, null_encoding="encode")
    if not encoded.num_chunks:
        return Coded(np.empty(0, np.int64), pa.array([], column.type))
    # Encoded together, all chunks share one dictionary; to unify them would be quadratic.
    indices = [chunk.indices.to_numpy() for chunk in encoded.chunks]
    return Coded(np.concatenate(indices).astype(np.int64), encoded.chunk(0).dictionary)


def last_digits(column: pa.ChunkedArray, kind: pa.Decimal128Type) -> Codes:
    """Decimals as whole numbers of their last digit."""
    whole = pc.multiply(column, pa.scalar(Decimal(10**kind.scale))).cast(pa.int64())
    units: Codes = whole.to_numpy()
    return units


def _combined(table: pa.Table, columns: Iterable[str]) -> Codes:
    """A number for each row, the same where all columns are."""
    combined = np.zeros(table.num_rows, np.int64)
    for name in columns:
        codes = coded(table[name]).codes
        combined, _ = pd.factorize(combined * (codes.max(initial=0) + 1) + codes)
    return combined


def _same_lines(lines: pa.Table, run: Codes, first_run: Codes, later: Flags) -> Flags:
    """For each run, whether it is a later one with the same lines as the first, in any order."""
    same = np.zeros(len(later), np.bool_)
    if not later.any():
        return same
    involved = later.copy()
    involved[first_run[later]] = True
    at = involved[run]
    part, of_run = lines.filter(pa.array(at)), run[at]
    content = _combined(part, [name for name in part.column_names if name not in ("source", "row")])
    content = content[np.lexsort((content, of_run))]
    bounds = np.searchsorted(of_run, np.arange(len(later) + 1)).tolist()
    for number in np.flatnonzero(later).tolist():
        first = first_run[number]
        mine = content[bounds[number] : bounds[number + 1]]
        same[number] = np.array_equal(mine, content[bounds[first] : bounds[first + 1]])
    return same
