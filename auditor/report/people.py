"""Cashiers and stores as data for their pages: results, leads, and funnels to see them in."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from auditor.monitoring.id_check_quality.leads import Heaps, Lead, RuleResult
from auditor.monitoring.staff.peers import PeerResult, Side
from auditor.monitoring.staff.staff_results import DaysOnRecord
from auditor.report.plots import Plot
from auditor.report.sales import Case


@dataclass(frozen=True, slots=True)
class LeadSale:
    """A sale of the day behind a lead, or one whose check does not count.

    ``cashier_id`` is who checked, or else the cashier; None where nobody is named. ``sold_at`` is
    in the store's own zone; ``recorded_years`` the age by the birth date on record,
    ``other_check_at`` the time of an ID check that does not count, where there is no other, ``low``
    and ``high`` the 95 % interval of the estimate, years, each None where there is none.
    ``anchor`` is that on the store's page, where the sale is flagged.
    """

    store_id: str
    till_id: str
    cashier_id: str | None
    transaction_id: str
    sold_at: datetime
    id_check_words: str
    other_check_at: datetime | None
    age: float | None
    low: float | None
    high: float | None
    recorded_years: int | None
    anchor: str | None


@dataclass(frozen=True, slots=True)
class RuleSection:
    """A rule of ID-check quality with its result, and the day's sales behind its leads.

    ``lists_all`` says that they are all sales of the day that match the rule.
    """

    name: str
    title: str
    meaning: str
    result: RuleResult
    sales: tuple[LeadSale, ...]
    sales_total: int
    lists_all: bool


@dataclass(frozen=True, slots=True)
class People:
    """The section of a page on cashiers and stores. On a store's page ``stores`` is its own row.

    ``target`` and ``tested`` are those of the cashiers of the whole chain; ``pages`` are the file
    names of the cashiers that have one.
    """

    days_on_record: DaysOnRecord
    target: float | None
    tested: int
    stores: tuple[PeerResult, ...]
    cashiers: tuple[PeerResult, ...]
    cashiers_total: int
    funnels: tuple[Plot, ...]
    rules: tuple[RuleSection, ...]
    heaps: Heaps
    pages: Mapping[tuple[str, str], str]
    false_lead_share: float

    def outliers(self, side: Side) -> tuple[PeerResult, ...]:
        """The cashiers of the page that are outliers to one side."""
        return tuple(unit for unit in self.cashiers if unit.outlier == side)

    @property
    def outlying_stores(self) -> tuple[PeerResult, ...]:
        """The stores that are outliers to either side."""
        return tuple(unit for unit in self.stores if unit.outlier)

    def page_of(self, store_id: str, cashier_id: str | None) -> str | None:
        """The file name of a cashier's page, None where there is none."""
        return self.pages.get((store_id, cashier_id or ""))


@dataclass(frozen=True, slots=True)
class HandledShare:
    """How many sales under one circumstance were due a check, and how many of these handled."""

    name: str
    due: int
    handled: int


@dataclass(frozen=True, slots=True)
class CashierPage:
    """The page of a cashier who is an outlier or the subject of a lead."""

    day: date
    chain: str
    store_id: str
    store_name: str | None
    cashier_id: str
    days_on_record: DaysOnRecord
    target: float | None
    result: PeerResult | None
    by_part_of_day: tuple[HandledShare, ...]
    by_likelihood: tuple[HandledShare, ...]
    rules: tuple[RuleSection, ...]
    leads: Mapping[str, Lead]
    cases: tuple[Case, ...]
    min_exposure: int
    false_lead_share: float


def cashier_page_name(store_id: str, cashier_id: str) -> str:
    """The file name of a cashier's page: nothing of the till's own text is in it."""
    who = hashlib.sha256(f"{store_id}|{cashier_id}".encode()).hexdigest()[:16]
    return f"cashier-{store_id}-{who}.html"
