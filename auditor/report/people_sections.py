"""Makes the sections and pages about cashiers and stores."""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import groupby, pairwise
from typing import Any

from auditor.monitoring.id_check_quality.rules import ALWAYS_TOLD
from auditor.monitoring.staff.exposure import CLASSES
from auditor.monitoring.staff.staff_results import StaffResults
from auditor.policy import ChainRules, Rules
from auditor.report.funnels import Funnel
from auditor.report.people import (
    CashierPage,
    HandledShare,
    LeadSale,
    People,
    RuleSection,
    cashier_page_name,
)
from auditor.report.sales import Case
from auditor.report.settings import StoreSettings
from auditor.report.text import charts, words
from auditor.report.text.id_check_quality import QUALITY_RULE_TEXTS
from auditor.report.trail import is_other_check, recorded_years
from auditor.sales.identity import SaleKey
from auditor.tables import StoreTables

#: Sales of a rule that a page lists: none grows beyond a few megabytes.
_SALES = 100
_LIKELIHOODS = [words.from_to(low, high) for low, high in pairwise((*CLASSES, 1.0))]


class PeopleSections:
    """Makes the sections and pages about people from what was measured of the chain."""

    def __init__(
        self,
        results: StaffResults,
        ledgers: StoreTables,
        *,
        settings: Mapping[str, StoreSettings],
        rules: Mapping[str, Rules],
        chain_rules: ChainRules,
    ) -> None:
        """Draw the funnels and look up the sales behind the leads, in the day's LEDGER."""
        self.results, self._rules = results, chain_rules
        least = chain_rules.min_exposure
        self._store_funnel = Funnel.of("funnel-stores", charts.STORE_FUNNEL, results.stores, least)
        self._cashier_funnel = Funnel.of(
            "funnel-cashiers", charts.CASHIER_FUNNEL, results.cashiers, least
        )
        of_interest = [key for key in results.cashiers_of_interest if key[0] in settings]
        self._pages = {key: cashier_page_name(*key) for key in of_interest}
        self._sales = {
            rule: [_lead_sale(checker, row, settings[row["store_id"]]) for checker, row in sales]
            for rule, sales in results.lead_sales(ledgers, rules).items()
        }
        self._sales_of = {
            (rule, store_id): list(own)
            for rule, sales in self._sales.items()
            for store_id, own in groupby(sales, key=lambda sale: sale.store_id)
        }
        by_store = groupby(self._pages.items(), lambda page: page[0][0])
        self._pages_of = {store_id: dict(pages) for store_id, pages in by_store}

    def pages_of(self, store_id: str) -> Mapping[tuple[str, str], str]:
        """The file names of the pages of a store's cashiers, by store and cashier id."""
        return self._pages_of.get(store_id, {})

    def section(self, store_id: str | None, limit: int) -> People:
        """The section of the chain's page (None) or of a store's, listing up to ``limit``."""
        results = self.results
        cashiers, stores = results.cashier_results(store_id), results.store_results(store_id)
        funnels = [(self._store_funnel, stores)] if store_id is None else []
        funnels.append((self._cashier_funnel, cashiers))
        plots = (funnel.with_points(units) for funnel, units in funnels if funnel)
        # Outliers are always listed; all are then put in the order of store and id.
        listed = sorted(cashiers, key=lambda unit: unit.outlier is None)[:limit]
        return People(
            days_on_record=results.days_on_record,
            target=results.cashiers.target,
            tested=results.cashiers.tested,
            stores=stores[:limit],
            cashiers=tuple(sorted(listed, key=lambda unit: unit.key)),
            cashiers_total=len(cashiers),
            funnels=tuple(plot for plot in plots if plot),
            rules=self._rule_sections(store_id, None),
            heaps=results.age_heaps(store_id),
            pages=self._pages,
            false_lead_share=self._rules.false_lead_share,
        )

    def cashier_page(
        self,
        key: tuple[str, str],
        *,
        day: date,
        chain: str,
        settings: StoreSettings,
        cases: Iterable[Case],
    ) -> CashierPage:
        """The page of a cashier of interest, by store and id."""
        store_id, cashier_id = key
        results, rules = self.results, self._rule_sections(store_id, cashier_id)
        return CashierPage(
            day=day,
            chain=chain,
            store_id=store_id,
            store_name=settings.name,
            cashier_id=cashier_id,
            days_on_record=results.days_on_record,
            target=results.cashiers.target,
            result=next((u for u in results.cashier_results(store_id) if u.key == key), None),
            by_part_of_day=tuple(
                HandledShare(words.part_of_day(hour), due, handled)
                for hour, due, handled in results.handled_by(*key, "from_hour")
            ),
            by_likelihood=tuple(
                HandledShare(_LIKELIHOODS[number], due, handled)
                for number, due, handled in results.handled_by(*key, "likelihood")
            ),
            rules=rules,
            leads={
                rule.name: lead
                for rule in rules
                for lead in rule.result.leads
                if lead.cashier_id == cashier_id
            },
            cases=tuple(case for case in cases if case.cashier_id == cashier_id),
            min_exposure=self._rules.min_exposure,
            false_lead_share=self._rules.false_lead_share,
        )

    def _rule_sections(
        self, store_id: str | None, cashier_id: str | None
    ) -> tuple[RuleSection, ...]:
        sections = []
        for name, result in self.results.rule_results(store_id).items():
            own = self._sales_of.get((name, store_id), []) if store_id else self._sales[name]
            sales = [sale for sale in own if cashier_id in (None, sale.cashier_id)]
            title, meaning = QUALITY_RULE_TEXTS[name]
            listed = tuple(sales[:_SALES])
            lists_all = name in ALWAYS_TOLD and cashier_id is None
            sections.append(
                RuleSection(name, title, meaning, result, listed, len(sales), lists_all)
            )
        return tuple(sections)


def _lead_sale(checker: str | None, row: Mapping[str, Any], settings: StoreSettings) -> LeadSale:
    sold_at = row["sold_at"].astimezone(settings.zone)
    return LeadSale(
        **{name: row[name] for name in ("store_id", "till_id", "transaction_id", "age")},
        cashier_id=checker,
        sold_at=sold_at,
        id_check_words=words.label(words.ID_CHECKS, row["id_check"]),
        other_check_at=row["id_check_at"].astimezone(settings.zone)
        if is_other_check(row) and row["id_check_at"]
        else None,
        low=row["age_low_95"],
        high=row["age_high_95"],
        recorded_years=recorded_years(row["birth_date"], sold_at.date()),
        anchor=SaleKey.of(row).sale_id if row["outcome"] == "flagged" else None,
    )
