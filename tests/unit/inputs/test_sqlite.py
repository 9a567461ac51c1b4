"""SQLite files: one table or query, and nothing that their authors may have hidden in them."""

import io
from pathlib import Path
from typing import Any

import pytest

from auditor.inputs.formats import base, sqlite
from auditor.inputs.formats.base import Dialect, Records, UnusableError, Wanted
from auditor.inputs.records import read_records
from tests.support.formats import sqlite_bytes

ROWS: list[dict[str, object]] = [
    {"id": "0042", "price": "12.90", "note": "'; DROP TABLE lines; --"},
    {"id": 5000112637922, "price": 0.5, "note": None},
    {"id": 4711.0, "price": 2, "note": b"x"},
]
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"


def read(content: bytes, **dialect: Any) -> list[Records]:
    entry = 'files = "*.db"'
    wanted = Wanted(("id", "price"), ("note",), dialect=Dialect(**dialect), entry=entry)
    return list(read_records("x.db", lambda: io.BytesIO(content), wanted))


def rows(content: bytes, **dialect: Any) -> list[dict[str, str]]:
    return [row for part in read(content, **dialect) for row in part.cells.to_pylist()]


def test_a_table_is_read_as_text() -> None:
    (part,) = read(sqlite_bytes(ROWS), table="lines")
    assert part.cells.to_pylist() == [
        {"id": "0042", "price": "12.90", "note": "'; DROP TABLE lines; --"},
        {"id": "5000112637922", "price": "0.5", "note": ""},
        {"id": "4711", "price": "2", "note": "x"},
    ]
    assert part.numbers.tolist() == [2, 3, 4]
    (part,) = read(sqlite_bytes(ROWS[1:]), table="lines")
    assert {name: flags.tolist() for name, flags in part.numeric.items()} == {
        "id": [True, True],
        "price": [True, True],
    }


def test_numbers_are_told_from_texts_cell_by_cell() -> None:
    found: list[dict[str, object]] = [
        {"id": "a", "price": 1.125},
        {"id": "b", "price": "5,50"},
        {"id": "c", "price": None},
    ]
    (part,) = read(sqlite_bytes(found), table="lines")
    assert {name: flags.tolist() for name, flags in part.numeric.items()} == {
        "price": [True, False, False]
    }


def test_a_query_or_a_view_may_join_and_calculate() -> None:
    view = 'CREATE VIEW "odd ""name" AS SELECT upper(id) AS id, price FROM lines WHERE id = "0042"'
    content = sqlite_bytes(ROWS, also=[view])
    assert rows(content, table='odd "name') == [{"id": "0042", "price": "12.90"}]
    query = "SELECT id, sum(price) AS price, 1 AS other FROM lines GROUP BY id ORDER BY 1 LIMIT 1"
    (part,) = read(content, query=query)
    assert part.cells.to_pylist() == [{"id": "4711", "price": "2"}]
    assert part.unread == ("other",)


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM lines",
        "INSERT INTO lines VALUES (1, 2, 3)",
        "DROP TABLE lines",
        "ATTACH '/tmp/other.db' AS other",
        "PRAGMA journal_mode = WAL",
        "VACUUM INTO '/tmp/copy.db'",
        "SELECT id, price FROM lines; DELETE FROM lines",
        "SELECT load_extension('x') AS id, 1 AS price",
        "SELECT id, price FROM nowhere",
        "SELECT nope FROM lines",
        "SELEC",
    ],
)
def test_a_query_can_only_read(query: str, tmp_path: Path) -> None:
    said = "its query cannot be asked .*; correct query in the mapping's entry with files"
    with pytest.raises(UnusableError, match=said):
        read(sqlite_bytes(ROWS), query=query.replace("/tmp", str(tmp_path)))  # noqa: S108  # replaced
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_is_too_large_is_refused() -> None:
    with pytest.raises(UnusableError, match=r"SQLite cannot read it \(string or blob too big\)"):
        read(sqlite_bytes(ROWS), query="SELECT zeroblob(1000000000) AS id, 1 AS price")


def test_a_view_that_works_without_end_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "MOST_STEPS", 5_000_000)
    view = f"CREATE VIEW v AS {ENDLESS} SELECT i AS id, 1 AS price FROM n WHERE i < 0"  # noqa: S608
    with pytest.raises(UnusableError, match="too long without a row"):
        read(sqlite_bytes(ROWS, also=[view]), table="v")


def test_rows_without_end_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.inputs.formats.compression._MOST_BYTES", 1 << 20)
    view = f"CREATE VIEW v AS {ENDLESS} SELECT i AS id, hex(zeroblob(1000)) AS price FROM n"  # noqa: S608
    with pytest.raises(UnusableError, match="unpacks to more than 100 times"):
        read(sqlite_bytes(ROWS, also=[view]), table="v")


def test_large_cells_are_yielded_before_they_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(base, "BLOCK_BYTES", 10_000)
    content = sqlite_bytes([{"id": "x" * 1000, "price": None}] * 50)
    parts = list(sqlite.read(io.BytesIO(content), Wanted(("id",), dialect=Dialect(table="lines"))))
    assert max(part.cells.nbytes for part in parts) < 20_000
    assert sum(part.cells.num_rows for part in parts) == 50


@pytest.mark.parametrize("cut", [16, 100, 5000, -1000])
def test_a_damaged_file_is_refused(cut: int) -> None:
    content = sqlite_bytes([{"id": "x" * 100, "price": "1"}] * 200)
    with pytest.raises(UnusableError):
        read(content[:cut], table="lines")


def test_what_is_written_over_is_noticed() -> None:
    content = bytearray(sqlite_bytes([{"id": "x" * 100, "price": "1"}] * 2000))
    content[8192 : 8192 + 200] = bytes(200)
    with pytest.raises(UnusableError, match=r"damaged|malformed"):
        read(bytes(content), table="lines")


def test_bytes_that_are_no_text_are_marked() -> None:
    (part,) = read(sqlite_bytes([{"id": b"K\xe4se", "price": 1}]), table="lines")
    assert part.damaged
    assert part.cells["id"].to_pylist() == ["K\ufffdse"]


def test_a_file_whose_last_rows_may_lie_beside_it_is_refused() -> None:
    content = bytearray(sqlite_bytes(ROWS))
    content[18:20] = b"\2\2"
    with pytest.raises(UnusableError, match="VACUUM INTO"):
        read(bytes(content), table="lines")


def test_a_table_has_to_be_named_and_there() -> None:
    with pytest.raises(UnusableError, match="no mapping names it with a table or a query"):
        read(sqlite_bytes(ROWS))
    with pytest.raises(UnusableError, match="no table line: name one of lines"):
        read(sqlite_bytes(ROWS), table="line")
