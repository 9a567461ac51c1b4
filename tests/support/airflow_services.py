"""Airflow's services as processes of a test, on the loopback, and its public interface."""

import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from auditor.demo import catalogue
from tests.support.airflow_home import AIRFLOW, environment

#: What makes a lost worker's task be tried elsewhere; docs/deploy.md says what each was seen to do.
#: Only the heartbeat's timeout is shorter here than deploy/ has it: minutes of waiting, saved.
ENGINE = {
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": "1",
    "AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER": "1",
    "AIRFLOW__CELERY__TASK_ACKS_LATE": "True",
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "7200",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "45",
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
    "AIRFLOW__API__WORKERS": "1",
}


PATIENCE_S = 600

#: Of one machine: an executor that runs tasks beside its scheduler.
SERVICES = {
    "api-server": ["api-server"],
    "dag-processor": ["dag-processor"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
}


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

    def backfilling(self) -> bool:
        """Whether a backfill of the nightly audit has not ended."""
        backfills = self.ask("/api/v2/backfills?dag_id=nightly_audit")["backfills"]
        return any(each["completed_at"] is None for each in backfills)

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
        with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310  # http
            return json.load(response)


def on_loopback(port: int) -> dict[str, str]:
    """Settings of services that find each other at ``port`` and nowhere else."""
    return {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        # Shared by name: services that start at once would each make up their own.
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    }


def wait_until(what: str, happens: Callable[[], Any], *, patience_s: float = PATIENCE_S) -> Any:
    """Wait for something true; return it."""
    end = time.monotonic() + patience_s
    while not (seen := happens()):
        assert time.monotonic() < end, f"{what}: not within {patience_s} s"
        time.sleep(1)
    return seen


@contextmanager
def airflow_running(
    home: Path, services: Mapping[str, Sequence[str]], settings: dict[str, str]
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Airflow's services; each is asked to stop, and whatever is left after that is killed.

    Args:
        home: of this Airflow; each service says what it says in ``NAME.log`` there.
        services: by name, the arguments of ``airflow``.
        settings: further environment of all of them.
    """
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, arguments in services.items():
            with (home / f"{name}.log").open("wb") as log:
                started[name] = subprocess.Popen(
                    [AIRFLOW, *arguments],
                    cwd=home,
                    env=environment(home, **settings),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        yield started
    finally:
        stop(list(started.values()))


@contextmanager
def scheduling(home: Path, chain: Path, **more: str) -> Iterator[tuple[Api, dict[str, str]]]:
    """An Airflow of its own that knows the nightly audit of a chain, whose ``out`` it writes.

    Args:
        home: of this Airflow, with its database: the fixture ``new_airflow`` makes one.
        chain: exports, frames and policy, as the demo has them.
        more: further environment.

    Yields:
        Its interface, and the environment that its commands need.
    """
    port = free_port()
    settings = {
        **on_loopback(port),
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",  # no DAG changes meanwhile
        "AUDITOR_SALES": str(chain / "sales"),
        "AUDITOR_SNAPSHOTS": str(chain / "snapshots"),
        "AUDITOR_OUT": str(chain / "out"),
        "AUDITOR_POLICY": str(chain / "policy.toml"),
        "AUDITOR_TIME_ZONE": catalogue.ZONE,
        **more,
    }
    api = Api(home, port)
    with airflow_running(home, SERVICES, settings):
        wait_until("Airflow is up", api.healthy)
        api.log_in()
        wait_until("the DAG is read", lambda: api.knows("/api/v2/dags/nightly_audit"))
        yield api, settings


def stop(processes: Sequence[subprocess.Popen[bytes]], signal_number: int = signal.SIGTERM) -> None:
    """End processes that lead groups of their own, and then whatever is left of the groups."""
    for process in processes:
        process.send_signal(signal_number)
    for process in processes:
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            pass
        finally:
            kill_group(process.pid)
            process.wait()


def kill_group(group: int) -> None:
    """Kill what is left of a process group, if anything."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def scores(pid: int) -> bool:
    """Whether a task's process has come to what it is there for: the network is loaded."""
    try:
        return "openvino" in Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False


def listening(process: subprocess.Popen[bytes]) -> set[str]:
    """The addresses on which a process and those below it listen."""
    parent = psutil.Process(process.pid)
    return {
        connection.laddr.ip
        for each in (parent, *parent.children(recursive=True))
        for connection in each.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
