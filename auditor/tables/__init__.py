"""The only schemas: every table that is read, passed on or written, column by column."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from auditor.errors import ContractError

TIME = pa.timestamp("us", tz="UTC")
MONEY = pa.decimal128(12, 2)
QUANTITY = pa.decimal128(12, 3)

#: What the till recorded of the ID check, strongest evidence first.
ID_CHECKS = (
    "id_scanned",
    "dob_entered",
    "id_viewed",
    "dob_on_file",
    "looks_over",
    "refused",
    "prompt_suppressed",
    "none",
    "not_recorded",
)

#: Where an alcohol sale ends, in the order in which a page counts them.
OUTCOMES = ("flagged", "id_checked", "over_threshold", "refused", "inconclusive")

#: Reason of a flag that rests on the till's record alone: the recorded birth date makes the buyer
#: younger than the legal age. Of every other flag the reason is the state of the ID check.
RECORDED_UNDERAGE = "recorded_underage"

#: Why no age could be estimated.
INCONCLUSIVE_REASONS = (
    "snapshot_missing",
    "snapshot_unreadable",
    "no_face",
    "face_too_small",
    "face_blurred",
)


#: What a person can find on looking at a sale.
REVIEW_RESULTS = (
    "check_made",  # the picture or another record shows that ID was asked for
    "no_check_seen",  # nothing shows a check: to be taken up with the store
    "looks_older",  # to a person the buyer clearly looks over the challenge age
    "cannot_tell",  # picture and record do not say
)

#: What a person can record of a sale. None is a verdict on anybody.
DECISIONS = (
    *REVIEW_RESULTS,
    "followed_up",  # spoken about with the people concerned
    "reopened",  # an earlier decision is withdrawn
    "note",  # a remark that leaves the case where it stands
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Arrow type, what it means, whether it may be null, whether it is a count."""

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False
    counted: bool = False


@dataclass(frozen=True)
class Schema:
    """A table's columns, in order, and the format of its files: raised when a column changes.

    A raised version needs its step in formats.py.
    """

    name: str
    columns: tuple[Column, ...]
    version: int = 1

    @cached_property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, with nullability."""
        return pa.schema([pa.field(c.name, c.type, c.nullable) for c in self.columns])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(c.name for c in self.columns)

    def conform(self, table: pa.Table) -> pa.Table:
        """Return ``table`` with this schema's column order and types.

        Raises:
            ContractError: a column is missing, unexpected, of a type that does not convert
                safely, or null where the schema forbids it.
        """
        missing = [n for n in self.names if n not in table.column_names]
        extra = [n for n in table.column_names if n not in self.names]
        if missing or extra:
            raise ContractError(f"table {self.name}: missing columns {missing}, unexpected {extra}")
        for column in self.columns:
            if not column.nullable and table[column.name].null_count:
                raise ContractError(f"table {self.name}: column {column.name} has nulls")
        try:
            return table.select(self.names).cast(self.arrow)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
            raise ContractError(f"table {self.name}: {error}") from error

    def from_rows(self, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
        """Build a table from dictionaries; an absent nullable key is null.

        Raises:
            ContractError: as :meth:`conform`, or a key that is no column.
        """
        rows = list(rows)
        unknown = {key for row in rows for key in row} - set(self.names)
        if unknown:
            raise ContractError(f"table {self.name}: unexpected {sorted(unknown)}")
        try:
            arrays = [pa.array([r.get(c.name) for r in rows], c.type) for c in self.columns]
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ContractError(f"table {self.name}: {error}") from error
        return self.conform(pa.table(arrays, names=list(self.names)))

    def only(self, names: Collection[str]) -> "Schema":
        """The same with these columns only, in their order here."""
        return replace(self, columns=tuple(c for c in self.columns if c.name in names))

    def add_up(self, parts: Iterable[pa.Table]) -> pa.Table:
        """One table of several: the counted columns added up by all the others, sorted by these.

        The parts are taken one after the other, so that memory holds the sum and a part.

        Raises:
            ContractError: as :meth:`conform`.
        """
        key = [c.name for c in self.columns if not c.counted]
        counted = [c.name for c in self.columns if c.counted]
        total = self.empty()
        for part in parts:
            # One thread, so that fractions are always added in the same order.
            grouped = pa.concat_tables([total, self.conform(part)]).group_by(key, use_threads=False)
            sums = grouped.aggregate([(name, "sum") for name in counted])
            total = self.conform(
                sums.rename_columns([name.removesuffix("_sum") for name in sums.column_names])
            )
        return total.sort_by([(name, "ascending") for name in key])

    def empty(self) -> pa.Table:
        """A table of this schema without rows."""
        return self._empty

    @cached_property
    def _empty(self) -> pa.Table:
        return self.arrow.empty_table()


def _count(name: str, kind: pa.DataType, meaning: str) -> Column:
    return Column(name, kind, meaning, counted=True)


_TEXT = pa.string()

_ORIGIN = (
    Column("source", _TEXT, "file that the row came from, relative to the address given"),
    Column("row", pa.int64(), "record number in that file, the header being 1"),
)

TILL_LINES = Schema(
    "till_lines",
    (
        Column("transaction_id", _TEXT, "the till's number of the transaction"),
        Column("store_id", _TEXT, "store"),
        Column("till_id", _TEXT, "till"),
        Column("cashier_id", _TEXT, "cashier, or the attendant of a self-checkout"),
        Column("sold_at", TIME, "time of the sale"),
        Column("sku", _TEXT, "article number"),
        Column("description", _TEXT, "article", nullable=True),
        Column("category", _TEXT, "article category", nullable=True),
        Column("quantity", QUANTITY, "units; negative for a return"),
        Column("amount", MONEY, "price of the line, in the store's currency"),
        Column("id_check", _TEXT, "what the till recorded of the ID check, one of ID_CHECKS"),
        Column("id_check_at", TIME, "time of the ID check", nullable=True),
        Column("id_check_by", _TEXT, "who did the ID check", nullable=True),
        Column("birth_date", pa.date32(), "date of birth keyed or scanned", nullable=True),
        *_ORIGIN,
    ),
)

SNAPSHOT_INDEX = Schema(
    "snapshot_index",
    (
        Column("snapshot_id", _TEXT, "the camera system's number of the frame"),
        Column("store_id", _TEXT, "store"),
        Column("till_id", _TEXT, "till that the camera looks at"),
        Column("captured_at", TIME, "time of the frame, by the camera's clock"),
        Column("transaction_id", _TEXT, "transaction, where the till named it", nullable=True),
        Column("path", _TEXT, "frame, relative to the snapshots' address"),
        *_ORIGIN,
    ),
)

_BASKET_LINE = pa.struct(
    [
        pa.field("sku", _TEXT, nullable=False),
        pa.field("description", _TEXT),
        pa.field("quantity", QUANTITY, nullable=False),
        pa.field("amount", MONEY, nullable=False),
        pa.field("alcohol", pa.bool_(), nullable=False),
        pa.field("sold_at", TIME),  # when the line was scanned
    ]
)

_SALE_HEAD = (
    Column("transaction_id", _TEXT, "the till's number of the transaction"),
    Column("store_id", _TEXT, "store"),
    Column("till_id", _TEXT, "till"),
    Column("cashier_id", _TEXT, "cashier, or the attendant of a self-checkout"),
    Column("sold_at", TIME, "time of the sale: its last line"),
    Column("id_check", _TEXT, "what the till recorded of the ID check, one of ID_CHECKS"),
)

_SALE_AGES = (
    Column("legal_age", pa.int16(), "age from which alcohol may be bought, years"),
    Column("challenge_age", pa.int16(), "age up to which ID is to be asked for, years"),
)

_SALE_DETAIL = (
    Column("snapshot_path", _TEXT, "frame, relative to the snapshots' address", nullable=True),
    Column("matched_by", _TEXT, "transaction or till_and_time", nullable=True),
    Column("snapshot_offset_s", pa.float64(), "camera's time minus till's, seconds", nullable=True),
    Column("id_check_at", TIME, "time of the ID check", nullable=True),
    Column("id_check_by", _TEXT, "who did the ID check", nullable=True),
    Column("birth_date", pa.date32(), "date of birth on record, the latest of any", nullable=True),
    Column("amount", MONEY, "price of the basket, in the store's currency"),
    Column("basket", pa.list_(_BASKET_LINE), "the lines of the sale"),
    Column("marks", pa.list_(_TEXT), "what a reader should know of the record, see GLOSSARY.md"),
)

_SNAPSHOT_ID = Column("snapshot_id", _TEXT, "frame matched to the sale", nullable=True)

SALES = Schema("sales", (*_SALE_HEAD, *_SALE_AGES, _SNAPSHOT_ID, *_SALE_DETAIL))

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

_ESTIMATE = (
    Column("age", pa.float32(), "estimated age of the buyer, years", nullable=True),
    Column("age_sd", pa.float32(), "standard deviation of the age, years", nullable=True),
    Column("age_low", pa.float32(), "lower end of the 80 % interval, years", nullable=True),
    Column("age_high", pa.float32(), "upper end of the 80 % interval, years", nullable=True),
    Column("p_under_legal", pa.float32(), "P(buyer under the legal age)", nullable=True),
    Column("p_under_challenge", pa.float32(), "P(buyer under the challenge age)", nullable=True),
)

_ESTIMATE_DETAIL = (
    Column("age_low_95", pa.float32(), "lower end of the 95 % interval, years", nullable=True),
    Column("age_high_95", pa.float32(), "upper end of the 95 % interval, years", nullable=True),
    Column("light", pa.float32(), "mean luminance of the frame, 0 to 255", nullable=True),
    Column("faces", pa.int16(), "faces found in the frame", nullable=True),
    Column("face_confidence", pa.float32(), "detector's confidence in the face", nullable=True),
    Column("face_px", pa.float32(), "longer side of the face's box, pixels", nullable=True),
    Column("sharpness", pa.float32(), "of the crop as the model sees it", nullable=True),
    Column("other_faces", pa.list_(_OTHER_FACE), "estimates of the other faces", nullable=True),
    Column("snapshot_sha256", _TEXT, "hash of the frame's bytes", nullable=True),
)

FRAME_SCORES = Schema(
    "frame_scores",
    (
        Column("frame", pa.int64(), "position of the frame in the batch that was scored"),
        Column("reason", _TEXT, "why no age could be estimated", nullable=True),
        Column("detail", _TEXT, "the same for an engineer", nullable=True),
        *_ESTIMATE,
        *_ESTIMATE_DETAIL,
        Column("groups", pa.list_(pa.float32()), "P(buyer in each age group asked for)", True),
    ),
)

LEDGER = Schema(
    "ledger",
    (
        *_SALE_HEAD,
        Column("outcome", _TEXT, "one of OUTCOMES"),
        Column("reason", _TEXT, "why flagged (ID check, recorded_underage) or inconclusive", True),
        *_ESTIMATE,
        *_SALE_AGES,
        _SNAPSHOT_ID,
        Column("detail", _TEXT, "of an inconclusive sale, for an engineer", nullable=True),
        *_ESTIMATE_DETAIL,
        # Of a flagged sale, or of one drawn into the control sample; of no other is a face kept.
        Column("crop", _TEXT, "face kept for a person to look at, relative to OUT", nullable=True),
        *_SALE_DETAIL,
    ),
    version=3,
)

REJECTS = Schema(
    "rejects",
    (
        Column("stage", _TEXT, "sources or collect"),
        Column("reason", _TEXT, "why the row was set aside"),
        Column("source", _TEXT, "file, relative to the address given"),
        Column("row", pa.int64(), "record number in it, the header being 1", nullable=True),
        Column("column", _TEXT, "column at fault", nullable=True),
        Column("value", _TEXT, "what stood there, shortened", nullable=True),
        Column("detail", _TEXT, "what is wrong and what to do"),
        Column("store_id", _TEXT, "store, where known", nullable=True),
        Column("transaction_id", _TEXT, "transaction, where known", nullable=True),
        Column("snapshot_id", _TEXT, "frame, where known", nullable=True),
    ),
)

STORE_DAYS = Schema(
    "store_days",
    (
        Column("store_id", _TEXT, "store"),
        Column("store_name", _TEXT, "its name in the policy", nullable=True),
        Column("time_zone", _TEXT, "IANA zone in which its times are shown"),
        Column("export_status", _TEXT, "read, missing (no file) or unreadable (no file usable)"),
        Column("export_files", pa.int32(), "till exports found for the day"),
        Column("lines_read", pa.int64(), "rows in them"),
        Column("lines_rejected", pa.int64(), "rows set aside while reading"),
        Column("transactions", pa.int64(), "distinct transactions"),
        Column("duplicate_transactions", pa.int64(), "transactions seen again and set aside"),
        Column("alcohol_sales", pa.int64(), "transactions with alcohol: the ledger's rows"),
        Column("alcohol_returns", pa.int64(), "transactions that only gave alcohol back"),
        Column("snapshots_indexed", pa.int64(), "frames in the index"),
        Column("snapshots_rejected", pa.int64(), "index rows set aside while reading"),
        Column("snapshots_matched", pa.int64(), "frames that an alcohol sale claimed"),
        Column("snapshots_of_other_sales", pa.int64(), "frames of sales without alcohol"),
        Column("snapshots_unclaimed", pa.int64(), "frames that belong to no sale"),
        Column("times_read_as_local", pa.int64(), "times without an offset"),
        Column("times_ambiguous", pa.int64(), "local times that occurred twice; taken as first"),
        Column("times_nonexistent", pa.int64(), "local times skipped by the clock; moved forward"),
    ),
)

PROVENANCE = Schema(
    "provenance",
    (
        Column("store_id", _TEXT, "store"),
        Column("inputs_sha256", _TEXT, "hash over the exports, the indexes and the frames read"),
        Column("policy_sha256", _TEXT, "hash of what the policy says"),
        Column("model", _TEXT, "age model, name and version"),
        Column("model_sha256", _TEXT, "hash of its network, what computed it, its calibration"),
        Column("auditor_version", _TEXT, "version of this package"),
    ),
)

CHECK_COUNTS = Schema(
    "check_counts",
    (
        Column("store_id", _TEXT, "store"),
        Column("cashier_id", _TEXT, "cashier, or the attendant of a self-checkout"),
        Column("from_hour", pa.int8(), "hour at which the part of the day begins, store's clock"),
        Column("likelihood", pa.int8(), "class of P(under the challenge age), from 0", True),
        _count("sales", pa.int32(), "alcohol sales at tills that record ID checks"),
        _count("handled", pa.int32(), "of these, with a counting ID check or refused"),
        _count("refused", pa.int32(), "of these, refused"),
        _count("unrecorded", pa.int32(), "alcohol sales at tills that keep no record of checks"),
    ),
)

#: The checks that say something of how ID is checked, in the order in which a page tells of them.
QUALITY_RULES = (
    "sentinel_birth_date",
    "round_birth_date",
    "round_birth_year",
    "one_birth_date",
    "birth_date_against_face",
    "fast_check",
    "judged_by_eye",
)

QUALITY_COUNTS = Schema(
    "quality_counts",
    (
        Column("store_id", _TEXT, "store"),
        Column("cashier_id", _TEXT, "who did the ID check; the cashier where that is not known"),
        Column("rule", _TEXT, "one of HOLLOW_RULES"),
        Column("scanned", pa.bool_(), "the document was read by a machine: what to compare with"),
        _count("looked_at", pa.int32(), "sales that the rule can say something of"),
        _count("found", pa.int32(), "of these, those it found something in"),
        _count("chance", pa.float64(), "how many of these chance alone would find, at most"),
    ),
)

RECORDED_AGES = Schema(
    "recorded_ages",
    (
        Column("store_id", _TEXT, "store"),
        Column("scanned", pa.bool_(), "the document was read by a machine"),
        Column("age", pa.int16(), "completed years on the day of the sale, 0 to 120"),
        _count("checks", pa.int32(), "ID checks that recorded a birth date of this age"),
    ),
)

#: What is held against a camera's own past, in the order in which a page tells of it.
CAMERA_QUANTITIES = ("light", "face_px", "sharpness", "face_confidence", "unseen", "clock", "age")

CAMERA_COUNTS = Schema(
    "camera_counts",
    (
        Column("store_id", _TEXT, "store"),
        Column("till_id", _TEXT, "till that the camera looks at"),
        Column("basis", _TEXT, "age model and gates by which faces were taken"),
        Column("quantity", _TEXT, "one of CAMERA_QUANTITIES"),
        Column(
            "bin", pa.int16(), "class of the quantity, see auditor.monitoring.cameras.quantities"
        ),
        _count("sales", pa.int32(), "alcohol sales in this class"),
    ),
)

CASHIER_HABITS = Schema(
    "cashier_habits",
    (
        Column("store_id", _TEXT, "store"),
        Column("cashier_id", _TEXT, "cashier, or the attendant of a self-checkout"),
        Column("habit", _TEXT, "what the demo makes this cashier do, ordinary for most"),
        Column("asks", pa.float64(), "share asked, of those whom the others would ask"),
    ),
)

CAMERA_FAULTS = Schema(
    "camera_faults",
    (
        Column("store_id", _TEXT, "store"),
        Column("till_id", _TEXT, "till that the camera looks at"),
        Column("exposure", pa.float64(), "light of the demo's days, of that of the days before"),
    ),
)

_PURCHASE_LINE = pa.struct(
    [
        pa.field("sku", _TEXT, nullable=False),
        pa.field("description", _TEXT),
        pa.field("category", _TEXT),
        pa.field("quantity", QUANTITY, nullable=False),
        pa.field("amount", MONEY, nullable=False),
        pa.field("alcohol", pa.bool_(), nullable=False),
    ]
)

_PURCHASE = (
    Column("store_id", _TEXT, "store"),
    Column("hour", pa.int8(), "hour of the sale, local to the store"),
    Column("alcohol_sale", pa.bool_(), "whether it is an alcohol sale, all of which are scored"),
    Column("currency", _TEXT, "ISO 4217 code of the amounts"),
    Column("lines", pa.list_(_PURCHASE_LINE), "what was bought and given back"),
)

#: Baskets on their way to tables.INSIGHTS, still by their transaction.
PURCHASES = Schema(
    "purchases",
    (
        Column("transaction_id", _TEXT, "the till's number of the transaction"),
        Column("snapshot_path", _TEXT, "frame, relative to the snapshots' address"),
        *_PURCHASE,
    ),
)

#: What the scoring of a frame says of its buyer's age group.
POSTERIORS = Schema(
    "posteriors",
    (
        Column("store_id", _TEXT, "store"),
        Column("transaction_id", _TEXT, "the till's number of the transaction"),
        Column("groups", pa.list_(pa.float32()), "P(buyer in each age group)"),
    ),
)

#: What the analysis by age group reads: no transaction, cashier, till, face, or minute.
INSIGHTS = Schema(
    "insights",
    (
        *_PURCHASE,
        Column("model", _TEXT, "age model, name and version"),
        Column("group_starts", _TEXT, "ages at which the groups begin, years, with commas between"),
        Column("groups", pa.list_(pa.float32()), "P(buyer in each age group), in hundredths"),
    ),
    version=2,
)

DAY_FIGURES = Schema(
    "day_figures",
    (
        Column("day", pa.date32(), "business day"),
        Column("store_id", _TEXT, "store"),
        Column("model", _TEXT, "age model, name and version"),
        Column("challenge_age", pa.int16(), "age up to which ID was to be asked for, years"),
        Column("export_status", _TEXT, "read, missing (no file) or unreadable (no file usable)"),
        Column("alcohol_sales", pa.int64(), "transactions with alcohol: the sum of the outcomes"),
        Column("with_snapshot", pa.int64(), "of these, with a frame"),
        Column("scored", pa.int64(), "of these, with an age estimated"),
        *(Column(name, pa.int64(), "sales with this outcome") for name in OUTCOMES),
    ),
)

#: Partitioned tables, by the name of their folder under OUT.
STORED = {
    "ledger": LEDGER,
    "rejects": REJECTS,
    "coverage": STORE_DAYS,
    "provenance": PROVENANCE,
    "insights": INSIGHTS,
}

#: Counts that can be added up over days, made of a store's ledger; parts of DAILY.
COUNTED = {
    "checks": CHECK_COUNTS,
    "id_check_quality": QUALITY_COUNTS,
    "recorded_ages": RECORDED_AGES,
}

#: All that later days look back on, a file a day for all stores, by the name of its folder.
DAILY = {"figures": DAY_FIGURES, "cameras": CAMERA_COUNTS, **COUNTED}

#: The partition of rejects whose store is not known.
UNKNOWN_STORE = "_unknown"

DECISION_LOG = Schema(
    "decision_log",
    (
        Column("decision_id", _TEXT, "SHA-256 of what the other columns say"),
        Column("previous_id", _TEXT, "the entry of the day before this one", nullable=True),
        Column("day", pa.date32(), "business day of the sale"),
        Column("store_id", _TEXT, "store"),
        Column("transaction_id", _TEXT, "the till's number of the transaction"),
        Column("decision", _TEXT, "one of DECISIONS"),
        Column("decided_by", _TEXT, "who says so, by their own account"),
        Column("decided_at", TIME, "when it was recorded"),
        Column("note", _TEXT, "in their words", nullable=True),
        Column("outcome", _TEXT, "of the sale when it was decided, one of OUTCOMES"),
        Column("inputs_sha256", _TEXT, "of the store's provenance then"),
        Column("policy_sha256", _TEXT, "of the store's provenance then"),
        Column("model_sha256", _TEXT, "of the store's provenance then"),
    ),
)

TRUTH = Schema(
    "truth",
    (
        Column("transaction_id", _TEXT, "alcohol sale that belongs into the ledger"),
        Column("store_id", _TEXT, "store"),
        Column("day", pa.date32(), "business day"),
        Column("true_age", pa.float64(), "age of the buyer's composite portrait, years"),
        Column("sex", _TEXT, "male or female, of the portrait"),
        Column("cashier_id", _TEXT, "cashier, or the attendant of a self-checkout"),
        Column("face", _TEXT, "portrait drawn in the frame; null if none was", nullable=True),
        Column("trouble", _TEXT, "what the demo put wrong, a name in TROUBLES", nullable=True),
        Column("id_check", _TEXT, "what the till recorded of the ID check, one of ID_CHECKS"),
        Column("expected_outcome", _TEXT, "where no age is needed to know it", nullable=True),
        Column("expected_reason", _TEXT, "of an expected inconclusive", nullable=True),
        Column("snapshot_id", _TEXT, "frame to be matched to the sale", nullable=True),
    ),
)


class StoreTables(Protocol):
    """A table of a day, of which one store's rows are there at a time."""

    @property
    def stores(self) -> Collection[str]:
        """The stores that may have rows, in their order."""

    def of(self, store_id: str, columns: Sequence[str] = ()) -> pa.Table:
        """The rows of a store in their order, in these columns or in all; none if it has none."""


class ByStore:
    """A table divided by its stores in one pass, however many there are."""

    def __init__(self, whole: pa.Table, store_ids: pa.ChunkedArray | None = None) -> None:
        """Divide.

        Args:
            whole: any table.
            store_ids: of its rows, none null; without, its column ``store_id``.
        """
        column = whole["store_id"] if store_ids is None else store_ids
        keys = column.combine_chunks().dictionary_encode()
        codes = keys.indices.to_numpy(zero_copy_only=False)
        rows = np.argsort(codes, kind="stable")
        ends = np.searchsorted(codes[rows], np.arange(len(keys.dictionary) + 1))
        self._sorted = whole.take(pa.array(rows))  # once: of many chunks, each take is slow
        self._ranges = dict(zip(keys.dictionary.to_pylist(), pairwise(ends.tolist()), strict=True))

    @property
    def stores(self) -> list[str]:
        """The stores that have rows, in their order."""
        return sorted(self._ranges)

    @property
    def in_order(self) -> list[str]:
        """The stores that have rows, in the order in which the table has them first."""
        return list(self._ranges)

    def of(self, store_id: str, columns: Sequence[str] = ()) -> pa.Table:
        """The rows of a store in their order, in these columns or in all; none if it has none."""
        start, end = self._ranges.get(store_id, (0, 0))
        table = self._sorted.slice(start, end - start).combine_chunks()
        return table.select(list(columns)) if columns else table
