"""A version of the model as a teacher: in 8 bits it says what it says in single precision."""

from pathlib import Path

import numpy as np
import pytest

from auditor.faces.ages import AGES
from auditor.faces.model import AgeModel
from models.training import labelled, parts
from models.training.config import Experiment, Labels, Schedule
from tests.support import labelled_samples


def test_the_shipped_version_teaches_what_it_estimates(tmp_path: Path) -> None:
    rows = [{"id": str(number), "age": 20} for number in range(16)]
    labelled_samples.write_crops(tmp_path / "train-0.parquet", rows)
    crops = labelled.read(tmp_path, "train")
    settings = Experiment(input_size=64, schedule=Schedule(epochs=1), labels=Labels(teacher="4"))
    part = parts.to_learn(crops, settings, tmp_path, parts.Cache(None))
    assert part.taught is not None
    taught = part.taught.astype(float)
    assert taught.sum(axis=1) == pytest.approx(np.ones(16), abs=0.01)

    pictures = crops.crops(range(16))
    network = AgeModel("4").network
    both = [network.predict(each).probabilities for each in (pictures, pictures[:, :, ::-1])]
    wanted = (both[0] + both[1]) / 2
    assert np.abs((taught - wanted) @ AGES).mean() < 1.5
