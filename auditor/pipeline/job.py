"""A day to audit, and what its steps share: its policy, its workspace, its plan."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from auditor.errors import OvertakenError, SourceError
from auditor.storage.place import Place

#: Told how many frames of how many have been scored.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A day to audit: where its inputs lie, and where its results go. Addresses are URLs."""

    day: date
    sales: str
    snapshots: str
    out: str
    policy: str | None = None  # of a TOML file; None stands for the built-in defaults
    stores: tuple[str, ...] = ()  # none: all
    batch_size: int = 256  # sales a scoring batch


def workspace(day: date) -> str:
    """The folder of what the day's steps hand on, relative to OUT."""
    return f"unfinished/day={day.isoformat()}"


def unfinished(out: Place, day: date) -> bool:
    """Whether a day was begun and is not reported yet."""
    return out.exists(workspace(day))


def plan_path(day: date) -> str:
    """Where the plan of a day is written, relative to OUT."""
    return f"{workspace(day)}/plan.json"


def find_plan(out: Place, day: date) -> dict[str, Any] | None:
    """The plan of a day, as planning.plan_day writes it; None if there is none."""
    try:
        plan: dict[str, Any] = json.loads(out.read(plan_path(day)))
    except FileNotFoundError:
        return None
    return plan


def read_plan(out: Place, day: date, batches: Sequence[str] = ()) -> dict[str, Any]:
    """The plan of a day, for who works on it.

    Args:
        out: where.
        day: the business day.
        batches: some of the plan that the caller works on; none: whichever plan there is.

    Raises:
        SourceError: there is none, and the caller knows of none.
        OvertakenError: it is not the caller's (any more).
    """
    plan = find_plan(out, day)
    if plan is None and not batches:
        raise SourceError(f"{day} is not planned below {out}: run the day from its beginning")
    if plan is None:
        raise OvertakenError(
            f"the plan of {day} is gone from {out}: another run has finished the day meanwhile, or "
            "is planning it anew; if there is no report of it, run it again"
        )
    if any(PurePosixPath(batch).parent.name != plan.get("id") for batch in batches):
        raise OvertakenError(
            f"{day} was planned anew by another run, from other files or with another policy, "
            "model or batch size: that run goes on, this one ends"
        )
    return plan


def finalised_path(day: date, plan_id: str) -> str:
    """What is there once a plan of a day is finalised, relative to OUT."""
    return f"{workspace(day)}/{plan_id}/finalised"
