"""What test_dags.py does with Airflow, in a process of its own.

Airflow sets itself up when it is imported, from the environment, and warns of much that is not
ours; and that parsing loads no TensorFlow shows only where nothing else has loaded it.

    airflow_child.py describe OUTPUT.json [OUT]        what is in the DAG folder; and, under
                                                       ``elsewhere``, where results go to OUT
    airflow_child.py prepare OUTPUT.json [SLOTS]       a database with the pool
    airflow_child.py run OUTPUT.json NAME=CONF.json..  runs, one by one; of nightly_audit, or of
                                                       the DAG that CONF names with ``dag_id``;
                                                       its ``connections`` are added before
    airflow_child.py emit OUTPUT.json                  an event of a task's step, sent as metrics
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from airflow.configuration import conf
from airflow.dag_processing.dagbag import BundleDagBag, DagBag
from airflow.models.connection import Connection
from airflow.models.pool import Pool
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
from airflow.serialization.decoders import decode_partition_mapper
from airflow.serialization.encoders import encode_partition_mapper
from airflow.utils.db import initdb
from airflow.utils.session import create_session

DAG_ID = "nightly_audit"


def main(command: str, output: str, *arguments: str) -> None:
    commands: dict[str, Callable[..., dict[str, Any]]] = {
        "describe": describe,
        "prepare": prepare,
        "run": run,
        "emit": emit,
    }
    answer = commands[command](*arguments)
    Path(output).write_text(json.dumps(answer), encoding="utf-8")


def describe(*elsewhere: str) -> dict[str, Any]:
    """Parse the DAG folder as Airflow does; return what is in it and how long that took."""
    described = _described()
    for out in elsewhere:
        os.environ["AUDITOR_OUT"] = out
        described["elsewhere"] = _described()
    return described


def _described() -> dict[str, Any]:
    start = time.monotonic()
    bag = dags()
    seconds = time.monotonic() - start
    return {
        "import_errors": bag.import_errors,
        "parse_seconds": seconds,
        "modules": sorted(sys.modules),
        "dags": {dag_id: _describe_dag(dag) for dag_id, dag in bag.dags.items()},
    }


def dags() -> DagBag:
    """Parse the DAG folder, which Airflow puts on the path of every process that reads DAGs."""
    folder = conf.get("core", "dags_folder")
    return BundleDagBag(folder, bundle_path=Path(folder), bundle_name="dags-folder")


def _describe_dag(dag: Any) -> dict[str, Any]:
    return {
        "tags": sorted(dag.tags),
        "doc_md": dag.doc_md,
        "catchup": dag.catchup,
        "start_date": dag.start_date and str(dag.start_date),
        "max_active_runs": dag.max_active_runs,
        "timetable": type(dag.timetable).__name__,
        "time_zone": str(getattr(dag.timetable, "timezone", None)),
        "assets": _assets(dag),
        "week": _week(dag),
        "params": dag.params.dump(),
        "tasks": {task.task_id: _describe_task(task) for task in dag.tasks},
    }


def _assets(dag: Any) -> list[str]:
    """The asset that a DAG waits for, by name."""
    condition = getattr(dag.timetable, "asset_condition", None)
    return [] if condition is None else [condition.name]


def _week(dag: Any) -> dict[str, Any] | None:
    """What the scheduler makes of a day's key, and which days it waits for."""
    mapper = getattr(dag.timetable, "default_partition_mapper", None)
    if mapper is None or not getattr(mapper, "is_rollup", False):
        return None
    scheduler: Any = decode_partition_mapper(encode_partition_mapper(mapper))
    key = scheduler.to_downstream("2026-03-29")
    return {"key": key, "days": sorted(scheduler.to_upstream(key))}


def _describe_task(task: Any) -> dict[str, Any]:
    return {
        "owner": task.owner,
        "retries": task.retries,
        "never_retried": [
            exception for rule in task.retry_policy.rules for exception in rule.exception
        ],
        "retry_delay_s": task.retry_delay.total_seconds(),
        "backoff": bool(task.retry_exponential_backoff),
        "timeout_s": task.execution_timeout and task.execution_timeout.total_seconds(),
        "pool": task.pool,
        "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "mapped": task.is_mapped,
        "rendered": {name: str(getattr(task, name, None)) for name in task.template_fields},
        "upstream": sorted(task.upstream_task_ids),
        "outlets": [asset.name for asset in task.outlets or []],
    }


def prepare(slots: str = "1") -> dict[str, Any]:
    """Make the database, with the pool that scoring needs."""
    initdb()
    pool = Pool.create_or_update_pool(
        "auditor_scoring", slots=int(slots), description="Scoring batches", include_deferred=False
    )
    return {"pool": pool.pool}


def run(*named: str) -> dict[str, Any]:
    """Run a DAG for each NAME=CONF.json; return how the run and its tasks ended.

    The database is there, with the pool. Nothing is retried here: waiting for a task that is meant
    to fail would take minutes.
    """
    answers = {}
    for name, _, path in (argument.partition("=") for argument in named):
        run_conf = json.loads(Path(path).read_text(encoding="utf-8"))
        # Parsed anew: a test run leaves its configuration in the parameters of its DAG.
        dag_id = run_conf.pop("dag_id", DAG_ID)
        with create_session() as session:
            for conn_id, connection in run_conf.pop("connections", {}).items():
                session.add(Connection(conn_id, **connection))
        dag = dags().dags[dag_id]
        task: Any
        for task in dag.tasks:
            if task.is_mapped:
                task.partial_kwargs["retries"] = 0
            else:
                task.retries = 0
        start = time.monotonic()
        dag_run = dag.test(run_conf=run_conf)
        states: dict[str, list[str]] = {}
        for instance in dag_run.get_task_instances():
            states.setdefault(instance.task_id, []).append(str(instance.state))
        answers[name] = {
            "state": str(dag_run.state),
            "tasks": states,
            "seconds": time.monotonic() - start,
        }
    return answers


def emit() -> dict[str, Any]:
    """Emit an event as a task does: Airflow sets its metrics up, and so does the DAG."""
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)
    dags()
    importlib.import_module("nightly_audit").send_metrics()
    # Not imported above: what parsing the DAGs loads is tested.
    importlib.import_module("auditor.telemetry").emit(
        "finalised", date(2026, 3, 27), sales=342, flagged=24, seconds=1.5
    )
    return {}


if __name__ == "__main__":
    main(*sys.argv[1:])
