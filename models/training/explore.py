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
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from auditor.errors import AuditorError, ConfigurationError
from auditor.storage.place import Place
from models.training import pages, sheets, splits, survey_charts
from models.training.findings import findings, label_width, weight_ratio
from models.training.labelled import LabelledSet
from models.training.labels import REASONS
from models.training.survey import Survey, differences, survey

#: Version of explore.json: raised when a key is renamed, removed or changes its meaning.
SCHEMA_VERSION = 1

_FAULTS_SHOWN = 30
_SERIES_SHOWN = 6


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
        surveyed = explore(labelled, input_size)
        place = Place(str(out))
        place.write("explore.json", as_json(surveyed).encode())
        place.write("index.html", render(surveyed).encode())
    except AuditorError as error:
        raise click.ClickException(str(error)) from error
    for finding in findings(surveyed):
        click.echo(f"[{finding.level}] {finding.title}")
    click.echo(f"{out / 'index.html'} (holds pictures of the set)")


def explore(labelled: LabelledSet, input_size: int) -> Survey:
    """Measure a set.

    Raises:
        ConfigurationError: nothing of it can be used.
    """
    if not len(labelled):
        counts = labelled.faults["reason"].value_counts()
        reasons = "; ".join(f"{count} x {REASONS[str(reason)]}" for reason, count in counts.items())
        raise ConfigurationError(f"{labelled.name}: no picture can be used ({reasons or 'empty'})")
    return survey(labelled, input_size)


def as_json(surveyed: Survey) -> str:
    """Every number of the page, with sorted keys; the same set gives the same text."""
    ages = np.floor(surveyed.measured["age"]).astype(int)
    document = {
        "schema_version": SCHEMA_VERSION,
        "name": surveyed.labelled.name,
        "pictures": len(surveyed.labelled),
        "input_size": surveyed.input_size,
        "faults": surveyed.faults,
        "by_age": {str(age): int(count) for age, count in ages.value_counts().items()},
        "by_band": surveyed.bands,
        **{f"by_{name}": surveyed.counts(name) for name in ("sex", "group", "source", "split")},
        "several_faces": int((surveyed.measured["faces"] > 1).sum()),
        "heaping": asdict(surveyed.heaping),
        "heaping_by_source": {n: asdict(h) for n, h in surveyed.heaping_by_source.items()},
        "near_duplicates": asdict(surveyed.copies),
        "quality": [asdict(spread) for spread in surveyed.spreads],
        "grey_share": surveyed.grey,
        "label_width_years": label_width(surveyed),
        "weight_ratio": weight_ratio(surveyed),
        "findings": [asdict(finding) for finding in findings(surveyed)],
    }
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def render(surveyed: Survey) -> str:
    """The page, self-contained: opens from a file, without scripts."""
    faults = surveyed.labelled.faults
    return pages.render(
        "explore.html.jinja",
        survey=surveyed,
        counts={name: surveyed.counts(name) for name in ("sex", "group", "source", "split")},
        several_faces=int((surveyed.measured["faces"] > 1).sum()),
        findings=findings(surveyed),
        faults=faults.astype("string").fillna("").head(_FAULTS_SHOWN).to_dict("records"),
        fault_count=len(faults),
        reasons=REASONS,
        age_charts=_age_charts(surveyed),
        digit_chart=_digit_chart(surveyed),
        copy_chart=_copy_chart(surveyed),
        quality_charts=_quality_charts(surveyed),
        sheets=sheets.by_age(surveyed),
        edges=list(sheets.edges(surveyed)),
    )


def _age_charts(surveyed: Survey) -> list[dict[str, Any]]:
    return [
        {
            "title": "By sex",
            "svg": survey_charts.bars_by_year(_ages_by(surveyed.measured, "sex"), "age-sex"),
        },
        {
            "title": "By source",
            "svg": survey_charts.bars_by_year(_ages_by(surveyed.measured, "source"), "age-source"),
        },
        {
            "title": "By group",
            "svg": survey_charts.lines_by_year(_ages_by(surveyed.measured, "group"), "age-group"),
        },
    ]


def _ages_by(measured: pd.DataFrame, column: str) -> dict[str, NDArray[np.float64]]:
    """The ages of each value, the most frequent ones first; the rest together."""
    values = measured[column].astype("string").fillna("not known")
    names = [str(name) for name in values.value_counts().index]
    shown = names if len(names) <= _SERIES_SHOWN else names[: _SERIES_SHOWN - 1]
    series = {name: measured.loc[values == name, "age"].to_numpy(float) for name in shown}
    if len(shown) < len(names):
        rest = measured.loc[~values.isin(shown), "age"].to_numpy(float)
        series[f"{len(names) - len(shown)} others"] = rest
    return series


def _digit_chart(surveyed: Survey) -> Markup:
    parts = surveyed.heaping_by_source or {"all": surveyed.heaping}
    shares = {name: heaping.digits for name, heaping in parts.items() if heaping.digits}
    return survey_charts.last_digits(dict(list(shares.items())[:_SERIES_SHOWN]), "digits")


def _copy_chart(surveyed: Survey) -> Markup | None:
    if not len(surveyed.near):
        return None
    return survey_charts.years_apart(differences(surveyed), "copies")


def _quality_charts(surveyed: Survey) -> list[dict[str, Any]]:
    return [
        {
            "title": spread.name.replace("stored_kb", "stored size").capitalize(),
            "svg": survey_charts.histogram(
                surveyed.measured[spread.name].to_numpy(float),
                f"quality-{spread.name}",
                spread.meaning,
                log=spread.name == "sharpness",
            ),
        }
        for spread in surveyed.spreads
    ]


if __name__ == "__main__":
    main()
