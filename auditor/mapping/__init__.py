"""The mapping: how the files that tills and cameras write become the audit's own columns."""

from auditor.mapping.columns import Applied, apply
from auditor.mapping.file import load_mapping, shipped_names
from auditor.mapping.mapping import Mapping, MappingOfDay
from auditor.mapping.models import Entry, Source

__all__ = [
    "Applied",
    "Entry",
    "Mapping",
    "MappingOfDay",
    "Source",
    "apply",
    "load_mapping",
    "shipped_names",
]
