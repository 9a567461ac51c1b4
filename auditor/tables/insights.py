"""Purchases by age group: baskets on their way to, and as read by, the analysis."""

import pyarrow as pa

from auditor.tables.schema import MONEY, QUANTITY, TIME, Column, Schema

_PURCHASE_LINE = pa.struct(
    [
        pa.field("sku", pa.string(), nullable=False),
        pa.field("description", pa.string()),
        pa.field("category", pa.string()),
        pa.field("quantity", QUANTITY, nullable=False),
        pa.field("amount", MONEY, nullable=False),
        pa.field("alcohol", pa.bool_(), nullable=False),
    ]
)

_INSIGHTS = (
    Column("store_id", pa.string(), "store"),
    Column("hour", pa.int8(), "hour of the sale, local to the store"),
    Column("alcohol_sale", pa.bool_(), "an alcohol sale; these are always scored"),
    Column("currency", pa.string(), "ISO 4217 code of the amounts"),
    Column("lines", pa.list_(_PURCHASE_LINE), "articles bought and returned"),
    Column("model", pa.string(), "age model, name and version"),
    Column("group_starts", pa.string(), "ages at which the groups begin, comma-separated"),
    Column("groups", pa.list_(pa.float32()), "P(buyer in each age group), in hundredths"),
)

#: All that the analysis by age group reads: no transaction, cashier, till, face or minute. In
#: format 2 amounts had two decimals.
INSIGHTS = Schema("insights", _INSIGHTS, version=3, earlier=(Schema("insights", _INSIGHTS, 2),))

#: What identifies a sale (``sales/identity.py``).
_KEY = (
    Column("store_id", pa.string(), "store"),
    Column("till_id", pa.string(), "till"),
    Column("transaction_id", pa.string(), "the till's number of the transaction"),
    Column("started_at", TIME, "time of the transaction's first line"),
)

#: Baskets on their way to INSIGHTS, still with their transaction.
PURCHASES = Schema(
    "purchases",
    (
        *_KEY,
        Column("snapshot_path", pa.string(), "frame, relative to the snapshots' address"),
        *INSIGHTS.pick("hour", "alcohol_sale", "currency", "lines"),
    ),
    version=3,
)

#: The age group of each buyer, from the scored frame.
POSTERIORS = Schema(
    "posteriors",
    (
        *_KEY,
        Column("groups", pa.list_(pa.float32()), "P(buyer in each age group)"),
    ),
    version=2,
)
