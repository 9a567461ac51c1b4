"""MTCNN's three stages (Zhang et al. 2016, doi 10.1109/LSP.2016.2603342) on the fast runtime.

What the package ``mtcnn`` does, step by step and to within rounding, for squares of one size:
``tests/test_engines.py`` holds it against the package. Boxes are arrays of rows: the picture's
number, left, top, right, bottom and confidence, then from the last stage on five x and five y.
"""

import functools
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from auditor.engines import mtcnn_networks
from auditor.engines.on_openvino import Compiled

#: Pictures a call of the first network, and boxes a call of the others.
ROWS, BOXES = 16, 64

_STRIDE = 2  # of the first network's window
_SURE = (0.6, 0.7, 0.8)  # confidence kept after each stage
_OVERLAP_OF_LEVEL, _OVERLAP = 0.5, 0.7  # of boxes that are taken for one

Boxes = NDArray[np.float64]
Pictures = NDArray[np.uint8]


class Cascade:
    """The three networks, compiled for a size of square when it first comes."""

    def __init__(self) -> None:
        """Compile the second and third network; imports OpenVINO."""
        self._refine = Compiled(mtcnn_networks.refinement(BOXES))
        self._finish = Compiled(mtcnn_networks.landmarks(BOXES))
        self._propose = functools.cache(
            lambda side, smallest: Compiled(mtcnn_networks.proposals(side, smallest, ROWS))
        )

    def __call__(self, pictures: Pictures, smallest: int) -> Boxes:
        """Find the faces of squares.

        Args:
            pictures: RGB, shape (n, side, side, 3).
            smallest: face to be found, pixels.

        Returns:
            One row a face, shape (faces, 16): picture, x, y, width, height, confidence, five x,
            five y, in the squares' pixels.
        """
        boxes = self._proposed(pictures, smallest)
        if len(boxes):
            boxes = self._refined(pictures, boxes)
        if not len(boxes):
            return np.empty((0, 16))
        boxes = self._finished(pictures, boxes)
        boxes[:, 3:5] -= boxes[:, 1:3]
        return boxes

    def _proposed(self, pictures: Pictures, smallest: int) -> Boxes:
        side = pictures.shape[1]
        outputs = self._propose(side, smallest)(pictures)
        kept = []
        for scale, offsets, sure in zip(
            mtcnn_networks.levels(side, smallest), outputs[::2], outputs[1::2], strict=True
        ):
            place = np.nonzero(sure > _SURE[0])
            picture, row, column = place
            window = np.stack([column, row, column, row], axis=1) * float(_STRIDE)
            window += (1, 1, mtcnn_networks.WINDOW, mtcnn_networks.WINDOW)
            window += offsets[place] * (mtcnn_networks.WINDOW - 1)
            boxes = np.column_stack([picture, window / scale, sure[place]])
            kept.append(distinct(boxes, _OVERLAP_OF_LEVEL))
        return square(distinct(np.concatenate(kept), _OVERLAP))

    def _refined(self, pictures: Pictures, boxes: Boxes) -> Boxes:
        offsets, classes = self._refine(patches(pictures, boxes, 24))
        boxes = moved(boxes, offsets, classes)
        return square(distinct(boxes[boxes[:, 5] > _SURE[1]], _OVERLAP))

    def _finished(self, pictures: Pictures, boxes: Boxes) -> Boxes:
        offsets, places, classes = self._finish(patches(pictures, boxes, 48))
        size = boxes[:, 3:5] - boxes[:, 1:3] + 1
        x = boxes[:, 1:2] + size[:, :1] * places[:, :5] - 1
        y = boxes[:, 2:3] + size[:, 1:] * places[:, 5:] - 1
        boxes = np.hstack([moved(boxes, offsets, classes), x, y])
        return distinct(boxes[boxes[:, 5] > _SURE[2]], _OVERLAP, of_smaller=True)


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


def patches(pictures: Pictures, boxes: Boxes, side: int) -> NDArray[np.float32]:
    """Cut boxes out and scale them to a side, bilinearly, as ``tf.image.crop_and_resize`` does.

    Returns:
        Shape (boxes, side, side, 3), from -1 to 1; what lies outside of a picture is 0.
    """
    last = pictures.shape[1] - 1
    steps = np.arange(side) / (side - 1)
    scale = last / pictures.shape[1]
    x = (boxes[:, 1:2] + (boxes[:, 3:4] - boxes[:, 1:2]) * steps) * scale
    y = (boxes[:, 2:3] + (boxes[:, 4:5] - boxes[:, 2:3]) * steps) * scale
    number = boxes[:, 0].astype(np.intp)[:, None, None]
    left, top = (np.clip(np.floor(ends), 0, last).astype(np.intp) for ends in (x, y))
    right, bottom = np.minimum(left + 1, last), np.minimum(top + 1, last)
    along = (x - left).astype(np.float32)[:, None, :, None]
    down = (y - top).astype(np.float32)[:, :, None, None]

    def row_at(row: NDArray[np.intp]) -> NDArray[np.float32]:
        start = pictures[number, row[:, :, None], left[:, None, :]].astype(np.float32)
        end = pictures[number, row[:, :, None], right[:, None, :]].astype(np.float32)
        return np.asarray(start + (end - start) * along)

    above, below = row_at(top), row_at(bottom)
    found = ((above + (below - above) * down) - 127.5) / 128
    inside = ((y >= 0) & (y <= last))[:, :, None] & ((x >= 0) & (x <= last))[:, None, :]
    return np.asarray(np.where(inside[..., None], found, 0), np.float32)
