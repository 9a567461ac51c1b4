"""Between which limits a day's share lies if it is a day like those before it.

A p-chart (Shewhart; Montgomery, Introduction to Statistical Quality Control, ch. 7) for shares of
unequally many sales, with two changes:

- Counts are small, so the limits are quantiles of the count instead of three standard errors: of
  the beta-binomial distribution that the past days predict for that many sales (Jeffreys' prior),
  which is wider the less past there is. For many sales and a long past it is the p-chart.
- Days differ by more than chance. The distance of the limits from the centre is multiplied by
  Laney's sigma (Laney 2002, doi 10.1081/QEN-120006555: the p'-chart), from the moving ranges of
  the standardised shares; never by less than one, since with few days a small one is chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from auditor.monitoring.statistics.beta_binomial import log_probabilities

#: Past days below which no limits are given.
LEAST_DAYS = 8

# The mean of the range of two standard normal values.
_D2 = 1.128
# As three standard errors to either side: 0.27 % of like days lie outside.
_TAIL = 0.00135
_ERRORS = 3.0
# Sales above which the distribution is as good as normal, and long to sum up.
_SUMMED = 20_000


@dataclass(frozen=True, slots=True)
class Count:
    """So many of so many sales."""

    events: int
    sales: int

    @property
    def share(self) -> float:
        """``events`` of ``sales``, from 0 to 1; there have to be sales."""
        return self.events / self.sales


@dataclass(frozen=True, slots=True)
class Band:
    """Where the share of so many sales is expected to lie, from 0 to 1, ends included."""

    low: float
    high: float

    def side(self, share: float) -> int:
        """-1 below the band, 1 above it, 0 within."""
        return (share > self.high) - (share < self.low)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the past days say: the share over all of them, and Laney's sigma (at least 1)."""

    centre: float
    sigma: float
    events: int
    sales: int

    def band(self, sales: int) -> Band:
        """The band for a day with so many sales."""
        low, high = _quantiles(sales, self.events + 0.5, self.sales - self.events + 0.5)
        return Band(
            low=max(0.0, self.centre - self.sigma * max(0.0, self.centre - low)),
            high=min(1.0, self.centre + self.sigma * max(0.0, high - self.centre)),
        )


def limits(past: Sequence[Count]) -> Limits | None:
    """The limits that past days, of at least one sale each, set in order of time.

    None where the days are too few.
    """
    if len(past) < LEAST_DAYS:
        return None
    events, sales = sum(day.events for day in past), sum(day.sales for day in past)
    return Limits(events / sales, max(1.0, laney_sigma(past)), events, sales)


def _quantiles(sales: int, a: float, b: float) -> tuple[float, float]:
    """The two tails of the beta-binomial share of so many sales: summed up, or normal if many."""
    mean = a / (a + b)
    if sales > _SUMMED:
        sd = sqrt(mean * (1 - mean) * (1 / sales + (1 - 1 / sales) / (a + b + 1)))
        return mean - _ERRORS * sd, mean + _ERRORS * sd
    chances = np.exp(log_probabilities(np.arange(sales + 1), sales, mean, 1 / (a + b + 1)))
    low, high = np.searchsorted(np.cumsum(chances), (_TAIL, 1 - _TAIL))
    return int(low) / sales, int(min(high, sales)) / sales


def laney_sigma(days: Sequence[Count]) -> float:
    """By how much the days vary more (or less) than chance alone would have it; 1 is chance.

    The mean moving range of the standardised shares over 1.128; 1 where no share varies.
    """
    events, sales = sum(day.events for day in days), sum(day.sales for day in days)
    centre = events / sales
    if centre in (0.0, 1.0):
        return 1.0
    z = [(day.share - centre) / sqrt(centre * (1 - centre) / day.sales) for day in days]
    return float(np.abs(np.diff(z)).mean() / _D2)
