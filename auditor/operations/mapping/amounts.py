"""Drafts quantities and amounts: cents, prices of one, and sales that are written with a minus."""

import re
from dataclasses import replace

from auditor.operations.mapping.draft import Drafted
from auditor.operations.mapping.found import Found
from auditor.operations.mapping.names import is_of_one
from auditor.operations.mapping.numbers import currencies
from auditor.operations.mapping.words import line_word
from auditor.sales.drinks import folded

_CENTS = ("cents", "cent", "pence", "minor", "centimes")
#: A minus before a number or behind it; a dash in place of decimals, as in 8,-, is none.
_MINUS = re.compile(r"[^\d]*[-\u2212(]\s*\W*\d|.*\d\s?-\)?$")
_NUMBER = re.compile(r".*[1-9]")  # any but 0
_MOST = 0.5  # share of numbers with a minus from which sales seem to be written so


def draft_quantity(found: Found, drafted: Drafted) -> Drafted:
    """How many, without the minus that some tills write before what was sold."""
    if not _mostly_negative(found, "quantity"):
        return drafted
    return _turned(drafted, 1, "most quantities are negative: are these sales?")


def draft_amount(found: Found, drafted: Drafted) -> Drafted:
    """The price of a line, where its column may hold cents, the price of one, or a minus."""
    if drafted.source is None:
        return drafted
    column = found.matches["amount"].column
    own, name = found.traits[column], folded(column)
    source, checks = dict(drafted.source), [drafted.check] if drafted.check else []
    whole = own.whole == 1 and own.distinct > 1
    if any(word in name for word in _CENTS):
        source["divide"] = 100
    elif whole and sum(len(text.lstrip("-")) > 2 for text in own.texts) * 2 > len(own.texts):
        source["divide"] = 100
        checks.append("they have no decimals: are these cents? Else leave divide out")
    if is_of_one(column):
        source["each"] = True
        checks.append("is this the price of one? Else leave each out: it is times the quantity")
    if len(several := currencies(own.texts)) > 1:
        checks.append(f"in several currencies ({', '.join(several[:4])}): of each store its own?")
    amount = Drafted("amount", source, "; ".join(checks))
    if not _mostly_negative(found, "amount"):
        return amount
    return _turned(amount, source.get("divide", 1), "most amounts are negative: are these sales?")


def _turned(drafted: Drafted, divide: int, check: str) -> Drafted:
    source = {**(drafted.source or {}), "divide": -divide}
    return replace(drafted, source=source, check="; ".join(filter(None, (drafted.check, check))))


def _mostly_negative(found: Found, role: str) -> bool:
    """Whether most of a role's numbers are negative, of the lines that are not known to be others.

    Returns and voids have the other sign, whichever that is.
    """
    if role not in found.matches:
        return False
    match = found.matches.get("line_type")
    kinds = (line_word(text, match.column if match else "") for text in found.texts("line_type"))
    lines = zip(found.texts(role), kinds, strict=True)
    texts = [text for text, kind in lines if kind is None or kind.word == "item"]
    numbers = [text.strip() for text in texts if _NUMBER.match(text)]
    return sum(map(bool, map(_MINUS.match, numbers))) > _MOST * len(numbers)
