"""How a camera hangs: by how much its frames have to be turned to be upright."""

from collections import Counter
from collections.abc import Iterable
from typing import get_args

from auditor.faces.detector import SMALLEST, Detector, Face
from auditor.faces.frames import Picture, Turn, UnreadableFrameError

#: Frames with a face from which something is said of a camera, and the share of them that has to
#: agree: a face in a poster is no camera's fault.
FEWEST, SHARE = 3, 0.75

_TURNS: tuple[Turn, ...] = get_args(Turn)


def turn_of(detector: Detector, frames: Iterable[bytes], smallest: float = SMALLEST) -> Turn | None:
    """By how much most of a camera's frames have to be turned for the faces in them to be upright.

    The detector finds faces that lie or stand on their heads too, with eyes and a mouth where it
    expects them, but is less sure of them: of a frame, the turn counts at which it is surest.

    Args:
        detector: finds the faces.
        frames: the content of some of the camera's frames; those that cannot be read are left out.
        smallest: the longer side of the smallest face that matters, pixels.

    Returns:
        Degrees clockwise; None where too few frames show a face, or they disagree.
    """
    votes = Counter[Turn]()
    for content in frames:
        try:
            pictures = [Picture.read(content, turned=turn) for turn in _TURNS]
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


def _surest(faces: Iterable[Face]) -> float:
    """The confidence of the surest face that is upright by its landmarks; 0 without one."""
    return max((face.confidence for face in faces if _is_upright(face)), default=0.0)


def _is_upright(face: Face) -> bool:
    """Whether the way from the eyes to the mouth leads down, by at most 45 degrees off."""
    right, down = face.landmarks[3:].mean(axis=0) - face.landmarks[:2].mean(axis=0)
    return bool(down > abs(right))
