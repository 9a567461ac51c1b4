"""Till lines to transactions: what belongs together, what came twice, what is alcohol."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.policy import Policy, Rules

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
    """The lines that count, those of a transaction together, and the others.

    A run is a stretch of consecutive lines of one file with one transaction's number. The first run
    of a number in a store is the transaction. A later one of the same file, till and cashier with
    other lines goes on with it, as in an export whose tills are interleaved; every other later run
    is set aside, and so are lines whose till or cashier is not the first line's.

    Attributes:
        lines: of TILL_LINES; every transaction is one stretch of it.
        starts: where in ``lines`` each transaction starts.
        duplicates: where in the lines given later runs with the same lines stand.
        conflicts: where in them lines stand that contradict the transaction.
        later_runs: the store of each later run that was set aside.
    """

    lines: pa.Table
    starts: Codes
    duplicates: Codes
    conflicts: Codes
    later_runs: list[str]

    @property
    def ends(self) -> Codes:
        """Where in ``lines`` each transaction ends (exclusive)."""
        return np.append(self.starts[1:], self.lines.num_rows)[: len(self.starts)]


def divide(lines: pa.Table) -> Transactions:
    """Divide TILL_LINES into transactions."""
    store, number, source, till, cashier = (
        coded(lines[name]).codes
        for name in ("store_id", "transaction_id", "source", "till_id", "cashier_id")
    )
    new = np.ones(lines.num_rows, np.bool_)
    new[1:] = _changes(store) | _changes(number) | _changes(source)
    run, run_starts = np.cumsum(new) - 1, np.flatnonzero(new)
    key = store[run_starts] * (number.max(initial=0) + 1) + number[run_starts]
    transaction, _ = pd.factorize(key)
    firsts = np.flatnonzero(~pd.Series(key).duplicated().to_numpy())
    first_run = firsts[transaction]
    later = first_run != np.arange(len(run_starts))
    same = _same_lines(lines, run, first_run, later)
    head = run_starts[first_run]
    goes_on = later & ~same
    for column in (source, till, cashier):
        goes_on &= column[run_starts] == column[head]
    later &= ~goes_on
    head = np.where(later, run_starts, head)[run]
    other_hand = (till != till[head]) | (cashier != cashier[head])
    of_later, same = later[run], same[run]
    kept = np.flatnonzero(~(of_later | other_hand))
    belongs = transaction[run][kept]
    if goes_on.any():
        together = np.argsort(belongs, kind="stable")
        kept, belongs = kept[together], belongs[together]
    return Transactions(
        lines=lines if np.array_equal(kept, np.arange(len(run))) else lines.take(pa.array(kept)),
        starts=np.flatnonzero(np.diff(belongs, prepend=-1)),
        duplicates=np.flatnonzero(of_later & same),
        conflicts=np.flatnonzero((of_later & ~same) | (other_hand & ~of_later)),
        later_runs=lines["store_id"].take(pa.array(run_starts[later])).to_pylist(),
    )


def alcohol_flags(lines: pa.Table, day: date, policy: Policy) -> Flags:
    """Which lines are alcohol, by the rules of their store on the day."""
    store, sku = coded(lines["store_id"]), coded(lines["sku"])
    category = coded(lines["category"].fill_null(""))
    store_ids, skus = store.distinct, sku.distinct
    folded = [value.casefold() for value in category.distinct]
    alike: dict[tuple[frozenset[str], ...], list[int]] = {}
    for number, store_id in enumerate(store_ids):
        alike.setdefault(_alcohol_rules(policy.rules(day, store_id)), []).append(number)
    flags = np.zeros(lines.num_rows, np.bool_)
    for (free, listed, categories), stores in alike.items():
        of_stores = _members(range(len(store_ids)), stores)[store.codes]
        is_alcohol = _members(skus, listed)[sku.codes]
        is_alcohol |= _members(folded, categories)[category.codes]
        flags |= of_stores & is_alcohol & ~_members(skus, free)[sku.codes]
    return flags


def coded(column: pa.ChunkedArray) -> Coded:
    """A column as numbers, null being a value of its own."""
    encoded = pc.dictionary_encode(column, null_encoding="encode")
    if not encoded.num_chunks:
        return Coded(np.empty(0, np.int64), pa.array([], column.type))
    # Encoded together, all chunks share one dictionary; to unify them would be quadratic.
    indices = [chunk.indices.to_numpy() for chunk in encoded.chunks]
    return Coded(np.concatenate(indices).astype(np.int64), encoded.chunk(0).dictionary)


def _alcohol_rules(rules: Rules) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    categories = frozenset(category.casefold() for category in rules.alcohol_categories)
    return rules.alcohol_free_skus, rules.alcohol_skus, categories


def _members(values: Sequence[object], members: Iterable[object]) -> Flags:
    known = frozenset(members)
    return np.fromiter((value in known for value in values), np.bool_, len(values))


def _changes(codes: Codes) -> Flags:
    changes: Flags = codes[1:] != codes[:-1]
    return changes


def _same_lines(lines: pa.Table, run: Codes, first_run: Codes, later: Flags) -> Flags:
    """For each run, whether it is a later one with the same lines as the first, in any order."""
    same = np.zeros(len(later), np.bool_)
    if not later.any():
        return same
    involved = later.copy()
    involved[first_run[later]] = True
    at = involved[run]
    part, of_run = lines.filter(pa.array(at)), run[at]
    content = np.zeros(part.num_rows, np.int64)
    for name in part.column_names:
        if name not in ("source", "row"):
            codes = coded(part[name]).codes
            content, _ = pd.factorize(content * (codes.max() + 1) + codes)
    content = content[np.lexsort((content, of_run))]
    bounds = np.searchsorted(of_run, np.arange(len(later) + 1)).tolist()
    for number in np.flatnonzero(later).tolist():
        first = first_run[number]
        mine = content[bounds[number] : bounds[number + 1]]
        same[number] = np.array_equal(mine, content[bounds[first] : bounds[first + 1]])
    return same
