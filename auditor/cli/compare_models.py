"""``auditor compare-models``."""

import json
import math
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import options
from auditor.cli.output import outcome_in_words, print_rows, progress_bar

if TYPE_CHECKING:
    from auditor.operations.compare_models import Comparison

_TABLE = ("store", "transaction", "till", "ID check", "old", "new")


def _two_versions(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[str, str]:
    old, _, new = (part.strip() for part in value.partition(","))
    if not old or not new or "," in new:
        raise click.BadParameter(f"{value!r} is not two versions such as 3,4")
    return old, new


@click.command("compare-models")
@options.day_option("Business day to look at.")
@options.sales
@options.snapshots
@options.policy
@options.stores
@click.option(
    "--models",
    required=True,
    callback=_two_versions,
    metavar="OLD,NEW",
    help="The two versions of the age model.",
)
@options.form
@click.option("--all", "everything", is_flag=True, help="All sales, not only the changed ones.")
def compare_models(
    *, models: tuple[str, str], form: str, everything: bool, **job_options: Any
) -> None:
    """Show what another version of the age model would have changed on a day, sale by sale.

    Both versions score the day's frames, and the policy decides. Nothing is written. Each estimate
    has its 80 % interval. The comparison does not say which version is right.
    """
    from auditor.operations.compare_models import compare_models as compare
    from auditor.pipeline import Job

    with progress_bar("Scoring sales twice") as progress:
        compared = compare(Job(out="", **job_options), models, progress)
    _print_comparison(form, compared, everything=everything)


def _print_comparison(form: str, compared: "Comparison", *, everything: bool) -> None:
    summary, chosen = compared.summary(), compared.sales if everything else compared.changed
    records = chosen.to_dict("records")
    rows = [{str(name): _plain(value) for name, value in row.items()} for row in records]
    if form == "json":
        click.echo(json.dumps({"summary": summary, "sales": rows}, indent=1))
        return
    for line in _summary_lines(summary):
        click.echo(line, err=form == "csv")
    if form == "csv":
        print_rows(form, rows, list(chosen.columns))
    else:
        print_rows(form, map(_table_row, rows), _TABLE if rows else (), texts=_TABLE)


def _summary_lines(summary: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{summary['sales']} alcohol sales, {summary['changed']} would have come out otherwise, or "
        f"for another reason, with {summary['new']} than with {summary['old']}"
    )
    for row in summary["outcomes"]:
        kept = "unchanged" if row["old"] == row["new"] else f"now {row['new']}"
        yield f"  {row['old']:<15} {row['sales']:>7}  {kept}"
    if summary["estimated_by_both"]:
        yield (
            f"Over {summary['estimated_by_both']} buyers estimated by both, the estimate moved by "
            f"{summary['mean_change_years']:+.1f} years on average, "
            f"{summary['mean_absolute_change_years']:.1f} either way, "
            f"{summary['largest_change_years']:.1f} at most"
        )


def _table_row(sale: dict[str, Any]) -> dict[str, Any]:
    named = (sale[name] for name in ("store_id", "transaction_id", "till_id", "id_check"))
    return dict(zip(_TABLE, (*named, _result(sale, "old"), _result(sale, "new")), strict=True))


def _result(sale: dict[str, Any], version: str) -> str:
    names = ("outcome", "reason", "age", "age_low", "age_high")
    outcome, reason, age, low, high = (sale[f"{name}_{version}"] for name in names)
    return outcome_in_words(outcome, reason, age, low=low, high=high)


def _plain(value: Any) -> Any:
    """A cell as JSON and CSV can hold it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value
