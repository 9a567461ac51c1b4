"""What tells covered faces: learnt from coverings drawn on, told of others, kept with a version."""

import io
import shutil

import numpy as np
import pytest

from auditor import resources
from auditor.errors import ModelError
from auditor.faces.calibration import Calibration
from auditor.faces.covered import Probe
from auditor.faces.model import AgeNetwork, View, folder
from models.training import covered, labelled
from models.training.labelled import LabelledSet


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> LabelledSet:
    """The demo's composite portraits, aligned."""
    pictures = sorted(resources.folder("auditor/demo/faces").glob("*.jpg"))
    folder_of_pictures = tmp_path_factory.mktemp("covered")
    rows = ["file_name,real_age"]
    for number, picture in enumerate(pictures):
        shutil.copy(picture, folder_of_pictures)
        rows.append(f"{picture.name},{20 + number % 50}")
    (folder_of_pictures / "ages.csv").write_text("\n".join(rows))
    return labelled.read(folder_of_pictures)


@pytest.fixture(scope="module")
def fitted(faces: LabelledSet) -> covered.Fitted:
    network = AgeNetwork.of_weights((folder("3") / "weights.npz").read_bytes(), View(64))
    calibration = Calibration.from_json((folder("3") / "calibration.json").read_text())
    places = np.random.default_rng(1).permutation(len(faces))  # women and men take turns
    probe = covered.fit(network, faces.subset(places[:90]), 1)
    others = faces.subset(places[90:])
    first = np.arange(len(others)) % 2 == 0
    return covered.measure(network, calibration, probe, others, first=first, seed=2)


def test_masks_and_sunglasses_are_told_from_what_leaves_the_face_open(
    fitted: covered.Fitted,
) -> None:
    refused = {kind.name: kind.refused.value for kind in fitted.kinds}
    assert set(refused) == set(covered.KINDS)
    assert min(refused[kind] for kind in covered.COVERED) > 0.5
    assert max(refused[kind] for kind in covered.KINDS if kind not in covered.COVERED) < 0.3
    assert refused["nothing"] < 0.1


def test_each_kind_is_said_with_its_figures(fitted: covered.Fitted) -> None:
    (mask,) = (kind for kind in fitted.kinds if kind.name == "mask")
    said = next(line for line in fitted.in_words if "mask" in line)
    assert f"{mask.refused.value:.1%}" in said
    assert mask.refused.count == mask.held.count > mask.held_of_judged.count


def test_a_probe_is_read_back(fitted: covered.Fitted) -> None:
    features = np.random.default_rng(1).normal(size=(5, len(fitted.probe.kernel)))
    again = Probe.from_bytes(fitted.probe.as_bytes())
    assert (again(features) == fitted.probe(features)).all()
    assert fitted.probe(features).shape == (5,)


def test_what_is_no_probe_is_refused() -> None:
    stream = io.BytesIO()
    np.savez(stream, kernel=np.ones(3))
    for content in (b"", b"PK", stream.getvalue()):
        with pytest.raises(ModelError, match=r"covered\.npz"):
            Probe.from_bytes(content)
