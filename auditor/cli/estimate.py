"""``auditor estimate``."""

from collections.abc import Iterable
from pathlib import Path

import click

from auditor.cli import options
from auditor.cli.output import print_rows, progress_bar

_PICTURES = {".jpg", ".jpeg", ".png"}
_COLUMNS = (
    *("path", "faces", "age", "age_sd", "age_low", "age_high"),
    *("p_under_legal", "p_under_challenge", "reason"),
)


def _two_ages(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[int, int]:
    try:
        low, high = (int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not two ages such as 18,25") from None
    if not 1 <= low <= high <= 99:
        raise click.BadParameter("ages go from 1 to 99, the lower one first")
    return low, high


@click.command()
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH...",
)
@options.form
@click.option(
    "--ages",
    default="18,25",
    show_default=True,
    callback=_two_ages,
    help="The two ages below which the probability is given.",
)
def estimate(*, paths: tuple[Path, ...], form: str, ages: tuple[int, int]) -> None:
    """Estimate the age of the person in each picture (JPEG or PNG), or in folders of pictures.

    One row a picture: the buyer's face, which is the largest near the middle. age_low and age_high
    enclose 80 %. A picture without an estimate has a reason.
    """
    from auditor.operations.estimate import estimate as estimate_pictures

    legal, challenge = ages
    own_names = {"p_under_legal": f"p_under_{legal}", "p_under_challenge": f"p_under_{challenge}"}
    columns = {name: own_names.get(name, name) for name in _COLUMNS}
    pictures = [picture for path in paths for picture in _pictures(path)]
    with progress_bar("Estimating") as progress:
        rows = estimate_pictures(
            pictures, legal_age=legal, challenge_age=challenge, progress=progress
        )
        whole = ({"path": str(p)} | row for p, row in zip(pictures, rows, strict=True))
        named = ({shown: row.get(name) for name, shown in columns.items()} for row in whole)
        rounded = (
            {name: round(v, 4) if isinstance(v, float) else v for name, v in row.items()}
            for row in named
        )
        print_rows(form, rounded, list(columns.values()), texts=("path", "reason"))


def _pictures(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.suffix.lower() in _PICTURES and p.is_file())
