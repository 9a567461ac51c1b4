"""How many of some sales to expect, from the probability of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_DIRECT_CONVOLUTION = 256
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Expected:
    """How many of ``among`` to expect, and the 80 % range that chance alone gives it."""

    among: int
    mean: float
    low: int
    high: int


def expect(probabilities: Iterable[float]) -> Expected:
    """How many of independent events to expect, each with its own probability.

    The count is Poisson binomial (Hong 2013, doi 10.1016/j.csda.2012.10.006). Its distribution is
    computed exactly, by convolution; the range goes from its 10 % to its 90 % quantile. The range
    covers chance only: probabilities that are wrong, or wrong together, widen it.
    """
    p = [min(max(float(x), 0.0), 1.0) for x in probabilities]
    cumulative = np.cumsum(_distribution(p))
    low, high = (int(np.searchsorted(cumulative, q - _ROUNDING)) for q in (0.1, 0.9))
    return Expected(len(p), sum(p), low, min(high, len(p)))


def expect_alike(probabilities: Sequence[float], number: int) -> Expected:
    """What to expect of ``number`` other events, each as likely as these are on average."""
    if not probabilities:
        return expect([])
    return expect([sum(probabilities) / len(probabilities)] * number)


def _distribution(p: Sequence[float]) -> NDArray[np.float64]:
    """P(0), P(1), ... P(n) of the number of events, by convolving the two halves."""
    if len(p) <= 1:
        return np.array([1 - p[0], p[0]] if p else [1.0])
    left, right = _distribution(p[: len(p) // 2]), _distribution(p[len(p) // 2 :])
    if min(len(left), len(right)) < _DIRECT_CONVOLUTION:
        return np.convolve(left, right)
    size = len(left) + len(right) - 1
    return np.fft.irfft(np.fft.rfft(left, size) * np.fft.rfft(right, size), size)
