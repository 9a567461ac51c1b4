"""What a negative line of an article takes off: the article itself, or some of its price.

Tills write a discount, a void and a return alike: the article again, with a minus. What tells them
apart is the money, and the name of the line. Where they do not, the sale stays: one that was given
back is looked at in vain, one that is lost is never looked at.
"""

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from auditor.clock.local_time import Flags
from auditor.sales.codes import Codes, coded, combined
from auditor.sales.goods import folded_name

#: A line that takes less than this share of the article's lowest price off, per unit, makes it
#: cheaper, as long as something is still paid.
DISCOUNT_BELOW = 0.9

#: How far, in the smallest unit of the currency, rounding moves an amount from its unit price.
_ROUNDING = 0.75
_GIVES_BACK = re.compile(
    r"\b(?:voids?|voided|returns?|returned|refund|refunded|cancel|cancelled|exchange"
    r"|storno|stornierung|retoure|rückgabe|umtausch|annul\w*|retour|remboursement|devolución)\b"
)


class TakenOff(NamedTuple):
    """Of each line, whether it is a discount, and whether it may be one or give back."""

    discount: Flags
    unsure: Flags


def taken_off(  # noqa: PLR0913  # all that a line's money says
    lines: pa.Table, article: Codes, units: Codes, price: Codes, unit: Codes, *, candidates: Flags
) -> TakenOff:
    """Tell discounts from what is given back, among the lines of an article.

    A line gives the article back if it takes off what a unit was sold for, and has the article's
    name, none, or one that says so; if it takes off more than that; or if the customer got more
    than was paid. A discount takes less than ``DISCOUNT_BELOW`` off, while something is still paid.
    Any other line is unsure: nearly all of the price, all of it under another name, or nothing.

    Args:
        lines: TILL_LINES.
        article: the same number for lines of one article in one transaction.
        units: thousandths of a unit, negative for what may be given back; 0 for no article.
        price: the money of each line, in thousandths of its currency; 0 for what was refused and is
            no article.
        unit: the smallest unit of that currency, in thousandths.
        candidates: the lines that are to be told apart, if their units are negative.
    """
    discount, unsure = np.zeros((2, lines.num_rows), np.bool_)
    minus = candidates & (units < 0)
    at = np.flatnonzero(np.isin(article, np.unique(article[minus])))
    if not len(at):
        return TakenOff(discount, unsure)
    group, of_line = np.unique(article[at], return_inverse=True)
    minus, units, price = minus[at], units[at], price[at]
    price = np.where(units < 0, -np.abs(price), price)
    sold = (units > 0) & (price > 0)
    per_unit = np.divide(np.abs(price), np.abs(units), out=np.zeros(len(at)), where=units != 0)
    lowest = np.full(len(group), np.inf)
    np.minimum.at(lowest, of_line[sold], per_unit[sold])
    total = np.bincount(of_line, price, len(group))[of_line]
    minus &= np.isfinite(lowest)[of_line] & (total >= 0)
    low = np.where(minus, lowest[of_line], 0)
    rounding = _ROUNDING * unit[at] / np.maximum(np.abs(units), 1)
    at_price = _off_price(of_line, per_unit, sold) <= rounding
    gives_back = at_price & _is_named_so(lines.take(pa.array(at)), of_line, sold)
    gives_back |= ~at_price & (per_unit > low)
    limit = low * DISCOUNT_BELOW * (1 - 1e-9)  # 1.80 is 90 % of 2
    cheaper = ~at_price & (total > 0) & (per_unit > 0) & (per_unit < limit)
    discount[at] = minus & cheaper
    unsure[at] = minus & ~cheaper & ~gives_back
    return TakenOff(discount, unsure)


def _off_price(group: Codes, per_unit: np.ndarray, sold: Flags) -> np.ndarray:
    """How far each line's price per unit is from the nearest one sold in its group."""
    order = np.lexsort((per_unit, group))
    group, per_unit, sold = group[order], per_unit[order], sold[order]
    place = np.arange(len(order))
    before = np.maximum.accumulate(np.where(sold, place, -1))
    after = np.minimum.accumulate(np.where(sold, place, len(order))[::-1])[::-1]
    off = np.full(len(order), np.inf)
    for near in (np.maximum(before, 0), np.minimum(after, len(order) - 1)):
        known = sold[near] & (group[near] == group)
        off = np.where(known, np.minimum(off, np.abs(per_unit[near] - per_unit)), off)
    found = np.empty(len(order))
    found[order] = off
    return found


def _is_named_so(lines: pa.Table, group: Codes, sold: Flags) -> Flags:
    """Which lines have the name of an article sold in their group, none, or one that says so."""
    description = coded(lines["description"])
    names = [folded_name(name) for name in description.distinct]
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    name = np.array([places[name] for name in names], np.int64)[description.codes]
    article = combined(group, name)
    says_so = np.array([not n or _GIVES_BACK.search(n) is not None for n in names], np.bool_)
    flags: Flags = np.isin(article, article[sold]) | says_so[description.codes]
    return flags
