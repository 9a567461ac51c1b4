"""The outcome of a sale: one named rule per outcome, of which exactly one applies to a sale.

A flag is a lead for a person to review; no rule finds an offence.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor.clock.birthdays import completed_years
from auditor.clock.local_time import wall_clock
from auditor.errors import ContractError
from auditor.policy import Rules
from auditor.sales.challenge import is_under_challenge_age
from auditor.sales.frames import FRAMES_DISAGREE, as_collected, judged
from auditor.tables import FRAME_SCORES, LEDGER, RECORDED_UNDERAGE, SALES

OutcomeRule = Callable[[pd.DataFrame], "pd.Series[bool]"]


def is_refused(sales: pd.DataFrame) -> "pd.Series[bool]":
    """The cashier refused the sale."""
    return sales["id_check"] == "refused"


def is_recorded_underage(sales: pd.DataFrame) -> "pd.Series[bool]":
    """Sold although the recorded birth date makes the buyer younger than the legal age."""
    return ~is_refused(sales) & (sales["recorded_years"] < sales["legal_age"])


def is_id_checked(sales: pd.DataFrame) -> "pd.Series[bool]":
    """Sold with an ID check that the store's policy counts, and no record of an underage buyer."""
    return ~is_refused(sales) & ~is_recorded_underage(sales) & sales["check_counts"]


def is_unchecked(sales: pd.DataFrame) -> "pd.Series[bool]":
    """Sold without a counting ID check: only an estimate can say how old the buyer is.

    The check of a sale is the strongest that its lines record in time (``sales/checks.py``). It
    counts if the store's policy lists it under ``counting_checks``.
    """
    return ~is_refused(sales) & ~is_recorded_underage(sales) & ~sales["check_counts"]


def is_inconclusive(sales: pd.DataFrame) -> "pd.Series[bool]":
    """Unchecked, and no age could be estimated; never counted as compliant."""
    return is_unchecked(sales) & sales["age"].isna()


def is_flagged(sales: pd.DataFrame) -> "pd.Series[bool]":
    """Recorded underage, or unchecked and estimated under the challenge age."""
    looks_young = is_under_challenge_age(sales["age"], sales["challenge_age"])
    return is_recorded_underage(sales) | (is_unchecked(sales) & looks_young)


def is_over_threshold(sales: pd.DataFrame) -> "pd.Series[bool]":
    """Unchecked, and estimated at or over the challenge age."""
    looks_young = is_under_challenge_age(sales["age"], sales["challenge_age"])
    return is_unchecked(sales) & sales["age"].notna() & ~looks_young


#: Mark of a sale whose frame shows several faces: the estimate may be another person's.
SEVERAL_FACES = "several_faces"

#: The mark of a sale whose frame a frozen camera took (frozen.py), and the reason why it is
#: inconclusive.
CAMERA_FROZEN = "camera_frozen"

# Marks that a sale has only once its frames were looked at.
_OF_SCORING = (SEVERAL_FACES, FRAMES_DISAGREE, CAMERA_FROZEN)

#: Marks of a sale without a frame, and reasons if it is inconclusive, in the order in which they
#: go before one another.
SNAPSHOT_AMBIGUOUS, SNAPSHOT_CONTRADICTS = "snapshot_ambiguous", "snapshot_contradicts"
_WITHOUT_FRAME = {
    SNAPSHOT_CONTRADICTS: "a frame names the sale, and was taken at another time or another till",
    SNAPSHOT_AMBIGUOUS: "a frame of this till may be of this sale or of another",
}

#: The rule of each outcome. Exactly one applies to a sale, so their order means nothing.
RULES: Mapping[str, OutcomeRule] = {
    "flagged": is_flagged,
    "id_checked": is_id_checked,
    "over_threshold": is_over_threshold,
    "refused": is_refused,
    "inconclusive": is_inconclusive,
}


def assign_outcomes(sales: pa.Table, scores: pa.Table, rules: Mapping[str, Rules]) -> pa.Table:
    """Give every sale its outcome.

    Args:
        sales: tables.SALES.
        scores: tables.FRAME_SCORES; ``frame`` is the position of the sale in ``sales``. A sale
            without a score had no snapshot. Of a sale with several frames it is the best one's
            (faces/bursts.py).
        rules: the rules in force, by store.

    Returns:
        tables.LEDGER, in the order of ``sales``; ``crop`` is still null.

    Raises:
        ContractError: a score belongs to no sale or to one that has a score already, or not
            exactly one rule applies to a sale.
    """
    scored = FRAME_SCORES.conform(scores)
    facts = _facts(SALES.conform(sales), scored, rules)
    applies = pd.DataFrame({name: rule(facts) for name, rule in RULES.items()})
    if len(wrong := np.flatnonzero(applies.sum(axis=1) != 1)):
        raise ContractError(f"{len(wrong)} sales do not end in exactly one outcome")
    outcome = applies.idxmax(axis=1) if len(applies) else pd.Series(dtype="string")

    inconclusive = outcome == "inconclusive"
    reason = facts["reason"].where(inconclusive, None)
    reason = reason.mask(outcome == "flagged", facts["id_check"])
    reason = reason.mask(is_recorded_underage(facts), RECORDED_UNDERAGE)
    detail = facts["detail"].where(inconclusive, None)

    position = pa.array(facts["score"], pa.int64(), from_pandas=True)
    columns = {name: scored[name].take(position) for name in scored.column_names}
    columns |= {name: sales[name] for name in SALES.names}
    columns |= judged(sales, columns["chosen"], columns["seen"])
    columns |= {
        "outcome": pa.array(outcome, pa.string()),
        "reason": pa.array(reason, pa.string(), from_pandas=True),
        "detail": pa.array(detail, pa.string(), from_pandas=True),
        "crop": pa.nulls(sales.num_rows, pa.string()),
        "marks": _marks(columns["marks"], columns["faces"]),
    }
    return LEDGER.conform(pa.table({name: columns[name] for name in LEDGER.names}))


def sales_of(ledger: pa.Table) -> pa.Table:
    """The SALES that rows of LEDGER were made of; ``ledger`` needs no other columns."""
    columns = {name: ledger[name] for name in SALES.names} | as_collected(ledger)
    marks = [
        [mark for mark in given if mark not in _OF_SCORING]
        for given in columns["marks"].to_pylist()
    ]
    columns["marks"] = pa.array(marks, SALES.arrow.field("marks").type)
    return SALES.conform(pa.table(columns))


def _marks(given: pa.Array, faces: pa.ChunkedArray) -> pa.Array:
    """The marks of sales, and one for frames that show several faces."""
    marks = [
        sorted([*of_sale, SEVERAL_FACES]) if (count or 0) > 1 else of_sale
        for of_sale, count in zip(given.to_pylist(), faces.to_pylist(), strict=True)
    ]
    return pa.array(marks, given.type)


def _facts(sales: pa.Table, scores: pa.Table, rules: Mapping[str, Rules]) -> pd.DataFrame:
    """What the rules decide by, one row per sale; ``score`` is the row of its score or NA."""
    wanted = ["store_id", "id_check", "legal_age", "challenge_age"]
    facts: pd.DataFrame = sales.select(wanted).to_pandas()
    checks = zip(facts["store_id"], facts["id_check"], strict=True)
    counting = np.array([check in rules[store].counting_checks for store, check in checks], bool)
    # Completed years on the day of the sale, by the recorded birth date and the store's clock.
    sold_at = pd.DatetimeIndex(sales["sold_at"].to_pandas())
    zones = [rules[store].time_zone for store in sales["store_id"].to_pylist()]
    born = sales["birth_date"].to_numpy().astype("datetime64[D]")
    years = completed_years(born, wall_clock(sold_at, zones).astype("datetime64[D]"))
    scored: pd.DataFrame = scores.select(["frame", "reason", "detail", "age"]).to_pandas()
    if scored["frame"].duplicated().any() or not scored["frame"].between(0, len(facts) - 1).all():
        raise ContractError("scores name a sale twice, or one that is not there")
    scored["score"] = pd.RangeIndex(len(scored))
    facts = facts.assign(check_counts=counting, recorded_years=years)
    facts = facts.join(scored.set_index("frame"))
    facts["score"] = facts["score"].astype("Int64")
    missing = facts["score"].isna()
    without = [
        _without_frame(marks) for marks in sales["marks"].filter(pa.array(missing)).to_pylist()
    ]
    for name, texts in zip(("reason", "detail"), zip(*without, strict=True), strict=False):
        facts[name] = facts[name].astype("object")
        facts.loc[missing, name] = texts
    return facts


def _without_frame(marks: Sequence[str]) -> tuple[str, str]:
    """Why a sale has no frame, as a reason and in words."""
    for mark, words in _WITHOUT_FRAME.items():
        if mark in marks:
            return mark, words
    return "snapshot_missing", "no snapshot was matched to the sale"
