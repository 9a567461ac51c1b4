"""The control sample: unflagged sales drawn by lot, whose faces a person looks at as well.

Flags alone cannot tell how many young buyers the audit misses. The lot is the hash of the day's
inputs, the store and the transaction: the same inputs draw the same sales, and whoever draws a
batch needs to know no other batch. It is drawn among the sales with an estimate whose ID check is
recorded or whose buyer is estimated at or over the challenge age: of the others there is no face to
look at, or the sale was refused.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction

#: The outcomes that are drawn from.
DRAWN_FROM = ("over_threshold", "id_checked")

# A batch keeps the faces of those whose lot is under a multiple of the share that will be drawn.
# Only where less than an eighth of a day's sales could be drawn is the sample smaller than asked.
_ROOM = 8
_LOTS = 2**256

Key = tuple[str, str]  # store and transaction


def seed_of(day: date, files: Iterable[Sequence[str]]) -> str:
    """What the lots of a day depend on.

    Args:
        day: the business day.
        files: path and SHA-256 of each export and index that was read.
    """
    said = json.dumps([day.isoformat(), sorted(map(list, files))])
    return hashlib.sha256(said.encode()).hexdigest()


def may_be_drawn(seed: str, keys: Iterable[Key], *, size: int, sales: int) -> set[Key]:
    """Of some sales of a day, those that the sample could be made of.

    Args:
        seed: of the day.
        keys: sales that can be drawn, such as those of a batch.
        size: of the sample, over the whole day.
        sales: alcohol sales of the day.
    """
    share = Fraction(_ROOM * size, max(sales, 1))
    return {key for key in drawn(seed, keys, size=size) if _lot(seed, key) < share * _LOTS}


def drawn(seed: str, keys: Iterable[Key], *, size: int) -> set[Key]:
    """The sample: the ``size`` sales with the lowest lots, or all where there are fewer."""
    return set(sorted(keys, key=lambda key: (_lot(seed, key), key))[:size])


def _lot(seed: str, key: Key) -> int:
    said = json.dumps([seed, *key])
    return int.from_bytes(hashlib.sha256(said.encode()).digest())
