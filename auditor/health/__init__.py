"""Whether tonight's audit will work, and last night's did: what `auditor check` tells."""

from auditor.health.checking import Setup, check
from auditor.health.findings import Finding, State, worst

__all__ = ["Finding", "Setup", "State", "check", "worst"]
