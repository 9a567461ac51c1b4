"""The page of an explored set: remarks, counts, plots and contact sheets."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from models.training import contact_sheets, pages
from models.training.labels import REASONS
from models.training.pages import INK, colour, svg
from models.training.remarks import remarks
from models.training.summary import Spread, Summary, differences

_FAULTS_SHOWN = 30
_SERIES_SHOWN = 6
_FEW = 50  # pictures of a series, below which it has no line


def render(summary: Summary) -> str:
    """The page, self-contained: opens from a file, without scripts."""
    faults = summary.labelled.faults
    return pages.render(
        "explore.html.jinja",
        summary=summary,
        counts={name: summary.counts(name) for name in ("sex", "group", "source", "split")},
        several_faces=int((summary.measured["faces"] > 1).sum()),
        findings=remarks(summary),
        faults=faults.astype("string").fillna("").head(_FAULTS_SHOWN).to_dict("records"),
        fault_count=len(faults),
        reasons=REASONS,
        age_charts=[
            {"title": f"By {name}", "svg": draw(_ages_by(summary.measured, name), f"age-{name}")}
            for draw, name in zip(
                (_bars_by_year, _bars_by_year, _lines_by_year),
                ("sex", "source", "group"),
                strict=True,
            )
        ],
        digit_chart=_last_digits(summary),
        copy_chart=_years_apart(summary) if len(summary.near) else None,
        quality_charts=[
            {
                "title": spread.name.replace("stored_kb", "stored size").capitalize(),
                "svg": _histogram(summary.measured[spread.name].to_numpy(float), spread),
            }
            for spread in summary.spreads
        ],
        sheets=contact_sheets.by_age(summary),
        edges=list(contact_sheets.edges(summary)),
    )


def _ages_by(measured: pd.DataFrame, column: str) -> dict[str, NDArray[np.float64]]:
    """The ages of each value, the most frequent ones first; the rest together."""
    values = measured[column].astype("string").fillna("not known")
    names = [str(name) for name in values.value_counts().index]
    shown = names if len(names) <= _SERIES_SHOWN else names[: _SERIES_SHOWN - 1]
    series = {name: measured.loc[values == name, "age"].to_numpy(float) for name in shown}
    if len(shown) < len(names):
        rest = measured.loc[~values.isin(shown), "age"].to_numpy(float)
        series[f"{len(names) - len(shown)} others"] = rest
    return series


def _bars_by_year(ages: Mapping[str, NDArray[np.floating]], title: str) -> Markup:
    """Stacked bars of completed years, a colour a series."""

    def draw(axes: Any) -> None:
        colours = [colour(number) for number in range(len(ages))]
        years = [np.clip(values, 0, 100) for values in ages.values()]
        axes.hist(years, range(102), stacked=True, color=colours, label=list(ages), align="left")
        axes.set_xlim(-1, 101)
        axes.set_xlabel("age, years")
        axes.set_ylabel("pictures")

    return svg(draw, title, legend=len(ages) > 1)


def _lines_by_year(ages: Mapping[str, NDArray[np.floating]], title: str) -> Markup:
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


def _last_digits(summary: Summary) -> Markup:
    """The share of each last digit, beside the tenth that it should have."""
    parts = summary.heaping_by_source or {"all": summary.heaping}
    known = {name: heaping.digits for name, heaping in parts.items() if heaping.digits}
    shares = dict(list(known.items())[:_SERIES_SHOWN])

    def draw(axes: Any) -> None:
        width = 0.8 / max(1, len(shares))
        for number, (name, values) in enumerate(shares.items()):
            places = np.arange(10) - 0.4 + width * (number + 0.5)
            shown = np.array(values) * 100
            axes.bar(places, shown, width=width * 0.92, color=colour(number), label=name)
        axes.axhline(10, color=INK, linewidth=0.8, linestyle="--")
        axes.set_xticks(range(10))
        axes.set_xlabel("last digit of the age")
        axes.set_ylabel("% (Myers)")

    return svg(draw, "digits", legend=len(shares) > 1)


def _histogram(values: NDArray[np.floating], spread: Spread) -> Markup:
    """How often a property has which value; the outer half percent is left out."""

    def draw(axes: Any) -> None:
        low, high = np.quantile(values, [0.005, 0.995])
        if spread.name == "sharpness":
            low = max(low, 0.1)
            edges = np.geomspace(low, max(high, low * 2), 50)
            axes.set_xscale("log")
        else:
            edges = np.linspace(low, max(high, low + 1e-3), 50)
        axes.hist(values, edges, color=colour(1))
        axes.set_xlabel(spread.meaning)
        axes.set_ylabel("pictures")

    return svg(draw, f"quality-{spread.name}")


def _years_apart(summary: Summary) -> Markup:
    """How many years apart the two labels of one photograph are."""

    def draw(axes: Any) -> None:
        years = np.clip(differences(summary.measured, summary.near), 0, 30)
        axes.hist(years, range(32), rwidth=0.85, color=colour(0), align="left")
        axes.set_xlabel("years between the two labels (30 is 30 and more)")
        axes.set_ylabel("pairs")

    return svg(draw, "copies")
