"""Labelled sets: both layouts load; what cannot be used is named, counted and set aside."""

import csv
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from auditor import resources
from auditor.errors import ConfigurationError
from auditor.faces.alignment import align
from auditor.faces.detector import Detector
from auditor.faces.frames import decode
from models.training import labelled, labels
from tests.support import labelled_samples as samples


def reasons(found: labelled.LabelledSet) -> dict[str, str]:
    """What was set aside: the reason by id."""
    return dict(zip(found.faults["id"].fillna("-"), found.faults["reason"], strict=True))


def test_crops_are_read_with_what_is_known_of_them(tmp_path: Path) -> None:
    samples.write_crops(tmp_path / "train-0.parquet", [{"id": "a", "age": 30, "sex": "female"}])
    samples.write_crops(tmp_path / "train-1.parquet", [{"id": "b", "age": 4, "source": "s"}])
    samples.write_crops(tmp_path / "val-0.parquet", [{"id": "c", "age": 77.5, "group": None}])
    whole = labelled.read(tmp_path)
    assert whole.table["id"].tolist() == ["a", "b", "c"]
    assert whole.table["age"].tolist() == [30, 4, 77.5]
    assert whole.table["split"].tolist() == ["train", "train", "val"]
    assert whole.table["sex"].isna().tolist() == [False, True, True]
    assert tuple(whole.table.columns) == labelled.COLUMNS
    assert whole.faults.empty
    assert labelled.read(tmp_path, "val").table["id"].tolist() == ["c"]
    assert labelled.read(tmp_path / "val-0.parquet").table["id"].tolist() == ["c"]


def test_pixels_are_those_of_the_rows(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"id": str(number), "age": number} for number in range(20)]
    rows[3]["image"] = b"no picture"
    found = labelled.read(samples.write_crops(tmp_path / "x.parquet", rows))
    want = [samples.picture(n) for n in range(20) if n != 3]
    assert (found.crops([5, 0]) == np.stack([want[5], want[0]])).all()
    assert (found.array(192) == np.stack(want)).all()
    small = [cv2.resize(crop, (64, 64), interpolation=cv2.INTER_AREA) for crop in want]
    assert (found.array(64) == np.stack(small)).all()
    assert [len(batch) for batch in found.batches(8)] == [8, 8, 3]
    part = found.subset([18, 3])
    assert part.table["id"].tolist() == ["19", "4"]
    assert (part.crops([1]) == want[3]).all()
    assert found.subset((found.table["age"] < 3).to_numpy()).table["id"].tolist() == ["0", "1", "2"]
    assert len(found.subset([])) == 0
    assert found.array(224).shape == (19, 224, 224, 3)


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (None, "age_missing"),
        ("", "age_missing"),
        ("  ", "age_missing"),
        ("young", "age_not_a_number"),
        ("-1", "age_impossible"),
        ("117", "age_impossible"),
        ("inf", "age_impossible"),
        ("1990", "age_impossible"),
    ],
)
def test_a_label_that_is_no_age_is_set_aside(tmp_path: Path, age: str | None, reason: str) -> None:
    good, bad, young = ("good", "116"), ("bad", age), ("young", "0")
    rows = [{"id": name, "age": said} for name, said in (good, bad, young)]
    found = labelled.read(samples.write_crops(tmp_path / "x.parquet", rows))
    assert found.table["age"].tolist() == [116, 0]
    assert reasons(found) == {"bad": reason}
    assert found.faults[["file", "row", "column"]].iloc[0].tolist() == ["x.parquet", 2, "age"]
    assert reason in labels.REASONS


def test_not_a_number_is_missing(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"id": "nan", "age": float("nan")}, {"id": "good", "age": 1.0}]
    found = labelled.read(samples.write_crops(tmp_path / "x.parquet", rows))
    assert reasons(found) == {"nan": "age_missing"}


def test_a_picture_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    whole = samples.encoded(samples.picture(1), "WEBP")
    images = {
        "empty": b"",
        "null": None,
        "text": b"GIF89a, or so it says",
        "cut": whole[: len(whole) // 2],
        "small": samples.encoded(samples.picture(1, 191)),
        "wide": samples.encoded(np.zeros((192, 193, 3), np.uint8)),
        "good": whole,
    }
    rows = [{"id": name, "age": 5, "image": image} for name, image in images.items()]
    found = labelled.read(samples.write_crops(tmp_path / "x.parquet", rows))
    assert found.table["id"].tolist() == ["good"]
    assert reasons(found) == {
        "empty": "picture_missing",
        "null": "picture_missing",
        "text": "picture_unreadable",
        "cut": "picture_unreadable",
        "small": "wrong_size",
        "wide": "wrong_size",
    }
    assert len(found.crops([0])) == 1
    assert set(found.faults["reason"]) <= set(labels.REASONS)


def test_ids_that_repeat_or_lack(tmp_path: Path) -> None:
    same = samples.encoded(samples.picture(9))
    rows: list[dict[str, Any]] = [
        {"id": "again", "age": 20, "image": same},
        {"id": "again", "age": 20, "image": same},
        {"id": "two ages", "age": 20, "image": same},
        {"id": "two ages", "age": 21, "image": same},
        {"id": "two pictures", "age": 20},
        {"id": "two pictures", "age": 20},
        {"id": None, "age": 20},
        {"id": "good", "age": 20},
    ]
    found = labelled.read(samples.write_crops(tmp_path / "x.parquet", rows))
    assert found.table["id"].tolist() == ["again", "good"]
    assert found.faults.groupby("reason").size().to_dict() == {
        "id_contradictory": 4,
        "id_missing": 1,
        "id_repeated": 1,
    }


def test_every_row_is_used_or_set_aside(tmp_path: Path) -> None:
    ages = ["1", "x", None, "5", "400", "7", "7", ""]
    rows = [{"id": f"i{number // 2}", "age": age} for number, age in enumerate(ages)]
    found = labelled.read(samples.write_crops(tmp_path / "x.parquet", rows))
    assert len(found) + len(found.faults) == len(rows)


def test_a_layout_that_fits_neither_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no labelled set at .*nowhere"):
        labelled.read(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match=r"looked for .*parquet.*file_name,real_age"):
        labelled.read(tmp_path)
    pq.write_table(pa.table({"id": ["a"], "years": [3]}), tmp_path / "x.parquet")
    with pytest.raises(ConfigurationError, match=r"x\.parquet lacks the columns age, image"):
        labelled.read(tmp_path)
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(ConfigurationError, match="cannot read"):
        labelled.read(tmp_path)
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    samples.write_crops(tmp_path / "train-0.parquet", [{"id": "a", "age": 3}])
    with pytest.raises(ConfigurationError, match="no file of the split 'val': there is train"):
        labelled.read(tmp_path, "val")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the client's, with one of everything that can be wrong."""
    top = tmp_path_factory.mktemp("photographs")
    below = top / "final_files"
    below.mkdir()
    portraits = resources.folder("auditor/demo/faces")
    rows = [("file_name", "real_age")]
    ages = {"face_001.jpg": "13", "face_002.jpg": "12", "face_006.jpg": "15", "face_010.jpg": "no"}
    for name, age in ages.items():
        shutil.copy(portraits / name, below / name)
        rows.append((name, age))
    Image.fromarray(np.full((300, 200, 3), 90, np.uint8)).save(below / "wall.png")
    (below / "broken.jpg").write_bytes((below / "face_001.jpg").read_bytes()[:900])
    shutil.copy(portraits / "face_004.jpg", below / "nobody_knows.jpg")
    (top / "other").mkdir()
    for place in (top / "other", below):
        shutil.copy(portraits / "face_005.jpg", place / "twice.jpg")
    rows += [("wall.png", "40"), ("broken.jpg", "41"), ("gone.jpg", "42"), ("twice.jpg", "43")]
    with (top / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return top


def test_photographs_are_detected_and_aligned(folder: Path) -> None:
    found = labelled.read(folder)
    assert found.table["id"].tolist() == ["face_001.jpg", "face_002.jpg", "face_006.jpg"]
    assert found.table["age"].tolist() == [13, 12, 15]
    assert found.table["faces"].tolist() == [1, 1, 1]
    photograph = decode((folder / "final_files" / "face_006.jpg").read_bytes())
    face = Detector().detect([photograph])[0][0]
    assert (found.crops([2])[0] == align(photograph, face.landmarks, 192)).all()
    # 002 fills its picture and is found only with a margin around: its eyes lie where 006's do.
    eyes = [cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[45:65, 45:145] for crop in found.crops([1, 2])]
    assert np.corrcoef(eyes[0].ravel(), eyes[1].ravel())[0, 1] > 0.5
    assert reasons(found) == {
        "face_010.jpg": "age_not_a_number",
        "wall.png": "no_face",
        "broken.jpg": "picture_unreadable",
        "gone.jpg": "picture_missing",
        "twice.jpg": "name_ambiguous",
        "-": "picture_unlabelled",
    }
    unlabelled = found.faults.loc[found.faults["reason"] == "picture_unlabelled", "file"]
    assert unlabelled.tolist() == ["final_files/nobody_knows.jpg"]
    assert set(found.faults["reason"]) <= set(labels.REASONS)


def test_the_table_of_photographs_is_found_or_asked_for(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="names no splits"):
        labelled.read(folder, "val")
    pd.DataFrame({"file": ["../escape.jpg"], "age": [3]}).to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "notes.csv").write_text("nothing,of,use\n")
    assert reasons(labelled.read(tmp_path)) == {"../escape.jpg": "picture_missing"}
    shutil.copy(tmp_path / "a.csv", tmp_path / "b.csv")
    with pytest.raises(ConfigurationError, match=r"several tables of ages: a\.csv, b\.csv"):
        labelled.read(tmp_path)
    assert len(labelled.read(tmp_path / "b.csv")) == 0
