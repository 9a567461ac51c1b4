"""What a cheap camera does to a picture, as Keras layers: lost resolution and JPEG's blocks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.faces import backend

keras = backend.keras()
ops = keras.ops
Layer: Any = keras.layers.Layer

_BLOCK = 8

# Example tables of the JPEG standard (ITU-T T.81, annex K.1), at quality 50.
_LUMINANCE = """
16 11 10 16 24 40 51 61  12 12 14 19 26 58 60 55  14 13 16 24 40 57 69 56  14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77  24 35 55 64 81 104 113 92  49 64 78 87 103 121 120 101
72 92 95 98 112 100 103 99
"""
_CHROMINANCE = """
17 18 24 47 99 99 99 99  18 21 26 66 99 99 99 99  24 26 56 99 99 99 99 99  47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99
"""

# RGB to luminance and two colour differences (JFIF), rows; the differences are around 0 here.
_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)


class LoseResolution(Layer):
    """Average each picture down by a factor of its own and interpolate it back up."""

    def __init__(self, largest_factor: float, seed: int) -> None:
        super().__init__(dtype="float32")
        self.largest_factor = largest_factor
        self.seeds = keras.random.SeedGenerator(seed)

    def call(self, pixels: Any, *, training: bool | None = None) -> Any:
        """Lose resolution; both steps are linear, so one matrix serves rows and columns."""
        if not training:
            return pixels
        side = pixels.shape[1]
        factor = keras.random.uniform(
            (ops.shape(pixels)[0],), 1, self.largest_factor, seed=self.seeds
        )
        matrix = resampling(ops.maximum(ops.round(side / factor), 1.0), side)
        return ops.einsum("nyv,nxu,nvuc->nyxc", matrix, matrix, pixels)


def resampling(small_side: Any, side: int) -> Any:
    """Matrices that average ``side`` pixels down to ``small_side`` and interpolate them back.

    Args:
        small_side: whole numbers from 1 to side, float32, shape (n,).
        side: pixels.

    Returns:
        shape (n, side, side), rows summing to 1.
    """
    small_side = ops.reshape(small_side, (-1, 1, 1))
    factor = side / small_side
    places = ops.arange(side, dtype="float32")
    small, large = ops.reshape(places, (1, -1, 1)), ops.reshape(places, (1, 1, -1))
    overlap = ops.minimum(large + 1, (small + 1) * factor) - ops.maximum(large, small * factor)
    down = ops.maximum(overlap, 0.0) / factor
    at = (ops.reshape(places, (1, -1, 1)) + 0.5) / factor - 0.5
    at = ops.minimum(ops.maximum(at, 0.0), small_side - 1)
    up = ops.maximum(1 - ops.abs(at - ops.reshape(places, (1, 1, -1))), 0.0)
    return ops.matmul(up, down)


class QuantiseBlocks(Layer):
    """Round the cosine coefficients of 8 x 8 blocks as JPEG does, without chroma subsampling."""

    def __init__(self, worst_quality: float, seed: int) -> None:
        super().__init__(dtype="float32")
        self.worst_quality = worst_quality
        self.seeds = keras.random.SeedGenerator(seed)
        self.cosines = cosine_matrix()
        self.steps = _steps()

    def call(self, pixels: Any, *, training: bool | None = None) -> Any:
        """Quantise each picture at a quality of its own."""
        if not training:
            return pixels
        side = pixels.shape[1]
        blocks = side // _BLOCK
        quality = keras.random.uniform(
            (ops.shape(pixels)[0],), self.worst_quality, 95, seed=self.seeds
        )
        # The scale of the reference implementation: 50 keeps the tables, 100 would be lossless.
        scale = ops.where(quality < 50, 50 / quality, 2 - quality / 50)
        steps = ops.maximum(ops.reshape(scale, (-1, 1, 1, 1, 1, 1)) * self.steps, 1.0)

        shaped = ops.reshape(pixels - 128, (-1, blocks, _BLOCK, blocks, _BLOCK, 3))
        ycc = ops.matmul(shaped, _TO_YCC.T)
        waves = ops.einsum("iv,ju,nyvxuc->nyixjc", self.cosines, self.cosines, ycc)
        waves = ops.round(waves / steps) * steps
        ycc = ops.einsum("iv,ju,nyixjc->nyvxuc", self.cosines, self.cosines, waves)
        rgb = ops.matmul(ycc, np.linalg.inv(_TO_YCC).T.astype(np.float32)) + 128
        return ops.clip(ops.reshape(rgb, (-1, side, side, 3)), 0, 255)


def cosine_matrix() -> NDArray[np.float32]:
    """The orthonormal 8-point cosine transform, a row a frequency."""
    places, frequencies = np.arange(_BLOCK), np.arange(_BLOCK)[:, None]
    matrix = np.cos(np.pi * (2 * places + 1) * frequencies / (2 * _BLOCK)) * np.sqrt(2 / _BLOCK)
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix, np.float32)


def _steps() -> NDArray[np.float32]:
    """Quantisation steps, shaped to divide (n, rows, 8, columns, 8, channel)."""
    tables = [
        np.array(table.split(), np.float32).reshape(_BLOCK, _BLOCK)
        for table in (_LUMINANCE, _CHROMINANCE, _CHROMINANCE)
    ]
    return np.stack(tables, axis=-1)[None, None, :, None]
