"""Which articles of a transaction of a POSLog are void: the voided ones, and what reverses them.

Tills flag a void on the article itself, on a later line that takes it back, or on both.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

#: Column names with their values.
Fields = dict[str, str]

#: Kinds of lines that give back what was sold before, in lower case.
GIVING_BACK = frozenset(("return", "returnforpickup", "returnfordelivery"))
#: Set of a line whose till wrote no quantity: the one that it has is assumed.
NO_QUANTITY = "no_quantity"

_ZERO = Decimal()
_MOST_DIGITS = 30  # before the point: more than any quantity or amount has
#: What a line that takes back a part is taken to say of its article.
_OF_ARTICLE = ("item_id", "category", "department", "item_type", "description")


def mark_voids(lines: Iterable[Fields]) -> None:
    """Mark which of a transaction's articles are void.

    A void line is either the article itself, which was never sold, or its reversal: a later line
    that names it, or has its number and price with a minus. Of a reversal both lines are void. One
    that takes back a part of its article, or whose article is not found, stays an article with a
    negative quantity and is called unmatched; what takes back the last part voids them all. What
    reverses an article that is void by its own flag takes back no other; it needs no flag.

    Args:
        lines: those of articles, in their order; ``void`` is ``true`` of those with a flag.
    """
    voided, sold = _Articles(), _Articles()
    by_number: dict[str, _Article] = {}
    for line in lines:
        is_void = line["void"] == "true"
        named = by_number.get(line.get("voids_line", "").lstrip("0"))
        # Of a deposit, the link names the article that it is for.
        if named is not None and line["item_id"] not in ("", named.line["item_id"]):
            named = None
        article = None
        if named is not None and (is_void or (named.voided and _takes_back(line))):
            article = named
        elif _takes_back(line):
            article = voided.like(line)
            if is_void:
                article = article or voided.with_part(line) or sold.like(line)
        if article is not None:
            article.take_back(line)
        elif is_void and _takes_back(line) and _is_negative(line["quantity"]):
            line["void"] = "unmatched"
        else:
            own = _Article(line)
            (voided if is_void else sold).add(own)
            if number := line.get("line", "").lstrip("0"):
                by_number[number] = own


class _Article:
    """An article that was rung up, and what later lines take back of it."""

    def __init__(self, line: Fields) -> None:
        self.line = line
        self.voided = line["void"] == "true"  # by its own flag
        self.units = _units(line)
        self.left = self.units  # those that are not taken back
        self._parts: list[Fields] = []  # the lines that took back a part of what is not void

    def take_back(self, line: Fields) -> None:
        """Mark a line that takes back the article or a part of it, and what is void with it."""
        units = _units(line)
        is_all = self._ends_with(line, units)
        self.left = _ZERO if is_all else max(self.left - units, _ZERO)
        self._parts.append(line)
        if is_all or self.line["void"] == "true":
            for each in (self.line, *self._parts):
                each["void"] = "true"
            self._parts.clear()
            return
        line["void"] = "unmatched"
        line |= {name: self.line[name] for name in _OF_ARTICLE if name in self.line}
        minus = "" if _is_negative(self.line["quantity"]) else "-"
        for name in ("quantity", "amount"):
            line[name] = minus + line[name].lstrip("+-")

    def _ends_with(self, line: Fields, units: Decimal) -> bool:
        """Whether a line takes back all that is left; without a quantity, its price decides."""
        if NO_QUANTITY in line or not units:
            price = abs(_number(line["amount"]))
            return not price or price >= abs(_number(self.line["amount"]))
        return units >= self.left


class _Articles:
    """Articles of a transaction: those that are void by their own flag, or the others."""

    def __init__(self) -> None:
        self._alike: defaultdict[tuple[str, Decimal, Decimal], list[_Article]] = defaultdict(list)
        self._last: dict[str, _Article] = {}

    def add(self, article: _Article) -> None:
        """Add the next article."""
        item = article.line["item_id"]
        self._last[item] = article
        self._alike[item, article.units, _number(article.line["amount"])].append(article)

    def like(self, line: Fields) -> _Article | None:
        """The last that a line with a minus takes back as a whole, by its number and price."""
        units, price = _units(line), _number(line["amount"])
        for each in (-price, price) if _is_negative(line["quantity"]) else (-price,):
            stack = self._alike.get((line["item_id"], units, each), [])
            while stack and stack[-1].left != units:
                stack.pop()
            if stack and units:
                return stack[-1]
        return None

    def with_part(self, line: Fields) -> _Article | None:
        """The last that a line with a negative quantity may take back a part of, by its number."""
        article = self._last.get(line["item_id"]) if _is_negative(line["quantity"]) else None
        return article if article is not None and article.left >= _units(line) else None


def _takes_back(line: Fields) -> bool:
    """Whether a line of a sale has a minus."""
    if line["line_type"].lower() in GIVING_BACK:
        return False
    return _is_negative(line["quantity"]) or _is_negative(line["amount"])


def _is_negative(text: str) -> bool:
    return _number(text) < 0


def _units(line: Fields) -> Decimal:
    return abs(_number(line["quantity"]))


def _number(text: str) -> Decimal:
    """A number; 0 for what is none."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return _ZERO
    return value if value.is_finite() and value.adjusted() < _MOST_DIGITS else _ZERO
