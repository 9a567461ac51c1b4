"""The pages of a day as data: what the chain's page and each store's page say, before any HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Self

from auditor.monitoring.cameras import Camera, CameraDay, Drift
from auditor.monitoring.cameras.change_tests import LEAST_DAYS, LEAST_SALES
from auditor.monitoring.recall import DayReview
from auditor.monitoring.staff.outcome_counts import Counts
from auditor.monitoring.statistics.rates import at_most
from auditor.report.coverage import Coverage
from auditor.report.noticed import Noticed
from auditor.report.past import Past
from auditor.report.people import CashierPage, People
from auditor.report.rejected import Rejected
from auditor.report.sales import Case, Drawn, Unjudged
from auditor.report.unreadable import UnreadableFrames


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
    mapping_sha256: str = ""  # empty where there is no mapping


@dataclass(frozen=True, slots=True)
class Ages:
    """The two ages of the policy in words: a number, unless the stores shown differ."""

    legal: str
    challenge: str


@dataclass(frozen=True, slots=True)
class Cameras:
    """The cameras of a page against their own past; ``changed`` lists all that changed.

    ``on_day`` has those of a store, or of the chain those that are wrong, by what the day alone
    says of them, the worst first. ``unreadable`` has those with frames that could not be read.
    ``compared`` and ``too_little`` count the cameras of which something, or nothing, could be
    compared; ``sha256`` is None where the day's own counts are missing.
    """

    days: int
    on_record: int
    sha256: str | None
    changed: tuple[Camera, ...]
    compared: int
    too_little: int
    limit: int
    unreadable: tuple[UnreadableFrames, ...]
    on_day: tuple[CameraDay, ...] = ()
    least_days: int = LEAST_DAYS
    least_sales: int = LEAST_SALES

    @property
    def to_look_at(self) -> int:
        """How many cameras changed, or are wrong by what the day alone says of them."""
        wrong = {(each.store_id, each.till_id) for each in self.on_day if each.is_wrong}
        return len(wrong | {(each.store_id, each.till_id) for each in self.changed})

    @classmethod
    def of(
        cls,
        drift: Drift,
        store_id: str | None,
        limit: int,
        unreadable: tuple[UnreadableFrames, ...],
    ) -> "Cameras":
        """The section of a store's page, or (``store_id`` None) of the chain's."""
        own = drift if store_id is None else drift.of_store(store_id)
        compared = sum(bool(camera.compared) for camera in own.cameras)
        on_day = (camera for camera in own.on_day if store_id is not None or camera.is_wrong)
        return cls(
            days=own.days,
            on_record=own.on_record,
            sha256=own.sha256,
            changed=own.changed,
            compared=compared,
            too_little=len(own.cameras) - compared,
            limit=limit,
            unreadable=tuple(sorted(unreadable, key=lambda camera: -camera.frames)),
            on_day=tuple(sorted(on_day, key=lambda camera: (not camera.is_wrong, -camera.lost))),
        )


@dataclass(frozen=True, slots=True)
class Conclusion:
    """If so many of the sample were missed, at most so many (share, sales) of all of them are."""

    found: int
    share: float
    sales: int


@dataclass(frozen=True, slots=True)
class Control:
    """Unflagged sales drawn by lot for a person to look at."""

    sales: tuple[Drawn, ...]
    drawn_from: int
    asked: int
    conclusions: tuple[Conclusion, ...]

    @classmethod
    def of(cls, sales: tuple[Drawn, ...], *, drawn_from: int, asked: int) -> Self:
        """The sample, and what to conclude from 0 to 3 missed ones, with 95 % confidence.

        ``sales`` were drawn among ``drawn_from`` unflagged ones that show a face; the policy asked
        for ``asked``.
        """
        conclusions = []
        for found in range(min(3, len(sales)) + 1):
            share = at_most(found, len(sales))
            conclusions.append(Conclusion(found, share, max(found, int(share * drawn_from))))
        return cls(sales, drawn_from, asked, tuple(conclusions))


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``store_id`` is None on the chain's page.

    ``stores`` leaves out those without an export: a zero would say something about them.
    ``cases``, ``unjudged`` and ``cashiers`` are what the page lists, up to its limit; the totals
    count all there are. ``past`` is None on a day without alcohol sales. ``control`` is on the
    chain's page only. ``review`` is on the chain's page too: None where
    nobody has decided anything. ``history_sha256`` is the hash of the figures of past days.
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
    cameras: Cameras
    noticed: Noticed
    control: Control | None
    review: DayReview | None
    min_exposure: int
    retention_days: int
    provenance: Provenance
    history_sha256: str | None

    @property
    def first_cases(self) -> tuple[Case, ...]:
        """The cases that the first screen names: of those listed, the first nobody has reviewed."""
        waiting = (c for c in self.cases if c.status is None or c.status.review_result is None)
        return tuple(islice(waiting, 5))


@dataclass(frozen=True, slots=True)
class StoreReport:
    """A store: its page, and uncut what the page lists up to a limit."""

    page: Page
    cases: tuple[Case, ...]
    unjudged: tuple[Unjudged, ...]
    cashiers: tuple[Counts, ...]
    cashier_pages: Mapping[str, CashierPage]  # by file name
