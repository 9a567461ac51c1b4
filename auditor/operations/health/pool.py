"""The Airflow of this environment: the pool that scoring waits for, and the DAG.

Airflow is asked by its own command: the audit imports nothing of it.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditor.operations.health.result import HealthResult, failed, ok, skipped, warning

#: As dags/nightly_audit.py names them.
POOL, DAG = "auditor_scoring", "nightly_audit"

_TIMEOUT_S = 120

_Rows = list[dict[str, Any]]


def check() -> Iterator[HealthResult]:
    """Whether the pool exists and has slots, and the DAG is known to Airflow and not paused."""
    beside = Path(sys.executable).with_name("airflow")
    airflow = str(beside) if beside.is_file() else shutil.which("airflow")
    if airflow is None:
        yield failed("pool", "there is no command airflow", "run this where Airflow is installed")
        return
    pools = _ask(airflow, "pools", "list")
    if isinstance(pools, str):
        yield failed("pool", pools, "see that Airflow's database is up and migrated")
        yield skipped("dag", "Airflow does not answer")
        return
    yield _pool(pools)
    dags = _ask(airflow, "dags", "list")
    if isinstance(dags, str):
        yield failed("dag", dags, "see airflow dags list-import-errors")
    else:
        yield _dag(dags)


def _pool(pools: _Rows) -> HealthResult:
    slots = next((int(p["slots"]) for p in pools if p["pool"] == POOL), 0)
    if not slots:
        return failed(
            "pool",
            f"{POOL} is not there or has no slots: scoring waits for ever",
            f"airflow pools set {POOL} 1 'Scoring batches at a time'",
        )
    return ok("pool", f"{POOL} has {slots} slots")


def _dag(dags: _Rows) -> HealthResult:
    found = [d for d in dags if d["dag_id"] == DAG]
    if not found:
        return failed(
            "dag",
            f"Airflow has not read {DAG}",
            "see AIRFLOW__CORE__DAGS_FOLDER, and airflow dags list-import-errors",
        )
    if str(found[0]["is_paused"]).lower() == "true":
        return warning("dag", f"{DAG} is paused: nothing runs", f"airflow dags unpause {DAG}")
    return ok("dag", f"{DAG} is read and not paused")


def _ask(airflow: str, *command: str) -> _Rows | str:
    """The rows that Airflow answers with, or a message that says why there are none."""
    asked = f"airflow {' '.join(command)}"
    try:
        done = subprocess.run(  # noqa: S603  # no shell, and no outside text
            [airflow, *command, "--output", "json"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        # Warnings may stand before the answer, which is a list on one line.
        answers = [line for line in done.stdout.splitlines() if line.startswith("[")]
        rows: _Rows = json.loads(answers[-1])
    except subprocess.TimeoutExpired:
        return f"{asked} does not answer within {_TIMEOUT_S} s"
    except (OSError, ValueError, IndexError):
        return f"{asked} gave no answer"
    return rows
