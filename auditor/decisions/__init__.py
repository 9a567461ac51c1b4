"""What people decided about sales: an append-only log, and where each sale stands by it."""
