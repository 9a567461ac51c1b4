"""Measure how a version of the age model confuses ages, for purchases by age group.

    python -m models.training.confusion --version 5 --data DATA --split val
    python -m models.training.confusion --version 5 --data OWN --held-out --out DIR
    python -m models.training.confusion --version 5 --data CHAIN --demo --out auditor/demo

Writes ``confusion.json`` (auditor/faces/confusion.py) and prints the matrix of the default age
groups. An export makes it with the version; the first command makes it for a version that has none.
The second measures it on a chain's own labelled till pictures (a folder with a CSV ``file,age``),
for ``insights.confusion`` in its policy: cameras differ from web photographs, and what is unblurred
with another camera's confusion is wrong. The third does so for a chain that
``auditor demo CHAIN --seed 2`` wrote, whose truth names the ages; it has to be made anew for the
version that the policy's default names.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import pandas as pd

from auditor.errors import AuditorError
from auditor.faces.ages import AgeDistributions, Floats
from auditor.faces.confusion import FEWEST_FACES, FILE, Confusion, measured
from auditor.faces.model import AgeModel, folder
from auditor.policy import InsightRules
from auditor.storage.place import Place
from models.training import calibrate, splits
from models.training.labelled import LabelledSet

_TROUBLES_LEFT_OUT = ("two_faces", "companion", "face_too_small", "face_blurred", "truncated_file")


@click.command()
@click.option("--version", required=True, help="Of the model.")
@click.option("--data", required=True, type=click.Path(path_type=Path))
@splits.options
@click.option("--seed", default=1, show_default=True, help="Of the halves, as for the calibration.")
@click.option("--held-out", is_flag=True, help="No calibration was fitted on these faces.")
@click.option("--demo", is_flag=True, help="DATA is a demo chain of another seed; held out.")
@click.option("--fewest", default=FEWEST_FACES, show_default=True, help="Faces of a year of age.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="[the version's]")
def main(
    data: Path,
    version: str,
    out: Path | None,
    *,
    demo: bool,
    **rest: Any,
) -> None:
    """Measure the confusion of VERSION on the labelled set DATA."""
    try:
        if demo:
            label_demo(data)
            data, rest = data / "snapshots/frames", rest | {"held_out": True, "fewest": 1}
        part = (rest.pop(name) for name in ("split", "split_file", "landmarks"))
        faces = splits.read_part(data, *part)
        found = measure(AgeModel(version), faces, **rest)
        Place(str(out or folder(version))).write(FILE, found.as_json().encode())
        for line in words(found):
            click.echo(line)
    except AuditorError as error:
        raise click.ClickException(str(error)) from error


def label_demo(chain: Path) -> None:
    """Write the CSV of a demo chain's frames of alcohol sales and its buyers' ages beside them."""
    truth = pd.read_parquet(chain / "truth.parquet").dropna(subset=["face", "snapshot_id"])
    truth = truth[~truth["trouble"].isin(_TROUBLES_LEFT_OUT)]
    frames = {path.stem: path for path in (chain / "snapshots/frames").rglob("*.*")}
    rows = [
        (frames[snapshot].name, int(age))
        for snapshot, age in zip(truth["snapshot_id"], truth["true_age"], strict=True)
        if snapshot in frames
    ]
    labels = pd.DataFrame(rows, columns=["file", "age"])
    labels.to_csv(chain / "snapshots/frames/ages.csv", index=False)


def measure(
    model: AgeModel, faces: LabelledSet, *, seed: int, held_out: bool, fewest: int
) -> Confusion:
    """Measure a version on labelled faces; arguments as the command's.

    Raises:
        AuditorError: too few faces.
    """
    ages, age = calibrate.predict(model.network, faces), faces.table["age"].to_numpy(float)
    if held_out and model.calibration is not None:
        ages = model.calibration.apply(ages)
    card = model.card
    ids = faces.table["id"] if card.calibrated and not held_out else None
    hashes = card.weights_sha256, card.calibration_sha256
    return of_faces(card.full_name, hashes, ages, age, ids=ids, seed=seed, fewest=fewest)


def of_faces(  # noqa: PLR0913  # faces as their estimates, labels and names
    model: str,
    hashes: tuple[str, str | None],
    ages: AgeDistributions,
    age: Floats,
    *,
    ids: Iterable[str] | None,
    seed: int,
    fewest: int = FEWEST_FACES,
) -> Confusion:
    """The confusion of a version, each half of the faces by the calibration of the other half.

    Args:
        model: name and version.
        hashes: of its weights and its calibration.
        ages: the network's own distributions, or, without ``ids``, the calibrated ones.
        age: completed years.
        ids: of the faces; with the seed they decide the halves.
        seed: see ``ids``.
        fewest: faces below which a year of age is left out.

    Raises:
        AuditorError: too few faces.
    """
    parts = [(ages, age)]
    if ids is not None:
        judged = calibrate.crossed(ages, age, calibrate.first_half(ids, seed))
        parts = [(half.ages, half.age) for half in judged]
    starts = InsightRules().age_groups
    return measured(model, hashes, parts, starts=starts, fewest=fewest)


def words(found: Confusion) -> list[str]:
    """The matrix of the default groups as lines of text."""
    starts = InsightRules().age_groups
    groups = found.between(starts)
    lines = [f"groups begin at {', '.join(map(str, starts))}; rows: true group, faces, shares"]
    for faces, sure, row in zip(groups.faces, groups.sure_as, groups.matrix, strict=True):
        lines.append(
            f"  {faces:5,} (sure as {sure:,.0f})  " + "  ".join(f"{share:.3f}" for share in row)
        )
    return lines


if __name__ == "__main__":
    main()
