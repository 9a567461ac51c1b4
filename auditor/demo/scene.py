"""Frames of a till camera: a drawn shop, and people of drawn clothes with composite faces.

A frame is 640 x 480 pixels. Colours are blue-green-red while drawing, red-green-blue when done.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from auditor.demo.portrait import (
    CENTRE,
    FACE_WIDTH,
    HEIGHT,
    PIVOT,
    WIDTH,
    Face,
    FloatArray,
    Head,
    head,
)

FRAME_WIDTH, FRAME_HEIGHT = 640, 480
_NOISE_SIDE = 1024

_COATS = (
    (52, 44, 40), (96, 62, 34), (40, 40, 110), (70, 92, 60), (128, 122, 116), (150, 110, 70),
    (60, 70, 96), (170, 165, 150), (30, 28, 30), (64, 88, 140), (92, 60, 100), (110, 96, 40),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Who stands where: the face's middle and width in pixels, the tilt in degrees."""

    face: Face
    x: float
    y: float
    face_width: float
    tilt: float
    coat: int


@dataclass(frozen=True, slots=True)
class Light:
    """The light of one frame: exposure (1 is normal), warmth (0 is neutral, positive is red), the
    share by which the right is brighter than the left, and the spread of the blur in pixels."""

    exposure: float
    warmth: float
    side: float
    blur: float


@dataclass(frozen=True, slots=True)
class Scene:
    """One frame: the people from the back to the front, the light, and what is printed on it."""

    place: int  # seed of the till's own background
    detail: int  # seed of the goods on the counter and of the sensor's noise
    people: tuple[Person, ...]
    light: Light
    caption: str


def draw(scene: Scene) -> npt.NDArray[np.uint8]:
    """Draw a frame, (480, 640, 3) uint8, red-green-blue; the same scene gives the same pixels."""
    rng = np.random.default_rng(scene.detail)
    backdrop, counter, counter_mask = _till(scene.place)
    frame = backdrop.copy()
    for person in scene.people:
        _add_person(frame, person, scene.light, rng)
    frame = frame * (1 - counter_mask) + counter * counter_mask
    _add_goods(frame, rng)
    frame = _lit(frame, scene.light)
    if scene.light.blur > 0.3:
        frame = cv2.GaussianBlur(frame, (0, 0), scene.light.blur)
    frame += _noise(rng, 2.0 + 2.5 / max(scene.light.exposure, 0.5))
    picture = np.clip(frame, 0, 255).astype(np.uint8)
    for colour, thickness in ((0, 3), (235, 1)):
        cv2.putText(
            picture, scene.caption, (14, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.5,
            (colour, colour, colour), thickness, cv2.LINE_AA,
        )  # fmt: skip
    return np.asarray(picture[..., ::-1], np.uint8)


@lru_cache(maxsize=64)
def _till(place: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What the camera of a till always sees: the shop behind, the counter before, its mask."""
    rng = np.random.default_rng(place)
    wall = rng.uniform(120, 190) * np.array([1, 1, 1]) + rng.uniform(-14, 14, 3)
    fall = np.linspace(1.12, 0.72, FRAME_HEIGHT)[:, None, None]
    shop = np.ones((FRAME_HEIGHT, FRAME_WIDTH, 1)) * wall * fall
    picture = np.ascontiguousarray(np.clip(shop, 0, 255), np.uint8)
    left, right = sorted(rng.choice([-40, 60, 170, 470, 560, 690], 2, replace=False).tolist())
    _add_shelves(picture, left, right, rng)
    cv2.rectangle(picture, (0, 0), (FRAME_WIDTH, int(rng.integers(8, 26))), (210, 214, 214), -1)
    backdrop = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), float(rng.uniform(1.6, 2.6)))
    counter, mask = _counter(rng)
    return np.asarray(backdrop, np.float32), counter, mask


def _add_shelves(
    picture: npt.NDArray[np.uint8], left: int, right: int, rng: np.random.Generator
) -> None:
    back = [int(v) for v in rng.integers(60, 110, 3)]
    cv2.rectangle(picture, (left, 30), (right, FRAME_HEIGHT), back, -1)
    for board in range(40 + int(rng.integers(0, 20)), FRAME_HEIGHT, int(rng.integers(62, 84))):
        x = left + 4
        while x < right - 14:
            width, height = int(rng.integers(10, 30)), int(rng.integers(26, 54))
            colour = [int(v) for v in rng.integers(50, 200, 3)]
            for facing in range(int(rng.integers(1, 5))):
                start = x + facing * (width + 2)
                end = min(start + width, right - 4)
                if start < end:
                    cv2.rectangle(
                        picture, (start, board + 58 - height), (end, board + 58), colour, -1
                    )
                    label = board + 58 - height // 2
                    cv2.rectangle(picture, (start, label), (end, label + 7), (190, 195, 195), -1)
                x = end + 2
        cv2.rectangle(picture, (left, board + 58), (right, board + 63), (165, 168, 170), -1)


def _counter(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """The counter across the foot of the frame, a screen's edge and a card reader on it."""
    top = int(rng.integers(398, 424))
    slope = int(rng.integers(-10, 10))
    surface = np.array([[0, top], [640, top + slope], [640, 480], [0, 480]], np.int32)
    picture = np.zeros((FRAME_HEIGHT, FRAME_WIDTH, 3), np.uint8)
    mask = np.zeros((FRAME_HEIGHT, FRAME_WIDTH), np.uint8)
    tone = int(rng.integers(70, 130))
    for offset in range(0, 90, 2):
        band = surface + np.array([0, offset], np.int32)
        shade = tone + 26 - offset // 2
        cv2.fillPoly(picture, [band], (shade, shade + 2, shade + 4))
    cv2.line(picture, (0, top), (640, top + slope), (180, 184, 186), 4, cv2.LINE_AA)
    cv2.fillPoly(mask, [surface], 255)
    side = 1 if rng.random() < 0.5 else -1
    base = 320 + side * 235
    screen = np.array([[0, -150], [95, -120], [105, 130], [-20, 130]], np.int32) * (side, 1)
    reader = np.array([[0, 0], [52, 4], [46, 80], [-6, 80]], np.int32) * (side, 1)
    for shape, at, colour in (
        (screen, (base, 440), (34, 32, 30)),
        (reader, (320 - side * 190, 408), (48, 46, 46)),
    ):
        cv2.fillPoly(picture, [(shape + at).astype(np.int32)], colour, cv2.LINE_AA)
        cv2.fillPoly(mask, [(shape + at).astype(np.int32)], 255, cv2.LINE_AA)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 1.2)
    return picture.astype(np.float32), np.asarray(soft, np.float32)[..., None]


def _add_person(frame: FloatArray, person: Person, light: Light, rng: np.random.Generator) -> None:
    sprite = head(person.face)
    scale = person.face_width / FACE_WIDTH
    turn = cv2.getRotationMatrix2D(PIVOT, person.tilt, 1.0)
    middle = turn @ np.array([*CENTRE, 1.0])
    foot = np.array([person.x, person.y]) + scale * (np.array(PIVOT) - middle)
    _add_body(frame, foot, scale, person.coat, rng)
    _add_head(frame, sprite, foot, scale, person.tilt, light)


def _add_body(
    frame: FloatArray, foot: npt.NDArray[np.float64], scale: float, coat: int,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    half = np.array(
        [[62, -34], [84, -14], [150, 22], [214, 58], [248, 110], [268, 220], [276, 1400]]
    )
    outline = np.concatenate([half * (-1, 1), half[::-1]]) * scale + foot
    mask = np.zeros((FRAME_HEIGHT, FRAME_WIDTH), np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    y, x = np.mgrid[0:FRAME_HEIGHT, 0:FRAME_WIDTH].astype(np.float32)
    across = (x - foot[0]) / (276 * scale)
    folds = cv2.resize(
        rng.standard_normal((4, 10)).astype(np.float32),
        (FRAME_WIDTH, FRAME_HEIGHT), interpolation=cv2.INTER_CUBIC,
    )  # fmt: skip
    shade = 1.1 - 0.45 * across * across + 0.07 * folds - 0.12 * np.clip((y - foot[1]) / 500, 0, 1)
    cloth = np.array(_COATS[coat % len(_COATS)], np.float32) * shade[..., None]
    seam = np.abs(x - foot[0] - 2 * scale) < 3.5 * scale
    cloth = np.where(seam[..., None], cloth * 0.6, cloth)
    cover = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.8)[..., None]
    frame += (cloth.astype(np.float32) - frame) * cover


def _add_head(
    frame: FloatArray, sprite: Head, foot: npt.NDArray[np.float64], scale: float, tilt: float,
    light: Light,
) -> None:  # fmt: skip
    size = (max(1, round(WIDTH * scale)), max(1, round(HEIGHT * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    layers = np.concatenate([sprite.colours * sprite.opacity, sprite.opacity], axis=2)
    small = cv2.resize(layers, size, interpolation=how)
    pivot = (PIVOT[0] * size[0] / WIDTH, PIVOT[1] * size[1] / HEIGHT)
    matrix = cv2.getRotationMatrix2D(pivot, tilt, 1.0)
    matrix[:, 2] += foot - pivot
    placed = cv2.warpAffine(small, matrix, (FRAME_WIDTH, FRAME_HEIGHT), flags=cv2.INTER_LINEAR)
    across = (np.arange(FRAME_WIDTH, dtype=np.float32) - foot[0]) / (120 * scale)
    shading = (1 + 0.6 * light.side * np.clip(across, -1, 1))[None, :, None].astype(np.float32)
    frame *= 1 - placed[..., 3:]
    frame += placed[..., :3] * shading


def _add_goods(frame: FloatArray, rng: np.random.Generator) -> None:
    """Put a few bottles and packets on the counter, angular enough not to look like faces."""
    for _ in range(int(rng.integers(1, 4))):
        x, foot = int(rng.integers(90, 520)), int(rng.integers(440, 476))
        width, height = int(rng.integers(16, 44)), int(rng.integers(34, 74))
        colour = rng.uniform(30, 190, 3)
        frame[foot - height : foot, x : x + width] = colour
        frame[foot - height : foot, x : x + 3] = colour * 1.25
        frame[foot - height // 2 : foot - height // 3, x : x + width] = (200, 205, 205)
        if rng.random() < 0.6:
            neck = width // 3
            frame[foot - height - 18 : foot - height, x + neck : x + 2 * neck] = colour * 0.9


def _lit(frame: FloatArray, light: Light) -> FloatArray:
    warmth = np.array([1 - light.warmth, 1.0, 1 + light.warmth], np.float32) * light.exposure
    across = np.linspace(-0.5, 0.5, FRAME_WIDTH, dtype=np.float32)
    return np.asarray(frame * warmth * (1 + 0.35 * light.side * across)[None, :, None], np.float32)


@lru_cache(maxsize=1)
def _noise_field() -> FloatArray:
    rng = np.random.default_rng(0)
    fine = rng.standard_normal((_NOISE_SIDE, _NOISE_SIDE, 3)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(fine, (0, 0), 0.6) * 1.6, np.float32)


def _noise(rng: np.random.Generator, spread: float) -> FloatArray:
    """Sensor noise of a standard deviation near ``spread`` grey levels."""
    y = int(rng.integers(0, _NOISE_SIDE - FRAME_HEIGHT))
    x = int(rng.integers(0, _NOISE_SIDE - FRAME_WIDTH))
    return _noise_field()[y : y + FRAME_HEIGHT, x : x + FRAME_WIDTH] * np.float32(spread)
