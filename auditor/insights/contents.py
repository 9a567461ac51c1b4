"""The contents of a period: what there is to count, found in the first pass over it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from auditor.insights.reading import Article, StoreDay
from auditor.insights.tallies import Features

#: Articles that are counted one by one: those in most baskets. It bounds the pages' length.
MOST_ARTICLES = 2000


@dataclass
class PeriodContents:
    """Articles, categories, stores and days of a period, collected store-day by store-day."""

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
    store_days: int = 0

    def add(self, cell: StoreDay) -> None:
        """Add the contents of a store-day."""
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
        self.store_days += 1

    def features(self, least: int, sets: Sequence[frozenset[str]] = ()) -> Features:
        """The features to count; of the articles, those in at least ``least`` baskets."""
        known = [sku for sku, count in self.in_baskets.items() if count >= least]
        known.sort(key=lambda sku: (-self.in_baskets[sku], sku))
        return Features(
            tuple(sorted(self.currencies)),
            tuple(sorted(self.categories)),
            tuple(sorted(known[:MOST_ARTICLES])),
            tuple(sets),
        )
