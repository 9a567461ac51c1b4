"""Eight bits: even channels change nothing, and the estimates hardly move."""

from typing import Any

import numpy as np
import pytest

from auditor.ages import AGES, AgeDistributions
from auditor.engines import resnet50
from auditor.model import AgeNetwork, folder
from models.training import quantise

SIDE = 64


@pytest.fixture(scope="module")
def weights() -> dict[str, Any]:
    with np.load(folder("1") / "weights.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    with np.load(folder("1") / "golden.npz") as golden:
        return np.asarray(golden["crops"])


def test_channels_made_even_leave_the_network_the_same(
    weights: dict[str, Any], crops: np.ndarray
) -> None:
    seen = quantise._at_input_size(crops, SIDE)
    peaks = quantise.largest(weights, seen)
    even = quantise.equalised(weights, peaks)
    assert set(even) == set(weights)
    changed = [name for name in weights if not np.allclose(even[name], weights[name])]
    assert sum(name.endswith("conv/kernel") for name in changed) == 52  # all but the first
    assert "age/kernel" in changed
    before, after = (resnet50._scores(resnet50.build(each, SIDE))(seen) for each in (weights, even))
    assert np.abs(after - before).max() < 1e-5
    new = quantise.largest(even, seen)
    spread = [np.log(p["conv3_block1_1"] + 1e-6).std() for p in (peaks, new)]
    assert spread[1] < spread[0]


def test_eight_bits_estimate_what_single_precision_does(
    weights: dict[str, Any], crops: np.ndarray
) -> None:
    pictures = np.concatenate([crops, crops[:, :, ::-1]])
    content = quantise.quantised(weights, SIDE, pictures, crops, mirrored=True)
    network = AgeNetwork.of_int8(content, SIDE, mirrored=True)
    single = AgeNetwork.of_weights((folder("1") / "weights.npz").read_bytes(), SIDE, mirrored=True)
    difference = np.abs(network.predict(crops).mean - single.predict(crops).mean)
    assert 0 < difference.max() < 1.5
    assert np.median(difference) < 0.3


def test_the_loss_by_hand() -> None:
    def at(*years: int) -> AgeDistributions:
        return AgeDistributions(np.eye(AGES.size)[list(years)])

    found = quantise.loss(at(20, 30, 16), at(26, 30, 17), np.array([22.0, 28, 17]))
    assert found == quantise.Loss(3, 2.0, pytest.approx(5 / 3), 0.0, 0.5, 1.0, pytest.approx(5.9))
