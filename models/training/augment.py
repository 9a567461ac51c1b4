"""Augmentation as Keras layers: it runs on the accelerator, inside the train step.

Pictures are float32 RGB from 0 to 255, shape (n, side, side, 3), on the way in and out. Every
picture draws its own change. All is written with ``keras.ops``, so that it runs on every backend.
Outside training nothing is changed.
"""

import functools
import io
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dct

from auditor.faces import backend
from models.training.config import Augmentation, Change

keras = backend.keras()
ops = keras.ops
Layer: Any = keras.layers.Layer

_SMALLEST_ERASED = 0.02  # share of the picture
_SEEDS_A_RUN = 100
_BLOCK = 8  # pixels, of JPEG

# RGB to luminance and two colour differences (JFIF), rows; the differences are around 0 here.
_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)


class Move(Layer):
    """Flip, rotate, zoom and shift, in one bilinear resampling; the border is replicated."""

    def __init__(self, settings: Augmentation, seed: int) -> None:
        super().__init__(dtype="float32")
        self.settings = settings
        self.seeds = keras.random.SeedGenerator(seed)

    def call(self, pixels: Any, *, training: bool | None = None) -> Any:
        """Move each picture."""
        if not training:
            return pixels
        count, side = ops.shape(pixels)[0], pixels.shape[1]
        now = self.settings
        angle = self._centred(count, now.rotation.probability, math.radians(now.rotation.strength))
        growth = self._centred(count, now.zoom.probability, math.log1p(now.zoom.strength))
        across, down = (
            self._centred(count, now.shift.probability, now.shift.strength * side) for _ in "xy"
        )
        mirror = 1 - 2 * ops.cast(self._chosen(count, now.horizontal_flip), "float32")

        # From a point of the result to the point of the source: both relative to the middle.
        cos, sin = ops.cos(angle) * ops.exp(-growth), ops.sin(angle) * ops.exp(-growth)
        xx, xy, yx, yy = mirror * cos, -mirror * sin, sin, cos
        middle = (side - 1) / 2
        x_at_0 = middle - xx * (middle + across) - xy * (middle + down)
        y_at_0 = middle - yx * (middle + across) - yy * (middle + down)
        none = ops.zeros_like(xx)
        transform = ops.stack([xx, xy, x_at_0, yx, yy, y_at_0, none, none], axis=1)
        return ops.image.affine_transform(
            pixels,
            transform,
            interpolation="bilinear",
            fill_mode="nearest",
            data_format="channels_last",
        )

    def _chosen(self, count: Any, probability: float) -> Any:
        return keras.random.uniform((count,), seed=self.seeds) < probability

    def _centred(self, count: Any, probability: float, largest: float) -> Any:
        value = keras.random.uniform((count,), -largest, largest, seed=self.seeds)
        return ops.where(self._chosen(count, probability), value, ops.zeros_like(value))


class Sometimes(Layer):
    """Make one of ``CHANGES`` to some pictures and leave the others as they are."""

    def __init__(self, name: str, settings: Change, seed: int) -> None:
        super().__init__(dtype="float32")
        self.change, self.settings = CHANGES[name], settings
        self.seeds = keras.random.SeedGenerator(seed)

    def call(self, pixels: Any, *, training: bool | None = None) -> Any:
        """Change a share of the pictures."""
        if not training:
            return pixels
        chosen = _drawn(pixels, self.seeds, 0, 1) < self.settings.probability
        changed = self.change(pixels, self.settings.strength, self.seeds)
        return ops.where(chosen, ops.clip(changed, 0, 255), pixels)


class MixUp(Layer):
    """Blend each picture with a partner of its batch (Zhang et al. 2018, arXiv 1710.09412).

    Keras has such a layer, but it draws partners and shares inside: then the labels have to travel
    through the network. Here they come in with the batch, and the loss gets the same ones.
    """

    def call(self, inputs: tuple[Any, Any, Any], *, training: bool | None = None) -> Any:
        """Blend pictures with partners, places in the batch, each keeping a share; both (n,)."""
        pixels, partner, share = inputs
        if not training:
            return pixels
        share = ops.cast(ops.reshape(share, (-1, 1, 1, 1)), "float32")
        return share * pixels + (1 - share) * ops.take(pixels, partner, axis=0)


def _drawn(pixels: Any, seeds: Any, low: float, high: float, channels: int = 1) -> Any:
    """A number for each picture, or for each of its channels, shape (n, 1, 1, channels)."""
    return keras.random.uniform((ops.shape(pixels)[0], 1, 1, channels), low, high, seed=seeds)


def _brightness(pixels: Any, strength: float, seeds: Any) -> Any:
    return pixels + 255 * _drawn(pixels, seeds, -strength, strength)


def _contrast(pixels: Any, strength: float, seeds: Any) -> Any:
    mean = ops.mean(pixels, axis=(1, 2), keepdims=True)
    return mean + _drawn(pixels, seeds, 1 - strength, 1 + strength) * (pixels - mean)


def _saturation(pixels: Any, strength: float, seeds: Any) -> Any:
    grey = _greyscale(pixels, strength, seeds)
    return grey + _drawn(pixels, seeds, 1 - strength, 1 + strength) * (pixels - grey)


def _white_balance(pixels: Any, strength: float, seeds: Any) -> Any:
    return pixels * _drawn(pixels, seeds, 1 - strength, 1 + strength, 3)


def _greyscale(pixels: Any, strength: float, seeds: Any) -> Any:  # noqa: ARG001  # all or nothing
    return ops.sum(pixels * _TO_YCC[0], axis=-1, keepdims=True)


def _noise(pixels: Any, strength: float, seeds: Any) -> Any:
    spread = _drawn(pixels, seeds, 0, strength)
    return pixels + spread * keras.random.normal(ops.shape(pixels), seed=seeds)


def _resolution(pixels: Any, strength: float, seeds: Any) -> Any:
    """Average down by a factor and interpolate back up: one matrix serves rows and columns."""
    side = pixels.shape[1]
    matrix = resampling(
        ops.maximum(ops.round(side / _drawn(pixels, seeds, 1, strength)), 1.0), side
    )
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
    quality = _drawn(pixels, seeds, strength, 95)
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
    "brightness": _brightness,
    "contrast": _contrast,
    "saturation": _saturation,
    "white_balance": _white_balance,
    "greyscale": _greyscale,
    "resolution": _resolution,
    "noise": _noise,
    "jpeg": _jpeg,
}


def layers(settings: Augmentation, seed: int) -> list[Any]:
    """The layers that ``settings`` ask for, in the order in which they are applied."""
    seeds = itertools.count(_SEEDS_A_RUN * seed)
    wanted = [Move(settings, next(seeds))] if settings.moves else []
    for name in CHANGES:
        asked = getattr(settings, name)
        change = asked if isinstance(asked, Change) else Change(probability=asked, strength=1)
        if change.probability:
            wanted.append(Sometimes(name, change, next(seeds)))
    if often := settings.erasing.probability:
        largest = settings.erasing.strength
        scale = (min(_SMALLEST_ERASED, largest), largest)
        # In float32, whatever the precision of the network.
        own = {"scale": scale, "seed": next(seeds), "dtype": "float32"}
        wanted.append(keras.layers.RandomErasing((often, often), **own))
    return wanted
