"""Till exports and snapshot indexes: find, read and validate them, and reject bad rows."""

from auditor.inputs.day_files import files_of_day
from auditor.inputs.reading import (
    INDEX_FOLDER,
    FileHash,
    Reading,
    distinct_frames,
    read_sales,
    read_snapshot_index,
)
from auditor.inputs.sampling import Sample, first_frame, reasons, sample_sales

__all__ = [
    "INDEX_FOLDER",
    "FileHash",
    "Reading",
    "Sample",
    "distinct_frames",
    "files_of_day",
    "first_frame",
    "read_sales",
    "read_snapshot_index",
    "reasons",
    "sample_sales",
]
