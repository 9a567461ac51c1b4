"""Frames of a till camera: a drawn shop, and people of drawn clothes with composite faces.

A frame is 640 x 480 pixels. Colours are blue-green-red while drawing, red-green-blue when done.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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
    head,
)

FRAME_WIDTH, FRAME_HEIGHT = 640, 480
_NOISE_SIDE = 1024
#: No body is seen below this row: the counter hides it.
_BEHIND_COUNTER = 440
#: The right half of a body's outline, in the portrait's pixels, from where the head stands on it.
_SHOULDER = np.array(
    [[60, -22], [80, -8], [140, 22], [206, 52], [242, 100], [262, 210], [250, 860]], float
)
#: The right leg, likewise; only of people far away is it seen.
_LEG = np.array([[8, 840], [190, 840], [150, 1500], [30, 1500]], float)

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
    """The light of one frame, and the camera's blur."""

    exposure: float  # 1 is normal
    warmth: float  # 0 is neutral, positive is red
    side: float  # share by which the right is brighter than the left
    blur: float  # standard deviation, pixels


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
    frame += (counter - frame) * counter_mask
    _add_goods(frame, rng)
    frame = _lit(frame, scene.light)
    if scene.light.blur > 0.3:
        frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), scene.light.blur), np.float32)
    # What blurs a frame, a long exposure, also evens out the noise.
    noise = (2.0 + 2.5 / scene.light.exposure) / (1 + 0.3 * scene.light.blur)
    frame += _noise(rng, noise)
    picture = np.clip(frame, 0, 255).astype(np.uint8)
    picture[8:32, 8:330] //= 4
    cv2.putText(
        picture, scene.caption, (14, 26), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (225, 225, 225), 1,
        cv2.LINE_AA,
    )  # fmt: skip
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


@lru_cache(maxsize=64)
def _till(place: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What the camera of a till always sees: the shop behind, the counter before, its mask."""
    rng = np.random.default_rng(place)
    wall = rng.uniform(120, 180) + rng.uniform(-8, 8, 3)
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
    back = [int(v) for v in rng.integers(60, 90) + rng.integers(-6, 6, 3)]
    cv2.rectangle(picture, (left, 30), (right, FRAME_HEIGHT), back, -1)
    for board in range(40 + int(rng.integers(0, 20)), FRAME_HEIGHT, int(rng.integers(62, 84))):
        x = left + 4
        while x < right - 14:
            width, height = int(rng.integers(10, 30)), int(rng.integers(26, 54))
            colour = [int(v) for v in rng.integers(75, 165) + rng.integers(-38, 38, 3)]
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
    return picture.astype(np.float32), _three(np.asarray(soft, np.float32))


def _add_person(frame: FloatArray, person: Person, light: Light, rng: np.random.Generator) -> None:
    scale = person.face_width / FACE_WIDTH
    turn = cv2.getRotationMatrix2D(PIVOT, person.tilt, 1.0)
    middle = turn @ np.array([*CENTRE, 1.0])
    foot = np.array([person.x, person.y]) + scale * (np.array(PIVOT) - middle)
    _add_body(frame, foot, scale, person.coat, rng)
    _add_head(frame, person, foot, light)


def _add_body(
    frame: FloatArray, foot: npt.NDArray[np.float64], scale: float, coat: int,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    outline = np.concatenate([_SHOULDER * (-1, 1), _SHOULDER[::-1]]) * scale + foot
    for side in (-1, 1):
        leg = np.round(_LEG * (side, 1) * scale + foot).astype(np.int32)
        cv2.fillPoly(frame, [leg], (46, 42, 40))
    left, top = np.clip(np.floor(outline.min(axis=0)).astype(int) - 2, 0, None)
    right = min(int(outline[:, 0].max()) + 3, FRAME_WIDTH)
    part = frame[top:_BEHIND_COUNTER, left:right]
    if not part.size:
        return
    height, width = part.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    inside = np.round((outline - (left, top)) * 16).astype(np.int32)
    cv2.fillPoly(mask, [inside], 255, cv2.LINE_AA, 4)
    folds = rng.standard_normal((4, 10)).astype(np.float32)
    y = (np.arange(height, dtype=np.float32)[:, None] + top - foot[1]) / (500 * scale)
    x = (np.arange(width, dtype=np.float32)[None, :] + left - foot[0]) / (276 * scale)
    shade = 1.1 - 0.45 * x * x - 0.15 * np.clip(y, 0, 1)
    shade += 0.07 * cv2.resize(folds, (width, height), interpolation=cv2.INTER_CUBIC)
    shade *= np.where(np.abs(x - 0.008) < 0.012, 0.6, 1)  # the zip
    cloth = _three(shade.astype(np.float32)) * np.array(_COATS[coat % len(_COATS)], np.float32)
    cover = _three(cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.8))
    part += (cloth - part) * cover


def _add_head(
    frame: FloatArray, person: Person, foot: npt.NDArray[np.float64], light: Light
) -> None:
    scale = person.face_width / FACE_WIDTH
    size = (max(1, round(WIDTH * scale)), max(1, round(HEIGHT * scale)))
    small = cv2.resize(head(person.face), size, interpolation=cv2.INTER_AREA)
    pivot = (PIVOT[0] * size[0] / WIDTH, PIVOT[1] * size[1] / HEIGHT)
    matrix = np.asarray(cv2.getRotationMatrix2D(pivot, person.tilt, 1.0), np.float64)
    matrix[:, 2] += foot - pivot
    corners = np.array([[0, 0, 1], [size[0], 0, 1], [0, size[1], 1], [*size, 1]]) @ matrix.T
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, None)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int)
    part = frame[top:bottom, left:right]
    if not part.size:
        return
    matrix[:, 2] -= (left, top)
    placed = cv2.warpAffine(small, matrix, part.shape[1::-1], flags=cv2.INTER_LINEAR)
    across = (np.arange(part.shape[1], dtype=np.float32) + left - foot[0]) / (120 * scale)
    shading = (1 + 0.6 * light.side * np.clip(across, -1, 1)).astype(np.float32)
    *colours, opacity = cv2.split(placed)
    part *= _three(1 - opacity)
    part += cv2.merge([colour * shading for colour in colours])


def _three(plane: npt.NDArray[Any]) -> FloatArray:
    """A plane for each colour: NumPy is several times slower when it spreads one over them."""
    return np.asarray(cv2.merge([plane] * 3), np.float32)


def _add_goods(frame: FloatArray, rng: np.random.Generator) -> None:
    """Put a few bottles and packets on the counter, angular enough not to look like faces."""
    for _ in range(int(rng.integers(1, 4))):
        x, foot = int(rng.integers(90, 520)), int(rng.integers(440, 476))
        width, height = int(rng.integers(16, 44)), int(rng.integers(34, 74))
        colour = rng.uniform(50, 140) + rng.uniform(-35, 35, 3)
        frame[foot - height : foot, x : x + width] = colour
        frame[foot - height : foot, x : x + 3] = colour * 1.25
        frame[foot - height // 2 : foot - height // 3, x : x + width] = (200, 205, 205)
        if rng.random() < 0.6:
            neck = width // 3
            frame[foot - height - 18 : foot - height, x + neck : x + 2 * neck] = colour * 0.9


def _lit(frame: FloatArray, light: Light) -> FloatArray:
    warmth = np.array([1 - light.warmth, 1.0, 1 + light.warmth], np.float32) * light.exposure
    across = 1 + 0.35 * light.side * np.linspace(-0.5, 0.5, FRAME_WIDTH, dtype=np.float32)
    return np.asarray(frame * (across[None, :, None] * warmth), np.float32)


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
