"""What a choice of machines costs."""

import statistics
from dataclasses import dataclass, replace

from benchmarks.plans import Choice


@dataclass(frozen=True, slots=True)
class Money:
    """What a chain costs, in the currency of night.toml."""

    core_hours: float  # a night: scoring machines held from the start to the mean end, services
    machines: float  # a night
    requests: float  # a night
    storage: float  # a month

    @property
    def month(self) -> float:
        """Thirty nights."""
        return 30 * (self.machines + self.requests) + self.storage


def money(choice: Choice, stores: float) -> Money:
    """What a choice costs."""
    day, prices = choice.plan.day, choice.plan.day.assumed.file["prices"]
    held = statistics.fmean(choice.nights.done) / 3600
    cores = choice.plan.slots * day.measured.cores
    hours = choice.parts * (cores * held + 24 * prices["service_cores"])
    whole = replace(day, stores=stores)
    kept_gb = whole.sales * day.measured.frame_bytes / 1e9 * prices["frames_kept_days"]
    kept_gb += whole.sales * day.measured.kept_bytes / 1e9 * 365
    return Money(
        hours,
        hours * prices["core_hour"],
        whole.reads / 1e6 * prices["million_reads"] + whole.writes / 1e6 * prices["million_writes"],
        kept_gb * prices["gb_month"],
    )
