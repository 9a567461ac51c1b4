"""A night on a distributed Airflow: PostgreSQL, Redis, CeleryExecutor, two workers, one killed.

Minutes long, so `make distributed` runs it and `make test` does not. It needs Debian's packages
postgresql and redis-server. What the services say is in the test's folder, in `*.log`.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import pytest

from auditor.pipeline import Job, run_day
from tests.support.airflow_home import in_airflow, tree
from tests.support.airflow_services import (
    ENGINE,
    Api,
    airflow_running,
    free_port,
    listening,
    on_loopback,
    scores,
    wait_until,
)
from tests.support.loopback_servers import servers

pytestmark = pytest.mark.distributed

DAY = "2026-03-27"
BATCH_SIZE = 60  # half a dozen batches: both workers have something to do when one is killed


SERVICES = {
    "api-server": ["api-server"],
    "dag-processor": ["dag-processor"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
}
_WORKER = ["celery", "worker", "--skip-serve-logs", "--without-gossip", "--without-mingle"]
WORKERS = {
    name: [*_WORKER, "--celery-hostname", name, "--pid", f"{name}.pid"]
    for name in ("worker-1", "worker-2")
}

Processes = Mapping[str, subprocess.Popen[bytes]]


@dataclass
class Night:
    """What was seen of a run whose worker was killed."""

    run: dict[str, Any]
    tasks: list[dict[str, Any]]
    killed: dict[str, Any]  # the task instance that the killed worker had
    addresses: set[str]  # addresses of all sockets that Airflow's processes listened on
    seconds: dict[str, float] = field(default_factory=dict)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results") / "out"


@pytest.fixture(scope="module")
def night(demo_chain: Path, out: Path, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The demo chain's night, and one of two workers killed with a batch in its hands."""
    home = tmp_path_factory.mktemp("airflow")
    port = free_port()
    with servers() as addresses:
        engine = {
            **on_loopback(port),
            **ENGINE,
            "AIRFLOW__CELERY__BROKER_URL": f"{addresses['redis']}/0",
            "AIRFLOW__CELERY__RESULT_BACKEND": f"{addresses['redis']}/1",
            "AUDITOR_SALES": str(demo_chain / "sales"),
            "AUDITOR_SNAPSHOTS": str(demo_chain / "snapshots"),
            "AUDITOR_OUT": str(out),
            "AUDITOR_POLICY": str(demo_chain / "policy.toml"),
            "AUDITOR_TIME_ZONE": "Europe/London",
        }
        # The workers, which open the cameras' pictures, know nothing of Airflow's database.
        settings = engine | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": addresses["postgresql"]}
        in_airflow(home, "prepare", "2", **settings)
        (home / "workers").mkdir()
        api = Api(home, port)
        with (
            airflow_running(home, SERVICES, settings) as services,
            airflow_running(home / "workers", WORKERS, engine) as workers,
        ):
            wait_until("Airflow is up", api.healthy)
            api.log_in()
            wait_until("the DAG is read", lambda: api.knows("/api/v2/dags/nightly_audit"))
            return _a_night_with_a_kill(api, services, workers)


def _a_night_with_a_kill(api: Api, services: Processes, workers: Processes) -> Night:
    start = time.monotonic()
    # As the schedule does it: the day is the partition key.
    conf = {"batch_size": BATCH_SIZE}
    run = api.ask(
        "/api/v2/dags/nightly_audit/dagRuns",
        {"logical_date": None, "partition_key": DAY, "conf": conf},
    )
    path = f"/api/v2/dags/nightly_audit/dagRuns/{run['dag_run_id']}"

    def tasks() -> list[dict[str, Any]]:
        instances: list[dict[str, Any]] = api.ask(f"{path}/taskInstances")["task_instances"]
        return instances

    def in_hands() -> tuple[subprocess.Popen[bytes], dict[str, Any]] | None:
        for task in tasks():
            if task["task_id"] == "score" and task["state"] == "running":
                for worker in workers.values():
                    if task["pid"] in _descendants(worker) and scores(task["pid"]):
                        return worker, task
        return None

    worker, killed = wait_until("a worker has a batch", in_hands)
    seconds = {"started scoring": time.monotonic() - start}
    addresses = {a for p in (*services.values(), *workers.values()) for a in listening(p)}
    for pid in [worker.pid, *_descendants(worker)]:
        os.kill(pid, signal.SIGKILL)
    wait_until(
        "the run ends",
        lambda: api.ask(path)["state"] in ("success", "failed"),
        patience_s=1200,
    )
    seconds["ended"] = time.monotonic() - start
    return Night(api.ask(path), tasks(), killed, addresses, seconds)


def _descendants(process: subprocess.Popen[bytes]) -> list[int]:
    return [child.pid for child in psutil.Process(process.pid).children(recursive=True)]


def test_the_run_ends_complete_though_a_worker_was_killed(night: Night) -> None:
    assert night.run["state"] == "success", (night.run, night.tasks)
    states = {(t["task_id"], t["map_index"]): t["state"] for t in night.tasks}
    assert states.pop(("watcher", -1)) == "skipped"
    assert set(states.values()) == {"success"}
    batches = sorted(index for task, index in states if task == "score")
    assert batches == list(range(len(batches)))
    assert len(batches) > len(WORKERS)  # so that both had something to do


def test_the_task_in_the_killed_hands_was_tried_again_and_no_other(night: Night) -> None:
    again = [t for t in night.tasks if t["try_number"] > 1]
    assert [(t["task_id"], t["map_index"], t["try_number"]) for t in again] == [
        ("score", night.killed["map_index"], 2)
    ]


def test_the_results_are_the_bytes_of_an_unbroken_run(
    night: Night, demo_chain: Path, out: Path, tmp_path: Path
) -> None:
    assert night.run["state"] == "success"
    run_day(
        Job(
            day=date.fromisoformat(DAY),
            sales=str(demo_chain / "sales"),
            snapshots=str(demo_chain / "snapshots"),
            out=str(tmp_path),
            policy=str(demo_chain / "policy.toml"),
        )
    )
    broken, unbroken = tree(out), tree(tmp_path)
    assert broken.keys() == unbroken.keys()
    assert [path for path in unbroken if broken[path] != unbroken[path]] == []


def test_no_service_listens_beyond_the_loopback(night: Night) -> None:
    assert night.addresses == {"127.0.0.1"}
