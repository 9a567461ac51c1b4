"""Soft counts of features by age group, with resamples for their intervals.

A basket counts in every age group by its probability. The features are the basket itself, its
value, its number of articles, its hour, its categories and articles, and sets of articles. Counts
are sums over store-days, so they are added up as store-days are read.

Intervals are from the Bayesian bootstrap (Rubin 1981, doi 10.1214/aos/1176345338) with store-days
as units: baskets of one store and day share its offers, weather and neighbourhood. In each resample
the confusion matrix is drawn anew as well, from a Dirichlet distribution as sure as the faces that
it was measured on.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from scipy import sparse

from auditor.faces.ages import Floats
from auditor.faces.confusion import GroupConfusion
from auditor.insights.deconvolution import Deconvolution
from auditor.insights.reading import StoreDay

#: Resamples, beside the estimate itself.
RESAMPLES = 200

_AT_A_TIME = 32  # store-days added in one matrix product

#: Gives a store-day's features as a sparse matrix, shape (features, baskets).
Counter = Callable[[StoreDay], sparse.csr_matrix]


@dataclass
class Tally:
    """Soft counts of features by age group, observed and expected.

    ``observed[model][r, x, g]`` is the sum over baskets of feature x times P(group g), with the
    weights of resample r (0: all weights 1). ``expected`` is the same if, within each store and
    day, every group had the feature alike: what the groups' different stores, days and seasons
    explain.
    """

    features: int
    groups: int
    counter: Counter
    resamples: int = RESAMPLES
    observed: dict[str, Floats] = field(default_factory=dict)
    expected: dict[str, Floats] = field(default_factory=dict)
    baskets: int = 0
    store_days: int = 0
    _waiting: list[tuple[str, Floats, Floats]] = field(default_factory=list)
    _rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(20260327))

    def add(self, cell: StoreDay) -> None:
        """Count a store-day."""
        counts = self.counter(cell)
        soft = np.asarray(counts @ cell.groups)
        alike = np.asarray(counts.sum(axis=1)).reshape(-1, 1) / len(cell.groups)
        self._waiting.append((cell.model, soft, alike * cell.groups.sum(axis=0)))
        self.baskets += len(cell.groups)
        self.store_days += 1
        if len(self._waiting) == _AT_A_TIME:
            self._add_up()

    def closed(self) -> "Tally":
        """The tally itself, with everything added up."""
        self._add_up()
        return self

    def _add_up(self) -> None:
        weights = np.ones((self.resamples + 1, len(self._waiting)))
        weights[1:] = self._rng.standard_exponential((self.resamples, len(self._waiting)))
        for model in sorted({model for model, _, _ in self._waiting}):
            own = [i for i, waiting in enumerate(self._waiting) if waiting[0] == model]
            for part, sums in ((1, self.observed), (2, self.expected)):
                stack = np.stack([self._waiting[i][part] for i in own]).reshape(len(own), -1)
                added = (weights[:, own] @ stack).reshape(-1, self.features, self.groups)
                sums[model] = sums[model] + added if model in sums else added
        self._waiting.clear()


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts by true age group, corrected for the model's errors; [0] is the estimate.

    All have shape (1 + resamples, features, groups). ``linear`` and ``expected_linear`` are without
    the constraints: unbiased, so for tests; they may be negative, so not for pages.
    """

    observed: Floats
    expected: Floats
    linear: Floats
    expected_linear: Floats
    metric: Deconvolution


def deconvolved(tally: Tally, confusion: Mapping[str, GroupConfusion], seed: int = 1) -> Counts:
    """Correct a tally for the model's errors.

    Args:
        tally: closed, with at least one basket.
        confusion: of every model in it.
        seed: of the drawn matrices; the same for tallies that are compared, so that an error of the
            matrix is the same in both.

    Raises:
        ModelError: a model cannot tell the groups apart.
    """
    linear, alike = np.zeros((2, tally.resamples + 1, tally.features, tally.groups))
    mean = np.zeros((tally.groups, tally.groups))
    for model, observed in sorted(tally.observed.items()):
        known = confusion[model]
        Deconvolution.of(known.matrix)  # refuses one that cannot be inverted
        for r, matrix in enumerate(_drawn(known, tally.resamples, seed)):
            inverse = np.linalg.inv(matrix)
            linear[r] += observed[r] @ inverse
            alike[r] += tally.expected[model][r] @ inverse
        mean += known.matrix * observed[0, 0].sum() / tally.baskets
    metric = Deconvolution.of(mean)
    return Counts(metric.constrained(linear), metric.constrained(alike), linear, alike, metric)


def _drawn(known: GroupConfusion, resamples: int, seed: int) -> Iterator[Floats]:
    """The matrix itself, then draws of it as measured on other faces."""
    rng = np.random.default_rng(seed)
    yield known.matrix
    for _ in range(resamples):
        rows = zip(known.sure_as, known.matrix, strict=True)
        yield np.array([rng.dirichlet(np.maximum(n * row, 1e-6)) for n, row in rows])


@dataclass(frozen=True, slots=True)
class Features:
    """What is counted: names in order. The first is the basket itself."""

    currencies: tuple[str, ...]
    categories: tuple[str, ...]
    skus: tuple[str, ...]
    sets: tuple[frozenset[str], ...] = ()

    def __len__(self) -> int:
        return self.at_sets + len(self.sets)

    at_articles: ClassVar[int] = 1  # where the number of articles stands
    at_hours: ClassVar[int] = 2  # where the first of 24 hours stands

    @property
    def at_currencies(self) -> int:
        """Where the first of the currencies stands: baskets of each, then values of each."""
        return self.at_hours + 24

    @property
    def at_categories(self) -> int:
        """Where the first category stands."""
        return self.at_currencies + 2 * len(self.currencies)

    @property
    def at_skus(self) -> int:
        """Where the first article stands."""
        return self.at_categories + len(self.categories)

    @property
    def at_sets(self) -> int:
        """Where the first set of articles stands."""
        return self.at_skus + len(self.skus)

    def counter(self) -> Counter:
        """The function that counts these features."""
        return _Counter(self)


class _Counter:
    def __init__(self, features: Features) -> None:
        self._features = features
        self._sku = {sku: i for i, sku in enumerate(features.skus)}
        self._category = {name: i for i, name in enumerate(features.categories)}
        self._sets = [sorted(self._sku[sku] for sku in items) for items in features.sets]

    def __call__(self, cell: StoreDay) -> sparse.csr_matrix:
        f, baskets = self._features, len(cell.groups)
        each = np.arange(baskets)
        sku = np.array([self._sku.get(a.sku, -1) for a in cell.articles])[cell.article]
        category = np.array([self._category[a.category] for a in cell.articles])[cell.article]
        ones = np.ones(len(sku))
        bought = sparse.csr_matrix(
            (ones[sku >= 0], (sku[sku >= 0], cell.basket[sku >= 0])), (len(f.skus), baskets)
        )
        categories = sparse.csr_matrix(
            (ones, (category, cell.basket)), (len(f.categories), baskets)
        )
        categories.data[:] = 1  # whether, not how often
        currency = f.currencies.index(cell.currency)
        return sparse.vstack(
            [
                sparse.csr_matrix(np.ones((1, baskets))),
                sparse.csr_matrix(np.bincount(cell.basket, minlength=baskets)[None, :]),
                sparse.csr_matrix((np.ones(baskets), (cell.hour, each)), (24, baskets)),
                _row(np.ones(baskets), currency, len(f.currencies)),
                _row(cell.value, currency, len(f.currencies)),
                categories,
                bought,
                self._all_of(bought),
            ],
            format="csr",
        )

    def _all_of(self, bought: sparse.csr_matrix) -> sparse.csr_matrix:
        """Which baskets hold all articles of each set."""
        if not self._sets:
            return sparse.csr_matrix((0, bought.shape[1]))
        rows = np.repeat(np.arange(len(self._sets)), [len(items) for items in self._sets])
        columns = np.concatenate(self._sets)
        shape = (len(self._sets), bought.shape[0])
        of_set = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape)
        held = of_set @ bought
        wanted = np.repeat(np.diff(of_set.indptr), np.diff(held.indptr))
        held.data = (held.data == wanted).astype(float)
        held.eliminate_zeros()
        return held


def _row(values: Floats, row: int, rows: int) -> sparse.csr_matrix:
    at = np.full(len(values), row)
    return sparse.csr_matrix((values, (at, np.arange(len(values)))), (rows, len(values)))
