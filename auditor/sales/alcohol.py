"""Which transactions are alcohol sales, and from which age on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from auditor.clock.local_time import Flags
from auditor.policy import Rules
from auditor.sales.articles import Articles, find_articles
from auditor.sales.codes import Codes, coded
from auditor.sales.goods import alcohol_lines, folded_name, other_lines
from auditor.sales.line_types import of_type
from auditor.sales.transactions import Transactions
from auditor.tables import TRANSACTION_STATES


@dataclass(frozen=True)
class Alcohol:
    """The alcohol of some transactions."""

    lines: Flags  # of each line, whether it is alcohol; the others are of each transaction
    sale: Flags  # more of some alcoholic article was sold than given back, or some was refused
    refused: Flags  # it is a sale only in that alcohol was refused
    returned: Flags  # it gives more of some alcoholic article back than was bought, and sells none
    maybe_returned: Flags  # it is a sale unless a line gives back that may be a discount
    legal_age: Codes  # the highest of the alcohol sold, or else refused, years
    articles: Articles  # what each line is


def find_alcohol(divided: Transactions, rules: Mapping[str, Rules]) -> Alcohol:
    """Find the alcohol of transactions, by the rules of their stores.

    A refusal on a line of its own, or on a cancelled one, is of the alcohol in its transaction, if
    none of it was sold: nothing of a transaction is that was cancelled or voided as a whole, as a
    cashier does who has refused. Alcohol of which there are only lines of the type ``return`` was
    not for sale, and is not refused.
    """
    count = len(divided.starts)
    belongs = alcohol_lines(divided.lines, rules)
    articles = find_articles(divided, belongs, rules)
    flags = belongs & articles.in_basket & ~articles.discount & ~articles.only_check
    flags &= ~of_type(divided.lines, "other")
    at = np.flatnonzero(flags)
    owner, units, refused = articles.owner[at], articles.units[at], articles.refused[at]
    unsure = articles.unsure[at]

    article, of_line = np.unique(articles.article[at], return_inverse=True)
    # Thousandths of a unit are whole numbers that a double holds exactly up to 9 * 10**15.
    bought, declined, back, maybe_back = (
        np.bincount(of_line, np.where(which, np.abs(units), 0), len(article))
        for which in (
            *((units > 0) & ~refused, (units > 0) & refused),
            *((units < 0) & ~unsure, (units < 0) & unsure),
        )
    )
    # What was refused is taken off the receipt first, and only then what was bought.
    kept = bought > np.maximum(back - declined, 0)
    surely_kept = bought > np.maximum(back + maybe_back - declined, 0)
    sold, surely_sold, turned_down, gives_back, offered = np.zeros((5, count), np.bool_)
    taken_off = divided.are("cancelled", "voided")
    is_sold = kept[of_line] & (units > 0) & ~refused & ~taken_off[owner]
    sold[owner[is_sold]] = True
    surely_sold[owner[is_sold & surely_kept[of_line]]] = True
    paid = np.bincount(of_line, articles.money[at], len(article))
    gives_back[owner[((back > bought + declined) | (paid < 0))[of_line]]] = True
    turned_down[articles.owner[articles.refusal]] = True
    offered[articles.owner[belongs & ~of_type(divided.lines, "return")]] = True
    turned_down &= offered
    all_of_it = turned_down.copy()
    turned_down[owner[refused]] = True
    turned_down &= offered & ~sold
    decisive = belongs & (all_of_it & turned_down)[articles.owner]
    decisive[at] |= is_sold | (refused & turned_down[owner])
    return Alcohol(
        lines=flags,
        sale=sold | turned_down,
        refused=turned_down,
        returned=gives_back & ~sold & ~turned_down,
        maybe_returned=sold & ~surely_sold,
        legal_age=_legal_ages(divided, articles, decisive, rules),
        articles=articles,
    )


def how_ended(divided: Transactions, alcohol: Alcohol) -> tuple[Flags, Transactions]:
    """Which transactions were taken off as a whole after a refusal, and all by how they ended.

    Those are completed: they are refused sales. One that takes off each article that it has sold is
    voided.
    """
    refused = alcohol.refused & divided.are("cancelled", "voided")
    taken_off = alcohol.articles.all_taken_off(len(divided.starts)) & ~alcohol.refused
    taken_off &= divided.are("completed")
    state = np.where(refused, TRANSACTION_STATES.index("completed"), divided.state)
    state = np.where(taken_off, TRANSACTION_STATES.index("voided"), state)
    return refused, replace(divided, state=state)


def _legal_ages(
    divided: Transactions, articles: Articles, decisive: Flags, rules: Mapping[str, Rules]
) -> Codes:
    """The legal age of each transaction: the highest of its ``decisive`` lines.

    A line's is what the till required for it; else that of its category; else that of the store.
    What the till required in a line of its own does not say for which article. It goes before the
    store's; before a lower one of the category, if nothing of ``other_categories`` is sold besides.
    """
    lines, count = divided.lines, len(divided.starts)
    required = lines["required_age"].fill_null(0).to_numpy().astype(np.int64)
    asked = np.zeros(count, np.int64)
    np.maximum.at(asked, articles.owner[articles.only_check], required[articles.only_check])
    at = np.flatnonzero(decisive)
    owner, part = articles.owner[at], lines.select(["store_id", "category"]).take(pa.array(at))
    store, category = coded(part["store_id"]), coded(part["category"])
    own = [rules[store_id] for store_id in store.distinct]
    folded = [folded_name(name) for name in category.distinct]
    of_category = np.array(
        [[ages.get(name, 0) for name in folded] for ages in map(_ages_by_category, own)], np.int64
    ).reshape(len(own), len(folded))[store.codes, category.codes]
    of_store = np.array([r.legal_age for r in own], np.int64)[store.codes]
    for_alcohol = asked.copy()
    for_alcohol[articles.owner[other_lines(lines, rules)]] = 0
    of_category = np.where(of_category > 0, np.maximum(of_category, for_alcohol[owner]), 0)
    ages = np.stack([required[at], of_category, asked[owner], of_store])
    first = (ages > 0).argmax(axis=0)
    legal = np.zeros(count, np.int64)
    np.maximum.at(legal, owner, np.take_along_axis(ages, first[None], axis=0)[0])
    return legal


def _ages_by_category(rules: Rules) -> dict[str, int]:
    return {folded_name(name): age for name, age in rules.legal_age_by_category.items()}
