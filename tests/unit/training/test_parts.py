"""What is derived from a labelled set before a run: other cuts of its faces, kept between runs."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.errors import ConfigurationError
from auditor.faces.ages import AgeDistributions
from auditor.faces.alignment import TEMPLATE, TEMPLATE_SIDE
from models.training import labelled, landmarks, parts
from models.training.config import Batches, Experiment, Labels, Schedule
from tests.support import labelled_samples

SIDE = labelled.SIDE
ON_TEMPLATE = TEMPLATE * SIDE / TEMPLATE_SIDE


def shifted(pixels: float) -> np.ndarray:
    """As a detector finds them that sees everything so much further right."""
    return ON_TEMPLATE + np.array([pixels, 0])


def landmarks_file(folder: Path, rows: Mapping[str, np.ndarray | None]) -> Path:
    path = folder / "marks.parquet"
    values = [None if points is None else np.ravel(points).tolist() for points in rows.values()]
    table = {"id": list(rows), "landmarks": pa.array(values, pa.list_(pa.float32()))}
    pq.write_table(pa.table(table), path)
    return path


@pytest.fixture
def crops(tmp_path: Path) -> labelled.LabelledSet:
    rows = [
        {
            "id": f"face {number}",
            "age": 20 + number,
            "source": "one",
            "image": labelled_samples.encoded(labelled_samples.picture(number)),
        }
        for number in range(3)
    ]
    labelled_samples.write_crops(tmp_path / "train-0.parquet", rows)
    return labelled.read(tmp_path, "train")


def experiment() -> Experiment:
    return Experiment(
        input_size=64,
        schedule=Schedule(epochs=1),
        batches=Batches(landmarks="marks.parquet"),
    )


def test_landmarks_on_the_template_cut_nothing_and_others_move_the_face() -> None:
    crop = labelled_samples.picture(1)
    assert (landmarks.realign(crop, ON_TEMPLATE.astype(np.float32)) == crop).all()
    moved = landmarks.realign(crop, shifted(6).astype(np.float32))
    assert (moved[:, :-6] == crop[:, 6:]).all()  # the face moves left by as much
    nowhere = np.full((5, 2), np.nan, np.float32)
    assert (landmarks.realign(crop, nowhere) == crop).all()


def test_faces_are_cut_anew_by_their_own_landmarks(
    crops: labelled.LabelledSet, tmp_path: Path
) -> None:
    rows = {"face 2": shifted(6), "face 0": ON_TEMPLATE, "other": ON_TEMPLATE}
    landmarks_file(tmp_path, rows)
    part = parts.to_learn(crops, experiment(), tmp_path, parts.Cache(None))
    assert part.pixels.shape == (3, 64, 64, 3)
    assert part.pixels.dtype == np.uint8
    assert part.realigned is not None
    assert (part.realigned[:2] == part.pixels[:2]).all()  # on the template, and without landmarks
    assert (part.realigned[2, :, :-2] == part.pixels[2, :, 2:]).mean() > 0.99
    assert part.ages.tolist() == [20, 21, 22]
    assert part.taught is None


def test_a_teacher_sees_a_crop_and_the_mirror_image_of_its_other_cut(
    crops: labelled.LabelledSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    class Network:
        def predict(self, pictures: np.ndarray) -> AgeDistributions:
            seen.append(pictures)
            return AgeDistributions.from_scores(np.eye(101)[[10 * len(seen)] * len(pictures)])

    teacher = SimpleNamespace(
        quantised=True, network=Network(), card=SimpleNamespace(weights_sha256="a")
    )
    monkeypatch.setattr(parts, "AgeModel", lambda version: {"4": teacher}[version])
    landmarks_file(tmp_path, {"face 2": shifted(6)})
    settings = experiment().model_copy(update={"labels": Labels(teacher="4")})
    part = parts.to_learn(crops, settings, tmp_path, parts.Cache(None))
    assert part.taught is not None
    assert part.taught.dtype == np.float16
    assert part.taught.shape == (3, 101)
    assert (part.taught[:, [10, 20]] == 0.5).all()
    straight, mirrored = seen
    assert (straight == crops.crops(range(3))).all()
    assert (mirrored[:2] == straight[:2, :, ::-1]).all()
    assert (
        mirrored[2] == landmarks.realign(straight[2], shifted(6).astype(np.float32))[:, ::-1]
    ).all()


def test_landmarks_that_do_not_fit_are_named(tmp_path: Path) -> None:
    ids = pd.Series(["a", "b"])
    with pytest.raises(ConfigurationError, match=r"cannot read the landmarks .*none\.parquet"):
        landmarks.read_landmarks(tmp_path / "none.parquet", ids)
    path = landmarks_file(tmp_path, {"c": ON_TEMPLATE})
    with pytest.raises(ConfigurationError, match="of none of the crops"):
        landmarks.read_landmarks(path, ids)
    path = landmarks_file(tmp_path, {"a": ON_TEMPLATE[:4]})
    with pytest.raises(ConfigurationError, match="'a' are not five pairs"):
        landmarks.read_landmarks(path, ids)
    table = pa.table({"id": ["a", "a"], "landmarks": [[1.0] * 10] * 2})
    pq.write_table(table, path)
    with pytest.raises(ConfigurationError, match="names 'a' 2 times"):
        landmarks.read_landmarks(path, ids)
    found = landmarks.read_landmarks(landmarks_file(tmp_path, {"a": ON_TEMPLATE, "b": None}), ids)
    assert found[0] == pytest.approx(ON_TEMPLATE)
    assert np.isnan(found[1]).all()


def test_what_is_kept_is_used_again_for_the_same_crops_only(
    crops: labelled.LabelledSet, tmp_path: Path
) -> None:
    landmarks_file(tmp_path, {"face 1": shifted(6)})
    cache = parts.Cache(tmp_path / "cache")
    first = parts.to_learn(crops, experiment(), tmp_path, cache)
    kept = sorted((tmp_path / "cache").iterdir())
    assert [path.name.rsplit("-", 1)[0] for path in kept] == ["crops-64", "realigned-64"]
    times = [path.stat().st_mtime_ns for path in kept]
    again = parts.to_learn(crops, experiment(), tmp_path, cache)
    assert [path.stat().st_mtime_ns for path in kept] == times
    assert (again.pixels == first.pixels).all()

    landmarks_file(tmp_path, {"face 1": shifted(3)})
    parts.to_learn(crops, experiment(), tmp_path, cache)
    parts.to_learn(crops.subset([0, 1]), experiment(), tmp_path, cache)
    assert len(list((tmp_path / "cache").iterdir())) == 5
