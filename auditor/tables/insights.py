"""Purchases by age group: baskets on their way to, and as read by, the analysis."""

import pyarrow as pa

from auditor.tables.schema import MONEY, QUANTITY, Column, Schema

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

#: All that the analysis by age group reads: no transaction, cashier, till, face or minute.
INSIGHTS = Schema(
    "insights",
    (
        Column("store_id", pa.string(), "store"),
        Column("hour", pa.int8(), "hour of the sale, local to the store"),
        Column("alcohol_sale", pa.bool_(), "an alcohol sale; these are always scored"),
        Column("currency", pa.string(), "ISO 4217 code of the amounts"),
        Column("lines", pa.list_(_PURCHASE_LINE), "articles bought and returned"),
        Column("model", pa.string(), "age model, name and version"),
        Column("group_starts", pa.string(), "ages at which the groups begin, comma-separated"),
        Column("groups", pa.list_(pa.float32()), "P(buyer in each age group), in hundredths"),
    ),
    version=2,
)

#: Baskets on their way to INSIGHTS, still with their transaction.
PURCHASES = Schema(
    "purchases",
    (
        Column("transaction_id", pa.string(), "the till's number of the transaction"),
        Column("snapshot_path", pa.string(), "frame, relative to the snapshots' address"),
        *INSIGHTS.pick("store_id", "hour", "alcohol_sale", "currency", "lines"),
    ),
)

#: The age group of each buyer, from the scored frame.
POSTERIORS = Schema(
    "posteriors",
    (
        Column("store_id", pa.string(), "store"),
        Column("transaction_id", pa.string(), "the till's number of the transaction"),
        Column("groups", pa.list_(pa.float32()), "P(buyer in each age group)"),
    ),
)
