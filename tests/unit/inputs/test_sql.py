"""Extracts of databases: asked once, kept, and read from there ever after."""

import json
import sqlite3
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor import inputs
from auditor.errors import ConfigurationError, SourceError
from auditor.inputs.formats.sql import Query, extract, sample
from auditor.mapping import Mapping
from auditor.sales import collect
from auditor.storage.layout import extract_path
from auditor.storage.place import Place
from auditor.tables import SNAPSHOT_INDEX, TILL_LINES
from tests.support.samples import DAY, policy, texts

SECRET = "s3cret-word"  # noqa: S105  # of the tests
BY_DAY = "SELECT * FROM lines WHERE date(sold_at) = :day"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "tills.db"
    connection = sqlite3.connect(path)
    row = texts(TILL_LINES, transaction_id="first")
    connection.execute(f"CREATE TABLE lines ({', '.join(row)})")
    _insert(connection, row)
    connection.close()
    return path


def _insert(connection: sqlite3.Connection, row: dict[str, str]) -> None:
    with connection:
        places = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO lines VALUES ({places})", list(row.values()))  # noqa: S608  # of the tests


def query(database: Path, text: str = BY_DAY) -> Query:
    return Query(text, f"sqlite:///{database}")


def fetch(given: Query, out: Path, day: date = DAY, **environment: str) -> list[dict[str, Any]]:
    path = extract(given, day, Place(str(out)), audited=DAY, environment=environment)
    rows: list[dict[str, Any]] = pq.read_table(out / path).to_pylist()
    return rows


def test_a_day_is_extracted_once(database: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert [row["transaction_id"] for row in fetch(query(database), out)] == ["first"]
    connection = sqlite3.connect(database)
    _insert(connection, texts(TILL_LINES, transaction_id="late"))
    connection.close()
    assert len(fetch(query(database), out)) == 1
    (out / extract_path(DAY, query(database).name, DAY)).unlink()
    assert len(fetch(query(database), out)) == 2
    assert fetch(query(database), out, date(2026, 3, 3)) == []  # another day, another extract
    assert len(fetch(query(database, "SELECT * FROM lines"), out)) == 2  # another query


def test_of_a_day_that_was_audited_itself_its_own_extract_is_read(
    database: Path, tmp_path: Path
) -> None:
    before, out = DAY - timedelta(days=1), Place(str(tmp_path / "out"))
    beside = extract(query(database), DAY, out, audited=before)
    assert beside == extract_path(before, query(database).name, DAY)
    assert extract(query(database), DAY, out, audited=before) == beside
    own = extract(query(database), DAY, out, audited=DAY)
    assert own != beside
    assert extract(query(database), DAY, out, audited=before) == own


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"


@pytest.mark.parametrize(
    ("text", "most", "rows", "has_more"),
    [
        (ENDLESS, 25_000, 25_000, True),  # the database is not asked for the rest
        (ENDLESS, 1, 1, True),
        (f"{ENDLESS} LIMIT 3", 3, 3, False),
        (f"{ENDLESS} LIMIT 0", 3, 0, False),
    ],
)
def test_only_the_first_rows_are_asked_for_to_look_at_them(
    text: str, most: int, rows: int, *, has_more: bool, database: Path, tmp_path: Path
) -> None:
    path, more = sample(query(database, text), DAY, Place(str(tmp_path)), most)
    assert (pq.read_table(tmp_path / path).num_rows, more) == (rows, has_more)


def test_an_audit_reads_the_extract(database: Path, tmp_path: Path) -> None:
    document = {
        "effective_from": date(2026, 1, 1),
        "sales": [{"format": "sql", "query": BY_DAY, "database": f"sqlite:///{database}"}],
    }
    mapping = Mapping({"mapping": [document]}, origin="mapping").on(DAY)
    out = Place(str(tmp_path / "out"))

    def readings() -> list[inputs.Reading]:
        nowhere = Place(str(tmp_path / "no exports"))
        return list(inputs.read_sales(nowhere, DAY, policy(), mapping=mapping, out=out))

    first = readings()
    database.unlink()
    assert [part.table.to_pylist() for part in first] == [p.table.to_pylist() for p in readings()]
    assert sum(part.table.num_rows for part in first) == 1
    ((file,),) = [part.files for part in first if part.files]
    assert file.path.startswith(f"extracts/day={DAY}/")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT :store AS x", "the only parameter is :day, not :store"),
        ("SELECT 1 AS x, 2 AS x", "two of its columns are called x"),
        ("DELETE FROM lines", "attempt to write a readonly database.*correct query in the mapping"),
        ("SELECT * FROM nowhere", "no such table: nowhere.*correct query in the mapping"),
        ("SELECT nope FROM lines", "no such column: nope.*correct query in the mapping"),
        ("PRAGMA query_only = 0", "gives no rows"),
    ],
)
def test_a_query_can_only_read(text: str, problem: str, database: Path, tmp_path: Path) -> None:
    before = database.read_bytes()
    with pytest.raises(ConfigurationError, match=problem):
        fetch(query(database, text), tmp_path / "out")
    assert database.read_bytes() == before
    assert not list((tmp_path / "out").rglob("*.parquet"))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (Query("x", f"postgresql://reader:{SECRET}@host/db"), "its password stands in the mapping"),
        (Query("x", f"postgresql://reader@host/db?password={SECRET}"), "its password stands in"),
        (Query("x", "mysql://reader@host/db"), "mysql is none of postgres"),
        (Query("x", "no address"), "no address such as"),
        (Query("x", "postgresql://reader@host/db", "UNSET"), "the variable UNSET is not set"),
        (Query("x", connection="unset"), "the variable AIRFLOW_CONN_UNSET is not set"),
        (Query("x", connection="bad"), "AIRFLOW_CONN_BAD holds neither a URI nor JSON"),
        (Query("x", connection="odd"), "none of postgres"),
    ],
)
def test_an_address_that_is_wrong_is_refused_without_showing_a_password(
    given: Query, problem: str, tmp_path: Path
) -> None:
    settings = {"AIRFLOW_CONN_BAD": f'{{"{SECRET}', "AIRFLOW_CONN_ODD": f"mysql://a:{SECRET}@b/c"}
    with pytest.raises(ConfigurationError, match=problem) as caught:
        fetch(given, tmp_path / "out", DAY, **settings)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("form", ["uri", "json"])
def test_a_connection_of_airflow_is_found_in_the_environment(
    form: str, database: Path, tmp_path: Path
) -> None:
    uri = f"sqlite:///{str(database).replace('/', '%2F')}"
    given = uri if form == "uri" else json.dumps({"conn_type": "sqlite", "schema": str(database)})
    rows = fetch(Query(BY_DAY, connection="tills"), tmp_path / "out", AIRFLOW_CONN_TILLS=given)
    assert len(rows) == 1


def test_the_file_of_a_sqlite_connection_is_its_host(database: Path, tmp_path: Path) -> None:
    given = json.dumps({"conn_type": "sqlite", "host": str(database), "login": "x"})
    rows = fetch(Query(BY_DAY, connection="tills"), tmp_path / "out", AIRFLOW_CONN_TILLS=given)
    assert len(rows) == 1


def test_a_server_that_does_not_answer_is_named_without_the_password(tmp_path: Path) -> None:
    given = Query("SELECT 1 AS x", "postgresql://reader@127.0.0.1:1/db", "PASSWORD")
    with pytest.raises(SourceError, match="query of the mapping failed") as caught:
        fetch(given, tmp_path / "out", PASSWORD=SECRET)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"format": "sql", "query": "x"}, "needs either database or connection"),
        ({"format": "sql", "database": "x"}, "needs query"),
        (
            {"format": "sql", "query": "x", "database": "x", "files": "*"},
            "neither files nor frames",
        ),
        ({"format": "sqlite", "files": "*.db"}, "either table or query"),
        ({"format": "csv", "files": "*", "connection": "x"}, "connection is for the format sql"),
    ],
)
def test_an_entry_says_where_its_rows_come_from(entry: dict[str, str], problem: str) -> None:
    document = {"effective_from": date(2026, 1, 1), "sales": [entry]}
    with pytest.raises(ConfigurationError, match=problem):
        Mapping({"mapping": [document]}, origin="mapping")


def test_a_sale_over_the_end_of_the_day_is_read_whole(database: Path, tmp_path: Path) -> None:
    connection = sqlite3.connect(database)
    for minute, check in (("23:58", "none"), ("00:03", "id_scanned")):
        day = DAY if minute > "12" else DAY + timedelta(days=1)
        at = f"{day}T{minute}:00+00:00"
        _insert(connection, texts(TILL_LINES, transaction_id="over", sold_at=at, id_check=check))
    connection.close()
    mapping = Mapping.from_toml(
        b"[[mapping]]\neffective_from = 2020-01-01\n[[mapping.sales]]\nformat = 'sql'\n"
        + f"database = 'sqlite:///{database}'\nquery = '{BY_DAY}'\n".encode(),
        origin="mapping.toml",
    ).on(DAY)
    read = inputs.read_sales(
        Place(str(tmp_path)), DAY, policy(), mapping=mapping, out=Place(str(tmp_path / "out"))
    )
    lines = pa.concat_tables(reading.table for reading in read)
    sales = collect(lines, SNAPSHOT_INDEX.empty(), DAY, policy()).sales.to_pylist()
    assert [(sale["transaction_id"], len(sale["basket"])) for sale in sales] == [
        ("first", 1),
        ("over", 2),
    ]
