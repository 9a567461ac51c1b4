"""``auditor diff``."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

import click

from auditor.cli import options
from auditor.cli.output import outcome_in_words

if TYPE_CHECKING:
    from auditor.operations.diff import ChangedSale, DayChange, SaleResult, StoreChange

#: Changed sales listed of a store's day: as many as a person reads.
_MOST_SALES = 25


@click.command()
@options.out
@options.first_day
@options.last_day
@options.as_json
def diff(*, out: str, first: date, last: date, as_json: bool) -> None:
    """Show what changed in days that were audited again, and why: inputs, policy, model, program.

    Each store's day is compared with its earlier revision, which is kept below OUT/revisions.
    Sales are named as in the report, with the estimate and its 80 % interval before and after.
    Decisions about sales whose outcome changed are listed. Nothing is written.
    """
    from auditor.operations.diff import changes, document

    days = changes(out, first, last)
    if as_json:
        click.echo(document(first, last, list(days)))
    else:
        _print_changes(days)


def _print_changes(days: Iterable["DayChange"]) -> None:
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


def _store_lines(store: "StoreChange") -> Iterator[str]:
    if store.problem:
        yield f"{store.store_id}: cannot be compared: {store.problem}"
        return
    if store.outcomes_after is None:
        yield f"{store.store_id}: in the day no more"
    else:
        revisions = f" (the newest of {store.replaced} earlier revisions)"
        several = revisions if store.replaced > 1 else ""
        yield f"{store.store_id}: {_why(store)}{several}"
    before, after = store.outcomes_before or {}, store.outcomes_after or {}
    counts = [(name, before[name], after.get(name, 0)) for name in before]
    totals = ("sales", sum(before.values()), sum(after.values()))
    pairs = [f"{name} {a} -> {b}" if a != b else f"{name} {a}" for name, a, b in [totals, *counts]]
    yield f"  {', '.join(pairs)}"
    yield f"  flags: {store.flags_new} new, {store.flags_gone} gone"
    if store.largest_move_years:
        yield (
            f"  {store.estimates_moved} estimates are others, by {store.largest_move_years:.1f}"
            " years at most"
        )
    for sale in store.sales[:_MOST_SALES]:
        yield f"  {sale.sale}  {_sale_in_words(sale)}"
    if (rest := len(store.sales) - _MOST_SALES) > 0:
        yield f"  and {rest} more sales: --json has them all"


def _why(store: "StoreChange") -> str:
    if not store.causes:
        return "inputs, policy, model and program are the same by their hashes"
    return "; ".join(f"{c.what} {c.before[:12]} -> {c.after[:12]}" for c in store.causes)


def _sale_in_words(sale: "ChangedSale") -> str:
    was, now = sale.before, sale.after
    words = f"{_result_in_words(was)} -> {_result_in_words(now)}"
    if was and now and was.challenge_age != now.challenge_age:
        words += f"; challenge age {was.challenge_age} -> {now.challenge_age}"
    if was and was.outcome == "flagged" and not sale.picture_kept:
        words += "; its picture is not kept any more"
    return words


def _result_in_words(result: "SaleResult | None") -> str:
    if result is None:
        return "not there"
    one = result.estimate
    age, low, high = (one.age, one.age_low, one.age_high) if one else (None, None, None)
    return outcome_in_words(result.outcome, result.reason, age, low=low, high=high)
