"""A day's pages from its tables: a report for each store, then the chain's page."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

import pyarrow as pa

from auditor.decisions.status import case_statuses
from auditor.errors import ContractError
from auditor.monitoring.baselines.window import Window
from auditor.monitoring.cameras import Drift
from auditor.monitoring.completeness import Completeness
from auditor.monitoring.limits import OF_REJECTS, InputRows, input_rows
from auditor.monitoring.recall import DayReview, ReviewCounts, count_reviews
from auditor.monitoring.staff.outcome_counts import Counts, count_cashiers, count_stores
from auditor.monitoring.staff.staff_results import StaffResults
from auditor.monitoring.weekdays import COMPARED_OUTCOMES, WeekdayHistory, hash_figures
from auditor.policy import Policy
from auditor.report.coverage import Coverage, Tally, cover, tally
from auditor.report.listing import StoreSales, by_lot, by_reason, ranks
from auditor.report.noticed import Noticed
from auditor.report.pages import Ages, Cameras, Control, Page, Provenance, StoreReport
from auditor.report.past import PastCharts
from auditor.report.people_sections import PeopleSections
from auditor.report.rejected import Rejects
from auditor.report.sales import Case, Drawn, Unjudged
from auditor.report.settings import store_settings
from auditor.report.text import words
from auditor.report.text.day import about_past, lede
from auditor.report.unreadable import UnreadableFrames, unreadable_frames
from auditor.tables import INPUT_NOTES, REJECTS, STORE_DAYS, StoreTables

#: Cases, unjudged sales and cashiers that one page lists: none grows beyond a few megabytes.
CHAIN_LIMIT = 200
STORE_LIMIT = 400


class Report:
    """A day: a report for each store, and then the chain's page.

    The rows of one store at a time are in memory; of the stores before it, what the chain's page
    counts and lists. ``staff`` is what was measured of cashiers and stores.
    """

    def __init__(  # noqa: PLR0913  the day's tables, and what they rest on
        self,
        day: date,
        *,
        ledger: StoreTables,
        store_days: pa.Table,
        rejects: StoreTables,
        decisions: pa.Table,
        provenance: Provenance,
        policy: Policy,
        window: Window,
        history: pa.Table,
        drift: Drift,
        completeness: Completeness,
        notes: pa.Table,
    ) -> None:
        """Check and measure the day's tables.

        Args:
            day: the business day.
            ledger: LEDGER of all stores, in each in any order.
            store_days: a row of STORE_DAYS for each store of the day, missing ones included.
            rejects: REJECTS of all stores, in any order; a store that is not in ``store_days``
                stands for what belongs to none.
            decisions: DECISION_LOG of the day, as :func:`decisions.log.read_decisions` gives it.
            provenance: what the result rests on.
            policy: gives currencies, ages, the least exposure and the retention on ``day``.
            window: counts of the days up to and including ``day``, by which people are measured.
            history: rows of DAY_FIGURES of earlier days, those of day_figures.days_before.
            drift: the day's cameras against their own past.
            completeness: what the tills wrote on the day, against their own past.
            notes: INPUT_NOTES of the day.

        Raises:
            ContractError: the tables are not per schema, contradict each other, or name a store
                that cannot name a page.
            ConfigurationError: no policy was in force on the day.
        """
        store_days = STORE_DAYS.conform(store_days)
        self._day, self.policy, self.provenance = day, policy, provenance
        self.decisions, self.drift = decisions, drift
        self._chain_rules = policy.chain_rules(day)
        self._settings = store_settings(day, store_days, policy, provenance)
        self._completeness = completeness.of(self._settings)
        self._notes = INPUT_NOTES.conform(notes)
        self._zones = {store_id: own.zone for store_id, own in self._settings.items()}
        if unknown := sorted(set(ledger.stores) - set(self._settings)):
            raise ContractError(f"table ledger: stores {unknown} are not in store_days")
        self._ledger, self._rejects, self._store_days = ledger, rejects, store_days
        self._row_of = {row["store_id"]: row for row in store_days.to_pylist()}
        self._statuses = case_statuses(decisions)
        self._ranks = ranks(ledger)
        self._rules = {store_id: policy.rules(day, store_id) for store_id in self._settings}
        bases = {s: (provenance.model, rules.challenge_age) for s, rules in self._rules.items()}
        self._history, self._history_sha256 = WeekdayHistory(history, bases), hash_figures(history)
        self._charts = PastCharts(day)
        self.staff = StaffResults.measure(day, window, self._chain_rules)
        self._people = PeopleSections(
            self.staff,
            ledger,
            settings=self._settings,
            rules=self._rules,
            chain_rules=self._chain_rules,
        )
        self._tallies: list[Tally] = []
        self._totals = Counter[str]()
        self._listed = _Listed.nothing()

    @property
    def input_rows(self) -> InputRows:
        """The day's rows of till exports and snapshot indexes."""
        rejects = (self._rejects.of(store_id, OF_REJECTS) for store_id in self._rejects.stores)
        return input_rows(self._store_days, rejects)

    def stores(self) -> Iterator[StoreReport]:
        """The stores in the order of their ids."""
        for store_id, settings in self._settings.items():
            ledger = self._ledger.of(store_id)
            counted = tally(ledger, self._row_of[store_id])
            coverage = cover([counted])
            listed = self._list(store_id, ledger, coverage)
            self._add(counted, listed)
            page = self._page(store_id, coverage, listed, listed.totals, STORE_LIMIT)
            cashier_pages = {
                name: self._people.cashier_page(
                    key,
                    day=self._day,
                    chain=self.policy.chain_name,
                    settings=settings,
                    cases=listed.cases,
                )
                for key, name in self._people.pages_of(store_id).items()
            }
            yield StoreReport(page, listed.cases, listed.unjudged, listed.cashiers, cashier_pages)

    def chain(self) -> Page:
        """The chain's page, once all stores have been taken."""
        rejects = self._listed.rejects
        for store_id in self._rejects.stores:
            if store_id not in self._settings:  # of no store that is known
                rejects += Rejects.of(self._rejects.of(store_id))
        listed = replace(self._listed, rejects=rejects)
        return self._page(None, cover(self._tallies), listed, self._totals, CHAIN_LIMIT)

    def _list(self, store_id: str, ledger: pa.Table, coverage: Coverage) -> "_Listed":
        least = self._chain_rules.min_exposure
        sales = StoreSales(ledger, self._settings[store_id], self._statuses)
        cases = sales.flagged(self._ranks.get(store_id, []))
        read = (store.store_id for store in coverage.with_export("read"))
        return _Listed(
            cases=cases,
            unjudged=sales.unjudged(),
            stores=count_stores(ledger, read, min_exposure=least),
            cashiers=count_cashiers(ledger, min_exposure=least),
            rejects=Rejects.of(self._rejects.of(store_id)),
            unreadable=unreadable_frames(ledger),
            drawn=sales.drawn(),
            drawn_from=sales.drawn_from(),
            reviewed=count_reviews(case.status for case in cases),
        )

    def _add(self, counted: Tally, own: "_Listed") -> None:
        """Take the next store into the chain's page: counts, and the first of what it lists."""
        self._tallies.append(counted)
        self._totals += own.totals
        so_far = self._listed
        cases = [case for case in own.cases if case.rank <= CHAIN_LIMIT]
        self._listed = _Listed(
            cases=tuple(sorted([*so_far.cases, *cases], key=lambda case: case.rank)),
            unjudged=tuple(sorted([*so_far.unjudged, *own.unjudged], key=by_reason)[:CHAIN_LIMIT]),
            stores=so_far.stores + own.stores,
            cashiers=(so_far.cashiers + own.cashiers)[:CHAIN_LIMIT],
            rejects=so_far.rejects + own.rejects,
            unreadable=so_far.unreadable + own.unreadable,
            drawn=tuple(sorted([*so_far.drawn, *own.drawn], key=by_lot)),
            drawn_from=so_far.drawn_from + own.drawn_from,
            reviewed=so_far.reviewed + own.reviewed,
        )

    def _page(
        self,
        store_id: str | None,
        coverage: Coverage,
        listed: "_Listed",
        totals: Counter[str],
        limit: int,
    ) -> Page:
        is_chain = store_id is None
        past = self._history.compare(
            store_id, coverage.alcohol_sales, {o: coverage.of(o) for o in COMPARED_OUTCOMES}
        )
        asked = self._chain_rules.control_sample
        noticed = Noticed.of(self._completeness, self._notes, self._zones, store_id)
        sample = Control.of(listed.drawn, drawn_from=listed.drawn_from, asked=asked)
        return Page(
            day=self._day,
            chain=self.policy.chain_name,
            store_id=store_id,
            store_name=None if store_id is None else self._settings[store_id].name,
            lede=(
                *lede(coverage, noticed.completeness, chain=is_chain),
                *about_past(past, words.weekday(self._day)),
            ),
            ages=self._ages(self._settings if store_id is None else [store_id], listed.cases),
            coverage=coverage,
            cases=listed.cases[:limit],
            cases_total=totals["cases"],
            unjudged=listed.unjudged[:limit],
            unjudged_total=totals["unjudged"],
            stores=listed.stores,
            cashiers=listed.cashiers[:limit],
            cashiers_total=totals["cashiers"],
            people=self._people.section(store_id, limit),
            rejected=listed.rejects.section(),
            past=self._charts.section(store_id, past) if past else None,
            cameras=Cameras.of(self.drift, store_id, limit, listed.unreadable),
            noticed=noticed,
            control=sample if is_chain else None,
            review=listed.review if is_chain and self._statuses else None,
            min_exposure=self._chain_rules.min_exposure,
            retention_days=self._chain_rules.retention_days,
            provenance=self.provenance,
            history_sha256=self._history_sha256,
        )

    def _ages(self, store_ids: Iterable[str], cases: Sequence[Case]) -> Ages:
        rules = [self._rules[store_id] for store_id in store_ids]
        legal = {age for r in rules for age in (r.legal_age, *r.legal_age_by_category.values())}
        # A till may have required other ages than the policy.
        legal |= {case.legal_age for case in cases}
        ages = {r.challenge_age for r in rules} | {case.challenge_age for case in cases}
        challenge = words.common_age(ages, "the challenge age")
        return Ages(words.common_age(legal, "the legal age"), challenge)


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a page lists, in its order."""

    cases: tuple[Case, ...]
    unjudged: tuple[Unjudged, ...]
    stores: tuple[Counts, ...]
    cashiers: tuple[Counts, ...]
    rejects: Rejects
    unreadable: tuple[UnreadableFrames, ...]
    drawn: tuple[Drawn, ...]
    drawn_from: int
    reviewed: ReviewCounts  # of all flagged sales, those that are not listed included

    @classmethod
    def nothing(cls) -> Self:
        """What is listed of no store."""
        return cls((), (), (), (), Rejects.of(REJECTS.empty()), (), (), 0, ReviewCounts(0))

    @property
    def totals(self) -> Counter[str]:
        """How many there are of what a page lists up to a limit; nothing is left out yet."""
        return Counter({n: len(getattr(self, n)) for n in ("cases", "unjudged", "cashiers")})

    @property
    def review(self) -> DayReview:
        """What people found in the flagged sales and in the control sample."""
        sample = count_reviews(sale.status for sale in self.drawn)
        return DayReview(self.reviewed, sample, self.drawn_from)
