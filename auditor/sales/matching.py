"""Matches frames to transactions: by the transaction that a frame names, else by till and time.

Every transaction competes for frames, with or without alcohol: a frame of the customer who bought
bread is no evidence about the next one, who bought wine.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import SECOND, Flags, Microseconds
from auditor.policy import Rules
from auditor.sales.claims import NONE, CameraDay, Claims, claim
from auditor.sales.codes import spans
from auditor.sales.store_rules import of_stores
from auditor.tables import CAMERA_DAYS

Positions = npt.NDArray[np.int64]

_TILL = ("store_id", "till_id")
_NUMBER_AT_TILL = (*_TILL, "transaction_id")
_NUMBER_IN_STORE = ("store_id", "transaction_id")
_SEPARATOR = "\x1f"  # no id holds a control character


class Doubts(NamedTuple):
    """What is held against some frames, or against the transactions that they may be of."""

    ambiguous: Flags  # frames that may be of several transactions
    contradicting: Flags  # frames that name a transaction of another time or till


@dataclass(frozen=True)
class Matches:
    """Which frame belongs to which transaction; :data:`NONE` where none does."""

    frame_of: Positions  # of each transaction: one that names it before others, then the nearest
    transaction_of: Positions  # of each frame
    named: Flags  # for each frame, whether it names a transaction
    #: Of each frame that names none at its till and time, the transaction of the number that it
    #: names: at another till at its time, else at its till at another time.
    misnamed: Positions
    owned: Positions  # all frames of transactions, by these; of each in the order of frame_of
    frames: Doubts
    transactions: Doubts  # that have no frame
    clocks: pa.Table  # CAMERA_DAYS


def match(frames: pa.Table, transactions: pa.Table, rules: Mapping[str, Rules]) -> Matches:
    """Match frames and transactions, independently of their order.

    A frame that names a transaction belongs to the one of that number at the frame's till: where
    the number was used again, to the nearest in time, and never to one further away than the
    store's ``transaction_gap_minutes``, which would be another customer's. By the camera's clock it
    has to be within the tolerance; where nothing is known of the clock, not nearer to another.

    A frame that names none belongs to a transaction if it can be no other's (sales/claims.py).

    Args:
        frames: of SNAPSHOT_INDEX; a number occurs once in a store.
        transactions: the columns of a sale's key, and ``sold_at``; each key once.
        rules: by store.
    """
    named = ~frames["transaction_id"].is_null().to_numpy()
    naming = np.flatnonzero(named)
    of_naming = frames.take(pa.array(naming))
    target = np.full(len(named), NONE, np.int64)
    target[naming] = _named(of_naming, transactions, rules, _NUMBER_AT_TILL)
    found = _Found(len(named), transactions.num_rows)
    for camera in _cameras(frames, transactions):
        tolerance = rules[camera.store_id].match_tolerance_seconds
        found.add(camera, claim(camera.day(target, named), tolerance), target)
    elsewhere = _named(of_naming, transactions, rules, _NUMBER_IN_STORE)
    elsewhere[target[naming] != NONE] = NONE
    found.transactions.contradicting[elsewhere[elsewhere != NONE]] = True
    misnamed = np.full(len(named), NONE, np.int64)
    misnamed[naming] = elsewhere
    lost = naming[(target[naming] == NONE) & (elsewhere == NONE)]
    misnamed[lost] = _named(frames.take(pa.array(lost)), transactions, None, _NUMBER_AT_TILL)

    owned = np.flatnonzero(found.transaction_of != NONE)
    owner = found.transaction_of[owned]
    ranks = _ranks(frames["snapshot_id"], owned)
    order = np.lexsort((ranks, found.away[owned], ~named[owned], owner))
    owners, first = np.unique(owner[order], return_index=True)
    frame_of = np.full(transactions.num_rows, NONE, np.int64)
    frame_of[owners] = owned[order][first]
    for flags in found.transactions:
        flags[owners] = False
    return Matches(
        frame_of=frame_of,
        transaction_of=found.transaction_of,
        named=named,
        misnamed=misnamed,
        owned=owned[order],
        frames=found.frames,
        transactions=found.transactions,
        clocks=CAMERA_DAYS.from_rows(found.clocks),
    )


def times(column: pa.ChunkedArray) -> Microseconds:
    """A TIME column in microseconds since 1970 UTC."""
    microseconds: Microseconds = column.cast(pa.int64()).to_numpy()
    return microseconds


def _named(
    frames: pa.Table,
    transactions: pa.Table,
    rules: Mapping[str, Rules] | None,
    number: Sequence[str],
) -> Positions:
    """The transaction that each frame names, by the columns of its number, or NONE.

    Without ``rules``, however far away it is in time.
    """
    named = np.full(frames.num_rows, NONE, np.int64)
    captured = times(frames["captured_at"])
    started, sold = (times(transactions[name]) for name in ("started_at", "sold_at"))
    keys = _joined(transactions, number).dictionary_encode()
    key = keys.indices.to_numpy()
    sought = pc.index_in(_joined(frames, number), keys.dictionary)
    seeking = np.flatnonzero(sought.is_valid().to_numpy(zero_copy_only=False))
    wanted = pc.drop_null(sought).to_numpy()
    by_key = np.argsort(key, kind="stable")
    first, last = (np.searchsorted(key[by_key], wanted, side) for side in ("left", "right"))
    frame, transaction = np.repeat(seeking, last - first), by_key[spans(first, last)]
    at = captured[frame]
    outside = np.maximum(np.maximum(started[transaction] - at, at - sold[transaction]), 0)
    if rules is not None:
        near = outside <= of_stores(frames, lambda name: rules[name].transaction_gap)[frame]
        frame, transaction, at, outside = frame[near], transaction[near], at[near], outside[near]
    order = np.lexsort((np.abs(at - sold[transaction]), outside, frame))
    found, nearest = np.unique(frame[order], return_index=True)
    named[found] = transaction[order][nearest]
    return named


@dataclass(frozen=True)
class _Times:
    """The times of frames and transactions, microseconds."""

    captured: Microseconds
    started: Microseconds
    sold: Microseconds


@dataclass(frozen=True)
class _Camera:
    """The frames of a camera and the transactions of its till, each in the order of time."""

    store_id: str
    till_id: str
    frames: Positions
    sales: Positions
    times: _Times

    def day(self, target: Positions, named: Flags) -> CameraDay:
        """It in seconds from the first frame; ``target`` and ``named`` are of all frames."""
        base = self.times.captured[self.frames[0]]
        place = {sale: place for place, sale in enumerate(self.sales.tolist())}
        return CameraDay(
            (self.times.captured[self.frames] - base) / SECOND,
            (self.times.started[self.sales] - base) / SECOND,
            (self.times.sold[self.sales] - base) / SECOND,
            np.array([place.get(sale, NONE) for sale in target[self.frames].tolist()], np.int64),
            ~named[self.frames],
        )


def _cameras(frames: pa.Table, transactions: pa.Table) -> Iterator[_Camera]:
    """Yield each camera that has frames."""
    tills = _joined(frames, _TILL).dictionary_encode()
    of_frame = tills.indices.to_numpy()
    found = pc.index_in(_joined(transactions, _TILL), value_set=tills.dictionary)
    of_sale = found.fill_null(NONE).to_numpy()
    all_times = _Times(
        times(frames["captured_at"]),
        times(transactions["started_at"]),
        times(transactions["sold_at"]),
    )
    by_frame = np.lexsort((all_times.captured, of_frame))
    by_sale = np.lexsort((all_times.sold, of_sale))
    every = np.arange(len(tills.dictionary) + 1)
    frame_ends = np.searchsorted(of_frame[by_frame], every).tolist()
    sale_ends = np.searchsorted(of_sale[by_sale], every).tolist()
    for place, key in enumerate(tills.dictionary.to_pylist()):
        store_id, till_id = key.split(_SEPARATOR)
        of_camera = by_frame[frame_ends[place] : frame_ends[place + 1]]
        of_till = by_sale[sale_ends[place] : sale_ends[place + 1]]
        yield _Camera(store_id, till_id, of_camera, of_till, all_times)


class _Found:
    """What was found of all frames and transactions, camera by camera."""

    def __init__(self, frames: int, transactions: int) -> None:
        self.transaction_of = np.full(frames, NONE, np.int64)
        self.away = np.zeros(frames)  # from its transaction, by the camera's clock; seconds
        self.frames, self.transactions = (
            Doubts(np.zeros(count, np.bool_), np.zeros(count, np.bool_))
            for count in (frames, transactions)
        )
        self.clocks: list[dict[str, Any]] = []

    def add(self, camera: _Camera, claims: Claims, target: Positions) -> None:
        """Add a camera's; ``target`` is the transaction that each of all frames names."""
        has_owner = claims.owner != NONE
        self.transaction_of[camera.frames[has_owner]] = camera.sales[claims.owner[has_owner]]
        self.away[camera.frames] = claims.away
        self.frames.ambiguous[camera.frames] = claims.ambiguous
        self.frames.contradicting[camera.frames] = claims.contradicting
        self.transactions.ambiguous[camera.sales] = claims.doubtful
        self.transactions.contradicting[target[camera.frames[claims.contradicting]]] = True
        clock = claims.clock
        row: dict[str, Any] = {
            "store_id": camera.store_id,
            "till_id": camera.till_id,
            "basis": clock.basis,
            "frames": len(camera.frames),
            "ambiguous": int(claims.ambiguous.sum()),
            "contradicting": int(claims.contradicting.sum()),
            "frozen": 0,
        }
        if clock.is_known:
            per_hour = 3600 * clock.drift
            row |= {"offset_s": clock.offset, "drift_s": per_hour, "spread_s": clock.spread}
        self.clocks.append(row)


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
