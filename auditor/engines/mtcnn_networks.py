"""The three networks of MTCNN in OpenVINO, with the weights that the package ``mtcnn`` ships.

The package's own networks need TensorFlow; these give the same numbers to within rounding.
"""

import importlib.util
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from auditor.engines import on_openvino

#: Window of the first network, and how much smaller each level of the pyramid is than the last.
WINDOW, LEVEL_FACTOR = 12, 0.709


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
        An ``openvino.Model`` from pictures (rows, side, side, 3), uint8, to two outputs a level:
        offsets of boxes (rows, height, width, 4) and probabilities of a face (rows, height, width).
    """
    net = _Net("pnet")
    op = net.op
    pixels = op.parameter([rows, side, side, 3], np.uint8, name="pixels")
    centred = op.subtract(op.convert(pixels, "f32"), op.constant(np.float32(127.5)))
    picture = op.transpose(
        op.multiply(centred, op.constant(np.float32(1 / 128))), op.constant([0, 3, 1, 2])
    )
    outputs = []
    for scale in levels(side, smallest):
        net.rewind()
        shrink = area_weights(side, int(side * scale))
        x = op.matmul(picture, op.constant(np.ascontiguousarray(shrink.T)), False, False)
        x = op.matmul(op.constant(shrink), x, False, False)
        x = net.pooled(net.activated(net.convolved(x)), 2, padded=True)
        x = net.activated(net.convolved(net.activated(net.convolved(x))))
        offsets = op.transpose(net.convolved(x), op.constant([0, 2, 3, 1]))
        classes = op.softmax(net.convolved(x), 1)
        outputs += [offsets, op.gather(classes, op.constant(1), op.constant(1))]
    return net.model(outputs, pixels)


def refinement(rows: int) -> Any:
    """R-Net: from patches (rows, 24, 24, 3) to offsets (rows, 4) and classes (rows, 2)."""
    net = _Net("rnet")
    patches, x = net.patches(rows, 24)
    x = net.pooled(net.activated(net.convolved(x)), 3, padded=True)
    x = net.pooled(net.activated(net.convolved(x)), 3, padded=False)
    x = net.activated(net.convolved(x))
    x = net.activated(net.dense(net.flat(x)))
    return net.model([net.dense(x), net.op.softmax(net.dense(x), 1)], patches)


def landmarks(rows: int) -> Any:
    """O-Net: from patches (rows, 48, 48, 3) to offsets, landmarks (rows, 10) and classes."""
    net = _Net("onet")
    patches, x = net.patches(rows, 48)
    x = net.pooled(net.activated(net.convolved(x)), 3, padded=True)
    x = net.pooled(net.activated(net.convolved(x)), 3, padded=False)
    x = net.pooled(net.activated(net.convolved(x)), 2, padded=True)
    x = net.activated(net.convolved(x))
    x = net.activated(net.dense(net.flat(x)))
    return net.model([net.dense(x), net.dense(x), net.op.softmax(net.dense(x), 1)], patches)


def area_weights(side: int, target: int) -> NDArray[np.float32]:
    """The matrix that averages over pixels' areas, from ``side`` pixels to ``target``."""
    edges = np.arange(target + 1) * (side / target)
    starts, ends = edges[:-1, None], edges[1:, None]
    pixels = np.arange(side)
    overlap = np.clip(np.minimum(ends, pixels + 1) - np.maximum(starts, pixels), 0, None)
    return np.asarray(overlap * (target / side), np.float32)


class _Net:
    """Layers that take the next of the package's arrays, which are in the order of the layers."""

    def __init__(self, name: str) -> None:
        self.op, self._name = on_openvino.opset(), name
        package = importlib.util.find_spec("mtcnn")  # importing it would import TensorFlow
        if package is None or package.origin is None:
            raise ImportError("the package mtcnn is not installed")
        folder = Path(package.origin).parent / "assets" / "weights"
        self._arrays = joblib.load(folder / f"{name}.lz4")
        self._taken = 0

    def rewind(self) -> None:
        """Use the weights once more."""
        self._taken = 0

    def model(self, outputs: list[Any], given: Any) -> Any:
        import openvino

        return openvino.Model(outputs, [given], self._name)

    def patches(self, rows: int, side: int) -> tuple[Any, Any]:
        given = self.op.parameter([rows, side, side, 3], np.float32, name="patches")
        return given, self.op.transpose(given, self.op.constant([0, 3, 1, 2]))

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
