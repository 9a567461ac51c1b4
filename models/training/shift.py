"""What worse pictures do to the estimates, and which quality gates that suggests.

Aligned crops are made worse; finding and aligning the face is not repeated, so that the true loss
on small and blurred faces is larger.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from auditor.ages import AgeDistributions
from auditor.score import laplacian_variance as sharpness_of
from models.training.calibrate import LEGAL_AGES
from models.training.calibration import Calibration
from models.training.metrics import Floats, calibration_error

Crops = NDArray[np.uint8]

#: Width of a face over the side of its aligned crop: twice the distance of its eyes, as the
#: policy counts it (40 px across the face leave 20 px between the eyes).
FACE_OF_CROP = 2 * 77.9 / 200

#: A gate is where the error is at most this much of the untouched one.
TOLERATED = 1.25

STRENGTHS: dict[str, tuple[float, ...]] = {
    "brightness": (0.7, 0.5, 0.35, 0.2, 0.1),
    "face size": (100, 75, 60, 50, 40, 30, 25, 20, 15, 10),
    "blur": (1, 2, 3, 4, 6, 8),
    "jpeg": (70, 50, 30, 15, 8),
}
UNITS = {
    "brightness": "share of the light",
    "face size": "px across the face",
    "blur": "px, sigma, of a crop of 192 px",
    "jpeg": "quality",
}

_SHARPNESS_BINS = 12
_SEEN = ("sharpness", "error")


@dataclass(frozen=True, slots=True)
class Point:
    """One kind of damage at one strength."""

    kind: str
    strength: float
    mae: float
    bias: float
    coverage_80: float
    errors: dict[int, float]  # expected calibration error of P(under X), by X
    sharpness: float  # median, as the audit measures it


@dataclass(frozen=True, slots=True)
class Shift:
    """All points, the error by sharpness, and the gates read off."""

    untouched: Point
    points: list[Point]
    by_sharpness: list[tuple[float, float, int]]  # median sharpness, MAE, pictures
    min_face_px: float | None
    min_sharpness: float | None


def damage(crop: NDArray[np.uint8], kind: str, strength: float) -> NDArray[np.uint8]:
    """One crop, made worse."""
    if kind == "brightness":
        return np.asarray(np.round(crop * strength), np.uint8)
    if kind == "face size":
        side = max(2, round(strength / FACE_OF_CROP))
        if side >= crop.shape[0]:
            return crop
        small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, crop.shape[:2]), np.uint8)
    if kind == "blur":
        return np.asarray(cv2.GaussianBlur(crop, (0, 0), strength), np.uint8)
    if kind == "jpeg":
        bgr = cv2.cvtColor(crop, cv2.COLOR_RGB2BGR)
        _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, int(strength)])
        read = np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)
        return np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)
    raise ValueError(f"unknown damage {kind!r}")


@dataclass(frozen=True, slots=True)
class Judge:
    """What the crops are shown to."""

    predict: Callable[[Crops], AgeDistributions]
    as_seen: Callable[[Crops], Crops]  # one crop as the network gets it: sharpness is of that
    calibration: Calibration | None = None  # of the distributions and the 80 % interval


def measure(crops: Crops, age: Floats, judge: Judge) -> Shift:
    """Measure every damage of ``STRENGTHS`` on the same aligned crops of known age."""
    untouched, *plain = _point(("none", 0), crops, age, judge)
    points, seen = [], [pd.DataFrame(dict(zip(_SEEN, plain, strict=True)))]
    for kind, strength in _settings():
        worse = np.stack([damage(crop, kind, strength) for crop in crops])
        point, *found = _point((kind, strength), worse, age, judge)
        points.append(point)
        if kind in ("blur", "face size"):
            seen.append(pd.DataFrame(dict(zip(_SEEN, found, strict=True))))
    curve = _by_sharpness(pd.concat(seen))
    limit = untouched.mae * TOLERATED
    sizes = [(point.strength, point.mae) for point in points if point.kind == "face size"]
    return Shift(
        untouched,
        points,
        curve,
        _gate(sizes, limit),
        _gate([(sharpness, mae) for sharpness, mae, _ in curve], limit),
    )


def _settings() -> Iterator[tuple[str, float]]:
    for kind, strengths in STRENGTHS.items():
        for strength in strengths:
            yield kind, strength


def _point(
    setting: tuple[str, float], crops: Crops, age: Floats, judge: Judge
) -> tuple[Point, Floats, Floats]:
    """The figures of one setting, and each face's sharpness and absolute error."""
    kind, strength = setting
    ages, calibration = judge.predict(crops), judge.calibration
    if calibration:
        ages = calibration.apply(ages)
    low, high = calibration.interval(ages, 0.80) if calibration else ages.interval(0.80)
    error = ages.mean - age
    sharpness = np.array([sharpness_of(judge.as_seen(crop)) for crop in crops])
    point = Point(
        kind,
        strength,
        float(np.abs(error).mean()),
        float(error.mean()),
        float(((age >= low) & (age <= high)).mean()),
        {limit: calibration_error(ages.under(limit), age < limit) for limit in LEGAL_AGES},
        float(np.median(sharpness)),
    )
    return point, sharpness, np.abs(error)


def _by_sharpness(seen: pd.DataFrame) -> list[tuple[float, float, int]]:
    parts = pd.qcut(seen["sharpness"], _SHARPNESS_BINS, duplicates="drop")
    groups = seen.groupby(parts, observed=True)
    return [
        (float(part["sharpness"].median()), float(part["error"].mean()), len(part))
        for _, part in groups
    ]


def _gate(curve: list[tuple[float, float]], limit: float) -> float | None:
    """The lowest value above which the error never exceeds the limit; none if it always does."""
    found = None
    for value, mae in sorted(curve, reverse=True):
        if mae > limit:
            break
        found = value
    return found
