"""Compares days that were audited again with their earlier revisions, sale by sale, and says why.

Each store's day is compared with its newest earlier revision (:mod:`auditor.storage.revisions`).
Sales are named by their anchor in the report; no person is named. Nothing is written.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import Field, TypeAdapter

from auditor.decisions.log import read_decisions
from auditor.errors import ConfigurationError, ContractError
from auditor.report.schema import closed_schema
from auditor.sales.identity import SALE_KEY, SaleKey
from auditor.storage import revisions
from auditor.storage.layout import partition_path
from auditor.storage.partitions import Partitions, read_day
from auditor.storage.place import Place, results_in
from auditor.storage.revisions import Revision
from auditor.tables import OUTCOMES

#: Raised when a key is renamed, removed or changes its meaning.
FORMAT_VERSION = 1

_COMPARED = (
    *SALE_KEY,
    *("outcome", "reason", "challenge_age", "age", "age_low", "age_high", "crop"),
)

State = Literal["not audited", "unchanged", "audited again"]

What = Literal["inputs", "policy", "mapping", "model", "program"]

#: The column of PROVENANCE that identifies each cause.
_PROVENANCE: Mapping[What, str] = {
    "inputs": "inputs_sha256",
    "policy": "policy_sha256",
    "mapping": "mapping_sha256",
    "model": "model_sha256",
    "program": "auditor_version",
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """An age in years with its 80 % interval."""

    age: float
    age_low: float
    age_high: float


@dataclass(frozen=True, slots=True)
class SaleResult:
    """A sale's result in one revision. A flag is a lead, never a finding."""

    outcome: str
    reason: str | None
    challenge_age: int
    estimate: Estimate | None


@dataclass(frozen=True, slots=True)
class ChangedSale:
    """A sale whose result changed: another outcome or reason, or it is in one revision only."""

    sale: Annotated[str, Field(description="its anchor on the report's pages")]
    before: Annotated[SaleResult | None, Field(description="none: it was not there")]
    after: Annotated[SaleResult | None, Field(description="none: it is there no more")]
    picture_kept: Annotated[bool, Field(description="whether a face of it is still kept")]


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that the results depend on and that changed: two hashes, or program versions."""

    what: What
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class StoreChange:
    """A store's day compared with the revision before it.

    ``replaced`` counts the earlier revisions. ``causes`` is empty if no hash and no program version
    differs: then the program was changed without a new version, or the kind of machine differs.
    """

    store_id: str
    replaced: int
    causes: tuple[Cause, ...] = ()
    outcomes_before: Mapping[str, int] | None = None
    outcomes_after: Annotated[
        Mapping[str, int] | None, Field(description="none: the store is in the day no more")
    ] = None
    flags_new: int = 0
    flags_gone: int = 0
    sales: tuple[ChangedSale, ...] = ()
    estimates_moved: Annotated[
        int, Field(description="sales whose estimate is another, whatever their outcome")
    ] = 0
    largest_move_years: float | None = None
    problem: Annotated[str | None, Field(description="why they could not be compared")] = None


@dataclass(frozen=True, slots=True)
class DecidedOtherwise:
    """A decision about a sale whose outcome has changed since, or that is gone."""

    sale: str
    store_id: str
    decision: str
    decided_at: datetime
    outcome_then: str
    outcome_now: str | None


@dataclass(frozen=True, slots=True)
class DayChange:
    """A day: not audited, audited once, or audited again."""

    day: date
    state: State
    stores: Annotated[tuple[StoreChange, ...], Field(description="those done again")]
    stores_unchanged: int
    decided_otherwise: tuple[DecidedOtherwise, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What changed on some days."""

    format_version: Literal[1]
    first: date
    last: date
    days: tuple[DayChange, ...]


def changes(out: str, first: date, last: date) -> Iterator[DayChange]:
    """Compare each day from ``first`` to ``last`` with the revision before it.

    Raises:
        ConfigurationError: the days are in the wrong order, or there are no results at ``out``.
        ContractError: a day's log of decisions was changed by hand.
    """
    if last < first:
        raise ConfigurationError(f"the last day, {last}, is before the first, {first}")
    place = results_in(out)
    for days in range((last - first).days + 1):
        yield _of_day(place, first + timedelta(days))


def document(first: date, last: date, days: Sequence[DayChange]) -> str:
    """The changes as JSON, which follows :func:`diff_schema`."""
    whole = Document(1, first, last, tuple(days))
    return TypeAdapter(Document).dump_json(whole, indent=1).decode()


def diff_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what ``auditor diff --json`` prints."""
    title = "What changed of days that were audited again"
    return closed_schema(Document, f"diff:{FORMAT_VERSION}", title)


def _of_day(out: Place, day: date) -> DayChange:
    present = Partitions(out, "ledger", day).stores
    stores = sorted({*present, *revisions.stores(out, day)})
    changed = tuple(c for store_id in stores if (c := _of_store(out, day, store_id)))
    state: State = "audited again" if changed else "unchanged" if present else "not audited"
    unchanged = len(stores) - len(changed)
    return DayChange(day, state, changed, unchanged, tuple(_decided_otherwise(out, day)))


def _of_store(out: Place, day: date, store_id: str) -> StoreChange | None:
    """None if there is no earlier revision."""
    replaced = revisions.count(out, day, store_id)
    try:
        before, after = (read(out, day, store_id) for read in (revisions.before, revisions.present))
    except ContractError as error:
        return StoreChange(store_id, replaced, problem=str(error))
    if before is None:
        return None
    if after is None and out.exists(partition_path("ledger", day, store_id)):
        problem = "its finalising broke off: audit the day again"
        return StoreChange(store_id, replaced, problem=problem)
    return _compared(out, store_id, replaced, before, after)


def _compared(
    out: Place, store_id: str, replaced: int, before: Revision, after: Revision | None
) -> StoreChange:
    old = _by_key(before.ledger)
    new = _by_key(after.ledger) if after else {}
    sales = []
    for key in {*old, *new}:
        was, now = old.get(key, {}), new.get(key, {})
        if any(was.get(name) != now.get(name) for name in ("outcome", "reason")):
            kept = bool(now.get("crop")) and out.exists(now["crop"])
            sales.append(ChangedSale(key.sale_id, _result(was), _result(now), kept))
    estimated = [(_estimate(old[key]), _estimate(new[key])) for key in old.keys() & new.keys()]
    moves = [abs(b.age - a.age) for a, b in estimated if a and b and a != b]
    sales.sort(key=lambda s: (not _flagged(s.after), not _flagged(s.before), s.sale))
    flagged = [(_flagged(sale.before), _flagged(sale.after)) for sale in sales]
    return StoreChange(
        store_id,
        replaced,
        causes=_causes(before, after) if after else (),
        outcomes_before=_outcomes(old),
        outcomes_after=_outcomes(new) if after else None,
        flags_new=flagged.count((False, True)),
        flags_gone=flagged.count((True, False)),
        sales=tuple(sales),
        estimates_moved=len(moves),
        largest_move_years=round(max(moves), 2) if moves else None,
    )


def _by_key(ledger: pa.Table) -> dict[SaleKey, dict[str, Any]]:
    return {SaleKey.of(row): row for row in ledger.select(_COMPARED).to_pylist()}


def _result(row: Mapping[str, Any]) -> SaleResult | None:
    """None if there is no row."""
    if not row:
        return None
    return SaleResult(row["outcome"], row["reason"], row["challenge_age"], _estimate(row))


def _estimate(row: Mapping[str, Any]) -> Estimate | None:
    if row["age"] is None:
        return None
    return Estimate(*(round(row[name], 2) for name in ("age", "age_low", "age_high")))


def _flagged(result: SaleResult | None) -> bool:
    return result is not None and result.outcome == "flagged"


def _outcomes(rows: Mapping[SaleKey, Mapping[str, Any]]) -> dict[str, int]:
    counts = Counter(row["outcome"] for row in rows.values())
    return {outcome: counts[outcome] for outcome in OUTCOMES}


def _causes(before: Revision, after: Revision) -> tuple[Cause, ...]:
    was, now = before.provenance, after.provenance
    return tuple(
        Cause(what, was[name], now[name])
        for what, name in _PROVENANCE.items()
        if was[name] != now[name]
    )


def _decided_otherwise(out: Place, day: date) -> Iterator[DecidedOtherwise]:
    log = read_decisions(out, day).to_pylist()
    stores = {entry["store_id"] for entry in log}
    if not stores:
        return
    ledger = read_day(out, "ledger", day, stores, (*SALE_KEY, "outcome"))
    outcomes = {SaleKey.of(row): row["outcome"] for row in ledger.to_pylist()}
    for entry in log:
        now = outcomes.get(SaleKey.of(entry))
        if now != entry["outcome"]:
            yield DecidedOtherwise(
                SaleKey.of(entry).sale_id,
                entry["store_id"],
                entry["decision"],
                entry["decided_at"],
                entry["outcome"],
                now,
            )
