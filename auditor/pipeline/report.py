"""Renders a finalised day's pages from what is stored, and says which limits the day exceeds."""

import re
import time
from collections import Counter
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auditor.decisions.log import read_decisions
from auditor.errors import OvertakenError
from auditor.faces.model import Card
from auditor.monitoring import cameras, limits
from auditor.monitoring.baselines import day_figures
from auditor.monitoring.baselines.day_figures import read_figures
from auditor.monitoring.baselines.window import read_window
from auditor.pipeline import provenance
from auditor.pipeline.job import Job, finalised_path, find_plan, plan_path, workspace
from auditor.pipeline.score import handed_on
from auditor.policy import load_policy
from auditor.report import (
    SUMMARY,
    Provenance,
    decided_files,
    read_summary,
    render_day,
    render_site,
    with_decisions,
)
from auditor.storage.daily import read_daily
from auditor.storage.partitions import Partitions, read_day
from auditor.storage.place import Place, results_at
from auditor.telemetry import emit


def report_day(job: Job) -> str:
    """Render the day's pages from what is stored, and clear the day's workspace.

    Returns:
        The path of the chain's page, relative to OUT.

    Raises:
        OvertakenError: another run has planned the day anew since it was finalised.
    """
    start, out = time.perf_counter(), results_at(job.out)
    _finalised(out, job.day)
    folder = report_folder(job.day)
    policy = load_policy(job.policy)
    drift = cameras.compare(
        job.day, read_daily(out, "cameras", [job.day, *cameras.days_before(job.day)])
    )
    pages = render_day(
        job.day,
        ledger=Partitions(out, "ledger", job.day),
        store_days=read_day(out, "coverage", job.day),
        rejects=Partitions(out, "rejects", job.day),
        provenance=_shown(read_day(out, "provenance", job.day)),
        policy=policy,
        window=read_window(out, job.day, policy.chain_rules(job.day).people_window_days),
        drift=drift,
        history=read_figures(out, day_figures.days_before(job.day)),
    )
    written = set()
    for name, content in pages:
        out.write(f"{folder}/{name}", content)
        written.add(f"{folder}/{name}")
    out.sweep(folder)
    for path in list(out.files(folder)):
        if path not in written:
            out.remove(path)
    show_decisions(out, job.day, read_decisions(out, job.day))
    list_days(out, job.day)
    _finalised(out, job.day)  # where nothing is locked, the day may be another's by now
    _clear_workspace(out, job.day)
    emit(
        "reported",
        job.day,
        files=len(written),
        cameras_changed=len(drift.told),
        seconds=time.perf_counter() - start,
    )
    return f"{folder}/index.html"


def _finalised(out: Place, day: date) -> None:
    """Raise an OvertakenError if the day is planned, and not finalised."""
    plan = find_plan(out, day)
    if plan is None:
        return  # reported on before
    try:
        out.read(finalised_path(day, str(plan.get("id"))))
    except FileNotFoundError as error:
        raise OvertakenError(
            f"{day} is planned and not finalised: the run that planned it last will report on it, "
            "this one ends; if there is none, run the day again"
        ) from error


def report_folder(day: date) -> str:
    """Where the report of a day lies, relative to OUT."""
    return f"reports/{day}"


def show_decisions(out: Place, day: date, log: pa.Table) -> bool:
    """Let a day's pages and files tell what its log says; whether there is a report to tell it."""
    folder = report_folder(day)
    if not out.exists(f"{folder}/{SUMMARY}"):
        return False
    if log.num_rows:
        there = [name for name in decided_files(log) if out.exists(f"{folder}/{name}")]
        files = {name: out.read(f"{folder}/{name}") for name in there}
        for name, content in with_decisions(files, log).items():
            out.write(f"{folder}/{name}", content)
    return True


def list_days(out: Place, day: date) -> None:
    """Render the list of all days that have a report, from their summaries.

    ``day`` is one that has, whether a listing shows it yet or not.
    """
    days: list[str] = []
    while (found := _reported(out, day)) != days:  # again if another day came in meanwhile
        days = found
        paths = [f"reports/{day}/{SUMMARY}" for day in days]
        summaries = [read_summary(out.read(path), origin=path) for path in paths]
        for name, content in render_site(summaries).items():
            out.write(f"reports/{name}", content)


def check_limits(job: Job) -> list[str]:
    """Say which of the policy's limits the stored day exceeds; none is an empty list."""
    out = results_at(job.out)
    rejects = Partitions(out, "rejects", job.day, job.stores)
    return limits.exceeded(
        load_policy(job.policy).chain_rules(job.day),
        store_days=read_day(out, "coverage", job.day, job.stores),
        outcomes=count_outcomes(job),
        rejects=(rejects.of(store_id, limits.OF_REJECTS) for store_id in rejects.stores),
    )


def count_outcomes(job: Job) -> dict[str, int]:
    """How many of the stored day's alcohol sales ended where."""
    ledger = Partitions(results_at(job.out), "ledger", job.day, job.stores)
    counts: Counter[str] = Counter()
    for store_id in ledger.stores:
        counts.update(ledger.of(store_id, ["outcome"])["outcome"].to_pylist())
    return dict(counts)


def _reported(out: Place, one: date) -> list[str]:
    """The days that have a report with a summary, by the names of their folders; ``one`` has."""
    there = (name for name in out.folders("reports") if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name))
    days = {day for day in there if day != str(one) and out.exists(f"reports/{day}/{SUMMARY}")}
    return sorted({*days, str(one)})


def _clear_workspace(out: Place, day: date) -> None:
    """Remove what the steps handed on: by a listing, and by name what a listing did not show."""
    work, plan = workspace(day), find_plan(out, day)
    names = set[str]()
    if plan:
        coverage = f"{work}/{plan['id']}/coverage.parquet"
        names = {coverage, finalised_path(day, plan["id"]), *handed_on(plan)}
    out.remove(plan_path(day))  # first: a plan without what belongs to it would mislead
    listed = set(out.files(work))
    out.remove(work)
    for path in names - listed:
        out.remove(path)


def _shown(stores: pa.Table) -> Provenance:
    """The provenance of the pages, with what the card of each model used says of it."""
    versions = [name.rpartition("/")[2] for name in pc.unique(stores["model"]).to_pylist()]
    cards = [Card.read(version) for version in versions]
    hashes: dict[str, Any] = provenance.of_chain(stores)
    return Provenance(
        **hashes,
        calibrated=all(card.calibrated for card in cards),
        mae_years=max((card.mae_years for card in cards), default=None),
        model_limits=tuple(dict.fromkeys(limit for card in cards for limit in card.limits)),
        min_face_px=max((card.min_face_px for card in cards), default=0.0),
        min_sharpness=max((card.min_sharpness for card in cards), default=0.0),
    )
