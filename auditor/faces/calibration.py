"""Calibrates distributions over ages, so that probabilities and intervals hold as stated.

Three steps, fitted by :mod:`models.training.calibration` on labelled faces that the model was not
trained on, and kept with the version of the model:

- a temperature widens or narrows the distributions to the best log likelihood (Guo et al. 2017,
  arXiv 1706.04599), so that the next step finds something to map where the model was too sure;
- the cumulative distribution F of every face becomes R(F), where R is the empirical distribution
  of F at the true ages (Kuleshov, Fenner and Ermon 2018, arXiv 1807.00263). One monotone map for
  all ages keeps a full distribution, from which the estimate and every P(under X) follow;
- an interval that should hold 80 % holds the ages whose surprise (``AgeDistributions.surprise``) is
  at most what the fitting faces needed. What is allowed is a sum of two curves, one over the
  estimate and one over the age, fitted in turns, so that 80 % are held in every band of the
  estimate and in every band of the true age, not on average only (Jung, Noarov, Ramalingam and
  Roth 2023, arXiv 2209.15145; by true age alone: Vovk 2012, arXiv 1209.2673).
"""

import json
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Any, Self

import numpy as np

from auditor.errors import ModelError
from auditor.faces.ages import AgeDistributions, Curve, Floats, Level

#: Version of calibration.json.
SCHEMA_VERSION = 2

_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted map and levels; applied to what the model gives."""

    temperature: float  # above 1 it widens the distributions
    stated: tuple[float, ...]  # cumulative probabilities, from 0 to 1
    happened: tuple[float, ...]  # observed frequencies, from 0 to 1, never falling
    levels: tuple[Level, ...]  # of the intervals, by coverage
    faces: int  # number that it was fitted on

    def apply(self, ages: AgeDistributions, clarity: Floats | float = 1.0) -> AgeDistributions:
        """The distributions after temperature and map, with the levels of their intervals.

        ``clarity``, shape (faces,) or one for all, widens those of unclear faces
        (auditor/faces/clarity.py).
        """
        cooled = tempered(ages, self.temperature / clarity).probabilities
        cumulative = np.clip(np.cumsum(cooled, axis=1), 0, 1)
        cumulative[:, -1] = 1
        mapped = np.interp(cumulative, self.stated, self.happened)
        scores = AgeDistributions.from_scores(np.diff(mapped, axis=1, prepend=0.0))
        return replace(ages, probabilities=scores.probabilities, levels=self.levels)

    def as_json(self) -> str:
        """What is stored with the model version."""
        return json.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "method": "temperature; monotone map of the distribution; conformal levels",
                "temperature": self.temperature,
                "stated": self.stated,
                "happened": self.happened,
                "levels": [asdict(level) for level in self.levels],
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
                tuple(map(_level, entries["levels"])),
                int(entries["faces"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"cannot read the calibration: {error!r}") from error
        if not all(0 < level.coverage < 1 for level in found.levels):
            raise ModelError("a level of the calibration is for no coverage between 0 and 1")
        curves = [(level.by_estimate, level.by_age) for level in found.levels]
        for knots in map(np.array, chain.from_iterable(curves)):
            if not np.isfinite(knots).all() or (np.diff(knots[:, 0]) <= 0).any():
                raise ModelError("a level of the calibration is no curve over rising ages")
        if not 0 < found.temperature < np.inf:
            raise ModelError("the calibration's temperature is no positive number")
        for side in (np.array(found.stated), np.array(found.happened)):
            if len(side) != len(found.stated) or len(side) < 2 or (np.diff(side) < 0).any():
                raise ModelError("the calibration is no monotone map")
            if side[0] != 0 or side[-1] != 1:
                raise ModelError("the calibration does not go from 0 to 1")
        return found


def tempered(ages: AgeDistributions, temperature: Floats | float) -> AgeDistributions:
    """The distributions to the power of 1 / temperature, one for all or one each."""
    each = np.reshape(temperature, (-1, 1))
    logarithms = np.log(np.maximum(ages.probabilities, _SMALLEST)) / each
    highest = logarithms.max(axis=1, keepdims=True)
    return AgeDistributions.from_scores(np.exp(logarithms - highest))


def _level(entry: dict[str, Any]) -> Level:
    return Level(float(entry["coverage"]), _curve(entry["by_estimate"]), _curve(entry["by_age"]))


def _curve(knots: list[list[float]]) -> Curve:
    if not knots:
        raise ValueError("a curve without knots")
    return tuple((float(age), float(value)) for age, value in knots)
