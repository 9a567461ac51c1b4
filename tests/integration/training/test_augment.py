"""Augmentation: what each change does to pictures, and what it leaves alone."""

from functools import partial
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from auditor.faces import backend
from models.training import augment, changes
from models.training.config import Augmentation, Change

keras = backend.keras()

SIDE = 64
ALL: dict[str, Any] = {
    "horizontal_flip": 0.5,
    "mask": 0.5,
    "glasses": 0.5,
    "sunglasses": 0.5,
    "cap": 0.5,
    "hand": 0.5,
    "rotation": Change(probability=1, strength=15),
    "shift": Change(probability=1, strength=0.1),
    "zoom": Change(probability=1, strength=0.2),
    "light": Change(probability=1, strength=0.5),
    "brightness": Change(probability=1, strength=0.3),
    "gamma": Change(probability=1, strength=0.5),
    "contrast": Change(probability=1, strength=0.4),
    "saturation": Change(probability=1, strength=0.5),
    "white_balance": Change(probability=1, strength=0.2),
    "greyscale": 0.5,
    "blur": Change(probability=1, strength=2),
    "resolution": Change(probability=1, strength=4),
    "noise": Change(probability=1, strength=20),
    "sharpening": Change(probability=1, strength=2),
    "jpeg": Change(probability=1, strength=10),
    "erasing": Change(probability=1, strength=0.3),
}


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Eight smooth coloured pictures, none symmetric."""
    noise = np.random.default_rng(3).uniform(0, 255, (8, SIDE, SIDE, 3)).astype(np.float32)
    smooth = np.stack([cv2.GaussianBlur(picture, (0, 0), 3) for picture in noise])
    return np.clip((smooth - 127) * 4 + 127, 0, 255).astype(np.float32)


def changed(
    pictures: np.ndarray, settings: Augmentation, seed: int = 1, *, training: bool = True
) -> np.ndarray:
    for layer in augment.layers(settings, seed):
        pictures = layer(pictures, training=training)
    return np.asarray(keras.ops.convert_to_numpy(pictures))


def test_nothing_asked_for_nothing_done() -> None:
    assert augment.layers(Augmentation(), 1) == []


@pytest.mark.parametrize("name", ALL)
def test_every_change_changes_pictures_and_keeps_their_shape_and_range(
    pictures: np.ndarray, name: str
) -> None:
    result = changed(pictures, Augmentation(**{name: ALL[name]}))
    assert result.shape == pictures.shape
    assert result.dtype == np.float32
    assert result.min() >= 0
    assert result.max() <= 255
    differences = np.abs(result - pictures).mean(axis=(1, 2, 3))
    touched = differences > 0.05
    assert touched.any()
    if isinstance(ALL[name], Change):
        assert touched.sum() >= 7
        assert len(np.unique(differences[touched])) == touched.sum()  # each picture its own


@pytest.mark.parametrize("name", [name for name in ALL if isinstance(ALL[name], Change)])
def test_a_change_that_is_never_made_makes_none(pictures: np.ndarray, name: str) -> None:
    off = Change(probability=0, strength=ALL[name].strength)
    assert (changed(pictures, Augmentation(**{name: off})) == pictures).all()


def test_a_probability_is_a_share_of_the_pictures() -> None:
    many = np.full((400, 8, 8, 3), 100, np.float32)
    some = Augmentation(brightness=Change(probability=0.25, strength=0.5))
    result = changed(many, some)
    assert 70 <= (np.abs(result - many).max(axis=(1, 2, 3)) > 0).sum() <= 130


def test_outside_training_pictures_are_left_alone(pictures: np.ndarray) -> None:
    assert (changed(pictures, Augmentation(**ALL), training=False) == pictures).all()


def test_the_same_seed_gives_the_same_pictures(pictures: np.ndarray) -> None:
    result = changed(pictures, Augmentation(**ALL), seed=1)
    assert (changed(pictures, Augmentation(**ALL), seed=1) == result).all()
    assert (changed(pictures, Augmentation(**ALL), seed=2) != result).any()


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_pictures_in_a_compiled_step(
    pictures: np.ndarray, name: str
) -> None:
    settings = Augmentation.model_validate({name: ALL[name]})

    def compiled() -> np.ndarray:
        stack = augment.layers(settings, 7)

        def step(result: Any) -> Any:
            for layer in stack:
                result = layer(result, training=True)
            return result

        return np.asarray(backend.tensorflow().function(step)(pictures))

    found = compiled()
    assert found.dtype == np.float32
    assert found == pytest.approx(changed(pictures, settings, seed=7), abs=0.01)
    assert (compiled() == found).all()


def test_every_change_is_tried_here() -> None:
    others = {"mixup"}  # not a change of one picture
    assert set(ALL) | others == set(Augmentation.model_fields)


def test_a_blur_is_a_gaussian_and_sharpening_takes_it_back(pictures: np.ndarray) -> None:
    across, down = (np.full((8, 1, 1, 1), sigma, np.float32) for sigma in (1.5, 0.8))
    got = np.asarray(changes.smoothed(pictures, across, down))
    want = np.stack([cv2.GaussianBlur(each, (0, 0), 1.5, sigmaY=0.8) for each in pictures])
    inside = np.s_[:, 8:-8, 8:-8]
    assert got[inside] == pytest.approx(want[inside], abs=0.5)
    assert np.asarray(changes.smoothed(pictures, across * 0, down * 0)) == pytest.approx(pictures)
    sharp = changed(pictures, Augmentation(sharpening=Change(probability=1, strength=2)))
    edges = [np.abs(np.diff(each, axis=1)).mean(axis=(1, 2, 3)) for each in (pictures, sharp)]
    assert (edges[1] > edges[0]).all()


def test_light_from_one_side_keeps_the_middle(pictures: np.ndarray) -> None:
    grey = np.full_like(pictures, 100)
    lit = changed(grey, Augmentation(light=Change(probability=1, strength=0.5)))
    middle = lit[:, SIDE // 2 - 1 : SIDE // 2 + 1, SIDE // 2 - 1 : SIDE // 2 + 1].mean((1, 2, 3))
    assert middle == pytest.approx(np.full(8, 100), abs=0.1)
    assert (lit.max((1, 2, 3)) > 100).all()
    assert (lit.min((1, 2, 3)) < 100).all()


def test_a_flip_is_exact(pictures: np.ndarray) -> None:
    assert (changed(pictures, Augmentation(horizontal_flip=1)) == pictures[:, :, ::-1]).all()


def test_lost_resolution_is_averaging_down_and_interpolating_up(pictures: np.ndarray) -> None:
    matrix = np.asarray(changes.resampling(np.array([20], np.float32), SIDE))[0]
    got = np.einsum("yv,xu,vuc->yxc", matrix, matrix, pictures[0])
    small = cv2.resize(pictures[0], (20, 20), interpolation=cv2.INTER_AREA)
    assert got == pytest.approx(cv2.resize(small, (SIDE, SIDE)), abs=0.01)
    whole = np.asarray(changes.resampling(np.array([SIDE], np.float32), SIDE))[0]
    assert whole == pytest.approx(np.eye(SIDE))


def test_block_noise_is_about_that_of_a_jpeg(pictures: np.ndarray) -> None:
    drawn = Augmentation(jpeg=Change(probability=1, strength=30))  # from 30 to 95
    ours = np.abs(changed(pictures, drawn) - pictures).mean()

    def jpeg_error(quality: int) -> float:
        whole = pictures.round().astype(np.uint8)
        chroma = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
        encode = partial(cv2.imencode, ".jpg", params=[cv2.IMWRITE_JPEG_QUALITY, quality, *chroma])
        again: list[Any] = [cv2.imdecode(encode(picture)[1], cv2.IMREAD_COLOR) for picture in whole]
        return float(np.abs(np.stack(again).astype(float) - whole).mean())

    assert jpeg_error(95) < ours < jpeg_error(30)


def test_mixup_blends_partners(pictures: np.ndarray) -> None:
    partner = np.arange(8)[::-1].astype(np.int32).copy()
    share = np.linspace(0, 1, 8, dtype=np.float32)
    mix = augment.MixUp(dtype="float32")
    got = np.asarray(mix((pictures, partner, share), training=True))
    part = share[:, None, None, None]
    assert got == pytest.approx(part * pictures + (1 - part) * pictures[::-1], abs=1e-3)
    assert (np.asarray(mix((pictures, partner, share), training=False)) == pictures).all()


def test_a_strength_without_meaning_is_refused() -> None:
    with pytest.raises(ValidationError, match="resolution"):
        Augmentation(resolution=Change(probability=0.5, strength=0.5))
    with pytest.raises(ValidationError, match="shear"):
        Augmentation(shear=Change(probability=0.5, strength=1))  # type: ignore[call-arg]
