"""`airflow backfill create` over past days: the real scheduler, the same bytes as without it.

Minutes long: the services start, and each task is a process of its own. What they say is in the
test's folder, in `*.log`.
"""

import json
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.demo import catalogue
from auditor.pipeline import Job, run_day
from tests.support.airflow_home import AIRFLOW, call, environment, tree
from tests.support.airflow_services import Api, scheduling, wait_until

DAYS = catalogue.DAYS[1:]  # on the latter, the clocks' change, it sells nothing


@pytest.fixture(scope="module")
def chain(one_store_chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shutil.copytree(one_store_chain, tmp_path_factory.mktemp("shop") / "chain")
    policy = folder / "policy.toml"
    text = policy.read_text(encoding="utf-8")
    # The other stores are left out here; and the faces of these past days are not too old yet.
    for old, new in (
        ("max_missing_stores = 0 ", "max_missing_stores = 4 "),
        ("max_inconclusive_share = 0.15", "max_inconclusive_share = 0.5"),
        ("retention_days = 31", "retention_days = 36500"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    policy.write_text(text, encoding="utf-8")
    return folder


@dataclass
class Backfilled:
    """How the backfill ended; the results are in `out` of the chain."""

    states: dict[str, str]  # of the runs, by partition key
    check: subprocess.CompletedProcess[str]  # `auditor check` of the first day, before Airflow ends


@pytest.fixture(scope="module")
def backfilled(chain: Path, new_airflow: Callable[[], Path]) -> Backfilled:
    home = new_airflow()
    with scheduling(home, chain) as (api, settings):
        # The range ends at 00:00 of its last day, before that day's run.
        first, last = str(DAYS[0]), str(DAYS[-1] + timedelta(days=1))
        # One day after another: a day's report looks back on those before.
        command = [str(AIRFLOW), "backfill", "create", "--dag-id", "nightly_audit"]
        command += ["--max-active-runs", "1"]
        call([*command, "--from-date", first, "--to-date", last], home, **settings)
        wait_until("the backfill ends", lambda: not api.backfilling())
        states = {run["partition_key"]: run["state"] for run in _runs(api)}
        return Backfilled(states, _check(home, settings))


def _check(home: Path, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "auditor", "check", "--day", str(DAYS[0])]
    return subprocess.run(
        [*command, "--airflow", "--json"],
        env=environment(home, **settings),
        capture_output=True,
        text=True,
        check=False,
    )


def _runs(api: Api) -> list[dict[str, Any]]:
    query = urllib.parse.urlencode({"run_type": "backfill"})
    runs: list[dict[str, Any]] = api.ask(f"/api/v2/dags/nightly_audit/dagRuns?{query}")["dag_runs"]
    return runs


def test_every_past_day_has_its_run(backfilled: Backfilled) -> None:
    assert backfilled.states == {str(day): "success" for day in DAYS}


def test_the_check_finds_the_day_complete_and_airflow_ready(backfilled: Backfilled) -> None:
    answer = json.loads(backfilled.check.stdout)
    found = {finding["check"]: finding for finding in answer["findings"]}
    assert found["pool"] == {
        "check": "pool",
        "state": "ok",
        "said": "auditor_scoring has 1 slots",
        "todo": "",
    }
    for check in ("dag", "counts", "report", "provenance"):
        assert found[check]["state"] == "ok", found[check]


@pytest.fixture(scope="module")
def alone(chain: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What runs without Airflow write, day after day: a day's report looks back on those before."""
    out = tmp_path_factory.mktemp("alone")
    for day in DAYS:
        run_day(
            Job(
                day=day,
                sales=str(chain / "sales"),
                snapshots=str(chain / "snapshots"),
                out=str(out),
                policy=str(chain / "policy.toml"),
                batch_size=50,
            )
        )
    return tree(out)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_backfill_writes_the_bytes_of_runs_without_airflow(
    backfilled: Backfilled, chain: Path, alone: dict[str, bytes], day: date
) -> None:
    assert set(backfilled.states.values()) == {"success"}
    written, expected = (
        {path: content for path, content in files.items() if str(day) in path}
        for files in (tree(chain / "out"), alone)
    )
    assert written.keys() == expected.keys() != set()
    assert [path for path in expected if expected[path] != written[path]] == []
