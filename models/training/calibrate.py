"""Fit a version's calibration on one half of labelled faces and measure it on the other.

    python -m models.training.calibrate --data DATA --version 1 --out DIR [--split val]

DATA is read by :mod:`models.training.labelled`. Writes ``calibration.json``, fitted on the first
half, and prints what the halves say. Which half a face is in follows from its id and the seed.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from auditor.errors import AuditorError
from auditor.faces.ages import AgeDistributions
from auditor.faces.calibration import Calibration
from auditor.faces.model import AgeModel, AgeNetwork
from auditor.storage.files import Place
from models.training.calibration import COVERAGES, fit
from models.training.labelled import LabelledSet, read
from models.training.metrics import (
    BAND_NAMES,
    Flags,
    Floats,
    Measured,
    bands,
    calibration_error,
    coverage,
)

LEGAL_AGES = (18, 25)

_OTHER_HALVES = 50


@dataclass(frozen=True, slots=True)
class Judged:
    """Estimates of faces whose completed years are known, all made in one way."""

    ages: AgeDistributions
    age: Floats  # years, shape (faces,)


@dataclass(frozen=True, slots=True)
class Report:
    """How well probabilities and intervals hold."""

    name: str
    faces: int
    errors: dict[int, float]  # expected calibration error of P(under X), by X
    coverages: dict[float, Measured]
    by_age: dict[str, dict[float, Measured]]  # of the true age
    by_estimate: dict[str, dict[float, Measured]]
    mae: float
    bias: float


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--version", default="1", show_default=True, help="Of the model.")
@click.option("--split", help="Only this split, where files name splits.")
@click.option("--seed", default=1, show_default=True, help="Of the halves.")
def main(data: Path, out: Path, version: str, split: str | None, seed: int) -> None:
    """Fit the calibration of a version on half of the labelled set DATA."""
    try:
        labelled = read(data, split)
        ages = predict(AgeModel(version).network, labelled)
        age = labelled.table["age"].to_numpy(float)
        first = first_half(labelled.table["id"], seed)
        calibration = fit(ages[first], age[first])
        Place(str(out)).write("calibration.json", calibration.as_json().encode())
    except AuditorError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"fitted on {first.sum():,} faces, measured on the other {(~first).sum():,}")
    for report in reports(ages, age, first, calibration, crossed(ages, age, first)):
        click.echo(words(report))
    held = np.array([held_by_halves(ages, age, seed) for seed in range(_OTHER_HALVES)])
    for wanted, column in zip(COVERAGES, held.T, strict=True):
        click.echo(
            f"{wanted:.0%} interval over {_OTHER_HALVES} random halvings: holds "
            f"{column.mean():.1%} on average, {column.min():.1%} to {column.max():.1%}"
        )


def predict(network: AgeNetwork, labelled: LabelledSet) -> AgeDistributions:
    """The network's own distributions for a labelled set, in its order."""
    parts = [network.predict(batch).probabilities for batch in labelled.batches()]
    return AgeDistributions.from_scores(np.concatenate(parts) if parts else np.empty((0, 101)))


def first_half(ids: Iterable[str], seed: int) -> Flags:
    """Which faces are in the first half: by a hash of their id, whatever else is in the set."""
    digests = [hashlib.sha256(f"{seed}/{name}".encode()).digest() for name in ids]
    return np.array([digest[0] < 128 for digest in digests], bool)


def crossed(ages: AgeDistributions, age: Floats, first: Flags) -> list[Judged]:
    """Each half as the calibration that was fitted on the other half sees it."""
    return [
        Judged(fit(ages[~half], age[~half]).apply(ages[half]), age[half])
        for half in (first, ~first)
    ]


def reports(
    ages: AgeDistributions,
    age: Floats,
    first: Flags,
    calibration: Calibration,
    crossed: list[Judged],
) -> list[Report]:
    """Before, after, and crossed: twice the faces, since every half is once the other half."""
    other = ~first
    return [
        measure("before", [Judged(ages[other], age[other])]),
        measure("after", [Judged(calibration.apply(ages[other]), age[other])]),
        measure("crossed", crossed),
    ]


def measure(name: str, parts: list[Judged]) -> Report:
    """Calibration errors and coverages over all parts together."""
    age = np.concatenate([part.age for part in parts])
    together = AgeDistributions(np.concatenate([part.ages.probabilities for part in parts]))
    intervals = {
        wanted: np.concatenate([part.ages.interval(wanted) for part in parts], axis=1)
        for wanted in COVERAGES
    }
    error = together.mean - age

    def by_band(years: Floats) -> dict[str, dict[float, Measured]]:
        found = bands(years)
        return {
            name: {
                wanted: coverage(low[found == name], high[found == name], age[found == name])
                for wanted, (low, high) in intervals.items()
            }
            for name in BAND_NAMES
            if (found == name).any()
        }

    return Report(
        name,
        len(age),
        {limit: calibration_error(together.under(limit), age < limit) for limit in LEGAL_AGES},
        {wanted: coverage(low, high, age) for wanted, (low, high) in intervals.items()},
        by_band(age),
        by_band(together.mean),
        float(np.abs(error).mean()),
        float(error.mean()),
    )


def held_by_halves(ages: AgeDistributions, age: Floats, seed: int) -> list[float]:
    """Coverages on one half at random, fitted on the other: how much the halving matters."""
    first = np.random.default_rng(seed).random(len(age)) < 0.5
    found = measure("", [Judged(fit(ages[first], age[first]).apply(ages[~first]), age[~first])])
    return [found.coverages[wanted].value for wanted in COVERAGES]


def words(report: Report) -> str:
    """A report as lines of text."""
    accuracy = f"MAE {report.mae:.2f} years, bias {report.bias:+.2f}"
    lines = [f"{report.name}, {report.faces:,} faces: {accuracy}"]
    lines += [
        f"  P(under {limit}): expected calibration error {error:.3f}"
        for limit, error in report.errors.items()
    ]
    for wanted, held in report.coverages.items():
        lines.append(
            f"  {wanted:.0%} interval holds {held.value:.1%} ({held.low:.1%} to {held.high:.1%})"
        )
        for kind, parts in (("age", report.by_age), ("estimate", report.by_estimate)):
            shares = ", ".join(f"{name} {part[wanted].value:.0%}" for name, part in parts.items())
            lines.append(f"    by {kind}: {shares}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
