"""``auditor check``."""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import options
from auditor.errors import ExitCode

if TYPE_CHECKING:
    from auditor.operations.health import HealthResult


@click.command()
@click.option(
    "--day", type=options.Day(), help="Business day that should be done. [default: yesterday]"
)
@options.address("sales", "Till exports.")
@options.address("snapshots", "Frames and their index.")
@options.address("out", "Where ledger and reports are.")
@options.policy
@options.mapping
@click.option(
    "--time-zone",
    envvar="AUDITOR_TIME_ZONE",
    show_envvar=True,
    default="UTC",
    show_default=True,
    help="Zone of the shops: when yesterday ended.",
)
@click.option("--deep", is_flag=True, help="Also load the model and make its golden predictions.")
@click.option("--airflow", is_flag=True, help="Also ask Airflow for the scoring pool and the DAG.")
@options.as_json
def check(*, day: date | None, time_zone: str, as_json: bool, **setup_options: Any) -> None:
    """Check health before and after a run, and give a remedy for each problem.

    Configuration, model, templates, access, disk space, and whether the day is complete. A
    temporary probe file is written below --out and removed. No person is named, so the results may
    be passed on.

    Exit code 0: no problem (there may be warnings); 1: at least one; 3: the day is done, but above
    the policy's limits.
    """
    from auditor.clock.business_day import today_in
    from auditor.operations.health import Setup, State, worst
    from auditor.operations.health import check as check_health

    today = today_in(time_zone)
    day = day or today - timedelta(days=1)
    setup = Setup(day=day, today=today, environment=os.environ, **setup_options)
    if as_json:
        results = list(check_health(setup))
        about = {"day": str(day), "auditor_version": version("auditor"), "state": worst(results)}
        click.echo(json.dumps({**about, "findings": list(map(asdict, results))}, indent=1))
    else:
        results = _print_results(check_health(setup))
    exit_codes = {State.FAILED: ExitCode.FAILED, State.ABOVE_LIMITS: ExitCode.ABOVE_LIMITS}
    sys.exit(exit_codes.get(worst(results), ExitCode.DONE))


def _print_results(results: Iterable["HealthResult"]) -> list["HealthResult"]:
    """Print each result as soon as it is there; return them all."""
    printed = []
    for result in results:
        click.echo(f"{result.state:<13} {result.check:<12} {result.said}")
        if result.todo:
            click.echo(f"{'':<26} -> {result.todo}")
        printed.append(result)
    return printed
