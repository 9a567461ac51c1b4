"""Measure how a version of the age model confuses ages, for purchases by age group.

    python -m models.training.confusion --version 3 --data DATA --split val [--out DIR]

Writes ``confusion.json`` (auditor/confusion.py) and prints the matrix of the default age groups.
An export makes it with the version; this command makes it for a version that has none.
"""

from collections.abc import Iterable
from pathlib import Path

import click

from auditor.ages import AgeDistributions, Floats
from auditor.confusion import FILE, Confusion, measured
from auditor.errors import AuditorError
from auditor.files import Place
from auditor.model import AgeModel, Card, folder
from auditor.policy import InsightRules
from models.training import calibrate
from models.training.labelled import read


@click.command()
@click.option("--version", required=True, help="Of the model.")
@click.option("--data", required=True, type=click.Path(path_type=Path))
@click.option("--split", help="Only this split, where files name splits.")
@click.option("--seed", default=1, show_default=True, help="Of the halves, as for the calibration.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="[the version's]")
def main(version: str, data: Path, split: str | None, seed: int, out: Path | None) -> None:
    """Measure the confusion of VERSION on the labelled set DATA."""
    try:
        model, faces = AgeModel(version), read(data, split)
        ages = calibrate.predict(model.network, faces)
        found = of_faces(
            model.card, ages, faces.table["age"].to_numpy(float), faces.table["id"], seed
        )
        Place(str(out or folder(version))).write(FILE, found.as_json().encode())
        for line in words(found):
            click.echo(line)
    except AuditorError as error:
        raise click.ClickException(str(error)) from error


def of_faces(
    card: Card, ages: AgeDistributions, age: Floats, ids: Iterable[str], seed: int
) -> Confusion:
    """The confusion of a version, each half of the faces by the calibration of the other half.

    Args:
        card: of the version; one that is not calibrated is measured as it is.
        ages: the network's own distributions.
        age: completed years.
        ids: of the faces; they decide the halves.
        seed: of the halves.

    Raises:
        AuditorError: too few faces.
    """
    if card.calibrated:
        judged = calibrate.crossed(ages, age, calibrate.first_half(ids, seed))
        parts = [(half.ages, half.age) for half in judged]
    else:
        parts = [(ages, age)]
    return measured(card.full_name, (card.weights_sha256, card.calibration_sha256), parts)


def words(found: Confusion) -> list[str]:
    """The matrix of the default groups as lines of text."""
    starts = InsightRules().age_groups
    groups = found.between(starts)
    lines = [f"groups begin at {', '.join(map(str, starts))}; rows: true group, faces, shares"]
    for faces, row in zip(groups.faces, groups.matrix, strict=True):
        lines.append(f"  {faces:5,}  " + "  ".join(f"{share:.3f}" for share in row))
    return lines


if __name__ == "__main__":
    main()
