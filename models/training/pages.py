"""The pages of the training tools, one file each without scripts, and their plots.

Pages and plots have the report's style.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from markupsafe import Markup

from auditor import resources
from auditor.report.environment import template_environment
from auditor.report.plots import COLOURS, inline_svg

TEMPLATES = Path(__file__).parent / "templates"

#: The page's own colour of text.
INK = COLOURS["ink"]

_COLOURS = ("#b4481f", "#3c7fb1", "#2c8c7c", "#c29a2f", "#8a6fb0", "#7d8791")
_SIZE = (374, 223)  # px: so narrow that the letters keep their size on a phone
_STYLE = {"lines.markersize": 4, "lines.linewidth": 1.2}
_SHEETS = (resources.folder("reports/templates") / "style.css", TEMPLATES / "page.css")


def render(template: str, **shown: Any) -> str:
    """A page of one of ``TEMPLATES``, which opens from a file."""
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in _SHEETS)
    page = template_environment(TEMPLATES).get_template(template)
    return page.render(style=Markup(style), **shown)  # noqa: S704  ours


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
