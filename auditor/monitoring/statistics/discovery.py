"""Control of the false-discovery rate over many tests."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import false_discovery_control


def adjusted(p_values: ArrayLike) -> NDArray[np.float64]:
    """p-values after Benjamini and Hochberg (1995): the smallest rate at which each is reported.

    Of those whose adjusted value is at most q, a share of at most q is there by chance, in the
    mean over many such tests; with exact p-values of counts, which come in steps, rather less.

    Args:
        p_values: of independent or positively dependent tests, shape (n,); n may be 0.
    """
    values = np.asarray(p_values, np.float64)
    if not values.size:
        return values
    return np.asarray(false_discovery_control(np.clip(values, 0, 1), method="bh"), np.float64)
