"""Measure how a version confuses the ages of the demo chain's customers, for `auditor demo`.

    python -m models.training.demo_confusion --version 4

As a chain would: a sample of its own till frames, of customers whose age is known. Here they are
the frames of another demo chain (another seed), with its truth. Writes auditor/demo/confusion.json,
which has to be made anew for the version that the policy's default names.
"""

import csv
import shutil
import tempfile
from pathlib import Path

import click
import pandas as pd

from auditor import resources
from auditor.demo import write_demo
from auditor.faces.confusion import FILE
from auditor.faces.model import AgeModel
from auditor.storage.place import Place
from models.training.confusion import measure, words
from models.training.labelled import read

_LEFT_OUT = ("two_faces", "companion", "face_too_small", "face_blurred", "truncated_file")


@click.command()
@click.option("--version", required=True, help="Of the model.")
@click.option("--seed", default=2, show_default=True, help="Of the chain to look at.")
def main(version: str, seed: int) -> None:
    """Measure VERSION on frames of a demo chain."""
    with tempfile.TemporaryDirectory() as scratch:
        chain, sample = Path(scratch) / "chain", Path(scratch) / "sample"
        write_demo(chain, seed=seed)
        label(chain, sample)
        found = measure(AgeModel(version), read(sample), seed=1, held_out=True, fewest=1)
    Place(str(resources.folder("auditor/demo"))).write(FILE, found.as_json().encode())
    for line in words(found):
        click.echo(line)


def label(chain: Path, sample: Path) -> None:
    """Copy the frames of alcohol sales into ``sample``, with a CSV of ``file,age``."""
    truth = pd.read_parquet(chain / "truth.parquet").dropna(subset=["face", "snapshot_id"])
    truth = truth[~truth["trouble"].isin(_LEFT_OUT)]
    sample.mkdir()
    rows = []
    frames = {path.stem: path for path in (chain / "snapshots/frames").rglob("*.*")}
    for snapshot, age in zip(truth["snapshot_id"], truth["true_age"], strict=True):
        if snapshot in frames:
            shutil.copy(frames[snapshot], sample / frames[snapshot].name)
            rows.append((frames[snapshot].name, int(age)))
    with (sample / "ages.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("file", "age"), *rows])


if __name__ == "__main__":
    main()
