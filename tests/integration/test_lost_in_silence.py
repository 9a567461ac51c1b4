"""What a run could pass over in silence is named: by the terminal, on the page, by the check."""

import json
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.errors import ExitCode
from tests.support.page_reader import Reader

DAY = "2026-03-27"
HEADER = (
    "transaction_id,store_id,till_id,cashier_id,sold_at,sku,description,category,quantity,amount,"
    "id_check,id_check_at,id_check_by,birth_date\n"
)
BEER = f"1,S1,03,E,{DAY}T18:00:00,1,Lager,beer,1,2.00,none,,,\n"
POLICY = """
[[policy]]
effective_from = 2020-01-01
time_zone = "Europe/London"
max_inconclusive_share = 1
"""


class Audit(NamedTuple):
    """What a run and the check after it gave."""

    code: int
    terminal: str
    page: str
    checks: dict[str, dict[str, str]]


def audited(
    folder: Path, *exports: str, policy: str = POLICY, frames: str = "", mapping: str = ""
) -> Audit:
    """Audit a day of some exports, and check it."""
    (folder / "sales").mkdir()
    (folder / "snapshots/index").mkdir(parents=True)
    (folder / "policy.toml").write_text(policy)
    for number, text in enumerate(exports):
        (folder / f"sales/{number}-{DAY}.csv").write_text(text)
    head = "snapshot_id,store_id,till_id,captured_at,transaction_id,path\n"
    (folder / f"snapshots/index/{DAY}.csv").write_text(head + frames)
    grey = cv2.imencode(".jpg", np.full((64, 64, 3), 128, np.uint8))[1]
    (folder / "snapshots/a.jpg").write_bytes(bytes(grey))
    options = [f"--day={DAY}", f"--out={folder / 'out'}", f"--policy={folder / 'policy.toml'}"]
    options += [f"--{name}={folder / name}" for name in ("sales", "snapshots")]
    if mapping:
        (folder / "mapping.toml").write_text("[[mapping]]\neffective_from = 2020-01-01\n" + mapping)
        options.append(f"--mapping={folder / 'mapping.toml'}")
    done = CliRunner().invoke(main, ["run", *options])
    page = folder / f"out/reports/{DAY}/index.html"
    text = " ".join(Reader(page.read_bytes()).text.split()) if page.exists() else ""
    check = CliRunner().invoke(main, ["check", "--json", *options])
    found = {each["check"]: each for each in json.loads(check.stdout)["findings"]}
    return Audit(done.exit_code, " ".join(done.output.split()), text, found)


def test_a_till_that_the_camera_calls_otherwise_is_named(tmp_path: Path) -> None:
    found = audited(tmp_path, HEADER + BEER, frames=f"F1,S1,T03,{DAY}T18:00:02,,a.jpg\n")
    named = "no transaction of the store is of till T03: the export has 03; did you mean 03?"
    assert named in found.terminal
    check = found.checks["tills"]
    assert check["state"] == "warning"
    assert "T03 of S1 (the export has 03; did you mean 03?)" in check["said"]


def test_sales_that_the_till_writes_with_a_minus_are_not_no_alcohol(tmp_path: Path) -> None:
    sold = BEER.replace(",1,2.00,none", ",-1,-2.00,id_viewed")
    found = audited(tmp_path, HEADER + sold)
    assert found.code == ExitCode.ABOVE_LIMITS
    for text in (found.terminal, found.page):
        assert "Alcohol was given back in 1 transaction of “S1”, more than it was sold in" in text
        assert "divide = -1" in text


def test_a_store_that_the_policy_does_not_list_is_named(tmp_path: Path) -> None:
    listing = '[stores]\nS1 = { name = "One" }\n' + POLICY
    found = audited(tmp_path, HEADER + BEER + BEER.replace("S1", "s1"), policy=listing)
    assert "Not in the policy: s1, audited by the rules for all stores" in found.terminal
    assert "Not in the policy: S1" not in found.terminal
    assert "does not list, audited by its rules for all stores: “s1”" in found.page


CHECKS = """
[[mapping.sales]]
files = "checks_{{day}}.csv"
{more}
"""
LINES = '[[mapping.sales]]\nfiles = "0-{day}.csv"\n'


def test_the_missing_file_of_an_entry_is_named(tmp_path: Path) -> None:
    found = audited(tmp_path, HEADER + BEER, mapping=LINES + CHECKS.format(more=""))
    assert found.code == ExitCode.ABOVE_LIMITS
    for text in (found.terminal, found.page):
        assert "no file of these entries of the mapping: “checks_{day}.csv”" in text


def test_an_entry_may_be_optional(tmp_path: Path) -> None:
    optional = LINES + CHECKS.format(more="optional = true")
    found = audited(tmp_path, HEADER + BEER, mapping=optional)
    assert found.code == ExitCode.DONE
    assert "checks_" not in found.terminal + found.page


def test_a_pattern_that_fits_no_picture_is_named(tmp_path: Path) -> None:
    pattern = '[[mapping.snapshots]]\nframes = "cam/{store}_{till}_{time:%Y%m%d%H%M%S}.jpg"\n'
    found = audited(tmp_path, HEADER + BEER, mapping=LINES + pattern)
    assert found.code == ExitCode.ABOVE_LIMITS
    for text in (found.terminal, found.page):
        assert "fits none of 1 picture, such as “a.jpg”" in text


def test_tills_that_the_export_has_are_well(tmp_path: Path) -> None:
    found = audited(tmp_path, HEADER + BEER, frames=f"F1,S1,03,{DAY}T18:00:02,,a.jpg\n")
    assert found.checks["tills"]["state"] == "ok"


def article(number: int, description: str, category: str = "") -> str:
    return (
        f"{number},S1,03,E,{DAY}T18:{number}:00,{number},{description},{category},1,2.00,none,,,\n"
    )


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        ("", ["2 of 3 lines without a category", "1 of 2 lines in “misc”"]),
        ('other_categories = ["misc"]', ["2 of 3 lines without a category"]),
        ('other_categories = ["misc"]\nalcohol_free_skus = ["11", "12"]', []),
        ('alcohol_skus = ["11", "12", "14"]', []),
    ],
)
def test_articles_that_sound_like_alcohol_are_named_until_the_policy_settles_it(
    keys: str, left: list[str], tmp_path: Path
) -> None:
    rows = [
        *(article(11, "Cognac VSOP"), article(12, "Cognac VSOP"), article(13, "Wine vinegar")),
        *(article(14, "Smirnoff Vodka", "misc"), article(15, "Rum baba", "misc")),
    ]
    found = audited(tmp_path, "".join([HEADER, BEER, *rows]), policy=POLICY + keys)
    assert found.code == (ExitCode.ABOVE_LIMITS if left else ExitCode.DONE), found.terminal
    check = found.checks["sales"]
    assert check["state"] == ("warning" if left else "ok"), check
    for where in left:
        for said in (found.terminal, found.page, check["said"]):
            assert f"{where} (such as “" in said.replace("\N{NO-BREAK SPACE}", " ")
    assert ("alcohol_skus" in found.terminal) == bool(left)
    assert ("Smirnoff" in found.terminal) == (len(left) > 1)
    assert "baba" not in found.terminal


STORES = "[stores]\nS1 = {}\n"
NO_ROWS = f"0-{DAY}.csv has a header and no rows"


@pytest.mark.parametrize(
    ("stores", "others", "code"),
    [
        ("", [], ExitCode.ABOVE_LIMITS),
        ("", [HEADER], ExitCode.ABOVE_LIMITS),
        ("", [HEADER + BEER], ExitCode.DONE),  # a store that was closed
        (STORES, [], ExitCode.ABOVE_LIMITS),
        (STORES, [HEADER + BEER.replace("S1", "S2")], ExitCode.ABOVE_LIMITS),
    ],
)
def test_an_export_without_rows_is_named_and_a_day_without_any_is_not_fine(
    stores: str, others: list[str], code: ExitCode, tmp_path: Path
) -> None:
    found = audited(tmp_path, HEADER, *others, policy=stores + POLICY)
    assert found.code == code, found.terminal
    assert f"No rows: {NO_ROWS}" in found.terminal
    assert f"Till exports with a header and no rows: “0-{DAY}.csv”" in found.page
    assert found.checks["sales"]["state"] == "warning"
    assert f"a header and no rows: “0-{DAY}.csv”" in found.checks["sales"]["said"]
    none = not stores and not any("beer" in each for each in others)
    assert ("no till export has a single row" in found.terminal) == none
    missing = "no usable till export from 1 of"
    assert (missing in found.terminal) == bool(stores)
    if stores:
        end = found.terminal.partition(missing)[2]
        assert f"max_missing_stores is 0; 0-{DAY}.csv" in end
        assert NO_ROWS in found.checks["stores"]["said"]
        assert found.checks["stores"]["todo"].startswith("get the exports")
