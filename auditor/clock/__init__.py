"""Time zones, the business day, and age in completed years."""
