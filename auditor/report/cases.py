"""A sale as a person looks at it: who, when, what, how sure, and what the till recorded."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.birthdays import completed_years
from auditor.errors import ContractError
from auditor.report.text import guidance, words
from auditor.sales import control_sample
from auditor.sales.identity import SaleKey
from auditor.tables import INCONCLUSIVE_REASONS, RECORDED_UNDERAGE, StoreTables

_ESTIMATE = ("age", "age_sd", "age_low", "age_high", "p_under_legal", "p_under_challenge")
_BASKET_SHOWN = 10
_FACES_SHOWN = 5
_ARTICLE = 40
_STEPS = ("scan", "frame", "check", "sale", "birth_date")
_REASON_ORDER = {reason: place for place, reason in enumerate(INCONCLUSIVE_REASONS)}


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What a store's rules and settings say about reading its sales.

    Below the two gates, of pixels and of sharpness, no age is estimated. Pictures are there until
    ``kept_until``, that day included. ``frames_url`` is where the frames can be seen, if anywhere.
    """

    store_id: str
    name: str | None
    zone: ZoneInfo
    currency: str
    min_face_px: float
    min_sharpness: float
    kept_until: date
    frames_url: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a basket."""

    description: str
    quantity: Decimal
    amount: Decimal
    alcohol: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """An age in years, with its standard deviation, 80 % and 95 % interval and probabilities."""

    age: float
    sd: float
    low: float
    high: float
    low_95: float | None
    high_95: float | None
    p_under_legal: float
    p_under_challenge: float


@dataclass(frozen=True, slots=True)
class OtherFace:
    """Another face of the frame: age and 80 % interval, years."""

    age: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the ID-check trail, in the store's own time; None where none was recorded.

    ``kind`` is scan (of alcohol), check, frame, sale or birth_date. ``along`` says where the event
    lies between the first (0) and the last (1) of those with a time.
    """

    at: datetime | None
    text: str
    kind: str
    along: float | None = None


@dataclass(frozen=True, slots=True)
class Sale:
    """What every listed sale shows; times in the store's own zone."""

    anchor: str
    store_id: str
    store_name: str | None
    transaction_id: str
    till_id: str
    cashier_id: str
    sold_at: datetime
    amount: Decimal
    currency: str
    id_check: str
    id_check_words: str


@dataclass(frozen=True, slots=True)
class Unjudged(Sale):
    """A sale that nobody could judge, and why."""

    reason: str
    reason_words: str


@dataclass(frozen=True, slots=True)
class Drawn(Sale):
    """A sale of the control sample: unflagged, with a picture and an estimate."""

    outcome: str
    outcome_words: str
    estimate: Estimate
    legal_age: int
    challenge_age: int
    crop: str


@dataclass(frozen=True, slots=True)
class Case(Sale):
    """A flagged sale. ``rank`` counts from 1 over the whole chain.

    ``reason`` is recorded_underage, or the state of the ID check. Only a sale that is recorded
    underage may have no estimate. ``recorded_years`` is the age by the birth date on record.
    ``scans`` are where on the trail's time line the lines of the basket were scanned, from 0 to 1.
    ``frame`` is the address of the full frame, where the policy says that it can be seen.
    """

    rank: int
    reason: str
    recorded_years: int | None
    estimate: Estimate | None
    legal_age: int
    challenge_age: int
    why: str
    crop: str | None
    faces: int | None
    other_faces: tuple[OtherFace, ...]
    marks: tuple[str, ...]
    mark_words: tuple[str, ...]
    matched_by: str | None
    snapshot_id: str | None
    id_check_at: datetime | None
    id_check_by: str | None
    trail: tuple[Step, ...]
    scans: tuple[float, ...]
    basket: tuple[Line, ...]
    keep_in_mind: tuple[str, ...]
    next_steps: tuple[str, ...]
    frame: str | None
    snapshot_sha256: str | None

    @property
    def is_recorded_underage(self) -> bool:
        """Whether the flag rests on the recorded birth date, not on an estimate."""
        return self.reason == RECORDED_UNDERAGE

    @property
    def timed(self) -> tuple[Step, ...]:
        """The steps that a time line can show; none where all fall on one moment."""
        timed = tuple(step for step in self.trail if step.along is not None)
        return timed if len({step.along for step in timed}) > 1 else ()

    @property
    def basket_shown(self) -> tuple[Line, ...]:
        """The lines that fit on a card, alcohol first."""
        return tuple(sorted(self.basket, key=lambda line: not line.alcohol))[:_BASKET_SHOWN]

    @property
    def other_faces_shown(self) -> tuple[OtherFace, ...]:
        """The other faces that fit on a card."""
        return self.other_faces[:_FACES_SHOWN]


def ranks(ledger: StoreTables) -> dict[str, list[int]]:
    """The rank of every flagged sale: recorded underage, then likeliest under the legal age.

    Ties are ordered by P(under the challenge age), store, time and transaction.

    Args:
        ledger: LEDGER of all stores.

    Returns:
        By store the ranks of its flagged sales, ascending; a store without any is left out.

    Raises:
        ContractError: a flagged sale lacks its estimate.
    """
    columns = ["reason", *_ESTIMATE, "store_id", "sold_at", "transaction_id"]
    keys = []
    for store_id in ledger.stores:
        own = ledger.of(store_id, ["outcome", *columns])
        rows = own.filter(pc.equal(own["outcome"], "flagged")).to_pylist()
        for row in rows:
            if row["reason"] != RECORDED_UNDERAGE:
                _check_estimate(row)
        keys += [_by_likelihood(row) for row in rows]
    keys.sort()
    found: dict[str, list[int]] = {}
    for rank, (*_, store_id, _sold_at, _transaction_id) in enumerate(keys, start=1):
        found.setdefault(store_id, []).append(rank)
    return found


def flagged(ledger: pa.Table, place: StoreSettings, own_ranks: Sequence[int]) -> tuple[Case, ...]:
    """The flagged sales of a store in the order of their ranks.

    Args:
        ledger: the store's rows of LEDGER, any order.
        place: the store.
        own_ranks: those that :func:`ranks` gives the store.

    Raises:
        ContractError: the crop of a sale lies outside OUT.
    """
    rows = ledger.filter(pc.equal(ledger["outcome"], "flagged")).to_pylist()
    rows.sort(key=_by_likelihood)
    return tuple(_case(row, place, rank) for row, rank in zip(rows, own_ranks, strict=True))


def unjudged(ledger: pa.Table, place: StoreSettings) -> tuple[Unjudged, ...]:
    """The inconclusive sales of a store, in the order of :func:`by_reason`."""
    rows = ledger.filter(pc.equal(ledger["outcome"], "inconclusive")).to_pylist()
    sales = (
        Unjudged(
            **_sale(row, place),
            reason=str(row["reason"]),
            reason_words=words.label(words.REASONS, str(row["reason"])),
        )
        for row in rows
    )
    return tuple(sorted(sales, key=by_reason))


def by_reason(sale: Unjudged) -> tuple[Any, ...]:
    """Orders inconclusive sales: by reason (as INCONCLUSIVE_REASONS), store, time, transaction."""
    place = _REASON_ORDER.get(sale.reason, len(_REASON_ORDER))
    return place, sale.reason, sale.store_id, sale.sold_at, sale.transaction_id


def _by_likelihood(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        row["reason"] != RECORDED_UNDERAGE,
        *(-(row[name] or 0.0) for name in ("p_under_legal", "p_under_challenge")),
        *(row["store_id"], row["sold_at"], row["transaction_id"]),
    )


def drawn(ledger: pa.Table, place: StoreSettings) -> tuple[Drawn, ...]:
    """What the control sample has of a store, in the order of :func:`by_lot`.

    Raises:
        ContractError: one lacks its estimate, or its crop lies outside OUT.
    """
    sample = []
    for row in control_sample.of_ledger(ledger).to_pylist():
        _check_estimate(row)
        sample.append(
            Drawn(
                **_sale(row, place),
                outcome=row["outcome"],
                outcome_words=words.OUTCOMES[row["outcome"]],
                estimate=_estimate(row),
                legal_age=row["legal_age"],
                challenge_age=row["challenge_age"],
                crop=str(_inside_out(row["crop"])),
            )
        )
    return tuple(sorted(sample, key=by_lot))


def by_lot(sale: Drawn) -> bytes:
    """Orders the control sample so that the order says nothing of the sales."""
    return hashlib.sha256(sale.anchor.encode()).digest()


def _check_estimate(row: Mapping[str, Any]) -> None:
    if missing := [name for name in _ESTIMATE if row[name] is None]:
        raise ContractError(
            f"table ledger: store {row['store_id']}, "
            f"{SaleKey.of(row).sale_id} is {row['outcome']} "
            f"without {', '.join(missing)}"
        )


def _estimate_or_none(row: Mapping[str, Any]) -> Estimate | None:
    return None if row["age"] is None else _estimate(row)


def _estimate(row: Mapping[str, Any]) -> Estimate:
    return Estimate(
        age=row["age"],
        sd=row["age_sd"],
        low=row["age_low"],
        high=row["age_high"],
        low_95=row["age_low_95"],
        high_95=row["age_high_95"],
        p_under_legal=row["p_under_legal"],
        p_under_challenge=row["p_under_challenge"],
    )


def _sale(row: dict[str, Any], place: StoreSettings) -> dict[str, Any]:
    return {
        "anchor": SaleKey.of(row).sale_id,
        "store_id": row["store_id"],
        "store_name": place.name,
        "transaction_id": row["transaction_id"],
        "till_id": row["till_id"],
        "cashier_id": row["cashier_id"],
        "sold_at": row["sold_at"].astimezone(place.zone),
        "amount": row["amount"],
        "currency": place.currency,
        "id_check": row["id_check"],
        "id_check_words": words.label(words.ID_CHECKS, row["id_check"]),
    }


def _case(row: dict[str, Any], place: StoreSettings, rank: int) -> Case:
    checked_at = row["id_check_at"]
    recorded = recorded_years(row["birth_date"], row["sold_at"].astimezone(place.zone).date())
    marks = tuple(dict.fromkeys(row["marks"]))
    trail, scans = _trail(row, place.zone)
    return Case(
        **_sale(row, place),
        rank=rank,
        reason=str(row["reason"]),
        recorded_years=recorded,
        estimate=_estimate_or_none(row),
        legal_age=row["legal_age"],
        challenge_age=row["challenge_age"],
        why=words.why_recorded_underage(recorded, row["legal_age"])
        if row["reason"] == RECORDED_UNDERAGE and recorded is not None
        else words.why_flagged(row["age"], row["challenge_age"], row["id_check"]),
        crop=_inside_out(row["crop"]),
        faces=row["faces"],
        other_faces=tuple(
            OtherFace(f["age"], f["age_low"], f["age_high"]) for f in row["other_faces"] or ()
        ),
        marks=marks,
        mark_words=tuple(words.label(words.MARKS, mark) for mark in marks),
        matched_by=row["matched_by"],
        snapshot_id=row["snapshot_id"],
        id_check_at=checked_at.astimezone(place.zone) if checked_at else None,
        id_check_by=row["id_check_by"],
        trail=trail,
        scans=scans,
        basket=tuple(
            Line(
                description=line["description"] or line["sku"],
                quantity=line["quantity"],
                amount=line["amount"],
                alcohol=line["alcohol"],
            )
            for line in row["basket"]
        ),
        keep_in_mind=()
        if row["age"] is None
        else guidance.keep_in_mind(
            p_under_challenge=row["p_under_challenge"],
            challenge_age=row["challenge_age"],
            interval_years=row["age_high"] - row["age_low"],
            face_px=row["face_px"],
            min_face_px=place.min_face_px,
            sharpness=row["sharpness"],
            min_sharpness=place.min_sharpness,
            face_confidence=row["face_confidence"],
            snapshot_offset_s=row["snapshot_offset_s"],
        ),
        next_steps=guidance.next_steps(
            reason=row["reason"],
            challenge_age=row["challenge_age"],
            marks=marks,
            kept_until=place.kept_until if row["crop"] else None,
        ),
        frame=_frame(place.frames_url, row["snapshot_path"]),
        snapshot_sha256=row["snapshot_sha256"],
    )


def _frame(frames_url: str | None, path: str | None) -> str | None:
    """Where a frame can be seen, if anywhere; a path that would leave that place is not linked."""
    if frames_url is None or path is None or ".." in PurePosixPath(path).parts:
        return None
    return f"{frames_url.rstrip('/')}/{quote(path)}"


def _trail(row: dict[str, Any], zone: ZoneInfo) -> tuple[tuple[Step, ...], tuple[float, ...]]:
    """What was recorded, in order of time, and where among it each line was scanned.

    What carries no time of its own comes last.
    """
    sold_at: datetime = row["sold_at"]
    check = words.label(words.ID_CHECKS, row["id_check"])
    by = f", by {words.visible(row['id_check_by'])}" if row["id_check_by"] else ""
    check_at = row["id_check_at"].astimezone(zone) if row["id_check_at"] else None
    steps = [
        Step(sold_at.astimezone(zone), "Sale completed", "sale"),
        Step(check_at, f"Till record: {check}{by}", "check"),
    ]
    scanned = [line["sold_at"] for line in row["basket"] if line["sold_at"]]
    if alcohol := [line for line in row["basket"] if line["alcohol"] and line["sold_at"]]:
        first = min(alcohol, key=lambda line: line["sold_at"])
        article = words.visible(first["description"] or first["sku"], _ARTICLE)
        steps.append(Step(first["sold_at"].astimezone(zone), f"Scanned: {article}", "scan"))
    if row["snapshot_offset_s"] is not None:
        frame_at = sold_at + timedelta(seconds=row["snapshot_offset_s"])
        steps.append(Step(frame_at.astimezone(zone), "Camera frame (camera's clock)", "frame"))
    if row["birth_date"]:
        age = recorded_years(row["birth_date"], sold_at.astimezone(zone).date())
        says = "a day after the sale" if age is None or age < 0 else f"{age} years old that day"
        steps.append(Step(None, f"Date of birth on record: {says}", "birth_date"))
    times = [t for t in (*scanned, *(step.at for step in steps)) if t]
    first_at, seconds = min(times), (max(times) - min(times)).total_seconds()

    def along(at: datetime) -> float:
        return (at - first_at).total_seconds() / seconds if seconds else 0.0

    placed = [replace(step, along=along(step.at)) if step.at else step for step in steps]
    return tuple(sorted(placed, key=_time_of)), tuple(sorted(along(at) for at in scanned))


def _time_of(step: Step) -> tuple[float, int]:
    """Orders steps by time; of one moment, as things happen at a till."""
    return step.at.timestamp() if step.at else float("inf"), _STEPS.index(step.kind)


def recorded_years(birth_date: date | None, day: date) -> int | None:
    """Age in completed years on a day, by a birth date on record; None without one."""
    if birth_date is None:
        return None
    days = (np.array([value], "datetime64[D]") for value in (birth_date, day))
    return int(completed_years(*days)[0])


def _inside_out(crop: str | None) -> str | None:
    """The crop's path, once it is known to stay under OUT when a page links it."""
    if crop is None:
        return None
    path = PurePosixPath(crop)
    if path.is_absolute() or ".." in path.parts or "\\" in crop or not path.parts:
        raise ContractError(f"table ledger: crop {crop!r} is no path below OUT")
    return crop
