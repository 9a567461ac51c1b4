"""The JSON Schema of report.json, made from the page models that it is written from.

It is published as ``reports/schemas/report.schema.json``, ships in the wheel and lies beside every
report. ``pytest tests/test_schema.py --update-golden`` writes it anew when a model has changed;
a key that is added keeps the version, one that is renamed, removed or means something else raises
``rendering.SCHEMA_VERSION``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from auditor.monitoring.cameras import Drift
from auditor.monitoring.id_check_quality.leads import RuleResult
from auditor.monitoring.staff.outcome_counts import Counts
from auditor.monitoring.staff.peers import PeerResult
from auditor.report.cases import Case, Drawn, Unjudged
from auditor.report.control import Conclusion
from auditor.report.coverage import Coverage
from auditor.report.decided import Decision
from auditor.report.pages import Provenance, Rejected
from auditor.report.past import PastDay, ShareComparison
from auditor.report.people import DaysOnRecord
from auditor.report.rendering import SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class StoreReport:
    """A store's day."""

    lede: tuple[str, ...]
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Peers:
    """Cashiers, or stores, measured against each other over the window of days."""

    target: Annotated[float | None, Field(description="share of due sales that the chain handles")]
    overdispersion: Annotated[
        float, Field(description="how far they differ ordinarily, from 0 to 1")
    ]
    tested: Annotated[int, Field(description="those with the least exposure or more")]
    units: tuple[PeerResult, ...]


@dataclass(frozen=True, slots=True)
class People:
    """How cashiers and stores stand: leads for a conversation, never findings."""

    looked: DaysOnRecord
    false_lead_share: float
    stores: Peers
    cashiers: Peers
    id_check_quality: tuple[RuleResult, ...]


@dataclass(frozen=True, slots=True)
class PastSection:
    """The day against the same weekdays before it."""

    weekday: str
    days: tuple[PastDay, ...]
    left_out: Annotated[int, Field(description="days of another model or challenge age")]
    shares: tuple[ShareComparison, ...]


@dataclass(frozen=True, slots=True)
class Control:
    """Unflagged sales drawn by lot for a person to look at."""

    sales: tuple[Drawn, ...]
    drawn_from: int
    asked: int
    conclusions: tuple[Conclusion, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A day of the audit: what its pages show, uncut. A flag is a lead, never a finding."""

    schema_version: Annotated[
        Literal[1],
        Field(description="raised when a key is renamed, removed or changes meaning"),
    ]
    day: Annotated[date, Field(description="the business day")]
    chain: Annotated[str, Field(description="its name in the policy")]
    provenance: Provenance
    min_exposure: Annotated[int, Field(description="sales below which no rate is given")]
    retention_days: Annotated[int, Field(description="days after which faces are deleted")]
    lede: Annotated[tuple[str, ...], Field(description="the day in at most three sentences")]
    coverage: Annotated[Coverage, Field(description="of the chain")]
    flagged: Annotated[tuple[Case, ...], Field(description="every flagged sale, by rank")]
    inconclusive: Annotated[
        tuple[Unjudged, ...], Field(description="every sale that could not be judged")
    ]
    stores: Annotated[Mapping[str, StoreReport], Field(description="by store id")]
    store_counts: tuple[Counts, ...]
    cashier_counts: tuple[Counts, ...]
    people: People
    cameras: Annotated[Drift, Field(description="against their own past days")]
    rejected: Rejected
    past: Annotated[PastSection | None, Field(description="none on a day without alcohol sales")]
    history_sha256: Annotated[str | None, Field(description="over the figures of past days")]
    control_sample: Control | None
    decisions: Annotated[
        tuple[Decision, ...], Field(description="every entry of the log, in order of recording")
    ]
    flags_csv_columns: Annotated[
        Mapping[str, str], Field(description="the columns of flags.csv and what they mean")
    ]


def report_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of report.json."""
    return closed(
        TypeAdapter(Document).json_schema(mode="serialization"),
        f"urn:auditor:schema:report:{SCHEMA_VERSION}",
        "Audit of alcohol sales: report.json of a day",
    )


def closed(schema: dict[str, Any], urn: str, title: str) -> dict[str, Any]:
    """A schema of pydantic's that allows no other keys and demands all of its own."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": urn}
    return {**head, **_closed(schema), "title": title}


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    # Titles that only repeat a key's name say nothing.
    kept = {k: _closed(v) for k, v in part.items() if not (k == "title" and isinstance(v, str))}
    if part.get("type") == "object" and "properties" in part:
        kept |= {"additionalProperties": False, "required": sorted(part["properties"])}
    return kept
