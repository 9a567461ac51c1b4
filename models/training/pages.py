"""The pages of the training tools, one file each without scripts, and their plots.

A page has the report's style. A plot is SVG that takes its colours of text and lines from the page.
"""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from auditor import resources

TEMPLATES = Path(__file__).parent / "templates"

#: Stands for the page's own colour of text.
INK = "#010203"

_COLOURS = ("#b4481f", "#3c7fb1", "#2c8c7c", "#c29a2f", "#8a6fb0", "#7d8791")

_SIZE = (5.2, 3.1)  # inches: 374 px wide, so that the letters keep their size on a phone
_LETTERS = 10  # px
_SHORT = 10  # letters of a name of which three fit beside each other in a legend

_LOOK: Any = {
    "svg.fonttype": "none",  # text stays text
    "font.size": _LETTERS,
    "font.family": "sans-serif",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.markersize": 4,
    "lines.linewidth": 1.2,
}


_SHEETS = (resources.folder("reports/templates") / "style.css", TEMPLATES / "page.css")


def render(template: str, **shown: Any) -> str:
    """A page, which opens from a file.

    Args:
        template: its file in ``TEMPLATES``.
        shown: what it shows.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in _SHEETS)
    return environment.get_template(template).render(style=Markup(style), **shown)  # noqa: S704  ours


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
    with mpl.rc_context(_LOOK | {"svg.hashsalt": title}):
        figure = Figure(figsize=_SIZE, layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.subplots()
        axes.patch.set_alpha(0)
        draw(axes)
        names = axes.get_legend_handles_labels()[1] if legend else []
        if names:
            columns = 2 if max(map(len, names)) > _SHORT else 3
            figure.legend(loc="outside upper left", ncols=min(columns, len(names)))
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r'<svg ([^>]*?)height="[^"]*"([^>]*?)width="[^"]*"', r"<svg \1\2", text, count=1)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)  # it is the page's
    return Markup(text)  # noqa: S704  matplotlib escapes what it draws
