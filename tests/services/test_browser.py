"""The pages in a real browser: policy, links, sorting, keyboard, print, accessibility.

Needs Chromium: Debian's package ``chromium``, or whatever AUDITOR_CHROMIUM names.
"""

import functools
import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pyarrow as pa
import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from auditor.decisions.log import Judgement, new_entry
from auditor.insights.results import Insights
from auditor.report import SUMMARY, read_summary, render_site
from auditor.report.environment import CONTENT_POLICY
from auditor.report.insight_pages import render_insights
from auditor.tables import DECISION_LOG
from models.training import evaluate, explore
from tests.support import labelled_samples
from tests.support.report_day import DAY, NOON, SCRIPT, ledger_rows, render

CHROMIUM = os.environ.get("AUDITOR_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="there is no browser: apt-get install chromium, or set AUDITOR_CHROMIUM",
)

# As root, and in most containers, Chromium cannot make a sandbox of its own; it is to call nobody.
OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

#: The rules of WCAG 2.2 to level AA that a machine can check.
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

DAY_PAGES = ("index.html", "store-S001.html", "store-S002.html", "store-S003.html", "control.html")
REPORTS = "reports"
PURCHASES = "insight-reports/week"
PAGES = (
    f"{REPORTS}/index.html",
    *(f"{REPORTS}/{DAY}/{name}" for name in DAY_PAGES),
    *(f"{PURCHASES}/{name}" for name in ("index.html", "group-18-24.html")),
)


def decided() -> pa.Table:
    """A log in which a flagged sale and one of the control sample are decided."""
    log = DECISION_LOG.empty()
    rows = {row["transaction_id"]: row for row in ledger_rows()}
    rests_on = dict.fromkeys(("inputs_sha256", "policy_sha256", "model_sha256"), "5e" * 32)
    for number, decision in (("T002", "no_check_seen"), ("T007", "looks_older")):
        says = Judgement(decision, "A. Officer", NOON, f"{SCRIPT} asked the store")
        log = pa.concat_tables([log, new_entry(log, DAY, rows[number], rests_on, says)])
    return log


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, purchases: Insights) -> Path:
    """An OUT with a day's pages and faces, a list of days with gaps, and a week's purchases."""
    folder = tmp_path_factory.mktemp("out")
    files = render(decisions=decided())
    reports = folder / "reports"
    for name, content in files.items():
        path = reports / str(DAY) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for row in ledger_rows():
        if row.get("crop"):
            path = folder / row["crop"]
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (192, 192), (160, 130, 110)).save(path)
    one = read_summary(files[SUMMARY], origin=SUMMARY)
    backs = (0, 1, 3, *range(5, 12))
    days = [replace(one, day=DAY - timedelta(days=back), flagged=back) for back in backs]
    for name, content in render_site(days).items():
        (reports / name).write_bytes(content)
    for name, content in render_insights(purchases).items():
        path = folder / PURCHASES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for summary in days[1:]:
        (reports / str(summary.day)).mkdir()
        (reports / str(summary.day) / "index.html").write_bytes(b"another day")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield chromium
        chromium.close()


class Watched:
    """A page whose every complaint, request and dialog is noted."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, out: Path, name: str) -> Page:
        """Go to a page below ``out``, from its file."""
        self.page.goto((out / name).as_uri())
        return self.page


@pytest.fixture(scope="module")
def wide(browser: Browser) -> Iterator[Watched]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield Watched(context)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_from_a_file_loads_what_lies_beside_it_and_nothing_is_refused(
    out: Path, wide: Watched, name: str
) -> None:
    wide.requests.clear()
    page = wide.open(out, name)
    assert not wide.complaints
    assert {urlsplit(url).scheme for url in wide.requests} == {"file"}
    paths = {Path(urlsplit(url).path) for url in wide.requests}
    assert all(path.is_relative_to(out) and path.is_file() for path in paths)
    assert page.evaluate("document.styleSheets.length") == 1
    faces = page.locator("img").all()
    for face in faces:
        face.scroll_into_view_if_needed()
    page.wait_for_function("[...document.images].every(i => i.complete)")
    assert page.evaluate("[...document.images].every(i => i.naturalWidth > 0)")


@pytest.fixture(params=[(1280, "dark"), (320, "light")])
def screen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Watched]:
    width, scheme = request.param
    with browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme
    ) as context:
        yield Watched(context)


def test_no_page_breaks_a_rule_of_accessibility_or_is_wider_than_the_screen(
    out: Path, screen: Watched
) -> None:
    for name in PAGES:
        assert not problems(screen.open(out, name)), name
    assert not screen.complaints


def problems(page: Page) -> list[Any]:
    """The rules of accessibility that a page breaks, all of it unfolded, and if it is too wide."""
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true; }")
    rules = {"type": "tag", "values": WCAG}
    found = Axe().run(
        page, options={"runOnly": rules, "resultTypes": ["violations"], "preload": False}
    )
    broken: list[Any] = [
        (rule["id"], [node["target"] for node in rule["nodes"]][:3])
        for rule in found.response["violations"]
    ]
    too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    return broken + ["too wide"] * page.evaluate(too_wide)


@pytest.fixture(scope="module", params=[explore, evaluate])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a training tool writes."""
    tool, folder = request.param, tmp_path_factory.mktemp("told")
    rows = [
        {"id": f"{n}", "age": 10 + n % 60, "sex": ["female", "male"][n % 2], "source": "made"}
        for n in range(240)
    ]
    data = labelled_samples.write_crops(folder / "val-0.parquet", rows)
    arguments = ["--version", "3", "--shift-faces", "0", "--data"] if tool is evaluate else []
    done = CliRunner().invoke(tool.main, [*arguments, str(data), "--out", str(folder)])
    assert done.exit_code == 0, done.output
    return folder


def test_nor_does_a_page_of_the_training_tools(told: Path, screen: Watched) -> None:
    assert not problems(screen.open(told, "index.html"))
    assert not screen.complaints


class _Strict(SimpleHTTPRequestHandler):
    """Serves a folder with the policy as a header, as a careful server would."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", CONTENT_POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def do_GET(self) -> None:
        """Serve a file; the icon that browsers ask for unasked is none of ours."""
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def served(out: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Strict, directory=str(out)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/reports/index.html"
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_link_leads_somewhere_under_a_strict_server(served: str, browser: Browser) -> None:
    with browser.new_context() as context:
        watched = Watched(context)
        waiting, seen = [served], set[str]()
        wanted, targets = set[str](), set[str]()
        while waiting:
            address = waiting.pop()
            if address in seen:
                continue
            seen.add(address)
            watched.page.goto(address)
            ids = set(watched.page.eval_on_selector_all("[id]", "all => all.map(e => e.id)"))
            targets |= {f"{address}#{ident}" for ident in ids}
            links = watched.page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
            for link in {urljoin(address, link) for link in links}:
                page, fragment = urldefrag(link)
                if page.startswith("https://frames.example/"):
                    continue
                if page.endswith(".html") and (page == served or str(DAY) in page):
                    waiting.append(page)
                else:
                    assert context.request.get(page).ok, page
                wanted |= {link} if fragment else set()
        assert wanted <= targets
        assert len(seen) == 10  # list, chain, control sample, four stores, three cashiers
        assert not watched.complaints


def cells(page: Page, table: str, column: int) -> list[str]:
    rows = page.locator(f"{table} tbody tr:visible")
    return [row.locator("th,td").nth(column).inner_text() for row in rows.all()]


def test_a_table_is_sorted_by_a_click_and_by_a_key_and_back(out: Path, wide: Watched) -> None:
    page = wide.open(out, f"{REPORTS}/index.html")
    header = page.locator("table.days thead th").nth(5)
    before = cells(page, "table.days", 0)
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert cells(page, "table.days", 0)[:2] == ["Friday, 27 March 2026", "Thursday, 26 March 2026"]
    header.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert cells(page, "table.days", 0) != before
    page.locator("table.days thead th").nth(0).get_by_role("button").click()
    page.locator("table.days thead th").nth(0).get_by_role("button").click()
    assert cells(page, "table.days", 0) == before
    assert "Sorted by Day" in page.locator("[role=status]").first.inner_text()
    assert not wide.complaints


def test_numbers_are_sorted_as_numbers_and_rows_without_one_come_last(
    out: Path, wide: Watched
) -> None:
    page = wide.open(out, f"{REPORTS}/index.html")
    page.locator("table.days thead th").nth(5).get_by_role("button").click()
    rows = page.locator("table.days tbody tr").all()
    counts = [
        row.locator("td").nth(4).inner_text() for row in rows if row.locator("td").count() > 1
    ]
    assert counts == ["0", "1", "3", *(str(n) for n in range(5, 12))]
    assert all("No report" in row.inner_text() for row in rows[len(counts) :])
    assert len(rows) > len(counts)


def test_cases_are_filtered_and_a_link_to_a_hidden_one_brings_it_back(
    out: Path, wide: Watched
) -> None:
    page = wide.open(out, f"{REPORTS}/{DAY}/index.html")
    cases = page.locator("article.case:visible")
    assert cases.count() == 6
    page.get_by_role("searchbox", name="Show only those with").first.fill("sourdough")
    assert cases.count() == 1
    assert page.locator("output.found").first.inner_text() == "1 of 6 shown"
    page.locator(".first a").first.click()
    assert cases.count() == 6
    page.locator("select").first.select_option("no ID check")
    assert cases.count() == 1
    assert not wide.complaints


def test_the_keyboard_reaches_the_report_first_and_every_part_of_it(
    out: Path, wide: Watched
) -> None:
    page = wide.open(out, f"{REPORTS}/{DAY}/index.html")
    page.keyboard.press("Tab")
    focus = "document.activeElement.textContent"
    assert page.evaluate(focus) == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    reached = 0
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        reached += 1
        box = page.evaluate("document.activeElement.getBoundingClientRect().width")
        assert box > 0
    assert reached > 40


def test_without_scripts_every_table_and_case_is_there(out: Path, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        watched = Watched(context)
        for name in PAGES:
            page = watched.open(out, name)
            assert page.locator("button, .filters").count() == 0
        page = watched.open(out, f"{REPORTS}/{DAY}/index.html")
        assert page.locator("article.case:visible").count() == 6
        assert page.locator("#unjudged tbody tr:visible").count() == 14
        assert not watched.complaints


def test_every_page_prints_on_a4_and_the_controls_do_not(out: Path, wide: Watched) -> None:
    for name in PAGES:
        page = wide.open(out, name)
        pdf = page.pdf(prefer_css_page_size=True)
        (box,) = set(re.findall(rb"/MediaBox \[([^\]]*)\]", pdf))
        _, _, width, height = map(float, box.split())
        assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (210, 297), name
        page.emulate_media(media="print")
        assert page.locator(".filters:visible, .contents:visible, .crumbs:visible").count() == 0
        page.emulate_media(media="null")


def test_what_the_audit_made_of_a_drawn_sale_is_hidden_until_asked_for(
    out: Path, wide: Watched
) -> None:
    page = wide.open(out, f"{REPORTS}/{DAY}/control.html")
    assert page.locator("img:visible").count() == 2
    answer = page.locator("details.answer p").first
    assert not answer.is_visible()
    page.locator("details.answer summary").first.click()
    assert answer.is_visible()


def test_a_decision_is_seen_where_its_sale_is(out: Path, wide: Watched) -> None:
    page = wide.open(out, f"{REPORTS}/{DAY}/index.html")
    (told,) = page.locator("article.case .decided").all()
    assert "by A. Officer, 27 March 2026, 12:00 UTC" in told.inner_text()
    assert f"{SCRIPT} asked the store" in told.inner_text()
    page = wide.open(out, f"{REPORTS}/{DAY}/control.html")
    assert page.locator(".drawn .decided").count() == 1
    assert not wide.complaints
