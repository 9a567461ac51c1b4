"""Whether groups of people are estimated differently, or only look so by their ages or by chance.

Faces are compared within strata: five-year age bands and, unless sources are what is compared, one
source. The difference between a group and all others is the mean over strata of its mean minus
theirs, weighted by n1 n2 / (n1 + n2) (Mantel and Haenszel). Chance is what permuting the group
within strata gives: a sum over many strata, so near normal, whose mean and variance are known
(Mantel 1963). The p values of one table are corrected by Holm's method.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from models.training.metrics import Flags, Floats

_BAND_YEARS = 5
_SMALLEST = 20
_SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """A group against all others, at the same ages."""

    kind: str  # sex, group or source
    name: str
    figure: str  # "absolute error" or "bias"
    faces: int  # of the group, in strata that hold others too
    years: float  # the group's figure minus the others'
    p: float  # by permutation
    p_holm: float  # corrected for all rows of the table

    @property
    def real(self) -> bool:
        """Whether chance is an unlikely reason."""
        return self.p_holm < _SIGNIFICANT


def differences(table: pd.DataFrame, error: Floats) -> list[Difference]:
    """Compare each sex, group and source with all others by its errors, estimate minus label.

    The table has these columns and age; rows without the one compared are left out.
    """
    band = (table["age"] // _BAND_YEARS).astype(int).astype(str)
    source = table["source"].astype("object").fillna("unknown").astype(str)
    found = []
    for kind in ("sex", "group", "source"):
        strata = band if kind == "source" else band + source
        known = table[kind].notna().to_numpy(bool)
        values = table[kind][known].astype(str).to_numpy()
        names = sorted(set(values))
        for name in names[:1] if len(names) == 2 else names if len(names) > 2 else []:
            for figure, numbers in (("absolute error", np.abs(error)), ("bias", error)):
                compared = _compare(values == name, strata[known].to_numpy(), numbers[known])
                if compared is not None:
                    found.append((kind, name, figure, *compared))
    corrected = holm(np.array([row[-1] for row in found]))
    return [Difference(*row, p) for row, p in zip(found, corrected.tolist(), strict=True)]


def holm(p: Floats) -> Floats:
    """P values corrected for having been taken together (Holm 1979)."""
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(steps, 1)
    return corrected


def _compare(inside: Flags, strata: np.ndarray, numbers: Floats) -> tuple[int, float, float] | None:
    """Faces, difference and p; none where too few faces have others to be compared with."""
    _, stratum = np.unique(strata, return_inverse=True)
    total = np.bincount(stratum)
    own = np.bincount(stratum, weights=inside)
    weights = own * (total - own) / total
    faces = int(own[own < total].sum())
    # The weighted difference is the group's sum of deviations from the strata's means.
    deviation = numbers - (np.bincount(stratum, weights=numbers) / total)[stratum]
    observed = float(deviation[inside].sum())
    variances = np.bincount(stratum, weights=deviation**2) / np.maximum(total - 1, 1)
    spread = float(np.sqrt((weights * variances).sum()))
    if faces < _SMALLEST or spread < 1e-9:
        return None
    p = 2 * norm.sf(abs(observed) / spread)
    return faces, observed / float(weights.sum()), float(p)
