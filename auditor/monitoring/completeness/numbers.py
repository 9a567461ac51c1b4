"""Transaction numbers that lack, where a till's numbers run on without a gap."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from scipy.special import pdtrc

#: Numbers run on if so many are known, and of their steps so large a share is by one.
LEAST_NUMBERS, LEAST_SHARE = 20, 0.8
#: How unlikely so many missing numbers are on a day like the till's days before.
UNUSUAL = 0.001

_Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that lack between two transactions."""

    after: str
    after_at: datetime
    before: str
    before_at: datetime
    missing: int


@dataclass(frozen=True, slots=True)
class MissingNumbers:
    """Numbers that lack among those of a till; ``till_id`` None: of a store, over all its tills.

    ``usual`` is how many were to be expected by the days before; None without any.
    """

    store_id: str
    till_id: str | None
    numbers: int
    missing: int
    usual: float | None
    gaps: tuple[Gap, ...]  # the largest


def missing_numbers(today: pa.Table, past: Sequence[pa.Table]) -> tuple[MissingNumbers, ...]:
    """The numbers that lack, by store and till; NUMBER_RUNS of the day and of the days before.

    Some tills lose numbers every day: opening the drawer takes one. So a till is compared with its
    own past, and numbers that never run on are compared with nothing.
    """
    before: dict[_Key, list[Mapping[str, Any]]] = defaultdict(list)
    for table in past:
        for row in table.drop_columns(["gaps"]).to_pylist():
            before[row["store_id"], row["till_id"]].append(row)
    found = []
    for row in today.to_pylist():
        own = before[row["store_id"], row["till_id"]]
        if row["missing"] and _runs_on([row, *own]):
            usual = _usual(row, own)
            most = max((each["missing"] for each in own), default=0)
            if usual is None or (
                row["missing"] > most and pdtrc(row["missing"] - 1, usual) < UNUSUAL
            ):
                found.append(
                    MissingNumbers(
                        **{n: row[n] for n in ("store_id", "till_id", "numbers", "missing")},
                        usual=usual,
                        gaps=tuple(Gap(**gap) for gap in row["gaps"]),
                    )
                )
    return tuple(found)


def _runs_on(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether numbers run on, on the day itself or on it and the days before together."""
    for some in (rows[:1], rows):
        numbers, steps, of_one = (
            sum(row[name] for row in some) for name in ("numbers", "steps", "steps_of_one")
        )
        if numbers >= LEAST_NUMBERS and of_one >= LEAST_SHARE * steps:
            return True
    return False


def _usual(row: Mapping[str, Any], own: Sequence[Mapping[str, Any]]) -> float | None:
    """How many numbers were to be expected to lack among so many, by the days before."""
    numbers = sum(each["numbers"] for each in own)
    if not numbers:
        return None
    return float(sum(each["missing"] for each in own) / numbers * row["numbers"])
