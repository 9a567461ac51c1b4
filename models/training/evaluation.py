"""The figures of an evaluation: a version of the age model, measured on labelled faces."""

from dataclasses import dataclass

import numpy as np

from auditor.faces.ages import AgeDistributions
from auditor.faces.calibration import Calibration
from auditor.faces.detector import Detector
from auditor.faces.model import AgeNetwork
from models.training import calibrate, shift
from models.training.calibrate import Judged
from models.training.calibration import fit
from models.training.differences import Difference, differences
from models.training.labelled import LabelledSet
from models.training.metrics import (
    Challenge,
    Floats,
    Measured,
    accuracy,
    challenges,
    parts,
    share,
)

#: Estimates by what was done to them.
Stages = dict[str, list[Judged]]


@dataclass(frozen=True, slots=True)
class View:
    """The figures of estimates; ``parts`` has their accuracy by kind and name of a part."""

    unreadable: Measured  # share of the pictures
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
    view: View
    differences: list[Difference]
    reports: list[calibrate.Report]
    fitted: int
    shift: shift.Shift | None


def evaluate(  # noqa: PLR0913  # each changes what is measured
    name: str,
    network: AgeNetwork,
    calibration: Calibration | None,
    labelled: LabelledSet,
    *,
    ages: AgeDistributions | None = None,
    split: str | None = None,
    shift_faces: int = 0,
    seed: int = 1,
) -> tuple[Evaluation, Stages]:
    """Measure a network on labelled faces.

    Args:
        name: of the network.
        network: what is measured.
        calibration: its own; without one, it is fitted on half of the faces to see what it changes.
        labelled: the faces.
        ages: the network's own distributions of them, where they are known already.
        split: which part of a larger set they are.
        shift_faces: how many to make worse.
        seed: of the halves.

    Returns:
        The figures; and the estimates before and after calibration, for the reliability plots.

    Raises:
        AuditorError: too few faces.
    """
    ages = calibrate.predict(network, labelled) if ages is None else ages
    age = labelled.table["age"].to_numpy(float)
    first = calibrate.first_half(labelled.table["id"], seed)
    estimate = (calibration.apply(ages) if calibration else ages).estimate
    calibration = calibration or fit(ages[first], age[first])
    crossed = calibrate.crossed(ages, age, first)
    shifted = None
    if shift_faces:
        chosen = np.flatnonzero(~first)[:shift_faces]
        judge = shift.Judge(
            Detector().detect,
            lambda crops: calibration.apply(network.predict(crops)),
            network.view.sized,
        )
        shifted = shift.measure(labelled.crops(chosen), age[chosen], judge)
    found = Evaluation(
        name,
        f"{labelled.name}{f', split {split}' if split else ''}",
        len(labelled),
        view_of(labelled, estimate),
        differences(labelled.table, estimate - age),
        calibrate.reports(ages, age, labelled.table["id"], calibration, seed),
        int(first.sum()),
        shifted,
    )
    return found, {"before": [Judged(ages, age)], "after": crossed}


def view_of(labelled: LabelledSet, estimate: Floats) -> View:
    """The figures of estimates of all faces of a set."""
    age = labelled.table["age"].to_numpy(float)
    error = estimate - age
    torn = int(labelled.faults["column"].eq("image").sum())
    return View(
        share(np.repeat([True, False], [torn, len(age)])),
        accuracy(error),
        {
            kind: {part: accuracy(error[mask]) for part, mask in masks.items()}
            for kind, masks in parts(labelled.table).items()
        },
        challenges(estimate, age),
    )
