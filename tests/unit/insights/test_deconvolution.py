"""Correction for the model's errors: by hand, by another optimiser, and on simulated chains."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from auditor.errors import ModelError
from auditor.faces.confusion import GroupConfusion
from auditor.insights.deconvolution import Deconvolution
from auditor.insights.tallies import Features, Tally, deconvolved
from benchmarks import insights_truth
from benchmarks.simulated_baskets import STARTS, Chain, Tastes, confusion

TWO = np.array([[0.8, 0.2], [0.3, 0.7]])


def test_two_groups_by_hand() -> None:
    # 40 baskets of the first group and 60 of the second: 0.8 * 40 + 0.3 * 60 = 50 seem so.
    deconvolution = Deconvolution.of(TWO)
    assert deconvolution.linear(np.array([50.0, 50.0])) == pytest.approx([40, 60])
    assert deconvolution.constrained(np.array([40.0, 60.0])) == pytest.approx([40, 60])


def test_what_would_be_negative_is_none_and_the_total_stays() -> None:
    # 25 of 100 seem of the first group, but 30 would if there were none of it at all.
    deconvolution = Deconvolution.of(TWO)
    linear = deconvolution.linear(np.array([25.0, 75.0]))
    assert linear == pytest.approx([-10, 110])
    assert deconvolution.constrained(linear) == pytest.approx([0, 100])


def test_groups_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(ModelError, match="age_groups"):
        Deconvolution.of(np.array([[0.5, 0.5], [0.5, 0.5]]))


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_the_solution_is_the_best_that_an_optimiser_finds(seed: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.dirichlet(np.ones(groups), groups) * 0.6 + 0.4 * np.eye(groups)
    deconvolution = Deconvolution.of(matrix)
    linear = rng.normal(size=groups) * 30 + 10
    if linear.sum() <= 0:
        linear -= 2 * linear.sum() / groups
    found = deconvolution.constrained(linear)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(linear.sum())

    def loss(t: np.ndarray) -> float:
        return float((((t - linear) @ matrix) ** 2).sum())

    start = np.full(groups, linear.sum() / groups)
    total = LinearConstraint(np.ones(groups), linear.sum(), linear.sum())
    other = minimize(loss, start, method="SLSQP", bounds=[(0, None)] * groups, constraints=[total])
    assert loss(found) <= other.fun * (1 + 1e-6) + 1e-6


def test_all_at_once_is_each_for_itself() -> None:
    rng = np.random.default_rng(0)
    deconvolution = Deconvolution.of(rng.dirichlet(np.ones(6), 6) * 0.5 + 0.5 * np.eye(6))
    many = rng.normal(size=(40, 3, 6)) * 20 + 30
    each = np.array([[deconvolution.constrained(v) for v in row] for row in many])
    assert deconvolution.constrained(many) == pytest.approx(each)


def _tally(articles: int, seed: int) -> tuple[Tally, Features, np.ndarray, GroupConfusion]:
    """A chain whose baskets are counted, and the true counts by article and group."""
    rng = np.random.default_rng(seed)
    tastes = Tastes(rng.uniform(0.05, 0.4, (articles, 6)))
    chain = Chain(4, 5, 250, (0.06, 0.14, 0.22, 0.28, 0.2, 0.1), tastes)
    skus = tuple(article.sku for article in tastes.articles)
    categories = tuple(sorted({article.category for article in tastes.articles}))
    pair = frozenset(skus[:2])
    features = Features(("GBP",), categories, skus, (pair,))
    tally, true = Tally(len(features), 6, features.counter(), 20), np.zeros((articles, 6))
    together = 0
    for cell, group in chain.cells(rng):
        tally.add(cell)
        np.add.at(true, (cell.article, group[cell.basket]), 1)
        held = [set(cell.basket[cell.article == a].tolist()) for a in (0, 1)]
        together += len(held[0] & held[1])
    closed = tally.closed()
    both = closed.observed["simulated/1"][0, features.at_sets].sum()
    assert both == pytest.approx(together)
    return closed, features, true, confusion(chain.error, rng).between(STARTS)


def test_every_feature_counts_each_basket_once_over_all_groups() -> None:
    tally, features, true, known = _tally(8, 1)
    assert len(names(features)) == len(features)
    total = dict(zip(names(features), tally.observed["simulated/1"][0].sum(axis=1), strict=True))
    assert total["basket"] == pytest.approx(4 * 5 * 250) == tally.baskets
    assert sum(total[f"hour {h}"] for h in range(24)) == pytest.approx(total["basket"])
    assert total["articles"] == pytest.approx(true.sum())
    assert total["value in GBP"] == pytest.approx(2.5 * true.sum())
    for i, sku in enumerate(features.skus):
        assert total[f"article {sku}"] == pytest.approx(true[i].sum())
    assert total["category category 0"] <= sum(true[:4].sum(axis=1))
    counts = deconvolved(tally, {"simulated/1": known})
    assert counts.observed[0].sum(axis=1) == pytest.approx(list(total.values()))
    assert counts.observed.min() >= 0


def test_the_corrected_shares_come_nearer_to_the_truth_than_naive_ones() -> None:
    """What docs/insights.md states of many chains, on three: bias gone, intervals that hold."""
    chains = [insights_truth.one(seed, 6, 7, 300, alike=False) for seed in range(3)]
    slopes = {
        way: np.mean([insights_truth._slopes(c["true"], c[way]) for c in chains])
        for way in ("point", "soft", "corrected")
    }
    assert slopes["soft"] < 0.6
    assert slopes["point"] < 0.75
    assert slopes["corrected"] == pytest.approx(1, abs=0.15)
    held = np.mean([c["held"] for c in chains])
    assert held > 0.93
    assert np.mean([c["index_held"] for c in chains]) > 0.9


def test_nothing_is_told_apart_where_all_groups_buy_alike() -> None:
    chains = [insights_truth.one(100 + seed, 6, 7, 300, alike=True) for seed in range(3)]
    assert np.mean([chain["told"] for chain in chains]) < 0.01


def names(features: Features) -> Sequence[str]:
    """The names of the features, in order."""
    return (
        "basket",
        "articles",
        *(f"hour {hour}" for hour in range(24)),
        *(f"baskets in {currency}" for currency in features.currencies),
        *(f"value in {currency}" for currency in features.currencies),
        *(f"category {name}" for name in features.categories),
        *(f"article {sku}" for sku in features.skus),
        *(f"set {' + '.join(sorted(items))}" for items in features.sets),
    )
