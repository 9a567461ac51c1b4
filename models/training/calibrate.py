"""How well a version's probabilities and intervals hold on labelled faces.

A calibration is fitted on one half of them and measured on the other. Which half a face is in
follows from its id and the seed.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditor.faces.ages import AgeDistributions
from auditor.faces.calibration import Calibration
from auditor.faces.model import AgeNetwork
from models.training.calibration import COVERAGES, fit
from models.training.labelled import LabelledSet
from models.training.metrics import (
    BAND_NAMES,
    Flags,
    Floats,
    Measured,
    bands,
    calibration_error,
    coverage,
)

LEGAL_AGES = (18, 25)

#: Random halvings whose mean is reported.
HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Judged:
    """Estimates of faces whose completed years are known, all made in one way."""

    ages: AgeDistributions
    age: Floats  # years, shape (faces,)


@dataclass(frozen=True, slots=True)
class Report:
    """How well probabilities and intervals hold."""

    name: str
    faces: int
    errors: dict[int, float]  # expected calibration error of P(under X), by X
    coverages: dict[float, Measured]
    by_age: dict[str, dict[float, Measured]]  # of the true age
    by_estimate: dict[str, dict[float, Measured]]
    mae: float
    bias: float


def predict(network: AgeNetwork, labelled: LabelledSet) -> AgeDistributions:
    """The network's own distributions for a labelled set, in its order."""
    parts = [network.predict(batch) for batch in labelled.batches()]
    return AgeDistributions.joined(parts or [AgeDistributions.from_scores(np.empty((0, 101)))])


def first_half(ids: Iterable[str], seed: int) -> Flags:
    """Which faces are in the first half: by a hash of their id, whatever else is in the set."""
    digests = [hashlib.sha256(f"{seed}/{name}".encode()).digest() for name in ids]
    return np.array([digest[0] < 128 for digest in digests], bool)


def crossed(ages: AgeDistributions, age: Floats, first: Flags) -> list[Judged]:
    """Each half as the calibration that was fitted on the other half sees it."""
    return [
        Judged(fit(ages[~half], age[~half]).apply(ages[half]), age[half])
        for half in (first, ~first)
    ]


def reports(
    ages: AgeDistributions, age: Floats, ids: Iterable[str], calibration: Calibration, seed: int
) -> list[Report]:
    """What the calibration changes, on faces that were not fitted.

    Args:
        ages: of the network itself.
        age: completed years.
        ids: of the faces.
        calibration: fitted on the first half.
        seed: of the halves.

    Returns:
        Before, after; crossed, where every half is once the other half; and last, the mean of what
        ``HALVINGS`` halvings give, each crossed: one alone leaves it to chance which faces of a
        small band are in which half.
    """
    names = list(ids)
    other = ~first_half(names, seed)
    seeds = range(seed, seed + HALVINGS)
    halvings = [measure("crossed", crossed(ages, age, first_half(names, each))) for each in seeds]
    return [
        measure("before", [Judged(ages[other], age[other])]),
        measure("after", [Judged(calibration.apply(ages[other]), age[other])]),
        halvings[0],
        mean("halvings", halvings),
    ]


def mean(name: str, parts: list[Report]) -> Report:
    """The mean of reports on the same faces; intervals are those of one report, on average."""
    figures = ("errors", "coverages", "by_age", "by_estimate", "mae", "bias")
    means = [_mean([getattr(part, figure) for part in parts]) for figure in figures]
    return Report(name, parts[0].faces, *means)


def _mean(parts: list[Any]) -> Any:
    """The mean of numbers, of figures by their faces, or, in a mapping, of each of its values."""
    if isinstance(parts[0], Measured):
        rows = np.array([(part.value, part.low, part.high, part.count) for part in parts])
        value, low, high = np.average(rows[:, :3], axis=0, weights=rows[:, 3])
        return Measured(float(value), float(low), float(high), round(rows[:, 3].mean()))
    if isinstance(parts[0], dict):
        keys = dict.fromkeys((*BAND_NAMES, *parts[0]))  # a part may lack a band
        found = {key: [part[key] for part in parts if key in part] for key in keys}
        return {key: _mean(values) for key, values in found.items() if values}
    return float(np.mean(parts))


def measure(name: str, parts: list[Judged]) -> Report:
    """Calibration errors and coverages over all parts together."""
    age = np.concatenate([part.age for part in parts])
    together = AgeDistributions.joined([part.ages for part in parts])
    intervals = {
        wanted: np.concatenate([part.ages.interval(wanted) for part in parts], axis=1)
        for wanted in COVERAGES
    }
    error = together.estimate - age

    def by_band(years: Floats) -> dict[str, dict[float, Measured]]:
        found = bands(years)
        return {
            name: {
                wanted: coverage(low[found == name], high[found == name], age[found == name])
                for wanted, (low, high) in intervals.items()
            }
            for name in BAND_NAMES
            if (found == name).any()
        }

    return Report(
        name,
        len(age),
        {limit: calibration_error(together.under(limit), age < limit) for limit in LEGAL_AGES},
        {wanted: coverage(low, high, age) for wanted, (low, high) in intervals.items()},
        by_band(age),
        by_band(together.estimate),
        float(np.abs(error).mean()),
        float(error.mean()),
    )
