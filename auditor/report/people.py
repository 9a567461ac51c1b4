"""Cashiers and stores as their pages show them: standings, leads, and funnels to see them in."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from math import log
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from auditor.monitoring.baselines.window import Window
from auditor.monitoring.id_check_quality.counting import find
from auditor.monitoring.id_check_quality.leads import (
    Heaps,
    Lead,
    RuleResult,
    find_leads,
    heaps,
    of_store,
)
from auditor.monitoring.staff import peers
from auditor.monitoring.staff.exposure import CLASSES, FIRST_DUE
from auditor.monitoring.staff.peers import PeerResult, Peers, at_usual
from auditor.monitoring.statistics.funnel import limits
from auditor.policy import ChainRules, Rules
from auditor.report.cases import Case, StoreSettings, recorded_years
from auditor.report.plots import COLOURS, Plot, plot
from auditor.report.text import words
from auditor.report.text.id_check_quality import QUALITY_RULE_TEXTS
from auditor.sales.identity import SaleKey
from auditor.tables import ByStore, StoreTables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Points in a funnel, and sales of a rule that a page lists: none grows beyond a few megabytes.
_POINTS = 400
_SALES = 100

#: Rows in the table of a funnel's numbers.
_ROWS = 200

_COLUMNS = ("Who", "Store", "Due a check", "Checked or refused", "Against what was expected")
_TITLES = {
    "funnel-stores": "Stores: how many of the sales due a check were checked or refused",
    "funnel-cashiers": "Cashiers: how many of the sales due a check were checked or refused",
}
_TICKS = tuple(k * 10**power for power in range(7) for k in (1, 2, 5))

_SIZE = (520, 280)
_MARGINS = (14, 14, 40, 48)
_COVERAGES = (0.95, 0.998)


@dataclass(frozen=True, slots=True)
class FoundSale:
    """A sale of the day in which a rule found something, of somebody whose checks stand out.

    ``sold_at`` is in the store's own zone; ``recorded_years`` the age that the birth date on record
    gives, ``low`` and ``high`` the 95 % interval of the estimate, years, each None where there is
    none.
    """

    store_id: str
    till_id: str
    cashier_id: str
    transaction_id: str
    sold_at: datetime
    id_check_words: str
    age: float | None
    low: float | None
    high: float | None
    recorded_years: int | None
    anchor: str | None  # on the store's page, where the sale is flagged


_OfStore = TypeVar("_OfStore", PeerResult, FoundSale)


@dataclass(frozen=True, slots=True)
class RuleSection:
    """A rule of hollow checks with what it found, and the day's sales of those who stand out."""

    name: str
    title: str
    meaning: str
    finding: RuleResult
    sales: tuple[FoundSale, ...]
    sales_total: int


@dataclass(frozen=True, slots=True)
class DaysOnRecord:
    """What is on record of the days of the window, which ends on ``last``.

    ``earlier`` of them come before it.
    """

    days: int
    on_record: int
    earlier: int
    last: date
    sha256: str


@dataclass(frozen=True, slots=True)
class People:
    """The section of a page on cashiers and stores. On a store's page ``stores`` is its own row.

    ``target`` and ``tested`` are those of the cashiers of the whole chain; ``pages`` are the file
    names of the cashiers that have one.
    """

    looked: DaysOnRecord
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

    def of_side(self, side: peers.Side) -> tuple[PeerResult, ...]:
        """The cashiers of the page that stand out to one side."""
        return tuple(unit for unit in self.cashiers if unit.outlier == side)

    @property
    def stores_standing_out(self) -> tuple[PeerResult, ...]:
        """The stores that stand out to either side."""
        return tuple(unit for unit in self.stores if unit.outlier)

    def page_of(self, store_id: str, cashier_id: str | None) -> str | None:
        """The file name of a cashier's page, None where there is none."""
        return self.pages.get((store_id, cashier_id or ""))


@dataclass(frozen=True, slots=True)
class HandledShare:
    """How many sales under one circumstance were due a check, and of these handled."""

    name: str
    due: int
    handled: int


@dataclass(frozen=True, slots=True)
class CashierPage:
    """The page of a cashier about whom there is something to say, good or bad."""

    day: date
    chain: str
    store_id: str
    store_name: str | None
    cashier_id: str
    looked: DaysOnRecord
    target: float | None
    measured: PeerResult | None
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


@dataclass(frozen=True)
class Standings:
    """All of the chain, measured once; pages take their part."""

    looked: DaysOnRecord
    stores: Peers
    cashiers: Peers
    findings: Mapping[str, RuleResult]
    found: Mapping[str, Sequence[FoundSale]]  # by rule, of those who stand out
    store_funnel: Plot | None
    cashier_funnel: Plot | None
    ages: pa.Table  # RECORDED_AGES of the window
    counts: Mapping[str, ByStore]
    pages: Mapping[tuple[str, str], str]
    rules: ChainRules

    @classmethod
    def of(  # noqa: PLR0913  # the day, and what is in force on it
        cls,
        day: date,
        window: Window,
        ledgers: StoreTables,
        *,
        places: Mapping[str, StoreSettings],
        rules: Mapping[str, Rules],
        chain_rules: ChainRules,
    ) -> Self:
        """Measure a chain.

        Args:
            day: the business day.
            window: what is on record up to and with the day.
            ledgers: LEDGER of the day.
            places: of the day's stores, by id.
            rules: in force, by store.
            chain_rules: in force.
        """
        least, share = chain_rules.min_exposure, chain_rules.false_lead_share
        checks, quality = window.counts["checks"], window.counts["id_check_quality"]
        cashiers = peers.cashiers(checks, min_exposure=least, false_lead_share=share)
        stores = peers.stores(checks, min_exposure=least, false_lead_share=share)
        findings = find_leads(quality, min_exposure=least, false_lead_share=share)
        earlier = sum(recorded < day for recorded in window.on_record)
        named = {unit.key for unit in cashiers.units if unit.outlier}
        named |= {(lead.store_id, lead.cashier_id) for f in findings.values() for lead in f.leads}
        return cls(
            looked=DaysOnRecord(window.days, len(window.on_record), earlier, day, window.sha256),
            stores=stores,
            cashiers=cashiers,
            findings=findings,
            found=_found(findings, ledgers, places, rules),
            store_funnel=_funnel("funnel-stores", stores, least),
            cashier_funnel=_funnel("funnel-cashiers", cashiers, least),
            ages=window.counts["recorded_ages"],
            counts={name: ByStore(table) for name, table in window.counts.items()},
            pages={
                (store_id, cashier_id): cashier_page_name(store_id, cashier_id)
                for store_id, cashier_id in sorted(named)
                if cashier_id is not None and store_id in places
            },
            rules=chain_rules,
        )

    # Divided by store once: each page takes its own, however many there are.

    @cached_property
    def _cashiers_of(self) -> Mapping[str, tuple[PeerResult, ...]]:
        return _by_store(self.cashiers.units)

    @cached_property
    def _stores_of(self) -> Mapping[str, tuple[PeerResult, ...]]:
        return _by_store(self.stores.units)

    @cached_property
    def _found_of(self) -> Mapping[tuple[str, str], tuple[FoundSale, ...]]:
        return {
            (rule, store_id): sales
            for rule, found in self.found.items()
            for store_id, sales in _by_store(found).items()
        }

    @cached_property
    def _pages_of(self) -> Mapping[str, Mapping[tuple[str, str], str]]:
        divided = groupby(self.pages.items(), lambda page: page[0][0])
        return {store_id: dict(pages) for store_id, pages in divided}

    def pages_of(self, store_id: str) -> Mapping[tuple[str, str], str]:
        """The cashiers of a store who have a page, by store and id, with its file name."""
        return self._pages_of.get(store_id, {})

    def section(self, store_id: str | None, limit: int) -> People:
        """The section of the chain's page (None) or of a store's, listing so many cashiers."""
        units, shops = self.cashiers.units, self.stores.units
        if store_id is not None:
            units, shops = (of.get(store_id, ()) for of in (self._cashiers_of, self._stores_of))
        least = self.rules.min_exposure
        funnels = [_with_points(self.cashier_funnel, self.cashiers, units, least)]
        if store_id is None:
            funnels.insert(0, _with_points(self.store_funnel, self.stores, shops, least))
        # Those who stand out are told of first; all others in the order of store and id.
        told = sorted(units, key=lambda unit: unit.outlier is None)[:limit]
        return People(
            looked=self.looked,
            target=self.cashiers.target,
            tested=self.cashiers.tested,
            stores=shops[:limit],
            cashiers=tuple(sorted(told, key=lambda unit: unit.key)),
            cashiers_total=len(units),
            funnels=tuple(drawn for drawn in funnels if drawn),
            rules=tuple(self._rules(store_id, None)),
            heaps=heaps(
                self.ages if store_id is None else self.counts["recorded_ages"].of(store_id)
            ),
            pages=self.pages,
            false_lead_share=self.rules.false_lead_share,
        )

    def cashier_page(
        self,
        key: tuple[str, str],
        *,
        day: date,
        chain: str,
        place: StoreSettings,
        cases: Iterable[Case],
    ) -> CashierPage:
        """The page of one who stands out."""
        store_id, cashier_id = key
        counts = self.counts["checks"].of(store_id)
        own = counts.filter(pc.equal(counts["cashier_id"], cashier_id))
        found = (unit for unit in self._cashiers_of.get(store_id, ()) if unit.key == key)
        rules = tuple(self._rules(store_id, cashier_id))
        leads = {
            rule.name: lead
            for rule in rules
            for lead in rule.finding.leads
            if lead.cashier_id == cashier_id
        }
        return CashierPage(
            day=day,
            chain=chain,
            store_id=store_id,
            store_name=place.name,
            cashier_id=cashier_id,
            looked=self.looked,
            target=self.cashiers.target,
            measured=next(found, None),
            by_part_of_day=_shares(own, "from_hour", words.part_of_day),
            by_likelihood=_shares(own, "likelihood", _likelihood),
            rules=rules,
            leads=leads,
            cases=tuple(c for c in cases if c.cashier_id == cashier_id),
            min_exposure=self.rules.min_exposure,
            false_lead_share=self.rules.false_lead_share,
        )

    def _rules(self, store_id: str | None, cashier_id: str | None) -> Iterator[RuleSection]:
        findings = self.findings
        if store_id is not None:
            findings = of_store(findings, self.counts["id_check_quality"].of(store_id))
        for name, finding in findings.items():
            found = self.found[name]
            if store_id is not None:
                found = self._found_of.get((name, store_id), ())
            sales = [sale for sale in found if cashier_id in (None, sale.cashier_id)]
            title, meaning = QUALITY_RULE_TEXTS[name]
            yield RuleSection(name, title, meaning, finding, tuple(sales[:_SALES]), len(sales))


def _by_store(rows: Iterable[_OfStore]) -> dict[str, tuple[_OfStore, ...]]:
    """What belongs to each store, of what comes in the order of stores."""
    return {store_id: tuple(own) for store_id, own in groupby(rows, key=lambda row: row.store_id)}


def _found(
    findings: Mapping[str, RuleResult],
    ledgers: StoreTables,
    places: Mapping[str, StoreSettings],
    rules: Mapping[str, Rules],
) -> dict[str, list[FoundSale]]:
    """The day's sales of those who stand out, by rule, store and time."""
    leads = {
        (rule, lead.store_id, lead.cashier_id) for rule, f in findings.items() for lead in f.leads
    }
    found: dict[str, list[FoundSale]] = {rule: [] for rule in findings}
    for store_id in sorted({store_id for _, store_id, _ in leads} & set(places)):
        ledger = ledgers.of(store_id)
        for sale in find(ledger, rules[store_id]):
            if (sale.rule, store_id, sale.cashier_id) in leads:
                row = ledger.slice(sale.row, 1).to_pylist()[0]
                sold_at = row["sold_at"].astimezone(places[store_id].zone)
                found[sale.rule].append(
                    FoundSale(
                        store_id=store_id,
                        till_id=row["till_id"],
                        cashier_id=sale.cashier_id,
                        transaction_id=row["transaction_id"],
                        sold_at=sold_at,
                        id_check_words=words.label(words.ID_CHECKS, row["id_check"]),
                        age=row["age"],
                        low=row["age_low_95"],
                        high=row["age_high_95"],
                        recorded_years=recorded_years(row["birth_date"], sold_at.date()),
                        anchor=SaleKey(store_id, row["transaction_id"]).sale_id
                        if row["outcome"] == "flagged"
                        else None,
                    )
                )
    for sales in found.values():
        sales.sort(key=lambda sale: (sale.store_id, sale.sold_at, sale.transaction_id))
    return found


def _shares(counts: pa.Table, column: str, name: Callable[[int], str]) -> tuple[HandledShare, ...]:
    """Sales due and handled by the values of a column."""
    due = counts.filter(pc.greater_equal(counts["likelihood"], FIRST_DUE))
    sums = due.group_by(column, use_threads=False).aggregate([("sales", "sum"), ("handled", "sum")])
    return tuple(
        HandledShare(name(row[column]), row["sales_sum"], row["handled_sum"])
        for row in sums.sort_by(column).to_pylist()
    )


def _likelihood(number: int) -> str:
    upper = CLASSES[number + 1] if number + 1 < len(CLASSES) else 1.0
    return f"{words.percent(CLASSES[number])} to {words.percent(upper)}"


def _funnel(ident: str, peers: Peers, min_exposure: int) -> Plot | None:
    """The limits around what is usual, without any point; None where nothing can be said."""
    if peers.target is None:
        return None
    first, last = _ends(peers, min_exposure)
    sizes = np.unique(np.geomspace(np.ceil(first), last, 40).round().astype(int))
    target, overdispersion = peers.target, peers.overdispersion

    def draw(axes: "Axes") -> None:
        axes.set_xscale("log")
        axes.set_xlim(first, last)
        axes.set_ylim(0, 1)
        if overdispersion > 0:
            wide = limits(target, sizes, _COVERAGES[1], overdispersion).T
            axes.fill_between(sizes, *wide, facecolor=COLOURS["hatch-ground"], linewidth=0)
        axes.axhline(target, color=COLOURS["soft"], linewidth=1)
        for coverage, dash in zip(_COVERAGES, ("-", "--"), strict=True):
            for line in limits(target, sizes, coverage).T:
                axes.plot(sizes, line, color=COLOURS["hatch-line"], linewidth=1, linestyle=dash)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
        ticks = [n for n in _TICKS if first <= n <= last]
        axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
        axes.minorticks_off()
        axes.set_xlabel("sales due a check")

    return plot(
        ident,
        draw,
        title=_TITLES[ident],
        description=words.funnel(target, overdispersion, peers.tested),
        columns=_COLUMNS,
        rows=(),
        size=_SIZE,
        margins=_MARGINS,
    )


def _ends(peers: Peers, min_exposure: int) -> tuple[float, float]:
    """The sizes at the two ends of a funnel."""
    most = max((unit.due for unit in peers.units), default=0)
    return max(1.0, min_exposure * 0.9), max(most * 1.2, min_exposure * 4.0, 10.0)


def _with_points(
    empty: Plot | None, peers: Peers, units: Iterable[PeerResult], min_exposure: int
) -> Plot | None:
    """The funnel with a point for each unit of which something can be said.

    The limits are drawn once for the chain; points are put in as SVG, so that thousands of stores'
    pages need no drawing of their own.
    """
    told = [unit for unit in units if unit.rate is not None]
    if empty is None or peers.target is None or not told:
        return None
    # Those who stand out are always there; of the others, as many as fit.
    shown = sorted(told, key=lambda unit: unit.outlier is None)[:_POINTS]
    first, last = _ends(peers, min_exposure)
    top, right, bottom, left = _MARGINS
    width, height = _SIZE[0] - left - right, _SIZE[1] - top - bottom
    points = []
    for unit in reversed(shown):
        share = _usual_rate(unit, peers.target)
        x = left + width * log(unit.due / first) / log(last / first)
        y = top + height * (1 - share)
        kind = unit.outlier or "within"
        points.append(f'<circle class="point {kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
    svg = str(empty.svg).removesuffix("</svg>") + "".join(points) + "</svg>"
    rows = [
        (
            words.visible(unit.cashier_id or unit.store_id, 40),
            unit.store_id,
            words.integer(unit.due),
            words.percent(_usual_rate(unit, peers.target)),
            words.STANDS[unit.outlier],
        )
        for unit in sorted(shown, key=lambda unit: unit.key)[:_ROWS]
    ]
    return replace(empty, svg=Markup(svg), rows=tuple(rows))  # noqa: S704  # numbers and our own words


def _usual_rate(unit: PeerResult, target: float) -> float:
    """What the unit did of what was due, under the chain's usual circumstances."""
    return at_usual(unit.handled / unit.due, unit.expected / unit.due, target)
