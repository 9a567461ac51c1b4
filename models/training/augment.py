"""Augmentation as Keras layers: it runs on the accelerator, inside the train step.

Pictures are float32 RGB from 0 to 255, shape (n, side, side, 3), on the way in and out. Every
picture draws its own change. Keras's own layers are used where it has one; the others are written
with ``keras.ops``, so that they run on every backend. Outside training nothing is changed.
"""

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

from auditor.faces import backend
from models.training.config import Augmentation, Change
from models.training.degrade import LoseResolution, QuantiseBlocks

keras = backend.keras()
ops = keras.ops
Layer: Any = keras.layers.Layer

_RANGE = (0, 255)
_SMALLEST_ERASED = 0.02  # share of the picture
_SEEDS_A_RUN = 100
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


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
        mirror_x = 1 - 2 * ops.cast(self._chosen(count, now.horizontal_flip), "float32")
        mirror_y = 1 - 2 * ops.cast(self._chosen(count, now.vertical_flip), "float32")

        # From a point of the result to the point of the source: both relative to the middle.
        cos, sin = ops.cos(angle) * ops.exp(-growth), ops.sin(angle) * ops.exp(-growth)
        xx, xy, yx, yy = mirror_x * cos, -mirror_x * sin, mirror_y * sin, mirror_y * cos
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


class Tint(Layer):
    """Change each channel's gain (white balance), or the distance from grey (saturation)."""

    def __init__(self, strength: float, seed: int, *, saturation: bool) -> None:
        super().__init__(dtype="float32")
        self.strength = strength
        self.saturation = saturation
        self.seeds = keras.random.SeedGenerator(seed)

    def call(self, pixels: Any, *, training: bool | None = None) -> Any:
        """Tint each picture."""
        if not training:
            return pixels
        channels = 1 if self.saturation else 3
        shape = (ops.shape(pixels)[0], 1, 1, channels)
        gain = 1 + keras.random.uniform(shape, -self.strength, self.strength, seed=self.seeds)
        neutral = grey(pixels) if self.saturation else 0.0
        return ops.clip(neutral + gain * (pixels - neutral), *_RANGE)


class AddNoise(Layer):
    """Add Gaussian noise whose standard deviation is drawn for each picture."""

    def __init__(self, strength: float, seed: int) -> None:
        super().__init__(dtype="float32")
        self.strength = strength
        self.seeds = keras.random.SeedGenerator(seed)

    def call(self, pixels: Any, *, training: bool | None = None) -> Any:
        """Add noise to each picture."""
        if not training:
            return pixels
        shape = ops.shape(pixels)
        spread = keras.random.uniform((shape[0], 1, 1, 1), 0, self.strength, seed=self.seeds)
        return ops.clip(pixels + spread * keras.random.normal(shape, seed=self.seeds), *_RANGE)


class Sometimes(Layer):
    """Apply a layer to some pictures and leave the others as they are."""

    def __init__(self, layer: Any, probability: float, seed: int) -> None:
        super().__init__(dtype="float32")
        self.layer = layer
        self.probability = probability
        self.seeds = keras.random.SeedGenerator(seed)

    def build(self, shape: Any) -> None:
        """Build the layer inside."""
        self.layer.build(shape)

    def call(self, pixels: Any, *, training: bool | None = None) -> Any:
        """Change a share of the pictures."""
        if not training:
            return pixels
        shape = (ops.shape(pixels)[0], 1, 1, 1)
        chosen = keras.random.uniform(shape, seed=self.seeds) < self.probability
        return ops.where(chosen, self.layer(pixels, training=True), pixels)


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


def grey(pixels: Any) -> Any:
    """The luminance of pictures, shape (n, side, side, 1)."""
    return ops.sum(pixels * ops.convert_to_tensor(_LUMA, "float32"), axis=-1, keepdims=True)


def layers(settings: Augmentation, seed: int) -> list[Any]:
    """The layers that ``settings`` ask for, in the order in which they are applied.

    What happens in front of the camera comes first, then what the camera does, then erasing.
    """
    seeds = itertools.count(_SEEDS_A_RUN * seed)
    own = {"dtype": "float32"}  # whatever the precision of the network
    brighten = functools.partial(keras.layers.RandomBrightness, **own)
    contrast = functools.partial(keras.layers.RandomContrast, **own)
    to_grey = functools.partial(keras.layers.RandomGrayscale, **own)
    erase = functools.partial(keras.layers.RandomErasing, **own)

    def sometimes(change: Change, make: Callable[..., Any]) -> list[Any]:
        made = make(change.strength, seed=next(seeds)) if change.probability else None
        return [Sometimes(made, change.probability, next(seeds))] if made else []

    erased = settings.erasing.strength
    often = (settings.erasing.probability, settings.erasing.probability)
    scale = (min(_SMALLEST_ERASED, erased), erased)
    return [
        *([Move(settings, next(seeds))] if settings.moves else []),
        *sometimes(settings.brightness, brighten),
        *sometimes(settings.contrast, contrast),
        *sometimes(settings.saturation, functools.partial(Tint, saturation=True)),
        *sometimes(settings.white_balance, functools.partial(Tint, saturation=False)),
        *([to_grey(settings.greyscale, seed=next(seeds))] if settings.greyscale else []),
        *sometimes(settings.resolution, LoseResolution),
        *sometimes(settings.noise, AddNoise),
        *sometimes(settings.jpeg, QuantiseBlocks),
        *([erase(often, scale=scale, seed=next(seeds))] if often[0] else []),
    ]
