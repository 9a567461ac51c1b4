"""Simulates a past day's alcohol sales in a store, with estimates but without pictures.

Stores, buyers and cashiers are those of :mod:`~auditor.demo.chain`. In place of a frame and a
network, an estimate is drawn with the errors that the age model makes on the demo's frames. (Their
faces are averages of several people, so the model sees them closer in age than real ones.) What the
audit measures of frames and faces is drawn from its distribution there.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.demo import catalogue
from auditor.demo.camera import EXPOSURE, FACE_WIDTHS, TAKEN_AFTER, place
from auditor.demo.catalogue import Store, Till
from auditor.demo.chain import Check, Slot, buyer_of, check_id, serving, slots
from auditor.demo.scene import Light, Scene, draw
from auditor.faces.ages import AGES, AgeDistributions
from auditor.faces.light import luminance
from auditor.policy import Rules
from auditor.tables import FRAME_SCORES, INCONCLUSIVE_REASONS, SALES

_ZONE = ZoneInfo(catalogue.ZONE)
_STREAM = 3  # of random numbers; writing the demo uses others

#: Share of the sales without a counting check for which no age can be estimated.
_UNSEEN = 0.09
# Measured in the demo's frames: the longer side of the detector's box over the width of the drawn
# face; mean and standard deviation of the sharpness's natural logarithm, and of the negative
# decimal logarithm of 1 - the detector's confidence.
_BOX, _SHARPNESS, _CERTAINTY = 1.3, (3.29, 0.48), (1.19, 0.06)
# Close to version 4 there, in years: the mean estimate as a line (intercept, slope) over the true
# age, its standard deviation, and the width of the distribution that an estimate states.
_MEAN, _MEAN_SD, _STATED_SD = (9.0, 0.68), 4.6, 7.0


def simulate_sales(
    store: Store, day: date, *, rules: Rules, seed: int = 1
) -> tuple[pa.Table, pa.Table]:
    """A store's alcohol sales on any day and their scores, as collecting and scoring give them.

    Returns:
        SALES and FRAME_SCORES.
    """
    rng = catalogue.stream(seed, day, store, _STREAM)
    count = store.alcohol_sales + int(rng.integers(-3, 4))
    rows, ages, unseen, tills = [], [], [], []
    for number, slot in enumerate(slots(store, day, [True] * count, rng)):
        buyer, check = buyer_of(store, rng), Check("not_recorded")
        cashier = serving(slot.till, slot.sold_at.astimezone(_ZONE).hour) or ""
        if slot.till.records_checks:
            check = check_id(buyer, cashier, slot.sold_at, rng)
        checked = check.state in rules.counting_checks or check.state == "refused"
        name = f"{store.store_id}-{day:%y%m%d}-P{number:04d}"
        rows.append(_sale(name, slot, cashier, check, rules))
        ages.append(buyer.age)
        unseen.append(not checked and rng.random() < _UNSEEN)
        tills.append(slot.till)
    estimates = _estimated(np.array(ages), rng)
    scores = _scores(estimates, unseen, rules, rng)
    for row, taken_after in zip(rows, rng.uniform(*TAKEN_AFTER, len(rows)) / 1000, strict=True):
        row["snapshot_offset_s"] = store.camera_seconds + taken_after
    measured = _with_measurements(store, tills, scores, rng)
    return SALES.from_rows(rows), FRAME_SCORES.from_rows(measured)


def _sale(name: str, slot: Slot, cashier: str, check: Check, rules: Rules) -> dict[str, Any]:
    price = Decimal("7.50")
    asked_at = _scanned_at(slot.sold_at, check)
    drink = {"sku": "100301", "quantity": Decimal(1), "amount": price, "alcohol": True}
    return {
        "transaction_id": name,
        "store_id": name.partition("-")[0],
        "till_id": slot.till.till_id,
        "cashier_id": cashier,
        "started_at": asked_at,
        "sold_at": slot.sold_at,
        "id_check": check.state,
        "legal_age": rules.legal_age,
        "challenge_age": rules.challenge_age,
        "snapshot_id": f"{name}-F",
        "id_check_at": check.at,
        "id_check_by": check.by,
        "birth_date": check.birth_date,
        "amount": price,
        "basket": [drink | {"sold_at": asked_at}],
        "marks": [],
    }


def _scanned_at(sold_at: datetime, check: Check) -> datetime:
    """When the drink was scanned: as long before the check as the check before the sale."""
    return sold_at if check.at is None else check.at - (sold_at - check.at)


def _estimated(ages: NDArray[np.float64], rng: np.random.Generator) -> AgeDistributions:
    """The estimates of buyers of these true ages, in years."""
    seen = np.polynomial.Polynomial(_MEAN)(ages) + rng.normal(0, _MEAN_SD, len(ages))
    return AgeDistributions.from_scores(np.exp(-(((seen[:, None] - AGES) / _STATED_SD) ** 2) / 2))


def _scores(
    ages: AgeDistributions, unseen: Sequence[bool], rules: Rules, rng: np.random.Generator
) -> list[dict[str, Any]]:
    estimate = ages.as_columns(legal_age=rules.legal_age, challenge_age=rules.challenge_age)
    reasons = rng.choice(INCONCLUSIVE_REASONS, len(unseen)).tolist()
    return [
        {"frame": row, "reason": reasons[row]}
        if is_unseen
        else {"frame": row, "faces": 1, **{name: float(v[row]) for name, v in estimate.items()}}
        for row, is_unseen in enumerate(unseen)
    ]


def _with_measurements(
    store: Store, tills: Sequence[Till], scores: Sequence[dict[str, Any]], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """The scores, with what the audit measures of frames and faces."""
    count = len(scores)
    exposure = rng.uniform(*EXPOSURE, count)
    size = rng.triangular(*FACE_WIDTHS, count) * _BOX
    sharpness = np.exp(rng.normal(*_SHARPNESS, count))
    confidence = 1 - 10 ** -rng.normal(*_CERTAINTY, count)
    rows = []
    for row, score in enumerate(scores):
        frame = {"light": _light(store, tills[row]) * exposure[row]}
        match score.get("reason"):
            case None:
                face = {"face_px": size[row], "sharpness": sharpness[row]}
                rows.append(score | frame | face | {"face_confidence": confidence[row]})
            case "no_face":
                rows.append(score | frame | {"faces": 0})
            case "face_too_small" | "face_blurred":
                rows.append(score | frame | {"faces": 1})
            case _:
                rows.append(score)
    return rows


@cache
def _light(store: Store, till: Till) -> float:
    """The mean luminance of a till's frames in normal light, with a buyer or without."""
    return luminance(draw(Scene(place(store, till), 0, (), Light(1, 0, 0, 0), "")))
