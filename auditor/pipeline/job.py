"""A day to audit, and what its steps share: its policy, its workspace, its plan."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from auditor.addresses import without_credentials
from auditor.errors import ConfigurationError, SourceError, StorageError
from auditor.files import OutsideError, Place
from auditor.policy import Policy

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


def load_policy(url: str | None) -> Policy:
    """The policy at ``url``, or the built-in defaults.

    Raises:
        ConfigurationError: it cannot be read, or is no valid policy.
        StorageError: the storage that it lies on failed.
    """
    if url is None:
        return Policy()
    folder, _, name = str(without_credentials(url)).rpartition("/")
    try:
        content = Place(folder or ".").read(name)
    except StorageError:
        raise
    except (OSError, OutsideError) as error:
        raise ConfigurationError(f"cannot read the policy {url}: {error}") from error
    return Policy.from_toml(content, origin=url)


def workspace(day: date) -> str:
    """The folder of what the day's steps hand on, relative to OUT."""
    return f"unfinished/day={day.isoformat()}"


def unfinished(out: Place, day: date) -> bool:
    """Whether a day was begun and is not reported yet."""
    return out.exists(workspace(day))


def plan_path(day: date) -> str:
    """Where the plan of a day is written, relative to OUT."""
    return f"{workspace(day)}/plan.json"


def read_plan(out: Place, day: date) -> dict[str, Any]:
    """The plan of a day, as planning.plan_day writes it.

    Raises:
        SourceError: there is none.
    """
    try:
        plan: dict[str, Any] = json.loads(out.read(plan_path(day)))
    except OSError as error:
        raise SourceError(f"{day} is not planned below {out}: {error}") from error
    return plan
