"""The evaluation's page and figures."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from auditor.faces.ages import AGES, AgeDistributions
from auditor.faces.model import View
from models.training import calibrate, evaluate, evaluation, shift
from tests.support import labelled_samples

_FACES = 260


class _BrightnessModel:
    """Takes the mean of a crop's red channel for its age."""

    class card:  # noqa: N801
        full_name = "age_resnet50/made <b>"

    calibration = None

    def __init__(self, version: str) -> None:
        self.version = version
        self.network = self

    def predict(self, crops: np.ndarray) -> AgeDistributions:
        centre = np.asarray(crops, float)[..., 0].mean(axis=(1, 2)) / 2
        scores = np.exp(-0.5 * ((AGES - centre[:, None]) / 4) ** 2) + 1e-9
        return AgeDistributions.from_scores(scores)

    view = View(64)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    rows = []
    for number, age in enumerate(rng.integers(8, 70, _FACES)):
        red = np.clip(labelled_samples.picture(number) // 8 + int(2 * age) - 12, 0, 255)
        rows.append(
            {
                "id": f"{number}",
                "age": int(age),
                "sex": ["female", "male"][number % 2],
                "group": "asian",
                "source": ["one", "two"][number % 3 == 0],
                "image": labelled_samples.encoded(red.astype(np.uint8)),
            }
        )
    rows.append({"id": "torn", "age": 20, "image": b"torn"})
    return labelled_samples.write_crops(tmp_path_factory.mktemp("data") / "val-0.parquet", rows)


def test_the_page_has_every_section(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "AgeModel", _BrightnessModel)
    monkeypatch.setattr(calibrate, "HALVINGS", 3)
    monkeypatch.setattr(shift, "STRENGTHS", {kind: s[:1] for kind, s in shift.STRENGTHS.items()})
    told = CliRunner().invoke(
        evaluate.main, ["--data", str(data), "--out", str(tmp_path), "--shift-faces", "8"]
    )
    assert told.exit_code == 0, told.output
    page = (tmp_path / "index.html").read_text()
    for section in ("accuracy", "parts", "differences", "challenge", "calibration", "shift"):
        assert f'<section id="{section}">' in page
    assert page.count("<svg") == 4 + 1 + 2 + 1
    assert "made &lt;b&gt;" in page
    assert "src=" not in page
    assert "At Challenge 25" in told.output
    assert "of 8 untouched faces are not found: no gates" in page  # blots are no faces

    found = json.loads((tmp_path / "evaluation.json").read_text())
    assert found["faces"] == _FACES
    assert found["view"]["unreadable"]["value"] == pytest.approx(1 / (_FACES + 1))
    assert found["view"]["accuracy"]["mae"]["value"] < 10


def test_figures_and_pictures_that_could_not_be_read() -> None:
    rows = [{"age": age, "sex": "male", "source": "one"} for age in (20, 17)]
    torn = labelled_samples.set_of(rows)
    torn.faults.loc[0, "column"] = "image"
    view = evaluation.view_of(torn, np.array([22.0, 30]))
    assert (view.unreadable.value, view.unreadable.count) == (pytest.approx(1 / 3), 3)
    assert view.accuracy["mae"].value == pytest.approx(7.5)
    assert view.parts["age"]["13-17"]["bias"].value == pytest.approx(13)
