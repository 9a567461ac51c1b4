"""Faces and their landmarks in frames, by MTCNN (Zhang et al. 2016, doi 10.1109/LSP.2016.2603342).

Two passes: a coarse one over the whole frame, scaled down, says where faces are; a second one over
the square around each, scaled to one size, places the landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from auditor.faces import engines
from auditor.faces.frames import Picture, Pixels
from auditor.policy import Runtime

_COARSE_SIDE = 160  # finds faces from 40 px wide in 640 x 480 at 7-9 ms a frame
_FINE_SIDE = 128
_COARSE_FACE = 10  # smallest face looked for, pixels of the coarse picture
_FINE_FACE = 20  # more makes the package build a pyramid smaller than its network's window
_SQUARE = 2.0  # side of the second pass's square, in sides of the coarse box
_COARSE_CONFIDENCE = 0.7  # the second pass decides


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a frame, in the frame's pixels."""

    x: float
    y: float
    width: float
    height: float
    confidence: float  # of the third network, 0-1
    landmarks: NDArray[np.float64]  # shape (5, 2), in the order of alignment.TEMPLATE

    @property
    def size(self) -> float:
        """The longer side of the box, pixels."""
        return max(self.width, self.height)


class Detector:
    """MTCNN with the weights that its package ships."""

    def __init__(self, runtime: Runtime = "openvino") -> None:
        """Load the three networks; imports the runtime."""
        self._cascade = engines.cascade(runtime)

    def detect(self, given: Sequence[Picture | Pixels]) -> list[list[Face]]:
        """Find the faces of each picture, whatever its size, the largest first."""
        pictures = [Picture.of(each) for each in given]
        found: list[list[Face]] = [[] for _ in pictures]
        squares: list[_Square] = []
        of_picture: list[int] = []
        wholes = [_Square.around_whole(picture) for picture in pictures]
        for number, faces in enumerate(self._pass(wholes, _COARSE_FACE)):
            sure = [face for face in faces if face.confidence >= _COARSE_CONFIDENCE]
            squares += [_Square.around(pictures[number], face) for face in sure]
            of_picture += [number] * len(sure)
        for square, number, faces in zip(
            squares, of_picture, self._pass(squares, _FINE_FACE), strict=True
        ):
            if faces:
                found[number].append(min(faces, key=square.distance_from_middle))
        return [_without_repeats(faces) for faces in found]

    def _pass(self, squares: Sequence["_Square"], smallest: int) -> list[list[Face]]:
        faces: list[list[Face]] = [[] for _ in squares]
        if squares:
            for row in self._cascade(np.stack([s.pixels for s in squares]), smallest):
                number = int(row[0])
                faces[number].append(squares[number].face_in_picture(row))
        return faces


@dataclass(frozen=True, slots=True)
class _Square:
    """A square part of a picture, scaled: what a pass looks at."""

    pixels: Pixels
    left: float  # in the whole picture, pixels
    top: float
    scale: float  # pixels of the square per pixel of the picture

    @classmethod
    def around_whole(cls, picture: Picture) -> "_Square":
        scale = _COARSE_SIDE / max(picture.width, picture.height)
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        pixels = np.zeros((_COARSE_SIDE, _COARSE_SIDE, 3), np.uint8)
        pixels[: size[1], : size[0]] = _resized(picture.at(scale).pixels, size)
        return cls(pixels, 0, 0, scale)

    @classmethod
    def around(cls, picture: Picture, face: Face) -> "_Square":
        decoded = picture.at(_FINE_SIDE / (face.size * _SQUARE))
        side = max(8, round(face.size * _SQUARE * decoded.scale))
        left = round((face.x + face.width / 2) * decoded.scale - side / 2)
        top = round((face.y + face.height / 2) * decoded.scale - side / 2)
        height, width = decoded.pixels.shape[:2]
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
        square = np.zeros((side, side, 3), np.uint8)
        if x1 > x0 and y1 > y0:
            square[y0 - top : y1 - top, x0 - left : x1 - left] = decoded.pixels[y0:y1, x0:x1]
        pixels, scale = _resized(square, (_FINE_SIDE, _FINE_SIDE)), decoded.scale
        return cls(pixels, left / scale, top / scale, _FINE_SIDE / side * scale)

    def face_in_picture(self, row: NDArray[np.floating]) -> Face:
        """Read one row of ``engines.Cascade``."""
        x, y, width, height = (float(v) / self.scale for v in row[1:5])
        landmarks = np.stack([row[6:11], row[11:16]], axis=1).astype(np.float64) / self.scale
        return Face(
            x=x + self.left,
            y=y + self.top,
            width=width,
            height=height,
            confidence=float(row[5]),
            landmarks=landmarks + np.array([self.left, self.top]),
        )

    def distance_from_middle(self, face: Face) -> float:
        half = self.pixels.shape[0] / self.scale / 2
        x, y = face.x + face.width / 2 - self.left, face.y + face.height / 2 - self.top
        return float(np.hypot(x - half, y - half))


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    shrinks = size[0] < pixels.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)


def _without_repeats(faces: list[Face]) -> list[Face]:
    """Drop a face whose middle lies in a more certain one: two squares can find the same face."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: (-f.confidence, f.x, f.y)):
        x, y = face.x + face.width / 2, face.y + face.height / 2
        if not any(k.x <= x <= k.x + k.width and k.y <= y <= k.y + k.height for k in kept):
            kept.append(face)
    return sorted(kept, key=lambda f: (-f.size, f.x, f.y))
