"""Undo the blur that the age model's error puts on differences between age groups.

A basket is known by probabilities over groups, p. Over many baskets of true group g their mean is
row g of the confusion matrix M (auditor/confusion.py), whatever is in the baskets, so soft counts
s[h] = sum of p[h] over the baskets with some product are expected to be sum over g of t[g] M[g, h],
where t[g] are the baskets of group g with it. This is solved for t by weighted least squares under
two constraints that the truth keeps: no t[g] is negative, and they add up to the baskets there are.
(Lipton, Wang and Smola 2018, arXiv 1802.03916, solve the same equation; Buonaccorsi 2010,
"Measurement Error", chapter 2, gives it for misclassified counts.)

It rests on one assumption: given the true group, how old a face looks says nothing more about the
basket. Seventeen-year-olds who buy as 30-year-olds do *and* look it are seen as they look.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Self

import numpy as np
from numpy.typing import NDArray

from auditor.ages import Floats
from auditor.errors import ModelError

_WORST_CONDITION = 1e3
_FEASIBLE = 1e-9
_AT_A_TIME = 20_000


@dataclass(frozen=True, slots=True)
class Unblur:
    """The solution for one matrix M, ready for many vectors of soft counts."""

    matrix: Floats  # M, shape (groups, groups)
    inverse: Floats  # of M
    solutions: Floats  # by support, shape (supports, groups, groups): unconstrained to constrained

    @classmethod
    def of(cls, matrix: Floats) -> Self:
        """Prepare the solution for a confusion matrix, rows summing to 1.

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
            _on_support(metric, np.array(chosen))
            for size in range(1, groups + 1)
            for chosen in combinations(range(groups), size)
        ]
        return cls(matrix, np.linalg.inv(matrix), np.array(solutions))

    def linear(self, soft: Floats) -> Floats:
        """The unconstrained solution, shape (..., groups): unbiased, and negative at times."""
        return np.asarray(soft @ self.inverse)

    def constrained(self, linear: Floats) -> Floats:
        """The nearest counts to ``linear`` that are not negative and have the same total.

        The best of the solutions on every set of groups that could be the non-zero ones: with up
        to eight groups there are 255, so that the optimum is exact (the Karush-Kuhn-Tucker point
        of its own support) and thousands of vectors are solved at once.

        Args:
            linear: shape (..., groups), each with a total that is not negative.
        """
        flat = linear.reshape(-1, linear.shape[-1])
        best = np.clip(flat, 0, None)
        outside = np.flatnonzero((flat < 0).any(axis=1))
        for start in range(0, len(outside), _AT_A_TIME):
            rows = outside[start : start + _AT_A_TIME]
            best[rows] = self._nearest(flat[rows])
        return best.reshape(linear.shape)

    def _nearest(self, linear: Floats) -> Floats:
        best, least = np.zeros_like(linear), np.full(len(linear), np.inf)
        allowed = -_FEASIBLE * (np.abs(linear).max(axis=1) + 1)
        for solution in self.solutions:
            points = linear @ solution.T
            loss = (((points - linear) @ self.matrix) ** 2).sum(axis=1)
            better = (loss < least) & (points.min(axis=1) >= allowed)
            least[better], best[better] = loss[better], np.clip(points[better], 0, None)
        return best


def _on_support(metric: Floats, chosen: NDArray[np.intp]) -> Floats:
    """The matrix that takes u to the t of least distance with its total, zero off ``chosen``."""
    size, groups = len(chosen), len(metric)
    system = np.zeros((size + 1, size + 1))
    system[:size, :size] = metric[np.ix_(chosen, chosen)]
    system[:size, size] = system[size, :size] = 1
    right = np.vstack([metric[chosen], np.ones(groups)])
    solution = np.zeros((groups, groups))
    solution[chosen] = np.linalg.solve(system, right)[:size]
    return solution
