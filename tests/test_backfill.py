"""`airflow backfill create` over past days: the real scheduler, the same bytes as without it.

Minutes long: the services start, and each task is a process of its own. What they say is in the
test's folder, in `*.log`.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_home import AIRFLOW, call, environment, in_airflow, tree

from auditor.demo import catalogue, write_demo
from auditor.pipeline import Job, run_day

STORE = catalogue.STORES[2]
DAYS = (catalogue.DAYS[0], catalogue.DAYS[2])  # on the latter, the clocks' change, it sells nothing
SERVICES = (["api-server"], ["dag-processor"], ["scheduler", "--skip-serve-logs"])
PATIENCE_S = 600


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "chain"
    write_demo(folder, days=DAYS, stores=(STORE,))
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


class Api:
    """Airflow's public interface, as its only user."""

    def __init__(self, home: Path, port: int) -> None:
        self._home = home
        self._url = f"http://127.0.0.1:{port}"
        self._token: str | None = None

    def healthy(self) -> bool:
        """Whether Airflow says that its services are up."""
        try:
            parts = self.ask("/api/v2/monitor/health")
        except OSError:
            return False
        return all(parts[p]["status"] == "healthy" for p in ("scheduler", "dag_processor"))

    def log_in(self) -> None:
        """Exchange the password for a token."""
        passwords = self._home / "simple_auth_manager_passwords.json.generated"
        password = json.loads(passwords.read_text(encoding="utf-8"))["admin"]
        answer = self.ask("/auth/token", {"username": "admin", "password": password})
        self._token = answer["access_token"]

    def knows(self, path: str) -> bool:
        """Whether there is something at ``path``."""
        try:
            self.ask(path)
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return False
        return True

    def ask(self, path: str, data: dict[str, Any] | None = None) -> Any:
        """Return the answer to a GET, or to a POST of ``data``."""
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self._url + path, body, headers)  # noqa: S310  # http
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310  # http
            return json.load(response)


def wait_until(what: str, happens: Any) -> None:
    end = time.monotonic() + PATIENCE_S
    while not happens():
        assert time.monotonic() < end, f"{what}: not within {PATIENCE_S} s"
        time.sleep(1)


@contextmanager
def airflow_running(home: Path, settings: dict[str, str]) -> Iterator[None]:
    """Airflow's services; each is asked to stop, and whatever is left after that is killed."""
    started = []
    try:
        for service in SERVICES:
            with (home / f"{service[0]}.log").open("wb") as log:
                started.append(
                    subprocess.Popen(
                        [AIRFLOW, *service],
                        env=environment(home, **settings),
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                pass
            finally:
                kill_group(process.pid)
                process.wait()


def kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def backfilled(chain: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The states of the backfill's runs by partition key; the results are in `out` of the chain."""
    home = tmp_path_factory.mktemp("airflow")
    port = free_port()
    settings = {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        # Shared by name: services that start at once would each make up their own.
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AUDITOR_SALES": str(chain / "sales"),
        "AUDITOR_SNAPSHOTS": str(chain / "snapshots"),
        "AUDITOR_OUT": str(chain / "out"),
        "AUDITOR_POLICY": str(chain / "policy.toml"),
        "AUDITOR_TIME_ZONE": catalogue.ZONE,
    }
    in_airflow(home, "prepare", **settings)
    api = Api(home, port)
    with airflow_running(home, settings):
        wait_until("Airflow is up", api.healthy)
        api.log_in()
        wait_until("the DAG is read", lambda: api.knows("/api/v2/dags/nightly_audit"))
        for day in DAYS:
            # The range ends at 00:00 of its last day, before that day's run.
            first, last = str(day), str(day + timedelta(days=1))
            command = [str(AIRFLOW), "backfill", "create", "--dag-id", "nightly_audit"]
            call([*command, "--from-date", first, "--to-date", last], home, **settings)
            wait_until(f"the backfill of {day} ends", lambda: not _unfinished(api))
        return {run["partition_key"]: run["state"] for run in _runs(api)}


def _runs(api: Api) -> list[dict[str, Any]]:
    query = urllib.parse.urlencode({"run_type": "backfill"})
    runs: list[dict[str, Any]] = api.ask(f"/api/v2/dags/nightly_audit/dagRuns?{query}")["dag_runs"]
    return runs


def _unfinished(api: Api) -> bool:
    backfills = api.ask("/api/v2/backfills?dag_id=nightly_audit")["backfills"]
    return any(b["completed_at"] is None for b in backfills)


def test_every_past_day_has_its_run(backfilled: dict[str, Any]) -> None:
    assert backfilled == {str(day): "success" for day in DAYS}


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_backfill_writes_the_bytes_of_a_run_without_airflow(
    backfilled: dict[str, Any], chain: Path, tmp_path: Path, day: date
) -> None:
    assert str(day) in backfilled
    run_day(
        Job(
            day=day,
            sales=str(chain / "sales"),
            snapshots=str(chain / "snapshots"),
            out=str(tmp_path),
            policy=str(chain / "policy.toml"),
            batch_size=50,
        )
    )
    of_the_day = {p: b for p, b in tree(chain / "out").items() if str(day) in p}
    alone = tree(tmp_path)
    assert of_the_day.keys() == alone.keys()
    assert [path for path in alone if alone[path] != of_the_day[path]] == []
