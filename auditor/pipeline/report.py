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
from auditor.pipeline.day import Day, workspace
from auditor.pipeline.plans import find_plan, plan_path
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
from auditor.storage.place import Place
from auditor.telemetry import emit


def report(day: Day) -> str:
    """Render the day's pages from what is stored, and clear the day's workspace.

    Returns:
        The path of the chain's page, relative to OUT.

    Raises:
        OvertakenError: another run has planned the day anew since it was finalised.
    """
    start, out = time.perf_counter(), day.out
    _finalised(out, day.date)
    folder = report_folder(day.date)
    drift = cameras.compare(
        day.date, read_daily(out, "cameras", [day.date, *cameras.days_before(day.date)])
    )
    pages = render_day(
        day.date,
        ledger=Partitions(out, "ledger", day.date),
        store_days=read_day(out, "coverage", day.date),
        rejects=Partitions(out, "rejects", day.date),
        provenance=_shown(read_day(out, "provenance", day.date)),
        policy=day.policy,
        window=read_window(out, day.date, day.rules.people_window_days),
        drift=drift,
        history=read_figures(out, day_figures.days_before(day.date)),
    )
    written = set()
    for name, content in pages:
        out.write(f"{folder}/{name}", content)
        written.add(f"{folder}/{name}")
    out.sweep(folder)
    for path in list(out.files(folder)):
        if path not in written:
            out.remove(path)
    show_decisions(out, day.date, read_decisions(out, day.date))
    list_days(out, day.date)
    _finalised(out, day.date)  # where nothing is locked, the day may be another's by now
    _clear_workspace(out, day.date)
    emit(
        "reported",
        day.date,
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
        out.read(plan.finalised_path)
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


def exceeded_limits(day: Day) -> list[str]:
    """A sentence for each of the policy's limits that the stored day exceeds."""
    rejects = Partitions(day.out, "rejects", day.date, day.job.stores)
    return limits.exceeded(
        day.rules,
        store_days=read_day(day.out, "coverage", day.date, day.job.stores),
        outcomes=count_outcomes(day),
        rejects=(rejects.of(store_id, limits.OF_REJECTS) for store_id in rejects.stores),
    )


def count_outcomes(day: Day) -> dict[str, int]:
    """The stored day's alcohol sales by outcome."""
    ledger = Partitions(day.out, "ledger", day.date, day.job.stores)
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
    names = plan.all_files if plan else set[str]()
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
