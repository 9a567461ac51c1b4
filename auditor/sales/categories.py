"""Counts of the categories that an export names, to see whether the policy knows its alcohol."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.policy import Policy, Rules
from auditor.sales.codes import coded
from auditor.sales.transactions import Transactions
from auditor.tables import CATEGORY_COUNTS

#: What the till wrote where it did not ask for an age.
NOT_ASKED = ("none", "not_recorded")


def count_categories(divided: Transactions, alcohol: Flags, day: date, policy: Policy) -> pa.Table:
    """Count the lines of each store's categories: CATEGORY_COUNTS, sorted by store and category.

    A check is recorded on the line that asked for it, on every line of its transaction, or on a
    line of its own. So it counts for each article of its transaction, unless something in it is
    named by the policy: that explains it.

    Args:
        divided: the transactions of a day, and of the hours around it, which are not counted.
        alcohol: which of the lines are alcohol.
        day: the business day, by whose rules.
        policy: says which categories are known.
    """
    lines = divided.lines
    kind = pc.fill_null(lines["line_type"], "item")
    item = pc.equal(kind, "item").to_numpy(zero_copy_only=False)
    asked = pc.invert(pc.is_in(lines["id_check"], pa.array(NOT_ASKED))).to_numpy()
    owner = np.repeat(np.arange(len(divided.starts)), divided.ends - divided.starts)
    explained = _any(alcohol | _named(lines, day, policy), owner)
    on_its_own = _any(asked & ~item, owner)
    item &= divided.of_day[owner]
    unexplained = item & ~explained
    store, category = coded(lines["store_id"]), coded(lines["category"])
    names, place = _alike(category.distinct)
    cell = store.codes * max(len(names), 1) + place[category.codes]
    flags = (item, item & alcohol, unexplained, unexplained & (asked | on_its_own))
    size = len(store.distinct) * max(len(names), 1)
    counts = [np.bincount(cell, weights=each, minlength=size).astype(np.int64) for each in flags]
    rows = [
        {
            "store_id": store.distinct[at // len(names)],
            "category": names[at % len(names)],
            **{n: int(c[at]) for n, c in zip(CATEGORY_COUNTS.names[2:], counts, strict=True)},
        }
        for at in np.flatnonzero(counts[0]).tolist()
    ]
    return CATEGORY_COUNTS.from_rows(rows).sort_by(
        [("store_id", "ascending"), ("category", "ascending")]
    )


def named_categories(rules: Rules) -> frozenset[str]:
    """The categories that the policy names, as alcohol or not, as they are compared."""
    names = rules.alcohol_categories | rules.alcohol_free_categories | rules.other_categories
    return frozenset(map(folded_name, names))


def _named(lines: pa.Table, day: date, policy: Policy) -> Flags:
    """Which lines the policy names by their category, or as free of alcohol."""
    store, sku = coded(lines["store_id"]), coded(lines["sku"])
    category = coded(lines["category"])
    folded = [folded_name(name) for name in category.distinct]
    flags = np.zeros(lines.num_rows, np.bool_)
    alike: dict[tuple[frozenset[str], frozenset[str]], list[int]] = {}
    for number, store_id in enumerate(store.distinct):
        rules = policy.rules(day, store_id)
        alike.setdefault((named_categories(rules), rules.alcohol_free_skus), []).append(number)
    for (names, free), stores in alike.items():
        named = np.array([name in names for name in folded], np.bool_)[category.codes]
        named |= np.array([s in free for s in sku.distinct], np.bool_)[sku.codes]
        flags |= np.isin(store.codes, stores) & named
    return flags


def folded_name(category: str | None) -> str:
    """A category as it is compared; empty for none."""
    return (category or "").strip().casefold()


def _alike(names: Sequence[str | None]) -> tuple[list[str | None], npt.NDArray[np.int64]]:
    """The names that differ when compared, as they are first written, and each one's place."""
    places: dict[str, int] = {}
    shown: list[str | None] = []
    place = np.empty(len(names), np.int64)
    for number, name in enumerate(names):
        folded = folded_name(name)
        if folded not in places:
            places[folded] = len(shown)
            shown.append((name or "").strip() or None)
        place[number] = places[folded]
    return shown, place


def _any(flags: Flags, owner: npt.NDArray[np.int64]) -> Flags:
    """For each line, whether any line of its transaction is flagged."""
    count = int(owner[-1]) + 1 if len(owner) else 0
    found: Flags = np.bincount(owner, weights=flags, minlength=count).astype(np.bool_)[owner]
    return found
