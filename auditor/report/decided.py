"""What people decided, laid over the files of a day: a function of the files and the log alone.

So the two files are the same whether the day is reported again or a decision is added to it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from auditor.decisions import standing
from auditor.report.cases import anchor
from auditor.report.rendering import json_text
from auditor.spreadsheet import Cell, with_cells

_CELLS = ("decision", "decided_by", "decided_at", "decision_note")


@dataclass(frozen=True, slots=True)
class Decision:
    """An entry of the log as report.json has it; ``outcome_then`` is the audit's at that time."""

    decision_id: str
    anchor: str
    store_id: str
    transaction_id: str
    decision: str
    decided_by: str
    decided_at: datetime
    note: str | None
    outcome_then: str


def with_decisions(files: Mapping[str, bytes], log: pa.Table) -> dict[str, bytes]:
    """``flags.csv`` and ``report.json`` of a day with what was decided about its sales.

    Args:
        files: the two, as ``report.render_day`` or this function made them.
        log: DECISION_LOG of the day, as ``store.read_decisions`` gives it.

    Returns:
        The two; neither where nothing was decided, since they say so as they are.
    """
    if not log.num_rows:
        return {}
    stands = standing(log)

    def cells(row: dict[str, str]) -> dict[str, Cell]:
        own = stands.get((row["store_id"], row["transaction_id"]))
        if own is None:
            return dict.fromkeys(_CELLS)
        said = (own.decision, own.decided_by, own.decided_at, own.note)
        return dict(zip(_CELLS, said, strict=True))

    document = json.loads(files["report.json"]) | {
        "decisions": [
            {
                **{n: row[n] for n in ("decision_id", "store_id", "transaction_id")},
                **{n: row[n] for n in ("decision", "decided_by", "note")},
                "anchor": anchor(row["store_id"], row["transaction_id"]),
                "decided_at": row["decided_at"].isoformat(),
                "outcome_then": row["outcome"],
            }
            for row in log.to_pylist()
        ]
    }
    return {
        "flags.csv": with_cells(files["flags.csv"].decode(), _CELLS, cells).encode(),
        "report.json": json_text(document).encode(),
    }
