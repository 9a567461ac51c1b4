"""What `auditor check` says of till exports that are in a database."""

from datetime import date
from pathlib import Path

import pytest

from auditor.mapping import Mapping, MappingOfDay
from auditor.operations.health import access
from auditor.policy import Policy
from auditor.tables import TILL_LINES
from tests.support.formats import sqlite_bytes
from tests.support.samples import DAY, put, sales_csv, texts

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


@pytest.mark.parametrize(
    ("category", "others", "said"),
    [
        ("Beers", [], "the policy does not name “Beers” (2 lines), and the name sounds like"),
        ("Beers", ["beers"], ""),
        ("root beer", [], ""),
    ],
)
def test_a_category_that_sounds_like_alcohol_is_named_until_the_policy_settles_it(
    category: str, others: list[str], said: str, tmp_path: Path
) -> None:
    rows = [texts(TILL_LINES, category=name) for name in ("wine", category, category)]
    put(tmp_path, f"{DAY}.csv", sales_csv(*rows))
    entry = {"effective_from": date(2020, 1, 1), "other_categories": others, "time_zone": "UTC"}
    found = access.sales(str(tmp_path), DAY, Policy({"policy": [entry]}))
    assert found.state == ("warning" if said else "ok"), found
    assert said in found.said.replace("\N{NO-BREAK SPACE}", " ")
    assert not said or "in other_categories" in found.todo


@pytest.mark.parametrize(
    ("sold", "said"),
    [
        ([("S1", "pivo"), ("S2", "bread")], "no line of the till export of S1, S2 is alcohol"),
        ([("S1", "wine"), ("S2", "bread")], ""),  # read in part: S2 may sell some later
        ([("S1", "wine"), ("S2", "vino"), ("S2", "vinho")], "“vinho” (1 line), “vino” (1 line)"),
    ],
)
def test_a_store_without_alcohol_is_named_where_no_store_has_any_or_a_name_sounds_like_it(
    sold: list[tuple[str, str]], said: str, tmp_path: Path
) -> None:
    rows = [
        texts(TILL_LINES, store_id=store, transaction_id=f"T{number}", category=category)
        for number, (store, category) in enumerate(sold)
    ]
    put(tmp_path, f"{DAY}.csv", sales_csv(*rows))
    entry = {"effective_from": date(2020, 1, 1), "time_zone": "UTC"}
    found = access.sales(str(tmp_path), DAY, Policy({"policy": [entry]}))
    assert found.state == ("warning" if said else "ok"), found
    assert said in found.said.replace("\N{NO-BREAK SPACE}", " ")
