"""What is shared, and the number of stores at which each part of it ends."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.plans import window
from benchmarks.sizing import SERIAL, Assumed, Day

_DEFAULT = 256  # auditor/pipeline/job.py: Job.batch_size


@dataclass(frozen=True, slots=True)
class Limit:
    """Something shared that ends at a number of stores."""

    name: str
    bound: str
    remedy: str
    reached: Callable[[Day], bool]


def limits(assumed: Assumed) -> list[Limit]:
    """All of them."""
    airflow, at = assumed.file["airflow"], assumed.file["limits"]

    def slots(day: Day) -> float:
        return day.slots_within(window(assumed) - day.serial_s)

    def task_s(day: Day) -> float:
        return day.task_s + day.sales_a_task(_DEFAULT) * day.sale_s

    return [
        Limit(
            "Airflow: tasks of one DAG at a time",
            f"`max_active_tasks_per_dag` {airflow['max_active_tasks_per_dag']}",
            "set it, and `parallelism`, above the slots of the pool",
            lambda day: slots(day) > airflow["max_active_tasks_per_dag"],
        ),
        Limit(
            "memory of plan, finalise and report",
            f"{at['node_gb']:g} GB on the machine that runs them",
            "a larger machine for these tasks; or divide the chain",
            lambda day: day.memory_gb > at["node_gb"],
        ),
        Limit(
            "time of plan, finalise or report",
            f"`execution_timeout` {airflow['execution_timeout_s'] / 60:g} min",
            "raise it in `dags/nightly_audit.py`; or divide the chain",
            lambda day: max(map(day.step_s, SERIAL)) > airflow["execution_timeout_s"],
        ),
        Limit(
            "plan, finalise and report together",
            f"the {window(assumed) / 60:g} min until the deadline",
            "start earlier; divide the chain; storage nearer by",
            lambda day: day.serial_s > window(assumed),
        ),
        Limit(
            "object store: reads a second while scoring",
            f"{at['reads_a_s']:,} of one prefix",
            "frames under several prefixes (one a region)",
            lambda day: slots(day) * day.measured.reads_a_sale / day.sale_s > at["reads_a_s"],
        ),
        Limit(
            "network of the storage while scoring",
            f"{at['network_gbit_s']:g} Gbit/s",
            "several servers, or an object store",
            lambda day: (
                slots(day) * day.measured.frame_bytes * 8 / day.sale_s > at["network_gbit_s"] * 1e9
            ),
        ),
        Limit(
            "scheduler: tasks started a second",
            f"{assumed.dispatch_a_s:g}, with `batch_size` {_DEFAULT}",
            "larger batches; a second scheduler",
            lambda day: slots(day) / task_s(day) > assumed.dispatch_a_s,
        ),
        Limit(
            "API server and database: heartbeats a second",
            f"{at['heartbeats_a_s']:g}",
            "more API servers; a longer `min_heartbeat_interval`",
            lambda day: slots(day) / airflow["min_heartbeat_interval_s"] > at["heartbeats_a_s"],
        ),
    ]


def reached_at(limit: Limit, day: Day) -> float:
    """The stores from which on a limit is exceeded; infinity if a million stores do not."""
    low, high = 1.0, 1e6
    if not limit.reached(replace(day, stores=high)):
        return math.inf
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if limit.reached(replace(day, stores=middle)) else (middle, high)
    return high
