"""Whether a picture shows a face well enough to be given an age, and why if it does not."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from auditor.faces.clarity import Clarity
from auditor.faces.detector import Face
from auditor.faces.frames import Pixels, Turn
from auditor.faces.quality import frontal

_DARK = 80  # mean luminance below which a face counts as dark; 143 is usual
_WHITE = 250  # luminance of what is overexposed
# The detector's box, width over height, as a logarithm: -0.24 is usual, and 95 of 100 upright faces
# are within 0.12 of it. Where it is far off, how far says no more: the detector guesses.
_SHAPE, _USUAL, _FAR = -0.24, 0.09, 0.45

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a face has to meet; the model's card and the policy say what each is."""

    min_face_px: float
    min_sharpness: float
    min_clarity: float
    max_covered: float


class Shown(NamedTuple):
    """How a picture shows a face."""

    face_px: float  # its longer side
    turn: Turn  # that makes it upright
    sharpness: float
    signals: Floats  # of clarity.SIGNALS, shape (4,)


def shown(face: Face, turn: Turn, pixels: Pixels) -> Shown:
    """How a picture shows a face.

    Args:
        face: as the detector found it.
        turn: that makes it upright.
        pixels: its crop as the network sees it, uint8 RGB, shape (side, side, 3).
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return Shown(face.size, turn, laplacian_variance(pixels), _signals(face, grey))


def laplacian_variance(pixels: Pixels) -> float:
    """The sharpness of a face: variance of the Laplacian (Pech-Pacheco 2000) of its grey picture.

    Args:
        pixels: uint8 RGB as the model sees it, shape (side, side, 3).
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def refusal(
    limits: Limits, seen: Shown, clearness: float, covered: float, model: Clarity | None
) -> tuple[str, str] | None:
    """Why a face is given no age: one of INCONCLUSIVE_REASONS and the figures; None if it is.

    Args:
        limits: what it has to meet.
        seen: how the picture shows it.
        clearness: its clarity.
        covered: P(a mask or sunglasses cover it).
        model: what gave the clarity.
    """
    if seen.face_px < limits.min_face_px:
        detail = f"the face is {seen.face_px:.0f} px, {limits.min_face_px:.0f} are needed"
        return "face_too_small", detail
    if seen.turn:
        return "face_turned", f"the face is upright only if turned {seen.turn} degrees clockwise"
    if model is not None and clearness < limits.min_clarity:
        detail = f"clarity {clearness:.2f}, {limits.min_clarity:.2f} is needed"
        return f"face_{model.cause(seen.signals)}", detail
    if seen.sharpness < limits.min_sharpness:
        detail = f"sharpness {seen.sharpness:.0f}, {limits.min_sharpness:.0f} is needed"
        return "face_blurred", detail
    if covered > limits.max_covered:
        most = limits.max_covered
        detail = f"P(a mask or sunglasses) is {covered:.2f}, up to {most:.2f} is judged"
        return "face_covered", detail
    return None


def _signals(face: Face, grey: NDArray[np.number]) -> Floats:
    """What makes a face unclear, in the order of clarity.SIGNALS, each 0 if nothing does."""
    off = abs(float(np.log(face.width / face.height)) - _SHAPE)
    return np.array(
        [
            max(1 - float(grey.mean()) / _DARK, 0),
            float((grey > _WHITE).mean()),
            min(max(off - _USUAL, 0), _FAR),
            1 - frontal(face.landmarks),
        ]
    )
