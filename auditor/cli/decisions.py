"""``auditor decisions``."""

from datetime import UTC, date
from zoneinfo import ZoneInfo

import click

from auditor.cli import options
from auditor.cli.output import print_rows

_AT = "decided_at"
_TEXTS = ("store_id", "till_id", "transaction_id", "outcome", "decision", "decided_by", "note")


@click.command()
@options.out
@options.day_option("The business day.")
@options.form
def decisions(*, out: str, day: date, form: str) -> None:
    """List what was decided about a day's sales, in the order of recording.

    Times are in the time zone of the sale's store, or in UTC where it is not known.
    """
    from auditor.operations.record_decision import decisions_and_zones
    from auditor.report.spreadsheet import csv_text

    log, zones, unclear = decisions_and_zones(out, day)
    if unclear:
        click.echo(
            f"Entries about {', '.join(unclear)} were recorded before a sale's till was: none or"
            f" several of the day's sales have that number, so they are about none of them.",
            err=True,
        )
    # A store may be in the log and no longer in the results of the day.
    in_utc = any(row["store_id"] not in zones for row in log)
    for row in log:
        zone = UTC if in_utc else ZoneInfo(zones[row["store_id"]])
        times = {name: row[name] for name in (_AT, "started_at") if row[name] is not None}
        row |= {name: at.astimezone(zone).isoformat() for name, at in times.items()}
        row["day"] = row["day"].isoformat()
    if form == "json":
        print_rows(form, log, ())
    elif form == "csv":
        click.echo(csv_text((_AT, *_TEXTS), log), nl=False)
    else:
        heading = f"{_AT} (UTC)" if in_utc else _AT
        table = [{heading: row[_AT]} | {name: row[name] for name in _TEXTS} for row in log]
        print_rows(form, table, (heading, *_TEXTS), texts=(heading, *_TEXTS))
