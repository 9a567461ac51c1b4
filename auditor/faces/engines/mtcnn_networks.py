"""The three networks of MTCNN in OpenVINO, with the weights that the package ``mtcnn`` ships.

The package's own networks need TensorFlow; these give the same numbers to within rounding.
"""

import importlib.util
import io
import math
from pathlib import Path
from typing import Any

import joblib
import lz4.frame
import numpy as np
from numpy.typing import NDArray

from auditor.faces.engines import on_openvino

#: Window of the first network, and how much smaller each level of the pyramid is than the last.
WINDOW, LEVEL_FACTOR = 12, 0.709

#: Side of the patches that the second and the third network look at.
REFINED, FINISHED = 24, 48


def levels(side: int, smallest: int) -> NDArray[np.float64]:
    """Scales of a square picture's pyramid, in which the smallest face fills the window first.

    Args:
        side: of the picture, pixels.
        smallest: face to be found, pixels.
    """
    count = round(-(np.log(side / WINDOW) / np.log(LEVEL_FACTOR) + 1))
    return np.asarray(WINDOW / smallest * LEVEL_FACTOR ** np.arange(count))


def proposals(side: int, smallest: int, rows: int) -> Any:
    """P-Net over all levels of a pyramid.

    Returns:
        An ``openvino.Model`` from one input a level, pictures (rows, s, s, 3) from -1 to 1, to two
        outputs a level: offsets of boxes (rows, height, width, 4) and probabilities of a face
        (rows, height, width).
    """
    net = _Net("pnet")
    op = net.op
    pyramid, outputs = [], []
    for scale in levels(side, smallest):
        net.rewind()
        level = int(side * scale)
        pyramid.append(op.parameter([rows, level, level, 3], np.float32))
        x = op.transpose(pyramid[-1], op.constant([0, 3, 1, 2]))
        x = net.pooled(net.activated(net.convolved(x)), 2, padded=True)
        x = net.activated(net.convolved(net.activated(net.convolved(x))))
        offsets = op.transpose(net.convolved(x), op.constant([0, 2, 3, 1]))
        classes = op.softmax(net.convolved(x), 1)
        outputs += [offsets, op.gather(classes, op.constant(1), op.constant(1))]
    return net.model(outputs, pyramid)


def refinement(side: int, rows: int, boxes: int) -> Any:
    """R-Net: from patches of pictures, see ``_Net.patches``, to offsets and classes (boxes, 2)."""
    net = _Net("rnet")
    given, x = net.patches(side, rows, boxes, REFINED)
    x = net.pooled(net.activated(net.convolved(x)), 3, padded=True)
    x = net.pooled(net.activated(net.convolved(x)), 3, padded=False)
    x = net.activated(net.convolved(x))
    x = net.activated(net.dense(net.flat(x)))
    return net.model([net.dense(x), net.op.softmax(net.dense(x), 1)], given)


def landmarks(side: int, rows: int, boxes: int) -> Any:
    """O-Net: as R-Net, but to offsets, landmarks (boxes, 10) and classes (boxes, 2)."""
    net = _Net("onet")
    given, x = net.patches(side, rows, boxes, FINISHED)
    x = net.pooled(net.activated(net.convolved(x)), 3, padded=True)
    x = net.pooled(net.activated(net.convolved(x)), 3, padded=False)
    x = net.pooled(net.activated(net.convolved(x)), 2, padded=True)
    x = net.activated(net.convolved(x))
    x = net.activated(net.dense(net.flat(x)))
    return net.model([net.dense(x), net.dense(x), net.op.softmax(net.dense(x), 1)], given)


def height(rows: int, side: int) -> int:
    """Of pictures one below the other, filled up to a power of two and one.

    So the scale of points is a power of two, and a point's rounding is the same in each picture.
    """
    return 1 + (1 << math.ceil(math.log2(rows * side - 1)))


class _Net:
    """Layers that take the next of the package's arrays, which are in the order of the layers."""

    def __init__(self, name: str) -> None:
        self.op, self._name = on_openvino.opset(), name
        package = importlib.util.find_spec("mtcnn")  # importing it would import TensorFlow
        if package is None or package.origin is None:
            raise ImportError("the package mtcnn is not installed")
        folder = Path(package.origin).parent / "assets" / "weights"
        # joblib would unpack it too, but then Python 3.13 complains of the file that lz4 closes
        weights = lz4.frame.decompress((folder / f"{name}.lz4").read_bytes())
        self._arrays = joblib.load(io.BytesIO(weights))
        self._taken = 0

    def rewind(self) -> None:
        """Use the weights once more."""
        self._taken = 0

    def model(self, outputs: list[Any], given: list[Any]) -> Any:
        return on_openvino.module().Model(outputs, given, self._name)

    def patches(self, side: int, rows: int, boxes: int, patch: int) -> tuple[list[Any], Any]:
        """Patches (boxes, 3, patch, patch) of pictures, bilinearly at a grid of points.

        They come from two inputs: pictures one below the other (1, 3, height, side), and points
        (1, boxes * patch, patch, 2), x and y from -1 to 1, outside of which all is 0.
        """
        op = self.op
        pictures = op.parameter([1, 3, height(rows, side), side], np.float32)
        points = op.parameter([1, boxes * patch, patch, 2], np.float32)
        taken = op.grid_sample(
            pictures,
            points,
            {"align_corners": True, "mode": "bilinear", "padding_mode": "zeros"},
        )
        apart = op.reshape(taken, op.constant([3, boxes, patch, patch]), False)
        return [pictures, points], op.transpose(apart, op.constant([1, 0, 2, 3]))

    def convolved(self, x: Any) -> Any:
        kernel = np.ascontiguousarray(self._next().transpose(3, 2, 0, 1))
        y = self.op.convolution(x, self.op.constant(kernel), [1, 1], [0, 0], [0, 0], [1, 1])
        return self.op.add(y, self.op.constant(self._next().reshape(1, -1, 1, 1)))

    def dense(self, x: Any) -> Any:
        y = self.op.matmul(x, self.op.constant(self._next()), False, False)
        return self.op.add(y, self.op.constant(self._next().reshape(1, -1)))

    def activated(self, x: Any) -> Any:
        return self.op.prelu(x, self.op.constant(self._next().reshape(-1)))

    def pooled(self, x: Any, window: int, *, padded: bool) -> Any:
        edge = "same_upper" if padded else "valid"
        size, none = [window, window], [0, 0]
        return self.op.max_pool(x, [2, 2], [1, 1], none, none, size, "floor", edge).output(0)

    def flat(self, x: Any) -> Any:
        """Column by column, as the package has it."""
        turned = self.op.transpose(x, self.op.constant([0, 3, 2, 1]))
        return self.op.reshape(turned, self.op.constant([0, -1]), True)

    def _next(self) -> NDArray[np.float32]:
        self._taken += 1
        return np.asarray(self._arrays[self._taken - 1], np.float32)
