"""Train the age model.

    KERAS_BACKEND=jax python -m models.training.train CONFIG --data DATA --out DIR [--resume]
        [--split-file FILE] [--until TIME] [--cache DIR]

CONFIG is one of models/training/configs. DATA is a labelled set (models/training/labelled.py): with
files named after the parts ``train`` and ``val``, or with a split file (models/training/splits.py).
DIR gets

- ``weights.npz``, for ``models.training.export``;
- ``learnt.npy``: hashes of the pictures that it learnt from, so that none of them measures it;
- ``run.json``: the settings, the code's revision, the command, the data's hash and faults, figures;
- ``curves.csv`` and ``curves.png``, ``checkpoint.npz``.

KERAS_BACKEND is tensorflow (the default), jax or torch; the last after `make torch`, with
PYTHONPATH=.torch.

The run may be paused (SIGSTOP, SIGCONT): a pause is no time at work. With --until it ends at that
time at the latest, its learning rate down to nothing, however long it was paused.
"""

import hashlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import numpy as np

from auditor.errors import AuditorError, ConfigurationError
from models.training import config, labels, splits
from models.training.labelled import LabelledSet
from models.training.parts import Cache, to_learn, to_validate

#: Hashes of the pictures that a run learnt from, as labelled.LabelledSet.hashes gives them.
LEARNT = "learnt.npy"

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("settings", metavar="CONFIG", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="A labelled set.")
@click.option("--split-file", type=click.Path(path_type=Path), help="DATA's, if it needs one.")
@click.option("--out", required=True, type=_FOLDER, help="Where the run is kept.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in --out.")
@click.option("--until", type=click.DateTime(["%Y-%m-%dT%H:%M"]), help="Its end, local time.")
@click.option("--cache", type=_FOLDER, help="Keeps crops and a teacher's word for the next run.")
def main(settings: Path, data: Path, out: Path, **options: Any) -> None:
    """Train the network that CONFIG describes."""
    try:
        run(settings, data, out, **options)
    except AuditorError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)


def run(  # noqa: PLR0913  # the command's own options
    settings: Path,
    data: Path,
    out: Path,
    *,
    split_file: Path | None = None,
    resume: bool = False,
    until: datetime | None = None,
    cache: Path | None = None,
) -> dict[str, Any]:
    """Train as the command does, write all that belongs to the run, and return its run.json.

    Raises:
        AuditorError: settings, data or a checkpoint cannot be used, or the loss is no number.
    """
    experiment = config.read(settings)
    code = revision()  # now: files may change while it runs
    # Keras is imported only here, so that a wrong setting is reported at once.
    loop, networks = (
        importlib.import_module(f"models.training.{name}") for name in ("loop", "networks")
    )
    checkpoint = out / loop.CHECKPOINT
    if checkpoint.exists() and not resume:
        raise ConfigurationError(f"{out} has a run already: add --resume or name another folder")
    if resume and not checkpoint.exists():
        raise ConfigurationError(f"{out} has no checkpoint to resume from")
    parts = splits.read_parts(data, ("train", "val"), split_file)
    for name, part in parts.items():
        _report(name, part, data)
    out.mkdir(parents=True, exist_ok=True)

    kept = Cache(cache)
    learnt = to_learn(parts["train"], experiment, data, kept)
    arrays = (learnt, to_validate(parts["val"], experiment, kept))
    identity = {
        "settings": hashlib.sha256(experiment.model_dump_json().encode()).hexdigest(),
        "data": data_hash(parts),
    }
    end = until.astimezone() if until else None
    trained = loop.train(experiment, arrays, out, identity, resume=resume, until=end)
    networks.save(trained.network, out / "weights.npz")
    np.save(out / LEARNT, parts["train"].hashes())
    record = {
        "settings": experiment.model_dump(),
        "command": f"python -m models.training.train {settings.name} --data DATA --out OUT",
        "revision": code,
        "backend": os.environ["KERAS_BACKEND"],
        "data_sha256": identity["data"],
        "crops": {name: len(part) for name, part in parts.items()},
        "faults": {name: part.fault_counts for name, part in parts.items()},
        "weights_sha256": hashlib.sha256((out / "weights.npz").read_bytes()).hexdigest(),
        "epochs": trained.progress.epoch,
        "minutes": round(trained.progress.seconds / 60, 2),
        "val_mae_years": round(trained.progress.curve[-1]["val_mae"], 3),
    }
    (out / "run.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    click.echo(f"val: {record['val_mae_years']} years off on average")
    return record


def data_hash(parts: Mapping[str, LabelledSet]) -> str:
    """Hash of everything that is learnt from: pictures and ages of each part, in their order."""
    whole = hashlib.sha256()
    for name, part in parts.items():
        whole.update(f"{name} {len(part)}".encode())
        whole.update(np.ascontiguousarray(part.table["age"].to_numpy(float)).tobytes())
        for digest in part.digests():
            whole.update(digest)
    return whole.hexdigest()


def revision() -> str:
    """The commit that the code is at, with ``-changed`` if files differ from it."""
    here = Path(__file__).parent
    git = ["git", "-C", str(here), "describe", "--always", "--abbrev=40", "--dirty=-changed"]
    try:
        said = subprocess.run(git, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said.stdout.strip()


def _report(name: str, part: LabelledSet, data: Path) -> None:
    """Report the pictures of a part and its rejected rows; a part without pictures ends the run."""
    click.echo(f"{name}: {len(part)} crops, {len(part.faults)} set aside")
    for reason, count in part.fault_counts.items():
        click.echo(f"  {count} x {reason}: {labels.REASONS[reason]}")
    if not len(part):
        raise ConfigurationError(f"{data} has no usable crops of the part {name!r}")


if __name__ == "__main__":
    main()
