"""Options that several commands share, and their types."""

import os
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
    """A path or URL. An empty one, of an unset variable, would stand for the current folder."""

    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse an empty address."""
        if not str(value).strip():
            self.fail("the address is empty: name a folder or a URL", param, ctx)
        return str(value)


class _AddressOption(click.Option):
    """An option that may also be given as a variable, which must not be empty where it is set."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """The value of the variable; click itself takes an empty one for none."""
        variable = str(self.envvar)
        if (value := os.environ.get(variable)) is not None and not value.strip():
            raise click.BadParameter(
                f"the variable {variable} is empty: give it an address, or unset it",
                ctx=ctx,
                param=self,
            )
        return super().resolve_envvar_value(ctx)


def address(name: str, meaning: str, **settings: Any) -> Callable[..., Any]:
    """The option of an address, such as ``--out``, which the variable AUDITOR_OUT may give too."""
    return click.option(
        f"--{name}",
        cls=_AddressOption,
        type=Address(),
        envvar=f"AUDITOR_{name.upper()}",
        show_envvar=True,
        help=meaning,
        **settings,
    )


def out_option(meaning: str) -> Callable[..., Any]:
    """The required ``--out``, with its help text."""
    return address("out", meaning, required=True)


def day_option(meaning: str) -> Callable[..., Any]:
    """The required ``--day``, with its help text."""
    return click.option("--day", type=Day(), required=True, help=meaning)


sales = address("sales", "Till exports: a folder or a file.", required=True)
snapshots = address("snapshots", "Frames and, in index/, their index.", required=True)
out = out_option("Where ledger and reports are.")
policy = address("policy", "Policy, a TOML file or URL. [default: built in]", metavar="FILE")
mapping = address(
    "mapping",
    "What the tills' files hold: a TOML file or URL, or the name of a mapping that comes with the"
    " program. [default: the audit's own columns]",
    metavar="FILE",
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
