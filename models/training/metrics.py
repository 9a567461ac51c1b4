"""How good estimates of age are: figures with intervals, from arrays alone.

Ages are completed years; an error is the estimate minus the label, years.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import bootstrap

from auditor.monitoring.statistics.rates import wilson

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

REPEATS = 1000
SCORE_YEARS = (1, 3, 5, 10)
THRESHOLDS = tuple(range(20, 31))

#: Lower ends of the age bands that figures are given by; the last is open.
BANDS = (0, 13, 18, 25, 35, 50, 65)
BAND_NAMES = (*(f"{low}-{high - 1}" for low, high in pairwise(BANDS)), f"{BANDS[-1]}+")

_DRAWS_AT_ONCE = 2_000_000
_BINS = 10


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its 95 % interval and what it was measured on."""

    value: float
    low: float
    high: float
    count: int  # faces


@dataclass(frozen=True, slots=True)
class Bin:
    """Faces whose stated probability is in one tenth."""

    stated: float  # mean of what was stated
    happened: Measured  # share of them for whom it was so


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a threshold T does, as NIST's age estimation evaluation counts it (NIST IR 8525)."""

    threshold: int
    false_positive: Measured  # 14-17-year-olds estimated at or over T: minors let through
    false_positive_17: Measured  # 17-year-olds alone
    false_negative: Measured  # adults (18 and over) estimated under T: asked for nothing


def accuracy(error: Floats, repeats: int = REPEATS, seed: int = 1) -> dict[str, Measured]:
    """MAE, RMSE, bias and cumulative scores, with percentile bootstrap intervals.

    A cumulative score is the share of faces whose estimate is at most so many years off.

    Args:
        error: estimate minus label, years, shape (faces,).
        repeats: bootstrap draws.
        seed: of the draws.

    Returns:
        ``mae``, ``rmse``, ``bias`` and ``within_1`` to ``within_10``; nothing for no faces.
    """
    if not len(error):
        return {}
    size = np.abs(error)
    columns = np.stack([size, error**2, error, *(size <= years for years in SCORE_YEARS)], axis=1)
    names = ["mae", "rmse", "bias", *(f"within_{years}" for years in SCORE_YEARS)]
    found = bootstrap(
        (columns if len(error) > 1 else np.repeat(columns, 2, axis=0),),  # scipy wants two rows
        np.mean,
        n_resamples=repeats,
        batch=max(1, _DRAWS_AT_ONCE // len(error)),
        method="percentile",
        rng=seed,
    ).confidence_interval
    figures = np.stack([columns.mean(axis=0), found.low, found.high], axis=1)
    figures[1] = np.sqrt(figures[1])
    return {
        name: Measured(value, low, high, len(error))
        for name, (value, low, high) in zip(names, figures.tolist(), strict=True)
    }


def share(happened: Flags) -> Measured:
    """A share with Wilson's score interval; NaN over nothing."""
    count = len(happened)
    if not count:
        return Measured(float("nan"), float("nan"), float("nan"), 0)
    rate = wilson(int(np.sum(happened)), count)
    # Rounding can put an end of the interval just beyond the share itself.
    return Measured(rate.share, min(rate.low, rate.share), max(rate.high, rate.share), count)


def challenges(estimate: Floats, age: Floats) -> list[Challenge]:
    """The Challenge-T figures for every T of ``THRESHOLDS``."""
    minors, seventeen, adults = (age >= 14) & (age < 18), np.floor(age) == 17, age >= 18
    return [
        Challenge(
            threshold,
            share(estimate[minors] >= threshold),
            share(estimate[seventeen] >= threshold),
            share(estimate[adults] < threshold),
        )
        for threshold in THRESHOLDS
    ]


def reliability(stated: Floats, happened: Flags) -> list[Bin]:
    """What was stated against what was so, in tenths of equal width; empty ones are left out."""
    tenth = np.minimum((stated * _BINS).astype(int), _BINS - 1)
    return [
        Bin(float(stated[tenth == number].mean()), share(happened[tenth == number]))
        for number in np.unique(tenth)
    ]


def calibration_error(stated: Floats, happened: Flags) -> float:
    """Expected calibration error over tenths (Guo et al. 2017, arXiv 1706.04599)."""
    bins = reliability(stated, happened)
    gaps = [abs(b.stated - b.happened.value) * b.happened.count for b in bins]
    return float(sum(gaps) / len(stated)) if len(stated) else float("nan")


def coverage(low: Floats, high: Floats, age: Floats) -> Measured:
    """The share of labels within their intervals, ends included."""
    return share((age >= low) & (age <= high))


def bands(age: Floats) -> NDArray[np.str_]:
    """The name of each age's band: "13-17", "65+"."""
    return np.array(BAND_NAMES)[band_numbers(age)]


def band_numbers(age: NDArray[np.generic]) -> NDArray[np.intp]:
    """The place in ``BANDS`` of each age's band."""
    return np.searchsorted(BANDS, age, side="right") - 1


def parts(table: pd.DataFrame) -> dict[str, dict[str, Flags]]:
    """Masks of the faces of each age band, sex, group and source; unknown ones are in none.

    Args:
        table: columns age, sex, group and source, the last three nullable.
    """
    band = bands(table["age"].to_numpy(float))
    names = [name for name in BAND_NAMES if (band == name).any()]
    masks: dict[str, dict[str, Flags]] = {"age": {name: band == name for name in names}}
    for column in ("sex", "group", "source"):
        values = table[column].astype("object")
        masks[column] = {
            str(value): (values == value).fillna(value=False).to_numpy(bool)
            for value in sorted(values.dropna().unique())
        }
    return masks
