"""Fit a calibration (auditor/faces/calibration.py) to labelled faces."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from auditor.errors import ModelError
from auditor.faces.ages import AGES, AgeDistributions, Curve, Level
from auditor.faces.calibration import Calibration, tempered
from models.training.metrics import BANDS, Floats, band_numbers

COVERAGES = (0.80, 0.95)

_KNOTS = np.array([0, 0.01, 0.025, *np.linspace(0.05, 0.95, 19), 0.975, 0.99, 1])
_FEWEST = 100
_FEWEST_IN_A_BAND = 15
_ROUNDS = 12  # after which the levels hardly change
#: As many faces of every band as the fit takes for itself: those of other halves of the validation
#: faces are held in the bands as often as claimed with it.
_FITTED_AWAY = 0.4
_LOWEST = -1.0  # of a level
_SMALLEST = 1e-12


def fit(ages: AgeDistributions, age: Floats) -> Calibration:
    """Fit to the distributions of faces whose completed years are known.

    Raises:
        ModelError: too few faces.
    """
    if len(age) < _FEWEST:
        raise ModelError(
            f"{len(age)} faces are too few to calibrate on: {_FEWEST} are needed, and as many "
            "again to measure it on"
        )
    temperature = _temperature(ages, age)
    below, within = _at_label(tempered(ages, temperature), age)
    # A label fills its whole year, so it counts for as much of it as lies under the knot.
    shares = (_KNOTS[:, None] - below) / np.maximum(within, 1e-9)
    happened = np.clip(shares, 0, 1).mean(axis=1)
    happened[0], happened[-1] = 0, 1
    curve = tuple(_KNOTS.tolist()), tuple(happened.tolist())
    mapped = Calibration(temperature, *curve, (), len(age)).apply(ages)
    levels: list[Level] = []
    for coverage in COVERAGES:
        levels.append(_level(mapped, age, coverage, levels))
    return Calibration(temperature, *curve, tuple(levels), len(age))


def _level(ages: AgeDistributions, age: Floats, coverage: float, lower: list[Level]) -> Level:
    """The level of an interval, held as often as it claims in every band of estimate and of age.

    The bands of the one and of the other take turns: each level becomes what its band needs while
    the others stay (Jung, Noarov, Ramalingam and Roth 2023, arXiv 2209.15145).

    Args:
        ages: of the faces, mapped.
        age: their completed years.
        coverage: what is claimed.
        lower: the levels of smaller coverages, whose intervals it contains.
    """
    year, estimate = _year(age)[:, None], ages.estimate
    # An interval reaches an age by allowing it, or one further out.
    outward = np.where(year >= estimate[:, None], year <= AGES, year >= AGES)
    surprise = np.where(outward, ages.surprise, np.inf)
    by_estimate, by_age = _Steps(estimate, 1.0), _Steps(year[:, 0], 0.0)
    fitted_away = _FITTED_AWAY * (by_estimate.share_of_one + by_age.share_of_one)
    claimed = np.minimum(coverage * (1 + fitted_away), 1)
    allowed = [surprise <= level.limits(estimate) for level in lower]
    held = np.any(allowed, axis=(0, 2)) if lower else np.zeros(len(year), bool)
    alike = band_numbers(AGES) == band_numbers(year)
    for _ in range(_ROUNDS):
        short = surprise - Level(coverage, by_estimate.curve, by_age.curve).limits(estimate)
        by_estimate.raise_by(np.where(held, -np.inf, short.min(axis=1)), claimed)

        short = surprise - Level(coverage, by_estimate.curve, by_age.curve).limits(estimate)
        otherwise = held | np.any((short <= 0) & ~alike, axis=1)
        own = np.where(alike, short, np.inf).min(axis=1)
        by_age.raise_by(np.where(otherwise, -np.inf, own), claimed)
    return Level(coverage, by_estimate.curve, by_age.curve)


class _Steps:
    """A function over ages: constant in each band with enough faces, and straight between bands."""

    def __init__(self, ages: NDArray[np.generic], start: float) -> None:
        """Begin with one value for all.

        Args:
            ages: of the faces that it is fitted to, years.
            start: the value.
        """
        found = band_numbers(ages)
        counts = np.bincount(found, minlength=len(BANDS))
        self._bands = np.flatnonzero(counts >= _FEWEST_IN_A_BAND)
        self._members = found[:, None] == self._bands
        self._values = np.full(len(self._bands), start)
        self.share_of_one = self._members @ (1 / counts[self._bands])  # of its band, for each face

    @property
    def curve(self) -> Curve:
        """Its knots: the first and the last year of each band."""
        ends = [*BANDS[1:], AGES.size]
        return tuple(
            (float(year), float(value))
            for band, value in zip(self._bands, self._values, strict=True)
            for year in (BANDS[band], ends[band] - 1)
        )

    def raise_by(self, needed: Floats, claimed: Floats) -> None:
        """Raise or lower each band's value by what the claimed share of its faces needs."""
        for number, members in enumerate(self._members.T):
            rise = np.quantile(needed[members], claimed[members].mean(), method="inverted_cdf")
            self._values[number] = max(self._values[number] + rise, _LOWEST)


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
