"""The log of what people decided about sales."""

import pyarrow as pa

from auditor.tables.schema import TIME, Column, Schema

DECISION_LOG = Schema(
    "decision_log",
    (
        Column("decision_id", pa.string(), "SHA-256 of the other columns"),
        Column("previous_id", pa.string(), "the day's entry before this one", nullable=True),
        Column("day", pa.date32(), "business day of the sale"),
        Column("store_id", pa.string(), "store"),
        Column("transaction_id", pa.string(), "the till's number of the transaction"),
        Column("decision", pa.string(), "one of DECISIONS"),
        Column("decided_by", pa.string(), "name that the person who decided gave"),
        Column("decided_at", TIME, "when it was recorded"),
        Column("note", pa.string(), "the person's own words", nullable=True),
        Column("outcome", pa.string(), "outcome of the sale when it was decided, one of OUTCOMES"),
        Column("inputs_sha256", pa.string(), "from the store's provenance at that time"),
        Column("policy_sha256", pa.string(), "from the store's provenance at that time"),
        Column("model_sha256", pa.string(), "from the store's provenance at that time"),
    ),
)
