"""The ledger, column by column, and what it is made from: collected sales and frame scores."""

import pyarrow as pa

from auditor.tables.schema import MONEY, QUANTITY, TIME, Column, Schema

_BASKET_LINE = pa.struct(
    [
        pa.field("sku", pa.string(), nullable=False),
        pa.field("description", pa.string()),
        pa.field("quantity", QUANTITY, nullable=False),
        pa.field("amount", MONEY, nullable=False),
        pa.field("alcohol", pa.bool_(), nullable=False),
        pa.field("sold_at", TIME),  # when the line was scanned
        pa.field("refused", pa.bool_()),  # the till refused the article: it is not in the price
    ]
)

_FRAME = pa.struct(
    [
        pa.field("snapshot_id", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("matched_by", pa.string(), nullable=False),
        pa.field("offset_s", pa.float64(), nullable=False),
    ]
)

# What was seen in one of a sale's frames; nothing where no age could be estimated.
_SEEN = pa.struct(
    [
        pa.field("sha256", pa.string()),
        pa.field("age", pa.float32()),
        pa.field("age_low", pa.float32()),
        pa.field("age_high", pa.float32()),
    ]
)

_OTHER_FACE = pa.struct(
    [
        pa.field("age", pa.float32(), nullable=False),
        pa.field("age_sd", pa.float32(), nullable=False),
        pa.field("age_low", pa.float32(), nullable=False),
        pa.field("age_high", pa.float32(), nullable=False),
        pa.field("p_under_legal", pa.float32(), nullable=False),
        pa.field("p_under_challenge", pa.float32(), nullable=False),
        pa.field("face_px", pa.float32(), nullable=False),
    ]
)

_LEDGER = (
    Column("transaction_id", pa.string(), "the till's number of the transaction"),
    Column("store_id", pa.string(), "store"),
    Column("till_id", pa.string(), "till"),
    Column(
        "cashier_id",
        pa.string(),
        "cashier, or the attendant of a self-checkout; null where there was none",
        nullable=True,
    ),
    Column("sold_at", TIME, "time of the sale: its last line"),
    Column("id_check", pa.string(), "what the till recorded of the ID check, one of ID_CHECKS"),
    Column("outcome", pa.string(), "one of OUTCOMES"),
    Column(
        "reason", pa.string(), "why flagged (ID check, recorded_underage) or inconclusive", True
    ),
    Column("age", pa.float32(), "estimated age of the buyer, years", nullable=True),
    Column("age_sd", pa.float32(), "standard deviation of the age, years", nullable=True),
    Column("age_low", pa.float32(), "lower end of the 80 % interval, years", nullable=True),
    Column("age_high", pa.float32(), "upper end of the 80 % interval, years", nullable=True),
    Column("p_under_legal", pa.float32(), "P(buyer under the legal age)", nullable=True),
    Column("p_under_challenge", pa.float32(), "P(buyer under the challenge age)", nullable=True),
    Column("legal_age", pa.int16(), "age from which this alcohol may be bought, years"),
    Column("challenge_age", pa.int16(), "years; anyone who looks younger is asked for ID"),
    Column("snapshot_id", pa.string(), "frame of the sale: the one judged", nullable=True),
    Column("started_at", TIME, "time of the transaction's first line"),
    Column("detail", pa.string(), "why inconclusive, for an engineer", nullable=True),
    Column("age_low_95", pa.float32(), "lower end of the 95 % interval, years", nullable=True),
    Column("age_high_95", pa.float32(), "upper end of the 95 % interval, years", nullable=True),
    Column("light", pa.float32(), "mean luminance of the frame, 0 to 255", nullable=True),
    Column("faces", pa.int16(), "faces found in the frame", nullable=True),
    Column("face_confidence", pa.float32(), "detector's confidence in the face", nullable=True),
    Column("face_px", pa.float32(), "longer side of the face's box, pixels", nullable=True),
    Column("sharpness", pa.float32(), "sharpness of the crop as the model sees it", True),
    Column("other_faces", pa.list_(_OTHER_FACE), "estimates of the other faces", nullable=True),
    Column("snapshot_sha256", pa.string(), "hash of the frame's bytes", nullable=True),
    Column(
        "crop",
        pa.string(),
        "face kept of a flagged sale or of one in the control sample, relative to OUT",
        nullable=True,
    ),
    Column(
        "snapshot_path", pa.string(), "frame, relative to the snapshots' address", nullable=True
    ),
    Column("matched_by", pa.string(), "transaction or till_and_time", nullable=True),
    Column("snapshot_offset_s", pa.float64(), "camera's time minus till's, seconds", True),
    Column("id_check_at", TIME, "time of the ID check on record", nullable=True),
    Column("id_check_by", pa.string(), "who did the ID check", nullable=True),
    Column("birth_date", pa.date32(), "date of birth on record; the latest if several", True),
    Column("amount", MONEY, "price of the basket, in the store's currency"),
    Column("basket", pa.list_(_BASKET_LINE), "the lines of the sale"),
    Column("marks", pa.list_(pa.string()), "what qualifies the record, see GLOSSARY.md"),
    Column(
        "frames",
        pa.list_(pa.struct([*_FRAME, *_SEEN])),
        "of a sale with several frames those that were looked at, the nearest first",
        nullable=True,
    ),
)

#: One row an alcohol sale, with its outcome. In format 5 amounts had two decimals.
LEDGER = Schema("ledger", _LEDGER, version=6, earlier=(Schema("ledger", _LEDGER, 5),))

#: Alcohol sales as collected: the ledger's columns that are known before scoring. Of several frames
#: the nearest stands for the sale until they are scored.
SALES = Schema(
    "sales",
    (
        *LEDGER.pick(
            *("transaction_id", "store_id", "till_id", "cashier_id", "started_at", "sold_at"),
            *("id_check", "legal_age", "challenge_age", "snapshot_id", "snapshot_path"),
            *("matched_by", "snapshot_offset_s", "id_check_at", "id_check_by", "birth_date"),
            *("amount", "basket", "marks"),
        ),
        Column(
            "frames",
            pa.list_(_FRAME),
            "all of a sale's frames if it has several, the nearest first, at most five",
            nullable=True,
        ),
    ),
    version=4,
)

#: The result of scoring a sale's frame, the best of several: the ledger's estimates, or the reason
#: why there is none.
FRAME_SCORES = Schema(
    "frame_scores",
    (
        Column("frame", pa.int64(), "position of the sale in the batch that was scored"),
        Column("reason", pa.string(), "why no age could be estimated", nullable=True),
        Column("detail", pa.string(), "the same for an engineer", nullable=True),
        *LEDGER.pick(
            *("age", "age_sd", "age_low", "age_high", "p_under_legal", "p_under_challenge"),
            *("age_low_95", "age_high_95", "light", "faces", "face_confidence", "face_px"),
            *("sharpness", "other_faces", "snapshot_sha256"),
        ),
        Column("groups", pa.list_(pa.float32()), "P(buyer in each age group asked for)", True),
        Column("chosen", pa.int16(), "place of the frame among the sale's, if several", True),
        Column("seen", pa.list_(_SEEN), "what was seen in each of the sale's frames", True),
    ),
)

#: One row a store and day: what its results rest on.
PROVENANCE = Schema(
    "provenance",
    (
        Column("store_id", pa.string(), "store"),
        Column(
            "inputs_sha256", pa.string(), "hash over the exports, the indexes and the frames read"
        ),
        Column("policy_sha256", pa.string(), "hash of the policy's content"),
        Column(
            "mapping_sha256", pa.string(), "hash of the mapping's content, if there is one", True
        ),
        Column("model", pa.string(), "age model, name and version"),
        Column(
            "model_sha256", pa.string(), "hash over the model's network, runtime and calibration"
        ),
        Column("auditor_version", pa.string(), "version of this package"),
    ),
    version=2,
)
