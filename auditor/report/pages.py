"""The pages of a day as data: what the chain's page and each store's page say, before any HTML."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from auditor.aggregates import Window
from auditor.control_sample import DRAWN_FROM
from auditor.errors import ContractError
from auditor.people.day_counts import Counts, count_cashiers, count_stores
from auditor.policy import STORE_ID_PATTERN, Policy
from auditor.report import guidance, words
from auditor.report.cases import Case, Place, Unjudged, drawn, flagged, unjudged
from auditor.report.control import ControlSample
from auditor.report.coverage import Count, Coverage, cover
from auditor.report.past import SHARES, History, Past, history_hash
from auditor.report.people import CashierPage, People, Standings
from auditor.tables import LEDGER, REJECTS, STORE_DAYS, UNKNOWN_STORE, ByStore

#: Cases, unjudged sales, cashiers and rows that one page lists: none grows beyond a few megabytes.
CHAIN_LIMIT = 200
STORE_LIMIT = 400
REJECTS_LIMIT = 50

#: Cases that the first screen names.
FIRST_CASES = 5
_REJECTS_ORDER = ("source", "row", "stage", "reason", "column", "detail")


_Sale = TypeVar("_Sale", Case, Unjudged)


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
    count all there are. ``past`` is None on a day without alcohol sales. ``control`` is the whole
    day's, on every page. ``history_sha256`` is over the figures of past days that were at hand.
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
    past: Past | None
    control: ControlSample
    min_exposure: int
    retention_days: int
    provenance: Provenance
    history_sha256: str | None

    @property
    def first_cases(self) -> tuple[Case, ...]:
        """The cases that the first screen names."""
        return self.cases[:FIRST_CASES]


@dataclass(frozen=True, slots=True)
class Report:
    """A day: the chain's page, the stores' pages by store id, and every listed sale uncut."""

    chain: Page
    stores: Mapping[str, Page]
    cases: tuple[Case, ...]
    unjudged: tuple[Unjudged, ...]
    cashiers: tuple[Counts, ...]
    standings: Standings
    cashier_pages: Mapping[str, CashierPage]


def build(  # noqa: PLR0913  the day's tables, and what they rest on
    day: date,
    *,
    ledger: pa.Table,
    store_days: pa.Table,
    rejects: pa.Table,
    provenance: Provenance,
    policy: Policy,
    window: Window,
    history: pa.Table,
) -> Report:
    """Make the pages of a day from its tables; arguments as for ``report.render_day``.

    Raises:
        ContractError: the tables are not per schema, contradict each other, or name a store that
            cannot name a page.
        ConfigurationError: no policy was in force on the day.
    """
    ledger, store_days, rejects = (
        schema.conform(table)
        for schema, table in ((LEDGER, ledger), (STORE_DAYS, store_days), (REJECTS, rejects))
    )
    places = _places(day, store_days, policy, provenance)
    if strays := sorted(set(ledger["store_id"].to_pylist()) - set(places)):
        raise ContractError(f"table ledger: stores {strays} are not in store_days")
    ledgers = ByStore(ledger)
    standings = Standings.of(
        day,
        window,
        ledgers,
        places=places,
        rules={store_id: policy.rules(day, store_id) for store_id in places},
        chain_rules=policy.chain_rules(day),
    )
    whole = _Day(
        day=day,
        policy=policy,
        provenance=provenance,
        ledger=ledgers,
        store_days=ByStore(store_days),
        rejects=ByStore(rejects, pc.fill_null(rejects["store_id"], UNKNOWN_STORE)),
        places=places,
        cases=_by_store(flagged(ledger, places)),
        unjudged=_by_store(unjudged(ledger, places)),
        standings=standings,
        control=ControlSample(
            sales=drawn(ledger, places),
            drawn_from=sum(
                outcome in DRAWN_FROM and age is not None
                for outcome, age in zip(
                    ledger["outcome"].to_pylist(), ledger["age"].to_pylist(), strict=True
                )
            ),
            asked=policy.chain_rules(day).control_sample,
        ),
        history=History(day, history, _bases(day, places, policy, provenance)),
        history_sha256=history_hash(history),
    )
    return Report(
        chain=whole.page(None),
        stores={store_id: whole.page(store_id) for store_id in places},
        cases=whole.cases[None],
        unjudged=whole.unjudged[None],
        cashiers=count_cashiers(ledger, min_exposure=policy.chain_rules(day).min_exposure),
        standings=standings,
        cashier_pages=dict(whole.cashier_pages()),
    )


@dataclass(frozen=True, slots=True)
class _Day:
    """Everything of the day, from which each page takes its part."""

    day: date
    policy: Policy
    provenance: Provenance
    ledger: ByStore
    store_days: ByStore
    rejects: ByStore
    places: Mapping[str, Place]
    cases: Mapping[str | None, tuple[Case, ...]]  # of all stores under None
    unjudged: Mapping[str | None, tuple[Unjudged, ...]]
    standings: Standings

    def cashier_pages(self) -> Iterator[tuple[str, CashierPage]]:
        """The pages of those who stand out, by file name."""
        for (store_id, cashier_id), name in self.standings.pages.items():
            yield (
                name,
                self.standings.cashier_page(
                    (store_id, cashier_id),
                    day=self.day,
                    chain=self.policy.chain_name,
                    place=self.places[store_id],
                    cases=self.cases.get(store_id, ()),
                ),
            )

    control: ControlSample
    history: History
    history_sha256: str | None

    def page(self, store_id: str | None) -> Page:
        """The page of a store, or of the chain."""
        limit = CHAIN_LIMIT if store_id is None else STORE_LIMIT
        store_ids = list(self.places) if store_id is None else [store_id]
        rules = self.policy.chain_rules(self.day)
        ledger = self.ledger.of(store_id)
        cases, not_judged = self.cases.get(store_id, ()), self.unjudged.get(store_id, ())
        cashiers = count_cashiers(ledger, min_exposure=rules.min_exposure)
        coverage = cover(ledger, self.store_days.of(store_id))
        past = self.history.compare(
            store_id, coverage.alcohol_sales, {code: coverage.of(code) for code in SHARES}
        )
        return Page(
            day=self.day,
            chain=self.policy.chain_name,
            store_id=store_id,
            store_name=None if store_id is None else self.places[store_id].name,
            lede=(*lede(coverage, chain=store_id is None), *about_past(past)),
            ages=self._ages(store_ids),
            coverage=coverage,
            cases=tuple(cases[:limit]),
            cases_total=len(cases),
            unjudged=tuple(not_judged[:limit]),
            unjudged_total=len(not_judged),
            stores=count_stores(
                ledger,
                (store.store_id for store in coverage.with_export("read")),
                min_exposure=rules.min_exposure,
            ),
            cashiers=cashiers[:limit],
            cashiers_total=len(cashiers),
            people=self.standings.section(store_id, limit),
            rejected=_rejected(self.rejects.of(store_id)),
            past=past,
            control=self.control,
            history_sha256=self.history_sha256,
            min_exposure=rules.min_exposure,
            retention_days=rules.retention_days,
            provenance=self.provenance,
        )

    def _ages(self, store_ids: list[str]) -> Ages:
        rules = [self.policy.rules(self.day, store_id) for store_id in store_ids]
        legal, challenge = {r.legal_age for r in rules}, {r.challenge_age for r in rules}
        return Ages(
            legal=str(*legal) if len(legal) == 1 else "the legal age",
            challenge=str(*challenge) if len(challenge) == 1 else "the challenge age",
        )


def lede(coverage: Coverage, *, chain: bool) -> tuple[str, ...]:
    """The day in at most three sentences that never read silence as compliance."""
    sentences = [_about_exports(coverage) if chain else _about_export(coverage)]
    if coverage.with_export("read"):
        sentences += _about_sales(coverage)
    return tuple(s for s in sentences if s)


def about_past(past: Past | None) -> list[str]:
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
    if not coverage.scored:
        return [
            f"No age could be estimated in any {of_sales}, so no sale could be flagged.",
            "Nothing follows from the absence of flags.",
        ]
    unseen = f"{words.integer(dark)} {of_sales} could not be judged"
    if not flags:
        doubt = unseen if dark else "Estimates can be wrong"
        return ["No flags were raised.", f"{doubt}, so this is no proof that every check was made."]
    raised = f"{words.integer(flags)} {of_sales} {'is' if flags == 1 else 'are'} flagged"
    if dark:
        return [f"{raised} for a person to look at; {words.integer(dark)} could not be judged."]
    return [f"{raised} for a person to look at."]


def _bases(
    day: date, places: Mapping[str, Place], policy: Policy, provenance: Provenance
) -> dict[str, tuple[str, int]]:
    """By store, what a past day has to share with this one to be compared with it."""
    return {
        store_id: (provenance.model, policy.rules(day, store_id).challenge_age)
        for store_id in places
    }


def _places(
    day: date, store_days: pa.Table, policy: Policy, provenance: Provenance
) -> dict[str, Place]:
    """The stores of the day by id, in the order of their ids."""
    chain = policy.chain_rules(day)
    places: dict[str, Place] = {}
    columns = ("store_id", "store_name", "time_zone")
    ordered = store_days.sort_by("store_id")
    for store_id, name, zone in zip(*(ordered[c].to_pylist() for c in columns), strict=True):
        if not re.fullmatch(STORE_ID_PATTERN, store_id):
            raise ContractError(f"table store_days: store_id {store_id!r} cannot name a page")
        if store_id in places:
            raise ContractError(f"table store_days: store {store_id} stands there twice")
        rules = policy.rules(day, store_id)
        px, sharp = rules.min_face_px, rules.min_sharpness
        places[store_id] = Place(
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


def _by_store(sales: Sequence[_Sale]) -> dict[str | None, tuple[_Sale, ...]]:
    found: dict[str | None, list[_Sale]] = {None: list(sales)}
    for sale in sales:
        found.setdefault(sale.store_id, []).append(sale)
    return {store_id: tuple(own) for store_id, own in found.items()}


def _rejected(rejects: pa.Table) -> Rejected:
    ordered = rejects.sort_by([(name, "ascending") for name in _REJECTS_ORDER])
    columns = [field.name for field in fields(RejectedRow)]
    reasons = Counter(rejects["reason"].to_pylist())
    return Rejected(
        total=rejects.num_rows,
        reasons=tuple(Count(r, words.visible(r), reasons[r]) for r in sorted(reasons)),
        first=tuple(
            RejectedRow(**row | {"detail": _without_place(row)})
            for row in ordered.select(columns)[:REJECTS_LIMIT].to_pylist()
        ),
    )


def _without_place(row: Mapping[str, Any]) -> str:
    """The detail of a rejected row, less the file and row that stand beside it already."""
    return str(row["detail"]).removeprefix(f"{row['source']}, row {row['row']}: ")
