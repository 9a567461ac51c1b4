"""What a distribution over ages says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from auditor.ages import AGES, AgeDistributions

_scores = arrays(np.float32, (3, AGES.size), elements=st.floats(0, 1, width=32)).filter(
    lambda a: bool((a.sum(axis=1) > 0.01).all())
)


def _certain(age: int) -> AgeDistributions:
    return AgeDistributions.from_scores(np.eye(AGES.size)[[age]])


def test_a_certain_age_is_its_own_expectation_without_spread() -> None:
    ages = _certain(17)
    assert ages.mean[0] == 17
    assert ages.sd[0] == 0
    assert (ages.under(18)[0], ages.under(17)[0]) == (1, 0)


def test_an_interval_of_a_certain_age_stays_within_its_year() -> None:
    low, high = _certain(30).interval(0.8)
    assert (low[0], high[0]) == pytest.approx((29.6, 30.4))


def test_an_even_split_over_two_years_by_hand() -> None:
    scores = np.zeros((1, AGES.size))
    scores[0, [20, 30]] = 0.5
    ages = AgeDistributions.from_scores(scores)
    assert ages.mean[0] == 25
    assert ages.sd[0] == 5
    assert ages.under(25)[0] == 0.5
    low, high = ages.interval(0.8)  # 10 % is a fifth of the lower year, spread over 19.5-20.5
    assert (low[0], high[0]) == pytest.approx((19.7, 30.3))


@given(_scores)
def test_wider_coverage_never_narrows_the_interval_and_both_stay_within_the_ages(
    scores: np.ndarray,
) -> None:
    ages = AgeDistributions.from_scores(scores)
    (low80, high80), (low95, high95) = ages.interval(0.8), ages.interval(0.95)
    assert (low95 <= low80).all()
    assert (low80 <= high80).all()
    assert (high80 <= high95).all()
    assert low95.min() >= 0
    assert high95.max() <= 100


@given(_scores)
def test_probability_of_being_younger_grows_with_the_age_asked_for(scores: np.ndarray) -> None:
    ages = AgeDistributions.from_scores(scores)
    under = np.stack([ages.under(age) for age in range(102)])
    assert (np.diff(under, axis=0) >= -1e-12).all()  # up to rounding
    assert under[0].max() == 0
    assert under[-1] == pytest.approx(1)


@pytest.mark.parametrize(
    "scores",
    [np.zeros((1, 101)), -np.ones((1, 101)), np.full((1, 101), np.nan), np.ones((1, 100))],
)
def test_what_is_no_distribution_is_refused(scores: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"probability|shape"):
        AgeDistributions.from_scores(scores)


def test_a_level_that_was_measured_replaces_the_coverage_asked_for() -> None:
    scores = np.ones((3, 101))
    plain = AgeDistributions.from_scores(scores)
    wide = AgeDistributions(plain.probabilities, ((0.80, 0.90),))
    assert wide.interval(0.80)[0] == pytest.approx(plain.interval(0.90)[0])
    assert wide.interval(0.50)[1] == pytest.approx(plain.interval(0.50)[1])
    some = wide[1:]
    assert len(some.mean) == 2
    assert some.levels == wide.levels
