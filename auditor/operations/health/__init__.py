"""The health check before and after a run, with a remedy for each problem: `auditor check`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from auditor.operations.health import access, configuration, frames, pool, results, schedule
from auditor.operations.health.result import HealthResult, State, skipped, worst
from auditor.pipeline import Job

__all__ = ["HealthResult", "Setup", "State", "check", "worst"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What to check. Addresses are URLs; one that is not set is None."""

    day: date  # the business day that should have been audited by now
    today: date
    sales: str | None
    snapshots: str | None
    out: str | None
    policy: str | None
    mapping: str | None
    environment: Mapping[str, str]
    deep: bool = False  # also load the model and make its golden predictions
    airflow: bool = False  # also ask the Airflow of this environment for the pool and the DAG


def check(setup: Setup) -> Iterator[HealthResult]:
    """Check everything, in the order in which a person would look; raises nothing."""
    yield configuration.variables(setup.environment)
    policy, result = configuration.policy(setup.policy, setup.day, setup.today)
    yield result
    if policy is None:
        yield skipped("model", "which one, the policy says")
    else:
        yield from configuration.models(policy, setup.day, setup.today, deep=setup.deep)
        yield from configuration.frame_formats(policy, setup.day, setup.today)
        if setup.airflow or schedule.VARIABLE in setup.environment:
            yield schedule.check(policy, setup.today, setup.environment)
    mapping, checked = configuration.mapping(setup.mapping, setup.day)
    if checked is not None:
        yield checked
    yield configuration.templates()
    yield access.sales(setup.sales, setup.day, policy, mapping)
    entries = mapping.snapshots if mapping else ()
    found = access.snapshots(setup.snapshots, setup.day, policy, entries)
    yield found
    if found.state is State.OK:
        yield frames.check(setup.snapshots, setup.day, policy, mapping)
    yield access.out(setup.out, {"sales": setup.sales, "snapshots": setup.snapshots})
    if setup.out is not None:
        yield access.space(setup.out, setup.day)
        if policy is None:
            yield skipped("results", "whether they are complete, the policy says")
        else:
            job = Job(setup.day, setup.sales or "", setup.snapshots or "", setup.out, setup.policy)
            yield from results.check(job, setup.today, policy)
    if setup.airflow:
        yield from pool.check()
