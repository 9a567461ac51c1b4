"""The log of what people decided about sales."""

import pyarrow as pa

from auditor.tables.schema import TIME, Column, Schema

_LOG = (
    Column("decision_id", pa.string(), "SHA-256 of the other columns"),
    Column("previous_id", pa.string(), "the day's entry before this one", nullable=True),
    Column("day", pa.date32(), "business day of the sale"),
    Column("store_id", pa.string(), "store"),
    Column("till_id", pa.string(), "till; null in format 1, whose key had none", nullable=True),
    Column("transaction_id", pa.string(), "the till's number of the transaction"),
    Column("started_at", TIME, "time of the transaction's first line; as the till", nullable=True),
    Column("decision", pa.string(), "one of DECISIONS"),
    Column("decided_by", pa.string(), "name that the person who decided gave"),
    Column("decided_at", TIME, "when it was recorded"),
    Column("note", pa.string(), "the person's own words", nullable=True),
    Column("outcome", pa.string(), "outcome of the sale when it was decided, one of OUTCOMES"),
    Column("inputs_sha256", pa.string(), "from the store's provenance at that time"),
    Column("policy_sha256", pa.string(), "from the store's provenance at that time"),
    Column("model_sha256", pa.string(), "from the store's provenance at that time"),
)

#: What format 2 added: a number that tills count on their own does not name a sale.
_ADDED = ("till_id", "started_at")

DECISION_LOG = Schema(
    "decision_log",
    _LOG,
    version=2,
    earlier=(Schema("decision_log", tuple(c for c in _LOG if c.name not in _ADDED)),),
)
