"""Faces and their landmarks in frames, by one look of YuNet at each.

A frame is looked at so large that the smallest face that is wanted can be found, and no larger:
the network's time grows with the pixels that it sees.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from auditor.faces.engines.yunet import CELL, Rows, YuNet, distinct
from auditor.faces.frames import Picture, Pixels

#: The smallest face that is looked for if nobody says otherwise, pixels: the cards' gate.
SMALLEST = 34.0
#: Confidence, 0 to 1, from which faces are returned if nobody says otherwise.
LEAST = 0.5

# So large does the network see the smallest face, pixels of its longer side. benchmarks/recall.py
# measures what is found at it.
_SEEN = 24
# A frame is never seen smaller than this, as a share of it and in pixels of its longer side: faces
# under the gate are to be found, and said to be too small.
_LEAST_SCALE, _LEAST_SIDE = 0.25, 320
# The most that is looked at in one piece, pixels of a side: the network takes a hundred bytes for
# each. A larger frame is looked at in pieces, which overlap by more than the faces looked for.
_PIECE, _OVERLAP = 1440, 128
# A frame seen larger than this, pixels of its shorter side, is looked at in a quarter of the side
# too: faces that fill it are larger than a piece, and than the network knows.
_LARGE, _SMALLER = 640, 4
# Looks at once, of one size.
_LOOKS = 8


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a frame, in the frame's pixels."""

    x: float
    y: float
    width: float
    height: float
    confidence: float  # of the network, 0-1
    landmarks: NDArray[np.float64]  # shape (5, 2), in the order of alignment.TEMPLATE

    @property
    def size(self) -> float:
        """The longer side of the box, pixels."""
        return max(self.width, self.height)


class Detector:
    """YuNet, and how large it looks at a frame."""

    def __init__(self) -> None:
        """Load the network; imports OpenVINO.

        Raises:
            ModelError: its file is missing or another one.
        """
        self._network = YuNet()

    def detect(
        self,
        given: Sequence[Picture | Pixels],
        smallest: float | Sequence[float] = SMALLEST,
        least: float = LEAST,
    ) -> list[list[Face]]:
        """Find the faces of each picture, whatever its size, the largest first.

        Args:
            given: pictures, or their pixels.
            smallest: longer side of a face that has to be found, pixels; one for all, or one each.
                Many smaller ones are found too. Below 24 fewer are: no picture is enlarged.
            least: confidence of the faces that are wanted, 0 to 1.
        """
        looks: dict[tuple[int, int], list[_Look]] = defaultdict(list)
        for number, (each, size) in enumerate(
            zip(given, np.broadcast_to(smallest, len(given)).tolist(), strict=True)
        ):
            for look in _looks(number, Picture.of(each), scale_for(size)):
                looks[look.size].append(look)
        found: list[list[Rows]] = [[] for _ in given]
        for same in looks.values():
            for start in range(0, len(same), _LOOKS):
                some = same[start : start + _LOOKS]
                seen = np.stack([look.seen for look in some])
                for look, faces in zip(some, self._network(seen, least), strict=True):
                    found[look.number].append(look.in_picture(faces))
        return [_largest_first(distinct(np.concatenate(rows))) for rows in found]


def scale_for(smallest: float) -> float:
    """How large frames are looked at, at most 1, to find faces of a size, pixels."""
    return min(1.0, max(_SEEN / max(smallest, 1.0), _LEAST_SCALE))


@dataclass(frozen=True, slots=True)
class _Look:
    """A part of a picture, and the size at which the network sees it.

    The part is stretched to the size, by less than a cell. Nothing is put around it: with a black
    margin of 8 pixels, several times as many of the smallest faces at the edge are missed.
    """

    number: int  # of the picture
    part: Pixels
    left: int  # of the part, in the decoded picture
    top: int
    scale: float  # pixels of the decoded picture per pixel of the whole one
    size: tuple[int, int]  # width and height, multiples of CELL

    @property
    def seen(self) -> Pixels:
        """What the network sees."""
        shrinks = self.size[0] < self.part.shape[1]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(self.part, self.size, interpolation=how), np.uint8)

    def in_picture(self, faces: Rows) -> Rows:
        """Rows of YuNet in the pixels of the whole picture, whose middles are whole numbers."""
        height, width = self.part.shape[:2]
        stretch = np.array([width / self.size[0], height / self.size[1]]) / self.scale
        corner = np.array([self.left, self.top]) / self.scale
        points = faces[:, [0, 1, *range(5, 15)]].reshape(-1, 6, 2)
        moved = ((points + 0.5) * stretch + corner - 0.5).reshape(-1, 12)
        sizes = faces[:, 2:4] * stretch
        return np.hstack([moved[:, :2], sizes, faces[:, 4:5], moved[:, 2:]])


def _looks(number: int, picture: Picture, scale: float) -> Iterator[_Look]:
    """The looks at a picture, at least as fine as ``scale``: one, unless it is very large."""
    scale = min(1.0, max(scale, _LEAST_SIDE / max(picture.width, picture.height)))
    decoded = picture.at(scale)
    pixels, within = decoded.pixels, decoded.scale
    for top, bottom in _pieces(pixels.shape[0], scale / within):
        for left, right in _pieces(pixels.shape[1], scale / within):
            size = _cells((right - left) * scale / within), _cells((bottom - top) * scale / within)
            yield _Look(number, pixels[top:bottom, left:right], left, top, within, size)
    width, height = picture.width * scale, picture.height * scale
    while min(width, height) > _LARGE:
        width, height = width / _SMALLER, height / _SMALLER
        yield _Look(number, pixels, 0, 0, within, (_cells(width), _cells(height)))


def _pieces(length: int, scale: float) -> Iterator[tuple[int, int]]:
    """Where the pieces of a side begin and end, in its own pixels, which are seen at a scale."""
    count = max(1, math.ceil((length * scale - _OVERLAP) / (_PIECE - _OVERLAP)))
    piece = math.ceil((length + (count - 1) * _OVERLAP / scale) / count)
    for number in range(count):
        start = round(number * (length - piece) / max(count - 1, 1))
        yield start, start + piece


def _cells(length: float) -> int:
    return CELL * max(1, math.ceil(round(length) / CELL))


def _largest_first(rows: Rows) -> list[Face]:
    faces = [
        Face(x, y, width, height, confidence, np.array(points).reshape(5, 2))
        for x, y, width, height, confidence, *points in rows.tolist()
    ]
    return sorted(faces, key=lambda f: (-f.size, f.x, f.y))
