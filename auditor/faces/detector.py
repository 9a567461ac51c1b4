"""Faces and their landmarks in frames, by YuNet.

A frame is looked at so large that the smallest face that is wanted gives a hint of itself, and no
larger: the network's time grows with the pixels that it sees. What may be a small face is looked at
once more, enlarged, which takes a twentieth of a frame's time and says whether it is one.
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

NAME = "yunet_2023mar"

#: The smallest face that is looked for if nobody says otherwise, pixels: the cards' gate.
SMALLEST = 34.0
#: Confidence, 0 to 1, from which faces are returned if nobody says otherwise.
LEAST = 0.5

# So large does the network see the smallest face, pixels of its longer side. benchmarks/recall.py
# measures what is found at it.
_SEEN = 26
# A frame is never seen smaller than this, as a share of it and in pixels of its longer side: faces
# under the gate are to be found, and said to be too small.
_LEAST_SCALE, _LEAST_SIDE = 0.25, 320
# The most that is looked at in one piece, pixels of a side: the network takes a hundred bytes for
# each. A larger frame is looked at in pieces, which overlap by more than the faces looked for.
_PIECE, _OVERLAP = 1440, 128
# A frame seen larger than this, pixels of its shorter side, is looked at in a quarter of the side
# too: faces that fill it are larger than a piece, and than the network knows.
_LARGE, _SMALLER = 640, 4
# What is at least so sure to be a face, and is seen smaller than the network needs to be sure and
# exact, is looked at again with as much around it; of each picture the surest so many.
_HINT, _EXACT, _AROUND, _HINTS = 0.1, 48, 2, 100
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
                Many smaller ones are found too. Below 26 fewer are: no picture is enlarged.
            least: confidence of the faces that are wanted, 0 to 1.
        """
        pictures = [Picture.of(each) for each in given]
        wanted = np.broadcast_to(smallest, len(pictures)).tolist()
        scales = [_scale(picture, size) for picture, size in zip(pictures, wanted, strict=True)]
        looks = [
            look
            for number, (picture, scale) in enumerate(zip(pictures, scales, strict=True))
            for look in _looks(number, picture, scale)
        ]
        found: list[list[Rows]] = [[] for _ in pictures]
        for look, faces in self._seen(looks, min(least, _HINT)):
            found[look.number].append(faces)
        hints: list[tuple[_Look, NDArray[np.float64]]] = []
        for number, (picture, scale) in enumerate(zip(pictures, scales, strict=True)):
            rows = distinct(np.concatenate(found[number]))
            exact = rows[:, 2:4].max(axis=1) * scale >= _EXACT
            found[number] = [rows[exact & (rows[:, 4] >= least)]]
            hints += [(_closer(number, picture, scale, row), row) for row in rows[~exact][:_HINTS]]
        hint_of = dict(hints)
        for look, faces in self._seen(list(hint_of), least):
            found[look.number].append(_of_hint(faces, hint_of[look]))
        return [_largest_first(distinct(np.concatenate(rows))) for rows in found]

    def sureness(self, squares: Pixels) -> NDArray[np.float64]:
        """How sure the network is that there is an upright face in the middle of each square.

        Args:
            squares: RGB, shape (n, side, side, 3), the side a multiple of yunet.CELL.

        Returns:
            The confidence of the surest face whose middle is in the middle quarter of the square
            and whose mouth is below its eyes, shape (n,); 0 without one.
        """
        side = squares.shape[1]
        sureness = np.zeros(len(squares))
        for start in range(0, len(squares), _LOOKS):
            for number, rows in enumerate(self._network(squares[start : start + _LOOKS], _HINT)):
                middles = rows[:, :2] + rows[:, 2:4] / 2
                near = (abs(middles - side / 2) < side / 4).all(axis=1)
                upright = is_upright(rows[:, 5:].reshape(-1, 5, 2))
                sureness[start + number] = rows[near & upright, 4].max(initial=0)
        return sureness

    def _seen(self, looks: Sequence["_Look"], least: float) -> Iterator[tuple["_Look", Rows]]:
        """Each look, and the faces in it, in the pixels of its picture."""
        by_size: dict[tuple[int, int], list[_Look]] = defaultdict(list)
        for look in looks:
            by_size[look.size].append(look)
        for same in by_size.values():
            for start in range(0, len(same), _LOOKS):
                some = same[start : start + _LOOKS]
                found = self._network(np.stack([look.seen for look in some]), least)
                for look, faces in zip(some, found, strict=True):
                    yield look, look.in_picture(faces)


def is_upright(landmarks: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the way from the eyes to the mouth leads down, by at most 45 degrees off.

    ``landmarks`` have the shape (..., 5, 2), the result that of what is before the last two.
    """
    way = landmarks[..., 3:, :].mean(axis=-2) - landmarks[..., :2, :].mean(axis=-2)
    return np.asarray(way[..., 1] > abs(way[..., 0]))


def scale_for(smallest: float) -> float:
    """How large frames are looked at, at most 1, to find faces of a size, pixels."""
    return min(1.0, max(_SEEN / max(smallest, 1.0), _LEAST_SCALE))


def _scale(picture: Picture, smallest: float) -> float:
    return min(1.0, max(scale_for(smallest), _LEAST_SIDE / max(picture.width, picture.height)))


@dataclass(frozen=True, slots=True, eq=False)
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
    decoded = picture.at(scale)
    pixels, within = decoded.pixels, decoded.scale
    scales = [scale / within]
    while min(pixels.shape[:2]) * scales[-1] > _LARGE:
        scales.append(scales[-1] / _SMALLER)
    for each in scales:
        for top, bottom in _pieces(pixels.shape[0], each):
            for left, right in _pieces(pixels.shape[1], each):
                part = pixels[top:bottom, left:right]
                size = _cells((right - left) * each), _cells((bottom - top) * each)
                yield _Look(number, part, left, top, within, size)


def _closer(number: int, picture: Picture, scale: float, hint: NDArray[np.float64]) -> _Look:
    """The look at what may be a small face, enlarged, within the picture."""
    decoded = picture.at(scale)
    x, y, width, height = hint[:4] * decoded.scale
    side = math.ceil(_AROUND * max(width, height, 1.0))
    corner = []
    for middle, length in zip(
        (y + height / 2, x + width / 2), decoded.pixels.shape[:2], strict=True
    ):
        corner.append(min(max(round(middle - side / 2), 0), max(length - side, 0)))
    top, left = corner
    part = decoded.pixels[top : top + side, left : left + side]
    size = _cells(_AROUND * _EXACT)
    return _Look(number, part, left, top, decoded.scale, (size, size))


def _of_hint(faces: Rows, hint: NDArray[np.float64]) -> Rows:
    """Of the faces of a closer look the one that was looked at, if it is there."""
    middles, middle = (rows[..., :2] + rows[..., 2:4] / 2 for rows in (faces, hint))
    off = np.hypot(*(middles - middle).T)
    near = np.argsort(off, kind="stable")[:1]
    return np.asarray(faces[near[off[near] < hint[2:4].max() / 2]])


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
    """Faces from rows of falling confidence, without parts of faces.

    A face whose middle lies in a more certain one is a part of it that looked like a face: in a
    piece of a large frame an eye can be as large as a face is elsewhere.
    """
    faces: list[Face] = []
    for left, top, width, height, confidence, *points in rows.tolist():
        x, y = left + width / 2, top + height / 2
        if not any(f.x <= x <= f.x + f.width and f.y <= y <= f.y + f.height for f in faces):
            landmarks = np.array(points).reshape(5, 2)
            faces.append(Face(left, top, width, height, confidence, landmarks))
    return sorted(faces, key=lambda f: (-f.size, f.x, f.y))
