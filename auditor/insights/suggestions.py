"""What to suggest to a group: what it has a taste for, and what goes with what it buys.

Nothing is suggested of few baskets, and nothing that the policy excludes: alcohol and other
age-restricted goods to any group that may be, or look, under age; to nobody what is out of range.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from auditor.ages import Floats
from auditor.insights.affinity import Affinity, Ranged, ratio
from auditor.insights.groups import AgeGroup
from auditor.insights.mining import Rule
from auditor.insights.reading import Article
from auditor.insights.tallies import Counts
from auditor.policy import InsightRules

#: Suggestions of each kind to a group.
MOST = 10

_STRENGTHS = (1e-2, 1e4)


@dataclass(frozen=True, slots=True)
class Taste:
    """An article that a group buys more often than its stores and days explain."""

    article: Article
    index: float  # shrunken, on the same days; 100 = average
    low: float
    high: float
    share: float
    overall: float
    baskets: float
    sure: bool  # told apart from chance, with the false-discovery rate held
    why: str


@dataclass(frozen=True, slots=True)
class Association:
    """An article that goes with what a group has in its basket."""

    given: tuple[Article, ...]
    also: Article
    support: float  # share of the group's baskets with all of them
    confidence: float  # of those with ``given``, the share with ``also`` too
    low: float
    high: float
    lift: float  # confidence over the group's share of ``also``
    baskets: float
    why: str


def may_be_suggested(
    article: Article, group: AgeGroup, rules: InsightRules, *, challenge_age: int
) -> bool:
    """Whether the policy lets an article be suggested to a group.

    A group that may be under the challenge age may be under age: that is what it is for.
    """
    if article.sku in rules.out_of_range_skus:
        return False
    restricted = (
        article.alcohol
        or article.sku in rules.age_restricted_skus
        or article.category.casefold() in {c.casefold() for c in rules.age_restricted_categories}
    )
    return not (restricted and group.may_be_under(challenge_age))


def shrunken(observed: Floats, expected: Floats, inflation: Floats) -> Floats:
    """Ratios of observed to expected counts, drawn together towards 1 as far as they are noise.

    Gamma-Poisson shrinkage (Clayton and Kaldor 1987, doi 10.2307/2532003; DuMouchel 1999, doi
    10.1080/00031305.1999.10474456, for baskets): true ratios of a group are taken for gamma
    distributed about 1 with a strength fitted by maximum likelihood, and counts for Poisson with
    the information that they have left after the unblurring.

    Args:
        observed: of one group, shape (articles,).
        expected: likewise.
        inflation: variance of each count over that of a Poisson count, at least 1.
    """
    usable = (expected > 0) & np.isfinite(inflation)
    seen = np.where(usable, observed / np.maximum(inflation, 1), 0.0)
    due = np.where(usable, expected / np.maximum(inflation, 1), 0.0)
    if not usable.any():
        return np.ones_like(observed)

    def loss(logarithm: float) -> float:
        a, o, e = np.exp(logarithm), seen[usable], due[usable]
        likelihood = gammaln(a + o) - gammaln(a) + a * np.log(a / (a + e)) + o * np.log(e / (a + e))
        return -float(likelihood.sum())

    bounds = tuple(np.log(_STRENGTHS))
    a = float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
    return np.asarray((seen + a) / (due + a))


def inflation(counts: Counts, rows: slice) -> Floats:
    """Variance of unblurred counts over that of Poisson counts, shape (features, groups)."""
    spread = counts.linear[1:, rows].var(axis=0, ddof=1)
    return np.maximum(np.asarray(ratio(spread, counts.observed[0, rows])), 1.0)


def tastes(  # noqa: PLR0913  # the counts, and all that may keep an article from being told
    counts: Counts,
    rows: slice,
    found: Affinity,
    articles: Sequence[Article],
    group: int,
    *,
    allowed: NDArray[np.bool_],
    name: str,
) -> tuple[Taste, ...]:
    """The articles that a group has most of a taste for, by their shrunken index.

    Args:
        counts: unblurred.
        rows: where the articles stand in them.
        found: the affinity of these rows.
        articles: in the order of the rows.
        group: whose.
        allowed: which articles may be suggested to it and told of it.
        name: of the group.
    """
    ratios = shrunken(
        counts.observed[0, rows, group],
        counts.expected[0, rows, group],
        inflation(counts, rows)[:, group],
    )
    order = np.argsort(-np.where(allowed, ratios, -np.inf), kind="stable")
    chosen = [i for i in order.tolist() if allowed[i] and ratios[i] > 1][:MOST]
    return tuple(
        Taste(
            article=articles[i],
            index=100 * float(ratios[i]),
            low=float(found.same_days.low[i, group]),
            high=float(found.same_days.high[i, group]),
            share=float(found.share.value[i, group]),
            overall=float(found.overall[i]),
            baskets=float(found.baskets.value[i, group]),
            sure=bool(found.differs[i, group]),
            why=_why_taste(found, i, group, name),
        )
        for i in chosen
    )


def associations(  # noqa: PLR0913  # as for tastes
    counts: Counts,
    at_skus: int,
    at_sets: int,
    rules: Sequence[tuple[Rule, int | None, int]],
    articles: Sequence[Article],
    group: int,
    *,
    may_be_told: Collection[int],
    least: int,
    name: str,
) -> tuple[Association, ...]:
    """The rules that hold best for a group, each article suggested once.

    Args:
        counts: unblurred.
        at_skus: where the first article stands in them.
        at_sets: where the first set stands.
        rules: each with the set that it is given (None: a single article) and the set with both,
            as positions among the sets.
        articles: in their order.
        group: whose.
        may_be_told: positions of articles that may be suggested to the group.
        least: a rule is told only if so many baskets have its ``given``, so many all of it, and
            so many the one without the other.
        name: of the group.
    """
    place = {article.sku: i for i, article in enumerate(articles)}
    size = counts.observed[:, 0, group]
    candidates = []
    for rule, given_at, both_at in rules:
        also = place[rule.also]
        if also not in may_be_told:
            continue
        given_row = (
            at_skus + place[next(iter(rule.given))] if given_at is None else at_sets + given_at
        )
        given = counts.observed[:, given_row, group]
        both = np.minimum(counts.observed[:, at_sets + both_at, group], given)
        if min(given[0], both[0], (given - both)[0]) < least:
            continue
        confidence = Ranged.of(ratio(both, given))
        usual = float(ratio(counts.observed[0, at_skus + also, group], size[0]))
        if not usual or confidence.low <= usual:
            continue  # it may be no more than what the group buys anyway
        candidates.append((float(confidence.low) / usual, rule, both[0], confidence, usual))
    candidates.sort(key=lambda c: (-c[0], c[1].also, sorted(c[1].given)))
    told: dict[str, Association] = {}
    for _, rule, both, confidence, usual in candidates:
        if rule.also not in told and len(told) < MOST:
            told[rule.also] = Association(
                given=tuple(articles[place[sku]] for sku in sorted(rule.given)),
                also=articles[place[rule.also]],
                support=float(both / size[0]),
                confidence=float(confidence.value),
                low=float(confidence.low),
                high=float(confidence.high),
                lift=float(confidence.value) / usual,
                baskets=float(both),
                why=(
                    f"Of the baskets of {name} buyers with "
                    f"{_joined([articles[place[s]].description for s in sorted(rule.given)])}, "
                    f"{confidence.value:.0%} ({confidence.low:.0%} to {confidence.high:.0%}) have "
                    f"it too; of all their baskets, {usual:.0%}."
                ),
            )
    return tuple(told.values())


def _why_taste(found: Affinity, row: int, group: int, name: str) -> str:
    share, overall = found.share.value[row, group], found.overall[row]
    low, high = found.same_days.low[row, group], found.same_days.high[row, group]
    doubt = "" if found.differs[row, group] else " Chance alone could explain it."
    return (
        f"It is in {share:.1%} of the baskets of {name} buyers and in {overall:.1%} of all; on the "
        f"same days in the same stores, {low:.0f} to {high:.0f} where 100 is average.{doubt}"
    )


def _joined(names: Sequence[str]) -> str:
    return " and ".join(names)
