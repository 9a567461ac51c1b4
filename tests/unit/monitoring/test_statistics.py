"""The statistics, against published worked examples, simulations of known truth, and their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, binom, false_discovery_control

from auditor.monitoring.statistics.beta_binomial import (
    binomial_cdf,
    fit_overdispersion,
    log_probabilities,
    lower_tail,
    shrunken,
)
from auditor.monitoring.statistics.beta_binomial import upper_tail as upper
from auditor.monitoring.statistics.discovery import adjusted
from auditor.monitoring.statistics.funnel import limits, overdispersion_of
from auditor.monitoring.statistics.rates import wilson
from auditor.monitoring.statistics.reference import without_outliers

# Boys among the first 12 children of 6,115 families of Saxony (Geissler 1889), as in Lindsey and
# Altham 1998, The human sex ratio by overdispersion models, Applied Statistics 47.
SAXONY = (3, 24, 104, 286, 670, 1033, 1343, 1112, 829, 478, 181, 45, 7)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(
    successes: int, trials: int, low: float, high: float
) -> None:
    """Newcombe 1998, doi 10.1002/(SICI)1097-0258(19980430)17:8<857, table I, method 3."""
    rate = wilson(successes, trials)
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=5e-5)
    assert rate.share == successes / trials
    with pytest.raises(ValueError, match="no share"):
        wilson(trials + 1, trials)


def test_the_beta_binomial_of_saxonys_families() -> None:
    """Maximum likelihood 34.09558 and 31.5715, log likelihood -12,492.9 (Wikipedia's example)."""
    boys = np.repeat(np.arange(13), SAXONY)
    mean = 34.09558 / (34.09558 + 31.5715)
    overdispersion = fit_overdispersion(boys, np.full(len(boys), 12), mean)
    strength = 1 / overdispersion - 1
    assert mean * strength == pytest.approx(34.09558, rel=1e-3)
    assert (1 - mean) * strength == pytest.approx(31.5715, rel=1e-3)
    logs = log_probabilities(boys, np.full(len(boys), 12), mean, overdispersion)
    assert logs.sum() == pytest.approx(-12_492.9, abs=0.05)


@pytest.mark.parametrize(
    ("successes", "trials", "share"),
    [(300, 1000, 0.290), (4, 10, 0.264)],
)
def test_few_trials_are_drawn_further_in(successes: int, trials: int, share: float) -> None:
    """Robinson 2015, Understanding empirical Bayes estimation (using baseball statistics)."""
    alpha, beta = 78.661, 224.875
    rate = shrunken(successes, trials, alpha / (alpha + beta), 1 / (alpha + beta + 1))
    assert rate.share == pytest.approx(share, abs=1e-3)
    assert rate.low < rate.share < rate.high


def test_the_posterior_of_the_71st_rat_experiment() -> None:
    """Gelman et al., Bayesian Data Analysis, 5.1: Beta(1.4, 8.6), 4 of 14: 0.223 +- 0.083."""
    rate = shrunken(4, 14, 0.14, 1 / 11)
    assert rate.share == pytest.approx(0.225, abs=0.003)
    assert (rate.high - rate.low) / 3.92 == pytest.approx(0.083, abs=0.004)


@given(
    st.integers(1, 80),
    st.floats(0.02, 0.98),
    st.one_of(st.just(0.0), st.floats(0.001, 0.4)),
    st.data(),
)
def test_tails_are_those_of_scipy_and_overlap_in_the_count_itself(
    trials: int, mean: float, overdispersion: float, data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, trials))
    if overdispersion:
        strength = 1 / overdispersion - 1
        reference = betabinom(trials, mean * strength, (1 - mean) * strength)
    else:
        reference = binom(trials, mean)
    below = lower_tail([count], [trials], mean, overdispersion)[0]
    above = upper([count], [trials], mean, overdispersion)[0]
    assert below == pytest.approx(reference.cdf(count), abs=1e-9)
    assert below + above == pytest.approx(1 + reference.pmf(count), abs=1e-9)


def test_tails_of_many_are_summed_in_blocks_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    trials = rng.integers(1, 60, 200)
    counts = rng.binomial(trials, 0.8)
    whole = lower_tail(counts, trials, 0.8, 0.05)
    monkeypatch.setattr("auditor.monitoring.statistics.beta_binomial._AT_A_TIME", 70)
    assert lower_tail(counts, trials, 0.8, 0.05) == pytest.approx(whole, abs=1e-12)
    assert not lower_tail([], [], 0.5, 0.05).size


def test_a_funnels_limits_stand_between_the_two_counts_around_them() -> None:
    """Spiegelhalter 2005, appendix A.1, by hand: P(X <= 5) = 0.0099, P(X <= 6) = 0.0500 of 10."""
    (low, high) = limits(0.85, [10], 0.95)[0]
    below, at = binom.cdf([5, 6], 10, 0.85)
    assert low == pytest.approx((6 - (at - 0.025) / (at - below)) / 10)
    assert high <= 1


@given(
    st.floats(0.05, 0.95), st.integers(1, 300), st.sampled_from([0.95, 0.998]), st.floats(0, 0.2)
)
def test_no_more_than_so_many_lie_outside_a_funnels_limits(
    target: float, trials: int, coverage: float, overdispersion: float
) -> None:
    ((low, high),) = limits(target, [trials], coverage, overdispersion)
    counts = np.arange(trials + 1)
    shares = counts / trials
    outside = counts[shares < low - 1e-9]
    tail = (1 - coverage) / 2
    assert 0 <= low <= high <= 1
    if outside.size:
        assert lower_tail([outside.max()], [trials], target, overdispersion)[0] <= tail + 1e-9
    outside = counts[shares > high + 1e-9]
    if outside.size:
        assert upper([outside.min()], [trials], target, overdispersion)[0] <= tail + 1e-9


def test_ordinary_variation_is_found_and_strays_do_not_widen_it() -> None:
    rng = np.random.default_rng(2)
    trials = rng.integers(40, 200, 600)
    shares = rng.beta(0.85 * 40, 0.15 * 40, 600)
    honest = rng.binomial(trials, shares)
    found = overdispersion_of(honest, trials, np.full(600, 0.85))
    assert 0.7 / 41 < found < 1.6 / 41
    strayed = np.where(np.arange(600) < 30, trials // 10, honest)
    assert overdispersion_of(strayed, trials, np.full(600, 0.85)) < 2 * found
    assert overdispersion_of(rng.binomial(trials, 0.85), trials, np.full(600, 0.85)) < 0.003
    assert overdispersion_of([1], [2], [0.5]) == 0


def test_of_few_units_more_variation_is_taken_for_possible() -> None:
    rng = np.random.default_rng(3)
    means = np.full(12, 0.85)
    taken = [
        overdispersion_of(rng.binomial(100, means), np.full(12, 100), means) for _ in range(50)
    ]
    assert np.mean(taken) > 0.004  # the best guess is 0.0024


def test_the_yardstick_is_made_without_those_that_stray_and_never_without_most() -> None:
    far = np.array([0.001, 0.9, 0.8, 0.7, 0.6, 0.5, 0.9, 0.8, 0.7, 0.6])
    assert without_outliers(lambda _: far, 10, 0.05).tolist() == [False, *[True] * 9]
    assert without_outliers(lambda _: np.zeros(10), 10, 0.05).sum() == 8
    assert without_outliers(lambda _: np.ones(0), 0, 0.05).size == 0


def test_benjamini_and_hochbergs_own_example() -> None:
    """Their 1995 paper, section 3: 15 p-values, of which 4 are told of at 0.05."""
    values = (
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262),
        *(0.5719, 0.6528, 0.7590, 1.0000),
    )
    assert (adjusted(values) <= 0.05).tolist() == [True] * 4 + [False] * 11
    assert not adjusted([]).size


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusted_values_are_those_of_scipy(values: list[float]) -> None:
    assert adjusted(values) == pytest.approx(false_discovery_control(values), rel=1e-12)


@pytest.mark.parametrize("mean", [0.0, 0.3, 1.0])
def test_a_binomial_is_that_of_scipy_beyond_either_end_too(mean: float) -> None:
    counts, trials = np.meshgrid(np.arange(-2, 14), np.arange(12))
    assert binomial_cdf(counts, trials, mean) == pytest.approx(
        binom.cdf(counts, trials, mean), abs=1e-12
    )
