"""A sale as a page shows it: who, when, what, how sure, and what the till recorded."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from auditor.decisions.status import CaseStatus
from auditor.tables import RECORDED_UNDERAGE


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a basket. A discount has the quantity 0; what was refused is not in the price."""

    description: str
    quantity: Decimal
    amount: Decimal
    alcohol: bool
    refused: bool


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
    """What every listed sale shows; times in the store's own zone.

    ``cashier_id`` is None where there was none, as at a self-checkout. ``status`` is what people
    decided about the sale; None where nothing is recorded.
    """

    anchor: str
    store_id: str
    store_name: str | None
    transaction_id: str
    till_id: str
    cashier_id: str | None
    sold_at: datetime
    amount: Decimal
    currency: str
    id_check: str
    id_check_words: str
    status: CaseStatus | None


@dataclass(frozen=True, slots=True)
class Unjudged(Sale):
    """An inconclusive sale, and why; ``detail`` says what is wrong with an unreadable frame."""

    reason: str
    reason_words: str
    detail: str | None


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
        return tuple(sorted(self.basket, key=lambda line: not line.alcohol))[:10]

    @property
    def other_faces_shown(self) -> tuple[OtherFace, ...]:
        """The other faces that fit on a card."""
        return self.other_faces[:5]
