"""Networks beside each other on faces of several sources."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from auditor.errors import ConfigurationError, NoModelError
from auditor.faces.ages import AgeDistributions
from auditor.faces.model import View
from models.training import compare, labelled
from tests.support import labelled_samples


class _Fineness:
    """Takes the contrast of neighbouring pixels for the age: texture alone."""

    def __init__(self, view: View) -> None:
        self.view, self.seeing = view, _Fineness

    def predict(self, crops: np.ndarray) -> AgeDistributions:
        seen = np.asarray([self.view.of(crop) for crop in crops], float)
        texture = np.abs(np.diff(seen, axis=2)).mean(axis=(1, 2, 3))
        return AgeDistributions.from_scores(np.eye(101)[np.minimum(texture, 100).astype(int)])


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> None:
    def of(version: str) -> "_Model":
        return _Model(version)

    class _Model:
        def __init__(self, version: str) -> None:
            if version != "fine":
                raise NoModelError(f"there is no version {version!r}")
            self.network = _Fineness(View(labelled.SIDE))

    monkeypatch.setattr(compare, "AgeModel", of)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Faces of age 10 from two sources: checkered ones, which softening makes plain, and plain."""
    checkered = np.indices((labelled.SIDE, labelled.SIDE)).sum(axis=0) % 2 * 30 + 100
    plain = np.full_like(checkered, 100)
    rows = [
        {
            "id": f"{source} {number}",
            "age": 10,
            "source": source,
            "image": labelled_samples.encoded(np.repeat(face[..., None], 3, 2).astype(np.uint8)),
        }
        for source, face in (("rough", checkered), ("smooth", plain))
        for number in range(4)
    ]
    labelled_samples.write_crops(tmp_path / "choose-0.parquet", rows)
    return tmp_path


@pytest.mark.usefixtures("networks")
def test_each_network_is_measured_on_each_source(data: Path) -> None:
    command = ["fine", "fine@64", "--data", str(data), "--split", "choose"]
    said = CliRunner().invoke(compare.main, [*command, "--out", str(data / "found.json")])
    assert said.exit_code == 0, said.output
    head, _, first, second = said.output.strip().splitlines()
    assert head == "| MAE, years (faces) | rough (4) | smooth (4) |"
    assert first == (
        "| fine | 20.00 (20.00 to 20.00), bias +20.0 | 10.00 (10.00 to 10.00), bias -10.0 |"
    )
    assert second.startswith("| fine@64 | 10.00 (10.00 to 10.00), bias -10.0 |")
    found = json.loads((data / "found.json").read_text())
    assert found["fine"]["rough"]["bias"]["value"] == 20
    assert found["fine"]["rough"]["mae"]["count"] == 4


@pytest.mark.usefixtures("networks")
@pytest.mark.parametrize(
    ("network", "message"),
    [
        ("none", "there is no version 'none'"),
        ("fine@4", "after @ comes a side from 8 to 192 pixels, not '4'"),
        ("fine@", "not ''"),
    ],
)
def test_what_is_no_network_is_refused(data: Path, network: str, message: str) -> None:
    said = CliRunner().invoke(compare.main, [network, "--data", str(data)])
    assert said.exit_code == 1
    assert message in said.output


def test_a_folder_without_a_finished_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no finished run"):
        compare.Candidate.of(str(tmp_path))


def test_less_detail_keeps_the_side_and_takes_the_texture() -> None:
    crop = labelled_samples.picture(1)
    soft, whole = View(128, detail=16).of(crop), View(128).of(crop)
    assert soft.shape == whole.shape == View(128, detail=16).sized(crop).shape == (128, 128, 3)
    assert (View(128, detail=16).sized(crop) == whole).all()
    textures = [np.abs(np.diff(each.astype(float), axis=1)).mean() for each in (soft, whole)]
    assert textures[0] < 0.8 * textures[1]
