"""The append-only log of what people decided about sales.

No entry is ever changed; a mistake is corrected by another entry. An entry's id is the hash of its
content, which includes the id of the entry before it. A changed entry, or one removed from between
others, is therefore found when the log is read. (One removed from the end is not; the manifest of
a due-diligence pack, which holds the log's bytes, shows that.)
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import ConfigurationError, ContractError
from auditor.sales.identity import SALE_KEY
from auditor.storage.layout import day_folder
from auditor.storage.parquet import read_table, write_table
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from auditor.tables import DECISION_LOG, DECISIONS, NOTE

_LONGEST_NAME, _LONGEST_NOTE = 100, 2000  # characters


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person records about a sale."""

    decision: str  # one of tables.DECISIONS
    by: str
    at: datetime
    note: str | None = None


def new_entry(
    log: pa.Table,
    day: date,
    sale: Mapping[str, Any],
    provenance: Mapping[str, Any],
    judgement: Judgement,
) -> pa.Table:
    """Make the entry, one row of DECISION_LOG, that follows the log of the day so far.

    ``sale`` is the sale's row of LEDGER, ``provenance`` the row of its store and day.

    Raises:
        ConfigurationError: unknown decision, missing name or unusable note.
    """
    if judgement.decision not in DECISIONS:
        raise ConfigurationError(
            f"{judgement.decision!r} is not a decision: choose one of {', '.join(DECISIONS)}"
        )
    by = _one_line("the name of the person who decides", judgement.by, _LONGEST_NAME)
    note = judgement.note
    if note is not None:
        note = _one_line("the note", note, _LONGEST_NOTE)
    elif judgement.decision == NOTE:
        raise ConfigurationError("a note needs a text: add it")
    row = {
        "previous_id": log["decision_id"][-1].as_py() if log.num_rows else None,
        "day": day,
        **{name: sale[name] for name in (*SALE_KEY, "outcome")},
        **{name: provenance[name] for name in ("inputs_sha256", "policy_sha256", "model_sha256")},
        "decision": judgement.decision,
        "decided_by": by,
        "decided_at": judgement.at.astimezone(UTC),
        "note": note,
    }
    return DECISION_LOG.from_rows([row | {"decision_id": _sha256(row)}])


def append_decision(out: Place, entry: pa.Table) -> str:
    """Add an entry of :func:`new_entry` to the log; no other entry's file is touched.

    Returns:
        The path of its file, relative to ``out``.
    """
    (row,) = entry.to_pylist()
    name = f"{row['decided_at']:%Y%m%dT%H%M%S%f}-{row['decision_id'][:16]}.parquet"
    path = f"{day_folder('decisions', row['day'])}/{name}"
    write_table(out, path, entry, DECISION_LOG)
    return path


def read_decisions(out: Place, day: date) -> pa.Table:
    """The log of a day's sales: DECISION_LOG, in the order of recording.

    Entries of format 1 name a store and a number, and no till. Where one sale of the day has these,
    its till and start are filled in; where several or none have, they stay null, and the entry is
    about no sale (:func:`without_sale`).

    Raises:
        ContractError: an entry was changed, or one that another entry follows is missing.
    """
    folder = day_folder("decisions", day)
    parts = [read_table(out, path, DECISION_LOG) for path in out.files(folder)]
    log = pa.concat_tables([DECISION_LOG.empty(), *parts]).sort_by(
        [("decided_at", "ascending"), ("decision_id", "ascending")]
    )
    _verify(log, f"{out}{folder}")
    return _completed(log, out, day)


def without_sale(log: pa.Table) -> list[str]:
    """The sales, as ``STORE/NUMBER``, that entries of format 1 name without telling which it is."""
    unknown = log.filter(pc.is_null(log["started_at"])).to_pylist()
    return sorted({f"{row['store_id']}/{row['transaction_id']}" for row in unknown})


def _completed(log: pa.Table, out: Place, day: date) -> pa.Table:
    """The log with the till and start of each entry of format 1 whose sale is the only one."""
    rows = log.to_pylist()
    stores = sorted({row["store_id"] for row in rows if row["started_at"] is None})
    sales: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for store_id in stores:
        try:
            ledger = read_day(out, "ledger", day, [store_id], SALE_KEY)
        except ContractError:  # in an earlier format: the day is to be audited again
            continue
        for sale in ledger.to_pylist():
            sales.setdefault((store_id, sale["transaction_id"]), []).append(sale)
    for at, row in enumerate(rows):
        found = sales.get((row["store_id"], row["transaction_id"]), [])
        if row["started_at"] is None and len(found) == 1:
            rows[at] = row | found[0]
    return DECISION_LOG.from_rows(rows) if sales else log


def _verify(log: pa.Table, origin: str) -> None:
    """Check that every entry is as it was written, and follows one that is there."""
    rows = log.to_pylist()
    known = {row["decision_id"] for row in rows}
    for row in rows:
        when = f"{row['decided_at']:%Y-%m-%d %H:%M:%S}"
        if row["decision_id"] != _sha256(row):
            raise ContractError(
                f"{origin}: the entry of {when} is not as it was written: the log was changed by"
                " hand; restore it from a backup"
            )
        if row["previous_id"] is not None and row["previous_id"] not in known:
            raise ContractError(
                f"{origin}: the entry before that of {when} is gone: restore the log from a backup"
            )


def _one_line(what: str, text: str, longest: int) -> str:
    line = " ".join(text.split())
    if not line or len(line) > longest or not line.isprintable():
        raise ConfigurationError(f"{what} must have 1 to {longest} printable characters")
    return line


def _sha256(row: Mapping[str, Any]) -> str:
    content = {name: row[name] for name in DECISION_LOG.names if name != "decision_id"}
    if row["started_at"] is None:  # format 1
        del content["till_id"], content["started_at"]
    times = ("day", "started_at", "decided_at")
    content |= {name: row[name].isoformat() for name in times if name in content}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
