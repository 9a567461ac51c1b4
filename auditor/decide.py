"""Where a sale ends: one named rule an outcome, the first that applies.

A flag is a lead for a person to look at; no rule finds an offence.
"""

from collections.abc import Callable, Mapping

import pandas as pd
import pyarrow as pa

from auditor.errors import ContractError
from auditor.policy import Rules
from auditor.tables import FRAME_SCORES, LEDGER, SALES

Rule = Callable[[pd.DataFrame], "pd.Series[bool]"]


def is_refused(sales: pd.DataFrame) -> "pd.Series[bool]":
    """The cashier refused the sale."""
    return sales["id_check"] == "refused"


def is_id_checked(sales: pd.DataFrame) -> "pd.Series[bool]":
    """An ID check that the store's policy counts is recorded."""
    return sales["check_counts"]


def is_inconclusive(sales: pd.DataFrame) -> "pd.Series[bool]":
    """No age could be estimated; never counted as compliant."""
    return sales["age"].isna()


def is_flagged(sales: pd.DataFrame) -> "pd.Series[bool]":
    """The estimate is under the challenge age, and no counting ID check is recorded."""
    return sales["age"] < sales["challenge_age"]


def is_over_threshold(sales: pd.DataFrame) -> "pd.Series[bool]":
    """The estimate is at or over the challenge age."""
    return sales["age"] >= sales["challenge_age"]


#: Mark of a sale whose frame shows several faces: the estimate may be another person's.
SEVERAL_FACES = "several_faces"

#: In the order in which they are asked.
RULES: tuple[tuple[str, Rule], ...] = (
    ("refused", is_refused),
    ("id_checked", is_id_checked),
    ("inconclusive", is_inconclusive),
    ("flagged", is_flagged),
    ("over_threshold", is_over_threshold),
)


def decide(sales: pa.Table, scores: pa.Table, rules: Mapping[str, Rules]) -> pa.Table:
    """Give every sale its outcome.

    Args:
        sales: tables.SALES.
        scores: tables.FRAME_SCORES; ``frame`` is the position of the sale in ``sales``. A sale
            without a score had no snapshot.
        rules: the rules in force, by store.

    Returns:
        tables.LEDGER, in the order of ``sales``; ``crop`` is still null.

    Raises:
        ContractError: a score belongs to no sale or to one that has a score already, or a sale
            met no rule.
    """
    facts = _facts(SALES.conform(sales), FRAME_SCORES.conform(scores), rules)
    outcome = pd.Series(pd.NA, index=facts.index, dtype="string")
    for name, applies in RULES:
        outcome = outcome.mask(outcome.isna() & applies(facts), name)
    if outcome.isna().any():
        raise ContractError(f"{int(outcome.isna().sum())} sales met no rule")

    flagged, inconclusive = outcome == "flagged", outcome == "inconclusive"
    reason = facts["reason"].where(inconclusive, None)
    reason = reason.mask(flagged, facts["id_check"])
    detail = facts["detail"].where(inconclusive, None)

    scored = FRAME_SCORES.conform(scores)
    position = pa.array(facts["score"], pa.int64(), from_pandas=True)
    columns = {name: scored[name].take(position) for name in scored.column_names}
    columns |= {name: sales[name] for name in SALES.names}
    columns |= {
        "outcome": pa.array(outcome, pa.string()),
        "reason": pa.array(reason, pa.string(), from_pandas=True),
        "detail": pa.array(detail, pa.string(), from_pandas=True),
        "crop": pa.nulls(sales.num_rows, pa.string()),
        "marks": _marks(sales["marks"], columns["faces"]),
    }
    return LEDGER.conform(pa.table({name: columns[name] for name in LEDGER.names}))


def _marks(collected: pa.ChunkedArray, faces: pa.ChunkedArray) -> pa.Array:
    """The marks of collecting, and one where the buyer had to be told from others."""
    marks = [
        sorted([*given, SEVERAL_FACES]) if (count or 0) > 1 else given
        for given, count in zip(collected.to_pylist(), faces.to_pylist(), strict=True)
    ]
    return pa.array(marks, collected.type)


def _facts(sales: pa.Table, scores: pa.Table, rules: Mapping[str, Rules]) -> pd.DataFrame:
    """What the rules look at, a row a sale; ``score`` is the row of its score or NA."""
    facts: pd.DataFrame = sales.select(["store_id", "id_check", "challenge_age"]).to_pandas()
    counting = pd.Series(
        [
            check in rules[store].counting_checks
            for store, check in zip(facts["store_id"], facts["id_check"], strict=True)
        ],
        index=facts.index,
        dtype=bool,
    )
    found: pd.DataFrame = scores.select(["frame", "reason", "detail", "age"]).to_pandas()
    if found["frame"].duplicated().any() or not found["frame"].between(0, len(facts) - 1).all():
        raise ContractError("scores name a sale twice, or one that is not there")
    found["score"] = pd.RangeIndex(len(found))
    facts = facts.assign(check_counts=counting).join(found.set_index("frame"))
    facts["score"] = facts["score"].astype("Int64")
    missing = facts["score"].isna()
    facts["reason"] = facts["reason"].astype("object").mask(missing, "snapshot_missing")
    facts["detail"] = (
        facts["detail"].astype("object").mask(missing, "no snapshot was matched to the sale")
    )
    return facts
