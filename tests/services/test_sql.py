"""Extracts of a real PostgreSQL server: streamed, in a transaction that can only read."""

import json
import urllib.parse
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow.parquet as pq
import pytest

from auditor.errors import ConfigurationError, SourceError
from auditor.inputs.formats.sql import Query, extract
from auditor.storage.place import Place
from tests.support.loopback_servers import servers

DAY = date(2026, 3, 2)
ROWS = 50_000


@pytest.fixture(scope="module")
def address() -> Iterator[urllib.parse.SplitResult]:
    with servers(with_redis=False) as addresses:
        url = addresses["postgresql"].replace("+psycopg2", "")
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE lines AS SELECT '00' || n AS number, n AS id, n / 100.0 AS amount,"
                " timestamptz '2026-03-02 18:00+00' AS sold_at, date '2026-03-02' AS day,"
                " n %% 2 = 0 AS checked, NULL::text AS note FROM generate_series(1, %s) AS n",
                (ROWS,),
            )
            cursor.execute(
                "CREATE FUNCTION forget() RETURNS int LANGUAGE sql AS 'DELETE FROM lines; SELECT 1'"
            )
        connection.close()
        yield urllib.parse.urlsplit(url)


def fetch(address: urllib.parse.SplitResult, text: str, out: Path, day: date = DAY) -> Path:
    where = f"{address.username}@{address.hostname}:{address.port}{address.path}"
    query = Query(text, f"postgresql+psycopg://{where}", password_env="TILLS")  # noqa: S106  # its name
    environment = {"TILLS": address.password or ""}
    return out / extract(query, day, Place(str(out)), audited=DAY, environment=environment)


def test_a_query_is_extracted_as_text(address: urllib.parse.SplitResult, tmp_path: Path) -> None:
    text = "SELECT * FROM lines WHERE day = :day ORDER BY id"
    table = pq.read_table(fetch(address, text, tmp_path))
    assert table.num_rows == ROWS
    assert table.slice(41, 1).to_pylist() == [
        {
            "number": "0042",
            "id": "42",
            "amount": "0.42000000000000000000",
            "sold_at": "2026-03-02T18:00:00+00:00",
            "day": "2026-03-02",
            "checked": "true",
            "note": "",
        }
    ]
    assert pq.read_table(fetch(address, text, tmp_path, date(2026, 3, 3))).num_rows == 0


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM lines RETURNING id",
        "SELECT forget() AS id",
        "CREATE TABLE other AS SELECT 1 AS id",
        "WITH gone AS (DELETE FROM lines RETURNING id) SELECT id FROM gone",
    ],
)
def test_a_query_can_only_read(
    text: str, address: urllib.parse.SplitResult, tmp_path: Path
) -> None:
    refused = "read-only transaction.*" if "forget" in text else ""
    with pytest.raises(ConfigurationError, match=f"(?s)refuses the query.*{refused}correct query"):
        fetch(address, text, tmp_path)
    count = pq.read_table(fetch(address, "SELECT count(*) AS n FROM lines", tmp_path))
    assert count["n"].to_pylist() == [str(ROWS)]


def test_a_wrong_password_is_not_shown(address: urllib.parse.SplitResult, tmp_path: Path) -> None:
    wrong = address._replace(netloc=address.netloc.replace(address.password or "", "wrong-word"))
    with pytest.raises(SourceError, match="password authentication failed") as caught:
        fetch(wrong, "SELECT 1 AS id", tmp_path)
    assert "wrong-word" not in str(caught.value)


@pytest.mark.parametrize("form", ["uri", "extra in uri", "json", "json in json"])
def test_the_extras_of_a_connection_say_how_to_reach_the_server(
    form: str, address: urllib.parse.SplitResult, tmp_path: Path
) -> None:
    """The server has no TLS: only a connection that demands it is refused."""
    for mode, refused in (("disable", False), ("require", True)):
        extra = {"sslmode": mode, "cursor": "dictcursor", "connect_timeout": 5}
        given: dict[str, Any] = {
            "conn_type": "postgres",
            "login": address.username,
            "host": address.hostname,
        }
        given |= {"password": address.password, "schema": address.path[1:], "port": address.port}
        uri = address.geturl().replace("postgresql:", "postgres:")
        text = {
            "uri": f"{uri}?{urllib.parse.urlencode(extra)}",
            "extra in uri": f"{uri}?{urllib.parse.urlencode({'__extra__': json.dumps(extra)})}",
            "json": json.dumps(given | {"extra": extra}),
            "json in json": json.dumps(given | {"extra": json.dumps(extra)}),
        }[form]
        out = Place(str(tmp_path / mode))
        query = Query("SELECT max(id) AS id FROM lines", connection="tills")
        environment = {"AIRFLOW_CONN_TILLS": text}
        with pytest.raises(SourceError, match="SSL") if refused else nullcontext():
            extract(query, DAY, out, audited=DAY, environment=environment)


def test_a_connection_of_airflow_leads_there(
    address: urllib.parse.SplitResult, tmp_path: Path
) -> None:
    query = Query("SELECT max(id) AS id FROM lines", connection="tills")
    environment = {"AIRFLOW_CONN_TILLS": address.geturl().replace("postgresql:", "postgres:")}
    path = extract(query, DAY, Place(str(tmp_path)), audited=DAY, environment=environment)
    assert pq.read_table(tmp_path / path)["id"].to_pylist() == [str(ROWS)]
