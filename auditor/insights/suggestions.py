"""What to suggest to a group: what it buys more often than others, and what goes with that.

Nothing is suggested on the basis of few baskets, nor against the policy: no alcohol or other
age-restricted goods to a group that may be, or look, under age; nothing that is out of range.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from auditor.faces.ages import Floats
from auditor.insights.affinity import Affinity, Estimates, ratio
from auditor.insights.groups import AgeGroup
from auditor.insights.mining import Rule
from auditor.insights.reading import Article
from auditor.insights.tallies import Counts, Features
from auditor.policy import InsightRules

#: Suggestions of each kind to a group.
MOST = 10

_STRENGTHS = (1e-2, 1e4)
_LEAST_RATIO = 1.05  # shrunken; anything nearer to 1 is no taste


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
    sure: bool  # significant, with the false-discovery rate held
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
    the information that they have left after the correction. All have the shape (articles,);
    ``inflation`` is the variance of a count over that of a Poisson count, at least 1.
    """
    usable = (expected > 0) & np.isfinite(inflation)
    if not usable.any():
        return np.ones_like(observed)
    seen, due = (np.where(usable, count / inflation, 0.0) for count in (observed, expected))

    def loss(logarithm: float) -> float:
        a, o, e = np.exp(logarithm), seen[usable], due[usable]
        likelihood = gammaln(a + o) - gammaln(a) + a * np.log(a / (a + e)) + o * np.log(e / (a + e))
        return -float(likelihood.sum())

    bounds = tuple(np.log(_STRENGTHS))
    a = float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
    return np.asarray((seen + a) / (due + a))


def inflation(counts: Counts, rows: slice) -> Floats:
    """Variance of corrected counts over that of Poisson counts, shape (features, groups)."""
    spread = counts.linear[1:, rows].var(axis=0, ddof=1)
    return np.maximum(np.asarray(ratio(spread, counts.observed[0, rows])), 1.0)


def tastes(  # noqa: PLR0913  # the counts, and what may rule an article out
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
        counts: corrected for the model's errors.
        rows: where the articles stand in them.
        found: the affinity of these rows.
        articles: in the order of the rows.
        group: whose.
        allowed: which articles may be suggested to the group and published about it.
        name: of the group.
    """
    ratios = shrunken(
        counts.observed[0, rows, group],
        counts.expected[0, rows, group],
        inflation(counts, rows)[:, group],
    )
    order = np.argsort(-np.where(allowed, ratios, -np.inf), kind="stable")
    chosen = [i for i in order.tolist() if allowed[i] and ratios[i] >= _LEAST_RATIO][:MOST]
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


@dataclass(frozen=True)
class Associations:
    """The mined rules, with the corrected counts to evaluate them on."""

    counts: Counts
    features: Features
    rules: Sequence[Rule]
    articles: Sequence[Article]

    def row(self, items: frozenset[str]) -> int:
        """Where an article, or a set of articles, is counted."""
        if len(items) == 1:
            return self.features.at_skus + self.features.skus.index(next(iter(items)))
        return self.features.at_sets + self.features.sets.index(items)


def associations(
    known: Associations, group: int, *, publishable: Collection[int], least: int, name: str
) -> tuple[Association, ...]:
    """The rules that hold best for a group, each article suggested once.

    Args:
        known: the rules and the counts.
        group: its position.
        publishable: positions of articles that may be suggested to the group.
        least: baskets that must hold a rule's ``given``, all of it, and ``given`` without ``also``.
        name: of the group.
    """
    place = {article.sku: i for i, article in enumerate(known.articles)}
    counted = known.counts.observed[:, :, group]
    candidates = []
    for rule in known.rules:
        if place[rule.also] not in publishable:
            continue
        given, usual_row = counted[:, known.row(rule.given)], known.row(frozenset({rule.also}))
        both = np.minimum(counted[:, known.row(rule.all)], given)
        if min(given[0], both[0], (given - both)[0]) < least:
            continue
        confidence = Estimates.of(ratio(both, given))
        usual = float(ratio(counted[0, usual_row], counted[0, 0]))
        if usual and confidence.low > usual:  # or it may be no more than is bought anyway
            candidates.append((rule, float(both[0]), confidence, usual))
    candidates.sort(key=lambda c: (-float(c[2].low) / c[3], c[0].also, sorted(c[0].given)))
    chosen: dict[str, Association] = {}
    for rule, both_now, confidence, usual in candidates:
        if rule.also not in chosen and len(chosen) < MOST:
            given_articles = tuple(known.articles[place[sku]] for sku in sorted(rule.given))
            chosen[rule.also] = Association(
                given=given_articles,
                also=known.articles[place[rule.also]],
                support=both_now / float(counted[0, 0]),
                confidence=float(confidence.value),
                low=float(confidence.low),
                high=float(confidence.high),
                lift=float(confidence.value) / usual,
                baskets=both_now,
                why=(
                    f"Of the baskets of {name} buyers with "
                    f"{' and '.join(article.description for article in given_articles)}, "
                    f"{confidence.value:.0%} ({confidence.low:.0%} to {confidence.high:.0%}) have "
                    f"it too; of all their baskets, {usual:.0%}."
                ),
            )
    return tuple(chosen.values())


def _why_taste(found: Affinity, row: int, group: int, name: str) -> str:
    share, overall = found.share.value[row, group], found.overall[row]
    low, high = found.same_days.low[row, group], found.same_days.high[row, group]
    doubt = "" if found.differs[row, group] else " Chance alone could explain it."
    return (
        f"It is in {share:.1%} of the baskets of {name} buyers and in {overall:.1%} of all; on the "
        f"same days in the same stores, {low:.0f} to {high:.0f} where 100 is average.{doubt}"
    )
