"""The list of the days: one small summary a day, and a page over all of them.

Adding a day reads the summaries only, never a day's pages or tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from pydantic import TypeAdapter, ValidationError

from auditor.errors import ContractError
from auditor.monitoring.limits import InputRows
from auditor.monitoring.recall import DAYS, DayReview, recall
from auditor.report.pages import Page
from auditor.report.text import words
from auditor.report.text.day import notices

#: The name of a day's summary, beside its pages.
SUMMARY = "summary.json"


@dataclass(frozen=True, slots=True)
class Summary:
    """A day in one row. The outcomes add up to ``alcohol_sales``.

    ``notices`` are short texts on what makes the day worth a look; a day without any is not thereby
    a good one. ``review`` is what people found; None where nobody has decided anything of the day.
    ``policy_sha256`` names the policy that the report was rendered with, see pipeline.report.
    """

    day: date
    chain: str
    stores: int
    stores_read: int
    alcohol_sales: int
    flagged: int
    id_checked: int
    over_threshold: int
    refused: int
    inconclusive: int
    rows_read: int  # of till exports and snapshot indexes
    rows_rejected: int  # of these
    cameras_to_look_at: int = 0
    notices: tuple[str, ...] = ()
    review: DayReview | None = None
    policy_sha256: str | None = None

    @property
    def judged(self) -> int:
        """Sales that ended in any outcome but inconclusive."""
        return self.alcohol_sales - self.inconclusive


@dataclass(frozen=True, slots=True)
class Row:
    """A day of the list; without a summary it has no report."""

    day: date
    summary: Summary | None


@dataclass(frozen=True, slots=True)
class Month:
    """A month's days, the newest first."""

    ident: str
    name: str
    rows: tuple[Row, ...]


_ADAPTER = TypeAdapter(Summary)


def summarise(chain: Page, rows: InputRows, policy_sha256: str) -> Summary:
    """A day in one row; ``policy_sha256`` is of the policy that the page was rendered with."""
    seen = chain.coverage
    return Summary(
        day=chain.day,
        chain=chain.chain,
        stores=len(seen.stores),
        stores_read=len(seen.with_export("read")),
        alcohol_sales=seen.alcohol_sales,
        **{outcome.code: outcome.count for outcome in seen.outcomes},
        rows_read=rows.read,
        rows_rejected=rows.rejected,
        cameras_to_look_at=chain.cameras.to_look_at,
        notices=notices(
            seen,
            chain.past.comparison.signals if chain.past else (),
            cameras_changed=len(chain.cameras.changed),
            rows_rejected=chain.rejected.total,
            completeness=chain.noticed.completeness,
        ),
        review=chain.review,
        policy_sha256=policy_sha256,
    )


def as_json(summary: Summary) -> bytes:
    """A summary as it is stored."""
    return _ADAPTER.dump_json(summary, indent=1) + b"\n"


def read(content: bytes, *, origin: str) -> Summary:
    """A stored summary; ``origin`` names it in errors.

    Raises:
        ContractError: it is none; rendering its day again writes a new one.
    """
    try:
        return _ADAPTER.validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise ContractError(
            f"{origin} is no summary of a day ({'.'.join(map(str, first['loc']))}: {first['msg']});"
            " audit its day again, or remove the file: the day is then listed without a report"
        ) from error


def months(summaries: Sequence[Summary]) -> tuple[Month, ...]:
    """The days by month, the newest first, with those in between that have no report."""
    known = {summary.day: summary for summary in summaries}
    if not known:
        return ()
    last = max(known)
    days = [last - timedelta(days=back) for back in range((last - min(known)).days + 1)]
    return tuple(
        Month(f"{key:%Y-%m}", words.month(key), tuple(Row(day, known.get(day)) for day in group))
        for key, group in groupby(days, key=lambda day: day.replace(day=1))
    )


def context(summaries: Sequence[Summary]) -> dict[str, Any]:
    """What the template of the list is given."""
    grouped = months(summaries)
    rows = [row for month in grouped for row in month.rows]
    days = [row.summary for row in rows if row.summary]
    return {
        "chain": days[0].chain if days else "Audit",
        "months": grouped,
        "days": days,
        "gaps": [row.day for row in rows if not row.summary],
        "recall_days": DAYS,
        "recall": recall([(d.day, d.review) for d in days[:DAYS] if d.review]),
    }
