"""What people found is added up, and tells how much the audit finds."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from scipy.stats import binom

from auditor.decisions.status import CaseStatus
from auditor.monitoring.recall import DayReview, ReviewCounts, count_reviews, recall
from auditor.report.text import words
from tests.support.summaries import ONE, page

DAY = date(2026, 3, 27)


def status(review_result: str | None) -> CaseStatus:
    at = datetime(2026, 3, 28, 12, tzinfo=UTC)
    return CaseStatus("followed_up", "A. Officer", at, None, "flagged", 2, review_result)


def days(*found: DayReview) -> list[tuple[date, DayReview]]:
    return [(DAY - timedelta(days=back), each) for back, each in enumerate(found)]


def test_a_day_s_sales_are_counted_by_what_was_found() -> None:
    statuses = [
        status("no_check_seen"),
        status("looks_older"),
        status("check_made"),
        status("cannot_tell"),
        status(None),  # reopened, or a note only
        None,
    ]
    found = count_reviews(statuses)
    assert found == ReviewCounts(6, unchecked=1, in_order=2, unclear=1)
    assert found.decided == 4


def test_days_nobody_looked_at_say_nothing() -> None:
    nobody = DayReview(ReviewCounts(5), ReviewCounts(20), 100)
    assert recall(days(nobody)) is None
    looked = DayReview(ReviewCounts(5, unchecked=3), ReviewCounts(20, in_order=20), 100)
    found = recall(days(nobody, looked, looked))
    assert found is not None
    assert (found.days, found.drawn_from, found.sample.sales) == (2, 200, 40)
    assert (found.first, found.last) == (DAY - timedelta(days=2), DAY - timedelta(days=1))


def test_the_limits_are_those_of_clopper_and_pearson() -> None:
    """Of 40 none was missed: with 7.2 % missed, that happens once in twenty times."""
    found = recall(
        days(DayReview(ReviewCounts(10, unchecked=9), ReviewCounts(40, in_order=40), 1000))
    )
    assert found is not None
    assert binom.cdf(0, 40, 0.0722) == pytest.approx(0.05, abs=1e-3)
    assert found.missed_at_most == 72
    assert found.share is None  # nothing missed was seen: no point estimate of all found
    assert found.share_at_least == pytest.approx(9 / 81)


def test_what_could_not_be_told_counts_against_the_audit() -> None:
    clear = DayReview(
        ReviewCounts(10, unchecked=8), ReviewCounts(20, unchecked=1, in_order=19), 400
    )
    unclear = replace(clear, sample=ReviewCounts(20, unchecked=1, in_order=17, unclear=2))
    sure, unsure = recall(days(clear)), recall(days(unclear))
    assert sure is not None
    assert unsure is not None
    assert sure.missed == 20
    assert sure.share == pytest.approx(8 / 28)
    assert unsure.missed_at_most > sure.missed_at_most
    assert unsure.share_at_least < sure.share_at_least


def test_flags_that_nobody_confirmed_are_not_found() -> None:
    found = recall(
        days(DayReview(ReviewCounts(10), ReviewCounts(20, unchecked=1, in_order=19), 400))
    )
    assert found is not None
    assert found.share_at_least == found.share == 0


def test_the_limit_holds_in_simulated_months() -> None:
    """One month in twenty may lie outside: the audit finds 8 of 10, and 20 of 500 are looked at."""
    flagged = ReviewCounts(16, unchecked=16)
    missed_a_day, drawn_from, size, month = 4, 500, 20, 28
    chances = binom(size * month, missed_a_day / drawn_from)
    outside = 0.0
    for seen in range(40):
        sample = ReviewCounts(size * month, unchecked=seen, in_order=size * month - seen)
        found = recall(
            days(
                DayReview(
                    ReviewCounts(16 * month, unchecked=16 * month), sample, drawn_from * month
                )
            )
        )
        assert found is not None
        outside += chances.pmf(seen) * (found.share_at_least > flagged.unchecked / 20)
    assert 0.01 < outside <= 0.051


def test_the_list_of_days_says_it_with_its_limit() -> None:
    looked = DayReview(
        ReviewCounts(4, unchecked=3), ReviewCounts(20, unchecked=1, in_order=19), 100
    )
    text = page([replace(ONE, review=looked), replace(ONE, day=ONE.day - timedelta(days=1))])
    assert "about 5.0 were missed" in text
    assert "at most 21 (95" in text
    assert "1 is not decided yet" in text
    assert f"about {words.percent(3 / 8)}, and at least {words.percent(3 / 24)}, of the" in text
    assert ">3 <span" in text  # decided
    assert ">0 <span" in text  # of the day that nobody looked at
    assert "nobody has recorded what the control sample shows" in page([ONE])
