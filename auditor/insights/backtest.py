"""Does knowing the age group help to suggest anything? Tried on days that were not learnt from.

From each basket of the held-out days one article is hidden, drawn at random among those that may be
suggested, and four ways to suggest rank what it could be:

- ``popularity``: what most baskets have;
- ``age``: what the basket's age groups have most, by their probabilities;
- ``basket``: what goes with the rest of the basket (the best rule), else popularity;
- ``basket and age``: the same, times how much more its age groups buy it than everybody.

Hit rate and NDCG (Jarvelin and Kekalainen 2002, doi 10.1145/582415.582418; with one hidden article
1 / log2(1 + rank)) count the first ``FIRST`` places; coverage is the share of the articles that are
suggested at all. Intervals are from the Bayesian bootstrap, of differences pairwise; over
store-days, or over baskets where there are too few store-days to draw from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from auditor.faces.ages import Floats
from auditor.insights.mining import Basket, Rule

FIRST = 5
WAYS = ("popularity", "age", "basket", "basket and age")
_RESAMPLES = 1000
_CHANCE = 0.05
_TAILS = (2.5, 97.5)
_FEWEST_BASKETS, _FEWEST_STORE_DAYS = 50, 20


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Way:
    """How well one way to suggest did."""

    name: str
    hit_rate: Figure
    ndcg: Figure
    coverage: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """How well the ways did, and what the age group added."""

    baskets: int
    articles: int
    first: int
    ways: tuple[Way, ...]
    added_alone: Figure  # hit rate of age, less that of popularity
    added_to_basket: Figure  # of basket and age, less that of basket
    verdict: str


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt on the earlier days."""

    skus: tuple[str, ...]  # the articles that may be suggested to anybody
    share: Floats  # everybody's, shape (articles,)
    lift: Floats  # of each group's share over it, shrunken, shape (articles, groups)
    rules: Sequence[Rule]


def backtest(learnt: Learnt, held_out: Sequence[Basket], seed: int = 1) -> Backtest | None:
    """Try the four ways on held-out baskets; None if there are too few."""
    place = {sku: i for i, sku in enumerate(learnt.skus)}
    rng = np.random.default_rng(seed)
    tried = []
    for basket in held_out:
        known = sorted(sku for sku in basket.skus if sku in place)
        if known:
            tried.append((basket, known[int(rng.integers(len(known)))]))
    if len(tried) < _FEWEST_BASKETS:
        return None
    hits, gains = np.zeros((2, len(WAYS), len(tried)))
    suggested: list[set[int]] = [set() for _ in WAYS]
    for number, (basket, hidden) in enumerate(tried):
        rest = basket.skus - {hidden}
        seen = [place[sku] for sku in rest if sku in place]
        for way, scores in enumerate(_scores(learnt, place, rest, basket.groups)):
            scores[seen] = -np.inf
            best = np.argsort(-scores, kind="stable")[:FIRST]
            suggested[way].update(best.tolist())
            at = np.flatnonzero(best == place[hidden])
            if len(at):
                hits[way, number], gains[way, number] = 1, 1 / np.log2(2 + at[0])
    weights = _weights([basket.cell for basket, _ in tried], seed)
    alone, to_basket = hits[1] - hits[0], hits[3] - hits[2]
    added = _added(alone, weights), _added(to_basket, weights)
    return Backtest(
        len(tried),
        len(learnt.skus),
        FIRST,
        tuple(
            Way(
                name,
                _figure(hits[way], weights),
                _figure(gains[way], weights),
                len(suggested[way]) / len(learnt.skus),
            )
            for way, name in enumerate(WAYS)
        ),
        *added,
        verdict=verdict(*added),
    )


def verdict(alone: Figure, to_basket: Figure) -> str:
    """Whether the age group helped, in words."""
    parts = []
    for figure, what in ((alone, "popularity"), (to_basket, "what is in the basket")):
        points = f"{100 * figure.value:+.1f} points ({100 * figure.low:+.1f} to "
        points += f"{100 * figure.high:+.1f})"
        if figure.low > 0:
            parts.append(f"Against {what} alone, the age group helps: {points} of hit rate.")
        elif figure.high < 0:
            parts.append(f"Against {what} alone, the age group does harm: {points} of hit rate.")
        else:
            parts.append(f"Against {what} alone, the age group adds nothing sure: {points}.")
    return " ".join(parts)


def _scores(
    learnt: Learnt, place: Mapping[str, int], rest: frozenset[str], groups: Floats
) -> list[Floats]:
    """The scores of all articles, by way."""
    with_basket = learnt.share.copy()
    for rule in learnt.rules:
        if rule.given <= rest and rule.also in place:
            article = place[rule.also]
            with_basket[article] = max(with_basket[article], rule.confidence)
    by_age = learnt.lift @ groups
    return [learnt.share.copy(), learnt.share * by_age, with_basket, with_basket * by_age]


def _added(difference: Floats, weights: NDArray[np.float64]) -> Figure:
    """What was gained, with an interval that holds 0 unless the gains outweigh the losses.

    Where few baskets differ at all, no resample crosses 0: McNemar's exact test decides then.
    """
    found = _figure(difference, weights)
    gained, lost = int((difference > 0).sum()), int((difference < 0).sum())
    if gained + lost and stats.binomtest(gained, gained + lost).pvalue < _CHANCE:
        return found
    return Figure(found.value, min(found.low, 0.0), max(found.high, 0.0))


def _weights(cells: Sequence[int], seed: int) -> Floats:
    """Of every basket in every resample, shape (resamples, baskets)."""
    distinct, of_cell = np.unique(cells, return_inverse=True)
    if len(distinct) < _FEWEST_STORE_DAYS:
        distinct = of_cell = np.arange(len(cells))
    draws = np.random.default_rng(seed).standard_exponential((_RESAMPLES, len(distinct)))
    return draws[:, of_cell]


def _figure(values: Floats, weights: NDArray[np.float64]) -> Figure:
    resampled = weights @ values / weights.sum(axis=1)
    low, high = np.percentile(resampled, _TAILS)
    return Figure(float(values.mean()), float(low), float(high))
