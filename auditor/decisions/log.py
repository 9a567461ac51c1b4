"""What people decided about sales: entries of an append-only log, and where a sale stands by it.

Nothing is ever changed in the log; who errs adds an entry. An entry's id is the hash of what it
says, the id of the entry before it included, so a changed entry, or one taken out from between
others, shows when the log is read. (One taken from its end does not; a pack's manifest, which
holds the log's bytes, shows that.)
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from auditor.errors import ConfigurationError, ContractError
from auditor.storage.layout import day_folder
from auditor.storage.parquet import read_table, write_table
from auditor.storage.place import Place
from auditor.tables import DECISION_LOG, DECISIONS

_LONGEST_NAME, _LONGEST_NOTE = 100, 2000
_BY_ITSELF = "decision_id"
_NOTE, _REOPENED = "note", "reopened"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What somebody has to say about a sale."""

    decision: str  # one of tables.DECISIONS
    by: str
    at: datetime
    note: str | None = None


def entry(
    log: pa.Table,
    day: date,
    sale: Mapping[str, Any],
    provenance: Mapping[str, Any],
    says: Judgement,
) -> pa.Table:
    """Make the entry that follows ``log``.

    Args:
        log: DECISION_LOG of the day so far.
        day: business day of the sale.
        sale: its row of LEDGER.
        provenance: the row of PROVENANCE of its store and day.
        says: the judgement.

    Returns:
        DECISION_LOG, one row.

    Raises:
        ConfigurationError: the judgement is none, or nobody's.
    """
    if says.decision not in DECISIONS:
        raise ConfigurationError(
            f"{says.decision!r} is no decision; there are {', '.join(DECISIONS)}"
        )
    by = _text("the name of who decides", says.by, _LONGEST_NAME)
    note = _text("the note", says.note, _LONGEST_NOTE) if says.note is not None else None
    if says.decision == _NOTE and note is None:
        raise ConfigurationError("a note has to say something: give its text")
    row = {
        "previous_id": log["decision_id"][-1].as_py() if log.num_rows else None,
        "day": day,
        **{name: sale[name] for name in ("store_id", "transaction_id", "outcome")},
        **{n: provenance[n] for n in ("inputs_sha256", "policy_sha256", "model_sha256")},
        "decision": says.decision,
        "decided_by": by,
        "decided_at": says.at.astimezone(UTC),
        "note": note,
    }
    return DECISION_LOG.from_rows([row | {_BY_ITSELF: _sha256(row)}])


def verified(log: pa.Table, where: str) -> pa.Table:
    """The entries in order of recording, once each is known to be as it was written.

    Args:
        log: DECISION_LOG, any order.
        where: names the log in errors.

    Raises:
        ContractError: an entry says something else than when it was written, or follows one that
            is not there.
    """
    ordered = DECISION_LOG.conform(log).sort_by(
        [("decided_at", "ascending"), ("decision_id", "ascending")]
    )
    rows = ordered.to_pylist()
    known = {row[_BY_ITSELF] for row in rows}
    for row in rows:
        if row[_BY_ITSELF] != _sha256(row):
            raise ContractError(
                f"{where}: the entry of {row['decided_at']:%Y-%m-%d %H:%M:%S} is not as it was"
                " written: the log was changed by hand; restore it from a backup"
            )
        if row["previous_id"] is not None and row["previous_id"] not in known:
            raise ContractError(
                f"{where}: the entry before that of {row['decided_at']:%Y-%m-%d %H:%M:%S} is gone:"
                " restore the log from a backup"
            )
    return ordered


def append_decision(out: Place, entry: pa.Table) -> str:
    """Add an entry of :func:`decisions.entry` to the log; no other entry's file is touched.

    Returns:
        Its path, relative to ``out``.
    """
    (row,) = entry.to_pylist()
    name = f"{row['decided_at']:%Y%m%dT%H%M%S%f}-{row['decision_id'][:16]}.parquet"
    path = f"{day_folder('decisions', row['day'])}/{name}"
    write_table(out, path, entry, DECISION_LOG)
    return path


def read_decisions(out: Place, day: date) -> pa.Table:
    """The log of a day's sales, DECISION_LOG in the order of recording.

    Raises:
        ContractError: an entry was changed, or one that another entry follows is gone.
    """
    folder = day_folder("decisions", day)
    parts = [read_table(out, path, DECISION_LOG) for path in out.files(folder)]
    return verified(pa.concat_tables([DECISION_LOG.empty(), *parts]), str(out) + folder)


def _text(what: str, text: str, longest: int) -> str:
    plain = " ".join(text.split())
    if not plain or len(plain) > longest or not plain.isprintable():
        raise ConfigurationError(f"{what} has to be 1 to {longest} printable characters")
    return plain


def _sha256(row: Mapping[str, Any]) -> str:
    said = {name: row[name] for name in DECISION_LOG.names if name != _BY_ITSELF}
    said |= {"day": said["day"].isoformat(), "decided_at": said["decided_at"].isoformat()}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
