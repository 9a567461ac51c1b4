"""Renders a finalised day's pages from what is stored, and says which limits the day exceeds."""

import re
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auditor.decisions.log import read_decisions
from auditor.errors import BusyError, OvertakenError
from auditor.faces.model import Card
from auditor.inputs import OF_REASONS, Reasons, reasons
from auditor.monitoring import cameras, completeness, limits
from auditor.monitoring.baselines import day_figures
from auditor.monitoring.baselines.day_figures import read_figures
from auditor.monitoring.baselines.window import read_window
from auditor.monitoring.cameras import Drift
from auditor.pipeline import provenance
from auditor.pipeline.day import Day, day_lock, workspace
from auditor.pipeline.kept import kept_policy
from auditor.pipeline.plans import find_plan, plan_path
from auditor.policy import Policy
from auditor.report import (
    SUMMARY,
    Provenance,
    Report,
    Summary,
    read_summary,
    render_day,
    render_site,
)
from auditor.report.noticed import together
from auditor.report.text.completeness import (
    NAME_ARTICLES,
    NAME_IT,
    input_note,
    unaudited,
    unaudited_articles,
)
from auditor.report.unreadable import OF_UNREADABLE, UnreadableFrames, unreadable_frames
from auditor.storage.daily import read_daily
from auditor.storage.layout import policy_path, report_folder, report_page
from auditor.storage.partitions import Partitions, read_day
from auditor.storage.place import Place
from auditor.tables import GRAVE_NOTES, INPUT_NOTES
from auditor.telemetry import emit


def report(day: Day) -> str:
    """Render the day's report from what is stored, and clear the day's workspace.

    Returns:
        The path of the chain's page, relative to OUT.

    Raises:
        OvertakenError: another run has planned the day anew since it was finalised.
    """
    _check_finalised(day.out, day.date)
    page = render_report(day.out, day.date, day.policy)
    _check_finalised(day.out, day.date)  # where nothing is locked, the day may be another's by now
    _clear_workspace(day.out, day.date)
    return page


def render_report(out: Place, day: date, policy: Policy) -> str:
    """Render the report of a finalised day, its decisions included, and the list of the days.

    The policy is kept, so that the day can be rendered again without its file. A decision that is
    recorded meanwhile is in the report too.

    Returns:
        The path of the chain's page, relative to OUT.
    """
    start, kept = time.perf_counter(), policy_path(policy.sha256)
    if not out.exists(kept):
        out.write(kept, policy.canonical)
    decisions, shown = read_decisions(out, day), None
    while decisions != shown:
        drift, written = _write_pages(out, day, policy, decisions)
        decisions, shown = read_decisions(out, day), decisions
    list_days(out, day)
    emit(
        "reported",
        day,
        files=len(written),
        cameras_changed=len(drift.changed),
        seconds=time.perf_counter() - start,
    )
    return report_page(day)


def render_again(out: Place, day: date) -> bool:
    """Render the report of a day again with the policy that it was rendered with.

    Returns:
        Whether it was rendered. There may be no report; and a day that a run is at work on is left
        to that run, whose report has the same decisions.

    Raises:
        ContractError: the policy that the report names cannot be read.
    """
    try:
        with day_lock(out, day):
            if _awaits_report(out, day) or (summary := stored_summary(out, day)) is None:
                return False
            render_report(out, day, kept_policy(out, summary.policy_sha256 or "unknown"))
    except BusyError:
        return False
    return True


def _write_pages(
    out: Place, day: date, policy: Policy, decisions: pa.Table
) -> tuple[Drift, set[str]]:
    """Write the files of a day's report and remove all others; the cameras, and the files."""
    folder = report_folder(day)
    drift = cameras.compare(day, read_daily(out, "cameras", [day, *cameras.days_before(day)]))
    of_day = (table for *_, table in read_daily(out, "camera_days", [day]))
    drift = replace(drift, on_day=cameras.on_day(of_day))
    shown = Report(
        day,
        ledger=Partitions(out, "ledger", day),
        store_days=read_day(out, "coverage", day),
        rejects=Partitions(out, "rejects", day),
        decisions=decisions,
        provenance=_shown(read_day(out, "provenance", day)),
        policy=policy,
        window=read_window(out, day, policy.chain_rules(day).people_window_days),
        drift=drift,
        completeness=completeness.compare(out, day, policy),
        notes=_input_notes(out, day),
        history=read_figures(out, day_figures.days_before(day)),
    )
    written = set()
    for name, content in render_day(shown):
        out.write(f"{folder}/{name}", content)
        written.add(f"{folder}/{name}")
    out.sweep(folder)
    for path in list(out.files(folder)):
        if path not in written:
            out.remove(path)
    return drift, written


def _input_notes(out: Place, day: date) -> pa.Table:
    parts = [notes for *_, notes in read_daily(out, "input_notes", [day])]
    return pa.concat_tables([INPUT_NOTES.empty(), *parts])


def _awaits_report(out: Place, day: date) -> bool:
    """Whether the day is finalised by a run that has not reported on it yet."""
    plan = find_plan(out, day)
    return plan is not None and out.exists(plan.finalised_path)


def _check_finalised(out: Place, day: date) -> None:
    """Raise an OvertakenError if the day is planned, and not finalised."""
    if find_plan(out, day) is not None and not _awaits_report(out, day):
        raise OvertakenError(
            f"{day} is planned and not finalised: the run that planned it last will report on it, "
            "this one ends; if there is none, run the day again"
        )


def stored_summary(out: Place, day: date) -> Summary | None:
    """The summary of a day's report; None if there is no report.

    Raises:
        ContractError: it cannot be read.
    """
    path = f"{report_folder(day)}/{SUMMARY}"
    return read_summary(out.read(path), origin=path) if out.exists(path) else None


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
    """A sentence for each limit of the policy that the stored day exceeds.

    A category that may be alcohol, and that the policy does not know, exceeds all of them: its
    sales are not counted. So do till exports of which none has a row, if no list of stores tells,
    and notes on the inputs that are grave.
    """
    rejects = Partitions(day.out, "rejects", day.date, day.job.stores)
    found = completeness.compare(day.out, day.date, day.policy, day.job.stores)
    unknown = [f"{clause}: {NAME_IT}" for clause in unaudited(found)]
    unknown += [f"{clause}: {NAME_ARTICLES}" for clause in unaudited_articles(found)]
    store_days = read_day(day.out, "coverage", day.date, day.job.stores)
    empty = empty_exports(day)
    # Where the policy lists the stores, they are missing, and it says how many may be.
    if empty and not day.policy.stores and not day.job.stores and not _rows_of(store_days):
        unknown.append(
            f"no till export has a single row ({limits.without_rows(empty)}): that nothing at all"
            " was sold is not taken for granted"
        )
    unknown += _grave(day)
    return unknown + limits.exceeded(
        day.rules,
        store_days=store_days,
        empty=empty,
        outcomes=count_outcomes(day),
        rejects=(rejects.of(store_id, limits.OF_REJECTS) for store_id in rejects.stores),
    )


def _grave(day: Day) -> list[str]:
    """What makes the stored day's result unreliable, of what was noticed of its inputs."""
    notes = _input_notes(day.out, day.date)
    notes = notes.filter(pc.is_in(notes["kind"], pa.array(GRAVE_NOTES)))
    if stores := day.job.stores:
        own = pc.is_in(notes["store_id"], pa.array([*stores, None], pa.string()))
        notes = notes.filter(own)
    return [
        input_note(note.kind, note.column, note.values, note.rows).rstrip(".")
        for note in together(notes, None)
    ]


def empty_exports(day: Day) -> list[str]:
    """The stored day's till exports without a row, of all stores, sorted."""
    return _noted(day, "empty_export", "source")


def unlisted_stores(day: Day) -> list[str]:
    """The stored day's stores that the policy does not list, though it lists some, sorted."""
    return _noted(day, "unlisted_store", "store_id")


def _noted(day: Day, kind: str, column: str) -> list[str]:
    notes = _input_notes(day.out, day.date)
    return sorted(set(notes.filter(pc.equal(notes["kind"], kind))[column].to_pylist()))


def _rows_of(store_days: pa.Table) -> int:
    """How many rows the till exports had, of the day and of those beside it."""
    return sum(
        pc.sum(store_days[name]).as_py() or 0 for name in ("lines_read", "lines_of_other_days")
    )


def rejected_inputs(day: Day) -> Reasons:
    """What of the stored day's inputs was rejected, and why."""
    stored = Partitions(day.out, "rejects", day.date, day.job.stores)
    by_store = (reasons(stored.of(store_id, OF_REASONS)) for store_id in stored.stores)
    return sum(by_store, Reasons())


def frames_not_read(day: Day) -> tuple[UnreadableFrames, ...]:
    """The stored day's cameras with frames that could not be read, those with most first."""
    ledger = Partitions(day.out, "ledger", day.date, day.job.stores)
    found = (unreadable_frames(ledger.of(store_id, OF_UNREADABLE)) for store_id in ledger.stores)
    return tuple(sorted(chain.from_iterable(found), key=lambda camera: -camera.frames))


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
