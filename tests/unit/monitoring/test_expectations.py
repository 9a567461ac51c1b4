"""How many of some sales to expect, from the probability of each."""

from itertools import product

import pytest
from scipy.stats import binom

from auditor.monitoring.expectations import expect


@pytest.mark.parametrize("share", [0.0, 0.07, 0.5, 1.0])
@pytest.mark.parametrize("number", [1, 12, 2000])
def test_expected_numbers_of_equal_chances_are_binomial(number: int, share: float) -> None:
    expected = expect([share] * number)
    assert expected.mean == pytest.approx(number * share)
    assert (expected.low, expected.high) == tuple(binom(number, share).ppf([0.1, 0.9]))


def test_expected_numbers_of_unequal_chances_are_those_of_all_cases() -> None:
    chances = [0.05, 0.3, 0.3, 0.72, 0.9, 0.99]
    distribution = [0.0] * (len(chances) + 1)
    for case in product((0, 1), repeat=len(chances)):
        probability = 1.0
        for happened, p in zip(case, chances, strict=True):
            probability *= p if happened else 1 - p
        distribution[sum(case)] += probability
    at_most = [sum(distribution[: k + 1]) for k in range(len(distribution))]
    expected = expect(chances)
    assert expected.low == next(k for k, p in enumerate(at_most) if p >= 0.1)
    assert expected.high == next(k for k, p in enumerate(at_most) if p >= 0.9)
    assert expected.mean == pytest.approx(3.26)


def test_nothing_is_expected_of_nothing() -> None:
    assert (expect([]).mean, expect([]).low, expect([]).high) == (0, 0, 0)
