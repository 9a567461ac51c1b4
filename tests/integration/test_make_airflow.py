"""`make airflow` as a person starts it: on the loopback, private, and gone when it is stopped.

A minute and more of real services: with `make distributed`, not with `make test`.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest

from tests.support.airflow_services import Api, free_port, kill_group, listening, wait_until
from tests.support.paths import ROOT
from tests.support.permissions import open_to_others

pytestmark = pytest.mark.distributed


@dataclass
class Seen:
    """What was seen of Airflow while it ran, and after Ctrl-C."""

    addresses: set[str]
    open_files: dict[str, str]
    left: list[str]  # processes that outlived it


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    home, port = tmp_path_factory.mktemp("home") / "airflow", free_port()
    # What is installed stays as it is, and there is no chain to audit.
    made = [f"--old-file=.venv/.installed-{which}" for which in ("all", "demo")]
    unused = [f"AUDITOR_{name}={home}" for name in ("SALES", "SNAPSHOTS", "POLICY", "OUT")]
    # What runs the tests in the background may have switched Ctrl-C off for all below it.
    make = ["env", "--default-signal=INT", "make"]
    command = [*make, *made, "airflow", f"AIRFLOW_HOME={home}", f"PORT={port}", *unused]
    with (home.parent / "make.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")},
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0,
        )
    try:
        api = Api(home, port)
        wait_until("Airflow is up", api.healthy)
        api.log_in()
        wait_until("the DAG is read", lambda: api.knows("/api/v2/dags/nightly_audit"))
        family = psutil.Process(process.pid).children(recursive=True)
        addresses, open_files = listening(process), open_to_others(home)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
        _, alive = psutil.wait_procs(family, timeout=20)
        yield Seen(addresses, open_files, [p.name() for p in alive])
    finally:
        kill_group(process.pid)


def test_it_listens_on_the_loopback_only(seen: Seen) -> None:
    assert seen.addresses == {"127.0.0.1"}


def test_its_database_password_and_logs_are_for_its_owner_only(seen: Seen) -> None:
    assert seen.open_files == {}


def test_ctrl_c_leaves_nothing_running(seen: Seen) -> None:
    assert seen.left == []
