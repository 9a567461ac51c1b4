"""Rows that collecting rejects, with the reason and the remedy."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.clock.local_time import Flags
from auditor.sales.camera_tills import unknown_till
from auditor.sales.claims import NONE
from auditor.sales.codes import Codes
from auditor.sales.matching import Matches
from auditor.sales.transactions import Transactions
from auditor.tables import REJECTS

_NO_TRANSACTION = "snapshot_of_unknown_transaction"
_DETAILS = {
    "duplicate_transaction": "the transaction stands in {export} before, with the same lines; "
    "the first is kept, send every transaction once",
    "conflicting_transaction": "the transaction stands in {export} before, with another cashier "
    "or other content of a line; the first is kept, find out which is right",
    "overlong_transaction": "the transaction began on the day before, which does not read so far "
    "into this day; set the policy's day_ends_at to an hour at which no till sells",
    _NO_TRANSACTION: "the frame names a transaction of which no usable row was "
    "exported; look for it in the export and among the rejected rows",
    "snapshot_ambiguous": "the frame may be of several transactions of this till; let the till "
    "name the transaction, or set the clocks of camera and till",
    "snapshot_contradicts": "the frame names a transaction of another time, by the camera's "
    "clock; find out which of the two is wrong",
    "snapshot_without_sale": "no transaction of this till without a frame lies near enough in "
    "time; compare the clocks of camera and till",
}

_MAP_TILL = "correct the till, or map the camera's to the export's (till_id)"
_TILL = ["store_id", "till_id"]
_MINUTE = "%Y-%m-%d %H:%M UTC"

#: Reasons of lines that are in no sale; a duplicate's copy is.
LOST_LINES = ("conflicting_transaction", "overlong_transaction")


def line_rejects(lines: pa.Table, divided: Transactions) -> pa.Table:
    """REJECTS of the lines that are rejected; ``lines`` are those that were divided."""
    found = {
        "duplicate_transaction": divided.duplicates,
        "conflicting_transaction": divided.conflicts,
        "overlong_transaction": divided.overlong,
    }
    at = np.concatenate(list(found.values()))
    reasons = np.repeat(list(found), [len(positions) for positions in found.values()])
    order = np.argsort(at)
    at, reasons = at[order], reasons[order].tolist()
    files, others = (
        lines["source"].take(pa.array(positions)).to_pylist()
        for positions in (at, divided.before[at])
    )
    said = [
        _DETAILS[reason].format(export="the export" if other == file else other)
        for reason, file, other in zip(reasons, files, others, strict=True)
    ]
    return _rejects(lines, at, reasons, said)


def frame_rejects(index: pa.Table, lost: Flags, matches: Matches, heads: pa.Table) -> pa.Table:
    """REJECTS of the frames that are ``lost``, of those that were matched; ``heads`` as there."""
    at = np.flatnonzero(lost)
    reasons = {
        "snapshot_ambiguous": matches.frames.ambiguous[at],
        "snapshot_contradicts": matches.frames.contradicting[at],
        _NO_TRANSACTION: matches.named[at],
    }
    found = np.select(list(reasons.values()), list(reasons), "snapshot_without_sale")
    misnamed = matches.misnamed[at]
    sought = heads.select(["till_id", "sold_at"]).take(pa.array(misnamed, mask=misnamed == NONE))
    frames = index.select(["till_id", "captured_at", "transaction_id"]).take(pa.array(at))
    pairs = zip(frames.to_pylist(), sought.to_pylist(), strict=True)
    unknown = _of_unknown_tills(index, at, heads)
    details = [_misnamed(*pair) or said for pair, said in zip(pairs, unknown, strict=True)]
    return _rejects(index, at, found.tolist(), details)


def _of_unknown_tills(index: pa.Table, at: Codes, heads: pa.Table) -> list[str | None]:
    """Of the frames at some positions, what is said of a till that no transaction has.

    Nothing is of a store without any transaction: its export is missing.
    """
    tills: dict[str, set[str]] = defaultdict(set)
    pairs = heads.select(_TILL).group_by(_TILL).aggregate([])
    for store, till in zip(*(pairs[name].to_pylist() for name in _TILL), strict=True):
        tills[store].add(till)

    @cache
    def said(store: str, till: str) -> str | None:
        if not tills[store] or till in tills[store]:
            return None
        there = unknown_till(till, tills[store])
        return f"no transaction of the store is of till {till}: {there}; {_MAP_TILL}"

    frames = index.select([*_TILL, "transaction_id"]).take(pa.array(at)).to_pylist()
    return [
        # Whatever its till, the transaction that a frame names may be among the rejected rows.
        found and f"{_DETAILS[_NO_TRANSACTION]}; {found}" if frame["transaction_id"] else found
        for frame in frames
        for found in [said(frame["store_id"], frame["till_id"])]
    ]


def _misnamed(frame: dict[str, Any], sought: dict[str, Any]) -> str | None:
    """Why a frame's transaction is not the one of that number, if there is one."""
    if sought["till_id"] is None:
        return None
    number, till, other = frame["transaction_id"], frame["till_id"], sought["till_id"]
    if till != other:
        return (
            f"the frame is of till {till}, and the transaction {number} that it names is of till "
            f"{other}; {_MAP_TILL}"
        )
    return (
        f"the frame was taken at {frame['captured_at']:{_MINUTE}}, and the transaction {number} of "
        f"its till ended at {sought['sold_at']:{_MINUTE}}, further away than the policy's "
        "transaction_gap_minutes; compare the clocks, and the number"
    )


def _rejects(
    table: pa.Table,
    at: npt.NDArray[np.int64],
    reasons: list[str],
    details: Sequence[str | None],
) -> pa.Table:
    """REJECTS of rows; ``details`` say what is not said of all with a reason."""
    known = ("source", "row", "store_id", "transaction_id", "snapshot_id")
    rows = table.select([name for name in known if name in table.column_names])
    return REJECTS.from_rows(
        {
            "stage": "collect",
            "reason": reason,
            "detail": f"{row['source']}, row {row['row']}: {more or _DETAILS[reason]}",
            **row,
        }
        for row, reason, more in zip(
            rows.take(pa.array(at)).to_pylist(), reasons, details, strict=True
        )
    )
