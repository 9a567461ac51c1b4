"""``auditor expire``."""

from datetime import date

import click

from auditor.cli import options


@click.command()
@options.out
@options.policy
@click.option("--as-of", type=options.Day(), required=True, help="The day to count back from.")
def expire(*, out: str, policy: str | None, as_of: date) -> None:
    """Delete what is past its retention: face crops, packs of faces, decisions, baskets.

    `run` does so too. Numbers, hashes and decisions stay when the faces go.
    """
    from auditor.pipeline import expire as expire_results
    from auditor.storage.place import results_in

    results_in(out)  # a wrong address would leave faces where they are
    for folder in expire_results(out, policy, as_of):
        click.echo(f"Removed {folder}")
