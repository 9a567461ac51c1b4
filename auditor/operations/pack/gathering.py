"""Gathers a week from its stored days: counts, listed sales, decisions, policies and models."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import pyarrow as pa

from auditor.decisions.log import read_decisions
from auditor.decisions.status import case_statuses
from auditor.operations.pack.pseudonyms import Pseudonyms
from auditor.operations.pack.sales import decision_rows, sale_rows, with_outcome
from auditor.report.spreadsheet import Cell
from auditor.sales import control_sample
from auditor.sales.identity import SALE_KEY, SaleKey
from auditor.storage.layout import report_page
from auditor.storage.partitions import Partitions, read_day
from auditor.storage.place import Place
from auditor.tables import OUTCOMES, RECORDED_UNDERAGE, StoreTables

_Rows = Callable[[pa.Table], Iterator[dict[str, Cell]]]
_ZONES = ("store_id", "time_zone")


@dataclass(slots=True)
class Gathered:
    """The contents of a week. Rows are those of :mod:`auditor.operations.pack.sales`."""

    reported: list[date] = field(default_factory=list)
    missing: list[date] = field(default_factory=list)
    stores: dict[str, str | None] = field(default_factory=dict)  # names by id
    read_on: Counter[str] = field(default_factory=Counter)  # days with an export, by store
    read_stores: dict[date, tuple[int, int]] = field(default_factory=dict)  # with export, in all
    by_store: dict[str, Counter[str]] = field(default_factory=dict)
    by_day: dict[date, Counter[str]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    flags: list[dict[str, Cell]] = field(default_factory=list)
    refusals: list[dict[str, Cell]] = field(default_factory=list)
    control: list[dict[str, Cell]] | None = None  # None: no day of the week has a sample
    decisions: list[dict[str, Cell]] = field(default_factory=list)
    policies: dict[str, set[date]] = field(default_factory=dict)  # days by hash
    models: dict[tuple[str, str], set[date]] = field(default_factory=dict)  # by name and hash
    crops: dict[str, str] = field(default_factory=dict)  # below OUT, by name of the sale


def gather(out: Place, days: Iterable[date], people: Pseudonyms) -> Gathered:
    """Read the days of a week, a store at a time.

    A day counts as reported if both its tables and its report exist.

    Raises:
        ContractError: a table or a decision was changed.
    """
    week = Gathered()
    for day in days:
        coverage = read_day(out, "coverage", day)
        if not coverage.num_rows or not out.exists(report_page(day)):
            week.missing.append(day)
            continue
        week.reported.append(day)
        _coverage(week, day, coverage)
        for row in read_day(out, "provenance", day).to_pylist():
            week.policies.setdefault(row["policy_sha256"], set()).add(day)
            week.models.setdefault((row["model"], row["model_sha256"]), set()).add(day)
        log = read_decisions(out, day)
        week.decisions += decision_rows(log, people)
        zones = dict(zip(*(coverage[c].to_pylist() for c in _ZONES), strict=True))
        rows = partial(sale_rows, day=day, zones=zones, people=people, statuses=case_statuses(log))
        _sales(week, Partitions(out, "ledger", day), day, rows)
    week.flags.sort(key=_by_urgency)
    return week


def _coverage(week: Gathered, day: date, coverage: pa.Table) -> None:
    read = 0
    for row in coverage.to_pylist():
        week.stores[row["store_id"]] = row["store_name"]
        week.by_store.setdefault(row["store_id"], Counter(dict.fromkeys(OUTCOMES, 0)))
        if row["export_status"] == "read":
            week.read_on[row["store_id"]] += 1
            read += 1
    week.read_stores[day] = read, coverage.num_rows
    week.by_day[day] = Counter(dict.fromkeys(OUTCOMES, 0))


def _sales(week: Gathered, ledgers: StoreTables, day: date, rows: _Rows) -> None:
    for store_id in ledgers.stores:
        ledger = ledgers.of(store_id)
        outcomes = Counter(ledger["outcome"].to_pylist())
        week.by_store[store_id].update(outcomes)
        week.by_day[day].update(outcomes)
        week.reasons.update(with_outcome(ledger, "inconclusive")["reason"].to_pylist())
        flagged = with_outcome(ledger, "flagged")
        week.flags += rows(flagged)
        week.refusals += rows(with_outcome(ledger, "refused"))
        for row in flagged.select((*SALE_KEY, "crop")).to_pylist():
            if row["crop"] is not None:
                week.crops[SaleKey.of(row).sale_id] = row["crop"]
        if sample := list(rows(control_sample.of_ledger(ledger))):
            week.control = (week.control or []) + sample


def _by_urgency(row: Mapping[str, Cell]) -> tuple[bool, float, str, str]:
    p, recorded = row["p_under_legal"], row["reason"] == RECORDED_UNDERAGE
    return (
        not recorded,
        -(p if isinstance(p, float) else 0.0),
        str(row["sold_at"]),
        str(row["sale"]),
    )
