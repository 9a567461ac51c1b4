"""The nightly DAG: what it promises on paper, and what it does when Airflow runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
CHILD = Path(__file__).with_name("airflow_child.py")
HEAVY = {"tensorflow", "keras", "mtcnn", "pandas", "numpy", "pyarrow", "cv2", "scipy", "PIL"}

TASKS = {
    "resolve_day",
    "plan",
    "score",
    "settle",
    "report",
    "check_limits",
    "expire",
    "watcher",
}


def in_airflow(home: Path, *arguments: str, **environment: str) -> dict[str, Any]:
    """Run airflow_child.py in an Airflow of its own; return what it tells."""
    output = home / "answer.json"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "AUDITOR_"))}
    command, *rest = arguments
    done = subprocess.run(  # noqa: S603  # our own file
        [sys.executable, str(CHILD), command, str(output), *rest],
        env=kept
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        | environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    answer: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return answer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The DAG folder as Airflow parses it."""
    return in_airflow(
        tmp_path_factory.mktemp("airflow"),
        "describe",
        AUDITOR_SALES="s3://shop/sales",
        AUDITOR_SNAPSHOTS="s3://shop/snapshots",
        AUDITOR_OUT="s3://audit",
        AUDITOR_TIME_ZONE="Europe/London",
    )


@pytest.fixture(scope="module")
def dag(folder: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = folder["dags"]["nightly_audit"]
    return described


def test_the_folder_has_the_nightly_audit_and_no_import_error(folder: dict[str, Any]) -> None:
    assert folder["import_errors"] == {}
    assert list(folder["dags"]) == ["nightly_audit"]


def test_parsing_loads_nothing_heavy(folder: dict[str, Any]) -> None:
    loaded = {name.partition(".")[0] for name in folder["modules"]}
    assert loaded & HEAVY == set()
    ours = {name for name in folder["modules"] if name.partition(".")[0] == "auditor"}
    assert ours <= {"auditor", "auditor.errors"}


def test_parsing_takes_no_time(folder: dict[str, Any]) -> None:
    assert folder["parse_seconds"] < 5  # 0.1 s on a quiet machine; 11 s with TensorFlow


def test_a_run_audits_one_day_and_never_makes_up_for_lost_ones(dag: dict[str, Any]) -> None:
    assert dag["timetable"] == "CronPartitionTimetable"
    assert dag["time_zone"] == "Europe/London"
    assert dag["catchup"] is False
    assert dag["start_date"] is None  # a run dated before one has no task and succeeds
    assert dag["max_active_runs"] == 1


def test_addresses_come_from_the_environment(dag: dict[str, Any]) -> None:
    assert dag["params"] == {
        "business_date": None,
        "sales": "s3://shop/sales",
        "snapshots": "s3://shop/snapshots",
        "out": "s3://audit",
        "policy": None,
        "batch_size": None,
    }


def test_the_tasks_are_these(dag: dict[str, Any]) -> None:
    assert set(dag["tasks"]) == TASKS


def test_the_dag_can_be_found_and_tells_what_to_do_about_each_task(dag: dict[str, Any]) -> None:
    assert dag["tags"] == ["auditor", "compliance"]
    for task in TASKS:
        assert f"| `{task}` |" in dag["doc_md"]


@pytest.mark.parametrize("task", sorted(TASKS))
def test_every_task_has_an_owner_and_an_end(dag: dict[str, Any], task: str) -> None:
    described = dag["tasks"][task]
    assert described["owner"] == "compliance-engineering"
    assert 0 < described["timeout_s"] <= 3600


@pytest.mark.parametrize("task", sorted(TASKS - {"watcher"}))
def test_every_task_that_works_is_tried_again_later_and_later(
    dag: dict[str, Any], task: str
) -> None:
    described = dag["tasks"][task]
    assert described["retries"] >= 1
    assert described["retry_delay_s"] >= 30
    assert described["backoff"]


def test_a_pool_bounds_the_scoring(dag: dict[str, Any]) -> None:
    assert dag["tasks"]["score"]["mapped"]
    pools = {task: described["pool"] for task, described in dag["tasks"].items()}
    assert pools == dict.fromkeys(TASKS, "default_pool") | {"score": "auditor_scoring"}


def test_only_the_watcher_may_end_a_run_and_it_sees_every_task(dag: dict[str, Any]) -> None:
    watcher = dag["tasks"]["watcher"]
    assert set(watcher["upstream"]) == TASKS - {"watcher"}
    assert watcher["trigger_rule"] == "one_failed"
    assert watcher["retries"] == 0


def test_no_task_runs_after_a_failure_of_what_it_needs(dag: dict[str, Any]) -> None:
    rules = {t: described["trigger_rule"] for t, described in dag["tasks"].items()}
    assert rules == dict.fromkeys(TASKS, "all_success") | {
        "settle": "none_failed",  # scoring is skipped on a day without sales
        "watcher": "one_failed",
    }


def test_faces_expire_whatever_becomes_of_the_audit(dag: dict[str, Any]) -> None:
    assert dag["tasks"]["expire"]["upstream"] == ["resolve_day"]


def test_the_report_is_an_asset(dag: dict[str, Any]) -> None:
    assert dag["tasks"]["report"]["outlets"] == ["compliance_report"]
