"""Rows on standard output, as a table for a person or as CSV or JSON for a program."""

import csv
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import groupby
from typing import Any

import click
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from auditor.operations.compare_models import Comparison
from auditor.operations.diff import DayChange, Said, Sale, StoreChange
from auditor.operations.health import HealthResult, State, worst
from auditor.report.spreadsheet import csv_text

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


def print_findings(found: Iterable[HealthResult], *, as_json: bool, about: dict[str, Any]) -> State:
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


def print_changes(days: Iterable[DayChange]) -> None:
    """Print what changed of days that were audited again, day by day as they come."""
    for day in days:
        click.echo(f"{day.day}: {day.state}")
        quiet = [s for s in day.stores if not s.sales and not s.problem]
        for store in day.stores:
            if store not in quiet:
                for line in _store_lines(store):
                    click.echo(f"  {line}")
        for why, alike in groupby(sorted(quiet, key=_why), key=_why):
            names = ", ".join(store.store_id for store in alike)
            click.echo(f"  {names}: every sale came out as before; {why}")
        if day.stores and day.stores_unchanged:
            click.echo(f"  unchanged: {day.stores_unchanged} other stores")
        for entry in day.decided_otherwise:
            now = entry.outcome_now or "not in the ledger"
            click.echo(
                f"  decided when the outcome was another: {entry.store_id} {entry.sale}"
                f" {entry.decision}, {entry.decided_at:%Y-%m-%d}; {entry.outcome_then} then,"
                f" {now} now. It stands in the log"
            )


def _store_lines(store: StoreChange) -> Iterator[str]:
    if store.problem:
        yield f"{store.store_id}: cannot be compared: {store.problem}"
        return
    if store.outcomes_after is None:
        yield f"{store.store_id}: in the day no more"
    else:
        several = f" (the newest of {store.replaced} versions before)" if store.replaced > 1 else ""
        yield f"{store.store_id}: {_why(store)}{several}"
    before, after = store.outcomes_before or {}, store.outcomes_after or {}
    counts = [(name, before[name], after.get(name, 0)) for name in before]
    totals = ("sales", sum(before.values()), sum(after.values()))
    told = [f"{name} {a} -> {b}" if a != b else f"{name} {a}" for name, a, b in [totals, *counts]]
    yield f"  {', '.join(told)}"
    yield f"  flags: {store.flags_new} new, {store.flags_gone} gone"
    if store.largest_move_years:
        yield (
            f"  {store.estimates_moved} estimates are others, by {store.largest_move_years:.1f}"
            " years at most"
        )
    for sale in store.sales[:_SALES_SHOWN]:
        yield f"  {sale.sale}  {_sale_in_words(sale)}"
    if (rest := len(store.sales) - _SALES_SHOWN) > 0:
        yield f"  and {rest} more sales: --json has them all"


def _why(store: StoreChange) -> str:
    if not store.causes:
        return "inputs, policy, model and program are the same by their hashes"
    return "; ".join(f"{c.what} {_brief(c.before)} -> {_brief(c.after)}" for c in store.causes)


def _brief(cause: str) -> str:
    return cause[:12]


def _sale_in_words(sale: Sale) -> str:
    was, now = sale.before, sale.after
    words = f"{_as_said(was)} -> {_as_said(now)}"
    if was and now and was.challenge_age != now.challenge_age:
        words += f"; challenge age {was.challenge_age} -> {now.challenge_age}"
    if was and was.outcome == "flagged" and not sale.picture_kept:
        words += "; its picture is not kept any more"
    return words


def _as_said(said: Said | None) -> str:
    if said is None:
        return "not there"
    one = said.estimate
    if one is None:
        return _in_words(said.outcome, said.reason, None, low=None, high=None)
    return _in_words(said.outcome, said.reason, one.age, low=one.age_low, high=one.age_high)


#: Of a store's day, as many as a person reads.
_SALES_SHOWN = 25

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
    said = (row[f"{name}_{version}"] for name in ("outcome", "reason", "age"))
    return _in_words(*said, low=row[f"age_low_{version}"], high=row[f"age_high_{version}"])


def _in_words(
    outcome: str, reason: str | None, age: float | None, *, low: float | None, high: float | None
) -> str:
    """An outcome, and the estimate with its interval or the reason for having none."""
    if age is None:
        return f"{outcome}: {reason}" if outcome == "inconclusive" else outcome
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
        if name in _TEXTS:
            table.add_column(name, overflow="fold")
        else:
            table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        cells = (
            f"{v:.2f}" if isinstance(v, float) else "" if v is None else str(v)
            for v in row.values()
        )
        table.add_row(*cells)
    if columns:
        # A file or a pipe has no edge to fit: nothing there is folded or cut.
        Console(width=None if sys.stdout.isatty() else _ENDLESS).print(table, markup=False)


_ENDLESS = 100_000  # characters

_TEXTS = {*_LOG_SHOWN, "path", "reason", "store", "transaction", "till", "ID check", "old", "new"}

_PRINTERS: dict[str, Callable[[Rows, list[str]], None]] = {
    "csv": _print_csv,
    "json": _print_json,
    "table": _print_table,
}
