"""What a predicted distribution over ages 0-100 says: expectation, spread, probabilities.

Ages are completed years, as labels and the law count them: someone of label 17 is under 18.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AGES = np.arange(101)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AgeDistributions:
    """Distributions over AGES, one a face.

    ``levels`` are pairs of a coverage and the central probability of an interval that really holds
    it, measured on labelled faces (auditor/calibration.py). A coverage without one is taken at its
    word.
    """

    probabilities: Floats  # shape (faces, 101), each row summing to 1
    levels: tuple[tuple[float, float], ...] = ()

    def __getitem__(self, rows: slice | NDArray[np.generic]) -> "AgeDistributions":
        """The distributions of some of the faces."""
        return AgeDistributions(self.probabilities[rows], self.levels)

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

    def interval(self, coverage: float) -> tuple[Floats, Floats]:
        """The central interval that holds ``coverage``, years.

        Each year's probability is spread evenly over half a year on either side of it, so that the
        ends are on the same scale as the expectation. They are kept within 0 and 100.
        """
        tail = (1 - dict(self.levels).get(coverage, coverage)) / 2
        return self._quantile(tail), self._quantile(1 - tail)

    def _quantile(self, level: float) -> Floats:
        cumulative = np.cumsum(self.probabilities, axis=1)
        year = np.minimum((cumulative < level).sum(axis=1), AGES.size - 1)
        rows = np.arange(len(cumulative))
        within = self.probabilities[rows, year]
        below = cumulative[rows, year] - within
        fraction = np.divide(level - below, within, out=np.zeros_like(within), where=within > 0)
        return np.asarray(np.clip(year - 0.5 + np.clip(fraction, 0, 1), AGES[0], AGES[-1]))
