"""From counts to what may be published: rows, groups and suggestions; small counts are withheld."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditor.faces.confusion import GroupConfusion
from auditor.insights import suppression
from auditor.insights.affinity import (
    Affinity,
    Estimates,
    effective_baskets,
    ratio,
    significant,
    two_sided,
)
from auditor.insights.backtest import Figure
from auditor.insights.groups import AgeGroup
from auditor.insights.mining import Rule
from auditor.insights.reading import Article
from auditor.insights.results import Cell, GroupFigures, Row
from auditor.insights.suggestions import Associations, associations, may_be_suggested, tastes
from auditor.insights.tallies import Counts, Features, Tally
from auditor.policy import InsightRules

_HOURS = 24


@dataclass(frozen=True)
class Changes:
    """Share now over share in the weeks before; arrays of shape (categories, groups)."""

    ratio: Estimates
    enough: NDArray[np.bool_]  # baskets now and then to publish the ratio
    changed: NDArray[np.bool_]


@dataclass(frozen=True)
class Evidence:
    """All that was counted and computed of a period."""

    groups: tuple[AgeGroup, ...]
    rules: InsightRules
    challenge_age: int  # the highest of the stores'
    features: Features
    articles: tuple[Article, ...]  # those of ``features``, in order
    tally: Tally
    counts: Counts
    compared: Affinity  # of the categories, then the articles
    confusion: dict[str, GroupConfusion]  # by model
    mined: Sequence[Rule]
    changes: Changes | None  # of the categories; None without weeks before


@dataclass(frozen=True)
class Withheld:
    """What may not be published (True): groups; cells of categories, then articles; hours."""

    groups: NDArray[np.bool_]  # shape (groups,)
    cells: NDArray[np.bool_]  # shape (categories + articles, groups)
    of_all: NDArray[np.bool_]  # hours of all baskets, shape (24,)
    hours: NDArray[np.bool_]  # shape (24, groups)


def withheld(known: Evidence) -> Withheld:
    """Decide what to withhold, by the rules of :mod:`auditor.insights.suppression`."""
    groups, least, features = len(known.groups), known.rules.min_cell, known.features
    observed = known.counts.observed[0]
    hidden = suppression.withheld(observed[:1], least, suppression.rows_of((1, groups)))[0]
    baskets = np.where(hidden, 0.0, known.compared.baskets.value)
    kinds = len(features.categories)
    place = {name: i for i, name in enumerate(features.categories)}
    owner = [place[article.category] for article in known.articles]
    families = suppression.rows_of((len(baskets), groups))
    families += [family + kinds * groups for family in suppression.nested(owner, groups)]
    # A category with one article is that article.
    single = [kind for kind, count in Counter(owner).items() if count == 1]
    same = [
        np.array([kind * groups + g, (kinds + owner.index(kind)) * groups + g])
        for kind in single
        for g in range(groups)
    ]
    hours = np.where(hidden, 0.0, observed[features.at_hours : features.at_hours + _HOURS])
    return Withheld(
        hidden,
        suppression.withheld(baskets, least, families, same),
        *suppression.two_way(hours, least),
    )


def rows(known: Evidence, hidden: Withheld) -> list[Row]:
    """The rows of categories, then of articles, that are in enough baskets."""
    named: list[tuple[str, str | None, str | None]]
    named = [(name, None, None) for name in known.features.categories]
    named += [(a.description, a.sku, a.category) for a in known.articles]
    counted = slice(known.features.at_categories, known.features.at_sets)
    total = known.counts.observed[0, counted].sum(axis=1)
    kinds = len(known.features.categories)
    return [
        Row(
            *names,
            baskets=round(float(total[i])),
            share=float(known.compared.overall[i]),
            cells=tuple(
                None
                if hidden.cells[i, g]
                else _cell(known.compared, i, g, known.changes if i < kinds else None)
                for g in range(len(known.groups))
            ),
        )
        for i, names in enumerate(named)
        if round(float(total[i])) >= known.rules.min_cell
    ]


def group_figures(known: Evidence, hidden: Withheld) -> tuple[GroupFigures, ...]:
    """The figures of each group, None where they are withheld."""
    nothing = (*(None,) * 5, dict.fromkeys(known.features.currencies), (None,) * _HOURS, (), ())
    return tuple(
        GroupFigures(group, _faces(known, g), *nothing)
        if hidden.groups[g]
        else _group(known, hidden, g)
        for g, group in enumerate(known.groups)
    )


def changes(counts: Counts, then: Counts, features: Features, least: int) -> Changes:
    """Compare the categories with earlier weeks, where both have at least ``least`` baskets.

    ``then`` are counts of the baskets and of the categories of ``features``, ``counts`` of all of
    its features.
    """
    now = counts.observed[:, features.at_categories : features.at_skus]
    past = then.observed[:, 1:]
    shares = ratio(now, counts.observed[:, :1]), ratio(past, then.observed[:, :1])
    difference = shares[0] - shares[1]
    spread = np.nan_to_num(difference[1:]).std(axis=0, ddof=1)
    return Changes(
        Estimates.of(ratio(*shares)),
        (past[0] >= least) & (now[0] >= least),
        significant(two_sided(np.nan_to_num(difference[0]), spread)),
    )


def _faces(known: Evidence, g: int) -> int:
    return min(confusion.faces[g] for confusion in known.confusion.values())


def _group(known: Evidence, hidden: Withheld, g: int) -> GroupFigures:
    features, observed = known.features, known.counts.observed
    size = observed[:, 0]
    kinds = slice(features.at_categories, features.at_skus)
    shares = ratio(observed[:, kinds, g], size[:, g, None])
    hours = observed[0, features.at_hours : features.at_hours + _HOURS, g] / size[0, g]
    naive = sum(soft[0, 0, g] for soft in known.tally.observed.values()) / known.tally.baskets
    allowed = np.array(
        [
            may_be_suggested(a, known.groups[g], known.rules, challenge_age=known.challenge_age)
            for a in known.articles
        ],
        bool,
    )
    allowed &= ~hidden.cells[len(features.categories) :, g]
    return GroupFigures(
        group=known.groups[g],
        faces=_faces(known, g),
        effective=round(effective_baskets(shares[0], shares[1:])),
        baskets=figure(Estimates.of(size[:, g])),
        share=figure(Estimates.of(size[:, g] / size.sum(axis=1))),
        naive_share=float(naive),
        articles=figure(Estimates.of(ratio(observed[:, features.at_articles, g], size[:, g]))),
        values=_values(known, g),
        hours=tuple(
            None if hide else float(share)
            for hide, share in zip(hidden.hours[:, g], hours, strict=True)
        ),
        tastes=tastes(
            known.counts,
            slice(features.at_skus, features.at_sets),
            known.compared[slice(len(features.categories), None)],
            known.articles,
            g,
            allowed=allowed,
            name=known.groups[g].name,
        ),
        associations=associations(
            Associations(known.counts, features, known.mined, known.articles),
            g,
            publishable=frozenset(np.flatnonzero(allowed).tolist()),
            least=known.rules.min_cell,
            name=known.groups[g].name,
        ),
    )


def _values(known: Evidence, g: int) -> dict[str, Figure | None]:
    features, observed = known.features, known.counts.observed
    values: dict[str, Figure | None] = {}
    for i, currency in enumerate(features.currencies):
        baskets = observed[:, features.at_currencies + i, g]
        paid = observed[:, features.at_currencies + len(features.currencies) + i, g]
        enough = baskets[0] >= known.rules.min_cell
        values[currency] = figure(Estimates.of(ratio(paid, baskets))) if enough else None
    return values


def _cell(found: Affinity, row: int, group: int, change: Changes | None) -> Cell:
    at = row, group
    compared = change if change is not None and change.enough[at] else None
    return Cell(
        baskets=round(float(found.baskets.value[at])),
        share=figure(found.share[at]),
        index=figure(found.index[at]),
        same_days=figure(found.same_days[at]),
        relative_risk=figure(found.relative_risk[at]),
        differs=bool(found.differs[at]),
        change=figure(compared.ratio[at]) if compared else None,
        changed=bool(compared.changed[at]) if compared else False,
    )


def figure(ranged: Estimates) -> Figure:
    """A single estimate as plain numbers."""
    return Figure(float(ranged.value), float(ranged.low), float(ranged.high))


def hours_of_all(known: Evidence, hidden: Withheld) -> tuple[float | None, ...]:
    """The share of all baskets in each hour of the day."""
    first = known.features.at_hours
    hours = known.counts.observed[0, first : first + _HOURS].sum(axis=1)
    return tuple(
        None if hide else float(baskets / known.tally.baskets)
        for hide, baskets in zip(hidden.of_all, hours, strict=True)
    )
