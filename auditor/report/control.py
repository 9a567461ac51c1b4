"""The control sample as a person works through it, and what follows from what they find."""

from dataclasses import dataclass

from auditor.monitoring.statistics.rates import at_most
from auditor.report.sales import Drawn

_ROWS = 4


@dataclass(frozen=True, slots=True)
class Conclusion:
    """If so many of the sample were missed, at most so many (share, sales) of all of them are."""

    found: int
    share: float
    sales: int


@dataclass(frozen=True, slots=True)
class ControlSample:
    """Sales drawn by lot among ``drawn_from`` unflagged ones that show a face; ``asked`` for."""

    sales: tuple[Drawn, ...]
    drawn_from: int
    asked: int

    @property
    def conclusions(self) -> tuple[Conclusion, ...]:
        """What to conclude from none, one, two ... found, with 95 % confidence."""
        size = len(self.sales)
        return tuple(
            _conclusion(found, size, self.drawn_from) for found in range(min(_ROWS, size + 1))
        )


def _conclusion(found: int, size: int, drawn_from: int) -> Conclusion:
    share = at_most(found, size)
    return Conclusion(found, share, max(found, int(share * drawn_from)))
