"""What the demo knows of its own days, written beside the chain for tests and readers."""

import pyarrow as pa

from auditor.tables import Column, Schema

#: The truth behind each alcohol sale of the demo.
TRUTH = Schema(
    "truth",
    (
        Column("transaction_id", pa.string(), "alcohol sale that belongs in the ledger"),
        Column("store_id", pa.string(), "store"),
        Column("day", pa.date32(), "business day"),
        Column("true_age", pa.float64(), "age of the buyer's composite portrait, years"),
        Column("sex", pa.string(), "male or female, of the portrait"),
        Column("cashier_id", pa.string(), "cashier, or the attendant of a self-checkout"),
        Column("face", pa.string(), "portrait drawn in the frame; null if none was", nullable=True),
        Column("trouble", pa.string(), "fault planted by the demo, a name in TROUBLES", True),
        Column("id_check", pa.string(), "what the till recorded of the ID check, one of ID_CHECKS"),
        Column("expected_outcome", pa.string(), "where no age is needed to know it", nullable=True),
        Column("expected_reason", pa.string(), "of an expected inconclusive sale", nullable=True),
        Column("snapshot_id", pa.string(), "frame to be matched to the sale", nullable=True),
    ),
)

CASHIER_HABITS = Schema(
    "cashier_habits",
    (
        Column("store_id", pa.string(), "store"),
        Column("cashier_id", pa.string(), "cashier, or the attendant of a self-checkout"),
        Column("habit", pa.string(), "what the demo makes this cashier do, ordinary for most"),
        Column("asks", pa.float64(), "share asked for ID, of those whom the others would ask"),
    ),
)

CAMERA_FAULTS = Schema(
    "camera_faults",
    (
        Column("store_id", pa.string(), "store"),
        Column("till_id", pa.string(), "till that the camera looks at"),
        Column("exposure", pa.float64(), "light of the demo's days over that of the days before"),
    ),
)
