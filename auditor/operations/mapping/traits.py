"""What the texts of a column look like: numbers, times, articles' numbers, words of ID checks."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from auditor.faces.formats import ENDS
from auditor.operations.mapping.times import Written, how_written
from auditor.operations.mapping.words import check_word, is_flag
from auditor.sales.drinks import drink_of

#: Signs of currencies, those of \p{Sc} that tills write.
_CURRENCY = r"[$\u00a2-\u00a5\u20a0-\u20cf\ufe69\uff04\uffe0\uffe1\uffe5\uffe6]"
_MONEY = rf"(?:[^\W\d_]{{1,3}}\.?|{_CURRENCY})?"
_NUMBER = re.compile(
    rf"[-+(\u2212]?\s*{_MONEY}\s*[-+]?(?:\d[\d.,'’\u00a0\u202f ]*|[.,]\d+)"  # noqa: RUF001
    rf"\s*{_MONEY}-?\)?"
)
_EAN = re.compile(r"\d{8}|\d{12,14}")
_DECIMALS = re.compile(r"\d[.,]\d{1,3}\D*$")
_ID = re.compile(r"#?[\w./-]*\d[\w./-]*")
_FRAME = re.compile(rf".*({'|'.join(map(re.escape, ENDS))})", re.IGNORECASE)
_OLDEST, _YOUNGEST = 1920, 2014  # years of birth of buyers
_YEAR = re.compile(r"(?<!\d)(19\d\d|20\d\d)(?!\d)")
_DISTINCT = 400  # texts that are looked at
_SOME_DRINKS = 0.2  # share of drinks from which a column may be of categories
_MOSTLY_EMPTY = 0.05  # share of filled cells under which a column says nothing


@dataclass(frozen=True)
class Traits:
    """What the filled cells of a column are like; shares are of the distinct texts."""

    filled: float  # share of the cells that are not empty
    distinct: int  # how many texts there are
    repeats: float  # share of neighbours that are equal
    number: float  # share of numbers
    whole: float  # of those without decimals
    decimals: float  # of those with decimals
    ean: float  # of article numbers, by their length
    identifier: float  # of texts like identifiers
    words: float  # of texts with letters
    checks: float  # of words of ID checks
    frames: float  # of names of pictures
    born: float  # of texts whose year is one in which a buyer may be born
    drinks: float  # of names of drinks
    flag: bool  # whether they are yes and no only
    padded: bool  # whether there are whole numbers with leading zeros
    length: float  # mean number of characters
    times: Written | None  # how its times are written; None if it holds none
    texts: tuple[str, ...]  # the distinct texts, the commonest first

    @property
    def constant(self) -> bool:
        """Whether it has one text only."""
        return self.distinct == 1


def traits_of(cells: Sequence[str]) -> Traits:
    """What the cells of a column are like."""
    stripped = [cell.strip() for cell in cells]
    counts = Counter(cell for cell in stripped if cell)
    texts = [text for text, _ in counts.most_common(_DISTINCT)]
    size = max(len(texts), 1)

    def share(pattern: re.Pattern[str]) -> float:
        return sum(pattern.fullmatch(text) is not None for text in texts) / size

    numbers = [text for text in texts if _NUMBER.fullmatch(text)]
    equal = sum(a == b for a, b in pairwise(stripped)) / max(len(stripped) - 1, 1)
    years = [_YEAR.search(text) for text in texts]
    return Traits(
        filled=sum(map(bool, stripped)) / max(len(stripped), 1),
        distinct=len(counts),
        repeats=equal,
        number=len(numbers) / size,
        whole=sum(text.lstrip("-+").isdigit() for text in texts) / size,
        decimals=sum(_DECIMALS.search(text) is not None for text in numbers) / size,
        ean=share(_EAN),
        identifier=share(_ID),
        words=sum(any(map(str.isalpha, text)) for text in texts) / size,
        checks=sum(check_word(text) is not None for text in texts) / size if texts else 0.0,
        frames=share(_FRAME),
        born=sum(bool(y) and _OLDEST <= int(y[1]) <= _YOUNGEST for y in years) / size,  # type: ignore[index]  # found
        drinks=sum(drink_of(text) is not None for text in texts) / size,
        flag=is_flag(texts),
        padded=any(len(text) > 1 and text.startswith("0") and text.isdigit() for text in texts),
        length=sum(map(len, texts)) / size,
        times=how_written(texts),
        texts=tuple(texts),
    )


def by_content(role: str, own: Traits, *, named: bool) -> float:
    """How likely a column is one of ours by what stands in it alone: 0 to 1.

    Where columns are ``named``, a category is told by drinks only.
    """
    if not own.distinct or own.filled < _MOSTLY_EMPTY:
        return 0.0
    told = own.times is not None and own.times.is_certain
    several = 0.0 if own.constant else 1.0
    long = min(own.length, 30) / 30
    numbered = own.identifier if not told and own.decimals < 0.5 and own.length < 20 else 0.0
    texts = own.words * (1 - own.ean) if not told and own.checks < 0.5 else 0.0
    if role == "category" and (named or own.drinks > _SOME_DRINKS):
        return (0.46 - 0.1 * long) * (own.drinks > _SOME_DRINKS) * (own.length < 25) * several
    scores = {
        "sold_at": 0.5 * _has(own, day=True, clock=True) * (own.born < 0.5),
        "captured_at": 0.5 * _has(own, day=True, clock=True),
        "sale_date": 0.48 * _has(own, day=True, clock=False) * (own.born < 0.5),
        "sale_time": 0.48 * _has(own, day=False, clock=True) * told,
        "birth_date": 0.46 * _has(own, day=True, clock=False) * (own.born > 0.9),
        "id_check": 0.47 * (own.checks > 0.9) * (own.words > 0.5) * (not own.flag),
        "path": 0.5 * (own.frames > 0.9),
        "sku": 0.45 * (own.ean > 0.8) + 0.25 * several * numbered,
        "transaction_id": (0.3 + 0.1 * (own.repeats > 0)) * numbered * several * (own.ean < 0.5),
        "amount": 0.38 * (own.decimals > 0.5) * (own.number > 0.95),
        "quantity": 0.33 * (own.number > 0.95) * (own.length < 4) * (not told) * (not own.padded),
        "description": (0.2 + 0.15 * long) * texts * several * (own.identifier < 0.9),
        "category": (0.3 - 0.1 * long) * texts * (own.identifier < 0.5),
        "store_id": 0.22 * (own.identifier > 0.9) * (own.words > 0.9) * (own.length < 12),
        "till_id": 0.21 * (own.identifier > 0.9) * (own.length < 5) * (own.decimals < 0.5),
        "cashier_id": 0.16 * (own.identifier > 0.9) * (own.length < 8) * (own.decimals < 0.5),
    }
    return scores.get(role, 0.0)


def _has(own: Traits, *, day: bool, clock: bool) -> bool:
    times = own.times
    return times is not None and times.has_date == day and times.has_clock == clock
