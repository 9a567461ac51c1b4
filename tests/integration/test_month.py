"""Thirty days by `airflow backfill create` under the real scheduler, tasks killed on the way.

A quarter of an hour, so `make backfill` runs it and `make test` does not. Each day is a handful of
sales of the demo, moved to it. What the same runs write without Airflow, one after the other, is
what has to be there in the end, byte by byte.
"""

import os
import shutil
import signal
import sys
import urllib.parse
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditor.decisions.log import Judgement
from auditor.demo import catalogue, write_demo
from auditor.operations.diff import DayChange, changes
from auditor.operations.record_decision import record_decision
from auditor.pipeline import Job, run_day
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from auditor.tables import OUTCOMES
from tests.support.airflow_home import AIRFLOW, call, tree
from tests.support.airflow_services import Api, scheduling, scores, wait_until

pytestmark = pytest.mark.backfill

DEMO_DAY, STORE = catalogue.DAYS[0], catalogue.STORES[0]
DAYS = tuple(date(2026, 2, 20) + timedelta(n) for n in range(30))  # all in winter time
LATE = DAYS[len(DAYS) // 3]  # its export comes after its audit
CHANGED = DAYS[-5]  # from this day on another policy holds, by which it was not audited
KILLED = (DAYS[len(DAYS) // 6], DAYS[len(DAYS) // 2])  # from these on, a scoring is killed
SALES = 6  # a day
PATIENCE_S = 5400

POLICY = f"""\
[stores.{STORE.store_id}]
[[policy]]
effective_from = 2026-01-01
time_zone = "{catalogue.ZONE}"
alcohol_skus = {list(catalogue.ALCOHOL_SKUS)}
alcohol_free_skus = {list(catalogue.ALCOHOL_FREE_SKUS)}
max_inconclusive_share = 0.9
retention_days = 36500
"""
FROM_A_DATE = f"[[policy]]\neffective_from = {CHANGED}\nchallenge_age = 21\n"
OFFICER = Judgement("looks_older", "A. Officer", datetime(2026, 4, 1, tzinfo=UTC))


def write_chain(folder: Path) -> None:
    """Exports, indexes and frames of all days, but for the export of LATE, which waits aside."""
    write_demo(folder, days=(DEMO_DAY,), stores=(STORE,))
    export, index = (
        folder / f"{kind}/{DEMO_DAY}/{STORE.store_id}.csv" for kind in ("sales", "snapshots/index")
    )
    lines = pd.read_csv(export, dtype=str, on_bad_lines="skip")
    frames = pd.read_csv(index, dtype=str)
    truth = pd.read_parquet(folder / "truth.parquet")
    young = truth.query("expected_outcome.isna() and true_age < 24")["transaction_id"].tolist()
    others = truth.query("true_age >= 24")["transaction_id"].tolist()
    export.unlink()
    index.unlink()
    for number, day in enumerate(DAYS):
        wanted = {*_some(young, SALES // 2, number), *_some(others, SALES // 2, number)}
        for table, path in ((lines, export), (frames, index)):
            own = table[table["transaction_id"].isin(wanted)]
            moved = own.apply(lambda cells, day=day: cells.str.replace(str(DEMO_DAY), str(day)))
            if "path" in own:
                moved["path"] = own["path"]  # the frames stay where they are
            target = Path(str(path).replace(str(DEMO_DAY), str(day)))
            target.parent.mkdir()
            moved.to_csv(target, index=False)
    (folder / f"sales/{LATE}").rename(folder / "late")
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")


def _some(of: list[str], count: int, number: int) -> list[str]:
    return [of[(number * count + n) % len(of)] for n in range(count)]


def export_comes(chain: Path) -> None:
    (chain / "late").rename(chain / f"sales/{LATE}")


def policy_changes(chain: Path) -> None:
    (chain / "policy.toml").write_text(POLICY + FROM_A_DATE, encoding="utf-8")


def decide_flagged(out: Path) -> dict[str, bytes]:
    """Record a decision on each flagged sale of the days that the new policy is for; the log."""
    for day in DAYS:
        if day >= CHANGED:
            for row in read_day(Place(str(out)), "ledger", day).to_pylist():
                if row["outcome"] == "flagged":
                    record_decision(
                        str(out), day, f"{row['store_id']}/{row['transaction_id']}", OFFICER
                    )
    return tree(out / "decisions")


@dataclass
class Month:
    """What was seen of the backfills; the results are in ``out`` of the chain."""

    runs: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # new states, by backfill
    killed: list[dict[str, Any]] = field(default_factory=list)
    tries: list[int] = field(default_factory=list)  # of the killed tasks, in the end
    decided: dict[str, bytes] = field(default_factory=dict)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chain as it is before anything of it is audited. Read only."""
    folder = tmp_path_factory.mktemp("shop") / "chain"
    write_chain(folder)
    return folder


@pytest.fixture(scope="module")
def chain(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(shop, tmp_path_factory.mktemp("month") / "chain")


class _Backfills:
    """Orders backfills of one Airflow and tells the runs that each made."""

    def __init__(self, api: Api, home: Path, settings: dict[str, str]) -> None:
        self.api, self._home, self._settings = api, home, settings
        self._seen: set[str] = set()

    def order(self, behavior: str) -> None:
        first, last = str(DAYS[0]), str(DAYS[-1] + timedelta(days=1))
        if behavior == "completed":
            first = str(CHANGED)
        command = [str(AIRFLOW), "backfill", "create", "--dag-id", "nightly_audit"]
        command += ["--from-date", first, "--to-date", last, "--max-active-runs", "1"]
        call([*command, "--reprocess-behavior", behavior], self._home, **self._settings)

    def ended(self) -> dict[str, list[str]]:
        """Wait; the states of the runs that are new, by day."""
        wait_until("the backfill ends", lambda: not self.api.backfilling(), patience_s=PATIENCE_S)
        found: dict[str, list[str]] = {}
        for run in self.runs():
            if run["dag_run_id"] not in self._seen:
                self._seen.add(run["dag_run_id"])
                found.setdefault(run["partition_key"], []).append(run["state"])
        return found

    def runs(self) -> list[dict[str, Any]]:
        query = urllib.parse.urlencode({"run_type": "backfill", "limit": 100})
        path = f"/api/v2/dags/nightly_audit/dagRuns?{query}"
        runs: list[dict[str, Any]] = self.api.ask(path)["dag_runs"]
        return runs

    def kill_scoring(self, day: date) -> dict[str, Any]:
        """Kill the process that scores a day, this or a later one, once the network is loaded."""

        def in_hands() -> dict[str, Any] | None:
            for run in self.runs():
                if run["partition_key"] >= str(day) and run["state"] == "running":
                    for task in self.tasks(run["dag_run_id"]):
                        scoring = task["task_id"] == "score" and task["state"] == "running"
                        if scoring and task["pid"] and scores(task["pid"]):
                            return task
            return None

        task: dict[str, Any] = wait_until(f"{day} is scored", in_hands, patience_s=PATIENCE_S)
        os.kill(task["pid"], signal.SIGKILL)
        return task

    def tasks(self, run_id: str) -> list[dict[str, Any]]:
        path = f"/api/v2/dags/nightly_audit/dagRuns/{urllib.parse.quote(run_id)}/taskInstances"
        tasks: list[dict[str, Any]] = self.api.ask(path)["task_instances"]
        return tasks


@pytest.fixture(scope="module")
def month(chain: Path, new_airflow: Callable[[], Path]) -> Month:
    seen = Month()
    home = new_airflow()
    with scheduling(home, chain, AIRFLOW__API__WORKERS="1") as (api, settings):
        backfills = _Backfills(api, home, settings)
        backfills.order("none")
        seen.killed = [backfills.kill_scoring(day) for day in KILLED]
        seen.runs["none"] = backfills.ended()
        seen.tries = [
            task["try_number"]
            for killed in seen.killed
            for task in backfills.tasks(killed["dag_run_id"])
            if task["task_id"] == "score"
        ]
        export_comes(chain)
        backfills.order("failed")
        seen.runs["failed"] = backfills.ended()
        seen.decided = decide_flagged(chain / "out")
        policy_changes(chain)
        backfills.order("completed")
        seen.runs["completed"] = backfills.ended()
        backfills.order("none")
        seen.runs["none again"] = backfills.ended()
    return seen


@pytest.fixture(scope="module")
def nightly(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What nightly runs in order, and the same days again, write without Airflow."""
    chain = shutil.copytree(shop, tmp_path_factory.mktemp("nightly") / "chain")
    _run(chain, DAYS)
    export_comes(chain)
    _run(chain, [LATE])
    decide_flagged(chain / "out")
    policy_changes(chain)
    _run(chain, [day for day in DAYS if day >= CHANGED])
    return _of_days(chain / "out")


def _run(chain: Path, days: Collection[date]) -> None:
    sales, snapshots, out, policy = (
        str(chain / name) for name in ("sales", "snapshots", "out", "policy.toml")
    )
    for day in days:
        run_day(Job(day, sales, snapshots, out, policy))


def _of_days(out: Path) -> dict[str, bytes]:
    """The files of the days: the scheduler runs last night too, and the list of days has it."""
    return {n: c for n, c in tree(out).items() if any(str(day) in n for day in DAYS)}


@pytest.fixture(scope="module")
def told(month: Month, chain: Path) -> dict[date, DayChange]:  # noqa: ARG001  # it has to be over
    return {change.day: change for change in changes(str(chain / "out"), DAYS[0], DAYS[-1])}


def test_each_behavior_makes_the_runs_that_it_is_for(month: Month) -> None:
    assert month.runs["none"] == {
        str(day): ["failed" if day == LATE else "success"] for day in DAYS
    }
    assert month.runs["failed"] == {str(LATE): ["success"]}
    assert month.runs["completed"] == {str(day): ["success"] for day in DAYS if day >= CHANGED}
    assert month.runs["none again"] == {}


def test_what_was_killed_was_tried_again(month: Month) -> None:
    assert len(month.tries) == len(KILLED)
    assert min(month.tries) > 1


def test_a_backfill_ends_with_the_bytes_of_nightly_runs(
    month: Month,
    chain: Path,
    nightly: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = _of_days(chain / "out")
    assert written.keys() == nightly.keys()
    assert [path for path in nightly if written[path] != nightly[path]] == []
    assert any(path.startswith("revisions/") for path in written)
    ledger = {d: read_day(Place(str(chain / "out")), "ledger", d).num_rows for d in DAYS}
    assert ledger == dict.fromkeys(DAYS, SALES)
    with capsys.disabled():
        runs = sum(len(states) for of in month.runs.values() for states in of.values())
        sys.stdout.write(
            f"\n{len(DAYS)} days in {runs} runs, {len(month.killed)} tasks killed; "
            f"{len(DAYS) * SALES} sales in, {sum(ledger.values())} out; "
            f"{len(written)} files, {sum(map(len, written.values())):,} bytes alike\n"
        )


def test_the_difference_is_told_for_every_day(told: dict[date, DayChange]) -> None:
    for day, change in told.items():
        again = day == LATE or day >= CHANGED
        assert change.state == ("audited again" if again else "unchanged"), day
    (late,) = told[LATE].stores
    assert [cause.what for cause in late.causes] == ["inputs"]
    assert late.outcomes_before == dict.fromkeys(OUTCOMES, 0)
    assert all(sale.before is None for sale in late.sales)
    gone = 0
    for day in DAYS:
        if day >= CHANGED:
            (shop,) = told[day].stores
            assert [cause.what for cause in shop.causes] == ["policy"]
            assert shop.flags_new == 0
            assert shop.estimates_moved == 0
            gone += shop.flags_gone
            for sale in shop.sales:
                assert sale.before
                assert sale.before.estimate
                assert 21 <= sale.before.estimate.age < 25
    assert gone > 0


def test_what_the_officer_decided_is_as_it_was(
    month: Month, chain: Path, told: dict[date, DayChange]
) -> None:
    assert len(month.decided) > 0
    assert tree(chain / "out/decisions") == month.decided
    listed = [entry for change in told.values() for entry in change.decided_otherwise]
    gone = sum(store.flags_gone for change in told.values() for store in change.stores)
    assert len(listed) == gone
    assert {entry.outcome_then for entry in listed} == {"flagged"}
