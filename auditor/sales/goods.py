"""What the policy says of goods: which are alcohol, and which it knows at all."""

import re
from collections.abc import Collection, Mapping, Sequence
from fnmatch import translate
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa

from auditor.clock.local_time import Flags
from auditor.policy import Rules
from auditor.sales.codes import coded

_GTIN_DIGITS = 14
_NOT_IN_NUMBER, _NO_DIGIT = r"(?<!\d)(?<!\d[.,])", r"(?!\d)"
_END = translate("").removeprefix("(?s:)")  # of the regular expression for a pattern
_LEAST_DIGITS = 7  # of a GTIN without its leading zeros; shorter numbers are a shop's own


def alcohol_lines(lines: pa.Table, rules: Mapping[str, Rules]) -> Flags:
    """Which of TILL_LINES are alcohol, by the rules of their stores.

    An article's number decides before its name and category, and what is free of alcohol before
    what is not.
    """
    return _goods(lines, rules)[0]


def named_lines(lines: pa.Table, rules: Mapping[str, Rules]) -> Flags:
    """Which of TILL_LINES the policy names: as alcohol, as free of it, or by another category."""
    return _goods(lines, rules)[1]


def freed_lines(lines: pa.Table, rules: Mapping[str, Rules]) -> Flags:
    """Which of TILL_LINES the policy takes for free of alcohol in a category of alcohol."""
    return _goods(lines, rules)[2]


def other_lines(lines: pa.Table, rules: Mapping[str, Rules]) -> Flags:
    """Which of TILL_LINES are of a category that tills may ask an age for, besides alcohol."""
    store, category = coded(lines["store_id"]), coded(lines["category"])
    categories = list(map(folded_name, category.distinct))
    flags = np.zeros((len(store.distinct), len(categories)), np.bool_)
    for place, store_id in enumerate(store.distinct):
        flags[place] = _members(categories, _folded(rules[store_id].other_categories))
    of_lines: Flags = flags[store.codes, category.codes]
    return of_lines


def named_categories(rules: Rules) -> frozenset[str]:
    """The categories that the policy names, as alcohol or not, as they are compared."""
    return _folded(
        rules.alcohol_categories | rules.alcohol_free_categories | rules.other_categories
    )


def folded_name(name: str | None) -> str:
    """A category or a description as it is compared; empty for none."""
    return (name or "").strip().casefold()


def gtin(sku: str) -> str:
    """An article number as it is compared: a GTIN with 14 digits, any other as it is.

    GTIN-8, 12, 13 and 14 are one number with more or fewer leading zeros, which tills add and
    spreadsheets lose. A number whose check digit is wrong is no GTIN.
    """
    digits = sku.lstrip("0")
    if not (sku.isascii() and sku.isdigit() and _LEAST_DIGITS <= len(digits) <= _GTIN_DIGITS):
        return sku
    whole = digits.zfill(_GTIN_DIGITS)
    weighted = sum(map(int, whole[1::2])) + 3 * sum(map(int, whole[::2]))
    return sku if weighted % 10 else whole


class _GoodsRules(NamedTuple):
    """What a store's rules say of goods; texts as they are compared, GTINs with all digits."""

    skus: frozenset[str]
    free_skus: frozenset[str]
    categories: frozenset[str]
    free_categories: frozenset[str]
    free_patterns: frozenset[str]
    named_categories: frozenset[str]

    @classmethod
    def of(cls, rules: Rules) -> Self:
        return cls(
            frozenset(map(gtin, rules.alcohol_skus)),
            frozenset(map(gtin, rules.alcohol_free_skus)),
            _folded(rules.alcohol_categories),
            _folded(rules.alcohol_free_categories),
            _folded(rules.alcohol_free_names),
            named_categories(rules),
        )

    def free_names(self, names: Sequence[str]) -> Flags:
        """Which names match a pattern."""
        if not self.free_patterns:
            return np.zeros(len(names), np.bool_)
        matches = re.compile("|".join(map(_pattern, sorted(self.free_patterns)))).fullmatch
        found = (matches(name.replace("-", " ")) is not None for name in names)
        return np.fromiter(found, np.bool_, len(names))


def _pattern(text: str) -> str:
    """A regular expression for a pattern of names, in which a hyphen is a space.

    A number in it is a whole number of the name: ``*0,0*`` fits "Pils 0,0 %" and not "Rum 40,0 %".
    """
    if "[" not in text:  # where it stands for a range
        text = text.replace("-", " ")
    parts = [
        f"{_NOT_IN_NUMBER * part[:1].isdigit()}{translate(part).removesuffix(_END)}"
        f"{_NO_DIGIT * part[-1:].isdigit()}"
        for part in text.split("*")
    ]
    return "(?s:.*)".join(parts)


def _goods(lines: pa.Table, rules: Mapping[str, Rules]) -> tuple[Flags, Flags, Flags]:
    """Which lines are alcohol, which the policy names, and which are no alcohol by exception."""
    store, sku = coded(lines["store_id"]), coded(lines["sku"])
    category, name = coded(lines["category"]), coded(lines["description"])
    skus = [gtin(number) for number in sku.distinct]
    categories, names = (list(map(folded_name, column.distinct)) for column in (category, name))
    alike: dict[_GoodsRules, list[int]] = {}
    for number, store_id in enumerate(store.distinct):
        alike.setdefault(_GoodsRules.of(rules[store_id]), []).append(number)
    alcohol, named, freed = np.zeros((3, lines.num_rows), np.bool_)
    for own, stores in alike.items():
        of_stores = _members(range(len(store.distinct)), stores)[store.codes]
        sku_is_free = _members(skus, own.free_skus)[sku.codes]
        sku_is_alcohol = _members(skus, own.skus)[sku.codes]
        free = _members(categories, own.free_categories)[category.codes]
        free |= own.free_names(names)[name.codes]
        by_category = _members(categories, own.categories)[category.codes]
        own_alcohol = ((by_category & ~free) | sku_is_alcohol) & ~sku_is_free
        alcohol |= of_stores & own_alcohol
        freed |= of_stores & by_category & ~own_alcohol
        known = _members(categories, own.named_categories)[category.codes]
        named |= of_stores & (known | free | sku_is_free | sku_is_alcohol)
    return alcohol, named, freed


def _folded(names: Collection[str]) -> frozenset[str]:
    return frozenset(map(folded_name, names))


def _members(values: Sequence[object], members: Collection[object]) -> Flags:
    known = frozenset(members)
    return np.fromiter((value in known for value in values), np.bool_, len(values))
