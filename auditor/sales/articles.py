"""What the lines of a transaction are: articles sold, given back or refused, discounts, checks."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.policy import Rules
from auditor.sales.codes import Codes, coded, last_digits
from auditor.sales.goods import gtin
from auditor.sales.store_rules import of_stores
from auditor.sales.taken_off import taken_off
from auditor.sales.transactions import Transactions
from auditor.tables import MONEY, NO_CHECK, QUANTITY

_PAYMENTS = ("tender", "control")
_REFUSED = "refused"


@dataclass(frozen=True)
class Articles:
    """The lines of some transactions, one element a line.

    Attributes:
        owner: number of the line's transaction.
        article: the same number for lines of one article in one transaction, or part of it.
        units: thousandths of a unit sold, negative for what is given back; 0 for all that is no
            article.
        price: its price, in thousandths of the currency.
        refused: whether the article was refused.
        refusal: whether the line says that something was refused, and is no article.
        discount: whether the line only changes what articles cost.
        unsure: whether it gives the article back or only takes its price off, which the export
            does not tell; the units are those that it would give back.
        only_check: whether it carries a check or a required age, and no article.
        in_basket: whether it is part of what was bought: no payment, no check, nothing voided.
    """

    owner: Codes
    article: Codes
    units: Codes
    price: Codes
    refused: Flags
    refusal: Flags
    discount: Flags
    unsure: Flags
    only_check: Flags
    in_basket: Flags

    def prices(self, transactions: int) -> Codes:
        """What each transaction cost, in thousandths; refused articles are not in it."""
        price = np.where(self.in_basket, self.price, 0)
        if not self.refused.any():
            return _sums(self.owner, price, transactions)
        group, of_line = np.unique(self.article, return_inverse=True)
        owner = np.zeros(len(group), np.int64)
        owner[of_line] = self.owner
        refused = _sums(of_line, np.where(self.refused & (self.units > 0), price, 0), len(group))
        given_back = -_sums(of_line, np.where(self.units < 0, price, 0), len(group))
        bought = _sums(of_line, (self.units > 0) & ~self.refused, len(group)) > 0
        total = _sums(of_line, price, len(group))
        # What was taken back off the receipt is gone from it already.
        never_paid = np.where(bought, np.maximum(refused - given_back, 0), np.maximum(total, 0))
        paid = np.where(refused > 0, total - never_paid, total)
        return _sums(owner, paid, transactions)

    def all_taken_off(self, transactions: int) -> Flags:
        """Which transactions sell something, and take each article off again at its price."""
        at = np.flatnonzero((self.units != 0) | self.discount)
        article, of_line = np.unique(self.article[at], return_inverse=True)
        units = np.where(self.unsure[at], 0, self.units[at])
        open_ = _sums(of_line, units, len(article)) != 0
        open_ |= _sums(of_line, self.money[at], len(article)) != 0
        flags: Flags = np.zeros(transactions, np.bool_)
        flags[self.owner[at[units > 0]]] = True
        flags[self.owner[at[open_[of_line]]]] = False
        return flags

    @property
    def money(self) -> Codes:
        """What is paid for each line, and negative for what it takes off, whichever its sign."""
        signed: Codes = np.where(self.units < 0, -np.abs(self.price), self.price)
        return signed


def find_articles(divided: Transactions, alcohol: Flags, rules: Mapping[str, Rules]) -> Articles:
    """Find out what each line of transactions is; ``alcohol`` says which belong to alcohol.

    A line of the article itself that takes little off is a discount, as a line of that type is
    (``sales/taken_off.py``). A positive quantity with a negative price counts as negative. What was
    sold without a quantity counts as a little. Lines of type ``void`` take back what they exceed in
    others' stead: a cancelled article alone counts for nothing, and a negative line cancels
    another. A line of type ``return`` gives back, and makes nothing cheaper.
    """
    lines, owner = divided.lines, divided.owner
    sku = coded(lines["sku"])
    same: dict[str, int] = {}  # a number for each article, whatever the zeros before its own
    numbers = [same.setdefault(gtin(name), len(same)) for name in sku.distinct]
    # What may be another customer's is another article: it gives nothing of the first back.
    basket = owner * (divided.part.max(initial=0) + 1) + divided.part
    article = basket * max(len(same), 1) + np.array(numbers, np.int64)[sku.codes]
    units, price = last_digits(lines["quantity"], QUANTITY), last_digits(lines["amount"], MONEY)
    check, kind = coded(lines["id_check"]), coded(lines["line_type"])
    untyped = _is(kind.distinct, kind.codes, None, "item", "return")
    returned = _is(kind.distinct, kind.codes, "return")
    recorded = ~_is(check.distinct, check.codes, *NO_CHECK)
    payment = _is(kind.distinct, kind.codes, *_PAYMENTS)
    only_check = _is(kind.distinct, kind.codes, "id_check")
    only_check |= untyped & (units == 0) & (price == 0) & recorded & ~alcohol
    other = _is(kind.distinct, kind.codes, "other")  # what it costs is part of the price
    no_article = payment | only_check | other

    units = np.where((units > 0) & (price < 0), -units, units)
    units = np.where((units == 0) & (price > 0), 1, units)
    units = np.where(returned, np.minimum(units, -1), units)
    units[no_article] = 0
    void = _is(kind.distinct, kind.codes, "void")
    if void.any():
        group, of_line = np.unique(article, return_inverse=True)
        idle = void & (_sums(of_line, np.where(void, units, 0), len(group)) >= 0)[of_line]
        units[idle] = 0
        no_article |= idle
    says_refused = _is(check.distinct, check.codes, _REFUSED)
    refused = says_refused & ~no_article
    discount = _is(kind.distinct, kind.codes, "discount")
    discount |= (units == 0) & (price < 0) & ~no_article
    units[discount] = 0
    paid = np.where(no_article | (refused & (units > 0)), 0, price)
    # The smallest unit of the currency, in thousandths.
    unit = of_stores(lines, lambda name: 10 ** (MONEY.scale - rules[name].decimals))
    cheaper, unsure = taken_off(lines, article, units, paid, unit, candidates=~void & ~returned)
    discount |= cheaper
    units[discount] = 0
    return Articles(
        owner=owner,
        article=article,
        units=units,
        price=price,
        refused=refused,
        refusal=says_refused & no_article & ~payment,
        discount=discount,
        unsure=unsure,
        only_check=only_check,
        in_basket=~no_article | other | (only_check & untyped),
    )


def as_bought(lines: pa.Table, articles: Articles) -> pa.Table:
    """TILL_LINES with no quantity where a line is a discount, which gives nothing back."""
    if not articles.discount.any():
        return lines
    column = lines.column_names.index("quantity")
    none = pa.scalar(Decimal(0), QUANTITY)
    quantity = pc.if_else(pa.array(articles.discount), none, lines["quantity"])
    return lines.set_column(column, lines.schema.field(column), quantity)


def _is(distinct: list[str], codes: Codes, *values: str | None) -> Flags:
    flags: Flags = np.array([value in values for value in distinct], np.bool_)[codes]
    return flags


def _sums(group: Codes, values: npt.NDArray[np.generic], groups: int) -> Codes:
    """The sum of each group; whole numbers up to 2**53 are exact."""
    return np.bincount(group, values, groups).astype(np.int64)
