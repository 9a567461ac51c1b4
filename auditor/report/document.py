"""report.json: what the pages of a day show, uncut, and the JSON Schema that it follows.

The same classes make both. The short part is an instance of :class:`Head`; the four long lists of
:class:`Document` are streamed, so that a large chain's day never is in memory. A key that is added
keeps ``SCHEMA_VERSION``; one that is renamed, removed or means something else raises it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated, Any, BinaryIO, Literal, Self

import pyarrow as pa
from pydantic import Field

from auditor.monitoring.cameras import Drift
from auditor.monitoring.completeness import Completeness
from auditor.monitoring.id_check_quality.leads import RuleResult
from auditor.monitoring.staff.outcome_counts import Counts
from auditor.monitoring.staff.peers import Peers
from auditor.monitoring.staff.staff_results import DaysOnRecord, StaffResults
from auditor.monitoring.weekdays import PastDay, ShareComparison
from auditor.report.coverage import Coverage
from auditor.report.flags_csv import FLAG_COLUMNS
from auditor.report.fragments import JsonList, JsonObject, json_document, plain
from auditor.report.listing import by_reason
from auditor.report.noticed import InputNote
from auditor.report.pages import Control, Page, Provenance, StoreReport
from auditor.report.past import Past
from auditor.report.rejected import Rejected
from auditor.report.sales import Case, Unjudged
from auditor.report.schema import closed_schema
from auditor.sales.identity import SaleKey

SCHEMA_VERSION: Literal[2] = 2

#: The JSON Schema of report.json, by its file name.
SCHEMA = "report.schema.json"


@dataclass(frozen=True, slots=True)
class Decision:
    """An entry of the log of decisions; ``outcome_then`` is the audit's at that time."""

    decision_id: str
    anchor: str
    store_id: str
    till_id: Annotated[
        str | None, Field(description="none: of an early entry that does not tell which sale it is")
    ]
    transaction_id: str
    decision: str
    decided_by: str
    decided_at: datetime
    note: str | None
    outcome_then: str


@dataclass(frozen=True, slots=True)
class StoreDay:
    """A store's day."""

    lede: tuple[str, ...]
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class PeopleResults:
    """How cashiers and stores compare with each other: leads for a conversation, never findings."""

    days_on_record: DaysOnRecord
    false_lead_share: float
    stores: Peers
    cashiers: Peers
    id_check_quality: tuple[RuleResult, ...]


@dataclass(frozen=True, slots=True)
class PastWeekdays:
    """The day against the same weekdays before it."""

    weekday: str
    days: tuple[PastDay, ...]
    left_out: Annotated[int, Field(description="days of another model or challenge age")]
    shares: tuple[ShareComparison, ...]

    @classmethod
    def of(cls, past: Past) -> Self:
        """The section of a page without its drawings."""
        compared = past.comparison
        return cls(past.weekday, compared.days, compared.left_out, compared.shares)


@dataclass(frozen=True)
class Head:
    """The part of the document that stays short, however large the chain."""

    schema_version: Annotated[
        Literal[2],
        Field(description="raised when a key is renamed, removed or changes meaning"),
    ]
    day: Annotated[date, Field(description="the business day")]
    chain: Annotated[str, Field(description="its name in the policy")]
    provenance: Provenance
    min_exposure: Annotated[int, Field(description="sales below which no rate is given")]
    retention_days: Annotated[int, Field(description="days after which faces are deleted")]
    lede: Annotated[tuple[str, ...], Field(description="the day in at most three sentences")]
    coverage: Annotated[Coverage, Field(description="of the chain")]
    store_counts: tuple[Counts, ...]
    people: PeopleResults
    cameras: Annotated[Drift, Field(description="against their own past days")]
    completeness: Annotated[
        Completeness, Field(description="signs of sales that the exports lack, uncut")
    ]
    input_notes: Annotated[
        tuple[InputNote, ...], Field(description="noticed of the inputs, and costs no row")
    ]
    rejected: Rejected
    past: Annotated[PastWeekdays | None, Field(description="none on a day without alcohol sales")]
    history_sha256: Annotated[str | None, Field(description="over the figures of past days")]
    control_sample: Control | None
    decisions: Annotated[
        tuple[Decision, ...], Field(description="every entry of the log, in order of recording")
    ]
    flags_csv_columns: Annotated[
        Mapping[str, str], Field(description="the columns of flags.csv and what they mean")
    ]


@dataclass(frozen=True)
class Document(Head):
    """A day of the audit: what its pages show, uncut. A flag is a lead, never a finding."""

    flagged: Annotated[tuple[Case, ...], Field(description="every flagged sale, by rank")]
    inconclusive: Annotated[
        tuple[Unjudged, ...], Field(description="every sale that could not be judged")
    ]
    stores: Annotated[Mapping[str, StoreDay], Field(description="by store id")]
    cashier_counts: tuple[Counts, ...]


class DocumentWriter:
    """Writes a :class:`Document` as JSON with sorted keys; floats are rounded to four decimals."""

    def __init__(self, disk: BinaryIO) -> None:
        """Start without any store; ``disk`` holds the long lists."""
        self._cases, self._unjudged = JsonList(disk), JsonList(disk)
        self._stores, self._cashiers = JsonObject(disk), JsonList(disk)

    def add(self, store: StoreReport) -> None:
        """Take a store's report, the stores in their order."""
        for case in store.cases:
            self._cases.add(case.rank, plain(asdict(case)))
        for sale in store.unjudged:
            self._unjudged.add(by_reason(sale), plain(asdict(sale)))
        for counts in store.cashiers:
            self._cashiers.add((counts.store_id, counts.cashier_id), plain(asdict(counts)))
        page = store.page
        self._stores.add(str(page.store_id), plain(asdict(StoreDay(page.lede, page.coverage))))

    def written(self, head: Head) -> Iterator[bytes]:
        """The file in pieces, once all stores have been taken."""
        long = {
            "flagged": self._cases,
            "inconclusive": self._unjudged,
            "stores": self._stores,
            "cashier_counts": self._cashiers,
        }
        return json_document(plain(asdict(head)) | long)


def head_of(chain: Page, staff: StaffResults, drift: Drift, decisions: pa.Table) -> Head:
    """The short part of a day's document; ``decisions`` are its DECISION_LOG in order."""
    return Head(
        schema_version=SCHEMA_VERSION,
        day=chain.day,
        chain=chain.chain,
        provenance=chain.provenance,
        min_exposure=chain.min_exposure,
        retention_days=chain.retention_days,
        lede=chain.lede,
        coverage=chain.coverage,
        store_counts=chain.stores,
        people=PeopleResults(
            days_on_record=staff.days_on_record,
            false_lead_share=chain.people.false_lead_share,
            stores=staff.stores,
            cashiers=staff.cashiers,
            id_check_quality=tuple(staff.rules.values()),
        ),
        cameras=drift,
        completeness=chain.noticed.completeness,
        input_notes=chain.noticed.inputs,
        rejected=chain.rejected,
        past=PastWeekdays.of(chain.past) if chain.past else None,
        history_sha256=chain.history_sha256,
        control_sample=chain.control,
        decisions=tuple(_decision(row) for row in decisions.to_pylist()),
        flags_csv_columns=FLAG_COLUMNS,
    )


def report_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of report.json."""
    title = "Audit of alcohol sales: report.json of a day"
    return closed_schema(Document, f"report:{SCHEMA_VERSION}", title)


def _decision(row: Mapping[str, Any]) -> Decision:
    names = ("decision_id", "store_id", "till_id", "transaction_id", "decision", "decided_by")
    return Decision(
        **{name: row[name] for name in (*names, "decided_at", "note")},
        anchor=SaleKey.of(row).sale_id,
        outcome_then=row["outcome"],
    )
