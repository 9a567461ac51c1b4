"""The plots of the evaluation page."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from models.training.drawing import INK, colour, svg
from models.training.metrics import Bin, Challenge, Measured
from models.training.shift import TOLERATED, Point, falling


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
                color=colour(number),
                label=name,
            )
            axes.set_xticks(range(len(parts)), list(parts))
            axes.set_xlim(-0.5, len(parts) - 0.5 + places[0])
        axes.tick_params(axis="x", labelrotation=25)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("MAE, years")

    return svg(draw, title, legend=len(views) > 1)


def challenge(views: Mapping[str, Sequence[Challenge]], figure: str, title: str) -> Markup:
    """One Challenge-T figure against T, a colour an estimator."""

    def draw(axes: Any) -> None:
        for number, (name, rows) in enumerate(views.items()):
            found = [getattr(row, figure) for row in rows]
            at = [row.threshold for row in rows]
            axes.plot(
                at, [f.value * 100 for f in found], color=colour(number), marker="o", label=name
            )
            low, high = [f.low * 100 for f in found], [f.high * 100 for f in found]
            axes.fill_between(at, low, high, color=colour(number), alpha=0.18, linewidth=0)
        axes.set_ylim(0, 100)
        axes.set_xlabel("T, years")
        axes.set_ylabel("%")

    return svg(draw, title, legend=len(views) > 1)


def reliability(stages: Mapping[str, Sequence[Bin]], title: str) -> Markup:
    """What was stated against what was so."""

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.6, linestyle="--")
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
                color=colour(number),
                label=name,
            )
        axes.set_xlabel("stated probability")
        axes.set_ylabel("share that was so")

    return svg(draw, title, legend=True)


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
        for number, (label, values) in enumerate(lines.items()):
            axes.plot(at, values, color=colour(number), marker="os^v"[number], label=label)
        for height, style in ((untouched, "--"), (untouched * TOLERATED, ":")):
            axes.axhline(height, color=INK, linewidth=0.6, linestyle=style)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(unit)

    return svg(draw, title, legend=True)


def sharpness(curve: Sequence[tuple[float, float, int]], untouched: float, title: str) -> Markup:
    """MAE against sharpness, and the falling curve through it that the gate is read off."""

    def draw(axes: Any) -> None:
        axes.set_xscale("symlog", linthresh=1)  # zero has a place; before the points, to fit them
        at = [sharpness for sharpness, _, _ in curve]
        axes.plot(at, [error for _, error, _ in curve], "o", color=colour(0))
        axes.plot(at, falling(curve), color=colour(0))
        for height, style in ((untouched, "--"), (untouched * TOLERATED, ":")):
            axes.axhline(height, color=INK, linewidth=0.6, linestyle=style)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("sharpness, as the audit measures it")
        axes.set_ylabel("MAE, years")

    return svg(draw, title)
