"""The pages of a day as data: what the chain's page and each store's page say, before any HTML."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Self
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import ContractError
from auditor.monitoring.baselines.window import Window
from auditor.monitoring.cameras import Drift
from auditor.monitoring.staff.outcome_counts import Counts, count_cashiers, count_stores
from auditor.policy import STORE_ID_PATTERN, Policy
from auditor.report.cameras import Cameras
from auditor.report.cases import (
    Case,
    Drawn,
    StoreSettings,
    Unjudged,
    by_lot,
    by_reason,
    drawn,
    flagged,
    ranks,
    unjudged,
)
from auditor.report.control import ControlSample
from auditor.report.coverage import Count, Coverage, Tally, cover, tally
from auditor.report.past import SHARES, History, PastComparison, history_hash
from auditor.report.people import CashierPage, People, Standings
from auditor.report.text import guidance, words
from auditor.sales.control_sample import DRAWN_FROM
from auditor.tables import REJECTS, STORE_DAYS, StoreTables

#: Cases, unjudged sales, cashiers and rows that one page lists: none grows beyond a few megabytes.
CHAIN_LIMIT = 200
STORE_LIMIT = 400
REJECTS_LIMIT = 50

#: Cases that the first screen names.
FIRST_CASES = 5
_REJECTS_ORDER = ("source", "row", "stage", "reason", "column", "detail")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a day's result rests on; hashes are 64 hexadecimal digits.

    ``calibrated``, ``mae_years`` and ``model_limits`` are what the model's card says: whether its
    probabilities are calibrated, its mean absolute error in years (None where not stated), and
    sentences on what it is bad at. Below the card's gates, of pixels and of sharpness, no age is
    estimated unless the policy names others.
    """

    inputs_sha256: str
    policy_sha256: str
    model: str
    model_sha256: str
    auditor_version: str
    calibrated: bool
    mae_years: float | None
    model_limits: tuple[str, ...] = ()
    min_face_px: float = 0.0
    min_sharpness: float = 0.0


@dataclass(frozen=True, slots=True)
class Ages:
    """The two ages of the policy in words: a number, unless the stores shown differ."""

    legal: str
    challenge: str


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """An input row that was set aside."""

    stage: str
    reason: str
    source: str
    row: int | None
    column: str | None
    value: str | None
    detail: str
    store_id: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The rows set aside: counts by reason, and the first of them."""

    total: int
    reasons: tuple[Count, ...]
    first: tuple[RejectedRow, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``store_id`` is None on the chain's page.

    ``stores`` leaves out those without an export: a zero would say something about them.
    ``cases``, ``unjudged`` and ``cashiers`` are what the page lists, up to its limit; the totals
    count all there are. ``past`` is None on a day without alcohol sales. ``control`` is on the
    chain's page only. ``history_sha256`` is over the figures of past days that were at hand.
    """

    day: date
    chain: str
    store_id: str | None
    store_name: str | None
    lede: tuple[str, ...]
    ages: Ages
    coverage: Coverage
    cases: tuple[Case, ...]
    cases_total: int
    unjudged: tuple[Unjudged, ...]
    unjudged_total: int
    stores: tuple[Counts, ...]
    cashiers: tuple[Counts, ...]
    cashiers_total: int
    people: People
    rejected: Rejected
    past: PastComparison | None
    cameras: Cameras
    control: ControlSample | None
    min_exposure: int
    retention_days: int
    provenance: Provenance
    history_sha256: str | None

    @property
    def first_cases(self) -> tuple[Case, ...]:
        """The cases that the first screen names."""
        return self.cases[:FIRST_CASES]


@dataclass(frozen=True, slots=True)
class StoreReport:
    """A store: its page, and uncut what the page lists up to a limit."""

    page: Page
    cases: tuple[Case, ...]
    unjudged: tuple[Unjudged, ...]
    cashiers: tuple[Counts, ...]
    cashier_pages: Mapping[str, CashierPage]  # by file name, of those who stand out


class Report:
    """A day: a report for each store, and then the chain's page.

    The rows of one store at a time are there; of those before it, what the chain's page counts and
    lists.
    """

    def __init__(  # noqa: PLR0913  the day's tables, and what they rest on
        self,
        day: date,
        *,
        ledger: StoreTables,
        store_days: pa.Table,
        rejects: StoreTables,
        provenance: Provenance,
        policy: Policy,
        window: Window,
        history: pa.Table,
        drift: Drift,
    ) -> None:
        """Look at the day's tables; arguments as for ``report.render_day``.

        Raises:
            ContractError: the tables are not per schema, contradict each other, or name a store
                that cannot name a page.
            ConfigurationError: no policy was in force on the day.
        """
        store_days = STORE_DAYS.conform(store_days)
        self._day, self._policy, self._provenance = day, policy, provenance
        self._rules = policy.chain_rules(day)
        self._places = _places(day, store_days, policy, provenance)
        if strays := sorted(set(ledger.stores) - set(self._places)):
            raise ContractError(f"table ledger: stores {strays} are not in store_days")
        self._ledger, self._rejects = ledger, rejects
        self._store_days = {row["store_id"]: row for row in store_days.to_pylist()}
        self._ranks = ranks(ledger)
        self._rules_of = {store_id: policy.rules(day, store_id) for store_id in self._places}
        bases = {s: (provenance.model, rules.challenge_age) for s, rules in self._rules_of.items()}
        self._history, self._history_sha256 = History(day, history, bases), history_hash(history)
        self.drift = drift
        self.standings = Standings.of(
            day,
            window,
            ledger,
            places=self._places,
            rules=self._rules_of,
            chain_rules=self._rules,
        )
        self._chain = _Chain()

    def stores(self) -> Iterator[StoreReport]:
        """The stores in the order of their ids.

        Raises:
            ContractError: as for the report as a whole.
        """
        for store_id, place in self._places.items():
            ledger = self._ledger.of(store_id)
            counted = tally(ledger, self._store_days[store_id])
            coverage = cover([counted])
            listed = _Listed(
                cases=flagged(ledger, place, self._ranks.get(store_id, [])),
                unjudged=unjudged(ledger, place),
                stores=count_stores(
                    ledger,
                    (store.store_id for store in coverage.with_export("read")),
                    min_exposure=self._rules.min_exposure,
                ),
                cashiers=count_cashiers(ledger, min_exposure=self._rules.min_exposure),
                set_aside=_set_aside(self._rejects.of(store_id)),
                drawn=drawn(ledger, place),
                drawn_from=_drawn_from(ledger),
            )
            self._chain.add(counted, listed)
            page = self._page(store_id, coverage, listed, listed.totals, STORE_LIMIT)
            cashier_pages = self._cashier_pages(place, listed.cases)
            yield StoreReport(page, listed.cases, listed.unjudged, listed.cashiers, cashier_pages)

    def chain(self) -> Page:
        """The chain's page, once all stores have been taken."""
        chain = self._chain
        set_aside = chain.listed.set_aside
        for store_id in self._rejects.stores:
            if store_id not in self._places:  # of no store that is known
                set_aside += _set_aside(self._rejects.of(store_id))
        listed = replace(chain.listed, set_aside=set_aside)
        return self._page(None, cover(chain.tallies), listed, chain.totals, CHAIN_LIMIT)

    def _cashier_pages(
        self, place: StoreSettings, cases: tuple[Case, ...]
    ) -> dict[str, CashierPage]:
        """The pages of a store's cashiers who stand out, by file name."""
        return {
            name: self.standings.cashier_page(
                key, day=self._day, chain=self._policy.chain_name, place=place, cases=cases
            )
            for key, name in self.standings.pages_of(place.store_id).items()
        }

    def _page(
        self,
        store_id: str | None,
        coverage: Coverage,
        listed: "_Listed",
        totals: "_Totals",
        limit: int,
    ) -> Page:
        store_ids = list(self._places) if store_id is None else [store_id]
        past = self._history.compare(
            store_id, coverage.alcohol_sales, {code: coverage.of(code) for code in SHARES}
        )
        sample = ControlSample(listed.drawn, listed.drawn_from, self._rules.control_sample)
        return Page(
            day=self._day,
            chain=self._policy.chain_name,
            store_id=store_id,
            store_name=None if store_id is None else self._places[store_id].name,
            lede=(*lede(coverage, chain=store_id is None), *about_past(past)),
            ages=self._ages(store_ids),
            coverage=coverage,
            cases=listed.cases[:limit],
            cases_total=totals.cases,
            unjudged=listed.unjudged[:limit],
            unjudged_total=totals.unjudged,
            stores=listed.stores,
            cashiers=listed.cashiers[:limit],
            cashiers_total=totals.cashiers,
            people=self.standings.section(store_id, limit),
            rejected=listed.set_aside.told(),
            past=past,
            cameras=Cameras.of(self.drift, store_id, limit),
            control=sample if store_id is None else None,
            min_exposure=self._rules.min_exposure,
            retention_days=self._rules.retention_days,
            provenance=self._provenance,
            history_sha256=self._history_sha256,
        )

    def _ages(self, store_ids: list[str]) -> Ages:
        rules = [self._rules_of[store_id] for store_id in store_ids]
        legal, challenge = {r.legal_age for r in rules}, {r.challenge_age for r in rules}
        return Ages(
            legal=str(*legal) if len(legal) == 1 else "the legal age",
            challenge=str(*challenge) if len(challenge) == 1 else "the challenge age",
        )


@dataclass(frozen=True, slots=True)
class _SetAside:
    """Rows set aside: how many, for which reasons, and the first of them, a table of REJECTS."""

    total: int
    reasons: Counter[str]
    first: pa.Table

    def __add__(self, other: Self) -> "_SetAside":
        first = _first(pa.concat_tables([self.first, other.first]))
        return _SetAside(self.total + other.total, self.reasons + other.reasons, first)

    def told(self) -> Rejected:
        """What a page tells of them."""
        columns = [field.name for field in fields(RejectedRow)]
        return Rejected(
            total=self.total,
            reasons=tuple(
                Count(r, words.visible(r), self.reasons[r]) for r in sorted(self.reasons)
            ),
            first=tuple(
                RejectedRow(**row | {"detail": _without_place(row)})
                for row in self.first.select(columns).to_pylist()
            ),
        )


@dataclass(frozen=True, slots=True)
class _Totals:
    """How many there are of what a page lists up to a limit."""

    cases: int = 0
    unjudged: int = 0
    cashiers: int = 0

    def __add__(self, other: Self) -> "_Totals":
        return _Totals(*(getattr(self, n) + getattr(other, n) for n in self.__slots__))


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a page lists, in its order."""

    cases: tuple[Case, ...]
    unjudged: tuple[Unjudged, ...]
    stores: tuple[Counts, ...]
    cashiers: tuple[Counts, ...]
    set_aside: _SetAside
    drawn: tuple[Drawn, ...]
    drawn_from: int

    @property
    def totals(self) -> _Totals:
        """How many there are, where nothing has been left out yet."""
        return _Totals(len(self.cases), len(self.unjudged), len(self.cashiers))


class _Chain:
    """What the chain's page needs of the stores so far: counts, and the first of what it lists."""

    def __init__(self) -> None:
        self.tallies: list[Tally] = []
        self.totals = _Totals()
        self.listed = _Listed((), (), (), (), _set_aside(REJECTS.empty()), (), 0)

    def add(self, counted: Tally, own: _Listed) -> None:
        """Take the next store, in the order of their ids."""
        self.tallies.append(counted)
        self.totals += own.totals
        so_far = self.listed
        cases = [c for c in own.cases if c.rank <= CHAIN_LIMIT]
        self.listed = _Listed(
            cases=tuple(sorted([*so_far.cases, *cases], key=lambda case: case.rank)),
            unjudged=tuple(sorted([*so_far.unjudged, *own.unjudged], key=by_reason)[:CHAIN_LIMIT]),
            stores=so_far.stores + own.stores,
            cashiers=(so_far.cashiers + own.cashiers)[:CHAIN_LIMIT],
            set_aside=so_far.set_aside + own.set_aside,
            drawn=tuple(sorted([*so_far.drawn, *own.drawn], key=by_lot)),
            drawn_from=so_far.drawn_from + own.drawn_from,
        )


def lede(coverage: Coverage, *, chain: bool) -> tuple[str, ...]:
    """The day in at most three sentences that never read silence as compliance."""
    sentences = [_about_exports(coverage) if chain else _about_export(coverage)]
    if coverage.with_export("read"):
        sentences += _about_sales(coverage)
    return tuple(s for s in sentences if s)


def about_past(past: PastComparison | None) -> list[str]:
    """What the earlier days say of the day, in a sentence; nothing where they are too few."""
    if past is None or not past.enough:
        return []
    before = f"the {words.counted(len(past.then), past.weekday)} before it"
    if not past.signals:
        return [f"Against {before}, the day is as usual."]
    unusual = []
    for side, how in ((1, "higher"), (-1, "lower")):
        named = [f"“{share.label.lower()}”" for share in past.signals if share.side == side]
        if named:
            shares = "the share" if len(named) == 1 else "the shares"
            verb = "is" if len(named) == 1 else "are"
            unusual.append(f"{shares} {words.listed(named)} {verb} {how} than usual")
    return [f"Against {before}, {words.listed(unusual)}."]


def _about_exports(coverage: Coverage) -> str:
    stores, read = len(coverage.stores), len(coverage.with_export("read"))
    if not stores:
        return "No store was expected on this day and none sent a till export: nothing was audited."
    if not read:
        return "No store's till export could be read: nothing is known about this day's sales."
    if read < stores:
        return f"{read} of {words.counted(stores, 'store')} could be audited."
    return ""


def _about_export(coverage: Coverage) -> str:
    if coverage.with_export("missing"):
        return "This store sent no till export: nothing is known about its sales on this day."
    if coverage.with_export("unreadable"):
        return "This store's till export could not be read: nothing is known about its sales."
    return ""


def _about_sales(coverage: Coverage) -> list[str]:
    sales, flags = coverage.alcohol_sales, coverage.of("flagged")
    dark = coverage.of("inconclusive")
    if not sales:
        if not coverage.transactions:
            return ["The till export holds no transactions: closed, or not recording."]
        transactions = words.counted(coverage.transactions, "transaction")
        return [f"No alcohol was sold in {transactions}."]
    of_sales = f"of {words.counted(sales, 'alcohol sale')}"
    if not coverage.scored and not flags:
        return [
            f"No age could be estimated in any {of_sales}, so no sale could be flagged.",
            "Nothing follows from the absence of flags.",
        ]
    unseen = f"{words.integer(dark)} {of_sales} could not be judged"
    if not flags:
        doubt = unseen if dark else "Estimates can be wrong"
        return ["No flags were raised.", f"{doubt}, so this is no proof that every check was made."]
    raised = f"{words.integer(flags)} {of_sales} {'is' if flags == 1 else 'are'} flagged"
    judged = f"; {words.integer(dark)} could not be judged" if dark else ""
    return [f"{raised} for a person to look at{judged}.", *_about_records(coverage)]


def _about_records(coverage: Coverage) -> list[str]:
    """What the till's own record says of buyers under the legal age, if there are any."""
    underage = coverage.recorded_underage
    if not underage:
        return []
    sold = words.counted(underage, "sale")
    verb = "has" if underage == 1 else "have"
    return [f"{sold} {verb} a date of birth on record that makes the buyer too young."]


def _drawn_from(ledger: pa.Table) -> int:
    """How many sales of a store the control sample could have drawn."""
    could_be = pc.is_in(ledger["outcome"], pa.array(DRAWN_FROM))
    return int(pc.sum(pc.and_(could_be, pc.is_valid(ledger["age"]))).as_py() or 0)


def _places(
    day: date, store_days: pa.Table, policy: Policy, provenance: Provenance
) -> dict[str, StoreSettings]:
    """The stores of the day by id, in the order of their ids."""
    chain = policy.chain_rules(day)
    places: dict[str, StoreSettings] = {}
    columns = ("store_id", "store_name", "time_zone")
    ordered = store_days.sort_by("store_id")
    for store_id, name, zone in zip(*(ordered[c].to_pylist() for c in columns), strict=True):
        if not re.fullmatch(STORE_ID_PATTERN, store_id):
            raise ContractError(f"table store_days: store_id {store_id!r} cannot name a page")
        if store_id in places:
            raise ContractError(f"table store_days: store {store_id} stands there twice")
        rules = policy.rules(day, store_id)
        px, sharp = rules.min_face_px, rules.min_sharpness
        places[store_id] = StoreSettings(
            store_id=store_id,
            name=name,
            zone=ZoneInfo(zone),
            currency=rules.currency,
            min_face_px=provenance.min_face_px if px is None else px,
            min_sharpness=provenance.min_sharpness if sharp is None else sharp,
            kept_until=guidance.kept_until(day, chain.retention_days),
            frames_url=chain.frames_url,
        )
    return places


def _set_aside(rejects: pa.Table) -> _SetAside:
    return _SetAside(rejects.num_rows, Counter(rejects["reason"].to_pylist()), _first(rejects))


def _first(rejects: pa.Table) -> pa.Table:
    return rejects.sort_by([(name, "ascending") for name in _REJECTS_ORDER])[:REJECTS_LIMIT]


def _without_place(row: Mapping[str, Any]) -> str:
    """The detail of a rejected row, less the file and row that stand beside it already."""
    return str(row["detail"]).removeprefix(f"{row['source']}, row {row['row']}: ")
