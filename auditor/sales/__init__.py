"""From till lines and frames to alcohol sales, each with the frame that belongs to it."""

from auditor.sales.collecting import MARKS, Collected, SaleCounts, collect

__all__ = ["MARKS", "Collected", "SaleCounts", "collect"]
