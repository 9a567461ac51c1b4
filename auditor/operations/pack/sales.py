"""Sales as a pack lists them: what a regulator asks about each, without names of people."""

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from auditor.decisions.status import CaseStatus
from auditor.operations.pack.pseudonyms import Pseudonyms
from auditor.report.flags_csv import FLAG_COLUMNS, decision_columns
from auditor.report.spreadsheet import Cell
from auditor.sales.identity import SALE_ORDER, SaleKey

_AS_IN_FLAGS = (
    *("age_sd", "age_low", "age_high", "p_under_legal", "p_under_challenge"),
    *("legal_age", "challenge_age", "marks"),
)

#: Columns of a list of sales and what they mean; ages in years, probabilities from 0 to 1.
SALE_COLUMNS: Mapping[str, str] = {
    "day": "business day",
    "sale": "name of the sale in the chain's own reports",
    "store_id": "store",
    "till_id": "till",
    "cashier": "cashier or attendant, under a pseudonym that stays the same from week to week",
    "sold_at": "time of the sale, local to the store, with its offset",
    "products": "the alcohol in the basket",
    "outcome": "where the audit put the sale",
    "reason": "of a flag, the state of the ID check, or recorded_underage where the date of birth"
    " on record makes the buyer too young; of an inconclusive sale, why no age was estimated",
    "id_check": "what the till recorded of the ID check",
    "id_check_at": "and when",
    "age": "estimated age of the buyer; empty where none could be estimated",
    **{name: FLAG_COLUMNS[name] for name in _AS_IN_FLAGS},
    "decision": "what a person decided last; empty where nobody has yet",
    "decided_at": "and when, UTC",
}

#: Additional columns of a pack with names.
NAMED_COLUMNS: Mapping[str, str] = {
    "transaction_id": "the till's number of the transaction",
    "id_check_by": "who did the ID check",
    "decided_by": "who decided",
    "decision_note": "what they wrote with it",
    **{name: FLAG_COLUMNS[name] for name in ("last_note", "last_note_by", "last_note_at")},
}

DECISION_COLUMNS: Mapping[str, str] = {
    "day": "business day of the sale",
    "sale": "name of the sale in the chain's own reports",
    "store_id": "store",
    "outcome_then": "where the audit had put the sale when it was decided",
    "decision": "what was decided",
    "decided_by": "who decided, under a pseudonym unless names were asked for",
    "decided_at": "when it was recorded, UTC",
    "decision_id": "hash of the entry",
    "previous_id": "the entry of the day's log before this one",
}

_UNCHANGED = (
    *("store_id", "till_id", "reason", "id_check", "age", "age_sd", "age_low", "age_high"),
    *("p_under_legal", "p_under_challenge", "legal_age", "challenge_age"),
)


def sale_rows(
    table: pa.Table,
    day: Any,
    zones: Mapping[str, str],
    people: Pseudonyms,
    statuses: Mapping[SaleKey, CaseStatus],
) -> Iterator[dict[str, Cell]]:
    """The sales of a table in SALE_COLUMNS and NAMED_COLUMNS, in the order of the table.

    Args:
        table: rows of LEDGER, or of another table of sales; columns that it lacks are empty.
        day: the business day.
        zones: IANA time zone by store.
        people: gives people their names in the pack.
        statuses: the last decision about each sale that has one.
    """
    for row in table.to_pylist():
        store_id, key = row["store_id"], SaleKey.of(row)
        zone, checked_at = ZoneInfo(zones[store_id]), row.get("id_check_at")
        yield {
            **{name: row.get(name) for name in _UNCHANGED},
            "day": day,
            "sale": key.sale_id,
            "cashier": people.name("cashier", store_id, row.get("cashier_id")),
            "sold_at": row["sold_at"].astimezone(zone),
            "products": " + ".join(_products(row)),
            "outcome": row.get("outcome"),
            "id_check_at": checked_at.astimezone(zone) if checked_at else None,
            "marks": " ".join(row.get("marks") or ()),
            "transaction_id": row["transaction_id"],
            "id_check_by": row.get("id_check_by"),
            **decision_columns(statuses.get(key)),
        }


def with_outcome(ledger: pa.Table, outcome: str) -> pa.Table:
    """The rows of LEDGER with an outcome, ordered by falling P(under the legal age)."""
    found = ledger.filter(pc.equal(ledger["outcome"], outcome))
    order = [(name, "ascending") for name in SALE_ORDER]
    return found.sort_by([("p_under_legal", "descending"), *order])


def decision_rows(log: pa.Table, people: Pseudonyms) -> Iterator[dict[str, Cell]]:
    """The entries of DECISION_LOG in DECISION_COLUMNS and ``NAMED_COLUMNS``."""
    for row in log.to_pylist():
        yield {
            **{name: row[name] for name in ("day", "store_id", "decision", "decided_at")},
            **{name: row[name] for name in ("decision_id", "previous_id", "transaction_id")},
            "sale": SaleKey.of(row).sale_id,
            "outcome_then": row["outcome"],
            "decided_by": people.name("officer", row["decided_by"]),
            "decision_note": row["note"],
        }


def _products(row: Mapping[str, Any]) -> Iterator[str]:
    was_refused = row["id_check"] == "refused"
    for line in row.get("basket") or ():
        if line["alcohol"] and (was_refused or not line["refused"]):
            times = "" if line["quantity"] == 1 else f"{line['quantity'].normalize():f} x "
            yield f"{times}{line['description'] or line['sku']}"
