"""Eight bits: the estimates hardly move, and a version with them is checked."""

import hashlib
import shutil
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor import resources
from auditor.errors import ModelError
from auditor.faces.ages import AGES, AgeDistributions
from auditor.faces.model import AgeModel, AgeNetwork, View, folder
from auditor.policy import Runtime
from models.training import quantise

VIEW = View(64, mirrored=True)


@pytest.fixture(scope="module")
def weights() -> bytes:
    return (folder("3") / "weights.npz").read_bytes()


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    with np.load(folder("3") / "golden.npz") as golden:
        return np.asarray(golden["crops"])


@pytest.fixture(scope="module")
def content(weights: bytes, crops: np.ndarray) -> bytes:
    return quantise.quantised(weights, VIEW, crops, crops)


def test_eight_bits_estimate_what_single_precision_does(
    content: bytes, weights: bytes, crops: np.ndarray
) -> None:
    network, single = AgeNetwork.of_int8(content, VIEW), AgeNetwork.of_weights(weights, VIEW)
    difference = np.abs(network.predict(crops).mean - single.predict(crops).mean)
    assert 0 < difference.max() < 1.5
    assert np.median(difference) < 0.3


def test_a_version_with_eight_bits_is_checked_against_its_own_card(
    content: bytes, crops: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder("3"), tmp_path / "3")
    monkeypatch.setattr(resources, "folder", lambda _name: tmp_path)
    (tmp_path / "3/int8.npz").write_bytes(content)
    card = tmp_path / "3/card.toml"
    own = f'int8_sha256 = "{hashlib.sha256(content).hexdigest()}"\n'
    card.write_text(card.read_text().replace("weights_sha256", own + "weights_sha256"))

    model = AgeModel("3")
    assert model.quantised
    own_network = AgeNetwork.of_int8(content, VIEW)
    assert (model.network.predict(crops).mean == own_network.predict(crops).mean).all()
    built = AgeNetwork.of_weights

    def on_openvino(weights: bytes, view: View, _runtime: Runtime) -> AgeNetwork:
        """The network in single precision, without the wait for TensorFlow."""
        return built(weights, view)

    monkeypatch.setattr(AgeNetwork, "of_weights", on_openvino)
    assert not AgeModel("3", "tensorflow").quantised

    (tmp_path / "3/int8.npz").write_bytes(content + b" ")
    with pytest.raises(ModelError, match=r"int8\.npz is not the file of its card"):
        AgeModel("3")


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, False),
        ({"mae_years": 5.06}, True),
        ({"adults_taken_for_younger": 0.094}, False),
        ({"adults_taken_for_younger": 0.106}, True),
        ({"minors_taken_for_older": 0.206}, True),
        ({"minors_taken_for_older": 0.1}, False),
        ({"difference_of_99_percent": 0.9}, False),
    ],
)
def test_too_large_a_loss_is_refused(change: dict[str, Any], *, refused: bool) -> None:
    small = quantise.Loss(100, 5.04, 5.0, 0.104, 0.1, 0.204, 0.2, 0.1, 0.29)
    assert replace(small, **change).too_large is refused


def test_the_loss_by_hand() -> None:
    def at(*years: int) -> AgeDistributions:
        return AgeDistributions(np.eye(AGES.size)[list(years)])

    found = quantise.loss(at(20, 30, 16), at(26, 30, 17), np.array([22.0, 28, 17]))
    assert astuple(found) == (
        *(3, 2.0, pytest.approx(5 / 3), 0.0, 0.5, 0.0, 0.0, 1.0, pytest.approx(5.9)),
    )
