"""What people decided, laid over the files of a day: a function of the files and the log alone.

So the files are the same whether the day is reported again or a decision is added to it.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from auditor.decisions.status import CaseStatus, case_statuses
from auditor.monitoring.recall import DayReview, of_day
from auditor.report import site
from auditor.report.rendering import environment, json_text, store_page
from auditor.report.spreadsheet import Cell, with_cells
from auditor.sales.identity import SaleKey

_CELLS = ("decision", "decided_by", "decided_at", "decision_note")

# Each sale's own place on a page, empty until somebody decides. No text of a page can look like
# it: whatever comes from outside is escaped.
_PLACE = re.compile(rb"(<!--decided:(sale-[0-9a-f]+)-->).*?(<!--/decided-->)", re.DOTALL)

_Stands = Mapping[SaleKey, CaseStatus]


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


def decided_files(log: pa.Table) -> list[str]:
    """The files of a day that tell of the decisions in a log, by name."""
    pages = [store_page(store_id) for store_id in sorted(set(log["store_id"].to_pylist()))]
    return ["flags.csv", "report.json", site.SUMMARY, "index.html", "control.html", *pages]


def with_decisions(files: Mapping[str, bytes], log: pa.Table) -> dict[str, bytes]:
    """The files of a day with what was decided about its sales.

    Args:
        files: those of :func:`decided_files`, as ``report.render_day`` or this function made
            them; pages that are not there are left out.
        log: DECISION_LOG of the day, as ``store.read_decisions`` gives it.

    Returns:
        The same files; none where nothing was decided, since they say so as they are.
    """
    if not log.num_rows:
        return {}
    stands = case_statuses(log)
    document = json.loads(files["report.json"])
    document["decisions"] = [_entry(row) for row in log.to_pylist()]
    summary = site.read(files[site.SUMMARY], origin=site.SUMMARY)
    here = _in_place(stands)
    return {
        "flags.csv": _csv(files["flags.csv"], stands),
        "report.json": json_text(document).encode(),
        site.SUMMARY: site.as_json(replace(summary, found=_found(document, stands))),
        **{n: _PLACE.sub(here, page) for n, page in files.items() if n.endswith(".html")},
    }


def _csv(flags: bytes, stands: _Stands) -> bytes:
    def cells(row: dict[str, str]) -> dict[str, Cell]:
        own = stands.get(SaleKey.of(row))
        if own is None:
            return dict.fromkeys(_CELLS)
        said = (own.decision, own.decided_by, own.decided_at, own.note)
        return dict(zip(_CELLS, said, strict=True))

    return with_cells(flags.decode(), _CELLS, cells).encode()


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{n: row[n] for n in ("decision_id", "store_id", "transaction_id")},
        **{n: row[n] for n in ("decision", "decided_by", "note")},
        "anchor": SaleKey.of(row).sale_id,
        "decided_at": row["decided_at"].isoformat(),
        "outcome_then": row["outcome"],
    }


def _found(document: Mapping[str, Any], stands: _Stands) -> DayReview:
    sample = document["control_sample"]
    return of_day(
        [SaleKey.of(sale) for sale in document["flagged"]],
        [SaleKey.of(sale) for sale in sample["sales"]] if sample else [],
        sample["drawn_from"] if sample else 0,
        stands,
    )


def _in_place(stands: _Stands) -> Callable[[re.Match[bytes]], bytes]:
    template = environment().get_template("_decided.html.jinja")
    of_anchor = {key.sale_id: own for key, own in stands.items()}

    def filled(place: re.Match[bytes]) -> bytes:
        own = of_anchor.get(place[2].decode())
        return place[1] + (template.render(own=own).encode() if own else b"") + place[3]

    return filled
