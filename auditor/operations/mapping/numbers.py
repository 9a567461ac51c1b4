"""Guesses how numbers are written: the decimal sign, and what stands between thousands."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_NUMBER = re.compile(r"\d[\d.,'\u2019\u00a0\u202f ]*\d|\d")  # as the Swiss write it
_SPACES = re.compile(r"[\u00a0\u202f ]")
_GROUPED = re.compile(
    r"\d{1,3}(?P<sign>[.,'\u2019 ])\d{3}(?:(?P=sign)\d{3})*(?P<rest>(?P<point>[.,])\d+)?"
)
_POINT = re.compile(r"[.,]")
_MONEY = re.compile(r"[^\W\d_]{1,3}|[$\u00a2-\u00a5\u20a0-\u20cf]")
_CODE = re.compile(r"[^\W\d_]{1,3}\.?")


@dataclass(frozen=True)
class NumberGuess:
    """The signs of numbers, the currency's letters beside them, and what is not certain."""

    decimal: str = "."
    thousands: str = ""
    currency: str = ""
    remark: str = ""


class _Signs:
    def __init__(self) -> None:
        self.points: Counter[str] = Counter()
        self.between: Counter[str] = Counter()
        self.unclear: Counter[str] = Counter()  # of 1,234, which may be either

    def add(self, number: str) -> None:
        """Count the signs of one number."""
        grouped = _GROUPED.fullmatch(number)
        if grouped is None:
            if found := _POINT.search(number):
                self.points[found[0]] += 1
            return
        sign, point = str(grouped["sign"]), grouped["point"]
        if point and point != sign:
            self.points[point] += 1
            self.between[sign] += 1
        elif sign not in ".," or number.count(sign) > 1:
            self.between[sign] += 1
        elif number.startswith("0"):
            self.points[sign] += 1  # 0,754 is a weight
        else:
            self.unclear[sign] += 1


def guess_numbers(texts: Iterable[str]) -> NumberGuess:
    """How numbers are written, from quantities and amounts as text."""
    signs, letters = _Signs(), Counter[str]()
    for text in texts:
        letters.update(_CODE.findall(text))
        if found := _NUMBER.search(text):
            signs.add(_SPACES.sub(" ", found[0]).strip())
    decimal, thousands, unclear = map(_commonest, (signs.points, signs.between, signs.unclear))
    remark = ""
    if unclear and not decimal and thousands != unclear:
        decimal = unclear
        remark = f"1{unclear}234 is read as one and a fraction, not as a thousand"
    decimal = decimal or ("," if thousands == "." else ".")
    thousands = thousands or unclear
    currency = _commonest(letters)
    return NumberGuess(
        decimal,
        "" if thousands == decimal else thousands,
        "" if re.fullmatch(r"[A-Z]{3}", currency) else currency,  # these are read without a name
        remark,
    )


def currencies(texts: Iterable[str]) -> list[str]:
    """The names and signs of currencies beside numbers, the commonest first; wide ones as usual."""
    found = Counter(
        name
        for text in texts
        for name in _MONEY.findall(unicodedata.normalize("NFKC", text).replace(".", ""))
    )
    return [name for name, _ in found.most_common()]


def _commonest(counts: Counter[str]) -> str:
    return counts.most_common(1)[0][0] if counts else ""
