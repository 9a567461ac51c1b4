"""Make distributions over ages mean what they say, and intervals hold what they claim.

Three steps, all fitted on labelled faces that the model was not trained on:

- a temperature widens or narrows the distributions to the best log likelihood (Guo et al. 2017,
  arXiv 1706.04599), so that the next step finds something to map where the model was too sure;
- the cumulative distribution F of every face becomes R(F), where R is the empirical distribution
  of F at the true ages (Kuleshov, Fenner and Ermon 2018, arXiv 1807.00263). One monotone map for
  all ages keeps a full distribution, from which the estimate and every P(under X) follow;
- an interval that should hold 80 % takes the central level that held it on the fitting faces,
  with split-conformal's correction for their number (Romano, Patterson and Candes 2019,
  arXiv 1905.03222, with the distribution's own quantiles as the scores).
"""

import json
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import minimize_scalar

from auditor.ages import AGES, AgeDistributions
from auditor.errors import ModelError
from models.training.metrics import Floats

#: Version of calibration.json.
SCHEMA_VERSION = 1

COVERAGES = (0.80, 0.95)

_KNOTS = np.array([0, 0.01, 0.025, *np.linspace(0.05, 0.95, 19), 0.975, 0.99, 1])
_FEWEST = 100
_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted map and levels; applied to what the model gives."""

    temperature: float  # over 1 widens
    stated: tuple[float, ...]  # cumulative probabilities, from 0 to 1
    happened: tuple[float, ...]  # what they became, from 0 to 1, never falling
    levels: tuple[tuple[float, float], ...]  # coverage wanted, central level to ask for
    faces: int  # that it was fitted on

    @classmethod
    def fit(cls, ages: AgeDistributions, age: Floats) -> Self:
        """Fit to the distributions of faces whose completed years are known.

        Raises:
            ModelError: too few faces.
        """
        if len(age) < _FEWEST:
            raise ModelError(f"{len(age)} faces are too few to calibrate on: {_FEWEST} are needed")
        temperature = _temperature(ages, age)
        below, within = _at_label(_tempered(ages, temperature), age)
        # A label fills its whole year, so it counts for as much of it as lies under the knot.
        shares = (_KNOTS[:, None] - below) / np.maximum(within, 1e-9)
        happened = np.clip(shares, 0, 1).mean(axis=1)
        happened[0], happened[-1] = 0, 1
        mapped = cls(temperature, tuple(_KNOTS.tolist()), tuple(happened.tolist()), (), len(age))
        below, within = _at_label(mapped.apply(ages), age)
        reached = np.sort(np.abs(2 * (below + within / 2) - 1))
        levels = []
        for coverage in COVERAGES:
            rank = int(np.ceil((len(age) + 1) * coverage))
            levels.append((coverage, float(reached[min(rank, len(age)) - 1])))
        return cls(temperature, mapped.stated, mapped.happened, tuple(levels), len(age))

    def apply(self, ages: AgeDistributions) -> AgeDistributions:
        """The distributions after temperature and map."""
        tempered = _tempered(ages, self.temperature).probabilities
        cumulative = np.clip(np.cumsum(tempered, axis=1), 0, 1)
        cumulative[:, -1] = 1
        mapped = np.interp(cumulative, self.stated, self.happened)
        return AgeDistributions.from_scores(np.diff(mapped, axis=1, prepend=0.0))

    def interval(self, mapped: AgeDistributions, coverage: float) -> tuple[Floats, Floats]:
        """The interval that holds ``coverage``, of distributions from :meth:`apply`.

        Raises:
            KeyError: a coverage that was not fitted.
        """
        return mapped.interval(dict(self.levels)[coverage])

    def as_json(self) -> str:
        """What is stored with the model version."""
        return json.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "method": "temperature; monotone map of the distribution; split-conformal levels",
                "temperature": self.temperature,
                "stated": self.stated,
                "happened": self.happened,
                "levels": [list(level) for level in self.levels],
                "faces": self.faces,
            },
            indent=1,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read back what :meth:`as_json` wrote.

        Raises:
            ModelError: another version, or no map.
        """
        try:
            entries = json.loads(text)
            if entries["schema_version"] != SCHEMA_VERSION:
                raise ModelError(f"calibration of schema {entries['schema_version']!r}")
            found = cls(
                float(entries["temperature"]),
                tuple(map(float, entries["stated"])),
                tuple(map(float, entries["happened"])),
                tuple((float(wanted), float(level)) for wanted, level in entries["levels"]),
                int(entries["faces"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"cannot read the calibration: {error!r}") from error
        if not 0 < found.temperature < np.inf:
            raise ModelError("the calibration's temperature is no positive number")
        for side in (np.array(found.stated), np.array(found.happened)):
            if len(side) != len(found.stated) or len(side) < 2 or (np.diff(side) < 0).any():
                raise ModelError("the calibration is no monotone map")
            if side[0] != 0 or side[-1] != 1:
                raise ModelError("the calibration does not go from 0 to 1")
        return found


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
        _, within = _at_label(_tempered(ages, float(np.exp(logarithm))), age)
        return float(-np.log(np.maximum(within, _SMALLEST)).mean())

    found = minimize_scalar(loss, bounds=(-np.log(5), np.log(5)), method="bounded")
    return float(np.exp(found.x))


def _tempered(ages: AgeDistributions, temperature: float) -> AgeDistributions:
    logarithms = np.log(np.maximum(ages.probabilities, _SMALLEST)) / temperature
    highest = logarithms.max(axis=1, keepdims=True)
    return AgeDistributions.from_scores(np.exp(logarithms - highest))
