"""The page models of made-up days."""

from dataclasses import dataclass
from typing import Any

from auditor.report.day import Report
from auditor.report.pages import Page
from auditor.report.sales import Case
from auditor.tables import DAY_FIGURES, LEDGER, REJECTS, STORE_DAYS
from tests.support.report_day import DAY, store_day
from tests.support.report_day import given as given_tables


@dataclass(frozen=True)
class Whole:
    """A day's pages, and everything that is listed on any of them."""

    chain: Page
    stores: dict[str | None, Page]
    cases: list[Case]


def report_of(rows: list[dict[str, Any]], **day: Any) -> Whole:
    """The report of one store that made these sales."""
    one = store_day("S001", **({"alcohol_sales": len(rows), "transactions": len(rows)} | day))
    return the_day(
        ledger=LEDGER.from_rows(rows),
        store_days=STORE_DAYS.from_rows([one]),
        rejects=REJECTS.empty(),
        history=DAY_FIGURES.empty(),
    )


def the_day(**other: Any) -> Whole:
    """The report of the made-up day, with some of its tables replaced."""
    report = Report(DAY, **given_tables(**other))
    stores = list(report.stores())
    return Whole(
        chain=report.chain(),
        stores={store.page.store_id: store.page for store in stores},
        cases=sorted((c for store in stores for c in store.cases), key=lambda c: c.rank),
    )
