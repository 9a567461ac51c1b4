"""Coverings drawn onto aligned faces: where they lie, and what they leave alone."""

import numpy as np
import pytest

from auditor.faces import backend
from models.training import augment, coverings
from models.training.config import Augmentation

keras = backend.keras()

SIDE, FACES = 64, 40


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Pictures of one colour each, with little noise: what differs afterwards was painted."""
    draw = np.random.default_rng(1)
    colours = draw.uniform(60, 200, (FACES, 1, 1, 3))
    noise = draw.normal(0, 2, (FACES, SIDE, SIDE, 3))
    return (colours + noise).astype(np.float32)


def covered(faces: np.ndarray, name: str) -> np.ndarray:
    """How many levels each pixel changed by, shape (n, side, side)."""
    (layer,) = augment.layers(Augmentation.model_validate({name: 1}), 5)
    return np.abs(np.asarray(layer(faces, training=True)) - faces).max(axis=-1)


def place(y: float, x: float) -> tuple[int, int]:
    return int(y * SIDE), int(x * SIDE)


def test_a_mask_covers_the_mouth_and_never_the_eyes(faces: np.ndarray) -> None:
    changed = covered(faces, "mask")
    assert (changed[:, *place(0.69, 0.49)] > 3).mean() > 0.9
    assert changed[:, : int(0.33 * SIDE)].max() < 2


@pytest.mark.parametrize(("name", "seen"), [("glasses", 1.0), ("sunglasses", 0.0)])
def test_glasses_lie_before_the_eyes_and_leave_the_mouth(
    faces: np.ndarray, name: str, seen: float
) -> None:
    changed = covered(faces, name)
    eyes = changed[:, int(0.15 * SIDE) : int(0.42 * SIDE)]
    assert (eyes.max(axis=(1, 2)) > 5).mean() > 0.9
    assert changed[:, int(0.55 * SIDE) :].max() < 2
    painted = changed[:, *place(0.29, 0.3)]  # of up to 200 levels
    assert (painted < 25).mean() == pytest.approx(seen, abs=0.25)


def test_a_cap_covers_the_forehead_and_leaves_the_mouth(faces: np.ndarray) -> None:
    changed = covered(faces, "cap")
    assert (changed[:, 0].max(axis=1) > 5).mean() > 0.9
    assert changed[:, int(0.75 * SIDE) :].max() < 3


def test_fingers_are_of_about_the_colour_of_the_face(faces: np.ndarray) -> None:
    (layer,) = augment.layers(Augmentation(hand=1), 5)
    painted = np.asarray(layer(faces, training=True))
    changed = np.abs(painted - faces).max(axis=-1) > 8
    assert 0.02 < changed.mean() < 0.5
    assert not changed[:, : int(0.15 * SIDE)].any()  # from below, to the brows at most
    colour = faces.mean(axis=(1, 2), keepdims=True)
    assert (painted <= np.maximum(colour * 1.21, faces) + 1).all()
    assert (painted >= np.minimum(colour * 0.75 * 0.74, faces) - 1).all()


def test_every_kind_has_a_setting_of_its_own() -> None:
    assert set(coverings.COVERINGS) <= set(Augmentation.model_fields)
