"""Frozen cameras: the same picture, byte for byte, of sale after sale.

No two pictures that a camera takes are the same, for its sensor is never still. One picture for two
sales may be a recorder's mistake; a row of them is a camera that shows a face of the past.
"""

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor.clock.local_time import SECOND, Flags
from auditor.sales.frames import FRAMES_DISAGREE, without_ages
from auditor.sales.identity import SALE_KEY
from auditor.sales.matching import times
from auditor.sales.outcomes import CAMERA_FROZEN, SEVERAL_FACES
from auditor.tables import FRAME_SCORES, LEDGER, RECORDED_UNDERAGE

#: The columns of LEDGER by which frozen cameras are found.
NEEDED = (*SALE_KEY, "sold_at", "snapshot_sha256", "snapshot_offset_s")

# Captures in a row of one camera, and the time from the first to the last of them.
_LEAST_SALES, _LEAST_SECONDS = 5, 600

_DETAIL = "the camera gave the same picture, byte for byte, for this sale and others around it"
#: What a frozen frame cannot tell of the sale.
_OF_FACES = tuple(
    column.name
    for column in FRAME_SCORES.columns
    if column.name in LEDGER.names and column.name not in ("reason", "detail", "snapshot_sha256")
)


def frozen(ledger: pa.Table) -> Flags:
    """Which sales of one store have a frame of a camera that was frozen then.

    Args:
        ledger: NEEDED of all its sales, in any order.
    """
    till = pd.factorize(ledger["till_id"].to_pandas())[0]
    picture = pd.factorize(ledger["snapshot_sha256"].to_pandas())[0]  # -1 without a frame
    offset = ledger["snapshot_offset_s"].fill_null(0).to_numpy()
    captured = times(ledger["sold_at"]) / SECOND + offset
    at = np.flatnonzero(picture >= 0)
    at = at[np.lexsort((captured[at], till[at]))]
    begins = (np.diff(till[at], prepend=-1) != 0) | (np.diff(picture[at], prepend=-1) != 0)
    row = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    last = np.append(first, len(at))[1:] - 1
    is_frozen = (last - first + 1 >= _LEAST_SALES) & (
        captured[at][last] - captured[at][first] >= _LEAST_SECONDS
    )
    flags = np.zeros(ledger.num_rows, np.bool_)
    flags[at] = is_frozen[row]
    return flags


def without_faces(ledger: pa.Table, which: Flags) -> pa.Table:
    """LEDGER in which nothing is told of the faces of some sales, which were a frozen camera's.

    Those that only an estimate could have judged are inconclusive.
    """
    if not which.any():
        return ledger
    rows = ledger.to_pylist()
    for at in np.flatnonzero(which).tolist():
        row = rows[at]
        row |= dict.fromkeys((*_OF_FACES, "crop"))
        row["frames"] = without_ages(row["frames"])
        row["marks"] = sorted({*row["marks"], CAMERA_FROZEN} - {SEVERAL_FACES, FRAMES_DISAGREE})
        by_looks = row["outcome"] == "flagged" and row["reason"] != RECORDED_UNDERAGE
        if by_looks or row["outcome"] in ("over_threshold", "inconclusive"):
            row |= {"outcome": "inconclusive", "reason": CAMERA_FROZEN, "detail": _DETAIL}
    return LEDGER.from_rows(rows)
