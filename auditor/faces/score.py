"""The streaming pass: frames in, one score a frame out. No face outlives its batch."""

import contextlib
import ctypes
import functools
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from auditor.faces.ages import AgeDistributions
from auditor.faces.alignment import align
from auditor.faces.detector import Detector, Face, scale_for
from auditor.faces.engines.on_openvino import cores
from auditor.faces.frames import Picture, Pixels, Turn, UnreadableFrameError
from auditor.faces.gates import Limits, Shown, refusal, shown
from auditor.faces.light import luminance
from auditor.faces.model import AgeModel, Judged
from auditor.faces.quality import quality
from auditor.faces.reader import FrameReader
from auditor.faces.turns import face_turns
from auditor.policy import ChainRules, Rules, Runtime
from auditor.telemetry import Stopwatch

#: Frames that are worked on together, fewer of large ones.
BATCH = 32

# Decoded frames held at once, pixels: 400 MB.
_PIXELS_AT_ONCE = 64 * 1920 * 1080

_M_ARENA_MAX = -8  # malloc.h

# A face this much smaller than the largest is a person in the background, however central.
_RIVAL_SIZE = 0.5


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame to score: its bytes, or why there are none."""

    number: int  # comes back in the score
    rules: Rules
    content: bytes | None
    reason: str = "snapshot_unreadable"  # of the score, when content is None
    detail: str = "the frame could not be read"
    group_starts: tuple[int, ...] = ()  # of the age groups to give probabilities of; may be empty
    turned: Turn = 0  # degrees clockwise that make it upright


@dataclass(frozen=True, slots=True)
class Score:
    """A row of tables.FRAME_SCORES, and the buyer's crop where there is one."""

    row: dict[str, Any]
    crop: Pixels | None = None
    quality: float = 0.0  # of the buyer's face, if an age is estimated (quality.py)


@dataclass(slots=True)
class _Work:
    """A decoded frame on its way through the batch."""

    frame: Frame
    picture: Picture
    sha256: str
    light: float
    faces: list[Face] = field(default_factory=list)
    crops: list[Pixels] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)  # how it shows each


class Scorer:
    """Detector and age model, loaded once for a stream of frames."""

    def __init__(
        self,
        model: AgeModel,
        detector: Detector,
        workers: int = 1,
        reader: FrameReader | None = None,
    ) -> None:
        """Use a detector and a model; ``workers`` batches are worked on at once.

        Without a ``reader``, no extra format is read.
        """
        self._model, self._detector, self._workers = model, detector, workers
        self._reader = reader or FrameReader()
        self.watch = Stopwatch()

    def score(self, frames: Iterable[Frame]) -> Iterator[Score]:
        """Score frames, in their order. Nothing a frame holds raises: it becomes a reason.

        They are drawn a few batches at a time, so that memory does not grow with the day.
        """
        with ThreadPoolExecutor(self._workers) as pool:
            going: deque[Future[list[Score]]] = deque()
            for batch in _batches(frames, _PIXELS_AT_ONCE // self._workers, self._reader.size):
                going.append(pool.submit(self._batch, batch))
                if len(going) > self._workers:
                    yield from going.popleft().result()
            for done in going:
                yield from done.result()

    def _batch(self, frames: Sequence[Frame]) -> list[Score]:
        with self.watch.stage("decode"):
            items = [self._decoded(frame) for frame in frames]
        works = [item for item in items if isinstance(item, _Work)]
        with self.watch.stage("detect"):
            found = self._detector.detect(
                [work.picture for work in works],
                [self._smallest(work.frame.rules) for work in works],
                min((work.frame.rules.min_face_confidence for work in works), default=1),
            )
        with self.watch.stage("align"):
            for work, faces in zip(works, found, strict=True):
                sure = [f for f in faces if f.confidence >= work.frame.rules.min_face_confidence]
                work.faces = _buyer_first(sure, work.picture)
                work.crops = [
                    align(work.picture, f.landmarks, self._model.card.crop_size) for f in work.faces
                ]
        with self.watch.stage("detect"):
            turns = face_turns(self._detector, [w.picture for w in works], [w.faces for w in works])
            for work, of_faces in zip(works, turns, strict=True):
                pixels = map(self._model.card.view.sized, work.crops)
                work.shown = list(map(shown, work.faces, of_faces, pixels))
        crops = [crop for work in works for crop in work.crops]
        with self.watch.stage("estimate"):
            seen = [each.signals for work in works for each in work.shown]
            judged = self._model.judge(np.stack(crops), np.stack(seen)) if crops else None
        taken = 0
        scores = []
        for item in items:
            if isinstance(item, _Work):
                own = slice(taken, taken + len(item.crops))
                taken = own.stop
                scores.append(self._judge(item, judged and judged[own]))
            else:
                scores.append(item)
        return scores

    def _smallest(self, rules: Rules) -> float:
        """The longer side of the smallest face that is estimated, pixels."""
        return self._model.card.min_face_px if rules.min_face_px is None else rules.min_face_px

    def _decoded(self, frame: Frame) -> _Work | Score:
        row = {"frame": frame.number, "reason": frame.reason, "detail": frame.detail}
        if frame.content is None:
            return Score(row)
        sha256 = hashlib.sha256(frame.content).hexdigest()
        try:
            scale = scale_for(self._smallest(frame.rules))
            picture = self._reader.picture(frame.content, scale, frame.turned)
            return _Work(frame, picture, sha256, luminance(picture.at(0).pixels))
        except UnreadableFrameError as error:
            return Score({**row, "detail": str(error), "snapshot_sha256": sha256})

    def _judge(self, work: _Work, judged: Judged | None) -> Score:
        row: dict[str, Any] = {
            "frame": work.frame.number,
            "snapshot_sha256": work.sha256,
            "light": work.light,
            "faces": len(work.faces),
        }
        if judged is None or not work.faces:
            return Score({**row, "reason": "no_face", "detail": "no face was found in the frame"})
        rules, card, face = work.frame.rules, self._model.card, work.faces[0]
        first = work.shown[0]
        row |= {"face_confidence": face.confidence, "face_px": face.size}
        row["sharpness"] = first.sharpness
        limits = self._limits(rules)
        reasons = [
            refusal(limits, each, float(clarity), float(covered), self._model.clarity)
            for each, clarity, covered in zip(
                work.shown, judged.clarity, judged.covered, strict=True
            )
        ]
        if (refused := reasons[0]) is not None:
            return Score({**row, "reason": refused[0], "detail": refused[1]})
        estimates = _estimates(judged.ages, rules)
        row |= estimates[0]
        if work.frame.group_starts:
            row["groups"] = judged.ages.over_groups(work.frame.group_starts)[0].tolist()
        row["other_faces"] = [
            {k: v for k, v in estimate.items() if not k.endswith("_95")} | {"face_px": other.size}
            for estimate, other, why in zip(estimates[1:], work.faces[1:], reasons[1:], strict=True)
            if why is None
        ]
        showing = quality(face, first.sharpness, card.input_size) * float(judged.clarity[0])
        return Score(row, work.crops[0], showing)

    def _limits(self, rules: Rules) -> Limits:
        card = self._model.card
        least = card.min_sharpness if rules.min_sharpness is None else rules.min_sharpness
        return Limits(self._smallest(rules), least, card.min_clarity, card.max_covered)


def load_scorer(rules: ChainRules) -> Scorer:
    """Load what the rules name, once a process; imports the runtime.

    Raises:
        ModelError: the model's files are missing, changed, or not what their card says.
        ConfigurationError: there is no decoder for one of the rules' extra formats of frames.
    """
    return _loaded(rules.model, rules.runtime, rules.extra_frame_formats)


@functools.lru_cache(maxsize=2)  # as many as are ever compared
def _loaded(version: str, runtime: Runtime, extra: frozenset[str]) -> Scorer:
    # One more than there are cores: some wait for the interpreter. TensorFlow takes all for itself.
    workers = cores() + 1 if runtime == "openvino" else 1
    _share_memory()
    return Scorer(AgeModel(version, runtime), _detector(), workers, FrameReader(extra))


def _share_memory() -> None:
    """Keep threads to two of glibc's arenas: each of their own holds what the thread once used."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


_detector = functools.lru_cache(maxsize=1)(Detector)


def encode_crop(crop: Pixels) -> bytes:
    """The crop as a JPEG, for review by a person."""
    done, content = cv2.imencode(
        ".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90]
    )
    if not done:
        raise ValueError(f"cannot encode a crop of shape {crop.shape}")
    return bytes(content)


def _batches(
    frames: Iterable[Frame], most_pixels: int, size: Callable[[bytes], int]
) -> Iterator[list[Frame]]:
    batch: list[Frame] = []
    pixels = 0
    for frame in frames:
        # What is no picture, or claims to be a small one, still takes its bytes.
        own = max(size(frame.content), len(frame.content) // 3) if frame.content else 0
        if batch and (len(batch) == BATCH or pixels + own > most_pixels):
            yield batch
            batch, pixels = [], 0
        batch.append(frame)
        pixels += own
    if batch:
        yield batch


def _buyer_first(faces: Sequence[Face], picture: Picture) -> list[Face]:
    """Order faces so that the buyer, the largest near the frame's middle, comes first.

    A face counts by its size, less in proportion to its distance from the middle (down to nothing
    in a corner); one under half the size of the largest is never taken for the buyer.
    """
    if not faces:
        return []
    width, height = picture.width, picture.height
    middle = np.array([width / 2, height / 2])
    largest = max(f.size for f in faces)

    def weight(face: Face) -> tuple[bool, float, float, float]:
        centre = np.array([face.x + face.width / 2, face.y + face.height / 2])
        off = float(np.hypot(*(centre - middle)) / np.hypot(*middle))
        is_rival = face.size >= _RIVAL_SIZE * largest
        return is_rival, face.size * (1 - min(off, 1)), -face.x, -face.y

    return sorted(faces, key=weight, reverse=True)


def _estimates(ages: AgeDistributions, rules: Rules) -> list[dict[str, float]]:
    columns = ages.as_columns(legal_age=rules.legal_age, challenge_age=rules.challenge_age)
    faces = range(len(ages.probabilities))
    return [{name: float(values[i]) for name, values in columns.items()} for i in faces]
