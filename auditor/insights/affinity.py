"""How much more often a group buys something than all do, with intervals and tests.

- share: of the group's baskets that hold it;
- index: 100 times the group's share over everybody's (100 = average; also called lift);
- index on the same days: the same against what the group's stores and days alone would give, by
  indirect standardisation over store-days (as a standardised ratio, Breslow and Day 1987, chapter
  2), so that neither the weekday nor the season nor a shop's neighbourhood is taken for a taste;
- relative risk: the group's share over that of all others.

Intervals are 95 %, percentiles of the resamples. Differences are significant at a false-discovery
rate of 5 % (Benjamini and Hochberg 1995) over all groups and rows of a table.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from auditor.faces.ages import Floats
from auditor.insights.tallies import Counts

FALSE_DISCOVERIES = 0.05
_TAILS = (2.5, 97.5)  # percent
_FEWEST_EXPECTED = 1e-9


@dataclass(frozen=True, slots=True)
class Estimates:
    """Estimates with their 95 % intervals, all of one shape; NaN where there is none."""

    value: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, resampled: Floats) -> "Estimates":
        """From the estimate, [0], and its resamples along the first axis."""
        value = np.where(np.isfinite(resampled[0]), resampled[0], np.nan)
        low, high = (_percentile(resampled[1:], tail) for tail in _TAILS)
        return cls(value, np.fmin(low, value), np.fmax(high, value))

    def __getitem__(self, at: Any) -> "Estimates":
        """Some of them."""
        return Estimates(self.value[at], self.low[at], self.high[at])


@dataclass(frozen=True, slots=True)
class Affinity:
    """The comparison of the groups in some features; arrays of shape (features, groups)."""

    baskets: Estimates
    share: Estimates
    overall: Floats  # everybody's share, shape (features,)
    index: Estimates
    same_days: Estimates
    relative_risk: Estimates
    p: Floats  # of no difference on the same days
    differs: NDArray[np.bool_]  # with the false-discovery rate held

    def __getitem__(self, rows: slice) -> "Affinity":
        """Some of the features."""
        return Affinity(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def affinity(counts: Counts, rows: slice) -> Affinity:
    """Compare the groups in some features, all counted in baskets."""
    observed, expected = counts.observed[:, rows], counts.expected[:, rows]
    size = counts.observed[:, :1]
    total, baskets = observed.sum(axis=2, keepdims=True), size.sum(axis=2, keepdims=True)
    share = np.minimum(ratio(observed, size), 1)  # corrected separately, they need not add up
    excess = counts.linear[:, rows] - counts.expected_linear[:, rows]
    p = two_sided(excess[0], excess[1:].std(axis=0, ddof=1))
    return Affinity(
        baskets=Estimates.of(observed),
        share=Estimates.of(share),
        overall=(total / baskets)[0, :, 0],
        index=Estimates.of(100 * ratio(share, total / baskets)),
        same_days=Estimates.of(100 * ratio(observed, expected)),
        relative_risk=Estimates.of(ratio(share, ratio(total - observed, baskets - size))),
        p=p,
        differs=significant(p),
    )


def ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, NaN where there is no whole."""
    part, whole = np.broadcast_arrays(part, whole)
    has = whole > _FEWEST_EXPECTED
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=has))


def two_sided(difference: Floats, error: Floats) -> Floats:
    """P(a difference as large by chance), by the normal distribution; 1 where nothing varies."""
    z = np.divide(difference, error, out=np.zeros_like(difference), where=error > 0)
    return np.asarray(2 * stats.norm.sf(np.abs(z)))


def significant(p: Floats) -> NDArray[np.bool_]:
    """Which of all tests are significant, with the false-discovery rate held."""
    if not p.size:
        return np.zeros(p.shape, bool)
    held = stats.false_discovery_control(p.ravel(), method="bh")
    return np.asarray(held.reshape(p.shape) <= FALSE_DISCOVERIES)


def effective_baskets(share: Floats, resampled: Floats) -> float:
    """The number of baskets of known age that would give estimates as precise as the group's.

    The number at which the binomial spread of a share (features,) is the spread that its resamples
    (resamples, features) have; the median over features.
    """
    spread = np.nanvar(resampled, axis=0, ddof=1)
    usable = (share > 0) & (share < 1) & (spread > 0)
    if not usable.any():
        return 0.0
    return float(np.median((share * (1 - share))[usable] / spread[usable]))


def _percentile(values: Floats, percent: float) -> Floats:
    """Along the first axis, of what is finite; NaN where that is less than half."""
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    place = np.maximum(count - 1, 0) * percent / 100
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    at_low, at_high = (np.take_along_axis(ordered, i[None], axis=0)[0] for i in (below, above))
    found = at_low + (at_high - at_low) * (place - below)
    return np.where(2 * count > len(values), found, np.nan)
