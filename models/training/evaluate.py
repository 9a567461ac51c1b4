"""Measure a version of the age model on labelled faces: one HTML page, and its figures as JSON.

    python -m models.training.evaluate --data DATA --split val --version 4 --out DIR

DATA is read by :mod:`models.training.labelled`, a part of it by :mod:`models.training.splits`. The
page holds no pictures.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from auditor.errors import AuditorError
from auditor.faces.model import AgeModel
from auditor.policy import ChainRules
from auditor.storage.place import Place
from models.training import evaluation_page, splits
from models.training.evaluation import Evaluation, Stages, evaluate

#: Version of evaluation.json.
SCHEMA_VERSION = 4


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@splits.options
@click.option("--version", default=ChainRules().model, show_default=True, help="Of the model.")
@click.option("--shift-faces", default=500, show_default=True, help="0: no worse pictures.")
@click.option("--seed", default=1, show_default=True, help="Of the calibration's halves.")
def main(**options: Any) -> None:
    """Evaluate a version: write index.html and evaluation.json to the folder of --out."""
    try:
        part = (options[name] for name in ("data", "split", "split_file", "landmarks"))
        labelled = splits.read_part(*part)
        model = AgeModel(options["version"])
        found, stages = evaluate(
            model.card.full_name,
            model.network,
            model.calibration,
            labelled,
            split=options["split"],
            shift_faces=options["shift_faces"],
            seed=options["seed"],
        )
        write(options["out"], found, stages)
    except AuditorError as error:
        raise click.ClickException(str(error)) from error
    for line in evaluation_page.remarks(found):
        click.echo(line)


def write(out: Path, found: Evaluation, stages: Stages) -> None:
    """Write the page, index.html, and the figures, evaluation.json."""
    place = Place(str(out))
    record = {"schema_version": SCHEMA_VERSION} | asdict(found)
    # What was measured on no face is not a number, which JSON does not know: null.
    record = json.loads(json.dumps(record), parse_constant=lambda _: None)
    place.write("evaluation.json", json.dumps(record, indent=1, allow_nan=False).encode())
    place.write("index.html", evaluation_page.render(found, stages).encode())


if __name__ == "__main__":
    main()
