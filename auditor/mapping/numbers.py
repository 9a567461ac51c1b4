"""Numbers as tills write them, turned into plain ones: ``1.299,99``, ``$8.00``, ``(12.00)``."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_MINUS = "\u2212-"  # the first is the sign of mathematics; a hyphen last is no range
_DASHES = "\u2013\u2014\u2212-"  # in place of decimals that are all zero: 8,- and 8.—
_SPACES = "\u00a0\u202f"
#: Stands behind a text that would be a plain number if it were not written otherwise here.
MISREAD = "\u2060"
_NAMED = re.compile(
    r"[-+]?\s*(?P<before>[^\W\d_]{1,10}\.?)?[^A-Za-z]*?(?P<after>[^\W\d_]{1,10}\.?)?-?"
)
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)", re.ASCII)


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written."""

    decimal: str = "."
    thousands: str = ""  # between groups of three digits
    currency: str = ""  # a name that may stand beside a number, besides the currency's symbols

    @cached_property
    def _pattern(self) -> str:
        point = re.escape(self.decimal)
        whole = r"\d+"
        if self.thousands:
            between = rf"[{_SPACES} ]" if self.thousands.isspace() else re.escape(self.thousands)
            whole = rf"[1-9]\d{{0,2}}(?:{between}\d{{3}})+|{whole}"
        money = r"\p{Sc}|[A-Z]{3}"
        if name := self.currency.rstrip("."):  # tills write kr and kr. beside each other
            money += rf"|(?i:{re.escape(name)})\.?"
        money, sign = rf"(?:(?:{money})[\s{_SPACES}]*)?", rf"[+{_MINUS}]?[\s{_SPACES}]*"
        return (
            rf"\A(?P<open>\(?)(?P<before>{sign}){money}(?P<inner>{sign})"
            rf"(?P<whole>{whole})?(?:{point}(?:[{_DASHES}]{{1,2}}|(?P<fraction>\d*)))?"
            rf"[\s{_SPACES}]*{money}(?P<after>[{_MINUS}]?)(?P<close>\)?)\z"
        )

    def to_plain(self, text: pa.Array, divide: int = 1) -> pa.Array:
        """Each number with a decimal point and a leading minus; what is no number as it is.

        Where the decimal sign is another, what has a point and is no number has ``MISREAD`` behind
        it: 1.299 may be thousands.

        Args:
            text: the cells, trimmed.
            divide: what the numbers are divided by, such as 100 where they are cents, or -1 where
                the till writes what was sold with a minus.
        """
        # The groups in their order; all null where there is no match.
        opened, before, inner, whole, fraction, after, closed = pc.extract_regex(
            text, self._pattern
        ).flatten()
        whole = pc.replace_substring_regex(whole, r"\D", "")
        number = pc.utf8_rtrim(pc.binary_join_element_wise(whole, fraction, "."), ".")
        marks = pc.binary_join_element_wise(opened, before, inner, after, closed, "")
        marks = pc.replace_substring_regex(marks, rf"[\s{_SPACES}+]", "")
        negative = pc.match_substring_regex(marks, rf"\A(?:[{_MINUS}]|\(\))\z")
        signs_fit = pc.or_(negative, pc.equal(marks, ""))
        right = pc.and_(signs_fit, pc.match_substring_regex(number, r"\d"))
        signed = pc.binary_join_element_wise(pc.if_else(negative, "-", ""), number, "")
        right = pc.fill_null(right, fill_value=False)
        other = text
        if self.decimal != ".":
            marked = pc.binary_join_element_wise(text, MISREAD, "")
            other = pc.if_else(pc.match_substring(text, "."), marked, text)
        plain = pc.if_else(right, signed, other)
        return plain if divide == 1 else _divided(plain, right, divide)

    def problem_of(self, text: str, *, money: bool = False) -> str:
        """What the mapping has to say for a text to be a number; empty if nothing helps."""
        if money and (named := self._currency_in(text.removesuffix(MISREAD).strip())):
            return f'if {named} is a currency, write currency = "{named}"'
        if self.thousands:
            return ""
        other = "," if self.decimal == "." else "."
        remedies = []
        if re.search(rf"[1-9]\d{{0,2}}{re.escape(other)}\d{{3}}(?!\d)", text):
            remedies.append(f'if {other} parts thousands, add thousands = "{other}"')
        if re.search(rf"\d{re.escape(other)}\d", text) and self.decimal not in text:
            remedies.append(f'if {other} is the decimal sign, write decimal = "{other}"')
        return "; ".join(remedies)

    def _currency_in(self, text: str) -> str:
        """The word beside a number that would be one without it; empty if there is none."""
        found = _NAMED.fullmatch(text)
        name = (found["before"] or found["after"]) if found else None
        if not name:
            return ""
        read = replace(self, currency=name).to_plain(pa.array([text], pa.string()))
        return name if _PLAIN.fullmatch(read[0].as_py()) else ""


def _divided(plain: pa.Array, right: pa.Array, divide: int) -> pa.Array:
    texts = zip(plain.to_pylist(), right.to_pylist(), strict=True)
    return pa.array(
        # Adding 0 makes a negative zero a plain one.
        [f"{Decimal(text) / divide + 0:f}" if is_number else text for text, is_number in texts],
        pa.string(),
    )


def times_quantity(price: pa.DictionaryArray, quantity: pa.Array) -> pa.DictionaryArray:
    """Each row's price of one times its quantity, exactly.

    The price stays where one of them is no number, and where the quantity is 0: so tills write a
    discount.

    Args:
        price: plain numbers as text.
        quantity: the same; one for each price.
    """
    how_many = quantity.dictionary_encode()
    counts = [text.strip() for text in how_many.dictionary.to_pylist()]
    # Each pair once: prices and quantities repeat.
    pairs = price.indices.to_numpy().astype(np.int64) * len(counts) + how_many.indices.to_numpy()
    distinct, codes = np.unique(pairs, return_inverse=True)
    prices = price.dictionary.to_pylist()
    products = [_product(prices[at // len(counts)], counts[at % len(counts)]) for at in distinct]
    return pa.DictionaryArray.from_arrays(codes, pa.array(products, pa.string()))


def _product(price: str, count: str) -> str:
    if _PLAIN.fullmatch(price) is None or _PLAIN.fullmatch(count) is None:
        return price
    return f"{Decimal(price) * (Decimal(count) or 1):f}"
