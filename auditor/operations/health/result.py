"""The result of one check, with its remedy. It holds addresses, keys and counts; no person."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Outcomes of a check, best first."""

    OK = "ok"
    SKIPPED = "skipped"  # it could not be made; the result of another check says why
    WARNING = "warning"  # the next run will work, but a person should look
    ABOVE_LIMITS = "above limits"  # the day was audited, above the policy's limits
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class HealthResult:
    """The result of one check."""

    check: str  # a word or two
    state: State
    said: str  # what was found
    todo: str = ""  # the remedy; empty if none is needed


def ok(check: str, said: str) -> HealthResult:
    """The check passed."""
    return HealthResult(check, State.OK, said)


def skipped(check: str, said: str) -> HealthResult:
    """The check could not be made."""
    return HealthResult(check, State.SKIPPED, said)


def warning(check: str, said: str, todo: str) -> HealthResult:
    """The next run will work, but a person should look."""
    return HealthResult(check, State.WARNING, said, todo)


def failed(check: str, said: str, todo: str) -> HealthResult:
    """The next run will not work, or the last one did not."""
    return HealthResult(check, State.FAILED, said, todo)


def worst(results: Iterable[HealthResult]) -> State:
    """The worst state among the results; OK if there are none."""
    order = list(State)
    return max((result.state for result in results), key=order.index, default=State.OK)
