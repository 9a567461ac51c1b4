"""A share with the range that chance alone gives it."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from scipy.special import betaincinv

#: Of a standard normal, 95 % lie within so many standard deviations.
_NORMAL = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share between 0 and 1 with the ends of its 95 % interval."""

    share: float
    low: float
    high: float


def wilson(successes: int, trials: int) -> Rate:
    """The share of successes with its 95 % score interval (Wilson 1927).

    Raises:
        ValueError: no trials, or more successes than trials.
    """
    if not 0 <= successes <= trials or not trials:
        raise ValueError(f"{successes} of {trials} is no share")
    share, lost = successes / trials, _NORMAL**2 / trials
    middle = (share + lost / 2) / (1 + lost)
    half = sqrt(lost * (share * (1 - share) + lost / 4)) / (1 + lost)
    return Rate(share, max(0.0, middle - half), min(1.0, middle + half))


def at_most(found: int, size: int) -> float:
    """The upper 95 % limit of a share of which ``found`` of ``size`` were seen.

    Exact and one-sided (Clopper and Pearson 1934): for none of n it is near 3 / n.
    """
    if found >= size:
        return 1.0
    return float(betaincinv(found + 1, size - found, 0.95))
