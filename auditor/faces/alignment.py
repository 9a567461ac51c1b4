"""From five landmarks to the crop that the age model was trained on."""

import cv2
import numpy as np
from numpy.typing import NDArray

from auditor.faces.frames import Picture, Pixels

#: Left eye, right eye, nose tip, left and right mouth corner, left to right as the picture shows
#: them: pixels of a square of side TEMPLATE_SIDE.
TEMPLATE = np.array([[59.1, 57.4], [137.0, 57.7], [97.5, 103.4], [62.9, 137.1], [132.7, 137.3]])
TEMPLATE_SIDE = 200

# Below this scale a bilinear warp skips pixels: the picture is averaged down first.
_ALIASING_SCALE = 0.6
_PRESHRINK = 1.2


def scaled(crop: Pixels, side: int) -> Pixels:
    """A crop at another side, pixels: area-averaged down, linearly interpolated up."""
    if side == crop.shape[0]:
        return crop
    how = cv2.INTER_AREA if side < crop.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(crop, (side, side), interpolation=how), np.uint8)


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """The similarity transform (no reflection) that best maps ``source`` onto ``target``.

    Least squares after Umeyama (1991, doi 10.1109/34.88573); in two dimensions rotation and scale
    are one complex factor. Points have the shape (n, 2), the transform's matrix (2, 3).

    Raises:
        ValueError: the points are not finite or all in one place.
    """
    a = np.asarray(source, dtype=np.float64) @ (1, 1j)
    b = np.asarray(target, dtype=np.float64) @ (1, 1j)
    spread = a - a.mean()
    power = float((spread.conj() @ spread).real)
    if not np.isfinite(power) or power == 0:
        raise ValueError("the landmarks are in one place or not finite")
    factor = (spread.conj() @ (b - b.mean())) / power
    shift = b.mean() - factor * a.mean()
    return np.array(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]
    )


def align(given: Picture | Pixels, landmarks: NDArray[np.floating], side: int) -> Pixels:
    """Cut the face out so that its landmarks lie on the template.

    Args:
        given: the picture with the face, or its pixels.
        landmarks: shape (5, 2), x and y in the picture's pixels, in the order of TEMPLATE.
        side: of the crop, pixels.

    Returns:
        The crop, uint8, shape (side, side, 3); beyond the picture's edge its border is repeated.

    Raises:
        ValueError: the landmarks do not span a plane figure.
    """
    target = TEMPLATE * (side / TEMPLATE_SIDE)
    matrix = similarity(landmarks, target)
    decoded = Picture.of(given).at(float(np.hypot(matrix[0, 0], matrix[1, 0])))
    pixels = decoded.pixels
    if decoded.scale < 1:
        landmarks = (np.asarray(landmarks) + 0.5) * decoded.scale - 0.5
        matrix = similarity(landmarks, target)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < _ALIASING_SCALE:
        height, width = pixels.shape[:2]
        small = [max(1, round(length * scale * _PRESHRINK)) for length in (width, height)]
        shrink = np.array(small) / (width, height)
        pixels = np.asarray(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), np.uint8)
        matrix = similarity((np.asarray(landmarks) + 0.5) * shrink - 0.5, target)
    crop = cv2.warpAffine(
        pixels, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(crop, np.uint8)
