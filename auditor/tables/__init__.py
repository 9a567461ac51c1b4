"""The only schemas: every table that is read, passed on or written (docs/tables.md)."""

from auditor.tables.baselines import (
    CAMERA_COUNTS,
    CHECK_COUNTS,
    DAY_FIGURES,
    QUALITY_COUNTS,
    RECORDED_AGES,
)
from auditor.tables.by_store import ByStore, StoreTables
from auditor.tables.decisions import DECISION_LOG
from auditor.tables.inputs import INPUT_NOTES, REJECTS, SNAPSHOT_INDEX, STORE_DAYS, TILL_LINES
from auditor.tables.insights import INSIGHTS, POSTERIORS, PURCHASES
from auditor.tables.ledger import FRAME_SCORES, LEDGER, PROVENANCE, SALES
from auditor.tables.schema import MONEY, QUANTITY, TIME, Column, Schema
from auditor.tables.stored import COUNTED, DAILY, STORED, UNKNOWN_STORE
from auditor.tables.vocabulary import (
    CAMERA_QUANTITIES,
    DECISIONS,
    ID_CHECKS,
    INCONCLUSIVE_REASONS,
    INPUT_NOTE_KINDS,
    LINE_TYPES,
    LINES_WITHOUT_ARTICLE,
    NOTE,
    OUTCOMES,
    QUALITY_RULES,
    RECORDED_UNDERAGE,
    REOPENED,
    REVIEW_RESULTS,
    TRANSACTION_STATES,
)

__all__ = [
    "CAMERA_COUNTS",
    "CAMERA_QUANTITIES",
    "CHECK_COUNTS",
    "COUNTED",
    "DAILY",
    "DAY_FIGURES",
    "DECISIONS",
    "DECISION_LOG",
    "FRAME_SCORES",
    "ID_CHECKS",
    "INCONCLUSIVE_REASONS",
    "INPUT_NOTES",
    "INPUT_NOTE_KINDS",
    "INSIGHTS",
    "LEDGER",
    "LINES_WITHOUT_ARTICLE",
    "LINE_TYPES",
    "MONEY",
    "NOTE",
    "OUTCOMES",
    "POSTERIORS",
    "PROVENANCE",
    "PURCHASES",
    "QUALITY_COUNTS",
    "QUALITY_RULES",
    "QUANTITY",
    "RECORDED_AGES",
    "RECORDED_UNDERAGE",
    "REJECTS",
    "REOPENED",
    "REVIEW_RESULTS",
    "SALES",
    "SNAPSHOT_INDEX",
    "STORED",
    "STORE_DAYS",
    "TILL_LINES",
    "TIME",
    "TRANSACTION_STATES",
    "UNKNOWN_STORE",
    "ByStore",
    "Column",
    "Schema",
    "StoreTables",
]
