"""Which articles are bought together: frequent sets and rules, found by FP-growth.

FP-growth (Han, Pei and Yin 2000, doi 10.1145/335191.335372) as in mlxtend (Raschka 2018, doi
10.21105/joss.00638), on baskets drawn evenly from the whole period. What it finds is a list of
candidates; their support, confidence and lift by age group are counted on all baskets afterwards.
"""

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from auditor.errors import ConfigurationError
from auditor.faces.ages import Floats
from auditor.insights.reading import StoreDay

#: Baskets that rules are looked for in; more make them slower, not better.
SAMPLE = 40_000
_LONGEST = 3  # articles in a set
_MOST_RULES = 400
_FEWEST_TOGETHER, _RAREST = 10, 1e-3  # baskets with all of a set; the same as a share


@dataclass(frozen=True, slots=True)
class Rule:
    """Who has ``given`` in the basket often has ``also``; figures over the sampled baskets."""

    given: frozenset[str]
    also: str
    support: float
    confidence: float
    lift: float

    @property
    def all(self) -> frozenset[str]:
        """Both sides."""
        return self.given | {self.also}


@dataclass(frozen=True, slots=True)
class Basket:
    """Article numbers of a basket, with the probabilities of its age groups."""

    skus: frozenset[str]
    groups: Floats  # shape (groups,)
    cell: int  # baskets of one store and day have one number


@dataclass
class Sample:
    """At most ``size`` baskets, each store-day by the same share of its own.

    Halved whenever it overflows, so that no more than one reading is needed; which baskets stay
    follows from a hash of store and day, so that a second run draws the same.
    """

    size: int = SAMPLE
    baskets: list[Basket] = field(default_factory=list)
    _draws: list[float] = field(default_factory=list)
    _below: float = 1.0
    _cells: int = 0

    def add(self, cell: StoreDay) -> None:
        """Draw from a store-day."""
        key = hashlib.sha256(f"{cell.store_id}/{cell.day}".encode()).digest()[:8]
        draws = np.random.default_rng(int.from_bytes(key)).random(len(cell.groups))
        bounds = np.searchsorted(cell.basket, np.arange(len(cell.groups) + 1))
        for number in np.flatnonzero(draws < self._below).tolist():
            articles = cell.article[bounds[number] : bounds[number + 1]]
            skus = frozenset(cell.articles[a].sku for a in articles)
            self.baskets.append(Basket(skus, cell.groups[number], self._cells))
            self._draws.append(float(draws[number]))
        self._cells += 1
        while len(self.baskets) > self.size:
            self._below /= 2
            kept = [i for i, draw in enumerate(self._draws) if draw < self._below]
            self.baskets = [self.baskets[i] for i in kept]
            self._draws = [self._draws[i] for i in kept]


def rules(baskets: list[Basket], eligible: frozenset[str]) -> list[Rule]:
    """Find rules that end in an eligible article, the strongest first."""
    try:
        from mlxtend.frequent_patterns import (  # noqa: PLC0415  # 0.5 s, and only here
            association_rules,
            fpgrowth,
        )
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "mlxtend is not installed; insights need it: pip install 'auditor[insights]'"
        ) from error

    fewest = max(_FEWEST_TOGETHER, _RAREST * len(baskets))
    frequency = Counter(sku for basket in baskets for sku in basket.skus)
    skus = sorted(sku for sku, count in frequency.items() if count >= fewest)
    if len(skus) < 2:
        return []
    place = {sku: i for i, sku in enumerate(skus)}
    columns = [sorted(place[sku] for sku in basket.skus & place.keys()) for basket in baskets]
    ends = np.cumsum([0, *map(len, columns)])
    shape = (len(baskets), len(skus))
    matrix = sparse.csr_matrix((np.ones(ends[-1], bool), np.concatenate(columns), ends), shape)
    table = pd.DataFrame.sparse.from_spmatrix(matrix)  # type: ignore[attr-defined]
    found = fpgrowth(table, min_support=fewest / len(baskets), max_len=_LONGEST)
    if found.empty:
        return []
    mined = association_rules(found, metric="lift", min_threshold=1.05)
    return sorted(
        (
            Rule(frozenset(skus[i] for i in row.antecedents), skus[also], *figures)
            for row in mined.itertuples()
            for also in list(row.consequents)[:1]
            if len(row.consequents) == 1 and skus[also] in eligible
            for figures in [(row.support, row.confidence, row.lift)]
        ),
        key=lambda rule: (-rule.lift * math.sqrt(rule.support), sorted(rule.given), rule.also),
    )[:_MOST_RULES]
