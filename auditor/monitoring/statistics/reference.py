"""Compare many units with each other without the outliers, which would distort the reference.

A chain is its own reference. One careless cashier of twenty lowers what is expected of all, and
raises the overdispersion. So the most extreme fifth is left out of the reference at first. Then all
are compared again, and included or left out by the result, until nothing changes.
"""

from collections.abc import Callable

import numpy as np

from auditor.monitoring.statistics import Flags, Floats

_ROUNDS = 6
#: No more than this share is ever left out: what most units do is the norm.
_MOST = 0.2


def without_outliers(measure: Callable[[Flags], Floats], units: int, level: float) -> Flags:
    """Find the units that make up the reference.

    Args:
        measure: given the units of the reference, the adjusted p-value of each unit.
        units: how many there are.
        level: the p-value up to which a unit is an outlier.
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
