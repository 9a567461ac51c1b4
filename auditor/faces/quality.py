"""How well a frame shows a face: by it the frame that is judged is chosen among a sale's."""

import numpy as np
from numpy.typing import NDArray

from auditor.faces.detector import Face

# Sharpness (gates.laplacian_variance) at which a face has half of what sharpness can give. Beyond
# it counts less and less: a noisy picture is sharp, too. Faces in the demo's frames have 16 to 56,
# portraits of 160 to 500 pixels 75 to 550.
_HALF_SHARP = 50.0


def quality(face: Face, sharpness: float, side: int) -> float:
    """How large, sharp, frontal and surely a face it is, 0 to 1.

    The four are multiplied, so that none makes up for another. A face larger than ``side``, the
    pixels of a side that the network sees, gains nothing.
    """
    size = min(face.size / side, 1.0)
    sharp = sharpness / (sharpness + _HALF_SHARP)
    return size * sharp * frontal(face.landmarks) * face.confidence


def frontal(landmarks: NDArray[np.float64]) -> float:
    """How little a head is turned aside: 1 with the nose midway between the eyes, 0 beside one.

    ``landmarks`` have the shape (5, 2), in the order of alignment.TEMPLATE. The nose is seen along
    the line through the eyes, so that a tilted head is as frontal as an upright one.
    """
    left, right, nose = landmarks[:3]
    across = right - left
    if not across.any():
        return 0.0
    place = float((nose - left) @ across / (across @ across))
    return max(0.0, 1 - abs(2 * place - 1))
