"""Funnel plots: how far shares of a given size vary by chance, and the overdispersion beyond it.

Spiegelhalter (2005), Funnel plots for comparing institutional performance, Statistics in Medicine
24, doi 10.1002/sim.1970: exact limits, with the interpolation of its appendix; extra variation
between units measured on what is left when the outermost tenths are drawn in (winsorised), so that
the few outliers do not widen the limits that should show them.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv

from auditor.monitoring.statistics import Floats
from auditor.monitoring.statistics.beta_binomial import binomial_cdf, log_probabilities

#: Of the units on either side, the share that is drawn in before the variation is measured.
_DRAWN_IN, _MOST_DRAWN_IN = 0.1, 0.35
_DOUBT = 0.2  # how likely the variation is to be larger than what is taken


def limits(
    target: float, trials: ArrayLike, coverage: float, overdispersion: float = 0.0
) -> Floats:
    """The limits between which shares stay with probability ``coverage``, for each size.

    ``trials`` are the sizes, shape (n,), each at least 1; without ``overdispersion`` (as in
    statistics.beta_binomial) the limits are the exact binomial ones.

    Returns:
        Lower and upper ends, shape (n, 2), between 0 and 1. The upper one is the lower one of what
        did not succeed, so that on neither side more lie outside than they should.
    """
    tail, sizes = (1 - coverage) / 2, [int(n) for n in np.atleast_1d(trials)]
    low = [_quantile(tail, n, target, overdispersion) for n in sizes]
    high = [1 - _quantile(tail, n, 1 - target, overdispersion) for n in sizes]
    return np.column_stack([low, high])


def _quantile(level: float, trials: int, target: float, overdispersion: float) -> float:
    """The share at a level of the cumulative distribution, between the two counts around it."""
    counts = np.arange(trials + 1)
    if overdispersion > 0:
        cumulative = np.cumsum(np.exp(log_probabilities(counts, trials, target, overdispersion)))
    else:
        cumulative = binomial_cdf(counts, trials, target)
    at = min(int(np.searchsorted(cumulative, level, side="right")), trials)
    below = cumulative[at - 1] if at else 0.0
    step = cumulative[at] - below
    back = (cumulative[at] - level) / step if step > 0 else 0.0
    return float(np.clip((at - back) / trials, 0, 1))


def overdispersion_of(
    successes: ArrayLike, trials: ArrayLike, means: ArrayLike, *, outliers: float = 0.0
) -> float:
    """How far units differ beyond chance, as the rho of a beta-binomial; 0 for not at all.

    Each unit's distance from its expectation, in standard deviations of a binomial, is drawn in to
    the 10 % and 90 % points of all; the variance of what results is compared with what winsorising
    leaves of a standard normal, and the excess ascribed to variation between the units.

    ``successes``, ``trials`` and ``means``, the expected shares, are of shape (n,). ``outliers`` is
    the share of the units that are known outliers: so many more are drawn in.
    """
    n, mu = np.asarray(trials, float), np.asarray(means, float)
    spread = np.sqrt(n * mu * (1 - mu))
    usable = (n > 1) & (spread > 0)
    if np.count_nonzero(usable) < 3:
        return 0.0
    n = n[usable]
    z = (np.asarray(successes, float)[usable] - n * mu[usable]) / spread[usable]
    tail = min(_DRAWN_IN + outliers, _MOST_DRAWN_IN)
    drawn_in = np.clip(z, *np.quantile(z, [tail, 1 - tail]))
    # Of few units the variation is little known: what it may well be is taken, not the best guess.
    known_by = len(z) * (1 - 2 * tail)
    unlikely = 2 * float(gammaincinv(known_by / 2, _DOUBT))  # the quantile of a chi-square
    doubt = known_by / unlikely
    excess = float((drawn_in**2).sum() / _winsorised_variance(tail) * doubt - len(z))
    return float(np.clip(excess / (n - 1).sum(), 0, 0.5))


def _winsorised_variance(tail: float) -> float:
    """Variance of a standard normal with both tails drawn in; of tenths, 0.679."""
    normal = NormalDist()
    at = normal.inv_cdf(1 - tail)
    return 1 - 2 * tail - 2 * at * normal.pdf(at) + 2 * tail * at**2
