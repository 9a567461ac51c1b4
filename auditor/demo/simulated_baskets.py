"""Simulates weeks of baskets with age groups, without pictures: input for `auditor insights`.

Each basket is drawn as a night keeps it: a customer's age, articles by the catalogue's tastes of
that age, and the age model's probabilities over the groups. The latter come from a Dirichlet
distribution with the mean and spread that the demo's confusion has at that age, so that correcting
for the model's errors works as on real baskets.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
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

_STREAM = 3  # of random numbers; writing the demo uses others
_PENNY = Decimal("0.01")
_STARTS = catalogue.TASTE_AGES  # of the age groups


@dataclass(frozen=True, slots=True)
class SimulatedBasket:
    """A basket, with the true age, which is unknown of real ones."""

    store_id: str
    day: date
    hour: int
    age: float
    articles: tuple[Product, ...]
    probabilities: Floats  # of the age groups, shape (groups,)


def write_baskets(folder: Path, weeks: int, *, seed: int = 1) -> tuple[date, date]:
    """Write the baskets of some weeks up to the demo's last day into an OUT, as nightly runs would.

    Returns:
        The first and last day of the last week.
    """
    out = Place(str(folder))
    model = _confusion().model
    for day in (LAST - timedelta(days=n) for n in reversed(range(7 * weeks))):
        for shop in catalogue.STORES:
            baskets = list(baskets_of(shop, day, seed))
            rows = sorted((_row(basket, model) for basket in baskets), key=repr)
            write_partition(out, "insights", day, shop.store_id, INSIGHTS.from_rows(rows))
            coverage = STORE_DAYS.from_rows([_coverage(shop, len(baskets))])
            write_partition(out, "coverage", day, shop.store_id, coverage)
    return LAST - timedelta(days=6), LAST


def baskets_of(shop: Store, day: date, seed: int) -> Iterator[SimulatedBasket]:
    """The baskets of a store and day."""
    rng = catalogue.stream(seed, day, shop, _STREAM)
    busy = 1.3 if day.weekday() >= 4 else 0.9
    hours = np.array(catalogue.ALCOHOL_BY_HOUR, float)
    hours[: shop.opens] = hours[shop.closes :] = 0
    ages, (means, concentrations) = np.array(_confusion().ages), _probabilities()
    for _ in range(rng.poisson(shop.alcohol_sales * busy)):
        buyer = buyer_of(shop, rng)
        drinks = 1 + int(rng.random() < 0.3)
        articles = pick(catalogue.OTHER, buyer, int(rng.integers(0, 6)), rng)
        articles += pick(catalogue.ALCOHOL, buyer, drinks, rng)
        nearest = int(np.abs(ages - int(buyer.age)).argmin())
        yield SimulatedBasket(
            shop.store_id,
            day,
            int(rng.choice(24, p=hours / hours.sum())),
            buyer.age,
            tuple(articles),
            rng.dirichlet(np.maximum(concentrations[nearest] * means[nearest], 1e-3)),
        )


@cache
def _confusion() -> Confusion:
    text = (resources.folder("auditor/demo") / FILE).read_text(encoding="utf-8")
    return Confusion.from_json(text)


@cache
def _probabilities() -> tuple[Floats, Floats]:
    """By measured age: the mean probabilities of the groups, and their concentration."""
    known = _confusion()
    # A Dirichlet variance is m (1 - m) / (1 + concentration): the noise is 1 / (1 + it).
    concentrations = np.maximum(1 / np.array(known.noise) - 1, 0.1)
    return AgeDistributions(known.means).over_groups(_STARTS), concentrations


def _row(basket: SimulatedBasket, model: str) -> dict[str, Any]:
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
                "amount": (product.price * count).quantize(_PENNY),
                "alcohol": product in catalogue.ALCOHOL,
            }
            for product, count in Counter(basket.articles).items()
        ],
        "model": model,
        "group_starts": ",".join(map(str, _STARTS)),
        "groups": in_hundredths(basket.probabilities[None])[0].tolist(),
    }


def _coverage(shop: Store, baskets: int) -> dict[str, Any]:
    return dict.fromkeys(STORE_DAYS.names, 0) | {
        "store_id": shop.store_id,
        "store_name": shop.name,
        "time_zone": catalogue.ZONE,
        "export_status": "read",
        "transactions": round(baskets * (1 + catalogue.OTHER_BASKETS)),
        "alcohol_sales": baskets,
    }
