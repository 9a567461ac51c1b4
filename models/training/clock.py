"""How much of a run is done: of its time at work, and of the time until it has to end."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

# Seconds between two looks beyond which a process was stopped (SIGSTOP), not working.
_LONGEST = 60.0


@dataclass
class Clock:
    """Seconds at work, earlier parts of a resumed run included, pauses left out.

    It is to be looked at every few seconds: of a longer time between two looks one minute counts.
    """

    seconds: float = 0.0
    until: datetime | None = None  # with its zone: when the run ends at the latest
    _seen: float = field(default_factory=time.monotonic)

    def look(self) -> float:
        """The seconds at work up to now."""
        now = time.monotonic()
        self.seconds += min(now - self._seen, _LONGEST)
        self._seen = now
        return self.seconds

    def done(self, minutes: float | None) -> float:
        """The share that is done of a run of so many minutes at work, 1 when it is over.

        What a pause takes away before ``until`` makes the run shorter, so that its schedule still
        comes to its end.
        """
        worked = self.look()
        shares = [worked / (minutes * 60)] if minutes else []
        if self.until is not None:
            left = (self.until - datetime.now(UTC)).total_seconds()
            shares.append(worked / (worked + left) if left > 0 else 1.0)
        return max(shares, default=0.0)
