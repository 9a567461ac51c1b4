"""Daily baselines: what is kept of each day for later days to be compared with."""
