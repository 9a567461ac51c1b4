"""What to audit: a day, where its inputs lie, and where its results go."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

#: Called after each frame with the number of frames scored so far, and of all frames of the day.
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
