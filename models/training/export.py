"""Make a version of the age model from trained arrays, and measure one on labelled crops.

    python -m models.training.export make 1 WEIGHTS.npz
    python -m models.training.export check 1 --crops val-0.parquet [--expected golden_val.csv]

``make`` writes weights.npz and golden.npz and prints the hash for the card; ``check`` prints the
figures that the card states.
"""

import hashlib
import io
from pathlib import Path

import click
import cv2
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from auditor import resources
from auditor.ages import AgeDistributions
from auditor.alignment import align
from auditor.detector import Detector
from auditor.frames import decode
from auditor.model import AgeModel, assign_weights, build_network, folder

_GOLDEN_FACES = 16
_PROBABILITY_BINS = 10


@click.group()
def main() -> None:
    """Make and measure versions of the age model."""


@main.command()
@click.argument("version")
@click.argument("weights", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--input-size", default=64, show_default=True, help="Side of the input, pixels.")
@click.option("--crop-size", default=192, show_default=True, help="Side of the crop, pixels.")
def make(version: str, weights: Path, input_size: int, crop_size: int) -> None:
    """Write weights.npz and golden.npz of VERSION from the arrays in WEIGHTS."""
    target = folder(version)
    target.mkdir(parents=True, exist_ok=True)
    content = weights.read_bytes()
    (target / "weights.npz").write_bytes(content)

    network = build_network(input_size)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        assign_weights(network, dict(arrays))
    crops = _composite_crops(crop_size)
    small = [cv2.resize(c, (input_size, input_size), interpolation=cv2.INTER_AREA) for c in crops]
    ages = AgeDistributions.from_scores(network.predict(np.stack(small), verbose=0))
    np.savez_compressed(target / "golden.npz", crops=crops, age=ages.mean, age_sd=ages.sd)
    click.echo(f'weights_sha256 = "{hashlib.sha256(content).hexdigest()}"')


@main.command()
@click.argument("version")
@click.option("--crops", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--expected", type=click.Path(exists=True, path_type=Path))
def check(version: str, crops: Path, expected: Path | None) -> None:
    """Measure VERSION on labelled aligned crops (columns id, source, age, image)."""
    labelled = pq.read_table(crops, columns=["id", "source", "age", "image"]).to_pandas()
    ages = AgeModel(version).predict(np.stack([_webp(image) for image in labelled["image"]]))
    labelled["error"] = ages.mean - labelled["age"]
    click.echo(f"faces {len(labelled)}, MAE {labelled['error'].abs().mean():.3f} years")
    for source, part in labelled.groupby("source"):
        click.echo(
            f"  {source}: MAE {part['error'].abs().mean():.3f}, bias {part['error'].mean():+.2f}"
        )
    for coverage in (0.80, 0.95):
        low, high = ages.interval(coverage)
        inside = labelled["age"].between(low, high).mean()
        click.echo(f"{coverage:.0%} interval holds {inside:.1%}")
    for limit in (18, 25):
        error = _calibration_error(ages.under(limit), labelled["age"].to_numpy() < limit)
        click.echo(f"P(under {limit}): expected calibration error {error:.3f}")
    seventeen = (labelled["age"] == 17).to_numpy()
    click.echo(
        f"17-year-olds estimated 25 or older: {(ages.mean[seventeen] >= 25).mean():.1%} "
        f"of {seventeen.sum()}"
    )
    if expected is not None:
        want = pd.read_csv(expected).set_index("id")
        got = pd.DataFrame({"age": ages.mean, "age_sd": ages.sd}, index=labelled["id"])
        worst = (got.loc[want.index] - want).abs().max()
        click.echo(f"largest difference from {expected.name}: {worst.to_dict()}")


def _calibration_error(stated: NDArray[np.float64], happened: NDArray[np.bool_]) -> float:
    """Expected calibration error over equal-width bins (Guo et al. 2017, arXiv 1706.04599)."""
    bins = np.minimum((stated * _PROBABILITY_BINS).astype(int), _PROBABILITY_BINS - 1)
    frame = pd.DataFrame({"stated": stated, "happened": happened})
    by_bin = frame.groupby(bins)
    gaps = (by_bin["stated"].mean() - by_bin["happened"].mean()).abs()
    return float((gaps * by_bin.size()).sum() / len(frame))


def _composite_crops(crop_size: int) -> NDArray[np.uint8]:
    """Aligned crops of the demo's composite portraits, evenly over their ages."""
    portraits = sorted(resources.folder("auditor/demo/faces").glob("*.jpg"))
    pictures = [decode(path.read_bytes()) for path in portraits]
    crops = [
        align(picture, faces[0].landmarks, crop_size)
        for picture, faces in zip(pictures, Detector().detect(pictures), strict=True)
        if faces
    ]
    return np.stack(crops[:: len(crops) // _GOLDEN_FACES][:_GOLDEN_FACES])


def _webp(content: bytes) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise click.ClickException("a crop cannot be decoded")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


if __name__ == "__main__":
    main()
