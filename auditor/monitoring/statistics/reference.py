"""Measure many against each other without those that stray: they would bend the measure.

A chain is its own yardstick. One careless cashier of twenty lowers what is expected of all, and
widens what passes for ordinary. So the fifth that is furthest out is left out of the yardstick at
first; all are measured again, and taken in or left out by that, until nothing changes.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

_ROUNDS = 6
#: No more than this share is ever left out: what most do is ordinary, however little it is liked.
_MOST = 0.2


def without_outliers(measure: Callable[[Flags], Floats], units: int, level: float) -> Flags:
    """Which units make the yardstick.

    Args:
        measure: given the units that make it, the adjusted p-value of each unit.
        units: how many there are.
        level: the p-value up to which a unit outliers.
    """
    kept, level_now = np.ones(units, np.bool_), np.inf
    for _ in range(_ROUNDS):
        values = measure(kept)
        furthest = np.argsort(values, kind="stable")[: int(units * _MOST)]
        now = np.ones(units, np.bool_)
        now[furthest] = values[furthest] > level_now
        if np.array_equal(now, kept):
            break
        kept, level_now = now, level
    return kept
