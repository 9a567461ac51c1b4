"""The frames of sales that have several: those that are looked at, and the one that is judged.

Collected sales carry the nearest frame, and a list of all of them. In the ledger a sale carries the
frame that was judged (faces/bursts.py), and in the list what each frame showed.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.clock.local_time import SECOND
from auditor.sales.claims import NONE
from auditor.sales.codes import spans
from auditor.sales.matching import Matches, times
from auditor.tables import LEDGER, SALES

Row = dict[str, Any]

#: Mark of a sale whose frame names no transaction: by its time it can be no other sale's.
MATCHED_BY_TIME = "matched_by_time"

#: Mark of a sale of which another frame gives another age: one of them may show another person.
FRAMES_DISAGREE = "frames_disagree"

#: So many frames of a sale are looked at. Each takes the time that a sale with one frame takes.
MOST = 5

# A sale's columns that are those of its frame, and what they are in the list of frames.
_OF_FRAME = {
    "snapshot_id": "snapshot_id",
    "snapshot_path": "path",
    "matched_by": "matched_by",
    "snapshot_offset_s": "offset_s",
}
_COLUMNS = (*_OF_FRAME, "marks", "frames")

#: The columns of LEDGER that say which frames were read.
LOOKED_AT = ("snapshot_path", "snapshot_sha256", "frames")


def several_frames(
    matches: Matches, index: pa.Table, sold_at: pa.ChunkedArray, at: npt.NDArray[np.int64]
) -> pa.ListArray:
    """The frames of each of the transactions at some positions; null unless it has several.

    Args:
        matches: of the frames of ``index`` (SNAPSHOT_INDEX) and all transactions.
        index: the frames.
        sold_at: the time of these transactions.
        at: their positions.
    """
    owner = matches.transaction_of[matches.owned]
    first, end = (np.searchsorted(owner, at, side) for side in ("left", "right"))
    has_several = (matches.frame_of[at] != NONE) & (end - first > 1)
    counts = np.where(has_several, np.minimum(end - first, MOST), 0)
    frame = matches.owned[spans(first, first + counts)]
    offsets = times(index["captured_at"])[frame] - np.repeat(times(sold_at), counts)
    found = index.select(["snapshot_id", "path"]).take(pa.array(frame)).combine_chunks()
    columns = {
        **{name: found[name].combine_chunks() for name in found.column_names},
        "matched_by": pa.array(
            np.where(matches.named[frame], "transaction", "till_and_time"), pa.string()
        ),
        "offset_s": pa.array(offsets / SECOND),
    }
    kind = SALES.arrow.field("frames").type
    fields = list(kind.value_type)
    structs = pa.StructArray.from_arrays([columns[f.name] for f in fields], fields=fields)
    starts = np.append(0, np.cumsum(counts)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(starts), structs, kind, mask=pa.array(~has_several))


def judged(sales: pa.Table, chosen: pa.ChunkedArray, seen: pa.ChunkedArray) -> dict[str, pa.Array]:
    """The columns of LEDGER that depend on which of a sale's frames is judged.

    Args:
        sales: SALES.
        chosen: of FRAME_SCORES, in the order of the sales; null: the first frame is judged.
        seen: likewise; null: no frame was looked at.
    """
    rows = sales.select(_COLUMNS).to_pylist()
    for row, place, told in zip(rows, chosen.to_pylist(), seen.to_pylist(), strict=True):
        if row["frames"] is not None:
            row["frames"] = [
                frame | of_frame
                for frame, of_frame in zip(row["frames"], told or repeat({}), strict=False)
            ]
            _stand_for(row, place or 0)
            if disagreeing(row["frames"], row["frames"][place or 0]):
                row["marks"] = sorted({*row["marks"], FRAMES_DISAGREE})
    return {
        name: pa.array([row[name] for row in rows], LEDGER.arrow.field(name).type)
        for name in _COLUMNS
    }


def as_collected(ledger: pa.Table) -> dict[str, pa.Array]:
    """The columns that :func:`judged` changed, as they were; its mark stays."""
    rows = ledger.select(_COLUMNS).to_pylist()
    for row in rows:
        if row["frames"] is not None:
            row["frames"] = [{n: f[n] for n in _OF_FRAME.values()} for f in row["frames"]]
            _stand_for(row, 0)
    return {
        name: pa.array([row[name] for row in rows], SALES.arrow.field(name).type)
        for name in _COLUMNS
    }


def disagreeing(frames: Sequence[Row], judged: Mapping[str, Any]) -> list[Row]:
    """The frames of a sale whose age's 80 % interval lies wholly beside that of the judged one.

    Measured with version 4 on portraits of known age: four in five pairs of people at least 30
    years apart do, and none of 25 pairs of the same person. Of 95 % intervals one in four would.

    Args:
        frames: of LEDGER.
        judged: has its ``age``, ``age_low`` and ``age_high``.
    """
    if judged.get("age") is None:
        return []
    low, high = judged["age_low"], judged["age_high"]
    with_age = (frame for frame in frames if frame["age"] is not None)
    return [f for f in with_age if f["age_high"] < low or high < f["age_low"]]


def looked_at(ledger: pa.Table) -> Iterator[tuple[str, str]]:
    """Path and SHA-256 of every frame that was read for some sales, by LOOKED_AT of LEDGER."""
    for path, sha256, frames in zip(*(ledger[n].to_pylist() for n in LOOKED_AT), strict=True):
        of_sale = [(path, sha256)] if frames is None else [(f["path"], f["sha256"]) for f in frames]
        yield from (frame for frame in of_sale if frame[1] is not None)


def without_ages(frames: Sequence[Row] | None) -> list[Row] | None:
    """A sale's ``frames`` in LEDGER without what they seemed to show."""
    nothing = dict.fromkeys(("age", "age_low", "age_high"))
    return None if frames is None else [frame | nothing for frame in frames]


def _stand_for(row: Row, place: int) -> None:
    """Let one of its frames stand for a sale."""
    frame = row["frames"][place]
    row |= {column: frame[name] for column, name in _OF_FRAME.items()}
    by_time = {MATCHED_BY_TIME} if frame["matched_by"] == "till_and_time" else set()
    row["marks"] = sorted({*row["marks"]} - {MATCHED_BY_TIME} | by_time)
