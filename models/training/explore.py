"""Look at a labelled set before training on it: one HTML page, and its numbers as JSON.

    python -m models.training.explore DATA --out DIR [--split train] [--input-size 96]

DATA is read by :mod:`models.training.labelled`, a part of it by :mod:`models.training.splits`. The
page holds pictures of the set: DIR belongs where the set may be kept.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from auditor.errors import AuditorError, ConfigurationError
from auditor.storage.place import Place
from models.training import exploration_page, splits
from models.training.labelled import LabelledSet
from models.training.labels import REASONS
from models.training.remarks import label_width, remarks, weight_ratio
from models.training.summary import Summary, summarise

#: Version of explore.json: raised when a key is renamed, removed or changes its meaning.
SCHEMA_VERSION = 1


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@splits.options
@click.option(
    "--input-size",
    default=96,
    show_default=True,
    type=click.IntRange(16, 512),
    help="Side of the model's input, pixels: sharpness is measured there.",
)
def main(data: Path, out: Path, input_size: int, **part: Any) -> None:
    """Explore the labelled set DATA: write index.html and explore.json to the folder of --out."""
    try:
        labelled = splits.read_part(data, **part)
        click.echo(f"{len(labelled):,} pictures can be used; set aside: {len(labelled.faults):,}")
        summary = explore(labelled, input_size)
        place = Place(str(out))
        place.write("explore.json", as_json(summary).encode())
        place.write("index.html", exploration_page.render(summary).encode())
    except AuditorError as error:
        raise click.ClickException(str(error)) from error
    for remark in remarks(summary):
        click.echo(f"[{remark.level}] {remark.title}")
    click.echo(f"{out / 'index.html'} (holds pictures of the set)")


def explore(labelled: LabelledSet, input_size: int) -> Summary:
    """Measure a set.

    Raises:
        ConfigurationError: nothing of it can be used.
    """
    if not len(labelled):
        counts = labelled.fault_counts
        reasons = "; ".join(f"{count} x {REASONS[reason]}" for reason, count in counts.items())
        raise ConfigurationError(f"{labelled.name}: no picture can be used ({reasons or 'empty'})")
    return summarise(labelled, input_size)


def as_json(summary: Summary) -> str:
    """Every number of the page, with sorted keys; the same set gives the same text."""
    ages = np.floor(summary.measured["age"]).astype(int)
    document = {
        "schema_version": SCHEMA_VERSION,
        "name": summary.labelled.name,
        "pictures": len(summary.labelled),
        "input_size": summary.input_size,
        "faults": summary.labelled.fault_counts,
        "by_age": {str(age): int(count) for age, count in ages.value_counts().items()},
        "by_band": summary.bands,
        **{f"by_{name}": summary.counts(name) for name in ("sex", "group", "source", "split")},
        "several_faces": int((summary.measured["faces"] > 1).sum()),
        "heaping": asdict(summary.heaping),
        "heaping_by_source": {n: asdict(h) for n, h in summary.heaping_by_source.items()},
        "near_duplicates": asdict(summary.copies),
        "quality": [asdict(spread) for spread in summary.spreads],
        "grey_share": summary.grey,
        "label_width_years": label_width(summary),
        "weight_ratio": weight_ratio(summary),
        "findings": [asdict(remark) for remark in remarks(summary)],
    }
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
