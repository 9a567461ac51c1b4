"""The health check before and after a run, with a remedy for each problem: `auditor check`."""

from auditor.operations.health.checking import Setup, check
from auditor.operations.health.result import HealthResult, State, worst

__all__ = ["HealthResult", "Setup", "State", "check", "worst"]
