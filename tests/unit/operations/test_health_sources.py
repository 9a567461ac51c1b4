"""What `auditor check` says of till exports that are in a database."""

from datetime import date
from pathlib import Path

import pytest

from auditor.mapping import Mapping, MappingOfDay
from auditor.operations.health import access
from auditor.policy import Policy
from auditor.tables import TILL_LINES
from tests.support.formats import sqlite_bytes
from tests.support.samples import DAY, texts

pytest.importorskip("sqlalchemy")


def asking(database: Path, query: str) -> MappingOfDay:
    """The mapping of a database and of no file."""
    entry = {"format": "sql", "query": query, "database": f"sqlite:///{database}"}
    begin = date(2020, 1, 1)
    return Mapping({"mapping": [{"effective_from": begin, "sales": [entry]}]}, origin="mapping").on(
        DAY
    )


@pytest.mark.parametrize(
    ("query", "state", "said"),
    [
        ("SELECT * FROM lines", "ok", "1 query and 0 till exports"),
        ("SELECT * FROM nowhere", "failed", "no such table"),
        ("SELECT sku FROM lines", "failed", "lacks the columns"),
    ],
)
def test_a_query_is_looked_at_as_a_run_would(
    query: str, state: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "till.db").write_bytes(sqlite_bytes([texts(TILL_LINES)]))
    mapping = asking(tmp_path / "till.db", query)
    found = access.sales(str(tmp_path), DAY, Policy({"stores": {"S1": {}}}), mapping)
    assert found.state == state, found
    assert said in found.said.replace("\N{NO-BREAK SPACE}", " ")
