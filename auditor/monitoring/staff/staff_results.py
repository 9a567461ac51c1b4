"""All cashiers and stores of a chain, measured once over a window of days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from auditor.monitoring.baselines.window import Window
from auditor.monitoring.id_check_quality.counting import find
from auditor.monitoring.id_check_quality.facts import is_out_of_time
from auditor.monitoring.id_check_quality.leads import Heaps, RuleResult, find_leads, heaps, of_store
from auditor.monitoring.id_check_quality.rules import ALWAYS_TOLD
from auditor.monitoring.staff import peers
from auditor.monitoring.staff.exposure import FIRST_DUE
from auditor.monitoring.staff.peers import PeerResult, Peers
from auditor.policy import ChainRules, Rules
from auditor.sales.identity import SALE_ORDER
from auditor.tables import ByStore, StoreTables


@dataclass(frozen=True, slots=True)
class DaysOnRecord:
    """Which days of the window, which ends on ``last``, have counts.

    ``earlier`` of the ``on_record`` days come before ``last``.
    """

    days: int
    on_record: int
    earlier: int
    last: date
    sha256: str


@dataclass(frozen=True)
class StaffResults:
    """What was measured of cashiers and stores, each against the chain."""

    days_on_record: DaysOnRecord
    stores: Peers
    cashiers: Peers
    rules: Mapping[str, RuleResult]  # by the name of the rule of ID-check quality
    counts: Mapping[str, ByStore]  # the tables of the window, divided by store
    _ages: pa.Table

    @classmethod
    def measure(cls, day: date, window: Window, rules: ChainRules) -> Self:
        """Measure a chain, from the counts of the days up to and including ``day``."""
        least, share = rules.min_exposure, rules.false_lead_share
        checks, quality = window.counts["checks"], window.counts["id_check_quality"]
        earlier = sum(recorded < day for recorded in window.on_record)
        return cls(
            DaysOnRecord(window.days, len(window.on_record), earlier, day, window.sha256),
            stores=peers.stores(checks, min_exposure=least, false_lead_share=share),
            cashiers=peers.cashiers(checks, min_exposure=least, false_lead_share=share),
            rules=find_leads(quality, min_exposure=least, false_lead_share=share),
            counts={name: ByStore(table) for name, table in window.counts.items()},
            _ages=window.counts["recorded_ages"],
        )

    @property
    def cashiers_of_interest(self) -> list[tuple[str, str]]:
        """Store and id of each cashier who is an outlier or the subject of a lead, sorted."""
        keys = {unit.key for unit in self.cashiers.units if unit.outlier}
        leads = (lead for result in self.rules.values() for lead in result.leads)
        keys |= {(lead.store_id, lead.cashier_id) for lead in leads}
        return sorted((store, cashier) for store, cashier in keys if cashier is not None)

    # The results are divided by store once, however many stores there are.

    @cached_property
    def _cashiers_of(self) -> Mapping[str, tuple[PeerResult, ...]]:
        return _by_store(self.cashiers.units)

    @cached_property
    def _stores_of(self) -> Mapping[str, tuple[PeerResult, ...]]:
        return _by_store(self.stores.units)

    def cashier_results(self, store_id: str | None) -> tuple[PeerResult, ...]:
        """The cashiers of a store, or (None) of the chain."""
        return self.cashiers.units if store_id is None else self._cashiers_of.get(store_id, ())

    def store_results(self, store_id: str | None) -> tuple[PeerResult, ...]:
        """The result of a store, or (None) of all stores."""
        return self.stores.units if store_id is None else self._stores_of.get(store_id, ())

    def rule_results(self, store_id: str | None) -> Mapping[str, RuleResult]:
        """What each rule of ID-check quality found in a store, or (None) in the chain."""
        if store_id is None:
            return self.rules
        return of_store(self.rules, self.counts["id_check_quality"].of(store_id))

    def age_heaps(self, store_id: str | None) -> Heaps:
        """How far the recorded ages of a store, or (None) of the chain, heap."""
        return heaps(self._ages if store_id is None else self.counts["recorded_ages"].of(store_id))

    def handled_by(self, store_id: str, cashier_id: str, column: str) -> list[tuple[int, int, int]]:
        """A cashier's sales that were due a check, by a column of CHECK_COUNTS.

        Returns:
            Each value of the column with the sales due and, of these, the sales handled.
        """
        counts = self.counts["checks"].of(store_id)
        own = counts.filter(pc.equal(counts["cashier_id"], cashier_id))
        due = own.filter(pc.greater_equal(own["likelihood"], FIRST_DUE))
        summed = [("sales", "sum"), ("handled", "sum")]
        sums = due.group_by(column, use_threads=False).aggregate(summed).sort_by(column)
        columns = (column, "sales_sum", "handled_sum")
        return list(zip(*(sums[name].to_pylist() for name in columns), strict=True))

    def lead_sales(
        self, ledgers: StoreTables, rules: Mapping[str, Rules]
    ) -> dict[str, list[tuple[str | None, dict[str, Any]]]]:
        """The day's sales behind the leads, and all that a rule of ALWAYS_TOLD finds.

        ``rules`` are those in force, by store of the day.

        Returns:
            By rule: who checked, where known, and the row of LEDGER, in the order of store, time
            and transaction.
        """
        leads = {
            (name, lead.store_id, lead.cashier_id)
            for name, result in self.rules.items()
            for lead in result.leads
        }
        of_leads = {store_id for _, store_id, _ in leads}
        sales: dict[str, list[tuple[str | None, dict[str, Any]]]] = {n: [] for n in self.rules}
        for store_id in sorted(set(ledgers.stores) & set(rules)):
            marks = ledgers.of(store_id, ["marks"])["marks"]
            if store_id not in of_leads and not is_out_of_time(marks).any():
                continue
            ledger = ledgers.of(store_id)
            for match in find(ledger, rules[store_id]):
                named = (match.rule, store_id, match.cashier_id)
                if match.rule in ALWAYS_TOLD or named in leads:
                    (row,) = ledger.slice(match.row, 1).to_pylist()
                    sales[match.rule].append((match.cashier_id, row))
        for found in sales.values():
            found.sort(key=lambda sale: [sale[1][name] for name in SALE_ORDER])
        return sales


def _by_store(units: Iterable[PeerResult]) -> dict[str, tuple[PeerResult, ...]]:
    """The results of each store, of results in the order of stores."""
    return {store_id: tuple(own) for store_id, own in groupby(units, key=lambda u: u.store_id)}
