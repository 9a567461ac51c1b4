"""Fit a calibration (auditor/faces/calibration.py) to labelled faces."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog, minimize_scalar

from auditor.errors import ModelError
from auditor.faces.ages import AGES, AgeDistributions, Level, along
from auditor.faces.calibration import Calibration, tempered
from models.training.metrics import BANDS, Floats

COVERAGES = (0.80, 0.95)

_KNOTS = np.array([0, 0.01, 0.025, *np.linspace(0.05, 0.95, 19), 0.975, 0.99, 1])
_FEWEST = 100
_FEWEST_AT_A_KNOT = 15
#: Where the levels bend: the middle of each band of age, and five years into the last.
_MIDDLES = (*((low + high - 1) / 2 for low, high in pairwise(BANDS)), BANDS[-1] + 5)
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
    mapped = Calibration(temperature, *curve, (), len(age)).apply(ages)
    levels = tuple(_level(mapped, age, coverage) for coverage in COVERAGES)
    return Calibration(temperature, *curve, levels, len(age))


def _level(ages: AgeDistributions, age: Floats, coverage: float) -> Level:
    """The level of an interval, by quantile regression on hat functions over estimate and age.

    At the optimum, as many faces under every hat are held as the coverage wants, but for about one
    a hat: what the fit takes for itself is given back by aiming so much higher.
    """
    year = _year(age)
    surprise = ages.surprise[np.arange(len(year)), year]
    by_estimate, by_age = _Hats.over(ages.mean), _Hats.over(year)
    columns = np.hstack([by_estimate.values, by_age.values])
    wanted = coverage * (1 + (columns.shape[1] - 1) / len(year))
    values = _quantile_regression(columns, surprise, min(wanted, 1 - 1 / len(year)))
    count = len(by_estimate.knots)
    return Level(
        coverage,
        tuple(zip(by_estimate.knots, values[:count].tolist(), strict=True)),
        tuple(zip(by_age.knots, values[count:].tolist(), strict=True)),
    )


@dataclass(frozen=True, slots=True)
class _Hats:
    """Functions that are 1 at their knot, 0 at the others, and straight between."""

    knots: list[float]
    values: Floats  # shape (faces, knots)

    @classmethod
    def over(cls, ages: NDArray[np.generic]) -> Self:
        """Those of the middles of the bands of age that enough faces are near to."""
        knots = np.array(_MIDDLES)
        nearest = np.abs(ages[:, None] - knots).argmin(axis=1)
        kept = knots[np.bincount(nearest, minlength=len(knots)) >= _FEWEST_AT_A_KNOT]
        hats = [
            along(tuple(zip(kept, row, strict=True)), ages) for row in np.eye(len(kept)).tolist()
        ]
        return cls(kept.tolist(), np.stack(hats, axis=1))


def _quantile_regression(columns: Floats, target: Floats, quantile: float) -> Floats:
    """Coefficients of the least pinball loss (Koenker and Bassett 1978), by linear programming."""
    count, width = columns.shape
    over = sparse.identity(count)
    found = linprog(
        np.concatenate([np.zeros(width), np.full(count, quantile), np.full(count, 1 - quantile)]),
        A_eq=sparse.hstack([sparse.csr_matrix(columns), over, -over], format="csc"),
        b_eq=target,
        bounds=[(None, None)] * width + [(0, None)] * (2 * count),
        method="highs",
    )
    return np.asarray(found.x[:width])


def _year(age: Floats) -> NDArray[np.intp]:
    return np.clip(np.floor(age), AGES[0], AGES[-1]).astype(np.intp)


def _at_label(ages: AgeDistributions, age: Floats) -> tuple[Floats, Floats]:
    """The probability below each face's own age, and within its year."""
    year = _year(age)
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
