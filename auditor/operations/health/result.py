"""What a check found, and what to do about it. Addresses, keys, counts; never a person."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How a check ended, best first."""

    OK = "ok"
    SKIPPED = "skipped"  # it could not be made, for a reason that another finding gives
    WARNING = "warning"  # tonight's run will work, and somebody should look
    ABOVE_LIMITS = "above limits"  # the day was audited and saw less of it than the policy demands
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class HealthResult:
    """One check's end."""

    check: str  # a word or two
    state: State
    said: str  # what was seen
    todo: str = ""  # what to do; empty where nothing is

    def as_dict(self) -> dict[str, Any]:
        """For a program to read."""
        return asdict(self)


def ok(check: str, said: str) -> HealthResult:
    """Nothing to do."""
    return HealthResult(check, State.OK, said)


def skipped(check: str, said: str) -> HealthResult:
    """The check could not be made."""
    return HealthResult(check, State.SKIPPED, said)


def warning(check: str, said: str, todo: str) -> HealthResult:
    """Somebody should look."""
    return HealthResult(check, State.WARNING, said, todo)


def failed(check: str, said: str, todo: str) -> HealthResult:
    """The audit does not work, or did not."""
    return HealthResult(check, State.FAILED, said, todo)


def worst(findings: Iterable[HealthResult]) -> State:
    """The state of the whole: that of the worst finding."""
    order = list(State)
    return max((f.state for f in findings), key=order.index, default=State.OK)
