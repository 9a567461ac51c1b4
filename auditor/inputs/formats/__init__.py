"""The file formats that are read; :mod:`auditor.inputs.formats.base` says how to add one."""

from auditor.inputs.formats.base import Format
from auditor.inputs.formats.csv import CSV
from auditor.inputs.formats.jsonl import JSONL
from auditor.inputs.formats.parquet import PARQUET
from auditor.inputs.formats.poslog import POSLOG
from auditor.inputs.formats.sqlite import SQLITE
from auditor.inputs.formats.xlsx import XLS, XLSX

#: The first that recognises a file reads it; the last reads what none recognises.
FORMATS: tuple[Format, ...] = (PARQUET, SQLITE, XLS, JSONL, XLSX, POSLOG, CSV)
