"""What people decided about sales: an append-only log, and the status of each sale from it."""
