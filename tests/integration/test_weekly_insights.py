"""The weekly DAG: when it runs, and what it does when Airflow runs it on what a night kept."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from auditor.operations.insights_report import report_purchases
from tests.support.airflow_home import in_airflow, tree

HEAVY = {"tensorflow", "pandas", "numpy", "pyarrow", "scipy", "matplotlib", "mlxtend"}
MONDAY = date(2026, 3, 23)


@pytest.fixture(scope="module")
def dag(dag_folder: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = dag_folder["dags"]["weekly_insights"]
    return described


def test_a_run_waits_for_the_reports_of_all_days_of_its_week(dag: dict[str, Any]) -> None:
    assert dag["timetable"] == "PartitionedAssetTimetable"
    assert dag["assets"] == ["compliance_report"]
    assert dag["week"] == {"key": str(MONDAY), "days": [f"2026-03-{d}" for d in range(23, 30)]}
    assert dag["catchup"] is False
    assert dag["start_date"] is None
    assert dag["max_active_runs"] == 1


def test_it_tells_what_to_do_about_each_task(dag: dict[str, Any]) -> None:
    assert set(dag["tasks"]) == {"resolve_week", "purchases"}
    for name, task in dag["tasks"].items():
        assert f"| `{name}` |" in dag["doc_md"]
        assert task["owner"] == "compliance-engineering"
        assert task["retries"] >= 1
        assert 0 < task["timeout_s"] <= 4 * 3600
    assert dag["tasks"]["purchases"]["outlets"] == ["purchases_by_age_group"]
    assert dag["params"] == {"week": None, "out": "s3://audit", "policy": None}


def test_parsing_loads_nothing_heavy(dag_folder: dict[str, Any]) -> None:
    assert {name.partition(".")[0] for name in dag_folder["modules"]} & HEAVY == set()


@pytest.fixture(scope="module")
def runs(past_baskets: Path, new_airflow: Callable[[], Path]) -> dict[str, Any]:
    home = new_airflow()
    off = past_baskets / "off.toml"
    off.write_text((past_baskets / "policy.toml").read_text().replace("= true", "= false"))
    cases: dict[str, dict[str, Any]] = {
        "week": {"week": str(MONDAY), "policy": "policy.toml"},
        "off": {"week": str(MONDAY), "policy": "off.toml"},
        "no_monday": {"week": "2026-03-24", "policy": "policy.toml"},
        "no_week": {"policy": "policy.toml"},
    }
    named = []
    for name, case in cases.items():
        conf = case | {
            "dag_id": "weekly_insights",
            "policy": str(past_baskets / case["policy"]),
            "out": str(past_baskets / "out"),
        }
        (home / f"{name}.json").write_text(json.dumps(conf))
        named.append(f"{name}={home / name}.json")
    return in_airflow(home, "run", *named)


def test_airflow_and_one_process_write_the_same_pages(
    runs: dict[str, Any], past_baskets: Path
) -> None:
    assert runs["week"]["tasks"] == {"resolve_week": ["success"], "purchases": ["success"]}
    reports = past_baskets / "out/insight-reports"
    by_airflow = tree(reports)
    assert "2026-03-23--2026-03-29/index.html" in by_airflow
    days = MONDAY, date(2026, 3, 29)
    report_purchases(str(past_baskets / "out"), *days, str(past_baskets / "policy.toml"))
    assert tree(reports) == by_airflow


def test_nothing_is_looked_at_while_the_policy_does_not_allow_it(runs: dict[str, Any]) -> None:
    assert runs["off"]["state"] == "success"
    assert runs["off"]["tasks"]["purchases"] == ["skipped"]


@pytest.mark.parametrize("name", ["no_monday", "no_week"])
def test_a_run_that_names_no_week_fails(runs: dict[str, Any], name: str) -> None:
    assert runs[name]["state"] == "failed"
    assert runs[name]["tasks"]["resolve_week"] == ["failed"]
