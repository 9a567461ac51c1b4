"""What people wear or hold before an aligned face, drawn on: masks, sunglasses, caps, hands.

Shapes lie where ``auditor.faces.alignment`` puts the landmarks, with places, sizes and colours that
every picture draws for itself. Lengths are shares of the picture's side. Functions of this module
take and give pictures as :mod:`models.training.augment` says; ``seeds`` is a generator.
"""

import functools
from collections.abc import Callable
from typing import Any

from auditor.faces import backend
from auditor.faces.alignment import TEMPLATE, TEMPLATE_SIDE

keras = backend.keras()
ops = keras.ops

_LEFT, _RIGHT, _NOSE = (TEMPLATE[:3] / TEMPLATE_SIDE).tolist()
_EDGE = 0.012  # how soft the borders of shapes are
_FINGERS = 4


def mask(pixels: Any, strength: float, seeds: Any) -> Any:  # noqa: ARG001  # worn or not
    """A mask from the nose down, at times under the nose, with pleats."""
    drawn = functools.partial(_drawn, pixels, seeds)
    x, y = _grid(pixels)
    off = x - _NOSE[0] - drawn(-0.03, 0.03)
    top = drawn(0.38, 0.64) + drawn(0.1, 0.9) * off**2
    width = drawn(0.34, 0.5) * (1.25 - 0.5 * y)
    inside = ops.minimum(y - top, width - ops.abs(off))
    pleats = 1 + drawn(0, 0.12) * ops.sin(y * drawn(20, 60))
    return _painted(pixels, _within(inside), _cloth(pixels, seeds), pleats)


def glasses(pixels: Any, strength: float, seeds: Any) -> Any:  # noqa: ARG001
    """Glasses with a rim, through which the eyes are seen."""
    return _with_glasses(pixels, seeds, _drawn(pixels, seeds, 0, 0.15))


def sunglasses(pixels: Any, strength: float, seeds: Any) -> Any:  # noqa: ARG001
    """Glasses that leave little of the eyes."""
    return _with_glasses(pixels, seeds, _drawn(pixels, seeds, 0.6, 1))


def cap(pixels: Any, strength: float, seeds: Any) -> Any:  # noqa: ARG001
    """A cap or hood over the forehead, and its shadow below."""
    drawn = functools.partial(_drawn, pixels, seeds)
    x, y = _grid(pixels)
    end = drawn(0.04, 0.2) + drawn(-0.3, 0.5) * (x - 0.5) ** 2 + drawn(-0.1, 0.1) * (x - 0.5)
    shadow = drawn(0, 0.5) * ops.sigmoid((end + drawn(0.05, 0.2) - y) / 0.04)
    shaded = pixels * ops.expand_dims(1 - shadow, -1)
    return _painted(shaded, _within(end - y), _cloth(pixels, seeds))


def hand(pixels: Any, strength: float, seeds: Any) -> Any:  # noqa: ARG001
    """Fingers of about the face's colour, from beyond the edge to anywhere below the eyes."""
    drawn = functools.partial(_drawn, pixels, seeds)
    x, y = _grid(pixels)
    tip_x, tip_y, angle = drawn(0.2, 0.8), drawn(0.4, 0.9), drawn(-1.2, 1.2)
    across, along = ops.sin(angle), ops.cos(angle)  # of the fingers, downwards
    thick = drawn(0.04, 0.07)
    inside = None
    for finger in range(_FINGERS):
        beside = (finger - (_FINGERS - 1) / 2) * 2.1 * thick
        right, down = x - tip_x - beside * along, y - tip_y + beside * across
        length = ops.maximum(right * across + down * along + drawn(-0.05, 0.05), 0.0)
        apart = (right - length * across) ** 2 + (down - length * along) ** 2
        one = thick - ops.sqrt(apart + 1e-9)
        inside = one if inside is None else ops.maximum(inside, one)
    third = pixels.shape[1] // 3
    skin = ops.mean(pixels[:, third:-third, third:-third], axis=(1, 2), keepdims=True)
    colour = skin * ops.expand_dims(drawn(0.75, 1.2), -1)
    round_shaped = 0.75 + 0.25 * ops.clip(inside / thick, 0, 1)
    return _painted(pixels, _within(inside), colour, round_shaped)


#: From pictures, a strength that is not used and a generator to covered pictures, by name.
COVERINGS: dict[str, Callable[[Any, float, Any], Any]] = {
    "mask": mask,
    "glasses": glasses,
    "sunglasses": sunglasses,
    "cap": cap,
    "hand": hand,
}


def _with_glasses(pixels: Any, seeds: Any, dark: Any) -> Any:
    drawn = functools.partial(_drawn, pixels, seeds)
    x, y = _grid(pixels)
    wide, high, power = drawn(0.11, 0.19), drawn(0.07, 0.14), drawn(2, 5)
    down, rim = drawn(-0.02, 0.04), drawn(0.008, 0.03)

    def outside(eye: tuple[float, float]) -> Any:
        across = ops.abs(x - eye[0]) / wide
        along = ops.abs(y - eye[1] - down) / high
        return ((across**power + along**power) ** (1 / power) - 1) * high

    lens = ops.minimum(outside(_LEFT), outside(_RIGHT))
    between = ops.maximum(_LEFT[0] - x, x - _RIGHT[0])
    bridge = ops.maximum(ops.abs(y - _LEFT[1] - down + 0.02) - rim / 2, between)
    frame = ops.minimum(ops.abs(lens) - rim / 2, ops.maximum(bridge, -lens))
    tinted = _painted(pixels, dark * _within(-lens), _cloth(pixels, seeds, 60))
    return _painted(tinted, _within(-frame), _cloth(pixels, seeds, 120))


def _drawn(pixels: Any, seeds: Any, low: float, high: float) -> Any:
    """A number for each picture, shape (n, 1, 1)."""
    return keras.random.uniform((ops.shape(pixels)[0], 1, 1), low, high, seed=seeds)


def _grid(pixels: Any) -> tuple[Any, Any]:
    """The places of the pixels' middles, shapes (1, 1, side) and (1, side, 1)."""
    places = (ops.arange(pixels.shape[1], dtype="float32") + 0.5) / pixels.shape[1]
    return ops.reshape(places, (1, 1, -1)), ops.reshape(places, (1, -1, 1))


def _within(inside: Any) -> Any:
    """How far a pixel is covered, by how far it is inside the border."""
    return ops.sigmoid(inside / _EDGE)


def _cloth(pixels: Any, seeds: Any, brightest: float = 255) -> Any:
    """A colour for each picture, from black to ``brightest``, mostly greyish: (n, 1, 1, 3)."""
    shape = (ops.shape(pixels)[0], 1, 1)
    grey = keras.random.uniform((*shape, 1), 0, brightest, seed=seeds)
    tint = keras.random.uniform((*shape, 3), -0.25 * brightest, 0.25 * brightest, seed=seeds)
    return ops.clip(grey + tint, 0, 255)


def _painted(pixels: Any, cover: Any, colour: Any, shading: Any = None) -> Any:
    """Blend a colour (n, 1, 1, 3), shaded (n, side, side), into the pictures where it covers."""
    cover = ops.expand_dims(cover, -1)
    if shading is not None:
        colour = colour * ops.expand_dims(shading, -1)
    return pixels * (1 - cover) + colour * cover
