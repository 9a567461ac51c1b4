"""A mapping names a connection that Airflow has in its own database, and a DAG audits with it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from cryptography.fernet import Fernet

from auditor.tables import TILL_LINES
from tests.support.airflow_home import in_airflow, tree
from tests.support.formats import sqlite_bytes
from tests.support.samples import DAY, texts

SECRET = "s3cret-word"  # noqa: S105  # of the tests
MAPPING = """
[[mapping]]
effective_from = 2020-01-01
[[mapping.sales]]
format = "sql"
query = "SELECT * FROM lines"
connection = "{}"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A till's database with an alcohol sale, and what a run needs besides."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "till.db").write_bytes(sqlite_bytes([texts(TILL_LINES)]))
    (folder / "sales").mkdir()
    (folder / "snapshots").mkdir()
    (folder / "policy.toml").write_text(
        "[stores.S1]\n[[policy]]\neffective_from = 2020-01-01\nmax_inconclusive_share = 1\n"
    )
    for name in ("tills", "nobodys"):
        (folder / f"{name}.toml").write_text(MAPPING.format(name), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def home(new_airflow: Callable[[], Path]) -> Path:
    return new_airflow()


@pytest.fixture(scope="module")
def runs(shop: Path, home: Path) -> dict[str, Any]:
    """How a run with each mapping ended; results are in a folder of the mapping's name."""
    where = {"conn_type": "sqlite", "host": str(shop / "till.db")}
    connection = where | {"login": "reader", "password": SECRET}
    named = []
    for name in ("tills", "nobodys"):
        conf = {
            "business_date": str(DAY),
            "mapping": str(shop / f"{name}.toml"),
            "policy": str(shop / "policy.toml"),
            "out": str(shop / "out" / name),
        }
        own = {"connections": {"tills": connection}} if name == "tills" else {}
        (conf_file := shop / f"{name}.json").write_text(json.dumps(conf | own), encoding="utf-8")
        named.append(f"{name}={conf_file}")
    addresses = {f"AUDITOR_{n.upper()}": str(shop / n) for n in ("sales", "snapshots")}
    key = Fernet.generate_key().decode()  # as every Airflow that was set up has one
    return in_airflow(home, "run", *named, AIRFLOW__CORE__FERNET_KEY=key, **addresses)


def test_the_day_is_audited_from_where_the_connection_leads(
    runs: dict[str, Any], shop: Path
) -> None:
    assert runs["tills"]["state"] == "success", runs
    (ledger,) = (shop / "out/tills/ledger").rglob("*.parquet")
    assert pq.read_table(ledger)["transaction_id"].to_pylist() == ["transaction_id-1"]


def test_its_password_is_in_no_log_and_no_result(
    runs: dict[str, Any], shop: Path, home: Path
) -> None:
    assert runs
    written = tree(shop / "out") | {f"home/{name}": b for name, b in tree(home).items()}
    assert written
    assert [name for name, content in written.items() if SECRET.encode() in content] == []


def test_a_connection_that_airflow_lacks_is_named(
    runs: dict[str, Any], shop: Path, home: Path
) -> None:
    assert runs["nobodys"]["state"] == "failed"
    assert runs["nobodys"]["tasks"]["plan"] == ["failed"]
    said = "the mapping names the connection nobodys, which Airflow does not have"
    assert said in (home / "output.log").read_text(encoding="utf-8")
    assert not (shop / "out/nobodys").exists()
