"""Weeks of baskets by age group, simulated without pictures: something for `auditor insights`.

What a night keeps of a basket is drawn at once: a customer's age, what somebody of that age takes
(the tastes of the catalogue), and what the age model would have said. For the latter, probabilities
over the groups are drawn from a Dirichlet distribution with the mean and the spread that the demo's
confusion has at that age, so that unblurring them is what it is for real ones.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from auditor import resources
from auditor.demo import catalogue
from auditor.demo.catalogue import Product, Store
from auditor.demo.chain import buyer_of, pick
from auditor.faces.ages import AgeDistributions, Floats, in_hundredths
from auditor.faces.confusion import FILE, Confusion
from auditor.storage.partitions import write_partition
from auditor.storage.place import Place
from auditor.tables import INSIGHTS, STORE_DAYS

#: The last day: the Sunday on which the demo ends.
LAST = catalogue.DAYS[-1]

_PURPOSE = 3  # a stream of chance of its own, beside those of writing.py
_TENTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Past:
    """A basket of the past, with the truth that nobody knows of a real one."""

    store_id: str
    day: date
    hour: int
    age: float
    articles: tuple[Product, ...]
    said: Floats  # shape (groups,)


def write_past(
    folder: Path, weeks: int, *, seed: int = 1, starts: tuple[int, ...] = catalogue.TASTE_AGES
) -> tuple[date, date]:
    """Write the baskets of ``weeks`` weeks up to the demo's last day, as the nights would have.

    Args:
        folder: to be used as OUT: gets insights/ and coverage/.
        weeks: how many.
        seed: of everything that is left to chance.
        starts: of the age groups.

    Returns:
        The first and last day of the last week.
    """
    out = Place(str(folder))
    model = _confusion().model
    for day in (LAST - timedelta(days=n) for n in reversed(range(7 * weeks))):
        for shop in catalogue.STORES:
            baskets = list(past_of(shop, day, starts, seed))
            rows = sorted((_row(basket, model, starts) for basket in baskets), key=repr)
            write_partition(out, "insights", day, shop.store_id, INSIGHTS.from_rows(rows))
            coverage = STORE_DAYS.from_rows([_coverage(shop, len(baskets))])
            write_partition(out, "coverage", day, shop.store_id, coverage)
    return LAST - timedelta(days=6), LAST


def past_of(shop: Store, day: date, starts: tuple[int, ...], seed: int) -> Iterator[Past]:
    """The baskets of a store and day."""
    key = (day.toordinal(), int(shop.store_id[1:]), _PURPOSE)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    busy = 1.3 if day.weekday() >= 4 else 0.9
    hours = np.array(catalogue.ALCOHOL_BY_HOUR, float)
    hours[: shop.opens] = hours[shop.closes :] = 0
    means = _means(starts)
    for _ in range(rng.poisson(shop.alcohol_sales * busy)):
        buyer = buyer_of(shop, rng)
        drinks = 1 + int(rng.random() < 0.3)
        articles = pick(catalogue.OTHER, buyer, int(rng.integers(0, 6)), rng)
        articles += pick(catalogue.ALCOHOL, buyer, drinks, rng)
        mean, concentration = means(buyer.age)
        yield Past(
            shop.store_id,
            day,
            int(rng.choice(24, p=hours / hours.sum())),
            buyer.age,
            tuple(articles),
            rng.dirichlet(np.maximum(concentration * mean, 1e-3)),
        )


@lru_cache(maxsize=1)
def _confusion() -> Confusion:
    text = (resources.folder("auditor/demo") / FILE).read_text(encoding="utf-8")
    return Confusion.from_json(text)


class _Means:
    """Mean and concentration of what is said of an age, of the nearest age that was measured."""

    def __init__(self, starts: tuple[int, ...]) -> None:
        known = _confusion()
        self._ages = np.array(known.ages)
        self._means = AgeDistributions(known.means).over_groups(starts)
        # A Dirichlet variance is m (1 - m) / (1 + concentration): the noise is 1 / (1 + it).
        self._concentrations = 1 / np.array(known.noise) - 1

    def __call__(self, age: float) -> tuple[Floats, float]:
        place = int(np.abs(self._ages - int(age)).argmin())
        return self._means[place], float(max(self._concentrations[place], 0.1))


_means = lru_cache(_Means)


def _row(basket: Past, model: str, starts: tuple[int, ...]) -> dict[str, Any]:
    return {
        "store_id": basket.store_id,
        "hour": basket.hour,
        "alcohol_sale": True,
        "currency": "GBP",
        "lines": [
            {
                "sku": product.sku,
                "description": product.description,
                "category": product.category,
                "quantity": Decimal(count),
                "amount": (product.price * count).quantize(_TENTH),
                "alcohol": product in catalogue.ALCOHOL,
            }
            for product, count in Counter(basket.articles).items()
        ],
        "model": model,
        "group_starts": ",".join(map(str, starts)),
        "groups": in_hundredths(basket.said[None])[0].tolist(),
    }


def _coverage(shop: Store, baskets: int) -> dict[str, Any]:
    counts = {c.name: 0 for c in STORE_DAYS.columns if c.name not in _NAMED}
    return counts | {
        "store_id": shop.store_id,
        "store_name": shop.name,
        "time_zone": catalogue.ZONE,
        "export_status": "read",
        "transactions": round(baskets * (1 + catalogue.OTHER_BASKETS)),
        "alcohol_sales": baskets,
    }


_NAMED = ("store_id", "store_name", "time_zone", "export_status")
