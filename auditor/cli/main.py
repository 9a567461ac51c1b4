"""The command line: options in, one message out; everything else is in the pipeline."""

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from auditor.errors import AuditorError, ExitCode

_PICTURES = {".jpg", ".jpeg", ".png"}


class _Commands(click.Group):
    """Shows the errors that are meant for a user as one message, with their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AuditorError as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"auditor: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
    r"""Audit alcohol sales: which buyers looked young, and was their ID checked?

    A flag is a lead for a person to look at, never a finding. An estimate is a distribution:
    it is always given with its interval.

    \b
    Exit codes:
      0  done
      1  the run failed
      2  wrong use, or an unreadable configuration
      3  done, but rejects, inconclusive sales or missing stores exceed the policy's limits
    """
    from auditor.telemetry import JsonLines

    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonLines() if log_json else logging.Formatter("%(levelname)s %(message)s")
    )
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, handlers=[handler])
    if log_json:
        logging.getLogger("auditor").setLevel(logging.DEBUG if debug else logging.INFO)


class _Day(click.ParamType[date]):
    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007  # a date has no zone
        except (TypeError, ValueError):
            self.fail(f"{value!r} is no day such as 2026-03-27", param, ctx)


# Options that several commands have.
_sales = click.option(
    "--sales", required=True, metavar="URL", help="Till exports: a folder or a file."
)
_snapshots = click.option(
    "--snapshots", required=True, metavar="URL", help="Frames and, in index/, their index."
)
_policy = click.option(
    "--policy", metavar="FILE", help="Policy, a TOML file or URL. [default: built in]"
)
_out = click.option("--out", required=True, metavar="URL", help="Where ledger and reports are.")
_day = click.option("--day", type=_Day(), required=True, help="The business day.")
_first = click.option("--from", "first", type=_Day(), required=True, help="First day.")
_last = click.option("--to", "last", type=_Day(), required=True, help="Last day, included.")
_format = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How to print.",
)
_stores = click.option(
    "--store", "stores", multiple=True, metavar="ID", help="Only this store; repeatable."
)


@main.command()
@click.option("--day", type=_Day(), required=True, help="Business day to audit.")
@_sales
@_snapshots
@click.option("--out", required=True, metavar="URL", help="Where ledger and reports go.")
@_policy
@_stores
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    help="Sales scored at a time; does not change the results.",
)
@click.option("--wait", is_flag=True, help="Wait while another run is at work on the day.")
def run(  # noqa: PLR0913  # one argument an option
    *,
    day: date,
    sales: str,
    snapshots: str,
    out: str,
    policy: str | None,
    stores: tuple[str, ...],
    batch_size: int,
    wait: bool,
) -> None:
    """Audit one business day: collect, score, decide, report.

    A URL is a local path, or s3://, gs://, abfs:// with the library for it installed. Running a day
    again replaces its results; the same inputs, policy and model give the same bytes. Two runs of
    one day at once: the second one refuses.
    """
    from auditor.pipeline import Job, run_day

    job = Job(day, sales, snapshots, out, policy, stores, batch_size)
    with _progress("Scoring frames") as progress:
        result = run_day(job, progress, wait=wait)
    sales_in_all = sum(result.outcomes.values())
    click.echo(f"{day}: {sales_in_all} alcohol sales")
    for outcome, count in sorted(result.outcomes.items()):
        click.echo(f"  {outcome:<15} {count:>7}")
    click.echo(f"Report: {out.rstrip('/')}/{result.report}")
    if result.above_limits:
        for words in result.above_limits:
            click.echo(f"Above the policy's limits: {words}", err=True)
        sys.exit(ExitCode.ABOVE_LIMITS)


def _two_ages(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[int, int]:
    try:
        low, high = (int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not two ages such as 18,25") from None
    if not 1 <= low <= high <= 99:
        raise click.BadParameter("ages go from 1 to 99, the lower one first")
    return low, high


@main.command()
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH...",
)
@_format
@click.option(
    "--ages",
    default="18,25",
    show_default=True,
    callback=_two_ages,
    help="The two ages below which the probability is given.",
)
def estimate(*, paths: tuple[Path, ...], form: str, ages: tuple[int, int]) -> None:
    """Estimate the age of the person in each picture (JPEG or PNG), or in folders of pictures.

    One row a picture: the buyer's face, which is the largest near the middle. age_low and age_high
    enclose 80 %. A picture without an estimate has a reason.
    """
    from auditor.cli.printing import print_rows
    from auditor.operations.estimate import estimate as estimate_pictures

    pictures = [picture for path in paths for picture in _pictures(path)]
    with _progress("Estimating") as progress:
        rows = estimate_pictures(
            pictures, legal_age=ages[0], challenge_age=ages[1], progress=progress
        )
        named = (_named(path, row, ages) for path, row in zip(pictures, rows, strict=True))
        print_rows(form, named, _columns(ages))


def _two_versions(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[str, str]:
    old, _, new = (part.strip() for part in value.partition(","))
    if not old or not new or "," in new:
        raise click.BadParameter(f"{value!r} is not two versions such as 3,4")
    return old, new


@main.command("compare-models")
@click.option("--day", type=_Day(), required=True, help="Business day to look at.")
@_sales
@_snapshots
@_policy
@_stores
@click.option(
    "--models",
    required=True,
    callback=_two_versions,
    metavar="OLD,NEW",
    help="The two versions of the age model.",
)
@_format
@click.option("--all", "everything", is_flag=True, help="All sales, not the changed ones only.")
def compare_models(  # noqa: PLR0913  # one argument an option
    *,
    day: date,
    sales: str,
    snapshots: str,
    policy: str | None,
    stores: tuple[str, ...],
    models: tuple[str, str],
    form: str,
    everything: bool,
) -> None:
    """Tell what another version of the age model would have changed on a day, sale by sale.

    Both versions score the day's frames, and the policy decides. Nothing is written. Each estimate
    has its 80 % interval; which version is right, the comparison does not say.
    """
    from auditor.cli.printing import print_comparison
    from auditor.operations.compare_models import compare_models as compare
    from auditor.pipeline import Job

    job = Job(day, sales, snapshots, "", policy, stores)
    with _progress("Scoring sales twice") as progress:
        found = compare(job, models, progress)
    print_comparison(form, found, everything=everything)


@main.command()
@_out
@_day
@click.option(
    "--sale",
    required=True,
    metavar="SALE",
    help="STORE/TRANSACTION, or the sale's link in the report (or its sale-...).",
)
@click.option(
    "--decision",
    required=True,
    metavar="WHAT",
    help="check_made, no_check_seen, looks_older, cannot_tell, followed_up, reopened or note.",
)
@click.option("--by", required=True, metavar="NAME", help="Who decides.")
@click.option("--note", metavar="TEXT", help="In your own words; name no customer.")
def decide(  # noqa: PLR0913  # one argument an option
    *, out: str, day: date, sale: str, decision: str, by: str, note: str | None
) -> None:
    """Record what you decided about a sale.

    The record is only ever added to: who errs records `reopened`. It stays when the day is audited
    again. The day's report is rendered again with it.
    """
    from auditor.decisions.log import Judgement
    from auditor.operations.record_decision import record_decision as record

    done = record(out, day, sale, Judgement(decision, by, datetime.now(UTC), note))
    named = f"{done.store_id}/{done.transaction_id} ({done.outcome})"
    click.echo(f"{named}: {decision}, entry {done.entries} about this sale: {done.path}")
    if not done.in_report:
        click.echo("The report does not show it yet: a run of the day renders it.")


@main.command()
@_out
@_day
@_format
def decisions(*, out: str, day: date, form: str) -> None:
    """List what was decided about a day's sales, in the order of recording."""
    from auditor.cli.printing import print_log
    from auditor.operations.record_decision import decision_log

    print_log(form, decision_log(out, day))


@main.command()
@_out
@_first
@_last
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for a program.")
def diff(*, out: str, first: date, last: date, as_json: bool) -> None:
    """Tell what changed of days that were audited again, and why: inputs, policy, model, program.

    Each store's day is held against the version before it, which is kept below OUT/revisions. Sales
    are named as in the report, with the estimate and its 80 % interval before and after. Decisions
    about sales that came out otherwise are listed. Nothing is written.
    """
    from auditor.cli.printing import print_changes
    from auditor.operations.diff import changes, document

    days = changes(out, first, last)
    if as_json:
        click.echo(document(first, last, list(days)))
    else:
        print_changes(days)


_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@main.command()
@click.option("--week", metavar="YYYY-Www", help="ISO week to pack, such as 2026-W13.")
@click.option("--out", metavar="URL", help="Where ledger and reports are; the pack goes there too.")
@_policy
@click.option("--key", type=_file, help="Ed25519 key in PEM, or a secret, to sign or check with.")
@click.option("--attach", multiple=True, type=_file, help="Document to add; repeatable.")
@click.option("--with-names", is_flag=True, help="People by their own names, not pseudonyms.")
@click.option(
    "--faces-until", type=_Day(), help="Pack pictures too, apart; `expire` deletes them after it."
)
@click.option("--verify", metavar="URL", help="Check a pack, its zip or its folder, instead.")
def pack(  # noqa: PLR0913  # one argument an option
    *,
    week: str | None,
    out: str | None,
    policy: str | None,
    key: Path | None,
    attach: tuple[Path, ...],
    with_names: bool,
    faces_until: date | None,
    verify: str | None,
) -> None:
    """Make the due-diligence pack of a week, to be handed to a regulator; or check one.

    A folder and a zip below OUT/packs: coverage, flagged and refused sales, decisions, policy and
    model in force, and a signed list of all files. Cashiers stand in it under pseudonyms, small
    counts are withheld, and it holds no face.
    """
    from auditor.operations import pack as packs

    signing = packs.Key.parse(key.read_bytes(), origin=str(key)) if key else None
    if verify is not None:
        found = packs.verify(verify, signing)
        click.echo(f"Pack of {found.week}, {found.files} files, manifest {found.sha256}")
        click.echo(f"Signed {found.signed}")
        for problem in found.problems:
            click.echo(f"Not as it was made: {problem}", err=True)
        sys.exit(ExitCode.FAILED if found.problems else ExitCode.DONE)
    if week is None or out is None:
        raise click.UsageError("give --week and --out to make a pack, or --verify to check one")
    if faces_until is not None and faces_until < datetime.now(UTC).date():
        raise click.UsageError(f"--faces-until {faces_until} is over already")
    order = packs.Order(
        out, packs.Week.parse(week), policy, signing, with_names, attach, faces_until
    )
    made = packs.make_pack(order)
    for day in made.days_missing:
        click.echo(f"No report of {day}: the pack says that nothing is known about it", err=True)
    root = out.rstrip("/")
    click.echo(f"Pack: {root}/{made.zip} and {root}/{made.folder}/index.html")
    click.echo(f"Manifest {made.sha256}, signed: {made.signed}")
    if made.faces:
        click.echo(f"Pictures, until {faces_until}: {root}/{made.faces}")
        click.echo(f"Flagged sales whose picture is not kept (any more): {made.faces_gone}")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--seed", default=1, show_default=True, help="Another seed, another chain.")
@click.option("--past", metavar="URL", help="Also write, as into --out, a simulated past.")
@click.option(
    "--past-weeks",
    type=click.IntRange(0, 52),
    default=0,
    show_default=True,
    help="Also write the baskets of so many weeks, simulated, into FOLDER/past for `insights`.",
)
def demo(*, folder: Path, seed: int, past: str | None, past_weeks: int) -> None:
    """Write a demo chain into FOLDER: four stores, three days, and the troubles of real life.

    FOLDER gets sales/, snapshots/, policy.toml, confusion.json, and of what was put in:
    truth.parquet, cashiers.parquet and cameras.parquet. Nobody in the pictures exists. With --past,
    the counts and figures that a report of the first day looks back on are simulated too, and
    written where the audit will write.
    """
    from auditor.demo import write_demo

    with _progress("Drawing frames") as progress:
        write_demo(folder, seed=seed, progress=progress)
    if past is not None:
        from auditor.demo.past import write_past
        from auditor.policy import load_policy
        from auditor.storage.place import results_at

        with _progress("Simulating days before") as progress:
            rules = load_policy(str(folder / "policy.toml"))
            write_past(results_at(past), rules, seed=seed, progress=progress)
    if past_weeks:
        from auditor.demo.past_baskets import write_past as write_baskets

        first, last = write_baskets(folder / "past", past_weeks, seed=seed)
        click.echo(
            f"Baskets of {past_weeks} weeks, simulated without pictures. Look at the last week:\\n"
            f"  auditor insights --from {first} --to {last} --policy {folder}/policy.toml "
            f"--out {folder}/past"
        )
    click.echo(
        f"Demo chain in {folder}. Audit a day of it:\n"
        f"  auditor run --day 2026-03-27 --sales {folder}/sales --snapshots {folder}/snapshots "
        f"--policy {folder}/policy.toml --out {folder}/out"
    )


@main.command()
@_out
@_policy
@click.option("--as-of", type=_Day(), required=True, help="The day to count back from.")
def expire(*, out: str, policy: str | None, as_of: date) -> None:
    """Delete what is past its retention: face crops, packs of faces, decisions, baskets.

    `run` does so too. Numbers, hashes and decisions stay when the faces go.
    """
    from auditor.pipeline import expire as expire_results

    for folder in expire_results(out, policy, as_of):
        click.echo(f"Removed {folder}")


def _address(name: str, meaning: str) -> Callable[..., Any]:
    variable = f"AUDITOR_{name.upper()}"
    return click.option(f"--{name}", metavar="URL", envvar=variable, show_envvar=True, help=meaning)


@main.command()
@click.option("--day", type=_Day(), help="Business day that should be done. [default: yesterday]")
@_address("sales", "Till exports.")
@_address("snapshots", "Frames and their index.")
@_address("out", "Where ledger and reports are.")
@_address("policy", "Policy, a TOML file.")
@click.option(
    "--time-zone",
    envvar="AUDITOR_TIME_ZONE",
    show_envvar=True,
    default="UTC",
    show_default=True,
    help="Zone of the shops: when yesterday ended.",
)
@click.option("--deep", is_flag=True, help="Also load the model and predict what is known.")
@click.option("--airflow", is_flag=True, help="Also ask Airflow for the scoring pool and the DAG.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for a program.")
def check(  # noqa: PLR0913  # one argument an option
    *,
    day: date | None,
    sales: str | None,
    snapshots: str | None,
    out: str | None,
    policy: str | None,
    time_zone: str,
    deep: bool,
    airflow: bool,
    as_json: bool,
) -> None:
    """Tell whether tonight's audit will work and last night's did, and what to do where not.

    Configuration, model, templates, access, room, and whether the day is complete. A file of no
    meaning is written below --out and removed. No person is named, so the answer may be passed on.

    Exit code 0: nothing is wrong (there may be warnings); 1: something is; 3: the day is done, but
    above the policy's limits.
    """
    from auditor.cli.printing import print_findings
    from auditor.clock.business_day import today_in
    from auditor.operations.health import Setup, State
    from auditor.operations.health import check as findings

    today = today_in(time_zone)
    day = day or today - timedelta(days=1)
    setup = Setup(
        day=day,
        today=today,
        sales=sales,
        snapshots=snapshots,
        out=out,
        policy=policy,
        environment=os.environ,
        deep=deep,
        airflow=airflow,
    )
    about = {"day": str(day), "auditor_version": version("auditor")}
    state = print_findings(findings(setup), as_json=as_json, about=about)
    if state is State.FAILED:
        sys.exit(ExitCode.FAILED)
    if state is State.ABOVE_LIMITS:
        sys.exit(ExitCode.ABOVE_LIMITS)


@main.command()
@_first
@_last
@click.option("--out", required=True, metavar="URL", help="Where the nightly runs put theirs.")
@_policy
def insights(*, first: date, last: date, out: str, policy: str | None) -> None:
    """Tell what each age group bought over some days, and what to suggest to it.

    Reads baskets that the nightly runs kept, if the policy's [insights] allows it: no face, no
    flag, no cashier. Writes pages, CSV and JSON below OUT/insight-reports/.
    """
    from auditor.operations.insights_report import report_purchases

    with _progress("Reading baskets") as progress:
        result = report_purchases(out, first, last, policy, progress)
    click.echo(f"{first} to {last}: {result.baskets:,} baskets by age group")
    for name, words in result.groups:
        click.echo(f"  {name:<10} {words}")
    for words in result.warnings:
        click.echo(f"Take care: {words}", err=True)
    click.echo(f"Report: {out.rstrip('/')}/{result.report}")


def _pictures(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.suffix.lower() in _PICTURES and p.is_file())


def _columns(ages: tuple[int, int]) -> list[str]:
    under = [f"p_under_{age}" for age in ages]
    return ["path", "faces", "age", "age_sd", "age_low", "age_high", *under, "reason"]


def _named(path: Path, row: dict[str, Any], ages: tuple[int, int]) -> dict[str, Any]:
    values = row | {
        "path": str(path),
        f"p_under_{ages[1]}": row.get("p_under_challenge"),
        f"p_under_{ages[0]}": row.get("p_under_legal"),
    }
    rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in values.items()}
    return {name: rounded.get(name) for name in _columns(ages)}


@contextlib.contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on the terminal's standard error; nothing where there is no terminal."""
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
