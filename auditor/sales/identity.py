"""The identity of a sale: in tables, on pages and in file names."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

_DIGITS = 16  # 64 bits: of a chain's sales in a year two share an id once in some thousand years


class SaleKey(NamedTuple):
    """The columns that identify a sale.

    Tills count on their own, and begin again: a number alone names several sales. Entries of the
    log of decisions that were written before the till and the time were part of the key may lack
    both (``decisions/log.py``); such a key is that of no sale.
    """

    store_id: str
    till_id: str | None
    transaction_id: str
    started_at: datetime | None  # the time of its first line

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """The key of a row of any table of sales."""
        return cls(*(row[name] for name in cls._fields))

    @property
    def texts(self) -> list[str]:
        """Its parts as text, the time in UTC; those that are known."""
        parts = [self.store_id, self.till_id, self.transaction_id]
        if self.started_at is not None:
            parts.append(self.started_at.astimezone(UTC).isoformat())
        return [part for part in parts if part is not None]

    @property
    def sale_id(self) -> str:
        """``sale-`` and 16 hexadecimal digits, safe in links and file names.

        It says nothing of the till's own text, and stays the same when a day is audited again.
        """
        return f"sale-{hashlib.sha256('|'.join(self.texts).encode()).hexdigest()[:_DIGITS]}"


#: The columns of a :class:`SaleKey`, in order.
SALE_KEY = SaleKey._fields

#: The columns by which tables of sales are sorted; the key makes the order complete.
SALE_ORDER = ("store_id", "sold_at", "till_id", "transaction_id", "started_at")
