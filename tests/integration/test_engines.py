"""The fast runtime against TensorFlow: the same faces, in the same places, of the same ages."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from auditor.errors import ModelError
from auditor.faces import engines
from auditor.faces.detector import Detector
from auditor.faces.engines import mtcnn
from auditor.faces.frames import decode
from auditor.faces.model import AgeNetwork, folder
from auditor.policy import Runtime

FRAMES = 64


@pytest.fixture(scope="module")
def frames(demo_chain: Path) -> list[np.ndarray]:
    """Frames of the demo, with and without trouble, that can be read."""
    paths = sorted((demo_chain / "snapshots").rglob("*.jpg"))
    readable = [path for path in paths if path.stat().st_size > 20_000]
    return [decode(path.read_bytes()) for path in readable[:FRAMES]]


@pytest.fixture(scope="module")
def reference() -> Detector:
    return Detector("tensorflow")


def test_the_cascade_does_what_the_package_does(
    frames: list[np.ndarray], reference: Detector
) -> None:
    coarse, fine = (
        np.stack(
            [cv2.resize(f[:480, 80:560], (side, side), interpolation=3) for f in frames]
        ).astype(np.uint8)
        for side in (160, 128)
    )
    fast = engines.cascade("openvino")
    for pictures, smallest in ((coarse, 10), (fine, 20)):
        want, got = reference._cascade(pictures, smallest), fast(pictures, smallest)
        want, got = (rows[np.lexsort(rows.T[:3])] for rows in (want, got))
        assert got.shape == want.shape
        assert np.abs(got[:, 1:5] - want[:, 1:5]).max() < 0.01
        assert np.abs(got[:, 6:] - want[:, 6:]).max() < 0.01
        assert np.abs(got[:, 5] - want[:, 5]).max() < 1e-3
        assert len(got) > 10


def test_faces_and_landmarks_are_where_tensorflow_finds_them(
    frames: list[np.ndarray], reference: Detector
) -> None:
    for want, got in zip(reference.detect(frames), Detector().detect(frames), strict=True):
        assert len(got) == len(want)
        for a, b in zip(got, want, strict=True):
            assert np.abs(a.landmarks - b.landmarks).max() < 0.05
            assert a.confidence == pytest.approx(b.confidence, abs=1e-3)


def test_what_shares_a_call_changes_no_face(frames: list[np.ndarray]) -> None:
    detector = Detector()
    together = detector.detect(frames[:20])
    backwards = detector.detect(frames[19::-1])[::-1]
    alone = [detector.detect([frame])[0] for frame in frames[:20]]
    for faces in zip(together, backwards, alone, strict=True):
        a, b, c = ([(f.x, f.y, f.confidence, *f.landmarks.ravel()) for f in own] for own in faces)
        assert a == b == c


def test_no_pictures_no_faces() -> None:
    assert Detector().detect([]) == []


@pytest.fixture(scope="module")
def weights() -> bytes:
    return (folder("3") / "weights.npz").read_bytes()


def test_the_age_network_gives_the_ages_of_tensorflow(weights: bytes) -> None:
    with np.load(folder("3") / "golden.npz") as golden:
        crops = golden["crops"]
    want, got = (
        AgeNetwork.of_weights(weights, 64, mirrored=False, runtime=runtime).predict(crops)
        for runtime in ("tensorflow", "openvino")
    )
    assert np.abs(got.mean - want.mean).max() < 1e-3
    assert np.abs(got.sd - want.sd).max() < 1e-3


@pytest.mark.parametrize("runtime", ["openvino", "tensorflow"])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda arrays: arrays.pop("conv3_block2_1_bn/beta"), "lack conv3_block2_1_bn/beta"),
        (lambda arrays: arrays.update({"more/kernel": np.ones(3)}), "of no layer.*more/kernel"),
        (lambda arrays: arrays.update({"age/kernel": np.ones((2048, 7))}), "age/kernel is"),
    ],
    ids=["missing", "left over", "shape"],
)
def test_weights_of_another_network_are_refused(
    weights: bytes, runtime: Runtime, change: Callable[[Any], object], says: str, tmp_path: Path
) -> None:
    (tmp_path / "weights.npz").write_bytes(weights)
    arrays = dict(np.load(tmp_path / "weights.npz"))
    change(arrays)
    with pytest.raises(ModelError, match=says):
        engines.age_network(runtime, arrays, 64)


_boxes = arrays(
    np.float64, st.tuples(st.integers(0, 12), st.just(6)), elements=st.integers(0, 20).map(float)
).map(lambda b: np.column_stack([b[:, 0] % 3, b[:, 1:3], b[:, 1:3] + 1 + b[:, 3:5], b[:, 5] / 20]))


@given(_boxes, st.sampled_from([0.3, 0.7]), st.booleans())
def test_boxes_that_overlap_a_better_one_are_dropped(
    boxes: np.ndarray,
    most: float,
    of_smaller: bool,  # noqa: FBT001
) -> None:
    kept = mtcnn.distinct(boxes, most, of_smaller=of_smaller)
    order = sorted(range(len(boxes)), key=lambda n: (boxes[n, 0], -boxes[n, 5], n))
    want = [
        boxes[n].tolist()
        for place, n in enumerate(order)
        if not any(
            _overlap(boxes[n], boxes[m], of_smaller=of_smaller) > most for m in order[:place]
        )
    ]
    assert kept.tolist() == want


def _overlap(a: np.ndarray, b: np.ndarray, *, of_smaller: bool) -> float:
    if a[0] != b[0]:
        return 0
    sides = np.minimum(a[3:5], b[3:5]) - np.maximum(a[1:3], b[1:3])
    shared = float(np.prod(np.maximum(sides, 0)))
    own = [float(np.prod(box[3:5] - box[1:3])) for box in (a, b)]
    return shared / (min(own) if of_smaller else sum(own) - shared)


@pytest.mark.parametrize(("side", "target"), [(160, 192), (160, 136), (128, 54), (100, 100)])
def test_levels_average_whole_areas(side: int, target: int) -> None:
    """As TensorFlow does: OpenCV's way up by areas is a special case of its own."""
    picture = np.random.default_rng(1).random((1, side, side, 3), np.float32)
    edges = np.arange(target + 1) * (side / target)
    overlap = np.minimum(edges[1:, None], np.arange(side) + 1)
    overlap = np.clip(overlap - np.maximum(edges[:-1, None], np.arange(side)), 0, None)
    overlap *= target / side
    want = np.einsum("ra,nabc,db->nrdc", overlap, picture, overlap)
    assert np.abs(mtcnn.scaled(picture, target) - want).max() < 1e-5


_SCORING = """
import sys
import os
import subprocess
import sys
from pathlib import Path
from auditor.operations.estimate import estimate
rows = list(estimate([Path(sys.argv[1])], legal_age=18, challenge_age=25))
assert rows[0]["age"] > 0, rows
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_scoring_imports_no_tensorflow_and_tells_nobody(demo_chain: Path, tmp_path: Path) -> None:
    frame = max((demo_chain / "snapshots").rglob("*.jpg"), key=lambda p: p.stat().st_size)
    command = [sys.executable, "-c", _SCORING, str(frame)]
    environment = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    assert "openvino" in loaded
    assert list(tmp_path.iterdir()) == []  # OpenVINO's telemetry would write there
    assert not {"tensorflow", "keras", "mtcnn", "airflow", "matplotlib", "nncf"} & set(loaded)
