"""The limits of a day's share: against a textbook, another implementation, and days made up."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from auditor.monitoring.statistics.control_limits import (
    LEAST_DAYS,
    Count,
    Limits,
    laney_sigma,
    limits,
)

# Montgomery, Introduction to Statistical Quality Control, 7th ed., example 7.1: nonconforming cans
# of orange juice in 30 samples of 50. The book: centre 0.2313, limits 0.0524 and 0.4102.
CANS = (
    *(12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22),
    *(8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6),
)
SIZES = (
    *(50, 60, 45, 50, 70, 50, 55, 40, 50, 62, 48, 50, 51, 53, 57),
    *(49, 50, 44, 61, 50, 52, 58, 50, 47, 50, 66, 50, 43, 50, 50),
)


def test_the_textbook_s_chart_within_one_can() -> None:
    found = limits([Count(cans, 50) for cans in CANS])
    assert found is not None
    assert found.centre == pytest.approx(0.2313, abs=5e-5)
    band = replace(found, sigma=1.0).band(50)
    assert abs(band.low - 0.0524) < 1 / 50
    assert abs(band.high - 0.4102) < 1 / 50


def test_many_sales_and_a_long_past_give_three_standard_errors() -> None:
    band = Limits(0.2, 1.0, 2_000_000, 10_000_000).band(40_000)
    error = 3 * sqrt(0.2 * 0.8 / 40_000)
    assert band.low == pytest.approx(0.2 - error, abs=1e-4)
    assert band.high == pytest.approx(0.2 + error, abs=1e-4)


def test_laney_s_sigma_is_that_of_another_implementation() -> None:
    # qikit 0.5.0 on PyPI (clinical-qikit): qic(y=CANS, n=SIZES, chart="pp") has an upper limit of
    # 0.485798 for the first sample, of 50, about a centre of 0.222293.
    days = [Count(cans, size) for cans, size in zip(CANS, SIZES, strict=True)]
    centre = sum(CANS) / sum(SIZES)
    sigma = laney_sigma(days)
    assert sigma == pytest.approx(1.4937609019262783, abs=1e-12)
    assert centre + 3 * sigma * sqrt(centre * (1 - centre) / 50) == pytest.approx(
        0.485798, abs=1e-6
    )


@pytest.mark.parametrize("sales", [1, 14, 340, 20_000])
def test_the_band_is_that_of_scipy_s_beta_binomial(sales: int) -> None:
    found = Limits(0.06, 1.0, 570, 9_500)
    past = betabinom(sales, 570.5, 8_930.5)
    band = found.band(sales)
    assert band.low * sales == pytest.approx(past.ppf(0.00135))
    assert band.high * sales == pytest.approx(past.ppf(0.99865))


def test_the_band_of_many_sales_goes_on_where_that_of_fewer_ends() -> None:
    found = Limits(0.06, 1.0, 57_000, 950_000)
    summed, normal = found.band(20_000), found.band(20_001)
    assert summed.low == pytest.approx(normal.low, abs=2e-4)
    assert summed.high == pytest.approx(normal.high, abs=2e-4)


def test_too_few_days_set_no_limits() -> None:
    days = [Count(1, 20)] * LEAST_DAYS
    assert limits(days[1:]) is None
    assert limits(days) is not None


@pytest.mark.parametrize("events", [0, 20])
def test_a_share_that_never_varied_sets_limits_too(events: int) -> None:
    found = limits([Count(events, 20)] * 28)
    assert found is not None
    assert found.sigma == 1
    band = found.band(20)
    assert band.side(events / 20) == 0
    assert band.side(0.5) == (1 if events == 0 else -1)


@given(
    st.lists(
        st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=LEAST_DAYS,
        max_size=28,
    ),
    st.integers(1, 400),
)
def test_the_centre_is_always_within_and_the_band_within_0_and_1(
    past: list[tuple[int, int]], sales: int
) -> None:
    found = limits([Count(*day) for day in past])
    assert found is not None
    band = found.band(sales)
    assert 0 <= band.low <= found.centre <= band.high <= 1


def outside(
    rng: np.random.Generator, share: float, differ: float | None, today: float | None = None
) -> float:
    """How often a day of some 340 sales lies outside the limits of the 28 before it.

    ``differ`` is the size of the beta distribution by which days differ; None if by chance only.
    """
    found = 0
    for _ in range(400):
        sizes = rng.integers(240, 440, 29)
        shares = np.full(29, share)
        if differ:
            shares = rng.beta(share * differ, (1 - share) * differ, 29)
        if today is not None:
            shares[-1] = today
        events = rng.binomial(sizes, shares)
        days = [Count(int(k), int(n)) for k, n in zip(events, sizes, strict=True)]
        said = limits(days[:-1])
        assert said is not None
        found += said.band(days[-1].sales).side(days[-1].share) != 0
    return found / 400


def test_days_like_the_past_are_rarely_outside_and_a_doubled_share_mostly_is() -> None:
    rng = np.random.default_rng(20260327)
    assert outside(rng, 0.06, None) <= 0.01
    assert outside(rng, 0.06, 200) <= 0.025
    assert outside(rng, 0.06, None, today=0.14) >= 0.85
