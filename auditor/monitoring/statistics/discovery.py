"""Control of the false-discovery rate over many tests."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


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
    order = np.argsort(values)
    stepped = values[order] * len(values) / np.arange(1, len(values) + 1)
    found = np.empty(len(values), np.float64)
    found[order] = np.minimum.accumulate(stepped[::-1])[::-1]
    return np.clip(found, 0, 1)
