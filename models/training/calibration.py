"""Fit a calibration (auditor/calibration.py) to labelled faces."""

import numpy as np
from scipy.optimize import minimize_scalar

from auditor.ages import AGES, AgeDistributions
from auditor.calibration import Calibration, tempered
from auditor.errors import ModelError
from models.training.metrics import Floats

COVERAGES = (0.80, 0.95)

_KNOTS = np.array([0, 0.01, 0.025, *np.linspace(0.05, 0.95, 19), 0.975, 0.99, 1])
_FEWEST = 100
_SMALLEST = 1e-12


def fit(ages: AgeDistributions, age: Floats) -> Calibration:
    """Fit to the distributions of faces whose completed years are known.

    Raises:
        ModelError: too few faces.
    """
    if len(age) < _FEWEST:
        raise ModelError(f"{len(age)} faces are too few to calibrate on: {_FEWEST} are needed")
    temperature = _temperature(ages, age)
    below, within = _at_label(tempered(ages, temperature), age)
    # A label fills its whole year, so it counts for as much of it as lies under the knot.
    shares = (_KNOTS[:, None] - below) / np.maximum(within, 1e-9)
    happened = np.clip(shares, 0, 1).mean(axis=1)
    happened[0], happened[-1] = 0, 1
    curve = tuple(_KNOTS.tolist()), tuple(happened.tolist())
    mapped = Calibration(temperature, *curve, (), len(age))
    below, within = _at_label(mapped.apply(ages), age)
    reached = np.sort(np.abs(2 * (below + within / 2) - 1))
    levels = []
    for coverage in COVERAGES:
        rank = int(np.ceil((len(age) + 1) * coverage))
        levels.append((coverage, float(reached[min(rank, len(age)) - 1])))
    return Calibration(temperature, *curve, tuple(levels), len(age))


def _at_label(ages: AgeDistributions, age: Floats) -> tuple[Floats, Floats]:
    """The probability below each face's own age, and within its year."""
    year = np.clip(np.floor(age), AGES[0], AGES[-1]).astype(int)
    rows = np.arange(len(year))
    within = ages.probabilities[rows, year]
    below = np.cumsum(ages.probabilities, axis=1)[rows, year] - within
    return below, within


def _temperature(ages: AgeDistributions, age: Floats) -> float:
    """The temperature of the highest likelihood of the labels, between a fifth and five."""

    def loss(logarithm: float) -> float:
        _, within = _at_label(tempered(ages, float(np.exp(logarithm))), age)
        return float(-np.log(np.maximum(within, _SMALLEST)).mean())

    found = minimize_scalar(loss, bounds=(-np.log(5), np.log(5)), method="bounded")
    return float(np.exp(found.x))
