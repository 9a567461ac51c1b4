"""Purchases by age group as a whole: what is found of known tastes, told, withheld, refused."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.demo import catalogue
from auditor.demo.simulated_baskets import baskets_of
from auditor.errors import ConfigurationError, SourceError
from auditor.insights.analysis import analyse
from auditor.insights.reading import store_days
from auditor.insights.results import Insights
from auditor.operations.insights_report import report_purchases
from auditor.pipeline import Job, expire, run_day
from auditor.policy import Policy
from auditor.report.insight_pages import render_insights
from auditor.storage.partitions import Partitions, read_day, write_partition
from auditor.storage.place import Place
from auditor.storage.retention import days_of
from auditor.tables import INSIGHTS
from benchmarks.simulated_baskets import MODEL, STARTS, Error, confusion
from tests.support.paths import ROOT

GOLDEN = ROOT / "tests" / "golden" / "insights"
ACTUAL = ROOT / "tests" / "actual" / "insights"
MONDAY, SUNDAY = date(2026, 3, 23), date(2026, 3, 29)
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def found(purchases: Insights) -> Insights:
    return purchases


def test_the_demos_tastes_are_found_again(found: Insights) -> None:
    """The true shares, which only the simulation knows, lie in the intervals; tastes stand out."""
    baskets = [
        basket
        for shop in catalogue.STORES
        for n in range(7)
        for basket in baskets_of(shop, MONDAY + timedelta(days=n), 1)
    ]
    group = np.searchsorted(catalogue.TASTE_AGES, [b.age for b in baskets], side="right")
    size = np.bincount(group, minlength=6)
    held = [
        figures.share.low <= size[g] / size.sum() <= figures.share.high
        for g, figures in enumerate(found.groups)
        if figures.share
    ]
    assert len(held) >= 5
    assert all(held)
    inside = []
    for row in found.categories:
        bought = [any(a.category == row.name for a in b.articles) for b in baskets]
        true = np.bincount(group, bought, minlength=6) / np.maximum(size, 1)
        inside += [
            cell.share.low <= true[g] <= cell.share.high for g, cell in enumerate(row.cells) if cell
        ]
    assert len(inside) > 40
    assert np.mean(inside) > 0.9
    index = {row.name: row.cells for row in found.categories}
    old, young = index["news"][4], index["soft drinks"][1]
    assert old
    assert old.same_days.low > 120
    assert young
    assert young.same_days.value > 120


def test_the_sums_are_those_of_the_baskets(found: Insights) -> None:
    told = [group.share.value for group in found.groups if group.share]
    assert sum(told) <= 1 + 1e-9
    assert found.population.baskets_of_alcohol == found.baskets
    assert found.population.alcohol_sales == found.baskets
    assert found.store_days == 28
    assert found.before == (MONDAY - timedelta(days=7), MONDAY - timedelta(days=1))
    assert any(cell.change for row in found.categories for cell in row.cells if cell)


def test_nothing_that_few_bought_is_told(found: Insights) -> None:
    for row in (*found.categories, *found.articles):
        assert row.baskets >= found.min_cell
        hidden = [cell for cell in row.cells if cell is None]
        assert len(hidden) != 1
        for cell in row.cells:
            assert cell is None or cell.baskets >= found.min_cell


def test_alcohol_and_what_is_out_of_range_are_suggested_to_nobody_who_may_be_under_age(
    found: Insights,
) -> None:
    assert found.challenge_age == 30
    suggested = [
        (group.group.first, article)
        for group in found.groups
        for article in (
            *(taste.article for taste in group.tastes),
            *(rule.also for rule in group.associations),
        )
    ]
    assert suggested
    assert all(first >= 30 for first, article in suggested if article.alcohol)
    assert any(article.alcohol for _, article in suggested)
    assert "201001" not in {article.sku for _, article in suggested}


def test_no_share_is_more_than_all(found: Insights) -> None:
    cells = [cell for row in found.categories for cell in row.cells if cell]
    highest = max(cell.share.high for cell in cells)
    assert highest == 1  # it would be more where it is not held to that
    assert all(0 <= cell.share.low <= cell.share.value for cell in cells)


def test_it_is_said_plainly_whether_the_age_helps(found: Insights) -> None:
    assert found.backtest
    assert found.held_out_days == (date(2026, 3, 28), SUNDAY)
    assert len(found.backtest.ways) == 4
    for figure, words in (
        (found.backtest.added_alone, "popularity"),
        (found.backtest.added_to_basket, "what is in the basket"),
    ):
        sentence = next(s for s in found.backtest.verdict.split("Against ") if s.startswith(words))
        assert ("helps" in sentence) == (figure.low > 0)
        assert ("nothing sure" in sentence) == (figure.low <= 0 <= figure.high)


def test_pages_tables_and_json_say_the_same(found: Insights) -> None:
    pages = render_insights(found)
    assert pages == render_insights(found)
    document = json.loads(pages["insights.json"])
    table = list(csv.DictReader(io.StringIO(pages["categories.csv"].decode(), newline="")))
    for row in document["categories"]:
        for group, cell in zip(document["groups"], row["cells"], strict=True):
            (line,) = (r for r in table if r["name"] == row["name"] and r["group"] == group["name"])
            assert (line["share"] == "") == (cell is None)
            if cell:
                assert float(line["share"]) == pytest.approx(cell["share"]["value"], abs=1e-4)
    for name, page in pages.items():
        if name.endswith(".html"):
            text = page.decode()
            links = set(re.findall(r'(?:href|src)="([^"#]+)"', text))
            assert links <= pages.keys()
            assert "style=" not in text
            assert len(page) < 1_000_000


def test_the_golden_page(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A page of few baskets that were made by hand, hostile text in them."""
    page = render_insights(few(tmp_path))["index.html"]
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        (GOLDEN / "index.html").write_bytes(page)
    if page != (GOLDEN / "index.html").read_bytes():
        ACTUAL.mkdir(parents=True, exist_ok=True)
        (ACTUAL / "index.html").write_bytes(page)
        pytest.fail(f"the page differs from the golden one; see {ACTUAL}")
    assert SCRIPT not in page.decode()
    assert "&lt;script&gt;" in page.decode()


# ---- Baskets made by hand ------------------------------------------------------------------------


def rules(**insights: Any) -> Policy:
    basis = {"enabled": True, "lawful_basis": f"consent {SCRIPT}", "effective_from": MONDAY}
    entry = {"effective_from": date(2020, 1, 1)}
    return Policy({"policy": [entry], "insights": basis | {"min_cell": 3} | insights})


def bought(*lines: tuple[str, int, str], group: int = 3) -> dict[str, Any]:
    """A basket of article, quantity and amount, whose buyer is said to be of one group."""
    return {
        "store_id": "S1",
        "hour": 18,
        "alcohol_sale": True,
        "currency": "GBP",
        "model": MODEL,
        "group_starts": ",".join(map(str, STARTS)),
        "groups": np.eye(6)[group].tolist(),
        "lines": [
            {
                "sku": sku,
                "description": None if sku == "bare" else f"{sku} {SCRIPT}",
                "category": None if sku == "bare" else "=1+1",
                "quantity": Decimal(quantity),
                "amount": Decimal(amount),
                "alcohol": sku == "wine",
            }
            for sku, quantity, amount in lines
        ],
    }


def looked_at(folder: Path, *days: list[dict[str, Any]], policy: Policy | None = None) -> Insights:
    out = Place(str(folder))
    for n, rows in enumerate(days):
        day = MONDAY + timedelta(days=n)
        write_partition(out, "insights", day, "S1", INSIGHTS.from_rows(rows))
    known = confusion(Error(), np.random.default_rng(0))
    last = MONDAY + timedelta(days=max(len(days), 1) - 1)
    return analyse(out, MONDAY, last, policy or rules(), confusion_of=lambda _: known)


def few(folder: Path) -> Insights:
    def day() -> Iterator[dict[str, Any]]:
        for group in range(6):
            for n in range(12):
                yield bought(("bread", 1, "1.20"), ("bare", 1 + n % 2, "2.00"), group=group)
        yield from (bought(("wine", 1, "7.50"), group=5) for _ in range(9))

    return looked_at(folder, list(day()), list(day()))


def test_one_basket_says_nothing(tmp_path: Path) -> None:
    found = looked_at(tmp_path, [bought(("bread", 1, "1.00"))])
    assert found.baskets == 1
    assert all(group.share is None for group in found.groups)
    assert found.articles == ()
    assert found.backtest is None
    assert "Too few" in render_insights(found)["group-35-49.html"].decode()


def test_no_basket_at_all_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="effective_from"):
        looked_at(tmp_path, [])


def test_returns_refusals_and_free_goods(tmp_path: Path) -> None:
    day = [
        *(bought(("bread", 1, "0.00")) for _ in range(5)),  # free
        *(bought(("bread", 2, "2.00"), ("wine", 1, "7.00"), ("wine", -1, "-7.00"))
          for _ in range(5)),  # rung up and taken off
        bought(("wine", -1, "-7.00")),  # given back
        bought(("wine", 0, "0.00")),  # refused
    ]  # fmt: skip
    found = looked_at(tmp_path, day)
    assert found.population.nothing_bought == 2
    assert found.baskets == 10
    assert [(row.sku, row.baskets) for row in found.articles] == [("bread", 10)]
    (cell,) = store_days(Place(str(tmp_path)), [MONDAY], STARTS)
    assert cell.value.tolist() == [0] * 5 + [2] * 5
    assert found.overall_articles == pytest.approx(1)
    # Ten baskets of one group: with all others at none, their number is the total.
    assert all(group.share is None for group in found.groups)


def test_an_article_that_nobody_else_buys(tmp_path: Path) -> None:
    found = few(tmp_path)
    (wine,) = (row for row in found.articles if row.sku == "wine")
    assert wine.baskets == 18
    cell = wine.cells[5]
    assert cell is None or cell.index.value > 100
    assert json.loads(render_insights(found)["insights.json"])


def test_a_group_that_buys_nothing_has_a_page_that_says_so(tmp_path: Path) -> None:
    found = looked_at(tmp_path, [bought(("bread", 1, "1.00"), group=5) for _ in range(40)])
    assert found.groups[0].share is None
    assert "Too few baskets" in render_insights(found)["group-0-17.html"].decode()


def test_the_policy_decides_whether_and_how(tmp_path: Path) -> None:
    day = [bought(("bread", 1, "1.00"))]
    with pytest.raises(ConfigurationError, match=r"insights\.enabled"):
        looked_at(tmp_path, day, policy=Policy())
    with pytest.raises(ConfigurationError, match="kept by the age groups"):
        looked_at(tmp_path, day, policy=rules(age_groups=[30]))


# ---- The whole line ------------------------------------------------------------------------------


def test_a_night_keeps_baskets_and_no_person_gets_into_any_output(
    small_chain: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        (small_chain / "policy.toml").read_text()
        + "[insights]\nenabled = true\nlawful_basis = 'consent'\neffective_from = 2026-01-01\n"
        "baskets = 'all'\n"
    )
    day, out = date(2026, 3, 27), tmp_path / "out"
    chain = str(small_chain / "sales"), str(small_chain / "snapshots")
    run_day(Job(day, *chain, str(out), str(policy)))
    ledger = read_day(Place(str(out)), "ledger", day)
    kept = read_day(Place(str(out)), "insights", day)
    scored = ledger.num_rows - ledger["age"].null_count
    assert sum(kept["alcohol_sale"].to_pylist()) == scored > 10
    sums = [sum(groups) for groups in kept["groups"].to_pylist()]
    assert sums == pytest.approx([1] * kept.num_rows, abs=1e-6)

    report_purchases(str(out), day, day, str(policy))
    told_files = [
        *(out / "insight-reports").rglob("*"),
        *(out / "insights").rglob("*.parquet"),
    ]
    persons = {
        value
        for name in ("transaction_id", "cashier_id", "snapshot_id", "snapshot_sha256", "crop")
        for value in ledger[name].drop_null().to_pylist()
    }
    assert len(persons) > 40
    for path in told_files:
        content = path.read_bytes() if path.is_file() else b""
        assert not [person for person in persons if person.encode() in content], path

    # Once the policy no longer allows it, running the day again takes the baskets away.
    policy.write_text(policy.read_text().replace("enabled = true", "enabled = false"))
    run_day(Job(day, *chain, str(out), str(policy)))
    assert list(Partitions(Place(str(out)), "insights", day).stores) == []


def test_old_baskets_expire(tmp_path: Path) -> None:
    out = Place(str(tmp_path))
    write_partition(out, "insights", MONDAY, "S1", INSIGHTS.from_rows([bought()]))
    kept_for = timedelta(days=400)
    assert expire(str(tmp_path), None, MONDAY + kept_for) == []
    removed = expire(str(tmp_path), None, MONDAY + kept_for + timedelta(days=1))
    assert removed == [f"insights/day={MONDAY}"]
    assert days_of(out, "insights") == []


def test_the_command_says_what_it_found_and_where(past_baskets: Path) -> None:
    arguments = ["insights", "--from", str(SUNDAY), "--to", str(SUNDAY)]
    arguments += ["--out", str(past_baskets / "out")]
    policy = ["--policy", str(past_baskets / "policy.toml")]
    result = CliRunner().invoke(main, [*arguments, *policy])
    assert result.exit_code == 0, result.output
    assert "baskets by age group" in result.output
    assert f"insight-reports/{SUNDAY}--{SUNDAY}/index.html" in result.output
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code == 2
    assert "insights.enabled" in refused.output
