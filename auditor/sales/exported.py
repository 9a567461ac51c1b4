"""What an export has of a day's transactions, whatever became of them."""

import pyarrow as pa

from auditor.sales.codes import Codes, money
from auditor.sales.transactions import Transactions
from auditor.tables import TRANSACTIONS

_COPIED = ("store_id", "till_id", "transaction_id", "started_at")


def transactions_of(divided: Transactions, prices: Codes) -> pa.Table:
    """TRANSACTIONS: those that begin on the day, in their order; ``prices`` is what each cost."""
    columns = {name: divided.heads[name] for name in _COPIED} | {
        "completed": pa.array(divided.are("completed")),
        "amount": money(prices),
    }
    return TRANSACTIONS.conform(pa.table(columns)).filter(pa.array(divided.of_day))
