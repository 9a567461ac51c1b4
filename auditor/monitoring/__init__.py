"""Staff, the quality of ID checks, cameras and whole days, measured against their own past."""
