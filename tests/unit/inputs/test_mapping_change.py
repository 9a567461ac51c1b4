"""A till's upgrade: each file is read by the mapping of its own day, also for its neighbours."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor import inputs
from auditor.mapping import Mapping
from auditor.storage.place import Place
from tests.support.samples import policy

DAY = date(2026, 3, 27)
NEXT = DAY + timedelta(days=1)
OLD = """
[[mapping.sales]]
files = "export-{day}.csv"
columns = {amount = {column = "price", divide = 100}, id_check = {constant = "none"}}
[[mapping.snapshots]]
files = "index/frames-{day}.csv"
"""
NEW = """
[[mapping.sales]]
files = "till/{day}.txt"
format = "csv"
delimiter = ";"
columns = {amount = "total", id_check = {constant = "none"}}
[[mapping.snapshots]]
files = "cameras/{day}.csv"
columns = {till_id = "lane"}
"""
ROWS = {
    f"sales/export-{DAY}.csv": "transaction_id,store_id,till_id,sold_at,sku,quantity,price\n"
    "1,S1,1,2026-03-27T23:59:00Z,5,1,200\n",
    f"sales/till/{NEXT}.txt": "transaction_id;store_id;till_id;sold_at;sku;quantity;total\n"
    "1;S1;1;2026-03-28T00:01:00Z;5;1;2.00\n",
    f"frames/index/frames-{DAY}.csv": "snapshot_id,store_id,till_id,captured_at,path\n"
    "f1,S1,1,2026-03-27T23:59:00Z,1.jpg\n",
    f"frames/cameras/{NEXT}.csv": "snapshot_id,store_id,lane,captured_at,path\n"
    "f2,S1,1,2026-03-28T00:01:00Z,2.jpg\n",
}


def changing(before: str, after: str) -> Mapping:
    """A mapping that is another one from NEXT on."""
    text = f"[[mapping]]\neffective_from = 2026-01-01\n{before}"
    text += f"[[mapping]]\neffective_from = {NEXT}\n{after}"
    return Mapping.from_toml(text.encode(), origin="mapping.toml")


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    for name, text in ROWS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def rows(readings: Any, column: str) -> tuple[list[Any], list[Any]]:
    """A column of all rows, and the reasons of what was rejected."""
    parts = list(readings)
    return (
        [value for part in parts for value in part.table[column].to_pylist()],
        [value for part in parts for value in part.rejects["detail"].to_pylist()],
    )


@pytest.mark.parametrize("day", [DAY, NEXT])
def test_each_export_is_read_by_the_mapping_of_its_own_day(chain: Path, day: date) -> None:
    mapping = changing(OLD, NEW).on(day)
    read = inputs.read_sales(Place(str(chain / "sales")), day, policy(), mapping=mapping)
    amounts, rejected = rows(read, "amount")
    assert [float(amount) for amount in amounts] == [2, 2]
    assert rejected == []


@pytest.mark.parametrize("day", [DAY, NEXT])
def test_so_is_each_index_wherever_it_lies(chain: Path, day: date) -> None:
    mapping = changing(OLD, NEW).on(day)
    read = inputs.read_snapshot_index(Place(str(chain / "frames")), day, policy(), mapping=mapping)
    tills, rejected = rows(read, "till_id")
    assert tills == ["1", "1"]
    assert rejected == []


def test_a_file_that_the_neighbours_mapping_ignores_is_not_read(chain: Path) -> None:
    ignoring = NEW.replace('format = "csv"', "ignore = true")
    mapping = changing(OLD, ignoring[: ignoring.index("delimiter")]).on(DAY)
    read = inputs.read_sales(Place(str(chain / "sales")), DAY, policy(), mapping=mapping)
    assert len(rows(read, "amount")[0]) == 1


def test_where_nothing_changes_there_is_nothing_beside() -> None:
    mapping = changing(OLD, NEW)
    assert mapping.on(DAY).beside == {NEXT: mapping.on(NEXT + timedelta(days=1))}
    assert mapping.on(DAY - timedelta(days=1)).beside == {}
    assert mapping.on(NEXT).beside == {DAY: mapping.on(DAY - timedelta(days=1))}
