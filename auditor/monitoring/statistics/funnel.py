"""Funnel plots: how far shares of a given size vary by chance, and the overdispersion beyond it.

Spiegelhalter (2005), Funnel plots for comparing institutional performance, Statistics in Medicine
24, doi 10.1002/sim.1970: exact limits, with the interpolation of its appendix; extra variation
between units measured on what is left when the outermost tenths are drawn in (winsorised), so that
the few outliers do not widen the limits that should show them.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom, chi2, norm

from auditor.monitoring.statistics.beta_binomial import log_probabilities

Floats = NDArray[np.float64]

#: Of the units on either side, the share that is drawn in before the variation is measured.
_DRAWN_IN, _MOST_DRAWN_IN = 0.1, 0.35
_DOUBT = 0.2  # how likely the variation is to be larger than what is taken


def limits(
    target: float, trials: ArrayLike, coverage: float, overdispersion: float = 0.0
) -> Floats:
    """The limits between which shares stay with probability ``coverage``, for each size.

    Args:
        target: the expected share, between 0 and 1.
        trials: sizes, shape (n,), each at least 1.
        coverage: such as 0.95 or 0.998.
        overdispersion: how far the units' own shares differ, as in statistics.beta_binomial; 0
            draws the exact binomial limits.

    Returns:
        Lower and upper ends, shape (n, 2), between 0 and 1. The upper one is the lower one of what
        did not succeed, so that on neither side more lie outside than they should.
    """
    tail = (1 - coverage) / 2
    return np.array(
        [
            (
                _quantile(tail, int(n), target, overdispersion),
                1 - _quantile(tail, int(n), 1 - target, overdispersion),
            )
            for n in np.atleast_1d(trials)
        ]
    )


def _quantile(level: float, trials: int, target: float, overdispersion: float) -> float:
    """The share at a level of the cumulative distribution, between the two counts around it."""
    counts = np.arange(trials + 1)
    if overdispersion > 0:
        cumulative = np.cumsum(np.exp(log_probabilities(counts, trials, target, overdispersion)))
    else:
        cumulative = binom.cdf(counts, trials, target)
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

    Args:
        successes: counts, shape (n,).
        trials: how many there could have been, likewise.
        means: the expected share of each, likewise.
        outliers: share of the units that are known outliers: so many more are drawn in.
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
    doubt = known_by / float(chi2.ppf(_DOUBT, known_by))
    excess = float((drawn_in**2).sum() / _winsorised_variance(tail) * doubt - len(z))
    return float(np.clip(excess / (n - 1).sum(), 0, 0.5))


def _winsorised_variance(tail: float) -> float:
    """Variance of a standard normal with both tails drawn in; of tenths, 0.679."""
    at = float(norm.ppf(1 - tail))
    return 1 - 2 * tail - 2 * at * float(norm.pdf(at)) + 2 * tail * at**2
