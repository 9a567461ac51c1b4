"""What several commands print: rows, a sale's outcome, and how far the work is."""

import contextlib
import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import click

Rows = Iterable[dict[str, Any]]

#: Characters a line of a table may have in a file or a pipe, which have no edge: nothing is folded.
_ENDLESS = 100_000


def print_rows(form: str, rows: Rows, columns: Sequence[str], *, texts: Iterable[str] = ()) -> None:
    """Print rows, each with all ``columns`` in their order, on standard output.

    ``form`` is "table" for a person, "csv" or "json" for a program. A table aligns the columns
    ``texts`` to the left and may fold them.
    """
    if form == "json":
        click.echo(json.dumps(list(rows), indent=1))
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    elif columns:
        _print_table(rows, columns, frozenset(texts))


def outcome_in_words(
    outcome: str, reason: str | None, age: float | None, *, low: float | None, high: float | None
) -> str:
    """An outcome with its estimate and interval, or with the reason for having no estimate."""
    if age is None:
        return f"{outcome}: {reason}" if outcome == "inconclusive" else outcome
    return f"{outcome}: {age:.1f} ({low:.0f} to {high:.0f})"


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on standard error, if that is a terminal.

    Yields:
        The function to call with the number of units done, and of all units.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print_table(rows: Rows, columns: Sequence[str], texts: frozenset[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for name in columns:
        if name in texts:
            table.add_column(name, overflow="fold")
        else:
            table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            *(
                f"{v:.2f}" if isinstance(v, float) else "" if v is None else str(v)
                for v in row.values()
            )
        )
    Console(width=None if sys.stdout.isatty() else _ENDLESS).print(table, markup=False)
