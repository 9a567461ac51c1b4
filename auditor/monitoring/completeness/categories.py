"""Categories that the policy does not know: what is in them may be alcohol that nobody audits."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import pyarrow as pa

from auditor.policy import Rules
from auditor.sales.drinks import sounds_alcoholic
from auditor.sales.goods import folded_name, named_categories

#: Of the lines of a category that nothing in their transaction explains, the least share with an ID
#: check at which the category is taken to be what the till asked for: bread is bought with it too.
LEAST_SHARE = 0.05

#: ``nothing_sold``: of a store whose export has no alcohol; ``checked``: with ID checks;
#: ``sounds_so``: without any, and it sounds like alcohol; ``articles``: articles in it do, and it
#: does not; ``new``: none of these, and in no store's export of the days before.
Kind = Literal["nothing_sold", "checked", "sounds_so", "articles", "new"]


@dataclass(frozen=True, slots=True)
class UnknownCategory:
    """A category that the policy names neither as alcohol nor as anything else.

    ``checked`` of its ``lines`` have an ID check that nothing else in their transaction explains,
    and ``sounding`` are of articles that sound like alcohol, such as ``example``.
    """

    kind: Kind
    store_id: str
    category: str | None  # None: lines without one
    lines: int
    checked: int
    sounding: int = 0
    example: str | None = None


def unknown_categories(
    today: pa.Table,
    past: Sequence[pa.Table],
    rules: Mapping[str, Rules],
    *,
    none_is_a_sign: bool = True,
) -> tuple[UnknownCategory, ...]:
    """The unknown categories of a day, by store; within it, those with most checks first.

    ``today`` and each of the ``past`` days are CATEGORY_COUNTS; ``rules`` go by store. In a part of
    a day, that a store sold no alcohol is no sign of anything: ``none_is_a_sign`` says so.
    """
    before = _Past.of(past)
    chances = _Chances([*past, today])
    by_store: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in today.to_pylist():
        by_store[row["store_id"]].append(row)
    found = []
    for store_id, rows in by_store.items():
        own = rules[store_id]
        if not own.alcohol_categories and not own.alcohol_skus:
            continue  # it says that it sells none
        named = named_categories(own)
        unnamed = [r for r in rows if not r["alcohol"] and folded_name(r["category"]) not in named]
        kinds = [chances.kind(row, before, own.alcohol_categories) for row in unnamed]
        none = none_is_a_sign and not any(row["alcohol"] for row in rows)
        if none and (any(kinds) or store_id not in before.sold_alcohol):
            kinds = ["nothing_sold"] * len(unnamed)
        listed = sorted(zip(kinds, unnamed, strict=True), key=_by_checks)
        found += [
            UnknownCategory(
                kind,
                store_id=row["store_id"],
                category=row["category"],
                lines=row["lines"],
                checked=row["checked"],
                sounding=row["sounding"] or 0,  # null: counted by an earlier version
                example=row["example"],
            )
            for kind, row in listed
            if kind and (kind != "new" or before.any_day)
        ]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Past:
    """What the days before had: categories of any store, and the stores that sold alcohol."""

    any_day: bool
    seen: frozenset[str]
    sold_alcohol: frozenset[str]

    @classmethod
    def of(cls, past: Sequence[pa.Table]) -> Self:
        rows = [row for table in past for row in table.to_pylist()]
        return cls(
            any_day=bool(past),
            seen=frozenset(folded_name(row["category"]) for row in rows),
            sold_alcohol=frozenset(row["store_id"] for row in rows if row["alcohol"]),
        )


class _Chances:
    """How often the lines of each category have an ID check that nothing else explains."""

    def __init__(self, days: Iterable[pa.Table]) -> None:
        self._counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for table in days:
            for row in table.to_pylist():
                counts = self._counts[folded_name(row["category"])]
                counts[0] += row["unexplained"]
                counts[1] += row["checked"]

    def kind(self, row: Mapping[str, Any], before: _Past, alcohol: Collection[str]) -> Kind | None:
        """What an unnamed category of a store is noticed for, by its row of CATEGORY_COUNTS.

        ``alcohol`` are the categories that are alcohol in the store.
        """
        name = folded_name(row["category"])
        lines, checked = self._counts[name]
        if row["checked"] and checked >= LEAST_SHARE * lines:
            return "checked"
        if sounds_alcoholic(name, alcohol):
            return "sounds_so"
        if row["sounding"]:
            return "articles"
        return "new" if name and name not in before.seen else None


def _by_checks(listed: tuple[Kind | None, Mapping[str, Any]]) -> tuple[int, int, str]:
    _, row = listed
    return -row["checked"], -row["lines"], row["category"] or ""
