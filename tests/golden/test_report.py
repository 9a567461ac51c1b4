"""The files of a day: golden pages, links, hostile text, sizes.

``pytest tests/golden/test_report.py --update-golden`` writes the golden pages anew. Where they
differ, what was made is left in tests/actual/.
"""

import csv
import io
import json
import re
from datetime import timedelta
from urllib.parse import unquote

import jinja2
import pyarrow as pa
import pytest

from auditor import resources
from auditor.report.environment import CONTENT_POLICY, environment
from auditor.report.flags_csv import FLAG_COLUMNS, FlagsCsv
from auditor.report.people import cashier_page_name
from auditor.tables import OUTCOMES, RECORDED_UNDERAGE
from tests.support.page_reader import Reader
from tests.support.paths import ROOT
from tests.support.report_day import (
    FORMULA,
    NOON,
    SCRIPT,
    crop,
    estimate,
    flag,
    ledger,
    ledger_rows,
    line,
    rejects,
    render,
    render_sales,
    sale,
    store_days,
)

STANDING_OUT = (("S001", SCRIPT), ("S001", "C07"), ("S003", "C08"))
GOLDEN = ROOT / "tests" / "golden" / "report"
ASSETS = ("style.css", "site.js")
ACTUAL = ROOT / "tests" / "actual" / "report"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return render()


@pytest.fixture(scope="module")
def pages(files: dict[str, bytes]) -> dict[str, Reader]:
    return {name: Reader(page) for name, page in files.items() if name.endswith(".html")}


def plain(page: bytes) -> str:
    """The text of a page with every white space made one blank."""
    return " ".join(Reader(page).text.split())


def test_pages_are_the_golden_ones(files: dict[str, bytes], request: pytest.FixtureRequest) -> None:
    shipped = {*ASSETS, "report.schema.json"}
    made = {name: content for name, content in files.items() if name not in shipped}
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        for old in GOLDEN.iterdir():
            old.unlink()
        for name, content in made.items():
            (GOLDEN / name).write_bytes(content)
    golden = {path.name: path.read_bytes() for path in GOLDEN.iterdir()}
    differing = sorted(n for n in made.keys() | golden if made.get(n) != golden.get(n))
    for name in set(differing) & set(made):
        ACTUAL.mkdir(parents=True, exist_ok=True)
        (ACTUAL / name).write_bytes(made[name])
    assert not differing, f"compare {ACTUAL} with {GOLDEN}, or run with --update-golden"


def test_a_page_for_every_store_and_the_files_beside(files: dict[str, bytes]) -> None:
    assert set(files) == {
        "index.html",
        "control.html",
        *(f"store-S00{n}.html" for n in range(1, 5)),
        *(cashier_page_name(store, who) for store, who in STANDING_OUT),
        "flags.csv",
        "report.json",
        "report.schema.json",
        "summary.json",
        *ASSETS,
    }
    for name in ASSETS:
        assert files[name] == (resources.folder("reports/templates") / name).read_bytes()


def test_the_order_of_the_rows_changes_nothing(files: dict[str, bytes]) -> None:
    def turned(table: pa.Table) -> pa.Table:
        return table.take(list(range(table.num_rows))[::-1])

    again = render(
        ledger=turned(ledger()), store_days=turned(store_days()), rejects=turned(rejects())
    )
    assert again == files


def test_every_page_is_well_formed(pages: dict[str, Reader]) -> None:
    for page in pages.values():
        assert len(page.ids) == len(set(page.ids))
        assert page.tags["h1"] == page.tags["main"] == 1
        assert page.tags["title"] == 1 + page.tags["desc"]  # a plot has a title and a description
        steps = zip(page.headings, page.headings[1:], strict=False)
        assert all(after <= before + 1 for before, after in steps)
        assert {name for names in page.labelled for name in names.split()} <= set(page.ids)


def test_every_link_leads_somewhere(files: dict[str, bytes], pages: dict[str, Reader]) -> None:
    crops = {row["crop"] for row in ledger_rows() if row.get("crop")}
    shown = set()
    for name, page in pages.items():
        assert page.links
        for link in page.links:
            target, _, fragment = link.partition("#")
            if target == "../index.html":  # the list of the days
                continue
            if target.startswith("../../crops/"):
                assert unquote(target.removeprefix("../../")) in crops
                continue
            if target.startswith("https://frames.example/"):
                continue
            assert (target or name) in files, link
            assert not fragment or fragment in pages[target or name].ids, link
        for source in page.sources:
            if source == "site.js":
                continue
            assert source.startswith("../../")
            shown.add(unquote(source.removeprefix("../../")))
    assert shown == crops


def test_every_picture_says_what_it_shows_and_that_it_goes(pages: dict[str, Reader]) -> None:
    pictures = [(n, v) for t, n, v in pages["index.html"].attributes if t == "img"]
    assert sum(name == "alt" and "deleted after its 31\u00a0days" in v for name, v in pictures) == 4
    for name, value in (("width", "112"), ("height", "112")):
        assert pictures.count((name, value)) == 4
    assert "No picture was kept" in pages["index.html"].text


def test_tables_and_drawings_are_described(pages: dict[str, Reader]) -> None:
    for page in pages.values():
        assert page.tags["caption"] == page.tags["table"]
        headers = [n for t, n, _ in page.attributes if t == "th"]
        assert headers.count("scope") == page.tags["th"]
        names = [n for t, n, _ in page.attributes if t == "svg"]
        described = sum(names.count(f"aria-{how}") for how in ("label", "labelledby", "hidden"))
        assert described == page.tags["svg"]


def test_pages_run_nothing_and_fetch_nothing(
    files: dict[str, bytes], pages: dict[str, Reader]
) -> None:
    for name, page in pages.items():
        assert files[name].count(b"<script") == page.tags["script"] == 1
        assert b'<script src="site.js" defer></script>' in files[name]
        assert page.tags["style"] == page.tags["iframe"] == 0
        assert CONTENT_POLICY.replace("'", "&#39;").encode() in files[name]
        for tag, attribute, value in page.attributes:
            assert not attribute.startswith("on"), (tag, attribute)
            assert attribute != "style", (tag, value)
            fetched = "//" in value and not value.startswith("https://frames.example/")
            assert not fetched, (tag, attribute, value)
            assert not value.lower().startswith(("javascript:", "data:"))
    css = files["style.css"].decode()
    assert "url(" not in css
    assert "@import" not in css


def test_hostile_text_is_shown_as_text(pages: dict[str, Reader]) -> None:
    for name in ("index.html", "store-S001.html"):
        text = pages[name].text
        for hostile in (SCRIPT, FORMULA, "../../etc/passwd", "<img src=x onerror=alert(1)>"):
            assert hostile in text
        assert "Sourdough <b>loaf</b>" in text
        assert "High <Street> (S001)" in text


def test_outcomes_on_the_page_add_up(files: dict[str, bytes]) -> None:
    for name in ("index.html", "store-S001.html"):
        cells = re.findall(r'data-outcome="(\w+)">([\d,]+)<', files[name].decode())
        counts = {outcome: int(count) for outcome, count in cells}
        total = counts.pop("all")
        assert set(counts) == set(OUTCOMES)
        assert sum(counts.values()) == total == len(ledger_rows())


def test_missing_and_unreadable_stores_are_named_loudly(files: dict[str, bytes]) -> None:
    index = plain(files["index.html"])
    assert "No till export: Station (S002)." in index
    assert "Unreadable till export: Old Mill (S004)." in index
    assert "2 of 4 stores could be audited." in index
    missing = plain(files["store-S002.html"])
    assert "nothing is known about its sales on this day" in missing
    for claim in ("first 0", "judged 0", "sales0", "There were no", "No alcohol sale"):
        assert claim not in missing
        assert claim in plain(files["store-S003.html"])


@pytest.mark.parametrize(
    ("rows", "day", "sentence"),
    [
        ([], {"export_status": "missing"}, "Nothing could be read, so nothing can be listed."),
        ([], {"transactions": 3}, "There were no alcohol sales to look at."),
        ([sale(1, "inconclusive", reason="no_face")], {}, "This says nothing about whether"),
        (
            [sale(1, "over_threshold", **estimate(40, 0, 0)), sale(2, "inconclusive")],
            {},
            "No flags were raised. 1 of 2 alcohol sales could not be judged.",
        ),
    ],
)
def test_every_empty_list_has_its_own_sentence(
    rows: list[dict[str, object]], day: dict[str, object], sentence: str
) -> None:
    files = render_sales(rows, **day)
    assert sentence in plain(files["index.html"])
    assert sentence in plain(files["store-S001.html"])


def test_a_share_of_few_sales_is_withheld(files: dict[str, bytes]) -> None:
    text = plain(files["index.html"]).partition("Cashiers on this day")[2]
    row = re.search(r"S001C07(.*?)S001C08", text)
    assert row, text
    assert "too few to say" in row[1]
    assert "%" not in row[1]
    few, enough = ([flag(n, 20, 0.3, 0.9) for n in range(k)] for k in (3, 4))
    assert "0 of 3, 0 %" not in plain(render_sales(few)["store-S001.html"])
    assert "0 of 4, 0 % (0 % to 49 %)" in plain(render_sales(enough)["store-S001.html"])


def test_flags_csv_is_ranked_and_documented(files: dict[str, bytes]) -> None:
    rows = list(csv.DictReader(io.StringIO(files["flags.csv"].decode(), newline="")))
    assert list(rows[0]) == list(FLAG_COLUMNS)
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    numbers = ["T011", "T010", "T002", "T004", "T001", "T003"]
    assert [row["transaction_id"] for row in rows] == numbers
    assert [row["reason"] for row in rows[:3]] == [
        RECORDED_UNDERAGE,
        RECORDED_UNDERAGE,
        "looks_over",
    ]
    assert [(row["recorded_years"], row["age"]) for row in rows[:2]] == [
        ("17", "41.0000"),
        ("16", ""),
    ]
    assert rows[2]["sold_at"] == "2026-03-27T12:02:00+00:00"
    assert rows[2]["p_under_legal"] == "0.6400"
    assert rows[5]["cashier_id"] == f"'{FORMULA}"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_no_cell_starts_a_formula(start: str) -> None:
    hostile = f"{start}1+1"
    rows = [flag(1, 20, 0.3, 0.9, cashier_id=hostile, till_id=hostile, id_check_by=hostile)]
    text = render_sales(rows)["flags.csv"].decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    for column in ("cashier_id", "till_id", "id_check_by"):
        assert row[column] == f"'{hostile}"
    assert row["amount"] == "8.50"


def test_flags_csv_without_flags_has_its_header() -> None:
    assert b"".join(FlagsCsv(io.BytesIO()).written()).decode() == ",".join(FLAG_COLUMNS) + "\r\n"


def test_report_json_holds_what_the_pages_show(files: dict[str, bytes]) -> None:
    report = json.loads(files["report.json"])
    assert report["schema_version"] == 2
    assert report["day"] == "2026-03-27"
    assert report["provenance"]["inputs_sha256"] == "1a" * 32
    assert {o["code"]: o["count"] for o in report["coverage"]["outcomes"]} == {
        "flagged": 6,
        "id_checked": 2,
        "over_threshold": 2,
        "refused": 1,
        "inconclusive": 14,
    }
    assert report["coverage"]["recorded_underage"] == 2
    assert [case["transaction_id"] for case in report["flagged"]] == [
        "T011",
        "T010",
        "T002",
        "T004",
        "T001",
        "T003",
    ]
    assert report["flagged"][2]["estimate"]["p_under_legal"] == 0.64
    assert report["flagged"][4]["basket"][0]["description"] == "Sourdough <b>loaf</b>"
    assert len(report["inconclusive"]) == 14
    assert report["stores"].keys() == {"S001", "S002", "S003", "S004"}
    assert list(report) == sorted(report)


def test_a_sale_has_the_same_anchor_on_both_pages(pages: dict[str, Reader]) -> None:
    # printf 'S001|T002' | sha256sum
    assert "sale-d9357db29e68efbf" in pages["index.html"].ids
    anchors = {i for i in pages["index.html"].ids if re.fullmatch(r"sale-[0-9a-f]{16}", i)}
    assert len(anchors) == 20
    assert anchors <= set(pages["store-S001.html"].ids)


def test_long_days_are_cut_in_words_and_stay_small() -> None:
    lines = [line("Ä" * 300, "1.00", alcohol=n % 2 == 0) for n in range(40)]
    rows = [
        flag(n, 20, 0.3, 0.9, transaction_id=f"{n:05}", basket=lines, marks=["several_faces"] * 5)
        for n in range(600)
    ]
    files = render_sales(rows)
    chain, store = Reader(files["index.html"]), Reader(files["store-S001.html"])
    assert (chain.tags["article"], store.tags["article"]) == (200, 400)
    assert "200 of 600 flagged sales are shown here" in chain.text
    assert "400 of 600 flagged sales are shown here" in store.text
    assert "and 30\u00a0more lines" in chain.text
    assert max(len(files[name]) for name in ("index.html", "store-S001.html")) < 3_000_000
    assert files["flags.csv"].count(b"\n") == 601


def test_an_unknown_name_in_a_template_is_an_error() -> None:
    for template in ("{{ nothing }}", "{% if page.nothing %}{% endif %}"):
        with pytest.raises(jinja2.UndefinedError):
            environment().from_string(template).render(page=object())


def test_templates_are_escaped_whatever_their_name() -> None:
    assert environment().from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *((ink, ground) for ink in ("ink", "soft", "link") for ground in ("paper", "card")),
        ("flagged", "card"),
        ("alarm", "alarm-ground"),
        ("ink", "alarm-ground"),
        ("ink", "hatch-ground"),
        ("soft", "alarm-ground"),
    ],
)
def test_text_has_enough_contrast(
    files: dict[str, bytes], scheme: int, ink: str, ground: str
) -> None:
    blocks = re.findall(r":root \{(.*?)\}", files["style.css"].decode(), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[scheme]))
    light, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_who_stands_out_has_a_page_and_nobody_else(
    files: dict[str, bytes], pages: dict[str, Reader]
) -> None:
    linked = {link for page in pages.values() for link in page.links if "cashier-" in link}
    assert linked == {name for name in files if name.startswith("cashier-")}
    page = plain(files[cashier_page_name("S001", SCRIPT)])
    assert "20 of 80 sales that were due a check were checked or refused" in page
    assert "not a finding" in page
    assert SCRIPT in page  # as text
    assert SCRIPT.encode() not in files[cashier_page_name("S001", SCRIPT)]


def test_of_hollow_checks_a_page_tells_what_chance_gives(files: dict[str, bytes]) -> None:
    text = plain(files["index.html"])
    assert "39 of 320 records show it; chance alone would give 3.2 at most" in text
    assert "Of 200 documents read by a machine, 1 do" in text
    assert text.count("records stand out.") == 6


def test_without_counts_nothing_is_said_of_people() -> None:
    text = plain(render_sales([flag(1, 20, 0.3, 0.9)])["index.html"])
    assert "stands out" not in text
    assert "more than expected" not in text


def test_a_check_at_another_time_is_told_with_the_sale_and_among_the_doubtful_ones() -> None:
    away = {
        "marks": ["check_out_of_time"],
        "id_check_at": NOON - timedelta(days=1, minutes=5),
        "id_check_by": "C09",
    }
    rows = [
        flag(1, 20, 0.3, 0.9, cashier_id=None, **away),
        sale(2, "over_threshold", **estimate(40.0, 0.0, 0.01), **away | {"id_check_by": None}),
        flag(3, 21, 0.2, 0.8),
    ]
    files = render_sales(rows)
    for name in ("index.html", "store-S001.html"):
        text = plain(files[name])
        assert "an ID check is on record at another time, which does not count" in text
        assert "Till record: an ID check by C09 at another time, which does not count" in text
        assert text.count("no ID check; one recorded at 11:55:00 on 26 March") == 2
    # A check of the day before is beside the time line of the sale, not on it.
    (first,) = [sale for sale in json.loads(files["report.json"])["flagged"] if sale["rank"] == 1]
    (step,) = [step for step in first["trail"] if step["kind"] == "check"]
    assert step["along"] is None
    assert [step["along"] for step in first["trail"] if step["kind"] == "sale"] == [1.0]


def test_where_there_was_no_cashier_the_pages_say_so_and_the_csv_is_empty() -> None:
    unjudged = sale(2, "inconclusive", reason="no_face", cashier_id=None)
    by_lot = sale(3, "over_threshold", **estimate(40.0, 0.0, 0.01), cashier_id=None, crop=crop(3))
    files = render_sales([flag(1, 20, 0.3, 0.9, cashier_id=None), unjudged, by_lot])
    assert "Cashierno cashier" in plain(files["store-S001.html"])
    assert plain(files["store-S001.html"]).count("no cashier") == 2
    assert "till 2, no cashier, transaction T003" in plain(files["control.html"])
    (row,) = csv.DictReader(io.StringIO(files["flags.csv"].decode()))
    assert row["cashier_id"] == ""
    assert all(b">None<" not in content for content in files.values())


def test_a_basket_shows_discounts_without_a_quantity_and_what_was_refused() -> None:
    wine = line("Merlot 75cl", "7.30", alcohol=True) | {"refused": True}
    basket = [
        line("Lager", "2.00", alcohol=True),
        line("Staff discount", "-0.20", alcohol=False, quantity="0"),
        wine,
    ]
    text = plain(render_sales([flag(1, 20, 0.3, 0.9, basket=basket)])["store-S001.html"])
    assert "Lager alcohol£2.00 Merlot 75cl alcohol refused£7.30 Staff discount" in text


def test_where_the_legal_age_depends_on_the_drink_the_page_names_none() -> None:
    one = plain(render_sales([flag(1, 20, 0.3, 0.9)])["index.html"])
    both = [flag(1, 20, 0.3, 0.9), flag(2, 20, 0.3, 0.9, legal_age=16)]
    several = plain(render_sales(both)["index.html"])
    assert "likeliest to be under 18 come first" in one
    assert "likeliest to be under the legal age come first" in several
    assert "Under 16" in several


def test_an_interval_that_ends_beyond_the_axis_ends_in_an_arrow() -> None:
    far, near = (flag(1, 24, 0.3, 0.6, age_high_95=high) for high in (88.0, 64.0))
    assert b'class="beyond"' in render_sales([far])["index.html"]
    assert b'class="beyond"' not in render_sales([near])["index.html"]
