"""Which lines are alcohol, which transactions are alcohol sales, and the ID check on record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.policy import Policy, Rules
from auditor.sales.codes import coded, last_digits
from auditor.sales.matching import NONE
from auditor.sales.transactions import Transactions
from auditor.tables import ID_CHECKS, QUANTITY

_NO_DAY = np.iinfo(np.int32).min
_REFUSED = ID_CHECKS.index("refused")


@dataclass(frozen=True)
class Alcohol:
    """The alcohol of some transactions."""

    lines: Flags  # of each line, whether it is alcohol; the others are of each transaction
    sale: Flags  # more of some alcoholic article was sold than given back, or all was refused
    returned: Flags  # it only gives alcohol back
    mixed: Flags  # its alcohol lines record different ID checks
    evidence_line: npt.NDArray[np.int64]  # the line with the strongest ID check; NONE without


def find_alcohol(divided: Transactions, day: date, policy: Policy) -> Alcohol:
    """Find the alcohol of transactions, by the rules of their stores on the day."""
    lines, count = divided.lines, len(divided.starts)
    flags = alcohol_lines(lines, day, policy)
    at = np.flatnonzero(flags)
    drinks = lines.select(["sku", "quantity", "id_check"]).take(pa.array(at))
    owner = np.repeat(np.arange(count), divided.ends - divided.starts)[at]
    owners, first = np.unique(owner, return_index=True)

    sku = coded(drinks["sku"])
    article, articles = pd.factorize(owner * len(sku.dictionary) + sku.codes)
    # Thousandths of a unit are whole numbers that a double holds exactly up to 9 * 10**15.
    net = np.bincount(article, weights=last_digits(drinks["quantity"], QUANTITY))
    sold = np.zeros(count, np.bool_)
    sold[articles[net > 0] // max(len(sku.dictionary), 1)] = True

    checks = coded(drinks["id_check"])
    strength = np.array([ID_CHECKS.index(c) for c in checks.distinct], np.int64)[checks.codes]
    # A refused line says nothing of the check that the others were sold on.
    strength[strength == _REFUSED] = len(ID_CHECKS)
    strongest, weakest = np.minimum.reduceat(strength, first), np.maximum.reduceat(strength, first)
    evidence = np.minimum.reduceat(strength * (lines.num_rows + 1) + at, first)
    refused, mixed = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    refused[owners] = strongest == len(ID_CHECKS)
    mixed[owners] = strongest != weakest
    evidence_line = np.full(count, NONE, np.int64)
    evidence_line[owners] = evidence % (lines.num_rows + 1)
    return Alcohol(
        lines=flags,
        sale=sold | refused,
        returned=(evidence_line != NONE) & ~sold & ~refused,
        mixed=mixed,
        evidence_line=evidence_line,
    )


def alcohol_lines(lines: pa.Table, day: date, policy: Policy) -> Flags:
    """Which of TILL_LINES are alcohol, by the rules of their stores on the day."""
    store, sku = coded(lines["store_id"]), coded(lines["sku"])
    category = coded(lines["category"].fill_null(""))
    store_ids, skus = store.distinct, sku.distinct
    folded = [value.casefold() for value in category.distinct]
    alike: dict[tuple[frozenset[str], ...], list[int]] = {}
    for number, store_id in enumerate(store_ids):
        alike.setdefault(_alcohol_rules(policy.rules(day, store_id)), []).append(number)
    flags = np.zeros(lines.num_rows, np.bool_)
    for (free, listed, categories), stores in alike.items():
        of_stores = _members(range(len(store_ids)), stores)[store.codes]
        is_alcohol = _members(skus, listed)[sku.codes]
        is_alcohol |= _members(folded, categories)[category.codes]
        flags |= of_stores & is_alcohol & ~_members(skus, free)[sku.codes]
    return flags


def latest_birth_date(divided: Transactions) -> pa.Array:
    """The latest birth date that any line of each transaction records.

    A till asks once for all that a customer buys: a birth date keyed for tobacco is the buyer's.
    """
    days = pc.fill_null(divided.lines["birth_date"].cast(pa.int32()), _NO_DAY).to_numpy()
    latest = np.maximum.reduceat(days, divided.starts) if len(divided.starts) else days
    return pa.array(latest, mask=latest == _NO_DAY).cast(pa.date32())


def _alcohol_rules(rules: Rules) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    categories = frozenset(category.casefold() for category in rules.alcohol_categories)
    return rules.alcohol_free_skus, rules.alcohol_skus, categories


def _members(values: Sequence[object], members: Iterable[object]) -> Flags:
    known = frozenset(members)
    return np.fromiter((value in known for value in values), np.bool_, len(values))
