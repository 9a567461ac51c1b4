"""Renders a day's pages to bytes: HTML for people, CSV and JSON of the same beside it."""

import functools
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import pyarrow as pa
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from auditor import resources
from auditor.monitoring.baselines.window import Window
from auditor.monitoring.cameras import Drift
from auditor.monitoring.limits import OF_REJECTS, input_rows
from auditor.policy import Policy
from auditor.report import site
from auditor.report.cases import Case, by_reason
from auditor.report.control import ControlSample
from auditor.report.fragments import Fragments, JsonList, JsonObject, json_document
from auditor.report.pages import Page, Provenance, Report, StoreReport
from auditor.report.past import PastComparison, sentence
from auditor.report.people import Standings, cashier_page_name
from auditor.report.spreadsheet import Cell, csv_line
from auditor.report.text import cameras, words
from auditor.tables import DAY_FIGURES, StoreTables

TEMPLATES = "reports/templates"
SCHEMAS = "reports/schemas"

#: The JSON Schema of report.json, see :mod:`auditor.report.schema`.
SCHEMA = "report.schema.json"

#: What a page may load: what lies beside it and nothing else. Each page says it of itself; a server
#: should send the same as a header.
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)

#: What the pages load, beside each day's and beside the list's: an old day looks as it did.
_ASSETS = ("style.css", "site.js")

#: Version of report.json: raised when a key is renamed, removed or changes its meaning.
SCHEMA_VERSION = 1

#: The columns of flags.csv and what they mean; ages in years, probabilities from 0 to 1.
FLAG_COLUMNS: Mapping[str, str] = {
    "rank": "1 is the sale to look at first, over the whole chain",
    "store_id": "store",
    "transaction_id": "the till's number of the transaction",
    "till_id": "till",
    "cashier_id": "cashier, or the attendant of a self-checkout",
    "sold_at": "time of the sale, local to the store, with its offset",
    "amount": "price of the basket",
    "currency": "ISO 4217 code of the amount",
    "id_check": "what the till recorded of the ID check",
    "id_check_at": "time of the ID check, as sold_at",
    "id_check_by": "who did the ID check",
    "age": "estimated age of the buyer",
    "age_sd": "standard deviation of the age",
    "age_low": "lower end of the 80 % interval",
    "age_high": "upper end of the 80 % interval",
    "p_under_legal": "P(buyer under the legal age)",
    "p_under_challenge": "P(buyer under the challenge age)",
    "legal_age": "age from which alcohol may be bought",
    "challenge_age": "age up to which ID is to be asked for",
    "faces": "faces found in the frame",
    "matched_by": "how the frame was matched: transaction or till_and_time",
    "snapshot_id": "frame",
    "marks": "what a reader should know of the record, separated by spaces",
    "reason": "recorded_underage, or the state of the ID check",
    "recorded_years": "age of the buyer by the date of birth on record, if there is one",
    "why": "why the sale is flagged, in a sentence",
    "page": "where the sale stands in the report",
    "decision": "what a person decided last, see GLOSSARY.md; empty where nobody has yet",
    "decided_by": "who did",
    "decided_at": "and when, UTC",
    "decision_note": "and the last note",
}

_AXIS_FROM, _AXIS_TO, _AXIS_WIDTH = 5, 65, 300


def render_day(  # noqa: PLR0913  the day's tables, and what they rest on
    day: date,
    *,
    ledger: StoreTables,
    store_days: pa.Table,
    rejects: StoreTables,
    provenance: Provenance,
    policy: Policy,
    window: Window,
    drift: Drift,
    history: pa.Table | None = None,
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Render the report of a business day; the same arguments give the same bytes.

    Args:
        day: the business day.
        ledger: LEDGER of all stores, in each in any order.
        store_days: a row of STORE_DAYS for each store of the day, the missing ones included.
        rejects: REJECTS of all stores, in any order; a store that is not in ``store_days`` stands
            for what belongs to none.
        provenance: what the result rests on.
        policy: gives currencies, ages, the least exposure and the retention on ``day``.
        window: counts of the days up to and with ``day``, by which people are measured.
        drift: the day's cameras against their own past.
        history: rows of DAY_FIGURES of earlier days, those of day_figures.days_before; none are
            no past to compare with.

    Yields:
        Files by name, to lie in ``OUT/reports/<day>/``, each in pieces that are to be taken before
        the next file: ``store-<ID>.html`` for every store and a page for each of its cashiers who
        stand out, then ``index.html``, ``control.html``, ``flags.csv``, ``report.json``, the JSON
        Schema that it follows, ``summary.json``, and what the pages load.

    Raises:
        ContractError: the tables are not per schema, contradict each other, or name a store or
            a crop that cannot be linked.
        ConfigurationError: no policy was in force on the day.
    """
    report = Report(
        day,
        ledger=ledger,
        store_days=store_days,
        rejects=rejects,
        provenance=provenance,
        policy=policy,
        window=window,
        history=DAY_FIGURES.empty() if history is None else history,
        drift=drift,
    )
    jinja = environment()
    template = jinja.get_template("page.html.jinja")
    cashier = jinja.get_template("cashier.html.jinja")
    with tempfile.TemporaryFile() as disk:
        flags, document = FlagsCsv(disk), ReportJson(disk)
        for store in report.stores():
            flags.add(store.cases)
            document.add(store)
            yield store_page(str(store.page.store_id)), [template.render(page=store.page).encode()]
            for name, page in store.cashier_pages.items():
                yield name, [cashier.render(page=page, provenance=provenance).encode()]
        chain = report.chain()
        yield "index.html", [template.render(page=chain).encode()]
        control = jinja.get_template("control.html.jinja")
        yield "control.html", [control.render(page=chain).encode()]
        yield "flags.csv", flags.written()
        yield "report.json", document.written(chain, report)
    yield SCHEMA, [(resources.folder(SCHEMAS) / SCHEMA).read_bytes()]
    rows = input_rows(store_days, (rejects.of(s, OF_REJECTS) for s in rejects.stores))
    yield site.SUMMARY, [site.as_json(site.summarise(chain, rows))]
    for name, content in assets().items():
        yield name, [content]


def render_site(summaries: Sequence[site.Summary]) -> dict[str, bytes]:
    """Render the list of the days.

    Args:
        summaries: one of each day that has a report, any order.

    Returns:
        File contents by name, to lie in ``OUT/reports/``: ``index.html`` and what it loads.
    """
    template = environment().get_template("site.html.jinja")
    return {"index.html": template.render(site.context(summaries)).encode(), **assets()}


def assets() -> dict[str, bytes]:
    """What every page loads, by name."""
    folder = resources.folder(TEMPLATES)
    return {name: (folder / name).read_bytes() for name in _ASSETS}


def environment() -> Environment:
    """The Jinja environment: everything escaped, an unknown name is an error."""
    return _environment(resources.folder(TEMPLATES))


@functools.cache  # compiling the templates takes a second and a half
def _environment(templates: Path) -> Environment:
    jinja = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters |= _FILTERS
    jinja.globals["content_policy"] = CONTENT_POLICY
    return jinja


def store_page(store_id: str) -> str:
    """The file name of a store's page."""
    return f"store-{store_id}.html"


def axis(age: float) -> float:
    """Where an age lies on a card's age axis, in SVG units; held to the axis' two ends."""
    inside = min(max(age, _AXIS_FROM), _AXIS_TO)
    return round((inside - _AXIS_FROM) / (_AXIS_TO - _AXIS_FROM) * _AXIS_WIDTH, 1)


class FlagsCsv:
    """The flagged sales in order of rank, in the columns of ``FLAG_COLUMNS``.

    Texts are guarded against being run as formulas, see :mod:`auditor.report.spreadsheet`.
    """

    def __init__(self, disk: BinaryIO) -> None:
        self._rows = Fragments(disk)

    def add(self, cases: Iterable[Case]) -> None:
        """Take a store's flagged sales."""
        for case in cases:
            row = _flag_row(case)
            self._rows.add(case.rank, csv_line(row[column] for column in FLAG_COLUMNS))

    def written(self) -> Iterator[bytes]:
        """The file, line by line."""
        yield csv_line(FLAG_COLUMNS).encode()
        yield from self._rows


class ReportJson:
    """What the pages show, uncut, as JSON with sorted keys; floats rounded to four decimals."""

    def __init__(self, disk: BinaryIO) -> None:
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
        told = {"lede": page.lede, "coverage": asdict(page.coverage)}
        self._stores.add(str(page.store_id), plain(told))

    def written(self, chain: Page, report: Report) -> Iterator[bytes]:
        """The file in pieces, once all stores have been taken."""
        short = plain(
            {
                "schema_version": SCHEMA_VERSION,
                "day": chain.day,
                "chain": chain.chain,
                "provenance": asdict(chain.provenance),
                "min_exposure": chain.min_exposure,
                "retention_days": chain.retention_days,
                "lede": chain.lede,
                "coverage": asdict(chain.coverage),
                "store_counts": [asdict(counts) for counts in chain.stores],
                "people": _people(report.standings),
                "cameras": asdict(report.drift),
                "rejected": asdict(chain.rejected),
                "past": _past(chain.past),
                "history_sha256": chain.history_sha256,
                "control_sample": _control(chain.control),
                "decisions": [],  # as report.decided puts them there
                "flags_csv_columns": dict(FLAG_COLUMNS),
            }
        )
        long = {
            "flagged": self._cases,
            "inconclusive": self._unjudged,
            "stores": self._stores,
            "cashier_counts": self._cashiers,
        }
        return json_document(short | long)


def _people(standings: Standings) -> dict[str, Any]:
    """How cashiers and stores stand over the window, and what the rules of hollow checks found."""
    return {
        "looked": asdict(standings.looked),
        "false_lead_share": standings.rules.false_lead_share,
        **{
            name: {
                "target": peers.target,
                "overdispersion": peers.overdispersion,
                "tested": peers.tested,
                "units": [asdict(unit) for unit in peers.units],
            }
            for name, peers in (("stores", standings.stores), ("cashiers", standings.cashiers))
        },
        "id_check_quality": [asdict(finding) for finding in standings.findings.values()],
    }


def _past(past: PastComparison | None) -> dict[str, Any] | None:
    """The comparison with the past as report.json has it: without the drawings."""
    if past is None:
        return None
    return {
        "weekday": past.weekday,
        "days": [asdict(day) for day in past.then],
        "left_out": past.left_out,
        "shares": [
            {name: value for name, value in asdict(share).items() if name != "plot"}
            for share in past.comparisons
        ],
    }


def json_text(plain: Any) -> str:
    """JSON as report.json is written: keys sorted, a line each."""
    return json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _control(sample: ControlSample | None) -> dict[str, Any] | None:
    if sample is None:
        return None
    return asdict(sample) | {"conclusions": [asdict(row) for row in sample.conclusions]}


def _flag_row(case: Case) -> dict[str, Cell]:
    estimate = asdict(case.estimate) if case.estimate else {}
    return {
        **{name: getattr(case, name) for name in FLAG_COLUMNS if hasattr(case, name)},
        "age": estimate.get("age"),
        "age_sd": estimate.get("sd"),
        "age_low": estimate.get("low"),
        "age_high": estimate.get("high"),
        "p_under_legal": estimate.get("p_under_legal"),
        "p_under_challenge": estimate.get("p_under_challenge"),
        "marks": " ".join(case.marks),
        "page": f"{store_page(case.store_id)}#{case.anchor}",
        **dict.fromkeys(("decision", "decided_by", "decided_at", "decision_note")),
    }


def plain(value: Any) -> Any:
    """The same in what JSON has: numbers, texts, lists and objects."""
    match value:
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case float():
            return round(value, 4)
        case Decimal():
            return str(value)
        case date():  # datetime included
            return value.isoformat()
    return value


def _crop_url(crop: str) -> str:
    """From a page in ``OUT/reports/<day>/`` to a file under OUT."""
    return f"../../{quote(crop, safe='/=')}"


def _store_label(item: Any) -> str:
    """A store by name and id, of whatever carries both."""
    named = item.store_name and item.store_name != item.store_id
    return f"{words.visible(item.store_name)} ({item.store_id})" if named else str(item.store_id)


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "axis": axis,
    "camera_change": cameras.change,
    "camera_todo": cameras.todo,
    "cashier_page": cashier_page_name,
    "clock": words.clock,
    "counted": words.counted,
    "crop_url": _crop_url,
    "day": words.day,
    "decision": lambda decision: words.label(words.DECISIONS, decision),
    "expected": words.expected_count,
    "integer": words.integer,
    "listed": words.listed,
    "moment": words.moment,
    "money": words.money,
    "odds": words.odds,
    "one_decimal": words.one_decimal,
    "past_sentence": sentence,
    "percent": words.percent,
    "quantity": words.quantity,
    "seconds_to": words.seconds_to,
    "share_of": words.share_of,
    "short_day": words.short_day,
    "short_hash": words.short_hash,
    "stage": lambda stage: words.label(words.REJECT_STAGES, stage),
    "store_label": _store_label,
    "store_page": store_page,
    "visible": words.visible,
    "years": words.years,
    "years_up": words.years_up,
}
