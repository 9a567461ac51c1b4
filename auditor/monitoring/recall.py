"""What people found when they looked: at the flagged sales, and at the control sample.

Only what the sample shows can tell how many sales the audit misses, and so how much it finds.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from operator import add

from auditor.decisions.status import CaseStatus
from auditor.monitoring.statistics.rates import at_most

#: How many of the newest days are taken together.
DAYS = 28


@dataclass(frozen=True, slots=True)
class ReviewCounts:
    """Sales by review result; the rest of ``sales`` is undecided."""

    sales: int
    unchecked: int = 0  # nothing shows a check
    in_order: int = 0  # a check was made after all, or the buyer clearly looks older
    unclear: int = 0  # picture and record do not say

    @property
    def decided(self) -> int:
        """How many are decided, including those that cannot be judged."""
        return self.unchecked + self.in_order + self.unclear

    def __add__(self, other: "ReviewCounts") -> "ReviewCounts":
        """Both taken together."""
        return ReviewCounts(*map(add, astuple(self), astuple(other)))


@dataclass(frozen=True, slots=True)
class DayReview:
    """A day: its flagged sales, its control sample, and of how many the sample was drawn."""

    flagged: ReviewCounts
    sample: ReviewCounts
    drawn_from: int


@dataclass(frozen=True, slots=True)
class Recall:
    """How much of what should be found the audit finds, over the days whose sample was looked at.

    ``first`` and ``last`` are the oldest and the newest of the ``days``; ``drawn_from`` counts the
    unflagged sales that their control samples were drawn from.
    """

    days: int
    first: date
    last: date
    flagged: ReviewCounts
    sample: ReviewCounts
    drawn_from: int

    @property
    def missed(self) -> float:
        """Unflagged sales without a check, if all are like those looked at."""
        judged = self.sample.unchecked + self.sample.in_order
        return self.drawn_from * self.sample.unchecked / judged if judged else 0.0

    @property
    def missed_at_most(self) -> int:
        """The upper 95 % limit of the same, whatever the unclear ones were.

        Exact and one-sided (Clopper and Pearson 1934) for the days taken together, as if the same
        share were missed on each.
        """
        found = self.sample.unchecked + self.sample.unclear
        return max(found, int(self.drawn_from * at_most(found, self.sample.decided)))

    @property
    def share(self) -> float | None:
        """The flagged among all sales without a check; None where the sample shows no missed one.

        Undecided flags are not counted as found.
        """
        if not self.sample.unchecked:
            return None
        return self.flagged.unchecked / (self.flagged.unchecked + self.missed)

    @property
    def share_at_least(self) -> float:
        """The lower 95 % limit of the same."""
        found = self.flagged.unchecked
        return found / (found + self.missed_at_most) if found else 0.0


def count_reviews(statuses: Iterable[CaseStatus | None]) -> ReviewCounts:
    """Count sales by what a person found; the status is None where nothing is recorded."""
    sales = list(statuses)
    found = Counter(status.review_result for status in sales if status)
    return ReviewCounts(
        sales=len(sales),
        unchecked=found["no_check_seen"],
        in_order=found["check_made"] + found["looks_older"],
        unclear=found["cannot_tell"],
    )


def recall(days: Sequence[tuple[date, DayReview]]) -> Recall | None:
    """Add up the days whose control sample was reviewed; None if there are none."""
    reviewed = [(day, review) for day, review in days if review.sample.decided]
    if not reviewed:
        return None
    dates, reviews = zip(*reviewed, strict=True)
    return Recall(
        days=len(reviewed),
        first=min(dates),
        last=max(dates),
        flagged=sum((review.flagged for review in reviews), ReviewCounts(0)),
        sample=sum((review.sample for review in reviews), ReviewCounts(0)),
        drawn_from=sum(review.drawn_from for review in reviews),
    )
