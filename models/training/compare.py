"""Compare networks on faces of several sources: one table, of error and bias by source.

    python -m models.training.compare 4 4@64 3 runs/strangers_64 \
        --data FACES --split val --data STRANGERS

A NETWORK is a version of the model or the folder of a run. ``@64`` softens its crops first: they
are averaged down to so many pixels and interpolated back, which takes away the texture that a
network may have learnt its own sources by. Each is taken as it is, without calibration, with the
decoding that its card names (a run's: the median). DATA is read by :mod:`models.training.labelled`;
--split is for the data that have splits.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import click
import numpy as np

from auditor.errors import AuditorError, ConfigurationError
from auditor.faces.model import AgeModel, AgeNetwork, View
from models.training import labelled
from models.training.labelled import LabelledSet
from models.training.metrics import Floats, Measured, accuracy

_FOLDER = click.Path(exists=True, path_type=Path)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network, by the name that was given for it."""

    name: str
    network: AgeNetwork

    @classmethod
    def of(cls, text: str) -> Self:
        """Read ``4``, ``4@64`` or a run's folder.

        Raises:
            AuditorError: no such version or run, or no such side.
        """
        name, at, side = text.partition("@")
        if at and not (side.isdigit() and 8 <= int(side) <= labelled.SIDE):
            raise ConfigurationError(
                f"{text!r}: after @ comes a side from 8 to {labelled.SIDE} pixels, not {side!r}"
            )
        run = Path(name)
        network = _of_run(run) if run.is_dir() else AgeModel(name).network
        if at:
            network = network.seeing(replace(network.view, detail=int(side)))
        return cls(text, network)

    def errors(self, faces: LabelledSet) -> Floats:
        """Estimate minus age, years, of all faces."""
        estimates = [self.network.predict(crops).estimate for crops in faces.batches()]
        return np.asarray(np.concatenate(estimates) - faces.table["age"].to_numpy(float))


def by_source(faces: LabelledSet, errors: Floats) -> dict[str, dict[str, Measured]]:
    """The figures of each source; faces that name none are under the set's own name."""
    sources = faces.table["source"].fillna(faces.name).to_numpy(str)
    return {source: accuracy(errors[sources == source]) for source in sorted(set(sources))}


@click.command()
@click.argument("networks", nargs=-1, required=True, metavar="NETWORK...")
@click.option("--data", "paths", multiple=True, required=True, type=_FOLDER)
@click.option("--split", help="The part of the data that have parts.")
@click.option("--out", type=click.Path(path_type=Path), help="The figures as JSON.")
def main(
    networks: tuple[str, ...], paths: tuple[Path, ...], split: str | None, out: Path | None
) -> None:
    """Print the table, and write its figures to --out."""
    try:
        candidates = [Candidate.of(text) for text in networks]
        sets = [_read(path, split) for path in paths]
    except AuditorError as error:
        raise click.ClickException(str(error)) from error
    found: dict[str, dict[str, dict[str, Measured]]] = {}
    for candidate in candidates:
        found[candidate.name] = {}
        for faces in sets:
            found[candidate.name] |= by_source(faces, candidate.errors(faces))
    click.echo(table(found))
    if out is not None:
        plain = {
            network: {
                source: {name: _as_json(each) for name, each in figures.items()}
                for source, figures in sources.items()
            }
            for network, sources in found.items()
        }
        out.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")


def table(found: dict[str, dict[str, dict[str, Measured]]]) -> str:
    """Markdown: a row a network, a column a source; MAE with its 95 % interval, and the bias."""
    sources = list(next(iter(found.values())))
    faces = [next(iter(found.values()))[source]["mae"].count for source in sources]
    heads = [f"{source} ({count})" for source, count in zip(sources, faces, strict=True)]
    rows = [["MAE, years (faces)", *heads], ["---"] * (1 + len(sources))]
    rows += [
        [network, *(_cell(figures[source]) for source in sources)]
        for network, figures in found.items()
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(figures: dict[str, Measured]) -> str:
    mae, bias = figures["mae"], figures["bias"]
    return f"{mae.value:.2f} ({mae.low:.2f} to {mae.high:.2f}), bias {bias.value:+.1f}"


def _as_json(measured: Measured) -> dict[str, float]:
    return {name: getattr(measured, name) for name in ("value", "low", "high", "count")}


def _read(path: Path, split: str | None) -> LabelledSet:
    """The split of data that have it, all of other data."""
    files: Sequence[Path] = sorted(path.glob(f"{split}-*.parquet")) if split else []
    faces = labelled.read(path, split if files else None)
    if not len(faces):
        raise ConfigurationError(f"{path}: no face was found in it")
    return faces


def _of_run(folder: Path) -> AgeNetwork:
    try:
        side = json.loads((folder / "run.json").read_text(encoding="utf-8"))["settings"]
        content = (folder / "weights.npz").read_bytes()
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(f"{folder} holds no finished run: {error}") from error
    return AgeNetwork.of_weights(content, View(side["input_size"]))


if __name__ == "__main__":
    main()
