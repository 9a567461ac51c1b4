"""Renders a day's pages to bytes: HTML for people, CSV and JSON of the same beside it."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import pyarrow as pa

from auditor import resources
from auditor.monitoring.baselines.window import Window
from auditor.monitoring.cameras import Drift
from auditor.monitoring.limits import OF_REJECTS, input_rows
from auditor.policy import Policy
from auditor.report import site
from auditor.report.day import Report
from auditor.report.document import SCHEMA, DocumentWriter, head_of
from auditor.report.environment import assets, environment, store_page
from auditor.report.flags_csv import FlagsCsv
from auditor.report.pages import Provenance
from auditor.report.schema import SCHEMAS
from auditor.tables import StoreTables


def render_day(  # noqa: PLR0913  the day's tables, and what they rest on
    day: date,
    *,
    ledger: StoreTables,
    store_days: pa.Table,
    rejects: StoreTables,
    decisions: pa.Table,
    provenance: Provenance,
    policy: Policy,
    window: Window,
    drift: Drift,
    history: pa.Table,
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Render the report of a business day; the same arguments give the same bytes.

    Args:
        day: the business day.
        ledger: LEDGER of all stores, in each in any order.
        store_days: a row of STORE_DAYS for each store of the day, the missing ones included.
        rejects: REJECTS of all stores, in any order; a store that is not in ``store_days`` stands
            for what belongs to none.
        decisions: DECISION_LOG of the day, as :func:`decisions.log.verified` gives it.
        provenance: what the result rests on.
        policy: gives currencies, ages, the least exposure and the retention on ``day``.
        window: counts of the days up to and including ``day``, by which people are measured.
        drift: the day's cameras against their own past.
        history: rows of DAY_FIGURES of earlier days, those of day_figures.days_before.

    Yields:
        Files by name, to lie in ``OUT/reports/<day>/``, each in pieces to be taken before the next
        file: ``store-<ID>.html`` for every store and a page for each of its cashiers of interest,
        then ``index.html``, ``control.html``, ``flags.csv``, ``report.json``, the JSON Schema that
        it follows, ``summary.json``, and what the pages load.

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
        decisions=decisions,
        provenance=provenance,
        policy=policy,
        window=window,
        history=history,
        drift=drift,
    )
    jinja = environment()
    template = jinja.get_template("page.html.jinja")
    cashier = jinja.get_template("cashier.html.jinja")
    with tempfile.TemporaryFile() as disk:
        flags, document = FlagsCsv(disk), DocumentWriter(disk)
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
        head = head_of(chain, report.staff, drift, decisions)
        yield "report.json", document.written(head)
    yield SCHEMA, [(resources.folder(SCHEMAS) / SCHEMA).read_bytes()]
    rows = input_rows(store_days, (rejects.of(s, OF_REJECTS) for s in rejects.stores))
    yield site.SUMMARY, [site.as_json(site.summarise(chain, rows, policy.sha256))]
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
