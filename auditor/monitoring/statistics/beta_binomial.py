"""Counts whose share differs from one to the next: the beta-binomial distribution.

``overdispersion`` is the correlation of two trials of one origin, often called rho: from 0 (a
binomial: every trial has the same chance) towards 1. The variance of a share of n trials is
``mean (1 - mean) / n * (1 + (n - 1) rho)``. In terms of a beta distribution of the shares,
a = mean / rho - mean and b = (1 - mean) (1 / rho - 1).
"""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv, betaln, gammaln

from auditor.monitoring.statistics import Codes, Floats
from auditor.monitoring.statistics.rates import Rate

#: Means are kept off 0 and 1, where a beta distribution has no room to vary.
_EDGE = 1e-6
#: Bounds of the strength a + b that is fitted; beyond the upper one, shares are all but equal.
_WEAKEST, _STRONGEST = 1e-2, 1e6
_AT_A_TIME = 1_000_000  # probabilities that are summed: 100 MB


def lower_tail(
    successes: ArrayLike, trials: ArrayLike, mean: ArrayLike, overdispersion: float
) -> Floats:
    """P(at most so many successes), one for each count; exact.

    ``successes`` and ``trials`` are of shape (n,), as is ``mean``, the expected share of each,
    which may be one for all.
    """
    k, n, mu = np.broadcast_arrays(
        *np.atleast_1d(successes, trials), np.clip(mean, _EDGE, 1 - _EDGE)
    )
    k, n = k.astype(np.int64), n.astype(np.int64)
    if overdispersion <= 0:
        return binomial_cdf(k, n, mu)
    terms = np.maximum(k + 1, 0)
    blocks = (np.cumsum(terms) - terms) // _AT_A_TIME
    edges = np.searchsorted(blocks, np.arange(blocks.max(initial=0) + 2))
    parts = [slice(start, end) for start, end in pairwise(edges.tolist())]
    tails = [_summed(terms[part], n[part], mu[part], overdispersion) for part in parts]
    return np.clip(np.concatenate(tails), 0, 1)


def _summed(terms: Codes, n: Codes, mu: Floats, overdispersion: float) -> Floats:
    """The sum of the first ``terms`` probabilities of each."""
    owner = np.repeat(np.arange(len(terms)), terms)
    counts = np.arange(len(owner)) - np.repeat(np.cumsum(terms) - terms, terms)
    chances = np.exp(log_probabilities(counts, n[owner], mu[owner], overdispersion))
    return np.asarray(np.bincount(owner, chances, len(terms)), np.float64)


def binomial_cdf(successes: ArrayLike, trials: ArrayLike, mean: ArrayLike) -> Floats:
    """P(at most so many successes) without overdispersion; the arguments broadcast."""
    k, n = np.asarray(successes), np.asarray(trials)
    inside = (k >= 0) & (k < n)
    a, b = np.where(inside, n - k, 1), np.where(inside, k + 1, 1)
    return np.where(inside, betainc(a, b, 1 - np.asarray(mean)), k >= n)


def upper_tail(
    successes: ArrayLike, trials: ArrayLike, mean: ArrayLike, overdispersion: float
) -> Floats:
    """P(at least so many successes); otherwise as :func:`lower_tail`."""
    failures = np.asarray(trials) - np.asarray(successes)
    return lower_tail(failures, trials, 1 - np.asarray(mean), overdispersion)


def log_probabilities(
    successes: ArrayLike, trials: ArrayLike, mean: ArrayLike, overdispersion: float
) -> Floats:
    """The logarithm of P(exactly so many successes); ``overdispersion`` over 0."""
    k, n, mu = np.asarray(successes), np.asarray(trials), np.asarray(mean)
    strength = 1 / overdispersion - 1
    a, b = mu * strength, (1 - mu) * strength
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(ways + betaln(k + a, n - k + b) - betaln(a, b), np.float64)


def fit_overdispersion(successes: ArrayLike, trials: ArrayLike, means: ArrayLike) -> float:
    """The likeliest overdispersion of counts with these expected shares; 0 for fewer than 2."""
    k, n = np.asarray(successes, float), np.asarray(trials, float)
    mu = np.clip(np.asarray(means, float), _EDGE, 1 - _EDGE)
    if np.count_nonzero(n) < 2:
        return 0.0

    def overdispersion(log_strength: float) -> float:
        return float(1 / (1 + np.exp(log_strength)))

    from scipy.optimize import minimize_scalar  # noqa: PLC0415  # 0.3 s, and only here

    found = minimize_scalar(
        lambda at: -float(log_probabilities(k, n, mu, overdispersion(at)).sum()),
        bounds=(np.log(_WEAKEST), np.log(_STRONGEST)),
        method="bounded",
    )
    return overdispersion(found.x)


def shrunken(successes: int, trials: int, mean: float, overdispersion: float) -> Rate:
    """The share that is likeliest behind a count, drawn towards what is expected of it.

    Empirical Bayes: the mean of the posterior beta distribution, with its central 95 %. Of 4
    in 10 little is believed, of 400 in 1,000 nearly all. With an ``overdispersion`` of 0 nothing is
    believed but the expectation.
    """
    mu = min(max(mean, _EDGE), 1 - _EDGE)
    strength = 1 / max(overdispersion, 1 / _STRONGEST) - 1
    a, b = mu * strength + successes, (1 - mu) * strength + trials - successes
    low, high = betaincinv(a, b, (0.025, 0.975))
    return Rate(a / (a + b), float(low), float(high))
