"""Counts of the categories that an export names, to see whether the policy knows its alcohol."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.policy import Rules
from auditor.sales.codes import Codes, coded
from auditor.sales.drinks import drink_of
from auditor.sales.goods import folded_name, named_lines
from auditor.sales.line_types import of_type
from auditor.sales.transactions import Transactions
from auditor.tables import CATEGORY_COUNTS, NO_CHECK


def count_categories(divided: Transactions, alcohol: Flags, rules: Mapping[str, Rules]) -> pa.Table:
    """Count the lines of each store's categories: CATEGORY_COUNTS, sorted by store and category.

    A check is recorded on the line that asked for it, on every line of its transaction, or on a
    line of its own. So it counts for each article of its transaction, unless something in it is
    named by the policy: that explains it. A refusal concerns the article of its line only: one on a
    line of its own is of what was not sold, and what was sold beside it was not refused.

    Args:
        divided: the transactions of a day, and of the hours around it, which are not counted.
        alcohol: which of the lines are alcohol.
        rules: of each store on the day; they say which categories are known.
    """
    lines = divided.lines
    item = of_type(lines, "item")
    asked = ~pc.is_in(lines["id_check"], pa.array(NO_CHECK)).to_numpy()
    owner = divided.owner
    named = alcohol | named_lines(lines, rules)
    explained = _any(named, owner)
    refusal = pc.equal(lines["id_check"], "refused").to_numpy()
    on_its_own = _any(asked & ~item & ~refusal, owner)
    item &= divided.of_day[owner]
    unexplained = item & ~explained
    store, category = coded(lines["store_id"]), coded(lines["category"])
    names, place = _alike(category.distinct)
    cell = store.codes * max(len(names), 1) + place[category.codes]
    sounding = sounding_lines(lines, item & ~named)
    examples = commonest(lines["description"], cell, sounding)
    flags = (item, item & alcohol, unexplained, unexplained & (asked | on_its_own), sounding)
    size = len(store.distinct) * max(len(names), 1)
    counts = [np.bincount(cell, weights=each, minlength=size).astype(np.int64) for each in flags]
    rows = [
        {
            "store_id": store.distinct[at // len(names)],
            "category": names[at % len(names)],
            **{n: int(c[at]) for n, c in zip(CATEGORY_COUNTS.names[2:-1], counts, strict=True)},
            "example": examples.get(at),
        }
        for at in np.flatnonzero(counts[0]).tolist()
    ]
    return CATEGORY_COUNTS.from_rows(rows).sort_by(
        [("store_id", "ascending"), ("category", "ascending")]
    )


def sounding_lines(lines: pa.Table, which: Flags) -> Flags:
    """Which of some of TILL_LINES are of articles whose description sounds like alcohol."""
    at = np.flatnonzero(which)
    name = coded(lines["description"].take(pa.array(at)))
    sounds = [text is not None and drink_of(text) is not None for text in name.distinct]
    flags = np.zeros(len(which), np.bool_)
    flags[at] = np.array(sounds, np.bool_)[name.codes]
    return flags


def commonest(texts: pa.ChunkedArray, group: Codes, which: Flags) -> dict[int, str]:
    """By the group of each line, the commonest text of some of its lines; of several, the first."""
    at = np.flatnonzero(which)
    found = Counter(zip(group[at].tolist(), texts.take(pa.array(at)).to_pylist(), strict=True))
    return dict(sorted(sorted(found, reverse=True), key=lambda each: found[each]))


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
