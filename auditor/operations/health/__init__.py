"""Whether tonight's audit will work, and last night's did: what `auditor check` tells."""

from auditor.operations.health.checking import Setup, check
from auditor.operations.health.result import HealthResult, State, worst

__all__ = ["HealthResult", "Setup", "State", "check", "worst"]
