"""What comes in: till lines, the snapshot index, rejected rows, and each store's coverage."""

import pyarrow as pa

from auditor.tables.schema import MONEY, QUANTITY, TIME, Column, Schema

_PLACE = (
    Column("source", pa.string(), "file that the row came from, relative to the address given"),
    Column("row", pa.int64(), "record number in that file; the header is 1"),
)
_RECEIPT = Column(
    "receipt",
    pa.int64(),
    "number in that file of the piece that holds a whole transaction; null where there is none",
    nullable=True,
)

#: The columns that say where a row stood; no file has them.
ORIGIN = (*(column.name for column in _PLACE), _RECEIPT.name)

TILL_LINES = Schema(
    "till_lines",
    (
        Column("transaction_id", pa.string(), "the till's number of the transaction"),
        Column("store_id", pa.string(), "store"),
        Column("till_id", pa.string(), "till"),
        Column(
            "cashier_id",
            pa.string(),
            "cashier, or the attendant of a self-checkout; null where there was none",
            nullable=True,
        ),
        Column("sold_at", TIME, "time of the sale"),
        Column("sku", pa.string(), "article number"),
        Column("description", pa.string(), "article", nullable=True),
        Column("category", pa.string(), "article category", nullable=True),
        Column("quantity", QUANTITY, "units; negative for a return"),
        Column("amount", MONEY, "price of the line, in the store's currency"),
        Column("id_check", pa.string(), "what the till recorded of the ID check, one of ID_CHECKS"),
        Column("id_check_at", TIME, "time of the ID check", nullable=True),
        Column("id_check_by", pa.string(), "who did the ID check", nullable=True),
        Column("birth_date", pa.date32(), "date of birth keyed or scanned", nullable=True),
        Column("line_type", pa.string(), "one of LINE_TYPES; an item where null", nullable=True),
        Column(
            "transaction_state",
            pa.string(),
            "one of TRANSACTION_STATES; completed where null",
            nullable=True,
        ),
        Column("business_date", pa.date32(), "business day as the till wrote it", nullable=True),
        Column("resumes", pa.string(), "transaction of the store that this resumes or voids", True),
        Column("resumes_till", pa.string(), "till of that transaction; any where null", True),
        Column("resumes_date", pa.date32(), "its business day; any where null", True),
        Column("required_age", pa.int16(), "age that the till asked for, years", nullable=True),
        *_PLACE,
        _RECEIPT,
    ),
)

#: Every transaction of a day, whatever became of it: what is asked is whether any is missing.
TRANSACTIONS = Schema(
    "transactions",
    (
        *TILL_LINES.pick("store_id", "till_id", "transaction_id"),
        Column("started_at", TIME, "time of its first line"),
        Column("completed", pa.bool_(), "whether it was paid"),
        Column("amount", MONEY, "what its lines add up to; cut to what the column holds"),
    ),
)

SNAPSHOT_INDEX = Schema(
    "snapshot_index",
    (
        Column("snapshot_id", pa.string(), "the camera system's number of the frame"),
        Column("store_id", pa.string(), "store"),
        Column("till_id", pa.string(), "till that the camera looks at"),
        Column("captured_at", TIME, "time of the frame, by the camera's clock"),
        Column(
            "transaction_id", pa.string(), "transaction, where the till named it", nullable=True
        ),
        Column("path", pa.string(), "frame, relative to the snapshots' address"),
        *_PLACE,
    ),
)

REJECTS = Schema(
    "rejects",
    (
        Column("stage", pa.string(), "stage that rejected the row: inputs or collect"),
        Column("reason", pa.string(), "why the row was rejected"),
        Column("source", pa.string(), "file, relative to the address given"),
        Column("row", pa.int64(), "record number in that file; the header is 1", nullable=True),
        Column("column", pa.string(), "column at fault", nullable=True),
        Column("value", pa.string(), "value at fault, shortened", nullable=True),
        Column("detail", pa.string(), "what is wrong and what to do"),
        Column("store_id", pa.string(), "store, where known", nullable=True),
        Column("transaction_id", pa.string(), "transaction, where known", nullable=True),
        Column("snapshot_id", pa.string(), "frame, where known", nullable=True),
    ),
)

INPUT_NOTES = Schema(
    "input_notes",
    (
        Column("store_id", pa.string(), "store, where known", nullable=True),
        Column("kind", pa.string(), "what was noticed, one of INPUT_NOTE_KINDS"),
        Column("source", pa.string(), "file, relative to the address given", nullable=True),
        Column("column", pa.string(), "column concerned", nullable=True),
        Column("value", pa.string(), "value concerned, shortened", nullable=True),
        Column("rows", pa.int64(), "rows concerned", counted=True),
    ),
)

STORE_DAYS = Schema(
    "store_days",
    (
        Column("store_id", pa.string(), "store"),
        Column("store_name", pa.string(), "its name in the policy", nullable=True),
        Column("time_zone", pa.string(), "IANA zone in which its times are shown"),
        Column(
            "export_status", pa.string(), "read, missing (no file) or unreadable (no file usable)"
        ),
        Column("export_files", pa.int32(), "till exports found for the day"),
        Column("lines_read", pa.int64(), "rows of the day, also in the exports of days beside it"),
        Column("lines_rejected", pa.int64(), "rows rejected while reading"),
        Column(
            "lines_of_other_days",
            pa.int64(),
            "rows of these exports whose time is of the day before or after, which audits them",
        ),
        Column("transactions", pa.int64(), "distinct transactions that were completed"),
        Column(
            "duplicate_transactions", pa.int64(), "transactions seen a second time and rejected"
        ),
        Column("training_transactions", pa.int64(), "rung up for practice"),
        Column("cancelled_transactions", pa.int64(), "cancelled before payment"),
        Column(
            "voided_transactions",
            pa.int64(),
            "voided after payment, those that void one, and those that take off whatever they sold",
        ),
        Column("suspended_transactions", pa.int64(), "put aside, and resumed by no other"),
        Column(
            "transactions_from_before",
            pa.int64(),
            "begun on the day before, which counts them, with lines on this day",
        ),
        Column("alcohol_sales", pa.int64(), "transactions with alcohol: the ledger's rows"),
        Column("alcohol_returns", pa.int64(), "transactions that only gave alcohol back"),
        Column("snapshots_indexed", pa.int64(), "frames in the index"),
        Column("snapshots_rejected", pa.int64(), "index rows rejected while reading"),
        Column("snapshots_matched", pa.int64(), "frames matched to an alcohol sale"),
        Column("snapshots_of_other_sales", pa.int64(), "frames of sales without alcohol"),
        Column("snapshots_unclaimed", pa.int64(), "frames that match no sale"),
        Column("times_read_as_local", pa.int64(), "times without an offset"),
        Column("times_ambiguous", pa.int64(), "local times that occurred twice; read as the first"),
        Column("times_nonexistent", pa.int64(), "local times skipped by the clock; moved forward"),
    ),
    version=2,
)
