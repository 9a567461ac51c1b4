"""``auditor pack``."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli import options
from auditor.errors import ExitCode

if TYPE_CHECKING:
    from auditor.operations.pack import Key

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--week", metavar="YYYY-Www", help="ISO week to pack, such as 2026-W13.")
@options.address("out", "Where ledger and reports are; the pack goes there too.")
@options.policy
@click.option("--key", type=_FILE, help="Ed25519 key in PEM, or a secret, to sign or check with.")
@click.option("--attach", multiple=True, type=_FILE, help="Document to add; repeatable.")
@click.option("--with-names", is_flag=True, help="People by their own names, not pseudonyms.")
@click.option(
    "--faces-until",
    type=options.Day(),
    help="Pack pictures too, apart; `expire` deletes them after it.",
)
@click.option(
    "--verify", type=options.Address(), help="Check a pack, its zip or its folder, instead."
)
def pack(  # noqa: PLR0913  # one argument an option
    *,
    week: str | None,
    out: str | None,
    policy: str | None,
    key: Path | None,
    attach: tuple[Path, ...],
    with_names: bool,
    faces_until: date | None,
    verify: str | None,
) -> None:
    """Make the due-diligence pack of a week, to be handed to a regulator; or check one.

    A folder and a zip below OUT/packs: coverage, flagged and refused sales, decisions, policy and
    model in force, and a signed list of all files. Cashiers have pseudonyms in it, small counts are
    withheld, and it holds no face.
    """
    from auditor.operations.pack import Key, Order, Week, make_pack

    signing = Key.parse(key.read_bytes(), origin=str(key)) if key else None
    if verify is not None:
        sys.exit(_verify(verify, signing))
    if week is None or out is None:
        raise click.UsageError("give --week and --out to make a pack, or --verify to check one")
    if faces_until is not None and faces_until < datetime.now(UTC).date():
        raise click.UsageError(f"--faces-until {faces_until} is over already")
    order = Order(out, Week.parse(week), policy, signing, with_names, attach, faces_until)
    made = make_pack(order)
    for day in made.days_missing:
        click.echo(f"No report of {day}: the pack says that nothing is known about it", err=True)
    root = out.rstrip("/")
    click.echo(f"Pack: {root}/{made.zip} and {root}/{made.folder}/index.html")
    click.echo(f"Manifest {made.sha256}, signed: {made.signed}")
    for kept in made.kept:
        click.echo(f"The earlier pack had another content and is kept: {root}/{kept}", err=True)
    if made.faces:
        click.echo(f"Pictures, until {faces_until}: {root}/{made.faces}")
        click.echo(f"Flagged sales whose picture is not kept (any more): {made.faces_gone}")


def _verify(url: str, key: "Key | None") -> ExitCode:
    from auditor.operations.pack import verify

    verified = verify(url, key)
    click.echo(f"Pack of {verified.week}, {verified.files} files, manifest {verified.sha256}")
    click.echo(f"Signed {verified.signed}")
    for problem in verified.problems:
        click.echo(f"Not as it was made: {problem}", err=True)
    return ExitCode.FAILED if verified.problems else ExitCode.DONE
