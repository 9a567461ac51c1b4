"""A sale as a person looks at it: who, when, what, how sure, and what the till recorded."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import ContractError
from auditor.report import words
from auditor.tables import INCONCLUSIVE_REASONS

_BASKET_SHOWN = 10
_FACES_SHOWN = 5
_REASON_ORDER = {reason: place for place, reason in enumerate(INCONCLUSIVE_REASONS)}


@dataclass(frozen=True, slots=True)
class Place:
    """What a store's rules and settings say about reading its sales."""

    store_id: str
    name: str | None
    zone: ZoneInfo
    currency: str


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
    """One event of the ID-check trail, in the store's own time; None where none was recorded."""

    at: datetime | None
    text: str


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
class Case(Sale):
    """A flagged sale. ``rank`` counts from 1 over the whole chain."""

    rank: int
    estimate: Estimate
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
    basket: tuple[Line, ...]

    @property
    def basket_shown(self) -> tuple[Line, ...]:
        """The lines that fit on a card, alcohol first."""
        return tuple(sorted(self.basket, key=lambda line: not line.alcohol))[:_BASKET_SHOWN]

    @property
    def other_faces_shown(self) -> tuple[OtherFace, ...]:
        """The other faces that fit on a card."""
        return self.other_faces[:_FACES_SHOWN]


def anchor(store_id: str, transaction_id: str) -> str:
    """The id of a sale on every page: it stays the same when the day is audited again."""
    return f"sale-{hashlib.sha256(f'{store_id}|{transaction_id}'.encode()).hexdigest()[:12]}"


def flagged(ledger: pa.Table, places: Mapping[str, Place]) -> tuple[Case, ...]:
    """The flagged sales, the likeliest to be under the legal age first.

    Ties are ordered by P(under the challenge age), store, time and transaction.

    Args:
        ledger: rows of LEDGER, any order.
        places: by store id, every store of ``ledger``.

    Raises:
        ContractError: a flagged sale lacks its estimate, or its crop lies outside OUT.
    """
    rows = ledger.filter(pc.equal(ledger["outcome"], "flagged")).to_pylist()
    for row in rows:
        needed = ("age", "age_sd", "age_low", "age_high", "p_under_legal", "p_under_challenge")
        if missing := [name for name in needed if row[name] is None]:
            raise ContractError(
                f"table ledger: store {row['store_id']}, "
                f"{anchor(row['store_id'], row['transaction_id'])} is "
                f"flagged without {', '.join(missing)}"
            )
    rows.sort(
        key=lambda r: (
            *(-r["p_under_legal"], -r["p_under_challenge"]),
            *(r["store_id"], r["sold_at"], r["transaction_id"]),
        )
    )
    return tuple(
        _case(row, places[row["store_id"]], rank) for rank, row in enumerate(rows, start=1)
    )


def unjudged(ledger: pa.Table, places: Mapping[str, Place]) -> tuple[Unjudged, ...]:
    """The inconclusive sales, by reason (as INCONCLUSIVE_REASONS), store, time, transaction."""
    rows = ledger.filter(pc.equal(ledger["outcome"], "inconclusive")).to_pylist()
    rows.sort(
        key=lambda r: (
            *(_REASON_ORDER.get(r["reason"], len(_REASON_ORDER)), str(r["reason"])),
            *(r["store_id"], r["sold_at"], r["transaction_id"]),
        ),
    )
    return tuple(
        Unjudged(
            **_sale(row, places[row["store_id"]]),
            reason=str(row["reason"]),
            reason_words=words.label(words.REASONS, str(row["reason"])),
        )
        for row in rows
    )


def _sale(row: dict[str, Any], place: Place) -> dict[str, Any]:
    return {
        "anchor": anchor(row["store_id"], row["transaction_id"]),
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


def _case(row: dict[str, Any], place: Place, rank: int) -> Case:
    checked_at = row["id_check_at"]
    marks = tuple(dict.fromkeys(row["marks"]))
    return Case(
        **_sale(row, place),
        rank=rank,
        estimate=Estimate(
            age=row["age"],
            sd=row["age_sd"],
            low=row["age_low"],
            high=row["age_high"],
            low_95=row["age_low_95"],
            high_95=row["age_high_95"],
            p_under_legal=row["p_under_legal"],
            p_under_challenge=row["p_under_challenge"],
        ),
        legal_age=row["legal_age"],
        challenge_age=row["challenge_age"],
        why=words.why_flagged(row["age"], row["challenge_age"], row["id_check"]),
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
        trail=_trail(row, place.zone),
        basket=tuple(
            Line(
                description=line["description"] or line["sku"],
                quantity=line["quantity"],
                amount=line["amount"],
                alcohol=line["alcohol"],
            )
            for line in row["basket"]
        ),
    )


def _trail(row: dict[str, Any], zone: ZoneInfo) -> tuple[Step, ...]:
    """What was recorded, in order of time; what carries no time of its own comes last."""
    sold_at: datetime = row["sold_at"]
    check = words.label(words.ID_CHECKS, row["id_check"])
    by = f", by {words.visible(row['id_check_by'])}" if row["id_check_by"] else ""
    check_at = row["id_check_at"].astimezone(zone) if row["id_check_at"] else None
    steps = [
        Step(sold_at.astimezone(zone), "Sale completed"),
        Step(check_at, f"Till record: {check}{by}"),
    ]
    if row["snapshot_offset_s"] is not None:
        frame_at = sold_at + timedelta(seconds=row["snapshot_offset_s"])
        steps.append(Step(frame_at.astimezone(zone), "Camera frame (camera's clock)"))
    if row["birth_date"]:
        age = _age_on(row["birth_date"], sold_at.astimezone(zone).date())
        says = f"{age} years old that day" if age >= 0 else "a day after the sale"
        steps.append(Step(None, f"Date of birth on record: {says}"))
    return tuple(sorted(steps, key=_time_of))


def _time_of(step: Step) -> float:
    return step.at.timestamp() if step.at else float("inf")


def _age_on(birth_date: date, day: date) -> int:
    before_birthday = (day.month, day.day) < (birth_date.month, birth_date.day)
    return day.year - birth_date.year - before_birthday


def _inside_out(crop: str | None) -> str | None:
    """The crop's path, once it is known to stay under OUT when a page links it."""
    if crop is None:
        return None
    path = PurePosixPath(crop)
    if path.is_absolute() or ".." in path.parts or "\\" in crop or not path.parts:
        raise ContractError(f"table ledger: crop {crop!r} is no path below OUT")
    return crop
