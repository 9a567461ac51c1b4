"""Which way up a camera hangs, and a face is: by how much it has to be turned to be upright.

The detector finds faces that lie or stand on their heads too, with eyes and a mouth where it
expects them, but is less sure of them: of each, the turn counts at which it is surest.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import get_args

import cv2
import numpy as np

from auditor.faces.detector import SMALLEST, Detector, Face, is_upright
from auditor.faces.frames import Picture, Pixels, Turn, UnreadableFrameError
from auditor.faces.reader import FrameReader

#: Frames with a face from which something is said of a camera, and the share of them that has to
#: agree: a face in a poster is no camera's fault.
FEWEST, SHARE = 3, 0.75

_TURNS: tuple[Turn, ...] = get_args(Turn)

# A face is looked at in a square of so many times its side, seen as so many pixels a side. Of 510
# faces from frames and portraits none was found turned, and of 1,510 that were turned all.
_AROUND, _SIDE = 2, 96


def turn_of(
    detector: Detector,
    frames: Iterable[bytes],
    smallest: float = SMALLEST,
    reader: FrameReader | None = None,
) -> Turn | None:
    """By how much most of a camera's frames have to be turned for the faces in them to be upright.

    Args:
        detector: finds the faces.
        frames: the content of some of the camera's frames; those that cannot be read are left out.
        smallest: the longer side of the smallest face that matters, pixels.
        reader: reads the frames; without one, none of an extra format.

    Returns:
        Degrees clockwise; None where too few frames show a face, or they disagree.
    """
    votes = Counter[Turn]()
    read = (reader or FrameReader()).picture
    for content in frames:
        try:
            pictures = [read(content, turned=turn) for turn in _TURNS]
        except UnreadableFrameError:
            continue
        found = detector.detect(pictures, smallest)
        sureness = dict(zip(_TURNS, map(_surest, found), strict=True))
        turn = max(sureness, key=sureness.__getitem__)
        votes[turn] += sureness[turn] > 0
    if votes.total() < FEWEST:
        return None
    turn, count = votes.most_common(1)[0]
    return turn if count >= SHARE * votes.total() else None


def face_turns(
    detector: Detector, pictures: Sequence[Picture], faces: Sequence[Sequence[Face]]
) -> list[list[Turn]]:
    """By how much each face of each picture would have to be turned to be upright.

    Each is looked at once more, closely and at each turn.

    Returns:
        Degrees clockwise, in the order of the faces.
    """
    squares = [
        _around(picture, face)
        for picture, those in zip(pictures, faces, strict=True)
        for face in those
    ]
    if not squares:
        return [[] for _ in faces]
    turned = np.stack([np.rot90(square, -turn // 90) for square in squares for turn in _TURNS])
    best = detector.sureness(turned).reshape(-1, len(_TURNS)).argmax(axis=1)  # the first of equals
    found = iter(best.tolist())
    return [[_TURNS[next(found)] for _ in those] for those in faces]


def _around(picture: Picture, face: Face) -> Pixels:
    """The square around a face, twice its side, at a small scale; the border is repeated."""
    scale = _SIDE / (_AROUND * face.size)
    decoded = picture.at(scale)
    zoom = scale / decoded.scale
    x, y = face.x + face.width / 2, face.y + face.height / 2
    across, down = (_SIDE / 2 - zoom * decoded.scale * middle for middle in (x, y))
    return np.asarray(
        cv2.warpAffine(
            decoded.pixels,
            np.array([[zoom, 0, across], [0, zoom, down]]),
            (_SIDE, _SIDE),
            flags=cv2.INTER_AREA,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


def _surest(faces: Iterable[Face]) -> float:
    """The confidence of the surest face that is upright by its landmarks; 0 without one."""
    return max((face.confidence for face in faces if is_upright(face.landmarks)), default=0.0)
