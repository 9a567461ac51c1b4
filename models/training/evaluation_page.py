"""The page of an evaluation: remarks on the figures, tables and plots."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from models.training import calibrate, pages, shift
from models.training.calibrate import Judged
from models.training.evaluation import Evaluation, Stages, View
from models.training.metrics import Bin, Measured, reliability
from models.training.pages import INK, colour, svg


def remarks(found: Evaluation) -> list[str]:
    """What the figures say, in words."""
    lines = []
    for view in found.views:
        mae, at_25 = view.accuracy["mae"], view.challenge(25)
        lines.append(
            f"{view.name} is {mae.value:.2f} years off on average ({mae.low:.2f} to {mae.high:.2f},"
            f" bias {view.accuracy['bias'].value:+.2f}): "
            + ", ".join(f"{n} {f['mae'].value:.2f}" for n, f in view.parts["source"].items())
            + f". At Challenge 25 it takes {at_25.false_positive_17.value:.0%} of the "
            f"{at_25.false_positive_17.count} 17-year-olds for 25 or older, and "
            f"{at_25.false_negative.value:.0%} of adults for younger."
        )
    real = [row for row in found.differences if row.real]
    shown = [f"{row.kind} {row.name}, {row.figure} {row.years:+.1f} years" for row in real]
    lines.append(
        "Differences between groups of the same age that chance does not explain: "
        f"{'; '.join(shown) or 'none shown'}."
    )
    for report in found.reports:
        held = ", ".join(f"{w:.0%} holds {m.value:.1%}" for w, m in report.coverages.items())
        gaps = ", ".join(f"P(under {n}) {gap:.3f}" for n, gap in report.errors.items())
        lines.append(f"Calibration, {report.name}: {held}; expected error {gaps}.")
    if found.shift:
        lines.append(gates(found.shift))
    return lines


def gates(found: shift.Shift) -> str:
    """The quality gates that the curves suggest."""
    whole = found.untouched
    line = (
        f"Laid into frames of {shift.FRAME_WIDTH} x {shift.FRAME_HEIGHT}, {whole.failed.value:.1%} "
        f"of {whole.failed.count:,} untouched faces are not found"
    )
    if whole.failed.value == 1:
        return f"{line}: no gates."
    size = "none of those tried" if found.min_face_px is None else f"{found.min_face_px:.0f} px"
    sharp = "none" if found.min_sharpness is None else f"{found.min_sharpness:.0f}"
    return (
        f"{line}, and the others are {whole.mae:.2f} years off. Keeping the error within "
        f"{shift.TOLERATED:g} times that suggests min_face_px {size} and min_sharpness {sharp}."
    )


def render(found: Evaluation, stages: Stages) -> str:
    """The page, self-contained."""
    page = {
        "model": found.model,
        "data": found.data,
        "faces": found.faces,
        "findings": remarks(found),
        "views": found.views,
        "differences": found.differences,
        "calibration": {
            "reports": found.reports,
            "words": f"Before and after: on the faces that were not fitted; {found.fitted:,} were. "
            "Crossed, as in the plots: each half with a calibration that was fitted on the other, "
            "so that every face counts once. A set of this size leaves a coverage uncertain by the "
            f"interval beside it. Halvings: the mean over {calibrate.HALVINGS}, each crossed; one "
            "alone leaves it to chance which faces of a small band are in which half, so the bands "
            "are told of this mean.",
        },
        "shift": found.shift
        and {"words": gates(found.shift), "points": [found.shift.untouched, *found.shift.points]},
        "charts": {
            "parts": [
                _chart(f"MAE by {kind}", _draw_errors, found.views, kind)
                for kind, group in found.views[0].parts.items()
                if group
            ],
            "challenge": [
                _chart(title, _draw_challenge, found.views, figure)
                for figure, title in (
                    ("false_positive", "14-17-year-olds estimated T or older"),
                    ("false_positive_17", "17-year-olds estimated T or older"),
                    ("false_negative", "Adults estimated under T"),
                )
            ],
            "reliability": [
                _chart(
                    f"P(under {limit})",
                    _draw_reliability,
                    {name: _reliability(parts, limit) for name, parts in stages.items()},
                )
                for limit in calibrate.LEGAL_AGES
            ],
            "shift": shift_charts(found.shift) if found.shift else [],
        },
    }
    return pages.render("evaluate.html.jinja", page=page)


def _chart(title: str, draw: Any, *data: Any) -> dict[str, Any]:
    return {"title": title, "svg": draw(*data, title)}


def _reliability(parts: list[Judged], limit: int) -> list[Bin]:
    stated = np.concatenate([part.ages.under(limit) for part in parts])
    return reliability(stated, np.concatenate([part.age < limit for part in parts]))


def shift_charts(found: shift.Shift) -> list[dict[str, Any]]:
    """The plots of worse pictures: one a kind of damage, and the error by sharpness."""
    untouched, charts = found.untouched.mae, []
    for kind, unit in shift.UNITS.items():
        points = [point for point in found.points if point.kind == kind]
        charts.append(_chart(kind, _draw_damage, points, untouched, unit))
    title = "Sharpness: untouched, small and blurred faces together"
    return [*charts, _chart(title, _draw_sharpness, found.by_sharpness, untouched)]


def _draw_errors(views: Sequence[View], kind: str, title: str) -> Markup:
    """MAE of the parts of one kind, a colour an estimator."""

    def draw(axes: Any) -> None:
        for number, view in enumerate(views):
            parts = view.parts[kind]
            places = [place + 0.18 * number for place in range(len(parts))]
            found = [part["mae"] for part in parts.values()]
            _add_intervals(axes, places, found, fmt="o", color=colour(number), label=view.name)
            axes.set_xticks(range(len(parts)), list(parts))
            axes.set_xlim(-0.5, len(parts) - 0.5 + places[0])
        axes.tick_params(axis="x", labelrotation=25)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("MAE, years")

    return svg(draw, title, legend=len(views) > 1)


def _draw_challenge(views: Sequence[View], figure: str, title: str) -> Markup:
    """One Challenge-T figure against T, a colour an estimator."""

    def draw(axes: Any) -> None:
        for number, view in enumerate(views):
            found = [getattr(row, figure) for row in view.challenges]
            at = [row.threshold for row in view.challenges]
            share, low, high = (
                [getattr(f, end) * 100 for f in found] for end in ("value", "low", "high")
            )
            axes.plot(at, share, color=colour(number), marker="o", label=view.name)
            axes.fill_between(at, low, high, color=colour(number), alpha=0.18, linewidth=0)
        axes.set_ylim(0, 100)
        axes.set_xlabel("T, years")
        axes.set_ylabel("%")

    return svg(draw, title, legend=len(views) > 1)


def _draw_reliability(stages: Mapping[str, Sequence[Bin]], title: str) -> Markup:
    """What was stated against what was so."""

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.6, linestyle="--")
        for number, (name, bins) in enumerate(stages.items()):
            stated, happened = [b.stated for b in bins], [b.happened for b in bins]
            _add_intervals(axes, stated, happened, marker="o", color=colour(number), label=name)
        axes.set_xlabel("stated probability")
        axes.set_ylabel("share that was so")

    return svg(draw, title, legend=True)


def _draw_damage(points: Sequence[shift.Point], untouched: float, unit: str, title: str) -> Markup:
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
        _add_tolerated(axes, untouched)
        axes.set_xlabel(unit)

    return svg(draw, title, legend=True)


def _draw_sharpness(
    curve: Sequence[tuple[float, float, int]], untouched: float, title: str
) -> Markup:
    """MAE against sharpness, and the falling curve through it that the gate is read off."""

    def draw(axes: Any) -> None:
        axes.set_xscale("symlog", linthresh=1)  # zero has a place; before the points, to fit them
        at = [sharpness for sharpness, _, _ in curve]
        axes.plot(at, [error for _, error, _ in curve], "o", color=colour(0))
        axes.plot(at, shift.falling(curve), color=colour(0))
        _add_tolerated(axes, untouched)
        axes.set_xlabel("sharpness, as the audit measures it")
        axes.set_ylabel("MAE, years")

    return svg(draw, title)


def _add_intervals(axes: Any, at: Sequence[float], found: Sequence[Measured], **style: Any) -> None:
    spread = [[f.value - f.low for f in found], [f.high - f.value for f in found]]
    axes.errorbar(at, [f.value for f in found], spread, **style)


def _add_tolerated(axes: Any, untouched: float) -> None:
    """The error of untouched faces, and what a gate tolerates."""
    for height, style in ((untouched, "--"), (untouched * shift.TOLERATED, ":")):
        axes.axhline(height, color=INK, linewidth=0.6, linestyle=style)
    axes.set_ylim(bottom=0)
