"""Till exports and snapshot indexes: found, read, checked cell by cell, bad rows set aside."""

from auditor.sources.reading import (
    FileHash,
    Reading,
    distinct_frames,
    read_sales,
    read_snapshot_index,
)

__all__ = ["FileHash", "Reading", "distinct_frames", "read_sales", "read_snapshot_index"]
