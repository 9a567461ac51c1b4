"""Distributions over ages 0-100: estimate, spread, probabilities, intervals.

Ages are completed years, as labels and the law count them: someone of label 17 is under 18.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

AGES = np.arange(101)

Floats = NDArray[np.float64]


#: Values at ages, years, in rising order; straight lines between, the end values beyond.
Curve = tuple[tuple[float, float], ...]

#: What of a distribution is the estimate. The median is the nearest to the age on average, whatever
#: the distribution (least absolute error); the expectation is what versions up to 3 were made for.
Decoding = Literal["median", "expectation"]

_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Level:
    """Which ages an interval of one coverage holds (auditor/faces/calibration.py has the source).

    It holds an age unless that would be too great a surprise for what the network says: a surprise
    over the sum of two curves. Both are needed. One by estimate alone holds too few of the true
    17-year-olds, who are often taken for older; one by age alone too few of those taken for 17.
    """

    coverage: float
    by_estimate: Curve
    by_age: Curve

    def limits(self, estimate: Floats) -> Floats:
        """The largest surprise allowed, shape (faces, 101), by estimates in years."""
        return along(self.by_estimate, estimate)[:, None] + along(self.by_age, AGES)


def along(curve: Curve, ages: NDArray[np.generic]) -> Floats:
    """The values of a curve at ages, years."""
    knots, values = zip(*curve, strict=True)
    return np.asarray(np.interp(ages.astype(float), knots, values))


@dataclass(frozen=True, slots=True)
class AgeDistributions:
    """Distributions over AGES, one a face.

    ``levels`` say what an interval has to hold to be right as often as it claims, measured on
    labelled faces. A coverage without one is taken at its word.
    """

    probabilities: Floats  # shape (faces, 101), each row summing to 1
    levels: tuple[Level, ...] = ()
    decoding: Decoding = "median"

    def __getitem__(self, rows: slice | NDArray[np.generic]) -> "AgeDistributions":
        """The distributions of some of the faces."""
        return replace(self, probabilities=self.probabilities[rows])

    @classmethod
    def joined(cls, parts: Sequence["AgeDistributions"]) -> "AgeDistributions":
        """The faces of all parts, at least one, of one decoding; without the levels."""
        together = np.concatenate([part.probabilities for part in parts])
        return cls(together, decoding=parts[0].decoding)

    @classmethod
    def from_scores(cls, scores: NDArray[np.floating]) -> "AgeDistributions":
        """Take softmax outputs of shape (faces, 101) and normalise them in double precision.

        Raises:
            ValueError: another shape, or a row that is no distribution.
        """
        values = np.asarray(scores, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != AGES.size:
            raise ValueError(f"expected shape (faces, {AGES.size}), got {values.shape}")
        totals = values.sum(axis=1, keepdims=True)
        if not (np.isfinite(values).all() and (values >= 0).all() and (totals > 0).all()):
            raise ValueError("a row has negative, infinite or no probability")
        return cls(values / totals)

    @property
    def estimate(self) -> Floats:
        """Estimated ages, years, shape (faces,)."""
        return self.mean if self.decoding == "expectation" else self._quantile(0.5)

    @property
    def mean(self) -> Floats:
        """Expected ages, years, shape (faces,)."""
        return np.asarray(self.probabilities @ AGES)

    @property
    def sd(self) -> Floats:
        """Standard deviations, years, shape (faces,)."""
        squares: Floats = ((AGES - self.mean[:, None]) ** 2 * self.probabilities).sum(axis=1)
        return np.sqrt(squares)

    def under(self, age: int) -> Floats:
        """P(completed years < ``age``), shape (faces,)."""
        return np.asarray(np.clip(self.probabilities[:, :age].sum(axis=1), 0.0, 1.0))

    def as_columns(self, *, legal_age: int, challenge_age: int) -> dict[str, Floats]:
        """The estimate columns of tables.FRAME_SCORES, by name; one value a face."""
        low, high = self.interval(0.80)
        low_95, high_95 = self.interval(0.95)
        return {
            "age": self.estimate,
            "age_sd": self.sd,
            "age_low": low,
            "age_high": high,
            "p_under_legal": self.under(legal_age),
            "p_under_challenge": self.under(challenge_age),
            "age_low_95": low_95,
            "age_high_95": high_95,
        }

    def over_groups(self, starts: Sequence[int]) -> Floats:
        """P(completed years are in each group), shape (faces, len(starts) + 1).

        Args:
            starts: ages, rising, at which one group ends and the next begins; the first group has
                all ages below the first of them.
        """
        ends = np.append(np.asarray(starts, dtype=np.intp), AGES.size)
        upto = np.cumsum(self.probabilities, axis=1)[:, np.minimum(ends, AGES.size) - 1]
        return np.asarray(np.clip(np.diff(upto, axis=1, prepend=0.0), 0.0, 1.0))

    @property
    def surprise(self) -> Floats:
        """How surprising each age would be, shape (faces, 101).

        It is -ln of the probability of an age at least as far out on its side, both sides counted,
        with half of the age's own year.
        """
        below = np.cumsum(self.probabilities, axis=1) - self.probabilities / 2
        return np.asarray(-np.log(np.clip(2 * np.minimum(below, 1 - below), _SMALLEST, 1)))

    def interval(self, coverage: float) -> tuple[Floats, Floats]:
        """The interval that holds the age with probability ``coverage``, years, ends included.

        With a level for the coverage: from the first to the last age that is allowed by it, or by
        one for less, and never without the estimate. Without: the central interval, with each
        year's probability spread evenly over half a year on either side of it, so that the ends
        are on the same scale as the estimate. Both are kept within 0 and 100.
        """
        levels = [level for level in self.levels if level.coverage <= coverage]
        if not any(level.coverage == coverage for level in levels):
            tail = (1 - coverage) / 2
            return self._quantile(tail), self._quantile(1 - tail)
        estimate, surprise = self.estimate, self.surprise
        limits = np.max([level.limits(estimate) for level in levels], axis=0)
        allowed = surprise <= np.maximum(limits, surprise.min(axis=1, keepdims=True))
        low, high = allowed.argmax(axis=1), AGES[-1] - allowed[:, ::-1].argmax(axis=1)
        return np.minimum(low, estimate), np.maximum(high, estimate)

    def _quantile(self, level: float) -> Floats:
        cumulative = np.cumsum(self.probabilities, axis=1)
        year = np.minimum((cumulative < level).sum(axis=1), AGES.size - 1)
        rows = np.arange(len(cumulative))
        within = self.probabilities[rows, year]
        below = cumulative[rows, year] - within
        fraction = np.divide(level - below, within, out=np.zeros_like(within), where=within > 0)
        return np.asarray(np.clip(year - 0.5 + np.clip(fraction, 0, 1), AGES[0], AGES[-1]))


def in_hundredths(probabilities: Floats) -> Floats:
    """Each row rounded to hundredths; its largest takes what is left, so that it sums to 1."""
    whole = np.rint(probabilities * 100)
    rows, largest = np.arange(len(whole)), probabilities.argmax(axis=1)
    whole[rows, largest] += 100 - whole.sum(axis=1)
    return np.asarray(whole / 100)
