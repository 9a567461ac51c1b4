"""Corrects counts by age group for the age model's errors.

The errors mix the groups, so that differences between them come out too small.

A basket is known by probabilities over groups, p. Over many baskets of true group g their mean is
row g of the confusion matrix M (auditor/faces/confusion.py), whatever is in the baskets, so soft
counts s[h] = sum of p[h] over the baskets with some product are expected to be sum over g of t[g]
M[g, h], where t[g] are the baskets of group g with it. This is solved for t by weighted least
squares under two constraints that hold for the truth: no t[g] is negative, and they add up to the
number of baskets.
(Lipton, Wang and Smola 2018, arXiv 1802.03916, solve the same equation; Buonaccorsi 2010,
"Measurement Error", chapter 2, gives it for misclassified counts.)

It rests on one assumption: given the true group, how old a face looks says nothing more about the
basket. Seventeen-year-olds who buy as 30-year-olds do *and* look it are seen as they look.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from auditor.errors import ModelError
from auditor.faces.ages import Floats

_WORST_CONDITION = 1e3
_FEASIBLE = 1e-9
_AT_A_TIME = 20_000


@dataclass(frozen=True, slots=True)
class Deconvolution:
    """The correction by one matrix M, prepared for many vectors of soft counts."""

    matrix: Floats  # M, shape (groups, groups)
    inverse: Floats  # of M
    #: From unconstrained to constrained, by which groups are not zero: bit g of the place is group
    #: g. Shape (2 ** groups, groups, groups).
    solutions: Floats

    @classmethod
    def of(cls, matrix: Floats) -> Self:
        """Prepare the correction by a confusion matrix, rows summing to 1.

        Raises:
            ModelError: the model cannot tell the groups apart.
        """
        if np.linalg.cond(matrix) > _WORST_CONDITION:
            raise ModelError(
                "the age model cannot tell these age groups apart; choose fewer, wider groups in "
                "insights.age_groups"
            )
        groups = len(matrix)
        # Distances are measured as soft counts see them: |M^T (t - u)|.
        metric = matrix @ matrix.T
        solutions = [
            _on_support(metric, np.flatnonzero([support >> g & 1 for g in range(groups)]))
            for support in range(1 << groups)
        ]
        return cls(matrix, np.asarray(np.linalg.inv(matrix), np.float64), np.array(solutions))

    def linear(self, soft: Floats) -> Floats:
        """The unconstrained solution, shape (..., groups): unbiased, and negative at times."""
        return np.asarray(soft @ self.inverse)

    def constrained(self, linear: Floats) -> Floats:
        """The nearest counts to ``linear`` (..., groups) without negatives, of the same totals.

        There are up to 255 sets of groups that could be the non-zero ones, each with one solution
        that is linear in what is given: these are prepared, so that the optimum is exact and
        thousands of vectors are solved at once.
        """
        flat = linear.reshape(-1, linear.shape[-1])
        best = np.clip(flat, 0, None)
        outside = np.flatnonzero((flat < 0).any(axis=1))
        for start in range(0, len(outside), _AT_A_TIME):
            rows = outside[start : start + _AT_A_TIME]
            best[rows] = self._nearest(flat[rows])
        return best.reshape(linear.shape)

    def _nearest(self, linear: Floats) -> Floats:
        """Drop groups that come out negative until none does; then test whether that is optimal."""
        bits = 1 << np.arange(linear.shape[1])
        support = np.full(len(linear), bits.sum())
        allowed = -_FEASIBLE * (np.abs(linear).max(axis=1, keepdims=True) + 1)
        while True:
            points = np.einsum("nij,nj->ni", self.solutions[support], linear)
            negative = points < allowed
            if not negative.any():
                break
            support -= negative @ bits
        # Karush, Kuhn and Tucker: along no group that was dropped may the loss fall.
        slope = (points - linear) @ self.matrix @ self.matrix.T
        inside = (support[:, None] & bits) > 0
        level = (slope * inside).sum(axis=1, keepdims=True) / inside.sum(axis=1, keepdims=True)
        optimal = (inside | (slope >= level + allowed)).all(axis=1)
        points[~optimal] = self._best_of_all(linear[~optimal])
        return np.asarray(np.clip(points, 0, None))

    def _best_of_all(self, linear: Floats) -> Floats:
        """The feasible solution of least loss over all supports: one of them is the optimum."""
        best, least = np.zeros_like(linear), np.full(len(linear), np.inf)
        allowed = -_FEASIBLE * (np.abs(linear).max(axis=1, initial=0) + 1)
        for solution in self.solutions[1:]:
            points = linear @ solution.T
            loss = (((points - linear) @ self.matrix) ** 2).sum(axis=1)
            better = (loss < least) & (points.min(axis=1, initial=0) >= allowed)
            least[better], best[better] = loss[better], points[better]
        return best


def _on_support(metric: Floats, chosen: NDArray[np.intp]) -> Floats:
    """The matrix that takes u to the t of least distance with its total, zero off ``chosen``."""
    size, groups = len(chosen), len(metric)
    if not size:
        return np.zeros((groups, groups))
    system = np.zeros((size + 1, size + 1))
    system[:size, :size] = metric[np.ix_(chosen, chosen)]
    system[:size, size] = system[size, :size] = 1
    right = np.vstack([metric[chosen], np.ones(groups)])
    solution = np.zeros((groups, groups))
    solution[chosen] = np.linalg.solve(system, right)[:size]
    return solution
