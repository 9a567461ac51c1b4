"""The day's report: page models from tables, then HTML, CSV and JSON from page models."""

from auditor.report.decided import with_decisions
from auditor.report.pages import Provenance
from auditor.report.rendering import render_day

__all__ = ["Provenance", "render_day", "with_decisions"]
