"""The control sample: unflagged sales drawn by lot, whose faces a person reviews as well.

Flags alone cannot show how many young buyers the audit misses. The lot is the hash of the day and
of the sale's key: a day that is audited again, even after an export was corrected, draws the same
sales as far as they are still there, and each batch can be drawn without knowing the others. The
sample is drawn among the sales with an estimate whose ID check is recorded or whose buyer is
estimated at or over the challenge age: the others have no face to review, or were refused.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from fractions import Fraction

import pyarrow as pa
import pyarrow.compute as pc

from auditor.sales.identity import SaleKey

#: The outcomes that are drawn from.
DRAWN_FROM = ("over_threshold", "id_checked")

# A batch keeps the faces of those whose lot is under a multiple of the share that will be drawn.
# Only where less than an eighth of a day's sales could be drawn is the sample smaller than asked.
_ROOM = 8
_LOTS = 2**256


def of_ledger(ledger: pa.Table) -> pa.Table:
    """The control sample's rows of LEDGER: no face of another unflagged sale is kept."""
    unflagged = pc.not_equal(ledger["outcome"], "flagged")
    return ledger.filter(pc.and_(unflagged, pc.is_valid(ledger["crop"])))


def drawable(ledger: pa.Table) -> pa.Table:
    """The rows of LEDGER that the sample is drawn from."""
    could_be = pc.is_in(ledger["outcome"], pa.array(DRAWN_FROM))
    return ledger.filter(pc.and_(could_be, pc.is_valid(ledger["age"])))


def may_be_drawn(day: date, keys: Iterable[SaleKey], *, size: int, sales: int) -> set[SaleKey]:
    """Of some sales that can be drawn, such as a batch's, those that the sample could be made of.

    ``size`` is that of the sample, and ``sales`` counts the alcohol sales, over the whole day.
    """
    share = Fraction(_ROOM * size, max(sales, 1))
    return {key for key in drawn(day, keys, size=size) if _lot(day, key) < share * _LOTS}


def drawn(day: date, keys: Iterable[SaleKey], *, size: int) -> set[SaleKey]:
    """The sample: the ``size`` sales with the lowest lots, or all where there are fewer."""
    return set(sorted(keys, key=lambda key: (_lot(day, key), key.texts))[:size])


def _lot(day: date, key: SaleKey) -> int:
    basis = json.dumps([day.isoformat(), *key.texts])
    return int.from_bytes(hashlib.sha256(basis.encode()).digest())
