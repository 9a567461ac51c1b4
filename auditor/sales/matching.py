"""Matches frames to transactions: by the transaction that a frame names, else by till and time.

Every transaction competes for unnamed frames, with or without alcohol: a frame of the customer who
bought bread is no evidence about the next one, who bought wine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import SECOND, Flags, Microseconds
from auditor.policy import Rules
from auditor.sales.store_rules import of_stores

Positions = npt.NDArray[np.int64]

NONE = -1
_TILL = ("store_id", "till_id")
_NUMBER_AT_TILL = (*_TILL, "transaction_id")
_SEPARATOR = "\x1f"  # no id holds a control character


@dataclass(frozen=True)
class Matches:
    """Which frame belongs to which transaction; :data:`NONE` where none does."""

    frame_of: Positions  # of each transaction
    transaction_of: Positions  # of each frame: the one that it names or was matched to
    named: Flags  # for each frame, whether it names a transaction
    several: Flags  # for each transaction, whether several frames name it; the nearest is its


def match(frames: pa.Table, transactions: pa.Table, rules: Mapping[str, Rules]) -> Matches:
    """Match frames and transactions, one to one, independently of their order.

    A frame that names a transaction belongs to the one of that number at the frame's till: where
    the number was used again, to the nearest in time, and never to one further away than the
    store's ``transaction_gap_minutes``, which would be another customer's. Of several frames the
    nearest, then the one of the smaller number, is taken. Of the others, and of the transactions
    that no frame names, the pair nearest in time goes first; then the earlier transaction, the
    smaller transaction's number, the smaller frame's.

    Args:
        frames: of SNAPSHOT_INDEX; a number occurs once in a store.
        transactions: the columns of a sale's key, and ``sold_at``; each key once.
        rules: by store.
    """
    captured, sold = times(frames["captured_at"]), times(transactions["sold_at"])
    named = ~frames["transaction_id"].is_null().to_numpy()
    frame_of = np.full(len(sold), NONE, np.int64)
    transaction_of = np.full(len(captured), NONE, np.int64)

    naming = np.flatnonzero(named)
    transaction_of[naming] = _named(frames.take(pa.array(naming)), transactions, rules)
    naming = naming[transaction_of[naming] != NONE]
    gap = np.abs(captured[naming] - sold[transaction_of[naming]])
    rank = _ranks(frames["snapshot_id"], naming)
    naming = naming[np.lexsort((rank, gap, transaction_of[naming]))]
    owners, first = np.unique(transaction_of[naming], return_index=True)
    frame_of[owners] = naming[first]
    several = np.bincount(transaction_of[naming], minlength=len(sold)) > 1

    unnamed, free = np.flatnonzero(~named), np.flatnonzero(frame_of == NONE)
    tolerance = {store: own.match_tolerance_seconds for store, own in rules.items()}
    for frame, transaction in _nearest(frames, transactions, unnamed, free, tolerance):
        frame_of[transaction], transaction_of[frame] = frame, transaction
    return Matches(frame_of, transaction_of, named, several)


def times(column: pa.ChunkedArray) -> Microseconds:
    """A TIME column in microseconds since 1970 UTC."""
    microseconds: Microseconds = column.cast(pa.int64()).to_numpy()
    return microseconds


def _named(frames: pa.Table, transactions: pa.Table, rules: Mapping[str, Rules]) -> Positions:
    """The transaction that each frame names, or NONE."""
    named = np.full(frames.num_rows, NONE, np.int64)
    captured = times(frames["captured_at"])
    started, sold = (times(transactions[name]) for name in ("started_at", "sold_at"))
    keys = _joined(transactions, _NUMBER_AT_TILL).dictionary_encode()
    key = keys.indices.to_numpy()
    sought = pc.index_in(_joined(frames, _NUMBER_AT_TILL), keys.dictionary)
    seeking = np.flatnonzero(sought.is_valid().to_numpy(zero_copy_only=False))
    wanted = pc.drop_null(sought).to_numpy()
    by_key = np.argsort(key, kind="stable")
    first, last = (np.searchsorted(key[by_key], wanted, side) for side in ("left", "right"))
    frame, transaction = np.repeat(seeking, last - first), by_key[spans(first, last)]
    at = captured[frame]
    outside = np.maximum(np.maximum(started[transaction] - at, at - sold[transaction]), 0)
    near = outside <= of_stores(frames, lambda name: rules[name].transaction_gap)[frame]
    frame, transaction, at, outside = frame[near], transaction[near], at[near], outside[near]
    order = np.lexsort((np.abs(at - sold[transaction]), outside, frame))
    found, nearest = np.unique(frame[order], return_index=True)
    named[found] = transaction[order][nearest]
    return named


def _nearest(
    frames: pa.Table,
    transactions: pa.Table,
    unnamed: Positions,
    free: Positions,
    tolerance: Mapping[str, float],
) -> list[tuple[int, int]]:
    frame, transaction = _candidates(frames, transactions, unnamed, free, tolerance)
    captured, sold = times(frames["captured_at"]), times(transactions["sold_at"])
    order = np.lexsort(
        (
            _ranks(frames["snapshot_id"], frame),
            _ranks(transactions["transaction_id"], transaction),
            sold[transaction],
            np.abs(captured[frame] - sold[transaction]),
        )
    )
    taken_frames: set[int] = set()
    taken: set[int] = set()
    pairs = []
    for f, t in zip(frame[order].tolist(), transaction[order].tolist(), strict=True):
        if f not in taken_frames and t not in taken:
            taken_frames.add(f)
            taken.add(t)
            pairs.append((f, t))
    return pairs


def _candidates(
    frames: pa.Table,
    transactions: pa.Table,
    unnamed: Positions,
    free: Positions,
    tolerance: Mapping[str, float],
) -> tuple[Positions, Positions]:
    """Every pair of an unnamed frame and a free transaction of its till within the tolerance."""
    frames, transactions = frames.take(pa.array(unnamed)), transactions.take(pa.array(free))
    frame_tills = _joined(frames, _TILL).dictionary_encode()
    tills = pc.index_in(_joined(transactions, _TILL), value_set=frame_tills.dictionary)
    till_of = tills.fill_null(NONE).to_numpy()
    till_of_frame = frame_tills.indices.to_numpy()
    captured, sold = times(frames["captured_at"]), times(transactions["sold_at"])
    by_frame, by_sale = np.lexsort((captured, till_of_frame)), np.lexsort((sold, till_of))
    count = len(frame_tills.dictionary)
    frame_ends = np.searchsorted(till_of_frame[by_frame], np.arange(count + 1)).tolist()
    sale_ends = np.searchsorted(till_of[by_sale], np.arange(count + 1)).tolist()
    pairs = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for till, key in enumerate(frame_tills.dictionary.to_pylist()):
        of_till = by_frame[frame_ends[till] : frame_ends[till + 1]]
        sales = by_sale[sale_ends[till] : sale_ends[till + 1]]
        reach = round(tolerance[key.split(_SEPARATOR)[0]] * SECOND)
        first = np.searchsorted(sold[sales], captured[of_till] - reach, side="left")
        last = np.searchsorted(sold[sales], captured[of_till] + reach, side="right")
        pairs.append((np.repeat(of_till, last - first), sales[spans(first, last)]))
    frame, sale = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return unnamed[frame], free[sale]


def spans(first: Positions, last: Positions) -> Positions:
    """The positions from ``first`` to before ``last`` of each span, one span after another."""
    lengths = last - first
    ends = np.cumsum(lengths)
    positions: Positions = np.arange(lengths.sum()) + np.repeat(first - (ends - lengths), lengths)
    return positions


def _joined(table: pa.Table, columns: Sequence[str]) -> pa.Array:
    """The texts of some columns as one text for each row."""
    texts = (table[name].cast(pa.large_string()) for name in columns)
    separator = pa.scalar(_SEPARATOR, pa.large_string())
    return pc.binary_join_element_wise(*texts, separator).combine_chunks()


def _ranks(column: pa.ChunkedArray, positions: Positions) -> Positions:
    """The place of each position's text in the sorted order; the same for the same text."""
    texts = pd.Series(column.take(pa.array(positions)).to_pylist(), dtype=object)
    codes, _ = pd.factorize(texts, sort=True)
    return codes.astype(np.int64)
