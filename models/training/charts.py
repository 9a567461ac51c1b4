"""The plots of a page, as SVG that takes its colours of text and lines from the page."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray

_INK = "#010203"  # stands for the page's own colour of text
_SERIES = ("#b4481f", "#3c7fb1", "#2c8c7c", "#c29a2f", "#8a6fb0", "#7d8791")
_FEW = 50
_SIZE = (5.2, 2.9)  # inches: 374 px, so that the letters keep their size on a phone


def bars_by_year(ages: Mapping[str, NDArray[np.floating]], title: str) -> Markup:
    """Stacked bars of completed years, a colour a series."""
    with _style(title):
        figure, axes = _axes()
        bottom = np.zeros(101)
        for colour, (name, values) in zip(_colours(len(ages)), ages.items(), strict=True):
            counts = np.bincount(np.clip(np.floor(values).astype(int), 0, 100), minlength=101)
            axes.bar(range(101), counts, bottom=bottom, width=1, color=colour, label=name)
            bottom += counts
        axes.set_xlim(-1, 101)
        axes.set_xlabel("age, years")
        axes.set_ylabel("pictures")
        return _svg(figure, axes, legend=len(ages) > 1)


def lines_by_year(ages: Mapping[str, NDArray[np.floating]], title: str) -> Markup:
    """The share of each three years of age within each series of more than a few."""
    ages = {name: values for name, values in ages.items() if len(values) >= _FEW} or ages
    with _style(title):
        figure, axes = _axes()
        edges = np.arange(0, 103, 3)
        for colour, (name, values) in zip(_colours(len(ages)), ages.items(), strict=True):
            shares = np.histogram(values, edges)[0] / max(1, len(values))
            axes.stairs(shares * 100, edges, color=colour, label=name, linewidth=1.4)
        axes.set_xlim(0, 102)
        axes.set_xlabel("age, years")
        axes.set_ylabel("% of the series")
        return _svg(figure, axes, legend=True)


def last_digits(shares: Mapping[str, Sequence[float]], title: str) -> Markup:
    """The share of each last digit, beside the tenth that it should have."""
    with _style(title):
        figure, axes = _axes()
        width = 0.8 / max(1, len(shares))
        for number, (name, values) in enumerate(shares.items()):
            places = np.arange(10) - 0.4 + width * (number + 0.5)
            colour = _colours(len(shares))[number]
            axes.bar(places, np.array(values) * 100, width=width * 0.92, color=colour, label=name)
        axes.axhline(10, color=_INK, linewidth=0.8, linestyle="--")
        axes.set_xticks(range(10))
        axes.set_xlabel("last digit of the age")
        axes.set_ylabel("% (Myers)")
        return _svg(figure, axes, legend=len(shares) > 1)


def histogram(values: NDArray[np.floating], title: str, label: str, *, log: bool = False) -> Markup:
    """How often a property has which value; the outer half percent is left out."""
    with _style(title):
        figure, axes = _axes()
        low, high = np.quantile(values, [0.005, 0.995]) if len(values) else (0, 1)
        if log:
            low = max(low, 0.1)
            edges = np.geomspace(low, max(high, low * 2), 50)
            axes.set_xscale("log")
        else:
            edges = np.linspace(low, max(high, low + 1e-3), 50)
        axes.hist(values, edges, color=_SERIES[1])
        axes.set_xlabel(label)
        axes.set_ylabel("pictures")
        return _svg(figure, axes, legend=False)


def years_apart(differences: NDArray[np.floating], title: str) -> Markup:
    """How many years apart the two labels of one photograph are."""
    with _style(title):
        figure, axes = _axes()
        counts = np.bincount(np.clip(np.floor(differences).astype(int), 0, 30), minlength=31)
        axes.bar(range(31), counts, width=0.85, color=_SERIES[0])
        axes.set_xlabel("years between the two labels (30 is 30 and more)")
        axes.set_ylabel("pairs")
        return _svg(figure, axes, legend=False)


def _style(salt: str) -> Any:
    """Text stays text; ids in the SVG depend on the chart alone, so that two never collide."""
    return mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": salt,
            "font.size": 9,
            "font.family": "sans-serif",
            "text.color": _INK,
            "axes.edgecolor": _INK,
            "axes.labelcolor": _INK,
            "axes.linewidth": 0.6,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "xtick.color": _INK,
            "ytick.color": _INK,
            "legend.frameon": False,
            "legend.fontsize": 8.5,
        }
    )


def _colours(count: int) -> list[str]:
    return [_SERIES[number % len(_SERIES)] for number in range(count)]


def _axes() -> tuple[Figure, Any]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.subplots()
    axes.patch.set_alpha(0)
    return figure, axes


def _svg(figure: Figure, axes: Any, *, legend: bool) -> Markup:
    if legend:
        columns = min(3, len(axes.get_legend_handles_labels()[1]))
        figure.legend(loc="outside upper left", ncols=columns)
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r'<svg ([^>]*?)height="[^"]*"([^>]*?)width="[^"]*"', r"<svg \1\2", text, count=1)
    text = re.sub(r"font: [^;\"]*sans-serif", "font-size: 9px", text)
    return Markup(text)  # noqa: S704  matplotlib escapes what it draws
