"""Renders a day's pages to bytes: HTML for people, CSV and JSON of the same beside it."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence

from auditor import resources
from auditor.report import site
from auditor.report.day import Report
from auditor.report.document import SCHEMA, DocumentWriter, head_of
from auditor.report.environment import assets, environment, store_page
from auditor.report.flags_csv import FlagsCsv
from auditor.report.schema import SCHEMAS


def render_day(report: Report) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Render the report of a business day; the same tables give the same bytes.

    Yields:
        Files by name, to lie in ``OUT/reports/<day>/``, each in pieces to be taken before the next
        file: ``store-<ID>.html`` for every store and a page for each of its cashiers of interest,
        then ``index.html``, ``control.html``, ``flags.csv``, ``report.json``, the JSON Schema that
        it follows, ``summary.json``, and what the pages load.

    Raises:
        ContractError: the tables contradict each other, or name a crop that cannot be linked.
    """
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
                yield name, [cashier.render(page=page, provenance=report.provenance).encode()]
        chain = report.chain()
        yield "index.html", [template.render(page=chain).encode()]
        control = jinja.get_template("control.html.jinja")
        yield "control.html", [control.render(page=chain).encode()]
        yield "flags.csv", flags.written()
        head = head_of(chain, report.staff, report.drift, report.decisions)
        yield "report.json", document.written(head)
    yield SCHEMA, [(resources.folder(SCHEMAS) / SCHEMA).read_bytes()]
    summary = site.summarise(chain, report.input_rows, report.policy.sha256)
    yield site.SUMMARY, [site.as_json(summary)]
    for name, content in assets().items():
        yield name, [content]


def render_site(summaries: Sequence[site.Summary]) -> dict[str, bytes]:
    """Render the list of the days from the summary of each day that has a report, in any order.

    Returns:
        File contents by name, to lie in ``OUT/reports/``: ``index.html`` and what it loads.
    """
    template = environment().get_template("site.html.jinja")
    return {"index.html": template.render(site.context(summaries)).encode(), **assets()}
