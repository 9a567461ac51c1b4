"""A period, looked at: read twice, counted, unblurred, compared, suppressed."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from importlib.metadata import version

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor import store
from auditor.ages import Floats
from auditor.confusion import Confusion, GroupConfusion
from auditor.errors import ConfigurationError, SourceError
from auditor.files import Place
from auditor.insights import suppression
from auditor.insights.affinity import (
    Affinity,
    Ranged,
    affinity,
    discovered,
    effective_baskets,
    ratio,
    two_sided,
)
from auditor.insights.backtest import Backtest, Figure, Learnt, backtest
from auditor.insights.groups import AgeGroup, age_groups
from auditor.insights.mining import Rule, Sample, rules
from auditor.insights.reading import Article, StoreDay, store_days
from auditor.insights.results import Cell, GroupFigures, Insights, Population, Row
from auditor.insights.suggestions import (
    associations,
    inflation,
    may_be_suggested,
    shrunken,
    tastes,
)
from auditor.insights.tallies import Counts, Features, Tally, unblurred
from auditor.policy import Policy

#: Articles that are counted one by one, those in most baskets; no page gets longer.
MOST_ARTICLES = 2000
#: Weeks before the period that it is compared with.
WEEKS_BEFORE = 4
_HELD_OUT = 0.25  # of the days, the last, for the back-test
_HELD_OUT_BASKETS = 10_000
_RESAMPLES_LEARNT = 50
_MISFIT = 2.0  # standard errors under none at which a group's number contradicts the confusion

#: Told of each store-day read, and how many there are to read in all.
Progress = Callable[[int, int], None]


def analyse(  # noqa: PLR0913  # what is read, and how it is to be read
    out: Place,
    first: date,
    last: date,
    policy: Policy,
    *,
    confusion_of: Callable[[str], Confusion] = Confusion.of_version,
    progress: Progress | None = None,
) -> Insights:
    """Look at the baskets of a period by age group.

    Args:
        out: where the nightly runs keep the table ``insights``.
        first: day of the period.
        last: likewise, included.
        policy: has to allow it, and says which groups.
        confusion_of: says how a model, by its full name, confuses ages.
        progress: told how far the reading is.

    Raises:
        ConfigurationError: the policy does not allow it, the period is none, or baskets of it were
            kept by other groups.
        SourceError: there are no baskets in it.
        ModelError: a model does not say how it confuses ages.
    """
    if not policy.insights.enabled:
        raise ConfigurationError(
            "the policy does not allow purchases to be looked at by age group: insights.enabled is "
            "false. Enabling it needs a lawful basis of its own, see docs/insights.md"
        )
    if last < first:
        raise ConfigurationError(f"the period ends on {last}, before it begins on {first}")
    return _Period(out, first, last, policy, confusion_of, progress).look()


@dataclass
class _Survey:
    """What a first reading finds out: what there is to count."""

    articles: dict[str, Article] = field(default_factory=dict)
    in_baskets: Counter[str] = field(default_factory=Counter)
    categories: set[str] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    days: set[date] = field(default_factory=set)
    of_alcohol: int = 0
    of_others: int = 0
    nothing_bought: int = 0
    cells: int = 0

    def add(self, cell: StoreDay) -> None:
        counts = np.bincount(cell.article, minlength=len(cell.articles)).tolist()
        for article, count in zip(cell.articles, counts, strict=True):
            if count:
                self.articles.setdefault(article.sku, article)
                self.in_baskets[article.sku] += count
                self.categories.add(article.category)
        self.currencies.add(cell.currency)
        self.models.add(cell.model)
        self.stores.add(cell.store_id)
        self.days.add(cell.day)
        self.of_alcohol += int(cell.alcohol_sale.sum())
        self.of_others += int((~cell.alcohol_sale).sum())
        self.nothing_bought += cell.nothing_bought
        self.cells += 1

    def features(self, least: int, sets: Sequence[frozenset[str]] = ()) -> Features:
        known = [sku for sku, count in self.in_baskets.items() if count >= least]
        known.sort(key=lambda sku: (-self.in_baskets[sku], sku))
        chosen = sorted(known[:MOST_ARTICLES])
        return Features(
            tuple(sorted(self.currencies)),
            tuple(sorted(self.categories)),
            tuple(chosen),
            tuple(sets),
        )


class _Period:
    def __init__(  # noqa: PLR0913, PLR0917  # as analyse
        self,
        out: Place,
        first: date,
        last: date,
        policy: Policy,
        confusion_of: Callable[[str], Confusion],
        progress: Progress | None,
    ) -> None:
        self._out, self._policy, self._rules = out, policy, policy.insights
        self._confusion_of = confusion_of
        self._first, self._last, self._progress = first, last, progress
        self._groups = age_groups(self._rules.age_groups)
        kept = store.days_of(out, "insights")
        self._days = [day for day in kept if first <= day <= last]
        start = first - timedelta(weeks=WEEKS_BEFORE)
        self._before = [day for day in kept if start <= day < first]
        held = max(1, math.ceil(_HELD_OUT * len(self._days))) if len(self._days) > 1 else 0
        self._held_out = self._days[len(self._days) - held :]
        self._read = 0
        self._to_read = 2 * sum(len(store.stores_of(out, "insights", d)) for d in self._days)

    def look(self) -> Insights:
        survey, sample, learnt_sample, held_out = self._surveyed()
        least = self._rules.min_cell
        eligible = frozenset(
            sku for sku in survey.in_baskets if self._for_all(survey.articles[sku])
        )
        told = frozenset(survey.features(least).skus)
        found = [
            rule
            for rule in rules(sample.baskets, told - self._rules.out_of_range_skus)
            if rule.given <= told
        ]
        sets = dict.fromkeys(
            part
            for rule in found
            for part in (rule.given, rule.given | {rule.also})
            if len(part) > 1
        )
        features = survey.features(least, tuple(sets))
        plain = replace(features, sets=())
        tally, learning = self._tallied(features, plain)
        confusion = {
            model: self._confusion_of(model).between(self._rules.age_groups)
            for model in sorted(survey.models)
        }
        counts = unblurred(tally, confusion)
        tested = (
            self._tested(learning, plain, confusion, eligible, learnt_sample, held_out)
            if learning.store_days
            else None
        )
        before = self._tally_before(plain)
        for model in before.observed if before else ():
            if model not in confusion:
                known = self._confusion_of(model)
                confusion[model] = known.between(self._rules.age_groups)
        return self._told(survey, features, tally, counts, confusion, found, before, tested)

    # Reading

    def _cells(self, days: Sequence[date]) -> Iterator[StoreDay]:
        for cell in store_days(self._out, days, self._rules.age_groups):
            yield cell
            self._read += 1
            if self._progress:
                self._progress(min(self._read, self._to_read), self._to_read)

    def _surveyed(self) -> tuple[_Survey, Sample, Sample, Sample]:
        survey, sample, learnt = _Survey(), Sample(), Sample()
        held_out = Sample(_HELD_OUT_BASKETS)
        for cell in self._cells(self._days):
            survey.add(cell)
            sample.add(cell)
            (held_out if cell.day in self._held_out else learnt).add(cell)
        if not survey.cells:
            raise SourceError(
                f"there are no baskets from {self._first} to {self._last} below {self._out}: the "
                "nightly run keeps them from insights.effective_from on, in the stores of "
                "insights.stores"
            )
        return survey, sample, learnt, held_out

    def _tallied(self, features: Features, plain: Features) -> tuple[Tally, Tally]:
        groups = len(self._groups)
        tally = Tally(len(features), groups, features.counter())
        learning = Tally(len(plain), groups, plain.counter(), _RESAMPLES_LEARNT)
        for cell in self._cells(self._days):
            tally.add(cell)
            if self._held_out and cell.day not in self._held_out:
                learning.add(cell)
        return tally.closed(), learning.closed()

    def _tally_before(self, features: Features) -> Tally | None:
        """The categories of the weeks before, if there are any that were kept by these groups."""
        tally, survey = None, _Survey()
        try:
            for cell in self._cells(self._before):
                survey.add(cell)
            wanted = Features(
                tuple(sorted({*features.currencies, *survey.currencies})),
                tuple(sorted({*features.categories, *survey.categories})),
                (),
            )
            tally = Tally(len(wanted), len(self._groups), wanted.counter())
            for cell in self._cells(self._before):
                tally.add(cell)
        except ConfigurationError:
            return None  # the groups have changed since: nothing can be compared
        if not tally.closed().store_days:
            return None
        rows = [wanted.categories.index(name) for name in features.categories]
        return _only(tally, [0, *(wanted.at_categories + row for row in rows)])

    # What may be suggested

    def _challenge_age(self) -> int:
        stores = {s for d in self._days for s in store.stores_of(self._out, "insights", d)}
        return max(self._policy.rules(self._last, s).challenge_age for s in stores)

    def _for_all(self, article: Article) -> bool:
        age = self._challenge_age_once()
        return all(
            may_be_suggested(article, group, self._rules, challenge_age=age)
            for group in self._groups
        )

    def _challenge_age_once(self) -> int:
        if not hasattr(self, "_age"):
            self._age = self._challenge_age()
        return self._age

    def _tested(  # noqa: PLR0913  # what was learnt, and what it is tried on
        self,
        learning: Tally,
        features: Features,
        confusion: dict[str, GroupConfusion],
        eligible: frozenset[str],
        learnt: Sample,
        held_out: Sample,
    ) -> Backtest | None:
        counts = unblurred(learning, confusion)
        rows = slice(features.at_skus, features.at_sets)
        at = [i for i, sku in enumerate(features.skus) if sku in eligible]
        skus = tuple(features.skus[i] for i in at)
        if not skus:
            return None
        noise = inflation(counts, rows)
        observed, expected = counts.observed[0, rows], counts.expected[0, rows]
        lift = np.stack(
            [
                shrunken(observed[:, g], expected[:, g], noise[:, g])
                for g in range(len(self._groups))
            ],
            axis=1,
        )[at]
        size = counts.observed[0, 0]
        share = observed[at].sum(axis=1) / size.sum()
        # A group's share is everybody's, times the shrunken ratio: no more is known of rare ones.
        return backtest(
            Learnt(
                skus,
                share,
                share[:, None] * lift,
                lift,
                rules(learnt.baskets, frozenset(skus)),
            ),
            held_out.baskets,
        )

    # What may be told

    def _told(  # noqa: PLR0913  # everything comes together here
        self,
        survey: _Survey,
        features: Features,
        tally: Tally,
        counts: Counts,
        confusion: dict[str, GroupConfusion],
        found: list[Rule],
        before: Tally | None,
        tested: Backtest | None,
    ) -> Insights:
        rows = slice(features.at_categories, features.at_sets)
        compared = affinity(counts, rows)
        hidden_groups, hidden = self._withheld(survey, features, counts, compared)
        change = _changes(counts, features, before, confusion, self._rules.min_cell)
        kinds = len(features.categories)
        articles = [survey.articles[sku] for sku in features.skus]
        named = [(name, None, None) for name in features.categories]
        named += [(a.description, a.sku, a.category) for a in articles]
        total = counts.observed[0, rows].sum(axis=1)
        table = [
            Row(
                *names,
                baskets=round(float(total[i])),
                share=float(compared.overall[i]),
                cells=tuple(
                    None if hidden[i, g] else _cell(compared, i, g, change if i < kinds else None)
                    for g in range(len(self._groups))
                ),
            )
            for i, names in enumerate(named)
            if round(float(total[i])) >= self._rules.min_cell
        ]
        return Insights(
            first=self._first,
            last=self._last,
            chain=self._policy.chain_name,
            lawful_basis=str(self._rules.lawful_basis),
            models=tuple(sorted(survey.models)),
            policy_sha256=self._policy.sha256,
            auditor_version=version("auditor"),
            min_cell=self._rules.min_cell,
            challenge_age=self._challenge_age_once(),
            population=self._population(survey),
            store_days=tally.store_days,
            resamples=tally.resamples,
            baskets=tally.baskets,
            overall_hours=tuple(
                (counts.observed[0, features.at_hours : features.at_hours + 24].sum(axis=1)
                 / tally.baskets).tolist()
            ),
            overall_articles=float(counts.observed[0, features.at_articles].sum() / tally.baskets),
            groups=self._group_figures(
                features, tally, counts, confusion, compared, hidden_groups, hidden[kinds:],
                articles, found,
            ),
            confusion=tuple(map(tuple, counts.metric.matrix.tolist())),
            categories=tuple(row for row in table if row.sku is None),
            articles=tuple(row for row in table if row.sku is not None),
            articles_left_out=len(survey.in_baskets) - len(features.skus),
            withheld=int(hidden.sum()),
            misfit=tuple(
                group.name
                for group, value, spread in zip(
                    self._groups,
                    counts.linear[0, 0],
                    counts.linear[1:, 0].std(axis=0, ddof=1),
                    strict=True,
                )
                if value < -_MISFIT * spread
            ),
            before=(self._before[0], self._before[-1]) if before and self._before else None,
            before_days=len(self._before) if before else 0,
            backtest=tested,
            held_out_days=tuple(self._held_out),
        )  # fmt: skip

    def _withheld(
        self, survey: _Survey, features: Features, counts: Counts, compared: Affinity
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which groups, and which cells of categories and then articles, are not to be told."""
        groups, least = len(self._groups), self._rules.min_cell
        hidden_groups = suppression.withheld(
            counts.observed[0, :1], least, suppression.rows_of((1, groups))
        )[0]
        baskets = np.where(hidden_groups, 0.0, compared.baskets.value)
        shape = (len(baskets), groups)
        kinds = len(features.categories)
        place = {name: i for i, name in enumerate(features.categories)}
        owner = [place[survey.articles[sku].category] for sku in features.skus]
        families = suppression.rows_of(shape)
        families += [
            family + kinds * groups for family in suppression.nested(owner, groups) if len(family)
        ]
        single = [
            (kind, kinds + owner.index(kind))
            for kind, count in Counter(owner).items()
            if count == 1
        ]
        same = [
            np.array([kind * groups + g, row * groups + g])
            for kind, row in single
            for g in range(groups)
        ]
        return hidden_groups, suppression.withheld(baskets, least, families, same)

    def _group_figures(  # noqa: PLR0913  # as _told
        self,
        features: Features,
        tally: Tally,
        counts: Counts,
        confusion: dict[str, GroupConfusion],
        compared: Affinity,
        hidden_groups: NDArray[np.bool_],
        hidden_articles: NDArray[np.bool_],
        articles: list[Article],
        found: list[Rule],
    ) -> tuple[GroupFigures, ...]:
        observed, least = counts.observed, self._rules.min_cell
        size = observed[:, 0]
        share = Ranged.of(ratio(size, size.sum(axis=1, keepdims=True)))
        number = Ranged.of(size)
        length = Ranged.of(ratio(observed[:, features.at_articles], size))
        hours = observed[0, features.at_hours : features.at_hours + 24]
        hidden_hours = suppression.withheld(
            np.where(hidden_groups, 0.0, hours),
            least,
            [*suppression.rows_of(hours.shape), *suppression.columns_of(hours.shape)],
        )
        naive = sum(part[0, 0] for part in tally.observed.values()) / tally.baskets
        rows = slice(features.at_skus, features.at_sets)
        of_articles = affinity(counts, rows)
        sets = {items: i for i, items in enumerate(features.sets)}
        placed = [(rule, sets.get(rule.given), sets[rule.given | {rule.also}]) for rule in found]
        figures = []
        for g, group in enumerate(self._groups):
            faces = min(known.faces[g] for known in confusion.values())
            if hidden_groups[g]:
                nothing = dict.fromkeys(features.currencies)
                figures.append(
                    GroupFigures(
                        group, faces, None, None, None, None, None, nothing, (None,) * 24, (), ()
                    )
                )
                continue
            allowed = np.array(
                [
                    may_be_suggested(
                        a, group, self._rules, challenge_age=self._challenge_age_once()
                    )
                    for a in articles
                ],
                bool,
            )
            allowed &= ~hidden_articles[:, g]
            kinds = slice(features.at_categories, features.at_skus)
            shares = ratio(observed[:, kinds, g], size[:, g, None])
            figures.append(
                GroupFigures(
                    group=group,
                    faces=faces,
                    effective=round(effective_baskets(shares[0], shares[1:])),
                    baskets=_figure(number, g),
                    share=_figure(share, g),
                    naive_share=float(naive[g]),
                    articles=_figure(length, g),
                    values=self._values(features, observed, g),
                    hours=tuple(
                        None if hidden_hours[h, g] else float(hours[h, g] / size[0, g])
                        for h in range(24)
                    ),
                    tastes=tastes(
                        counts, rows, of_articles, articles, g, allowed=allowed, name=group.name
                    ),
                    associations=associations(
                        counts,
                        features.at_skus,
                        features.at_sets,
                        placed,
                        articles,
                        g,
                        may_be_told=frozenset(np.flatnonzero(allowed).tolist()),
                        least=least,
                        name=group.name,
                    ),
                )
            )
        return tuple(figures)

    def _values(self, features: Features, observed: Floats, g: int) -> dict[str, Figure | None]:
        values: dict[str, Figure | None] = {}
        for i, currency in enumerate(features.currencies):
            paid_in = observed[:, features.at_currencies + i, g]
            paid = observed[:, features.at_currencies + len(features.currencies) + i, g]
            enough = paid_in[0] >= self._rules.min_cell
            values[currency] = _figure(Ranged.of(ratio(paid, paid_in)), ()) if enough else None
        return values

    def _population(self, survey: _Survey) -> Population:
        transactions = alcohol_sales = 0
        for day in sorted(survey.days):
            stores = store.stores_of(self._out, "insights", day)
            coverage = store.read_day(self._out, "coverage", day, stores)
            transactions += pc.sum(coverage["transactions"]).as_py() or 0
            alcohol_sales += pc.sum(coverage["alcohol_sales"]).as_py() or 0
        asked = [
            self._first + timedelta(days=n) for n in range((self._last - self._first).days + 1)
        ]
        return Population(
            days=tuple(sorted(survey.days)),
            missing_days=tuple(day for day in asked if day not in survey.days),
            stores=len(survey.stores),
            transactions=transactions,
            alcohol_sales=alcohol_sales,
            baskets_of_alcohol=survey.of_alcohol,
            baskets_of_others=survey.of_others,
            nothing_bought=survey.nothing_bought,
        )


@dataclass(frozen=True, slots=True)
class _Changes:
    """Share now over share before, of categories; arrays of shape (categories, groups)."""

    ratio: Ranged
    told: NDArray[np.bool_]
    changed: NDArray[np.bool_]


def _changes(
    counts: Counts,
    features: Features,
    before: Tally | None,
    confusion: dict[str, GroupConfusion],
    least: int,
) -> _Changes | None:
    if before is None:
        return None
    then = unblurred(before, confusion)
    now = counts.observed[:, features.at_categories : features.at_skus]
    past = then.observed[:, 1:]
    shares = ratio(now, counts.observed[:, :1]), ratio(past, then.observed[:, :1])
    difference = shares[0] - shares[1]
    spread = np.nanstd(difference[1:], axis=0, ddof=1)
    return _Changes(
        Ranged.of(ratio(*shares)),
        (past[0] >= least) & (now[0] >= least),
        discovered(np.nan_to_num(two_sided(difference[0], spread), nan=1.0)),
    )


def _only(tally: Tally, rows: list[int]) -> Tally:
    """A tally of some of its features."""
    kept = {
        name: {model: sums[:, rows] for model, sums in getattr(tally, name).items()}
        for name in ("observed", "expected")
    }
    return replace(tally, features=len(rows), **kept)


def _cell(found: Affinity, row: int, group: int, change: _Changes | None) -> Cell:
    at = row, group
    compared = change is not None and bool(change.told[at])
    return Cell(
        baskets=round(float(found.baskets.value[at])),
        share=_figure(found.share, at),
        index=_figure(found.index, at),
        same_days=_figure(found.same_days, at),
        relative_risk=_figure(found.relative_risk, at),
        differs=bool(found.differs[at]),
        change=_figure(change.ratio, at) if change is not None and compared else None,
        changed=bool(change.changed[at]) if change is not None and compared else False,
    )


def _figure(ranged: Ranged, at: int | tuple[int, ...]) -> Figure:
    return Figure(float(ranged.value[at]), float(ranged.low[at]), float(ranged.high[at]))


__all__ = ["AgeGroup", "analyse"]
