"""Baskets of a chain that is simulated, with the truth known: who bought what, and what is said.

A buyer of true age a is said to be of a normal distribution about a + error, the errors drawn per
basket; the probabilities are what Bayes' rule gives for it, so that they mean what they say. The
confusion is measured on labelled faces simulated in the same way, as a version's is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from auditor.faces.ages import AGES, AgeDistributions, Floats, in_hundredths
from auditor.faces.confusion import Confusion, measured
from auditor.insights.reading import Article, StoreDay

STARTS = (18, 25, 35, 50, 65)
MODEL = "simulated/1"
FIRST = date(2026, 3, 2)

#: Of the labelled faces, by true age: as wide as web photographs are.
_LABELLED = np.where((AGES >= 12) & (AGES < 90), 1.0, 0.0)


@dataclass(frozen=True)
class Tastes:
    """What is bought, and by whom."""

    share: Floats  # P(article in the basket), shape (articles, true groups)
    store_spread: float = 0.0  # standard deviation of the stores' own log odds of every article
    day_spread: float = 0.0  # likewise of the days

    @property
    def articles(self) -> tuple[Article, ...]:
        """The articles: ``A000`` and so on, four to a category."""
        return tuple(
            Article(f"A{i:03}", f"Article {i}", f"category {i // 4}", alcohol=False)
            for i in range(len(self.share))
        )


@dataclass(frozen=True)
class Error:
    """How far estimates are off: standard deviation, years, at an age of 20 and per year above."""

    at_20: float = 4.5
    a_year: float = 0.08

    def sd(self, ages: Floats) -> Floats:
        """At each of some ages."""
        return np.clip(self.at_20 + self.a_year * (ages - 20), 2.0, None)


def said_of(ages: Floats, error: Error, rng: np.random.Generator) -> AgeDistributions:
    """What a calibrated model would say of buyers of these true ages."""
    seen = ages + rng.normal(size=len(ages)) * error.sd(ages)
    sd = error.sd(AGES.astype(float))
    likelihood = np.exp(-0.5 * ((seen[:, None] - AGES) / sd) ** 2) / sd
    return AgeDistributions.from_scores(likelihood * _LABELLED + 1e-300)


def confusion(error: Error, rng: np.random.Generator, faces: int = 1600) -> Confusion:
    """Measured on labelled faces of all ages."""
    ages = rng.integers(12, 90, faces).astype(float)
    parts = [(said_of(ages, error, rng), ages)]
    return measured(MODEL, ("w", None), parts, starts=STARTS)


@dataclass(frozen=True)
class Chain:
    """Stores and days with baskets; ``shares`` are the true shares of the groups."""

    stores: int
    days: int
    baskets: int  # a store and day
    shares: tuple[float, ...]
    tastes: Tastes
    error: Error = Error()  # frozen

    def cells(self, rng: np.random.Generator) -> Iterator[tuple[StoreDay, NDArray[np.int64]]]:
        """Each store-day with the true group of every basket."""
        articles = len(self.tastes.share)
        odds = np.log(self.tastes.share / (1 - self.tastes.share))
        of_store = rng.normal(size=(self.stores, articles)) * self.tastes.store_spread
        of_day = rng.normal(size=(self.days, articles)) * self.tastes.day_spread
        mix = rng.normal(size=(self.stores, len(self.shares))) * 0.3
        for day in range(self.days):
            for store in range(self.stores):
                share = np.array(self.shares) * np.exp(mix[store])
                group = rng.choice(len(share), self.baskets, p=share / share.sum())
                shift = of_store[store] + of_day[day]
                p = 1 / (1 + np.exp(-(odds + shift[:, None]))[:, group])
                bought = rng.random(p.shape) < p
                yield self._cell(store, day, group, bought, rng), group

    def _cell(
        self,
        store: int,
        day: int,
        group: NDArray[np.int64],
        bought: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> StoreDay:
        said = said_of(ages_in(group, rng), self.error, rng)
        basket, article = np.nonzero(bought.T)
        return StoreDay(
            store_id=f"S{store:04}",
            day=FIRST + timedelta(days=day),
            model=MODEL,
            currency="GBP",
            groups=in_hundredths(said.over_groups(STARTS)),
            hour=rng.integers(8, 22, len(group)),
            alcohol_sale=np.zeros(len(group), bool),
            value=bought.sum(axis=0) * 2.5,
            basket=basket,
            article=article,
            articles=self.tastes.articles,
            nothing_bought=0,
        )


def ages_in(group: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """A true age for each basket, even over the years of its group."""
    low, high = np.array([12, *STARTS]), np.array([*STARTS, 90])
    return np.asarray(rng.integers(low[group], high[group]).astype(float))
