"""Options that several commands share, and their types."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import click


class Day(click.ParamType[date]):
    """A calendar day."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Parse an ISO date."""
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007  # a date has no zone
        except (TypeError, ValueError):
            self.fail(f"{value!r} is no day such as 2026-03-27", param, ctx)


class Address(click.ParamType[str]):
    """A path or URL. An empty one would silently stand for the current folder."""

    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse an empty address."""
        if not str(value).strip():
            self.fail("the address is empty: name a folder or a URL", param, ctx)
        return str(value)


def out_option(meaning: str) -> Callable[..., Any]:
    """The required ``--out``, with its help text."""
    return click.option("--out", required=True, type=Address(), help=meaning)


def day_option(meaning: str) -> Callable[..., Any]:
    """The required ``--day``, with its help text."""
    return click.option("--day", type=Day(), required=True, help=meaning)


sales = click.option(
    "--sales", required=True, type=Address(), help="Till exports: a folder or a file."
)
snapshots = click.option(
    "--snapshots", required=True, type=Address(), help="Frames and, in index/, their index."
)
out = out_option("Where ledger and reports are.")
policy = click.option(
    "--policy",
    type=Address(),
    metavar="FILE",
    help="Policy, a TOML file or URL. [default: built in]",
)
mapping = click.option(
    "--mapping",
    type=Address(),
    metavar="FILE",
    envvar="AUDITOR_MAPPING",
    show_envvar=True,
    help="What the tills' files hold: a TOML file or URL, or the name of a mapping that comes with"
    " the program. [default: the audit's own columns]",
)
stores = click.option(
    "--store", "stores", multiple=True, metavar="ID", help="Only this store; repeatable."
)
first_day = click.option("--from", "first", type=Day(), required=True, help="First day.")
last_day = click.option("--to", "last", type=Day(), required=True, help="Last day, included.")
form = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How to print.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object, for a program.")
