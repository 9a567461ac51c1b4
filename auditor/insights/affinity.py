"""How much more often a group buys something than everybody does, and how sure that is.

- share: of the group's baskets that hold it;
- index: 100 times the group's share over everybody's (100 = average; also called lift);
- index on the same days: the same against what the group's stores and days alone would give, by
  indirect standardisation over store-days (as a standardised ratio, Breslow and Day 1987, chapter
  2), so that neither the weekday nor the season nor a shop's neighbourhood is taken for a taste;
- relative risk: the group's share over that of all others.

Intervals are 95 %, percentiles of the resamples. Which differences are told is decided with the
false-discovery rate held at 5 % (Benjamini and Hochberg 1995) over all groups and rows of a table.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from auditor.ages import Floats
from auditor.insights.tallies import Counts

FALSE_DISCOVERIES = 0.05
_TAILS = (2.5, 97.5)
_FEWEST_EXPECTED = 1e-9


@dataclass(frozen=True, slots=True)
class Ranged:
    """Estimates with their 95 % intervals, all of one shape; NaN where nothing can be said."""

    value: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, resampled: Floats) -> "Ranged":
        """From the estimate, [0], and its resamples along the first axis."""
        value = resampled[0]
        with np.errstate(invalid="ignore"):
            finite = np.where(np.isfinite(resampled[1:]), resampled[1:], np.nan)
            enough = np.isfinite(finite).mean(axis=0) > 0.5
            low, high = np.where(enough, np.nanpercentile(_filled(finite), _TAILS, axis=0), np.nan)
        return cls(
            np.where(np.isfinite(value), value, np.nan),
            np.fmin(low, value),
            np.fmax(high, value),
        )


@dataclass(frozen=True, slots=True)
class Affinity:
    """What can be said of rows of features; arrays have the shape (features, groups)."""

    baskets: Ranged
    share: Ranged
    overall: Floats  # everybody's share, shape (features,)
    index: Ranged
    same_days: Ranged
    relative_risk: Ranged
    p: Floats  # of no difference on the same days
    differs: NDArray[np.bool_]  # with the false-discovery rate held


def affinity(counts: Counts, rows: slice) -> Affinity:
    """Compare the groups in some features.

    Args:
        counts: of which [0] is the estimate; feature 0 is the basket itself.
        rows: the features, all counted in baskets.
    """
    observed, expected = counts.observed[:, rows], counts.expected[:, rows]
    size = counts.observed[:, :1]
    total, baskets = observed.sum(axis=2, keepdims=True), size.sum(axis=2, keepdims=True)
    share = ratio(observed, size)
    excess = counts.linear[:, rows] - counts.expected_linear[:, rows]
    p = two_sided(excess[0], excess[1:].std(axis=0, ddof=1))
    return Affinity(
        baskets=Ranged.of(observed),
        share=Ranged.of(share),
        overall=(total / baskets)[0, :, 0],
        index=Ranged.of(100 * ratio(share, total / baskets)),
        same_days=Ranged.of(100 * ratio(observed, expected)),
        relative_risk=Ranged.of(ratio(share, ratio(total - observed, baskets - size))),
        p=p,
        differs=discovered(p),
    )


def ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, NaN where there is no whole."""
    part, whole = np.broadcast_arrays(part, whole)
    has = whole > _FEWEST_EXPECTED
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=has)


def two_sided(difference: Floats, error: Floats) -> Floats:
    """P(a difference as large by chance), by the normal distribution; 1 where nothing varies."""
    z = np.divide(difference, error, out=np.zeros_like(difference), where=error > 0)
    return np.asarray(2 * stats.norm.sf(np.abs(z)))


def discovered(p: Floats) -> NDArray[np.bool_]:
    """Which of all tests are discoveries, with the false-discovery rate held."""
    if not p.size:
        return np.zeros(p.shape, bool)
    held = stats.false_discovery_control(p.ravel(), method="bh")
    return np.asarray(held.reshape(p.shape) <= FALSE_DISCOVERIES)


def effective_baskets(share: Floats, resampled: Floats) -> float:
    """As how many baskets of known age the group's estimates count.

    The number at which the binomial spread of a share is the spread that its resamples have; the
    median over features.

    Args:
        share: of the group, shape (features,).
        resampled: shape (resamples, features).
    """
    spread = np.nanvar(resampled, axis=0, ddof=1)
    usable = (share > 0) & (share < 1) & (spread > 0)
    if not usable.any():
        return 0.0
    return float(np.median((share * (1 - share))[usable] / spread[usable]))


def _filled(values: Floats) -> Floats:
    """The same with zeros in columns that are all NaN, which are masked afterwards."""
    return np.where(np.isnan(values).all(axis=0), 0.0, values)
