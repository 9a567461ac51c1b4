"""The identity of a sale: in tables, on pages and in file names."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

_DIGITS = 16  # 64 bits: of a chain's sales in a year two share an id once in some thousand years


class SaleKey(NamedTuple):
    """The columns that identify a sale."""

    store_id: str
    transaction_id: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """The key of a row of any table of sales."""
        return cls(*(row[name] for name in cls._fields))

    @property
    def sale_id(self) -> str:
        """``sale-`` and 16 hexadecimal digits, safe in links and file names.

        It says nothing of the till's own text, and stays the same when a day is audited again.
        """
        return f"sale-{hashlib.sha256('|'.join(self).encode()).hexdigest()[:_DIGITS]}"


#: The columns of a :class:`SaleKey`, in order.
SALE_KEY = SaleKey._fields

#: The columns by which tables of sales are sorted; the key makes the order complete.
SALE_ORDER = ("store_id", "sold_at", "till_id", *(n for n in SALE_KEY if n != "store_id"))
