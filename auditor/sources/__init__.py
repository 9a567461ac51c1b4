"""Till exports and snapshot indexes: found, read, checked cell by cell, bad rows set aside."""

from auditor.sources.reading import Reading, read_sales, read_snapshot_index

__all__ = ["Reading", "read_sales", "read_snapshot_index"]
