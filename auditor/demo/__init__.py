"""A chain of shops to try the audit on: nobody in it exists, and the truth is written beside it."""

from auditor.demo.writing import write_demo

__all__ = ["write_demo"]
