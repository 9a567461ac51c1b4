"""Whether ages were written down or guessed: guesses heap on round numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_WHIPPLE = slice(23, 63)  # the ages of Whipple's index

#: The United Nations' scale of Whipple's index: upper ends, and what they call it.
SCALE = (
    (105.0, "highly accurate"),
    (110.0, "fairly accurate"),
    (125.0, "approximate"),
    (175.0, "rough"),
    (float("inf"), "very rough"),
)


@dataclass(frozen=True, slots=True)
class Heaping:
    """How far a set's ages heap. None where no ages are in the range of the index."""

    faces: int
    whipple: float | None
    whipple_margin: float | None  # half the width of its 95 % interval, were there no heaping
    myers: float | None
    digits: tuple[float, ...]  # Myers's blended share of each last digit, 0 to 9; empty without one
    rounded: float | None  # share of labels rounded to the nearest 5 that would explain Whipple's

    @classmethod
    def of(cls, ages: Sequence[float] | NDArray[np.floating]) -> "Heaping":
        """Measure completed years: 34.9 counts as 34."""
        return cls.of_counts(
            np.bincount(np.floor(np.asarray(ages, float)).astype(int), minlength=100)
        )

    @classmethod
    def of_counts(cls, counts: NDArray[np.integer]) -> "Heaping":
        """Measure people by completed year of age, from 0, at least to 89."""
        index = whipple(counts)
        shares = digit_shares(counts)
        return cls(
            faces=int(counts.sum()),
            whipple=index,
            # By chance a fifth of n ages varies as a binomial share.
            whipple_margin=None
            if index is None
            else float(500 * 1.96 * np.sqrt(0.2 * 0.8 / counts[_WHIPPLE].sum())),
            myers=None if shares is None else float(50 * np.abs(shares - 0.1).sum()),
            digits=() if shares is None else tuple(float(share) for share in shares),
            # With a share r rounded, r + (1 - r) / 5 of the ages end in 0 or 5.
            rounded=None if index is None else min(1.0, max(0.0, (index / 100 - 1) / 4)),
        )

    @property
    def quality(self) -> str:
        """Whipple's index in the United Nations' words."""
        if self.whipple is None:
            return "no ages from 23 to 62"
        return next(words for upper, words in SCALE if self.whipple < upper)


def whipple(counts: NDArray[np.integer]) -> float | None:
    """Whipple's index over ages 23-62, digits 0 and 5; ``counts`` are by completed year, from 0.

    Returns:
        100 without heaping, 500 if all ages end in 0 or 5, under 100 if they are avoided.
    """
    total = counts[_WHIPPLE].sum()
    return float(counts[25:61:5].sum() * 500 / total) if total else None


def digit_shares(counts: NDArray[np.integer]) -> NDArray[np.float64] | None:
    """Share of each last digit after Myers (1940): blended, so that fewer old people do not show.

    Digit d counts d + 1 times from age 10 + d and 9 - d times from age 20 + d, over seven decades
    each, so that all ages lie in 10-89 and equal numbers at every age give equal shares. (Some
    authors end both sums at 89, which gives 1.7 to a set without any heaping.) ``counts`` are
    people by completed year of age, from 0, at least to 89.
    """
    first, second = (counts[start : start + 70].reshape(7, 10).sum(axis=0) for start in (10, 20))
    digits = np.arange(10)
    blended = (digits + 1) * first + (9 - digits) * second
    total = blended.sum()
    return np.asarray(blended / total, np.float64) if total else None
