"""The page of an evaluation: remarks on the figures, tables and plots."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from models.training import calibrate, pages, shift
from models.training.calibrate import Judged
from models.training.evaluation import Evaluation, Stages
from models.training.metrics import Bin, Challenge, Measured, reliability
from models.training.pages import INK, colour, svg


def remarks(found: Evaluation) -> list[str]:
    """What the figures say, in words."""
    view = found.view
    mae, at_25 = view.accuracy["mae"], view.challenge(25)
    lines = [
        f"{found.model} is {mae.value:.2f} years off on average ({mae.low:.2f} to {mae.high:.2f},"
        f" bias {view.accuracy['bias'].value:+.2f}): "
        + ", ".join(f"{n} {f['mae'].value:.2f}" for n, f in view.parts["source"].items())
        + f". At Challenge 25 it takes {at_25.false_positive_17.value:.0%} of the "
        f"{at_25.false_positive_17.count} 17-year-olds for 25 or older, and "
        f"{at_25.false_negative.value:.0%} of adults for younger."
    ]
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
    return pages.render(
        "evaluate.html.jinja",
        found=found,
        findings=remarks(found),
        gates=found.shift and gates(found.shift),
        halvings=calibrate.HALVINGS,
        part_charts=[
            _chart(f"MAE by {kind}", _draw_errors, group)
            for kind, group in found.view.parts.items()
            if group
        ],
        challenge_chart=_chart("Challenge T", _draw_challenges, found.view.challenges),
        reliability_charts=[
            _chart(
                f"P(under {limit})",
                _draw_reliability,
                {name: _reliability(parts, limit) for name, parts in stages.items()},
            )
            for limit in calibrate.LEGAL_AGES
        ],
        shift_chart=found.shift and _chart("Error by sharpness", _draw_sharpness, found.shift),
    )


def _chart(title: str, draw: Any, *data: Any) -> dict[str, Any]:
    return {"title": title, "svg": draw(*data, title)}


def _reliability(parts: list[Judged], limit: int) -> list[Bin]:
    stated = np.concatenate([part.ages.under(limit) for part in parts])
    return reliability(stated, np.concatenate([part.age < limit for part in parts]))


def _draw_errors(parts: Mapping[str, Mapping[str, Measured]], title: str) -> Markup:
    """MAE of the parts of one kind."""

    def draw(axes: Any) -> None:
        errors = [figures["mae"] for figures in parts.values()]
        _add_intervals(axes, range(len(parts)), errors, fmt="o", color=colour(0))
        axes.set_xticks(range(len(parts)), list(parts))
        axes.tick_params(axis="x", labelrotation=25)
        axes.set_xlim(-0.5, len(parts) - 0.5)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("MAE, years")

    return svg(draw, title)


def _draw_challenges(challenges: Sequence[Challenge], title: str) -> Markup:
    """The Challenge-T figures against T."""
    figures = {
        "14-17-year-olds estimated T or older": "false_positive",
        "17-year-olds estimated T or older": "false_positive_17",
        "adults estimated under T": "false_negative",
    }

    def draw(axes: Any) -> None:
        at = [row.threshold for row in challenges]
        for number, (label, figure) in enumerate(figures.items()):
            found = [getattr(row, figure) for row in challenges]
            share, low, high = (
                [getattr(f, end) * 100 for f in found] for end in ("value", "low", "high")
            )
            axes.plot(at, share, color=colour(number), marker="o", label=label)
            axes.fill_between(at, low, high, color=colour(number), alpha=0.18, linewidth=0)
        axes.set_ylim(0, 100)
        axes.set_xlabel("T, years")
        axes.set_ylabel("%")

    return svg(draw, title, legend=True)


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


def _draw_sharpness(found: shift.Shift, title: str) -> Markup:
    """MAE against sharpness, and the falling curve through it that the gate is read off."""
    curve, untouched = found.by_sharpness, found.untouched.mae

    def draw(axes: Any) -> None:
        axes.set_xscale("symlog", linthresh=1)  # zero has a place; before the points, to fit them
        at = [sharpness for sharpness, _, _ in curve]
        axes.plot(at, [error for _, error, _ in curve], "o", color=colour(0))
        axes.plot(at, shift.falling(curve), color=colour(0))
        for height, style in ((untouched, "--"), (untouched * shift.TOLERATED, ":")):
            axes.axhline(height, color=INK, linewidth=0.6, linestyle=style)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("sharpness, as the audit measures it")
        axes.set_ylabel("MAE, years")

    return svg(draw, title)


def _add_intervals(axes: Any, at: Sequence[float], found: Sequence[Measured], **style: Any) -> None:
    spread = [[f.value - f.low for f in found], [f.high - f.value for f in found]]
    axes.errorbar(at, [f.value for f in found], spread, **style)
