"""The group of commands, its logging and its exit codes."""

import logging
from typing import Any

import click

from auditor.cli.check import check
from auditor.cli.compare_models import compare_models
from auditor.cli.decide import decide
from auditor.cli.decisions import decisions
from auditor.cli.demo import demo
from auditor.cli.diff import diff
from auditor.cli.estimate import estimate
from auditor.cli.expire import expire
from auditor.cli.insights import insights
from auditor.cli.mapping import mapping
from auditor.cli.pack import pack
from auditor.cli.run import run
from auditor.errors import AuditorError

_EPILOG = """
\b
Exit codes:
  0  done
  1  the run failed
  2  wrong use, or an unreadable configuration
  3  done, but rejects, inconclusive sales or missing stores exceed the policy's limits, files
     could not be used, or categories that may be alcohol are not in the policy

\b
Shell completion (also zsh_source, fish_source); in ~/.bashrc:
  eval "$(_AUDITOR_COMPLETE=bash_source auditor)"
"""


class _Commands(click.Group):
    """Shows an error that is meant for the user as one message, with its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AuditorError as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"auditor: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(
    cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="auditor")
@click.option("--debug", is_flag=True, help="Log in detail and show tracebacks.")
@click.option(
    "--log-json",
    is_flag=True,
    envvar="AUDITOR_LOG_JSON",
    show_envvar=True,
    help="Log each step, with counts and seconds, as a line of JSON.",
)
def main(*, debug: bool, log_json: bool) -> None:
    """Audit alcohol sales: which buyers looked young, and was their ID checked?

    A flag is a lead for a person to look at, never a finding. An estimate is a distribution:
    it is always given with its interval.
    """
    from auditor.telemetry import JsonLines

    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonLines() if log_json else logging.Formatter("%(levelname)s %(message)s")
    )
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, handlers=[handler])
    if log_json:
        logging.getLogger("auditor").setLevel(logging.DEBUG if debug else logging.INFO)


for _command in (
    *(run, estimate, compare_models, decide, decisions, diff),
    *(pack, demo, expire, check, insights, mapping),
):
    main.add_command(_command)
