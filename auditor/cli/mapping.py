"""``auditor mapping``."""

import json
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli import options
from auditor.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from auditor.operations.mapping.checking import Understood
    from auditor.operations.mapping.draft import Draft
    from auditor.operations.mapping.unclear import Unclear

_FEW = 100  # files of a folder that are looked at


@click.group()
def mapping() -> None:
    """Describe the files that tills and cameras write, so that the audit can read them."""


@mapping.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE...",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where the mapping goes, a TOML file.",
)
@click.option(
    "--sales",
    "root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="The folder that will be the address of the files. [default: where they lie]",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def suggest(*, files: tuple[Path, ...], out: Path, root: Path | None, force: bool) -> None:
    """Draft a mapping from a few files: till exports, snapshot indexes or frames.

    Format, columns, times, numbers and the till's words are guessed from names and content. What
    is not certain is marked with CHECK in the file. Give several files of each kind, best of
    different days and stores: then days and months can be told apart.
    """
    from auditor.operations.mapping.suggesting import suggest_mapping

    inputs = _files_in(files)
    if is_input := [path for path in inputs if path.resolve() == out.resolve()]:
        if out in files or out.suffix != ".toml":
            raise ConfigurationError(
                f"{out} is one of the files to look at: name another for --out"
            )
        inputs.remove(is_input[0])  # an earlier draft, in a folder of them
    if out.exists() and not force:
        raise ConfigurationError(f"{out} is there already: name another file, or give --force")
    text, drafts = suggest_mapping(inputs, root=root)
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{out}: it cannot be written ({error.strerror})") from error
    for draft in drafts:
        _print_draft(draft)
    click.echo(f"Written: {out}. Look at the lines with CHECK, then run")
    click.echo(f"  auditor mapping check --mapping {out} --sales URL --day YYYY-MM-DD")


def _files_in(paths: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        below = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        found += below[:_FEW]
    if not found:
        raise ConfigurationError(f"there is no file in {paths[0]}")
    return found


def _print_draft(draft: "Draft") -> None:
    kind = "till export" if draft.kind == "sales" else "snapshots"
    what = draft.keys.get("files", draft.keys.get("frames"))
    click.echo(f"{what}: {kind}, {draft.keys.get('format', 'frames without an index')}")
    for note in draft.notes:
        click.echo(f"  {note}")
    assumed = {c.column: c.assumed for c in draft.columns if c.assumed is not None}
    found = [c.column for c in draft.columns if c.source is not None and c.column not in assumed]
    if found:
        click.echo(f"  found: {', '.join(found)}")
    if assumed:
        shown = ", ".join(f"{column} is {value}" for column, value in assumed.items())
        click.echo(f"  assumed of every line, as no column was found: {shown}")
    missing = [column.column for column in draft.columns if column.source is None]
    if missing:
        click.echo(f"  not found: {', '.join(missing)}")
    for said in draft.to_look_at:
        click.echo(f"  CHECK {said}")


@mapping.command()
@options.mapping
@options.sales
@click.option("--snapshots", type=options.Address(), help="Frames and their index.")
@options.day_option("Business day to read.")
@options.policy
@options.as_json
def check(*, day: date, as_json: bool, **where: str | None) -> None:
    """Show how the audit understands a day's files; nothing is scored or written.

    Ten lines, with names and birth dates masked, counts, and all that was not understood.

    Exit code 0: all was understood; 2: the mapping is wrong; 3: something was not understood.
    """
    from auditor.operations.mapping.checking import check_mapping

    understood = check_mapping(day=day, **where)  # type: ignore[arg-type]  # sales is required
    if as_json:
        content = asdict(understood) | {"understood": understood.is_all}
        click.echo(json.dumps(content, indent=1, default=str, ensure_ascii=False))
    else:
        _print_understood(understood)
    sys.exit(ExitCode.DONE if understood.is_all else ExitCode.ABOVE_LIMITS)


def _print_understood(understood: "Understood") -> None:
    counts = ", ".join(
        f"{count} {name.replace('_', ' ')}" for name, count in understood.counts.items()
    )
    click.echo(f"{understood.day}: {understood.files} files; {counts}")
    if understood.first:
        click.echo(f"Times: {understood.first} to {understood.last}")
    for what, found in understood.by.items():
        if found:
            shown = ", ".join(f"{value} {count}" for value, count in found.items())
            click.echo(f"{what[0].upper()}{what[1:]}: {shown}")
    if understood.snapshots:
        frames = understood.snapshots
        click.echo(f"Snapshots: {frames['frames']} frames, {frames['matched']} matched")
        if frames["example"]:
            click.echo(f"  e.g. {_pairs(frames['example'])}")
    click.echo("\nLines as the audit understands them:")
    for number, line in enumerate(understood.lines, 1):
        click.echo(f"{number:>3}. {_pairs(line)}")
    _print_unclear("Not understood", [each for each in understood.unclear if not each.harmless])
    _print_unclear(
        "Worth a look; may stay so", [each for each in understood.unclear if each.harmless]
    )
    if understood.is_all:
        click.echo("\nAll that is needed was understood.")


def _print_unclear(title: str, unclear: list["Unclear"]) -> None:
    if unclear:
        click.echo(f"\n{title}:")
    for each in unclear:
        rows = "" if each.rows is None else f" ({each.rows} rows)"
        click.echo(f"  {each.what}{rows}{f': {each.example}' if each.example else ''}")


def _pairs(values: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
