"""Receipts in JSON whose lists are empty, absent, or written as a single object."""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from auditor import inputs
from auditor.inputs import Reading
from auditor.mapping import Mapping
from auditor.storage.place import Place
from auditor.tables import REJECTS, TILL_LINES
from tests.support.paths import ROOT
from tests.support.samples import DAY, policy, put

LAGER = {"ean": "100", "name": "Lager", "dept": "Beer", "qty": 1, "total": 2.0}
BREAD = {"ean": "200", "name": "Bread", "dept": "Bakery", "qty": 1, "total": 1.0}
SCAN = {"type": "ID_SCAN", "at": f"{DAY}T17:59:50Z"}
SOLD = ("item", "100", "none")
CHECKED = ("id_check", "", "id_scanned")


def documented() -> str:
    """The documentation's own mapping of such receipts."""
    text = (ROOT / "docs/mapping.md").read_text("utf-8")
    (entry,) = re.findall(r"```toml\n([^`]*ageChecks[^`]*)```", text)
    return str(entry)


def read(tmp_path: Path, *receipts: dict[str, Any], entry: str = "") -> Reading:
    lines = []
    for number, receipt in enumerate(receipts, 1):
        known = {"id": f"R{number}", "store": "S1", "till": "01", "time": f"{DAY}T18:00:00Z"}
        lines.append(json.dumps(known | receipt))
    put(tmp_path, f"receipts-{DAY}.jsonl", "\n".join(lines).encode())
    text = f"[[mapping]]\neffective_from = 2026-01-01\n{entry or documented()}"
    by = Mapping.from_toml(text.encode(), origin="mapping.toml").on(DAY)
    parts = list(inputs.read_sales(Place(str(tmp_path)), DAY, policy(), mapping=by))
    return Reading(
        table=pa.concat_tables([TILL_LINES.empty(), *(part.table for part in parts)]),
        rejects=pa.concat_tables([REJECTS.empty(), *(part.rejects for part in parts)]),
        counts={},
        notes=pa.concat_tables([part.notes for part in parts]),
        unusable=next((part.unusable for part in parts if part.unusable), None),
    )


def lines(reading: Reading) -> list[tuple[str, str, str]]:
    assert (reading.rejects.to_pylist(), reading.unusable) == ([], None)
    names = ("line_type", "sku", "id_check")
    rows = [tuple(row[name] for name in names) for row in reading.table.to_pylist()]
    return [(kind or "item", sku, check) for kind, sku, check in rows]


def missing(reading: Reading) -> list[str]:
    return [n["column"] for n in reading.notes.to_pylist() if n["kind"] == "missing_column"]


@pytest.mark.parametrize("items", [LAGER, [LAGER]])
@pytest.mark.parametrize("checks", [SCAN, [SCAN]])
def test_a_single_object_in_place_of_a_list_is_a_list_of_one(
    items: Any, checks: Any, tmp_path: Path
) -> None:
    reading = read(tmp_path, {"items": items, "ageChecks": checks})
    assert lines(reading) == [SOLD, CHECKED]
    assert missing(reading) == []


def test_objects_and_lists_may_stand_in_one_file(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        {"items": [LAGER, BREAD], "ageChecks": SCAN},
        {"items": LAGER, "ageChecks": []},
        {"items": LAGER, "ageChecks": {}},
        {"items": LAGER},
    )
    bread = ("item", "200", "none")
    assert lines(reading) == [SOLD, bread, CHECKED, SOLD, SOLD, SOLD]


def test_a_list_of_one_may_stand_inside_an_object(tmp_path: Path) -> None:
    entry = documented().replace("ageChecks", "order.checks.check").replace("items", "order.line")
    several = {"line": [LAGER, LAGER], "checks": {"check": [SCAN]}}
    reading = read(
        tmp_path,
        {"order": {"line": LAGER, "checks": {"check": SCAN}}},
        {"order": several},
        entry=entry,
    )
    assert lines(reading) == [SOLD, CHECKED, SOLD, SOLD, CHECKED]


@pytest.mark.parametrize("other", ["x", 1, True])
def test_anything_else_in_place_of_a_list_is_rejected(other: Any, tmp_path: Path) -> None:
    reading = read(tmp_path, {"items": other}, {"items": [LAGER], "ageChecks": [SCAN]})
    (reject,) = reading.rejects.to_pylist()
    assert (reject["row"], reject["reason"]) == (1, "malformed_row")
    assert "holds no list in items" in reject["detail"]
    assert reading.table.num_rows == 2


@pytest.mark.parametrize("nothing", [[], {}, None, ""])
def test_a_day_without_any_check_is_read(nothing: Any, tmp_path: Path) -> None:
    reading = read(tmp_path, *[{"items": [LAGER], "ageChecks": nothing}] * 2)
    assert lines(reading) == [SOLD, SOLD]
    assert missing(reading) == []


def test_a_list_that_no_receipt_has_is_read_as_empty_and_noted(tmp_path: Path) -> None:
    reading = read(tmp_path, {"items": [LAGER]})
    assert lines(reading) == [SOLD]
    assert missing(reading) == ["ageChecks.type", "ageChecks.at"]


def test_a_list_of_checks_may_lack_though_no_word_stands_for_none(tmp_path: Path) -> None:
    several = '{ first_of = [{ column = "ageChecks.result", values = { "FAIL" = "refused" } }, {'
    entry = documented().replace("id_check = {", f"id_check = {several}", 1)
    entry = entry.replace(', "" = "none" } }', " } }] }")
    without = ("item", "100", "not_recorded")
    assert lines(read(tmp_path, {"items": [LAGER]}, entry=entry)) == [without]
    entry = documented().replace(', "" = "none"', "")
    assert lines(read(tmp_path, {"items": [LAGER]}, entry=entry)) == [without]


@pytest.mark.parametrize(
    ("written", "instead", "column"),
    [
        ("ageChecks.type", "ageChecks.typ", "ageChecks.typ"),  # no check has it
        ("items.ean", "items.aen", "items.aen"),
        ("items", "itmes", None),  # the articles have no word for nothing
    ],
)
def test_a_name_that_is_misspelt_is_missing(
    written: str, instead: str, column: str | None, tmp_path: Path
) -> None:
    reading = read(
        tmp_path,
        {"items": [LAGER], "ageChecks": [SCAN]},
        entry=documented().replace(written, instead),
    )
    (reject,) = reading.rejects.to_pylist()
    assert (reject["reason"], reject["column"]) == ("missing_column", column)
    assert reading.table.num_rows == 0


def test_a_misspelt_list_of_checks_is_noted(tmp_path: Path) -> None:
    entry = documented().replace("ageChecks", "agesChecks")
    reading = read(tmp_path, {"items": [LAGER], "ageChecks": [SCAN]}, entry=entry)
    assert lines(reading) == [SOLD]
    assert missing(reading) == ["agesChecks.type", "agesChecks.at"]
    notes = reading.notes.to_pylist()
    assert [n["column"] for n in notes if n["kind"] == "unread_column"] == ["ageChecks"]


def test_articles_that_are_in_no_receipt_are_noted(tmp_path: Path) -> None:
    reading = read(tmp_path, {"items": [], "ageChecks": [SCAN]})
    assert lines(reading) == [CHECKED]
    assert missing(reading) == ["items.ean", "items.qty", "items.total"]


def test_receipts_whose_lists_are_all_empty_are_an_empty_export(tmp_path: Path) -> None:
    reading = read(tmp_path, {"items": [], "ageChecks": []})
    assert lines(reading) == []
    assert [note["kind"] for note in reading.notes.to_pylist()] == ["empty_export"]
