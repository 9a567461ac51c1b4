"""What cameras and files do to pictures, with a strength that every picture draws for itself.

Functions of this module take and give pictures as :mod:`models.training.augment` says; ``seeds`` is
a generator.
"""

import functools
import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dct

from auditor.faces import backend

keras = backend.keras()
ops = keras.ops

_BLOCK = 8  # pixels, of JPEG
_LEAST_SPREAD = 1e-3  # pixels, of a blur

# RGB to luminance and two colour differences (JFIF), rows; the differences are around 0 here.
_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)


def drawn(pixels: Any, seeds: Any, low: float, high: float, channels: int = 1) -> Any:
    """A number for each picture, or for each of its channels, shape (n, 1, 1, channels)."""
    return keras.random.uniform((ops.shape(pixels)[0], 1, 1, channels), low, high, seed=seeds)


def _brightness(pixels: Any, strength: float, seeds: Any) -> Any:
    return pixels + 255 * drawn(pixels, seeds, -strength, strength)


def _contrast(pixels: Any, strength: float, seeds: Any) -> Any:
    mean = ops.mean(pixels, axis=(1, 2), keepdims=True)
    return mean + drawn(pixels, seeds, 1 - strength, 1 + strength) * (pixels - mean)


def _saturation(pixels: Any, strength: float, seeds: Any) -> Any:
    grey = _greyscale(pixels, strength, seeds)
    return grey + drawn(pixels, seeds, 1 - strength, 1 + strength) * (pixels - grey)


def _white_balance(pixels: Any, strength: float, seeds: Any) -> Any:
    return pixels * drawn(pixels, seeds, 1 - strength, 1 + strength, 3)


def _greyscale(pixels: Any, strength: float, seeds: Any) -> Any:  # noqa: ARG001  # all or nothing
    return ops.sum(pixels * _TO_YCC[0], axis=-1, keepdims=True)


def _gamma(pixels: Any, strength: float, seeds: Any) -> Any:
    most = math.log1p(strength)
    return 255 * (pixels / 255) ** ops.exp(drawn(pixels, seeds, -most, most))


def _light(pixels: Any, strength: float, seeds: Any) -> Any:
    """Light from one side: brighter there, darker at the other."""
    side, angle = pixels.shape[1], drawn(pixels, seeds, 0, 2 * math.pi)
    places = (2 * ops.arange(side, dtype="float32") + 1) / side - 1
    across, down = ops.reshape(places, (1, 1, -1, 1)), ops.reshape(places, (1, -1, 1, 1))
    towards = ops.cos(angle) * across + ops.sin(angle) * down
    return pixels * (1 + drawn(pixels, seeds, 0, strength) * towards)


def _blur(pixels: Any, strength: float, seeds: Any) -> Any:
    """Gaussian, of its own width across and down, as of something that moves."""
    across, down = (drawn(pixels, seeds, 0, strength) for _ in "xy")
    return smoothed(pixels, across, down)


def _sharpening(pixels: Any, strength: float, seeds: Any) -> Any:
    """What a blur of one pixel takes away is added once more, or less, or more often."""
    one = ops.ones_like(pixels[:, :1, :1, :1])
    soft = smoothed(pixels, one, one)
    return pixels + drawn(pixels, seeds, 0, strength) * (pixels - soft)


def smoothed(pixels: Any, across: Any, down: Any) -> Any:
    """Blurred by standard deviations in pixels, shape (n, 1, 1, 1)."""
    columns, rows = (_gaussians(spread, pixels.shape[1]) for spread in (across, down))
    return ops.einsum("nyv,nxu,nvuc->nyxc", rows, columns, pixels)


def _gaussians(spread: Any, side: int) -> Any:
    """A matrix a picture, (n, side, side): the weights of all places for each place."""
    places = ops.arange(side, dtype="float32")
    apart = ops.reshape(places, (1, -1, 1)) - ops.reshape(places, (1, 1, -1))
    spread = ops.maximum(ops.reshape(spread, (-1, 1, 1)), _LEAST_SPREAD)
    return ops.softmax(-0.5 * (apart / spread) ** 2, axis=-1)


def _noise(pixels: Any, strength: float, seeds: Any) -> Any:
    spread = drawn(pixels, seeds, 0, strength)
    return pixels + spread * keras.random.normal(ops.shape(pixels), seed=seeds)


def _resolution(pixels: Any, strength: float, seeds: Any) -> Any:
    """Average down by a factor and interpolate back up: one matrix serves rows and columns."""
    side = pixels.shape[1]
    matrix = resampling(ops.maximum(ops.round(side / drawn(pixels, seeds, 1, strength)), 1.0), side)
    return ops.einsum("nyv,nxu,nvuc->nyxc", matrix, matrix, pixels)


def resampling(small_side: Any, side: int) -> Any:
    """Matrices that average ``side`` pixels down to ``small_side`` and interpolate them back.

    Args:
        small_side: whole numbers from 1 to side, float32, n of them.
        side: pixels.

    Returns:
        shape (n, side, side), rows summing to 1.
    """
    small_side = ops.reshape(small_side, (-1, 1, 1))
    factor = side / small_side
    places = ops.arange(side, dtype="float32")
    small, large = ops.reshape(places, (1, -1, 1)), ops.reshape(places, (1, 1, -1))
    overlap = ops.minimum(large + 1, (small + 1) * factor) - ops.maximum(large, small * factor)
    at = ops.minimum(ops.maximum((small + 0.5) / factor - 0.5, 0.0), small_side - 1)
    up = ops.maximum(1 - ops.abs(at - large), 0.0)
    return ops.matmul(up, ops.maximum(overlap, 0.0) / factor)


def _jpeg(pixels: Any, strength: float, seeds: Any) -> Any:
    """Round the cosine coefficients of 8 x 8 blocks as JPEG does, without chroma subsampling."""
    side, cosines = pixels.shape[1], dct(np.eye(_BLOCK, dtype=np.float32), axis=0, norm="ortho")
    quality = drawn(pixels, seeds, strength, 95)
    # The scale of the reference implementation: 50 keeps the tables, 100 would be lossless.
    scale = ops.where(quality < 50, 50 / quality, 2 - quality / 50)
    steps = ops.maximum(ops.reshape(scale, (-1, 1, 1, 1, 1, 1)) * _quantisation_steps(), 1.0)

    blocks = ops.reshape(pixels - 128, (-1, side // _BLOCK, _BLOCK, side // _BLOCK, _BLOCK, 3))
    ycc = ops.matmul(blocks, _TO_YCC.T)
    waves = ops.einsum("iv,ju,nyvxuc->nyixjc", cosines, cosines, ycc)
    ycc = ops.einsum("iv,ju,nyixjc->nyvxuc", cosines, cosines, ops.round(waves / steps) * steps)
    rgb = ops.matmul(ycc, np.linalg.inv(_TO_YCC).T.astype(np.float32)) + 128
    return ops.reshape(rgb, (-1, side, side, 3))


@functools.cache
def _quantisation_steps() -> NDArray[np.float32]:
    """The standard's tables at quality 50, shaped to divide (n, rows, 8, columns, 8, channel)."""
    stream = io.BytesIO()
    Image.new("RGB", (_BLOCK, _BLOCK)).save(stream, "JPEG", quality=50)
    with Image.open(stream) as picture:
        tables: Any = picture.quantization  # type: ignore[attr-defined]  # of JPEG alone
    steps = np.array([tables[0], tables[1], tables[1]], np.float32)
    return steps.reshape(3, 1, _BLOCK, 1, _BLOCK).transpose(1, 2, 3, 4, 0)[None]


#: From pictures, the strength and a generator to changed pictures, by the setting's name. What
#: happens in front of the camera comes first, then what the camera does.
CHANGES: dict[str, Callable[[Any, float, Any], Any]] = {
    "light": _light,
    "brightness": _brightness,
    "gamma": _gamma,
    "contrast": _contrast,
    "saturation": _saturation,
    "white_balance": _white_balance,
    "greyscale": _greyscale,
    "blur": _blur,
    "resolution": _resolution,
    "noise": _noise,
    "sharpening": _sharpening,
    "jpeg": _jpeg,
}
