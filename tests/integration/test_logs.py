"""Logs, messages and errors hold no person: a day is run with markers wherever one could stand."""

import json
import logging
import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.errors import ContractError
from auditor.pipeline import Batch, expire
from auditor.pipeline.completeness import check_sales
from auditor.sales.identity import SALE_KEY
from auditor.storage.parquet import write_table
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from auditor.tables import INCONCLUSIVE_REASONS, LEDGER, OUTCOMES, SALES
from tests.support.finding import holders
from tests.support.report_day import flag, render_sales

DAY = "2026-03-27"
MARKER = re.compile(r"MARK[A-Z]+\d+|19\d\d-0[1-9]-2[0-9x]")


@pytest.fixture(scope="module")
def marked(small_chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small chain with cashiers, transactions and birth dates that are known again."""
    folder = tmp_path_factory.mktemp("marked") / "chain"
    shutil.copytree(small_chain, folder)
    lines = pd.read_csv(folder / f"sales/{DAY}/S001.csv", dtype=str)
    index = pd.read_csv(folder / f"snapshots/index/{DAY}/S001.csv", dtype=str)
    numbers = {n: f"MARKTRANS{i}" for i, n in enumerate(lines["transaction_id"].unique())}
    for table in (lines, index):
        table["transaction_id"] = table["transaction_id"].map(numbers, na_action="ignore")
    lines["cashier_id"] = "MARKCASHIER" + lines["till_id"].str.extract(r"(\d+)", expand=False)
    lines["id_check_by"] = lines["id_check_by"].where(lines["id_check_by"].isna(), "MARKCHECKER1")
    lines["birth_date"] = "1987-06-21"
    wrong = lines.iloc[[0, 1]].assign(amount="WRONGAMOUNT1", birth_date="1987-06-2x")
    pd.concat([lines, wrong, lines.iloc[[2]]]).to_csv(
        folder / f"sales/{DAY}/S001.csv", index=False
    )  # two bad rows and one twice
    index.to_csv(folder / f"snapshots/index/{DAY}/S001.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def said(marked: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """All that a run in detail says and logs, and the results."""
    out = tmp_path_factory.mktemp("marked-out")
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = records.append  # type: ignore[method-assign,assignment]
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    where = ["--sales", f"{marked}/sales", "--snapshots", f"{marked}/snapshots"]
    where += ["--out", str(out), "--policy", f"{marked}/policy.toml", "--day", DAY]
    try:
        done = CliRunner().invoke(main, ["--debug", "run", *where])
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert done.exit_code in (0, 3), done.output
    formatted = [logging.Formatter().format(record) for record in records]
    assert any(record.name.startswith("auditor") for record in records)
    return "\n".join([done.output, *formatted]), out


def test_a_run_in_detail_names_nobody(said: tuple[str, Path]) -> None:
    text, out = said
    assert "alcohol sales" in text
    assert MARKER.findall(text) == []
    # They are in the results, where they belong, so the markers were read.
    assert holders(out / "ledger", b"MARKCASHIER")
    assert holders(out / "rejects", b"WRONGAMOUNT1")


def test_each_step_is_a_line_of_json_with_its_counts_and_names_nobody(
    marked: Path, tmp_path: Path
) -> None:
    where = ["--sales", f"{marked}/sales", "--snapshots", f"{marked}/snapshots", "--day", DAY]
    where += ["--out", str(tmp_path), "--policy", f"{marked}/policy.toml", "--batch-size", "12"]
    command = [sys.executable, "-m", "auditor", "--log-json", "run", *where]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    assert MARKER.findall(done.stderr) == []
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    steps = [line for line in told if line["logger"] == "auditor.telemetry"]
    names = ["planned", "scored", "scored", "finalised", "reported", "expired"]
    assert [line["event"] for line in steps] == names
    planned, first, second, finalised, reported, _ = steps
    ledger = read_day(Place(str(tmp_path)), "ledger", date.fromisoformat(DAY))
    assert planned["sales"] == first["sales"] + second["sales"] == finalised["sales"]
    assert finalised["sales"] == ledger.num_rows == sum(finalised[name] for name in OUTCOMES)
    unjudged = [finalised[f"inconclusive_{reason}"] for reason in INCONCLUSIVE_REASONS]
    assert finalised["inconclusive"] == sum(unjudged) == 3
    for stage in ("decode", "detect", "align", "estimate", "store"):
        assert 0 < first[f"seconds_{stage}"] < 600
    assert (planned["batches"], reported["cameras_changed"]) == (2, 0)
    assert all(line["day"] == DAY and line["level"] == "info" for line in steps)


def test_real_crops_go_with_their_days(said: tuple[str, Path], marked: Path) -> None:
    """As test_expiry.py shows it for days made by hand, here for one that was audited."""
    out = said[1]
    faces = [path.read_bytes() for path in out.rglob("*.jpg")]
    assert faces
    for face in faces:
        assert [n.partition("/")[0] for n in holders(out, face[-200:-140])] == ["crops"]
    gone = date.fromisoformat(DAY) + timedelta(days=32)
    expire(str(out), f"{marked}/policy.toml", gone)
    for face in faces:
        assert holders(out, face[-200:-140]) == []


def test_errors_about_sales_name_nobody(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as lacking:
        render_sales([flag(1, 20, 0.3, 0.9, transaction_id="MARKTRANS1", age_low=None)])
    assert "S001, sale-" in str(lacking.value)
    planned, finalised = SALES.only(SALE_KEY), LEDGER.only((*SALE_KEY, "outcome", "crop"))
    key = {"store_id": "S001", "till_id": "01", "transaction_id": "MARKTRANS1"}
    sale = planned.from_rows([key | {"started_at": datetime(2026, 3, 27, tzinfo=UTC)}])
    place, batch = Place(str(tmp_path)), Batch(date.fromisoformat(DAY), "plan", "sales", 0)
    write_table(place, batch.path, sale, planned)
    write_table(place, batch.ledger_path, finalised.empty(), finalised)
    with pytest.raises(ContractError) as lost:
        check_sales(place, [batch])
    assert "S001 sale-" in str(lost.value)
    for error in (lacking, lost):
        assert not MARKER.search(str(error.value))
