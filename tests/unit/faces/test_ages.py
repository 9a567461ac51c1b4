"""What a distribution over ages says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from auditor.faces.ages import AGES, AgeDistributions, Level

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


def test_the_estimate_is_the_median_or_what_the_version_was_made_for() -> None:
    scores = np.zeros((2, AGES.size))
    scores[0, [20, 21, 40]] = 0.4, 0.4, 0.2
    scores[1, 33] = 1
    ages = AgeDistributions.from_scores(scores)
    assert ages.estimate == pytest.approx([20.75, 33])  # 21 fills 20.5-21.5
    assert ages.as_columns(legal_age=18, challenge_age=25)["age"] == pytest.approx([20.75, 33])
    former = AgeDistributions(ages.probabilities, decoding="expectation")
    assert former.estimate == pytest.approx([24.4, 33])
    assert former[:1].estimate == pytest.approx([24.4])
    assert AgeDistributions.joined([former, former]).estimate == pytest.approx([24.4, 33] * 2)


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


def test_surprise_by_hand() -> None:
    scores = np.zeros((1, AGES.size))
    scores[0, [20, 30]] = 0.25, 0.75
    surprise = AgeDistributions.from_scores(scores).surprise[0]
    # Up to 20: half of a quarter. Between: a quarter. From 30: half of three quarters.
    assert np.exp(-surprise[[20, 25, 30]]) == pytest.approx([2 * 0.125, 2 * 0.25, 2 * 0.375])
    assert surprise[[10, 40]].min() > 20


def test_a_level_holds_the_ages_that_both_of_its_curves_together_allow() -> None:
    even = np.ones((1, AGES.size)) / AGES.size
    # Of an even spread, age 10 is as surprising as 90: 21 of 101 years are as far out.
    asked = -np.log(2 * 10.5 / 101)
    ages = AgeDistributions(even, (Level(0.8, ((0, asked),), ((0, 1e-9),)),))
    assert [end[0] for end in ages.interval(0.8)] == [10, 90]
    stricter_for_the_old = Level(0.8, ((0, asked),), ((80, 1e-9), (90, -5)))
    ages = AgeDistributions(even, (stricter_for_the_old,))
    low, high = ages.interval(0.8)
    assert low[0] == 10
    assert 50 <= high[0] <= 85
    other = AgeDistributions(even, (Level(0.8, ((49, 0.0), (50, asked), (51, 9)), ((0, 1e-9),)),))
    assert [end[0] for end in other.interval(0.8)] == [10, 90]


def test_a_level_is_for_its_own_coverage() -> None:
    plain = AgeDistributions.from_scores(np.ones((3, AGES.size)))
    ages = AgeDistributions(plain.probabilities, (Level(0.8, ((0, 9.0),), ((0, 0.0),)),))
    assert ages.interval(0.8)[0].tolist() == [0, 0, 0]
    assert ages.interval(0.5)[1] == pytest.approx(plain.interval(0.5)[1])
    some = ages[1:]
    assert len(some.mean) == 2
    assert some.levels == ages.levels


@given(
    _scores,
    arrays(float, (2, 2, 3), elements=st.floats(-3, 6)),
)
def test_levels_that_cross_still_nest_their_intervals_around_the_estimate(
    scores: np.ndarray, values: np.ndarray
) -> None:
    curves = [[tuple(zip((20.0, 40.0, 60.0), side, strict=True)) for side in one] for one in values]
    levels = (Level(0.8, *curves[0]), Level(0.95, *curves[1]))
    ages = AgeDistributions(AgeDistributions.from_scores(scores).probabilities, levels)
    (low80, high80), (low95, high95) = ages.interval(0.8), ages.interval(0.95)
    assert (low95 <= low80).all()
    assert (low80 <= ages.estimate).all()
    assert (ages.estimate <= high80).all()
    assert (high80 <= high95).all()
