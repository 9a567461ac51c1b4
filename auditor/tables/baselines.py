"""Daily baselines: what later days are compared with, one file a table and day for all stores."""

import pyarrow as pa

from auditor.tables.schema import MONEY, TIME, Column, Schema
from auditor.tables.vocabulary import OUTCOMES

DAY_FIGURES = Schema(
    "day_figures",
    (
        Column("day", pa.date32(), "business day"),
        Column("store_id", pa.string(), "store"),
        Column("model", pa.string(), "age model, name and version"),
        Column("challenge_age", pa.int16(), "who looked younger was to be asked for ID, years"),
        Column(
            "export_status", pa.string(), "read, missing (no file) or unreadable (no file usable)"
        ),
        Column("alcohol_sales", pa.int64(), "transactions with alcohol: the sum of the outcomes"),
        Column("with_snapshot", pa.int64(), "of these, with a frame"),
        Column("scored", pa.int64(), "of these, with an age estimated"),
        *(Column(name, pa.int64(), "sales with this outcome") for name in OUTCOMES),
    ),
)

CHECK_COUNTS = Schema(
    "check_counts",
    (
        Column("store_id", pa.string(), "store"),
        Column("cashier_id", pa.string(), "cashier or attendant; null where there was none", True),
        Column("from_hour", pa.int8(), "hour at which the part of the day begins, store's clock"),
        Column(
            "likelihood", pa.int8(), "class of P(under the challenge age), from 0", nullable=True
        ),
        Column("sales", pa.int32(), "alcohol sales at tills that record ID checks", counted=True),
        Column(
            "handled", pa.int32(), "of these, with a counting ID check or refused", counted=True
        ),
        Column("refused", pa.int32(), "of these, refused", counted=True),
        Column(
            "unrecorded", pa.int32(), "alcohol sales at tills that record no checks", counted=True
        ),
    ),
)

QUALITY_COUNTS = Schema(
    "quality_counts",
    (
        Column("store_id", pa.string(), "store"),
        Column("cashier_id", pa.string(), "who did the ID check; the cashier where not known"),
        Column("rule", pa.string(), "one of QUALITY_RULES"),
        Column("scanned", pa.bool_(), "a machine read the document; such checks are the baseline"),
        Column("looked_at", pa.int32(), "sales to which the rule applies", counted=True),
        Column("found", pa.int32(), "of these, sales that match the rule", counted=True),
        Column("chance", pa.float64(), "most matches to expect by chance alone", counted=True),
    ),
)

RECORDED_AGES = Schema(
    "recorded_ages",
    (
        Column("store_id", pa.string(), "store"),
        Column("scanned", pa.bool_(), "a machine read the document"),
        Column("age", pa.int16(), "completed years on the day of the sale, 0 to 120"),
        Column(
            "checks", pa.int32(), "ID checks with a recorded birth date of this age", counted=True
        ),
    ),
)

CAMERA_COUNTS = Schema(
    "camera_counts",
    (
        Column("store_id", pa.string(), "store"),
        Column("till_id", pa.string(), "till that the camera looks at"),
        Column("basis", pa.string(), "age model and quality gates that accepted the faces"),
        Column("quantity", pa.string(), "one of CAMERA_QUANTITIES"),
        Column(
            "bin", pa.int16(), "class of the quantity, see auditor.monitoring.cameras.quantities"
        ),
        Column("sales", pa.int32(), "alcohol sales in this class", counted=True),
    ),
)

#: Hours of a clock: how many counts ``by_hour`` of TILL_DAYS has.
HOURS = 24

_TILL_DAYS = (
    Column("store_id", pa.string(), "store"),
    Column("till_id", pa.string(), "till"),
    Column("transactions", pa.int32(), "transactions that began at it, whatever their state"),
    Column(
        "by_hour",
        pa.list_(pa.int32()),
        "of these, by the hour of the store's clock in which they began: 24 counts",
    ),
    Column("completed", pa.int32(), "of these, completed"),
    Column("turnover", MONEY, "what the lines of the completed ones add up to"),
    Column("control_transactions", pa.int64(), "as the till's own totals have it", True),
    Column("control_turnover", MONEY, "the same of the turnover", nullable=True),
)

#: In format 1 amounts had two decimals.
TILL_DAYS = Schema("till_days", _TILL_DAYS, version=2, earlier=(Schema("till_days", _TILL_DAYS),))

_GAP = pa.struct(
    [
        pa.field("after", pa.string(), nullable=False),  # the transactions on either side
        pa.field("after_at", TIME, nullable=False),
        pa.field("before", pa.string(), nullable=False),
        pa.field("before_at", TIME, nullable=False),
        pa.field("missing", pa.int64(), nullable=False),
    ]
)

NUMBER_RUNS = Schema(
    "number_runs",
    (
        Column("store_id", pa.string(), "store"),
        Column("till_id", pa.string(), "till; null where a store counts over all its tills", True),
        Column("numbers", pa.int32(), "distinct transaction numbers that end in digits"),
        Column("steps", pa.int32(), "pairs of neighbours among them, in the order of numbers"),
        Column("steps_of_one", pa.int32(), "of these, pairs with no number between them"),
        Column("missing", pa.int64(), "numbers that lack between neighbours near each other"),
        Column("gaps", pa.list_(_GAP), "the largest few places where numbers lack"),
    ),
)

_CATEGORIES = (
    Column("store_id", pa.string(), "store"),
    Column("category", pa.string(), "article category; null for lines without one", True),
    Column("lines", pa.int32(), "lines of articles", counted=True),
    Column("alcohol", pa.int32(), "of these, alcohol by the policy", counted=True),
    Column(
        "unexplained",
        pa.int32(),
        "of these, in transactions without anything that the policy names as alcohol or other",
        counted=True,
    ),
    Column("checked", pa.int32(), "of the unexplained, with an ID check", counted=True),
)

CATEGORY_COUNTS = Schema(
    "category_counts",
    (
        *_CATEGORIES,
        Column(
            "sounding",
            pa.int32(),
            "of the lines, those of articles that the policy does not name and whose description "
            "sounds like alcohol",
            nullable=True,
            counted=True,
        ),
        Column("example", pa.string(), "the commonest of these descriptions", nullable=True),
    ),
    version=2,
    earlier=(Schema("category_counts", _CATEGORIES),),
)

CAMERA_DAYS = Schema(
    "camera_days",
    (
        Column("store_id", pa.string(), "store"),
        Column("till_id", pa.string(), "till that the camera looks at"),
        Column(
            "basis",
            pa.string(),
            "what its clock was found by: named (frames that name their transaction), pattern (of "
            "frames and transactions), or unknown",
        ),
        Column("offset_s", pa.float64(), "its time minus the till's, seconds", nullable=True),
        Column("drift_s", pa.float64(), "what it gains an hour, seconds", nullable=True),
        Column("spread_s", pa.float64(), "standard deviation of frames around it, seconds", True),
        Column("frames", pa.int32(), "frames in the index"),
        Column("ambiguous", pa.int32(), "of these, that may be of several transactions"),
        Column("contradicting", pa.int32(), "of these, that name a transaction of another time"),
        Column("frozen", pa.int32(), "alcohol sales of which it gave the same picture as before"),
    ),
)
