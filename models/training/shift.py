"""What worse pictures do to the estimates, and which quality gates that suggests.

Every picture goes the way that the audit's do: an aligned crop of known age is laid into the frame
of a till camera, and the frame made worse; there the face is found and aligned again, and its age
predicted. A face that is not found is counted. The gates are where the damage costs too much.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from auditor.faces.ages import AgeDistributions
from auditor.faces.alignment import align
from auditor.faces.detector import Face
from auditor.faces.engines.on_openvino import cores
from auditor.faces.frames import Pixels
from auditor.faces.gates import laplacian_variance as sharpness_of
from auditor.policy import Rules
from models.training.calibrate import LEGAL_AGES
from models.training.metrics import Floats, Measured, calibration_error, share

Crops = NDArray[np.uint8]

#: Width of a face over the side of its aligned crop: twice the distance of its eyes. The audit's
#: size is the longer side of the detector's box, some 1.4 times that.
FACE_OF_CROP = 2 * 77.9 / 200

#: A gate is where the error is at most this much of the untouched one.
TOLERATED = 1.25

_FRAMES_AT_ONCE = 32

# Where fewer of the faces are found, those are an easy selection, and no gate rests on them.
_FOUND = 0.5

FRAME_WIDTH, FRAME_HEIGHT = 640, 480

STRENGTHS: dict[str, tuple[float, ...]] = {
    "brightness": (0.7, 0.5, 0.35, 0.2, 0.1),  # share of the light
    "face size": (120, 100, 80, 60, 50, 40, 35, 30, 25, 20),  # px across the face
    "blur": (1, 2, 3, 4, 6, 8),  # px, sigma, on a face of 150 px
    "jpeg": (70, 50, 30, 15, 8),  # quality
}

# A crop fades into grey within an eighth of its side, so that its edge is no sharpness: 99.5 % of
# undamaged faces are found; where the border is repeated instead, 97 % are, and fewer small ones.
_BACKGROUND = 128
_FADING = 8

# Of 500 faces, resampled: with twelve parts and a falling curve through them the gate varies by
# 14 %; with more parts or without the curve by 20 to 35 %.
_SHARPNESS_PARTS = 12

_PLACES = 4  # rows and columns that a crop is moved by: a pixel of the detector's coarse pass


@dataclass(frozen=True, slots=True)
class Point:
    """One kind of damage at one strength; all but ``failed`` is of the faces found, or NaN."""

    kind: str
    strength: float
    failed: Measured  # share of faces that were not found
    face_px: float  # median size, as the audit measures it
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


@dataclass(frozen=True, slots=True)
class Judge:
    """The parts of the audit's line that the pictures go through."""

    detect: Callable[[Sequence[Pixels]], list[list[Face]]]  # the largest face first
    predict: Callable[[Crops], AgeDistributions]  # from crops of the model's crop size
    sized: Callable[[Pixels], Pixels]  # one crop at the network's input size: sharpness is of that


def damage(picture: Pixels, kind: str, strength: float) -> Pixels:
    """One picture, made worse in a way of ``STRENGTHS``, or of ``clarity.STRENGTHS``, or "none".

    "face size" is of a crop. The others are of a frame.

    Raises:
        ValueError: no such kind.
    """
    if kind == "none":
        return picture
    if kind in _CHANGES:
        return _CHANGES[kind](picture, strength)
    if kind == "brightness":
        return np.asarray(np.round(picture * strength), np.uint8)
    if kind == "face size":
        side = min(max(2, round(strength / FACE_OF_CROP)), picture.shape[0])
        return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    if kind == "blur":
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), strength), np.uint8)
    if kind == "jpeg":
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, int(strength)])
        read = np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)
        return np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)
    raise ValueError(f"unknown damage {kind!r}")


def _overexposed(picture: Pixels, strength: float) -> Pixels:
    return np.asarray(np.clip(np.rint(picture * strength), 0, 255), np.uint8)


def _paled(picture: Pixels, strength: float) -> Pixels:
    return np.asarray(np.rint(_BACKGROUND + strength * (picture - float(_BACKGROUND))), np.uint8)


def _rolled(picture: Pixels, degrees: float) -> Pixels:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=border), np.uint8)


def _squashed(picture: Pixels, strength: float) -> Pixels:
    """So many times as wide over its height, by taking away of the one or the other."""
    height, width = picture.shape[:2]
    size = (round(width * min(strength, 1)), round(height / max(strength, 1)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


_CHANGES: dict[str, Callable[[Pixels, float], Pixels]] = {
    "overexposure": _overexposed,
    "contrast": _paled,
    "roll": _rolled,
    "squashing": _squashed,
}


def in_frame(crop: Pixels, number: int) -> Pixels:
    """Lay a crop into the middle of a till camera's frame.

    Args:
        crop: uint8 RGB, shape (side, side, 3).
        number: of the face: moves it by up to three pixels each way. The detector's coarse pass
            averages four by four of them, and at one place a size can be lucky for every face.

    Returns:
        uint8 RGB, shape (FRAME_HEIGHT, FRAME_WIDTH, 3).
    """
    margin = crop.shape[0] // _FADING
    around = ((margin, margin), (margin, margin), (0, 0))
    patch = np.pad(crop, around, "linear_ramp", end_values=_BACKGROUND)
    side = patch.shape[0]
    down, right = divmod(number % _PLACES**2, _PLACES)
    top, left = (FRAME_HEIGHT - side) // 2 + down, (FRAME_WIDTH - side) // 2 + right
    frame = np.full((FRAME_HEIGHT, FRAME_WIDTH, 3), _BACKGROUND, np.uint8)
    frame[top : top + side, left : left + side] = patch
    return frame


def worse_frame(crop: Pixels, number: int, kind: str, strength: float) -> Pixels:
    """A frame in which distance made the face small, or the camera made everything worse."""
    if kind == "face size":
        return in_frame(damage(crop, kind, strength), number)
    return damage(in_frame(crop, number), kind, strength)


def falling(curve: Sequence[tuple[float, float, int]]) -> list[float]:
    """The errors of ``Shift.by_sharpness``, years, where none is above a less sharp one's."""
    errors, counts = [error for _, error, _ in curve], [count for _, _, count in curve]
    fitted = isotonic_regression(errors, weights=counts, increasing=False)
    return [float(error) for error in fitted.x]


def measure(crops: Crops, age: Floats, judge: Judge) -> Shift:
    """Measure every damage of ``STRENGTHS`` on the same aligned crops of the model's crop size.

    Ages are completed years; the judge is called from several threads.
    """

    def measured(setting: tuple[str, float]) -> tuple[Point, pd.DataFrame]:
        return _point(*setting, crops, age, judge)

    with ThreadPoolExecutor(cores()) as pool:
        settings = [(kind, strength) for kind in STRENGTHS for strength in STRENGTHS[kind]]
        done = list(pool.map(measured, [("none", 0.0), *settings]))
    untouched, *points = [point for point, _ in done]
    seen = [faces for point, faces in done if point.kind in ("none", "blur", "face size")]
    limit = untouched.mae * TOLERATED
    min_face_px = _size_gate([p for p in points if p.kind == "face size"], limit)
    together = pd.concat(seen)
    # The audit applies both gates: a face that the one turns away has no say in the other.
    curve = _by_sharpness(together[together["face_px"] >= (min_face_px or 0)])
    return Shift(untouched, points, curve, min_face_px, gate(curve, limit))


def _point(
    kind: str, strength: float, crops: Crops, age: Floats, judge: Judge
) -> tuple[Point, pd.DataFrame]:
    """The figures of one setting, and a row a face that was found."""
    frames = (worse_frame(crop, n, kind, strength) for n, crop in enumerate(crops))
    again, size = np.empty_like(crops), np.full(len(crops), np.nan)
    for number, (frame, face) in enumerate(_looked_at(frames, judge)):
        if face:
            again[number], size[number] = align(frame, face.landmarks, crops.shape[1]), face.size
    found = ~np.isnan(size)
    age, ages = age[found], judge.predict(again[found])
    low, high = ages.interval(0.80)
    faces = pd.DataFrame(
        {
            "face_px": size[found],
            "sharpness": np.array([sharpness_of(judge.sized(c)) for c in again[found]], float),
            "error": ages.estimate - age,
            "held": (age >= low) & (age <= high),
        }
    )
    point = Point(
        kind,
        strength,
        share(~found),
        float(faces["face_px"].median()),
        float(faces["error"].abs().mean()),
        float(faces["error"].mean()),
        float(faces["held"].mean()),
        {limit: calibration_error(ages.under(limit), age < limit) for limit in LEGAL_AGES},
        float(faces["sharpness"].median()),
    )
    return point, faces


def _looked_at(frames: Iterator[Pixels], judge: Judge) -> Iterator[tuple[Pixels, Face | None]]:
    """Each frame and the largest face that the audit would take in it; a batch in memory."""
    confidence = Rules().min_face_confidence
    while batch := list(islice(frames, _FRAMES_AT_ONCE)):
        for frame, faces in zip(batch, judge.detect(batch), strict=True):
            yield frame, next((face for face in faces if face.confidence >= confidence), None)


def _size_gate(points: Sequence[Point], limit: float) -> float | None:
    """The measured size down to which all sizes are good enough; none if the largest is not.

    Faces that are not found have no say while most are: the audit counts their sales as unjudged
    as it is, and a gate would only add those whose estimates are good enough.
    """
    gate = None
    for point in sorted(points, key=lambda point: -point.strength):
        if not (point.mae <= limit and point.failed.value <= 1 - _FOUND):  # NaN if none is found
            break
        gate = point.face_px
    return gate


def _by_sharpness(faces: pd.DataFrame) -> list[tuple[float, float, int]]:
    """Median sharpness, MAE and number of faces in parts of equal size."""
    ordered = faces.sort_values("sharpness", kind="stable")
    rows = np.array_split(np.arange(len(ordered)), _SHARPNESS_PARTS)
    return [
        (float(part["sharpness"].median()), float(part["error"].abs().mean()), len(part))
        for part in (ordered.iloc[chosen] for chosen in rows if len(chosen))
    ]


def gate(curve: Sequence[tuple[float, float, int]], limit: float) -> float | None:
    """Where a falling curve crosses the limit, or its lower end; none if it never does.

    Args:
        curve: median value, such as the sharpness, MAE and number of faces, by rising values.
        limit: the error, years.
    """
    errors = falling(curve)
    if not (errors and errors[-1] <= limit):
        return None
    places = np.log1p([sharpness for sharpness, _, _ in curve])
    return float(np.expm1(np.interp(limit, errors[::-1], places[::-1])))
