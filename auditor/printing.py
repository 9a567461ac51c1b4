"""Rows on standard output, as a table for a person or as CSV or JSON for a program."""

import csv
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any

import click
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from auditor.compare import Comparison
from auditor.health import Finding, State, worst
from auditor.spreadsheet import csv_text

Rows = Iterable[dict[str, Any]]


def print_rows(form: str, rows: Rows, columns: list[str]) -> None:
    """Print rows as they come; ``form`` is "table", "csv" or "json"."""
    _PRINTERS[form](rows, columns)


def print_comparison(form: str, found: Comparison, *, everything: bool) -> None:
    """Print what another model would have changed: the summary, and the changed or all sales."""
    summary, chosen = found.summary(), found.sales if everything else found.changed
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
        short = [_short(row) for row in rows]
        print_rows(form, short, list(short[0]) if short else [])


def print_findings(found: Iterable[Finding], *, as_json: bool, about: dict[str, Any]) -> State:
    """Print what `auditor check` found, as it comes or as one JSON object; return the worst."""
    seen = []
    for finding in found:
        seen.append(finding)
        if not as_json:
            click.echo(f"{finding.state:<13} {finding.check:<12} {finding.said}")
            if finding.todo:
                click.echo(f"{'':<26} -> {finding.todo}")
    if as_json:
        rows = [finding.as_dict() for finding in seen]
        click.echo(json.dumps({**about, "state": worst(seen), "findings": rows}, indent=1))
    return worst(seen)


def print_log(form: str, log: pa.Table) -> None:
    """Print DECISION_LOG."""
    rows = [
        {name: value.isoformat() if isinstance(value, date) else value for name, value in r.items()}
        for r in log.to_pylist()
    ]
    shown = rows if form == "json" else [{name: r[name] for name in _LOG_SHOWN} for r in rows]
    if form == "csv":
        click.echo(csv_text(_LOG_SHOWN, shown), nl=False)
    else:
        print_rows(form, shown, list(_LOG_SHOWN))


_LOG_SHOWN = (
    *("decided_at", "store_id", "transaction_id", "outcome"),
    *("decision", "decided_by", "note"),
)


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


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """A sale as a table can hold it."""
    return {
        "store": row["store_id"],
        "transaction": row["transaction_id"],
        "till": row["till_id"],
        "ID check": row["id_check"],
        "old": _judged(row, "old"),
        "new": _judged(row, "new"),
    }


def _judged(row: dict[str, Any], version: str) -> str:
    outcome, reason, age = (row[f"{name}_{version}"] for name in ("outcome", "reason", "age"))
    if age is None:
        return f"{outcome}: {reason}" if outcome == "inconclusive" else str(outcome)
    low, high = row[f"age_low_{version}"], row[f"age_high_{version}"]
    return f"{outcome}: {age:.1f} ({low:.0f} to {high:.0f})"


def _plain(value: Any) -> Any:
    """A cell as JSON and CSV can hold it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value


def _print_csv(rows: Rows, columns: list[str]) -> None:
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _print_json(rows: Rows, _columns: list[str]) -> None:
    click.echo(json.dumps(list(rows), indent=1))


def _print_table(rows: Rows, columns: list[str]) -> None:
    table = Table()
    for name in columns:
        table.add_column(name, justify="left" if name in _TEXTS else "right")
    for row in rows:
        cells = (
            f"{v:.2f}" if isinstance(v, float) else "" if v is None else str(v)
            for v in row.values()
        )
        table.add_row(*cells)
    if columns:
        Console(width=None if sys.stdout.isatty() else 200).print(table, markup=False)


_TEXTS = {*_LOG_SHOWN, "path", "reason", "store", "transaction", "till", "ID check", "old", "new"}

_PRINTERS: dict[str, Callable[[Rows, list[str]], None]] = {
    "csv": _print_csv,
    "json": _print_json,
    "table": _print_table,
}
