"""The streaming pass: frames in, one score a frame out; faces are gone when their batch is."""

import functools
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from auditor.ages import AgeDistributions
from auditor.alignment import Image, align
from auditor.detector import BATCH, Detector, Face
from auditor.frames import UnreadableFrameError, decode
from auditor.model import AgeModel
from auditor.policy import Rules

#: Decoded frames held at once, pixels: 32 frames of 1080p, fewer of larger ones.
_PIXELS_AT_ONCE = 32 * 1920 * 1080

# A face this much smaller than the largest is somebody in the background, however central.
_RIVAL_SIZE = 0.5


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame to score: its bytes, or why there are none."""

    number: int  # comes back in the score
    rules: Rules
    content: bytes | None
    reason: str = "snapshot_unreadable"  # of the score, when content is None
    detail: str = "the frame could not be read"


@dataclass(frozen=True, slots=True)
class Score:
    """A row of tables.FRAME_SCORES, and the buyer's crop where there is one."""

    row: dict[str, Any]
    crop: Image | None = None


@dataclass(slots=True)
class _Work:
    """A decoded frame on its way through the batch."""

    frame: Frame
    picture: Image
    sha256: str
    faces: list[Face] = field(default_factory=list)
    crops: list[Image] = field(default_factory=list)


class Scorer:
    """Detector and age model, loaded once for a stream of frames."""

    def __init__(self, model: AgeModel, detector: Detector) -> None:
        self._model = model
        self._detector = detector

    def score(self, frames: Iterable[Frame]) -> Iterator[Score]:
        """Score frames, in their order. Nothing a frame holds raises: it becomes a reason.

        Args:
            frames: drawn a batch at a time, so that memory does not grow with the day.

        Yields:
            One score a frame, in the same order.
        """
        waiting: list[_Work | Score] = []
        pixels = 0
        for frame in frames:
            item = _decoded(frame)
            size = item.picture.size // 3 if isinstance(item, _Work) else 0
            if waiting and (len(waiting) == BATCH or pixels + size > _PIXELS_AT_ONCE):
                yield from self._batch(waiting)
                waiting, pixels = [], 0
            waiting.append(item)
            pixels += size
        yield from self._batch(waiting)

    def _batch(self, items: Sequence[_Work | Score]) -> Iterator[Score]:
        works = [item for item in items if isinstance(item, _Work)]
        for work, faces in zip(
            works, self._detector.detect([w.picture for w in works]), strict=True
        ):
            sure = [f for f in faces if f.confidence >= work.frame.rules.min_face_confidence]
            work.faces = _buyer_first(sure, work.picture)
            work.crops = [
                align(work.picture, f.landmarks, self._model.card.crop_size) for f in work.faces
            ]
        crops = [crop for work in works for crop in work.crops]
        ages = self._model.predict(np.stack(crops)) if crops else None
        taken = 0
        for item in items:
            if isinstance(item, Score):
                yield item
                continue
            own = slice(taken, taken + len(item.crops))
            taken = own.stop
            yield self._judge(item, ages, own)

    def _judge(self, work: _Work, ages: AgeDistributions | None, own: slice) -> Score:
        row: dict[str, Any] = {
            "frame": work.frame.number,
            "snapshot_sha256": work.sha256,
            "faces": len(work.faces),
        }
        if ages is None or not work.faces:
            return Score({**row, "reason": "no_face", "detail": "no face was found in the frame"})
        rules, card, face = work.frame.rules, self._model.card, work.faces[0]
        min_face_px = card.min_face_px if rules.min_face_px is None else rules.min_face_px
        min_sharpness = card.min_sharpness if rules.min_sharpness is None else rules.min_sharpness
        sharpness = laplacian_variance(self._model.as_seen(work.crops[0]))
        row |= {
            "face_confidence": face.confidence,
            "face_px": face.size,
            "sharpness": sharpness,
        }
        if face.size < min_face_px:
            detail = f"the face is {face.size:.0f} px, {min_face_px:.0f} are needed"
            return Score({**row, "reason": "face_too_small", "detail": detail})
        if sharpness < min_sharpness:
            detail = f"sharpness {sharpness:.0f}, {min_sharpness:.0f} is needed"
            return Score({**row, "reason": "face_blurred", "detail": detail})
        estimates = _estimates(ages[own], rules)
        row |= estimates[0]
        row["other_faces"] = [
            {k: v for k, v in estimate.items() if not k.endswith("_95")} | {"face_px": other.size}
            for estimate, other in zip(estimates[1:], work.faces[1:], strict=True)
        ]
        return Score(row, work.crops[0])


@functools.lru_cache(maxsize=1)
def load_scorer(model_version: str) -> Scorer:
    """Load detector and model once a process; imports TensorFlow.

    Raises:
        ModelError: the model's files are missing, changed, or not what their card says.
    """
    return Scorer(AgeModel(model_version), Detector())


def encode_crop(crop: Image) -> bytes:
    """The crop as a JPEG, for a person to look at."""
    done, content = cv2.imencode(
        ".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90]
    )
    if not done:
        raise ValueError(f"cannot encode a crop of shape {crop.shape}")
    return bytes(content)


def laplacian_variance(pixels: Image) -> float:
    """The sharpness of a face: variance of the Laplacian (Pech-Pacheco 2000) of its grey picture.

    Args:
        pixels: uint8 RGB as the model sees it, shape (side, side, 3).
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def _decoded(frame: Frame) -> _Work | Score:
    row = {"frame": frame.number, "reason": frame.reason, "detail": frame.detail}
    if frame.content is None:
        return Score(row)
    sha256 = hashlib.sha256(frame.content).hexdigest()
    try:
        return _Work(frame, decode(frame.content), sha256)
    except UnreadableFrameError as error:
        return Score({**row, "detail": str(error), "snapshot_sha256": sha256})


def _buyer_first(faces: Sequence[Face], picture: Image) -> list[Face]:
    """Order faces so that the buyer, the largest near the frame's middle, comes first.

    A face counts by its size, less in proportion to its distance from the middle (down to nothing
    in a corner); one under half the size of the largest is never taken for the buyer.
    """
    if not faces:
        return []
    height, width = picture.shape[:2]
    middle = np.array([width / 2, height / 2])
    largest = max(f.size for f in faces)

    def weight(face: Face) -> tuple[bool, float, float, float]:
        centre = np.array([face.x + face.width / 2, face.y + face.height / 2])
        off = float(np.hypot(*(centre - middle)) / np.hypot(*middle))
        is_rival = face.size >= _RIVAL_SIZE * largest
        return is_rival, face.size * (1 - min(off, 1)), -face.x, -face.y

    return sorted(faces, key=weight, reverse=True)


def _estimates(ages: AgeDistributions, rules: Rules) -> list[dict[str, float]]:
    low, high = ages.interval(0.80)
    low_95, high_95 = ages.interval(0.95)
    columns: dict[str, NDArray[np.float64]] = {
        "age": ages.mean,
        "age_sd": ages.sd,
        "age_low": low,
        "age_high": high,
        "p_under_legal": ages.under(rules.legal_age),
        "p_under_challenge": ages.under(rules.challenge_age),
        "age_low_95": low_95,
        "age_high_95": high_95,
    }
    return [
        {name: float(values[i]) for name, values in columns.items()} for i in range(len(ages.mean))
    ]
