"""The day's report: page models from tables, then HTML, CSV and JSON from page models."""

from auditor.report.day import Report
from auditor.report.pages import Provenance
from auditor.report.rendering import render_day, render_site
from auditor.report.site import SUMMARY, Summary
from auditor.report.site import read as read_summary

__all__ = [
    "SUMMARY",
    "Provenance",
    "Report",
    "Summary",
    "read_summary",
    "render_day",
    "render_site",
]
