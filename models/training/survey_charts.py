"""The plots of the explored set's page."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from models.training.drawing import INK, colour, svg

_FEW = 50


def bars_by_year(ages: Mapping[str, NDArray[np.floating]], title: str) -> Markup:
    """Stacked bars of completed years, a colour a series."""

    def draw(axes: Any) -> None:
        bottom = np.zeros(101)
        for number, (name, values) in enumerate(ages.items()):
            counts = np.bincount(np.clip(np.floor(values).astype(int), 0, 100), minlength=101)
            axes.bar(range(101), counts, bottom=bottom, width=1, color=colour(number), label=name)
            bottom += counts
        axes.set_xlim(-1, 101)
        axes.set_xlabel("age, years")
        axes.set_ylabel("pictures")

    return svg(draw, title, legend=len(ages) > 1)


def lines_by_year(ages: Mapping[str, NDArray[np.floating]], title: str) -> Markup:
    """The share of each three years of age within each series of more than a few."""
    ages = {name: values for name, values in ages.items() if len(values) >= _FEW} or ages

    def draw(axes: Any) -> None:
        edges = np.arange(0, 103, 3)
        for number, (name, values) in enumerate(ages.items()):
            shares = np.histogram(values, edges)[0] / max(1, len(values))
            axes.stairs(shares * 100, edges, color=colour(number), label=name, linewidth=1.4)
        axes.set_xlim(0, 102)
        axes.set_xlabel("age, years")
        axes.set_ylabel("% of the series")

    return svg(draw, title, legend=True)


def last_digits(shares: Mapping[str, Sequence[float]], title: str) -> Markup:
    """The share of each last digit, beside the tenth that it should have."""

    def draw(axes: Any) -> None:
        width = 0.8 / max(1, len(shares))
        for number, (name, values) in enumerate(shares.items()):
            places = np.arange(10) - 0.4 + width * (number + 0.5)
            axes.bar(
                places, np.array(values) * 100, width=width * 0.92, color=colour(number), label=name
            )
        axes.axhline(10, color=INK, linewidth=0.8, linestyle="--")
        axes.set_xticks(range(10))
        axes.set_xlabel("last digit of the age")
        axes.set_ylabel("% (Myers)")

    return svg(draw, title, legend=len(shares) > 1)


def histogram(values: NDArray[np.floating], title: str, label: str, *, log: bool = False) -> Markup:
    """How often a property has which value; the outer half percent is left out."""

    def draw(axes: Any) -> None:
        low, high = np.quantile(values, [0.005, 0.995]) if len(values) else (0, 1)
        if log:
            low = max(low, 0.1)
            edges = np.geomspace(low, max(high, low * 2), 50)
            axes.set_xscale("log")
        else:
            edges = np.linspace(low, max(high, low + 1e-3), 50)
        axes.hist(values, edges, color=colour(1))
        axes.set_xlabel(label)
        axes.set_ylabel("pictures")

    return svg(draw, title)


def years_apart(differences: NDArray[np.floating], title: str) -> Markup:
    """How many years apart the two labels of one photograph are."""

    def draw(axes: Any) -> None:
        counts = np.bincount(np.clip(np.floor(differences).astype(int), 0, 30), minlength=31)
        axes.bar(range(31), counts, width=0.85, color=colour(0))
        axes.set_xlabel("years between the two labels (30 is 30 and more)")
        axes.set_ylabel("pairs")

    return svg(draw, title)
