"""From a training run to a version that the audit loads, with a card of what was measured."""

import hashlib
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from auditor import resources
from auditor.errors import ConfigurationError
from auditor.faces.clarity import SIGNALS
from auditor.faces.model import AgeModel, Card, View, folder
from models.training import calibrate, covered, export, labelled, quantise, shift, splits, train
from models.training.card import About
from models.training.config import Experiment, Schedule
from tests.support import labelled_samples

VERSION_3 = folder("3")
ABOUT = Path(export.__file__).parent / "about/utkface_all_age_faces.toml"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden crops, which are faces, each in 20 lights, with ages near their estimates."""
    with np.load(VERSION_3 / "golden.npz") as golden:
        crops, ages = golden["crops"], golden["age"]
    rows = []
    for number, (crop, age) in enumerate(zip(crops, ages, strict=True)):
        for light in range(20):
            pixels = np.ascontiguousarray((crop * (1 - 0.015 * light)).astype(np.uint8))
            label = max(0, round(float(age)) + light % 5 - 2)
            rows.append(
                {
                    "id": f"{number}, light {light}",
                    "image": labelled_samples.encoded(pixels),
                    "age": label,
                    "sex": ("female", "male")[light % 2],
                    "source": "composites",
                }
            )
    return labelled_samples.write_crops(tmp_path_factory.mktemp("data") / "val-0.parquet", rows)


def _run_of(path: Path, **changes: Any) -> Path:
    """What `train` would have left of a run that ended with version 3."""
    path.mkdir()
    weights = (VERSION_3 / "weights.npz").read_bytes()
    (path / "weights.npz").write_bytes(weights)
    experiment = Experiment(input_size=64, schedule=Schedule(epochs=1))
    said = {
        "settings": experiment.model_dump() | changes,
        "command": "train x.toml --data DATA",
        "revision": "abc",
        "backend": "tensorflow",
        "data_sha256": "d" * 64,
        "crops": {"train": 1000, "val": 300},
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "epochs": 1,
        "minutes": 2.5,
    }
    (path / "run.json").write_text(json.dumps(said))
    np.save(path / train.LEARNT, np.zeros(1000, np.uint64))
    return path


def _export(version: str, run: Path, data: Path, *more: str) -> Result:
    command = [version, str(run), "--data", str(data), "--split", "val", "--about", str(ABOUT)]
    return CliRunner().invoke(
        export.main, [*command, "--mirrored", "--single", "--shift-faces", "20", *more]
    )


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of versions."""
    real, made = resources.folder, tmp_path / "models"
    made.mkdir()
    monkeypatch.setattr(
        resources, "folder", lambda name: made if name.startswith("models/") else real(name)
    )
    return made


def test_a_version_is_what_its_card_says(
    tmp_path: Path, data: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run_of(tmp_path / "run")
    strengths = {"brightness": (0.2,), "face size": (120, 15), "blur": (6,), "jpeg": (30,)}
    monkeypatch.setattr(shift, "STRENGTHS", strengths)
    monkeypatch.setattr(calibrate, "HALVINGS", 3)
    told = _export("9", run, data)
    assert told.exit_code == 0, told.output
    assert sorted(p.name for p in models.iterdir()) == ["9"]  # nothing half-made is left
    assert (run / "evaluation/index.html").is_file()

    model = AgeModel("9")  # its hashes and golden predictions hold
    assert model.card.mirrored
    assert model.card.calibrated
    card = tomllib.loads((models / "9/card.toml").read_text())
    evaluation = json.loads((run / "evaluation/evaluation.json").read_text())
    figures = evaluation["view"]
    assert card["version"] == "9"
    assert card["validation"]["faces"] == evaluation["faces"] > 250
    assert card["validation"]["mae_years"] == pytest.approx(
        figures["accuracy"]["mae"]["value"], abs=1e-3
    )
    by_sex = {name: part["mae"]["value"] for name, part in figures["parts"]["sex"].items()}
    assert card["validation"]["mae_years_by"]["sex"] == pytest.approx(by_sex, abs=0.01)
    assert card["validation"]["calibration"]["crossed"]["faces"] == evaluation["faces"]
    assert card["gates"]["min_face_px"] == round(evaluation["shift"]["min_face_px"])
    assert card["gates"]["min_face_px"] > 90  # the smallest faces are not found, mostly
    assert "int8" not in card
    assert "covered" not in card
    assert card["training"]["code_revision"] == "abc"
    assert card["training"]["command"] == "train x.toml --data DATA"
    assert json.loads(card["training"]["settings"])["input_size"] == 64
    assert "research use only" in card["training"]["terms"]
    assert any("17-year-olds" in limit for limit in card["limits"])
    assert any(limit.startswith("By age, it errs most on") for limit in card["limits"])
    real = [row for row in evaluation["differences"] if row["p_holm"] < 0.05]
    assert sum("more than chance explains" in limit for limit in card["limits"]) == len(real)
    assert Card.read("9").limits == tuple(card["limits"])

    again = _export("9", run, data)
    assert again.exit_code == 1
    assert "there is a version 9 already" in again.output


def test_a_version_is_made_from_the_weights_of_another_in_eight_bits(
    tmp_path: Path, data: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(VERSION_3, models / "3")
    monkeypatch.setattr(shift, "STRENGTHS", {"face size": (120, 15), "blur": (6,)})
    monkeypatch.setattr(calibrate, "HALVINGS", 3)
    monkeypatch.setattr(quantise, "MOST_ERRORS", 0.05)  # of a few faces
    monkeypatch.setattr(covered, "FACES", 40)
    command = ["9", "3", "--data", str(data), "--split", "val", "--about", str(ABOUT)]
    command += ["--detail", "48", "--shift-faces", "20", "--coverings", "val"]
    command += ["--worse-faces", "6"]
    assert "--pages DIR" in CliRunner().invoke(export.main, command).output
    told = CliRunner().invoke(export.main, [*command, "--pages", str(tmp_path / "pages")])
    assert told.exit_code == 0, told.output
    assert (tmp_path / "pages/index.html").is_file()
    files = {path.name for path in (models / "9").iterdir()}
    fitted = {"calibration.json", "clarity.json", "confusion.json", "covered.npz", "int8.npz"}
    assert files == {"card.toml", "golden.npz"} | fitted
    assert "With mask before the face" in told.output

    model = AgeModel("9")  # its hashes and golden predictions hold
    assert model.quantised
    assert model.card.view == View(64, detail=48)
    assert model.card.weights_of == "3"
    card = tomllib.loads((models / "9/card.toml").read_text())
    assert card["int8"]["faces"] == card["validation"]["faces"]
    assert card["training"] == tomllib.loads((VERSION_3 / "card.toml").read_text())["training"] | {
        name: card["training"][name] for name in ("data", "terms")
    }
    with np.load(models / "9/golden.npz") as golden:
        crops = golden["crops"]
    plain = model.network.seeing(View(64)).predict(crops)
    assert np.abs(plain.mean - model.network.predict(crops).mean).max() > 0.1

    assert 0 < card["gates"]["max_covered"] == model.card.max_covered <= 1
    assert card["covered"].keys() == set(covered.KINDS)
    assert card["gates"]["min_clarity"] == model.card.min_clarity <= 1
    assert card["worse"]["nothing"]["faces"] == card["worse"]["roll 45"]["faces"] == 6
    assert "--worse-faces 6" in (models / "9/card.toml").read_text()
    judged = model.judge(crops, np.zeros((len(crops), len(SIGNALS))))
    assert judged.covered.shape == (len(crops),)
    assert (judged.ages.estimate == model.predict(crops).estimate).all()


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"head": "regression"}, "the regression"), ({"architecture": "tiny"}, "of a tiny")],
)
@pytest.mark.usefixtures("models")
def test_a_run_that_the_audit_cannot_use_is_refused(
    tmp_path: Path, data: Path, changes: dict[str, str], says: str
) -> None:
    told = _export("2", _run_of(tmp_path / "run", **changes), data)
    assert told.exit_code == 1
    assert says in told.output


@pytest.mark.usefixtures("models")
def test_changed_weights_or_no_run_are_refused(tmp_path: Path, data: Path) -> None:
    run = _run_of(tmp_path / "run")
    (run / "weights.npz").write_bytes(b"other")
    assert "not what run.json says" in _export("2", run, data).output
    (run / "run.json").unlink()
    assert "no finished training run" in _export("2", run, data).output


@pytest.mark.usefixtures("models")
def test_pictures_that_the_run_learnt_from_do_not_measure_it(tmp_path: Path, data: Path) -> None:
    run, file = _run_of(tmp_path / "run"), tmp_path / "split.parquet"
    whole = labelled.read(data)
    split = splits.make(whole, np.arange(len(whole)), {"val": 0.5, "other": 0.5}, seed=1)
    splits.write_split(split, file)
    val, other = (splits.select(whole, split, part) for part in ("val", "other"))
    np.save(run / train.LEARNT, np.concatenate([other.hashes(), val.hashes()[:7]]))
    told = _export("2", run, data, "--split-file", str(file))
    assert told.exit_code == 1
    assert f"learnt from 7 of the {len(val)} pictures of val-0.parquet" in told.output
    (run / train.LEARNT).unlink()
    assert "does not say what it learnt from" in _export("2", run, data).output


@pytest.mark.parametrize(
    "text", ["", 'data = "x"\nterms = "y"\nlimits = []\ncolour = 1\n', "data = "]
)
def test_an_about_file_says_all_and_no_more(tmp_path: Path, text: str) -> None:
    (tmp_path / "about.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"about\.toml has to say data, terms"):
        About.read(tmp_path / "about.toml")


def test_crops_of_the_golden_predictions_are_of_all_ages() -> None:
    crops = export._composite_crops(96)
    assert crops.shape == (16, 96, 96, 3)
    differences = [cv2.absdiff(a, b).mean() for a, b in zip(crops[1:], crops[:-1], strict=True)]
    assert min(differences) > 5
