"""What goes wrong in the demo chain, how often a day, and what the audit has to make of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.demo.catalogue import Store


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of trouble that befalls alcohol sales."""

    name: str  # as in the truth's column ``trouble``
    a_day: int  # sales it befalls on each day, over all stores that sent an export
    reason: str | None = None  # why the sale ends inconclusive; None: an age can be estimated
    has_frame: bool = True  # whether a frame is to be matched to the sale


TROUBLES = (
    # What keeps the age from being estimated: on sales without a counting check, so that it shows.
    Trouble("no_snapshot", 6, "snapshot_missing", has_frame=False),
    Trouble("path_outside", 1, "snapshot_missing", has_frame=False),  # its index row is rejected
    Trouble("truncated_file", 3, "snapshot_unreadable"),
    Trouble("empty_file", 1, "snapshot_unreadable"),
    Trouble("empty_frame", 4, "no_face"),  # the till without a person
    Trouble("face_too_small", 4, "face_too_small"),  # so small that no_face is as right
    Trouble("face_blurred", 2, "face_blurred"),
    # What it has to cope with.
    Trouble("two_faces", 4),  # the buyer is the larger, nearer the middle
    Trouble("companion", 4),  # somebody small in the background
    Trouble("unnamed_frame", 6),  # matched by till and time
    Trouble("camera_clock_off", 2),  # the same by a clock that is 47 s off, as named frames say
    Trouble("duplicate_transaction", 2),  # repeated at the end of the file
    Trouble("malformed_row", 1),  # one of two alcohol lines; the other keeps the sale
    Trouble("exif_rotated", 3),
    Trouble("greyscale", 2),
    Trouble("cmyk", 1),
    Trouble("png", 2),
    Trouble("png_16_bit", 1),
)

BY_NAME = {trouble.name: trouble for trouble in TROUBLES}

#: Rows of baskets without alcohol that are malformed each day: cells missing, no such hour.
MALFORMED_OTHER_ROWS = ("cells", "time")
#: Frames a day that no sale can claim, and frames of baskets without alcohol.
UNCLAIMED_FRAMES, OTHER_FRAMES = 1, 5
#: Transactions a store and day that only give alcohol back; that sell and void it; and alcohol
#: sales of which one unit is voided (these stay sales).
RETURNS, VOIDED, CORRECTED = 1, 1, 1
#: Transactions that are in both files of a store that delivers two.
RESENT = 5


def share_out(stores: Sequence[Store]) -> dict[str, list[str]]:
    """Deal a day's troubles to ``stores``, in turn, as far as each can have them.

    Returns:
        The names of the troubles, repeated as often as they befall it, by store id.
    """
    dealt: dict[str, list[str]] = {store.store_id: [] for store in stores}
    turn = 0
    for trouble in TROUBLES:
        able = [store for store in stores if _can_have(store, trouble.name)]
        for _ in range(trouble.a_day if able else 0):
            dealt[able[turn % len(able)].store_id].append(trouble.name)
            turn += 1
    return dealt


def _can_have(store: Store, trouble: str) -> bool:
    match trouble:
        case "camera_clock_off":
            return store.camera_seconds != 0
        case "unnamed_frame":
            return store.camera_seconds == 0
        case "malformed_row":
            return store.writes_text
        case _:
            return True
