"""Till exports and snapshot indexes: find, read and validate them, and reject bad rows."""

from auditor.inputs.day_files import files_of_day
from auditor.inputs.files import FileHash, Reading, keys_of
from auditor.inputs.reading import (
    INDEX_FOLDER,
    distinct_frames,
    read_sales,
    read_snapshot_index,
)
from auditor.inputs.rejects import LOST_SHEET
from auditor.inputs.sampling import (
    OF_REASONS,
    Example,
    Reasons,
    Sample,
    incomplete_rows,
    reasons,
    sample_frames,
    sample_sales,
)
from auditor.inputs.showing import WITHHELD

__all__ = [
    "INDEX_FOLDER",
    "LOST_SHEET",
    "OF_REASONS",
    "WITHHELD",
    "Example",
    "FileHash",
    "Reading",
    "Reasons",
    "Sample",
    "distinct_frames",
    "files_of_day",
    "incomplete_rows",
    "keys_of",
    "read_sales",
    "read_snapshot_index",
    "reasons",
    "sample_frames",
    "sample_sales",
]
