"""The plots of the evaluation page."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from models.training.metrics import Bin, Challenge, Measured
from models.training.shift import TOLERATED, Point, falling

_INK = "#010203"  # stands for the page's own colour of text
_COLOURS = ("#b4481f", "#3c7fb1", "#2c8c7c", "#c29a2f")
_SIZE = (5.2, 3.1)


def errors(views: Mapping[str, Mapping[str, Measured]], title: str) -> Markup:
    """MAE of the parts of one kind, a colour an estimator."""

    def draw(axes: Any) -> None:
        for number, (name, parts) in enumerate(views.items()):
            places = [place + 0.18 * number for place in range(len(parts))]
            found = list(parts.values())
            spread = [[f.value - f.low for f in found], [f.high - f.value for f in found]]
            axes.errorbar(
                places,
                [f.value for f in found],
                spread,
                fmt="o",
                color=_COLOURS[number % len(_COLOURS)],
                label=name,
            )
            axes.set_xticks(range(len(parts)), list(parts))
        axes.tick_params(axis="x", labelrotation=25)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("MAE, years")

    return _svg(draw, title, legend=len(views) > 1)


def challenge(views: Mapping[str, Sequence[Challenge]], figure: str, title: str) -> Markup:
    """One Challenge-T figure against T, a colour an estimator."""

    def draw(axes: Any) -> None:
        for number, (name, rows) in enumerate(views.items()):
            found = [getattr(row, figure) for row in rows]
            at = [row.threshold for row in rows]
            colour = _COLOURS[number % len(_COLOURS)]
            axes.plot(at, [f.value * 100 for f in found], color=colour, marker="o", label=name)
            low, high = [f.low * 100 for f in found], [f.high * 100 for f in found]
            axes.fill_between(at, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.set_ylim(0, 100)
        axes.set_xlabel("T, years")
        axes.set_ylabel("%")

    return _svg(draw, title, legend=len(views) > 1)


def reliability(stages: Mapping[str, Sequence[Bin]], title: str) -> Markup:
    """What was stated against what was so."""

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=_INK, linewidth=0.6, linestyle="--")
        for number, (name, bins) in enumerate(stages.items()):
            spread = [
                [b.happened.value - b.happened.low for b in bins],
                [b.happened.high - b.happened.value for b in bins],
            ]
            axes.errorbar(
                [b.stated for b in bins],
                [b.happened.value for b in bins],
                spread,
                marker="o",
                color=_COLOURS[number % len(_COLOURS)],
                label=name,
            )
        axes.set_xlabel("stated probability")
        axes.set_ylabel("share that was so")

    return _svg(draw, title, legend=True)


def damage(points: Sequence[Point], untouched: float, unit: str, title: str) -> Markup:
    """MAE, missed coverage and faces not found against the strength of one damage."""
    lines = {
        "MAE, years": [point.mae for point in points],
        "% outside the 80 % interval": [(1 - point.coverage_80) * 100 for point in points],
        "error of P(under 25), %": [point.errors[25] * 100 for point in points],
        "% not found": [point.failed.value * 100 for point in points],
    }

    def draw(axes: Any) -> None:
        at = [point.strength for point in points]
        for (label, values), colour, mark in zip(lines.items(), _COLOURS, "os^v", strict=True):
            axes.plot(at, values, color=colour, marker=mark, label=label)
        for height, style in ((untouched, "--"), (untouched * TOLERATED, ":")):
            axes.axhline(height, color=_INK, linewidth=0.6, linestyle=style)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(unit)

    return _svg(draw, title, legend=True)


def sharpness(curve: Sequence[tuple[float, float, int]], untouched: float, title: str) -> Markup:
    """MAE against sharpness, and the falling curve through it that the gate is read off."""

    def draw(axes: Any) -> None:
        axes.set_xscale("symlog", linthresh=1)  # zero has a place; before the points, to fit them
        at = [sharpness for sharpness, _, _ in curve]
        axes.plot(at, [error for _, error, _ in curve], "o", color=_COLOURS[0])
        axes.plot(at, falling(curve), color=_COLOURS[0])
        for height, style in ((untouched, "--"), (untouched * TOLERATED, ":")):
            axes.axhline(height, color=_INK, linewidth=0.6, linestyle=style)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("sharpness, as the audit measures it")
        axes.set_ylabel("MAE, years")

    return _svg(draw, title, legend=False)


def _svg(draw: Callable[[Any], None], title: str, *, legend: bool) -> Markup:
    look: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": title,  # ids depend on the chart alone, so that two never collide
        "font.family": "sans-serif",
        "font.size": 9,
        "text.color": _INK,
        "axes.edgecolor": _INK,
        "axes.labelcolor": _INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": _INK,
        "ytick.color": _INK,
        "legend.frameon": False,
        "lines.markersize": 4,
        "lines.linewidth": 1.2,
    }
    with mpl.rc_context(look):
        figure = Figure(figsize=_SIZE, layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.subplots()
        axes.patch.set_alpha(0)
        draw(axes)
        if legend:
            figure.legend(loc="outside upper left", ncols=2)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return Markup(text)  # noqa: S704  matplotlib escapes what it draws
