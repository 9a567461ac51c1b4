"""The evaluation's page, worse pictures, and the peer in its own process."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from auditor.faces.ages import AGES, AgeDistributions
from models.training import evaluate, shift
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

    def as_seen(self, crop: np.ndarray) -> np.ndarray:
        return crop[::3, ::3].copy()


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
    monkeypatch.setattr(shift, "STRENGTHS", {kind: s[:2] for kind, s in shift.STRENGTHS.items()})
    told = CliRunner().invoke(
        evaluate.main, ["--data", str(data), "--out", str(tmp_path), "--shift-faces", "24"]
    )
    assert told.exit_code == 0, told.output
    page = (tmp_path / "index.html").read_text()
    for section in ("accuracy", "parts", "differences", "challenge", "calibration", "shift"):
        assert f'<section id="{section}">' in page
    assert page.count("<svg") == 4 + 3 + 2 + 5
    assert "made &lt;b&gt;" in page
    assert "src=" not in page
    assert "At Challenge 25" in told.output
    assert "of 24 untouched faces are not found: no gates" in page  # blots are no faces

    found = json.loads((tmp_path / "evaluation.json").read_text())
    assert found["faces"] == _FACES
    assert found["views"][0]["failed"]["value"] == pytest.approx(1 / (_FACES + 1))
    assert found["views"][0]["accuracy"]["mae"]["value"] < 10


def test_faces_that_an_estimator_refuses_are_counted_and_left_out() -> None:
    rows = [{"age": age, "sex": "male", "source": "one"} for age in (20, 30, 17)]
    view = evaluate.view_of("x", labelled_samples.set_of(rows), np.array([22.0, np.nan, 30]))
    assert (view.failed.value, view.failed.count) == (pytest.approx(1 / 3), 3)
    assert view.accuracy["mae"].value == pytest.approx(7.5)
    assert view.parts["age"]["13-17"]["bias"].value == pytest.approx(13)


def test_an_estimator_of_nothing_is_an_error() -> None:
    labelled = labelled_samples.set_of([{"age": 20}])
    with pytest.raises(evaluate.ConfigurationError, match="estimated no face"):
        evaluate.view_of("x", labelled, np.array([np.nan]))


def _executable(path: Path, body: str) -> Path:
    path.write_text(f"#!{sys.executable}\n{body}")
    path.chmod(0o755)
    return path


def test_the_peer_is_read_back_in_order(tmp_path: Path) -> None:
    body = (
        "import sys, numpy\n"
        "n = len(numpy.load(sys.argv[2]))\n"
        "open(sys.argv[3], 'w').write('age\\n' + '33\\n' * (n - 1) + 'refused\\n')\n"
    )
    image = labelled_samples.encoded(labelled_samples.picture(0))
    labelled = labelled_samples.set_of([{"age": 20}, {"age": 30}], [image, image])
    ages = evaluate._peer(_executable(tmp_path / "peer", body), labelled)
    assert ages[0] == 33
    assert np.isnan(ages[1])


def test_a_peer_that_fails_is_named(tmp_path: Path) -> None:
    peer = _executable(tmp_path / "peer", "raise SystemExit('no such package')")
    image = labelled_samples.encoded(labelled_samples.picture(0))
    with pytest.raises(evaluate.ConfigurationError, match="no such package"):
        evaluate._peer(peer, labelled_samples.set_of([{"age": 20}], [image]))
