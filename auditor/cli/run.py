"""``auditor run``."""

import sys
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import options
from auditor.cli.output import progress_bar
from auditor.errors import ExitCode

if TYPE_CHECKING:
    from auditor.inputs import Reasons
    from auditor.report.unreadable import UnreadableFrames

#: Files without rows that are named, and files that cannot be used of which the reason is printed.
_MOST_FILES = 10
#: Stores that the policy does not list of which each is printed.
_MOST_STORES = 10
#: Cameras of which the frames that could not be read are printed.
_MOST_CAMERAS = 10


@click.command()
@options.day_option("Business day to audit.")
@options.sales
@options.snapshots
@options.out_option("Where ledger and reports go.")
@options.policy
@options.mapping
@options.stores
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    help="Sales scored at a time; does not change the results.",
)
@click.option("--wait", is_flag=True, help="Wait while another run is at work on the day.")
def run(*, wait: bool, **job_options: Any) -> None:
    """Audit one business day: collect, score, decide, report.

    A URL is a local path, or s3://, gs://, abfs:// with the library for it installed. Running a day
    again replaces its results; the same inputs, policy and model give the same bytes. Two runs of
    one day at once: the second one refuses.
    """
    from auditor.pipeline import Job, run_day

    job = Job(**job_options)
    with progress_bar("Scoring frames") as progress:
        result = run_day(job, progress, wait=wait)
    click.echo(f"{job.day}: {sum(result.outcomes.values())} alcohol sales")
    for outcome, count in sorted(result.outcomes.items()):
        click.echo(f"  {outcome:<15} {count:>7}")
    click.echo(f"Report: {job.out.rstrip('/')}/{result.report}")
    for path in result.empty[:_MOST_FILES]:
        click.echo(f"No rows: {path} has a header and no rows", err=True)
    if (more := len(result.empty) - _MOST_FILES) > 0:
        click.echo(f"No rows: {more} more till exports", err=True)
    for store in result.unlisted[:_MOST_STORES]:
        click.echo(
            f"Not in the policy: {store}, audited by the rules for all stores; list it under "
            "[stores], or correct its name",
            err=True,
        )
    if (more := len(result.unlisted) - _MOST_STORES) > 0:
        click.echo(f"Not in the policy: {more} more stores", err=True)
    _print_rejected(result.lost, job.out, job.day)
    _print_unreadable(result.unreadable)
    for done in result.completed:
        click.echo(
            f"Completed: {done.sales} alcohol sales of {done.day}; {len(done.stores)} of its stores"
            f" were audited again (auditor diff --from {done.day} --to {done.day})",
            err=True,
        )
    for words in result.incomplete:
        click.echo(f"Not completed: {words}", err=True)
    for words in result.above_limits:
        click.echo(f"Above the policy's limits: {words}", err=True)
    if result.above_limits or result.incomplete:
        sys.exit(ExitCode.ABOVE_LIMITS)


def _print_rejected(lost: "Reasons", out: str, day: date) -> None:
    """Print what was not used and why, with the first row of each reason."""
    from auditor.report.rejected import REJECTS_LIMIT
    from auditor.report.text.rejected import first
    from auditor.storage.layout import report_page

    for why in lost.unusable[:_MOST_FILES]:
        click.echo(f"Not read: {why}", err=True)
    if (more := len(lost.unusable) - _MOST_FILES) > 0:
        click.echo(f"Not read: {more} more files", err=True)
    for what, counts in (("Rejected rows", lost.rows), ("Cells left out", lost.cells)):
        if counts:
            ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            listed = ", ".join(f"{count} {name}" for name, count in ordered)
            click.echo(f"{what}: {listed}", err=True)
            for name, _ in ordered:
                click.echo(f"  {name}: {first(lost.first[name])}", err=True)
    if lost.first:
        below = out.rstrip("/")
        click.echo(
            f"The first {REJECTS_LIMIT} of them: {below}/{report_page(day)}#set-aside; all, as "
            f"Parquet: {below}/rejects/day={day}/",
            err=True,
        )


def _print_unreadable(cameras: Sequence["UnreadableFrames"]) -> None:
    """Print by camera how many frames could not be read, and why."""
    from auditor.report.text.cameras import unreadable
    from auditor.report.text.words import visible

    for camera in cameras[:_MOST_CAMERAS]:
        click.echo(
            f"Till {visible(camera.till_id, 40)} of {camera.store_id}: {unreadable(camera)}",
            err=True,
        )
    if rest := cameras[_MOST_CAMERAS:]:
        frames = sum(camera.frames for camera in rest)
        click.echo(f"{frames} frames of {len(rest)} more tills could not be read", err=True)
