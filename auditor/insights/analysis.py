"""Analyses a period: reads it twice, counts, corrects for the model's errors, compares."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from importlib.metadata import version

import numpy as np
import pyarrow.compute as pc

from auditor.errors import ConfigurationError, SourceError
from auditor.faces.confusion import Confusion
from auditor.insights.affinity import affinity
from auditor.insights.backtest import Backtest, Learnt, backtest
from auditor.insights.contents import PeriodContents
from auditor.insights.groups import age_groups
from auditor.insights.mining import Sample, rules
from auditor.insights.publication import (
    Evidence,
    changes,
    group_figures,
    hours_of_all,
    rows,
    withheld,
)
from auditor.insights.reading import StoreDay, store_days
from auditor.insights.results import Insights, Population
from auditor.insights.suggestions import inflation, may_be_suggested, shrunken
from auditor.insights.tallies import Features, Tally, deconvolved
from auditor.policy import Policy
from auditor.storage.partitions import Partitions, read_day
from auditor.storage.place import Place
from auditor.storage.retention import days_of

#: Weeks before the period that it is compared with.
WEEKS_BEFORE = 4
_HELD_OUT = 0.25  # of the days, the last, for the back-test
_HELD_OUT_BASKETS = 10_000
_RESAMPLES_LEARNT = 50
_MISFIT = 2.0  # standard errors below zero at which a group's count contradicts the confusion

#: Called after each store-day with the number read, and of all to read.
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
    """Analyse the baskets of a period by age group.

    Args:
        out: where the nightly runs keep the table ``insights``.
        first: day of the period.
        last: likewise, included.
        policy: has to allow the analysis; names the groups.
        confusion_of: gives the confusion of ages of a model, by its full name.
        progress: called after each store-day.

    Raises:
        ConfigurationError: the policy does not allow it, the period is none, or baskets of it were
            kept by other groups.
        SourceError: there are no baskets in it.
        ModelError: the confusion of ages of a model is not known.
    """
    if not policy.insights.enabled:
        raise ConfigurationError(
            "the policy does not allow purchases to be looked at by age group: insights.enabled is "
            "false. Enabling it needs a lawful basis of its own, see docs/insights.md"
        )
    if last < first:
        raise ConfigurationError(f"the period ends on {last}, before it begins on {first}")
    return _Period(out, first, last, policy, confusion_of, progress).analyse()


@dataclass
class _Period:
    """The arguments of :func:`analyse`, and what follows from them."""

    out: Place
    first: date
    last: date
    policy: Policy
    confusion_of: Callable[[str], Confusion]
    progress: Progress | None

    def __post_init__(self) -> None:
        self._rules = self.policy.insights
        self._groups = age_groups(self._rules.age_groups)
        kept = days_of(self.out, "insights")
        self._days = [day for day in kept if self.first <= day <= self.last]
        start = self.first - timedelta(weeks=WEEKS_BEFORE)
        self._before = [day for day in kept if start <= day < self.first]
        held = max(1, math.ceil(_HELD_OUT * len(self._days))) if len(self._days) > 1 else 0
        self._held_out = self._days[len(self._days) - held :]
        self._read = 0
        self._to_read = 2 * sum(len(Partitions(self.out, "insights", d).stores) for d in self._days)

    def analyse(self) -> Insights:
        contents, sample, learnt, held_out = self._first_pass()
        counted = frozenset(contents.features(self._rules.min_cell).skus)
        mined = [
            rule
            for rule in rules(sample.baskets, counted - self._rules.out_of_range_skus)
            if rule.given <= counted
        ]
        sets = [part for rule in mined for part in (rule.given, rule.all) if len(part) > 1]
        features = contents.features(self._rules.min_cell, tuple(dict.fromkeys(sets)))
        plain = replace(features, sets=())
        tally, learning = self._second_pass(features, plain)
        before = self._tally_before(plain)
        confusion = {
            model: self.confusion_of(model).between(self._rules.age_groups)
            for model in sorted(contents.models | (before.observed.keys() if before else set()))
        }
        counts = deconvolved(tally, confusion)
        least = self._rules.min_cell
        known = Evidence(
            groups=self._groups,
            rules=self._rules,
            challenge_age=self._challenge_age,
            features=features,
            articles=tuple(contents.articles[sku] for sku in features.skus),
            tally=tally,
            counts=counts,
            compared=affinity(counts, slice(features.at_categories, features.at_sets)),
            confusion={model: confusion[model] for model in sorted(contents.models)},
            mined=mined,
            changes=changes(counts, deconvolved(before, confusion), features, least)
            if before
            else None,
        )
        tested = None
        if learning.store_days:
            learnable = self._learnt(learning, known, plain, learnt)
            tested = backtest(learnable, held_out.baskets) if learnable else None
        return self._insights(contents, known, tested)

    def _cells(self, days: Sequence[date]) -> Iterator[StoreDay]:
        for cell in store_days(self.out, days, self._rules.age_groups):
            yield cell
            self._read += 1
            if self.progress:
                self.progress(min(self._read, self._to_read), self._to_read)

    def _first_pass(self) -> tuple[PeriodContents, Sample, Sample, Sample]:
        contents, sample, learnt = PeriodContents(), Sample(), Sample()
        held_out = Sample(_HELD_OUT_BASKETS)
        for cell in self._cells(self._days):
            contents.add(cell)
            sample.add(cell)
            (held_out if cell.day in self._held_out else learnt).add(cell)
        if not contents.store_days:
            raise SourceError(
                f"there are no baskets from {self.first} to {self.last} below {self.out}: the "
                "nightly run keeps them from insights.effective_from on, in the stores of "
                "insights.stores"
            )
        return contents, sample, learnt, held_out

    def _second_pass(self, features: Features, plain: Features) -> tuple[Tally, Tally]:
        groups = len(self._groups)
        tally = Tally(len(features), groups, features.counter())
        learning = Tally(len(plain), groups, plain.counter(), _RESAMPLES_LEARNT)
        for cell in self._cells(self._days):
            tally.add(cell)
            if self._held_out and cell.day not in self._held_out:
                learning.add(cell)
        return tally.closed(), learning.closed()

    def _tally_before(self, features: Features) -> Tally | None:
        """The categories in the weeks before, if baskets by the same groups were kept."""
        tally, contents = None, PeriodContents()
        try:
            for cell in self._cells(self._before):
                contents.add(cell)
            wanted = Features(
                tuple(sorted({*features.currencies, *contents.currencies})),
                tuple(sorted({*features.categories, *contents.categories})),
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

    @cached_property
    def _challenge_age(self) -> int:
        stores = {s for d in self._days for s in Partitions(self.out, "insights", d).stores}
        return max(self.policy.rules(self.last, s).challenge_age for s in stores)

    def _learnt(
        self, learning: Tally, known: Evidence, features: Features, sample: Sample
    ) -> Learnt | None:
        """What may be suggested to anybody, learnt on the days that are not held out."""
        youngest = self._groups[0]  # what may be suggested to it may be to all
        at = [
            i
            for i, article in enumerate(known.articles)
            if may_be_suggested(article, youngest, self._rules, challenge_age=self._challenge_age)
        ]
        skus = tuple(features.skus[i] for i in at)
        if not skus:
            return None
        counts = deconvolved(learning, known.confusion)
        rows_ = slice(features.at_skus, features.at_sets)
        noise = inflation(counts, rows_)
        observed, expected = counts.observed[0, rows_], counts.expected[0, rows_]
        lift = np.stack(
            [
                shrunken(observed[:, g], expected[:, g], noise[:, g])
                for g in range(len(self._groups))
            ],
            axis=1,
        )[at]
        share = observed[at].sum(axis=1) / counts.observed[0, 0].sum()
        mined = rules(sample.baskets, frozenset(skus))
        return Learnt(skus, share, lift, mined)

    def _insights(
        self, contents: PeriodContents, known: Evidence, tested: Backtest | None
    ) -> Insights:
        hidden = withheld(known)
        table = rows(known, hidden)
        counts, features, tally = known.counts, known.features, known.tally
        observed = counts.observed[0]
        spread = counts.linear[1:, 0].std(axis=0, ddof=1)
        missing = counts.linear[0, 0] < -_MISFIT * spread
        return Insights(
            first=self.first,
            last=self.last,
            chain=self.policy.chain_name,
            lawful_basis=str(self._rules.lawful_basis),
            models=tuple(sorted(contents.models)),
            policy_sha256=self.policy.sha256,
            auditor_version=version("auditor"),
            min_cell=self._rules.min_cell,
            challenge_age=self._challenge_age,
            population=self._population(contents),
            store_days=tally.store_days,
            resamples=tally.resamples,
            baskets=tally.baskets,
            overall_hours=hours_of_all(known, hidden),
            overall_articles=float(observed[features.at_articles].sum() / tally.baskets),
            groups=group_figures(known, hidden),
            confusion=tuple(map(tuple, counts.metric.matrix.tolist())),
            categories=tuple(row for row in table if row.sku is None),
            articles=tuple(row for row in table if row.sku is not None),
            articles_left_out=len(contents.in_baskets) - len(features.skus),
            withheld=int(hidden.cells.sum()),
            misfit=tuple(
                group.name for group, is_so in zip(self._groups, missing, strict=True) if is_so
            ),
            before=(self._before[0], self._before[-1]) if known.changes else None,
            before_days=len(self._before) if known.changes else 0,
            backtest=tested,
            held_out_days=tuple(self._held_out),
        )

    def _population(self, contents: PeriodContents) -> Population:
        transactions = alcohol_sales = 0
        for day in sorted(contents.days):
            stores = Partitions(self.out, "insights", day).stores
            coverage = read_day(self.out, "coverage", day, stores)
            transactions += pc.sum(coverage["transactions"]).as_py() or 0
            alcohol_sales += pc.sum(coverage["alcohol_sales"]).as_py() or 0
        asked = [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]
        return Population(
            days=tuple(sorted(contents.days)),
            missing_days=tuple(day for day in asked if day not in contents.days),
            stores=len(contents.stores),
            transactions=transactions,
            alcohol_sales=alcohol_sales,
            baskets_of_alcohol=contents.of_alcohol,
            baskets_of_others=contents.of_others,
            nothing_bought=contents.nothing_bought,
        )


def _only(tally: Tally, rows_: list[int]) -> Tally:
    """The tally of some of its features."""
    return replace(
        tally,
        features=len(rows_),
        observed={model: sums[:, rows_] for model, sums in tally.observed.items()},
        expected={model: sums[:, rows_] for model, sums in tally.expected.items()},
    )
