"""What is known of a labelled set, as numbers: the page and the JSON of ``explore`` are made of it.

Nothing here decides what a number means: that is :mod:`models.training.remarks`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from auditor.monitoring.statistics.heaping import Heaping
from models.training import duplicates, image_quality
from models.training.labelled import LabelledSet

#: Bands of completed years that sheets and counts are shown by: fine where Challenge 25 decides.
BANDS = ((0, 4), (5, 9), (10, 13), (14, 17), (18, 24), (25, 34), (35, 49), (50, 64), (65, 116))

#: The properties of a crop, and what they are.
PROPERTIES = {
    "brightness": "mean grey value, 0 to 255",
    "contrast": "standard deviation of the grey values",
    "sharpness": "variance of the Laplacian at the model's input size",
    "border": "share of the crop that repeats its edge",
    "stored_kb": "of the crop, kB",
}

# A normal distribution's median distance of two draws, in standard deviations of one.
_MEDIAN_OF_TWO = 0.9539


@dataclass(frozen=True, slots=True)
class Spread:
    """A property's distribution over the crops."""

    name: str
    meaning: str
    low: float  # 1st percentile
    lower: float  # 5th
    median: float
    upper: float  # 95th
    high: float  # 99th


@dataclass(frozen=True, slots=True)
class Copies:
    """Near-duplicates: how many, whether splits part them, and whether their labels agree."""

    groups: int
    crops: int
    largest: int
    across_splits: int | None  # groups with members in several splits; None without splits
    pairs: int
    same_age: float | None  # share of pairs with one age
    mean_difference: float | None  # years
    label_sd: float | None  # of one label, from the median difference of two


@dataclass(frozen=True)
class Summary:
    """All numbers of a set, and the crops' measurements they come from."""

    labelled: LabelledSet
    measured: pd.DataFrame  # the set's table, image_quality.measure's, and ``copy_group``
    near: NDArray[np.int64]  # near-duplicate pairs
    input_size: int
    heaping: Heaping
    heaping_by_source: dict[str, Heaping]
    copies: Copies
    spreads: tuple[Spread, ...]
    grey: float  # share of crops without colour

    def counts(self, column: str) -> dict[str, int]:
        """Crops by a column's values, most first; ``not known`` where it is null."""
        values = self.measured[column].astype("string").fillna("not known").value_counts()
        return {str(value): int(count) for value, count in values.items()}

    @property
    def bands(self) -> dict[str, int]:
        """Crops by band of age."""
        ages = self.measured["age"]
        return {band_name(band): int(in_band(ages, band).sum()) for band in BANDS}


def summarise(labelled: LabelledSet, input_size: int) -> Summary:
    """Measure a set.

    Args:
        labelled: at least one crop.
        input_size: side of the model's input, pixels.
    """
    properties, prints = image_quality.measure(labelled, input_size)
    near = duplicates.pairs(prints)
    measured = pd.concat([labelled.table, properties], axis=1)
    measured = measured.assign(copy_group=duplicates.groups(prints, near))
    return Summary(
        labelled=labelled,
        measured=measured,
        near=near,
        input_size=input_size,
        heaping=Heaping.of(measured["age"].to_numpy()),
        heaping_by_source={
            str(name): Heaping.of(part["age"].to_numpy())
            for name, part in measured.groupby("source")
        },
        copies=_copies(measured, near),
        spreads=tuple(_spread(measured[name], meaning) for name, meaning in PROPERTIES.items()),
        grey=float((measured["colour"] < image_quality.GREY).mean()),
    )


def in_band(ages: "pd.Series[float]", band: tuple[int, int]) -> "pd.Series[bool]":
    """Whether completed years lie in a band, both ends included."""
    return (ages >= band[0]) & (ages < band[1] + 1)


def band_name(band: tuple[int, int]) -> str:
    """A band as it is written: ``14 to 17``."""
    return f"{band[0]} and older" if band == BANDS[-1] else f"{band[0]} to {band[1]}"


def differences(measured: pd.DataFrame, near: NDArray[np.int64]) -> NDArray[np.float64]:
    """Years between the labels of each near-duplicate pair."""
    ages = measured["age"].to_numpy()
    return np.asarray(np.abs(ages[near[:, 0]] - ages[near[:, 1]]), np.float64)


def _copies(measured: pd.DataFrame, near: NDArray[np.int64]) -> Copies:
    sizes = measured["copy_group"].value_counts()
    several = measured[measured["copy_group"].isin(sizes.index[sizes > 1])]
    across = None
    if measured["split"].notna().any():
        members = several[["copy_group", "split"]].drop_duplicates()
        across = int((members["copy_group"].value_counts() > 1).sum())
    apart = differences(measured, near)
    known = len(apart) > 0
    return Copies(
        groups=int(several["copy_group"].nunique()),
        crops=len(several),
        largest=int(sizes.max()),
        across_splits=across,
        pairs=len(near),
        same_age=float((apart == 0).mean()) if known else None,
        mean_difference=float(apart.mean()) if known else None,
        label_sd=float(np.median(apart) / _MEDIAN_OF_TWO) if known else None,
    )


def _spread(values: "pd.Series[float]", meaning: str) -> Spread:
    quantiles = np.quantile(values, [0.01, 0.05, 0.5, 0.95, 0.99])
    return Spread(str(values.name), meaning, *quantiles.tolist())
