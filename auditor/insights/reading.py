"""The baskets of a period, a store and day at a time: memory does not grow with the period."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.errors import ConfigurationError
from auditor.faces.ages import Floats
from auditor.storage.partitions import Partitions
from auditor.storage.place import Place

Positions = NDArray[np.int64]

NO_CATEGORY = "no category"


@dataclass(frozen=True, slots=True)
class Article:
    """What is known of an article number."""

    sku: str
    description: str
    category: str
    alcohol: bool


@dataclass(frozen=True, slots=True)
class StoreDay:
    """The baskets of one store and day, each with at least one article bought.

    ``basket`` and ``article`` are one entry for each article in each basket, net of what was given
    back; ``article`` counts in ``articles``.
    """

    store_id: str
    day: date
    model: str
    currency: str
    groups: Floats  # shape (baskets, groups)
    hour: Positions  # shape (baskets,)
    alcohol_sale: NDArray[np.bool_]  # shape (baskets,)
    value: Floats  # shape (baskets,), in the currency
    basket: Positions
    article: Positions
    articles: tuple[Article, ...]
    nothing_bought: int  # baskets that only gave back, or whose sale was refused


def store_days(out: Place, days: Iterable[date], starts: tuple[int, ...]) -> Iterator[StoreDay]:
    """Read the baskets (tables.INSIGHTS) of some business days, day by day and store by store.

    Raises:
        ConfigurationError: the baskets of a day were kept by other age groups, or by several
            models.
    """
    known: dict[str, Article] = {}
    for day in days:
        kept = Partitions(out, "insights", day)
        for store_id in kept.stores:
            table = kept.of(store_id)
            if table.num_rows:
                yield _read(table, store_id, day, starts, known)


def _read(
    table: pa.Table, store_id: str, day: date, starts: tuple[int, ...], known: dict[str, Article]
) -> StoreDay:
    wanted = ",".join(map(str, starts))
    if (kept_by := table["group_starts"].unique().to_pylist()) != [wanted]:
        raise ConfigurationError(
            f"{day}, store {store_id}: the baskets were kept by the age groups "
            f"{' and '.join(kept_by)}, and the policy's insights.age_groups are {wanted}: run the "
            "day again, or choose days that agree"
        )
    models, currencies = (table[name].unique().to_pylist() for name in ("model", "currency"))
    if len(models) > 1 or len(currencies) > 1:
        raise ConfigurationError(f"{day}, store {store_id}: {models}, {currencies}: run it again")
    lines = table["lines"].combine_chunks()
    owner = pc.list_parent_indices(lines).to_numpy()
    flat = lines.flatten()
    names = flat.field("sku").dictionary_encode()
    code = names.indices.to_numpy().astype(np.int64)
    distinct = max(len(names.dictionary), 1)
    amount = flat.field("amount").cast(pa.float64()).to_numpy(zero_copy_only=False)
    keys, entry = np.unique(owner * distinct + code, return_inverse=True)
    net = np.bincount(entry, flat.field("quantity").cast(pa.float64()), minlength=len(keys))
    bought = net > 1e-9
    basket, article = keys[bought] // distinct, keys[bought] % distinct
    kept, place = np.unique(basket, return_inverse=True)
    groups = table["groups"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return StoreDay(
        store_id,
        day,
        models[0],
        currencies[0],
        groups.reshape(table.num_rows, -1)[kept].astype(np.float64),
        table["hour"].to_numpy()[kept].astype(np.int64),
        table["alcohol_sale"].to_numpy()[kept],
        np.bincount(owner, amount, minlength=table.num_rows)[kept],
        place.astype(np.int64),
        article,
        _articles(flat, code, names.dictionary.to_pylist(), known),
        table.num_rows - len(kept),
    )


def _articles(
    flat: pa.StructArray, code: Positions, skus: list[str], known: dict[str, Article]
) -> tuple[Article, ...]:
    """What is known of the article numbers of a store-day; the first to describe one decides."""
    new = [place for place, sku in enumerate(skus) if sku not in known]
    if new:
        _, first = np.unique(code, return_index=True)
        for row in flat.take(pa.array(first[new])).to_pylist():
            sku, category = row["sku"], row["category"] or NO_CATEGORY
            known[sku] = Article(sku, row["description"] or sku, category, row["alcohol"])
    return tuple(known[sku] for sku in skus)
