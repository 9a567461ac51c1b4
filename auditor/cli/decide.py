"""``auditor decide``."""

from datetime import UTC, date, datetime

import click

from auditor.cli import options


@click.command()
@options.out
@options.day_option("The business day.")
@click.option(
    "--sale",
    required=True,
    metavar="SALE",
    help="STORE/NUMBER, STORE/TILL/NUMBER, or the sale's link in the report (or its sale-...).",
)
@click.option(
    "--decision",
    required=True,
    metavar="WHAT",
    help="check_made, no_check_seen, looks_older, cannot_tell, followed_up, reopened or note.",
)
@click.option("--by", required=True, metavar="NAME", help="Who decides.")
@click.option("--note", metavar="TEXT", help="In your own words; name no customer.")
def decide(  # noqa: PLR0913  # one argument an option
    *, out: str, day: date, sale: str, decision: str, by: str, note: str | None
) -> None:
    """Record what you decided about a sale.

    The log of decisions is append-only: to correct an error, record `reopened`. A decision stays
    when the day is audited again. The day's report is rendered again with it.
    """
    from auditor.decisions.log import Judgement
    from auditor.operations.record_decision import record_decision as record

    done = record(out, day, sale, Judgement(decision, by, datetime.now(UTC), note))
    named = f"{done.store_id}/{done.transaction_id} ({done.outcome})"
    click.echo(f"{named}: {decision}, entry {done.entries} about this sale: {done.path}")
    if not done.in_report:
        click.echo("The report does not show it yet: a run of the day renders it.")
