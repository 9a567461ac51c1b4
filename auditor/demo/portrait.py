"""Heads: a composite face, set into a drawn head with hair, ears and neck.

Lengths are in the composite's own pixels (256 x 256, eyes near y = 105, chin near y = 258) unless
said otherwise. Pictures are float32, blue-green-red, 0 to 255; masks are float32, 0 to 1.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_FOLDER = Path(__file__).parent / "faces"

#: Younger composites are never drawn: nobody of that age stands at a till alone.
_YOUNGEST = 14.0

#: Where the composite lies on the head's canvas, and how large that canvas is.
ORIGIN_X, ORIGIN_Y = 24, 60
WIDTH, HEIGHT = 304, 464
#: The point on the canvas that a head turns and stands on: between the collar bones.
PIVOT = (ORIGIN_X + 128.0, ORIGIN_Y + 302.0)
#: The middle of the face, and its width from cheek to cheek.
CENTRE = (ORIGIN_X + 128.0, ORIGIN_Y + 148.0)
FACE_WIDTH = 180.0


@dataclass(frozen=True, slots=True)
class Face:
    """A composite: its file, the mean age of those blended in it (years), and their sex."""

    file: str
    age: float
    sex: str


@cache
def faces() -> tuple[Face, ...]:
    """The composites that a buyer can have, in the order of their files."""
    with (_FOLDER / "faces.csv").open(encoding="utf-8", newline="") as stream:
        rows = [Face(r["file"], float(r["age"]), r["sex"]) for r in csv.DictReader(stream)]
    return tuple(face for face in rows if face.age >= _YOUNGEST)


@cache
def head(face: Face) -> FloatArray:
    """Draw the head of ``face``; the same face always wears the same hair.

    Returns:
        (HEIGHT, WIDTH, 4): the colours, multiplied by the opacity, and the opacity.

    Raises:
        FileNotFoundError: the composite is not there.
    """
    rng = np.random.default_rng(int(face.file[5:8]))
    composite, oval = _on_canvas(face)
    skin_field = _continued(composite, oval)
    skin = np.average(
        composite[ORIGIN_Y + 130 : ORIGIN_Y + 175, ORIGIN_X + 60 : ORIGIN_X + 196].reshape(-1, 3),
        axis=0,
    ).astype(np.float32)
    hair = _hair_colour(face, composite, skin, rng)
    layers = [(_long_hair(rng), _strands(hair * 0.7, rng))] if _wears_long(face, rng) else []
    layers += [
        (_neck(), _shaded_neck(skin_field)),
        (_ears(), skin_field * 0.82),
        (_skull(), _rounded(skin_field)),
    ]
    colours = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    opacity = np.zeros((HEIGHT, WIDTH, 1), np.float32)
    for mask, layer in layers:
        colours = colours * (1 - mask) + layer * mask
        opacity = opacity + mask - opacity * mask
    colours = colours * (1 - oval) + composite * oval
    if not _is_bald(face, rng):
        mask = _hair_cap(face, rng)
        colours = colours * (1 - mask) + _strands(hair, rng) * mask
        opacity = opacity + mask - opacity * mask
    return np.concatenate([colours * opacity, opacity], axis=2)


def _on_canvas(face: Face) -> tuple[FloatArray, FloatArray]:
    """The composite on the canvas, and the soft oval inside which it is shown."""
    picture = cv2.imread(str(_FOLDER / face.file))
    if picture is None:
        raise FileNotFoundError(_FOLDER / face.file)
    composite = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    composite[ORIGIN_Y : ORIGIN_Y + 256, ORIGIN_X : ORIGIN_X + 256] = picture
    y, x = _grid()
    radius = np.hypot((x - 128) / 88, (y - 146) / np.where(y < 146, 112, 107))
    oval = np.clip((1 - radius) / 0.2, 0, 1)
    oval = oval * oval * (3 - 2 * oval)
    return composite, oval[..., None].astype(np.float32)


@cache
def _grid() -> tuple[FloatArray, FloatArray]:
    """Row and column of each canvas pixel, counted from the composite's corner."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    return y - ORIGIN_Y, x - ORIGIN_X


def _continued(composite: FloatArray, oval: FloatArray) -> FloatArray:
    """The colours of the oval's rim, carried on smoothly over the whole canvas."""
    rim = oval * (oval < 0.9)
    small = (WIDTH // 4, HEIGHT // 4)
    weights = cv2.resize(rim, small, interpolation=cv2.INTER_AREA)[..., None]
    colours = cv2.resize(composite * rim, small, interpolation=cv2.INTER_AREA)
    near_weight = cv2.GaussianBlur(weights, (0, 0), 6)[..., None]
    near = cv2.GaussianBlur(colours, (0, 0), 6)
    far_weight = cv2.GaussianBlur(weights, (0, 0), 25)[..., None]
    far = cv2.GaussianBlur(colours, (0, 0), 25)
    field = (near + 0.05 * far + 1e-4 * colours.mean()) / (near_weight + 0.05 * far_weight + 1e-4)
    return np.asarray(cv2.resize(field, (WIDTH, HEIGHT)), np.float32)


def _hair_colour(
    face: Face, composite: FloatArray, skin: FloatArray, rng: np.random.Generator
) -> FloatArray:
    band = composite[ORIGIN_Y : ORIGIN_Y + 60, ORIGIN_X + 28 : ORIGIN_X + 228].reshape(-1, 3)
    light = band.mean(axis=1)
    colour = band[light <= np.quantile(light, 0.25)].mean(axis=0)
    colour *= min(1.0, 0.5 * float(skin.mean()) / max(float(colour.mean()), 1.0))
    grey = float(np.clip((face.age - 48) / 25, 0, 1)) * float(rng.uniform(0.6, 1.0))
    silver = np.full(3, 0.8 * skin.mean(), np.float32)
    return np.asarray(colour * (1 - grey) + silver * grey, np.float32)


def _wears_long(face: Face, rng: np.random.Generator) -> bool:
    return bool(rng.random() < (0.8 if face.age < 60 else 0.3)) and face.sex == "female"


def _is_bald(face: Face, rng: np.random.Generator) -> bool:
    return bool(rng.random() < 0.35) and face.sex == "male" and face.age > 42


def _soft(mask: npt.NDArray[np.generic], sigma: float = 1.5) -> FloatArray:
    blurred = cv2.GaussianBlur(np.asarray(mask, np.float32), (0, 0), sigma)
    return np.asarray(blurred, np.float32)[..., None]


def _skull() -> FloatArray:
    y, x = _grid()
    cranium = np.hypot((x - 128) / 99, (y - 98) / 134) < 1
    jaw = np.abs((x - 128) / 96) ** 2.4 + np.abs((y - 130) / 132) ** 2.4 < 1
    return _soft(cranium | (jaw & (y > 90)))


def _ears() -> FloatArray:
    y, x = _grid()
    return _soft(np.hypot((np.abs(x - 128) - 95) / 15, (y - 130) / 31) < 1)


def _neck() -> FloatArray:
    y, x = _grid()
    half = 50 + 30 * np.clip((y - 265) / 45, 0, 1) ** 2
    throat = (np.abs(x - 128) < half) & (y > 190) & (y < 380 - np.abs(x - 128) * 0.9)
    return _soft(throat)


def _shaded_neck(field: FloatArray) -> FloatArray:
    y, x = _grid()
    shadow = 0.66 + 0.26 * np.clip((y - 262) / 60, 0, 1)
    shadow *= 1 - 0.25 * np.clip(np.abs(x - 128) / 70, 0, 1) ** 2
    return np.asarray(field * shadow[..., None], np.float32)


def _rounded(field: FloatArray) -> FloatArray:
    """Darken the head towards its outline, as a round thing is."""
    y, x = _grid()
    edge = np.clip(np.hypot((x - 128) / 102, (y - 108) / 152) - 0.62, 0, 1)
    return np.asarray(field * (1 - 0.75 * edge)[..., None], np.float32)


def _hair_cap(face: Face, rng: np.random.Generator) -> FloatArray:
    """Hair over the skull and down the temples, open above the brows."""
    y, x = _grid()
    is_female = face.sex == "female"
    fringe = cv2.GaussianBlur(rng.standard_normal((1, WIDTH)).astype(np.float32), (0, 0), 3) * 12
    parting = float(rng.uniform(-60, 60))
    top = float(rng.uniform(22, 38)) + 0.16 * np.abs(x - 128 - parting) - fringe
    arch = np.sqrt(np.clip(1 - ((x - 128) / 92) ** 2, 0, 1))
    hairline = 140 - (140 - top) * arch
    volume = float(rng.uniform(0, 8)) if is_female else float(rng.uniform(-3, 7))
    outline = np.hypot((x - 128) / (100 + volume), (y - 97) / (138 + volume)) < 1
    length = 175 if is_female else float(rng.uniform(78, 112))
    ends = np.clip((length + 2 * fringe - y) / 22, 0, 1)
    return _soft(outline * ends * ((y < hairline) | (np.abs(x - 128) > 92)), 3.0)


def _long_hair(rng: np.random.Generator) -> FloatArray:
    y, x = _grid()
    length = float(rng.uniform(240, 385))
    half = 108 + 14 * np.clip((y - 60) / 200, 0, 1) + 4 * np.sin(y / 23)
    return _soft((np.abs(x - 128) < half) & (y > 60) & (y < length - 0.2 * np.abs(x - 128)), 3.0)


def _strands(colour: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Hair of ``colour``: fine vertical streaks under a broad sheen."""
    noise = rng.standard_normal((HEIGHT // 24, WIDTH // 2)).astype(np.float32)
    streaks = cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    y, x = _grid()
    sheen = 0.9 + 0.35 * np.exp(-(((x - 105) / 60) ** 2) - ((y - 0) / 45) ** 2)
    return np.asarray(colour * (sheen * (1 + 0.12 * streaks))[..., None], np.float32)
