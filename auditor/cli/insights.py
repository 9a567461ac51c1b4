"""``auditor insights``."""

from datetime import date

import click

from auditor.cli import options
from auditor.cli.output import progress_bar


@click.command()
@options.first_day
@options.last_day
@options.out_option("Where the nightly runs put theirs.")
@options.policy
def insights(*, first: date, last: date, out: str, policy: str | None) -> None:
    """Report what each age group bought over some days, and what to suggest to it.

    Reads baskets that the nightly runs kept, if the policy's [insights] allows it: no face, no
    flag, no cashier. Writes pages, CSV and JSON below OUT/insight-reports/.
    """
    from auditor.operations.insights_report import report_purchases

    with progress_bar("Reading baskets") as progress:
        result = report_purchases(out, first, last, policy, progress)
    click.echo(f"{first} to {last}: {result.baskets:,} baskets by age group")
    for name, words in result.groups:
        click.echo(f"  {name:<10} {words}")
    for words in result.warnings:
        click.echo(f"Take care: {words}", err=True)
    click.echo(f"Report: {out.rstrip('/')}/{result.report}")
