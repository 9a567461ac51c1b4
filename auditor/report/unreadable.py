"""Frames that could not be read, by camera, and what was wrong with them."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

#: The columns of LEDGER that tell.
OF_UNREADABLE = ("store_id", "till_id", "reason", "detail")

#: The reason of a sale whose frame could not be read.
UNREADABLE = "snapshot_unreadable"


@dataclass(frozen=True, slots=True)
class UnreadableFrames:
    """The frames of a till's inconclusive sales that could not be read.

    ``why`` has what was wrong, where that is known, each with how many frames it concerns, the most
    frequent first.
    """

    store_id: str
    till_id: str
    frames: int
    why: tuple[tuple[str, int], ...]


def unreadable_frames(ledger: pa.Table) -> tuple[UnreadableFrames, ...]:
    """Those of rows of LEDGER with the columns ``OF_UNREADABLE``, by store and till."""
    own = ledger.filter(pc.equal(ledger["reason"], UNREADABLE)).select(OF_UNREADABLE).to_pylist()
    frames = Counter((row["store_id"], row["till_id"]) for row in own)
    why: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in own:
        if row["detail"]:
            why[row["store_id"], row["till_id"]][row["detail"]] += 1
    return tuple(
        UnreadableFrames(*key, count, tuple(sorted(why[key].items(), key=lambda i: (-i[1], i[0]))))
        for key, count in sorted(frames.items())
    )
