"""The mapping: how the files that tills and cameras write become the audit's own columns."""

from auditor.mapping.columns import Applied, Unnamed, apply, left_out
from auditor.mapping.file import load_mapping, shipped_names, shipped_text
from auditor.mapping.mapping import Mapping, MappingOfDay
from auditor.mapping.models import WORDS, Entry, Source
from auditor.mapping.numbers import MISREAD
from auditor.mapping.patterns import Pattern
from auditor.mapping.yes_no import YES, says_no

__all__ = [
    "MISREAD",
    "WORDS",
    "YES",
    "Applied",
    "Entry",
    "Mapping",
    "MappingOfDay",
    "Pattern",
    "Source",
    "Unnamed",
    "apply",
    "left_out",
    "load_mapping",
    "says_no",
    "shipped_names",
    "shipped_text",
]
