"""What an export has of a day's transactions, whatever became of them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.sales.codes import last_digits, money
from auditor.sales.transactions import Transactions
from auditor.tables import MONEY, TRANSACTIONS

_COPIED = ("store_id", "till_id", "transaction_id", "started_at")
#: The lines whose amounts are turnover; what a tender pays is the same money again.
_SOLD = ("item", "discount")


def transactions_of(divided: Transactions) -> pa.Table:
    """TRANSACTIONS: those that begin on the day, in their order."""
    lines = divided.lines
    sold = pc.is_in(pc.fill_null(lines["line_type"], "item"), pa.array(_SOLD)).to_numpy()
    cents = np.where(sold, last_digits(lines["amount"], MONEY), 0)
    columns = {name: divided.heads[name] for name in _COPIED} | {
        "completed": pa.array(divided.are("completed")),
        "amount": money(np.add.reduceat(cents, divided.starts)),
    }
    return TRANSACTIONS.conform(pa.table(columns)).filter(pa.array(divided.of_day))
