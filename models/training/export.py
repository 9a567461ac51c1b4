"""Make a version of the age model: its files and its card, measured.

    python -m models.training.export 6 runs/own --data DATA --split val --about ABOUT.toml
        [--split-file FILE] [--landmarks FILE] [--detail PX] [--mirrored] [--single]
        [--coverings train] [--worse-faces N]
    python -m models.training.export 5 4 --detail 64 --pages DIR --data DATA ...

NETWORK is a folder that ``models.training.train`` wrote, or a version, whose weights are then used
again; ABOUT says what the pictures are and under which terms (models/training/about). The network
is brought to eight bits, and calibration, quality gates and figures are those of its eight bits;
intervals of unclear faces are widened by what is measured on faces made worse. All of it comes from
DATA, and no picture of it may be one that the network learnt from: of a run that is checked. What
tells covered faces apart is fitted on another part of DATA, --coverings, which it may have learnt
from. The page of the evaluation is written to --pages, or RUN/evaluation. A version appears whole:
its folder gets its name last, and one that is there is never changed.
"""

import hashlib
import io
import json
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from auditor import resources
from auditor.errors import AuditorError, ConfigurationError, ModelError
from auditor.faces.ages import AgeDistributions
from auditor.faces.alignment import align
from auditor.faces.confusion import FILE as CONFUSION
from auditor.faces.detector import Detector
from auditor.faces.frames import decode
from auditor.faces.model import NAME, AgeNetwork, View, check_files, folder
from models.training import (
    calibrate,
    card,
    clarity,
    confusion,
    covered,
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


@dataclass(frozen=True)
class Source:
    """What a version is made from.

    Attributes:
        ran: how it was trained, as a run's ``run.json`` says.
        weights: the content of its weights.npz.
        version: whose weights they are; None of a run.
    """

    ran: dict[str, Any]
    weights: bytes
    version: str | None = None

    @property
    def input_size(self) -> int:
        """Side of the network's input, pixels."""
        return int(self.ran["settings"]["input_size"])


@click.command()
@click.argument("version")
@click.argument("network")
@click.option("--data", required=True, type=click.Path(path_type=Path))
@splits.options
@click.option("--detail", type=click.IntRange(8), help="Average crops down to this side first.")
@click.option("--mirrored", is_flag=True, help="Predict from the mirror image too.")
@click.option("--single", is_flag=True, help="Stay in single precision.")
@click.option("--coverings", help="Part of DATA to fit on what tells covered faces; else none is.")
@click.option("--about", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--pages", type=click.Path(path_type=Path), help="For its page, if no run.")
@click.option("--shift-faces", default=500, show_default=True, help="To measure the gates on.")
@click.option("--worse-faces", default=0, help="Of each half, to widen unclear faces by; 0: not.")
@click.option("--seed", default=1, show_default=True, help="Of the calibration's halves.")
def main(version: str, network: str, about: Path, **options: Any) -> None:
    """Make VERSION from NETWORK, measured on DATA."""
    try:
        for line in make(version, network, card.About.read(about), **options):
            click.echo(line)
    except AuditorError as error:
        raise click.ClickException(str(error)) from error


def make(  # noqa: PLR0913, PLR0915  # one argument an option; step by step
    version: str,
    network: str,
    about: card.About,
    *,
    data: Path,
    split: str | None,
    split_file: Path | None,
    landmarks: Path | None,
    detail: int | None,
    mirrored: bool,
    single: bool,
    coverings: str | None,
    pages: Path | None,
    shift_faces: int,
    worse_faces: int,
    seed: int,
) -> list[str]:
    """Write the folder of a version.

    Returns:
        What the figures say, in words.

    Raises:
        AuditorError: there is such a version, the run is no finished one or of another head, it
            learnt from some of the pictures, or they do not suffice.
    """
    target, run = folder(version), Path(network)
    if target.exists():
        raise ConfigurationError(f"there is a version {version} already: choose another name")
    source = _read_run(run) if run.is_dir() else _read_version(network)
    if pages is None and source.version is not None:
        raise ConfigurationError("name a folder for the page of the evaluation: --pages DIR")
    faces = splits.read_part(data, split, split_file, landmarks)
    if source.version is None:
        _refuse_learnt(run, faces)
    view = View(source.input_size, mirrored, detail=detail)
    whole = AgeNetwork.of_weights(source.weights, view, "tensorflow")
    crops = _composite_crops(labelled.SIDE)
    golden = whole.predict(crops)
    first = calibrate.first_half(faces.table["id"], seed)
    contents: dict[str, bytes] = {}
    judged = whole
    if not single:
        some = faces.crops(np.flatnonzero(first)[: quantise.PICTURES])
        contents["int8.npz"] = quantise.quantised(source.weights, view, some, crops)
        judged = AgeNetwork.of_int8(contents["int8.npz"], view)
    ages, age = calibrate.predict(judged, faces), faces.table["age"].to_numpy(float)
    calibration = fit(ages[first], age[first])
    changed = None
    if not single:
        before = calibration.apply(calibrate.predict(whole, faces))
        changed = quantise.loss(before, calibration.apply(ages), age)
        if changed.too_large:
            raise ConfigurationError(f"eight bits change too much: {changed.in_words}")

    fitted = probe = None
    if coverings is not None:
        probe = covered.fit(judged, splits.read_part(data, coverings, split_file, landmarks), seed)
        fitted = covered.measure(judged, calibration, probe, faces, first=first, seed=seed)
        contents["covered.npz"] = probe.as_bytes()

    name = f"{NAME}/{version}"
    found, stages = evaluation.evaluate(
        name,
        judged,
        calibration,
        faces,
        ages=ages,
        split=split,
        shift_faces=shift_faces,
        seed=seed,
    )
    evaluate.write(pages or run / "evaluation", found, stages)
    worse = None
    if worse_faces:
        limits = card.limits(found.shift, fitted)
        halves = [faces.subset(np.flatnonzero(half)[:worse_faces]) for half in (first, ~first)]
        looks = [clarity.look(half, judged, probe, limits, seed) for half in halves]
        worse = clarity.measure(looks[1], calibration, *clarity.fit(looks[0], calibration))
        contents["clarity.json"] = worse.clarity.as_bytes()
    contents["calibration.json"] = calibration.as_json().encode()
    if source.version is None:
        contents["weights.npz"] = source.weights
    hashes = {f"{Path(n).stem}_sha256": _hash_of(content) for n, content in contents.items()}
    hashes["weights_sha256"] = _hash_of(source.weights)
    said = _add_confusion(contents, name, hashes, ages, faces, seed)
    how = {"mirrored": mirrored, "detail": detail, "coverings": coverings}
    how["worse_faces"] = worse_faces
    files = hashes | how | {"weights_of": source.version}
    text = card.render(
        version, source.ran, about, found, changed=changed, fitted=fitted, worse=worse, files=files
    )
    contents["card.toml"] = text.encode()
    contents["golden.npz"] = _golden(crops, golden)
    _write(target, contents)
    return [
        *evaluation_page.remarks(found),
        *([changed.in_words] if changed else []),
        *(fitted.in_words if fitted else []),
        *(worse.in_words if worse else []),
        *said,
    ]


def _add_confusion(  # noqa: PLR0913, PLR0917  # what it is made from
    contents: dict[str, bytes],
    name: str,
    hashes: dict[str, str],
    ages: AgeDistributions,
    faces: LabelledSet,
    seed: int,
) -> list[str]:
    """Add how the network confuses ages, and say what that shows, or why it cannot be told."""
    age = faces.table["age"].to_numpy(float)
    made_of = (hashes["weights_sha256"], hashes["calibration_sha256"])
    try:
        found = confusion.of_faces(name, made_of, ages, age, ids=faces.table["id"], seed=seed)
        contents[CONFUSION] = found.as_json().encode()
        return confusion.words(found)
    except ModelError as error:
        return [f"without {CONFUSION}, so that purchases have no age groups: {error}"]


def _golden(crops: NDArray[np.uint8], ages: AgeDistributions) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, crops=crops, age=ages.mean, age_sd=ages.sd)
    return stream.getvalue()


def _write(target: Path, contents: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".partial-") as partial:
        made = Path(partial) / target.name
        made.mkdir()
        for file, content in contents.items():
            (made / file).write_bytes(content)
        made.rename(target)


def _read_run(run: Path) -> Source:
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
    return Source(ran, weights)


def _read_version(version: str) -> Source:
    """A version's network again; what it learnt from is only as its card says."""
    owner = check_files(version).weights_of
    entries = tomllib.loads((folder(owner) / "card.toml").read_text(encoding="utf-8"))["training"]
    ran = entries | {
        "settings": json.loads(entries["settings"]),
        "crops": {"train": entries["crops"]},
        "revision": entries["code_revision"],
    }
    return Source(ran, (folder(owner) / "weights.npz").read_bytes(), owner)


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
