"""The mail about a day: a link to its report and counts of what was audited, and no person.

It is made from the day's summary, which is small: the scheduler makes it between other work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from auditor.errors import AuditorError
from auditor.monitoring.limits import too_many
from auditor.pipeline import stored_summary, unfinished
from auditor.policy import ChainRules, load_policy
from auditor.report import Summary
from auditor.report.environment import environment
from auditor.report.text import words
from auditor.storage import revisions
from auditor.storage.layout import report_folder
from auditor.storage.place import Place, results_at


@dataclass(frozen=True, slots=True)
class Run:
    """How a run of the audit ended; ``name`` and ``link`` are of the run in Airflow."""

    failed: bool
    name: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """A mail: its subject in one line, and its text as HTML."""

    subject: str
    html: str


class Line(NamedTuple):
    """A count and its label."""

    label: str
    value: str


def of_day(
    day: date, run: Run, *, out: str, policy: str | None, reports_url: str | None
) -> Notification:
    """The notification about a run of a day.

    A report that is there although the run failed can be an earlier run's; the mail says so.

    Args:
        day: the business day.
        run: how its run ended.
        out: URL of the results.
        policy: URL of the policy; if it cannot be read, the mail leaves the limits out and says so.
        reports_url: under which ``OUT/reports`` is served; without one, the mail names the path.
    """
    place = results_at(out)
    summary = stored_summary(place, day)
    problems = _problems(run, summary, finished=not unfinished(place, day))
    if summary:
        try:
            problems += _low(summary, load_policy(policy).chain_rules(day))
        except AuditorError:
            problems.append("The policy could not be read, so its limits are left out here.")
    folder = f"{reports_url.rstrip('/')}/{day}" if reports_url else f"{place}{report_folder(day)}"
    link = f"{folder}/index.html"
    completed = _completed(place, day)
    return _notification(
        words.day(day), run, summary, problems, link if summary else None, completed=completed
    )


def of_no_day(run: Run) -> Notification:
    """The notification about a run that failed before its day was known."""
    return _notification(
        "an unknown day",
        run,
        None,
        ["The run ended before it was known which day it was to audit: nothing was audited."],
        None,
    )


def _problems(run: Run, summary: Summary | None, *, finished: bool) -> list[str]:
    if not run.failed and summary:
        return []
    if not run.failed:
        return ["There is no report, although the run succeeded: report this to engineering."]
    if summary is None:
        return ["The run failed and there is no report: nothing is known about this day."]
    if not finished:
        return ["The run failed: the report that is there is of an earlier run of the same day."]
    return ["The run failed: see there at what. The report that is there may be an earlier run's."]


def _completed(out: Place, day: date) -> list[Line]:
    """What the runs of a day completed of the days beside it; no mail of their own tells of it."""
    return [
        Line(
            f"Completed in the report of {words.day(beside)}",
            f"{words.counted(sales, 'alcohol sale')} over the end of a day",
        )
        for beside in (day - timedelta(days=1), day + timedelta(days=1))
        if (sales := revisions.completed_sales(out, beside, by=day))
    ]


def _low(summary: Summary, rules: ChainRules) -> list[str]:
    """A sentence for each of the policy's limits that the day exceeds."""
    exceeded = []
    absent = summary.stores - summary.stores_read
    if absent > rules.max_missing_stores:
        exceeded.append(
            f"Low coverage: nothing is known about {absent} of"
            f" {words.counted(summary.stores, 'store')}; the policy allows"
            f" {rules.max_missing_stores}."
        )
    if too_many(summary.inconclusive, summary.alcohol_sales, rules.max_inconclusive_share):
        exceeded.append(
            f"Low coverage: {words.share_of(summary.inconclusive, summary.alcohol_sales)} of the"
            " alcohol sales could not be judged; the policy allows"
            f" {words.percent(rules.max_inconclusive_share)}."
        )
    if too_many(summary.rows_rejected, summary.rows_read, rules.max_rejected_share):
        exceeded.append(
            f"Low coverage: {summary.rows_rejected:,} of {summary.rows_read:,} input rows were"
            f" rejected; the policy allows {words.percent_exact(rules.max_rejected_share)}."
        )
    return exceeded


def _notification(  # noqa: PLR0913  # what a mail is made of
    day: str,
    run: Run,
    summary: Summary | None,
    problems: list[str],
    link: str | None,
    *,
    completed: Sequence[Line] = (),
) -> Notification:
    if summary is None:
        what = "no report"
    elif run.failed:
        what = "the run failed"
    elif problems:
        what = "report is there, low coverage"
    else:
        what = "report is there"
    if summary and not summary.flagged:
        problems = [*problems, "That there is no flag is no proof that every check was made."]
    title, seen = f"Audit of {day}: {what}", ""
    if summary and not run.failed:
        stores = words.counted(summary.stores, "store").replace(words.NO_BREAK, " ")
        seen = f", {summary.stores_read:,} of {stores} audited, {summary.flagged:,} flagged"
    html = (
        environment()
        .get_template("notification.html.jinja")
        .render(
            title=title,
            chain=words.visible(summary.chain) if summary else None,
            problems=problems,
            counts=[*_counts(summary), *completed] if summary else [],
            link=link,
            run=run,
        )
    )
    return Notification(title + seen, html)


def _counts(summary: Summary) -> list[Line]:
    of_sales = f"of {words.counted(summary.alcohol_sales, 'alcohol sale')}"
    share = words.share_of(summary.judged, summary.alcohol_sales)
    stores = words.counted(summary.stores, "store")
    cameras = summary.cameras_to_look_at
    see = "see in the report what changed and what to ask the store"
    return [
        Line("Stores audited", f"{summary.stores_read:,} of {stores}"),
        Line("Could be judged", f"{summary.judged:,} {of_sales} ({share})"),
        Line("Could not be judged", f"{summary.inconclusive:,}"),
        Line("Flagged for a person to look at", f"{summary.flagged:,}"),
        Line("ID check recorded", f"{summary.id_checked:,}"),
        Line("Refused at the till", f"{summary.refused:,}"),
        *([Line("Cameras to look at", f"{cameras:,}; {see}")] if cameras else []),
    ]
