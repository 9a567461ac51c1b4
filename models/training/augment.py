"""Augmentation as Keras layers: it runs on the accelerator, inside the train step.

Pictures are float32 RGB from 0 to 255, shape (n, side, side, 3), on the way in and out. Every
picture draws its own change. All is written with ``keras.ops``, so that it runs on every backend.
Outside training nothing is changed.
"""

import itertools
import math
from collections.abc import Iterable
from typing import Any

from auditor.faces import backend
from models.training.changes import CHANGES, drawn
from models.training.config import Augmentation, Change
from models.training.coverings import COVERINGS

keras = backend.keras()
ops = keras.ops
Layer: Any = keras.layers.Layer

_SMALLEST_ERASED = 0.02  # share of the picture
_SEEDS_A_RUN = 100


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
    """Make one change, by its name, to some pictures and leave the others as they are."""

    def __init__(self, name: str, settings: Change, seed: int) -> None:
        super().__init__(dtype="float32")
        self.change, self.settings = (COVERINGS | CHANGES)[name], settings
        self.seeds = keras.random.SeedGenerator(seed)

    def call(self, pixels: Any, *, training: bool | None = None) -> Any:
        """Change a share of the pictures."""
        if not training:
            return pixels
        chosen = drawn(pixels, self.seeds, 0, 1) < self.settings.probability
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


def layers(settings: Augmentation, seed: int) -> list[Any]:
    """The layers that ``settings`` ask for, in the order in which they are applied."""
    seeds = itertools.count(_SEEDS_A_RUN * seed)

    def sometimes(names: Iterable[str]) -> list[Any]:
        asked = {name: getattr(settings, name) for name in names}
        changes = {
            name: each if isinstance(each, Change) else Change(probability=each, strength=1)
            for name, each in asked.items()
        }
        return [
            Sometimes(name, change, next(seeds))
            for name, change in changes.items()
            if change.probability
        ]

    wanted = sometimes(COVERINGS)  # where the landmarks are, before they move
    if settings.moves:
        wanted.append(Move(settings, next(seeds)))
    wanted += sometimes(CHANGES)
    if often := settings.erasing.probability:
        largest = settings.erasing.strength
        scale = (min(_SMALLEST_ERASED, largest), largest)
        # In float32, whatever the precision of the network.
        own = {"scale": scale, "seed": next(seeds), "dtype": "float32"}
        wanted.append(keras.layers.RandomErasing((often, often), **own))
    return wanted
