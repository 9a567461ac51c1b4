"""How far a new value lies from a few earlier ones, up to half of which may be outliers."""

from math import pi

import numpy as np
from scipy.special import stdtr

from auditor.monitoring.statistics import Floats

# Makes the estimator that of a normal's standard deviation.
_NORMAL = 2.2219
# Degrees of freedom that each value after the first is worth: by simulation of normal values, 10 to
# 27 of them, a p-value of 0.0001 to 0.01 then means what it says to within a fifth.
_WORTH = 0.7


def spread(values: Floats) -> Floats:
    """The standard deviation by Rousseeuw and Croux's Qn (1993): half the values may be anything.

    Args:
        values: samples of equal size, shape (samples, size), size at least 2.

    Returns:
        One a sample, 0 where more than about half of the values are the same.
    """
    size = values.shape[1]
    first, second = np.triu_indices(size, 1)
    half = size // 2 + 1
    nearest = half * (half - 1) // 2 - 1
    apart = np.abs(values[:, first] - values[:, second])
    correction = size / (size + 1.4) if size % 2 else size / (size + 3.8)
    found = np.partition(apart, nearest, axis=1)[:, nearest]
    return np.asarray(found * _NORMAL * correction, np.float64)


def by_chance(away: Floats, deviation: Floats, size: int) -> Floats:
    """P(a new value so far from the median of earlier ones, to either side), were all normal.

    ``away`` is the distance from the median of the ``size`` earlier values, ``deviation`` their
    :func:`spread`, over 0.
    """
    wide = deviation * np.sqrt(1 + pi / 2 / size)  # the median itself varies
    return np.asarray(2 * stdtr(_WORTH * (size - 1), -np.abs(away) / wide), np.float64)
