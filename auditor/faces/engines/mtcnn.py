"""MTCNN's three stages (Zhang et al. 2016, doi 10.1109/LSP.2016.2603342) on the fast runtime.

What the package ``mtcnn`` does, step by step and to within rounding, for squares of one size;
``tests/integration/test_engines.py`` compares the two. Boxes are arrays of rows: the picture's
number, left, top, right, bottom and confidence, then from the last stage on five x and five y.
"""

import functools
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from auditor.faces.engines import Arrays, by_rows, mtcnn_networks
from auditor.faces.engines.on_openvino import Compiled

#: Pictures a call of the first network, and boxes a call of the second and third.
ROWS, REFINED_BOXES, FINISHED_BOXES = 8, 32, 8

_STRIDE = 2  # of the first network's window
_SURE = (0.6, 0.7, 0.8)  # confidence kept after each stage
_OVERLAP_OF_LEVEL, _OVERLAP = 0.5, 0.7  # of boxes that are taken for one

# Points are rounded to so much of a pixel that single precision holds them in every picture alike.
_STEPS_A_PIXEL = 2**12

Boxes = NDArray[np.float64]
Pictures = NDArray[np.float32]  # ROWS squares of one size, from -1 to 1


class Cascade:
    """The three networks, compiled for a size of square when it first comes."""

    def __init__(self) -> None:
        self._stages = functools.cache(_Stages)

    def __call__(self, pictures: NDArray[np.uint8], smallest: int) -> Boxes:
        """Find the faces of squares.

        Args:
            pictures: RGB, shape (n, side, side, 3).
            smallest: face to be found, pixels.

        Returns:
            One row a face, shape (faces, 16): picture, x, y, width, height, confidence, five x,
            five y, in the squares' pixels.
        """
        found = [np.empty((0, 16))]
        for start in range(0, len(pictures), ROWS):
            part = pictures[start : start + ROWS]
            group = np.zeros((ROWS, *part.shape[1:]), np.float32)
            np.subtract(part, np.float32(127.5), out=group[: len(part)])
            group /= 128
            boxes = self._stages(part.shape[1], smallest)(group, len(part))
            boxes[:, 0] += start
            boxes[:, 3:5] -= boxes[:, 1:3]
            found.append(boxes)
        return np.concatenate(found)


class _Stages:
    """The three stages for one size of square."""

    def __init__(self, side: int, smallest: int) -> None:
        self._side, self._levels = side, mtcnn_networks.levels(side, smallest)
        self._propose = Compiled(mtcnn_networks.proposals(side, smallest, ROWS))
        self._refine = Compiled(mtcnn_networks.refinement(side, ROWS, REFINED_BOXES))
        self._finish = Compiled(mtcnn_networks.landmarks(side, ROWS, FINISHED_BOXES))

    def __call__(self, pictures: Pictures, count: int) -> Boxes:
        """The faces of the first ``count`` pictures, with the ends of their boxes."""
        boxes = self._proposed(pictures, count)
        below = np.zeros((1, 3, mtcnn_networks.height(ROWS, self._side), self._side), np.float32)
        whole = below[0, :, : ROWS * self._side].reshape(3, ROWS, self._side, self._side)
        whole[:] = pictures.transpose(3, 0, 1, 2)
        if len(boxes):
            offsets, classes = self._looked_at(
                self._refine, REFINED_BOXES, mtcnn_networks.REFINED, below, boxes
            )
            boxes = moved(boxes, offsets, classes)
            boxes = square(distinct(boxes[boxes[:, 5] > _SURE[1]], _OVERLAP))
        if not len(boxes):
            return np.empty((0, 16))
        offsets, places, classes = self._looked_at(
            self._finish, FINISHED_BOXES, mtcnn_networks.FINISHED, below, boxes
        )
        size = boxes[:, 3:5] - boxes[:, 1:3] + 1
        x = boxes[:, 1:2] + size[:, :1] * places[:, :5] - 1
        y = boxes[:, 2:3] + size[:, 1:] * places[:, 5:] - 1
        boxes = np.hstack([moved(boxes, offsets, classes), x, y])
        return distinct(boxes[boxes[:, 5] > _SURE[2]], _OVERLAP, of_smaller=True)

    def _proposed(self, pictures: Pictures, count: int) -> Boxes:
        outputs = self._propose(*(scaled(pictures, int(self._side * s)) for s in self._levels))
        kept = []
        for scale, offsets, sure in zip(self._levels, outputs[::2], outputs[1::2], strict=True):
            place = np.nonzero(sure[:count] > _SURE[0])
            picture, row, column = place
            window = np.stack([column, row, column, row], axis=1) * float(_STRIDE)
            window += (1, 1, mtcnn_networks.WINDOW, mtcnn_networks.WINDOW)
            window += offsets[place] * (mtcnn_networks.WINDOW - 1)
            boxes = np.column_stack([picture, window / scale, sure[place]])
            kept.append(distinct(boxes, _OVERLAP_OF_LEVEL))
        return square(distinct(np.concatenate(kept), _OVERLAP))

    def _looked_at(
        self, network: Compiled, rows: int, patch: int, below: Pictures, boxes: Boxes
    ) -> Arrays:
        """A network's outputs for boxes of the pictures."""
        points = grid(boxes, patch, self._side)
        return by_rows(
            lambda part: network(below, part.reshape(1, rows * patch, patch, 2)), rows, points
        )


def scaled(pictures: Pictures, side: int) -> Pictures:
    """Squares of another side, each pixel the mean over its area."""
    size = (side, side)
    return np.stack([cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in pictures])


def grid(boxes: Boxes, patch: int, side: int) -> NDArray[np.float32]:
    """Where ``tf.image.crop_and_resize`` reads the pixels of boxes.

    Args:
        boxes: of ROWS pictures, which lie one below the other.
        patch: side of what is read.
        side: of a picture, pixels.

    Returns:
        Points, shape (boxes, patch, patch, 2), x and y from -1 to 1 over all pictures together;
        -3 outside of a box's own.
    """
    steps, last = np.arange(patch) / (patch - 1), side - 1

    def along(start: Boxes, end: Boxes) -> Boxes:
        exact = (start + (end - start) * steps) * (last / side)
        return np.round(exact * _STEPS_A_PIXEL) / _STEPS_A_PIXEL

    x, y = along(boxes[:, 1:2], boxes[:, 3:4]), along(boxes[:, 2:3], boxes[:, 4:5])
    across = x * (2 / last) - 1
    down = (y + boxes[:, :1] * side) * (2 / (mtcnn_networks.height(ROWS, side) - 1)) - 1
    points = np.empty((len(boxes), patch, patch, 2), np.float32)
    points[..., 0] = np.where((x >= 0) & (x <= last), across, -3)[:, None, :]
    points[..., 1] = np.where((y >= 0) & (y <= last), down, -3)[:, :, None]
    return points


def distinct(boxes: Boxes, overlap: float, *, of_smaller: bool = False) -> Boxes:
    """Drop every box that overlaps one of more confidence, dropped or not, by more than a share.

    Args:
        boxes: rows in any order.
        overlap: share of the area of both together, or of the smaller one.
        of_smaller: which of the two.

    Returns:
        The others by picture, the most confident first; equals stay in their order.
    """
    boxes = boxes[np.lexsort((-boxes[:, 5], boxes[:, 0]))]
    left, top, right, bottom = boxes[:, 1:5].T
    area = (right - left) * (bottom - top)
    kept = np.ones(len(boxes), bool)
    starts = np.unique(boxes[:, 0], return_index=True)[1]
    for start, end in pairwise([*starts.tolist(), len(boxes)]):
        if end - start < 2:
            continue
        own = slice(start, end)
        width = np.minimum.outer(right[own], right[own]) - np.maximum.outer(left[own], left[own])
        height = np.minimum.outer(bottom[own], bottom[own]) - np.maximum.outer(top[own], top[own])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        if of_smaller:
            whole = np.minimum.outer(area[own], area[own])
        else:
            whole = np.add.outer(area[own], area[own]) - shared
        kept[own] = ~np.triu(shared / whole > overlap, 1).any(axis=0)
    return boxes[kept]


def square(boxes: Boxes) -> Boxes:
    """Widen boxes to squares around their middles."""
    boxes = boxes.copy()
    size = boxes[:, 3:5] - boxes[:, 1:3]
    side = size.max(axis=1, keepdims=True)
    boxes[:, 1:3] += size / 2 - side / 2
    boxes[:, 3:5] = boxes[:, 1:3] + side
    return boxes


def moved(boxes: Boxes, offsets: NDArray[np.float32], classes: NDArray[np.float32]) -> Boxes:
    """Boxes where a stage puts them, in shares of their size, with its confidence."""
    boxes = boxes.copy()
    size = boxes[:, 3:5] - boxes[:, 1:3] + 1
    boxes[:, 1:5] += offsets * np.hstack([size, size])
    boxes[:, 5] = classes[:, 1]
    return boxes
