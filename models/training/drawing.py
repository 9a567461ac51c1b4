"""The plots of the training tools' pages, drawn as those of the report."""

import hashlib
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from auditor.report.plots import COLOURS, inline_svg

#: The page's own colour of text.
INK = COLOURS["ink"]

_COLOURS = ("#b4481f", "#3c7fb1", "#2c8c7c", "#c29a2f", "#8a6fb0", "#7d8791")
_SIZE = (374, 223)  # px: so narrow that the letters keep their size on a phone
_STYLE = {"lines.markersize": 4, "lines.linewidth": 1.2}


def colour(number: int) -> str:
    """The colour of a series, by its number from 0; after the last, they begin again."""
    return _COLOURS[number % len(_COLOURS)]


def svg(draw: Callable[[Any], None], title: str, *, legend: bool = False) -> Markup:
    """A plot.

    Args:
        draw: draws into the ``matplotlib.axes.Axes`` that it is given.
        title: no two plots of a page have the same: the ids within the SVG follow from it.
        legend: above the plot.
    """
    ident = f"chart-{hashlib.sha256(title.encode()).hexdigest()[:8]}"
    return inline_svg(
        ident, draw, title=title, description="", size=_SIZE, style=_STYLE, legend=legend
    )
