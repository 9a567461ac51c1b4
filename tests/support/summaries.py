"""A day in one row of the list of days, and that list."""

from auditor.report import Summary, render_site
from tests.support.report_day import DAY

ONE = Summary(
    day=DAY,
    chain="Corner & Sons",
    stores=4,
    stores_read=2,
    alcohol_sales=14,
    flagged=4,
    id_checked=2,
    over_threshold=2,
    refused=1,
    inconclusive=5,
    rows_read=200,
    rows_rejected=1,
)


def page(summaries: list[Summary]) -> str:
    """The list of days as HTML."""
    return render_site(summaries)["index.html"].decode()
