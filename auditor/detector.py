"""Faces and their landmarks in frames, by MTCNN (Zhang et al. 2016, doi 10.1109/LSP.2016.2603342).

Two passes: a coarse one over the whole frame, scaled down, says where faces are; a second one over
the square around each, scaled to one size, places the landmarks. Every call of a network has the
same shape, padded with blanks, so that a face's numbers do not depend on what shares its batch.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from auditor import backend
from auditor.alignment import Image

#: Frames a call of the coarse pass, and squares a call of the second pass.
BATCH = 32

_COARSE_SIDE = 160  # finds faces from 40 px wide in 640 x 480 at 7-9 ms a frame
_FINE_SIDE = 128
_COARSE_FACE = 10  # smallest face looked for, pixels of the coarse picture
_FINE_FACE = 20  # more makes the package build a pyramid smaller than its network's window
_SQUARE = 2.0  # side of the second pass's square, in sides of the coarse box
_CANDIDATES = 64  # boxes a call of the second and third network
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

    def __init__(self) -> None:
        """Load the three networks; imports TensorFlow."""
        # The package sorts unstably: among boxes of equal confidence (1.0 is common) the one that
        # it keeps would depend on the other frames of the batch.
        mtcnn = backend.mtcnn()
        mtcnn.utils.bboxes.sort_by_scores = _sorted_by_score
        self._mtcnn = mtcnn.MTCNN()
        for stage in self._mtcnn.stages:
            rows = BATCH if stage.name == "Stage PNET" else _CANDIDATES
            stage._model = _of_fixed_rows(stage.model, rows)  # noqa: SLF001  # no other way in

    def detect(self, frames: Sequence[Image]) -> list[list[Face]]:
        """Find the faces of each frame, the largest first.

        Args:
            frames: uint8 RGB pictures, each of its own shape (height, width, 3).

        Returns:
            For each frame its faces; an empty list where none was found.
        """
        found: list[list[Face]] = [[] for _ in frames]
        squares: list[_Square] = []
        of_frame: list[int] = []
        for start in range(0, len(frames), BATCH):
            wholes = [_Square.around_whole(f) for f in frames[start : start + BATCH]]
            for number, faces in enumerate(self._pass(wholes, _COARSE_FACE), start):
                sure = [face for face in faces if face.confidence >= _COARSE_CONFIDENCE]
                squares += [_Square.around(frames[number], face) for face in sure]
                of_frame += [number] * len(sure)
        for start in range(0, len(squares), BATCH):
            part = squares[start : start + BATCH]
            for place, faces in enumerate(self._pass(part, _FINE_FACE)):
                if faces:
                    nearest = min(faces, key=part[place].distance_from_middle)
                    found[of_frame[start + place]].append(nearest)
        return [_without_repeats(faces) for faces in found]

    def _pass(self, squares: Sequence["_Square"], smallest: int) -> list[list[Face]]:
        side = squares[0].pixels.shape[0]
        pictures = [s.pixels for s in squares]
        pictures += [np.zeros((side, side, 3), np.uint8)] * (BATCH - len(squares))
        rows = self._mtcnn.detect_faces(
            pictures, output_type="numpy", fit_to_image=False, min_face_size=smallest
        )
        faces: list[list[Face]] = [[] for _ in squares]
        for row in rows:
            number = int(row[0])
            if number < len(squares):
                faces[number].append(squares[number].face_in_frame(row))
        return faces


@dataclass(frozen=True, slots=True)
class _Square:
    """A square part of a frame, scaled: what a pass looks at."""

    pixels: Image
    left: float
    top: float
    scale: float  # pixels of the square per pixel of the frame

    @classmethod
    def around_whole(cls, frame: Image) -> "_Square":
        height, width = frame.shape[:2]
        return cls.cut(frame, 0, 0, max(height, width), _COARSE_SIDE)

    @classmethod
    def around(cls, frame: Image, face: Face) -> "_Square":
        side = max(8, round(face.size * _SQUARE))
        left = round(face.x + face.width / 2 - side / 2)
        top = round(face.y + face.height / 2 - side / 2)
        return cls.cut(frame, left, top, side, _FINE_SIDE)

    @classmethod
    def cut(cls, frame: Image, left: int, top: int, side: int, scaled_side: int) -> "_Square":
        height, width = frame.shape[:2]
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
        square = np.zeros((side, side, 3), np.uint8)
        if x1 > x0 and y1 > y0:
            square[y0 - top : y1 - top, x0 - left : x1 - left] = frame[y0:y1, x0:x1]
        shrinks = scaled_side < side
        pixels = cv2.resize(
            square,
            (scaled_side, scaled_side),
            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
        )
        return cls(np.asarray(pixels, np.uint8), left, top, scaled_side / side)

    def face_in_frame(self, row: NDArray[np.floating]) -> Face:
        """Read one row of MTCNN: picture, x, y, width, height, confidence, five x, five y."""
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
        return float(
            np.hypot(
                face.x + face.width / 2 - self.left - half,
                face.y + face.height / 2 - self.top - half,
            )
        )


def _without_repeats(faces: list[Face]) -> list[Face]:
    """Drop a face whose middle lies in a more certain one: two squares can find the same face."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: (-f.confidence, f.x, f.y)):
        x, y = face.x + face.width / 2, face.y + face.height / 2
        if not any(k.x <= x <= k.x + k.width and k.y <= y <= k.y + k.height for k in kept):
            kept.append(face)
    return sorted(kept, key=lambda f: (-f.size, f.x, f.y))


def _sorted_by_score(
    boxes: NDArray[np.floating], scores: NDArray[np.floating], *, ascending: bool = True
) -> NDArray[np.floating]:
    return boxes[np.argsort(scores if ascending else -scores, kind="stable")]


def _of_fixed_rows(network: Any, rows: int) -> Callable[[Any], list[Any]]:
    """Call ``network`` on any number of inputs, always ``rows`` at a time."""
    tf = backend.tensorflow()

    @functools.cache
    def compiled(shape: tuple[int, ...]) -> Any:
        return tf.function(network).get_concrete_function(tf.TensorSpec(shape, tf.float32))

    def call(inputs: Any) -> list[Any]:
        inputs = tf.cast(inputs, tf.float32)
        parts = []
        for start in range(0, max(1, inputs.shape[0]), rows):
            part = inputs[start : start + rows]
            missing = rows - part.shape[0]
            padded = tf.pad(part, [[0, missing], [0, 0], [0, 0], [0, 0]])
            parts.append(
                [output[: rows - missing] for output in compiled(tuple(padded.shape))(padded)]
            )
        return [tf.concat(outputs, axis=0) for outputs in zip(*parts, strict=True)]

    return call
