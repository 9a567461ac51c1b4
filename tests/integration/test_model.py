"""The age model: loaded only if it is what its card says, the same for every batch."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from auditor import resources
from auditor.errors import ModelError
from auditor.faces.ages import Level
from auditor.faces.calibration import Calibration
from auditor.faces.model import AgeModel, AgeNetwork, Card, View, folder

_LEVEL = Level(0.8, ((20.0, 1.0), (40.0, 2.0)), ((18.0, 0.0),))


@pytest.fixture(scope="module")
def model() -> AgeModel:
    return AgeModel("3")


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    with np.load(folder("3") / "golden.npz") as golden:
        return np.asarray(golden["crops"])


def test_the_golden_predictions_are_met(model: AgeModel, crops: np.ndarray) -> None:
    with np.load(folder("3") / "golden.npz") as golden:
        ages = model.network.predict(crops)
        assert ages.mean == pytest.approx(golden["age"], abs=0.05)
        assert ages.sd == pytest.approx(golden["age_sd"], abs=0.05)


def test_what_shares_a_batch_changes_nothing(model: AgeModel, crops: np.ndarray) -> None:
    together = model.predict(crops).probabilities
    alone = np.concatenate([model.predict(crop[None]).probabilities for crop in crops])
    backwards = model.predict(crops[::-1]).probabilities[::-1]
    over_the_edge = model.predict(np.concatenate([crops] * 3)[:37]).probabilities
    assert (together == alone).all()
    assert (together == backwards).all()
    assert (over_the_edge[: len(crops)] == together).all()


def test_no_crops_no_ages(model: AgeModel, crops: np.ndarray) -> None:
    assert len(model.predict(crops[:0]).mean) == 0


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of version 3 that may be damaged."""
    shutil.copytree(folder("3"), tmp_path / "3")
    monkeypatch.setattr(resources, "folder", lambda _name: tmp_path)
    return tmp_path / "3"


def test_changed_weights_are_refused(copy: Path) -> None:
    weights = bytearray((copy / "weights.npz").read_bytes())
    weights[len(weights) // 2] ^= 1
    (copy / "weights.npz").write_bytes(weights)
    with pytest.raises(ModelError, match="not the file of its card"):
        AgeModel("3")


def test_other_predictions_than_golden_are_refused(copy: Path) -> None:
    with np.load(copy / "golden.npz") as golden:
        np.savez(
            copy / "golden.npz",
            crops=golden["crops"],
            age=golden["age"] + 0.2,
            age_sd=golden["age_sd"],
        )
    with pytest.raises(ModelError, match="golden"):
        AgeModel("3")


def test_a_missing_file_or_entry_is_named(copy: Path) -> None:
    (copy / "golden.npz").unlink()
    with pytest.raises(ModelError, match=r"golden\.npz"):
        AgeModel("3")
    card = copy / "card.toml"
    card.write_text(card.read_text().replace("input_size", "inputsize"))
    with pytest.raises(ModelError, match="input_size"):
        Card.read("3")


def test_of_a_retired_version_only_the_card_is_left() -> None:
    """Days that it judged can be shown, and none be judged by it."""
    assert not Card.read("1").calibrated
    with pytest.raises(ModelError, match=r"age_resnet50/1: cannot read golden\.npz"):
        AgeModel("1")


@pytest.mark.parametrize("version", ["none", "../1", "", "1/.."])
def test_a_version_that_is_not_there_is_refused(version: str) -> None:
    with pytest.raises(ModelError):
        Card.read(version)


def test_the_card_tells_what_a_reader_has_to_know() -> None:
    card = Card.read("3")
    assert card.calibrated
    assert card.limits
    assert card.full_name == "age_resnet50/3"


def test_the_card_says_what_of_a_distribution_is_the_estimate(
    copy: Path, crops: np.ndarray
) -> None:
    former = AgeModel("3").predict(crops)
    assert former.estimate == pytest.approx(former.mean)
    card = copy / "card.toml"
    text = card.read_text()
    card.write_text(text.replace('decoding = "expectation', 'decoding = "median'))
    now = AgeModel("3").predict(crops)
    assert np.abs(now.estimate - former.mean).max() > 0.5
    assert now.mean == pytest.approx(former.mean)
    card.write_text(text.replace('decoding = "expectation', 'decoding = "mode'))
    with pytest.raises(ModelError, match="unknown decoding 'mode'"):
        AgeModel("3")


def test_a_mirrored_network_gives_a_face_and_its_mirror_image_one_age(crops: np.ndarray) -> None:
    weights = (folder("3") / "weights.npz").read_bytes()
    plain, mirrored = (
        AgeNetwork.of_weights(weights, View(64, mirrored=each)) for each in (False, True)
    )
    image, own = plain.predict(crops[:, :, ::-1]), plain.predict(crops)
    assert np.abs(image.mean - own.mean).max() > 0.5
    both = mirrored.predict(crops)
    assert both.mean == pytest.approx((own.mean + image.mean) / 2, abs=1e-3)
    assert mirrored.predict(crops[:, :, ::-1]).mean == pytest.approx(both.mean, abs=1e-3)


def test_a_calibrated_version_gives_calibrated_ages(copy: Path, crops: np.ndarray) -> None:
    calibration = Calibration(1.5, (0, 0.5, 1), (0, 0.4, 1), (_LEVEL,), 100)
    content = calibration.as_json().encode()
    (copy / "calibration.json").write_bytes(content)
    card = copy / "card.toml"
    own = hashlib.sha256(content).hexdigest()
    former = Card.read("3").calibration_sha256
    assert former
    card.write_text(card.read_text().replace(former, own))
    model = AgeModel("3")
    assert model.card.calibrated
    want = calibration.apply(model.network.predict(crops))
    got = model.predict(crops)
    assert (got.probabilities == want.probabilities).all()
    assert got.levels == (_LEVEL,)

    (copy / "calibration.json").write_bytes(content + b" ")
    with pytest.raises(ModelError, match=r"calibration\.json is not the file of its card"):
        AgeModel("3")
