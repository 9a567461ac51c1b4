"""The page of an explored set: remarks, counts, plots and contact sheets."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from models.training import contact_sheets, pages
from models.training.labels import REASONS
from models.training.pages import INK, colour, svg
from models.training.remarks import remarks
from models.training.summary import Summary, differences

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
        age_charts=_age_charts(summary),
        digit_chart=_digit_chart(summary),
        copy_chart=_copy_chart(summary),
        quality_charts=_quality_charts(summary),
        sheets=contact_sheets.by_age(summary),
        edges=list(contact_sheets.edges(summary)),
    )


def _age_charts(summary: Summary) -> list[dict[str, Any]]:
    return [
        {
            "title": "By sex",
            "svg": _bars_by_year(_ages_by(summary.measured, "sex"), "age-sex"),
        },
        {
            "title": "By source",
            "svg": _bars_by_year(_ages_by(summary.measured, "source"), "age-source"),
        },
        {
            "title": "By group",
            "svg": _lines_by_year(_ages_by(summary.measured, "group"), "age-group"),
        },
    ]


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


def _digit_chart(summary: Summary) -> Markup:
    parts = summary.heaping_by_source or {"all": summary.heaping}
    shares = {name: heaping.digits for name, heaping in parts.items() if heaping.digits}
    return _last_digits(dict(list(shares.items())[:_SERIES_SHOWN]), "digits")


def _copy_chart(summary: Summary) -> Markup | None:
    if not len(summary.near):
        return None
    return _years_apart(differences(summary), "copies")


def _quality_charts(summary: Summary) -> list[dict[str, Any]]:
    return [
        {
            "title": spread.name.replace("stored_kb", "stored size").capitalize(),
            "svg": _histogram(
                summary.measured[spread.name].to_numpy(float),
                f"quality-{spread.name}",
                spread.meaning,
                log=spread.name == "sharpness",
            ),
        }
        for spread in summary.spreads
    ]


def _bars_by_year(ages: Mapping[str, NDArray[np.floating]], title: str) -> Markup:
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


def _last_digits(shares: Mapping[str, Sequence[float]], title: str) -> Markup:
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


def _histogram(
    values: NDArray[np.floating], title: str, label: str, *, log: bool = False
) -> Markup:
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


def _years_apart(differences: NDArray[np.floating], title: str) -> Markup:
    """How many years apart the two labels of one photograph are."""

    def draw(axes: Any) -> None:
        counts = np.bincount(np.clip(np.floor(differences).astype(int), 0, 30), minlength=31)
        axes.bar(range(31), counts, width=0.85, color=colour(0))
        axes.set_xlabel("years between the two labels (30 is 30 and more)")
        axes.set_ylabel("pairs")

    return svg(draw, title)
