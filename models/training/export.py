"""Make a version of the age model from a training run: its files and its card, measured.

    python -m models.training.export 5 runs/own --data DATA --split val --about ABOUT.toml
        [--split-file FILE] [--mirrored] [--int8]

RUN is a folder that ``models.training.train`` wrote, and ABOUT says what the pictures are and under
which terms (models/training/about). Calibration, quality gates and figures come from DATA, and
no picture of it may be one that the run learnt from. The page of the evaluation is written to
RUN/evaluation. A version appears whole: its folder gets its name last, and one that is there is
never changed.
"""

import hashlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from auditor import resources
from auditor.errors import AuditorError, ConfigurationError, ModelError
from auditor.faces.alignment import align
from auditor.faces.confusion import FILE as CONFUSION
from auditor.faces.detector import Detector
from auditor.faces.frames import decode
from auditor.faces.model import NAME, AgeNetwork, folder
from models.training import (
    calibrate,
    card,
    confusion,
    evaluate,
    evaluation,
    evaluation_page,
    labelled,
    quantise,
    splits,
    train,
)
from models.training.calibration import fit
from models.training.labelled import LabelledSet

_GOLDEN_FACES = 16
_PORTRAIT_STEP = 4  # of the 150: enough for the golden faces where a few are not found


@click.command()
@click.argument("version")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path))
@splits.options
@click.option("--mirrored", is_flag=True, help="Predict from the mirror image too.")
@click.option("--int8", is_flag=True, help="Make the 8-bit network too, for the audit to use.")
@click.option("--about", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--shift-faces", default=500, show_default=True, help="To measure the gates on.")
@click.option("--seed", default=1, show_default=True, help="Of the calibration's halves.")
def main(version: str, run: Path, about: Path, **options: Any) -> None:
    """Make VERSION from RUN, measured on DATA."""
    try:
        for line in make(version, run, card.About.read(about), **options):
            click.echo(line)
    except AuditorError as error:
        raise click.ClickException(str(error)) from error


def make(  # noqa: PLR0913  # one argument an option
    version: str,
    run: Path,
    about: card.About,
    *,
    data: Path,
    split: str | None,
    split_file: Path | None,
    mirrored: bool,
    int8: bool,
    shift_faces: int,
    seed: int,
) -> list[str]:
    """Write the folder of a version.

    Returns:
        What the figures say, in words.

    Raises:
        AuditorError: there is such a version, the run is no finished one or of another head, it
            learnt from some of the pictures, or they do not suffice.
    """
    target = folder(version)
    if target.exists():
        raise ConfigurationError(f"there is a version {version} already: choose another name")
    ran, weights = _read_run(run)
    faces = splits.read_part(data, split, split_file)
    _refuse_learnt(run, faces)
    side = ran["settings"]["input_size"]
    network = AgeNetwork.of_weights(weights, side, mirrored=mirrored, runtime="tensorflow")
    ages = calibrate.predict(network, faces)
    first = calibrate.first_half(faces.table["id"], seed)
    calibration = fit(ages[first], faces.table["age"].to_numpy(float)[first])

    name = f"{NAME}/{version}"
    found, stages = evaluation.evaluate(
        name,
        network,
        calibration,
        faces,
        ages=ages,
        split=split,
        shift_faces=shift_faces,
        seed=seed,
    )
    evaluate.write(run / "evaluation", found, stages)
    crops = _composite_crops(labelled.SIDE)
    golden = network.predict(crops)
    calibrated = calibration.as_json().encode()
    contents, changed = {"weights.npz": weights, "calibration.json": calibrated}, None
    if int8:
        with np.load(io.BytesIO(weights), allow_pickle=False) as arrays:
            contents["int8.npz"] = quantise.quantised(
                dict(arrays),
                side,
                faces.crops(np.flatnonzero(first)[: quantise.PICTURES]),
                crops,
                mirrored=mirrored,
            )
        eight_bits = AgeNetwork.of_int8(contents["int8.npz"], side, mirrored=mirrored)
        changed = quantise.loss(
            calibration.apply(ages),
            calibration.apply(calibrate.predict(eight_bits, faces)),
            faces.table["age"].to_numpy(float),
        )
        if changed.too_large:
            raise ConfigurationError(f"eight bits change too much: {changed.in_words}")
    hashes = {f"{Path(n).stem}_sha256": _hash_of(content) for n, content in contents.items()}
    try:
        confused = confusion.of_faces(
            name,
            (hashes["weights_sha256"], hashes["calibration_sha256"]),
            ages,
            faces.table["age"].to_numpy(float),
            ids=faces.table["id"],
            seed=seed,
        )
        contents[CONFUSION] = confused.as_json().encode()
        said = confusion.words(confused)
    except ModelError as error:
        said = [f"without {CONFUSION}, so that purchases have no age groups: {error}"]
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".partial-") as partial:
        made = Path(partial) / version
        made.mkdir()
        for file, content in contents.items():
            (made / file).write_bytes(content)
        np.savez_compressed(made / "golden.npz", crops=crops, age=golden.mean, age_sd=golden.sd)
        files = hashes | {"mirrored": mirrored}
        text = card.render(version, ran, about, found, changed, files=files)
        (made / "card.toml").write_text(text, encoding="utf-8")
        made.rename(target)
    return [*evaluation_page.remarks(found), *([changed.in_words] if changed else []), *said]


def _read_run(run: Path) -> tuple[dict[str, Any], bytes]:
    try:
        ran = json.loads((run / "run.json").read_text(encoding="utf-8"))
        weights = (run / "weights.npz").read_bytes()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{run} is no finished training run: {error}") from error
    if ran["weights_sha256"] != _hash_of(weights):
        raise ConfigurationError(f"{run}: weights.npz is not what run.json says: train again")
    settings = ran["settings"]
    if (settings["architecture"], settings["head"]) != ("resnet50", "distribution"):
        raise ConfigurationError(
            f"the audit needs the distribution of a resnet50, and {run} has the {settings['head']} "
            f"of a {settings['architecture']}"
        )
    return ran, weights


def _refuse_learnt(run: Path, faces: LabelledSet) -> None:
    """A card whose figures are of pictures that the run knows by heart would promise too much."""
    try:
        learnt = np.load(run / train.LEARNT)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{run} does not say what it learnt from: {error}") from error
    known = int(np.isin(faces.hashes(), learnt).sum())
    if known:
        raise ConfigurationError(
            f"the run learnt from {known:,} of the {len(faces):,} pictures of {faces.name}: "
            "measure on others, such as the part that --split (and --split-file) names"
        )


def _composite_crops(crop_size: int) -> NDArray[np.uint8]:
    """Aligned crops of the demo's composite portraits, evenly over their ages."""
    portraits = sorted(resources.folder("auditor/demo/faces").glob("*.jpg"))[::_PORTRAIT_STEP]
    pictures = [decode(path.read_bytes()) for path in portraits]
    crops = [
        align(picture, faces[0].landmarks, crop_size)
        for picture, faces in zip(pictures, Detector().detect(pictures), strict=True)
        if faces
    ]
    return np.stack(crops[:: len(crops) // _GOLDEN_FACES][:_GOLDEN_FACES])


def _hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    main()
